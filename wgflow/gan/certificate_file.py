"""What a certificate file says, read without the library that proved it: training needs the claim and its verdict alone.

The digest is checked, so that a damaged file is refused. Only the replay (`wgflow verify FILE`) tells whether a file is true.
"""

from __future__ import annotations

import hashlib
import json
import os
from math import inf, pi
from pathlib import Path

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.arithmetic.sums_of_squares import is_sum_of_squares
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMAS = ("wgflow.certificate/1", "wgflow.certificate-every-dimension/1")
MOST_BYTES = 2**28
_INCOMPLETE = "the list of growing bands is not complete"
_EXAMPLE = "type the name of a file that `wgflow certify ... --certificate FILE` wrote."
_NEAR = 1e-9  # of a torus's mode: wavevectors are doubles
_FARTHEST = 1e-3  # of |m|^2 from a whole number: a double of large k cannot tell modes apart


@record
class Band:
    """Wavenumbers proved to have a rate >= 0: surely within [inner_low, inner_high], surely not outside [low, high]."""

    low: float
    inner_low: float
    inner_high: float
    high: float


@record
class CertifiedClaim:
    """A claim as text and its verdict. ``dim`` None: every dimension. ``bands``: where modes grow; ``complete``: no other."""

    kernel: str
    stabilizer: str
    eps: str
    dim: int | None
    role: str
    period: str | None
    band: tuple[str, str] | None
    verdict: str
    bands: tuple[Band, ...]
    complete: bool
    name: str
    digest: str

    def sign(self, k: float) -> int | None:
        """Returns what the file says about the rate at a wavenumber: -1 negative, 1 not negative, None nothing.

        A verdict DECAYS speaks about every k of its domain; GROWS about the listed bands, and where their list is complete
        about all others too. Wavenumbers within the enclosure of a band's end are left open.
        """
        if not self._covers(k) or self.verdict not in ("DECAYS", "GROWS"):
            return None
        if self.verdict == "DECAYS":
            return -1
        if any(band.inner_low <= k <= band.inner_high for band in self.bands):
            return 1
        outside = all(not band.low <= k <= band.high for band in self.bands)
        return -1 if outside and self.complete and self.dim is not None else None

    def _covers(self, k: float) -> bool:
        if self.band is not None:
            low, high = (rational(end, "band end") for end in self.band)
            return bool(low <= rational(k) <= high)
        if self.period is None:
            return 0 < k < inf
        square = (k * _period(self.period) / (2 * pi)) ** 2
        if not 0 < square < _FARTHEST / _NEAR or abs(square - round(square)) > _NEAR * square:
            return False
        return bool(is_sum_of_squares(round(square), self.dim or 1))  # of modes in R^1 every dimension has


def read_certificate(path: object) -> CertifiedClaim:
    """Returns what the certificate file says; raises InputError where it cannot be read, is damaged, or is no certificate.

    path: a file that `wgflow certify --certificate` or `Certificate.save` wrote.
    """
    body = _body(path)
    result = body["result"]
    try:
        return _claim(result, Path(os.fspath(path)).name, body["digest"])  # type: ignore[call-overload]
    except (KeyError, TypeError, IndexError, AttributeError) as problem:
        raise InputError(f"certificate {shown(path)} lacks {problem}; {_EXAMPLE}") from None


def _body(path: object) -> dict[str, Any]:
    """Returns the file's data, whose schema and digest are right."""
    try:
        file = Path(os.fspath(path))  # type: ignore[call-overload]
        if file.stat().st_size > MOST_BYTES:
            raise InputError(f"certificate {shown(path)} has more than {MOST_BYTES >> 20} MiB; {_EXAMPLE}")
        data = json.loads(file.read_bytes())
    except (OSError, TypeError, ValueError, RecursionError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"certificate {shown(path)} cannot be read ({type(problem).__name__}); {_EXAMPLE}") from None
    if not isinstance(data, dict) or data.get("schema") not in SCHEMAS or not isinstance(data.get("result"), dict):
        raise InputError(f"{shown(path)} is no certificate; {_EXAMPLE}")
    if data.get("digest") != _digest({key: value for key, value in data.items() if key != "digest"}):
        raise InputError(
            f"certificate {shown(path)} is damaged (its digest is wrong); write it again: `wgflow certify --certificate`."
        )
    return data


def _digest(body: dict[str, Any]) -> str:
    """The digest of `wgflow.stability.certificate`, whose module needs python-flint; a test holds them together."""
    try:
        text = json.dumps(body, allow_nan=False, separators=(",", ":")) + "\n"
    except ValueError:
        return ""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _claim(result: dict[str, Any], name: str, digest: str) -> CertifiedClaim:
    claim = result["claim"]
    every = claim["dim"] == "all"
    band = claim["band"]
    return CertifiedClaim(
        kernel=str(claim["kernel"]),
        stabilizer=str(claim["stabilizer"]),
        eps=str(claim["eps"]),
        dim=None if every else integer(claim["dim"], "dim", 1, 4096),
        role=str(claim["role"]),
        period=None if claim["period"] is None else str(claim["period"]),
        band=None if band is None else (str(band[0]), str(band[1])),
        verdict=str(result["verdict"]),
        bands=() if every else tuple(_band(each) for each in result["growing_bands"]),
        complete=_INCOMPLETE not in (result["reason"] or ""),
        name=name,
        digest=digest,
    )


def _band(data: dict[str, Any]) -> Band:
    """Ends beyond the doubles are null in the file: an upper end then counts as infinity, a lower one as 0."""
    start, end = data["from"], data["to"]
    low, inner_low = (_number(start[0], 0.0), _number(start[1], inf))
    inner_high, high = (inf, inf) if end is None else (_number(end[0], 0.0), _number(end[1], inf))
    return Band(low, inner_low, inner_high, high)


def _number(value: Any, otherwise: float) -> float:
    return otherwise if value is None else float(value)


def _period(text: str) -> float:
    """Returns a period as a double: the canonical text is a rational, ``pi``, or a rational times pi."""
    if text == "pi":
        return pi
    factor, _, unit = text.partition("*")
    return float(rational(factor, "period")) * (pi if unit == "pi" else 1.0)
