"""Objectives against a naive NumPy twin that knows a one-layer network, its Jacobian and five kernels, written out by hand."""

import copy
import threading

import numpy as np
import pytest
import torch
from torch import nn

from wgflow.arithmetic.number import InputError
from wgflow.gan.networks.names import make_discriminator
from wgflow.gan.objective import Batch
from wgflow.gan.objectives.names import NAMES, make_objective
from wgflow.gan.processes import Alone, Exchange
from wgflow.kernels.text import parse

torch.set_num_threads(1)
N, INPUTS, WIDTH = 6, 3, 5

# kernel and slope as functions of r^2, written out
TWINS = {
    "rbf": (lambda s: np.exp(-s / 2), lambda s: -np.exp(-s / 2) / 2),
    "mmd-rbf": (
        lambda s: sum(np.exp(-s / (2 * a * a)) for a in (1, 2, 4, 8, 16)),
        lambda s: sum(-np.exp(-s / (2 * a * a)) / (2 * a * a) for a in (1, 2, 4, 8, 16)),
    ),
    "mmd-rq": (
        lambda s: sum((1 + s / (2 * a)) ** -a for a in (0.2, 0.5, 1, 2, 5)),
        lambda s: sum(-0.5 * (1 + s / (2 * a)) ** (-a - 1) for a in (0.2, 0.5, 1, 2, 5)),
    ),
    "cramer": (lambda s: -np.sqrt(s), lambda s: -0.5 / np.sqrt(s)),
    "eieg": (lambda s: (s + 0.01) ** -0.5, lambda s: -0.5 * (s + 0.01) ** -1.5),  # dim 2
    "narrow": (lambda s: np.exp(-2 * s), lambda s: -2 * np.exp(-2 * s)),
}


class Twin:
    """phi(x) = V tanh(W x + b) + c in float64, and losses by double loops."""

    def __init__(self, network):
        self.W, self.b = (p.detach().numpy() for p in network[0].parameters())
        self.V, self.c = (p.detach().numpy() for p in network[2].parameters())

    def __call__(self, x):
        return np.array([self.V @ np.tanh(self.W @ each + self.b) + self.c for each in x])

    def jacobian(self, x):
        return self.V @ np.diag(1 - np.tanh(self.W @ x + self.b) ** 2) @ self.W


def mean_pairs(kernel, x, y, skip=False):
    found = [kernel(((a - b) ** 2).sum()) for i, a in enumerate(x) for j, b in enumerate(y) if not (skip and i == j)]
    return np.mean(found)


def naive_distance(kernel, x, y, skip=False):
    return mean_pairs(kernel, x, x, skip) + mean_pairs(kernel, y, y, skip) - 2 * mean_pairs(kernel, x, y)


def naive_witness_penalty(twin, slope, batch):
    real, fake, found = twin(batch.real.numpy()), twin(batch.fake.numpy()), []
    for u in naive_between(batch):
        h = twin([u])[0]
        force = np.mean([2 * slope(((h - y) ** 2).sum()) * (h - y) for y in real], axis=0)
        force -= np.mean([2 * slope(((h - x) ** 2).sum()) * (h - x) for x in fake], axis=0)
        found.append((np.linalg.norm(twin.jacobian(u).T @ force) - 1) ** 2)
    return np.mean(found)


def naive_between(batch):
    real, fake, u = batch.real.numpy(), batch.fake.numpy(), batch.uniform.numpy()
    return [t * a + (1 - t) * b for t, a, b in zip(u, real, fake, strict=True)]


def network(features, seed=0, inputs=INPUTS):
    generator = torch.Generator().manual_seed(seed)
    made = nn.Sequential(nn.Linear(inputs, WIDTH), nn.Tanh(), nn.Linear(WIDTH, features)).double()
    with torch.no_grad():
        for p in made.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64))
    return made


def some_batch(seed=0, count=N, inputs=INPUTS, exchange=None):
    rng = np.random.default_rng(seed)
    parts = (rng.normal(size=(count, inputs)), 0.7 * rng.normal(size=(count, inputs)) + 0.3, rng.random(count))
    return Batch(*map(torch.from_numpy, parts), exchange or Alone())


