"""Metrics beside independent computations: SciPy's matrix root, exact laws, loops, scikit-learn, and hand-made samples."""

from __future__ import annotations

import itertools
import json
from math import log, pi, sqrt

import numpy as np
import pytest
import torch

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.particles.distance import sliced_wasserstein_2
from wgflow.gan.data.names import make_source
from wgflow.gan.data.source import Mixture
from wgflow.gan.metrics import inception
from wgflow.gan.metrics.class_balance import class_balance
from wgflow.gan.metrics.classifier import Classifier, ClassifierSpace, load_classifier, save_classifier
from wgflow.gan.metrics.feature_space import FeatureSpace, Seen
from wgflow.gan.metrics.frechet import NormalFit, frechet_distance, normal_fit, normal_law
from wgflow.gan.metrics.inception import inception_score
from wgflow.gan.metrics.kernel_blocks import block_estimate, catalogue_discrepancy, cubic_discrepancy
from wgflow.gan.metrics.measured import measure
from wgflow.gan.metrics.mixture_quality import mixture_quality

torch.set_num_threads(1)


def samples(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# ---- Frechet


def by_matrix_root(m1, s1, m2, s2) -> float:
    from scipy.linalg import sqrtm

    return float(((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * np.real(sqrtm(s1 @ s2))))


@pytest.mark.parametrize("seed", range(6))
def test_frechet_beside_scipy(seed):
    d, n, m = 2 + 3 * seed, 40 + 3 * seed, 60
    x = samples(seed, n, d) @ samples(seed + 100, d, d) + 1
    y = samples(seed + 200, m, d) @ samples(seed + 300, d, d)
    expected = by_matrix_root(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))
    assert frechet_distance(normal_fit(x), normal_fit(y)) == pytest.approx(expected, rel=1e-7)
    laws = normal_law(x.mean(0), np.cov(x.T)), normal_law(y.mean(0), np.cov(y.T))
    assert frechet_distance(*laws) == pytest.approx(expected, rel=1e-7)


def test_frechet_in_closed_form():
    """W_2^2 of commuting normal laws is |m - m'|^2 + sum (sigma - sigma')^2."""
    a, b, shift = np.array([0.0, 1.0, 5.0]), np.array([2.0, 0.0, 1.0]), np.array([1.0, -2.0, 0.5])
    turn, _ = np.linalg.qr(samples(1, 3, 3))
    exact = shift @ shift + ((a - b) ** 2).sum()
    p, q = (NormalFit(m, np.diag(s) @ turn.T) for m, s in ((shift, a), (0 * shift, b)))
    assert frechet_distance(p, q) == pytest.approx(exact, rel=1e-14)
    p, q = (normal_law(m, turn @ np.diag(s**2) @ turn.T) for m, s in ((shift, a), (0 * shift, b)))
    assert frechet_distance(p, q) == pytest.approx(exact, rel=1e-7)  # the covariance holds zeros to 1e-16, its root to 1e-8


def test_frechet_of_singular_covariances():
    """Fewer samples than dimensions; one point repeated; huge and tiny scales: finite, and 0 for equal samples."""
    few, line = samples(2, 5, 50), np.outer(samples(3, 30), samples(4, 50))
    point = np.tile(samples(5, 50), (4, 1))
    for x in (few, line, point, 1e100 * few, 1e-100 * few):
        size = max(float((x**2).sum()), 1e-300)
        assert 0 <= frechet_distance(normal_fit(x), normal_fit(x)) <= 1e-13 * size
    assert frechet_distance(normal_fit(point), normal_fit(point + 1)) == pytest.approx(50)
    turned = frechet_distance(
        normal_fit(np.stack([line[:, 0], 0 * line[:, 0]], 1)), normal_fit(np.stack([0 * line[:, 0], line[:, 0]], 1))
    )
    along = line[:, 0]
    assert turned == pytest.approx(2 * along.var(ddof=1) + 2 * along.mean() ** 2)  # orthogonal lines: no overlap at all
    for wrong in (few[:1], few[0], np.full((3, 2), np.nan)):
        with pytest.raises(InputError, match="finite samples"):
            normal_fit(wrong)


# ---- kernel discrepancies


def by_loops(kernel, x, y) -> float:
    within = [[kernel(a, b) for a, b in itertools.permutations(each, 2)] for each in (x, y)]
    return np.mean(within[0]) + np.mean(within[1]) - 2 * np.mean([kernel(a, b) for a in x for b in y])


@pytest.mark.parametrize("seed", range(5))
def test_cubic_discrepancy_beside_loops_and_scikit_learn(seed):
    from sklearn.metrics.pairwise import polynomial_kernel

    x, y = samples(seed, 5 + seed, 1 + seed), 2 * samples(seed + 50, 4, 1 + seed) + 1
    looped = by_loops(lambda a, b: (a @ b / len(a) + 1) ** 3, x, y)
    assert cubic_discrepancy(x, y) == pytest.approx(looped, rel=1e-12)
    xx, yy, xy = (polynomial_kernel(a, b, degree=3, coef0=1) for a, b in ((x, x), (y, y), (x, y)))
    off = (each[~np.eye(len(each), dtype=bool)].mean() for each in (xx, yy))
    assert cubic_discrepancy(x, y) == pytest.approx(sum(off) - 2 * xy.mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "kernel"),
    [
        ("rbf(1)", lambda a, b: np.exp(-((a - b) @ (a - b)) / 2)),
        ("rbf(1/2)", lambda a, b: np.exp(-2 * ((a - b) @ (a - b)))),
        ("energy", lambda a, b: -sqrt((a - b) @ (a - b))),
    ],
)
def test_catalogue_discrepancy_beside_loops(text, kernel):
    x, y = samples(1, 7, 3), samples(2, 5, 3) + 0.5
    assert catalogue_discrepancy(text)(x, y) == pytest.approx(by_loops(kernel, x, y), rel=1e-12)


