"""The independent check of a certificate: nothing in the file is believed.

The claim's text is parsed anew; every sign, end argument, limit, enclosure, band and rate is computed again. No code is
shared with the search (`prove`, `ends`, `feasible`): signs over intervals come from cones at their ends with its own
slope bounds, signs at the ends from its own comparison of the leading term. Shared are the formulas (`kernels`, `arithmetic`),
the expansions with their proved remainders (`fourier.asymptotics`) and the reading of bands off a chart (`bands`).
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path

from flint import arb

from wgflow.arithmetic import ball, beta_bessel, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.arithmetic.number import InputError
from wgflow.fourier.asymptotics import End, Undecidable, expand
from wgflow.fourier.domain import Band, Domain, Period, is_sum_of_squares, modes
from wgflow.fourier.local import Enclosed
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.kernels.shape import BesselJ, Hypergeometric, PositiveShape, Shape
from wgflow.stability import confined
from wgflow.stability.answer import Verdict, Witness, place_number, rounded
from wgflow.stability.bands import growing_bands
from wgflow.stability.certificate import CERTIFICATE_SCHEMA, CERTIFY_SCHEMA, interval_json, render
from wgflow.stability.certificate_mixture import EVERY_DIMENSION_SCHEMA
from wgflow.stability.chart import Chart, EndSign, chart_from_json, regions
from wgflow.stability.check_mixture import check_every_dimension
from wgflow.stability.claim import (
    Claim,
    EveryDimension,
    Mode,
    Place,
    at_eps,
    claim_of,
    exact_value,
    make_claim,
    square,
    wavenumber,
)
from wgflow.stability.verified import Refused, Verified, require_envelope, require_reason
from wgflow.stability.verified import require as _require

MAX_BYTES = 10_000_000
CHECK_BITS = 160
WORK = 1000  # intervals looked at for one chart, at least
WORK_PER_PIECE = 20
MOST_MODES = 4000


def verify(source: object) -> Verified:
    """Returns what a certificate proves, after replaying it; raises Refused where any part of it does not hold.

    source: a path, or the certificate's data as a dict (as `Certificate.to_file_json` gives it).

    >>> import wgflow as wg
    >>> wg.verify(wg.certify("rbf", "elastic", "0.7").to_file_json()).verdict
    <Verdict.DECAYS: 'DECAYS'>
    """
    try:
        data: dict = json.loads(render(source)) if isinstance(source, dict) else _read(source)
        claim = claim_of(data["result"]["claim"])
        return _confined(claim, data) if confined.is_needed(claim.kernel, claim.stabilizer) else _check(data)
    except Refused:
        raise
    except InputError as problem:
        raise Refused(f"the claim is not understood: {problem}") from None
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        AssertionError,
        ArithmeticError,
        RecursionError,
        Undecidable,
    ) as problem:
        raise Refused(f"the certificate is malformed ({type(problem).__name__}: {str(problem)[:80]})") from None


def _confined(claim: Claim | EveryDimension, data: dict) -> Verified:
    """Replays a certificate about an expression in a child process; raises `confined.Stopped` at a limit."""
    found = confined.in_child("replay", data)
    if "refused" in found:
        raise Refused(found["refused"], found["foreign"])
    return Verified(claim, Verdict(found["verdict"]), data["result"])


def _read(source: object) -> dict[str, object]:
    path = Path(os.fspath(source))  # type: ignore[call-overload]
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Refused(f"{path} is larger than {MAX_BYTES // 1_000_000} MB", foreign=True)
    try:
        data = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
        canonical = render(data)
    except (ValueError, RecursionError):
        raise Refused(f"{path} is not valid JSON", foreign=True) from None
    if not isinstance(data, dict) or data.get("schema") not in (CERTIFICATE_SCHEMA, EVERY_DIMENSION_SCHEMA):
        raise Refused(f"{path} is not a certificate of wgflow (schema {CERTIFICATE_SCHEMA})", foreign=True)
    if content.decode("utf-8") != canonical:
        raise Refused("the file is not in the one form that wgflow writes")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _check(data: dict) -> Verified:
    if data.get("schema") == EVERY_DIMENSION_SCHEMA:
        return check_every_dimension(data)
    require_envelope(data)
    result, proof = data["result"], data["proof"]
    keys = {"schema", "claim", "verdict", "reason", "witness", "growing_bands", "feasible_eps"}
    _require(set(result) == keys and result["schema"] == CERTIFY_SCHEMA, "the result has other keys")
    _require(set(proof) == {"chart", "witness", "feasible"}, "the proof has other keys")
    _require(result["reason"] is None or isinstance(result["reason"], str), "the reason is not text")
    given = result["claim"]
    claim = make_claim(**given)
    _require(claim.to_json() == given, "the claim is not in canonical form")
    verdict = Verdict(result["verdict"])
    replay = _Replay(claim)
    replay.verdict(verdict, result, proof)
    replay.feasible(result["feasible_eps"], proof["feasible"])
    if verdict is not Verdict.UNDECIDED:
        require_reason(result["reason"], replay.note, result["feasible_eps"] is None)
    return Verified(claim, verdict, result)


def _place(text: object, domain: Domain) -> Place:
    if isinstance(domain, Period):
        _require(
            isinstance(text, str) and text.startswith("m") and text[1:].isdigit() and len(text) < 2000, "a mode is malformed"
        )
        assert isinstance(text, str)
        m2 = int(text[1:])
        return Mode(m2)
    point = ball.parse_point(text)
    _require(bool(point > 0), "a wavenumber is not positive")
    if isinstance(domain, Band):
        _require(ball.is_moderate(point), "a wavenumber lies outside the band")
        _require(domain.low <= ball.point_fraction(point) <= domain.high, "a wavenumber lies outside the band")
    return point


class _Replay:
    def __init__(self, claim: Claim) -> None:
        self.claim, self.domain, self.n = claim, claim.domain, claim.dim
        self.kernel, self.stabilizer = claim.sides
        self.note: str | None = None

    # --- the verdict ---

    def verdict(self, verdict: Verdict, result: dict, proof: dict) -> None:
        total = self.claim.growth
        found = chart_from_json(proof["chart"])
        if verdict is Verdict.UNDECIDED:
            _require(isinstance(result["reason"], str), "an undecided verdict gives no reason")
            _require(
                result["witness"] is None and result["growing_bands"] == [] and proof["witness"] is None,
                "UNDECIDED, yet it claims growth",
            )
            return
        if verdict is Verdict.DECAYS:
            _require(
                result["witness"] is None and result["growing_bands"] == [] and proof["witness"] is None,
                "DECAYS, yet it claims growth",
            )
            self.negative(total, found)
            return
        place = self._allowed(_place(proof["witness"], self.domain))
        sign = self.sign(total, place)
        _require(sign is not None and sign >= 0, "the rate at the witness is not proved to be >= 0")
        rate = (0.0, 0.0)
        if sign:
            with ball.precision(256):
                value = self.claim.rate(wavenumber(place, self.domain))
                rate = rounded(value.lower(), value.upper())
        witness = Witness(place, place_number(place, self.domain), rate)
        stated = {"wavenumber": witness.wavenumber, "rate": interval_json(rate)}
        _require(result["witness"] == stated, "the witness' wavenumber or rate is not what it should be")
        if found is None:
            _require(total.is_zero, "the rate is not identically zero")
        else:
            self.signs(total, found)
        bands, self.note = growing_bands(found, witness, self.domain, self.n)
        stated_bands = [{"from": interval_json(b.start), "to": None if b.end is None else interval_json(b.end)} for b in bands]
        _require(result["growing_bands"] == stated_bands, "the growing bands are not what the signs show")

    def _allowed(self, place: Place) -> Place:
        if isinstance(place, Mode):
            _require(place.m2 >= 1 and bool(is_sum_of_squares(place.m2, self.n)), "no such mode")
        return place

    # --- signs ---

    def sign(self, total: SpectralSum, place: Place) -> int | None:
        """The proved sign of a sum at one wavenumber."""
        if total.is_zero:
            return 0
        for bits in (CHECK_BITS, 4 * CHECK_BITS, 16 * CHECK_BITS):
            with ball.precision(bits):
                k = wavenumber(place, self.domain)
                value = _log_difference(total, k) if total.is_log_concave else total.value(k)
                if value > 0 or value < 0:
                    return 1 if value > 0 else -1
        k2 = square(place, self.domain)
        value_at = None if k2 is None else exact_value(total, k2)
        return 0 if value_at is not None and value_at.is_zero else None

    def negative(self, total: SpectralSum, found: Chart | None) -> None:
        """Requires total < 0 on the whole domain, by its chart and, on a torus, by the modes the chart leaves."""
        _require(found is not None and not total.is_zero, "the rate is identically zero, which is no decay")
        assert found is not None
        self.signs(total, found)
        left = regions(found)
        if not isinstance(self.domain, Period):
            _require(not left, "the chart leaves wavenumbers where decay is not proved")
            return
        with ball.precision(CHECK_BITS):
            least = self.domain.wavenumber(1).lower()
        for region in left:
            if region.high is not None and region.high < least:
                continue
            _require(region.high is not None, "the chart leaves modes toward infinity")
            low = least if region.low is None else region.low
            for count, m2 in enumerate(modes(self.domain, self.n, low, region.high)):
                _require(count < MOST_MODES, "the chart leaves too many modes")
                _require(self.sign(total, Mode(m2)) == -1, f"the modes with |m|^2 = {m2} are not proved to decay")

    def signs(self, total: SpectralSum, found: Chart) -> None:
        """Requires that a chart covers the domain and that each of its signs holds."""
        _require(not total.is_zero, "a chart is given for a sum that is identically zero")
        pieces = found.pieces
        if isinstance(self.domain, Band):
            _require(
                bool(pieces) and found.zero is None and found.infinity is None and not found.missing,
                "the chart does not cover the band",
            )
            edges = pieces[0].low, pieces[-1].high
            _require(all(map(ball.is_moderate, edges)), "the chart does not cover the band")
            low, high = map(ball.point_fraction, edges)
            _require(low <= self.domain.low and self.domain.high <= high, "the chart does not cover the band")
        else:
            for end, argument in ((End.ZERO, found.zero), (End.INFINITY, found.infinity)):
                _require((argument is None) == (end in found.missing), f"the chart says nothing about k toward {end.value}")
            starts = found.zero.k if found.zero else None
            stops = found.infinity.k if found.infinity else None
            if pieces:
                _require(starts is None or bool(pieces[0].low <= starts), "the chart has a gap near zero")
                _require(stops is None or bool(pieces[-1].high >= stops), "the chart has a gap toward infinity")
            else:
                _require(starts is not None and stops is not None and bool(stops <= starts), "the chart has a gap")
        for argument in (found.zero, found.infinity):
            if argument is not None:
                self._end(total, argument)
        with ball.precision(CHECK_BITS):
            signs = _Signs(total, WORK + WORK_PER_PIECE * len(pieces))
            for piece in pieces:
                if piece.sign and _logarithmic(total, found.zero, piece.low, piece.high) != piece.sign:
                    holds = signs.hold(piece.low, piece.high, piece.sign)
                    _require(holds, f"the sign near k = {piece.low.str(6, radius=False)} does not hold")

    def _end(self, total: SpectralSum, argument: EndSign) -> None:
        leading = _leading_sign(total, argument.end, argument.order, argument.k)
        _require(leading == argument.sign, f"the sign toward k = {argument.end.value} does not hold")

    # --- the feasible interval ---

    def feasible(self, stated: dict | None, proof: dict | None) -> None:
        if stated is None or proof is None:
            _require(stated is None and proof is None, "the feasible interval and its proof do not match")
            return
        _require(set(stated) == {"empty", "lower", "upper"}, "the feasible interval has other keys")
        _require(set(proof) == {"empty", "lower", "upper", "lower_chart", "upper_chart"}, "the interval's proof has other keys")
        if proof["empty"] is not None:
            _require(stated == {"empty": True, "lower": None, "upper": None}, "an empty interval has no ends")
            self._empty(proof["empty"])
            return
        _require(stated["empty"] is False, "the interval is not proved to be empty")
        minus = self.stabilizer.times(exact.number(-1))
        if self.stabilizer.is_zero:
            _require(stated["lower"] is None and stated["upper"] is None, "without a stabilizer the interval has no ends")
            self.negative(self.kernel, chart_from_json(proof["upper_chart"]))
            return
        for side, stabilizer in (("lower", self.stabilizer), ("upper", minus)):
            if stated[side] is None:  # unbounded on this side: S has one sign everywhere
                _require(proof[side] is None, f"the {side} end and its proof do not match")
                self.negative(stabilizer, chart_from_json(proof[f"{side}_chart"]))
            else:
                self._interval_end(side, stated[side], proof[side], stabilizer, proof)

    def _interval_end(self, side: str, stated: dict, proof: dict, stabilizer: SpectralSum, whole: dict) -> None:
        """Checks a lower end; an upper end is the lower end for -S and -eps."""
        _require(set(stated) == {"enclosure", "attained"}, f"the {side} end has other keys")
        _require(set(proof) == {"kind", "end", "enclosure", "place", "chart"}, f"the {side} end's proof has other keys")
        flip = -1 if side == "upper" else 1
        kind = proof["kind"]
        found = chart_from_json(proof["chart"])
        if kind in ("limit", "identity"):
            _require(proof["enclosure"] is None and proof["place"] is None, "a limit needs no enclosure")
            top, bottom = self._limit(End(proof["end"]), stabilizer)
            total = self.kernel.times(bottom) - stabilizer.times(top)
            with ball.precision(128):
                value = flip * (ball.real(top) / ball.real(bottom))
                enclosure = rounded(value.lower(), value.upper())
            if kind == "limit":
                self.negative(total, found)
                _require(stated["attained"] is True, f"the {side} end belongs to the interval")
            else:
                _require(total.is_zero and found is None, "E and S are not proportional")
                other = "upper" if side == "lower" else "lower"
                _require(whole[other] is None, "the stabilizer is not proved to have one sign")  # else its chart is replayed
                _require(stated["attained"] is False, f"the {side} end does not belong to the interval")
        else:
            enclosure = self._enclosed(side, kind, proof, found, stabilizer, stated["attained"])
        _require(stated["enclosure"] == interval_json(enclosure), f"the {side} end is not enclosed by what is stated")

    def _enclosed(
        self, side: str, kind: str, proof: dict, found: Chart | None, stabilizer: SpectralSum, attained: bool | None
    ) -> tuple[float, float]:
        low, high = (ball.parse_point(text) for text in proof["enclosure"])
        outward = rounded(low, high)
        if side == "upper":
            low, high = ball.negated(high), ball.negated(low)
        _require(bool(low <= high), "an enclosure is reversed")
        self.negative(at_eps(self.kernel, stabilizer, ball.exact_point(high)), found)
        if kind == "approached":
            top, bottom = self._limit(End(proof["end"]), stabilizer)
            with ball.precision(CHECK_BITS):
                _require(bool(ball.real(top) / ball.real(bottom) >= low), "the limit lies below the enclosure")
            _require(attained is None, "whether the end belongs to the interval was not decided")
            return outward
        _require(kind == "interior" and proof["end"] is None, "an end of unknown kind")
        place = self._allowed(_place(proof["place"], self.domain))
        at_low = at_eps(self.kernel, stabilizer, ball.exact_point(low))
        _require(self.sign(stabilizer, place) == 1, "S is not positive where the end is attained")
        _require((self.sign(at_low, place) or 0) == 1 or self.sign(at_low, place) == 0, "E < low S where the end is attained")
        if attained is not None:
            _require(attained is False, "an interior end does not belong to the interval")
            self._limits_below(low, stabilizer)
        return outward

    def _limits_below(self, low: arb, stabilizer: SpectralSum) -> None:
        """Requires every limit of E/S at an end of the domain where S > 0 to lie below ``low``: the supremum is attained."""
        ends = () if isinstance(self.domain, Band) else (End.INFINITY,) if isinstance(self.domain, Period) else tuple(End)
        for end in ends:
            size, coefficient = _leading(stabilizer, end)
            if ball.sign(coefficient) == -1:
                continue
            other = None if self.kernel.is_zero else _leading_or_smaller(self.kernel, end, size)
            with ball.precision(CHECK_BITS):
                if other is None:  # E is of smaller size: the limit is 0
                    _require(bool(low > 0), "the end may be approached and not attained")
                elif other[0] == size:
                    limit = _with_rests(self.kernel, end, *other) / _with_rests(stabilizer, end, size, coefficient)
                    _require(bool(limit < low), "the end may be approached and not attained")
                else:
                    _require(ball.sign(other[1]) == -1, "E outgrows S")

    def _limit(self, end: End, stabilizer: SpectralSum) -> tuple[exact.Real, exact.Real]:
        """Returns (top, bottom) with E/S -> top/bottom at an end, bottom > 0."""
        _require(not isinstance(self.domain, Band), "a band has no limits")
        _require(not (isinstance(self.domain, Period) and end is End.ZERO), "a torus has no modes toward zero")
        size, bottom = _leading(stabilizer, end)
        _require(ball.sign(bottom) == 1, "S is not positive at the end")
        other = None if self.kernel.is_zero else _leading_or_smaller(self.kernel, end, size)
        if other is None:
            return exact.ZERO, bottom
        _require(other[0] == size, "E/S has no finite limit")
        _leading(stabilizer, end, alone=True), _leading(self.kernel, end, alone=True)
        return other[1], bottom

    def _empty(self, proof: dict) -> None:
        _require(set(proof) == {"kind", "end", "below", "above"}, "the proof of emptiness has other keys")
        kind = proof["kind"]
        if kind == "end":
            end = End(proof["end"])
            _require(
                not isinstance(self.domain, Band) and not (isinstance(self.domain, Period) and end is End.ZERO), "no such end"
            )
            size, coefficient = _leading(self.kernel, end)
            _require(ball.sign(coefficient) == 1, "E is not positive at the end")
            _require(_all_smaller(self.stabilizer, end, size), "E does not outgrow S")
            return
        below = self._allowed(_place(proof["below"], self.domain))
        if kind == "kernel":
            sign = self.sign(self.kernel, below)
            _require(self.stabilizer.is_zero and sign is not None and sign >= 0, "the interval is not empty")
            return
        above = self._allowed(_place(proof["above"], self.domain))
        _require(self.sign(self.stabilizer, below) == 1 and self.sign(self.stabilizer, above) == -1, "S has not both signs")
        if kind == "identity":
            shape, scale = self.stabilizer.terms[0]
            top = dict(self.kernel.terms).get(shape, exact.ZERO)
            _require((self.kernel.times(scale) - self.stabilizer.times(top)).is_zero, "E and S are not proportional")
            return
        _require(kind == "pair", "emptiness of unknown kind")
        with ball.precision(CHECK_BITS):
            k1, k2 = wavenumber(below, self.domain), wavenumber(above, self.domain)
            first = self.kernel.value(k1) / self.stabilizer.value(k1)
            second = self.kernel.value(k2) / self.stabilizer.value(k2)
            _require(bool(first >= second), "the two places do not exclude every eps")


def _logarithmic(total: SpectralSum, zero: EndSign | None, low: arb, high: arb) -> int:
    """The sign on [low, high] far down toward k = 0, where the sum is k^p (A L + B + rest), from its values at both ends."""
    if zero is None or not high < ball.dyadic(1, -20) or high < 2 * low:
        return 0
    terms, rests, valid = _parts(total, End.ZERO, zero.order)
    if not high <= valid or not terms:
        return 0
    power = min(size[2] for size, _ in terms)
    logs = [-low.log(), -high.log()]
    values = [arb(0), arb(0)]
    slack = arb(0)
    for size, coefficient in terms:
        if size[2] == power:
            values = [v + ball.real(coefficient) * x ** size[3] for v, x in zip(values, logs, strict=True)]
    for size, bound in [(s, abs(ball.real(c))) for s, c in terms if s[2] != power] + rests:
        if not (size[2] > power and logs[1] * ball.number(size[2] - power) > size[3]):
            return 0
        slack += bound * high ** ball.number(size[2] - power) * logs[1] ** size[3]
    if any(size[2] == power and size[3] > 1 for size, _ in terms):
        return 0
    return 1 if all(v > slack for v in values) else -1 if all(v < -slack for v in values) else 0


# --- signs over intervals -----------------------------------------------------------------------------------------


def _log_difference(total: SpectralSum, k: arb) -> arb:
    """log P - log N for the positive and negative parts of a sum; +-1 where one part is missing."""
    logs: dict[int, list[arb]] = {1: [], -1: []}
    for shape, coefficient in total.terms:
        assert isinstance(shape, PositiveShape)
        size = ball.real(coefficient)
        _require(bool(size > 0) or bool(size < 0), "a coefficient has no provable sign")
        logs[1 if size > 0 else -1].append(abs(size).log() + shape.log_value(OPS, k * k))
    if not logs[1] or not logs[-1]:
        return arb(1 if logs[1] else -1)
    return _log_sum(logs[1]) - _log_sum(logs[-1])


def _log_sum(values: list[arb]) -> arb:
    if len(values) == 1:
        return values[0]
    shift = values[0].mid()
    for value in values:
        if value.mid() > shift:
            shift = value.mid()
    return shift + sum(((v - shift).exp() for v in values), arb(0)).log()


class _Signs:
    """Signs of one sum over intervals of t = log k, from its values at both ends and bounds of its slope between them.

    A function with slopes in [lo, hi] lies between the cones that these slopes open at the ends (Piyavskii 1972).
    """

    def __init__(self, total: SpectralSum, work: int) -> None:
        self.total, self.work = total, work
        self.logs = total.is_log_concave
        self.cache: dict[tuple[object, object], arb] = {}
        self.slopes: dict[tuple[object, object], list[tuple[arb, arb]]] = {}

    def hold(self, low: arb, high: arb, sign: int) -> bool:
        """Tells whether the sum has this sign on [low, high]; halves the interval where one look does not tell."""
        todo = [(low, high)]
        while todo:
            low, high = todo.pop()
            self.work -= 1
            ends = [sign * self._value(low), sign * self._value(high)]
            if self.work < 0 or any(end < 0 for end in ends):
                return False
            if not all(end > 0 for end in ends) or not (self._bounded(low, high, sign) or self._cones(low, high, sign, ends)):
                centre = (low * high).sqrt().mid()
                if not low < centre < high:
                    return False
                todo += [(low, centre), (centre, high)]
        return True

    def _cones(self, low: arb, high: arb, sign: int, ends: list[arb]) -> bool:
        """Whether the lower cones of sign * sum, opened at both ends, meet above zero."""
        slope = sign * self._slope(low, high)
        if not slope.is_finite():
            return False
        down, up = slope.lower(), slope.upper()
        if down >= 0 or up <= 0:  # monotone: both ends are positive already
            return True
        width = (high / low).log()
        where = (ends[0] - ends[1] + up * width) / (up - down)  # e0 + down t = e1 - up (width - t)
        return bool(ends[0] + down * where > 0)

    def _bounded(self, low: arb, high: arb, sign: int) -> bool:
        """Whether end values alone decide: positive shapes decrease, oscillating ones stay below their size."""
        least = arb(0)
        for shape, coefficient in self.total.terms:
            c = sign * ball.real(coefficient)
            if isinstance(shape, PositiveShape):
                k = high if c > 0 else low
                least += c * shape.value(OPS, k * k)
            elif isinstance(shape, Enclosed):
                bounds = shape.range(low, high)
                least += (c * bounds[0]).min(c * bounds[1])
            elif isinstance(shape, Hypergeometric):
                root = ball.number(shape.c2).sqrt()
                bounds = beta_bessel.range_1f2(shape.a, shape.m, (low * root).lower(), (high * root).upper())
                least += (c * bounds[0]).min(c * bounds[1])
            else:
                assert isinstance(shape, BesselJ)
                least -= abs(c) * _size(shape, low)
        return bool(least > 0)

    def _value(self, k: arb) -> arb:
        key = k.man_exp()
        if key not in self.cache:
            self.cache[key] = _log_difference(self.total, k) if self.logs else self.total.value(k)
        return self.cache[key]

    def _slope(self, low: arb, high: arb) -> arb:
        return self._log_slope(low, high) if self.logs else self._plain_slope(low, high)

    def _rows(self, k: arb) -> list[tuple[arb, arb]]:
        """(log of |coefficient| f, logarithmic slope) of every term at k."""
        key = k.man_exp()
        if key not in self.slopes:
            rows = []
            for shape, coefficient in self.total.terms:
                assert isinstance(shape, PositiveShape)
                rows.append((shape.log_value(OPS, k * k) + abs(ball.real(coefficient)).log(), shape.log_slope(OPS, k * k)))
            self.slopes[key] = rows
        return self.slopes[key]

    def _log_slope(self, low: arb, high: arb) -> arb:
        sides: dict[bool, list[tuple[arb, arb]]] = {True: [], False: []}
        for (_, coefficient), (v0, d0), (v1, d1) in zip(self.total.terms, self._rows(low), self._rows(high), strict=True):
            # log f and its slope both decrease in k, so the ends bound them.
            sides[bool(ball.real(coefficient) > 0)].append((v0.union(v1), d0.union(d1)))
        if not sides[True] or not sides[False]:
            return arb(0)
        return self._mean(sides[True]) - self._mean(sides[False])

    @staticmethod
    def _mean(parts: list[tuple[arb, arb]]) -> arb:
        """The mean of the slopes with weights exp(value): p_i = 1/(1 + sum over j of exp(value_j - value_i))."""
        if len(parts) == 1:
            return parts[0][1]
        total = arb(0)
        pivot = parts[0][1].mid()
        for i, (value, slope) in enumerate(parts):
            # end by end: the exponential of a wide ball would be a ball around zero
            gaps = [v - value for j, (v, _) in enumerate(parts) if j != i]
            most = 1 / (1 + sum((gap.lower().exp() for gap in gaps), arb(0)))
            least = 1 / (1 + sum((gap.upper().exp() for gap in gaps), arb(0)))
            total += (slope - pivot) * least.union(most)
        hull = parts[0][1]
        for _, slope in parts[1:]:
            hull = hull.union(slope)
        mean = pivot + total
        return mean.intersection(hull) if mean.is_finite() else hull

    def _plain_slope(self, low: arb, high: arb) -> arb:
        total = arb(0)
        for shape, coefficient in self.total.terms:
            if isinstance(shape, PositiveShape):
                f = shape.value(OPS, low * low).union(shape.value(OPS, high * high))
                d = shape.log_slope(OPS, low * low).union(shape.log_slope(OPS, high * high))
                total += ball.real(coefficient) * f * d
            elif isinstance(shape, Enclosed):
                total += ball.real(coefficient) * shape.slope(low, high)
            else:
                total += ball.real(coefficient) * _oscillating_slope(shape, low, high)
        return total


def _raised(shape: Shape) -> tuple[Fraction, BesselJ | Hypergeometric]:
    """(factor, g) with f' = -factor g in x = (c k)^2/4: differentiation of 0F1 and 1F2 raises every parameter by one."""
    if isinstance(shape, BesselJ):
        return 1 / shape.b, BesselJ(shape.b + 1, shape.c2)
    assert isinstance(shape, Hypergeometric)
    first = shape.a + Fraction(shape.m, 2)
    return shape.a / (first * (first + Fraction(1, 2))), Hypergeometric(shape.a + 1, shape.m, shape.c2)