def slope_along(loss, module, seed=5):
    """Returns the directional derivative of ``loss`` in a random direction by autograd and by a central difference."""
    module.zero_grad()
    loss().backward()
    generator = torch.Generator().manual_seed(seed)
    ways = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in module.parameters()]
    exact = sum(float((p.grad * w).sum()) for p, w in zip(module.parameters(), ways, strict=True))
    values, h = [], 1e-5
    for side in (h, -h):
        with torch.no_grad():
            for p, w in zip(module.parameters(), ways, strict=True):
                p.add_(side * w)
        values.append(float(loss().detach()))
        with torch.no_grad():
            for p, w in zip(module.parameters(), ways, strict=True):
                p.sub_(side * w)
    return exact, (values[0] - values[1]) / (2 * h)


def check_gradient(objective, judge, batch):
    for loss in (objective.discriminator_loss, objective.generator_loss):
        exact, difference = slope_along(lambda loss=loss: loss(judge, batch), judge)
        if loss == objective.discriminator_loss:
            assert exact == pytest.approx(difference, rel=1e-6, abs=1e-8)
    x = batch.fake.clone().requires_grad_()
    moved = Batch(batch.real, x, batch.uniform, batch.exchange)
    objective.generator_loss(judge, moved).backward()
    way = torch.from_numpy(np.random.default_rng(3).normal(size=x.shape))
    with torch.no_grad():
        sides = [Batch(batch.real, batch.fake + h * way, batch.uniform, batch.exchange) for h in (1e-6, -1e-6)]
        difference = (objective.generator_loss(judge, sides[0]) - objective.generator_loss(judge, sides[1])) / 2e-6
    assert float((x.grad * way).sum()) == pytest.approx(float(difference), rel=1e-6, abs=1e-9)


CASES = [
    ("mmd", {"kernel": "rbf(1)"}, "rbf"),
    ("mmd-rbf", {}, "mmd-rbf"),
    ("mmd-rq", {}, "mmd-rq"),
    ("cramer", {}, "cramer"),
    ("eieg", {}, "eieg"),
    ("mmd-gp", {}, "mmd-rq"),
]


@pytest.mark.parametrize("further", [{}, {"stabilizer": "rbf(1/2)", "eps": 0.7}], ids=["plain", "stabilized"])
@pytest.mark.parametrize("penalty", [None, "2.5"])
@pytest.mark.parametrize(("name", "options", "kernel"), CASES, ids=[case[0] for case in CASES])
def test_particle_objectives(name, options, kernel, penalty, further):
    given = {**options, **further} | ({} if penalty is None else {"gradient-penalty": penalty, "feature-penalty": 0.5})
    objective, judge, batch = make_objective(name, given), network(2), some_batch()
    twin, (e, slope) = Twin(judge), TWINS[kernel]
    real, fake, unbiased = twin(batch.real.numpy()), twin(batch.fake.numpy()), name == "mmd-gp"
    full = -naive_distance(lambda s: e(s) - 0.7 * TWINS["narrow"][0](s) * bool(further), fake, real, unbiased)
    strength = float(penalty or (1 if name == "mmd-gp" else 0))
    full += strength * naive_witness_penalty(twin, slope, batch)
    full += 0.5 * ((real**2).sum(1).mean() + (fake**2).sum(1).mean()) * bool(penalty)
    assert objective.discriminator_loss(judge, batch).item() == pytest.approx(full / 2, rel=1e-10)
    assert objective.generator_loss(judge, batch).item() == pytest.approx(naive_distance(e, fake, real, unbiased) / 2, rel=1e-10)
    check_gradient(objective, judge, batch)


def test_kernels_are_those_that_drive_the_players():
    objective = make_objective("mmd", {"kernel": "rbf(1)", "stabilizer": "elastic", "eps": "0.7", "softening": "0.1"})
    discriminator, generator = objective.kernels(2)
    assert generator == parse("rbf(1)") and discriminator == parse("rbf(1) - 7*imq(beta=1/2, c=0.1)")
    assert make_objective("mmd-rq").kernels(3)[0] == parse("rq(0.2) + rq(0.5) + rq(1) + rq(2) + rq(5)")
    assert all(make_objective(name).kernels(1) is None for name in ("wgan", "wgan-gp", "ns", "ns-r1", "repulsive"))


