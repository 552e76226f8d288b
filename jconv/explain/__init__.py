"""What one convolution does, forward and backward: as text, code, picture and page.

Everything is read off the relation of ``jconv.geometry``. Read in this order:
``subject`` (what is explained), ``sums`` (the equation of one entry), ``sizes``,
``because``, ``code`` (the same in four libraries), then ``text``, ``document``,
``figure`` and ``page``, which show it.
"""
