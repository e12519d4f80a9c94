"""`python -m gansmith`, and under many processes `torchrun -m gansmith train …`."""

import sys

from gansmith.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
