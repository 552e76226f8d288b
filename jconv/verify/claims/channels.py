"""Channels: summed over at the input, stacked at the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import jconv
from jconv.verify import photograph
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import Case, by_every_method, equality
from jconv.verify.written_out import sliding_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array as JaxArray

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context


@claim(
    "channels.in",
    says="An input with several channels takes one kernel slice per channel, and the "
    "slices' results are added; a kernel with another number of channels is refused.",
    formula="conv(x, w) = Σ꜀ conv(x[…, c], w[…, c, :])",
    source="S0, S1, S3, S4",
    kind="exact",
    falsified_by="an output that is not the sum of the single-channel convolutions, or "
    "a mismatch that raises no error naming both counts",
)
def channels_in(context: Context) -> Iterator[Evidence]:
    """Sum the channels one by one; then ask for what cannot be."""
    cases = [Case((5, 4, 3), (3, 2, 3, 2))]
    if not context.quick:
        cases += [
            Case((9, 4), (3, 4, 1), {"stride": 2, "padding": ((1, 2),)}),
            Case((4, 3, 3, 2), (2, 2, 2, 2, 3)),
        ]
    for case in cases:
        x, w = case.operands(context)
        slices = [(x[..., [c]], w[..., [c], :]) for c in range(x.shape[-1])]
        summed = sum(sliding_sum(*each, **case.options) for each in slices)

        def both(
            x: Array,
            w: Array,
            slices: list[tuple[Array, Array]],
            *,
            method: str,
            case: Case = case,
        ) -> tuple[JaxArray, JaxArray]:
            single = [
                jconv.conv(*each, method=method, **case.options) for each in slices
            ]
            together = jconv.conv(x, w, method=method, **case.options)
            return together, sum(single[1:], start=single[0])

        for method, (y, own_sum) in by_every_method(context, both, x, w, slices):
            text = case.text(context, method)
            what = f"{x.shape[-1]} input channels, {case.input}, by {method}"
            yield equality(f"sum written out, {what}", y, summed, case=text)
            what = f"sum of single-channel convolutions, {what}"
            yield equality(what, y, own_sum, case=text)
    yield from _mismatches()


def _mismatches() -> Iterator[Evidence]:
    """Seven channels cannot meet a kernel for eleven, forward or backward."""
    x, w, dy = np.ones((5, 5, 7)), np.ones((3, 3, 11, 2)), np.ones((3, 3, 2))
    calls = {
        "conv(x (5, 5, 7), w (3, 3, 11, 2))": lambda: jconv.conv(x, w),
        "conv_input_vjp(dy, w (3, 3, 11, 2), input_shape=(5, 5, 7))": (
            lambda: jconv.conv_input_vjp(dy, w, input_shape=x.shape)
        ),
        "conv_kernel_vjp(x (5, 5, 7), dy, kernel_shape=(3, 3, 11, 2))": (
            lambda: jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape)
        ),
    }
    for text, call in calls.items():
        message = "no error"
        try:
            call()
        except jconv.GeometryError as error:
            message = str(error)
        yield Evidence(
            "has 7" in message and "got 11" in message,
            "a mismatch of channels is a clear error that names both counts",
            case=text,
            numbers={"message": message},
        )


@claim(
    "channels.out",
    says="Several kernels give several output channels, one map per kernel.",
    formula="conv(x, w)[…, m] = conv(x, w[…, m])",
    source="S0, S1, S3, S4",
    kind="exact",
    falsified_by="an output channel that is not the map of its own kernel",
)
def channels_out(context: Context) -> Iterator[Evidence]:
    """Stack the maps of single kernels."""
    cases = [Case((5, 4, 2), (2, 3, 2, 4))]
    if not context.quick:
        cases += [
            Case((8, 1), (3, 1, 3), {"kernel_dilation": 2}),
            Case((4, 3, 3, 2), (2, 2, 2, 2, 3)),
        ]
    for case in cases:
        x, w = case.operands(context)
        kernels = [w[..., [m]] for m in range(w.shape[-1])]
        stacked = np.concatenate(
            [sliding_sum(x, kernel, **case.options) for kernel in kernels], axis=-1
        )

        def both(
            x: Array, w: Array, kernels: list[Array], *, method: str, case: Case = case
        ) -> tuple[JaxArray, list[JaxArray]]:
            maps = [
                jconv.conv(x, each, method=method, **case.options) for each in kernels
            ]
            return jconv.conv(x, w, method=method, **case.options), maps

        for method, (y, maps) in by_every_method(context, both, x, w, kernels):
            text = case.text(context, method)
            what = f"{w.shape[-1]} kernels on {case.input}, by {method}"
            yield equality(f"maps written out, {what}", y, stacked, case=text)
            own_stack = np.concatenate(maps, axis=-1)
            yield equality(f"stacked maps, {what}", y, own_stack, case=text)


@claim(
    "channels.rgb",
    says="A 32×32 colour image and one 5×5 kernel, which has three channels too, give "
    "one 28×28 map; four such kernels give four.",
    formula="32×32×3 with (5, 5, 3) → 28×28×1;  with four → 28×28×4",
    source="S4",
    kind="exact",
    falsified_by="any other shape or value",
)
def channels_rgb(context: Context) -> Iterator[Evidence]:
    """On a real photograph, shrunk to 32 by 32."""
    x = photograph.colour(32, 32).astype("float64")
    w = context.integers((5, 5, 3, 4))
    patches = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(0, 1))
    expected = np.einsum("ijcpq,pqcm->ijm", patches, w)

    def one_and_four(x: Array, w: Array, *, method: str) -> tuple[JaxArray, JaxArray]:
        one = jconv.conv(x, w[..., :1], method=method)
        return one, jconv.conv(x, w, method=method)

    for method, (one, four) in by_every_method(context, one_and_four, x, w):
        case = (
            f"context = Context(seed={context.seed}, claim_id={context.claim_id!r}); "
            "jconv.conv(photograph.colour(32, 32).astype('float64'), "
            f"context.integers((5, 5, 3, 4)), method={method!r})"
        )
        yield Evidence(
            (one.shape, four.shape) == ((28, 28, 1), (28, 28, 4)),
            f"one kernel gives (28, 28, 1), four give (28, 28, 4), by {method}",
            case=case,
            numbers={"one kernel": one.shape, "four kernels": four.shape},
        )
        what = f"the first map of the photograph, by {method}"
        yield equality(what, one, expected[..., :1], case=case)
        what = f"all four maps of the photograph, by {method}"
        yield equality(what, four, expected, case=case)


@claim(
    "channels.volume",
    says="Convolving an image with C channels is convolving a volume of depth C with a "
    "kernel as deep as the volume, which leaves one position in depth.",
    formula="C − C + 1 = 1",
    source="S3",
    kind="exact",
    falsified_by="a volume convolution whose depth is not 1, or whose values differ",
)
def channels_volume(context: Context) -> Iterator[Evidence]:
    """Channels become one more spatial axis, from rank 1, 2 and 3."""
    cases = [Case((5, 4, 3), (2, 3, 3, 2))]
    if not context.quick:
        cases += [
            Case((8, 4), (3, 4, 1)),
            Case((4, 3, 3, 2), (2, 2, 1, 2, 3)),
        ]
    for case in cases:
        x, w = case.operands(context)
        expected = sliding_sum(x, w)[..., None, :]

        def as_volume(
            x: Array, w: Array, *, method: str
        ) -> tuple[JaxArray, JaxArray, JaxArray]:
            volume, kernel = x[..., None], w[..., None, :]
            flat = jconv.conv(x, w, method=method)
            deep = jconv.conv(volume, kernel, method=method)
            shallow = jconv.conv(volume, kernel[..., :-1, :, :], method=method)
            return flat, deep, shallow

        for method, (flat, deep, shallow) in by_every_method(context, as_volume, x, w):
            text = case.text(context, method)
            what = f"{case.input} as a volume, by {method}"
            yield equality(what, deep, expected, case=text)
            what = f"{case.input} with channels, by {method}"
            yield equality(what, flat, expected[..., 0, :], case=text)
            yield Evidence(
                (deep.shape[-2], shallow.shape[-2]) == (1, 2),
                f"depth left: C − C + 1 = 1, and C − (C − 1) + 1 = 2, by {method}",
                case=text,
            )
