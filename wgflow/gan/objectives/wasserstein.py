"""The Wasserstein GAN with clipped weights, and with a gradient penalty."""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor, nn

from wgflow.gan.objective import Batch, Objective
from wgflow.gan.objectives.penalties import between, distance_from_one, slopes
from wgflow.gan.objectives.scores import score, scores


class Wasserstein(Objective):
    """Discriminator f: minimizes E f(G(z)) - E f(x) [+ strength E (|grad f| - 1)^2]; generator: minimizes -E f(G(z)).

    clip: every weight of f is cut to [-clip, clip] after each step (Arjovsky, Chintala and Bottou 2017, algorithm 1); 0: never.
    strength: of the gradient penalty on the segments from generated to real samples (Gulrajani and others 2017, equation 3).
    """

    features = 1

    def __init__(self, clip: Fraction, strength: Fraction) -> None:
        self.clip, self.strength = clip, strength

    def discriminator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        real, fake = scores(discriminator, batch)
        loss = fake.mean() - real.mean()
        return loss + float(self.strength) * self._penalty(discriminator, batch) if self.strength else loss

    def _penalty(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        points = between(batch)
        return batch.exchange.gather(distance_from_one(slopes(discriminator(points), points))).mean()

    def generator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        return -score(discriminator(batch.fake), batch.exchange).mean()

    def after_step(self, discriminator: nn.Module) -> None:
        if self.clip:
            with torch.no_grad():
                for weight in discriminator.parameters():
                    weight.clamp_(-float(self.clip), float(self.clip))

    def kernels(self, dim: int) -> None:
        return None

    def describe(self) -> str:
        if self.strength:
            return f"wgan-gp: Wasserstein distance, gradient penalty {self.strength} (Gulrajani et al. 2017)"
        return f"wgan: Wasserstein distance, weights clipped to {self.clip} (Arjovsky et al. 2017)"
