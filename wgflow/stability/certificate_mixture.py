"""Certificates about every dimension at once: the answer, and the proof as plain data. Nothing here searches."""

from __future__ import annotations

from fractions import Fraction

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End
from wgflow.record import record
from wgflow.stability.answer import Emptiness, Feasible, GrowingBand, IntervalEnd, Verdict, Witness
from wgflow.stability.certificate import Answer, feasible_json, interval_json
from wgflow.stability.chart import Chart, chart_from_json, chart_to_json
from wgflow.stability.claim import EveryDimension, place_text

EVERY_DIMENSION_RESULT = "wgflow.certify-every-dimension/1"
EVERY_DIMENSION_SCHEMA = "wgflow.certificate-every-dimension/1"

NO_WITNESS = (
    "the mixing measure is proved to be positive at some t, so modes near k = sqrt(2 n t) grow in every large enough "
    "dimension n (those that were tried, up to n = {most}, gave no witness)"
)


@record
class CertificateForEveryDimension(Answer):
    """The answer to a claim about every dimension. Made by `wgflow.certify(..., dim="all")`, checked by `wgflow.verify`.

    ``chart`` is the sign chart of the density of E - eps S over t > 0 (None: it has no density, or none is known);
    ``witness`` names its dimension; the other fields are those of `Answer` (growing bands differ from n to n: none here).
    """

    claim: EveryDimension
    verdict: Verdict
    reason: str | None
    witness: Witness | None
    feasible: Feasible | None
    chart: Chart | None
    suggestion: str | None
    versions: dict[str, str]

    @property
    def growing_bands(self) -> tuple[GrowingBand, ...]:  # type: ignore[override]
        return ()

    def to_json(self) -> dict[str, object]:
        """Returns the result in the schema wgflow.certify-every-dimension/1: numbers rounded outward to doubles."""
        return {
            "schema": EVERY_DIMENSION_RESULT,
            "claim": self.claim.to_json(),
            "least_dimension": self.claim.least_dimension,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "witness": witness_json(self.witness),
            "feasible_eps": feasible_json(self.feasible),
        }

    def file_schema(self) -> str:
        return EVERY_DIMENSION_SCHEMA

    def proof_json(self) -> dict[str, object]:
        return {
            "atoms": atoms_json(self.claim),
            "density": density_chart_json(self.chart),
            "witness": None if self.witness is None else place_text(self.witness.place),
            "feasible": _feasible_proof(self.feasible),
        }

    def __repr__(self) -> str:
        claim = self.claim
        return f"<CertificateForEveryDimension {self.verdict.value}: {claim.kernel}, eps={claim.eps}>"


def witness_json(witness: Witness | None) -> dict[str, object] | None:
    if witness is None:
        return None
    return {"dim": witness.dim, "wavenumber": witness.wavenumber, "rate": interval_json(witness.rate)}


def atoms_json(claim: EveryDimension) -> list[dict[str, object]] | None:
    """Returns the weights of E, S and E - eps S at each t where one of them has an atom; None where no measure is known."""
    if claim.growth is None:
        return None
    tables = [{} if m is None else dict(m.atoms) for m in (*claim.sides, claim.growth)]
    rows: list[dict[str, object]] = []
    for t in sorted({t for table in tables for t in table}):
        kernel, stabilizer, total = (table[t].rational() if t in table else Fraction(0) for table in tables)
        rows.append({"t": str(t), "kernel": str(kernel), "stabilizer": str(stabilizer), "total": str(total)})
    return rows


def density_chart_json(found: Chart | None) -> dict[str, object] | None:
    """Returns a sign chart of a density as JSON data: the points are values of t."""
    data = chart_to_json(found)
    if data is None:
        return None
    return {key: _renamed(value, "k", "t") if key in ("zero", "infinity") else value for key, value in data.items()}


def density_chart_from_json(data: dict[str, object] | None) -> Chart | None:
    """Returns the chart that JSON data spells; raises ValueError, TypeError or KeyError where it spells none."""
    if data is None:
        return None
    return chart_from_json({key: _renamed(v, "t", "k") if key in ("zero", "infinity") else v for key, v in data.items()})


def _renamed(data: object, old: str, new: str) -> object:
    return {new if key == old else key: value for key, value in data.items()} if isinstance(data, dict) else data


def _feasible_proof(found: Feasible | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "empty": _empty_proof(found.empty),
        "lower": _end_proof(found.lower),
        "upper": _end_proof(found.upper),
        "lower_density": density_chart_json(found.lower_chart),
        "upper_density": density_chart_json(found.upper_chart),
    }


def _empty_proof(empty: Emptiness | None) -> dict[str, object] | None:
    return (
        None if empty is None else {"kind": empty.kind, "end": _end_text(empty.end), "density": density_chart_json(empty.chart)}
    )


def _end_text(end: End | None) -> str | None:
    return None if end is None else end.value


def _end_proof(end: IntervalEnd | None) -> dict[str, object] | None:
    if end is None:
        return None
    interior = end.kind == "mixing interior"
    return {
        "kind": end.kind,
        "end": _end_text(end.end),
        "enclosure": [ball.point_text(end.low), ball.point_text(end.high)] if interior else None,
        "t": place_text(end.place) if end.place is not None else None,
        "density": density_chart_json(end.chart),
    }
