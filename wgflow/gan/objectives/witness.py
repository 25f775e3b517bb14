"""The gradient penalty of MMD GANs: how steep the witness function of the particle distance is between the samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgflow.gan.distances.distance import Distance
from wgflow.gan.objective import Batch
from wgflow.gan.objectives.penalties import between, distance_from_one, slopes
from wgflow.gan.objectives.scores import rows


def witness_penalty(distance: Distance, discriminator: nn.Module, batch: Batch, real: Tensor, fake: Tensor) -> Tensor:
    """Returns the mean of (|grad w(u)| - 1)^2 over points u between the samples; w = E e(phi(u) - phi(x)) - E e(phi(u) - phi(G)).

    Binkowski, Sutherland, Arbel and Gretton 2018, Demystifying MMD GANs (the gradient is that at the sample u, through
    the discriminator phi, and phi(x), phi(G) are differentiated as well). real, fake: this process's features (b, d).

    With several processes the slopes here depend on features there. The derivative by those features is sent to their owner, who
    adds derivative . (features - their value) to its own loss: the gradients then add up to the single process's, and the value
    stays.
    """
    exchange = batch.exchange
    points = between(batch)
    height = rows(discriminator(points))
    if exchange.size == 1:
        return _penalties(distance, points, height, real, fake).mean()
    everyone = [exchange.gather(each).detach().requires_grad_() for each in (real, fake)]
    own = _penalties(distance, points, height, *everyone)
    total = exchange.gather(own).mean()
    asked = torch.autograd.grad(own.sum() / len(everyone[0]), everyone, retain_graph=True, materialize_grads=True)
    for each, mine in zip((real, fake), asked, strict=True):
        here = exchange.share(exchange.gather(mine[None]).sum(0))
        total = total + ((each - each.detach()) * here).sum()
    return total


def _penalties(distance: Distance, points: Tensor, height: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """Returns (|grad w| - 1)^2 at every point; ``height`` (b, d) are the features of the points."""
    return distance_from_one(slopes(witness(distance, height, real, fake), points))


def witness(distance: Distance, at: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """Returns the sum over the rows of ``at`` (b, d) of w = mean e(at - real) - mean e(at - fake), up to a constant in ``at``.

    The pairs within ``at`` drop out of D_e[at, fake] - D_e[at, real] = (2/b) sum w + constant: w needs no formula of its own.
    """
    at, real, fake = at.double(), real.double(), fake.double()
    return len(at) / 2 * (distance(at, fake) - distance(at, real))
