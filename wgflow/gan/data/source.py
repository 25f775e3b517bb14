"""The interface of training data: batches that depend on the seed and the step alone, so that resuming needs no state."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from wgflow.record import record

Batch = NDArray[np.float32]
LARGEST = 1e15  # of a coordinate in size; squares of differences, and sums of these, must stay within float32


@record
class Mixture:
    """Equal normal laws: centres (M, n) and their one standard deviation, an axis; what mode coverage is measured with."""

    centres: NDArray[np.float64]
    deviation: float


class DataSource(ABC):
    """Real samples. ``shape``: of one sample, (n,) for points, (channels, height, width) with values in [-1, 1] for images.
    ``mixture``: the modes of the law, None where it has none that are known. ``count``: how many different samples batches
    are made of, None where every batch is new."""

    name: str
    shape: tuple[int, ...]
    mixture: Mixture | None
    count: int | None

    @abstractmethod
    def batch(self, seed: int, step: int, size: int) -> Batch:
        """Returns the training samples of a step, (size, *shape), a function of (seed, step, size) alone."""

    @abstractmethod
    def reference(self, seed: int, size: int) -> Batch:
        """Returns samples that no batch holds, (size, *shape), for metrics; all held-out ones where there are fewer."""

    @abstractmethod
    def provenance(self) -> dict[str, str]:
        """Returns where the samples come from: the law's text, or the SHA-256 of every file that was read."""
