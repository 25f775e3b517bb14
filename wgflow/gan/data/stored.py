"""Training data held in memory: every epoch is one permutation, keyed by the seed and the epoch's number."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream
from wgflow.gan.data.source import Batch, DataSource
from wgflow.record import record


@record
class Labelled:
    """Samples (N, ...) with their classes (N,), None where they have none. ``top``: the value that white has; a sample of
    integers 0 ... top is shown as 2 value/top - 1, one with top = 0 as it is."""

    values: NDArray[np.generic]
    labels: NDArray[np.int64] | None
    top: int

    def shown(self, rows: NDArray[np.int64]) -> Batch:
        """Returns rows as float32, images in [-1, 1]."""
        chosen = self.values[rows].astype(np.float32)
        if self.top:
            chosen *= np.float32(2 / self.top)
            chosen -= 1
        return chosen


class StoredSource(DataSource):
    """Stored samples, a training part and a held-out part. Batches run through epochs; one may span two of them."""

    mixture = None

    def __init__(self, name: str, train: Labelled, test: Labelled, origin: dict[str, str]) -> None:
        for part, what in ((train, "training"), (test, "held-out")):
            if not len(part.values) or part.values.shape[1:] != train.values.shape[1:]:
                raise InputError(f"data {name}: the {what} part has the shape {part.values.shape}; give (N, ...), N >= 1.")
            if (part.labels is None) != (train.labels is None):
                raise InputError(f"data {name}: one part has classes and the other has none; give both, or neither.")
            if part.labels is not None and part.labels.shape != (len(part.values),):
                raise InputError(f"data {name}: {len(part.values)} {what} samples with {len(part.labels)} labels.")
        self.name, self.train, self.test, self._origin = name, train, test, origin
        self.shape, self.count = tuple(train.values.shape[1:]), len(train.values)

    def batch(self, seed: int, step: int, size: int) -> Batch:
        count = len(self.train.values)
        place = step * size + np.arange(size)
        epoch, inside = place // count, place % count
        rows = np.empty(size, dtype=np.int64)
        for each in range(int(epoch[0]), int(epoch[-1]) + 1) if size else ():
            mine = epoch == each
            rows[mine] = _order(seed, f"data/epoch/{each}", count)[inside[mine]]
        return self.train.shown(rows)

    def reference(self, seed: int, size: int) -> Batch:
        return self.test.shown(_order(seed, "reference", len(self.test.values))[:size])

    def provenance(self) -> dict[str, str]:
        return dict(self._origin)


@lru_cache(maxsize=4)  # a permutation takes longer than a batch of it
def _order(seed: int, purpose: str, count: int) -> NDArray[np.int64]:
    return stream(seed, purpose).permutation(count)
