"""The extent of a window and of a dilated input; what is empty has extent 0."""

from __future__ import annotations


def window_span(n_kernel: int, kernel_dilation: int = 1) -> int:
    """Positions of the dilated input that one window covers.

    Examples:
        >>> window_span(3), window_span(3, 2), window_span(3, -2), window_span(0, 2)
        (3, 5, 5, 0)
    """
    return abs(kernel_dilation) * (n_kernel - 1) + 1 if n_kernel else 0


def dilated_size(n_input: int, input_dilation: int = 1) -> int:
    """Positions of an input with ``input_dilation - 1`` holes between its entries.

    Examples:
        >>> dilated_size(3), dilated_size(3, 2), dilated_size(0, 2)
        (3, 5, 0)
    """
    return input_dilation * (n_input - 1) + 1 if n_input else 0
