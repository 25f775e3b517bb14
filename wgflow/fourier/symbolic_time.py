"""One step of SymPy's: within a limit of time, so that one integral does not use up the time of the others, and its failures."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


class Late(BaseException):
    """The step ran out of time; no `except Exception` of SymPy's holds it back."""


def within(seconds: float, step: Callable[..., Any], *args: Any) -> Any:
    """Returns step(*args), or None where it takes longer or fails; no limit outside the main thread or without interval timers.

    SymPy's integrals and simplifications raise errors of many kinds on what they do not know; none of them is of interest.

    >>> within(5, max, 1, 2), within(5, int, "x")
    (2, None)
    """
    try:
        return _timed(seconds, step, *args)
    except Exception:
        return None


def _timed(seconds: float, step: Callable[..., Any], *args: Any) -> Any:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return step(*args)

    def ring(number: int, frame: object) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return step(*args)
    except Late:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
