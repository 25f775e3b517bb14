"""Limits of this process: a runaway computation ends here and not at the machine's limits."""

from __future__ import annotations

import os
from pathlib import Path


def limit_this_process(seconds: int, mib: int) -> None:
    """Limits processor time, further address space and core dumps, as far as the system knows such limits.

    seconds: of the processor.  mib: address space beyond what the loaded program takes.
    """
    try:
        import resource  # absent on Windows: there the parent's clock is the only limit
    except ImportError:
        return
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: seconds, resource.RLIMIT_AS: _address_space() + mib * 2**20}
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        try:
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
        except (ValueError, OSError):  # macOS knows no limit of address space
            continue


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 2**30
    return pages * os.sysconf("SC_PAGE_SIZE")
