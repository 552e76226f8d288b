"""What several algorithms are made of: windows, tiles, blocks, buffers, waves."""
