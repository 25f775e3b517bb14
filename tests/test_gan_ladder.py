"""The upper rungs: tangent kernels that are known exactly, what they let through, and networks that follow them."""

from __future__ import annotations

from math import exp, pi, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.departure import AS_PREDICTED, NOT_AS_PREDICTED
from wgflow.dynamics.modes import wavevectors
from wgflow.dynamics.particles.particle_settings import particle_settings
from wgflow.dynamics.particles.quiet import Wave, quiet_start
from wgflow.gan.distances.periodic_distance import PeriodicDistance
from wgflow.gan.ladder import ladder
from wgflow.gan.rungs.mode_filter import mode_filter, velocity_fields
from wgflow.gan.rungs.neural_rung import Network, neural_growth
from wgflow.gan.rungs.tangent_kernel import TangentKernel
from wgflow.gan.rungs.torus_game import TorusGame
from wgflow.gan.rungs.torus_maps import Identity, wide_map
from wgflow.gan.rungs.torus_training import Turn, train_game

torch.set_num_threads(1)
PERIOD = 2 * pi


class Harmonics(nn.Module):
    """f(x, l) = x + sum over m, j of theta_mj c_m trig_j(m x) (1 or l), linear in theta, which starts at 0, on a line.

    Theta((x, l), (x', l')) = sum over m of c_m^2 cos(m (x - x')) (1 + l l'); without a label, of c_m^2 cos(m (x - x')).
    """

    def __init__(self, sizes: dict[int, float], labels: int) -> None:
        super().__init__()
        self.sizes, self.labels = sizes, labels
        self.theta = nn.Parameter(torch.zeros(2 * len(sizes) * (1 + labels), dtype=torch.float64))

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        x = samples[:, :1]
        waves = torch.cat([c * trig(m * x) for m, c in self.sizes.items() for trig in (torch.cos, torch.sin)], dim=1)
        seen = torch.cat([waves, waves * samples[:, 1:]], dim=1) if self.labels else waves
        return x + (seen @ self.theta)[:, None]


def harmonic_game(role: Role, sizes: dict[int, float], separation: float = 1.0, amplitude: float = 1e-6) -> TorusGame:
    fake = torch.as_tensor(quiet_start(64, PERIOD, tuple(Wave((m,), amplitude) for m in sizes), 1))
    real = torch.as_tensor(quiet_start(64, PERIOD, (), 1, between=True))
    if role is Role.DISCRIMINATOR:
        return TorusGame(fake, real, Harmonics(sizes, 1), None, separation)
    return TorusGame(fake, real, Identity(1), Harmonics(sizes, 0), separation)


def phases(count: int) -> np.ndarray:
    return np.full(count, -pi / 2)