def test_automatic_eps_is_above_the_least_one():
    """A narrower Gaussian, by lambda, in R^n: the least eps is lambda^n, here 4, a supremum over k that is not attained."""
    found = make_objective("mmd", {"kernel": "rbf(1)", "stabilizer": "rbf(1/2)", "eps": "auto"}).distance(2)
    assert 4 < found.eps < 6


@pytest.mark.parametrize("name", ["wgan", "wgan-gp"])
def test_wasserstein(name):
    objective, judge, batch = make_objective(name), network(1), some_batch()
    twin = Twin(judge)
    real, fake = twin(batch.real.numpy())[:, 0], twin(batch.fake.numpy())[:, 0]
    penalty = np.mean([(np.linalg.norm(twin.jacobian(u)) - 1) ** 2 for u in naive_between(batch)])
    expected = fake.mean() - real.mean() + (10 * penalty if name == "wgan-gp" else 0)
    assert objective.discriminator_loss(judge, batch).item() == pytest.approx(expected, rel=1e-12)
    assert objective.generator_loss(judge, batch).item() == pytest.approx(-fake.mean(), rel=1e-12)
    check_gradient(objective, judge, batch)
    objective.after_step(judge)
    assert (max(float(p.detach().abs().max()) for p in judge.parameters()) <= 0.01) == (name == "wgan")


def test_linear_discriminators_have_the_exact_penalties():
    a = torch.tensor([[2.0, -1.0, 2.0]], dtype=torch.float64)
    linear = nn.Linear(3, 1).double()
    linear.weight.data, batch = a, some_batch()
    plain = make_objective("wgan").discriminator_loss(linear, batch)
    steep = make_objective("wgan-gp").discriminator_loss(linear, batch)
    assert (steep - plain).item() == pytest.approx(10 * (3 - 1) ** 2, rel=1e-13)
    plain = make_objective("ns").discriminator_loss(linear, batch)
    steep = make_objective("ns-r1", {"gamma": "1/2"}).discriminator_loss(linear, batch)
    assert (steep - plain).item() == pytest.approx(0.25 * 9, rel=1e-12)


@pytest.mark.parametrize("name", ["ns", "ns-r1"])
def test_non_saturating(name):
    objective, judge, batch = make_objective(name), network(1), some_batch()
    twin = Twin(judge)
    real, fake = twin(batch.real.numpy())[:, 0], twin(batch.fake.numpy())[:, 0]
    expected = np.log(1 + np.exp(fake)).mean() + np.log(1 + np.exp(-real)).mean()
    expected += 5 * np.mean([(twin.jacobian(x) ** 2).sum() for x in batch.real.numpy()]) if name == "ns-r1" else 0
    assert objective.discriminator_loss(judge, batch).item() == pytest.approx(expected, rel=1e-12)
    assert objective.generator_loss(judge, batch).item() == pytest.approx(np.log(1 + np.exp(-fake)).mean(), rel=1e-12)
    check_gradient(objective, judge, batch)


@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_non_saturating_losses_are_finite_at_huge_logits(logit):
    judge = nn.Linear(3, 1)
    with torch.no_grad():
        judge.weight.fill_(0)
        judge.bias.fill_(logit)
    batch = Batch(torch.ones(2, 3), torch.ones(2, 3, requires_grad=True), torch.rand(2), Alone())
    for loss in (make_objective("ns-r1").discriminator_loss, make_objective("ns").generator_loss):
        value = loss(judge, batch)
        value.backward()
        assert value.item() == pytest.approx(1e4 if loss.__name__ == "discriminator_loss" else max(-logit, 0))
        assert torch.isfinite(judge.bias.grad).all()


