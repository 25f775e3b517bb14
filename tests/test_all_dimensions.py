"""Every dimension at once: mixing measures, verdicts and thresholds with known answers, and certificates that lie.

Constants come from shared/MATH.md, section 2, and from mpmath; nothing of wgflow is used to make an answer.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from strategies import MP, lorentzian, matern, mpf, rational_quadratic, riesz_constant

import wgflow as wg
from wgflow.cli.main import main
from wgflow.stability.certificate import digest

HALF = Fraction(1, 2)
Data = dict[str, Any]


# --- mixing measures, written anew ----------------------------------------------------------------------------------


def imq_density(beta, c2):
    return lambda t: mpf(c2) ** mpf(beta) * t ** (mpf(beta) - 1) * MP.exp(-mpf(c2) * t) / MP.gamma(mpf(beta))


def matern_density(nu, length2):
    """4^-nu/Gamma(nu) t^{-nu-1} exp(-1/4t) at the unit scale a^2 = l^2/(2 nu), stretched: a^2 rho(a^2 t)."""
    v = mpf(nu)
    a2 = mpf(length2) / (2 * v)
    return lambda t: a2 * (a2 * t) ** (-v - 1) * MP.exp(-1 / (4 * a2 * t)) / (4**v * MP.gamma(v))


def energy_density(beta):
    return lambda t: -(t ** (-mpf(beta) / 2 - 1)) / MP.gamma(-mpf(beta) / 2)


def riesz_density(a):
    return lambda t: t ** (mpf(a) / 2 - 1) / MP.gamma(mpf(a) / 2)


def log_density(t):
    return 1 / (2 * t)


DENSITIES = {
    "imq(beta=1/3, c=2)": imq_density(Fraction(1, 3), 4),
    "rq(alpha=5/2, lengthscale=1/2)": imq_density(Fraction(5, 2), Fraction(5, 4)),
    "-multiquadric(3)": imq_density(-HALF, 9),
    "laplace(2)": matern_density(HALF, 4),
    "matern(nu=7/3, lengthscale=3/2)": matern_density(Fraction(7, 3), Fraction(9, 4)),
    "energy(1/2)": energy_density(HALF),
    "energy(1)": energy_density(1),
    "riesz(3/2)": riesz_density(Fraction(3, 2)),
    "log": log_density,
}
PROFILES = {
    "imq(beta=1/3, c=2)": lambda r: (1 + r * r / 4) ** -mpf(Fraction(1, 3)),
    "rq(alpha=5/2, lengthscale=1/2)": lambda r: (1 + r * r / (5 * mpf(Fraction(1, 4)))) ** -mpf(Fraction(5, 2)),
    "-multiquadric(3)": lambda r: MP.sqrt(1 + r * r / 9),
    "laplace(2)": lambda r: MP.exp(-r / 2),
    "matern(nu=7/3, lengthscale=3/2)": lambda r: matern_profile(mpf(Fraction(7, 3)), mpf(Fraction(3, 2)), r),
    "energy(1/2)": lambda r: -(r ** mpf(HALF)),
    "energy(1)": lambda r: -r,
    "riesz(3/2)": lambda r: r ** -mpf(Fraction(3, 2)),
    "log": lambda r: -MP.log(r),
}
TRANSFORMS = {
    "imq(beta=1/3, c=2)": lambda n: rational_quadratic(Fraction(1, 3), MP.mpf(2), n),
    "laplace(2)": lambda n: lorentzian(matern(HALF, Fraction(4), n)),
    "matern(nu=7/3, lengthscale=3/2)": lambda n: lorentzian(matern(Fraction(7, 3), Fraction(9, 4), n)),
    "energy(1)": lambda n: lambda k: -riesz_constant(Fraction(-1), n) * k ** (-n - 1),
    "riesz(3/2)": lambda n: lambda k: riesz_constant(Fraction(3, 2), n) * k ** (mpf(Fraction(3, 2)) - n),
    "log": lambda n: lambda k: MP.mpf(2) ** (n - 1) * MP.pi ** mpf(Fraction(n, 2)) * MP.gamma(mpf(Fraction(n, 2))) * k**-n,
}


def matern_profile(nu, length, r):
    z = MP.sqrt(2 * nu) * r / length
    return 2 ** (1 - nu) / MP.gamma(nu) * z**nu * MP.besselk(nu, z)


def integral(function):
    """The integral over t > 0, as one over log t."""
    return MP.quad(lambda x: function(MP.exp(x)) * MP.exp(x), [-300, -60, -20, -8, 0, 8, 20, 60])


@pytest.fixture
def few_digits():
    with MP.workdps(18):
        yield


def density_of(measure, t):
    """The density of a measure of wgflow, in mpmath."""
    total = MP.mpf(0)
    for shape, coefficient in measure.density:
        value = real(coefficient) * t ** mpf(shape.p) * MP.exp(-mpf(shape.a) * t - mpf(shape.b) / t)
        total += value
    return total


def real(value):
    """An exact real of wgflow in mpmath: monomials in pi, Gamma(q) and powers of integers."""
    total = MP.mpf(0)
    for monomial, weight in value.terms.items():
        part = mpf(weight)
        for (kind, argument), exponent in monomial:
            base = {"pi": MP.pi, "base": mpf(argument)}.get(kind)
            part *= (MP.gamma(mpf(argument)) if base is None else base) ** mpf(exponent)
        total += part
    return total


@pytest.mark.parametrize("text", DENSITIES)
def test_the_measure_is_the_formula(text):
    measure = wg.kernel(text).mixing()
    assert measure.atoms == ()
    for t in (MP.mpf("0.003"), MP.mpf(1), MP.mpf("7.5")):
        assert abs(density_of(measure, t) / DENSITIES[text](t) - 1) < MP.mpf(10) ** -40


@pytest.mark.parametrize("text", DENSITIES)
def test_the_mixture_of_gaussians_is_the_kernel(text, few_digits):
    """Up to a constant, which differences between two distances do not see."""
    density, profile = DENSITIES[text], PROFILES[text]
    for r, q in ((MP.mpf(1) / 3, MP.mpf(2)), (MP.mpf(1), MP.mpf(5))):
        difference = integral(lambda t, r=r, q=q: (MP.exp(-r * r * t) - MP.exp(-q * q * t)) * density(t))
        assert abs(difference / (profile(r) - profile(q)) - 1) < 1e-9


@pytest.mark.parametrize("text", TRANSFORMS)
@pytest.mark.parametrize("n", [3, 8])
def test_the_mixture_of_transforms_is_the_transform(text, n, few_digits):
    density = DENSITIES[text]
    for k in (MP.mpf(1) / 2, MP.mpf(3)):
        found = integral(lambda t, k=k: (MP.pi / t) ** (mpf(Fraction(n, 2))) * MP.exp(-k * k / (4 * t)) * density(t))
        assert abs(found / TRANSFORMS[text](n)(k) - 1) < 1e-9


def test_atoms_of_gaussians_merge():
    measure = wg.kernel("rbf(1) + 2*rbf(sqrt(1/2)) - rbf(gamma=1/2)").mixing()
    assert [(t, real(w)) for t, w in measure.atoms] == [(1, 2)] and measure.density == ()
    assert wg.kernel("rbf - rbf(2, scale=1/2)").mixing().is_zero
    assert wg.kernel("rbf + wendland").mixing() is None


# --- thresholds from closed forms -------------------------------------------------------------------------------------


def number(rng, top=12, bottom=6):
    return Fraction(rng.randint(1, top), rng.randint(1, bottom))


def peak(p, a, b=0):
    """sup of t^p exp(-a t - b/t) over t > 0: (value, whether it is attained at some t), None where it is infinite."""
    if (a < 0 or b < 0) or (a == 0 and p > 0) or (b == 0 and p < 0):
        return None
    if (a == 0 and b == 0) or (p == 0 and (a == 0 or b == 0)):
        return MP.mpf(1)
    if b == 0:
        t = mpf(p / a)
    elif a == 0:
        t = mpf(b / -p)
    else:
        t = (mpf(p) + MP.sqrt(mpf(p) ** 2 + 4 * mpf(a) * mpf(b))) / (2 * mpf(a))
    return t ** mpf(p) * MP.exp(-mpf(a) * t - mpf(b) / t)


def imq_and_imq(rng):
    b1, b2, c1, c2 = number(rng), number(rng), number(rng), number(rng)
    b1, c1 = (b2, c1) if rng.random() < 0.3 else (b1, c2) if rng.random() < 0.2 else (b1, c1)
    top = peak(b1 - b2, c1**2 - c2**2)
    front = mpf(c1) ** (2 * mpf(b1)) * MP.gamma(mpf(b2)) / (mpf(c2) ** (2 * mpf(b2)) * MP.gamma(mpf(b1)))
    return f"imq({b1}, {c1})", f"imq({b2}, {c2})", top and front * top


def imq_and_energy(rng):
    b, c, beta = number(rng), number(rng), Fraction(rng.randint(1, 15), 8)
    front = mpf(c) ** (2 * mpf(b)) / MP.gamma(mpf(b)) * -MP.gamma(-mpf(beta) / 2)
    return f"imq({b}, {c})", f"energy({beta})", front * peak(b + beta / 2, c**2)


def matern_and_energy(rng):
    nu, length, beta = number(rng), number(rng), Fraction(rng.randint(1, 15), 8)
    nu = beta / 2 if rng.random() < 0.2 else nu
    a2 = length**2 / (2 * nu)
    top = peak(-nu + beta / 2, 0, 1 / (4 * a2))
    front = mpf(a2) ** -mpf(nu) / (4 ** mpf(nu) * MP.gamma(mpf(nu))) * -MP.gamma(-mpf(beta) / 2)
    return f"matern({nu}, {length})", f"energy({beta})", top and front * top


def matern_and_matern(rng):
    nu, mu, one, two = number(rng), number(rng), number(rng), number(rng)
    nu = mu if rng.random() < 0.3 else nu
    a, b = one**2 / (2 * nu), two**2 / (2 * mu)
    top = peak(mu - nu, 0, 1 / (4 * a) - 1 / (4 * b))
    front = mpf(a) ** -mpf(nu) * 4 ** mpf(mu) * MP.gamma(mpf(mu)) / (mpf(b) ** -mpf(mu) * 4 ** mpf(nu) * MP.gamma(mpf(nu)))
    return f"matern({nu}, {one})", f"matern({mu}, {two})", top and front * top


def imq_and_matern(rng):
    b, c, nu, length = number(rng), number(rng), number(rng), number(rng)
    a2 = length**2 / (2 * nu)
    front = mpf(c) ** (2 * mpf(b)) / MP.gamma(mpf(b)) * mpf(a2) ** mpf(nu) * 4 ** mpf(nu) * MP.gamma(mpf(nu))
    sup = peak(b + nu, c**2, -1 / (4 * a2))  # exp(+b/t) is beaten by nothing toward t = 0
    return f"imq({b}, {c})", f"matern({nu}, {length})", sup and front * sup


def gaussians(rng):
    lengths = [Fraction(i, 2) for i in rng.sample(range(1, 20), 4)]
    w, v = ([Fraction(rng.randint(0, 5), rng.randint(1, 3)) for _ in lengths] for _ in range(2))
    v[0] = v[0] or Fraction(1)
    e, s = ("0*rbf + " + " + ".join(f"{x}*rbf({length})" for x, length in zip(u, lengths, strict=True)) for u in (w, v))
    finite = all(y or not x for x, y in zip(w, v, strict=True))
    return e, s, max(x / y for x, y in zip(w, v, strict=True) if y) if finite else None


KINDS = (imq_and_imq, imq_and_energy, matern_and_energy, matern_and_matern, imq_and_matern, gaussians)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_threshold_is_the_closed_form(kind):
    rng, seen = Random(kind.__name__), Counter()
    for _ in range(12):
        kernel, stabilizer, least = kind(rng)
        certificate = wg.certify(kernel, stabilizer, 1, "all")
        found = certificate.feasible
        assert found is not None, (kernel, stabilizer)
        seen[least is None] += 1
        if least is None:
            assert found.empty is not None, (kernel, stabilizer)
            continue
        assert found.empty is None and found.upper is None and found.lower is not None, (kernel, stabilizer)
        low, high = certificate.least_eps
        tiny = MP.mpf(10) ** -50
        assert low <= mpf(least) * (1 + tiny) and mpf(least) * (1 - tiny) <= high and high - low <= 1e-9 * abs(high), (
            kernel,
            stabilizer,
        )
        if least:
            for power in (2, 9):
                for sign, verdict in ((1, wg.Verdict.DECAYS), (-1, wg.Verdict.GROWS)):
                    eps = MP.nstr(mpf(least) * (1 + sign * MP.mpf(10) ** -power), 40)
                    assert wg.certify(kernel, stabilizer, eps, "all").verdict is verdict, (kernel, stabilizer, eps)
    assert seen[False] > 2 or kind is imq_and_matern


def test_the_threshold_itself_belongs_to_the_interval():
    """4 t e^{-8t} <= 4 * t e^{-2t}, with equality nowhere; but e - s = 0 moves no mode."""
    assert wg.certify("imq(1, sqrt(8))", "imq(1, sqrt(2))", 4, "all").verdict is wg.Verdict.DECAYS
    assert wg.certify("imq(1, sqrt(8))", "imq(1, sqrt(2))", "3.999999999999", "all").verdict is wg.Verdict.GROWS
    same = wg.certify("rq + rbf", "rq + rbf", 1, "all")
    assert same.verdict is wg.Verdict.GROWS and same.witness.rate == (0.0, 0.0) and not same.feasible.lower.attained
    assert wg.certify("rbf + rbf(2)", "rbf + 2*rbf(2)", 1, "all").verdict is wg.Verdict.DECAYS


def test_signs_and_roles_mirror():
    for kernel, stabilizer, eps in (("rq", "energy", "1.1"), ("matern", "energy", 3), ("rbf", "rbf + log", 2)):
        assert wg.certify(kernel, stabilizer, eps, "all")
        assert wg.certify(f"-1*({kernel})", f"-1*({stabilizer})", eps, "all", "generator")
        assert wg.certify(kernel, f"-1*({stabilizer})", f"-{eps}", "all")
        assert not wg.certify(kernel, stabilizer, eps, "all", "generator")
    upper = wg.certify("rq", "-1*energy", "-1.1", "all").feasible
    assert upper.lower is None and upper.upper.attained and upper.upper.text == "-1.02750773503"


def random_measures(rng):
    """(kernel, stabilizer > 0, their densities, written anew) with no closed form of the largest quotient."""

    def parts(count):
        for _ in range(count):
            w, a, b = number(rng, 5, 3), number(rng), number(rng)
            beta = Fraction(rng.randint(1, 7), 4)
            yield rng.choice(
                [
                    (w, f"imq({a}, {b})", imq_density(a, b * b)),
                    (w, f"matern({a}, {b})", matern_density(a, b * b)),
                    (w, f"energy({beta})", energy_density(beta)),
                    (w, f"riesz({a})", riesz_density(a)),
                    (w, "log", log_density),
                ]
            )

    one, two = list(parts(3)), list(parts(2))
    two += [(Fraction(1), "riesz(100)", riesz_density(100)), (Fraction(1), "energy(15/8)", energy_density(Fraction(15, 8)))]
    one[0] = (-one[0][0], *one[0][1:]) if rng.random() < 0.5 else one[0]
    texts = [" + ".join(f"{w}*{name}" for w, name, _ in side) for side in (one, two)]
    return *texts, *((lambda t, side=side: sum(mpf(w) * d(t) for w, _, d in side)) for side in (one, two))


def test_thresholds_and_signs_against_values_on_a_grid():
    rng, found = Random(11), 0
    for _ in range(15):
        kernel, stabilizer, e, s = random_measures(rng)
        certificate = wg.certify(kernel, stabilizer, 1, "all")
        assert certificate.feasible is not None and certificate.feasible.lower is not None, (kernel, stabilizer)
        low, high = certificate.least_eps
        ratios = [e(t) / s(t) for t in (MP.mpf(2) ** (MP.mpf(i) / 8) for i in range(-160, 161))]
        assert max(ratios) <= high * (1 + 1e-12) and low <= max(ratios) + abs(max(ratios)) / 20, (kernel, stabilizer)
        for piece in certificate.chart.pieces:
            if piece.sign:
                found += 1
                ends = [MP.mpf(int(m)) * MP.mpf(2) ** int(x) for m, x in (piece.low.man_exp(), piece.high.man_exp())]
                for share in (0, MP.mpf(rng.random()), 1):
                    t = ends[0] * (ends[1] / ends[0]) ** share
                    assert (e(t) - s(t)) * piece.sign > 0, (kernel, stabilizer, t)
    assert found > 15


# --- agreement with one dimension ---------------------------------------------------------------------------------------

PARTS = ("rq({})", "imq(1/2, {})", "matern(3/2, {})", "laplace({})", "energy(1, scale={})", "rbf({})", "multiquadric({})")


def random_pair(rng):
    def combination(count, negative):
        weights = [number(rng, 5, 3) * (-1 if rng.random() < negative else 1) for _ in range(count)]
        return " + ".join(f"{w}*{rng.choice(PARTS).format(rng.choice(('1/2', '1', '2')))}" for w in weights)

    return combination(rng.randint(1, 3), 0.3), combination(rng.randint(1, 3), 0), rng.choice(("1/2", "1", "3", "20", "200"))


def test_agrees_with_certificates_of_one_dimension():
    rng, seen = Random(5), Counter()
    for _ in range(35):
        kernel, stabilizer, eps = random_pair(rng)
        role = rng.choice(("discriminator", "discriminator", "generator"))
        found = wg.certify(kernel, stabilizer, eps, "all", role)
        seen[found.verdict] += 1
        assert wg.verify(found.to_file_json()).verdict is found.verdict
        if found.verdict is wg.Verdict.DECAYS:
            for n in rng.sample((1, 2, 3, 8, 64), 2):
                assert wg.certify(kernel, stabilizer, eps, n, role).verdict is wg.Verdict.DECAYS, (kernel, stabilizer, eps, n)
        elif found.witness is not None and found.witness.dim <= 64:
            n = found.witness.dim
            assert wg.certify(kernel, stabilizer, eps, n, role).verdict is wg.Verdict.GROWS, (kernel, stabilizer, eps, n)
    assert seen[wg.Verdict.DECAYS] > 5 and seen[wg.Verdict.GROWS] > 15


def test_a_positive_part_grows_in_large_dimensions():
    """At 0.999 of the threshold of rq against energy every mode decays for small n, and one grows for large n."""
    kernel, stabilizer, least = "imq(1, 1)", "energy(1)", -MP.gamma(-mpf(HALF)) * peak(Fraction(3, 2), 1)
    found = wg.certify(kernel, stabilizer, MP.nstr(least * MP.mpf("0.999"), 20), "all")
    n, k = found.witness.dim, mpf(found.witness.wavenumber)
    assert n > 64 and wg.certify(kernel, stabilizer, found.claim.eps, 3)
    e, s = rational_quadratic(Fraction(1), MP.mpf(1), n)(k), TRANSFORMS["energy(1)"](n)(k)
    low, high = found.witness.rate
    assert 0 < low <= k**2 * (e - mpf(found.claim.eps) * s) <= high
    nearer = wg.certify(kernel, stabilizer, MP.nstr(least * (1 - MP.mpf(10) ** -8), 20), "all")
    assert nearer.verdict is wg.Verdict.GROWS and nearer.witness is None and "every large enough" in nearer.reason
    assert wg.verify(nearer.to_file_json()).verdict is wg.Verdict.GROWS


# --- kernels without a mixing measure ------------------------------------------------------------------------------------


def test_compact_kernels_grow_somewhere_or_are_undecided():
    found = wg.certify("-wendland(2)", "0*rbf", 0, "all")
    assert found.verdict is wg.Verdict.GROWS and found.witness.dim > 3  # positive definite for n <= 3 only
    undecided = wg.certify("wendland(2)", "energy", "1e40", "all")
    assert undecided.verdict is wg.Verdict.UNDECIDED and "wendland" in undecided.reason and undecided.feasible is None
    with pytest.raises(ValueError, match="UNDECIDED"):
        bool(undecided)
    assert wg.verify(undecided.to_file_json()).verdict is wg.Verdict.UNDECIDED
    assert wg.certify("wendland", "wendland + 1/2*rbf", 1, "all")  # what is no mixture cancels


@pytest.mark.parametrize("kernel", ["elastic", "coulomb", "yukawa", "rbf + elastic"])
def test_kernels_that_differ_from_n_to_n_are_refused(kernel):
    with pytest.raises(wg.InputError, match="another function of r in every dimension"):
        wg.certify(kernel, "energy", 1, "all")
    with pytest.raises(wg.InputError, match="another function of r in every dimension"):
        wg.certify("rbf", kernel, 1, "all")


def test_least_dimension_is_said():
    found = wg.certify("riesz(5/2)", "riesz(5/2) + log", 2, "all")
    assert found.decays and found.to_json()["least_dimension"] == 3 and "every n >= 3" in found.summary()


# --- the command ----------------------------------------------------------------------------------------------------------


def command(*arguments):
    return main(
        ["certify", "--kernel", arguments[0], "--stabilizer", arguments[1], "--eps", arguments[2], "--dim", "all", *arguments[3:]]
    )


def test_the_command(tmp_path, capsys):
    path = tmp_path / "proof.json"
    assert command("rq", "energy", "1.1", "--certificate", str(path)) == 0
    shown = capsys.readouterr().out
    assert "negative at every mode in every dimension" in " ".join(shown.split()) and "eps >= 1.02750773503" in shown
    assert main(["verify", str(path)]) == 0 and "dim = all" in capsys.readouterr().out
    assert command("rq", "energy", "1", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["schema", "claim", "least_dimension", "verdict", "reason", "witness", "feasible_eps"]
    assert answer["claim"]["dim"] == "all" and answer["witness"]["dim"] >= 1
    assert command("wendland", "rbf", "1000000") in (1, 3)
    capsys.readouterr()
    path.write_text(path.read_text().replace("DECAYS", "GROWS"))
    assert main(["verify", str(path)]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["certify", "--kernel", "rbf", "--dim", "all", "--period", "2*pi"],
        ["certify", "--kernel", "rbf", "--dim", "all", "--band", "1,2"],
        ["certify", "--kernel", "rbf", "--dim", "All"],
        ["certify", "--kernel", "rbf", "--stabilizer", "elastic", "--dim", "all"],
        ["spectrum", "--kernel", "rbf", "--dim", "all"],
    ],
    ids=" ".join,
)
def test_wrong_input_is_one_line(arguments, capsys):
    assert main(arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_displays():
    found = wg.certify("rbf", dim="all")
    assert str(found.claim.stabilizer) == "rbf(lengthscale=1)"  # the default is the kernel itself
    assert "all (every n &gt;= 1)" in found._repr_html_() and r"n \geq 1" in found._repr_latex_() and "GROWS" in repr(found)


# --- certificates that lie ------------------------------------------------------------------------------------------------

TRUE = [
    ("rq", "energy", "1.1"),
    ("rq", "energy", "1"),
    ("rq(1, 2)", "rq(1, 1)", 4),
    ("matern(3/2)", "energy + 1/5*rbf", 3),
    ("rbf + rbf(2)", "rbf + 2*rbf(2)", 2),
    ("rbf", "energy", 3),
    ("rq", "-1*energy", -2),
    ("rq + rbf", "rq + 1/2*rbf", 1),
    ("rbf", "0*rbf", 0),
    ("-rbf", "0*rbf", 0),
]


def sealed(data: Data) -> Data:
    """The same data with the digest that fits: only the replay can find it wrong."""
    body = {key: value for key, value in data.items() if key != "digest"}
    return {**body, "digest": digest(body)}


def refused(data: Data) -> bool:
    try:
        wg.verify(sealed(data))
    except wg.Refused:
        return True
    return False


def leaves(data, path=()):
    """The paths of all values in nested data that are no containers."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    if items is None:
        yield path
        return
    for key, value in items:
        yield from leaves(value, (*path, key))


