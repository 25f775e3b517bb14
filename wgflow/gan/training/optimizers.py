"""Optimizers by name, and the norm of a gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from wgflow.gan.training.settings_records import Optimizer

_KINDS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, str]]] = {
    "adam": (torch.optim.Adam, {"betas": "betas", "weight-decay": "weight_decay"}),
    "adamw": (torch.optim.AdamW, {"betas": "betas", "weight-decay": "weight_decay"}),
    "rmsprop": (torch.optim.RMSprop, {"momentum": "momentum", "weight-decay": "weight_decay", "smoothing": "alpha"}),
    "sgd": (torch.optim.SGD, {"momentum": "momentum", "weight-decay": "weight_decay"}),
}


def make_optimizer(chosen: Optimizer, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Returns torch's optimizer of that name over the parameters.

    adam, adamw (betas, weight-decay), rmsprop (momentum, weight-decay, smoothing: torch's alpha), sgd (momentum: heavy ball,
    weight-decay).

    >>> from wgflow.gan.training.settings_records import Optimizer
    >>> chosen = Optimizer("sgd", 0.1, '{"momentum": 0.9}')
    >>> make_optimizer(chosen, [torch.nn.Parameter(torch.zeros(2))]).param_groups[0]["momentum"]
    0.9
    """
    kind, names = _KINDS[chosen.name]
    options: dict[str, Any] = {names[key]: value for key, value in chosen.options.items()}
    if "betas" in options:
        options["betas"] = tuple(options["betas"])
    return kind(list(parameters), lr=chosen.rate, **options)  # type: ignore[call-arg]


def gradient_norm(parameters: Iterable[nn.Parameter]) -> Tensor:
    """Returns the Euclidean norm of all gradients together, a float64 scalar; 0 where there are none.

    >>> p = torch.nn.Parameter(torch.zeros(2)); p.grad = torch.tensor([3.0, 4.0])
    >>> float(gradient_norm([p]))
    5.0
    """
    norms = [torch.linalg.vector_norm(p.grad, dtype=torch.float64) for p in parameters if p.grad is not None]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.zeros((), dtype=torch.float64)


def clip(parameters: Iterable[nn.Parameter], norm: float, most: float) -> None:
    """Scales all gradients, whose norm is ``norm``, by one number so that it becomes at most ``most``; 0: no limit."""
    if most and norm > most:
        for p in parameters:
            if p.grad is not None:
                p.grad.mul_(most / norm)