def test_blocks_estimate_without_bias_and_with_an_honest_error():
    """Over 200 draws of two normal laws: the mean is the exact MMD^2, and the errors are the spread that is seen."""
    shift, dim = 0.5, 2
    exact = 2 * (1 / 3) ** (dim / 2) * (1 - np.exp(-(shift**2) / 6))  # rbf(1): E e(x - y) for variance 2, ell^2 = 1
    estimator = catalogue_discrepancy("rbf(1)")
    found = []
    for seed in range(200):
        x, y = samples(seed, 60, dim), samples(seed + 10_000, 60, dim)
        y[:, 0] += shift
        found.append(block_estimate(estimator, x, y, seed))
    values, errors = np.array([f.value for f in found]), np.array([f.error for f in found])
    assert values.mean() == pytest.approx(exact, abs=4 * values.std() / sqrt(200))
    assert sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.2)
    with pytest.raises(InputError, match="4 samples"):
        block_estimate(estimator, x[:3], y, 0)
    assert np.isfinite(block_estimate(estimator, x[:4], y, 0).error)


def test_sliced_distance_beside_many_directions():
    x, y = samples(1, 300, 3), samples(2, 300, 3) @ np.diag([1, 2, 0.5]) + 1
    directions = samples(3, 4000, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    squares = ((np.sort(x @ directions.T, axis=0) - np.sort(y @ directions.T, axis=0)) ** 2).mean(axis=0)
    found = sliced_wasserstein_2(x, y, 512, seed=1)
    error = squares.std() / sqrt(4000) / (2 * sqrt(squares.mean()))
    assert abs(found.value - sqrt(squares.mean())) < 5 * (found.error + error) < 0.2


# ---- modes


def test_mixture_quality_of_hand_made_samples():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    mixture = Mixture(centres, 0.5)
    found = mixture_quality(np.array([[1.5, 0.0], [10.0, 1.49], [10.0, 1.51], [4.9, 4.8]]), mixture)
    assert (found.coverage, found.high_quality) == (0.5, 0.5)  # 3 deviations are 1.5, the border included
    assert found.total_variation == 0.5 and found.divergence == pytest.approx(log(2))
    perfect = mixture_quality(np.repeat(centres, 3, axis=0), mixture)
    assert (perfect.coverage, perfect.high_quality, perfect.total_variation, perfect.divergence) == (1, 1, 0, 0)
    collapsed = mixture_quality(np.tile(centres[2], (9, 1)), mixture)
    assert (collapsed.coverage, collapsed.high_quality) == (0.25, 1)
    assert collapsed.total_variation == 0.75 and collapsed.divergence == pytest.approx(log(4))
    astray = mixture_quality(np.full((5, 2), 1e30), mixture)
    assert (astray.coverage, astray.high_quality) == (0, 0) and np.isfinite(astray.divergence)


def test_exact_samples_have_the_quality_of_the_law():
    source = make_source("twenty-five-gaussians")
    found = mixture_quality(source.batch(0, 0, 20_000).astype(float), source.mixture)
    assert found.coverage == 1 and found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.004)
    assert found.divergence == pytest.approx(24 / 40_000, rel=1)


