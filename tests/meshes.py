"""What tests of meshes share: cases that four devices divide, and the check of them."""

from __future__ import annotations

import functools

import jax
import numpy as np
import pytest

import jconv
from tests.cases import Case, oracle

needs_four_devices = pytest.mark.skipif(
    jax.device_count() < 4, reason="needs four devices; the suite forces them on a CPU"
)

CASES = {
    "groups": Case("groups", (6,), (3,), batch=(4,), groups=2, c_in=4, c_out=8),
    "2-D": Case(
        "2-D", (5, 4), (3, 2), batch=(4,), c_out=4, stride=(2, 1), padding="same"
    ),
}
ROLES = ("input", "kernel", "output")


def mesh_of(kind, sizes=(4,), names=("data",)):
    return jax.make_mesh(sizes, names, axis_types=(kind,) * len(sizes))


def conv_of(case, **options):
    return functools.partial(jconv.conv, **case.arguments, **options)


def check(case, y, dx, dw):
    x, w, dy = (case.array(role) for role in ROLES)
    np.testing.assert_array_equal(y, oracle(case, "output", x, w))
    np.testing.assert_array_equal(dx, oracle(case, "input", w, dy))
    np.testing.assert_array_equal(dw, oracle(case, "kernel", x, dy))
