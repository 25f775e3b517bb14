"""The upper rungs of the ladder: the modes of a uniform torus while networks, not free features, are trained.

Unit of time. A step of rate eta moves the free features of N samples by eta / N in flow time, and those of a network, to first
order, by eta Theta / N. The time of a step is eta / N times the largest eigenvalue of Theta, that of the direction in which the
features move fastest; free features, with Theta = 1, have their own time. Nothing else is adjusted.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.departure import Departure, mean_fit
from wgflow.dynamics.fitted_rate import Fit, fit
from wgflow.dynamics.growth import compare
from wgflow.dynamics.modes import Mode, parse_modes, wavevectors
from wgflow.dynamics.particles.particle_settings import ParticleSettings
from wgflow.dynamics.particles.predicted import mode_squares, predicted_rates
from wgflow.dynamics.particles.quiet import Wave, quiet_start
from wgflow.gan.rungs.free_features import torus_distance
from wgflow.gan.rungs.mode_filter import mode_filter
from wgflow.gan.rungs.torus_game import SEPARATION, TorusGame
from wgflow.gan.rungs.torus_maps import Identity, wide_map
from wgflow.gan.rungs.torus_training import Turn, train_game
from wgflow.record import record, replace

Floats = NDArray[np.float64]

_PHASE = -np.pi / 2  # sines, as in `Wave`
_NEUTRAL = 1e-9  # of the free rates: the tangent kernel lets nothing through
CYCLES = 20
CHANGE = 0.01  # of log |mode|, of the fastest mode, over a run: rates are those at the start, before modes feed each other
WIDTH, DEPTH, SEEDS = 256, 2, 3


@record
class Network:
    """The networks of a rung: perceptrons of ``width`` and ``depth``, ``seeds`` of them; sheets of real and generated samples
    apart by twice the ``separation``; followed over ``cycles`` training cycles."""

    width: int = WIDTH
    depth: int = DEPTH
    seeds: int = SEEDS
    cycles: int = CYCLES
    separation: float = SEPARATION


@record
class Player:
    """Who trains: the role, its updates a cycle, the flow time of an update beside the others', and its rates without Theta."""

    role: Role
    updates: int
    speed: float
    rates: Floats


def neural_growth(settings: ParticleSettings, network: Network | None = None) -> Departure:
    """Returns measured, predicted and explained rates of networks trained on the case of the settings.

    Role discriminator: a discriminator that is trained against a frozen generator; its features of both samples move, so that
    ``moves`` must be "both". Role generator: a generator that is trained against a frozen discriminator; ``moves`` "p".  With
    ``alternate`` both are trained in turn: a full GAN. Samples, modes, amplitude and smoothing are those of the settings, the
    loss is `PeriodicDistance`'s, the optimizer gradient descent on the whole batch, and features start as the samples themselves.

    predicted: rates of free features (Theta = 1).  explained: the linear system of the followed modes in which each player's
    velocity passes its tangent kernel at the start (`mode_filter`), stepped as the training is and fitted as the measured
    series are.  Both are rates at the start of training: the fastest mode changes by one percent, for where Theta does not
    commute with translations, as in a network of finite width, modes soon feed each other and have no rate of their own.
    Raises InputError.

    >>> from wgflow.dynamics.particles.particle_settings import particle_settings
    >>> case = particle_settings("rbf(1)", dim=1, period="2*pi", modes="1,2", moves="both", count=64)
    >>> found = neural_growth(case, Network(width=64, seeds=1, cycles=12))
    >>> bool(max(abs(ratio - 1) for ratio in found.ratios) < 0.05)
    True
    """
    chosen = network or Network()
    modes = _checked(settings)
    squares = mode_squares(modes)
    players = _players(settings, squares)
    trials = [_trial(settings, chosen, players, modes, seed) for seed in range(settings.seed, settings.seed + chosen.seeds)]
    k = np.sqrt(squares) * 2 * np.pi / _length(settings)
    fits = [mean_fit(column) for column in zip(*(fits for fits, _ in trials), strict=True)]
    table = compare(modes, k.tolist(), predicted_rates(settings, squares).tolist(), fits)
    return Departure(table, tuple(fits for fits, _ in trials), tuple(rates for _, rates in trials))


def network_text(settings: ParticleSettings, network: Network) -> str:
    """Returns one line on what is trained."""
    who = f"{settings.role} alone" if settings.alternate is None else f"{':'.join(map(str, settings.alternate))} updates"
    networks = f"{network.seeds} perceptron{'s' * (network.seeds > 1)} of {network.depth} x {network.width}"
    return f"{who}, {networks}, {settings.count} samples, softening {settings.softening}"


def _checked(settings: ParticleSettings) -> tuple[Mode, ...]:
    moved = "p" if settings.role == Role.GENERATOR.text else "both"
    if settings.period is None or settings.modes is None:
        raise InputError("networks are followed at the modes of a torus; give period='2*pi' and modes='1,2', say.")
    if settings.moves != moved:
        raise InputError(f"a trained {settings.role} moves {moved}, not {settings.moves}; give moves={moved!r}.")
    if settings.role == Role.GENERATOR.text and settings.eps != "0":
        raise InputError("the generator trains with the plain kernel; leave out stabilizer and eps, or type role discriminator.")
    return parse_modes(settings.modes, settings.dim)


