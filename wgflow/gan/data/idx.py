"""MNIST and Fashion-MNIST: the four IDX files (LeCun, Cortes and Burges 1998; Xiao, Rasul and Vollgraf 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.data.local_file import LocalFile, data_root, find_files, read_local
from wgflow.gan.data.stored import Labelled, StoredSource

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FOLDERS = {
    "mnist": ("mnist", "MNIST/raw", "MNIST"),
    "fashion-mnist": ("fashion-mnist", "FashionMNIST/raw", "FashionMNIST"),
}
# SHA-256 of the uncompressed files, in the order of NAMES: gzip's own bytes differ from one packer to the next.
OFFICIAL = {
    "mnist": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "fashion-mnist": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}


def idx_images(name: str, options: Mapping[str, object]) -> StoredSource:
    """Returns the images of "mnist" or "fashion-mnist", (1, 28, 28) in [-1, 1], from IDX files under ``data-root``.

    The files may be gzipped. Raises InputError where they are absent (with what to put where) or damaged.
    """
    root = data_root(name, options)
    paths = find_files(root, FOLDERS[name], NAMES, (".gz", ""))
    if paths is None:
        raise InputError(
            f"{name} is not under {shown(root, 200)}; put {', '.join(NAMES)} (.gz or not) into {root / FOLDERS[name][0]}."
        )
    files = [read_local(path) for path in paths]
    x, y, x_test, y_test = (read_idx(file, dim) for file, dim in zip(files, (3, 1, 3, 1), strict=True))
    origin = {file.path.name: file.words(official) for file, official in zip(files, OFFICIAL[name], strict=True)}
    train = Labelled(x[:, None], y.astype(np.int64), 255)
    return StoredSource(name, train, Labelled(x_test[:, None], y_test.astype(np.int64), 255), origin)


def read_idx(file: LocalFile, dim: int) -> NDArray[np.uint8]:
    """Returns the array of unsigned bytes in an IDX file: two zero bytes, 8 (the type), the number of axes, big-endian lengths.

    Raises InputError for another type, another number of axes than ``dim``, and contents that are cut or too long.
    """
    head = 4 + 4 * dim
    if len(file.content) < head or file.content[:4] != bytes((0, 0, 8, dim)):
        raise InputError(f"{shown(file.path, 200)} is not an IDX file of bytes with {dim} axes; get the file again.")
    shape = tuple(int.from_bytes(file.content[4 + 4 * i : 8 + 4 * i], "big") for i in range(dim))
    if len(file.content) != head + prod(shape):
        raise InputError(
            f"{shown(file.path, 200)} says {shape} but has {len(file.content) - head} bytes; it is cut or damaged: get it again."
        )
    return np.frombuffer(file.content, dtype=np.uint8, offset=head).reshape(shape)
