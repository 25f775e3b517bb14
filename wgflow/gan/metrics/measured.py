"""Everything that is measured of generated samples, by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.particles.distance import sliced_wasserstein_2
from wgflow.gan.data.source import Batch, DataSource
from wgflow.gan.metrics.class_balance import class_balance
from wgflow.gan.metrics.feature_space import Coordinates, FeatureSpace, Floats, Seen
from wgflow.gan.metrics.frechet import frechet_distance, normal_fit
from wgflow.gan.metrics.kernel_blocks import block_estimate, catalogue_discrepancy, cubic_discrepancy
from wgflow.gan.metrics.mixture_quality import mixture_quality

KERNEL = "rbf(1)"
LEAST = 4


def measure(
    generated: Batch, source: DataSource, seed: int, features: str | FeatureSpace | None = None, kernel: str = KERNEL
) -> dict[str, float]:
    """Returns what generated samples (N, *shape) score beside as many held-out real ones; raises InputError.

    Points: ``sliced-w2`` (Bonneel et al. 2015), ``mmd2[KERNEL]``, and for mixtures ``coverage``, ``high-quality``, ``mode-tv``,
    ``mode-kl`` (`mixture_quality`). Images, in the feature space F ("pixels" where none is given, "classifier:FILE",
    "inception:FILE"): ``frechet[F]`` (squared), ``kid[F]``, ``sliced-w2[F]``; with a classifier ``class-coverage[F]``,
    ``class-tv[F]``, ``confidence[F]``. With the standard Inception weights, and with these only, ``FID`` and ``IS``.

    ``NAME error`` is a standard error where one is estimated: of the directions for sliced W2, of the samples elsewhere.
    ``NAME floor`` is the same number of real training samples, which no generator can be expected to pass.

    >>> from wgflow.gan.data.names import make_source
    >>> source = make_source("eight-gaussians")
    >>> scores = measure(source.batch(seed=1, step=0, size=200), source, seed=2)
    >>> scores["coverage"], scores["high-quality"] > 0.95, abs(scores["mmd2[rbf(1)]"]) < 0.1
    (1.0, True, True)
    """
    fake = _checked(generated, source)
    real = source.reference(seed, len(fake))
    size = len(fake) if source.count is None else min(len(fake), source.count)
    others = source.batch(seed, 0, size)
    space = feature_space(features, source)
    space.check(source.name, source.shape)
    seen = [space.see(each) for each in (fake, real, others)]
    points = len(source.shape) == 1
    inner = _of_points if points else _of_images
    found = {"samples": float(len(fake)), "reference": float(len(real))}
    found |= inner(seen[0], seen[1], space, seed, kernel)
    floor = inner(seen[2], seen[1], space, seed, kernel)
    found |= {f"{name} floor": value for name, value in floor.items() if not name.endswith(" error")}
    return found | _of_modes(fake, source) | _of_classes(seen[0], seen[1], space)


def measurable(features: str | FeatureSpace | None, source: DataSource) -> FeatureSpace:
    """Returns the feature space that a text names; raises InputError where `measure` would refuse it or the source."""
    space = feature_space(features, source)
    space.check(source.name, source.shape)
    held = len(source.reference(0, LEAST))
    if held < LEAST:
        raise InputError(f"data {source.name} holds out {held} samples to measure by; at least {LEAST} are needed.")
    return space


def feature_space(features: str | FeatureSpace | None, source: DataSource) -> FeatureSpace:
    """Returns the feature space that a text names: "pixels", "classifier:FILE", "inception:FILE"; raises InputError.

    Points have one space, themselves.
    """
    if isinstance(features, FeatureSpace):
        return features
    kind, _, file = (features or "").partition(":")
    if features is None or (kind in ("pixels", "points") and not file):
        return Coordinates(source.shape)
    if kind == "classifier" and file:
        from wgflow.gan.metrics.classifier import load_classifier  # late: torch

        return load_classifier(Path(file).expanduser())
    if kind == "inception" and file:
        from wgflow.gan.metrics.inception import InceptionSpace

        return InceptionSpace(Path(file).expanduser())
    raise InputError(f"features {shown(features)} are not known; type pixels, classifier:FILE.safetensors or inception:FILE.pth.")


def _checked(generated: Batch, source: DataSource) -> Batch:
    fake = np.asarray(generated, dtype=np.float32)
    if fake.shape[1:] != source.shape or len(fake) < LEAST:
        raise InputError(f"generated samples have the shape {fake.shape}; give (N, {str(source.shape)[1:]}, N >= {LEAST}.")
    if not np.isfinite(fake).all():
        raise InputError("generated samples hold a number that is not finite; nothing can be measured of them.")
    return fake


def _of_points(fake: Seen, real: Seen, space: FeatureSpace, seed: int, kernel: str) -> dict[str, float]:
    mmd = block_estimate(catalogue_discrepancy(kernel), fake.features, real.features, seed)
    name = f"mmd2[{kernel}]"
    return _sliced("sliced-w2", fake.features, real.features, seed) | {name: mmd.value, f"{name} error": mmd.error}


def _of_images(fake: Seen, real: Seen, space: FeatureSpace, seed: int, kernel: str) -> dict[str, float]:
    kid = block_estimate(cubic_discrepancy, fake.features, real.features, seed)
    frechet = frechet_distance(normal_fit(fake.features), normal_fit(real.features))
    name = f"kid[{space.name}]"
    found = {
        "FID" if space.name == "inception" else f"frechet[{space.name}]": frechet,
        name: kid.value,
        f"{name} error": kid.error,
    }
    return found | _sliced(f"sliced-w2[{space.name}]", fake.features, real.features, seed)


def _sliced(name: str, fake: Floats, real: Floats, seed: int) -> dict[str, float]:
    found = sliced_wasserstein_2(fake, real, seed=seed)
    return {name: found.value, f"{name} error": found.error}


def _of_modes(fake: Batch, source: DataSource) -> dict[str, float]:
    if source.mixture is None:
        return {}
    found = mixture_quality(fake.astype(np.float64), source.mixture)
    return {
        "coverage": found.coverage,
        "high-quality": found.high_quality,
        "mode-tv": found.total_variation,
        "mode-kl": found.divergence,
    }


def _of_classes(fake: Seen, real: Seen, space: FeatureSpace) -> dict[str, float]:
    if fake.probabilities is None or real.probabilities is None:
        return {}
    if space.name == "inception":
        from wgflow.gan.metrics.inception import inception_score

        score = inception_score(fake.probabilities)
        return {"IS": score.value, "IS error": score.error}
    found = class_balance(fake.probabilities, real.probabilities)
    named = {"class-coverage": found.coverage, "class-tv": found.total_variation, "confidence": found.confidence}
    return {f"{name}[{space.name}]": value for name, value in named.items()}
