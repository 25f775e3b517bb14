"""Gradient penalties: how steep a discriminator is, sample by sample, differentiable once more."""

from __future__ import annotations

import torch
from torch import Tensor

from wgflow.gan.objective import Batch


def between(batch: Batch) -> Tensor:
    """Returns points on the segments from generated to real samples, u x + (1 - u) G(z), as leaves that gradients are taken at.

    Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017, algorithm 1. Shape (B, ...), as the samples.
    """
    u = batch.uniform.to(batch.real.dtype).reshape(-1, *[1] * (batch.real.dim() - 1))
    return leaf(batch.fake.lerp(batch.real, u))


def leaf(points: Tensor) -> Tensor:
    """Returns the points as a leaf of their own graph."""
    return points.detach().requires_grad_()


def slopes(values: Tensor, points: Tensor) -> Tensor:
    """Returns the gradient of the sum of ``values`` at ``points``, one row (B, size) for each sample.

    A row is the gradient of the sample's own value as long as values of other samples do not depend on it, which is why the
    networks have no batch normalization. Differentiable again (create_graph); zero where nothing depends on the points.
    """
    if not values.requires_grad:
        return torch.zeros_like(points).flatten(1)
    (gradient,) = torch.autograd.grad(values.sum(), points, create_graph=True, materialize_grads=True)
    return gradient.flatten(1)


def distance_from_one(gradients: Tensor) -> Tensor:
    """Returns (|g| - 1)^2 for every row; its own gradient at g = 0, where |g| has none, is taken as 0.

    >>> distance_from_one(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([16.,  1.])
    """
    return (torch.linalg.vector_norm(gradients, dim=1) - 1) ** 2


def squared_norms(gradients: Tensor) -> Tensor:
    """Returns |g|^2 for every row."""
    return gradients.square().sum(1)
