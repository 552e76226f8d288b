"""What a layer is: a frozen value of hyperparameters that makes and applies parameters.

    params, state = layer.init(key, input_shape)
    y, state = layer.apply(params, x, state=state, train=True, key=key)

``params`` is what an optimiser changes, ``state`` what the layer itself carries from
step to step (running means); both are trees of arrays, ``()`` where there is nothing.
A layer holds no array, so it is a static pytree: a jitted function takes it as it is.

``input_shape`` is (*spatial, c), without the batch; x is (batch, *spatial, c).
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, TypeVar

import jax
import jax.numpy as jnp

from jconv.errors import GeometryError
from jconv.geometry.checks import is_integer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jax import Array
    from jax.typing import DTypeLike

Params = Any
State = Any
Shape = tuple[int, ...]
Window = tuple[int, int, int]
"""(n_kernel, stride, kernel_dilation) along one axis."""
Trail = tuple[tuple[Window, ...], ...]
"""Per spatial axis the windows on the way from the input; () where it is not told."""


class Layer:
    """The base of all layers; one without parameters only says ``forward``.

    Examples:
        >>> import dataclasses, jax, jax.numpy as jnp
        >>> @jax.tree_util.register_static
        ... @dataclasses.dataclass(frozen=True)
        ... class Scale(Layer):
        ...     factor: float
        ...
        ...     def forward(self, params, x):
        ...         return self.factor * x
        >>> Scale(3.0).output_shape((28, 28, 1))
        (28, 28, 1)
        >>> y, state = Scale(3.0).apply((), jnp.array([[1.0, 2.0]]))
        >>> y
        Array([[3., 6.]], dtype=float32)
    """

    def __post_init__(self) -> None:
        """Lists become tuples and NumPy's integers Python's: a layer is hashed."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, field.name, _frozen(getattr(self, field.name)))

    def init(
        self,
        key: Array,
        input_shape: Shape,
        dtype: DTypeLike = jnp.float32,
    ) -> tuple[Params, State]:
        """Make (params, state) for inputs (*spatial, c).

        Args:
            key: a PRNG key; the same key makes the same parameters.
            input_shape: the shape of one example.
            dtype: of the parameters.

        Raises:
            GeometryError: if the layer cannot take such inputs.
        """
        return (), ()

    def apply(
        self,
        params: Params,
        x: Array,
        *,
        state: State = (),
        train: bool = False,
        key: Array | None = None,
    ) -> tuple[Array, State]:
        """Map x (batch, *spatial, c) to (y, new state).

        Args:
            params: what ``init`` made, or an optimiser since.
            x: the inputs.
            state: what ``init`` made, or the last ``apply``.
            train: whether this is a step of training: then dropout drops, and
                normalisation uses the batch and moves its running means.
            key: a PRNG key for what is random in training.
        """
        return self.forward(params, x), state

    def forward(self, params: Params, x: Array) -> Array:
        """The map itself, of layers without state and chance."""
        raise NotImplementedError

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one output, by tracing; nothing is computed.

        Raises:
            GeometryError: if the layer cannot take such inputs.
        """
        shape = _as_shape(self, input_shape, "(*spatial, c)")
        params, state = shapes(self, shape)
        x = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
        y, _ = jax.eval_shape(functools.partial(_evaluate, self), params, x, state)
        return tuple(y.shape[1:])

    def windows(self, input_shape: Shape) -> tuple[Window, ...] | None:
        """Per spatial axis which inputs one output sees.

        None if it sees all of them; () if that differs from output to output.
        """
        return ((1, 1, 1),) * (len(input_shape) - 1)

    def trail(self, input_shape: Shape) -> Trail | None:
        """Per spatial axis the windows one after the other: of a single layer, one."""
        found = self.windows(input_shape)
        return None if found is None else tuple((each,) for each in found)

    def flop(self, input_shape: Shape) -> int:
        """Operations of the products for one example: two each, biases not counted."""
        return 0


def joined(first: Trail | None, second: Trail | None) -> Trail | None:
    """One trail after the other: None if either sees all, () if either is not told.

    Examples:
        >>> joined((((3, 1, 1),),), (((2, 2, 1),),)), joined((), None)
        ((((3, 1, 1), (2, 2, 1)),), None)
    """
    if first is None or second is None:
        return None
    if len(first) != len(second):
        return ()
    return tuple(a + b for a, b in zip(first, second, strict=True))


def _evaluate(layer: Layer, params: Params, x: Array, state: State) -> Any:
    """``apply`` as it is after training."""
    return layer.apply(params, x, state=state)


def shapes(layer: Layer, input_shape: Shape) -> tuple[Params, State]:
    """What ``init`` would make, as shapes and dtypes; nothing is computed.

    Examples:
        >>> from jconv.nn import Dense
        >>> params, state = shapes(Dense(10), (784,))
        >>> params["kernel"].shape, params["bias"].shape
        ((784, 10), (10,))
    """
    made = functools.partial(layer.init, input_shape=tuple(input_shape))
    return jax.eval_shape(made, jax.random.key(0))


def parameter_count(layer: Layer, input_shape: Shape) -> int:
    """How many numbers an optimiser changes; state does not count.

    Examples:
        >>> from jconv.nn import Conv
        >>> parameter_count(Conv(1, 5, bias=False), (32, 32, 3))
        75
    """
    params, _ = shapes(layer, input_shape)
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def children(layer: Layer) -> tuple[Layer, ...]:
    """The layers that a layer is made of."""
    found: list[Layer] = []
    for field in dataclasses.fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, field.name)
        members = value if isinstance(value, tuple) else (value,)
        found += [each for each in members if isinstance(each, Layer)]
    return tuple(found)


LayerT = TypeVar("LayerT", bound=Layer)


def map_layers(function: Callable[[Layer], Layer], layer: Layer) -> Layer:
    """The layer with every layer in it, and then itself, replaced by a function's.

    Examples:
        A network with every activation replaced:

        >>> from jconv.nn import Activation, Dense, Sequential
        >>> net = Sequential((Dense(8), Activation("relu"), Dense(2)))
        >>> smooth = lambda l: Activation("gelu") if isinstance(l, Activation) else l
        >>> map_layers(smooth, net).layers[1]
        Activation(function='gelu')
    """

    def mapped(value: Any) -> Any:
        if isinstance(value, Layer):
            return map_layers(function, value)
        return tuple(map(mapped, value)) if isinstance(value, tuple) else value

    fields = dataclasses.fields(layer)  # type: ignore[arg-type]
    changed = {each.name: mapped(getattr(layer, each.name)) for each in fields}
    return function(dataclasses.replace(layer, **changed))  # type: ignore[type-var]


def along_channels(vector: Array, x: Array) -> Array:
    """A vector (c,) with axes of size 1 before it: broadcasting is never silent.

    Raises:
        GeometryError: if x (..., c) has another number of channels.
    """
    if vector.shape != x.shape[-1:]:
        expected = f"{vector.size} channels last, for which the parameters are"
        raise GeometryError.of("x.shape", x.shape, expected)
    return vector.reshape((1,) * (x.ndim - 1) + (-1,))


def checked_shape(layer: Layer, input_shape: Sequence[int], expected: str) -> Shape:
    """A shape of at least (c,).

    Raises:
        GeometryError: for anything else.
    """
    shape = _as_shape(layer, input_shape, expected)
    if not shape or min(shape) < 1:
        raise _wrong_shape(layer, shape, expected)
    return shape


def _as_shape(layer: Layer, input_shape: Any, expected: str) -> Shape:
    """A sequence of integers, perhaps NumPy's, as a tuple of Python's."""
    if not hasattr(input_shape, "__len__") or not all(map(is_integer, input_shape)):
        raise _wrong_shape(layer, input_shape, expected)
    return tuple(map(int, input_shape))


def _wrong_shape(layer: Layer, input_shape: Any, expected: str) -> GeometryError:
    """What is said of a shape that is none."""
    name = f"input_shape of {type(layer).__name__}"
    return GeometryError.of(name, input_shape, expected)


def _frozen(value: Any) -> Any:
    """A hyperparameter that can be hashed, if it is made of what can."""
    if type(value) in (list, tuple):
        return tuple(map(_frozen, value))
    return int(value) if is_integer(value) else value
