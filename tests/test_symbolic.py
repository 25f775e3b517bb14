"""Transforms as formulas: derived ones against mpmath and the literature, the catalogue's derived anew, wrong ones refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from fractions import Fraction as Q
from random import Random
from typing import Any

import pytest
import sympy
from mpmath import mp, mpf
from numpy.polynomial.legendre import leggauss
from sympy import Integer, S, exp, gamma, hyper, pi, sqrt

import wgflow as wg
from wgflow.arithmetic.number import InputError
from wgflow.fourier import symbolic
from wgflow.fourier.symbolic import Derived, derive
from wgflow.fourier.symbolic_check import Wrong, check
from wgflow.fourier.symbolic_child import candidates
from wgflow.fourier.symbolic_data import Foreign, decode, encode
from wgflow.fourier.symbolic_integrals import hankel_integral, mixture_integral
from wgflow.fourier.symbolic_pairs import no_modes, powers_and_logarithms
from wgflow.fourier.symbolic_rules import derived
from wgflow.fourier.symbolic_tidy import hypergeometric, macdonald_form
from wgflow.fourier.symbolic_value import Unevaluated, value
from wgflow.kernels.catalogue import CATALOGUE
from wgflow.kernels.latex import K, N, R, formulas

WAVENUMBERS = (Q(1, 3), Q(2), Q(5))
# The Gauss rule below has nodes in doubles, and adds up terms of size 1; a wrong constant is wrong by far more.
RELATIVE, ABSOLUTE = mpf(10) ** -10, mpf(10) ** -13
Function = Callable[[Any], Any]


# --- examples, against the literature and quadrature ---------------------------------------------------------------


def fourier(e: Function, n: int) -> Function:
    """The Fourier integral of a kernel that decays exponentially, by a Gauss rule on 25 pieces."""

    nodes, weights = (part.tolist() for part in leggauss(30))
    wave = {1: mp.cos, 2: lambda x: mp.besselj(0, x), 3: lambda x: mp.sin(x) / x}[n]
    sphere = {1: 2, 2: 2 * mp.pi, 3: 4 * mp.pi}[n]

    def transform(k: Any) -> Any:
        values = (w * e(r) * wave(k * r) * r ** (n - 1) for j in range(25) for x, w in zip(nodes, weights, strict=True)
                  for r in [mpf(3) / 2 * (j + (1 + mpf(x)) / 2)])  # fmt: skip
        return sphere * mpf(3) / 4 * sum(values)

    return transform


def frullani(n: int) -> Function:
    """log(1 + r^2) = integral of (1 - exp(-r^2 t)) exp(-t)/t dt, so F is minus the mixture of the Gaussians' transforms."""
    return lambda k: -mp.quad(lambda t: (mp.pi / t) ** (mpf(n) / 2) * mp.exp(-(k**2) / (4 * t) - t) / t, [0, 1, 4, mp.inf])


def bessel_pole(k: Any) -> Any:
    """The integral of J_0(k r) r/(1 + r^4) is -kei_0(k) (Gradshteyn and Ryzhik 6.537)."""
    return -2 * mp.pi * mp.kei(0, k)


