"""Certificates: a claim, its verdict, and the proof as plain data; and how they are written and read.

Nothing here searches. The statements derived from a chart (growing bands, a witness' rate, rounded intervals) are
derived here once, for the search that writes them and for the checker that recomputes them.
"""

from __future__ import annotations

import enum
import json
from functools import cached_property
from math import isinf, isqrt

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.domain import NODE_BITS, Band, Domain, Period, modes
from wgflow.record import record
from wgflow.stability.chart import Chart, Region, chart_to_json, rows
from wgflow.stability.claim import Claim, Place, place_text, wavenumber
from wgflow.stability.feasible import Feasible, IntervalEnd

CERTIFY_SCHEMA = "wgflow.certify/1"
CERTIFICATE_SCHEMA = "wgflow.certificate/1"
MAX_BANDS = 200


class Verdict(enum.Enum):
    """What is proved about a claim. The truth of UNDECIDED is not known, so asking for it raises."""

    DECAYS = "DECAYS"
    GROWS = "GROWS"
    UNDECIDED = "UNDECIDED"

    def __bool__(self) -> bool:
        if self is Verdict.UNDECIDED:
            raise ValueError("the verdict is UNDECIDED: neither true nor false; compare with wgflow.Verdict instead")
        return self is Verdict.DECAYS


@record
class Witness:
    """A wavenumber whose growth rate is proved >= 0; ``rate`` at unit density."""

    place: Place
    wavenumber: float | str
    rate: tuple[float, float]


@record
class GrowingBand:
    """Wavenumbers with growth rate >= 0; each end enclosed by doubles, ``end`` None where the band has none."""

    start: tuple[float, float]
    end: tuple[float, float] | None


def rounded(low: arb, high: arb) -> tuple[float, float]:
    """Returns doubles (lo, hi) with lo <= low and high <= hi."""
    return ball.outward(low)[0], ball.outward(high)[1]


def place_number(place: Place, domain: Domain) -> float | str:
    """Returns the nearest double, or decimal text where the wavenumber is outside the doubles."""
    with ball.precision(NODE_BITS):
        k = wavenumber(place, domain)
        return float(k.mid()) if ball.is_moderate(k.mid()) else k.str(12, radius=False)


def witness_at(claim: Claim, place: Place) -> Witness:
    """Returns the witness at a place, its rate enclosed at unit density; exactly [0, 0] where the sum is exactly 0."""
    from wgflow.stability.prove import sign_at

    if sign_at(claim.growth, place, claim.domain) == 0:
        return Witness(place, place_number(place, claim.domain), (0.0, 0.0))
    with ball.precision(2 * NODE_BITS):
        rate = claim.rate(wavenumber(place, claim.domain))
    return Witness(place, place_number(place, claim.domain), rounded(rate.lower(), rate.upper()))


def growing_bands(found: Chart | None, witness: Witness, domain: Domain, n: int) -> tuple[tuple[GrowingBand, ...], str | None]:
    """Returns the bands that a chart proves to grow, and a sentence where the list is not complete.

    Where no band of positive width grows, the witness alone is the band: the rate there is exactly zero.
    """
    if found is None:
        return (_whole(domain),), None
    line = rows(found)
    bands: list[GrowingBand] = []
    left_out = any(row.sign == 0 and (row.low is None or row.high is None) for row in line)
    index = 0
    while index < len(line):
        if line[index].sign != 1:
            index += 1
            continue
        stop = index
        while stop + 1 < len(line) and line[stop + 1].sign == 1:
            stop += 1
        band = _band(line, index, stop, domain, n)
        index = stop + 1
        if band is not None:
            bands.append(band)
        else:
            left_out = True
    note = "the list of growing bands is not complete" if left_out or len(bands) > MAX_BANDS else None
    if not bands and not left_out and isinstance(witness.wavenumber, float):
        k = (witness.wavenumber, witness.wavenumber)
        bands.append(GrowingBand(k, k))
    return tuple(bands[:MAX_BANDS]), note


def _whole(domain: Domain) -> GrowingBand:
    if isinstance(domain, Band):
        with ball.precision(NODE_BITS):
            low, high = ball.number(domain.low), ball.number(domain.high)
        return GrowingBand(ball.outward(low), ball.outward(high))
    if isinstance(domain, Period):
        return GrowingBand(_mode_ends(domain, 1), None)
    return GrowingBand((0.0, 0.0), None)


