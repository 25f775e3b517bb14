"""Claims and answers as plain data between the two processes of a confined computation. Nothing is rounded."""

from __future__ import annotations

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End
from wgflow.record import replace
from wgflow.stability.answer import Emptiness, Feasible, GrowingBand, IntervalEnd, Verdict, Witness
from wgflow.stability.certificate import Answer, Certificate, versions
from wgflow.stability.certificate_mixture import CertificateForEveryDimension
from wgflow.stability.chart import Chart, chart_from_json, chart_to_json
from wgflow.stability.claim import Claim, EveryDimension, Mode, Place, place_text

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


def undecided(claim: Claim | EveryDimension, reason: str) -> Answer:
    """Returns the answer that decides nothing."""
    if isinstance(claim, EveryDimension):
        return CertificateForEveryDimension(claim, Verdict.UNDECIDED, reason, None, None, None, None, versions())
    return Certificate(claim, Verdict.UNDECIDED, reason, None, (), None, None, None, versions())


def answer_to_message(answer: Any) -> dict[str, object]:
    witness, found = answer.witness, answer.feasible
    return {
        "verdict": answer.verdict.value,
        "reason": answer.reason,
        "witness": None
        if witness is None
        else [place_text(witness.place), witness.wavenumber, list(witness.rate), witness.dim],
        "bands": [[list(band.start), None if band.end is None else list(band.end)] for band in answer.growing_bands],
        "feasible": None
        if found is None
        else [_from_end(found.lower), _from_end(found.upper), _from_empty(found.empty),
              _from_chart(found.lower_chart), _from_chart(found.upper_chart)],
        "chart": _from_chart(answer.chart),
        "suggestion": answer.suggestion,
    }  # fmt: skip


def answer_from_message(claim: Claim | EveryDimension, data: dict[str, Any]) -> Answer:
    verdict, reason, suggestion = Verdict(data["verdict"]), data["reason"], data["suggestion"]
    witness = _to_witness(data["witness"])
    found = None
    if data["feasible"] is not None:
        lower, upper, empty, low_chart, high_chart = data["feasible"]
        found = Feasible(_to_end(lower), _to_end(upper), _to_empty(empty), _to_chart(low_chart), _to_chart(high_chart))
    chart = _to_chart(data["chart"])
    if isinstance(claim, EveryDimension):
        return CertificateForEveryDimension(claim, verdict, reason, witness, found, chart, suggestion, versions())
    bands = tuple(GrowingBand(_pair(start), None if end is None else _pair(end)) for start, end in data["bands"])
    return Certificate(claim, verdict, reason, witness, bands, found, chart, suggestion, versions())


def place_of(text: str) -> Place:
    """Returns the place that `place_text` gave."""
    return Mode(int(text[1:])) if text.startswith("m") else ball.parse_point(text)


def _pair(ends: list[float]) -> tuple[float, float]:
    return ends[0], ends[1]


def _to_witness(data: list[Any] | None) -> Witness | None:
    return None if data is None else Witness(place_of(data[0]), data[1], _pair(data[2]), data[3])


def _from_chart(found: Chart | None) -> object:
    return None if found is None else [chart_to_json(found), found.exhausted]


def _to_chart(data: list[Any] | None) -> Chart | None:
    found = None if data is None else chart_from_json(data[0])
    return None if found is None or data is None else replace(found, exhausted=data[1])


def _from_place(place: Place | None) -> str | None:
    return None if place is None else place_text(place)


def _to_place(text: str | None) -> Place | None:
    return None if text is None else place_of(text)


def _from_end(found: IntervalEnd | None) -> object:
    if found is None:
        return None
    end = found.end.value if found.end else None
    low = found.low if found.low.is_exact() else found.low.lower()
    high = found.high if found.high.is_exact() else found.high.upper()
    ends = [ball.point_text(low), ball.point_text(high)]
    return [ends, found.attained, found.kind, end, _from_place(found.place), _from_chart(found.chart)]


def _to_end(data: list[Any] | None) -> IntervalEnd | None:
    if data is None:
        return None
    (low, high), attained, kind, end, place, chart = data
    low, high = ball.parse_point(low), ball.parse_point(high)
    return IntervalEnd(low, high, attained, kind, End(end) if end else None, _to_place(place), _to_chart(chart))


def _from_empty(found: Emptiness | None) -> object:
    if found is None:
        return None
    places = [_from_place(found.below), _from_place(found.above)]
    return [found.kind, found.end.value if found.end else None, *places, _from_chart(found.chart)]


def _to_empty(data: list[Any] | None) -> Emptiness | None:
    if data is None:
        return None
    kind, end, below, above, chart = data
    return Emptiness(kind, End(end) if end else None, _to_place(below), _to_place(above), _to_chart(chart))
