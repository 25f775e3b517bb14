"""The losses against a naive float64 twin with formulas typed anew, autograd's finite differences, and exact cases."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy import special

import wgflow as wg
from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role, growth_rate
from wgflow.gan.distances import compiled_pairs, pair_tensors
from wgflow.gan.distances.particle_distance import ParticleDistance
from wgflow.gan.distances.periodic_distance import PeriodicDistance
from wgflow.gan.distances.radial_profile import profile_of
from wgflow.gan.distances.softened import softened
from wgflow.gan.distances.trained_kernels import trained_kernels
from wgflow.kernels.text import parse

torch.set_num_threads(1)
F64 = torch.float64


# --- the catalogue, typed anew: (e, de/d(r^2)) as functions of q = r^2 > 0 and the dimension ------------------------


def power(p, factor=1.0):
    """factor * r^(2p)."""
    return lambda q: factor * q**p, lambda q: factor * p * q ** (p - 1)


def logarithm():
    return lambda q: -np.log(q) / 2, lambda q: -0.5 / q


def matern(nu, length):
    c, z = 2 ** (1 - nu) / math.gamma(nu), lambda q: np.sqrt(2 * nu * q) / length

    def slope(q):  # d/dz z^v K_v = -z^v K_{v-1}
        return -c * z(q) ** nu * special.kv(nu - 1, z(q)) * nu / length**2 / z(q)

    return lambda q: c * z(q) ** nu * special.kv(nu, z(q)), slope


def yukawa(length, n):
    v = n / 2 - 1
    c, z = (2 * math.pi) ** (-n / 2) * length ** (2 - n), lambda q: np.sqrt(q) / length

    def slope(q):  # d/dz z^-v K_v = -z^-v K_{v+1}
        return -c * z(q) ** -v * special.kv(v + 1, z(q)) / (2 * length**2 * z(q))

    return lambda q: c * z(q) ** -v * special.kv(v, z(q)), slope


def wendland(smoothness, radius):
    """Wendland 1995: (1-r)^2, (1-r)^4 (1+4r), (1-r)^6 (1 + 6r + 35/3 r^2), and their derivatives divided by 2r."""
    value = [
        lambda r: (1 - r) ** 2,
        lambda r: (1 - r) ** 4 * (1 + 4 * r),
        lambda r: (1 - r) ** 6 * (1 + 6 * r + 35 * r**2 / 3),
    ][smoothness]
    slope = [
        lambda r: -(1 - r) / r,
        lambda r: -10 * (1 - r) ** 3,
        lambda r: -28 / 3 * (1 - r) ** 5 * (1 + 5 * r),
    ][smoothness]
    r = lambda q: np.sqrt(q) / radius  # noqa: E731
    return (
        lambda q: np.where(r(q) < 1, value(np.minimum(r(q), 1)), 0.0),
        lambda q: np.where(r(q) < 1, slope(np.minimum(r(q), 1)), 0.0) / radius**2,
    )


def rbf(length):
    return lambda q: np.exp(-q / (2 * length**2)), lambda q: -np.exp(-q / (2 * length**2)) / (2 * length**2)


def binomial(beta, c2, sign=1.0):
    """sign * (1 + q/c2)^-beta."""
    return lambda q: sign * (1 + q / c2) ** -beta, lambda q: -sign * beta / c2 * (1 + q / c2) ** (-beta - 1)


def laplace(length):
    return lambda q: np.exp(-np.sqrt(q) / length), lambda q: -np.exp(-np.sqrt(q) / length) / (2 * length * np.sqrt(q))


QUARTIC = (lambda q: np.exp(-(q**2)), lambda q: -2 * q * np.exp(-(q**2)))
CATALOGUE = [  # (text, least dimension, formulas in R^n, e(0) or None where it is unbounded)
    ("rbf(0.7)", 1, lambda n: rbf(0.7), 1.0),
    ("rbf(3)", 1, lambda n: rbf(3.0), 1.0),
    ("rq(1/5, 2)", 1, lambda n: binomial(0.2, 1.6), 1.0),
    ("imq(3/2, 1/2)", 1, lambda n: binomial(1.5, 0.25), 1.0),
    ("multiquadric(2)", 1, lambda n: binomial(-0.5, 4.0, -1.0), -1.0),
    ("laplace(2)", 1, lambda n: laplace(2.0), 1.0),
    ("matern(1)", 1, lambda n: matern(1.0, 1.0), 1.0),
    ("matern(3/2, 2)", 1, lambda n: matern(1.5, 2.0), 1.0),
    ("matern(7/2)", 1, lambda n: matern(3.5, 1.0), 1.0),
    ("matern(6/5)", 1, lambda n: matern(1.2, 1.0), 1.0),
    ("matern(3, 0.5)", 1, lambda n: matern(3.0, 0.5), 1.0),
    ("energy", 1, lambda n: power(0.5, -1.0), 0.0),
    ("energy(4/3)", 1, lambda n: power(2 / 3, -1.0), 0.0),
    ("wendland(0, 3)", 1, lambda n: wendland(0, 3.0), 1.0),
    ("wendland(1, 4)", 1, lambda n: wendland(1, 4.0), 1.0),
    ("wendland(2, 2)", 1, lambda n: wendland(2, 2.0), 1.0),
    ("exp(-r**4)", 1, lambda n: QUARTIC, 1.0),
    ("elastic", 1, lambda n: logarithm() if n == 1 else power((1 - n) / 2), None),
    ("riesz(1/2)", 1, lambda n: power(-0.25), None),
    ("riesz(2)", 3, lambda n: power(-1.0), None),
    ("log", 1, lambda n: logarithm(), None),
    ("coulomb", 2, lambda n: logarithm() if n == 2 else power((2 - n) / 2), None),
    ("yukawa(2)", 2, lambda n: yukawa(2.0, n), None),
]


class Naive:
    """A sum of weighted (value, slope) with the energy of all pairs by plain differences."""

    def __init__(self, parts):
        self.parts = parts  # (weight, value, slope, e(0) or None where it is unbounded, softening^2)

    def value(self, q):
        """A pair of coincident points counts nothing where a term is unbounded."""
        total = 0.0
        for weight, value, _, at_zero, h2 in self.parts:
            with np.errstate(all="ignore"):
                total = total + weight * (np.where(q == 0, at_zero or 0.0, value(q)) if h2 == 0 else value(q + h2))
        singular = any(at_zero is None and h2 == 0 for _, _, _, at_zero, h2 in self.parts)
        return np.where(q == 0, 0.0, total) if singular else total

    def slope(self, q):
        total = 0.0
        for weight, _, slope, _, h2 in self.parts:
            with np.errstate(all="ignore"):
                total = total + weight * np.where(q == 0, 0.0, slope(q + h2))
        return total

    def distance(self, x, y, estimator):
        """Returns D, its gradients by x and y, and the sizes of what is added up in them."""
        own = [self._pairs(x, x, estimator), self._pairs(y, y, estimator)]
        mixed, turned = self._pairs(x, y, "V"), self._pairs(y, x, "V")
        value = own[0][0] + own[1][0] - 2 * mixed[0]
        size = own[0][2] + own[1][2] + 2 * mixed[2]
        gx, gy = 2 * (own[0][1] - mixed[1] / len(x)), 2 * (own[1][1] - turned[1] / len(y))
        return value, gx, gy, size, own[0][3] + own[1][3] + mixed[3] + turned[3]

    def _pairs(self, a, b, estimator):
        d = a[:, None, :] - b[None, :, :]
        q = (d**2).sum(2)
        keep = np.ones(q.shape)
        count = float(q.size)
        if a is b and estimator == "U":
            np.fill_diagonal(keep, 0.0)
            count = len(a) * (len(a) - 1)
        values, pushes = keep * self.value(q), (keep * self.slope(q))[:, :, None] * 2 * d
        per = count if a is b else count / len(a)
        total = values.sum() / count
        return total, pushes.sum(1) / per, np.abs(values).sum() / count, np.abs(pushes).sum() / per


def random_kernel(rng, n, h):
    """Returns (text, naive parts) of a mixture of up to three terms; h: the softening of those that are unbounded, or None."""
    families = [f for f in CATALOGUE if n >= f[1] and (h is not None or f[3] is not None)]
    words, parts = [], []
    for i in rng.integers(0, len(families), size=rng.integers(1, 4)):
        text, _, formulas, at_zero = families[i]
        weight = int(rng.integers(1, 9)) / 4 * int(rng.choice([-1, 1]))
        words.append(f"{'-' if weight < 0 else '+'} {abs(weight)}*{text}")
        parts.append((weight, *formulas(n), at_zero, h**2 if at_zero is None else 0.0))
    return " ".join(words), parts


def random_case(case):
    rng = np.random.default_rng([6, case])
    n, estimator = int(rng.integers(1, 17)), "VU"[case % 2]
    least = 2 if estimator == "U" else 1
    x, y = (rng.normal(size=(int(rng.integers(least, 13)), n)) * 2.0 ** rng.integers(-2, 2) for _ in "xy")
    if rng.random() < 0.3:
        x[-1] = y[0]  # coincident points
    if rng.random() < 0.3:
        y[-1] = y[0]
    h = [0.3, None if estimator == "V" else 0.0][int(rng.integers(2))]
    return rng, n, estimator, x, y, h


@pytest.mark.parametrize("start", range(10))
def test_random_cases(start):
    """500 mixtures of the whole catalogue, plain and stabilized: value and gradients in both samples."""
    for case in range(50 * start, 50 * start + 50):
        rng, n, estimator, x, y, h = random_case(case)
        (text, parts), (stabilizer, more) = random_kernel(rng, n, h), random_kernel(rng, n, h)
        distance = ParticleDistance(text, stabilizer, "2/5", n, estimator=estimator, softening=h or 0)
        more = [(-0.4 * weight, *rest) for weight, *rest in more]
        for call, naive in ((distance, Naive(parts)), (distance.stabilized, Naive(parts + more))):
            a, b = (torch.tensor(z, requires_grad=True) for z in (x, y))
            value = call(a, b)
            value.backward()
            wanted, gx, gy, size, push = naive.distance(x, y, estimator)
            assert abs(value.item() - wanted) <= 1e-12 * size + 1e-15, (case, text, stabilizer)
            for found, true in ((a.grad, gx), (b.grad, gy)):
                np.testing.assert_allclose(found.numpy(), true, rtol=0, atol=1e-12 * push + 1e-15, err_msg=f"{case} {text}")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A certificate that says DECAYS."""
    path = tmp_path_factory.mktemp("certificates") / "rbf.json"
    wg.certify("rbf(1)", "matern(1/2)", "2", 2).save(path)
    return path


