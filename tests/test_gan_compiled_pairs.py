"""The compiled particle loss against plain loops: both sides, V and U, tiles that are not full, threads, extremes, choices."""

import os
import subprocess
import sys
from itertools import chain, combinations

import numba
import numpy as np
import pytest
import torch
from naive import KERNELS

from wgflow.dynamics.sums.mutual import Mutual
from wgflow.dynamics.sums.tournament import plan_of, tournament
from wgflow.gan.distances import compiled_pairs
from wgflow.gan.distances.compiled_pairs import compiled_value_and_gradients
from wgflow.gan.distances.particle_distance import ParticleDistance
from wgflow.kernels.text import parse

MIXED = "energy - 1/5*rbf(1/2) + 2*rbf(3)"


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def samples(n, count=45, other=70, seed=0):
    """Two samples that fill no tile."""
    rng = np.random.default_rng([seed, n])
    x, y = rng.normal(size=(count, n)) / np.sqrt(n), rng.normal(size=(other, n)) / np.sqrt(n) + 0.2
    return torch.tensor(x), torch.tensor(y)


def naive(text, x, y, skips):
    """(D, gradient by x, gradient by y), by loops over all pairs, in extended precision; coincident pairs have no gradient."""
    value, slope = KERNELS[text]
    clouds, total, by = [z.numpy().astype(np.longdouble) for z in (x, y)], np.longdouble(0), []
    for z, other in (clouds, clouds[::-1]):
        gradient = np.zeros_like(z)
        own, across = 1 / np.longdouble(len(z) * (len(z) - skips)), 1 / np.longdouble(len(z) * len(other))
        for i, a in enumerate(z):
            for j, b in enumerate(z):
                q = ((a - b) ** 2).sum()
                total += own * value(q) if i != j or not skips else 0
                gradient[i] += 4 * own * slope(q) * (a - b) if q else 0
            for b in other:
                q = ((a - b) ** 2).sum()
                total -= across * value(q)
                gradient[i] -= 4 * across * slope(q) * (a - b) if q else 0
        by.append(gradient)
    return total, *by


def agree(found, wanted, tolerance):
    for mine, true in zip(found, wanted, strict=True):
        true = np.asarray(true, float)
        np.testing.assert_allclose(mine.numpy(), true, rtol=tolerance, atol=tolerance * np.abs(true).max())


@pytest.mark.parametrize(("text", "n"), [("rbf", 2), (MIXED, 5), (MIXED, 19), ("energy", 3)])
@pytest.mark.parametrize("estimator", ["V", "U"])
def test_value_and_gradients_by_loops(text, n, estimator):
    x, y = samples(n)
    found = compiled_value_and_gradients(parse(text), n, x, y, estimator=estimator)
    agree(found, naive(text, x, y, estimator == "U"), 2e-13)  # D is what is left of sums of 1


