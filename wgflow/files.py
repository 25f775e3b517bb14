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
