"""Claims about convolution, checked on the device at hand."""
