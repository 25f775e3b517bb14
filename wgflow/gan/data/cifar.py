"""CIFAR-10 (Krizhevsky 2009): its binary batches or an .npz of the same bytes; and, under a name of its own, a JPEG copy.

CIFAR's Python batches are pickles, which can run code when they are opened: they are not read here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.data.arrays import Array, labelled_pair, read_npz
from wgflow.gan.data.local_file import LocalFile, data_root, find_files, read_local
from wgflow.gan.data.stored import Labelled, StoredSource

BATCHES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
FOLDERS = ("cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin")
JPEG = "cifar10_jpeg75_official_order.npz"
SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32


def cifar10(options: Mapping[str, object]) -> StoredSource:
    """Returns CIFAR-10's images, (3, 32, 32) in [-1, 1], 50,000 and 10,000, lossless, from files under ``data-root``.

    Raises InputError where they are absent (with what to put where) or damaged.
    """
    root = data_root("cifar10", options)
    batches = find_files(root, FOLDERS, BATCHES, ("",))
    if batches is not None:
        files = [read_local(path) for path in batches]
        parts = [read_batch(file) for file in files]
        train = Labelled(np.concatenate([x for x, _ in parts[:-1]]), np.concatenate([y for _, y in parts[:-1]]), 255)
        return StoredSource("cifar10", train, Labelled(*parts[-1], 255), {f.path.name: f.words(None) for f in files})
    arrays = find_files(root, FOLDERS, ("cifar10",), (".npz",))
    if arrays is None:
        raise InputError(_absent(root))
    file = read_local(arrays[0])
    train, test = labelled_pair(file, read_npz(file))
    for part in (train, test):
        if part.values.shape[1:] != SHAPE:
            raise InputError(f"{shown(file.path, 200)} has images of the shape {part.values.shape[1:]}, not {SHAPE}.")
    return StoredSource("cifar10", train, test, {file.path.name: file.words(None)})


def _absent(root: Path) -> str:
    place = root / FOLDERS[0]
    if find_files(root, FOLDERS, (JPEG,), ("",)):
        return f"{place} holds a JPEG copy only, which is not CIFAR-10's pixels; type cifar10-jpeg75 for it."
    what = "data_batch_1.bin ... data_batch_5.bin and test_batch.bin (CIFAR-10's binary version), or cifar10.npz with " + (
        "x_train, y_train, x_test, y_test"
    )
    if find_files(root, (*FOLDERS, "cifar-10-batches-py"), ("data_batch_1",), ("",)):
        return f"CIFAR-10's Python batches are pickles and are not opened; put {what}, into {place}."
    return f"cifar10 is not under {shown(root, 200)}; put {what}, into {place}."


def read_batch(file: LocalFile) -> tuple[Array, NDArray[np.int64]]:
    """Returns the images (N, 3, 32, 32) and classes (N,) of a binary batch: records of a class and 3072 pixels, red first."""
    if not file.content or len(file.content) % _RECORD:
        raise InputError(f"{shown(file.path, 200)} is no whole number of {_RECORD}-byte records; it is cut: get it again.")
    rows = np.frombuffer(file.content, dtype=np.uint8).reshape(-1, _RECORD)
    if rows[:, 0].max() > 9:
        raise InputError(f"{shown(file.path, 200)} has a class above 9; it is no binary batch of CIFAR-10.")
    return np.ascontiguousarray(rows[:, 1:]).reshape(-1, *SHAPE), rows[:, 0].astype(np.int64)


def cifar10_jpeg75(options: Mapping[str, object]) -> StoredSource:
    """Returns the JPEG copy (quality 75) of CIFAR-10 as a data set of its own: lossy, never to be mixed with the lossless one.

    File: an .npz in which image i is the JPEG ``header + tails[offset[i]:offset[i + 1]]``, with ``label`` and ``n_train``.
    Needs Pillow; raises InputError where that or the file is absent, and for damaged images.
    """
    root = data_root("cifar10-jpeg75", options)
    found = find_files(root, FOLDERS, (JPEG,), ("",))
    if found is None:
        raise InputError(f"cifar10-jpeg75 is not under {shown(root, 200)}; put {JPEG} into {root / FOLDERS[0]}.")
    file = read_local(found[0])
    arrays = read_npz(file)
    missing = {"header", "tails", "offset", "label", "n_train"} - set(arrays)
    if missing:
        raise InputError(f"{shown(file.path, 200)} holds no {', '.join(sorted(missing))}; get the file again.")
    images, labels, first = _decoded(file, arrays), arrays["label"].astype(np.int64), int(arrays["n_train"])
    if len(labels) != len(images) or not 0 < first < len(images):
        raise InputError(f"{shown(file.path, 200)}: {len(labels)} classes, {len(images)} images, n_train {first} do not fit.")
    train, test = Labelled(images[:first], labels[:first], 255), Labelled(images[first:], labels[first:], 255)
    return StoredSource("cifar10-jpeg75", train, test, {file.path.name: file.words(None) + "; lossy: JPEG of quality 75"})


def _decoded(file: LocalFile, arrays: Mapping[str, Array]) -> Array:
    try:
        from PIL import Image  # late: Pillow
    except ImportError:
        raise InputError("data 'cifar10-jpeg75' needs Pillow; type pip install pillow.") from None
    header, tails, offset = arrays["header"].tobytes(), arrays["tails"].tobytes(), arrays["offset"].astype(np.int64)
    if offset.ndim != 1 or len(offset) < 2 or offset[0] < 0 or (np.diff(offset) <= 0).any() or offset[-1] > len(tails):
        raise InputError(f"{shown(file.path, 200)} has offsets that are no places in its images; get the file again.")
    images = np.empty((len(offset) - 1, *SHAPE), dtype=np.uint8)
    for i in range(len(images)):
        try:
            with Image.open(io.BytesIO(header + tails[offset[i] : offset[i + 1]]), formats=("JPEG",)) as image:
                images[i] = np.moveaxis(np.asarray(image.convert("RGB")), 2, 0)
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(f"{shown(file.path, 200)}: image {i} cannot be decoded ({error}); get the file again.") from None
    return images
