"""The algebra of kernels: sums, multiples of either sign, and stretches, all exact.

These are the operations that Fourier space respects. A kernel is one flat, sorted list of terms, so that equality,
printing, hashing and proving are simple.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property

from wgflow.arithmetic import exact
from wgflow.arithmetic.number import InputError, rational
from wgflow.kernels.catalogue import spell_family
from wgflow.kernels.family import MAX_DIMENSION, Family
from wgflow.kernels.mixing import MixingMeasure
from wgflow.kernels.term import Term
from wgflow.record import record, replace

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


@record
class Kernel:
    """A radial kernel e(r): a sum of weighted, stretched families. Make one with `wgflow.kernel`.

    >>> from wgflow.kernels.text import parse
    >>> k = parse("rbf - 0.2*rbf(1/2)")
    >>> print(k, "|", k - k, "|", 2 * k.stretched("1/2"))
    -1/5*rbf(lengthscale=1/2) + rbf(lengthscale=1) | 0 | -2/5*rbf(lengthscale=1/4) + 2*rbf(lengthscale=1/2)
    """

    terms: tuple[Term, ...]

    @staticmethod
    def of(terms: Iterable[Term]) -> Kernel:
        """Returns the kernel with these terms, equal ones merged and zero weights dropped."""
        weights: dict[tuple[Family, Fraction], Fraction] = {}
        for term in terms:
            for part in _normal(term):
                key = (part.family, part.scale2)
                weights[key] = weights.get(key, Fraction(0)) + part.weight
        merged = (Term(weight, scale2, family) for (family, scale2), weight in weights.items() if weight)
        return Kernel(tuple(sorted(merged, key=Term.sort_key)))

    def __add__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return Kernel.of(self.terms + other.terms)

    def __neg__(self) -> Kernel:
        return -1 * self

    def __sub__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return self + (-other)

    def __mul__(self, factor: object) -> Kernel:
        if isinstance(factor, Kernel):
            raise TypeError(
                "a product of kernels is a convolution of their transforms, which wgflow cannot certify; "
                "sums, multiples and stretches are what it accepts."
            )
        weight = rational(factor, "factor")
        return Kernel.of(replace(term, weight=term.weight * weight) for term in self.terms)

    __rmul__ = __mul__

    def __truediv__(self, divisor: object) -> Kernel:
        value = rational(divisor, "divisor")
        if value == 0:
            raise InputError("a kernel cannot be divided by 0; type a nonzero number.")
        return self * (1 / value)

    def stretched(self, scale: object) -> Kernel:
        """Returns e(r/scale) for a positive rational ``scale``; its transform is scale^n F(e)(scale k)."""
        factor = rational(scale, "scale")
        if factor <= 0:
            raise InputError(f"scale {factor} must be positive; type a scale such as 1/2.")
        return Kernel.of(replace(term, scale2=term.scale2 * factor**2) for term in self.terms)

    def check_dimension(self, n: int) -> None:
        """Raises InputError where a term is undefined in R^n; the message says which dimensions are allowed."""
        if not 1 <= n <= MAX_DIMENSION:
            raise InputError(f"dim={n} is not a dimension from 1 to {MAX_DIMENSION}; type --dim 2, say.")
        for term in self.terms:
            term.family.check_dimension(n, spell(term)[1])

    def profile(self, ops: Any, r2: Any, n: int) -> Any:
        """Returns e(r) as a function of r^2 in the arithmetic ``ops``."""
        total = ops.number(Fraction(0))
        for term in self.terms:
            scaled = r2 / ops.number(term.scale2)
            total = total + ops.number(term.weight) * term.family.profile(ops, scaled, Fraction(n))
        return total

    def mixing(self) -> MixingMeasure | None:
        """Returns the measure mu with e(r) = integral of exp(-r^2 t) dmu(t), or None where a term has none that is known."""
        total = MixingMeasure()
        for term in self.terms:
            part = term.family.mixing()
            if part is None:
                return None
            total = total + part.stretched(term.scale2).times(exact.number(term.weight))
        return total

    def __call__(self, r: Any, dim: int = 2) -> Any:
        """Returns e(r) in float64 for distances r >= 0 (a number or an array; same shape).

        >>> import wgflow as wg
        >>> float(wg.kernel("rbf")(0.0))
        1.0
        """
        from wgflow.arithmetic.floating import OPS, as_floats, quiet

        self.check_dimension(dim)
        with quiet():
            return self.profile(OPS, as_floats(r) ** 2, dim)

    @cached_property
    def text(self) -> str:
        """The canonical text; `wgflow.kernels.text.parse` reads it back to an equal kernel."""
        if not self.terms:
            return "0"
        return signed_sum(spell(term) for term in self.terms)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"kernel({self.text!r})"

    def _repr_latex_(self) -> str:
        from wgflow.kernels.latex import terms_latex  # late: SymPy

        return f"$e(r) = {terms_latex(self.terms)}$"


def _normal(term: Term) -> Iterable[Term]:
    """Yields a term as parts in normal form: the stretch of an expression is carried out inside it."""
    if not term.family.is_written() or term.scale2 == 1:
        return (term,)
    from wgflow.kernels.recognize import stretched  # late: most kernels are named

    return stretched(term)


ZERO = Kernel(())


def signed_sum(parts: Iterable[tuple[Fraction, str]]) -> str:
    """Returns ``a*x + b*y - z`` for (weight, text) pairs."""
    out = ""
    for weight, text in parts:
        size = abs(weight)
        body = text if size == 1 else f"{size}*{text}"
        joint = (" - " if weight < 0 else " + ") if out else ("-" if weight < 0 else "")
        out += joint + body
    return out


def spell(term: Term) -> tuple[Fraction, str]:
    """Returns (weight, text) of a term as the catalogue writes it."""
    sign, text = spell_family(term.family, term.scale2)
    return term.weight * sign, text
