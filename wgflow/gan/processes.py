"""Several processes that train one model: what they exchange, so that the result is that of one process on the whole batch.

Every process holds the same parameters and a share of the batch. Whatever a loss averages over the batch is gathered first, own
rows with their gradient, the others' without; the loss is then the whole batch's in every process, its gradients are one
process's part, and their sum over the processes is the gradient.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor


class Exchange(ABC):
    """What a process tells the others. ``rank`` of ``size`` processes; rank 0 writes files."""

    rank: int
    size: int

    @abstractmethod
    def gather(self, rows: Tensor) -> Tensor:
        """Returns the rows of all processes in the order of their ranks; only the own ones carry gradients."""

    @abstractmethod
    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replaces every parameter's gradient by its sum over the processes; parameters without one are left alone."""

    def share(self, rows: Tensor) -> Tensor:
        """Returns this process's rows of the whole batch; raises ValueError where they cannot be divided evenly."""
        if len(rows) % self.size:
            raise ValueError(f"{len(rows)} rows cannot be divided among {self.size} processes.")
        each = len(rows) // self.size
        return rows[self.rank * each : (self.rank + 1) * each]


class Alone(Exchange):
    """One process: everything is already here."""

    rank, size = 0, 1

    def gather(self, rows: Tensor) -> Tensor:
        return rows

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        return None


class Group(Exchange):
    """The default process group of torch.distributed (gloo or nccl), which must have been initialized."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def gather(self, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(self.size)]
        dist.all_gather(parts, rows.detach().contiguous())
        parts[self.rank] = rows
        return torch.cat(parts)

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        for g, total in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            g.copy_(total.view_as(g))