def _size(shape: BesselJ | Hypergeometric, k: arb) -> arb:
    """A bound of |f| from k on."""
    z = k * ball.number(shape.c2).sqrt()
    if isinstance(shape, BesselJ):
        return beta_bessel.magnitude_0f1(shape.b, z)
    return beta_bessel.magnitude_1f2(shape.a, shape.m, z)


def _oscillating_slope(shape: Shape, low: arb, high: arb) -> arb:
    """df/d log k over [low, high]: its value in the middle, widened by a bound of the second derivative."""
    factor, g = _raised(shape)
    factor2, h = _raised(g)
    c2 = ball.number(g.c2)
    middle = (low * high).sqrt().mid()
    x, x_high = c2 * middle * middle / 4, c2 * high * high / 4
    slope = -2 * x * ball.number(factor) * g.value(OPS, middle * middle)
    bend = 4 * x_high * ball.number(factor) * (_size(g, low) + x_high * ball.number(factor2) * _size(h, low))
    return slope + arb(0, (bend * (high / low).log()).upper())


# --- the ends -----------------------------------------------------------------------------------------------------

Size = tuple[int, exact.Real, Fraction, int]


def _parts(total: SpectralSum, end: End, order: int) -> tuple[list[tuple[Size, exact.Real]], list[tuple[Size, arb]], arb]:
    expansion = expand(total, end, order)
    terms = [((*g.rate, p, m), c) for g in expansion.groups for p, m, c in g.terms]
    rests = [((*g.rate, r.power, r.logs), r.bound) for g in expansion.groups for r in g.rests]
    return terms, rests, expansion.valid


