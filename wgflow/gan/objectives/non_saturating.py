"""The non-saturating GAN, with or without the R1 penalty."""

from __future__ import annotations

from fractions import Fraction

from torch import Tensor, nn
from torch.nn.functional import softplus

from wgflow.gan.objective import Batch, Objective
from wgflow.gan.objectives.penalties import leaf, slopes, squared_norms
from wgflow.gan.objectives.scores import score, scores


class NonSaturating(Objective):
    """Discriminator with logit f: minimizes E log(1 + e^f(G(z))) + E log(1 + e^-f(x)) + (gamma/2) E |grad f(x)|^2.

    Generator: minimizes E log(1 + e^-f(G(z))) (Goodfellow and others 2014, section 3). gamma: strength of the R1 penalty on real
    samples (Mescheder, Geiger and Nowozin 2018, equation 9). log(1 + e^t) is t where t is large: finite for any logit.
    """

    features = 1

    def __init__(self, gamma: Fraction) -> None:
        self.gamma = gamma

    def discriminator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        real, fake = scores(discriminator, batch)
        loss = softplus(fake).mean() + softplus(-real).mean()
        return loss + float(self.gamma) / 2 * self._penalty(discriminator, batch) if self.gamma else loss

    def _penalty(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        points = leaf(batch.real)
        return batch.exchange.gather(squared_norms(slopes(discriminator(points), points))).mean()

    def generator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        return softplus(-score(discriminator(batch.fake), batch.exchange)).mean()

    def after_step(self, discriminator: nn.Module) -> None:
        return None

    def kernels(self, dim: int) -> None:
        return None

    def describe(self) -> str:
        penalty = f", R1 penalty gamma = {self.gamma} (Mescheder et al. 2018)" if self.gamma else ""
        return f"{'ns-r1' if self.gamma else 'ns'}: non-saturating loss (Goodfellow et al. 2014){penalty}"
