"""A computation in a process of its own, under limits of time and memory, so that it cannot take the caller down.

Closed forms need no confinement. An expression may be slow without bound, and FLINT aborts its process where memory runs
out: what an expression asks for runs in a child, which answers in JSON. The limits come from the environment:

    WGFLOW_TIME_LIMIT      seconds, of the clock and of the processor (default 60)
    WGFLOW_MEMORY_LIMIT    MiB of address space beyond what the loaded program takes (default 2048)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wgflow.arithmetic.number import InputError, integer
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

TIME_LIMIT, MEMORY_LIMIT = "WGFLOW_TIME_LIMIT", "WGFLOW_MEMORY_LIMIT"
_START = "import sys; sys.path.insert(0, sys.argv[1]); from wgflow.stability.confined_child import main; main()"
_inside = False


class Stopped(OSError):
    """A confined computation that did not come to its end, with the reason."""


@record
class Limits:
    """Seconds, and MiB of memory."""

    seconds: int
    mib: int


def limits() -> Limits:
    """Returns the limits in force; raises InputError where the environment spells none."""
    return Limits(
        integer(os.environ.get(TIME_LIMIT) or "60", TIME_LIMIT, 1, 10**6),
        integer(os.environ.get(MEMORY_LIMIT) or "2048", MEMORY_LIMIT, 16, 10**7),
    )


def enter(bounds: Limits) -> None:
    """Puts this process under the limits, as far as the system knows them; it starts no further child."""
    global _inside
    _inside = True
    from wgflow.process_limits import limit_this_process  # late: only a child needs it

    limit_this_process(bounds.seconds, bounds.mib)


def is_needed(*kernels: Kernel) -> bool:
    """Tells whether what these kernels ask for runs in a child: where one has an expression, except inside such a child."""
    return not _inside and any(term.family.is_written() for kernel in kernels for term in kernel.terms)


def in_child(job: str, data: object) -> Any:
    """Returns the answer of a job of `wgflow.stability.confined_child`, computed under the limits, as plain data.

    Raises Stopped where a limit ended it, InputError where the job raised one, RuntimeError where it failed.
    """
    import json

    bounds = limits()
    request = json.dumps({"job": job, "seconds": bounds.seconds, "mib": bounds.mib, "data": data})
    code, output, errors = _process(request.encode(), bounds)
    try:
        answer = json.loads(output)
    except ValueError:
        raise _ended(code, errors, bounds) from None
    if "answer" in answer:
        return answer["answer"]
    if "wrong" in answer:
        raise InputError(answer["wrong"])
    if "stopped" in answer:
        raise Stopped(answer["stopped"])
    if "memory" in answer:
        raise Stopped(_out_of_memory(bounds))
    raise RuntimeError(answer["failed"])


def _process(request: bytes, bounds: Limits) -> tuple[int, bytes, bytes]:
    """Returns (exit code, output, errors) of the child; it never outlives this call."""
    import subprocess

    if not sys.executable:
        raise Stopped("there is no Python interpreter to run the computation in a process of its own")
    command = [sys.executable, "-P", "-c", _START, str(Path(__file__).parents[2])]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        try:
            output, errors = child.communicate(request, timeout=bounds.seconds)
        except subprocess.TimeoutExpired:
            raise Stopped(_out_of_time(bounds)) from None
        finally:
            child.kill()  # also where the user interrupts; leaving the block waits for it
    return child.returncode, output, errors


def _ended(code: int, errors: bytes, bounds: Limits) -> Exception:
    """Returns what a child that gave no answer died of."""
    import signal

    if code >= 0:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        return RuntimeError(f"the child process failed with exit code {code}: {last[:200]}")
    if code == -getattr(signal, "SIGXCPU", 0):
        return Stopped(_out_of_time(bounds))
    if code == -signal.SIGABRT:
        return Stopped(f"the arithmetic library aborted the computation; {_out_of_memory(bounds)}")
    return Stopped(f"the computation was killed by signal {-code}, perhaps because the machine is out of memory")


def _out_of_time(bounds: Limits) -> str:
    return f"the computation ran past {bounds.seconds} s ({TIME_LIMIT}=SECONDS allows more)"


def _out_of_memory(bounds: Limits) -> str:
    return f"the computation ran out of {bounds.mib} MiB of memory ({MEMORY_LIMIT}=MIB allows more)"
