"""What differs between JAX versions, and what JAX offers only in private.

The only module that imports ``jax._src``. Checked on jax 0.10.2 and 0.12.0.

``core.auto_insert_reshard`` and ``core.standard_vma_rule`` have no public counterpart,
and a primitive with two operands cannot take part in ``shard_map`` or in explicit
sharding without them; the same holds for ``lower_with_sharding_in_types``. Which
results ``checkify`` asks for NaN is a table in private too.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import jax
from jax._src import checkify, core  # the reason is in the module's docstring
from jax._src.interpreters.mlir import lower_with_sharding_in_types
from jax.core import ShapedArray

if TYPE_CHECKING:
    from collections.abc import Iterator

auto_insert_reshard = core.auto_insert_reshard
annotate_sharding = lower_with_sharding_in_types
ShardingTypeError = core.ShardingTypeError


def check_for_nan(primitive: Any) -> None:
    """Let ``checkify.float_checks`` ask a primitive's result for NaN."""
    check = functools.partial(checkify.nan_error_check, primitive)
    checkify.error_checks[primitive] = check


def explicit_sharding(aval: Any) -> Any:
    """The sharding that is part of a value's type; None without explicit axes."""
    sharding = getattr(aval, "sharding", None)
    mesh = getattr(sharding, "mesh", None)
    if mesh is None or mesh.empty or not mesh.explicit_axes:
        return None
    return sharding


def result_aval(
    shape: tuple[Any, ...],
    dtype: Any,
    operands: tuple[Any, ...],
    *,
    weak_type: bool,
    sharding: Any,
) -> ShapedArray:
    """A result's abstract value, varying over the manual axes its operands vary over.

    Args:
        shape: its shape.
        dtype: its dtype.
        operands: the operands' abstract values.
        weak_type: whether it stays weakly typed.
        sharding: its explicit sharding, or None for that of an unsharded value on the
            operands' mesh.
    """
    meshes = [aval.sharding.mesh for aval in operands if not aval.sharding.mesh.empty]
    if not meshes:
        return ShapedArray(shape, dtype, weak_type=weak_type)
    varying = core.standard_vma_rule("conv", *operands)
    spec = jax.sharding.PartitionSpec(*(None,) * len(shape))
    return ShapedArray(
        shape,
        dtype,
        weak_type=weak_type,
        sharding=sharding or jax.sharding.NamedSharding(meshes[0], spec),
        manual_axis_type=core.ManualAxisType(varying=varying),
    )


def plain_aval(aval: Any) -> ShapedArray:
    """The same array without sharding and varying axes."""
    return ShapedArray(aval.shape, aval.dtype)


@contextlib.contextmanager
def no_mesh() -> Iterator[None]:
    """Trace as if there were no mesh: the partitioner then places what is inside."""
    with jax.sharding.use_abstract_mesh(jax.sharding.AbstractMesh((), ())):
        yield


def is_partitioned(context: Any) -> bool:
    """Whether the compiler divides the program that is being lowered among devices.

    Inside ``shard_map`` over all axes every device runs what is written; outside, and
    over some axes, the partitioner decides.
    """
    axes = context.module_context.axis_context
    mesh = getattr(axes, "mesh", None)
    if mesh is None:
        return bool((getattr(axes, "num_devices", 1) or 1) > 1)
    left = set(mesh.axis_names) - set(axes.manual_axes)
    return any(mesh.shape[name] > 1 for name in left)


def lowering_platform() -> str:
    """The default device's platform as lowerings name it: a GPU is CUDA's or ROCm's."""
    device: Any = jax.config.jax_default_device or jax.devices()[0]  # type: ignore[attr-defined]
    if isinstance(device, str):
        device = jax.devices(device)[0]
    if device.platform != "gpu":
        return device.platform
    return "rocm" if "rocm" in device.client.platform_version.lower() else "cuda"


def open_jaxpr(closed: Any) -> Any:
    """The jaxpr inside a closed one; from jax 0.12 on they are one class."""
    return getattr(closed, "jaxpr", closed)


def scan_counts(params: Any) -> tuple[int, int]:
    """How many operands of a ``scan`` are constants, and how many its carry."""
    if "num_consts" in params:
        return params["num_consts"], params["num_carry"]
    consts, carry, _ = params["ft_in"].unpack()  # from jax 0.12 on
    return len(consts), len(carry)