EXAMPLES: list[tuple[str, int, Function]] = [
    ("sech(r)", 1, fourier(mp.sech, 1)),
    ("sech(r)", 3, fourier(mp.sech, 3)),
    ("sech(2*r)**3", 1, fourier(lambda r: mp.sech(2 * r) ** 3, 1)),
    ("r**2*sech(r)", 3, fourier(lambda r: r**2 * mp.sech(r), 3)),
    ("cos(2*r)*sech(r)", 1, fourier(lambda r: mp.cos(2 * r) * mp.sech(r), 1)),
    *(("exp(-r**2/2)*(1 - r**2/4)", n, fourier(lambda r: mp.exp(-(r**2) / 2) * (1 - r**2 / 4), n)) for n in (1, 2, 3)),
    ("r*exp(-r)", 1, fourier(lambda r: r * mp.exp(-r), 1)),
    ("r*exp(-r)", 2, fourier(lambda r: r * mp.exp(-r), 2)),
    ("exp(-2*r)/r", 2, lambda k: 2 * mp.pi / mp.sqrt(4 + k**2)),  # Gradshteyn and Ryzhik 6.611.1
    # Gradshteyn and Ryzhik 3.727
    ("1/(1+r**4)", 1, lambda k: mp.pi / mp.sqrt(2) * mp.exp(-k / mp.sqrt(2)) * (mp.cos(k / mp.sqrt(2)) + mp.sin(k / mp.sqrt(2)))),
    ("1/(1+r**4)", 2, bessel_pole),
    ("1/(1+r**4)", 3, lambda k: 2 * mp.pi**2 / k * mp.exp(-k / mp.sqrt(2)) * mp.sin(k / mp.sqrt(2))),
    ("1/((1+r**2)**2*(4+r**2))", 3, lambda k: 2 * mp.pi**2 / k * ((k / 6 - mpf(1) / 9) * mp.exp(-k) + mp.exp(-2 * k) / 9)),
    ("r**2*log(r)", 2, lambda k: 8 * mp.pi / k**4),  # Wendland 2005, theorem 8.17
    ("r**3", 3, lambda k: 96 * mp.pi / k**6),  # Delta^3 of r^3 is -96 pi delta in R^3
    ("exp(-r)*cos(r)", 1, fourier(lambda r: mp.exp(-r) * mp.cos(r), 1)),
    ("exp(-r)*cos(r)", 2, fourier(lambda r: mp.exp(-r) * mp.cos(r), 2)),
    ("exp(-r)*cos(r)", 3, fourier(lambda r: mp.exp(-r) * mp.cos(r), 3)),
    ("r*exp(-r)*sin(2*r)", 3, fourier(lambda r: r * mp.exp(-r) * mp.sin(2 * r), 3)),
    ("besselk(0, r)", 2, lambda k: 2 * mp.pi / (1 + k**2)),
    ("erf(r)/r", 3, lambda k: 4 * mp.pi / k**2 * mp.exp(-(k**2) / 4)),  # Ewald's sum
    *(("exp(-r**4)", n, fourier(lambda r: mp.exp(-(r**4)), n)) for n in (1, 2, 3)),
    ("tanh(r)/r", 1, lambda k: -2 * mp.log(mp.tanh(mp.pi * k / 4))),  # Gradshteyn and Ryzhik 4.116.2
    *(("log(1+r**2)", n, frullani(n)) for n in (1, 2, 3)),
    ("exp(-sqrt(1+r**2))", 2, fourier(lambda r: mp.exp(-mp.sqrt(1 + r**2)), 2)),
    ("log(sech(r))", 1, lambda k: mp.pi / (k * mp.sinh(mp.pi * k / 2))),  # its second derivative is -sech^2
]  # fmt: skip


@pytest.mark.parametrize(("text", "n", "truth"), EXAMPLES, ids=[f"{text} dim {n}" for text, n, _ in EXAMPLES])
def test_the_first_form_that_is_derived_is_right(text, n, truth):
    expression, _ = next(candidates(wg.kernel(text), n))
    with mp.workdps(20):
        for k in WAVENUMBERS:
            expected = truth(mpf(k.numerator) / k.denominator)
            found = mpf(value(expression, k).mid().str(25, radius=False))
            assert abs(found - expected) <= RELATIVE * abs(expected) + ABSOLUTE


@pytest.mark.long
@pytest.mark.parametrize(("text", "n"), [(text, n) for text, n, _ in EXAMPLES if text != "log(sech(r))"])
def test_every_example_passes_its_check(text, n):
    found = derive(text, n, seconds=60)
    assert found and found.checked[0] >= 8, found.label


