"""AlexNet's layers as published: data for the experiments about it.

References:
    A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep
    Convolutional Neural Networks", NeurIPS 2012, figure 2.
"""

from __future__ import annotations

from typing import Any

from jconv.geometry import Geometry, Windows, parameter_count

INPUT = (227, 227, 3)

CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "conv 1": {"kernel": 11, "stride": 4, "padding": 0, "c_out": 96, "groups": 1},
    "pool 1": {"window": 3, "stride": 2},
    "conv 2": {"kernel": 5, "stride": 1, "padding": 2, "c_out": 256, "groups": 2},
    "pool 2": {"window": 3, "stride": 2},
    "conv 3": {"kernel": 3, "stride": 1, "padding": 1, "c_out": 384, "groups": 1},
    "conv 4": {"kernel": 3, "stride": 1, "padding": 1, "c_out": 384, "groups": 2},
    "conv 5": {"kernel": 3, "stride": 1, "padding": 1, "c_out": 256, "groups": 2},
    "pool 5": {"window": 3, "stride": 2},
}
DENSE = {"dense 6": 4096, "dense 7": 4096, "dense 8": 1000}


def layers() -> list[dict[str, Any]]:
    """Shape after each layer, its weights, and its biases."""
    side, channels = INPUT[0], INPUT[2]
    rows: list[dict[str, Any]] = [
        {"layer": "image", "shape": list(INPUT), "weights": 0, "biases": 0}
    ]
    for name, layer in CONVOLUTIONS.items():
        if "window" in layer:
            windows = Windows.from_call(
                (side, side), layer["window"], stride=layer["stride"]
            )
            side, weights, biases = windows.output_shape[0], 0, 0
        else:
            kernel = (layer["kernel"],) * 2
            geometry = Geometry.from_call(
                (side, side), kernel, stride=layer["stride"], padding=layer["padding"]
            )
            c_out, groups = layer["c_out"], layer["groups"]
            weights = parameter_count(kernel, channels, c_out, groups)
            side, channels, biases = geometry.output_shape[0], c_out, c_out
        shape = [side, side, channels]
        rows.append(
            {"layer": name, "shape": shape, "weights": weights, "biases": biases}
        )
    n = side * side * channels
    for name, n_out in DENSE.items():
        rows.append(
            {"layer": name, "shape": [n_out], "weights": n * n_out, "biases": n_out}
        )
        n = n_out
    return rows
