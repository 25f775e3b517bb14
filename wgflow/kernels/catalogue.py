"""The kernels that wgflow knows by name: parameters, defaults, spelling, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from wgflow.arithmetic.number import InputError, shown, square_root
from wgflow.kernels.compact import TopHat, Wendland
from wgflow.kernels.family import Family
from wgflow.kernels.gaussian import Gaussian
from wgflow.kernels.matern import Matern, Yukawa
from wgflow.kernels.rational import InverseMultiquadric
from wgflow.kernels.riesz import Coulomb, Elastic, Energy, Logarithmic, Riesz
from wgflow.kernels.term import Term
from wgflow.record import record

ONE = Fraction(1)
HALF = Fraction(1, 2)
# Bounds that keep exact constants short: Gamma(1000) still is a number of 2,600 digits.
MOST_SHAPE = 1000
LENGTH_EXPONENT = 200

Values = Mapping[str, Fraction]


@record
class Parameter:
    """A parameter of a named kernel. A length is stored as its square, so that sqrt(1/2) is exact."""

    name: str
    symbol: str
    default: Fraction
    is_length: bool = False
    least: Fraction = Fraction(0)  # exclusive, except for whole-number choices
    most: Fraction = Fraction(MOST_SHAPE)
    choices: tuple[int, ...] = ()

    def check(self, value: Fraction) -> None:
        """Raises InputError where ``value`` (the square, for a length) is not allowed."""
        if self.choices:
            if value not in self.choices:
                raise InputError(f"{self.name}={value} is not one of {', '.join(map(str, self.choices))}.")
        elif self.is_length:
            bound = Fraction(10) ** (2 * LENGTH_EXPONENT)
            if not 1 / bound <= value <= bound:
                raise InputError(f"{self.name} must be a positive length between 1e-{LENGTH_EXPONENT} and 1e{LENGTH_EXPONENT}.")
        elif not self.least < value <= self.most or (value == self.most and self.most < MOST_SHAPE):
            raise InputError(f"{self.name}={_short(value)} must be greater than {self.least} and {self._upper()}.")
        elif value.denominator > 10**12 or 0 < value < Fraction(1, 10**6):
            raise InputError(f"{self.name}={_short(value)} must be at least 1e-6 and have at most 12 decimals.")

    def _upper(self) -> str:
        return f"at most {self.most}" if self.most == MOST_SHAPE else f"less than {self.most}"


def _short(value: Fraction) -> str:
    text = str(value)
    return text if len(text) <= 30 else f"{text[:27]}..."


@record
class Entry:
    """A named kernel. ``build`` maps parameter values to (weight, scale^2, family); it also runs on symbols."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    build: Callable[[Values], tuple[Fraction, Fraction, Family]]
    dimensions: str
    definiteness: str
    stabilizer: str
    source: str

    def term(self, values: Values) -> Term:
        for parameter in self.parameters:
            parameter.check(values[parameter.name])
        weight, scale2, family = self.build(values)
        return Term(weight, scale2, family)


def _length(name: str) -> Parameter:
    return Parameter(name, {"lengthscale": "ell", "c": "c", "radius": "R"}[name], ONE, is_length=True)


def _shape(name: str, symbol: str, default: Fraction, most: int = MOST_SHAPE) -> Parameter:
    return Parameter(name, symbol, default, most=Fraction(most))


_PD = "positive definite in every dimension"
_CPD1 = "conditionally positive definite of order 1"
_SINGULAR = "positive transform, singular at r = 0"
# What `wgflow.default_stabilizer` chooses; it decides by the transforms, for sums as well.
_ELASTIC = "elastic"
_RQ = "elastic where its exponent is at least (n-1)/2, else itself at half its length"
_HALF = "itself at half its length"
_ITSELF = "itself (eps > 1 needed)"

