"""What is found about a training, in words and as JSON data."""

from __future__ import annotations

from fractions import Fraction

from wgflow.fourier.asymptotics import End
from wgflow.fourier.domain import Band, Period
from wgflow.stability.answer import number_text
from wgflow.stability.certificate import interval_json, versions
from wgflow.stability.suggest import beyond
from wgflow.stability.update_answer import SCHEMA, Outcome, doubles
from wgflow.stability.update_thresholds import Threshold
from wgflow.stability.words import bands_text, decimal_text

TYPE_CHECKING = False  # type checkers take it as true
if TYPE_CHECKING:
    from wgflow.stability.updates import LearningRate

VERDICT_TEXT = {
    Outcome.STABLE: "STABLE: every multiplier is proved to be smaller than 1 in size, at every mode",
    Outcome.UNSTABLE: "UNSTABLE: a mode is proved not to contract",
    Outcome.UNDECIDED: "UNDECIDED: neither proved nor refuted",
}
ADAM_NOTE = "an approximation: Adam with its second moments frozen; the verdict is proved for that linear map, not for Adam"
FLOW_TEXT = {"DECAYS": "every mode decays", "GROWS": "a mode does not decay", "UNDECIDED": "not decided"}


def rows(found: LearningRate) -> list[tuple[str, str]]:
    """Returns (name, text) pairs: the question, the verdict, the thresholds, what to change."""
    return [*_question(found), *_answer(found)]


def _question(found: LearningRate) -> list[tuple[str, str]]:
    rule, claim = found.training.rule, found.training.discriminator
    domain = claim.domain
    modes = "all k > 0"
    if isinstance(domain, Period):
        modes = f"the modes of a torus of period {domain.text}"
    elif isinstance(domain, Band):
        modes = f"{domain.low} <= k <= {domain.high}"
    steps = f"{rule.n_critic} discriminator step{'s' if rule.n_critic > 1 else ''}, then one generator step"
    if rule.simultaneous:
        steps = f"{rule.n_critic} discriminator step{'s' if rule.n_critic > 1 else ''}, the generator's with the last"
    if rule.is_one_player:
        steps = "the discriminator alone" if rule.lr_d else "the generator alone"
    out = [
        ("kernel e", str(claim.kernel)),
        ("stabilizer s", str(claim.stabilizer)),
        ("eps", str(claim.eps)),
        ("dimension", str(claim.dim)),
        ("modes", modes),
        ("density", str(found.training.density)),
        ("learning rates", f"discriminator {decimal_text(rule.lr_d)}, generator {decimal_text(rule.lr_g)}"),
        ("cycle", f"{steps}; the discriminator moves {'p and q' if rule.moves == 'both' else 'p'}"),
        ("momentum", _momentum(found)),
    ]
    if rule.adam is not None:
        out.append(("adam", f"gradients of size {decimal_text(rule.adam)}; {ADAM_NOTE}"))
    return out


def _momentum(found: LearningRate) -> str:
    rule = found.training.rule
    if not rule.momentum_d and not rule.momentum_g:
        return "none"
    kind = "Nesterov" if rule.nesterov else "heavy ball"
    return f"{kind}, discriminator {decimal_text(rule.momentum_d)}, generator {decimal_text(rule.momentum_g)}"


def _answer(found: LearningRate) -> list[tuple[str, str]]:
    out = [("verdict", VERDICT_TEXT[found.verdict])]
    if found.reason:
        out.append(("reason" if found.verdict is Outcome.UNDECIDED else "note", found.reason))
    if found.unstable_bands:
        out.append(("unstable modes", bands_text(found.unstable_bands)))
    if found.witness is not None:
        k = found.witness.wavenumber
        text = f"{k:.9g}" if isinstance(k, float) else k
        out.append(("witness", f"k = {text}, largest multiplier {number_text(found.witness.size)} in size"))
    out.append(("slow training", f"toward zero rates (their ratio kept) {FLOW_TEXT[found.flow]}"))
    out.append(("largest rates", _largest(found)))
    if found.training.rule.lr_d:
        out.append(("least eps", _least(found)))
    if found.suggestion:
        out.append(("to fix it", found.suggestion))
    return out


