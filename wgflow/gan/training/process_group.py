"""Joining the other processes of a run: torchrun's environment, the device of this process, and what all agree on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.processes import Alone, Exchange, Group

DEVICES = ("auto", "cpu", "cuda")


def chosen_device(name: object) -> torch.device:
    """Returns the device of this process: under torchrun each process of a machine takes a GPU of its own.

    name: "cpu", "cuda", "cuda:1", or "auto" (a GPU where there is one). Raises InputError for anything else, and where there is
    no GPU of that number.
    """
    text = str(name)
    kind, _, number = text.partition(":")
    if kind not in DEVICES or (number and (kind != "cuda" or not number.isdecimal())):
        raise InputError(f"device {shown(text)} is not known; type one of {', '.join(DEVICES)}, or cuda:1.")
    if kind == "cpu" or (kind == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise InputError("device cuda: there is no GPU that this torch can use; type --device cpu.")
    index = int(number) if number else int(os.environ.get("LOCAL_RANK", "0"))
    if index >= torch.cuda.device_count():
        raise InputError(
            f"device cuda:{index}: there are {torch.cuda.device_count()} GPUs; start fewer processes, or --device cpu."
        )
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


@contextmanager
def joined(device: torch.device) -> Iterator[Exchange]:
    """Yields what this process exchanges with the others that torchrun started, or with nobody.

    A process group that exists already is used and left as it is; otherwise one is made from torchrun's environment (gloo on
    CPUs, nccl on GPUs) and ended with the block; then ConnectionError is raised where another process went away.
    """
    if dist.is_available() and dist.is_initialized():
        yield Group()
    elif int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ:
        if device.type == "cuda":
            dist.init_process_group("nccl", device_id=device)
        else:
            dist.init_process_group("gloo")
        try:
            yield Group()
            dist.barrier()  # none leaves while another still writes: torchrun would end the others with it
        except RuntimeError as problem:
            if isinstance(problem, dist.DistError) or "gloo" in str(problem):
                raise ConnectionError("another process of this run went away; what it printed says why") from None
            raise
        finally:
            dist.destroy_process_group()
    else:
        yield Alone()


def agreed(exchange: Exchange, flags: Sequence[bool], device: torch.device) -> list[bool]:
    """Returns, for each flag, whether any process raised it: the same answer in every process."""
    if exchange.size == 1:
        return list(flags)
    everyone = exchange.gather(torch.tensor([[int(flag) for flag in flags]], device=device))
    return [bool(found) for found in everyone.amax(0).tolist()]
