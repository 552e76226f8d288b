"""Slabs in plain integers: every device's relation, put back, is the relation."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jconv.geometry import Axis, Slab
from tests.cases import CASES, EMPTY_CASES

RESULTS = ("output", "input")


def triples_of_all(slab, axis, result):
    """The triples that the devices go through, in the whole array's indices."""
    for device in range(slab.devices):
        begins = {
            "kernel": 0,
            result: device * slab.axis.size(result),
            slab.source: slab.first + slab.advance * device,
        }
        for indices in slab.axis.triples():
            at = dict(zip(("output", "kernel", "input"), indices, strict=True))
            whole = {role: n + begins[role] for role, n in at.items()}
            if all(0 <= n < axis.size(role) for role, n in whole.items()):
                yield whole["output"], whole["kernel"], whole["input"]


def check(axis, result, devices):
    slab = Slab.of(axis, result, devices)
    found = list(triples_of_all(slab, axis, result))
    assert sorted(found) == sorted(axis.triples())
    assert slab.axis.size(result) * devices >= axis.size(result)
    assert slab.held * devices >= axis.size(slab.source)
    low, high = slab.halo
    for device in range(devices):
        begin = slab.first + slab.drift * device + low
        assert begin >= 0
        assert begin + slab.met <= low + slab.held + high


AXES = [axis for case in (*CASES, *EMPTY_CASES) for axis in case.geometry.axes]


@pytest.mark.parametrize("devices", [1, 2, 3, 4])
@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("axis", dict.fromkeys(AXES), ids=str)
def test_the_devices_go_through_each_triple_once(axis, result, devices):
    check(axis, result, devices)


@given(
    st.builds(
        Axis,
        n_input=st.integers(0, 20),
        n_kernel=st.integers(0, 5),
        n_output=st.integers(0, 20),
        stride=st.integers(1, 5),
        kernel_dilation=st.sampled_from([-3, -1, 1, 2, 4]),
        input_dilation=st.integers(1, 4),
        low=st.integers(-9, 9),
    ),
    st.sampled_from(RESULTS),
    st.integers(1, 6),
)
def test_any_axis_on_any_number_of_devices(axis, result, devices):
    check(axis, result, devices)


@pytest.mark.parametrize("taps", [1, 3, 5])
def test_what_is_divided_alike_has_the_halo_of_a_window(taps):
    """Same padding: (K - 1) / 2 entries on both sides, whatever the size."""
    for size, devices in itertools.product((16, 64), (2, 4)):
        slab = Slab.of(Axis(size, taps, size, low=taps // 2), "output", devices)
        assert (slab.halo, slab.drift) == ((taps // 2, taps // 2), 0)
