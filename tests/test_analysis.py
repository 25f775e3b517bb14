"""Every analysis script runs, draws its figure, and prints what is known from a formula."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from math import e, exp, gamma, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "analysis"


def printed(script: str, figure: Path, *options: str) -> list[list[str]]:
    """Runs a script with --figure and returns the columns of each line that it prints."""
    command = [sys.executable, str(FOLDER / script), "--figure", str(figure), *options]
    out = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert figure.stat().st_size < 200_000
    return [re.split(r"\s{2,}", line.strip()) for line in out.stdout.splitlines()]


def test_every_script_is_run_here():
    names = {path.name for path in FOLDER.glob("*.py")}
    assert names == {
        "density_convergence.py",
        "free_features.py",
        "modes_of_gaussians.py",
        "plain_discriminators.py",
        "rbf_stabilizers.py",
        "least_eps_by_dimension.py",
        "least_intrusive_stabilizers.py",
        "kernels_without_closed_forms.py",
        "learning_rate_charts.py",
        "particles_beside_theory.py",
        "quantile_convergence.py",
        "stabilizer_strength.py",
        "stabilizers_beside_penalties.py",
        "image_gans.py",
        "train_classifier.py",
    }


def test_plain_discriminators(tmp_path):
    rows = printed("plain_discriminators.py", tmp_path / "figure.png")
    answers = {(row[0], row[1]): row for row in rows if len(row) > 4}
    for kernel in ("rbf(1)", "energy", "elastic"):
        assert answers[kernel, "discriminator"][2:4] == ["GROWS", "every k > 0"]
        assert answers[kernel, "generator"][2:4] == ["DECAYS", "none"]
    # k^2 2 pi exp(-k^2/2) has its maximum 4 pi/e at k = sqrt(2); 2 pi/k and 2 pi k have none.
    assert answers["rbf(1)", "discriminator"][-1] == f"{4 * pi / e:.5f} at k = {sqrt(2):.5f}"
    assert answers["energy", "discriminator"][-1] == "no bound as k -> 0"
    assert answers["elastic", "discriminator"][-1] == "no bound as k -> infinity"


def test_rbf_stabilizers(tmp_path):
    rows = printed("rbf_stabilizers.py", tmp_path / "figure.png")
    least = {row[0]: row[1:] for row in rows if len(row) == 4}
    assert [text.split(" (")[0] for text in least["1/4"]] == ["eps >= 4", "eps >= 16", "eps >= 65536"]
    assert [text.split(" (")[0] for text in least["1"]] == ["eps > 1"] * 3
    assert least["4/3"] == least["2"] == least["4"] == ["no eps"] * 3
    # The supremum of k exp(-k^2/2) times F(rbf)(0) over the elastic kernel's constant.
    elastic = [sqrt(2 / (pi * e)), 1 / sqrt(e), 2**3 * gamma(3.5) / sqrt(pi * e)]
    assert least["elastic"] == [f"eps > {value:.6g}" for value in elastic]
    assert least["elastic"][1].startswith("eps > 0.606")
    growing = {(row[0], row[1]): row[2:] for row in rows if len(row) == 5}
    assert growing["2", "5"][:2] == ["GROWS", f"k > {sqrt(2 * log(20) / 3):.9g}"]
    assert growing["1/2", "3"][:2] == ["GROWS", f"0 < k < {sqrt(8 * log(4 / 3) / 3):.9g}"]
    assert growing["1/2", "4"][0] == "DECAYS"
    assert growing["1", "1"][:2] == ["GROWS", "every k > 0, at rate zero"]


def value(text: str) -> float:
    return float(re.search(r"[\d.e+]+$", text)[0])


def test_least_eps_by_dimension(tmp_path):
    dims = (1, 2, 3, 16, 64)
    rows = printed("least_eps_by_dimension.py", tmp_path / "figure.png", "--dims", ",".join(map(str, dims)))
    table = {int(row[0]): row[1:] for row in rows if row[0].isdigit()}
    assert set(table) == set(dims)
    k = np.geomspace(1e-3, 10, 200_001)
    lengths = 2.0 ** np.arange(5)[:, None]
    for n in dims:
        rbf_elastic, rbf_half, rq_elastic, rq_half, _ = table[n]
        constant = pi if n == 1 else 2 * pi ** ((n + 1) / 2) / gamma((n - 1) / 2)
        ratio = (2 * pi) ** (n / 2) * (lengths**n * np.exp(-((lengths * k) ** 2) / 2)).sum(0) * k / constant
        assert value(rbf_elastic) == pytest.approx(ratio.max(), rel=1e-5)
        assert rbf_half == f"eps >= {2.0**n:.6g}"
        # Toward k = 0 F(rq(1/5)) behaves as k^(2/5 - n), which outgrows 1/k from n = 2 on.
        assert rq_elastic.startswith("eps > ") if n == 1 else rq_elastic == "no eps (k -> 0)"
        assert rq_half.startswith("eps > ")
    growing = [value(table[n][3]) for n in dims]
    (bound,) = (float(re.search(r"eps = ([\d.]+)", " ".join(row))[1]) for row in rows if "is enough in every n" in " ".join(row))
    assert growing == sorted(growing)
    assert growing[-1] < bound == pytest.approx(largest_density_ratio(), rel=1e-4)


def largest_density_ratio() -> float:
    """The supremum of m(t)/m_s(t), (1 + r^2/2a)^-a = integral of m(t) exp(-t r^2) dt, m_s that of half the length."""
    t = np.geomspace(1e-4, 10, 100_001)

    def density(shrink: float) -> np.ndarray:
        terms = ((2 * a * shrink) ** a / gamma(a) * t ** (a - 1) * np.exp(-2 * a * shrink * t) for a in (0.2, 0.5, 1, 2, 5))
        return np.sum(list(terms), axis=0)

    return float((density(1) / density(0.25)).max())


def test_least_intrusive_stabilizers(tmp_path):
    rows = printed("least_intrusive_stabilizers.py", tmp_path / "figure.png")
    mixtures = [row for row in rows if len(row) == 7 and row[1].isdigit()]
    assert len(mixtures) == 6
    for row in mixtures:
        alone, mixture, bound = map(float, row[3:6])
        assert 1 <= bound <= mixture <= 1.001 * bound and mixture < alone and row[6] == "DECAYS"
    coulomb = {row[0]: row[1:] for row in rows if row[0].replace("/", "").replace(",", "").isdigit()}
    assert set(coulomb) == {"1/10,10", "1/2,2", "1,100"}
    for band, (mixture, _, proved, alone) in coulomb.items():
        low, high = (float(Fraction(end)) for end in band.split(","))
        one, two, three = ((low**-p - high**-p) / p for p in (1, 2, 3))
        assert float(mixture) == pytest.approx(sqrt(one * three) / two, rel=1e-3)
        assert (proved, alone) == ("DECAYS", "no eps and no eps")


def test_kernels_without_closed_forms(tmp_path):
    rows = printed("kernels_without_closed_forms.py", tmp_path / "figure.png", "--first", "4")
    answers = [row for row in rows if len(row) == 7 and row[2].isdigit()]
    assert len(answers) == 8
    least = {(row[0], row[2]): value(row[5]) for row in answers}
    for kernel, _, n, eps, verdict, *_ in answers:
        assert verdict == ("DECAYS" if float(eps) > least[kernel, n] else "GROWS")
    # In R^3 k F(e)/(2 pi^2) is 2/pi times the integral of r e(r) sin(k r).
    k, r = np.linspace(0.05, 8, 3000), np.linspace(0, 4, 4001)
    smooth = 2 / pi * (np.sin(k[:, None] * r) @ (r * np.exp(-(r**4)))) * (r[1] - r[0])
    assert least["exp(-r**4)", "3"] == pytest.approx(smooth.max(), rel=1e-5)
    kinked = (1 / (1 + (1 - k) ** 2) - 1 / (1 + (1 + k) ** 2)) / pi
    assert least["sin(r)*exp(-r)/r", "3"] == pytest.approx(kinked.max(), rel=1e-5)


def test_particles_beside_theory(tmp_path):
    rows = printed("particles_beside_theory.py", tmp_path / "figure.png", "--quick")
    errors = {(row[0], row[2]): float(row[5]) for row in rows if len(row) == 7 and row[0] != "kernel"}
    assert len(errors) == 32 and max(errors.values()) < 1e-6
    rates = {(row[0], row[2]): float(row[4]) for row in rows if len(row) == 7 and row[0] != "kernel"}
    assert rates["energy", "3"] == pytest.approx(1 / pi, rel=1e-6)  # C k^2 2/k^2 for every k
    assert rates["laplace", "3"] == pytest.approx(9 * 2 / 10 / (2 * pi), rel=1e-6)  # C k^2 2/(1 + k^2)
    swept = {row[0]: row for row in rows if len(row) == 8 and row[0] != "eps"}
    assert swept["1.8"][1] == "GROWS" and float(swept["1.8"][3]) > 0
    assert swept["1.84"][1] == "DECAYS" and float(swept["1.84"][3]) < 0


def test_learning_rate_charts(tmp_path):
    rows = printed("learning_rate_charts.py", tmp_path / "figure.png")[1:]
    assert len(rows) == 8 and all(row[1] == "STABLE" for row in rows)
    limits = {row[0]: (*map(float, row[2].split(" ... ")), float(row[3])) for row in rows}
    assert all(high - low < 2e-8 and abs(formula - low) < 2e-8 for low, high, formula in limits.values())
    peak = 2 * pi / e  # half of the maximum of k^2 F(rbf)(k)
    # (1 - u)(1 - u/2) reaches 1 at u = 3; heavy ball and Nesterov at 0.9 differ by the factor 1 + 2 * 0.9.
    assert limits["1 critic step, generator"][0] == pytest.approx(3 / peak, abs=1e-8)
    assert limits["heavy ball 0.9"][0] / limits["Nesterov 0.9"][0] == pytest.approx(2.8, rel=1e-7)


def test_modes_of_gaussians(tmp_path):
    rows = printed("modes_of_gaussians.py", tmp_path / "figure.png")
    widths = [list(map(float, row)) for row in rows if len(row) == 6 and row[0] != "s"]
    assert len(widths) == 7 and all(abs(row[4] - 1) < 1e-6 and row[5] >= 10 for row in widths)  # sum of rates 1/l^2
    assert widths[0][1] == pytest.approx(1, abs=0.03) and widths[-1][1] == pytest.approx(2 / (10 * e), rel=0.1)
    errors = {int(row[0]): list(map(float, row[1:])) for row in rows if len(row) == 4 and row[0] != "N"}
    assert errors[80][0] < 1e-14 and errors[320][1] < 1e-3 < errors[320][2] < 0.05
    refined = {int(row[0]): float(row[1]) for row in rows if len(row) == 2 and row[0].isdigit()}
    assert refined[9] > 1e-3 and max(refined[n] for n in (17, 33, 65)) < 1e-13


def test_quantile_convergence(tmp_path):
    rows = printed("quantile_convergence.py", tmp_path / "figure.png", "--quick")
    space = {(row[0], row[1]): row for row in rows if len(row) == 7}
    for flow in ("point -> uniform", "uniform -> point", "uniform -> uniform"):
        assert max(float(space[flow, "at the levels"][k]) for k in (2, 3, 5)) < 1e-14
        assert float(space[flow, "W1, as points"][6]) == pytest.approx(1, abs=0.05)
        assert max(float(space[flow, "event-driven"][k]) for k in (2, 3, 5)) < 1e-13
    assert float(space["point -> uniform", "W1, linear"][6]) == pytest.approx(2, abs=0.1)
    for name, order in (("euler", 1), ("heun", 2), ("rk4", 4)):
        assert float(space["point inside -> uniform", name][6]) == pytest.approx(order, abs=0.1)
    beside = {row[0]: row for row in rows if len(row) == 4 and "->" in row[0]}
    assert float(beside["point -> uniform"][2]) > 0.1 > 1e-3 > float(beside["point -> uniform"][3])


def test_density_convergence():
    """Orders of the finite volumes on the smooth flow on a circle, and of the spectral solver's exponential decay."""
    command = [sys.executable, str(FOLDER / "density_convergence.py"), "--quick", "--cases", "circle,barenblatt"]
    out = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr
    tables = {block.split("\n")[0]: block.split() for block in out.stdout.strip().split("\n\n")}
    orders = {title: float(words[-1]) for title, words in tables.items()}
    assert all(order > 1.9 for title, order in orders.items() if "circle" in title and "finite volumes" in title)
    assert all(order > 0.9 for title, order in orders.items() if "implicit" in title)
    assert all(float(words[-2]) < 1e-10 for title, words in tables.items() if "etdrk4" in title)  # rounding, which may grow
    assert all(order > 1 for title, order in orders.items() if "arenblatt" in title) and len(orders) > 8


