"""Ctrl-C and SIGTERM as a question asked once a step, so that a step is never torn apart."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """While the block runs, the first SIGINT or SIGTERM raises the flag; a second one ends the process as always.

    Signals reach the main thread of a process only; elsewhere the flag stays down.
    """

    raised = False

    def __enter__(self) -> Interruption:
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *reason: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.raised = True
        self.__exit__()
