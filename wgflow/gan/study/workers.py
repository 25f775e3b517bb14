"""The processes of a study: they end with the process that started them, and no training is torn out of a step."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

import torch

Job = TypeVar("Job")
AGAIN = 0.5  # seconds between two requests to stop

_working, _stopping = threading.Lock(), threading.Event()


@contextmanager
def pool_of(count: int) -> Iterator[ProcessPoolExecutor]:
    """Yields ``count`` processes with one thread each; submit `carried_out` with the work and what it is about.

    Where Ctrl-C ends the block, and where this process dies, however that happens, the trainings under way stop after their step
    as interrupted ones, and the processes end. Other errors let them finish first.
    """
    context = get_context("spawn")
    listening, held = context.Pipe(duplex=False)
    with held, ProcessPoolExecutor(count, context, _begin, (listening,)) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            held.close()  # the processes wait for this, or for our death, which closes it too
            raise


def carried_out(work: Callable[[Job], bool], job: Job) -> bool:
    """Returns what the work says: whether it came to its own end; nothing begins after a request to stop."""
    with _working:
        return not _stopping.is_set() and work(job)


def _begin(listening: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # outside of trainings Ctrl-C is the first process's business
    torch.set_num_threads(1)
    threading.Thread(target=_stop_with, args=(listening, os.getppid()), daemon=True).start()


def _stop_with(listening: Connection, parent: int) -> None:
    """Waits until the other end is closed, asks whatever trains to stop, and ends this process where its parent is gone."""
    listening.poll(None)
    _stopping.set()
    while not _working.acquire(timeout=AGAIN):
        os.kill(os.getpid(), signal.SIGINT)  # a training hears the first one; before and after it they are ignored
    _working.release()
    while os.getppid() == parent:  # which takes the last results and ends us itself
        time.sleep(AGAIN)
    os._exit(1)
