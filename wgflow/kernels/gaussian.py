"""The Gaussian kernel."""

from __future__ import annotations

from wgflow.arithmetic.exact import HALF
from wgflow.kernels.family import Family
from wgflow.kernels.mixing import MixingMeasure
from wgflow.kernels.shape import Gaussian as GaussianShape
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


@record
class Gaussian(Family):
    """phi(r) = exp(-r^2/2); transform (2 pi)^{n/2} exp(-k^2/2)."""

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return ops.exp(-r2 / 2)

    def amplitude(self, ops: Any, n: Any) -> Any:
        return ops.power(2 * ops.pi, n / 2)

    def shape(self, n: Any) -> GaussianShape:
        return GaussianShape(HALF)

    def mixing(self) -> MixingMeasure:
        return MixingMeasure.atom(HALF)
