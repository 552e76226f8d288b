"""Convolution of arrays that are divided among the devices of a mesh.

Batch axes need no communication. Along a spatial axis a window reaches over the border
of what a device holds, so devices send their neighbours a *halo*, exactly the entries
that the relation of outputs, taps and inputs names, and then convolve what they have.
Left to the compiler, each shifted slice becomes a message of its own.

    slabs (``geometry``)  which entries, in plain integers
    halo                  sending them
    contraction           the relation's contraction on a mesh, for each of the roles

The functions are those of ``jconv``, with a ``mesh`` and a ``spec`` besides, and give
the same numbers. They may be differentiated and transformed like these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from jconv import operands
from jconv.call import check_cotangent, evaluate
from jconv.options import Options
from jconv.plan import plan, plan_transpose
from jconv.shapes import as_shape
from jconv.sharding.division import divided
from jconv.sharding.halo import halo_exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from jax.sharding import AbstractMesh, Mesh, PartitionSpec
    from jax.typing import ArrayLike, DTypeLike

    from jconv.geometry import Integers
    from jconv.options import ConvArguments

__all__ = [
    "conv",
    "conv_input_vjp",
    "conv_kernel_vjp",
    "conv_transpose",
    "halo_exchange",
]


NOT_OF_TRANSPOSED = ("input_dilation", "padding_mode")
"""Keywords that ``conv_transpose`` lacks."""


def conv(
    x: ArrayLike,
    w: ArrayLike,
    *,
    spec: PartitionSpec,
    mesh: Mesh | AbstractMesh | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Convolve x (*batch, *spatial, c_in), divided among devices, with w.

    Args:
        x: the input.
        w: kernel (*kernel, c_in // groups, c_out), the same on every device.
        spec: names of the mesh per dimension of x, of batch and spatial ones; the
            result is divided in the same way, and whole on every device along a
            dimension whose size cannot be divided.
        mesh: the devices; None is the mesh that ``jax.set_mesh`` set.
        precision: as in ``jconv.conv``.
        preferred_element_type: dtype of the result.
        **options: the other arguments of ``jconv.conv``.

    Returns:
        y (*batch, *output, c_out).

    Raises:
        GeometryError: for any argument that is wrong.
        UnsupportedError: if ``spec`` divides channels.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> from jax.sharding import Mesh, PartitionSpec as P
        >>> rows = Mesh(jax.devices()[:1], ("rows",))
        >>> x, w = jnp.arange(6.0).reshape(6, 1), jnp.ones((3, 1, 1))
        >>> conv(x, w, mesh=rows, spec=P("rows"), padding="same")[:, 0]
        Array([ 1.,  3.,  6.,  9., 12.,  9.], dtype=float32)
    """
    x, w = operands.as_array("x", x), operands.as_array("w", w)
    understood = plan(x.shape, w.shape, Options.of(**options))
    contract = divided("input", understood, mesh, spec)
    return evaluate(
        x, w, "output", understood, precision, preferred_element_type, contract
    )


