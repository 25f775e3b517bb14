"""One term of a kernel."""

from __future__ import annotations

from fractions import Fraction

from wgflow.kernels.family import Family
from wgflow.record import record


@record
class Term:
    """weight * phi(r/a) with a^2 = scale2: the square, so that exp(-gamma r^2) is exact for every rational gamma."""

    weight: Fraction
    scale2: Fraction
    family: Family

    def sort_key(self) -> tuple[str, str, Fraction]:
        return type(self.family).__name__, repr(self.family), self.scale2