_ENTRIES = (
    Entry("rbf", "Gaussian", (_length("lengthscale"),),
          lambda v: (ONE, v["lengthscale"], Gaussian()),
          "all", _PD, _ELASTIC, "Rasmussen & Williams 2006, eq. 4.9"),
    Entry("rq", "rational quadratic", (_shape("alpha", "alpha", ONE), _length("lengthscale")),
          lambda v: (ONE, 2 * v["alpha"] * v["lengthscale"], InverseMultiquadric(v["alpha"])),
          "all", _PD, _RQ, "Rasmussen & Williams 2006, eq. 4.19"),
    Entry("imq", "inverse multiquadric", (_shape("beta", "beta", HALF), _length("c")),
          lambda v: (ONE, v["c"], InverseMultiquadric(v["beta"])),
          "all", _PD, _RQ, "Wendland 2005, theorem 6.13"),
    Entry("multiquadric", "multiquadric (negated)", (_length("c"),),
          lambda v: (-ONE, v["c"], InverseMultiquadric(-HALF)),
          "all", _CPD1, _HALF, "Wendland 2005, theorem 8.15"),
    Entry("laplace", "Laplace", (_length("lengthscale"),),
          lambda v: (ONE, v["lengthscale"], Matern(HALF)),
          "all", _PD, _ELASTIC, "Rasmussen & Williams 2006, eq. 4.18"),
    Entry("matern", "Matern", (_shape("nu", "nu", Fraction(3, 2)), _length("lengthscale")),
          lambda v: (ONE, v["lengthscale"] / (2 * v["nu"]), Matern(v["nu"])),
          "all", _PD, _ELASTIC, "Rasmussen & Williams 2006, eq. 4.14"),
    Entry("energy", "energy distance (beta = 1: Cramer)", (_shape("beta", "beta", ONE, 2),),
          lambda v: (ONE, ONE, Energy(v["beta"])),
          "all", _CPD1, _ITSELF, "Szekely & Rizzo 2013; Gelfand & Shilov 1964, II.3.3"),
    Entry("riesz", "Riesz", (_shape("a", "a", ONE),),
          lambda v: (ONE, ONE, Riesz(v["a"])),
          "n > a", _SINGULAR, _ITSELF, "Gelfand & Shilov 1964, II.3.3"),
    Entry("elastic", "elastic interaction (EIEG)", (),
          lambda v: (ONE, ONE, Elastic()),
          "all", _SINGULAR, _ITSELF, "Gelfand & Shilov 1964, II.3.3"),
    Entry("log", "logarithmic", (),
          lambda v: (ONE, ONE, Logarithmic()),
          "all", _SINGULAR, _ITSELF, "Gelfand & Shilov 1964, II.3.3"),
    Entry("coulomb", "Coulomb", (),
          lambda v: (ONE, ONE, Coulomb()),
          "all", "positive transform", _ITSELF, "Gelfand & Shilov 1964, II.3.3"),
    Entry("yukawa", "Yukawa (screened Coulomb)", (_length("lengthscale"),),
          lambda v: (ONE, ONE, Yukawa(v["lengthscale"])),
          "all", "positive transform; singular at r = 0 for n > 1", _ELASTIC, "transform given; Stein 1999"),
    Entry("wendland", "Wendland, compact support",
          (Parameter("smoothness", "s", ONE, choices=(0, 1, 2)), _length("radius")),
          lambda v: (ONE, v["radius"], Wendland(int(v["smoothness"]))),
          "n <= 256", "positive definite for n <= 3 only", _ELASTIC, "Wendland 1995"),
    Entry("tophat", "top hat", (_length("radius"),),
          lambda v: (ONE, v["radius"], TopHat()),
          "all", "not positive definite", _ELASTIC, "Stein & Weiss 1971, IV.3"),
)  # fmt: skip

CATALOGUE: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def find(name: str) -> Entry:
    """Returns the entry of a name; raises InputError with the nearest name otherwise."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    import difflib  # late: only a misspelt name needs it

    near = difflib.get_close_matches(name, CATALOGUE, 1)
    hint = f"did you mean {near[0]!r}?" if near else "`wgflow kernels` lists the names."
    raise InputError(f"{shown(name)} is not a kernel; {hint}")


def length_text(squared: Fraction) -> str:
    """Returns the text of a length given its square: ``2``, or ``sqrt(1/2)`` where it is irrational."""
    root = square_root(squared)
    return f"sqrt({squared})" if root is None else str(root)


def _call(name: str, values: Mapping[str, Fraction], stretch2: Fraction = ONE) -> str:
    lengths = {p.name for p in CATALOGUE[name].parameters if p.is_length}
    items = [f"{key}={length_text(v) if key in lengths else v}" for key, v in values.items()]
    if stretch2 != 1:
        items.append(f"scale={length_text(stretch2)}")
    return f"{name}({', '.join(items)})" if items else name


def spell_family(family: Family, scale2: Fraction) -> tuple[Fraction, str]:
    """Returns (sign, text): the canonical spelling of phi(r/sqrt(scale2)), whatever name it was made with."""
    match family:
        case Gaussian():
            return ONE, _call("rbf", {"lengthscale": scale2})
        case InverseMultiquadric(beta) if beta < 0:
            return -ONE, _call("multiquadric", {"c": scale2})
        case InverseMultiquadric(beta):
            lengthscale2 = scale2 / (2 * beta)
            if square_root(lengthscale2) is None and square_root(scale2) is not None:
                return ONE, _call("imq", {"beta": beta, "c": scale2})
            return ONE, _call("rq", {"alpha": beta, "lengthscale": lengthscale2})
        case Matern(nu) if nu == HALF:
            return ONE, _call("laplace", {"lengthscale": scale2})
        case Matern(nu):
            return ONE, _call("matern", {"nu": nu, "lengthscale": scale2 * 2 * nu})
        case Energy(beta):
            return ONE, _call("energy", {"beta": beta}, scale2)
        case Riesz(a):
            return ONE, _call("riesz", {"a": a}, scale2)
        case Elastic():
            return ONE, _call("elastic", {}, scale2)
        case Logarithmic():
            return ONE, _call("log", {}, scale2)
        case Coulomb():
            return ONE, _call("coulomb", {}, scale2)
        case Yukawa(length2):
            return ONE, _call("yukawa", {"lengthscale": length2}, scale2)
        case Wendland(smoothness):
            return ONE, _call("wendland", {"smoothness": Fraction(smoothness), "radius": scale2})
        case TopHat():
            return ONE, _call("tophat", {"radius": scale2})
    from wgflow.kernels.expression import Expression, text_of  # late: most kernels are named

    if isinstance(family, Expression):
        return ONE, text_of(family.tree)
    raise TypeError(f"{family!r} is not in the catalogue")