@pytest.mark.long
@pytest.mark.parametrize("dim", [2, 3, "n"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogues_formulas_pass_their_check(name, dim):
    assert derive(name, dim, seconds=60)


# --- the catalogue, derived anew -----------------------------------------------------------------------------------


def by_series(name: str, smoothness: int) -> None:
    """Wendland's functions, for every n at once: F is entire in k, and the coefficients of its power series agree.

    F(k) = 2 pi^{n/2}/Gamma(n/2) sum over j of (-k^2/4)^j/(j! (n/2)_j) M(n + 2j), M(s) the integral of phi(r) r^{s-1} over [0, 1].
    """
    j, r, s = (
        sympy.Symbol("j", integer=True, nonnegative=True),
        sympy.Symbol("r", positive=True),
        sympy.Symbol("s", positive=True),
    )
    polynomial = {0: 1, 1: 1 + 4 * r, 2: 1 + 6 * r + S(35) / 3 * r**2}[smoothness]  # Wendland 1995, at radius 1
    expanded = sympy.Poly(sympy.expand((1 - r) ** (2 + 2 * smoothness) * polynomial), r)
    moment = sum(c / (s + m) for (m,), c in expanded.terms())
    series = (
        2
        * pi ** (N / 2)
        / gamma(N / 2)
        * (-(K**2) / 4) ** j
        / (sympy.factorial(j) * sympy.rf(N / 2, j))
        * moment.subs(s, N + 2 * j)
    )
    entry = CATALOGUE[name]
    _, _, family = entry.build({"smoothness": Q(smoothness), "radius": Q(1)})
    from wgflow.arithmetic.symbol import OPS

    (node,) = family.shape(N).value(OPS, K**2).atoms(hyper)
    claimed = family.amplitude(OPS, N) * node.argument**j / sympy.factorial(j)
    claimed *= sympy.Mul(*(sympy.rf(a, j) for a in node.ap)) / sympy.Mul(*(sympy.rf(b, j) for b in node.bq))
    ratio = sympy.simplify(sympy.combsimp(sympy.gammasimp((series / claimed).rewrite(gamma))))
    assert ratio == 1


def is_same(found: Any, formula: Any) -> bool:
    return bool(sympy.simplify(sympy.gammasimp(macdonald_form(found) / formula)) == 1)


def by(rule: Callable[[Any, Any], Any], name: str, n: Any) -> bool:
    profile, formula = formulas(CATALOGUE[name])
    e = sympy.powdenest(profile.subs(N, n), force=True)
    return is_same(rule(e, n), formula.subs(N, n))


def multiquadric_by_continuation(n: Any) -> bool:
    """-(1 + r^2/c^2)^{1/2}: the form for (1 + r^2/c^2)^{-b}, derived for b > 0, is analytic in b and taken at b = -1/2."""
    b = sympy.Symbol("beta", positive=True)
    continued = -formulas(CATALOGUE["imq"])[1].subs(N, n).subs(b, -S.Half)
    return by(mixture_integral, "imq", n) and is_same(continued, formulas(CATALOGUE["multiquadric"])[1].subs(N, n))


def logarithm_by_derivative(n: Any) -> Any:
    """-log r is the derivative of r^-a at a = 0; the transform of r^-a is SymPy's integral, with 1/Gamma(x) = x/Gamma(1 + x)."""
    a = sympy.Symbol("a", positive=True)
    found = hankel_integral(R**-a, n).subs(gamma(a / 2), 2 * gamma(1 + a / 2) / a)
    return sympy.diff(found, a).subs(a, 0)


HANKEL = ["rbf", "rq", "imq", "laplace", "matern", "riesz", "yukawa", "tophat"]
MIXTURE = ["rq", "imq", "laplace", "matern", "energy", "riesz", "yukawa"]
DIMENSIONS = [Integer(1), Integer(2), Integer(3), N]
SLOW = {"rq"}
# How each closed form of the catalogue is obtained without the catalogue, all parameters being symbols:
DERIVED = {
    **{(name, n): lambda n, name=name: by(hankel_integral, name, n) for name in HANKEL for n in DIMENSIONS},
    **{("energy", n): lambda n: by(mixture_integral, "energy", n) for n in DIMENSIONS},
    **{("multiquadric", n): multiquadric_by_continuation for n in DIMENSIONS},
    **{("log", n): lambda n: is_same(logarithm_by_derivative(n), formulas(CATALOGUE["log"])[1].subs(N, n)) for n in DIMENSIONS},
    **{("elastic", n): lambda n: by(hankel_integral, "elastic", n) for n in DIMENSIONS[1:]},
    ("elastic", Integer(1)): lambda n: is_same(logarithm_by_derivative(n), pi / K),
    **{("coulomb", n): lambda n: by(mixture_integral, "coulomb", n) for n in (Integer(1), Integer(3), N)},
    ("coulomb", Integer(2)): lambda n: is_same(logarithm_by_derivative(n), 2 * pi / K**2),
    **{("wendland", n): None for n in DIMENSIONS},  # test_wendlands_functions_have_the_power_series_that_they_should
}


def test_the_table_has_every_kernel_of_the_catalogue():
    assert {name for name, _ in DERIVED} == set(CATALOGUE)
    assert all((name, n) in DERIVED for name in CATALOGUE for n in DIMENSIONS)


CASES = [pytest.param(name, n, marks=[pytest.mark.long] if name in SLOW and n != N else [], id=f"{name} dim {n}")
         for (name, n), how in DERIVED.items() if how is not None]  # fmt: skip


@pytest.mark.parametrize(("name", "n"), CASES)
def test_a_closed_form_of_the_catalogue_is_derived_by_sympy(name, n):
    assert DERIVED[name, n](n)


@pytest.mark.parametrize("smoothness", [0, 1, 2])
def test_wendlands_functions_have_the_power_series_that_they_should(smoothness):
    by_series("wendland", smoothness)


@pytest.mark.long
@pytest.mark.parametrize("n", DIMENSIONS, ids=str)
@pytest.mark.parametrize("name", MIXTURE)
def test_mixtures_of_gaussians_give_the_same(name, n):
    assert by(mixture_integral, name, n)


# --- what is not believed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [2 * pi * sympy.sech(pi * K / 2), pi * sympy.sech(K / 2), -pi * sympy.sech(pi * K / 2),
     pi * sympy.sech(pi * K / 2) + S(1) / 10**9 * exp(-K), pi * sympy.sech(pi * K / 2) * (1 + K**2 / 10**10)],
    ids=str,
)  # fmt: skip
def test_a_form_that_is_wrong_is_refused(wrong):
    with pytest.raises(Wrong, match="where the transform is"):
        check(wrong, wg.kernel("sech(r)"), 1)


