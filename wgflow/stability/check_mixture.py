"""The independent check of a certificate about every dimension: nothing in the file is believed.

The mixing measures are made anew from the claim's text, and every atom, sign, limit, enclosure and rate is computed again.
No code is shared with the search (`mixture`, `mixture_eps`, `every_dimension`); signs are those of `check_density`.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.fourier.asymptotics import End
from wgflow.fourier.domain import NODE_BITS
from wgflow.kernels.mixing import Density, MixingMeasure
from wgflow.stability.answer import Verdict, Witness, place_number, rounded
from wgflow.stability.certificate import interval_json, render
from wgflow.stability.certificate_mixture import (
    EVERY_DIMENSION_RESULT,
    NO_WITNESS,
    atoms_json,
    density_chart_from_json,
    witness_json,
)
from wgflow.stability.check_density import CHECK_BITS, has_positive_part, leading_term, require_nonpositive, require_signs
from wgflow.stability.claim import WITNESS_BITS, EveryDimension, every_dimension
from wgflow.stability.verified import Refused, Verified, require, require_envelope, require_reason


def check_every_dimension(data: dict) -> Verified:
    """Returns what the data of a certificate prove; raises Refused, or what malformed data lead to."""
    require_envelope(data)
    result, proof = data["result"], data["proof"]
    keys = {"schema", "claim", "least_dimension", "verdict", "reason", "witness", "feasible_eps"}
    require(set(result) == keys and result["schema"] == EVERY_DIMENSION_RESULT, "the result has other keys")
    require(set(proof) == {"atoms", "density", "witness", "feasible"}, "the proof has other keys")
    given = result["claim"]
    claim = every_dimension(**{key: value for key, value in given.items() if key != "dim"})
    require(_same(claim.to_json(), given), "the claim is not in canonical form")
    require(_same(result["least_dimension"], claim.least_dimension), "the least dimension is not that of the kernels")
    require(_same(proof["atoms"], atoms_json(claim)), "the atoms are not those of the mixing measures")
    verdict = Verdict(result["verdict"])
    note = _verdict(claim, verdict, result, proof)
    _feasible(claim, result["feasible_eps"], proof["feasible"])
    if verdict is Verdict.UNDECIDED:
        require(isinstance(result["reason"], str), "an undecided verdict gives no reason")
    else:
        require_reason(result["reason"], note, result["feasible_eps"] is None)
    return Verified(claim, verdict, result)


def _same(stated: object, true: object) -> bool:
    """Whether two pieces of data are written alike: 0, 0.0 and false are equal, but not the same."""
    return render(stated) == render(true)


def _verdict(claim: EveryDimension, verdict: Verdict, result: dict, proof: dict) -> str | None:
    """Requires the verdict to hold; returns the note that belongs to it."""
    chart = density_chart_from_json(proof["density"])
    if verdict is not Verdict.GROWS:
        require(result["witness"] is None and proof["witness"] is None, f"{verdict.value}, yet it claims growth")
    if verdict is Verdict.UNDECIDED:
        return None
    measure = claim.growth
    if verdict is Verdict.DECAYS:
        require(measure is not None, "no mixing measure of the kernels is known")
        assert measure is not None
        require(not measure.is_zero, "the rate is identically zero, which is no decay")
        require_nonpositive(measure, chart)
        return None
    if measure is not None:
        require_signs(measure.density, chart)
    else:
        require(chart is None, "a sign chart is given, and no mixing measure is known")
    if proof["witness"] is not None:
        _witness(claim, result["witness"], proof["witness"])
        return None
    require(result["witness"] is None, "the witness has no proof")
    require(measure is not None and has_positive_part(measure, chart), "no part of the mixing measure is proved to be positive")
    return NO_WITNESS.format(most=claim.most_dimension)


def _witness(claim: EveryDimension, stated: dict, place: object) -> None:
    """Requires the rate at the witness to be >= 0, and to be what is stated."""
    n = stated["dim"]
    require(type(n) is int and claim.least_dimension <= n <= claim.most_dimension, "the witness has no such dimension")
    within, k = claim.within(n), ball.parse_point(place)
    require(bool(k > 0), "a wavenumber is not positive")
    rate = (0.0, 0.0)
    if not within.growth.is_zero:
        with ball.precision(WITNESS_BITS):
            value = within.rate(k)
            require(bool(value > 0), "the rate at the witness is not proved to be >= 0")
            rate = rounded(value.lower(), value.upper())
    found = Witness(k, place_number(k, None), rate, n)
    require(_same(stated, witness_json(found)), "the witness' wavenumber or rate is not what it should be")


# --- the feasible interval ----------------------------------------------------------------------------------------


def _feasible(claim: EveryDimension, stated: dict | None, proof: dict | None) -> None:
    require((stated is None) == (proof is None), "the feasible interval and its proof do not match")
    if stated is None or proof is None:
        return
    kernel, stabilizer = claim.sides
    if kernel is None or stabilizer is None:
        raise Refused("a feasible interval is given, and no mixing measure is known")
    require(set(stated) == {"empty", "lower", "upper"}, "the feasible interval has other keys")
    keys = {"empty", "lower", "upper", "lower_density", "upper_density"}
    require(set(proof) == keys, "the interval's proof has other keys")
    for side in ("lower", "upper"):
        require((stated[side] is None) == (proof[side] is None), f"the {side} end and its proof do not match")
    if proof["empty"] is not None:
        require(_same(stated, {"empty": True, "lower": None, "upper": None}), "an empty interval has no ends")
        require(proof["lower_density"] is None and proof["upper_density"] is None, "an empty interval has no open sides")
        _require_empty(kernel, stabilizer, proof["empty"])
        return
    require(stated["empty"] is False, "the interval is not proved to be empty")
    if stabilizer.is_zero:
        require(stated["lower"] is None and stated["upper"] is None, "without a stabilizer the interval has no ends")
        require(not kernel.is_zero, "the rate is identically zero, which is no decay")
        require(_same(proof["lower_density"], proof["upper_density"]), "every eps has one proof")
        require_nonpositive(kernel, density_chart_from_json(proof["upper_density"]))
        return
    side, open_side = ("upper", "lower") if stated["lower"] is None else ("lower", "upper")
    require(stated[open_side] is None and stated[side] is not None, "the interval does not have one end")
    require(proof[f"{side}_density"] is None, "a side with an end is not open")
    minus = stabilizer.times(exact.number(-1))
    positive, negative = (stabilizer, minus) if side == "lower" else (minus, stabilizer)
    require_nonpositive(negative, density_chart_from_json(proof[f"{open_side}_density"]))
    _require_end_of_interval(kernel, positive, stated[side], proof[side], 1 if side == "lower" else -1)


def _require_empty(kernel: MixingMeasure, stabilizer: MixingMeasure, proof: dict) -> None:
    require(set(proof) == {"kind", "end", "density"}, "the proof of emptiness has other keys")
    chart = density_chart_from_json(proof["density"])
    require(proof["kind"] == "mixing end" or proof["end"] is None, "this proof of emptiness names no end")
    require(proof["kind"] in ("mixing density", "mixing kernel") or chart is None, "this proof of emptiness needs no signs")
    match proof["kind"]:
        case "mixing atom":
            both = {t for t, _ in stabilizer.atoms}
            holds = any(t not in both and ball.sign(weight) == 1 for t, weight in kernel.atoms)
        case "mixing density":
            require_signs(kernel.density, chart)
            holds = not stabilizer.density and chart is not None and 1 in chart.signs
        case "mixing kernel":
            require_signs(kernel.density, chart)
            holds = stabilizer.is_zero and (kernel.is_zero or has_positive_part(kernel, chart))
        case "mixing end":
            (size, top), (other, _) = (leading_term(m.density, End(proof["end"])) for m in (kernel, stabilizer))
            holds = size < other and ball.sign(top) == 1
        case _:
            holds = False
    require(holds, "the interval is not proved to be empty")


def _require_end_of_interval(kernel: MixingMeasure, stabilizer: MixingMeasure, stated: dict, proof: dict, flip: int) -> None:
    """Checks a lower end for S >= 0; an upper end is the lower end for -S and -eps."""
    require(set(proof) == {"kind", "end", "enclosure", "t", "density"}, "an end's proof has other keys")
    chart = density_chart_from_json(proof["density"])
    if proof["kind"] == "mixing interior":
        low, high = _interior(kernel, stabilizer, proof, flip)
        total = kernel - stabilizer.times(ball.exact_point(high))
        require(not _are_proportional(kernel, stabilizer), "the kernel is a multiple of the stabilizer")
    else:
        require(proof["enclosure"] is None and proof["t"] is None, "an exact end needs no enclosure")
        top, bottom = _exact_end(kernel, stabilizer, proof)
        require(ball.sign(bottom) == 1, "the stabilizer's measure is not positive there")
        total = kernel.times(bottom) - stabilizer.times(top)
        with ball.precision(NODE_BITS):
            value = ball.real(top) / ball.real(bottom)
            low, high = value.lower(), value.upper()
    if flip < 0:
        low, high = ball.negated(high), ball.negated(low)
    identity = proof["kind"] == "mixing identity"
    require(identity == total.is_zero, "the kernel is, or is not, a multiple of the stabilizer")
    require(
        _same(stated, {"enclosure": interval_json(rounded(low, high)), "attained": not identity}),
        "an end's enclosure is not what it should be",
    )
    require_nonpositive(total, chart)


def _interior(kernel: MixingMeasure, stabilizer: MixingMeasure, proof: dict, flip: int) -> tuple[arb, arb]:
    """Returns [low, high] as a lower end, after checking that at t the density asks for eps > low."""
    require(proof["end"] is None, "an interior end lies at no end")
    low, high = map(ball.parse_point, proof["enclosure"])
    if flip < 0:
        low, high = ball.negated(high), ball.negated(low)
    require(bool(low <= high), "an enclosure is empty")
    t = ball.parse_point(proof["t"])
    require(bool(t > 0), "t is not positive")
    with ball.precision(2 * CHECK_BITS):
        below = [_value(m.density, t) for m in (stabilizer, kernel - stabilizer.times(ball.exact_point(low)))]
    require(bool(below[0] > 0) and bool(below[1] >= 0), "the lower bound of an end does not hold")
    return low, high


def _value(density: Density, t: arb) -> arb:
    return sum((ball.real(c) * shape.log_value(OPS, t).exp() for shape, c in density), arb(0))


def _exact_end(kernel: MixingMeasure, stabilizer: MixingMeasure, proof: dict) -> tuple[exact.Real, exact.Real]:
    """Returns (top, bottom) of the quotient that the supremum of dE/dS cannot lie below."""
    if proof["end"] is None:
        require(proof["kind"] in ("mixing atom", "mixing identity"), "no such end of an interval")
        weights = dict(kernel.atoms)
        pairs = [(weights.get(t, exact.ZERO), weight) for t, weight in stabilizer.atoms]
        require(bool(pairs), "the stabilizer has no atoms")
        return max(pairs, key=lambda pair: _weight(pair[0]) / _weight(pair[1]))
    require(proof["kind"] in ("mixing limit", "mixing identity"), "no such end of an interval")
    end = End(proof["end"])
    other, bottom = leading_term(stabilizer.density, end)
    if not kernel.density:
        return exact.ZERO, bottom
    size, top = leading_term(kernel.density, end)
    require(size >= other, "the kernel's density outgrows the stabilizer's")
    return (top if size == other else exact.ZERO), bottom


def _weight(value: exact.Real) -> Fraction:
    """Returns the weight of an atom, which is rational: a kernel's weights and eps are."""
    weight = value.rational()
    assert weight is not None
    return weight


def _are_proportional(one: MixingMeasure, two: MixingMeasure) -> bool:
    """Tells whether one = v * two for some number v; ``two`` is not zero."""
    pairs = [(dict(one.atoms).get(t, exact.ZERO), w) for t, w in two.atoms]
    pairs += [(dict(one.density).get(shape, exact.ZERO), c) for shape, c in two.density]
    top, bottom = pairs[0]
    return (one.times(bottom) - two.times(top)).is_zero
