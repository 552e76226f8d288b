"""The claims about the convolution itself: each holds, and each can fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import borders, verify
from jconv.errors import GeometryError, UnsupportedError
from jconv.geometry import Geometry, padding
from jconv.plan import _cached_plan
from jconv.verify import comparison, photograph
from jconv.verify.claims import composition, sizes
from jconv.verify.context import Context
from jconv.verify.written_out import composed_kernel, sliding_sum

GOLDEN = {
    "definition.1d": "5 inputs, 3 weights, ReLU",
    "definition.2d": "[[0,1],[2,3]] on [[0,1,2],[3,4,5],[6,7,8]] in float32",
    "definition.nd": "kernel (2, 2, 1, 2, 2, 3)",
    "definition.cross-correlation": "so correlation does not commute",
    "definition.linear": "Aᵀ dy",
    "definition.weight-sharing": "15 dense weights, 9 of them not zero, 3 different",
    "definition.translation": "circular padding, all 20 shifts",
    "definition.locality": "the windows are 012, 123, 234",
    "channels.in": "names both counts",
    "channels.out": "4 kernels on (5, 4, 2)",
    "channels.rgb": "one kernel gives (28, 28, 1), four give (28, 28, 4)",
    "channels.volume": "depth left",
    "size.valid": "28×28 with 3×3 gives 26×26",
    "size.stride": "32, 5, stride 3 give 10",
    "size.same": "F = 5: pad 2",
    "size.layout": "[5,7,6,3] with [2,4,3,8] gives [5,6,3,8]",
    "stride.subsample": "input gradient, zeros at skipped positions",
    "filters.blur": "1/9 is the local mean",
    "linear.collapse": '"same" twice gives 5, 8, 9, 8, 5',
    "conv1x1": "256 channels to 256 through 64 channels: 69,632 parameters",
}
"""Claim -> a piece of evidence that must be among what it yields."""


def evidence(name):
    context = Context(quick=True, claim_id=name)
    return verify.registry()[name].check(context)


@pytest.mark.parametrize("name", GOLDEN)
def test_claim_holds(name):
    found = list(evidence(name))
    assert [each for each in found if not each.holds] == []
    assert any(GOLDEN[name] in each.what for each in found)


def change_geometry(monkeypatch, change: Callable) -> None:
    """Every geometry that a call is understood as goes through ``change``, per axis."""
    original = Geometry.from_call.__func__

    def from_call(cls, *args, **kwargs):
        geometry = original(cls, *args, **kwargs)
        axes = tuple(change(axis) for axis in geometry.axes)
        return dataclasses.replace(geometry, axes=axes)

    monkeypatch.setattr(Geometry, "from_call", classmethod(from_call))


def wrap(monkeypatch, name: str, change: Callable) -> None:
    """A public function of jconv with a fault around it."""
    original = getattr(jconv, name)
    monkeypatch.setattr(
        jconv, name, lambda *args, **options: change(original, *args, **options)
    )


def window_starts_late(monkeypatch):
    change_geometry(
        monkeypatch, lambda axis: dataclasses.replace(axis, low=axis.low - 1)
    )


def strided_window_starts_late(monkeypatch):
    change_geometry(
        monkeypatch,
        lambda axis: dataclasses.replace(axis, low=axis.low - (axis.stride > 1)),
    )


def kernel_never_runs_backwards(monkeypatch):
    def forwards(axis):
        if axis.kernel_dilation > 0:
            return axis
        return dataclasses.replace(
            axis, kernel_dilation=-axis.kernel_dilation, low=axis.low - axis.reach
        )

    change_geometry(monkeypatch, forwards)


def last_output_missing(monkeypatch):
    change_geometry(
        monkeypatch, lambda axis: dataclasses.replace(axis, n_output=axis.n_output - 1)
    )


def size_formula_ignores_stride(monkeypatch):
    monkeypatch.setattr(
        sizes.geometry, "output_size", lambda n, k, stride=1: n - k + min(stride, 1)
    )


def last_tap_dropped(monkeypatch):
    def drop(conv, x, w, **options):
        return conv(x, jnp.asarray(w).at[-1].set(0), **options)

    wrap(monkeypatch, "conv", drop)


def input_gradient_with_flipped_kernel(monkeypatch):
    def flip(vjp, dy, w, **options):
        return vjp(dy, jnp.flip(w, 0), **options)

    wrap(monkeypatch, "conv_input_vjp", flip)


def kernel_gradient_is_a_mean(monkeypatch):
    def mean(vjp, x, dy, **options):
        return vjp(x, dy, **options) / dy[..., 0].size

    wrap(monkeypatch, "conv_kernel_vjp", mean)


def circular_padding_repeats_the_edge(monkeypatch):
    monkeypatch.setitem(borders.MODES, "circular", "edge")


def outputs_see_everything(monkeypatch):
    wrap(monkeypatch, "conv", lambda conv, x, w, **o: conv(x, w, **o) + x.sum())


def errors_say_nothing(monkeypatch):
    monkeypatch.setattr(GeometryError, "of", classmethod(lambda cls, *_: cls("bad")))


def input_channels_swapped(monkeypatch):
    wrap(monkeypatch, "conv", lambda conv, x, w, **o: conv(x[..., ::-1], w, **o))


def output_channels_swapped(monkeypatch):
    wrap(monkeypatch, "conv", lambda conv, x, w, **o: conv(x, w, **o)[..., ::-1])


def batch_reversed(monkeypatch):
    wrap(monkeypatch, "conv", lambda conv, x, w, **o: conv(x, w, **o)[::-1])


def same_puts_the_border_on_one_side(monkeypatch):
    original = padding.same_padding

    def lopsided(*args, **kwargs):
        low, high = original(*args, **kwargs)
        return 0, low + high

    monkeypatch.setattr(padding, "same_padding", lopsided)


def kernel_rounded_to_bfloat16(monkeypatch):
    def rounded(conv, x, w, **options):
        return conv(x, jnp.asarray(w).astype("bfloat16").astype(w.dtype), **options)

    wrap(monkeypatch, "conv", rounded)


def bias_counted(monkeypatch):
    monkeypatch.setattr(
        composition, "parameter_count", lambda k, i, o: (np.prod(k) * i + 1) * o
    )


FAULTS = [
    ("definition.1d", window_starts_late),
    ("definition.2d", last_tap_dropped),
    ("definition.nd", last_tap_dropped),
    ("definition.cross-correlation", kernel_never_runs_backwards),
    ("definition.linear", input_gradient_with_flipped_kernel),
    ("definition.linear", window_starts_late),
    ("definition.weight-sharing", kernel_gradient_is_a_mean),
    ("definition.translation", circular_padding_repeats_the_edge),
    ("definition.locality", outputs_see_everything),
    ("channels.in", errors_say_nothing),
    ("channels.in", input_channels_swapped),
    ("channels.out", output_channels_swapped),
    ("channels.rgb", input_channels_swapped),
    ("channels.rgb", last_output_missing),
    ("channels.volume", input_channels_swapped),
    ("size.valid", last_output_missing),
    ("size.stride", size_formula_ignores_stride),
    ("size.same", same_puts_the_border_on_one_side),
    ("size.layout", batch_reversed),
    ("stride.subsample", strided_window_starts_late),
    ("stride.subsample", kernel_gradient_is_a_mean),
    ("filters.blur", kernel_rounded_to_bfloat16),
    ("filters.blur", window_starts_late),
    ("linear.collapse", kernel_never_runs_backwards),
    ("linear.collapse", last_tap_dropped),
    ("conv1x1", window_starts_late),
    ("conv1x1", bias_counted),
]


@pytest.fixture
def fresh_caches():
    """Forget what was understood and compiled, before a fault and after it."""

    def forget():
        _cached_plan.cache_clear()
        jax.clear_caches()

    forget()
    yield
    forget()


def test_every_claim_has_a_fault():
    assert {name for name, _ in FAULTS} == set(GOLDEN)


@pytest.mark.usefixtures("fresh_caches")
@pytest.mark.parametrize(
    ("name", "fault"), FAULTS, ids=[f"{n}-{f.__name__}" for n, f in FAULTS]
)
def test_claim_can_fail(name, fault, monkeypatch):
    fault(monkeypatch)
    assert any(not each.holds for each in evidence(name))


def test_a_method_that_refuses_is_left_out():
    def refusing(x, *, method):
        if method == "taps":
            raise UnsupportedError("it cannot")
        return x + 1

    results = dict(comparison.by_every_method(Context(), refusing, np.zeros(2)))
    assert "taps" not in results
    assert "loop" in results
    assert all(value.tolist() == [1, 1] for value in results.values())


@pytest.mark.parametrize(
    ("got", "holds"),
    [
        ([1, 2], True),
        ([1, 3], False),
        ([[1, 2]], False),
        ([1, np.nan], False),
        ([True, False], False),
    ],
    ids=["equal", "one entry off", "another shape", "not a number", "truth values"],
)
def test_equality_is_exact(got, holds):
    assert comparison.equality("", got, [1, 2]).holds == holds


def test_a_case_can_be_run_again():
    context = Context(seed=3, claim_id="any")
    case = comparison.Case((5, 2), (3, 2, 1), {"stride": 2})
    again = case.text(context, "taps").removeprefix("context = ").split("; ")[1]
    y = eval(again, {"jconv": jconv, "context": context})  # our own text
    assert np.array_equal(y, sliding_sum(*case.operands(context), stride=2))


def test_sliding_sum_skips_what_is_absent():
    x, w = np.array([[1.0], [2.0]]), np.array([[[1.0]], [[10.0]], [[100.0]]])
    y = sliding_sum(x, w, stride=2, padding=((1, 2),))
    assert y[:, 0].tolist() == [210, 2]


def test_composed_kernel_of_two_and_two_weights():
    first, second = (np.array(k)[:, None, None] for k in ([1, 2], [1, 10]))
    assert composed_kernel(first, second)[:, 0, 0].tolist() == [1, 12, 20]
    assert composed_kernel(first, second, 2)[:, 0, 0].tolist() == [1, 2, 10, 20]


def test_the_photograph_is_a_photograph():
    photo = photograph.grey()
    assert photo.shape == (96, 128)
    assert 0 <= photo.min() < 60
    assert 200 < photo.max() <= 255
    # Neighbouring pixels of a photograph are alike; those of noise are not.
    assert np.corrcoef(photo[:, 1:].ravel(), photo[:, :-1].ravel())[0, 1] > 0.8
