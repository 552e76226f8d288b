"""Drop-in convolutions: ``jax.lax``'s names, signatures and semantics.

Replace ``jax.lax`` by ``jconv.lax``, and the six functions below give the same shapes,
dtypes, numbers (up to rounding) and types of errors. Each rests on the primitive conv
or on slices and pads, none on ``jax.lax``'s own convolution.

What differs, on purpose:

* *Absent means absent.* Padding and the holes of a dilated input are not part of any
  sum. In ``jax.lax`` they are zeros that may be multiplied: an infinity in the kernel
  can give NaN along the border of the image. Here it does not, as long as the chosen
  algorithm keeps non-finite values local ("taps" does; "loop" and "patches", which the
  automatic choice may take, multiply zeros as ``jax.lax`` does).
  ``conv_general_dilated_patches`` copies: an infinity stays one entry of its patches.
* *Sums may go through a transform.* Where short kernels take Winograd's form, or long
  ones a Fourier transform, whole numbers come out rounded, and an infinity becomes NaN
  in all of its tile. ``precision="highest"`` keeps to sums of products.
* Truth values are refused where they would be summed; ``jax.lax`` takes the "or".
* Sizes of zero are sums of nothing also where XLA will not compile an empty window.
* An algorithm for dot products (``lax.DotAlgorithm``) is refused as ``precision``.
* Messages say what was expected and what to do. An error is a ``GeometryError`` (which
  is a ``ValueError``) and also of the type that ``jax.lax`` raises for that mistake.

Examples:
    >>> import jax.numpy as jnp
    >>> from jconv import lax
    >>> x, w = jnp.arange(5.0).reshape(1, 1, 5), jnp.array([[[1.0, 10.0, 100.0]]])
    >>> lax.conv_general_dilated(x, w, (2,), "SAME")
    Array([[[100., 321.,  43.]]], dtype=float32)

References:
    The JAX authors, "jax.lax: convolution operators",
    https://docs.jax.dev/en/latest/jax.lax.html#convolution-operators, 2018.
"""

from jconv.lax.convolution import (
    conv,
    conv_general_dilated,
    conv_with_general_padding,
)
from jconv.lax.transposed import conv_transpose
from jconv.lax.windows import (
    conv_general_dilated_local,
    conv_general_dilated_patches,
)

__all__ = [
    "conv",
    "conv_general_dilated",
    "conv_general_dilated_local",
    "conv_general_dilated_patches",
    "conv_transpose",
    "conv_with_general_padding",
]
