"""The table of the ladder of evidence: what every rung measured beside the certified rates and beside the rung before it."""

from __future__ import annotations

from textwrap import wrap

from wgflow.dynamics.departure import NOT_AS_PREDICTED, NOT_DECIDED, Departure
from wgflow.dynamics.growth import AGREES, MISSED, UNDECIDED, GrowthRow, GrowthTable
from wgflow.dynamics.run_words import TOLERANCE
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "wgflow.ladder/1"
HEADER = ("mode", "k", "predicted", "explained", "measured", "error", "change", "verdict")
_EXPLAINED = HEADER.index("explained")
_SIGNS = {NOT_AS_PREDICTED: MISSED, NOT_DECIDED: UNDECIDED}
_WIDTH = 110


@record
class Rung:
    """One rung: its name, how it was computed, and its rates beside the predicted ones.

    departure: of trained networks, whose growth is judged by its signs; None where theory predicts the rates themselves.
    """

    name: str
    how: str
    growth: GrowthTable
    departure: Departure | None = None

    def verdict(self, tolerance: float) -> str:
        """Returns "agrees", "missed" or "undecided": of the rates, or of their signs where networks were trained."""
        if self.departure is None:
            return self.growth.verdict(tolerance)
        return _SIGNS.get(self.departure.verdict(), AGREES)

    def to_json(self, tolerance: float) -> dict[str, object]:
        data: dict[str, object] = {"name": self.name, "how": self.how, "verdict": self.verdict(tolerance)}
        data["growth"] = self.growth.to_json(tolerance)
        return data if self.departure is None else {**data, "departure": self.departure.to_json()}


@record
class Ladder:
    """The rungs, lowest first, with the certificate of the case in one line and a line on what was left out."""

    rungs: tuple[Rung, ...]
    certified: str = ""
    note: str = ""

    def verdict(self, tolerance: float) -> str:
        """Returns "missed" where a rung misses a rate or a sign, else "undecided" where one is not measured, else "agrees"."""
        found = {rung.verdict(tolerance) for rung in self.rungs}
        return next((word for word in (MISSED, UNDECIDED) if word in found), AGREES)

    def steps(self) -> Iterator[tuple[Rung, GrowthRow, float | None]]:
        """Yields (rung, row, relative change of the ratio measured / predicted from the rung before; None at the first)."""
        below: dict[str, float] = {}
        for rung in self.rungs:
            for row in rung.growth.rows:
                ratio = None if row.fit.rate is None else 1 + (row.fit.rate - row.predicted) / row.scale
                change = None if ratio is None or row.mode not in below else ratio - below[row.mode]
                yield rung, row, change
                if ratio is not None:
                    below[row.mode] = ratio

    def text(self, tolerance: float) -> str:
        """Returns a table a rung, for a terminal; ``change`` is that of measured / predicted from the rung before."""
        lines = [(rung, _line(rung, row, change, tolerance)) for rung, row, change in self.steps()]
        shown = [i for i in range(len(HEADER)) if i != _EXPLAINED or any(line[i] for _, line in lines)]
        widths = [max(len(line[i]) for line in (HEADER, *(line for _, line in lines))) for i in range(len(HEADER))]

        def joined(line: tuple[str, ...]) -> str:
            return ("  " + "  ".join(line[i].rjust(widths[i]) for i in shown)).rstrip()

        out = [*wrap(self.certified, _WIDTH), joined(HEADER)]
        for rung in self.rungs:
            out.append(f"{rung.name} ({rung.how})")
            out += [joined(line) for owner, line in lines if owner is rung]
            for sentence in rung.departure.sentences() if rung.departure else ():
                out += wrap(sentence, _WIDTH, initial_indent="    ", subsequent_indent="    ")
        return "\n".join([*out, *wrap(self.note, _WIDTH)])

    def to_json(self, tolerance: float) -> dict[str, object]:
        """Returns plain data in the schema wgflow.ladder/1."""
        return {
            "schema": SCHEMA,
            "tolerance": tolerance,
            "verdict": self.verdict(tolerance),
            "certified": self.certified,
            "note": self.note,
            "rungs": [rung.to_json(tolerance) for rung in self.rungs],
        }

    def __str__(self) -> str:
        return self.text(TOLERANCE)


def _line(rung: Rung, row: GrowthRow, change: float | None, tolerance: float) -> tuple[str, ...]:
    """Returns the cells of a row under `HEADER`."""
    mode, k, predicted, measured, error, verdict = GrowthTable((row,)).lines(tolerance)[0]
    explained = ""
    if rung.departure is not None:
        at = [each.mode for each in rung.growth.rows].index(row.mode)
        explained = f"{rung.departure.mean_explained[at]:.6g}"
        verdict = f"sign {rung.departure.signs[at]}" if row.fit.rate is not None else verdict
    return mode, k, predicted, explained, measured, error, "" if change is None else f"{change:+.1e}", verdict
