"""Which learning rates make training contract every Fourier mode: the verdict, the thresholds, and what to change."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from flint import acb_mat, arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.fourier.asymptotics import Undecidable
from wgflow.record import record
from wgflow.stability import confined
from wgflow.stability.answer import GrowingBand, Witness, place_number, rounded
from wgflow.stability.bands import growing_bands
from wgflow.stability.claim import Claim, Place, make_claim, wavenumber
from wgflow.stability.prove import decide
from wgflow.stability.stabilizer import default_stabilizer
from wgflow.stability.update_answer import Outcome, UnstableMode, doubles
from wgflow.stability.update_bounds import Training, UpdateBounds
from wgflow.stability.update_prove import Contraction, contraction
from wgflow.stability.update_rule import cycle, make_rule
from wgflow.stability.update_thresholds import Threshold, largest_rate, least_eps, unbounded_ends

TYPE_CHECKING = False  # type checkers take it as true; importing xarray would cost start-up
if TYPE_CHECKING:
    from typing import Any

    from xarray import Dataset

WITNESS_BITS = (256, 1024)


@record
class LearningRate:
    """The answer of `wgflow.learning_rate`.

    unstable_bands: wavenumbers that do not contract, ends enclosed.  flow: whether toward zero learning rates (their ratio
    kept) every mode decays: "DECAYS", "GROWS" or "UNDECIDED".  unbounded: ends of the domain where the growth rates have no
    bound.  thresholds: (largest, least_eps) where they came from another process; else they are found when asked for.
    """

    training: Training
    verdict: Outcome
    reason: str | None
    witness: UnstableMode | None
    unstable_bands: tuple[GrowingBand, ...]
    flow: str
    unbounded: tuple[str, ...]
    thresholds: tuple[Threshold | None, Threshold | None] | None = None

    @cached_property
    def largest(self) -> Threshold | None:
        """Enclosure of the factor of both learning rates up to which training is stable, None where none is found."""
        if self.thresholds is not None:
            return self.thresholds[0]
        return largest_rate(self.training) if self.flow != "GROWS" else None

    @cached_property
    def least_eps(self) -> Threshold | None:
        """Enclosure of the least eps >= 0 that makes training at these rates stable, None where none is found."""
        if self.thresholds is not None:
            return self.thresholds[1]
        return least_eps(self.training) if self.training.rule.lr_d else None

    @property
    def largest_lr_d(self) -> tuple[float, float] | None:
        """Doubles around the largest stable learning rate of the discriminator, the ratio of the rates kept."""
        return self._times(self.training.rule.lr_d)

    @property
    def largest_lr_g(self) -> tuple[float, float] | None:
        """The same of the generator."""
        return self._times(self.training.rule.lr_g)

    def _times(self, rate: Fraction) -> tuple[float, float] | None:
        return None if self.largest is None else doubles(rate * self.largest.low, rate * self.largest.high)

    @property
    def suggestion(self) -> str | None:
        """What to type so that training is stable, or None."""
        from wgflow.stability.updates_words import suggestion

        return suggestion(self)

    def chart(self, points: object = 41) -> Dataset:
        """Returns the stability chart over (learning rate, eps) in float64, see `wgflow.stability.updates_chart`."""
        from wgflow.stability.updates_chart import chart  # late: xarray

        return chart(self, points)

    def plot(self, axes: object = None) -> object:
        """Draws the stability chart on Matplotlib axes and returns them."""
        from wgflow.plots import plot_learning_rate

        return plot_learning_rate(self.chart(), axes)

    def to_json(self) -> dict[str, object]:
        """Returns plain data in the schema wgflow.learning-rate/1."""
        from wgflow.stability.updates_words import to_json

        return to_json(self)

    def summary(self) -> str:
        from wgflow.stability.updates_words import rows

        found = rows(self)
        width = max(len(name) for name, _ in found)
        return "\n".join(f"{name:<{width}}  {text}" for name, text in found)

    def __str__(self) -> str:
        return self.summary()


def learning_rate(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    lr_d: object = "1e-3",
    lr_g: object = 0,
    n_critic: object = 1,
    momentum: object = 0,
    nesterov: bool = False,
    update: object = "alternating",
    moves: object = "p",
    density: object = 1,
    period: object = None,
    band: object = None,
    adam: object = None,
) -> LearningRate:
    """Returns the proved answer to: does training with these learning rates contract every Fourier mode?

    About a constant density C, a mode of w = p - q is multiplied in each cycle of ``n_critic`` discriminator steps and one
    generator step by a small matrix (`wgflow.stability.update_rule`), whose eigenvalues, the multipliers, must all be smaller
    than 1 in size. Plain gradient steps of one player multiply by 1 + eta a: stable exactly for eta < 2/|a| where a < 0.

    kernel, stabilizer, eps, dim, period, band: as for `wgflow.certify`; the discriminator ascends with e - eps s, the generator
    descends with e.  lr_d, lr_g: learning rates, 0 for a player that rests.  momentum: in [0, 1), one number or (D, G).
    nesterov: Nesterov's momentum instead of the heavy ball.  update: "alternating", or "simultaneous" (the generator's gradient
    is taken before the last discriminator step).  moves: "p", or "both" where the discriminator moves q too.  density: C.
    adam: root mean square of the gradients at which Adam's second moments are taken as frozen: an approximation of Adam, whose
    first moment is ``momentum``.

    The verdict is STABLE, UNSTABLE or UNDECIDED; STABLE and UNSTABLE are proved in balls, and both sides of each threshold.
    Raises InputError (a ValueError) for input that is not understood.

    >>> found = learning_rate("rbf", "rbf", eps=2, lr_d="0.1")  # k^2 F(rbf)(k) has the maximum 4 pi/e: eta < 2 e/(4 pi)
    >>> found.verdict.value, [round(x, 6) for x in found.largest_lr_d]
    ('STABLE', [0.432628, 0.432628])
    """
    rule = make_rule(lr_d, lr_g, n_critic, momentum, nesterov, update, moves, adam)
    base = rational(density, "density")
    if not Fraction(1, 10**300) <= base <= 10**300:
        raise InputError(f"density {shown(density)} must be positive, from 1e-300 to 1e300; type --density 1, say.")
    e = make_claim(kernel, "0*rbf", 0, dim).kernel
    s = default_stabilizer(e, integer(dim, "dim", 1, 4096)) if stabilizer is None else stabilizer
    return answer(training_of(make_claim(e, s, eps, dim, "discriminator", period, band), rule, base))


def training_of(claim: Claim, rule: Any, density: Fraction) -> Training:
    """Returns the training whose discriminator a claim is about."""
    data = claim.to_json()
    generator = make_claim(claim.kernel, "0*rbf", 0, claim.dim, "generator", data["period"], data["band"])
    return Training(rule, claim, generator, density)


def answer(training: Training) -> LearningRate:
    """Returns the answer; where a kernel has an expression, a child process under limits computes it."""
    claim = training.discriminator
    if not confined.is_needed(claim.kernel, claim.stabilizer):
        return _answer(training)
    data = {"claim": claim.to_json(), "rule": training.rule.to_json(), "density": str(training.density)}
    try:
        return from_message(training, confined.in_child("learning rate", data))
    except confined.Stopped as problem:
        return LearningRate(training, Outcome.UNDECIDED, str(problem), None, (), "UNDECIDED", (), (None, None))


def _answer(training: Training) -> LearningRate:
    reasons: list[str] = []
    found: Contraction | None = None
    flow, witness = "UNDECIDED", None
    bands: tuple[GrowingBand, ...] = ()
    try:
        found = contraction(training)
        flow = _flow(training)
    except (Undecidable, OverflowError) as problem:
        reasons.append(str(problem))
    verdict = Outcome.UNDECIDED
    if found is not None:
        verdict = Outcome.STABLE if found.holds else Outcome.UNSTABLE if found.fails else Outcome.UNDECIDED
        if verdict is Outcome.UNDECIDED:
            reasons.append(f"whether modes contract is not decided {', '.join(found.open[:3])}")
        if found.fails:
            witness, bands, note = _unstable(training, found)
            reasons += [note] if note else []
    ends = tuple(end.value for end in unbounded_ends(training)) if found is not None else ()
    known = None if found is not None else (None, None)  # what is not decided here is not decided there either
    return LearningRate(training, verdict, "; ".join(reasons) or None, witness, bands, flow, ends, known)


def _flow(training: Training) -> str:
    """Returns whether every mode decays toward zero learning rates; what is exactly neutral does not."""
    claim = training.discriminator
    found = decide(training.drift, claim.domain, claim.dim)
    return "DECAYS" if found.decays else "GROWS" if found.grows else "UNDECIDED"


def _unstable(training: Training, found: Contraction) -> tuple[UnstableMode, tuple[GrowingBand, ...], str | None]:
    claim = training.discriminator
    sizes = [(multiplier_size(training, place), place) for place in found.fails[:8]]
    size, place = max(sizes, key=lambda pair: pair[0][0])
    mode = UnstableMode(place_number(place, claim.domain), size)
    bands, note = growing_bands(found.chart, Witness(place, mode.wavenumber, size), claim.domain, claim.dim)
    return mode, bands, None if note is None else "the list of unstable modes is not complete"


def multiplier_size(training: Training, place: Place) -> tuple[float, float]:
    """Returns doubles around the size of the largest multiplier at a wavenumber where it is proved to be at least 1."""
    for bits in WITNESS_BITS:
        with ball.precision(bits):
            bounds = UpdateBounds(training)
            x, y = bounds.moves(bounds.node(wavenumber(place, training.discriminator.domain)))
            matrix = acb_mat(cycle(training.rule, x, y, ball.number))
            try:
                sizes = [abs(each) for each in matrix.eig(multiple=True)]
            except ValueError:  # not isolated: a norm is a bound from above
                sizes = [abs(matrix[i, j]) for i in range(matrix.nrows()) for j in range(matrix.ncols())]
                most = sum(sizes, arb(0)).upper()
                continue
            low, high = rounded(max(s.lower() for s in sizes), max(s.upper() for s in sizes))
            return max(1.0, low), high
    return 1.0, rounded(most, most)[1]


# --- between processes --------------------------------------------------------------------------------------------


def to_message(found: LearningRate) -> dict[str, object]:
    """Returns what was found as plain data, without the training."""
    return {
        "verdict": found.verdict.value,
        "reason": found.reason,
        "witness": None if found.witness is None else [found.witness.wavenumber, list(found.witness.size)],
        "bands": [[list(band.start), None if band.end is None else list(band.end)] for band in found.unstable_bands],
        "flow": found.flow,
        "unbounded": list(found.unbounded),
        "thresholds": [None if t is None else [str(t.low), str(t.high)] for t in (found.largest, found.least_eps)],
    }


def from_message(training: Training, data: dict[str, Any]) -> LearningRate:
    witness, bands = data["witness"], data["bands"]
    largest, least = (None if t is None else Threshold(Fraction(t[0]), Fraction(t[1])) for t in data["thresholds"])
    return LearningRate(
        training, Outcome(data["verdict"]), data["reason"],
        None if witness is None else UnstableMode(witness[0], (witness[1][0], witness[1][1])),
        tuple(GrowingBand((s[0], s[1]), None if e is None else (e[0], e[1])) for s, e in bands),
        data["flow"], tuple(data["unbounded"]), (largest, least),
    )  # fmt: skip


def in_child(data: dict[str, Any]) -> dict[str, object]:
    """Returns the message of the answer that a message asks for."""
    rule = make_rule(**data["rule"])
    return to_message(answer(training_of(make_claim(**data["claim"]), rule, Fraction(data["density"]))))
