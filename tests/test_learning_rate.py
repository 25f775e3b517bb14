"""Training stability against naive loops over gradient steps, eigenvalues, and thresholds known from closed forms."""

from __future__ import annotations

import json
from fractions import Fraction
from math import e, exp, inf, pi, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import wgflow as wg
from wgflow.cli.main import main
from wgflow.stability.update_answer import Outcome
from wgflow.stability.update_rule import Rule, cycle, make_rule, margins

STABLE, UNSTABLE = Outcome.STABLE, Outcome.UNSTABLE


# --- the map of one cycle, against the loop that a trainer runs ---------------------------------------------------


class Momentum:
    """torch.optim.SGD on one number: buf = beta buf + g; p -= lr buf, or lr (g + beta buf) with Nesterov's momentum."""

    def __init__(self, lr: float, beta: float, nesterov: bool, buffer: float) -> None:
        self.lr, self.beta, self.nesterov, self.buffer = lr, beta, nesterov, buffer

    def move(self, gradient: float) -> float:
        self.buffer = self.beta * self.buffer + gradient
        return self.lr * (gradient + self.beta * self.buffer if self.nesterov else self.buffer)


def naive_cycle(rule: Rule, a: float, g: float, state: list[float]) -> list[float]:
    """One cycle on (v_p, v_q, buffers of the discriminator for p and q, buffer of the generator)."""
    p, q = state[:2]
    d_p, d_q = (Momentum(float(rule.lr_d), float(rule.momentum_d), rule.nesterov, m) for m in state[2:4])
    gen = Momentum(float(rule.lr_g), float(rule.momentum_g), rule.nesterov, state[4])
    for step in range(rule.n_critic):
        gradient, last = p - q, step == rule.n_critic - 1
        p += d_p.move(a * gradient)
        if rule.moves == "both":
            q += d_q.move(-a * gradient)
        if rule.simultaneous and last:
            p += gen.move(g * gradient)
    if not rule.simultaneous:
        p += gen.move(g * (p - q))
    return [p, q, d_p.buffer, d_q.buffer, gen.buffer]


def naive_radius(rule: Rule, a: float, g: float) -> float:
    """The largest multiplier in size, of p alone or of both: the neutral direction p + q (multiplier 1) left out once."""
    matrix = np.array([naive_cycle(rule, a, g, list(unit)) for unit in np.eye(5)]).T
    sizes = np.abs(np.linalg.eigvals(matrix))
    return float(np.delete(sizes, np.abs(np.linalg.eigvals(matrix) - 1).argmin()).max())


def fractions(low: str, high: str) -> st.SearchStrategy[Fraction]:
    return st.fractions(Fraction(low), Fraction(high), max_denominator=64)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    momenta = st.sampled_from(["0", "0.5", "0.9", "1/3"])
    return make_rule(
        draw(st.sampled_from(["1", "1/2", "3"])),
        draw(st.sampled_from(["1", "1/4"])),
        draw(st.integers(1, 6)),
        (draw(momenta), draw(momenta)),
        draw(st.booleans()),
        draw(st.sampled_from(["alternating", "simultaneous"])),
        draw(st.sampled_from(["p", "both"])),
    )


