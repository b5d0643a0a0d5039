"""`python -m tts.cli` is `tts`."""

import sys

from tts.cli import main

if __name__ == "__main__":
    sys.exit(main())
