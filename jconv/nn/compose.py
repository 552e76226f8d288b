"""Networks from layers: one after the other, and around."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax.tree_util import register_static

from jconv.errors import GeometryError
from jconv.geometry import receptive_field
from jconv.nn.layer import Layer, Params, Shape, State, Trail, joined

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike


@register_static
@dataclasses.dataclass(frozen=True)
class Sequential(Layer):
    """Layers one after the other; params and state are tuples with an entry for each.

    Attributes:
        layers: the first one sees the input.

    Examples:
        >>> from jconv.nn import Activation, Conv, Dense, Flatten, Sequential
        >>> net = Sequential((Conv(4, 3), Activation(), Flatten(), Dense(10)))
        >>> net.output_shape((8, 8, 1))
        (10,)
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """A list will do; anything that is no layer will not."""
        super().__post_init__()
        if not isinstance(self.layers, tuple):
            mend = "A single layer is (layer,)."
            raise GeometryError.of("layers", self.layers, "a tuple of layers", mend)
        for each in self.layers:
            if not isinstance(each, Layer):
                raise GeometryError.of("layers", each, "layers, and nothing else")

    def init(
        self, key: Array, input_shape: Shape, dtype: DTypeLike = jnp.float32
    ) -> tuple[Params, State]:
        """Make every layer's, each from a key of its own."""
        made, shape = [], tuple(input_shape)
        for n, layer in enumerate(self.layers):
            made.append(layer.init(jax.random.fold_in(key, n), shape, dtype))
            shape = layer.output_shape(shape)
        return tuple(p for p, _ in made), tuple(s for _, s in made)

    def apply(
        self,
        params: Params,
        x: Array,
        *,
        state: State = (),
        train: bool = False,
        key: Array | None = None,
    ) -> tuple[Array, State]:
        """Apply every layer to what the one before it put out."""
        old = state or ((),) * len(self.layers)
        new = []
        for n, layer in enumerate(self.layers):
            own = None if key is None else jax.random.fold_in(key, n)
            x, kept = layer.apply(params[n], x, state=old[n], train=train, key=own)
            new.append(kept)
        return x, tuple(new)

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of the last layer."""
        shape = tuple(input_shape)
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    def trail(self, input_shape: Shape) -> Trail | None:
        """All layers' trails, joined."""
        shape = tuple(input_shape)
        total: Trail | None = ((),) * (len(shape) - 1)
        for layer in self.layers:
            total = joined(total, layer.trail(shape))
            shape = layer.output_shape(shape)
        return total

    def flop(self, input_shape: Shape) -> int:
        """The sum of all layers'."""
        total, shape = 0, tuple(input_shape)
        for layer in self.layers:
            total += layer.flop(shape)
            shape = layer.output_shape(shape)
        return total


@register_static
@dataclasses.dataclass(frozen=True)
class Residual(Layer):
    """A body and a way around it, added: y = body(x) + shortcut(x).

    Attributes:
        body: what learns the difference.
        shortcut: what makes x fit the body's output; None for x itself.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> from jconv.nn import Activation
        >>> layer = Residual(Activation("relu"))
        >>> params, state = layer.init(jax.random.key(0), (2,))
        >>> layer.apply(params, jnp.array([[-2.0, 3.0]]), state=state)[0]
        Array([[-2.,  6.]], dtype=float32)

    References:
        K. He et al., "Deep residual learning for image recognition",
        https://arxiv.org/abs/1512.03385, 2015.
    """

    body: Layer
    shortcut: Layer | None = None

    def __post_init__(self) -> None:
        """Refuse what is no layer."""
        super().__post_init__()
        for name, way in self._ways().items():
            if not isinstance(way, Layer):
                mend = "Put several into a Sequential."
                raise GeometryError.of(name, way, "a layer", mend)

    def init(
        self, key: Array, input_shape: Shape, dtype: DTypeLike = jnp.float32
    ) -> tuple[Params, State]:
        """Make ({"body", "shortcut"}, {"body", "shortcut"}).

        Raises:
            GeometryError: if the two ways end in different shapes.
        """
        ends = {
            name: way.output_shape(input_shape) for name, way in self._ways().items()
        }
        if self.shortcut is None:
            ends["shortcut"] = tuple(input_shape)
        if ends["body"] != ends["shortcut"]:
            raise GeometryError.of(
                "shortcut",
                self.shortcut,
                f"the body's output {ends['body']}, where it gives {ends['shortcut']}",
                "A 1 x 1 Conv with the body's stride and channels makes x fit.",
            )
        made = {
            name: way.init(jax.random.fold_in(key, n), input_shape, dtype)
            for n, (name, way) in enumerate(self._ways().items())
        }
        return (
            {name: params for name, (params, _) in made.items()},
            {name: state for name, (_, state) in made.items()},
        )

    def apply(
        self,
        params: Params,
        x: Array,
        *,
        state: State = (),
        train: bool = False,
        key: Array | None = None,
    ) -> tuple[Array, State]:
        """Add both ways."""
        ends, new = {"shortcut": x}, {}
        for n, (name, way) in enumerate(self._ways().items()):
            own = None if key is None else jax.random.fold_in(key, n)
            old = state[name] if state else ()
            ends[name], new[name] = way.apply(
                params[name], x, state=old, train=train, key=own
            )
        return ends["body"] + ends["shortcut"], new

    def _ways(self) -> dict[str, Layer]:
        """The ways that compute something."""
        ways = {"body": self.body}
        return ways if self.shortcut is None else ways | {"shortcut": self.shortcut}

    def trail(self, input_shape: Shape) -> Trail | None:
        """Along each axis that of the way that sees more; untold if any way is."""
        trails = [way.trail(input_shape) for way in self._ways().values()]
        told = [trail for trail in trails if trail is not None]
        if len(told) < len(trails):
            return None
        if len({len(trail) for trail in told}) > 1 or () in told:
            return ()
        return tuple(max(axis, key=receptive_field) for axis in zip(*told, strict=True))

    def flop(self, input_shape: Shape) -> int:
        """The sum of both ways'."""
        return sum(way.flop(input_shape) for way in self._ways().values())
