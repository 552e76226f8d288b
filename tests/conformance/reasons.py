"""Why a case of somebody else's is not applicable to jconv."""

REASONS: dict[str, str] = {
    # ONNX
    "deformable": "where a deformable convolution reads depends on data: it is not "
    "one linear relation of indices",
    "requantised": "QLinearConv rounds to a scale after the convolution; the "
    "convolution of integers in it is ConvInteger, which runs",
    "expanded": "the case of the same name without 'expanded', which runs, written as "
    "a graph of other operators",
    # JAX
    "jax2tf": "differs from the harness with enable_xla=True, which runs, in a flag "
    "of jax2tf alone",
    "product-window": "jconv has no product pool",
    "base-dilation": "jconv's pools have no input dilation",
    "truth-values": "jconv refuses truth values, where they would be added or ordered",
    "complex-order": "complex numbers have no order; jconv's pools refuse them",
    "running": "a running reduction over all entries before one: no window",
    # SciPy
    "slow": "SciPy itself marks it slow: it needs 4 GB of memory",
    "truth-value-arrays": "includes arrays of truth values, which jconv refuses",
    "boundary": "convolve2d's fill values and boundaries are no arguments of "
    "jconv.convolve; jconv.conv has padding modes",
    "all-2d": "about the number of dimensions that convolve2d insists on",
}