def _unbounded_text(found: LearningRate) -> str:
    ends = " and ".join("0" if end == "zero" else "infinity" for end in found.unbounded)
    return f"none: the growth rates have no bound as k tends to {ends}; a band (--band K1,K2) asks about fewer modes"


def _largest(found: LearningRate) -> str:
    if found.unbounded:
        return _unbounded_text(found)
    if found.largest is None:
        return "none: small rates are unstable too" if found.flow == "GROWS" else "not determined"
    rule = found.training.rule
    parts = [f"{name} < {number_text(ends)}" for name, rate, ends in
             (("lr-d", rule.lr_d, found.largest_lr_d), ("lr-g", rule.lr_g, found.largest_lr_g)) if rate and ends]  # fmt: skip
    note = "" if rule.is_connected else " (both sides proved; that all smaller rates are stable is a float64 scan)"
    return f"{', '.join(parts)}, their ratio kept{note}" if not rule.is_one_player else parts[0]


def _least(found: LearningRate) -> str:
    if found.unbounded:
        return _unbounded_text(found)
    if found.least_eps is None:
        return "none found, for these learning rates"
    if not found.least_eps.high:
        return "0 is enough, for these learning rates"
    return f"{number_text(doubles(found.least_eps.low, found.least_eps.high))}, for these learning rates"


def suggestion(found: LearningRate) -> str | None:
    """Returns what to type so that training is stable, None where it is or nothing is known."""
    training = found.training
    if found.verdict is Outcome.STABLE:
        return None
    if found.unbounded:
        limit = found.unstable_bands[0].start[0] if found.unstable_bands else 0.0
        below = found.unbounded == (End.INFINITY.value,) and found.flow == "DECAYS" and limit > 0
        if not below or isinstance(training.discriminator.domain, Period):
            return None
        return f"only modes below k = {limit:.6g} contract: --band {_text(limit / 1e4)},{_text(limit)}, or another stabilizer"
    if found.largest is not None and found.largest.low > 0:
        pairs = (("--lr-d", training.rule.lr_d), ("--lr-g", training.rule.lr_g))
        factor = Fraction(beyond(found.largest.low, -1, 3))
        return " ".join(f"{name} {decimal_text(rate * factor)}" for name, rate in pairs if rate)
    if found.least_eps is not None:
        return f"--eps {beyond(found.least_eps.high, 1, 3)}"
    return None


def _text(value: float) -> str:
    return beyond(Fraction(value), -1, 3)


# --- JSON ---------------------------------------------------------------------------------------------------------


def to_json(found: LearningRate) -> dict[str, object]:
    """Returns plain data in the schema wgflow.learning-rate/1."""
    claim = {key: value for key, value in found.training.discriminator.to_json().items() if key != "role"}
    mode = found.witness
    return {
        "schema": SCHEMA,
        "problem": {**claim, "density": str(found.training.density)},
        "rule": found.training.rule.to_json(),
        "verdict": found.verdict.value,
        "approximation": None if found.training.rule.adam is None else ADAM_NOTE,
        "reason": found.reason,
        "witness": None if mode is None else {"wavenumber": mode.wavenumber, "multiplier": interval_json(mode.size)},
        "unstable_bands": [
            {"start": list(band.start), "end": None if band.end is None else list(band.end)} for band in found.unstable_bands
        ],
        "flow": found.flow,
        "unbounded": list(found.unbounded),
        "largest": None if found.largest is None else _largest_json(found),
        "least_eps": _threshold_json(found.least_eps),
        "suggestion": found.suggestion,
        "versions": dict(versions()),
    }


def _largest_json(found: LearningRate) -> dict[str, object]:
    rule = found.training.rule
    return {
        "factor": _threshold_json(found.largest),
        "lr_d": list(found.largest_lr_d or ()),
        "lr_g": list(found.largest_lr_g or ()),
        "smaller_rates_proved": rule.is_connected,
    }


def _threshold_json(found: Threshold | None) -> list[str] | None:
    return None if found is None else [str(found.low), str(found.high)]