def test_a_function_without_a_formula_in_rn_has_a_reason():
    """sin(r)/r in R^3 is carried by the sphere k = 1."""
    assert not [form for form, _ in candidates(wg.kernel("sin(r)/r"), 3) if form.has(sympy.nan, sympy.oo)]


def test_a_form_that_cannot_be_compared_is_refused():
    with pytest.raises(Wrong, match="only 0 points"):
        check(K * sympy.zeta(K), wg.kernel("sech(r)"), 1)


def test_zero_is_refused_where_the_transform_is_not_zero():
    with pytest.raises(Wrong, match="where the transform is"):
        check(S(0), wg.kernel("sech(r)"), 1)
    assert check(S(0), wg.kernel("r**2"), 1).points == 8


def test_a_right_form_is_checked_against_enclosures():
    checked = check(pi * sympy.sech(pi * K / 2), wg.kernel("sech(r)"), 1)
    assert checked.points == 8 and checked.against == "enclosures by quadrature"


def test_rules_do_not_apply_where_they_should_not():
    assert no_modes(R**3, Integer(2)) is None and no_modes(3 * R**4, Integer(2)) == 0
    assert powers_and_logarithms(R**-4, Integer(2)) is None  # not locally integrable; its finite part has log k
    assert powers_and_logarithms(R * exp(-R), Integer(2)) is None
    assert derived(sympy.sech(R), Integer(2)) is None


# --- expressions as data -------------------------------------------------------------------------------------------


