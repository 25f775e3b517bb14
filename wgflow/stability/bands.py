"""Growing bands: the wavenumbers that a sign chart proves to grow, with enclosed ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import isqrt

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.domain import INDEX_BITS, NODE_BITS, Band, Domain, Period, is_sum_of_squares, modes
from wgflow.stability.answer import GrowingBand, Witness, rounded
from wgflow.stability.chart import Chart, Region, merged, rows
from wgflow.stability.claim import wavenumber

MAX_BANDS = 200
NARROW = -40  # an undecided row of this width in log k, as a power of two, counts as the enclosure of a root
NEARBY = 256  # how many |m|^2 are looked at for the first and the last mode of a band


def growing_bands(found: Chart | None, witness: Witness, domain: Domain, n: int) -> tuple[tuple[GrowingBand, ...], str | None]:
    """Returns the bands that a chart proves to grow, and a sentence where the list is not complete.

    Where no band of positive width grows, the witness alone is the band: the rate there is exactly zero.
    """
    if found is None:
        return (_whole(domain),), None
    line = merged(rows(found))
    bands: list[GrowingBand] = []
    left_out = not isinstance(domain, Period) and any(_is_open(line, i, witness, domain) for i in range(len(line)))
    left_out |= any(row.sign == 0 and row.high is None for row in line)
    index = 0
    while index < len(line):
        if line[index].sign != 1:
            index += 1
            continue
        stop = index
        while stop + 2 < len(line) and line[stop + 1].sign == 0 and line[stop + 2].sign == 1:
            stop += 2  # no sign change is proved between them, so the band goes on
        band = _band(line, index, stop, domain, n)
        if band is not None:
            bands.append(band)
        elif not (isinstance(domain, Period) and _holds_no_mode(domain, n, line[index].low, line[stop].high)):
            left_out = True
        index = stop + 1
    note = "the list of growing bands is not complete" if left_out or len(bands) > MAX_BANDS else None
    if not bands and not left_out:
        with ball.precision(NODE_BITS):
            ends = ball.outward(wavenumber(witness.place, domain))
        bands.append(GrowingBand(ends, ends))
    return tuple(bands[:MAX_BANDS]), note


def _is_open(line: list[Region], index: int, witness: Witness, domain: Domain) -> bool:
    """Whether an undecided row may hide (part of) a band: unless it is narrow and between different signs, or at the witness."""
    row = line[index]
    if row.sign != 0:
        return False
    if row.low is None or row.high is None or index in (0, len(line) - 1):
        return True
    with ball.precision(NODE_BITS):
        narrow = (row.high / row.low).log() < ball.dyadic(1, NARROW)
        at_witness = row.low <= wavenumber(witness.place, domain) <= row.high
    return not narrow or (line[index - 1].sign == line[index + 1].sign and not at_witness)


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
    """Returns the band from the first to the last mode inside [low, high], or None where none is, or is found in time."""
    with ball.precision(INDEX_BITS):
        lowest = period.wavenumber(1).lower() if low is None else low
        first = _first_inside(period, n, modes(period, n, lowest, high), low, high)
        if first is None:
            return None
        if high is None:
            return GrowingBand(_mode_ends(period, first), None)
        top = int(period.index(high).upper().ceil().unique_fmpz())
        # The largest |m|^2 up to ``top`` is close below it: (sqrt(top) - 1)^2 in one dimension, a few less in others.
        near = (isqrt(top) - 1) ** 2 if n == 1 else top - NEARBY
        start = max(first, near)
        last = first
        for m2 in islice(modes(period, n, period.wavenumber(start).lower(), high), 2 * NEARBY):
            if is_sum_of_squares(m2, n) and _inside(period.wavenumber(m2), low, high):
                last = m2
    return GrowingBand(_mode_ends(period, first), _mode_ends(period, last)) if last >= start else None


def _holds_no_mode(period: Period, n: int, low: arb | None, high: arb | None) -> bool:
    """Whether no mode of the torus lies in [low, high]."""
    if high is None:
        return False
    with ball.precision(INDEX_BITS):
        lowest = period.wavenumber(1).lower()
        candidates = list(islice(modes(period, n, lowest if low is None else low.max(lowest), high), NEARBY))
        return len(candidates) < NEARBY and not any(_inside(period.wavenumber(m2), low, high) for m2 in candidates)


def _first_inside(period: Period, n: int, candidates: Iterator[int], low: arb | None, high: arb | None) -> int | None:
    for m2 in islice(candidates, NEARBY):
        if is_sum_of_squares(m2, n) and _inside(period.wavenumber(m2), low, high):
            return m2
    return None


def _inside(k: arb, low: arb | None, high: arb | None) -> bool:
    return (low is None or bool(k >= low)) and (high is None or bool(k <= high))
