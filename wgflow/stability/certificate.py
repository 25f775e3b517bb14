"""Certificates: a claim, its verdict, and the proof as plain data; and how they are written and read.

Nothing here searches.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from functools import cached_property
from math import isinf

from wgflow.arithmetic import ball
from wgflow.files import write_whole
from wgflow.fourier.domain import NODE_BITS
from wgflow.record import record
from wgflow.stability.answer import Feasible, GrowingBand, IntervalEnd, Verdict, Witness, rounded
from wgflow.stability.chart import Chart, chart_to_json
from wgflow.stability.claim import Claim, EveryDimension, place_text
from wgflow.stability.words import certificate_html, certificate_latex, certificate_lines

CERTIFY_SCHEMA = "wgflow.certify/1"
CERTIFICATE_SCHEMA = "wgflow.certificate/1"


class Answer(ABC):
    """The answer to a claim, with its proof. The truth value is that of the verdict: True for DECAYS, False for GROWS, an
    error for UNDECIDED. Implementations are records with (at least) these fields.

    ``reason`` says what an UNDECIDED verdict lacks, or what else is not complete; ``feasible`` is the interval of
    feasible eps, None where it could not be found; ``suggestion`` what to type so that every mode decays.
    """

    claim: Claim | EveryDimension
    verdict: Verdict
    reason: str | None
    witness: Witness | None
    growing_bands: tuple[GrowingBand, ...]
    feasible: Feasible | None
    suggestion: str | None
    versions: dict[str, str]

    @abstractmethod
    def to_json(self) -> dict[str, object]:
        """Returns the result: plain data, numbers rounded outward to doubles."""

    @abstractmethod
    def file_schema(self) -> str:
        """Returns the schema of the file."""

    @abstractmethod
    def proof_json(self) -> dict[str, object]:
        """Returns the proof as plain data."""

    def __bool__(self) -> bool:
        return bool(self.verdict)

    @property
    def decays(self) -> bool:
        """True for DECAYS, False for GROWS; raises ValueError for UNDECIDED."""
        return bool(self.verdict)

    @cached_property
    def least_eps(self) -> tuple[float, float] | None:
        """The enclosure of the lower end of the feasible interval, or None where there is none."""
        lower = self.feasible.lower if self.feasible else None
        return rounded(lower.low, lower.high) if lower else None

    def to_file_json(self) -> dict[str, object]:
        """Returns the certificate as it is written to a file: the result and its proof, with a digest."""
        body: dict[str, object] = {
            "schema": self.file_schema(),
            "result": self.to_json(),
            "proof": self.proof_json(),
            "precision": NODE_BITS,
            "versions": dict(sorted(self.versions.items())),
        }
        return {**body, "digest": digest(body)}

    def save(self, path: object) -> None:
        """Writes the certificate to a file, whole or not at all."""
        write_whole(path, render(self.to_file_json()).encode())

    def summary(self) -> str:
        """Returns the verdict in words, one statement a line."""
        return "\n".join(certificate_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return certificate_html(self)

    def _repr_latex_(self) -> str:
        return certificate_latex(self)


@record
class Certificate(Answer):
    """The answer to a claim, with its proof. Made by `wgflow.certify`, checked by `wgflow.verify`.

    ``chart`` is the sign chart of E - eps S (None: identically zero); the other fields are those of `Answer`.
    """

    claim: Claim
    verdict: Verdict
    reason: str | None
    witness: Witness | None
    growing_bands: tuple[GrowingBand, ...]
    feasible: Feasible | None
    chart: Chart | None
    suggestion: str | None
    versions: dict[str, str]

    def to_json(self) -> dict[str, object]:
        """Returns the result in the schema wgflow.certify/1: plain data, numbers rounded outward to doubles."""
        return {
            "schema": CERTIFY_SCHEMA,
            "claim": self.claim.to_json(),
            "verdict": self.verdict.value,
            "reason": self.reason,
            "witness": None
            if self.witness is None
            else {"wavenumber": self.witness.wavenumber, "rate": interval_json(self.witness.rate)},
            "growing_bands": [
                {"from": interval_json(b.start), "to": None if b.end is None else interval_json(b.end)}
                for b in self.growing_bands
            ],
            "feasible_eps": feasible_json(self.feasible),
        }

    def file_schema(self) -> str:
        return CERTIFICATE_SCHEMA

    def proof_json(self) -> dict[str, object]:
        return {
            "chart": chart_to_json(self.chart),
            "witness": None if self.witness is None else place_text(self.witness.place),
            "feasible": _feasible_proof(self.feasible),
        }

    def __repr__(self) -> str:
        return f"<Certificate {self.verdict.value}: {self.claim.kernel}, eps={self.claim.eps}, dim={self.claim.dim}>"


def interval_json(ends: tuple[float, float]) -> list[float | None]:
    """Returns [lo, hi] with null for an end outside the doubles: JSON has no infinities."""
    return [None if isinf(end) else end for end in ends]


def feasible_json(found: Feasible | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {"empty": found.empty is not None, "lower": _end_json(found.lower), "upper": _end_json(found.upper)}


def _end_json(end: IntervalEnd | None) -> dict[str, object] | None:
    if end is None:
        return None
    return {"enclosure": interval_json(rounded(end.low, end.high)), "attained": end.attained}


def _feasible_proof(found: Feasible | None) -> dict[str, object] | None:
    if found is None:
        return None
    empty = found.empty
    return {
        "empty": None
        if empty is None
        else {
            "kind": empty.kind,
            "end": empty.end.value if empty.end else None,
            "below": place_text(empty.below) if empty.below is not None else None,
            "above": place_text(empty.above) if empty.above is not None else None,
        },
        "lower": _end_proof(found.lower),
        "upper": _end_proof(found.upper),
        "lower_chart": chart_to_json(found.lower_chart),
        "upper_chart": chart_to_json(found.upper_chart),
    }


def _end_proof(end: IntervalEnd | None) -> dict[str, object] | None:
    if end is None:
        return None
    enclosed = end.kind in ("interior", "approached")
    return {
        "kind": end.kind,
        "end": end.end.value if end.end else None,
        "enclosure": [ball.point_text(end.low), ball.point_text(end.high)] if enclosed else None,
        "place": place_text(end.place) if end.place is not None else None,
        "chart": chart_to_json(end.chart),
    }


# --- files --------------------------------------------------------------------------------------------------------


def render(data: object) -> str:
    """Returns the one text of a certificate's data: keys in the order of the schema, no spaces to vary."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")) + "\n"


def digest(body: dict[str, object]) -> str:
    """Returns the SHA-256 of a certificate's data without its digest: it catches accidents; proofs catch lies."""
    import hashlib  # late: only files need it

    return "sha256:" + hashlib.sha256(render(body).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Returns the versions that a proof was made with."""
    import flint

    from wgflow import __version__

    return {"wgflow": __version__, "python-flint": flint.__version__, "flint": flint.__FLINT_VERSION__}
