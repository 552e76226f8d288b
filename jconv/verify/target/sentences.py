"""What the claims about a target say."""

from __future__ import annotations

SAYS = {
    "values": "The target computes the convolution: its values are the sums that the "
    "index relation names.",
    "input-vjp": "What JAX derives through the target for the input is the transposed "
    "convolution of the cotangent with the kernel.",
    "kernel-vjp": "What JAX derives through the target for the kernel is the "
    "convolution of the input with the cotangent.",
    "jvp": "The target's tangent follows the product rule.",
    "vmap": "Mapping the target over inputs, kernels or both is the same as calling it "
    "one by one.",
    "second-order": "The derivative of the target's input derivative is a convolution "
    "again.",
    "bilinear": "The target is linear in either operand, on random integers: this is "
    "sampled, not shown.",
    "cropping": "Values and both derivatives are right where negative padding crops "
    "the input at its low side.",
    "bits": "Operands of as many bits as leave each sum exact come out exact: nothing "
    "is rounded to a narrower format on the way, nor clipped.",
    "rounding": "With real numbers, every result is within the a-priori bound of a sum "
    "of so many products, rounded in any order.",
    "not-finite": "A NaN or an infinity is in every sum that has it as a term: none is "
    "swallowed.",
    "basis": "Values and both derivatives are right on all pairs of basis vectors of "
    "small convolutions.",
}
"""Last part of a claim's id -> its sentence."""

FORMULAS = {
    "values": "y = Σ T x w",
    "input-vjp": "dx = Σ T w dy",
    "kernel-vjp": "dw = Σ T x dy",
    "jvp": "d conv(x, w) = conv(dx, w) + conv(x, dw)",
    "vmap": "vmap(conv)(x, w)_j = conv(x_j, w_j)",
    "second-order": "d⟨dx, u⟩/dw = Σ T u dy,  d⟨dx, u⟩/d dy = Σ T u w",
    "bilinear": "conv(x + 2u, w) = conv(x, w) + 2 conv(u, w)",
    "cropping": "y = Σ T x w,  dx = Σ T w dy,  dw = Σ T x dy",
    "bits": "y = Σ T x w,  dx = Σ T w dy,  dw = Σ T x dy",
    "rounding": "|computed − exact| ≤ B Σ|terms|,  B = γₙ plus the result's rounding",
    "not-finite": "x_i = NaN, T_{oki} w_k ≠ 0  ⟹  y_o = NaN",
    "basis": "f(eᵢ, eⱼ) = ΣT eᵢ eⱼ for all i, j",
}
"""Last part of a claim's id -> its formula."""
