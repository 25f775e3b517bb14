"""The data sources by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.data.arrays import stored_arrays
from wgflow.gan.data.cifar import cifar10, cifar10_jpeg75
from wgflow.gan.data.digits import digits
from wgflow.gan.data.idx import idx_images
from wgflow.gan.data.law import PLANAR, planar_law, written_law
from wgflow.gan.data.source import DataSource
from wgflow.gan.data.usps import usps

_OTHERS: dict[str, Callable[[Mapping[str, object]], DataSource]] = {
    "law": written_law,
    "digits": digits,
    "usps": usps,
    "cifar10": cifar10,
    "cifar10-jpeg75": cifar10_jpeg75,
    "npz": stored_arrays,
}
_IDX = ("mnist", "fashion-mnist")
FROM_FILES = (*_IDX, "usps", "cifar10", "cifar10-jpeg75", "npz")  # these take data-root
NAMES = (*PLANAR, *_OTHERS, *_IDX)


def make_source(name: str, options: Mapping[str, object] | None = None) -> DataSource:
    """Returns the data source ``name`` with its options; raises InputError for other names, options, and absent files.

    Laws: eight-gaussians, twenty-five-gaussians, rings, swiss-roll, two-moons (options: their numbers), law (``law``, ``dim``).
    Files under ``data-root``: mnist, fashion-mnist, usps, cifar10, cifar10-jpeg75; npz (``file``). Shipped: digits.

    >>> source = make_source("rings", {"count": 2})
    >>> source.shape, source.batch(seed=0, step=7, size=3).dtype
    ((2,), dtype('float32'))
    """
    given = options or {}
    if name in PLANAR:
        return planar_law(name, given)
    if name in _IDX:
        return idx_images(name, given)
    if name in _OTHERS:
        return _OTHERS[name](given)
    raise InputError(f"data {shown(name)} is not known; type one of {', '.join(NAMES)}.")