def test_train_classifier(tmp_path):
    out = tmp_path / "digits.safetensors"
    command = [sys.executable, str(FOLDER / "train_classifier.py"), "--data", "digits", "--out", str(out), "--epochs", "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()]
    assert rows[1][:2] == ["digits", "360"] and float(rows[1][2]) >= 0.97
    real, noisy, noise = (float(row[1]) for row in rows[-3:])
    assert 4 * real < noisy < noise / 2  # the feature space orders images as it should

    from wgflow.gan.data.names import make_source
    from wgflow.gan.metrics.measured import measure

    source = make_source("digits")
    scores = measure(source.batch(1, 0, 300), source, 0, f"classifier:{out}")
    assert scores["class-coverage[classifier:digits]"] == 1 and scores["confidence[classifier:digits]"] > 0.9
    assert abs(scores["kid[classifier:digits]"]) < 5 * scores["kid[classifier:digits] error"]


def test_free_features(tmp_path):
    rows = printed("free_features.py", tmp_path / "figure.png", "--quick")
    rates = {tuple(row[i] for i in (0, 1, 2, 4, 6)): row for row in rows if len(row) == 12 and row[0] != "kernel"}
    assert len(rates) == 45 and {row[-1] for row in rates.values()} == {"agrees"}
    predicted, measured = map(float, rates["rbf(1)", "-", "discriminator", "p", "1"][7:9])
    assert predicted == pytest.approx(sqrt(2 * pi) * exp(-0.5) / (2 * pi), rel=1e-6)
    assert measured == pytest.approx(predicted, rel=0.01)
    generator = rates["elastic", "-", "generator", "p", "2"]  # C k^2 pi/k, smoothed by H = 1/10
    assert float(generator[8]) == pytest.approx(-exp(-0.02), rel=0.01)
    assert sum(len(row) == 7 and row[-1] == "agrees" for row in rows) == 3


def study_rows(rows: list[list[str]], cells: set[str]) -> dict[str, list[str]]:
    """The rows of a study's table by cell; every cell must have one."""
    found = {row[0]: row[1:] for row in rows if row[0] in cells}
    assert set(found) == cells
    return found


def test_stabilizer_strength(tmp_path):
    rows = printed(
        "stabilizer_strength.py", tmp_path / "f.png", "--quick", "--out", str(tmp_path / "s"), "--csv", str(tmp_path / "t.csv")
    )
    least = {row[0] for row in rows}
    assert "eps* = 4 for s = rbf(1/2) and e = rbf(1) in n = 2" in least  # lambda^n
    assert f"eps* = {(3 / e) ** 1.5:.6g} for s = energy and e = rbf(1) in n = 2" in least  # max of k^3 exp(-k^2/2)
    assert {row[0] for row in study_rows(rows, {"plain", "elastic, 0.25 eps*"}).values()} == {"2"}
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0].startswith("data,cell,seed,outcome,") and len(lines) == 5


def test_stabilizers_beside_penalties(tmp_path):
    rows = printed("stabilizers_beside_penalties.py", tmp_path / "f.png", "--quick", "--out", str(tmp_path / "s"))
    assert {row[0] for row in study_rows(rows, {"plain", "stabilizer", "wgan-gp"}).values()} == {"2"}


def test_image_gans(tmp_path):
    sheets = tmp_path / "sheets.png"
    rows = printed("image_gans.py", tmp_path / "f.png", "--quick", "--out", str(tmp_path / "s"), "--sheets", str(sheets))
    assert {row[0] for row in study_rows(rows, {"plain", "stabilizer, 0.5 eps*"}).values()} == {"1"}
    assert sheets.read_bytes().startswith(b"\x89PNG")
