"""Claim: a classifier that trains in seconds to minutes gives images a feature space in which distances mean something.

Trains the small convolutional classifier of `wgflow.gan.metrics.classifier` on images with classes (digits, mnist,
fashion-mnist, usps, cifar10, cifar10-jpeg75, or an .npz), writes its weights to FILE.safetensors and what it is to FILE.json:
data and their checksums, accuracy on held-out images, settings. `measure(..., features="classifier:FILE.safetensors")` then
gives Frechet distance, KID, class coverage and class balance under the name classifier:DATA.

The table says how well it does on held-out images, and that its features order images as they should: the Frechet distance
to held-out images is small for training images, larger for noisy ones, and larger still for noise alone.

    python analysis/train_classifier.py --data digits --out digits.safetensors
    python analysis/train_classifier.py --data mnist --data-root DATA --out mnist.safetensors [--epochs 3] [--device cuda]
"""

from __future__ import annotations

import argparse
import sys
from math import cos, pi
from pathlib import Path

import numpy as np
import torch

import wgflow as wg
from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.dynamics.random_streams import stream
from wgflow.gan.data.names import make_source
from wgflow.gan.data.stored import StoredSource
from wgflow.gan.metrics.classifier import Classifier, ClassifierSpace, save_classifier
from wgflow.gan.metrics.frechet import frechet_distance, normal_fit
from wgflow.gan.study.script import exit_code_of
from wgflow.gan.training.process_group import chosen_device

EPOCHS = {"digits": 30, "usps": 12}  # 5 for the larger ones
RATE, DECAY, SHOWN = 3e-3, 1e-2, 2000


def trained(source: StoredSource, epochs: int, batch: int, width: int, seed: int, device: str) -> Classifier:
    """Returns a classifier trained by AdamW (Loshchilov and Hutter 2019) with a rate that falls as half a cosine."""
    labels = source.train.labels
    channels, height, wide = source.shape
    assert labels is not None
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Classifier((channels, height, wide), int(labels.max()) + 1, width).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = max(1, epochs * len(labels) // batch)
    for step in range(steps):
        rows = stream(seed, f"classifier/{step}").integers(len(labels), size=batch)
        images = torch.from_numpy(source.train.shown(rows)).to(device)
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 + cos(pi * step / steps)) / 2
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), torch.from_numpy(labels[rows]).to(device)).backward()
        optimizer.step()
    network.scale_features(torch.from_numpy(source.batch(seed, 0, min(SHOWN, len(labels)))).to(device))
    return network.train(False)


def accuracy(space: ClassifierSpace, source: StoredSource) -> float:
    """Returns the share of held-out images whose most probable class is theirs."""
    part = source.test
    chances = space.see(part.shown(np.arange(len(part.values)))).probabilities
    assert chances is not None
    return float((np.argmax(chances, axis=1) == part.labels).mean())


def distances(space: ClassifierSpace, source: StoredSource, seed: int) -> dict[str, float]:
    """Returns squared Frechet distances of features to held-out images: real ones, ones with noise, noise."""
    real = source.reference(seed, SHOWN)
    images = source.batch(seed, 0, min(SHOWN, source.count or SHOWN))
    noise = stream(seed, "classifier/noise").uniform(-1, 1, images.shape).astype(np.float32)
    fit = normal_fit(space.see(real).features)
    samples = {"training images": images, "with a quarter of noise": 0.75 * images + 0.25 * noise, "noise": noise}
    return {name: frechet_distance(normal_fit(space.see(each).features), fit) for name, each in samples.items()}


def labelled(name: str, options: dict[str, object]) -> StoredSource:
    """Returns a data source of images with classes; raises InputError for any other."""
    source = make_source(name, options)
    if not isinstance(source, StoredSource) or len(source.shape) != 3 or source.test.labels is None:
        raise InputError(f"data {name!r} has no images with classes; type digits, mnist, fashion-mnist, usps or cifar10.")
    return source


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--data-root", default=None)
    parser.add_argument("--file", default=None, help="of --data npz")
    parser.add_argument("--out", required=True, help="FILE.safetensors")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    options = {"data-root": given.data_root, "file": given.file}
    source = labelled(given.data, {name: value for name, value in options.items() if value is not None})
    epochs = integer(EPOCHS.get(given.data, 5) if given.epochs is None else given.epochs, "epochs", 1, 10_000)
    batch, width = integer(given.batch, "batch", 1, 10**6), integer(given.width, "width", 1, 4096)
    seed, device = integer(given.seed, "seed", 0, 2**63 - 1), str(chosen_device(given.device))
    if not Path(given.out).absolute().parent.is_dir():
        raise InputError(f"there is no folder to write {shown(given.out, 200)} into; make it first.")
    network = trained(source, epochs, batch, width, seed, device)
    space = ClassifierSpace(network, source.name, source.shape, device)
    found = accuracy(space, source)
    about = {
        "data": source.name,
        "shape": list(source.shape),
        "classes": network.last.out_features,
        "width": width,
        "accuracy": found,
        "held_out": len(source.test.values),
        "epochs": epochs,
        "batch": batch,
        "seed": seed,
        "files": source.provenance(),
        "versions": {"wgflow": wg.__version__, "torch": torch.__version__},
    }
    save_classifier(network, Path(given.out), about)
    print(f"{'data':26}{'held out':>10}{'accuracy':>10}")
    print(f"{source.name:26}{len(source.test.values):>10}{found:>10.4f}\n")
    print(f"{'images':26}{'Frechet distance to held-out images':>10}")
    for name, value in distances(space, source, seed).items():
        print(f"{name:26}{value:>10.4g}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