@pytest.mark.parametrize("bounded", [True, False])
def test_repulsive(bounded):
    """L_D = mean over x != x' of exp(-min(d^2, 4)/2) - mean over G != G' of exp(-max(d^2, 1/4)/2); L_G = unbiased MMD^2."""
    objective, judge, batch = make_objective("repulsive", {"bounded": bounded}), network(2), some_batch(count=9)
    twin = Twin(judge)
    real, fake = twin(batch.real.numpy()), twin(batch.fake.numpy())
    squares = [((a - b) ** 2).sum() for x in (real, fake) for i, a in enumerate(x) for b in x[:i]]
    assert min(squares) < 0.25 and max(squares) > 4  # on both sides of both bounds
    far, near = (lambda s: np.exp(-min(s, 4) / 2), lambda s: np.exp(-max(s, 0.25) / 2)) if bounded else [TWINS["rbf"][0]] * 2
    expected = mean_pairs(far, real, real, True) - mean_pairs(near, fake, fake, True)
    assert objective.discriminator_loss(judge, batch).item() == pytest.approx(expected, rel=1e-12)
    assert objective.generator_loss(judge, batch).item() == pytest.approx(
        naive_distance(TWINS["rbf"][0], fake, real, True), rel=1e-12
    )
    check_gradient(objective, judge, batch)
    steep = make_objective("repulsive", {"bounded": bounded, "gradient-penalty": 3})
    expected += 3 * naive_witness_penalty(twin, TWINS["rbf"][1], batch)
    assert steep.discriminator_loss(judge, batch).item() == pytest.approx(expected, rel=1e-12)
    check_gradient(steep, judge, batch)


class Meeting:
    """What the threads of one run share: a place for every rank, and a barrier."""

    def __init__(self, size):
        self.places, self.barrier = [None] * size, threading.Barrier(size, timeout=20)


class InThread(Exchange):
    """One of several processes, played by a thread: `gather` waits until all ranks have come to it."""

    def __init__(self, meeting, rank):
        self.meeting, self.rank, self.size = meeting, rank, len(meeting.places)

    def gather(self, rows):
        self.meeting.places[self.rank] = rows
        self.meeting.barrier.wait()
        parts = [rows if r == self.rank else part.detach() for r, part in enumerate(self.meeting.places)]
        self.meeting.barrier.wait()
        return torch.cat(parts)

    def add_gradients(self, parameters):
        raise NotImplementedError


def in_processes(size, work):
    """Returns what ``work(exchange)`` returns in each of ``size`` threads."""
    meeting, found = Meeting(size), [None] * size

    def run(rank):
        try:
            found[rank] = work(InThread(meeting, rank))
        except BaseException:
            meeting.barrier.abort()
            raise

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def losses_and_gradients(objective, judge, batch, exchange):
    judge, share = copy.deepcopy(judge), exchange.share
    fake = share(batch.fake).clone().requires_grad_()
    mine = Batch(share(batch.real), fake.detach(), share(batch.uniform), exchange)
    first = objective.discriminator_loss(judge, mine)
    first.backward()
    by_weights = [p.grad.clone() for p in judge.parameters() if p.grad is not None]
    second = objective.generator_loss(judge, Batch(mine.real, fake, mine.uniform, exchange))
    second.backward()
    return first.item(), second.item(), by_weights, fake.grad


EVERY = [
    *((name, {"kernel": "rbf(1)"} if name == "mmd" else {}) for name in NAMES),
    ("mmd-rbf", {"gradient-penalty": 1, "feature-penalty": 0.1, "stabilizer": "rbf(1/2)", "eps": 0.3}),
    ("cramer", {"gradient-penalty": 1}),
    ("repulsive", {"gradient-penalty": 1}),
]


@pytest.mark.parametrize("spectral", [False, True], ids=["", "spectral"])
@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
def test_two_processes_are_one(name, options, spectral):
    objective = make_objective(name, options)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        judge = make_discriminator(
            "mlp", (INPUTS,), objective.features or 2, {"width": 7, "activation": "tanh", "spectral-norm": spectral}
        ).double()
    batch = some_batch()
    value, made, by_weights, by_samples = losses_and_gradients(objective, judge, batch, Alone())
    for size in (2, 3):
        found = in_processes(size, lambda exchange: losses_and_gradients(objective, judge, batch, exchange))
        for each in found:
            assert each[:2] == pytest.approx((value, made), rel=1e-11, abs=1e-13)
        scale = max(float(g.abs().max()) for g in by_weights)
        for i, whole in enumerate(by_weights):
            torch.testing.assert_close(sum(each[2][i] for each in found), whole, rtol=1e-10, atol=1e-11 * scale)
        torch.testing.assert_close(torch.cat([each[3] for each in found]), by_samples, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["mmd-rbf", "mmd-rq", "cramer", "eieg", "mmd-gp", "repulsive"])
