"""Verdicts and feasible intervals against answers known from closed forms: no false DECAYS, no false GROWS, few UNDECIDED."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random

import mpmath as mp
import pytest
from flint import arb
from hypothesis import given, settings
from strategies import (
    INFINITY,
    MP,
    Problem,
    any_problem,
    gaussian_in_power,
    gaussian_mixture,
    lorentzian_in_power,
    matern_and_energy,
    mpf,
    negative_part,
    on_band,
    on_torus,
    problem,
    problems,
    rationals_of_one_scale,
    two_materns,
    two_rationals,
    two_yukawas,
)
from witness import transform

import wgflow as wg

DECAYS, GROWS, UNDECIDED = wg.Verdict.DECAYS, wg.Verdict.GROWS, wg.Verdict.UNDECIDED


def number(point: arb) -> object:
    """An exact point as a number of MP, exactly."""
    mantissa, exponent = point.man_exp()
    return MP.ldexp(MP.mpf(int(mantissa)), int(exponent))


def mirrored(kernel: str) -> str:
    return f"-1*({kernel})"


def verdict(case: Problem, eps: object, **domain: object) -> wg.Verdict:
    return wg.certify(case.kernel, case.stabilizer, eps, case.dim, **domain).verdict


def described(case: Problem, *more: object) -> str:
    return " | ".join(map(str, (case.how, case.kernel, case.stabilizer, f"dim {case.dim}", *more)))


# --- verdicts near eps* -------------------------------------------------------------------------------------------


def check_near_the_end(count: int, seed: int) -> None:
    wrong, seen, undecided = [], Counter(), []
    rng = Random(seed)
    for case in problems(seed, count, feasible=True):
        power, sign = rng.randint(1, 12), rng.choice((-1, 1))
        found = verdict(case, case.near(power, sign))
        seen[found] += 1
        if found is UNDECIDED:
            undecided.append(described(case, power, sign))
        elif found is not (DECAYS if sign > 0 else GROWS):
            wrong.append(described(case, power, sign, found))
    assert not wrong, wrong
    assert seen[DECAYS] > count / 3 and seen[GROWS] > count / 3
    assert len(undecided) <= count / 100, undecided


def test_no_verdict_near_the_end_is_wrong():
    check_near_the_end(500, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_no_verdict_near_the_end_is_wrong_at_length(seed):
    check_near_the_end(500, seed)


@pytest.mark.long
@pytest.mark.parametrize("n", [32, 64, 128])
@pytest.mark.parametrize("kind", [two_rationals, rationals_of_one_scale])
def test_rational_quadratics_in_high_dimensions(kind, n):
    rng = Random(n)
    for case in [kind(rng, n) for _ in range(6)]:
        for sign, expected in ((-1, GROWS), (1, DECAYS)):
            assert case.least is None or verdict(case, case.near(6, sign)) is expected, described(case)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(any_problem())
def test_a_problem_without_answer_never_decays(case):
    for eps in ("1/1000", 1, "1e9"):
        if case.least is None:
            assert verdict(case, eps) is not DECAYS
        else:
            assert verdict(case, eps) is not (GROWS if mpf(Fraction(eps)) > mpf(case.least) else DECAYS)


def test_the_end_itself_where_it_is_rational():
    """At eps* the verdict is DECAYS where the supremum is approached only; a maximum, or E = eps* S, gives rate 0: GROWS."""
    count = 0
    for case in problems(seed=2, count=300):
        if isinstance(case.least, Fraction):
            assert verdict(case, case.least) is (DECAYS if case.attained else GROWS), described(case)
            count += 1
    assert count > 100


def test_a_generator_mirrors_the_discriminator():
    """The generator's rates are minus the discriminator's: -e and -s ask the same question of it."""
    for case in problems(seed=3, count=60, feasible=True):
        for sign, expected in ((-1, GROWS), (1, DECAYS)):
            found = wg.certify(mirrored(case.kernel), mirrored(case.stabilizer), case.near(3, sign), case.dim, role="generator")
            assert found.verdict is expected, described(case)


# --- the feasible interval ----------------------------------------------------------------------------------------


def test_feasible_intervals():
    missing, wrong = [], []
    for case in problems(seed=4, count=300):
        found = wg.certify(case.kernel, case.stabilizer, 1, case.dim).feasible
        if found is None:
            missing.append(described(case))
        elif case.least is None:
            assert found.empty is not None and found.lower is None, described(case)
        else:
            assert found.empty is None and found.upper is None and found.lower is not None, described(case)
            missing += [described(case)] * (found.lower.attained is None)
            wrong += check_end(case, found.lower)
    assert not wrong, wrong
    assert len(missing) <= 3, missing


def check_end(case: Problem, end: object) -> list[str]:
    """What is wrong with an end: it must enclose eps* (known to 50 digits) within 1e-9, and know whether it belongs."""
    low, high, least = number(end.low), number(end.high), mpf(case.least)
    slack = abs(least) * MP.mpf(10) ** -50
    out = []
    if not low - slack <= least <= high + slack:
        out.append(described(case, "not enclosed", MP.nstr(low, 20), MP.nstr(high, 20), MP.nstr(least, 20)))
    if high - low > abs(least) * MP.mpf("1e-9"):
        out.append(described(case, "too wide", MP.nstr(low, 12), MP.nstr(high, 12)))
    if end.attained not in (case.attained, None):
        out.append(described(case, "attained", end.attained))
    return out


TWO_ENDS = [
    (Fraction(2), Fraction(1), 1),
    (Fraction(3), Fraction(2), 2),
    (Fraction(5, 4), Fraction(1, 3), 5),
    (Fraction(2), Fraction(3, 2), 64),
]


@pytest.mark.parametrize(("wide", "narrow", "n"), TWO_ENDS)
def test_both_ends(wide, narrow, n):
    """e = -rbf(l2), s = rbf(l1) - rbf(l2), l1 > l2. With y = exp(-(l1^2 - l2^2) k^2/2) in (0, 1) and x = (l1/l2)^n the rate has
    the sign of -1 - eps (x y - 1): negative for every y exactly for -1/(x - 1) <= eps <= 1."""
    x = (wide / narrow) ** n
    kernel, stabilizer = f"-1*rbf({narrow})", f"rbf({wide}) - rbf({narrow})"
    found = wg.certify(kernel, stabilizer, 0, n)
    assert found.verdict is DECAYS and found.feasible.empty is None
    for end, value in ((found.feasible.lower, -1 / (x - 1)), (found.feasible.upper, Fraction(1))):
        assert end.attained is True
        assert not check_end(Problem("two ends", kernel, stabilizer, n, value, True), end)
    tiny = Fraction(1, 10**12)
    for eps, expected in ((-1 / (x - 1), DECAYS), (1, DECAYS), (-(1 + tiny) / (x - 1), GROWS), (1 + tiny, GROWS)):
        assert wg.certify(kernel, stabilizer, eps, n).verdict is expected


def test_an_upper_end_mirrors_a_lower_one():
    for case in problems(seed=5, count=40, feasible=True):
        found = wg.certify(case.kernel, mirrored(case.stabilizer), -1, case.dim).feasible
        assert found is not None and found.empty is None and found.lower is None, described(case)
        low, high = number(found.upper.low), number(found.upper.high)
        assert low <= -mpf(case.least) * (1 - MP.mpf("1e-40")) and -mpf(case.least) * (1 + MP.mpf("1e-40")) <= high, described(
            case
        )
        assert found.upper.attained in (case.attained, None)


# Widths that differ far below the resolution of doubles; the slower exponential rules toward infinity, whatever its order.
ALMOST_EQUAL = [
    ("imq(beta=1, c=1.00000000000000000001) - imq(beta=2, c=1)", "rbf(1)", 1),  # e < 0 for large k: some eps is feasible
    ("rbf(1) - 2*rbf(1.00000000000000000001)", "laplace", 2),
]


@pytest.mark.parametrize(("kernel", "stabilizer", "n"), ALMOST_EQUAL)
def test_almost_equal_widths_are_told_apart(kernel, stabilizer, n):
    found = wg.certify(kernel, stabilizer, 1, n).feasible
    assert found is None or found.empty is None


# --- bands and tori -----------------------------------------------------------------------------------------------

UNIMODAL = (gaussian_mixture, gaussian_in_power, lorentzian_in_power, matern_and_energy, two_materns, two_yukawas, negative_part)


def unimodal(seed: int, count: int) -> list[Problem]:
    rng = Random(seed)
    found: list[Problem] = []
    while len(found) < count:
        case = problem(rng, UNIMODAL)
        if case.ratio is not None and case.least > 0:
            found.append(case)
    return found


def test_bands():
    rng = Random(6)
    for case in unimodal(6, 60):
        low = Fraction(rng.randint(1, 40), rng.randint(1, 20))
        band = (low, low * Fraction(rng.randint(11, 60), 10))
        asked = on_band(case, *band)
        if asked.least < MP.mpf(10) ** -300:  # eps is read down to 1e-1000
            continue
        for sign, expected in ((-1, GROWS), (1, DECAYS)):
            assert verdict(asked, asked.near(rng.randint(2, 8), sign), band=band) is expected, described(asked, sign)
        assert not check_end(asked, wg.certify(case.kernel, case.stabilizer, 1, case.dim, band=band).feasible.lower)


PERIODS = {"2*pi": 2 * MP.pi, "pi/3": MP.pi / 3, "20": MP.mpf(20), "1/20": MP.mpf(1) / 20, "0.75": MP.mpf(3) / 4}


@pytest.mark.parametrize("period", PERIODS)
def test_tori(period):
    """Only the modes count: their largest ratio is looked up mode by mode, and lies below the supremum over all k."""
    asked = 0
    for case in unimodal(7, 120):
        if case.dim > 4 or (case.peak * PERIODS[period] > 60 and case.peak != INFINITY):  # 500 >= |m|^2 must reach the peak
            continue
        torus = on_torus(case, PERIODS[period], 500)
        if mpf(torus.least) < MP.mpf(10) ** -300:
            continue
        asked += 1
        for sign, expected in ((-1, GROWS), (1, DECAYS)):
            assert verdict(torus, torus.near(6, sign), period=period) is expected, described(torus, sign)
        found = wg.certify(case.kernel, case.stabilizer, 1, case.dim, period=period).feasible
        assert not check_end(torus, found.lower)
    assert asked >= 15


def test_a_band_of_growth_between_two_modes_does_not_matter():
    """In R^2 rbf(1) against 0.6 elastic grows inside (0.85, 1.2) only; a torus with modes 5, 5 sqrt(2), ... has none there."""
    claim = {"kernel": "rbf(1)", "stabilizer": "elastic", "eps": "0.6", "dim": 2}
    assert wg.certify(**claim).verdict is GROWS
    assert wg.certify(**claim, period="pi/2.5").verdict is DECAYS
    assert wg.certify(**claim, period="2*pi").verdict is GROWS  # the mode k = 1 is its maximum


# --- the growing bands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 16])
@pytest.mark.parametrize("part", ["0.9", "0.5", "0.999999"])
def test_growing_bands_enclose_the_roots(n, part):
    """rbf(1) in elastic, eps below eps*: the rate changes sign where k exp(-k^2/2) = part * exp(-1/2), on both sides of k = 1."""
    half = MP.mpf(n) / 2
    constant = MP.pi if n == 1 else 2 * MP.pi ** (half + 0.5) / MP.gamma(half - 0.5)
    eps = MP.mpf(part) * MP.exp(-0.5) * (2 * MP.pi) ** half / constant
    eps = mpf(Fraction(MP.nstr(eps, 40)))
    roots = [MP.findroot(lambda k: k * MP.exp(-k * k / 2) - eps * constant / (2 * MP.pi) ** half, pair, solver="anderson")
             for pair in ((MP.mpf("1e-3"), MP.mpf(1)), (MP.mpf(1), MP.mpf(5)))]  # fmt: skip
    (band,) = wg.certify("rbf(1)", "elastic", MP.nstr(eps, 40), n).growing_bands
    for enclosure, root in zip((band.start, band.end), roots, strict=True):
        assert enclosure[0] <= root <= enclosure[1]
        assert enclosure[1] - enclosure[0] <= 1e-9 * root


def test_a_growing_band_that_reaches_an_end():
    """2^n exp(-2k^2) > eps exp(-k^2/2) up to k^2 = 2/3 log(2^n/eps); rbf(1) outgrows rbf(2) from k^2 = 2/3 log(2^n eps) on."""
    for n, eps in ((1, 1), (3, Fraction(1, 7)), (5, 31)):
        (band,) = wg.certify("rbf(2)", "rbf(1)", eps, n).growing_bands
        root = MP.sqrt(MP.log(2**n / mpf(Fraction(eps))) * 2 / 3)
        assert band.start == (0.0, 0.0) and band.end[0] <= root <= band.end[1]
        (band,) = wg.certify("rbf(1)", "rbf(2)", eps, n).growing_bands
        root = MP.sqrt(max(MP.mpf(0), MP.log(2**n * mpf(Fraction(eps))) * 2 / 3))
        assert band.end is None and band.start[0] <= root <= band.start[1]


def test_several_growing_bands():
    """The top hat of radius 1 in R^3 grows where j_1(k) > 0: up to its first zero and between every second pair of zeros."""
    found = wg.certify("tophat(1)", "0*rbf", 0, 3, band="1/10,20").growing_bands
    zeros = [MP.findroot(lambda k: MP.tan(k) - k, guess) for guess in (4.4934, 7.7253, 10.904, 14.066, 17.221)]
    ends = [end for band in found for end in (band.start, band.end)][1:]
    assert len(ends) == len(zeros)
    assert all(low <= zero <= high for (low, high), zero in zip(ends, zeros, strict=True))


def test_a_mode_at_rest_is_enclosed():
    """In R^7 this sum is -(k^2 - 2)^2 k^-6 pi^3: it touches zero at the mode k = sqrt(2), which no double is."""
    found = wg.certify("-3/16*riesz(5) + 1/8*riesz(3) - 1/32*riesz(1)", "0*rbf", 0, 7, period="2*pi")
    assert found.verdict is GROWS
    (band,) = found.growing_bands
    for low, high in (band.start, band.end):
        assert low <= MP.sqrt(2) <= high


@pytest.mark.parametrize("n", [8, 10])
def test_mixtures_of_rational_quadratics_beside_their_half_length_copy(n):
    """Their Bessel functions are needed where both of Arb's series lose accuracy; the maximum is found again in mpmath."""
    lower = wg.certify("rq(0.2) + rq(5)", "rq(0.2, 1/2) + rq(5, 1/2)", 1, n).feasible.lower

    def total(length2, k):
        return sum(transform("rq", {"alpha": alpha, "lengthscale": length2}, n, k) for alpha in (Fraction(1, 5), Fraction(5)))

    ratios = [total(Fraction(1), k) / total(Fraction(1, 4), k) for k in (mp.mpf(10) ** (mp.mpf(i) / 50) for i in range(-50, 101))]
    assert max(ratios) <= float(lower.high)
    # the best of a grid of 5 % steps is within 0.25 % of a smooth maximum
    assert max(ratios) >= float(lower.low) * 0.9975 and float(lower.high / lower.low) - 1 < 1e-9