@settings(max_examples=60, deadline=None)
@given(rules(), fractions("-1", "1/4"), fractions("-1", "1/4"))
def test_a_cycle_is_the_trainers_loop(rule, a, g):
    if a == 0 or g == 0:
        return
    rate_d, rate_g = rule.rates
    matrix = np.array(cycle(rule, rate_d * a, rate_g * g, Fraction), dtype=float)
    state, vector = [1.0, 0.25, 0.0, 0.0, 0.0], np.eye(len(matrix))[0] * 0.75
    for _ in range(4):
        state, vector = naive_cycle(rule, float(a), float(g), state), matrix @ vector
        assert state[0] - state[1] == pytest.approx(vector[0], rel=1e-9, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(rules(), fractions("-3", "1/4"), fractions("-3", "1/4"))
def test_margins_tell_the_spectral_radius(rule, a, g):
    rate_d, rate_g = rule.rates
    found = margins(rule, rate_d * a, rate_g * g, Fraction)
    matrix = np.array(cycle(rule, rate_d * a, rate_g * g, Fraction), dtype=float)
    radius = float(np.abs(np.linalg.eigvals(matrix)).max())
    if abs(radius - 1) > 1e-6:  # else rounding tells
        assert all(margin > 0 for margin in found) == (radius < 1)
    assert len(found) == {1: 2, 2: 3, 3: 5}[len(matrix)]


def test_the_compounds_are_those_of_the_cycle():
    rule = make_rule(1, 1, 3, "0.5,0.25", True)
    m = np.array(cycle(rule, -0.75, -0.5, float))
    second, third = (cycle(rule, -0.75, -0.5, float, order) for order in (2, 3))
    assert third[0][0] == pytest.approx(np.linalg.det(m))
    assert np.trace(second) == pytest.approx((np.trace(m) ** 2 - np.trace(m @ m)) / 2)


# --- thresholds from closed forms ---------------------------------------------------------------------------------


def peak(dim: int) -> float:
    """The maximum of k^2 F(rbf)(k) = k^2 (2 pi)^(n/2) exp(-k^2/2), at k = sqrt 2."""
    return (2 * pi) ** (dim / 2) * 2 / e


LIMITS = {
    "plain": ({}, 2.0),
    "heavy ball": ({"momentum": "0.9"}, 2 * 1.9),
    "nesterov": ({"momentum": "0.9", "nesterov": True}, 2 * 1.9 / 2.8),
    "both move": ({"moves": "both"}, 1.0),
    "density": ({"density": "1/4"}, 8.0),
    "adam": ({"adam": "3", "momentum": "0.5"}, 2 * 1.5 / 0.5 * (3 + 1e-8)),
    "critic steps of one player": ({"n_critic": 7, "momentum": "0.5"}, 3.0),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_largest_rate_of_one_player(name):
    """|1 + x| < 1; heavy ball -x < 2 (1 + b); Nesterov -x < 2 (1 + b)/(1 + 2 b); for x = -eta (eps - 1) k^2 F(rbf)(k)."""
    options, limit = LIMITS[name]
    found = wg.learning_rate("rbf", "rbf", "1.5", 2, lr_d="1e-3", **options)
    low, high = found.largest_lr_d
    assert found.verdict is STABLE and low <= limit / (0.5 * peak(2)) <= high < low * (1 + 3e-9)
    assert low < found.largest_lr_d[1] and found.flow == "DECAYS" and found.witness is None


def test_the_generator_alone_stands_under_the_same_bound():
    found = wg.learning_rate("rbf", "rbf", 0, 3, lr_d=0, lr_g="0.01", momentum="0.5")
    assert found.largest_lr_g[0] <= 3 / peak(3) <= found.largest_lr_g[1] and found.least_eps is None


def first_crossing(multiplier: np.poly1d) -> float:
    """The least u > 0 at which |multiplier(u)| = 1, all such u being simple."""
    roots = np.concatenate([(multiplier - 1).roots, (multiplier + 1).roots])
    touching = np.isclose(roots[:, None], roots[None], atol=1e-3).sum() > roots.size  # there the answer is a tie
    assume(not touching)
    return float(min(r.real for r in roots if abs(r.imag) < 1e-9 and r.real > 1e-6))


@st.composite
def two_players(draw: st.DrawFn) -> tuple[dict, float]:
    """rbf against rbf without momentum: (1 - d u)^n (1 - g u), or with the last step simultaneous, u = factor * k^2 F(k)."""
    d, g = draw(st.sampled_from(["1/8", "1/4", "1/2", "1"])), draw(st.sampled_from(["1/16", "1/4", "1"]))
    n, together = draw(st.integers(1, 4)), draw(st.booleans())
    first, other = np.poly1d([-float(Fraction(d)), 1]), np.poly1d([-float(Fraction(g)), 1])
    multiplier = first ** (n - 1) * (first + other - 1) if together else first**n * other
    options = {"lr_d": d, "lr_g": g, "n_critic": n, "update": "simultaneous" if together else "alternating"}
    return options, first_crossing(multiplier) / peak(2)


@settings(max_examples=12, deadline=None)
@given(two_players(), st.sampled_from(["0.5", "0.999", "1.001"]))
def test_verdicts_of_two_players(problem, part):
    options, limit = problem
    factor = Fraction(limit).limit_denominator(10**12) * Fraction(part)
    rates = {name: Fraction(options[name]) * factor for name in ("lr_d", "lr_g")}
    found = wg.learning_rate("rbf", "rbf", 2, 2, **(options | rates))
    assert found.verdict is (STABLE if Fraction(part) < 1 else UNSTABLE)
    if found.largest is not None:
        assert found.largest_lr_d[0] <= float(Fraction(options["lr_d"])) * limit * (1 + 1e-12) and (
            found.largest_lr_d[1] >= float(Fraction(options["lr_d"])) * limit * (1 - 1e-12)
        )
    if found.verdict is UNSTABLE:
        assert float(found.witness.wavenumber) == pytest.approx(sqrt(2), abs=0.1) and found.witness.size[1] >= 1


@pytest.mark.parametrize(("lr_g", "n_critic", "momentum"), [("0", 1, "0"), ("1e-3", 5, "0"), ("1e-2", 2, "0.5")])
def test_the_least_eps_is_that_of_the_slow_flow(lr_g, n_critic, momentum):
    """rbf(1) against rbf(1/2), n = 2: F(e)/F(s) tends to 4 as k -> 0, so n_D eta_D (1 - eps/4) - eta_G < 0."""
    found = wg.learning_rate("rbf", "rbf(1/2)", 5, 2, lr_d="2e-2", lr_g=lr_g, n_critic=n_critic, momentum=momentum)
    exact = 4 * (1 - Fraction(lr_g) / (n_critic * Fraction("2e-2")))
    assert found.least_eps.low <= exact <= found.least_eps.high < found.least_eps.low * (1 + Fraction(1, 10**8))


# --- verdicts -----------------------------------------------------------------------------------------------------

CASES = {
    "alternating, momentum": ("rbf", "rbf(1/2)", "5", {"lr_d": "0.2", "lr_g": "0.1", "n_critic": 5, "momentum": "0.5"}),
    "slow and fast": ("rbf", "rbf(1/2)", "3.9", {"lr_d": "0.2"}),
    "nesterov": ("rbf", "rbf(1/2)", "3", {"lr_d": "0.2", "lr_g": "0.2", "momentum": "0.9", "nesterov": True}),
    "coulomb": ("rbf", "coulomb", "0.9", {"lr_d": "0.2", "lr_g": "0.1", "n_critic": 5, "momentum": "0.5", "moves": "both"}),
    "laplace": ("laplace", "laplace(1/2)", "5", {"lr_d": "0.2", "lr_g": "0.1", "momentum": "0.5,0", "update": "simultaneous"}),
    "energy, no bound at 0": ("energy", "energy", "1.1", {"lr_d": "0.2", "lr_g": "1e-4"}),
}


@pytest.mark.parametrize("name", CASES)
def test_verdicts_agree_with_eigenvalues_mode_by_mode(name):
    kernel, stabilizer, eps, options = CASES[name]
    found = wg.learning_rate(kernel, stabilizer, eps, 2, **options)
    rule = make_rule(**options)
    k = np.geomspace(1e-2, 60, 150)
    a = k**2 * (wg.transform(kernel, k, 2) - float(eps) * wg.transform(stabilizer, k, 2))
    g = -(k**2) * wg.transform(kernel, k, 2)
    radius = np.array([naive_radius(rule, *rates) for rates in zip(a, g, strict=True)])
    inside = np.zeros(k.size, dtype=bool)
    for band in found.unstable_bands:
        inside |= (k > band.start[1]) & (k < (band.end[0] if band.end else inf))
    clear = np.abs(radius - 1) > 1e-9
    assert ((radius > 1) == inside)[clear].all()
    assert found.verdict is (UNSTABLE if (radius > 1).any() else STABLE)
    if found.witness is not None:
        assert found.witness.size[0] >= 1 or found.witness.size[1] == 1


def test_elastic_stabilizers_have_no_stable_rate_but_a_band_has():
    """F(elastic) = 2 pi/k: heavy ball steps are stable up to k = 2 (1 + b)/(eta eps 2 pi), beyond which e is nothing."""
    options = {"lr_d": "2e-4", "lr_g": "1e-4", "n_critic": 5, "momentum": "0.5"}
    found = wg.learning_rate("rbf", "elastic", "0.7", 2, **options)
    limit = 3 / (2e-4 * 0.7 * 2 * pi)
    assert found.verdict is UNSTABLE and found.unbounded == ("infinity",) and found.largest is None
    (band,) = found.unstable_bands
    assert band.start == pytest.approx((limit, limit), rel=1e-9) and band.end is None
    assert wg.learning_rate("rbf", "elastic", "0.7", 2, **options, band=("0.01", int(limit))).verdict is STABLE
    assert wg.learning_rate("rbf", "elastic", "0.7", 2, **options, band=("0.01", int(limit) + 1)).verdict is UNSTABLE


def test_on_a_torus_only_its_modes_count():
    """On the torus of period pi/2 the first mode is k = 4, where k^2 F(rbf)(k) = 16 * 2 pi exp(-8)."""
    limit = 2 / (16 * 2 * pi * exp(-8))
    verdicts = [wg.learning_rate("rbf", "rbf", 2, 2, lr_d=limit * part, period="pi/2").verdict for part in (0.999, 1.001)]
    assert verdicts == [STABLE, UNSTABLE] and limit > 2 / peak(2)


def test_neutral_modes_are_not_stable():
    still = wg.learning_rate("rbf", "rbf", 1, 2, lr_d="0.1")
    assert still.verdict is UNSTABLE and still.witness.size == (1.0, 1.0) and still.flow == "GROWS"
    touching = wg.learning_rate("elastic", "energy", 1, 2, lr_d="0.1", period="2*pi")  # 2 pi/k - 2 pi/k^3 = 0 at the first mode
    assert touching.verdict is UNSTABLE and touching.witness.wavenumber == 1.0
    # w <- (1 + x - x) w is at rest; w <- (1 - x)(1 + x) w contracts, in second order.
    assert wg.learning_rate("rbf", "rbf", 0, 2, lr_d="0.1", lr_g="0.1", update="simultaneous").verdict is UNSTABLE
    assert wg.learning_rate("rbf", "rbf", 0, 2, lr_d="0.1", lr_g="0.1").verdict is STABLE


def test_a_rate_that_tends_to_a_constant():
    """In n = 1 k^2 F(laplace)(k) = 2 k^2/(1 + k^2) rises to 2, never there: the generator's limit is eta = 1 itself."""
    found = wg.learning_rate("laplace", "laplace", 0, 1, lr_d=0, lr_g="0.999999")
    assert found.verdict is STABLE and found.largest_lr_g[0] <= 1 <= found.largest_lr_g[1]
    assert wg.learning_rate("laplace", "laplace", 0, 1, lr_d=0, lr_g="1.000001").verdict is UNSTABLE


def test_the_truth_of_undecided_is_not_known():
    assert STABLE and not UNSTABLE
    with pytest.raises(ValueError, match="neither"):
        bool(Outcome.UNDECIDED)


def test_an_expression_is_computed_in_a_child():
    found = wg.learning_rate("exp(-r**4)", "coulomb", 1, 3, lr_d="1e-3", band="1/2,2")
    assert found.verdict is STABLE and found.training.discriminator.kernel == wg.kernel("exp(-r**4)")


# --- the command --------------------------------------------------------------------------------------------------

COMMAND = ["learning-rate", "--kernel", "rbf", "--stabilizer", "rbf"]


def test_the_command(tmp_path, capsys):
    figure, numbers = tmp_path / "chart.png", tmp_path / "chart.nc"
    options = ["--eps", "2", "--lr-d", "0.1", "--json", "--plot", str(figure), "--out", str(numbers), "--points", "12"]
    assert main([*COMMAND, *options]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "wgflow.learning-rate/1" and data["verdict"] == "STABLE" and data["flow"] == "DECAYS"
    assert data["largest"]["smaller_rates_proved"] and data["approximation"] is None
    assert figure.read_bytes().startswith(b"\x89PNG")
    from wgflow.run import load

    chart = load(numbers)
    rate, eps = chart.learning_rate.values, chart.eps.values
    growth = np.multiply.outer(eps - 1, rate) * peak(2)  # -x at the fastest mode
    clear = (np.abs(growth) > 1e-6) & (np.abs(growth - 2) > 0.02)
    expected = np.where(growth < 0, 1, np.where(growth < 2, 0, 2))
    assert (chart.region.values == expected)[clear].all() and set(np.unique(expected)) == {0, 1, 2}


def test_exit_codes_and_words(capsys):
    assert main([*COMMAND, "--eps", "2", "--lr-d", "0.5"]) == 1
    text = capsys.readouterr().out
    assert "UNSTABLE" in text and "--lr-d 0.432" in text and "lr-d < 0.43262799" in text
    assert main([*COMMAND, "--eps", "2", "--lr-d", "0.1", "--adam", "1"]) == 0
    assert "approximation" in capsys.readouterr().out
    # n_critic eta_D = eta_G cancel, second order and eps decide: nothing here proves either at the exact tie.
    tie = ["--kernel", "rbf", "--stabilizer", "rbf(1/2)", "--eps", "3.6", "--lr-d", "0.02", "--lr-g", "0.002", "--band", "1,2"]
    assert main(["learning-rate", *tie]) == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--lr-d", "-1"], ["--lr-d", "0"], ["--lr-d", "x"], ["--momentum", "1"], ["--momentum", "0,0,0"], ["--n-critic", "0"],
        ["--update", "both"], ["--moves", "q"], ["--adam", "0"], ["--adam", "1", "--nesterov"], ["--density", "0"],
        ["--plot", "chart.txt"], ["--out", "chart.txt"], ["--points", "1"], ["--dim", "all"], ["--lr-g", "nan"],
    ],
)  # fmt: skip
def test_wrong_input(options, capsys):
    assert main([*COMMAND, *options]) == 2
    message = capsys.readouterr().err
    assert message.startswith("wgflow: ") and message.count("\n") == 1
