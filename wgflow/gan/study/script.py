"""How a script ends: its exit code, and one line where something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from wgflow.arithmetic.number import InputError


def exit_code_of(main: Callable[[], int | None]) -> int:
    """Runs a script and returns its exit code: what it says or 0, 2 wrong input, 4 files that fail, 130 Ctrl-C.

    >>> exit_code_of(lambda: 3)
    3
    """
    try:
        return main() or 0
    except InputError as problem:
        return _told(str(problem), 2)
    except OSError as problem:
        return _told(f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem), 4)
    except KeyboardInterrupt:
        return _told("interrupted; what is finished is kept, and the same command goes on", 130)


def _told(message: str, code: int) -> int:
    print(f"{Path(sys.argv[0]).name}: {' '.join(message.split())}", file=sys.stderr)
    return code