@pytest.mark.long
@pytest.mark.parametrize("text", ["laplace", "rq(2)", "matern(6/5)", "riesz(1)"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_every_kind_of_kernel_by_loops(text, n):
    if text == "riesz(1)" and n == 1:
        pytest.skip("riesz(1) takes dim 2 at least")
    x, y = samples(n)
    agree(compiled_value_and_gradients(parse(text), n, x, y, estimator="U"), naive(text, x, y, True), 1e-11)


@pytest.mark.parametrize(("count", "other"), [(1, 80), (64, 1), (32, 33), (31, 64), (129, 200)])
def test_sizes_around_tiles_and_groups(count, other):
    x, y = samples(2, count, other)
    agree(compiled_value_and_gradients(parse("rbf"), 2, x, y), naive("rbf", x, y, False), 2e-13)


def test_only_what_moves_has_a_gradient_and_nothing_else_changes():
    x, y = samples(5)
    whole = compiled_value_and_gradients(parse(MIXED), 5, x, y)
    for moves in ((True, False), (False, True), (False, False)):
        found = compiled_value_and_gradients(parse(MIXED), 5, x, y, moves=moves)
        assert found[0] == whole[0]
        for mine, all_of_it, moved in zip(found[1:], whole[1:], moves, strict=True):
            assert torch.equal(mine, all_of_it) if moved else mine is None


def test_equal_samples_and_coincident_points():
    x, y = samples(2)
    assert all(not part.any() for part in compiled_value_and_gradients(parse("rbf"), 2, x, x.clone()))
    shuffled = compiled_value_and_gradients(parse("rbf"), 2, x, x.flip(0))
    assert abs(float(shuffled[0])) < 1e-15 and float(shuffled[1].abs().max()) < 1e-16
    x, y = samples(5)
    x[7:20] = x[3]
    y[:9] = x[3]
    agree(compiled_value_and_gradients(parse(MIXED), 5, x, y), naive(MIXED, x, y, False), 2e-13)


@pytest.mark.parametrize("scale", [1e-140, 1e-20, 1e20, 1e140])
def test_extreme_scales(scale):
    x, y = samples(3)
    unit = compiled_value_and_gradients(parse("energy"), 3, x, y)
    found = compiled_value_and_gradients(parse("energy"), 3, scale * x, scale * y)
    agree((found[0] / scale, *found[1:]), unit, 1e-12)
    x, y = samples(2)
    assert all(torch.isfinite(part).all() for part in compiled_value_and_gradients(parse("rbf"), 2, scale * x, scale * y))


def test_far_from_the_origin_nothing_is_lost():
    x, y = (1e3 + torch.round(2**20 * z) / 2**40 for z in samples(19))  # differences of 1e-6, exact
    agree(compiled_value_and_gradients(parse(MIXED), 19, x, y), naive(MIXED, x, y, False), 1e-9)


@pytest.mark.long
def test_softening_and_the_value_at_zero():
    x, y = samples(2)
    found = compiled_value_and_gradients(parse("riesz(1)"), 2, x, y, softening=0.25)
    wanted = compiled_value_and_gradients(4 * parse("imq(beta=1/2, c=1/4)"), 2, x, y)
    agree(found, [part.numpy() for part in wanted], 1e-12)


@pytest.mark.long
@pytest.mark.parametrize("n", [2, 9])
def test_single_precision_is_single_precision(n):
    x, y = samples(n, 300, 200)
    exact = compiled_value_and_gradients(parse("rbf"), n, x + 100, y + 100)
    single = compiled_value_and_gradients(parse("rbf"), n, x + 100, y + 100, precision="float32")
    for a, b in zip(single, exact, strict=True):
        assert 1e-12 < float((a - b).abs().max() / b.abs().max()) < 1e-4
    assert compiled_value_and_gradients(parse("rbf"), n, 1e20 * x, y, precision="float32") is None


@pytest.mark.parametrize("n", [2, pytest.param(5, marks=pytest.mark.long)])
def test_threads_change_no_bit(n):
    x, y = samples(n, 700, 500)
    found = []
    for count in (1, numba.config.NUMBA_NUM_THREADS):
        torch.set_num_threads(count)
        found.append(compiled_value_and_gradients(parse("rbf"), n, x, y))
    torch.set_num_threads(2)
    found.append(compiled_value_and_gradients(parse("rbf"), n, x, y))
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


CALLERS = """
import threading, torch
from wgflow.gan.distances.particle_distance import ParticleDistance
torch.set_num_threads(2)
x, y, found = torch.randn(3000, 2), torch.randn(3000, 2), []
distance = ParticleDistance("rbf")
callers = [threading.Thread(target=lambda: found.extend(distance(x, y).item() for _ in range(10))) for _ in range(4)]
[caller.start() for caller in callers], [caller.join() for caller in callers]
assert len(found) == 40 and len(set(found)) == 1
"""


@pytest.mark.long
@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_callers_in_several_threads(layer):
    """Numba's own layer of threads aborts the process where two callers meet in it."""
    settings = {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", CALLERS], env={**os.environ, **settings}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_sums_add_up_to_those_of_direct_loops():
    x, y = (z.numpy() for z in samples(2))
    sums = Mutual(parse("rbf"), 2).sums(x, y)
    for own, other, found in ((x, y, sums.by_x), (y, x, sums.by_y)):
        for against, gradient in ((own, found[0]), (other, found[1])):
            d = own[:, None] - against[None]
            wanted = -(d * np.exp(-(d**2).sum(2) / 2)[:, :, None]).sum(1)
            np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize("teams", range(9))
def test_everyone_meets_everyone_once(teams):
    rounds = tournament(teams)
    assert sorted(chain(*rounds)) == list(combinations(range(teams), 2))
    assert all(len(set(chain(*games))) == 2 * len(games) for games in rounds)


@pytest.mark.parametrize("counts", [(1, 1), (40, 500), (5000, 3000)])
def test_a_plan_has_every_point_and_every_pair_once(counts):
    plan = plan_of(counts, (True, True), 32, sum(counts) ** 2)
    assert plan.valid.sum() == sum(counts) and len(plan.valid) == plan.tiles and plan.valid.min() > 0
    sizes = [plan.valid[first:end].sum() for first, end, _ in plan.groups]
    games = [game for games in plan.rounds.tolist() for game in games if game[0] >= 0]
    assert plan.rounds.shape[1] <= (len(plan.groups) + 1) // 2  # a longer round would leave threads without games in the others
    for channel, pairs in ((0, sum(c * c for c in counts)), (1, 2 * counts[0] * counts[1])):
        assert sum(sizes[i] * sizes[j] * (1 + (i != j)) for i, j, where in games if where == channel) == pairs


def test_where_torch_takes_over(monkeypatch):
    x, y = samples(2)
    assert compiled_value_and_gradients(parse("rbf"), 2, x[:10], y[:10]) is None  # few
    assert compiled_value_and_gradients(parse("tophat"), 2, x, y) is None  # a jump
    assert compiled_value_and_gradients(parse("rbf"), 2, x.to("meta"), y.to("meta")) is None
    for bad in (float("nan"), float("inf"), 1e160):
        spoiled = x.clone()
        spoiled[3, 1] = bad
        assert compiled_value_and_gradients(parse("rbf"), 2, spoiled, y) is None
    monkeypatch.setattr(compiled_pairs, "is_installed", lambda: False)
    assert compiled_value_and_gradients(parse("rbf"), 2, x, y) is None


def test_the_loss_is_the_same_by_either_loop(monkeypatch):
    """ParticleDistance, forward and backward, float32 input: compiled, and by torch."""
    found = []
    for installed in (True, False):
        monkeypatch.setattr(compiled_pairs, "is_installed", lambda answer=installed: answer)
        x, y = (z.to(torch.float32).requires_grad_() for z in samples(5))
        loss = ParticleDistance(MIXED).discriminator_loss(real=y, fake=x)
        loss.backward()
        assert loss.dtype == x.grad.dtype == torch.float32
        found.append((loss.detach().double(), x.grad.double(), y.grad.double()))
    agree(found[0], [part.numpy() for part in found[1]], 2e-6)


def test_derivatives_of_the_compiled_loss():
    x, y = (z.requires_grad_() for z in samples(2, 40, 30))
    assert torch.autograd.gradcheck(ParticleDistance("rbf"), (x, y), fast_mode=True)
    assert torch.autograd.gradgradcheck(ParticleDistance("rbf"), (x, y), fast_mode=True)