SAMPLES = [
    pi * sympy.sech(pi * K / 2), sqrt(2) * K ** (N / 2) * gamma(N / 2 + S.Half), sympy.re(sympy.besselk(0, (1 + sympy.I) * K)),
    hyper([S(1) / 3], [S(5) / 4, S(3) / 2], K**4 / 256), hyper([], [], K), sympy.E + sympy.EulerGamma * K,
    sympy.meijerg([[0], []], [[0, 0], [S.Half]], K**2 / 4), sympy.expint(1, K), -K, S(0), S(10) ** 50 / 7,
]  # fmt: skip


@pytest.mark.parametrize("expression", SAMPLES, ids=str)
def test_data_read_back_to_the_same_expression(expression):
    assert decode(json.loads(json.dumps(encode(expression)))) == expression


def deep(depth: int) -> object:
    data: list[object] = ["k"]
    for _ in range(depth):
        data = ["exp", data]
    return data


@pytest.mark.parametrize(
    "data",
    ["k", 3, None, [], [[]], ["__import__", ["k"]], ["Lambda", ["k"], ["k"]], ["number", "1", "0"], ["number", "9" * 5000, "1"],
     ["number", "0x10", "1"], ["number", "१", "1"], ["number", 1, 1], ["number", "1"], ["x"], ["exp"], ["exp", "k"], deep(200),
     ["Add", *[["k"]] * 6000], ["sympify", ["k"]], ["k", ["k"]], {"exp": "k"}],
    ids=lambda data: str(data)[:30],
)  # fmt: skip
def test_data_of_any_other_form_are_refused(data):
    with pytest.raises(Foreign):
        decode(data)


@pytest.mark.parametrize(
    "expression", [sympy.Symbol("x"), sympy.Float(0.5), sympy.Function("f")(K), sympy.Integral(K, K)], ids=str
)
def test_expressions_of_other_parts_are_not_written(expression):
    with pytest.raises(Foreign):
        encode(expression)


# --- values --------------------------------------------------------------------------------------------------------


FUNCTIONS = {
    sympy.besselk(S(1) / 3, K): lambda k: mp.besselk(mpf(1) / 3, k), sympy.besseli(2, K): lambda k: mp.besseli(2, k),
    sympy.besselj(S.Half, K): lambda k: mp.besselj(0.5, k), sympy.bessely(1, K): lambda k: mp.bessely(1, k),
    sympy.expint(1, K): mp.e1, sympy.Ei(K): mp.ei, sympy.Si(K): mp.si, sympy.Ci(K): mp.ci, sympy.Shi(K): mp.shi,
    sympy.Chi(K): mp.chi,     sympy.erf(K): mp.erf, sympy.erfc(K): mp.erfc, sympy.erfi(K): mp.erfi,
    sympy.polygamma(1, K): lambda k: mp.polygamma(1, k),
    sympy.lowergamma(S(1) / 3, K): lambda k: mp.gammainc(mpf(1) / 3, 0, k), sympy.loggamma(K): mp.loggamma,
    sympy.uppergamma(S(1) / 3, K): lambda k: mp.gammainc(mpf(1) / 3, k), sympy.fresnels(K): mp.fresnels, sympy.sech(K): mp.sech,
    sympy.elliptic_k(-K): lambda k: mp.ellipk(-k), sympy.elliptic_e(-K): lambda k: mp.ellipe(-k),
    sympy.atan2(-3, K): lambda k: mp.atan2(-3, k),
    sympy.polylog(2, -K): lambda k: mp.polylog(2, -k),
    hyper([S(1) / 3], [S(2) / 3, 2], -K): lambda k: mp.hyp1f2(mpf(1) / 3, mpf(2) / 3, 2, -k),
    sympy.im((1 + 2 * sympy.I + K) ** (S(3) / 2)): lambda k: ((1 + 2j + k) ** mpf(1.5)).imag,
    sympy.meijerg([[], []], [[0, 0], []], K): lambda k: 2 * mp.besselk(0, 2 * mp.sqrt(k)),
}  # fmt: skip


@pytest.mark.parametrize("expression", FUNCTIONS, ids=str)
def test_values_agree_with_mpmath(expression):
    rng = Random(str(expression))
    with mp.workdps(40):
        for _ in range(3):
            k = Q(rng.randint(1, 4000), 1000)
            expected, found = FUNCTIONS[expression](mpf(k.numerator) / k.denominator), value(expression, k)
            assert found.rel_accuracy_bits() > 50
            assert (
                abs(mpf(found.mid().str(30, radius=False)) - expected)
                <= mpf(str(found.rad().str(3, radius=False))) + abs(expected) * 1e-28
            )


