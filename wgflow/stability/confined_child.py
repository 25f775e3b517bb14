"""The child process of `wgflow.stability.confined`: reads one job as JSON, works under the limits, answers in JSON."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction

from wgflow.arithmetic.number import InputError
from wgflow.fourier.asymptotics import Undecidable
from wgflow.kernels.text import parse
from wgflow.stability import confined, rates
from wgflow.stability.certificate import Certificate
from wgflow.stability.certify import certify_any
from wgflow.stability.check import verify
from wgflow.stability.claim import claim_of, make_claim
from wgflow.stability.confined_message import answer_from_message, answer_to_message, place_of
from wgflow.stability.stabilizer import default_stabilizer
from wgflow.stability.verified import Refused

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


def certificate(claim: dict[str, Any]) -> object:
    """Returns the certificate of a claim as a message."""
    return answer_to_message(certify_any(claim_of(claim)))


def stabilizer(data: dict[str, Any]) -> object:
    """Returns the text of a kernel's default stabilizer."""
    return str(default_stabilizer(parse(data["kernel"]), data["dim"]))


def replay(data: dict[str, Any]) -> object:
    """Returns {"verdict"} of a certificate that holds, {"refused", "foreign"} of another."""
    try:
        return {"verdict": verify(data).verdict.value}
    except Refused as problem:
        return {"refused": str(problem), "foreign": problem.foreign}


def modes(data: dict[str, Any]) -> object:
    """Returns the rows of a spectrum's grid."""
    places = [place_of(text) for text in data["places"]]
    return rates.modes_at(make_claim(**data["claim"]), places, Fraction(data["density"]))


def fastest(data: dict[str, Any]) -> object:
    """Returns the fields of the fastest mode that a certificate's growing bands hold, or None."""
    claim = make_claim(**data["claim"])
    certificate = answer_from_message(claim, data["answer"])
    assert isinstance(certificate, Certificate)
    found = rates.fastest_of(rates.Spectrum(claim, Fraction(data["density"]), (), (), (), (), (), certificate))
    return None if found is None else [found.kind, found.wavenumber, found.rate]


def learning_rate(data: dict[str, Any]) -> object:
    """Returns the answer about a training as a message."""
    from wgflow.stability.updates import in_child  # late: the other jobs need no numpy

    return in_child(data)


JOBS: dict[str, Callable[[dict[str, Any]], object]] = {
    "certificate": certificate, "stabilizer": stabilizer, "replay": replay, "rates": modes, "fastest": fastest,
    "learning rate": learning_rate,
}  # fmt: skip


def main() -> None:
    """Runs the job that standard input spells, and writes its answer to standard output."""
    request = json.loads(sys.stdin.buffer.read())
    output = os.dup(1)
    os.dup2(2, 1)  # the answer stands alone, whatever a library prints
    threading.Thread(target=_follow_parent, args=(os.getppid(),), daemon=True).start()
    confined.enter(confined.Limits(request["seconds"], request["mib"]))
    with open(output, "w", encoding="utf-8") as out:
        json.dump(_outcome(JOBS[request["job"]], request["data"]), out)


def _outcome(job: Callable[[dict[str, Any]], object], data: dict[str, Any]) -> dict[str, object]:
    try:
        return {"answer": job(data)}
    except InputError as problem:
        return {"wrong": str(problem)}
    except Undecidable as problem:
        return {"stopped": str(problem)}
    except MemoryError:
        return {"memory": True}
    except Exception as problem:
        return {"failed": f"{type(problem).__name__}: {problem}"[:400]}


def _follow_parent(parent: int) -> None:
    """Ends this process soon after the one that asked is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
