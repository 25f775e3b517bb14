"""The instructions of a kernel: the sum over its terms of e, or of de/d(r^2), by formulas and tables."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from wgflow.arithmetic.compiled import Ops
from wgflow.arithmetic.dual import Dual, Duals, dual
from wgflow.arithmetic.llvm_value import Value
from wgflow.arithmetic.machine_code import DOUBLE, Code
from wgflow.dynamics.sums.compact_slope import wendland_slope
from wgflow.dynamics.sums.kernel_shape import ONE, Layout
from wgflow.dynamics.sums.tabulated import END, SIZE, exponential, is_logarithmic, near_end, needs_table, signs, table_code
from wgflow.kernels.compact import Wendland
from wgflow.kernels.expression import Expression
from wgflow.kernels.family import Family
from wgflow.record import record, replace


@record
class Place:
    """Where a kernel is written: the code, r^2, the parameters (weight and 1/scale^2 of each term), the table's address."""

    code: Code
    layout: Layout
    q: Any
    parameters: Any
    table: Any

    def terms(self) -> Any:
        """Yields (family, weight, 1/scale^2, r^2/scale^2, offset of its table or None)."""
        families = self.layout.families
        count = 2 * len(families) + self.is_softened
        given = [self.code.spread(self.code.builder.extract_value(self.parameters, i)) for i in range(count)]
        r2 = Value(self.code, varying=self.q, sign=1)
        if self.is_softened:
            r2 = r2 + Value(self.code, uniform=given[-1], sign=1)
        offset = 0
        for i, family in enumerate(families):
            weight, stretch = Value(self.code, uniform=given[2 * i]), Value(self.code, uniform=given[2 * i + 1], sign=1)
            tabulated = needs_table(family, self.layout.dim)
            yield family, weight, stretch, r2 * stretch, offset if tabulated else None
            offset += 2 * SIZE * tabulated

    @property
    def is_softened(self) -> bool:
        return "softened" in self.layout.flags

    def looked_up(self, family: Family, q: Value, offset: int, which: int) -> Value:
        """phi (which = 0) or its slope (1) from the table."""
        found = table_code(self.code, q.llvm, self.table, offset + which * SIZE)
        if not is_logarithmic(family, self.layout.dim):
            return Value(self.code, varying=found)
        return Value(self.code, Fraction(signs(family, self.layout.dim)[which]), varying=exponential(self.code, found))

    def value_of(self, family: Family, q: Value) -> Value:
        return family.profile(Ops(self.code), q, Fraction(self.layout.dim))

    def slope_of(self, family: Family, q: Value) -> Value:
        ops = Ops(self.code)
        if isinstance(family, Wendland):
            return wendland_slope(family, ops, q)
        found = family.profile(Duals(ops), Dual(q, ops.number(ONE)), Fraction(self.layout.dim)).slope
        return ops.number(Fraction(0)) if found is None else found

    def both_of(self, family: Family, q: Value) -> tuple[Value, Value]:
        """phi and its slope from one evaluation. What they share is computed once, so no factor goes into its polynomials."""
        if isinstance(family, Wendland):
            return self.value_of(family, q), self.slope_of(family, q)
        ops = Ops(self.code)
        found = dual(family.profile(Duals(ops), Dual(q, ops.number(ONE)), Fraction(self.layout.dim)))
        slope = ops.number(Fraction(0)) if found.slope is None else found.slope
        return replace(found.value, multiple=None), replace(slope, multiple=None)

    def computed(self, family: Family, q: Value, offset: int | None, which: int) -> Value:
        """phi (which = 0) or its slope (1) at unit scale: by formula, by table, or by a table near 0 and a formula elsewhere."""
        if self.is_looked_up(family, offset):
            return self.looked_up(family, q, offset or 0, which)
        formula = self.slope_of if which else self.value_of
        return self.kept_finite(family, q, offset, which, formula(family, self.within(family, q)))

    def computed_both(self, family: Family, q: Value, offset: int | None) -> tuple[Value, Value]:
        """The same, phi and its slope."""
        if self.is_looked_up(family, offset):
            return self.looked_up(family, q, offset or 0, 0), self.looked_up(family, q, offset or 0, 1)
        value, slope = self.both_of(family, self.within(family, q))
        return self.kept_finite(family, q, offset, 0, value), self.kept_finite(family, q, offset, 1, slope)

    def is_looked_up(self, family: Family, offset: int | None) -> bool:
        return offset is not None and (is_logarithmic(family, self.layout.dim) or near_end(family, self.layout.dim) == END)

    def within(self, family: Family, q: Value) -> Value:
        """r^2; expressions are computed for r between 2^-450 and 2^450."""
        most = 900 if self.code.format is DOUBLE else 120
        return q.new(self.code.clamped(q.llvm, 2.0**-most, 2.0**most), 1) if isinstance(family, Expression) else q

    def kept_finite(self, family: Family, q: Value, offset: int | None, which: int, value: Value) -> Value:
        """The value of a formula; expressions count as 0 where they leave the doubles, and come from their table near r = 0."""
        if not isinstance(family, Expression):
            return value
        code = self.code
        found = code.finite_or_zero(value.llvm)
        if offset is not None:
            near = self.looked_up(family, q, offset, which).llvm
            found = code.select("<", q.llvm, code.constant(near_end(family, self.layout.dim)), near, found)
        return Value(code, varying=found)

    def masked(self, value: Value, flag: str) -> Any:
        """The value, with 0 at q = 0 where it is unbounded there."""
        zero = self.code.constant(0.0)
        if flag not in self.layout.flags:
            return value.llvm
        return self.code.select(">=", self.q, self.code.constant(self.code.format.tiny), value.llvm, zero)


def slope_code(place: Place) -> Any:
    """Writes the sum of weight/scale^2 phi'(r^2/scale^2) and returns the LLVM value."""
    total = Ops(place.code).number(Fraction(0))
    for family, weight, stretch, q, offset in place.terms():
        total = total + weight * stretch * place.computed(family, q, offset, 1)
    return place.masked(total, "unbounded-slope")


def value_code(place: Place) -> Any:
    """Writes the sum of weight phi(r^2/scale^2) and returns the LLVM value."""
    total = Ops(place.code).number(Fraction(0))
    for family, weight, _, q, offset in place.terms():
        total = total + weight * place.computed(family, q, offset, 0)
    return place.masked(total, "unbounded-value")


def both_code(place: Place) -> tuple[Any, Any]:
    """Writes both sums and returns their LLVM values."""
    zero = Ops(place.code).number(Fraction(0))
    values, slopes = zero, zero
    for family, weight, stretch, q, offset in place.terms():
        value, slope = place.computed_both(family, q, offset)
        values, slopes = values + weight * value, slopes + weight * stretch * slope
    return place.masked(values, "unbounded-value"), place.masked(slopes, "unbounded-slope")