def test_values_need_every_symbol_and_a_known_function():
    for expression in (K**N, sympy.zeta(K), sympy.I * K):
        with pytest.raises(Unevaluated):
            value(expression, Q(1, 2))


def test_g_functions_become_hypergeometric_ones():
    """Slater's theorem, for both directions, against mpmath's own sum."""
    cases = [
        ([[], []], [[S(1) / 4, S(3) / 4], [S(1) / 2]]), ([[S(1) / 3], []], [[0, S(1) / 2], [S(1) / 5]]),
        ([[S(1) / 4, S(3) / 4], [0, S(1) / 2]], [[0], []]), ([[], [S(1) / 7]], [[0, S(1) / 3, S(1) / 2], []]),
    ]  # fmt: skip
    for a, b in cases:
        found = hypergeometric(a, b, K)
        assert not found.has(sympy.meijerg)
        with mp.workdps(25):
            numbers = [[[mpf(int(S(x).p)) / int(S(x).q) for x in part] for part in group] for group in (a, b)]
            expected = mp.meijerg(*numbers, mpf(7) / 5)
            assert abs(mpf(str(value(found, Q(7, 5)).mid().str(20, radius=False))) - expected.real) < 1e-15


# --- the process ---------------------------------------------------------------------------------------------------


def test_an_answer_prints_as_a_formula():
    found = derive("1/(1+r**4)", "3")
    assert found and found.dim == 3 and found.how == "partial fractions" and found.checked[0] >= 8
    assert found.latex().startswith(r"\hat e(k) = \frac{2 \pi^{2}") and found._repr_latex_() == f"${found.latex()}$"
    assert "F(k)" in found.pretty() and "(not a proof)" in str(found)


def test_no_formula_is_an_answer_too():
    found = derive("sech(r)", 2)
    assert not found and found.expression is None and "no formula" in str(found) and found._repr_latex_() is None
    with pytest.raises(InputError, match="no formula was found"):
        found.latex()


def test_a_derivation_stops_at_its_time_limit():
    start = time.monotonic()
    found = derive("+".join(f"exp(-r**4)*r**({j}/7)" for j in range(1, 9)), 2, seconds=1)
    assert not found and "the time of 1 s ran out" in found.reason
    assert time.monotonic() - start < 5


def test_a_derivation_stops_at_its_memory_limit(monkeypatch):
    monkeypatch.setattr(symbolic, "MEMORY", 1)
    found = derive("exp(-r**4)/(1 + r**2)", 2)
    assert not found and found.reason


@pytest.mark.parametrize(("dim", "seconds"), [(0, 20), ("x", 20), (2, 0), (2, "nan"), (2, 10**9)])
def test_wrong_input_is_refused(dim, seconds):
    with pytest.raises(InputError):
        derive("rbf", dim, seconds)


def test_lines_that_the_child_did_not_finish_are_no_answer():
    kernel, good = wg.kernel("rbf"), {"expression": encode(K), "how": "a rule"}
    checked = {"points": 8, "against": "x"}

    def read(*events: object) -> Derived:
        return symbolic._read(kernel, 1, [json.dumps(event) for event in events], "")

    assert read(good, checked).expression == K
    assert not read(good) and not read(checked) and not read({"refused": "at k = 1", "how": "x"}, checked)
    assert not read({"expression": ["eval", ["k"]], "how": "x"}, checked)
    assert not read({**good}, {"refused": "at k = 1 it gives 2", "how": "a rule"}, checked)
    assert not symbolic._read(kernel, 1, [json.dumps(good), json.dumps(checked)[:-5], "[", "null"], "stopped")


def test_expressions_show_their_formula():
    assert wg.kernel("sech(r)*besselk(1/2, r) + erf(r)/r")._repr_latex_().startswith("$e(r) = ")
