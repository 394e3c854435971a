"""``python -m srredsim`` is the ``srredsim`` command."""

import sys

from srredsim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