def _smaller(one: Size, two: Size, end: End) -> bool:
    """Whether exp(-b k^q) k^p L^m of ``one`` is of strictly smaller size than that of ``two`` at the end."""
    if one == two:
        return False
    if one[:2] != two[:2]:
        if one[0] != two[0]:
            return one[0] > two[0]
        return ball.sign(one[1] - two[1]) == 1
    if one[2] != two[2]:
        return (one[2] > two[2]) == (end is End.ZERO)
    return one[3] < two[3]


def _leading(total: SpectralSum, end: End, alone: bool = False) -> tuple[Size, exact.Real]:
    """The leading term, of known sign. ``alone``: nothing of its own size beside it, so that quotients have limits."""
    for order in (1, 2, 4, 8):
        terms, rests, _ = _parts(total, end, order)
        for size, coefficient in terms:
            others = [s for s, _ in terms if s != size] + [s for s, _ in rests if s != size]
            beside = [bound for s, bound in rests if s == size]
            with ball.precision(CHECK_BITS):
                if (
                    all(_smaller(s, size, end) for s in others)
                    and abs(ball.real(coefficient)) > sum(beside, arb(0))
                    and not (alone and beside)
                ):
                    return size, coefficient
    raise Refused(f"the behaviour toward k = {end.value} is not known")


