"""What theory says about feature modes: the proved sign of their growth, and the rate about a constant density."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wgflow.arithmetic.number import InputError, rational
from wgflow.conventions import Role, both_moving
from wgflow.gan.certificate_file import CertifiedClaim
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]

_SIGNS = {"decays": -1, "grows": 1, "neutral": 0}
_MOST_ROWS = 2048


@record
class Prediction:
    """One mode. ``sign``: -1 decays, 0 neutral, 1 does not decay (rate >= 0), None not known; it does not depend on the density.
    ``proved``: by ball arithmetic at this wavenumber, or by a certificate.  ``rate``: in 1/time about a constant density, None
    where no density was given.  ``source``: where this comes from, in words."""

    sign: int | None
    rate: float | None
    proved: bool
    source: str

    def to_json(self) -> dict[str, object]:
        return {"sign": self.sign, "rate": self.rate, "proved": self.proved, "source": self.source}


UNKNOWN = Prediction(None, None, False, "nothing is predicted")


@record
class Theory:
    """Whose modes are predicted: kernel, stabilizer, eps and role as for `wgflow.certify`."""

    kernel: object
    stabilizer: object = None
    eps: object = 0
    role: object = "discriminator"


def certified_signs(wavenumbers: Sequence[float] | Floats, claim: CertifiedClaim, dim: int) -> tuple[Prediction, ...]:
    """Returns what a certificate file says about each wavenumber |xi| in R^dim: signs alone; python-flint is not needed.

    Raises InputError where the file speaks about another dimension.
    """
    if claim.dim not in (None, dim):
        raise InputError(f"certificate {claim.name} speaks about dim={claim.dim}; the features have {dim} dimensions.")
    signs = [claim.sign(float(k)) for k in wavenumbers]
    source = f"certificate {claim.name} ({claim.verdict})"
    return tuple(Prediction(sign, None, sign is not None, source) for sign in signs)


def predicted_modes(
    wavenumbers: Sequence[float] | Floats,
    theory: Theory,
    dim: int,
    density: float | None = None,
    *,
    both: bool | None = None,
    estimated: bool = False,
) -> tuple[Prediction, ...]:
    """Returns the prediction for the modes of p - q at each wavenumber |xi| in R^dim, signs proved by ball arithmetic.

    Rates are role * C k^2 F(e - eps s)(k), twice that where ``both`` densities move: by default those of a discriminator,
    while a generator moves p alone (Chen, Wu and Xiang 2023, sections 3 and 4). C = ``density`` is a modelling choice:
    features have no constant density, and `effective_density` is an estimate (say so by ``estimated``). Without it signs
    alone are predicted, which hold for every C.

    Raises InputError, also where python-flint is absent.

    >>> [found.sign for found in predicted_modes([1.0, 3.0], Theory("rbf(1)", "elastic", "0.2"), 2)]
    [1, -1]
    """
    try:
        from flint import arb  # late: training needs no python-flint where a certificate file speaks

        from wgflow.stability.claim import make_claim
        from wgflow.stability.rates import rows_at
        from wgflow.stability.stabilizer import default_stabilizer
    except ImportError as problem:
        raise InputError(
            f"predictions take python-flint ({problem}): pip install python-flint, or give certificate=FILE "
            "of `wgflow certify --certificate FILE`."
        ) from None
    if any(not 1e-300 < float(k) < 1e300 for k in wavenumbers):
        raise InputError("a wavenumber is not between 1e-300 and 1e300; give wavevectors that are not zero.")
    claim = make_claim(theory.kernel, "0*rbf", 0, dim, theory.role)
    if rational(theory.eps, "eps"):
        s = default_stabilizer(claim.kernel, dim) if theory.stabilizer is None else theory.stabilizer
        claim = make_claim(theory.kernel, s, theory.eps, dim, theory.role)
    source = f"{claim.role.text} of {claim.kernel - claim.eps * claim.stabilizer}"
    if density is not None:
        source += f", about a constant density {density:.3g}" + (" (an estimate)" if estimated else "")
    both = claim.role is Role.DISCRIMINATOR if both is None else both
    base = Fraction(1) if density is None else rational(float(density), "density")
    rows = rows_at(claim, [arb(float(k)) for k in wavenumbers], base)
    return tuple(_from_row(row[3], row[4], source, density is not None, both) for row in rows)


def _from_row(rate: float, word: str, source: str, has_density: bool, both: bool) -> Prediction:
    sign = _SIGNS.get(word)
    moved = float(both_moving(rate) if both else rate)
    return Prediction(sign, moved if has_density else None, sign is not None, source)


def effective_density(features: Tensor) -> float | None:
    """Returns an estimate of the integral of p^2, the mean density that a sample of p sees; None where it cannot be told.

    Mean over pairs i != j of a Gaussian of the width h = scale * B^(-1/(n+4)) (Scott 1992), scale the geometric mean of the
    standard deviations along the axes; of the first 2048 features. It is an estimate of a density that is not constant: rates
    that are computed with it are right in sign and in order of size at best.

    features: (B, n).  Returns the value in 1/length^n.

    >>> x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    >>> abs(effective_density(x) * (4 * torch.pi) ** 0.5 - 1) < 0.05
    True
    """
    x = features.detach().double()[:_MOST_ROWS]
    count, n = x.shape
    if count < 2 or not bool(torch.isfinite(x).all()):
        return None
    spread = x.std(dim=0).log().mean().exp().item()
    width2 = (spread * count ** (-1 / (n + 4))) ** 2
    if not 1e-200 < width2 < 1e200:
        return None
    exponents = -(torch.pdist(x) ** 2) / (2 * width2)
    log_mean = torch.logsumexp(exponents, dim=0) - np.log(len(exponents)) - n / 2 * np.log(2 * np.pi * width2)
    value = float(log_mean.exp())
    return value if 0 < value < np.inf else None
