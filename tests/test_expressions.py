"""Verdicts on kernels written out in r whose least eps is known: right on both sides of it, enclosed, replayed, not forged."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from flint import arb
from mpmath import mp, mpf

import wgflow as wg
from wgflow.stability.certificate import digest

DECAYS, GROWS, UNDECIDED = wg.Verdict.DECAYS, wg.Verdict.GROWS, wg.Verdict.UNDECIDED
Data = dict[str, Any]
Ratio = Callable[[mpf], mpf]  # F(e)/F(s)


@pytest.fixture(autouse=True)
def precise():
    with mp.workdps(50):
        yield


# --- ratios with an interior maximum ----------------------------------------------------------------------------------


def quartic(k: mpf) -> mpf:
    """k/pi F(1/(1 + r^4)), n = 1 (Gradshteyn and Ryzhik 3.727)."""
    return k / mp.sqrt(2) * mp.exp(-k / mp.sqrt(2)) * (mp.cos(k / mp.sqrt(2)) + mp.sin(k / mp.sqrt(2)))


def turning(k: mpf) -> mpf:
    """F(exp(-r) cos(r/2)) = 8 pi Re s/(s^2 + k^2)^2, s = 1 - i/2, over F(exp(-r)), n = 3."""
    s = mp.mpc(1, -0.5)
    return (s / (s * s + k * k) ** 2).real * (1 + k * k) ** 2


CASES: list[tuple[str, str, int, Ratio]] = [
    ("sech(r)", "elastic", 1, lambda k: k * mp.sech(mp.pi * k / 2)),
    ("sech(r)", "elastic", 3, lambda k: mp.pi / 2 * mp.sech(mp.pi * k / 2) * mp.tanh(mp.pi * k / 2)),
    ("exp(-r**2/2)*(1 - r**2/4)", "rq(alpha=0.5)", 3,
     lambda k: (2 * mp.pi) ** mpf(1.5) * mp.exp(-k * k / 2) * (1 + k * k) / 4 * k / (4 * mp.pi * mp.besselk(1, k))),
    ("exp(-r**2/2)*(1 + r**2/3)", "elastic", 2, lambda k: k * mp.exp(-k * k / 2) * (1 + (2 - k * k) / 3)),
    ("r**2*exp(-r**2/2) - r**4*exp(-r**2/2)/8", "elastic", 1,
     lambda k: mp.sqrt(2 * mp.pi) / mp.pi * k * mp.exp(-k * k / 2) * (1 - k * k - (k**4 - 6 * k * k + 3) / 8)),
    ("1/(1+r**4)", "elastic", 1, quartic),
    ("exp(-r)*cos(r)", "laplace", 1, lambda k: (k * k + 2) * (k * k + 1) / (k**4 + 4)),
    ("exp(-r)*cos(r/2)", "laplace", 3, turning),
]  # fmt: skip
QUICK = CASES[:5]


def least(ratio: Ratio) -> mpf:
    """The largest value of a ratio: the best of a grid, then the root of the derivative."""
    grid = [mpf(2) ** (mpf(j) / 16) for j in range(-80, 81)]
    start = max(grid, key=ratio)
    return ratio(mp.findroot(lambda k: mp.diff(ratio, k), start))


def number(point: arb) -> mpf:
    mantissa, exponent = point.man_exp()
    return mp.ldexp(mpf(int(mantissa)), int(exponent))


def check_case(kernel: str, stabilizer: str, n: int, ratio: Ratio, power: int) -> None:
    best = least(ratio)
    for sign, expected in ((1, DECAYS), (-1, GROWS)):
        eps = mp.nstr(best * (1 + sign * mpf(10) ** -power), 25)
        found = wg.certify(kernel, stabilizer, eps, n)
        assert found.verdict is expected, (kernel, eps, found.verdict, found.reason)
        lower = found.feasible.lower
        assert number(lower.low) <= best <= number(lower.high) and lower.attained is False
        assert number(lower.high) - number(lower.low) <= best * mpf(10) ** -9
        if expected is GROWS:
            k = mpf(found.witness.wavenumber)
            assert ratio(k) >= mpf(eps) and found.witness.rate[0] >= 0
            assert any(number_in(band, k) for band in found.growing_bands) or "not complete" in (found.reason or "")
        assert wg.verify(found.to_file_json()).verdict is expected


def number_in(band: Any, k: mpf) -> bool:
    return band.start[0] <= k and (band.end is None or k <= band.end[1])


@pytest.mark.parametrize(("kernel", "stabilizer", "n", "ratio"), QUICK)
def test_verdicts_on_both_sides_of_the_least_eps(kernel, stabilizer, n, ratio):
    check_case(kernel, stabilizer, n, ratio, 5)


@pytest.mark.long
@pytest.mark.parametrize("power", [1, 3, 8])
@pytest.mark.parametrize(("kernel", "stabilizer", "n", "ratio"), CASES)
def test_verdicts_at_many_distances_from_the_least_eps(kernel, stabilizer, n, ratio, power):
    check_case(kernel, stabilizer, n, ratio, power)


def test_two_least_eps_in_closed_form():
    assert abs(least(CASES[1][3]) - mp.pi / 4) < mpf(10) ** -40  # at sinh(pi k/2) = 1
    x = (2 + mp.sqrt(40)) / 3
    assert abs(least(CASES[6][3]) - (x * x + 3 * x + 2) / (x * x + 4)) < mpf(10) ** -40


def test_a_generator_mirrors_the_discriminator():
    for eps, expected in (("0.8", DECAYS), ("0.75", GROWS)):  # eps* = pi/4
        found = wg.certify("-sech(r)", "-1*elastic", eps, 3, role="generator")
        assert found.verdict is expected


def test_stretches_keep_the_verdict():
    """e(r/a) against elastic: eps* is multiplied by a^{n-1}, here also at lengths far from 1."""
    for a, text, factor, expected in (
        (mpf(1) / 1000, "1000*r", mpf(1.001), DECAYS), (mpf(2) ** 30, "r/1073741824", mpf(0.999), GROWS),
    ):  # fmt: skip
        best = mp.pi / 4 * a**2
        assert wg.certify(f"sech({text})", "elastic", mp.nstr(best * factor, 20), 3).verdict is expected, (text, factor)


def test_a_gaussian_cannot_stabilize_a_slower_transform():
    """F(sech) falls as exp(-pi k/2), the rbf's as exp(-k^2/2): no eps is enough, and modes far out grow whatever it is."""
    found = wg.certify("sech(r)", "rbf", 1, 1)
    assert found.verdict is GROWS and (found.feasible is None or found.feasible.lower is None)
    assert wg.certify("sech(r)", "rbf", 1000, 1, band="4,9").verdict is GROWS
    assert wg.certify("sech(r)", "rbf", 1000, 1).verdict is not DECAYS


