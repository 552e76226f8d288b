"""The primitive ``conv``: one bilinear operation, closed under every derivative.

Let T[o, k, i] be 1 where the relation of ``geometry.axis`` holds and 0 elsewhere. With
x[e, b, i, g, c], w[e, k, c, g, m] and y[e, b, o, g, m] there are three contractions:

    out = "output":   y = sum T[o,k,i] x[e,b,i,g,c] w[e,k,c,g,m]    the convolution
    out = "input":    x = sum T[o,k,i] w[e,k,c,g,m] y[e,b,o,g,m]    its input VJP
    out = "kernel":   w = sum T[o,k,i] x[e,b,i,g,c] y[e,b,o,g,m]    its kernel VJP

``conv_p.bind(first, second, geometry=, out=, ...)`` computes any of them from the two
other roles, in the order input, kernel, output.

**Transposition.** All three are slots of one trilinear form ``sum T x w y``. Holding
all but two slots fixed, the transpose of "role r -> role out" is "role out -> role r":
the same primitive with ``out=r``, the cotangent in the place of the old result.

**Batching.** Each pair of roles shares a label of its own: (input, output) share b,
(input, kernel) share c, (kernel, output) share m; all three share e. If one operand is
mapped, the new axis joins the label that it shares with the result; if both are, it
joins e.

So no rule flips, pads or regroups anything. The files: ``bind`` (the primitive and how
to call it), ``abstract`` (the result's type), ``derivatives``, ``batching`` and
``lowering``.
"""

from jconv.primitive import abstract, batching, derivatives, lowering
from jconv.primitive.bind import contract, conv_p
from jconv.primitive.derivatives import checkpoint_convs

RULES = (abstract, derivatives, batching, lowering)
"""Importing these modules registers the primitive's rules."""

__all__ = ["RULES", "checkpoint_convs", "contract", "conv_p"]
