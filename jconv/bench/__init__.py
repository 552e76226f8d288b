"""jconv measured against ``lax``, PyTorch and the machine itself."""
