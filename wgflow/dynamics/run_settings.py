"""What the settings of every run share: exact text, the claim they belong to, the times of the outputs."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cached_property

from wgflow.fourier.domain import Period
from wgflow.kernels.kernel import Kernel
from wgflow.stability.claim import Claim, make_claim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgflow.dynamics.sums.sum_method import Floats

TURN = 6.283185307179586


class RunSettings:
    """Every choice of a run as text or plain numbers; implementations are frozen records with at least these fields."""

    kernel: str
    stabilizer: str
    eps: str
    dim: int
    role: str
    period: str | None
    time: str
    outputs: int
    frames: int

    @cached_property
    def claim(self) -> Claim:
        """The claim of `wgflow.certify` about the same kernel, role and torus."""
        return make_claim(self.kernel, self.stabilizer, self.eps, self.dim, self.role, self.period)

    @cached_property
    def moving_kernel(self) -> Kernel:
        """e - eps s."""
        claim = self.claim
        return claim.kernel - claim.eps * claim.stabilizer

    @cached_property
    def torus_length(self) -> float | None:
        """The period of the torus, None for the whole space."""
        domain = self.claim.domain
        return TURN / float(domain.wavenumber(1)) if isinstance(domain, Period) else None

    def number(self, name: str) -> float:
        """Returns an exact number of the settings as the nearest double."""
        return float(Fraction(getattr(self, name)))

    def to_json(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in type(self).__annotations__}

    @property
    def text(self) -> str:
        """Canonical JSON, from which equal settings can be made."""
        return json.dumps(self.to_json(), sort_keys=True)

    @property
    def output_times(self) -> Floats:
        """The times of the outputs."""
        import numpy as np  # late: settings are checked before anything heavy is loaded

        return np.linspace(0.0, self.number("time"), self.outputs + 1)

    @property
    def frame_times(self) -> frozenset[float]:
        """The times of the outputs at which positions or densities are kept."""
        import numpy as np

        picked = np.linspace(0, self.outputs, self.frames).round().astype(int)
        return frozenset(self.output_times[picked].tolist())
