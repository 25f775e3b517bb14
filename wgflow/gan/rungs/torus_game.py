"""A small GAN on a torus whose features start as prescribed: samples on two sheets, a generator, and one shared discriminator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgflow.gan.rungs.torus_maps import Identity

SEPARATION = 1.0  # of the sheets from the middle, in radii of the circles that the coordinates live on


class TorusGame(nn.Module):
    """Real samples y and latent samples z on a torus; generated samples g(z); features f(g(z), -h) and f(y, +h).

    One discriminator f maps both, as in every GAN. It must tell them apart to move them apart: where real and generated samples
    lie at one place, f moves them together, and the difference of the two densities is neutral to first order. So data space
    is the torus times a line: generated samples lie on the sheet -h, real ones on +h, h = ``separation``, while the features
    of both cover the same torus.

    latent: (N, n).  real: (M, n).  discriminator: (B, n + 1) -> (B, n).  generator: (B, n) -> (B, n); `Identity` for one that is
    frozen.
    """

    latent: Tensor
    real: Tensor
    sheet: Tensor

    def __init__(
        self,
        latent: Tensor,
        real: Tensor,
        discriminator: nn.Module,
        generator: nn.Module | None = None,
        separation: float = SEPARATION,
    ) -> None:
        super().__init__()
        self.register_buffer("latent", latent)
        self.register_buffer("sheet", latent.new_full((len(latent), 1), -separation))
        self.register_buffer("real", torch.cat([real, real.new_full((len(real), 1), separation)], dim=1))
        self.discriminator = discriminator
        self.generator = Identity(latent.shape[1]) if generator is None else generator

    def forward(self) -> Tensor:
        """Returns the features of all samples, generated ones first, (N + M, n)."""
        fake = torch.cat([self.generator(self.latent), self.sheet], dim=1)
        return self.discriminator(torch.cat([fake, self.real]))

    def features(self) -> tuple[Tensor, Tensor]:
        """Returns the features of the generated samples (N, n), and of the real ones (M, n)."""
        fake, real = self().split([len(self.latent), len(self.real)])
        return fake, real
