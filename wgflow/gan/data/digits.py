"""scikit-learn's handwritten digits, 8 x 8: shipped with that library, so that tests and small studies need no files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream
from wgflow.gan.data.stored import Labelled, StoredSource
from wgflow.gan.options import Options

HELD_OUT = 360  # of 1797; the same ones for everybody
TOP = 16


def digits(options: Mapping[str, object]) -> StoredSource:
    """Returns 1437 digits for training and 360 held out, (1, 8, 8) in [-1, 1] (Alpaydin and Kaynak 1998, UCI).

    Raises InputError where scikit-learn is absent.

    >>> digits({}).batch(seed=0, step=3, size=5).shape
    (5, 1, 8, 8)
    """
    Options("data digits", options).finish()
    try:
        from sklearn.datasets import load_digits  # late: scikit-learn
    except ImportError:
        raise InputError("data 'digits' comes with scikit-learn; type pip install 'wgflow[gan]'.") from None
    loaded = load_digits()
    values = loaded.images.astype(np.uint8)[:, None]
    labels = loaded.target.astype(np.int64)
    order = stream(0, "digits/split").permutation(len(values))
    train, test = order[HELD_OUT:], order[:HELD_OUT]
    digest = hashlib.sha256(values.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
    origin = {"digits": f"scikit-learn's digits, images and labels as bytes: sha256 {digest}"}
    return StoredSource("digits", Labelled(values[train], labels[train], TOP), Labelled(values[test], labels[test], TOP), origin)