def changed(data: Data, path, value) -> Data:
    out = copy.deepcopy(data)
    place = out
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value(place[path[-1]]) if callable(value) else value
    return out


@pytest.mark.parametrize("number", range(len(TRUE)))
def test_every_changed_statement_is_refused(number):
    """Whatever is changed in the result is false, whatever the proof says; a proof may only be changed into another proof."""
    data = wg.certify(*TRUE[number], "all").to_file_json()
    assert not refused(data)
    junk = (None, True, 0, -1, "", "3p0", [], {}, "GROWS", "DECAYS", 10**400)
    rng = Random(number)
    may_differ = {"cuts", "t", "order", "k"}
    for path in leaves({key: data[key] for key in ("result", "proof")}):
        for value in rng.sample(junk, 5):
            other = changed(data, path, value)
            if json.dumps(other) == json.dumps(data):
                continue
            weaker = value == 0 and "signs" in path and data["result"]["verdict"] == "GROWS"  # says less, and enough
            assert refused(other) or weaker or may_differ & {str(key) for key in path}, (path, value)


def test_the_proof_is_needed():
    data = wg.certify("rq", "energy", "1.1", "all").to_file_json()
    density = ("proof", "density")
    lower = ("proof", "feasible", "lower")
    lies = [
        changed(data, density, None),
        changed(data, (*density, "zero"), None),
        changed(data, (*density, "infinity"), None),
        changed(data, (*density, "signs"), lambda signs: [-s for s in signs]),
        changed(data, (*density, "signs"), lambda signs: [0 for _ in signs]),
        changed(data, (*density, "cuts"), lambda cuts: ["1p-1" if c == cuts[0] else c for c in cuts]),  # a gap near 0
        changed(data, (*density, "cuts"), lambda cuts: [*cuts[:-1], "3p-2"]),  # and one toward infinity
        changed(data, (*density, "zero", "t"), "1p3"),  # the leading term does not lead up to there
        changed(data, (*density, "infinity", "t"), "1p-9"),
        changed(data, (*density, "zero", "sign"), 1),
        changed(data, (*density, "missing"), ["zero"]),
        changed(data, (*lower, "kind"), "mixing limit"),
        changed(data, (*lower, "kind"), "mixing identity"),
        changed(data, (*lower, "density"), None),
        changed(data, (*lower, "t"), "1p4"),
        changed(data, ("proof", "feasible"), None),
        changed(data, ("proof", "feasible", "upper_density"), None),
        changed(data, ("proof", "atoms"), [{"t": "1", "kernel": "0", "stabilizer": "0", "total": "0"}]),
        changed(data, ("schema",), "wgflow.certificate/1"),
    ]
    assert all(map(refused, lies)), [refused(lie) for lie in lies]