# ---- feature spaces


def test_class_balance():
    generated = np.array([[0.4, 0.3, 0.3], [0.2, 0.8, 0.0], [0.1, 0.9, 0.0], [0.0, 1.0, 0.0]])
    real = np.eye(3)
    found = class_balance(generated, real)
    assert found.coverage == pytest.approx(1 / 3)  # the first is no class with probability above 1/2
    assert found.total_variation == pytest.approx((abs(1 / 4 - 1 / 3) + abs(3 / 4 - 1 / 3) + 1 / 3) / 2)
    assert found.confidence == pytest.approx((0.4 + 0.8 + 0.9 + 1) / 4)


def small_classifier(seed: int = 0) -> Classifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Classifier((1, 8, 8), 10, 4).train(False)


ABOUT = {"data": "digits", "shape": [1, 8, 8], "classes": 10, "width": 4, "accuracy": 0.1}


def test_classifier_is_saved_and_read_again(tmp_path):
    network, images = small_classifier(), make_source("digits").batch(0, 0, 12)
    before = network(torch.from_numpy(images)).detach()
    network.scale_features(torch.from_numpy(images))
    assert torch.allclose(network(torch.from_numpy(images)), before, atol=1e-5)
    save_classifier(network, tmp_path / "c.safetensors", ABOUT)
    space = load_classifier(tmp_path / "c.safetensors")
    seen = space.see(images)
    assert space.name == "classifier:digits" and seen.features.shape == (12, 64)
    assert (seen.features**2).mean() == pytest.approx(1, rel=1e-5)
    assert seen.probabilities == pytest.approx(before.double().softmax(1).numpy(), abs=1e-5)


def test_wrong_classifier_files(tmp_path):
    path = tmp_path / "c.safetensors"
    with pytest.raises(InputError, match=r"c\.json' is absent"):
        load_classifier(path)
    save_classifier(small_classifier(), path, ABOUT)
    about, weights = json.loads(path.with_suffix(".json").read_text()), path.read_bytes()
    path.write_bytes(weights[:-1] + b"x")
    with pytest.raises(InputError, match="SHA-256"):
        load_classifier(path)
    path.write_bytes(weights)
    wrong = ({"width": 8}, {"shape": [1, 8]}, {"shape": None}, {"classes": 1}, {"schema": "x"}, {"shape": "188"}, {"width": -1})
    for change in wrong:
        path.with_suffix(".json").write_text(json.dumps({**about, **change}))
        with pytest.raises(InputError, match="train it again"):
            load_classifier(path)
    for text in ("[" * 10**5, "{", "[]"):
        path.with_suffix(".json").write_text(text)
        with pytest.raises(InputError, match="train"):
            load_classifier(path)


def test_classifier_refuses_other_data():
    space = ClassifierSpace(small_classifier(), "cifar10", (1, 8, 8))
    source = make_source("digits")
    with pytest.raises(InputError, match="trained on cifar10"):
        measure(source.batch(0, 0, 9), source, 0, space)


