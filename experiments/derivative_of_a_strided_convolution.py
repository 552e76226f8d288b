"""The derivative of a stride-2 convolution is a stride-1 convolution.

The cotangent is spread out with zeros, the reversed kernel slides over it, and the
input's derivative comes out. It illustrates the claim ``backward.is-conv``.

    python -m experiments.derivative_of_a_strided_convolution --out DIR
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import jconv
from jconv import rules
from jconv.geometry import Geometry
from jconv.verify.figures import draw

CLAIM = "backward.is-conv"


def main(out: Path) -> list[Path]:
    """Write the figure, and the numbers of its rule and of its derivative."""
    out.mkdir(parents=True, exist_ok=True)
    figure, data = (
        out / f"derivative-of-a-strided-convolution.{ending}"
        for ending in ("png", "json")
    )
    draw(CLAIM).savefig(figure, dpi=110, facecolor="white", bbox_inches="tight")
    dy, w = np.array([2.0, 1.0, 3.0]), np.array([1.0, 2.0, -1.0])
    dx = jconv.conv_input_vjp(
        dy[:, None], w[:, None, None], input_shape=(7, 1), stride=2
    )
    rule = rules.describe(Geometry.from_call((7,), (3,), stride=2), "input")
    numbers = {"rule": rule, "dy": dy.tolist(), "w": w.tolist()}
    data.write_text(json.dumps(numbers | {"dx": dx[:, 0].tolist()}, indent=2) + "\n")
    return [figure, data]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("figures"))
    for path in main(parser.parse_args().out):
        print(path)
