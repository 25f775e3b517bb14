"""A small classifier of images, whose last hidden layer is a named feature space (trained by analysis/train_classifier.py)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.files import write_whole
from wgflow.gan.data.source import Batch
from wgflow.gan.metrics.feature_space import FeatureSpace, Seen

SCHEMA = "wgflow.classifier/1"
FEATURES, ROWS = 64, 500
_KEYS = ("schema", "data", "shape", "classes", "width", "sha256")


class Classifier(nn.Module):
    """Three convolutions, the image halved twice, then FEATURES numbers and a linear map to the classes."""

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int = 16) -> None:
        super().__init__()
        channels, height, wide = shape
        self.image = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.hidden = nn.Linear(4 * width * -(-height // 4) * -(-wide // 4), FEATURES)
        self.last = nn.Linear(FEATURES, classes)

    def features(self, images: Tensor) -> Tensor:
        """Returns the features (B, FEATURES) of images (B, *shape): the hidden layer after its nonlinearity."""
        return torch.relu(self.hidden(self.image(images)))

    @torch.no_grad()
    def scale_features(self, images: Tensor) -> None:
        """Rescales the features to mean square 1 over ``images`` and leaves the logits as they are: the cubic kernel of KID
        weighs features by their size, which training leaves to chance."""
        size = self.features(images).double().square().mean().sqrt().float()
        if size > 0:
            for each in self.hidden.parameters():
                each.div_(size)
            self.last.weight.mul_(size)

    def forward(self, images: Tensor) -> Tensor:
        """Returns the logits (B, classes) of images (B, *shape)."""
        scores: Tensor = self.last(self.features(images))
        return scores


class ClassifierSpace(FeatureSpace):
    """The feature space of a trained classifier, "classifier:DATA"; for samples of the data that it was trained on, only."""

    def __init__(self, classifier: Classifier, data: str, shape: tuple[int, ...], device: str = "cpu") -> None:
        self.name, self.data, self.shape, self.device = f"classifier:{data}", data, shape, device
        self.classifier = classifier.to(device).requires_grad_(False)

    def see(self, samples: Batch) -> Seen:
        features, chances = [], []
        for start in range(0, len(samples), ROWS):
            images = torch.from_numpy(np.ascontiguousarray(samples[start : start + ROWS])).to(self.device)
            found = self.classifier.features(images)
            features.append(found.double().cpu().numpy())
            chances.append(self.classifier.last(found).double().softmax(dim=1).cpu().numpy())
        return Seen(np.concatenate(features), np.concatenate(chances))

    def check(self, data: str, shape: tuple[int, ...]) -> None:
        if (data, shape) != (self.data, self.shape):
            raise InputError(
                f"the classifier was trained on {self.data} {self.shape}, the samples are {data} {shape}; "
                f"type python analysis/train_classifier.py --data {data} --out {data}.safetensors."
            )


def save_classifier(classifier: Classifier, path: Path, about: Mapping[str, object]) -> None:
    """Writes the weights to ``path`` (safetensors) and ``about`` with their SHA-256 beside it (.json). Raises OSError.

    ``about`` names data, shape, classes and width, and may hold more: accuracy, checksums of the data, versions.
    """
    from safetensors.torch import save  # late: only files need it

    weights = save({name: value.detach().cpu().contiguous() for name, value in classifier.state_dict().items()})
    write_whole(path, weights)
    text = json.dumps({"schema": SCHEMA, **about, "sha256": hashlib.sha256(weights).hexdigest()}, indent=2)
    write_whole(path.with_suffix(".json"), text.encode() + b"\n")


def load_classifier(path: Path, device: str = "cpu") -> ClassifierSpace:
    """Returns the feature space of a saved classifier; raises InputError for files that are absent, damaged or do not fit."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    about = _about(path.with_suffix(".json"))
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise InputError(f"the classifier {shown(path, 200)} cannot be read ({error.strerror}).") from None
    if hashlib.sha256(weights).hexdigest() != about["sha256"]:
        raise InputError(f"{shown(path, 200)} has not the SHA-256 of {path.with_suffix('.json').name}; train it again.")
    try:
        channels, height, wide = (integer(each, "shape", 1, 4096) for each in about["shape"])  # type: ignore[attr-defined]
        shape, classes = (channels, height, wide), integer(about["classes"], "classes", 2, 10**5)
        classifier = Classifier(shape, classes, integer(about["width"], "width", 1, 4096))
        classifier.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{shown(path, 200)} holds no classifier as its .json describes it ({first}); train it again.") from None
    return ClassifierSpace(classifier.train(False), str(about["data"]), shape, device)


def _about(path: Path) -> dict[str, object]:
    try:
        about = json.loads(path.read_bytes())
    except OSError:
        raise InputError(f"{shown(path, 200)} is absent; a classifier is a .safetensors file and a .json beside it.") from None
    except (ValueError, RecursionError):
        raise InputError(f"{shown(path, 200)} is not JSON; train the classifier again.") from None
    if (
        not isinstance(about, dict)
        or about.get("schema") != SCHEMA
        or not set(_KEYS) <= set(about)
        or type(about["shape"]) is not list
    ):
        raise InputError(f"{shown(path, 200)} describes no classifier ({SCHEMA}); train it again.")
    return about
