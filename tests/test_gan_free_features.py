"""Free features under the real losses move at the certified rates; optimizers multiply modes as their maps say."""

import importlib.util
import sys
from math import exp, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
import torch

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.gan.distances.particle_distance import ParticleDistance
from wgflow.gan.rungs.free_features import free_features
from wgflow.gan.rungs.optimizer_rates import stepped_rates
from wgflow.gan.rungs.wave_packet import packet_growth

torch.set_num_threads(1)

SCRIPT = Path(__file__).resolve().parents[1] / "analysis" / "free_features.py"
PARTNER = {"rbf(1)": "elastic", "energy": "elastic", "elastic": "rbf(1/2)"}


def transforms(name: str, k2: np.ndarray, n: int) -> np.ndarray:
    """The closed forms in n = 1, 2, 3, typed once more."""
    k = np.sqrt(k2)
    if name == "rbf(1)":
        return (2 * pi) ** (n / 2) * np.exp(-k2 / 2)
    if name == "rbf(1/2)":
        return (2 * pi) ** (n / 2) / 2**n * np.exp(-k2 / 8)
    if name == "energy":
        return {1: 2 / k2, 2: 2 * pi / k**3, 3: 8 * pi / k2**2}[n]
    return {1: pi / k, 2: 2 * pi / k, 3: 2 * pi**2 / k}[n]  # elastic: -log r, 1/r, 1/r^2


def rates_of(found, stabilizer, eps, role, both) -> np.ndarray:
    s = found.settings
    k2 = np.array([row.wavenumber for row in found.growth.rows]) ** 2
    kernel = next(name for name in PARTNER if s.kernel.startswith(name[:3]))
    value = transforms(kernel, k2, s.dim) - (eps * transforms(stabilizer, k2, s.dim) if stabilizer else 0)
    width = fraction_of(s.softening)
    return (2 if both else 1) * role * k2 * value * np.exp(-(width**2) * k2 / 2) / (2 * pi) ** s.dim


def fraction_of(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)


@pytest.mark.parametrize("moves", ["p", "both"])
@pytest.mark.parametrize("stabilized", [False, True])
@pytest.mark.parametrize("kernel", PARTNER)
def test_rates_on_the_line(kernel, stabilized, moves):
    check(kernel, stabilized, moves, 1)


def test_rates_in_the_plane():
    check("energy", True, "both", 2, count=512, steps=12)


def test_rates_in_space():
    check("rbf(1)", False, "p", 3, count=300, steps=10)


def check(kernel, stabilized, moves, dim, **options):
    stabilizer = PARTNER[kernel] if stabilized else None
    strength = {"stabilizer": stabilizer, "eps": "0.7"} if stabilized else {}
    found = free_features(kernel, dim=dim, moves=moves, **strength, **options)
    expected = rates_of(found, stabilizer, 0.7, 1, moves == "both")
    for row, rate in zip(found.growth.rows, expected, strict=True):
        assert row.predicted == pytest.approx(rate, rel=1e-10)
        assert row.fit.rate == pytest.approx(rate, rel=0.01)
        steps = log(1 + found.interval * rate) / found.interval
        assert row.fit.rate == pytest.approx(steps, rel=2e-4 if dim == 3 else 1e-5)
    assert found.growth.verdict(0.01) == "agrees"


@pytest.mark.long
@pytest.mark.parametrize("moves", ["p", "both"])
@pytest.mark.parametrize("stabilized", [False, True])
@pytest.mark.parametrize("kernel", PARTNER)
@pytest.mark.parametrize("dim", [2, 3])
def test_rates_in_all_cases(kernel, stabilized, moves, dim):
    check(kernel, stabilized, moves, dim)


def test_the_generator_descends_the_plain_kernel():
    found = free_features("energy", dim=1, role="generator")
    expected = rates_of(found, None, 0, -1, False)
    assert [row.fit.rate for row in found.growth.rows] == pytest.approx(list(expected), rel=0.01)
    assert max(expected) < 0
    with pytest.raises(InputError, match="plain kernel"):
        free_features("rbf(1)", "elastic", "0.7", dim=1, role="generator")