def test_roles(name):
    """A step of the generator lowers the distance; one of the discriminator raises it (or, repulsive, its own aim)."""
    objective, batch = make_objective(name, {"gradient-penalty": 0}), some_batch(inputs=2)
    distance = make_objective("mmd", {"kernel": "rbf(1)"}) if name == "repulsive" else objective
    judge = nn.Linear(2, 2).double()
    value = float(distance.distance(2)(judge(batch.fake), judge(batch.real)).detach())
    x = batch.fake.clone().requires_grad_()
    objective.generator_loss(judge, Batch(batch.real, x, batch.uniform, Alone())).backward()
    after = distance.distance(2)(judge(batch.fake - 1e-3 * x.grad), judge(batch.real))
    assert after.item() < value
    before = objective.discriminator_loss(judge, batch)
    judge.zero_grad()
    before.backward()
    with torch.no_grad():
        for p in judge.parameters():
            p.sub_(1e-3 * p.grad)
    assert objective.discriminator_loss(judge, batch).item() < before.item()
    if name != "repulsive":
        assert distance.distance(2)(judge(batch.fake), judge(batch.real)).item() > value


@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
@pytest.mark.parametrize("scale", [0.0, 1e-12, 1e6])
def test_flat_steep_and_coincident_discriminators_have_finite_gradients(name, options, scale):
    """A discriminator that is constant or almost, or far too steep; equal samples on both sides; interpolations at their ends."""
    objective = make_objective(name, options)
    judge = network(objective.features or 2).float()
    with torch.no_grad():
        judge[2].weight.mul_(scale)
    x = some_batch().real.float()
    batch = Batch(x, x.clone(), torch.tensor([0, 1, 0.5, 0, 0.25, 0.75]), Alone())
    value = objective.discriminator_loss(judge, batch)
    value.backward()
    assert torch.isfinite(value) and all(torch.isfinite(p.grad).all() for p in judge.parameters())
    fake = batch.fake.requires_grad_()
    objective.generator_loss(judge, batch).backward()
    assert torch.isfinite(fake.grad).all()


@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
def test_batches_of_one(name, options):
    objective, batch = make_objective(name, options), some_batch(count=1)
    judge = network(objective.features or 2)
    if name in ("mmd-gp", "repulsive"):
        with pytest.raises(InputError, match=r"two samples|at least 2"):
            objective.discriminator_loss(judge, batch)
    else:
        assert torch.isfinite(objective.discriminator_loss(judge, batch))
        assert torch.isfinite(objective.generator_loss(judge, batch))


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("wgna", {}, "objective 'wgna' is not known; type one of mmd, mmd-rbf"),
        ("wgan", {"clop": 1}, "objective wgan has no option 'clop'; it takes clip"),
        ("wgan", {"clip": 0}, "type a number > 0"),
        ("wgan-gp", {"gradient-penalty": "much"}, "is not a number"),
        ("ns-r1", {"gamma": -1}, "type a number > 0"),
        ("ns", {"gamma": float("nan")}, "is not a number"),
        ("mmd", {}, "needs a kernel"),
        ("mmd", {"kernel": "rbff"}, "rbff"),
        ("mmd-rbf", {"stabilizer": "elastic"}, "needs a strength; type eps = 'auto'"),
        ("mmd-rbf", {"stabilizer": "elastic", "eps": "little"}, "is not a number"),
        ("mmd-rbf", {"estimator": "W"}, "type one of V, U"),
        ("cramer", {"softening": -1}, "type a number >= 0"),
        ("repulsive", {"lengthscale": 0}, "type a number > 0"),
        ("repulsive", {"bounded": "yes"}, "neither true nor false"),
    ],
)
def test_wrong_input_is_one_line(name, options, says):
    with pytest.raises(InputError) as caught:
        make_objective(name, options)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_wrong_features_are_told():
    with pytest.raises(ValueError, match="1 output"):
        make_objective("wgan").discriminator_loss(network(2), some_batch())


@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
def test_descriptions_are_one_line(name, options):
    text = make_objective(name, options).describe()
    assert text.startswith(name) and "\n" not in text and "20" in text
