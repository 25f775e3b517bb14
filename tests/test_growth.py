"""Fitted growth rates: on series whose rate is known, with noise, memory and nonlinearity; and the table beside predictions."""

import json

import numpy as np
import pytest

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.fitted_rate import Fit, fit
from wgflow.dynamics.growth import compare
from wgflow.dynamics.modes import torus_modes
from wgflow.dynamics.particles.quiet import Wave, quiet_start

NO_FIT = Fit(None, None, None, 0, "too short")


def memory(rng, count, correlation):
    """Stationary noise of unit variance whose neighbours correlate."""
    white = rng.normal(size=(count, 2)) @ [1, 1j] / np.sqrt(2)
    out = white.copy()
    for i in range(1, count):
        out[i] = correlation * out[i - 1] + np.sqrt(1 - correlation**2) * white[i]
    return out


@pytest.mark.parametrize("rate", [-3.0, 2.0])
@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
@pytest.mark.parametrize(("count", "correlation"), [(40, 0.0), (100, 0.5), (200, 0.8)])
def test_intervals_cover_the_rate_in_95_of_100_cases(rate, kind, count, correlation):
    rng = np.random.default_rng(20)
    t = np.linspace(0, 1, count)
    covered = 0
    for _ in range(200):
        clean = 1e-4 * np.exp(rate * t + 1j * rng.uniform(0, 6))
        noise = memory(rng, count, correlation)
        found = fit(t, clean + 2e-7 * noise if kind == "additive" else clean * (1 + 0.02 * noise))
        covered += abs(found.rate - rate) <= found.half_width
    assert 0.90 <= covered / 200 <= 0.99


@pytest.mark.parametrize("rate", [-20.0, -1.0, 0.0, 1e-6, 3.0])
@pytest.mark.parametrize("count", [8, 9, 20, 500])
def test_exact_exponentials(rate, count):
    t = np.linspace(2, 2.5, count)
    found = fit(t, 1e-7 * np.exp(1j + rate * (t - 2)) * (-1) ** np.arange(count))
    assert abs(found.rate - rate) <= found.half_width < 1e-9
    assert found.window == (2.0, 2.5) and found.points == count


@pytest.mark.parametrize(("rate", "start", "capacity"), [(2, 1e-5, 0.3), (2, 1e-4, 0.05), (-2, 5e-3, 0.05), (3, 1e-3, 0.02)])
def test_what_is_not_linear_widens_the_interval(rate, start, capacity):
    """a' = rate a (1 - a / capacity), solved exactly: the interval contains the rate at amplitude 0."""
    t = np.linspace(0, 3, 200)
    found = fit(t, capacity / (1 + (capacity / start - 1) * np.exp(-rate * t)) + 0j)
    assert abs(found.rate - rate) <= found.half_width < 0.1 * abs(rate)


def test_a_mode_that_others_feed_is_cut_before_they_do():
    t = np.linspace(0, 3, 200)
    found = fit(t, 1e-6 * np.exp(-2 * t) + 1e-9 * np.exp(2 * t) + 0j)
    assert abs(found.rate + 2) <= found.half_width < 0.05


def test_the_window_ends_at_the_noise_floor():
    t = np.linspace(0, 3, 300)
    found = fit(t, 1e-6 * np.exp(-20 * t) + 1e-13 * np.exp(7j * t))
    assert abs(found.rate + 20) <= found.half_width < 0.01
    assert found.window[1] < np.log(1e-6 / 1e-12) / 20 + 0.01
    stated = fit(t, 1e-6 * np.exp(-20 * t) + 0j, floor=1e-9)
    assert stated.window[1] <= np.log(1e-6 / 1e-8) / 20


def test_the_window_ends_where_linearity_does():
    t = np.linspace(0, 3, 300)
    found = fit(t, 1e-6 * np.exp(5 * t) + 0j)
    assert found.window[1] <= np.log(1e-2 / 1e-6) / 5 and found.rate == pytest.approx(5, abs=1e-12)
    late = fit(t, 0.1 * np.exp(-3 * t) + 0j)
    assert late.window[0] >= np.log(10) / 3 and late.rate == pytest.approx(-3, abs=1e-12)


