"""The interface of a feature space, in which distances between images are measured; and the plainest one, the pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from wgflow.gan.data.source import Batch
from wgflow.record import record

Floats = NDArray[np.float64]


@record
class Seen:
    """What a feature space says of N samples: features (N, d), and class probabilities (N, K) where it knows classes."""

    features: Floats
    probabilities: Floats | None


class FeatureSpace(ABC):
    """``name`` stands in the name of every number that is measured in this space; numbers of two spaces are never compared."""

    name: str

    @abstractmethod
    def see(self, samples: Batch) -> Seen:
        """Returns the features of samples (N, *shape)."""

    @abstractmethod
    def check(self, data: str, shape: tuple[int, ...]) -> None:
        """Raises InputError where samples of this data set, of this shape, do not belong into this space."""


class Coordinates(FeatureSpace):
    """The samples themselves: "pixels" of images, "points" of anything else."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.name = "points" if len(shape) == 1 else "pixels"

    def see(self, samples: Batch) -> Seen:
        return Seen(samples.reshape(len(samples), -1).astype(np.float64), None)

    def check(self, data: str, shape: tuple[int, ...]) -> None:
        return None