def test_inception_opens_no_other_weights(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        inception.InceptionSpace(tmp_path / "none.pth")
    (tmp_path / "w.pth").write_bytes(b"\x80\x04a pickle")
    with pytest.raises(InputError, match="FID and IS are of those weights alone"):
        inception.InceptionSpace(tmp_path / "w.pth")


def test_inception_without_the_library(tmp_path, monkeypatch):
    import hashlib
    import sys

    (tmp_path / "w.pth").write_bytes(b"weights")
    monkeypatch.setattr(inception, "STANDARD", hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(InputError, match="pip install torch-fidelity"):
        inception.InceptionSpace(tmp_path / "w.pth")


def test_inception_score_in_closed_form():
    assert inception_score(np.tile(np.eye(4), (10, 1))).value == pytest.approx(4)  # certain and even
    assert inception_score(np.full((50, 4), 0.25)).value == pytest.approx(1)  # no idea
    p = np.tile([[0.9, 0.1], [0.1, 0.9]], (20, 1))
    assert inception_score(p).value == pytest.approx(np.exp(0.9 * log(1.8) + 0.1 * log(0.2)))
    assert inception_score(np.eye(3)).error == 0


class Fixed(FeatureSpace):
    """A stand-in for a network: the mean of the image and its first pixel, and two classes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def see(self, samples):
        flat = samples.reshape(len(samples), -1).astype(float)
        first = (flat[:, 0] > 0).astype(float)
        return Seen(np.stack([flat.mean(1), flat[:, 0]], 1), np.stack([first, 1 - first], 1))

    def check(self, data, shape):
        return None


# ---- all of it


def test_fid_and_is_are_named_with_inception_alone():
    source = make_source("digits")
    names = {
        space.name: set(measure(source.batch(0, 0, 50), source, 0, space))
        for space in (Fixed("inception"), Fixed("classifier:x"))
    }
    assert {"FID", "FID floor", "IS", "IS error"} <= names["inception"] and not {"FID", "IS"} & names["classifier:x"]
    assert {"frechet[classifier:x]", "kid[classifier:x] error", "class-coverage[classifier:x]"} <= names["classifier:x"]
    assert not any(each.startswith(("FID", "IS")) for each in measure(source.batch(0, 0, 50), source, 0))


def test_measured_numbers_are_those_of_the_parts():
    source = make_source("eight-gaussians")
    fake = source.batch(1, 0, 300) * np.float32(0.5)
    found = measure(fake, source, 7)
    real = source.reference(7, 300).astype(float)
    assert found["coverage"] == found["high-quality"] == 0 and found["samples"] == found["reference"] == 300
    angle = np.linspace(0, pi, 2000, endpoint=False)
    directions = np.stack([np.cos(angle), np.sin(angle)])
    squares = ((np.sort(fake @ directions, axis=0) - np.sort(real @ directions, axis=0)) ** 2).mean()
    assert found["sliced-w2"] == pytest.approx(sqrt(squares), rel=1e-3)
    assert found["mmd2[rbf(1)]"] > 10 * found["mmd2[rbf(1)] error"] > 0 and found["sliced-w2 floor"] < found["sliced-w2"]
    assert measure(fake, source, 7) == found and "mmd2[energy]" in measure(fake, source, 7, kernel="energy")


def test_real_images_score_as_their_floor_and_noise_does_not():
    source = make_source("digits")
    real = measure(source.batch(1, 5, 300), source, 0)
    noise = measure(np.random.default_rng(0).uniform(-1, 1, (300, 1, 8, 8)), source, 0)
    assert real["frechet[pixels]"] == pytest.approx(real["frechet[pixels] floor"], rel=0.2)
    assert abs(real["kid[pixels]"]) < 5 * real["kid[pixels] error"]
    assert noise["frechet[pixels]"] > 20 * real["frechet[pixels]"] and noise["kid[pixels]"] > 10 * real["kid[pixels] error"]
    same = measure(source.reference(0, 300), source, 0)
    assert same["frechet[pixels]"] < 1e-10 and same["sliced-w2[pixels]"] == 0


@pytest.mark.parametrize("kind", ["collapsed", "huge", "tiny", "least"])
def test_never_nan(kind):
    for source in (make_source("eight-gaussians"), make_source("digits")):
        fake = source.batch(0, 0, 4 if kind == "least" else 40)
        fake = {"collapsed": 0 * fake + fake[:1], "huge": 1e15 * fake, "tiny": 1e-30 * fake, "least": fake}[kind]
        assert np.isfinite(list(measure(fake, source, 0).values())).all()


def test_wrong_samples():
    source = make_source("eight-gaussians")
    good = source.batch(0, 0, 9)
    for wrong, message in ((good[:3], "N >= 4"), (good[:, :1], "shape"), (good * np.nan, "not finite")):
        with pytest.raises(InputError, match=message):
            measure(wrong, source, 0)
    for features in ("vgg", "classifier:", "inception:", "pixels:x", "classifier:/nowhere/c.safetensors"):
        with pytest.raises(InputError):
            measure(good, source, 0, features)
    with pytest.raises(InputError):
        measure(good, source, 0, kernel="no kernel")