@pytest.mark.parametrize(
    ("amplitudes", "says"),
    [
        (np.zeros(50), "floor"),
        (np.full(50, 1e-16), "floor"),
        (np.full(50, 0.2), "linear range"),
        (np.full(50, np.nan), "floor"),
        (np.where(np.arange(50) < 5, 1e-4, np.nan), "only 5"),
    ],
)
def test_no_fit_has_its_reason(amplitudes, says):
    found = fit(np.linspace(0, 1, 50), amplitudes + 0j)
    assert found.rate is None and found.half_width is None and says in found.reason


def test_a_blow_up_after_the_linear_time_does_no_harm():
    t = np.linspace(0, 1, 50)
    found = fit(t, np.where(t > 0.8, np.nan, 1e-5 * np.exp(t)) + 0j)
    assert found.rate == pytest.approx(1, abs=1e-12)


def test_wrong_series_are_refused():
    t = np.linspace(0, 1, 10)
    for times, amplitudes in ((t, t[:5]), (t[::-1], t), (0 * t, t), (t * np.nan, t)):
        with pytest.raises(InputError, match="increasing"):
            fit(times, amplitudes + 0j)
    with pytest.raises(InputError, match="ceiling"):
        fit(t, t + 0j, floor=1e-2)


def test_verdicts():
    fits = [Fit(1.0, 0.001, (0, 1), 50), Fit(-2.2, 0.001, (0, 1), 50), Fit(3.0, 1.0, (0, 1), 50), NO_FIT]
    table = compare([(1,), (2,), (3,), (4,)], [1, 2, 3, 4], [1.005, -2, 3, 4], fits)
    assert [row.verdict(0.01) for row in table.rows] == ["agrees", "missed", "undecided", "undecided"]
    assert table.verdict(0.01) == "missed" and not table.passes(0.01)
    assert table.verdict(0.2) == "undecided" and not table.passes(0.2)
    assert [row.inside for row in table.rows] == [False, False, True, None]
    assert compare([(1,)], [1], [1.005], fits[:1]).passes(0.01)
    assert not compare([], [], [], []).passes(0.01)
    text = json.dumps(table.to_json(0.01), allow_nan=False)
    assert json.loads(text)["verdict"] == "missed"
    assert [line[-1] for line in table.lines(0.01)] == ["agrees", "missed", "undecided", "undecided: too short"]


def test_neutral_predictions_are_compared_on_the_largest_scale():
    fits = [Fit(1e-4, 1e-5, (0, 1), 50), Fit(-10.0, 1e-3, (0, 1), 50)]
    assert compare([(1,), (2,)], [1, 2], [0.0, -10], fits).rows[0].error == pytest.approx(1e-5)
    alone = compare([(1,)], [1], [0.0], [Fit(1e-4, 1e-5, (0.0, 2.0), 50)])
    assert alone.rows[0].error == pytest.approx(2e-4)
    assert compare([(1,)], [1], [0.0], [NO_FIT]).verdict(1) == "undecided"
    with pytest.raises(InputError, match="one fit"):
        compare([(1,)], [1], [0.0], [])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_quiet_particle_run_has_the_rates_of_theory(sign):
    """rbf(1/2) summed over Fourier modes: rate = sign k^2 F(k) / L, F(k) = sqrt(2 pi) l exp(-l^2 k^2 / 2), L = 2 pi."""
    period, seeded, lengthscale = 2 * np.pi, ((1,), (2,), (3,), (5,)), 0.5
    k = np.arange(1, 21)
    transform = np.sqrt(2 * np.pi) * lengthscale * np.exp(-((lengthscale * k) ** 2) / 2)

    def velocity(x):
        waves = np.exp(1j * np.outer(x[:, 0], k))
        return sign * 2 / period * ((1j * k * transform * waves.conj().mean(axis=0)) * waves).real.sum(axis=1)[:, None]

    x, dt, modes = quiet_start(1000, period, tuple(Wave(mode, 1e-5) for mode in seeded), 1), 0.02, []
    for _ in range(51):
        modes.append(torus_modes(x, seeded, period))
        a = velocity(x)
        b = velocity(x + dt / 2 * a)
        c = velocity(x + dt / 2 * b)
        x = x + dt / 6 * (a + 2 * b + 2 * c + velocity(x + dt * c))
    numbers = np.array([1, 2, 3, 5])
    predicted = sign * numbers**2 * transform[numbers - 1] / period
    fits = [fit(dt * np.arange(51), series) for series in np.array(modes).T]
    table = compare(seeded, numbers, predicted, fits)
    assert table.passes(1e-7), table.lines(1e-7)
