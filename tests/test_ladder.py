"""The ladder of evidence: rungs agree with closed forms and with each other; its table; the command's contract."""

import importlib.util
import json
from math import exp, pi, sqrt

import pytest

from wgflow.arithmetic.number import InputError
from wgflow.cli.main import main
from wgflow.dynamics.departure import AS_PREDICTED, NOT_AS_PREDICTED, NOT_DECIDED, Departure, mean_fit, order_of
from wgflow.dynamics.fitted_rate import Fit
from wgflow.dynamics.growth import AGREES, MISSED, UNDECIDED, compare
from wgflow.dynamics.rungs import Ladder, Rung
from wgflow.gan.ladder import ladder

LOWER = "density,particles"


def test_rungs_measure_the_closed_form():
    """F(rbf(1/2)) = sqrt(2 pi)/2 exp(-k^2/8), s = rbf(1/4): half of that width; C = 1/(2 pi)."""
    found = ladder("rbf(0.5)", stabilizer="rbf(0.25)", eps="1.5", dim=1, rungs=LOWER)
    assert [rung.name for rung in found.rungs] == ["density, spectral", "density, volumes", "particles"]
    for rung, tolerance in zip(found.rungs, (1e-9, 1e-3, 1e-6), strict=True):
        for row in rung.growth.rows:
            k2 = row.wavenumber**2
            rate = k2 * sqrt(2 * pi) * (exp(-k2 / 8) / 2 - 1.5 * exp(-k2 / 32) / 4) / (2 * pi)
            assert row.predicted == pytest.approx(rate, rel=1e-12)
            assert row.fit.rate == pytest.approx(rate, rel=tolerance)


def test_a_kernel_that_is_not_smooth_is_smoothed_for_particles_alone():
    found = ladder("elastic", dim=2, role="generator", modes="1:0,1:1", rungs=LOWER)
    density, _, particles = (rung.growth.rows for rung in found.rungs)
    for sharp, smooth in zip(density, particles, strict=True):
        assert smooth.predicted == pytest.approx(sharp.predicted * exp(-0.02 * sharp.wavenumber**2), rel=1e-12)
    assert found.verdict(1e-3) == "agrees"


def test_changes_add_up_to_the_errors():
    found = ladder("rbf(0.5)", dim=1, modes="2", rungs=LOWER)
    (_, first, nothing), (_, second, change), _ = found.steps()
    assert nothing is None
    assert change == pytest.approx((second.fit.rate - first.fit.rate) / first.predicted, rel=1e-6)


def fits(*rates, half_width=0.0):
    return tuple(Fit(rate, half_width, (0.0, 1.0), 9) for rate in rates)


def departure(predicted, trials, explained):
    table = compare(
        [(j + 1,) for j in range(len(predicted))],
        [1.0] * len(predicted),
        predicted,
        [mean_fit(c) for c in zip(*trials, strict=True)],
    )
    return Departure(table, tuple(trials), tuple(explained))


def test_the_interval_of_a_mean_is_students():
    """t(0.975, 2) = 4.302653 (tables): standard deviation 0.1, half-width t 0.1 / sqrt(3), and the runs' own."""
    found = mean_fit(fits(1.0, 1.1, 1.2, half_width=0.05))
    assert found.rate == pytest.approx(1.1) and found.half_width == pytest.approx(4.302653 * 0.1 / sqrt(3) + 0.05, rel=1e-6)
    assert mean_fit(fits(1.0, half_width=0.05)).half_width == 0.05
    lost = mean_fit([*fits(1.0), Fit(None, None, None, 0, "lost")])
    assert lost.rate is None and "lost" in lost.reason


