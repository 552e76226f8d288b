"""``python -m jconv`` is ``jconv``."""

import sys

from jconv.cli import main

if __name__ == "__main__":
    sys.exit(main())
