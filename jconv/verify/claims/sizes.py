"""How large an output is, and what stride and padding do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv import geometry
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import Case, by_every_method, equality
from jconv.verify.written_out import sliding_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array as JaxArray

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context


def measured_size(n_input: int, n_kernel: int, **options: object) -> int:
    """The number of outputs that ``conv`` has along one axis."""
    y = jax.eval_shape(
        lambda x, w: jconv.conv(x, w, **options),  # type: ignore[arg-type]
        jax.ShapeDtypeStruct((n_input, 1), "float32"),
        jax.ShapeDtypeStruct((n_kernel, 1, 1), "float32"),
    )
    return y.shape[0]


@claim(
    "size.valid",
    says="Without padding, I inputs and K weights give I − K + 1 outputs, because that "
    "is how often the kernel fits; so K = I − O + 1.",
    formula="O = I − K + 1,  K = I − O + 1",
    source="S0, S1, S3",
    kind="exact",
    falsified_by="a size that differs from counting the places where the kernel fits",
)
def size_valid(context: Context) -> Iterator[Evidence]:
    """Every kernel in every input up to a bound, and 28 by 28 with 3 by 3."""
    w = context.integers((3, 3, 1, 1))
    x = context.integers((28, 28, 1))
    for method, y in by_every_method(context, jconv.conv, x, w):
        case = Case((28, 28, 1), (3, 3, 1, 1)).text(context, method)
        what = f"28×28 with 3×3 gives 26×26, by {method}"
        yield Evidence(y.shape == (26, 26, 1), what, case=case)
    bound = 8 if context.quick else 14
    for n in range(1, bound + 1):
        wrong = []
        for k in range(1, n + 1):
            fits = sum(1 for start in range(n) if start + k <= n)
            formula = geometry.output_size(n, k)
            back = geometry.kernel_size_from_output(n, fits)
            if (measured_size(n, k), formula, n - k + 1, back) != (fits,) * 3 + (k,):
                wrong.append(k)
        yield Evidence(
            not wrong,
            f"{n} inputs with every kernel that fits: counted = I − K + 1",
            cases=n,
            case=f"n_input={n}, n_kernel in {wrong}",
            size=n,
        )


@claim(
    "size.stride",
    says="With a stride the kernel jumps: there are (I − K)/stride + 1 outputs, "
    "rounded down, and I − stride·(O − 1) is the largest kernel that gives O of them.",
    formula="O = ⌊(I − K)/s⌋ + 1,  K = I − s (O − 1)",
    source="S1",
    kind="exact",
    falsified_by="a size that differs from counting the places of the kernel, or a "
    "larger kernel with as many outputs",
)
def size_stride(context: Context) -> Iterator[Evidence]:
    """Count places for every input, kernel and stride up to a bound."""
    for method, y in by_every_method(
        context,
        lambda x, w, *, method: jconv.conv(x, w, stride=3, method=method),
        context.integers((32, 1)),
        context.integers((5, 1, 1)),
    ):
        case = Case((32, 1), (5, 1, 1), {"stride": 3}).text(context, method)
        yield Evidence(
            y.shape == (10, 1), f"32, 5, stride 3 give 10, by {method}", case=case
        )
    golden = geometry.output_size(32, 5, 3), geometry.kernel_size_from_output(32, 10, 3)
    yield Evidence(golden == (10, 5), "the formulas: 32, 5, stride 3 ↔ 10")
    bound = 8 if context.quick else 14
    for stride in range(1, 5):
        wrong, cases = [], 0
        for n in range(1, bound + 1):
            counted = {
                k: len([o for o in range(0, n, stride) if o + k <= n])
                for k in range(1, n + 1)
            }
            for k, places in counted.items():
                largest = max(each for each, o in counted.items() if o == places)
                found = (
                    measured_size(n, k, stride=stride),
                    geometry.output_size(n, k, stride),
                    geometry.kernel_size_from_output(n, places, stride),
                )
                cases += 1
                if found != (places, places, largest):
                    wrong.append((n, k))
        yield Evidence(
            not wrong,
            f"stride {stride}: counted = ⌊(I − K)/s⌋ + 1, and no larger kernel",
            cases=cases,
            case=f"stride={stride}, (n_input, n_kernel) in {wrong[:3]}",
            size=stride,
        )


@claim(
    "size.same",
    says="A border of (F − 1)/2 zeros keeps the size, for an odd kernel size F and "
    "stride 1.",
    formula="I + 2·(F − 1)/2 − F + 1 = I",
    source="S1, S4",
    kind="exact",
    falsified_by="an output of another size, or another value than with explicit zeros",
)
def size_same(context: Context) -> Iterator[Evidence]:
    """F = 3 pads 1, F = 5 pads 2, an even F unevenly; kernels larger than the input."""
    sizes = range(1, 8) if context.quick else range(1, 14)
    for kernel in (1, 3, 5, 7, 9):
        border = (kernel - 1) // 2
        pads = {geometry.same_padding(n, kernel) for n in sizes}
        kept = all(
            measured_size(n, kernel, padding=padding) == n
            for n in sizes
            for padding in (border, "same")
        )
        yield Evidence(
            pads == {(border, border)} and kept,
            f"F = {kernel}: pad {border} on both sides keeps every size",
            cases=3 * len(sizes),
            case=f"n_kernel={kernel}, padding={border} and 'same'",
            size=kernel,
        )
    for kernel in (3, 5, 4):
        low = (kernel - 1) // 2
        both = (low, kernel - 1 - low)  # an even F has one zero more behind
        case = Case((6, 4, 1), (kernel, kernel, 1, 1), {"padding": "same"})
        x, w = case.operands(context)
        zeros = np.pad(x, [both, both, (0, 0)])
        for method, y in by_every_method(context, _same, x, w):
            yield equality(
                f"F = {kernel}: as with {both} zeros before and after, by {method}",
                y,
                sliding_sum(zeros, w),
                case=case.text(context, method),
            )


def _same(x: Array, w: Array, *, method: str) -> JaxArray:
    return jconv.conv(x, w, padding="same", method=method)


@claim(
    "size.layout",
    says="A batch of images [mb, xh, xw, xchn] and a kernel [kh, kw, xchn, ychn] give "
    "[mb, yh, yw, ychn]; with same padding yh = xh and yw = xw.",
    formula="[mb, xh, xw, xchn] ∗ [kh, kw, xchn, ychn] → [mb, yh, yw, ychn]",
    source="S2",
    kind="exact",
    falsified_by="another shape, or a batch entry that is not its image's convolution",
)
def size_layout(context: Context) -> Iterator[Evidence]:
    """All seven sizes differ, so that no two dimensions can be confused."""
    case = Case((5, 7, 6, 3), (2, 4, 3, 8))
    x, w = case.operands(context)
    expected = np.stack([sliding_sum(image, w) for image in x])

    def orders(x: Array, w: Array, *, method: str) -> dict[str, JaxArray]:
        names = ("NHWC", "HWIO", "NHWC")
        return {
            "the default": jconv.conv(x, w, method=method),
            "named NHWC": jconv.conv(x, w, dimension_numbers=names, method=method),
            "same": _same(x, w, method=method),
        }

    for method, y in by_every_method(context, orders, x, w):
        text = case.text(context, method)
        for name in ("the default", "named NHWC"):
            what = f"[5,7,6,3] with [2,4,3,8] gives [5,6,3,8], {name}, by {method}"
            yield equality(what, y[name], expected, case=text)
        what = f"[5,7,6,3] with same padding gives [5,7,6,8], by {method}"
        yield Evidence(y["same"].shape == (5, 7, 6, 8), what, case=text)


@claim(
    "stride.subsample",
    says="A strided convolution is the stride-1 convolution with outputs skipped; "
    "backward, the kept positions get the gradient and the skipped ones 0, and the "
    "stride-1 derivative follows.",
    formula="conv(x, w; s) = conv(x, w)[::s];  backward of [::s] puts zeros between",
    source="S2",
    kind="exact",
    falsified_by="an output or a gradient that differs from skipping, at equal padding",
)
def stride_subsample(context: Context) -> Iterator[Evidence]:
    """Forward, input gradient and kernel gradient, at the same explicit padding."""
    cases = [
        Case((8, 1), (3, 1, 1), {"stride": (3,), "padding": ((1, 2),)}),
        Case((5, 6, 1), (2, 2, 1, 2), {"stride": (2, 3), "padding": ((1, 0), (0, 2))}),
    ]
    if not context.quick:
        cases += [
            Case((9, 2), (3, 2, 1), {"stride": (2,), "padding": ((0, 0),)}),
            Case((4, 4, 3, 1), (2, 2, 2, 1, 1), {"stride": (2, 1, 2), "padding": 1}),
        ]
    for case in cases:
        yield from _skips(context, case)
    sizes = (
        measured_size(6, 3, stride=2, padding="same"),
        geometry.same_padding(6, 3, 2),
    )
    yield Evidence(
        sizes == (3, (0, 1)) and geometry.same_padding(6, 3) == (1, 1),
        '"same" pads (1, 1) at stride 1 but (0, 1) at stride 2: name the padding',
        numbers={"stride 1": (1, 1), "stride 2": (0, 1)},
    )


def _skips(context: Context, case: Case) -> Iterator[Evidence]:
    """Compare a stride with skipping, in all three contractions."""
    x, w = case.operands(context)
    stride, padding = case.options["stride"], case.options["padding"]
    every = sliding_sum(x, w, padding=padding)
    kept = tuple(slice(None, None, s) for s in stride)
    dy = context.integers(every[kept].shape, "float64", 2)
    spread = np.zeros(every.shape)
    spread[kept] = dy

    def both(
        x: Array, w: Array, dy: Array, spread: Array, *, method: str
    ) -> dict[str, tuple[JaxArray, JaxArray]]:
        def pull(dy: Array, **options: object) -> tuple[JaxArray, JaxArray]:
            common = {"padding": padding, "method": method, **options}
            return (
                jconv.conv_input_vjp(dy, w, input_shape=x.shape, **common),
                jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **common),
            )

        def skipping(x: Array, w: Array) -> JaxArray:
            return jconv.conv(x, w, padding=padding, method=method)[kept]

        dx, dw = pull(dy, stride=stride)
        dx_spread, dw_spread = pull(spread)
        y, derived = jax.vjp(skipping, x, w)
        dx_derived, dw_derived = derived(jnp.asarray(dy))
        strided = jconv.conv(x, w, stride=stride, padding=padding, method=method)
        return {
            "output": (strided, y),
            "input gradient, zeros at skipped positions": (dx, dx_spread),
            "kernel gradient, zeros at skipped positions": (dw, dw_spread),
            "input gradient, as JAX differentiates skipping": (dx, dx_derived),
            "kernel gradient, as JAX differentiates skipping": (dw, dw_derived),
        }

    for method, results in by_every_method(context, both, x, w, dy, spread):
        text = case.text(context, method)
        what = f"{case.input}, stride {stride}, by {method}"
        output = results["output"][0]
        yield equality(f"output written out, {what}", output, every[kept], case=text)
        for name, (strided, skipped) in results.items():
            yield equality(f"{name}, {what}", strided, skipped, case=text)
