"""A sign chart: what a search found out about the sign of a spectral sum, as data."""

from __future__ import annotations

import itertools

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End
from wgflow.record import record


@record
class EndSign:
    """The sum has ``sign`` on (0, k] or on [k, infinity), shown with expansions of this order."""

    end: End
    sign: int
    k: arb
    order: int


@record
class Piece:
    """The sum has ``sign`` on all of [low, high]; 0 where that is not decided. Points are exact."""

    low: arb
    high: arb
    sign: int


@record
class Chart:
    """Signs over a set of wavenumbers: adjoining pieces, and the behaviour beyond them where the set has no end there."""

    zero: EndSign | None
    pieces: tuple[Piece, ...]
    infinity: EndSign | None
    missing: tuple[End, ...] = ()  # ends that belong to the set and whose sign is not decided
    exhausted: bool = False

    @property
    def signs(self) -> set[int]:
        ends = {e.sign for e in (self.zero, self.infinity) if e is not None}
        return ends | {p.sign for p in self.pieces} | ({0} if self.missing else set())

    @property
    def all_negative(self) -> bool:
        return self.signs == {-1}


@record
class Region:
    """Neighbouring wavenumbers with one sign: 1 or -1 where it is proved, 0 where it is not decided."""

    low: arb | None  # None: down to 0
    high: arb | None  # None: up to infinity
    sign: int


def regions(found: Chart) -> list[Region]:
    """Returns, in order, the maximal runs of a chart that are positive or undecided."""
    return [row for row in merged(rows(found)) if row.sign >= 0]


def merged(line: list[Region]) -> list[Region]:
    """Joins neighbouring rows of one sign."""
    out: list[Region] = []
    for row in line:
        if out and out[-1].sign == row.sign:
            out[-1] = Region(out[-1].low, row.high, row.sign)
        else:
            out.append(row)
    return out


def rows(found: Chart) -> list[Region]:
    """Returns everything a chart covers, in order, end zones included."""
    out: list[Region] = []
    first = found.pieces[0].low if found.pieces else found.zero.k if found.zero else None
    last = found.pieces[-1].high if found.pieces else found.infinity.k if found.infinity else None
    if found.zero is not None:
        out.append(Region(None, found.zero.k, found.zero.sign))
    elif End.ZERO in found.missing:
        out.append(Region(None, first, 0))
    out += [Region(p.low, p.high, p.sign) for p in found.pieces]
    if found.infinity is not None:
        out.append(Region(found.infinity.k, None, found.infinity.sign))
    elif End.INFINITY in found.missing:
        out.append(Region(last, None, 0))
    return out


MAX_PIECES = 10_000  # of a chart that is read; no search makes as many

# --- text ---------------------------------------------------------------------------------------------------------


def chart_to_json(found: Chart | None) -> dict[str, object] | None:
    """Returns a chart as JSON data: exact cut points as text, a sign between each two of them, the end arguments."""
    if found is None:
        return None
    cuts = [p.low for p in found.pieces] + [p.high for p in found.pieces[-1:]]
    return {
        "zero": _end_to_json(found.zero),
        "cuts": [ball.point_text(k) for k in cuts],
        "signs": [p.sign for p in found.pieces],
        "infinity": _end_to_json(found.infinity),
        "missing": [end.value for end in found.missing],
    }


def _end_to_json(found: EndSign | None) -> dict[str, object] | None:
    return None if found is None else {"k": ball.point_text(found.k), "sign": found.sign, "order": found.order}


def chart_from_json(data: dict[str, object] | None) -> Chart | None:
    """Returns the chart that JSON data spells; raises ValueError, TypeError or KeyError where it spells none."""
    if data is None:
        return None
    if set(data) != {"zero", "cuts", "signs", "infinity", "missing"}:
        raise ValueError("a chart has other keys")
    cuts, signs = data["cuts"], data["signs"]
    if not (isinstance(cuts, list) and isinstance(signs, list) and len(cuts) == len(signs) + bool(signs)):
        raise ValueError("a chart's cuts and signs do not match")
    if len(signs) > MAX_PIECES:
        raise ValueError(f"a chart has more than {MAX_PIECES} pieces")
    if any(type(s) is not int or s not in (-1, 0, 1) for s in signs):
        raise ValueError("a chart has a wrong sign")
    points = [ball.parse_point(text) for text in cuts]
    if not all(a < b for a, b in itertools.pairwise(points)):
        raise ValueError("a chart's cuts do not increase")
    pieces = tuple(Piece(a, b, s) for a, b, s in zip(points, points[1:], signs, strict=False))
    missing = data["missing"]
    if not isinstance(missing, list):
        raise ValueError("a chart has other keys")
    zero, infinity = (_end_from_json(end, data[end.value]) for end in End)
    return Chart(zero, pieces, infinity, tuple(End(text) for text in missing))


def _end_from_json(end: End, data: object) -> EndSign | None:
    if data is None:
        return None
    if not isinstance(data, dict) or set(data) != {"k", "sign", "order"}:
        raise ValueError("an end argument has other keys")
    if type(data["order"]) is not int or not 1 <= data["order"] <= 16 or data["sign"] not in (-1, 1):
        raise ValueError("an end argument has a wrong sign or order")
    return EndSign(end, data["sign"], ball.parse_point(data["k"]), data["order"])
