"""Files appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

TYPE_CHECKING = False  # type checkers take it as true; importing pathlib would cost start-up
if TYPE_CHECKING:
    from pathlib import Path


@contextmanager
def whole_file(path: object) -> Iterator[str]:
    """Yields a temporary name beside ``path``; when the block ends well, it is synced and renamed to ``path``.

    An interrupted or failed write leaves the previous file as it was. Raises OSError.

    >>> import tempfile; from pathlib import Path
    >>> folder = tempfile.mkdtemp()
    >>> with whole_file(folder + "/note.txt") as name:
    ...     _ = Path(name).write_bytes(b"whole")
    >>> Path(folder, "note.txt").read_bytes()
    b'whole'
    """
    import tempfile  # late: most commands write no file
    from pathlib import Path

    target = Path(os.fspath(path))  # type: ignore[call-overload]
    handle, name = tempfile.mkstemp(prefix=_prefix(target), suffix=target.suffix, dir=target.parent)
    os.close(handle)
    try:
        yield name
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        os.chmod(name, mode)
        with open(name, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_remains(path: object) -> None:
    """Removes the temporary files that killed writers of ``path`` left beside it; for the one process that may write it."""
    import re
    from pathlib import Path

    target = Path(os.fspath(path))  # type: ignore[call-overload]
    ours = re.compile(re.escape(_prefix(target)) + "[a-z0-9_]{8}" + re.escape(target.suffix))  # as tempfile makes them
    for name in os.listdir(target.parent):
        if ours.fullmatch(name):
            (target.parent / name).unlink(missing_ok=True)


def _prefix(target: Path) -> str:
    return f".{target.stem[:100]}."


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_whole(path: object, content: bytes | memoryview) -> None:
    """Writes ``content`` to ``path``, whole or not at all. Raises OSError."""
    with whole_file(path) as name, open(name, "wb") as file:
        file.write(content)


@contextmanager
def sole_holder(path: object, busy: str) -> Iterator[None]:
    """Holds the right to ``path`` while the block runs; raises OSError with the text ``busy`` where another process holds it.

    The right is an advisory lock of the operating system on ``path`` + ``.lock``: a killed process loses it at once, so no
    stale lock ever has to be cleaned up by hand.
    """
    import errno
    import fcntl  # late: absent on Windows, where runs without a file still work
    from pathlib import Path

    lock = Path(os.fspath(path) + ".lock")  # type: ignore[call-overload]
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise OSError(errno.EWOULDBLOCK, busy, str(path)) from None
        if _is_still(handle, lock):
            break
        os.close(handle)  # its holder removed it between our open and our lock
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _is_still(handle: int, path: Path) -> bool:
    try:
        here, there = os.fstat(handle), os.stat(path)
    except FileNotFoundError:
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def sync_folder(path: object) -> None:
    """Makes the names in a folder durable: what was created, renamed or removed there survives a power failure."""
    handle = os.open(os.fspath(path), os.O_RDONLY)  # type: ignore[call-overload]
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