@pytest.mark.parametrize("kernel", ["cos(r)/(1+r**2)", "1/(r-2)", "exp(-1/r**2)", "exp(r)", "sqrt((r-2)**2)", "sin(r)"])
def test_what_cannot_be_enclosed_is_undecided_with_a_reason(kernel):
    found = wg.certify(kernel, "elastic", 10, 1)
    assert found.verdict is UNDECIDED and found.reason and found.feasible is None


def test_a_torus_and_a_band():
    """k sech(pi k/2) falls beyond its maximum near k = 0.764: fewer wavenumbers, a smaller eps."""
    one = float(mp.sech(mp.pi / 2))
    assert wg.certify("sech(r)", "elastic", f"{one * 1.001:.12f}", 1, period="2*pi").verdict is DECAYS
    assert wg.certify("sech(r)", "elastic", f"{one * 0.999:.12f}", 1, period="2*pi").verdict is GROWS
    assert wg.certify("sech(r)", "elastic", f"{2 * float(mp.sech(mp.pi)) * 1.001:.12f}", 1, band="2,9").verdict is DECAYS


# --- forged certificates ----------------------------------------------------------------------------------------------


def sealed(data: Data) -> Data:
    body = {key: value for key, value in data.items() if key != "digest"}
    return {**body, "digest": digest(body)}


def accepted(data: Data) -> bool:
    try:
        wg.verify(data)
    except wg.Refused:
        return False
    return True


def claim(**changes: Any) -> Callable[[Data], None]:
    return lambda data: data["result"]["claim"].update(changes)


def negative_piece(data: Data) -> None:
    chart = data["proof"]["chart"]
    chart["signs"] = [-1] * len(chart["signs"])
    for end in ("zero", "infinity"):
        chart[end]["sign"] = -1
    data["result"].update(verdict="DECAYS", witness=None, growing_bands=[])
    data["proof"]["witness"] = None


def flipped_sign(data: Data) -> None:
    signs = data["proof"]["chart"]["signs"]
    signs[len(signs) // 2] *= -1


def flipped_end(data: Data) -> None:
    data["proof"]["chart"]["infinity"]["sign"] *= -1


def moved(end: str, k: str) -> Callable[[Data], None]:
    def move(data: Data) -> None:
        data["proof"]["chart"][end]["k"] = k

    return move


def narrower_least_eps(data: Data) -> None:
    low, high = data["result"]["feasible_eps"]["lower"]["enclosure"]
    data["result"]["feasible_eps"]["lower"]["enclosure"] = [low * 1.01, high * 1.01]


def smaller_end(data: Data) -> None:
    data["proof"]["feasible"]["lower"]["enclosure"] = ["1p-3", "5p-5"]


FORGERIES = {
    "wider kernel": claim(kernel="sech(r/2)"), "another kernel": claim(kernel="exp(-r**4)"),
    "larger kernel": claim(kernel="2*sech(r)"),
    "stabilizer": claim(stabilizer="1/2*elastic"), "smaller eps": claim(eps="7/10"), "role": claim(role="generator"),
    "dimension": claim(dim=5), "sign": flipped_sign, "end sign": flipped_end, "near end": moved("zero", "1p20"),
    "gap": moved("zero", "1p-30"),
    "far end": moved("infinity", "1p-20"), "least eps": narrower_least_eps, "proof of the least eps": smaller_end,
}  # fmt: skip


@pytest.fixture(scope="module")
def genuine() -> Data:
    return wg.certify("sech(r)", "elastic", "0.8", 3).to_file_json()


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_certificates_are_refused(genuine, name):
    """eps = 0.8 decays, eps* = pi/4. Every change makes the file false; a digest that fits does not help."""
    data = copy.deepcopy(genuine)
    FORGERIES[name](data)
    assert data != genuine
    assert not accepted(data) and not accepted(sealed(data))


def test_a_growing_certificate_painted_negative_is_refused():
    data = wg.certify("sech(r)", "elastic", "0.75", 3).to_file_json()
    assert accepted(json.loads(json.dumps(data)))
    for change in (negative_piece, claim(eps="4/5")):
        forged = copy.deepcopy(data)
        change(forged)
        assert not accepted(sealed(forged)), change
