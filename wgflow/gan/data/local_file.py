"""Files that the user has: found under a folder, read within limits, and known by their SHA-256."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.options import Options
from wgflow.record import record

MOST_BYTES = 4 << 30


@record
class LocalFile:
    """A file's path, its contents (decompressed for .gz and .bz2), the SHA-256 of the file and of the contents."""

    path: Path
    content: bytes
    file_digest: str
    content_digest: str

    def words(self, official: str | None) -> str:
        """Returns a line for a run's record, which says whether the contents are those of the official file."""
        inside = "" if self.file_digest == self.content_digest else f", contents {self.content_digest}"
        known = "no official checksum is known" if official is None else "not the official file"
        return f"sha256 {self.file_digest}{inside}: {'official contents' if official == self.content_digest else known}"


def read_local(path: Path) -> LocalFile:
    """Returns a file that was read whole; raises InputError for one that is absent, damaged or too large."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{shown(path, 200)} has more than {MOST_BYTES} bytes.")
        raw = path.read_bytes()
        content = _unpacked(raw, path.suffix)
    except InputError:
        raise
    except (OSError, EOFError, zlib.error, ValueError) as error:  # a path with a null byte is a ValueError
        raise InputError(f"{shown(path, 200)} cannot be read ({error}); get the file again.") from None
    if len(content) > MOST_BYTES:
        raise InputError(f"{shown(path, 200)} unpacks to more than {MOST_BYTES} bytes.")
    return LocalFile(path, content, hashlib.sha256(raw).hexdigest(), hashlib.sha256(content).hexdigest())


def _unpacked(raw: bytes, suffix: str) -> bytes:
    """Returns one byte more than is allowed where there is more: small files can unpack to any size."""
    if suffix not in (".gz", ".bz2"):
        return raw
    packed = io.BytesIO(raw)
    with gzip.GzipFile(fileobj=packed) if suffix == ".gz" else bz2.BZ2File(packed) as file:
        return file.read(MOST_BYTES + 1)


def data_root(source: str, options: Mapping[str, object]) -> Path:
    """Returns the option ``data-root``, the folder that holds the user's data; raises InputError where it is absent, and for
    other options."""
    given = Options(f"data {source}", options)
    root = given.take("data-root", None)
    given.finish()
    if root is None:
        raise InputError(f"data {source!r} is read from files; type --data-root FOLDER, or data-root in [data].")
    folder = Path(str(root)).expanduser()
    if not folder.is_dir():
        raise InputError(f"data-root {shown(folder, 200)} is not a folder.")
    return folder


def find_files(root: Path, folders: Sequence[str], names: Sequence[str], endings: Sequence[str]) -> list[Path] | None:
    """Returns the paths of ``names``, each with one of ``endings``, in the first of ``folders`` that has them all, or None."""
    for folder in folders:
        found = [next((p for end in endings if (p := root / folder / (name + end)).is_file()), None) for name in names]
        if all(path is not None for path in found):
            return [path for path in found if path is not None]
    return None
