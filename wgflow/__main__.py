"""python -m wgflow"""

import sys

from wgflow.cli.main import entry

if __name__ == "__main__":
    sys.exit(entry())
