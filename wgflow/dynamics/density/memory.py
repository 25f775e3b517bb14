"""Keeping freed memory in the process: steps on grids allocate and free the same few megabytes again and again."""

from __future__ import annotations

import numpy as np

REUSED_BYTES = 2**25 - 2**16  # just below what the allocator of glibc still learns from


def keep_freed_memory() -> None:
    """Makes glibc's allocator reuse freed blocks up to 32 MiB instead of returning them to the system; elsewhere without effect.

    Its threshold follows the largest block that was ever freed (mallopt(3), M_MMAP_THRESHOLD). The block here is never
    touched, so that it costs no memory. Fresh pages cost more than the arithmetic on them: steps are several times as fast.
    """
    np.empty(REUSED_BYTES, dtype=np.uint8)  # freed at once
