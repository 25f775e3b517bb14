"""The interface of a kernel family: a radial function at unit scale, and its Fourier transform in R^n."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wgflow.arithmetic.number import InputError
from wgflow.kernels.mixing import MixingMeasure
from wgflow.kernels.shape import Shape

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

MAX_DIMENSION = 4096


class Family(ABC):
    """A radial function phi(r) at unit scale. Implementations are frozen dataclasses of exact shape parameters.

    The Fourier transform of phi(|x|) in R^n is ``amplitude(ops, n) * shape(n).value(ops, k^2)`` for k > 0, in the
    convention of `wgflow.conventions`; for functions that are not integrable it is the generalized transform.
    """

    @abstractmethod
    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        """Returns phi(r) as a function of r^2 in the arithmetic ``ops``; ``n`` matters for few families."""

    @abstractmethod
    def amplitude(self, ops: Any, n: Any) -> Any:
        """Returns the constant in front of the shape."""

    @abstractmethod
    def shape(self, n: Any) -> Shape:
        """Returns the wavenumber dependence at unit scale."""

    def is_written(self) -> bool:
        """Tells whether phi is an expression written out in r, without a closed transform."""
        return False

    def mixing(self) -> MixingMeasure | None:
        """Returns the measure mu with phi(r) = integral of exp(-r^2 t) dmu(t), or None where none is known."""
        return None

    def is_one_function(self) -> bool:
        """Tells whether phi(r) is the same function of r in every dimension."""
        return True

    def least_dimension(self) -> int:
        """Returns the smallest n for which the family is defined; every larger n is allowed."""
        return 1

    def most_dimension(self) -> int:
        """Returns the largest n that is computed."""
        return MAX_DIMENSION

    def check_dimension(self, n: int, name: str) -> None:
        """Raises InputError where the family is undefined in R^n, or not computed there."""
        least, most = self.least_dimension(), self.most_dimension()
        if not least <= n <= most:
            raise InputError(
                f"dim={n} is not allowed for {name} (it takes dim {least} to {most}); "
                f"type --dim {least if n < least else most} or another kernel such as rbf."
            )
