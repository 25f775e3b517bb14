"""Signs and conventions, each defined once and imported everywhere.

Fourier transform    F(e)(xi) = integral over R^n of e(|x|) exp(-i xi.x) dx, real and radial, k = |xi| > 0
distance             D_e[p, q] = double integral of e(|x-y|) (p-q)(x) (p-q)(y)
energy               E = HALF_IN_ENERGY * D_e, so that its first variation in p is e * (p - q)
stabilized kernel    e - eps s
linearization        v' = rate(k) v about the constant density C, rate(k) = role * C k^2 F(e - eps s)(k)
                     (Chen, Wu and Xiang 2023, sections 3 and 4)
"""

from __future__ import annotations

import enum
from fractions import Fraction

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

HALF_IN_ENERGY = Fraction(1, 2)


class Role(enum.Enum):
    """Who trains. The value is the sign in front of C k^2 F(e)(k)."""

    GENERATOR = -1  # descends the energy: a mode with positive transform decays
    DISCRIMINATOR = +1  # ascends it: the same mode grows

    @property
    def text(self) -> str:
        return self.name.lower()


def growth_rate(role: Role, k2: Any, transform: Any, density: Any = 1) -> Any:
    """Returns the growth rate of a Fourier mode about a constant density: role * density * k^2 * transform.

    k2: k^2, any shape.  transform: F(e - eps s)(k), the same shape.  Returns that shape, in 1/time.

    >>> growth_rate(Role.DISCRIMINATOR, 4, 0.5)
    2.0
    """
    return role.value * density * k2 * transform


def both_moving(rate: Any) -> Any:
    """Returns the growth rate of w = p - q where q moves too, with the opposite sign: twice that of p alone.

    p' = rate (p - q) and q' = -rate (p - q) add up to w' = 2 rate w, while p + q is neutral.
    """
    return 2 * rate