def _with_rests(total: SpectralSum, end: End, size: Size, coefficient: exact.Real) -> arb:
    """A ball around the coefficient of a size at an end, with what of that size is known by bounds only."""
    best = arb.nan()
    for order in (1, 2, 4, 8):
        terms, rests, _ = _parts(total, end, order)
        others = all(s == size or _smaller(s, size, end) for s, _ in [*terms, *rests])  # else the rests of this size are not all
        if dict(terms).get(size) == coefficient and others:
            ball_here = ball.real(coefficient) + arb(0, sum((bound for s, bound in rests if s == size), arb(0)).upper())
            best = ball_here if not best.is_finite() or ball_here.rad() < best.rad() else best
    return best


def _leading_or_smaller(total: SpectralSum, end: End, size: Size) -> tuple[Size, exact.Real] | None:
    """Returns the leading term, or None where everything in the sum is of smaller size than ``size``."""
    return None if _all_smaller(total, end, size) else _leading(total, end)


def _all_smaller(total: SpectralSum, end: End, size: Size) -> bool:
    for order in (1, 2, 4, 8):
        terms, rests, _ = _parts(total, end, order)
        if all(_smaller(s, size, end) for s, _ in [*terms, *rests]):
            return True
    return False


def _leading_sign(total: SpectralSum, end: End, order: int, k: arb) -> int | None:
    """Returns the sign of a sum from k to the end where its leading term exceeds all others there, else None."""
    terms, rests, valid = _parts(total, end, order)
    if not (k <= valid if end is End.ZERO else k >= valid):
        return None
    lead = next((t for t in terms if all(t is o or _smaller(o[0], t[0], end) for o in terms)), None)
    if lead is None:
        return None
    with ball.precision(CHECK_BITS):
        logarithm = -k.log()
        total_size = arb(0)
        for size, bound in [(s, abs(ball.real(c))) for s, c in terms if s != lead[0]] + rests:
            if not (size == lead[0] or _smaller(size, lead[0], end)) or not _ratio_falls(size, lead[0], end, k, logarithm):
                return None
            total_size += bound * _log_ratio(size, lead[0], k, logarithm).exp()
        if not total_size < abs(ball.real(lead[1])):
            return None
    return ball.sign(lead[1])