def test_the_kernel_of_a_network_is_that_of_its_jacobian():
    """Rows of the Jacobian by plain autograd, one output at a time; products, the matrix and its largest eigenvalue."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    x = torch.randn(7, 2, dtype=torch.float64)
    rows = []
    for b in range(7):
        for j in range(3):
            rows.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(net(x)[b, j], list(net.parameters()))]))
    jacobian = torch.stack(rows).numpy()
    theta, field = TangentKernel(net, (x,)), torch.randn(7, 3, dtype=torch.float64)
    assert np.allclose(theta.matrix(), jacobian @ jacobian.T, rtol=1e-12, atol=1e-12)
    assert np.allclose(theta.times(field).reshape(-1), jacobian @ (jacobian.T @ field.reshape(-1).numpy()), rtol=1e-12)
    assert theta.largest_eigenvalue() == pytest.approx(np.linalg.eigvalsh(jacobian @ jacobian.T)[-1], rel=1e-6)
    last = TangentKernel(net, (x,), prefix="2.")
    assert last.pulled(field).shape == (18,)
    with pytest.raises(InputError, match="prefix"):
        TangentKernel(net, (x,), prefix="3.")


def test_parameters_that_change_later_leave_the_kernel_as_it_was():
    net, x = nn.Linear(2, 1).double(), torch.ones(3, 2, dtype=torch.float64)
    theta = TangentKernel(net, (x,))
    before = theta.matrix()
    with torch.no_grad():
        net.weight += 1
    assert (theta.matrix() == before).all()


def test_a_map_starts_as_the_identity_and_is_keyed_by_its_seed():
    samples = torch.rand(5, 3, dtype=torch.float64)
    options = {"width": 16, "depth": 1}
    first, again, other = (wide_map(2, 1.0, 1, seed, "discriminator", options) for seed in (0, 0, 1))
    assert (first(samples) == samples[:, :2]).all()
    assert all((a == b).all() for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not (next(first.parameters()) == next(other.parameters())).all()
    with torch.no_grad():
        first.network.last.bias += 1.0  # a trained map moves features, periodically
    assert torch.allclose(first(samples + torch.tensor([1.0, 2.0, 0.0])) - first(samples), torch.tensor([1.0, 2.0]).double())


def test_fields_of_free_features_are_all_let_through():
    """The fields are orthonormal, and the discriminator's is the gradient of its loss up to a factor."""
    game = harmonic_game(Role.DISCRIMINATOR, {1: 1.0, 2: 1.0}, amplitude=1e-5)
    features = game().detach()
    fields = velocity_fields(features, 64, wavevectors(((1,), (2,)), PERIOD), phases(2), Role.DISCRIMINATOR)
    gram = torch.einsum("kbn,lbn->kl", fields, fields)
    assert torch.allclose(gram, torch.eye(2, dtype=torch.float64), atol=1e-4)
    x = features.requires_grad_()
    PeriodicDistance("rbf(1)", None, 0, 1, "2*pi", reach=1).discriminator_loss(x[64:], x[:64]).backward()
    slope = x.grad / x.grad.norm()
    assert torch.allclose(slope, fields[0], atol=1e-3)


@pytest.mark.parametrize("separation", [0.0, 0.5, 1.0, 2.0])
def test_what_a_shared_discriminator_lets_through(separation):
    """Eigenvalues of Harmonics: N c_m^2 where both species move alike, h^2 N c_m^2 where they move apart; nothing for h = 0."""
    sizes = {1: 1.0, 2: 0.5, 3: 0.25}
    game = harmonic_game(Role.DISCRIMINATOR, sizes, separation)
    found = mode_filter(game, Role.DISCRIMINATOR, wavevectors(((1,), (2,), (3,)), PERIOD), phases(3))
    expected = [separation**2 * c * c / max(1, separation**2) for c in sizes.values()]
    assert found.largest == pytest.approx(64 * max(1, separation**2), rel=1e-4)
    assert np.allclose(found.shares, np.diag(expected), atol=1e-4)


@pytest.mark.parametrize("role", list(Role))
def test_a_known_tangent_kernel_filters_the_rates_exactly(role):
    """A step of training multiplies mode m by 1 + time * rate * share; rate = +-k^2 F(k) / 2 pi, twice where both move."""
    sizes = {1: 1.0, 2: 0.5}
    game = harmonic_game(role, sizes)
    modes = ((1,), (2,))
    found = mode_filter(game, role, wavevectors(modes, PERIOD), phases(2))
    time = 0.01
    turns = (Turn(role, 1, time * 64 / found.largest),)
    distance = PeriodicDistance("rbf(1)", None, 0, 1, "2*pi")
    series = train_game(game, distance, turns, 3, modes, PERIOD)
    for j, (k, c) in enumerate(sizes.items()):
        rate = role.value * k * k * sqrt(2 * pi) * exp(-k * k / 2) / (2 * pi) * (2 if role is Role.DISCRIMINATOR else 1)
        assert np.allclose(series[1:, j] / series[:-1, j], 1 + time * rate * c * c, rtol=0, atol=1e-6)


CASE = {"dim": 1, "period": "2*pi", "modes": "1,2", "count": 64, "amplitude": "1e-4"}
SMALL = Network(width=256, seeds=3, cycles=12)


def explained_within(found, tolerance):
    return max(abs(ratio - 1) for ratio in found.ratios) < tolerance


def test_a_discriminator_grows_without_a_stabilizer_and_decays_with_it():
    for stabilizer, eps, sign in ((None, 0, 1), ("rbf(0.5)", 8, -1)):
        case = particle_settings("rbf(1)", stabilizer=stabilizer, eps=eps, moves="both", **CASE)
        found = neural_growth(case, SMALL)
        assert found.signs == (AS_PREDICTED, AS_PREDICTED) and explained_within(found, 0.01)
        assert all(row.predicted * sign > 0 and row.fit.rate * sign > 0 for row in found.growth.rows)
        assert all(0 < row.fit.rate / row.predicted < 0.3 for row in found.growth.rows)  # far from free, and said so
        assert found.verdict() == AS_PREDICTED and "tangent kernel" in " ".join(found.sentences())


