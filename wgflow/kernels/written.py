"""Catalogue kernels written out in r, for what treats every kernel as a function of the distance."""

from __future__ import annotations

from fractions import Fraction

from wgflow.kernels.compact import TopHat, Wendland
from wgflow.kernels.expression import Expression, Number, Power, Tree, Trees, Written
from wgflow.kernels.family import Family


class Inside(Trees):
    """Trees of a kernel of compact support, as they read inside it: there its cut-offs do nothing."""

    @staticmethod
    def positive_part(x: Written) -> Written:
        return x

    @staticmethod
    def step(x: Written) -> Written:
        return Written(Number(Fraction(1)))


def written_out(family: Family, n: int) -> tuple[Tree, bool]:
    """Returns phi at unit scale as a tree, and whether it ends at r = 1 (then the tree is phi inside)."""
    if isinstance(family, Expression):
        return family.tree, False
    inside = isinstance(family, (TopHat, Wendland))
    return family.profile(Inside() if inside else Trees(), Written(Power(Fraction(2))), Fraction(n)).tree, inside