def _log_ratio(one: Size, two: Size, k: arb, logarithm: arb) -> arb:
    """log of the quotient of the two sizes at k."""
    value = ball.number(one[2] - two[2]) * k.log()
    if one[:2] != two[:2]:
        value += ball.real(two[1]) * k ** two[0] - ball.real(one[1]) * k ** one[0]
    return value + (one[3] - two[3]) * logarithm.log() if one[3] != two[3] else value


def _ratio_falls(one: Size, two: Size, end: End, k: arb, logarithm: arb) -> bool:
    """Whether the quotient of the two sizes does not grow from k on toward the end."""
    power, logs = ball.number(one[2] - two[2]), one[3] - two[3]
    if end is End.ZERO:  # d log(quotient)/d log k = power - logs/L must stay >= 0 as L grows
        return bool(power >= 0) and (logs <= 0 or bool(power * logarithm >= logs))
    if one[:2] == two[:2]:
        return bool(power <= 0)
    # d log(quotient)/d log k = power - q b k^q + q0 b0 k^q0: negative at k, and k^q grows faster than k^q0 from k on.
    fast, slow = one[0] * ball.real(one[1]) * k ** one[0], two[0] * ball.real(two[1]) * k ** two[0]
    return bool(power - fast + slow <= 0) and bool(one[0] * fast >= two[0] * slow)
