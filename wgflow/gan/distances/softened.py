"""Kernels with the terms that are unbounded at r = 0 softened: there r^2 becomes r^2 + h^2, exactly, as a kernel again.

Every other term stays as it is. What is trained then has a name, and `wgflow certify` can speak about it: softened powers
r^-a are h^-a imq(beta=a/2, c=h), as long as h^-a is rational; what is no catalogue kernel is written out in r.
"""

from __future__ import annotations

from fractions import Fraction

from wgflow.arithmetic.number import InputError, rational
from wgflow.gan.distances.radial_profile import profile_of
from wgflow.kernels.expression import Expression, Number, Power, Trees, Written, add, multiply, raise_to, substituted
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.recognize import terms_of
from wgflow.kernels.term import Term
from wgflow.record import replace

HALF = Fraction(1, 2)


def unbounded_part(kernel: Kernel, dim: int) -> Kernel:
    """Returns the terms that are unbounded at r = 0 in R^dim.

    >>> from wgflow.kernels.text import parse
    >>> str(unbounded_part(parse("rbf - 0.7*elastic + energy"), 2))
    '-7/10*elastic'
    """
    return Kernel.of(term for term in kernel.terms if not profile_of(Kernel((term,)), dim).is_bounded)


def softened(kernel: Kernel, dim: int, softening: object) -> Kernel:
    """Returns the kernel with h^2 added to r^2 in its unbounded terms; the kernel itself for h = 0.

    kernel: in R^dim.  softening: the length h >= 0, exact.  Raises InputError for another h.

    >>> from wgflow.kernels.text import parse
    >>> print(softened(parse("rbf - 0.7*elastic"), 3, "0.1"), "|", softened(parse("log"), 2, "0.1"))
    rbf(lengthscale=1) - 70*imq(beta=1, c=1/10) | -1/2*log(1/100 + r**2)
    """
    h = rational(softening, "softening")
    if h < 0:
        raise InputError(f"softening {h} must be a length >= 0; type softening='0.01', say.")
    if h == 0:
        return kernel
    parts = unbounded_part(kernel, dim)
    return Kernel.of([*(kernel - parts).terms, *(part for term in parts.terms for part in _softened(term, dim, h))])


def _softened(term: Term, dim: int, h: Fraction) -> list[Term]:
    """The terms of weight * phi(sqrt(r^2 + h^2)/a), a^2 = scale2."""
    squared = multiply((Number(1 / term.scale2), add((Number(h**2), Power(Fraction(2))))))
    family = term.family
    if isinstance(family, Expression):
        tree = substituted(family.tree, raise_to(squared, HALF))
    else:
        tree = family.profile(Trees(), Written(squared), Fraction(dim)).tree
    return [replace(part, weight=part.weight * term.weight) for part in terms_of(tree)]