def conv_transpose(
    y: ArrayLike,
    w: ArrayLike,
    *,
    spec: PartitionSpec,
    mesh: Mesh | AbstractMesh | None = None,
    output_padding: Integers = 0,
    output_shape: Sequence[int] | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Map y (*batch, *output, c_out), divided among devices: the adjoint of ``conv``.

    Args:
        y: what the forward convolution would put out.
        w: the forward convolution's kernel, the same on every device.
        spec: names of the mesh per dimension of y, as in ``conv``.
        mesh: as in ``conv``.
        output_padding: as in ``jconv.conv_transpose``.
        output_shape: as in ``jconv.conv_transpose``.
        precision: of (w, y).
        preferred_element_type: dtype of the result.
        **options: the other arguments of ``jconv.conv_transpose``.

    Returns:
        x (*batch, *spatial, c_in).

    Raises:
        GeometryError: for any argument that is wrong.
        UnsupportedError: if ``spec`` divides channels.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> from jax.sharding import Mesh, PartitionSpec as P
        >>> rows = Mesh(jax.devices()[:1], ("rows",))
        >>> y, w = jnp.ones((3, 1)), jnp.ones((3, 1, 1))
        >>> conv_transpose(y, w, mesh=rows, spec=P("rows"), stride=2)[:, 0]
        Array([1., 1., 2., 1., 2., 1., 1.], dtype=float32)
    """
    y, w = operands.as_array("y", y), operands.as_array("w", w)
    shape = None if output_shape is None else as_shape("output_shape", output_shape)
    understood = plan_transpose(
        y.shape,
        w.shape,
        Options.of(lacks=NOT_OF_TRANSPOSED, **options),
        output_padding,
        shape,
    )
    contract = divided("output", understood, mesh, spec)
    return evaluate(
        w, y, "input", understood, precision, preferred_element_type, contract
    )


def conv_input_vjp(
    dy: ArrayLike,
    w: ArrayLike,
    *,
    input_shape: Sequence[int],
    spec: PartitionSpec,
    mesh: Mesh | AbstractMesh | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Pull dy (*batch, *output, c_out) back to dx (*batch, *spatial, c_in).

    The halo is of dy here. What ``jax.grad`` derives from ``conv`` sends back what lies
    in the halo of x instead, and adds it: the same sums, in another order.

    Args:
        dy: cotangent of the output, divided as it is.
        w: the kernel, the same on every device.
        input_shape: the shape of x, whole.
        spec: names of the mesh per dimension of x, as in ``conv``.
        mesh: as in ``conv``.
        precision: of (w, dy).
        preferred_element_type: dtype of the result.
        **options: the other arguments of ``jconv.conv``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.
        UnsupportedError: if ``spec`` divides channels.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> from jax.sharding import Mesh, PartitionSpec as P
        >>> rows = Mesh(jax.devices()[:1], ("rows",))
        >>> dy, w = jnp.array([[1.0], [10.0]]), jnp.array([1.0, 2.0])
        >>> conv_input_vjp(
        ...     dy, w[:, None, None], input_shape=(3, 1), mesh=rows, spec=P("rows")
        ... )[:, 0]
        Array([ 1., 12., 20.], dtype=float32)
    """
    dy, w = operands.as_array("dy", dy), operands.as_array("w", w)
    shape = as_shape("input_shape", input_shape)
    understood = plan(shape, w.shape, Options.of(**options))
    check_cotangent(dy, understood)
    contract = divided("input", understood, mesh, spec)
    return evaluate(
        w, dy, "input", understood, precision, preferred_element_type, contract
    )


def conv_kernel_vjp(
    x: ArrayLike,
    dy: ArrayLike,
    *,
    kernel_shape: Sequence[int],
    spec: PartitionSpec,
    mesh: Mesh | AbstractMesh | None = None,
    precision: Any = None,
    preferred_element_type: DTypeLike | None = None,
    **options: Unpack[ConvArguments],
) -> Array:
    """Pull dy (*batch, *output, c_out) back to dw (*kernel, c_in // groups, c_out).

    Each device adds up what its outputs contribute; the sum over devices is on all.

    Args:
        x: the input, divided.
        dy: cotangent of the output, divided in the same way.
        kernel_shape: the shape of w, whole.
        spec: names of the mesh per dimension of x, as in ``conv``.
        mesh: as in ``conv``.
        precision: of (x, dy).
        preferred_element_type: dtype of the result.
        **options: the other arguments of ``jconv.conv``.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.
        UnsupportedError: if ``spec`` divides channels.

    Examples:
        >>> import jax, jax.numpy as jnp
        >>> from jax.sharding import Mesh, PartitionSpec as P
        >>> rows = Mesh(jax.devices()[:1], ("rows",))
        >>> x, dy = jnp.arange(1.0, 6.0), jnp.array([1.0, 10.0, 100.0])
        >>> conv_kernel_vjp(
        ...     x[:, None],
        ...     dy[:, None],
        ...     kernel_shape=(3, 1, 1),
        ...     mesh=rows,
        ...     spec=P("rows"),
        ... )[:, 0, 0]
        Array([321., 432., 543.], dtype=float32)
    """
    x, dy = operands.as_array("x", x), operands.as_array("dy", dy)
    shape = as_shape("kernel_shape", kernel_shape)
    understood = plan(x.shape, shape, Options.of(**options))
    check_cotangent(dy, understood)
    contract = divided("input", understood, mesh, spec)
    return evaluate(
        x, dy, "kernel", understood, precision, preferred_element_type, contract
    )
