"""Inverse design against answers that are known in closed form, and against a dense linear program made of MATH.md's formulas."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from math import e, gamma, pi, sqrt

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import wgflow as wg
from wgflow.kernels.text import parse
from wgflow.stability.cover import least_cover
from wgflow.stability.design_words import typed
from wgflow.stability.intrusion import data_band, log_integral

ENV = {**os.environ, "MPLBACKEND": "Agg", "COLUMNS": "120"}


def wgflow(*arguments):
    command = [sys.executable, "-m", "wgflow", "design", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, env=ENV)


# --- formulas of MATH.md, section 2 -----------------------------------------------------------------------------------


def rbf(length, n):
    return lambda k: (2 * pi) ** (n / 2) * length**n * np.exp(-((length * k) ** 2) / 2)


def laplace(length, n):
    factor = 2**n * pi ** ((n - 1) / 2) * gamma((n + 1) / 2) * length**n
    return lambda k: factor * (1 + (length * k) ** 2) ** (-(n + 1) / 2)


def elastic(n):
    return lambda k: 2 * pi ** ((n + 1) / 2) / gamma((n - 1) / 2) / k


def energy(n):
    return lambda k: -(2 ** (n + 1)) * pi ** (n / 2) * gamma((n + 1) / 2) / gamma(-1 / 2) * k ** -(n + 1.0)


def coulomb(n):
    return lambda k: (2 * pi if n == 2 else 4 * pi ** (n / 2) / gamma(n / 2 - 1)) / k**2


PROBLEMS = {
    "rbf(1)": (2, rbf(1, 2), {"elastic": elastic(2), "energy": energy(2), "rbf(3/4)": rbf(0.75, 2), "rbf(1/2)": rbf(0.5, 2)}),
    "laplace(1)": (3, laplace(1, 3), {"laplace(1/2)": laplace(0.5, 3), "coulomb": coulomb(3), "elastic": elastic(3)}),
}
BAND = (0.1, 4.0)


def integral(transform):
    """The integral of a transform over the band by dk/k."""
    return float(mpmath.quad(lambda t: transform(float(mpmath.exp(t))), np.linspace(*np.log(BAND), 9).tolist()))


def dense_program(own, others, rho=0.0):
    """(least intrusion, weights) from one linear program on a fine grid; shares of intrusion are its variables."""
    k, inside = np.geomspace(1e-3, 1e2, 12_001), np.geomspace(*BAND, 6001)
    masses = np.array([integral(f) for f in others]) / integral(own)
    rows = [np.stack([f(x) / m for f, m in zip(others, masses, strict=True)], axis=1) for x in (k, inside)]
    least = np.concatenate([own(k), own(inside) + rho / inside**2])
    table = np.concatenate(rows)
    keep = least > 1e-12 * table.max(axis=1)
    scale = least[keep]
    found = linprog(np.ones(len(others)), A_ub=-table[keep] / scale[:, None], b_ub=-np.ones(keep.sum()))
    return found.fun, found.x / masses


def weights(found, names, problem_dim):
    """The weights eps w_j of an answer, by solving for them from its float transform at a few wavenumbers."""
    k = np.geomspace(0.5, 3, 9)
    columns = np.stack([wg.transform(name, k, problem_dim) for name in names], axis=1)
    total = float(found.eps) * wg.transform(found.stabilizer, k, problem_dim)
    return np.linalg.lstsq(columns / total[:, None], np.ones(len(k)), rcond=None)[0]


@pytest.mark.parametrize("rho", ["0", "0.3"])
@pytest.mark.parametrize("kernel", PROBLEMS)
def test_a_mixture_beats_each_alone_and_equals_a_dense_program(kernel, rho):
    n, own, others = PROBLEMS[kernel]
    found = wg.design(kernel, dim=n, among=list(others), band="0.1,4", decay=rho)
    least, _ = dense_program(own, list(others.values()), float(rho))
    assert found.verdict is wg.Verdict.DECAYS and found.certificate.verdict is wg.Verdict.DECAYS
    assert found.lower_bound <= found.intrusion <= found.lower_bound * (1 + 1e-3)
    assert found.lower_bound == pytest.approx(least, rel=1e-4) and found.intrusion == pytest.approx(least, rel=5e-4)
    alone = [each.intrusion for each in found.table if each.intrusion is not None]
    assert rho != "0" or found.intrusion < 0.999 * min(alone)
    mixed = weights(found, list(others), n)
    total = sum(w * integral(f) for w, f in zip(mixed, others.values(), strict=True)) / integral(own)
    assert found.intrusion == pytest.approx(total, rel=1e-5)
    assert found.floor == pytest.approx(1, rel=1e-12) and found.intrusion >= 1
    k = np.geomspace(*BAND, 5001)
    rate = k**2 * (sum(w * f(k) for w, f in zip(mixed, others.values(), strict=True)) - own(k))
    assert rate.min() >= float(rho) * (1 - 1e-9) - 1e-6 * rate.max()
    assert found.slowest_decay[1] == pytest.approx(rate.min(), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    ("kernel", "candidate", "n", "exact"),
    [
        ("rbf(1)", "elastic", 2, 1 / sqrt(e)),  # the supremum of k exp(-k^2/2) times F(rbf)(0) over elastic's constant
        ("rbf(3)", "elastic", 2, 3 / sqrt(e)),
        ("rbf(1)", "elastic", 1, sqrt(2 / (pi * e))),
        ("rbf(1)", "elastic", 3, sqrt(2 / (pi * e))),
        ("energy", "energy(scale=1/4)", 2, 1 / 4),
        ("laplace", "coulomb", 3, 1 / 2),  # 8 pi/(1 + k^2)^2 over 4 pi/k^2 is largest at k = 1
    ],
)
def test_one_candidate_gets_its_exact_least_eps(kernel, candidate, n, exact):
    found = wg.design(kernel, dim=n, among=candidate, band="0.1,10")
    assert isinstance(found.eps, Fraction) and exact < found.eps <= exact * (1 + 1e-4)
    assert found.stabilizer == parse(candidate) and bool(found)
    assert found.lower_bound <= found.intrusion <= found.lower_bound * (1 + 3e-4)


@pytest.mark.parametrize("n", [1, 2, 3, 16])
def test_an_attained_least_eps_is_the_answer(n):
    found = wg.design("rbf(1)", dim=n, among="rbf(1/2)")
    assert found.eps == 2**n and found.certificate.verdict is wg.Verdict.DECAYS


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.fractions("1/50", 10, max_denominator=50), st.fractions("3/2", 100, max_denominator=50))
def test_two_that_fail_alone_work_together(low, factor):
    """a/k^3 + b/k exceeds c/k^2 everywhere exactly where 4ab > c^2: the least intrusion is sqrt(I3 I1)/I2."""
    found = wg.design("coulomb", dim=2, among="energy; elastic", band=(low, low * factor))
    one, two = float(low), float(low * factor)
    i1, i2, i3 = ((one**-p - two**-p) / p for p in (1, 2, 3))
    exact = sqrt(i3 * i1) / i2
    assert all(each.intrusion is None and each.certificate.feasible.empty for each in found.table)
    assert found.verdict is wg.Verdict.DECAYS
    assert found.lower_bound <= exact * (1 + 1e-9)
    assert exact * (1 - 1e-9) <= found.intrusion <= exact * (1 + 1e-3)


def test_a_share_below_the_solvers_tolerance_is_found():
    """As k -> infinity only elastic outweighs 1e-20 laplace; it costs next to nothing."""
    found = wg.design("rbf(1) + 1e-20*laplace", dim=2, among="rbf(1/2); elastic", band="0.1,4")
    known = wg.design("rbf(1)", dim=2, among="rbf(1/2); elastic", band="0.1,4")
    assert found.verdict is wg.Verdict.DECAYS
    assert found.intrusion == pytest.approx(known.intrusion, rel=1e-3)
    # Nearly the kernel itself at k < 1: no stabilizer is below 1, and a share of 1e-9 of elastic and more of energy reach it.
    both_ends = wg.design("0.01*rq(1/5) + 0.3*rbf(1)", dim=16, band="0.1,10")
    assert 1 <= both_ends.intrusion <= 1.0002 and min(a.intrusion or 99 for a in both_ends.table) > 10


@pytest.mark.parametrize(
    ("kernel", "among", "n", "end"),
    [
        ("rbf", "rbf(2)", 2, "infinity"),
        ("rq(1/5)", "elastic; rbf(1/2); coulomb", 3, "0"),
        ("elastic", "energy; rbf", 2, "infinity"),
    ],
)
def test_no_member_works(kernel, among, n, end, tmp_path):
    found = wg.design(kernel, dim=n, among=among, band="0.1,10")
    assert found.verdict is wg.Verdict.GROWS and not found
    assert found.stabilizer is found.eps is found.intrusion is found.lower_bound is found.slowest_decay is None
    assert f"k tends to {end}" in found.reason and "--among" in found.advice
    assert found.certificate.feasible.empty is not None
    found.certificate.save(tmp_path / "proof.json")
    wg.verify(tmp_path / "proof.json")
    advised = found.advice.split("--among '")[1].rstrip("'")
    assert wg.design(kernel, dim=n, among=advised, band="0.1,10").verdict is wg.Verdict.DECAYS
    with pytest.raises(wg.InputError, match="no design to trade off"):
        found.trade_off()


def test_the_generator_is_the_mirror():
    """-F(e) - D < 0 is what the discriminator asks of -e; where every mode decays already, nothing is needed."""
    among = "elastic; energy; rbf(1/2)"
    generator = wg.design("rbf(1) - 2*rbf(2)", among=among, role="generator")
    mirror = wg.design("2*rbf(2) - rbf(1)", among=among)
    assert generator.stabilizer == -mirror.stabilizer and generator.eps == mirror.eps
    assert generator.intrusion == mirror.intrusion and generator.verdict is wg.Verdict.DECAYS
    plain = wg.design("rbf", role="generator")
    assert (plain.eps, plain.intrusion, plain.floor) == (0, 0, 0) and plain.verdict is wg.Verdict.DECAYS


def test_the_lower_bound_is_weak_duality():
    random = np.random.Generator(np.random.Philox(5))
    for _ in range(50):
        covers = random.uniform(0, 1, (30, 4)) * (random.uniform(0, 1, (30, 4)) < 0.7)
        covers[covers.max(axis=1) == 0] = 1
        needed = 10 ** random.uniform(-3, 1, 30)
        u, bound = least_cover(covers, needed)
        assert (covers @ u >= needed * (1 - 1e-7)).all() and (u >= 0).all()
        assert bound <= u.sum() * (1 + 1e-12) and u.sum() <= bound * (1 + 1e-8)


def test_the_measure():
    """The integral of exp(-l^2 k^2/2) dk/k is a difference of exponential integrals."""
    band = data_band(parse("rbf(2)"), 3)
    exact = (mpmath.e1(2 * mpmath.mpf(float(band.low)) ** 2) - mpmath.e1(2 * mpmath.mpf(float(band.high)) ** 2)) / 2
    assert log_integral(parse("rbf(2)"), 3, band) == pytest.approx((2 * pi) ** 1.5 * 8 * float(exact), rel=1e-10)
    peak = 2 / mpmath.e / 4  # of k^2 exp(-2 k^2), at k^2 = 1/2
    ends = [float(mpmath.findroot(lambda k: k**2 * mpmath.exp(-2 * k**2) - peak / 100, start)) for start in (0.04, 2.0)]
    assert 0.9 * ends[0] <= band.low <= ends[0] <= ends[1] <= band.high <= 1.1 * ends[1]
    mixed = parse("rbf(1) - 2*rbf(2)")  # changes sign: |F|
    direct = mpmath.quad(
        lambda t: abs(rbf(1, 2)(float(mpmath.exp(t))) - 2 * rbf(2, 2)(float(mpmath.exp(t)))), np.linspace(-3, 1, 400)
    )
    band = type(band)(Fraction(float(np.exp(-3))), Fraction(float(np.exp(1))))
    assert log_integral(mixed, 2, band) == pytest.approx(float(direct), rel=1e-4)


def test_typed_text_reads_back():
    for text in ("3/8*rbf - 1/3*elastic", "1e-30*rbf(sqrt(2)) + 12345678901234567*energy", "-rq(1/3)", "0*rbf"):
        assert parse(typed(parse(text))) == parse(text)


def test_trade_off(tmp_path):
    found = wg.design("rbf", among="elastic; rbf(1/2); energy", band="0.1,4")
    curve = found.trade_off(3)
    assert [p.decay for p in curve.points] == [0, Fraction("0.0462"), Fraction("0.462"), Fraction("4.62")]
    intrusion = [p.mixture.intrusion for p in curve.points]
    assert intrusion == sorted(intrusion) and intrusion[0] == found.intrusion
    for point in curve.points[1:]:
        everywhere, band = point.mixture.certificates
        assert everywhere.verdict is band.verdict is wg.Verdict.DECAYS and band.claim.to_json()["band"] == ["1/10", "4"]
        assert point.mixture.slowest_decay(curve.problem)[1] >= float(point.decay) * (1 - 1e-9)
        assert point.mixture.intrusion <= min(point.alone) * (1 + 1e-3)
        others = [PROBLEMS["rbf(1)"][2][name] for name in ("elastic", "rbf(1/2)", "energy")]
        assert point.mixture.intrusion == pytest.approx(dense_program(rbf(1, 2), others, float(point.decay))[0], rel=1e-3)
    data = curve.to_dataset()
    assert data.sizes == {"required_decay": 4} and data.proved.values.all() and data.slowest_decay.units == "1/time"
    assert "energy" in curve._repr_html_() and "<table>" in found._repr_html_() and "to type" in str(found)
    json.dumps(curve.to_json(), allow_nan=False)


def test_command(tmp_path):
    import xarray

    png, nc, proof = tmp_path / "curve.png", tmp_path / "curve.nc", tmp_path / "proof.json"
    files = ("--trade-off", str(png), "--out", str(nc), "--certificate", str(proof), "--points", "2")
    done = wgflow("--kernel", "rbf", "--among", "elastic", "--among", "rbf(1/2); energy", *files, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["schema"] == "wgflow.design/1" and answer["verdict"] == "DECAYS"
    assert [a["stabilizer"] for a in answer["alone"]] == ["elastic", "rbf(lengthscale=1/2)", "energy(beta=1)"]
    certificate = wg.certify("rbf", stabilizer=answer["stabilizer"], eps=answer["eps"], dim=2)
    assert certificate.decays and len(answer["trade_off"]) == 3
    assert png.read_bytes().startswith(b"\x89PNG") and xarray.load_dataset(nc, engine="h5netcdf").sizes["required_decay"] == 3
    wg.verify(proof)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curve.nc", "curve.png", "proof.json"]
    words = wgflow("--kernel", "rbf", "--among", "elastic")
    assert words.returncode == 0 and "--stabilizer 'elastic' --eps 0.60654" in words.stdout
    refuted = wgflow("--kernel", "rbf", "--among", "rbf(2)", "--trade-off", str(tmp_path / "none.png"))
    assert refuted.returncode == 1 and "rbf(lengthscale=2); elastic" in refuted.stdout and not (tmp_path / "none.png").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--among", "foo"),
        ("--among", ""),
        ("--among", " ; "),
        ("--among", "tophat"),
        ("--among", "-rbf"),
        ("--among", "__import__('os')"),
        ("--band", "2,1"),
        ("--band", "0,1"),
        ("--band", "1"),
        ("--band", "1e-300,1e300", "--among", "energy"),
        ("--eps", "1"),
        ("--decay", "-1"),
        ("--decay", "nan"),
        ("--points", "0"),
        ("--dim", "0"),
        ("--dim", "4096"),
        ("--role", "judge"),
        ("--kernel", "energy"),
        ("--kernel", "0*rbf"),
        ("--trade-off", "curve.gif"),
        ("--out", "curve.csv"),
    ],
    ids=" ".join,
)
def test_wrong_input_is_one_line_and_exit_2(arguments, capsys):
    from wgflow.cli.main import main

    kernel = () if "--kernel" in arguments else ("--kernel", "rbf")
    code = main(["design", *kernel, *arguments])
    out, err = capsys.readouterr()
    assert code == 2 and out == ""
    assert err.startswith("wgflow: ") and err.count("\n") == 1 and len(err) < 700 and "internal" not in err


def test_too_many_candidates():
    with pytest.raises(wg.InputError, match="too many"):
        wg.design("rbf", among=[f"rbf(1/{i})" for i in range(2, 60)])
