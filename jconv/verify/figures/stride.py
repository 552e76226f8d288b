"""Figures of what a stride does, forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

import jconv
from jconv.verify.figures.style import (
    COTANGENT,
    INPUT,
    KERNEL,
    OUTPUT,
    SOFT,
    arrow,
    canvas,
    cells,
    text,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRIDE = 2
X = np.array([1.0, 4.0, 2.0, 0.0, 3.0, 5.0, 1.0])
W = np.array([1.0, 2.0, -1.0])
DY = np.array([2.0, 1.0, 3.0])


def subsampling() -> Figure:
    """Stride 2 is stride 1 with every second output skipped; its backward undoes it."""
    every = np.asarray(jconv.conv(X[:, None], W[:, None, None]))[:, 0]
    kept = np.asarray(jconv.conv(X[:, None], W[:, None, None], stride=STRIDE))[:, 0]
    # The cotangent of the stride-1 outputs, as differentiation gives it:
    _, skip_back = jax.vjp(lambda y: y[::STRIDE], every)
    spread = np.asarray(skip_back(DY.astype(every.dtype))[0])
    figure, axes = canvas(22, 9.4)
    text(axes, (7.5, 0.6), "forward: skip", weight="bold")
    text(axes, (18, 0.6), "backward: put zeros back", weight="bold")
    skipped = [(0, n) for n in range(every.size) if n % STRIDE]
    dx = _input_derivative()
    cells(axes, X, (4, 1.4), INPUT)
    cells(axes, every, (5, 4.4), OUTPUT, faint=skipped)
    cells(axes, dx, (14.5, 1.4), INPUT)
    cells(axes, spread, (15.5, 4.4), COTANGENT, faint=skipped)
    cells(axes, kept, (6, 7.4), OUTPUT)
    cells(axes, DY, (16.5, 7.4), COTANGENT)
    labels = ("input x", "stride 1", f"stride {STRIDE}")
    for words, y in zip(labels, (1.9, 4.9, 7.9), strict=True):
        text(axes, (3.6, y), words, ha="right", color=SOFT)
    for words, y in zip(("dx", "δ, stuffed", "δ"), (1.9, 4.9, 7.9), strict=True):
        text(axes, (14.2, y), words, ha="right", color=SOFT)
    for n in range(kept.size):
        arrow(axes, (5.5 + STRIDE * n, 5.5), (6.5 + n, 7.3), OUTPUT)
        arrow(axes, (17 + n, 7.3), (16 + STRIDE * n, 5.5), COTANGENT)
    arrow(axes, (7.5, 2.5), (7.5, 4.3), KERNEL, linewidth=1.8)
    text(axes, (7.8, 3.4), "∗ w = (1, 2, −1)", ha="left", color=KERNEL)
    arrow(axes, (18, 4.3), (18, 2.5), KERNEL, linewidth=1.8)
    text(axes, (18.3, 3.4), "∗ w reversed", ha="left", color=KERNEL)
    return figure


def backward_of_stride() -> Figure:
    """Dx of a strided convolution: the kernel, reversed, slides over stuffed dy."""
    dx = _input_derivative()
    stuffed = np.zeros(STRIDE * (DY.size - 1) + 1)
    stuffed[::STRIDE] = DY
    padded = np.pad(stuffed, W.size - 1)
    slid = jconv.conv(padded[:, None], W[::-1, None, None])
    if not np.array_equal(np.asarray(slid)[:, 0], dx):
        message = "the figure's convolution is not the derivative it is to show"
        raise AssertionError(message)
    figure, axes = canvas(18.5, 11.2)
    spot = 4
    text(axes, (5.6, 1.1), "cotangent δ of the output", ha="right", color=SOFT)
    cells(axes, DY, (9, 0.6), COTANGENT)
    text(
        axes,
        (5.6, 3.6),
        "zeros: 1 between,\n2 at each end",
        ha="right",
        color=SOFT,
    )
    zeros = [(0, n) for n in range(padded.size) if not padded[n]]
    cells(axes, padded, (6, 3.1), COTANGENT, faint=zeros)
    for n in range(DY.size):
        arrow(axes, (9.5 + n, 1.65), (8.5 + STRIDE * n, 3.05), COTANGENT)
    text(axes, (5.6, 6.1), "kernel, reversed", ha="right", color=SOFT)
    cells(axes, W[::-1], (6 + spot, 5.6), KERNEL)
    for n in range(W.size):
        arrow(axes, (6.5 + spot + n, 4.15), (6.5 + spot + n, 5.55), KERNEL)
    text(axes, (5.6, 9.1), "dx", ha="right", color=SOFT)
    cells(axes, dx, (7, 8.6), INPUT, marked=[(0, spot)])
    arrow(axes, (7.5 + spot, 6.7), (7.5 + spot, 8.55), INPUT, linewidth=1.8)
    factors = zip(W[::-1], padded[spot : spot + W.size], strict=True)
    terms = " + ".join(
        (f"{weight:g}" if weight >= 0 else f"({weight:g})") + f"·{value:g}"
        for weight, value in factors
    )
    text(
        axes, (8.1 + spot, 7.6), f"{terms} = {dx[spot]:g}".replace("-", "−"), ha="left"
    )
    text(
        axes,
        (9.25, 10.6),
        "The derivative of a stride-2 convolution is a stride-1 convolution.",
        weight="bold",
    )
    return figure


def _input_derivative() -> np.ndarray:
    """What jconv says dx is."""
    dy, w = DY[:, None], W[:, None, None]
    dx = jconv.conv_input_vjp(dy, w, input_shape=(X.size, 1), stride=STRIDE)
    return np.asarray(dx)[:, 0]