def test_a_generator_decays():
    found = neural_growth(particle_settings("rbf(1)", role="generator", **CASE), SMALL)
    assert found.signs == (AS_PREDICTED, AS_PREDICTED) and explained_within(found, 0.01)


def test_a_gan_has_the_sum_of_both_rates_and_its_sign_may_turn():
    """Free features: 2 r - r at equal speeds. The generator's kernel lets more through than what parts two sheets."""
    found = neural_growth(particle_settings("rbf(1)", moves="both", alternate="1:1", **CASE), SMALL)
    for row in found.growth.rows:
        k2 = row.wavenumber**2
        assert row.predicted == pytest.approx(k2 * sqrt(2 * pi) * exp(-k2 / 2) / (2 * pi), rel=1e-10)
    assert explained_within(found, 0.01)
    assert found.signs[0] == NOT_AS_PREDICTED == found.verdict() and found.growth.rows[0].fit.rate < 0
    assert "signs not as predicted; those of the explained rates: " in " ".join(found.sentences())


def test_the_same_seed_gives_the_same_digits():
    case = particle_settings("rbf(1)", moves="both", **CASE)
    network = Network(width=32, seeds=1, cycles=10)
    assert neural_growth(case, network) == neural_growth(case, network)


def test_samples_at_one_place_move_together():
    """Without sheets the lattices' gaps alone tell real from generated: rates of a hundred-thousandth of the free ones."""
    case = particle_settings("rbf(1)", moves="both", **CASE)
    found = neural_growth(case, Network(width=32, seeds=1, cycles=10, separation=0.0))
    assert all(abs(row.fit.rate) < 1e-3 * row.predicted for row in found.growth.rows)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"moves": "p"}, "moves both"),
        ({"role": "generator", "moves": "both"}, "moves p"),
        ({"modes": None, "amplitude": "1e-5"}, "modes of a torus"),
    ],
)
def test_cases_that_no_network_can_follow(wrong, says):
    with pytest.raises(InputError, match=says):
        neural_growth(particle_settings("rbf(1)", **{**CASE, "moves": "both", **wrong}))


def test_the_whole_ladder():
    found = ladder("rbf(1)", "rbf(0.5)", 8, dim=1, modes="1,2", seeds=1)
    names = ["density, spectral", "density, volumes", "particles", "free features", "free features, p and q"]
    assert [rung.name for rung in found.rungs] == [*names, "neural discriminator", "full GAN"]
    assert all(rung.growth.passes(0.01) for rung in found.rungs[:5])
    assert found.certified.startswith("DECAYS: rbf(lengthscale=1) - 8 * (rbf(lengthscale=1/2)), discriminator, n = 1")
    text, data = found.text(0.01), found.to_json(0.01)
    assert text.count("sign ") >= 4 and "explained" in text and all(len(line) < 131 for line in text.split("\n"))
    for rung in data["rungs"][-2:]:
        assert len(rung["departure"]["trials"]) == 1 and rung["growth"]["modes"][0]["measured"]["rate"] < 0
    both = {rung.name: [row.predicted for row in rung.growth.rows] for rung in found.rungs}
    assert both["neural discriminator"] == pytest.approx(both["free features, p and q"])


def test_a_generator_alone_descends_what_it_is_given():
    """Its ladder has e - eps s in every rung, one species, and no full GAN."""
    found = ladder("rbf(1)", "rbf(0.5)", 1, dim=1, modes="1", role="generator", rungs="particles,free-features,neural", seeds=1)
    assert [rung.name for rung in found.rungs] == ["particles", "free features", "neural generator, frozen discriminator"]
    rates = [rung.growth.rows[0].predicted for rung in found.rungs]
    assert rates == pytest.approx([rates[0]] * 3) and "explained" in str(found)
    with pytest.raises(InputError, match="trains both players"):
        ladder("rbf(1)", dim=1, role="generator", rungs="gan")
