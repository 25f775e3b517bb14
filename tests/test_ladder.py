"""The ladder of evidence: rungs agree with closed forms and with each other; the command's contract."""

import json
from math import exp, pi, sqrt

import pytest

from wgflow.cli.main import main
from wgflow.dynamics.ladder import ladder


def test_rungs_measure_the_closed_form():
    """F(rbf(1/2)) = sqrt(2 pi)/2 exp(-k^2/8), s = rbf(1/4): half of that width; C = 1/(2 pi)."""
    found = ladder("rbf(0.5)", stabilizer="rbf(0.25)", eps="1.5", dim=1)
    assert [rung.name for rung in found.rungs] == ["density, spectral", "density, volumes", "particles"]
    for rung, tolerance in zip(found.rungs, (1e-9, 1e-3, 1e-6), strict=True):
        for row in rung.growth.rows:
            k2 = row.wavenumber**2
            rate = k2 * sqrt(2 * pi) * (exp(-k2 / 8) / 2 - 1.5 * exp(-k2 / 32) / 4) / (2 * pi)
            assert row.predicted == pytest.approx(rate, rel=1e-12)
            assert row.fit.rate == pytest.approx(rate, rel=tolerance)


def test_a_kernel_that_is_not_smooth_is_smoothed_for_particles_alone():
    found = ladder("elastic", dim=2, role="generator", modes="1:0,1:1")
    density, _, particles = (rung.growth.rows for rung in found.rungs)
    for sharp, smooth in zip(density, particles, strict=True):
        assert smooth.predicted == pytest.approx(sharp.predicted * exp(-0.02 * sharp.wavenumber**2), rel=1e-12)
    assert found.verdict(1e-3) == "agrees"


def test_changes_add_up_to_the_errors():
    found = ladder("rbf(0.5)", dim=1, modes="2")
    (_, first, nothing), (_, second, change), _ = found.steps()
    assert nothing is None
    assert change == pytest.approx((second.fit.rate - first.fit.rate) / first.predicted, rel=1e-6)


def test_the_command(capsys):
    options = ["ladder", "--kernel", "rbf(0.5)", "--dim", "1", "--modes", "1"]
    assert main([*options, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "wgflow.ladder/1" and data["verdict"] == "agrees" and len(data["rungs"]) == 3
    assert main([*options, "--tolerance", "1e-6"]) == 1  # second-order finite volumes miss it
    assert capsys.readouterr().out.count("missed") == 1
    for wrong in (["--dim", "4"], ["--tolerance", "0"], ["--kernel", "rbf - rbf"]):
        assert main([*options, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
