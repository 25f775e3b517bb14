"""The repulsive loss with bounded kernels."""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError
from wgflow.gan.distances.particle_distance import ParticleDistance
from wgflow.gan.distances.tensor_arithmetic import OPS
from wgflow.gan.objective import Batch, Objective
from wgflow.gan.objectives.scores import outputs, rows
from wgflow.gan.objectives.witness import witness_penalty
from wgflow.gan.options import Options
from wgflow.kernels.text import parse


class Repulsive(Objective):
    """Discriminator: minimizes E k_u(phi(x), phi(x')) - E k_l(phi(G), phi(G')), x != x'; generator: minimizes MMD^2 with k.

    k(r) = exp(-r^2/2), k_u(r) = k(min(r, sqrt(upper))) between real samples, which repel each other until they are far enough
    apart, and k_l(r) = k(max(r, sqrt(lower))) between generated ones, which attract each other until they are near enough.
    Wang, Sun and Halgamuge 2019, Improving MMD-GAN training with repulsive loss function (ICLR): the repulsive loss L_D^rep and
    the bounded kernel k^{rbf-b}; lower = 1/4 and upper = 4 are the authors' (on squared distances). Averages leave the pairs of a
    sample with itself out; in MMD^2 every pair of a real and a generated sample counts (the authors' program omits B of them).

    Options: ``lengthscale`` of k (1), ``bounded`` (true), ``lower-bound``, ``upper-bound``, ``gradient-penalty`` as in
    `ParticleObjective`, but beside the loss as it stands here.
    """

    features = None

    def __init__(self, options: Options) -> None:
        lengthscale = options.number("lengthscale", 1, positive=True)
        self.kernel = parse(f"rbf({lengthscale})")
        self.bounded = options.switch("bounded", True)
        self.lower = options.number("lower-bound", Fraction(1, 4))
        self.upper = options.number("upper-bound", 4, positive=True)
        self.gradient_penalty = options.number("gradient-penalty", 0)

    def discriminator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        real, fake = (rows(each) for each in outputs(discriminator, batch))
        loss = self.repulsion(batch.exchange.gather(real), batch.exchange.gather(fake)).to(real.dtype)
        if not self.gradient_penalty:
            return loss
        distance = ParticleDistance(self.kernel, dim=real.shape[1])
        return loss + float(self.gradient_penalty) * witness_penalty(distance, discriminator, batch, real, fake)

    def repulsion(self, real: Tensor, fake: Tensor) -> Tensor:
        """Returns the discriminator's loss of all features (B, d), in float64."""
        lower, upper = (float(self.lower), float(self.upper)) if self.bounded else (0.0, float("inf"))
        similarity = [
            self.kernel.profile(OPS, squares, real.shape[1]).mean()
            for squares in (_squares(real).clamp(max=upper), _squares(fake).clamp(min=lower))
        ]
        return similarity[0] - similarity[1]

    def generator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        real, fake = (rows(each) for each in outputs(discriminator, batch))
        distance = ParticleDistance(self.kernel, dim=fake.shape[1], estimator="U")
        return distance(batch.exchange.gather(fake), batch.exchange.gather(real.detach()))

    def after_step(self, discriminator: nn.Module) -> None:
        return None

    def kernels(self, dim: int) -> None:
        """None: the discriminator's loss is no distance, so that its rates are not those of a kernel."""
        return None

    def describe(self) -> str:
        bounds = f"squared distances cut to [{self.lower}, {self.upper}]" if self.bounded else "not bounded"
        penalty = f", gradient penalty {self.gradient_penalty} of the witness" if self.gradient_penalty else ""
        return f"repulsive: repulsive loss, {self.kernel}, {bounds}{penalty} (Wang, Sun and Halgamuge 2019)"


def _squares(features: Tensor) -> Tensor:
    """Returns the squared distances of the different pairs of rows in float64; raises InputError where there is no pair."""
    if len(features) < 2:
        raise InputError("The repulsive loss compares samples with each other; type a batch of at least 2.")
    return torch.pdist(features.double()).square()
