"""What a discriminator with one output says of the samples, of the whole batch in every process."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgflow.gan.objective import Batch
from wgflow.gan.processes import Exchange


def outputs(discriminator: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Returns what the discriminator makes of this process's real and generated samples, by one call for both.

    One call, so that both meet the same weights where spectral normalization improves its estimate with every call.
    """
    both = discriminator(torch.cat([batch.real, batch.fake]))
    return both[: len(batch.real)], both[len(batch.real) :]


def scores(discriminator: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Returns the scores of all real and all generated samples, (B,) each; own ones carry gradients."""
    real, fake = outputs(discriminator, batch)
    return score(real, batch.exchange), score(fake, batch.exchange)


def score(output: Tensor, exchange: Exchange) -> Tensor:
    """Returns a column of outputs as the scores of the whole batch, (B,).

    Raises ValueError where the discriminator has more than one output for a sample.
    """
    if output.dim() > 2 or output.numel() != len(output):
        raise ValueError(f"This objective needs a discriminator with 1 output; got shape {tuple(output.shape)}.")
    return exchange.gather(output.reshape(-1))


def rows(output: Tensor) -> Tensor:
    """Returns features as rows (b, d) in single or double precision, also where a network computed them in less."""
    flat = output.flatten(1)
    return flat if flat.dtype in (torch.float32, torch.float64) else flat.float()