DERIVATIVES = [
    ("rbf(1) + rbf(2)", 2, {}), ("energy", 3, {}), ("laplace", 9, {}), ("elastic", 2, {"softening": "0.1"}),
    ("elastic", 3, {"estimator": "U"}), ("matern(1)", 2, {}), ("matern(6/5)", 1, {}), ("wendland(1, 5)", 2, {}),
    ("yukawa", 2, {"softening": "0.3"}), ("exp(-r**4)", 2, {}), ("log", 9, {"softening": "1/3", "estimator": "U"}),
    ("sin(r)/r + tanh(r)/r", 1, {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "n", "options"), DERIVATIVES)
def test_first_and_second_derivatives(text, n, options):
    rng = np.random.default_rng(n)
    x, y = (torch.tensor(rng.normal(size=(count, n)), requires_grad=True) for count in ((4, 3) if n < 9 else (2, 2)))
    loss = ParticleDistance(text, "rbf(1/3)", "0.3", n, **options).stabilized
    assert torch.autograd.gradcheck(loss, (x, y))
    assert torch.autograd.gradgradcheck(loss, (x, y))


def test_second_derivatives_of_one_sample_and_through_a_network():
    """A gradient penalty: the norm of the gradient by a network's input, differentiated by its weights."""
    torch.manual_seed(0)
    distance = ParticleDistance("rq(1/2)", dim=2)
    net = torch.nn.Linear(3, 2).double()
    y = torch.randn(5, 2, dtype=F64)

    def penalty(z, weight):
        f = torch.nn.functional.linear(z, weight, net.bias)
        return torch.autograd.grad(distance(f, y), z, create_graph=True)[0].square().sum()

    z = torch.randn(4, 3, dtype=F64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: penalty(z, w), (net.weight.detach().clone().requires_grad_(),))


@pytest.mark.parametrize("n", [1, 3, 9, 40])
@pytest.mark.parametrize("text", ["rbf(2)", "energy", "rq(1/2) + energy(1/2)", "imq(1, 0.1)"])
def test_equal_samples_are_at_distance_zero(text, n):
    """p = q, also with points that coincide within a sample: exactly 0, with gradients that are exactly 0."""
    x = torch.tensor(np.random.default_rng(n).normal(size=(17, n)) * 3 + 5)
    x[4] = x[9]
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    distance = ParticleDistance(text, "laplace", 2, n).stabilized
    loss = distance(a, b)
    loss.backward()
    assert loss.item() == 0 and not a.grad.any() and not b.grad.any()
    for p, q in ((a, x.clone()), (x.clone(), a), (x.clone(), x.clone())):
        assert distance(p, q).item() == 0
    assert not torch.autograd.grad(distance(a, x.clone()), a)[0].any()


@pytest.mark.parametrize("estimator", ["V", "U"])
@pytest.mark.parametrize("n", [2, 12])
def test_who_moves_changes_nothing_but_the_gradients(n, estimator):
    rng = np.random.default_rng(n)
    x, y = (torch.tensor(rng.normal(size=(count, n))) for count in (7, 5))
    distance, found = ParticleDistance("rbf + energy", dim=n, estimator=estimator), []
    for moves in ((True, True), (True, False), (False, True), (False, False)):
        a, b = (z.clone().requires_grad_(move) for z, move in zip((x, y), moves, strict=True))
        value = distance(a, b)
        if any(moves):
            value.backward()
        found.append((value.detach(), a.grad, b.grad))
    for value, by_x, by_y in found[1:]:
        for mine, first in ((value, found[0][0]), (by_x, found[0][1]), (by_y, found[0][2])):
            if mine is not None:
                torch.testing.assert_close(mine, first, rtol=1e-12, atol=1e-14)


def test_autocast_takes_no_digits():
    x, y = torch.randn(9, 3), torch.randn(9, 3)
    distance = ParticleDistance("energy", precision="float32")
    with torch.autocast("cpu", torch.bfloat16):
        inside = distance(x, y)
    assert inside.item() == distance(x, y).item() and inside.dtype == torch.float32


@pytest.mark.parametrize("text", ["rbf", "energy", "laplace", "matern(1)", "rq(1/2)", "wendland(0)"])
def test_single_and_coincident_samples(text):
    """One sample a side: 2 (e(0) - e(r)), and the gradient along the line; all points at one place: finite."""
    x, y = torch.tensor([[1.0, 2.0]], dtype=F64, requires_grad=True), torch.tensor([[1.3, 2.4]], dtype=F64)
    value = ParticleDistance(text)(x, y)
    value.backward()
    kernel = wg.kernel(text)
    assert value.item() == pytest.approx(2 * (kernel(0.0) - kernel(0.5)), rel=1e-12)
    slope = (kernel(0.5 + 1e-6) - kernel(0.5 - 1e-6)) / 2e-6
    np.testing.assert_allclose(x.grad.numpy(), [[2 * slope * 0.6, 2 * slope * 0.8]], rtol=1e-7)
    heap = torch.full((6, 3), 0.7, requires_grad=True)
    loss = ParticleDistance(text)(heap, torch.full((4, 3), 0.7))
    (grad,) = torch.autograd.grad(loss, heap, create_graph=True)
    grad.sum().backward()
    assert loss.item() == 0 and not grad.any() and torch.isfinite(heap.grad).all()


@pytest.mark.parametrize("estimator", ["V", "U"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("text", ["rbf", "energy", "rq(1/5)", "multiquadric", "laplace", "matern(1)", "wendland(2)", "log"])
def test_huge_and_tiny_scales(text, dtype, estimator):
    for exponent in (-150, -40, 40, 150) if dtype == F64 else (-30, -20, 20, 30):
        points = np.random.default_rng(0).normal(size=(2, 5, 3)) * 10.0**exponent
        x, y = (torch.tensor(z, dtype=dtype, requires_grad=True) for z in points)
        loss = ParticleDistance(text, dim=3, estimator=estimator, softening="0.1" if text == "log" else 0)(x, y)
        (grad,) = torch.autograd.grad(loss, x, create_graph=True)
        grad.sum().backward()
        assert loss.dtype == dtype and all(torch.isfinite(z).all() for z in (loss, grad, x.grad, y.grad))


def test_singular_kernels_at_tiny_scales_have_the_right_gradients():
    x = torch.tensor([[0.0, 0.0], [1e-60, 0.0]], dtype=F64, requires_grad=True)
    y = torch.tensor([[0.0, 2e-60], [0.0, 0.0]], dtype=F64)
    loss = ParticleDistance("riesz(1)", dim=2, estimator="U")(x, y)  # a coincident pair counts nothing
    loss.backward()
    wanted = 1e60 + 0.5e60 - (1 / 2 + 1 / math.sqrt(5) + 1) * 1e60 / 2
    assert loss.item() == pytest.approx(wanted, rel=1e-14)
    assert torch.isfinite(x.grad).all() and x.grad.abs().max() > 1e119


def test_not_a_number_is_not_hidden():
    x = torch.tensor([[0.0, math.nan], [1.0, 2.0]])
    assert torch.isnan(ParticleDistance("energy")(x, torch.zeros(2, 2)))
    assert torch.isnan(ParticleDistance("energy", estimator="U")(x, torch.zeros(2, 2)))


@pytest.mark.parametrize("n", [2, 20])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_float32_samples(n, precision):
    """Far from the origin: float64 sums lose nothing of samples in float32; float32 pairs keep six digits of the sizes."""
    rng = np.random.default_rng(n)
    x, y = (torch.tensor(rng.normal(size=(30, n)) + 100, dtype=torch.float32, requires_grad=True) for _ in "xy")
    loss = ParticleDistance("energy", dim=n, precision=precision)(x, y)
    loss.backward()
    naive = Naive([(1.0, *power(0.5, -1.0), 0.0, 0.0)])
    wanted, gx, _, size, _ = naive.distance(x.detach().double().numpy(), y.detach().double().numpy(), "V")
    tolerance = 1e-5 if precision == "float32" else 2e-7
    assert loss.dtype == torch.float32 and abs(loss.item() - wanted) < (
        tolerance * size if precision == "float32" else 2e-7 * wanted
    )
    np.testing.assert_allclose(x.grad.numpy(), gx, atol=tolerance * abs(gx).max() * (10 if precision == "float32" else 1))


@pytest.mark.parametrize("n", [1, 5, 20])
def test_single_precision_far_from_the_origin(n, monkeypatch):
    """Pairs in float32 of float64 samples, by torch: the distance does not know where the origin is."""
    monkeypatch.setattr(compiled_pairs, "is_installed", lambda: False)
    rng = np.random.default_rng(n)
    x, y = (torch.tensor(np.round(rng.normal(size=(40, n)) * 2**20) / 2**20 + offset) for offset in (0, 0.25))
    wanted = ParticleDistance("rbf(3)", dim=n)(x, y)
    for far in (0, 2.0**17):
        a, b = ((z + far).requires_grad_() for z in (x, y))
        found = ParticleDistance("rbf(3)", dim=n, precision="float32")(a, b)
        found.backward()
        assert abs(found.item() / wanted.item() - 1) < 1e-5 and torch.isfinite(a.grad).all()


@pytest.mark.parametrize("installed", [True, False])
def test_one_far_sample_takes_no_digits_of_the_others_in_single_precision(installed, monkeypatch):
    monkeypatch.setattr(compiled_pairs, "is_installed", lambda: installed)
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(rng.normal(size=(50, 2)) + offset) for offset in (0, 0.5))
    x[0] = 1e14
    wanted = ParticleDistance("rbf")(x, y).item()
    assert ParticleDistance("rbf", precision="float32")(x, y).item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("installed", [True, False])
def test_coordinates_without_end_in_single_precision(installed, monkeypatch):
    monkeypatch.setattr(compiled_pairs, "is_installed", lambda: installed)
    x = torch.randn(40, 2, dtype=F64)
    for ends in ((math.inf, -math.inf), (1e308, 1.5e308)):
        spoiled = x.clone()
        spoiled[:2, 0] = torch.tensor(ends, dtype=F64)
        found = ParticleDistance("rbf", precision="float32")(spoiled, x)
        assert torch.isfinite(found) == (ends[0] < math.inf)


@pytest.mark.parametrize("n", [1, 20])
def test_blocks_do_not_matter(n, monkeypatch):
    """A block of a few rows, the last one short: the same sums; and close pairs far from the origin lose nothing."""
    rng = np.random.default_rng(3)
    x, s = (torch.tensor(rng.normal(size=(count, n)) + 1e3) for count in (23, 31))
    s[:23] = x + 1e-7 * torch.tensor(rng.normal(size=(23, n)))
    kernel = parse("energy + rbf")
    whole = pair_tensors.row_sums(kernel, n, x, s)
    own = pair_tensors.row_sums(kernel, n, x, x, skip_self=True)
    monkeypatch.setitem(pair_tensors.BLOCK, "cpu", 100)
    parts = pair_tensors.row_sums(kernel, n, x, s)
    for a, b in zip(whole + own, parts + pair_tensors.row_sums(kernel, n, x, x, skip_self=True), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    with np.errstate(all="ignore"):
        d = x.numpy()[:, None] - s.numpy()[None]
        q = (d**2).sum(2)
        slope = power(0.5, -1.0)[1](q) + rbf(1.0)[1](q)
    np.testing.assert_allclose(parts[1], (2 * slope[:, :, None] * d).sum(1), rtol=0, atol=3e-11)


EXPRESSIONS = {  # e and de/dq as power series in q = r^2, and as functions far from r = 0
    "sin(r)/r": lambda q: (1 - q / 6 + q**2 / 120, -1 / 6 + q / 60 - q**2 / 1680),
    "tanh(r)/r": lambda q: (1 - q / 3 + 2 * q**2 / 15, -1 / 3 + 4 * q / 15 - 17 * q**2 / 105),
    "erf(r)/r": lambda q: tuple(2 / math.sqrt(math.pi) * x for x in (1 - q / 3 + q**2 / 10, -1 / 3 + q / 5 - q**2 / 14)),
    "besselj(1, r)/r": lambda q: (1 / 2 - q / 16 + q**2 / 384, -1 / 16 + q / 192 - q**2 / 6144),
    "exp(-r**4)": lambda q: (1 - q**2, -2 * q),
    "sech(r)": lambda q: (1 - q / 2 + 5 * q**2 / 24, -1 / 2 + 5 * q / 12 - 61 * q**2 / 240),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_keep_their_digits_near_zero(text):
    q = torch.tensor([0.0, 1e-300, 1e-30, 1e-12, 1e-8, 1e-6], dtype=F64)
    wanted = EXPRESSIONS[text](q)
    for found, true in zip(profile_of(parse(text), 3).values(q, 1), wanted, strict=True):
        torch.testing.assert_close(found, true, rtol=1e-12, atol=1e-200)


@pytest.mark.parametrize("text", ["sin(r)/r", "besselj(1, r)/r"])
def test_series_and_formula_meet(text):
    """Central differences of the values of another arithmetic, across the place where the series ends."""
    kernel, r, h = parse(text), np.linspace(0.3, 0.9, 61), 1e-5
    value, slope = profile_of(kernel, 3).values(torch.tensor(r**2), 1)
    np.testing.assert_allclose(value, kernel(r, 3), rtol=1e-13)
    np.testing.assert_allclose(slope, (kernel(r + h, 3) - kernel(r - h, 3)) / (4 * r * h), rtol=1e-8)


def test_an_expression_whose_digits_are_lost_is_refused():
    with pytest.raises(InputError, match="loses its digits near r = 0"):
        ParticleDistance("r*besselk(1, r)", dim=2)


# --- what is trained ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n", "name"),
    [("riesz(1)", 2, "10*imq(1/2, 1/10)"), ("2*elastic", 3, "200*imq(1, 1/10)"), ("rbf + energy", 2, "rbf + energy"),
     ("coulomb", 5, "1000*imq(3/2, 1/10)"), ("log", 2, "-1/2*log(1/100 + r**2)"), ("riesz(1, scale=2)", 3, "20*imq(1/2, 1/10)"),
     ("elastic", 1, "-1/2*log(1/100 + r**2)")],
)  # fmt: skip
def test_softened_kernels_have_names(text, n, name):
    assert softened(parse(text), n, "0.1") == parse(name)
    assert ParticleDistance(text, dim=n, softening=0.1).moving_kernel(Role.GENERATOR) == parse(name)


@pytest.mark.parametrize(("text", "n"), [("riesz(1/2)", 2), ("yukawa(2)", 3), ("yukawa", 2), ("3*log(scale=2)", 2)])
def test_softening_adds_its_square_to_that_of_the_distance(text, n):
    r = np.array([0.0, 0.1, 1.0, 7.0])
    np.testing.assert_allclose(softened(parse(text), n, "0.3")(r, n), parse(text)(np.hypot(r, 0.3), n), rtol=1e-13)


def test_losses_are_signed_for_minimizing():
    """The generator descends the energy D/2 of e, the discriminator ascends that of e - eps s."""
    distance = ParticleDistance("rbf", "energy", "1/2", 2)
    x, y = torch.randn(2, 5, 2, dtype=F64)
    assert distance.generator_loss(y, x).item() == distance(x, y).item() / 2
    assert distance.discriminator_loss(y, x).item() == -distance.stabilized(x, y).item() / 2
    together = ParticleDistance("rbf - 1/2*energy", dim=2)(x, y)
    assert distance.stabilized(x, y).item() == pytest.approx(together.item(), rel=1e-14)
    assert distance.moving_kernel(Role.DISCRIMINATOR) == parse("rbf - 1/2*energy") and not list(distance.parameters())


def test_automatic_eps_beyond_the_doubles_and_of_nothing():
    """The least eps of c laplace against laplace is c; that of the kernel 0 is 0, which itself does not make a mode decay."""
    assert 1 < trained_kernels("1e-200*laplace", "1e200*laplace", "auto", 2).eps * 10**400 <= Fraction(6, 5)
    assert trained_kernels("rbf - rbf", "laplace", "auto", 2).eps == 1
    with pytest.raises(InputError, match="within 1e300"):
        trained_kernels("1e300*laplace", "1e-300*laplace", "auto", 2)


def test_automatic_eps_is_certified():
    distance = ParticleDistance("rbf(1)", "elastic", "auto", 2, estimator="U")
    assert float(distance.eps) == 0.668  # 11/10 exp(-1/2) = 0.66718..., rounded up
    soft = ParticleDistance("rbf(1)", eps="auto", dim=2, softening="0.1")  # the default stabilizer
    assert wg.certify(soft.kernel, soft.stabilizer, soft.eps, 2) and soft.stabilizer == parse("10*imq(1/2, 1/10)")
    with pytest.raises(InputError, match="no eps is known"):
        ParticleDistance("rbf(1)", "rbf(2)", "auto", 2)


def test_certificate_files(file, tmp_path):
    distance = ParticleDistance(certificate=file)
    assert (distance.kernel, distance.stabilizer, distance.eps, distance.dim) == (parse("rbf"), parse("laplace"), 2, 2)
    assert ParticleDistance("rbf", "laplace", 2, 2, certificate=file).eps == 2
    for wrong in (("rbf(2)",), (None, "energy"), (None, None, 3), (None, None, 0, 3)):
        with pytest.raises(InputError, match="type wgflow certify"):
            ParticleDistance(*wrong, certificate=file)
    other = tmp_path / "grows.json"
    wg.certify("rbf(1)", "laplace", "0.1", 2).save(other)
    with pytest.raises(InputError, match="says GROWS"):
        ParticleDistance(certificate=other)
    other.write_text(file.read_text().replace('"eps":"2"', '"eps":"1"'))
    with pytest.raises(InputError, match="damaged"):
        ParticleDistance(certificate=other)


MISUSES = [
    (lambda: ParticleDistance("elastic", dim=2), "softening='0.01'"),
    (lambda: ParticleDistance("rbf", "elastic", "0.7", 2), "softening='0.01'"),
    (lambda: ParticleDistance("rbf", "laplace"), "needs a strength"),
    (lambda: PeriodicDistance("rbf", "elastic"), "needs a strength"),
    (lambda: ParticleDistance("elastic"), "dim=2"),
    (lambda: ParticleDistance("rbf", eps="auto"), "dim=2"),
    (lambda: ParticleDistance("rbf", eps=1), "dim=2"),
    (lambda: ParticleDistance(), "a kernel or a certificate"),
    (lambda: ParticleDistance("rbf", estimator="W"), "V, U"),
    (lambda: ParticleDistance("rbf", precision="float16"), "float64, float32"),
    (lambda: ParticleDistance("rbf", "laplace", "much"), "is not a number"),
    (lambda: ParticleDistance("rbf", softening=-1, dim=2), "length >= 0"),
    (lambda: ParticleDistance("riesz(2)", dim=2, estimator="U"), "dim=2"),
    (lambda: ParticleDistance("rbf", estimator="U")(torch.zeros(1, 2), torch.zeros(3, 2)), "two samples a side"),
    (lambda: ParticleDistance("rbf")(torch.zeros(2), torch.zeros(3, 2)), r"\(samples, dim\)"),
    (lambda: ParticleDistance("rbf")(torch.zeros(0, 2), torch.zeros(3, 2)), "empty"),
    (lambda: ParticleDistance("rbf")(torch.zeros(2, 2), torch.zeros(3, 1)), "shapes"),
    (lambda: ParticleDistance("rbf", dim=3)(torch.zeros(2, 2), torch.zeros(3, 2)), "dim=3"),
    (lambda: ParticleDistance("tophat")(torch.zeros(2, 2, requires_grad=True), torch.zeros(3, 2)), "wendland"),
]


@pytest.mark.parametrize(("misuse", "message"), MISUSES)
def test_errors_say_what_to_type(misuse, message):
    with pytest.raises(InputError, match=message) as raised:
        misuse()
    assert re.search("[;:,]", str(raised.value)) and "\n" not in str(raised.value)


# --- on a torus --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "n"), [("rbf(1/2)", 1), ("rbf(1/2)", 2), ("laplace(1/8)", 1)])
def test_a_periodic_distance_is_that_of_the_repeated_kernel(text, n):
    """The kernel repeated over the plane, summed directly; its mean drops out of p - q."""
    rng = np.random.default_rng(n)
    x, y = rng.uniform(0, 6, size=(5, n)), rng.uniform(0, 6, size=(4, n))
    kernel, images = wg.kernel(text), 2 * np.pi * np.stack(np.meshgrid(*[np.arange(-2, 3)] * n), -1).reshape(-1, n)

    def mean(a, b):
        d = a[:, None, None] - b[None, :, None] + images
        return kernel(np.sqrt((d**2).sum(-1)), n).sum(-1).mean()

    given = {"reach": 15000} if n == 1 and text != "rbf(1/2)" else {}
    found = PeriodicDistance(text, dim=n, **given)(torch.tensor(x), torch.tensor(y))
    wanted = mean(x, x) + mean(y, y) - 2 * mean(x, y)
    assert found.item() == pytest.approx(wanted, rel=1e-12 if not given else 1e-3)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_periodic_derivatives(n):
    rng = np.random.default_rng(n)
    x, y = (torch.tensor(rng.uniform(size=(count, n)), requires_grad=True) for count in (4, 3))
    loss = PeriodicDistance("rbf(1)", "elastic", "0.7", n, "2*pi", softening="0.4").stabilized
    assert torch.autograd.gradcheck(loss, (x, y)) and torch.autograd.gradgradcheck(loss, (x, y))
    assert loss(x, x.detach().clone()).item() == 0


@pytest.mark.parametrize("role", list(Role))
def test_free_features_move_at_the_certified_rate(role):
    """One step of gradient descent on the loss moves the mode of a perturbed lattice by eta/N times the flow's rate."""
    count, k, size = 64, 3, 1e-6
    lattice = 2 * np.pi * np.arange(count) / count
    y = torch.tensor(lattice[:, None])
    x = (y + size * torch.cos(k * y)).requires_grad_()
    distance = PeriodicDistance("rbf(1)", "elastic", "0.7", 1, softening="0.1")
    loss = distance.generator_loss(y, x) if role is Role.GENERATOR else distance.discriminator_loss(y, x)
    loss.backward()
    eta = 0.1
    mode = lambda z: np.exp(-1j * k * z.detach().numpy()).mean() - np.exp(-1j * k * y.numpy()).mean()  # noqa: E731
    grown = (mode(x - eta * x.grad) / mode(x)).real
    density = 1 / (2 * np.pi)
    moving = {Role.GENERATOR: "rbf(1)", Role.DISCRIMINATOR: "rbf(1) - 0.7*elastic"}[role]
    rate = growth_rate(role, k**2, wg.transform(moving, k, 1) * np.exp(-0.01 * k**2 / 2), density)
    assert (grown - 1) / (eta / count) == pytest.approx(float(rate), rel=1e-4)


def test_a_torus_asks_for_smoothing():
    with pytest.raises(InputError, match="give softening="):
        PeriodicDistance("energy", dim=2)
    with pytest.raises(InputError, match="dim"):
        PeriodicDistance("rbf", dim=4)
    assert PeriodicDistance("energy", dim=2, reach=5).waves.shape == (40, 2)
