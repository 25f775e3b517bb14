"""What a classifier says of generated images beside real ones: classes reached, imbalance, confidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.record import record

Floats = NDArray[np.float64]


@record
class ClassBalance:
    """What `class_balance` finds, all in [0, 1]."""

    coverage: float
    total_variation: float
    confidence: float


def class_balance(generated: Floats, real: Floats) -> ClassBalance:
    """Returns the share of classes reached, the distance of the class histograms, and the mean confidence.

    generated: (N, K), real: (M, K) class probabilities by the same classifier. A class is reached when some generated image
    belongs to it with probability above 1/2. total_variation = sum |h - h'|/2 of the shares of most probable classes; the
    real ones are classified too, so that the classifier's own errors are on both sides. confidence: the mean over the
    generated images of the largest probability, which noise may have as well: read it beside a distance.

    >>> found = class_balance(np.array([[0.9, 0.1], [0.7, 0.3]]), np.array([[0.8, 0.2], [0.1, 0.9]]))
    >>> found.coverage, found.total_variation, round(found.confidence, 9)
    (0.5, 0.5, 0.8)
    """
    classes = generated.shape[1]
    best, chance = generated.argmax(axis=1), generated.max(axis=1)
    shares = [np.bincount(each.argmax(axis=1), minlength=classes) / len(each) for each in (generated, real)]
    return ClassBalance(
        coverage=len(np.unique(best[chance > 0.5])) / classes,
        total_variation=float(np.abs(shares[0] - shares[1]).sum() / 2),
        confidence=float(chance.mean()),
    )
