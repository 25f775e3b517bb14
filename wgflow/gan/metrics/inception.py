"""The standard Inception network as a feature space: the only one in which a number here is called FID or IS.

The network and the reading of its weights are torch-fidelity's (Obukhov et al. 2020), which needs torchvision. Its weights
file is a pickle, which can run code when it is opened: it is opened only after its SHA-256 was found to be the published one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.data.source import Batch
from wgflow.gan.metrics.feature_space import FeatureSpace, Floats, Seen
from wgflow.gan.metrics.kernel_blocks import Estimate

STANDARD = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
FILE = "weights-inception-2015-12-05-6726825d.pth"
ROWS, SPLITS = 50, 10


class InceptionSpace(FeatureSpace):
    """Inception's 2048 pooled features; images of one channel are shown as grey, all in 8 bits, as the standard has it."""

    name = "inception"

    def __init__(self, path: Path, device: str = "cpu") -> None:
        _require_standard(path)
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3  # late: an extra
        except ImportError:
            raise InputError("FID and IS need torch-fidelity and torchvision; type pip install torch-fidelity.") from None
        self.device = device
        self.network = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], str(path)).to(device)

    def see(self, samples: Batch) -> Seen:
        features, chances = [], []
        for start in range(0, len(samples), ROWS):
            with torch.no_grad():
                found, logits = self.network(torch.from_numpy(eight_bits(samples[start : start + ROWS])).to(self.device))
            features.append(found.double().cpu().numpy())
            chances.append(logits.double().softmax(dim=1).cpu().numpy())
        return Seen(np.concatenate(features), np.concatenate(chances))

    def check(self, data: str, shape: tuple[int, ...]) -> None:
        if len(shape) != 3 or shape[0] not in (1, 3):
            raise InputError(f"FID and IS are of images (1 or 3, height, width); samples of {data} have the shape {shape}.")


def eight_bits(images: Batch) -> np.ndarray:
    """Returns images in [-1, 1] as bytes with three channels: 127.5 (x + 1), rounded, clipped.

    >>> eight_bits(np.array([[[[-1.0, 1.0, 3.0]]]], dtype=np.float32)).tolist()
    [[[[0, 255, 255]], [[0, 255, 255]], [[0, 255, 255]]]]
    """
    grey = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)
    return np.repeat(grey, 3, axis=1) if grey.shape[1] == 1 else grey


def inception_score(probabilities: Floats) -> Estimate:
    """Returns IS = exp(mean over x of KL(p(c|x) | p(c))), the mean over 10 parts of the samples, and its standard error.

    Salimans et al. 2016, section 4. probabilities: (N, K). The literature's +- is the parts' spread, sqrt(10) times as large.

    >>> inception_score(np.tile(np.eye(2), (10, 1))).value
    2.0
    """
    scores = []
    for part in np.array_split(probabilities, min(SPLITS, len(probabilities))):
        mean = part.mean(axis=0)
        ratio = np.divide(part, mean, out=np.ones_like(part), where=part > 0)
        scores.append(float(np.exp((part * np.log(ratio)).sum(axis=1).mean())))
    spread = np.std(scores, ddof=1) if len(scores) > 1 else 0.0
    return Estimate(float(np.mean(scores)), float(spread / np.sqrt(len(scores))))


def _require_standard(path: Path) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"Inception's weights {shown(path, 200)} cannot be read ({error.strerror}); give {FILE}.") from None
    if digest != STANDARD:
        raise InputError(f"{shown(path, 200)} is not {FILE}: its SHA-256 is {digest}; FID and IS are of those weights alone.")
