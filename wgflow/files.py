"""Files appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: object, content: bytes) -> None:
    """Writes ``content`` to ``path``: to a temporary name beside it, synced, then renamed.

    An interrupted or failed write leaves the previous file as it was. Raises OSError.

    >>> import tempfile; folder = tempfile.mkdtemp()
    >>> write_whole(folder + "/note.txt", b"whole"); Path(folder, "note.txt").read_bytes()
    b'whole'
    """
    target = Path(os.fspath(path))  # type: ignore[call-overload]
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