def _mode_ends(period: Period, m2: int) -> tuple[float, float]:
    with ball.precision(NODE_BITS):
        return ball.outward(period.wavenumber(m2))


def _band(line: list[Region], first: int, last: int, domain: Domain, n: int) -> GrowingBand | None:
    """Returns the band made of the positive rows first..last, or None where an end (or the mode at it) is unknown."""
    low, high = line[first].low, line[last].high
    if isinstance(domain, Period):
        return _mode_band(domain, n, low, high)
    if first == 0:
        start = (0.0, 0.0) if low is None else _whole(domain).start
    else:
        before = line[first - 1]
        if low is None or (before.sign == 0 and before.low is None):
            return None
        start = rounded(before.low if before.sign == 0 and before.low is not None else low, low)
    if last == len(line) - 1:
        return GrowingBand(start, None if high is None else _whole(domain).end)
    after = line[last + 1]
    if high is None or (after.sign == 0 and after.high is None):
        return None
    return GrowingBand(start, rounded(high, after.high if after.sign == 0 and after.high is not None else high))


def _mode_band(period: Period, n: int, low: arb | None, high: arb | None) -> GrowingBand | None:
    """Returns the band from the first to the last mode inside [low, high], or None where no mode is."""
    with ball.precision(2 * NODE_BITS):
        lowest = period.wavenumber(1).lower() if low is None else low
        inside = None
        for m2 in modes(period, n, lowest, high):
            k = period.wavenumber(m2)
            if (low is None or k >= low) and (high is None or k <= high):
                inside = m2
                break
            if high is not None and not k <= high:
                break
        if inside is None:
            return None
        if high is None:
            return GrowingBand(_mode_ends(period, inside), None)
        top = int(period.index(high).upper().ceil().unique_fmpz())
        # The largest |m|^2 up to ``top`` is close below it: (sqrt(top) - 1)^2 in one dimension, a few less in others.
        near = (isqrt(top) - 1) ** 2 if n == 1 else top - 4096
        last = inside
        for m2 in modes(period, n, period.wavenumber(max(inside, near)).lower(), high):
            k = period.wavenumber(m2)
            if k <= high and (low is None or k >= low):
                last = m2
    return GrowingBand(_mode_ends(period, inside), _mode_ends(period, last))


@record
class Certificate:
    """The answer to a claim, with its proof. Made by `wgflow.certify`, checked by `wgflow.verify`.

    ``chart`` is the sign chart of E - eps S (None: identically zero); ``feasible`` the interval of feasible eps (None
    where it could not be found, then ``reason`` says why). The truth value is that of the verdict: True for DECAYS,
    False for GROWS, an error for UNDECIDED.
    """

    claim: Claim
    verdict: Verdict
    reason: str | None
    witness: Witness | None
    growing_bands: tuple[GrowingBand, ...]
    feasible: Feasible | None
    chart: Chart | None
    versions: dict[str, str]

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

    def to_file_json(self) -> dict[str, object]:
        """Returns the certificate in the schema wgflow.certificate/1: the result and its proof, with a digest."""
        body: dict[str, object] = {
            "schema": CERTIFICATE_SCHEMA,
            "result": self.to_json(),
            "proof": {
                "chart": chart_to_json(self.chart),
                "witness": None if self.witness is None else place_text(self.witness.place),
                "feasible": _feasible_proof(self.feasible),
            },
            "precision": NODE_BITS,
            "versions": dict(sorted(self.versions.items())),
        }
        return {**body, "digest": digest(body)}

    def save(self, path: object) -> None:
        """Writes the certificate to a file, whole or not at all."""
        from wgflow.files import write_whole

        write_whole(path, render(self.to_file_json()).encode())

    def summary(self) -> str:
        """Returns the verdict in words, one statement a line."""
        from wgflow.stability.words import certificate_lines

        return "\n".join(certificate_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Certificate {self.verdict.value}: {self.claim.kernel}, eps={self.claim.eps}, dim={self.claim.dim}>"

    def _repr_html_(self) -> str:
        from wgflow.stability.words import certificate_html

        return certificate_html(self)

    def _repr_latex_(self) -> str:
        from wgflow.stability.words import certificate_latex

        return certificate_latex(self)


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