def test_claims_with_a_proof_of_another_claim_are_refused():
    """A proof for one claim, put under a claim that is false, or whose threshold is another."""
    rng, refusals = Random(8), 0
    proofs = [wg.certify(*case, "all").to_file_json() for case in TRUE]
    for data in proofs:
        for key, values in {
            "eps": ("1", "1/2", "-1", "1027/1000", "7"),
            "kernel": ("2*rq(alpha=1, lengthscale=1)", "rbf(lengthscale=1)", "energy(beta=1)", "rq(alpha=2, lengthscale=1)"),
            "stabilizer": (
                "rbf(lengthscale=1)",
                "laplace(lengthscale=1)",
                "energy(beta=1/2)",
                "wendland(smoothness=1, radius=1)",
            ),
            "role": ("generator",),
            "dim": (2, "2", None),
            "period": ("2*pi",),
            "band": (["1", "2"],),
        }.items():
            for value in values:
                other = changed(data, ("result", "claim", key), value)
                if other == data:
                    continue
                if refused(other):
                    refusals += 1
                else:  # a true claim may have the same proof
                    claim = other["result"]["claim"]
                    true = wg.certify(*(claim[k] for k in ("kernel", "stabilizer", "eps")), "all", claim["role"])
                    assert true.verdict.value == other["result"]["verdict"] and key == "eps", (key, value)
    assert refusals > 100
    one, two = rng.sample(proofs, 2)
    assert refused({**one, "proof": two["proof"]})


def test_a_false_decay_is_refused_whatever_is_said():
    """eps below the threshold by 1e-6, under the proof and the result of an eps above it."""
    good = wg.certify("rq", "energy", "1.0275078", "all").to_file_json()
    bad = changed(good, ("result", "claim", "eps"), "5137538/5000000")
    bad["result"]["claim"]["eps"] = str(Fraction("1.0275076"))
    assert good["result"]["verdict"] == "DECAYS" and not refused(good) and refused(bad)


def test_positive_part_without_witness_is_checked():
    data = wg.certify("rq", "energy", "1.0275", "all").to_file_json()
    assert data["result"]["verdict"] == "GROWS" and data["result"]["witness"] is None and not refused(data)
    chart = data["proof"]["density"]
    assert refused(changed(data, ("proof", "density", "signs"), [0 if s > 0 else s for s in chart["signs"]]))
    assert refused(changed(data, ("result", "claim", "eps"), "1.0276"))
    assert refused(changed(data, ("result", "claim", "eps"), str(Fraction("1.0276"))))
