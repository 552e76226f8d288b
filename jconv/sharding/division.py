"""How a user's ``spec`` divides the canonical arrays; its errors are raised here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
from jax.sharding import AbstractMesh, Mesh, PartitionSpec

from jconv.errors import GeometryError, UnsupportedError
from jconv.sharding.contraction import ShardedContraction

if TYPE_CHECKING:
    from jconv.geometry import Role
    from jconv.plan import Plan
    from jconv.sharding.contraction import Names


def divided(
    role: Role, understood: Plan, mesh: Mesh | AbstractMesh | None, spec: PartitionSpec
) -> ShardedContraction:
    """The contraction that divides the array of ``role`` as ``spec`` says.

    Raises:
        GeometryError: for no mesh, and for a spec that does not fit it or the array.
        UnsupportedError: if it divides channels.
    """
    mesh = _current() if mesh is None else mesh
    if not isinstance(mesh, (Mesh, AbstractMesh)):
        raise GeometryError.of("mesh", mesh, "a jax.sharding.Mesh")
    ndim, permutation = len(understood.shape(role)), understood.layout.of(role)
    entries = _names(spec, mesh, ndim)
    in_order = [entries[n] for n in permutation or range(ndim)]
    if in_order[-1]:
        message = (
            f"spec={spec}: it divides the channels over {in_order[-1]}. Only batch and "
            "spatial axes are divided here; under jax.jit, jconv.conv takes arrays "
            "whose channels are divided."
        )
        raise UnsupportedError(message)
    n_batch = ndim - understood.geometry.rank - 1
    return ShardedContraction(
        mesh, tuple(in_order[:n_batch]), tuple(in_order[n_batch:-1])
    )


def _current() -> AbstractMesh:
    """The mesh that ``jax.set_mesh`` set."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        raise GeometryError.of(
            "mesh", None, "a mesh", "Pass one, or call inside jax.set_mesh."
        )
    return mesh


def _names(spec: PartitionSpec, mesh: Mesh | AbstractMesh, ndim: int) -> list[Names]:
    """The names that divide each dimension."""
    if not isinstance(spec, (PartitionSpec, tuple)):
        raise GeometryError.of("spec", spec, "a jax.sharding.PartitionSpec")
    entries = [
        () if each is None else (each,) if isinstance(each, str) else tuple(each)
        for each in spec
    ]
    names = [name for entry in entries for name in entry]
    known = ", ".join(map(str, mesh.axis_names))
    if len(entries) > ndim:
        expected = f"at most {ndim} entries, one per dimension"
    elif unknown := [name for name in names if name not in mesh.axis_names]:
        expected = f"names of the mesh, which has {known}, not {unknown[0]!r}"
    elif len(set(names)) < len(names):
        expected = "each name once"
    else:
        return entries + [()] * (ndim - len(entries))
    raise GeometryError.of("spec", spec, expected)