def test_heavy_ball_follows_its_own_multiplier():
    """z^2 - (1 + b + (1 - b) x) z + b = 0 at b = 0.9; the flow itself is missed by two percent."""
    found = free_features("rbf(1)", dim=1, modes="1,2", optimizer="momentum", steps=16)
    for row, step in zip(found.growth.rows, found.stepped.rows, strict=True):
        x = 0.1 * row.predicted * found.interval
        root = (1.9 + x + sqrt((1.9 + x) ** 2 - 3.6)) / 2
        assert step.predicted == pytest.approx(log(root) / found.interval, rel=1e-9)
        assert row.fit.rate == pytest.approx(step.predicted, rel=1e-3)
        assert row.error > 0.01


def test_adam_departs():
    """Every feature moves at one speed: a mode that should grow slowly beside faster ones does not grow at its rate."""
    found = free_features("rbf(1)", dim=1, optimizer="adam", steps=60)
    assert found.stepped is None and found.growth.verdict(0.01) != "agrees"
    assert max(row.error for row in found.growth.rows if row.error is not None) > 0.1


def test_stepped_rates_of_euler():
    assert stepped_rates(np.array([2.0, -3.0]), 0.1) == pytest.approx([log(1.2) / 0.1, log(0.7) / 0.1], rel=1e-12)


PACKETS = {
    "rbf": (ParticleDistance("rbf(1)", dim=1), lambda k: sqrt(2 * pi) * exp(-k * k / 2)),
    "stabilized": (
        ParticleDistance("rbf(1)", "rbf(1/2)", "2.2", dim=1),
        lambda k: sqrt(2 * pi) * (exp(-k * k / 2) - 1.1 * exp(-k * k / 8)),
    ),
}


@pytest.mark.parametrize("name", PACKETS)
@pytest.mark.parametrize("both", [False, True])
def test_a_packet_under_the_loss_of_the_line(name, both):
    """The rate at k0 = 2 about C = 1/(2 R), R = 10 pi / k0, whatever the other modes of the packet do."""
    distance, transform = PACKETS[name]
    (row,) = packet_growth(distance, both=both, count=200, steps=8).growth.rows
    rate = (2 if both else 1) * 4 * transform(2.0) / (10 * pi)
    assert row.predicted == pytest.approx(rate, rel=1e-10)
    assert row.fit.rate == pytest.approx(rate, rel=0.002)


def test_a_packet_of_energy_smoothed_and_its_generator():
    """-sqrt(r^2 + c^2) has the transform 2 c K_1(c k) / k on the line."""
    from scipy.special import k1

    distance = ParticleDistance("0.2*multiquadric(1/5)", dim=1)
    (row,) = packet_growth(distance, role=Role.GENERATOR, steps=8).growth.rows
    rate = -4 * (2 * 0.2 * k1(0.4) / 2) / (10 * pi)
    assert row.fit.rate == pytest.approx(rate, rel=0.002)
    assert rate == pytest.approx(-4 * 2 / 4 / (10 * pi), rel=0.15)  # near that of energy itself, 2 / k^2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dim": 4}, "dim 1 to 3"),
        ({"optimizer": "lbfgs"}, "sgd, momentum, adam"),
        ({"moves": "q"}, "moves"),
        ({"modes": "0"}, "mass"),
        ({"fastest": 2}, "between 0 and 1"),
        ({"stabilizer": "elastic"}, "strength"),
    ],
)
def test_wrong_input(options, words):
    with pytest.raises(InputError, match=words):
        free_features("rbf(1)", **{"dim": 1, **options})


def test_wrong_packets():
    distance = ParticleDistance("rbf(1)", dim=1)
    with pytest.raises(InputError, match="count"):
        packet_growth(distance, count=10)
    with pytest.raises(InputError, match="neither grows nor decays"):
        packet_growth(ParticleDistance("rbf(1)", "rbf(1)", "1", dim=1))


def test_a_missed_rate_ends_the_script_with_1(monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("analysis_free_features", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", ["free_features.py", "--quick"])
    monkeypatch.setattr(script, "CASES", [("elastic", None, "p")])
    monkeypatch.setattr(script, "PLAIN", {"elastic": None})
    monkeypatch.setattr(script, "PACKETS", {"rbf(1)": {"kernel": "rbf(1)"}})
    assert script.main() == 0
    assert "9 rates: agrees" in capsys.readouterr().out
    monkeypatch.setattr(script, "PACKETS", {})
    monkeypatch.setattr(script, "TOLERANCE", 1e-4)  # a step of 1/400 departs from the flow by half of that
    assert script.main() == 1
    assert capsys.readouterr().out.count("missed") == 7