def _players(settings: ParticleSettings, squares: Floats) -> tuple[Player, ...]:
    """Returns who trains, with the rates of free features while that player alone trains."""
    if settings.alternate is None:
        return (Player(_role(settings), 1, 1.0, predicted_rates(settings, squares)),)
    (d, g), (rate_d, rate_g) = settings.alternate, settings.learning_rates
    alone = replace(settings, alternate=None, rates=("1", "1"))
    plain = replace(alone, role=Role.GENERATOR.text, moves="p", stabilizer="0*rbf", eps="0")
    turns = ((Role.DISCRIMINATOR, d, rate_d, alone), (Role.GENERATOR, g, rate_g, plain))
    return tuple(Player(role, updates, speed, predicted_rates(case, squares)) for role, updates, speed, case in turns if updates)


def _trial(
    settings: ParticleSettings, network: Network, players: tuple[Player, ...], modes: tuple[Mode, ...], seed: int
) -> tuple[tuple[Fit, ...], tuple[float, ...]]:
    """Returns the measured fits and the explained rates of one network."""
    length = _length(settings)
    game, xi = _game(settings, network, modes, seed), wavevectors(modes, length)
    filters = [mode_filter(game, player.role, xi, np.full(len(modes), _PHASE), seed) for player in players]
    systems = [_system(player, found.shares, xi) for player, found in zip(players, filters, strict=True)]
    step = _step(systems, players, network.cycles)
    turns = tuple(
        Turn(player.role, player.updates, step * player.speed * settings.count / found.largest)
        for player, found in zip(players, filters, strict=True)
    )
    times: Floats = step * np.arange(network.cycles + 1, dtype=np.float64)
    series = train_game(game, torus_distance(settings), turns, network.cycles, modes, length)
    start = np.full(len(modes), settings.number("amplitude") / 2)
    expected = _stepped(systems, players, step, start, network.cycles)
    measured = tuple(fit(times, column) for column in series.T)
    return measured, tuple(_rate(times, column) for column in expected.T)


def _game(settings: ParticleSettings, network: Network, modes: tuple[Mode, ...], seed: int) -> TorusGame:
    """Returns the game at its start: generated samples with the waves, real ones without, networks of this seed."""
    length, n = _length(settings), settings.dim
    waves = tuple(Wave(mode, settings.number("amplitude"), _PHASE) for mode in modes)
    fake = torch.as_tensor(quiet_start(settings.count, length, waves, n))
    real = torch.as_tensor(quiet_start(settings.count, length, (), n, between=True))
    options = {"width": network.width, "depth": network.depth}
    trains = {Role.DISCRIMINATOR, Role.GENERATOR} if settings.alternate else {_role(settings)}
    discriminator: nn.Module = Identity(n)
    generator = None
    if Role.DISCRIMINATOR in trains:
        discriminator = wide_map(n, length, 1, seed, "discriminator", options)
    if Role.GENERATOR in trains:
        generator = wide_map(n, length, 0, seed, "generator", options)
    return TorusGame(fake, real, discriminator, generator, network.separation)


def _system(player: Player, shares: Floats, xi: Floats) -> Floats:
    """Returns A of w' = A w for the followed modes and unit speed: the free rate of each times what arrives where."""
    k = np.linalg.norm(xi, axis=1)
    return player.rates[None, :] * shares * (k[:, None] / k[None, :])


def _step(systems: list[Floats], players: tuple[Player, ...], cycles: int) -> float:
    """Returns the flow time of a cycle in which the fastest mode changes by e^CHANGE over all cycles."""
    total = sum(player.updates * player.speed * system for player, system in zip(players, systems, strict=True))
    fastest = float(np.abs(np.sum(total, axis=1)).max())
    free = max(float(np.abs(player.rates).max()) for player in players)
    if not _NEUTRAL * free < fastest < float("inf"):
        raise InputError("the followed modes neither grow nor decay in these networks; type other --modes.")
    return CHANGE / (fastest * cycles)


def _stepped(systems: list[Floats], players: tuple[Player, ...], step: float, start: Floats, cycles: int) -> Floats:
    """Returns the modes that the tangent kernels give before the first cycle and after each, (cycles + 1, K)."""
    cycle = np.eye(len(start))
    for player, system in zip(players, systems, strict=True):
        update = np.eye(len(start)) + step * player.speed * system
        cycle = np.linalg.matrix_power(update, player.updates) @ cycle
    series = [start]
    for _ in range(cycles):
        series.append(cycle @ series[-1])
    return np.array(series)


def _rate(times: Floats, column: Floats) -> float:
    """Returns the rate of an expected series, fitted as a measured one is; from its first step where that cannot be."""
    rate = fit(times, column.astype(np.complex128)).rate
    return float((column[1] - column[0]) / (column[0] * times[1])) if rate is None else rate


def _role(settings: ParticleSettings) -> Role:
    return Role[settings.role.upper()]


def _length(settings: ParticleSettings) -> float:
    assert settings.length is not None
    return settings.length
