"""The exponential moving average of a network's parameters."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Averaged:
    """A copy of a network whose parameters follow it slowly: after every step a <- decay a + (1 - decay) p.

    Buffers are copied. It begins as the network is.

    >>> net = nn.Linear(1, 1, bias=False); _ = nn.init.ones_(net.weight)
    >>> average = Averaged(net, 0.75); _ = nn.init.constant_(net.weight, 5.0); average.follow(net)
    >>> float(average.network.weight.detach())
    2.0
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        for mine, theirs in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.mul_(self.decay).add_(theirs.detach(), alpha=1 - self.decay)
        for kept, found in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(found)
