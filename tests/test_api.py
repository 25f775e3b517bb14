"""The Python API: three lines, displays in Jupyter, the assertion for a user's own suite, float64 values."""

import json
from math import exp, pi, sqrt

import numpy as np
import pytest

import wgflow as wg
from wgflow.testing import assert_every_mode_decays


def test_three_lines():
    k = wg.kernel("rbf(1)")
    certificate = wg.certify(k, stabilizer="elastic", eps="0.7", dim=2)
    assert certificate.verdict is wg.Verdict.DECAYS and bool(certificate) and certificate.decays
    assert certificate == wg.certify("rbf", eps=0.7)  # elastic is the default for rbf; 0.7 means 7/10


def test_truth_of_an_undecided_verdict_is_an_error():
    assert not wg.certify("rbf").verdict
    with pytest.raises(ValueError, match="UNDECIDED"):
        bool(wg.Verdict.UNDECIDED)


def test_displays():
    certificate = wg.certify("rbf", eps="0.2")
    assert "0.606530659713" in certificate._repr_html_() and "<table>" in certificate._repr_html_()
    assert certificate._repr_latex_().startswith("$") and r"\not<" in certificate._repr_latex_()
    assert "GROWS" in str(certificate) and "GROWS" in repr(certificate)
    assert wg.kernel("rbf")._repr_latex_() == r"$e(r) = e^{- \frac{r^{2}}{2}}$"
    found = wg.spectrum("rbf", eps="0.2")
    assert "fastest mode" in str(found) and "<table>" in found._repr_html_()
    json.dumps(found.to_json(), allow_nan=False)


def test_assertion_for_users():
    assert assert_every_mode_decays("rbf", stabilizer="elastic", eps="0.7").decays
    with pytest.raises(AssertionError, match=r"least eps is 0\.6065"):
        assert_every_mode_decays("rbf", stabilizer="elastic", eps="0.6")


def test_plot_of_growth_rates():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = wg.spectrum("rbf", eps="0.2", points=100).plot()
    assert axes.get_xscale() == "log" and "growth rate" in axes.get_ylabel()
    matplotlib.pyplot.close(axes.figure)


def test_fastest_mode_of_the_plain_gaussian():
    """k^2 exp(-k^2/2) is largest at k = sqrt(2): rate C 2 (2 pi) / e in two dimensions."""
    fastest = wg.spectrum("rbf", density=3).fastest
    assert fastest.kind == "mode" and fastest.wavenumber == pytest.approx(
        sqrt(2), rel=1e-6
    )  # the maximum is flat: k to 1e-8 at best
    assert fastest.rate == pytest.approx(3 * 2 * 2 * pi / exp(1), rel=1e-12)


@pytest.mark.parametrize(
    ("kernel", "kind", "rate"),
    [("energy", "zero", float("inf")), ("elastic", "infinity", float("inf")), ("riesz(1.5)", "infinity", float("inf"))],
)
def test_rates_without_bound(kernel, kind, rate):
    fastest = wg.spectrum(kernel).fastest
    assert (fastest.kind, fastest.rate) == (kind, rate)


def test_torus_modes():
    found = wg.spectrum("rbf", eps="0.2", period="2*pi", points=5)
    assert found.wavenumber == pytest.approx([1, sqrt(2), 2, sqrt(5), sqrt(8)])
    assert found.sign == ("grows", "grows", "grows", "decays", "decays")  # growing band: 0.204 < k < 2.187
    assert wg.certify("rbf", eps="0.2", period="2*pi").growing_bands[0].end == (2.0, 2.0)


@pytest.mark.parametrize(
    "name", ["rbf", "rq(0.7)", "rq(3)", "matern(2.3)", "laplace", "energy(1.3)", "elastic", "yukawa", "tophat", "wendland(2)"]
)
@pytest.mark.parametrize("n", [1, 2, 3, 16])
def test_float_values_agree_with_balls(name, n):
    from flint import arb

    from wgflow.arithmetic import ball
    from wgflow.fourier.spectral_sum import transform

    k = np.array([1e-3, 0.3, 1.0, 7.0, 30.0])
    with ball.precision(200):
        expected = [float(transform(wg.kernel(name), n).value(arb(x))) for x in k]
    scale = np.abs(expected) if name != "tophat" else np.maximum(np.abs(expected), 1e-6)  # zeros of J are no relative scale
    # 1e-11: float64 logarithms of values down to exp(-450) lose about 450 ulps
    assert np.all(np.abs(wg.transform(name, k, dim=n) - expected) <= 1e-11 * scale)


def test_float_profiles_at_zero_and_infinity():
    for text, value in [
        ("rbf", 1),
        ("matern(2.5)", 1),
        ("rq", 1),
        ("wendland", 1),
        ("tophat", 1),
        ("energy", 0),
        ("log", np.inf),
    ]:
        assert wg.kernel(text)(0.0) == pytest.approx(value)
    with pytest.raises(wg.InputError):
        wg.kernel("rbf")(-1.0)


def test_default_stabilizers_are_sensible():
    """Every catalogue kernel is made stable by its default stabilizer with some eps, in dimensions where it is defined."""
    from wgflow.kernels.catalogue import CATALOGUE

    for name in CATALOGUE:
        for n in (2, 3, 7):
            certificate = wg.certify(name, dim=n)
            assert certificate.feasible is not None and certificate.feasible.empty is None, (name, n)
            assert certificate.suggestion and wg.certify(name, eps=certificate.suggestion.split()[-1], dim=n).decays


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["rbf", "rq(0.7)", "matern(2.3)", "elastic", "tophat", "wendland"])
def test_one_formula_in_three_arithmetics(name, n):
    """The same shape and amplitude in float64, in balls and in SymPy."""
    from fractions import Fraction

    from flint import arb

    from wgflow.arithmetic import ball, exact, floating, symbol
    from wgflow.arithmetic.ball_ops import OPS

    family = wg.kernel(name).terms[0].family
    k2 = Fraction(9, 4)
    with ball.precision(128):
        proved = float((family.amplitude(OPS, Fraction(n)) * family.shape(Fraction(n)).value(OPS, arb(2.25))).mid())
        assert float(ball.real(family.amplitude(exact, Fraction(n)))) == pytest.approx(
            float(family.amplitude(OPS, Fraction(n))), rel=1e-15
        )
    shape = family.shape(Fraction(n))
    plain = family.amplitude(floating.OPS, Fraction(n)) * shape.value(floating.OPS, 2.25)
    symbolic = family.amplitude(symbol.OPS, Fraction(n)) * shape.value(symbol.OPS, symbol.number(k2))
    assert plain == pytest.approx(proved, rel=1e-13)
    assert float(symbolic.evalf(30)) == pytest.approx(proved, rel=1e-14)