def test_signs_and_order_know_their_uncertainty():
    sure = departure([1.0, 2.0], [fits(0.1, 0.3), fits(0.11, 0.31)], [(0.1, 0.3)] * 2)
    assert sure.signs == (AS_PREDICTED,) * 2 and sure.ordering == AS_PREDICTED == sure.verdict() == sure.explained_ordering
    turned = departure([-1.0, 2.0], [fits(0.1, 0.3), fits(0.11, 0.31)], [(0.1, 0.3)] * 2)
    assert turned.signs == (NOT_AS_PREDICTED, AS_PREDICTED) and turned.verdict() == NOT_AS_PREDICTED
    assert turned.explained_signs == AS_PREDICTED and turned.ordering == AS_PREDICTED
    wide = departure([1.0, 2.0], [fits(0.1, 0.3), fits(0.5, -0.2)], [(0.1, 0.3)] * 2)
    assert wide.signs == (NOT_DECIDED,) * 2 and wide.ordering == NOT_DECIDED == wide.verdict()
    lost = departure([1.0, 2.0], [(*fits(0.1), Fit(None, None, None, 0, "lost"))] * 2, [(0.1, 0.3)] * 2)
    assert lost.signs == (AS_PREDICTED, NOT_DECIDED) and lost.ordering == NOT_DECIDED
    assert departure([0.0, 2.0], [fits(0.1, 0.3)] * 2, [(0.1, 0.3)] * 2).signs[0] == NOT_DECIDED  # neutral: no sign predicted
    assert order_of([1.0, 1.0 + 1e-9], [fits(1.0, 2.0)] * 2) == NOT_DECIDED  # nothing to order


def test_the_table_shows_what_networks_depart_by_and_is_judged_by_signs():
    found = departure([1.0, 2.0], [fits(0.1, 0.3), fits(0.11, 0.31)], [(0.105, 0.3)] * 2)
    table = Ladder((Rung("networks", "two", found.growth, found),), "GROWS: case", "a note")
    lines = table.text(0.01).split("\n")
    assert lines[0] == "GROWS: case" and "explained" in lines[1] and lines[-1] == "a note"
    assert lines[3].split()[3:5] == ["0.105", "0.105"] and lines[3].endswith("sign as predicted")
    assert "measured / predicted: 0.11 to 0.15," in " ".join(lines)
    assert table.verdict(0.01) == AGREES
    data = json.loads(json.dumps(table.to_json(0.01), allow_nan=False))
    assert data["rungs"][0]["departure"]["modes"][1] == {"mode": "2", "explained": 0.3, "sign": "as predicted"}
    for predicted, verdict in (([-1.0, 2.0], MISSED), ([0.0, 2.0], UNDECIDED)):
        other = departure(predicted, [fits(0.1, 0.3), fits(0.11, 0.31)], [(0.105, 0.3)] * 2)
        assert Ladder((Rung("networks", "two", other.growth, other),)).verdict(0.01) == verdict


def test_without_torch_the_lower_rungs_stand_and_say_what_is_missing(monkeypatch):
    monkeypatch.setattr("wgflow.gan.ladder.find_spec", lambda name: None if name == "torch" else importlib.util.find_spec(name))
    found = ladder("rbf(0.5)", dim=1, modes="1")
    assert [rung.name for rung in found.rungs] == ["density, spectral", "density, volumes", "particles"]
    assert "pip install 'wgflow[gan]'" in " ".join(str(found).splitlines()[-2:])
    with pytest.raises(InputError, match="torch, which is not installed"):
        ladder("rbf(0.5)", dim=1, rungs="neural")


def test_the_command(capsys):
    options = ["ladder", "--kernel", "rbf(0.5)", "--dim", "1", "--modes", "1", "--rungs", LOWER]
    assert main([*options, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "wgflow.ladder/1" and data["verdict"] == "agrees" and len(data["rungs"]) == 3
    assert data["certified"].startswith("GROWS: rbf(lengthscale=1/2), discriminator, n = 1, torus of period 2*pi")
    assert main([*options, "--tolerance", "1e-6"]) == 1  # second-order finite volumes miss it
    assert capsys.readouterr().out.count("missed") == 1
    for wrong in (
        ["--dim", "4"],
        ["--tolerance", "0"],
        ["--kernel", "rbf - rbf"],
        ["--rungs", "top"],
        ["--rungs", ""],
        ["--seeds", "0"],
    ):
        assert main([*options, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
