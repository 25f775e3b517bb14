"""From a claim to a certificate: decide the sign everywhere, enclose the feasible eps, collect the proof."""

from __future__ import annotations

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import Undecidable
from wgflow.fourier.domain import NODE_BITS
from wgflow.stability import confined
from wgflow.stability.answer import Feasible, GrowingBand, Verdict, Witness, place_number, rounded
from wgflow.stability.bands import growing_bands
from wgflow.stability.certificate import Answer, Certificate, versions
from wgflow.stability.claim import Claim, EveryDimension, Place, every_dimension, is_every_dimension, make_claim, wavenumber
from wgflow.stability.feasible import feasible
from wgflow.stability.prove import Decision, decide, sign_at
from wgflow.stability.stabilizer import default_stabilizer
from wgflow.stability.suggest import suggestion


def certify(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = None,
    band: object = None,
) -> Answer:
    """Returns the proved answer to: does every Fourier mode decay under e - eps s?

    The growth rate of the mode k is role * k^2 * F(e - eps s)(k) at unit density (+ for the discriminator, - for the
    generator; Chen, Wu and Xiang 2023, sections 3 and 4). The verdict is DECAYS, GROWS or UNDECIDED; it comes with the
    growing bands, a witness and the interval of feasible eps, and with a proof that `wgflow.verify` replays.

    kernel, stabilizer: kernel text or Kernel; the default stabilizer is `default_stabilizer(kernel, dim)`.
    eps: strength; a number or text, exact (0.2 and "0.2" both mean 1/5).  dim: dimension of the feature space, 1 to 4096, or
    "all": every dimension at once, for kernels that are mixtures of Gaussians (the default stabilizer is then the kernel).
    role: "discriminator" or "generator".  period: of a torus, a number or text such as "2*pi": only its modes count.
    band: (k1, k2) or "k1,k2": only these wavenumbers count.

    Raises InputError (a ValueError) for input that is not understood.

    >>> import wgflow as wg
    >>> wg.certify("rbf(1)", stabilizer="elastic", eps="0.7", dim=2).verdict
    <Verdict.DECAYS: 'DECAYS'>
    """
    if is_every_dimension(dim):
        return certify_any(every_dimension(kernel, stabilizer, eps, role, period, band))
    e = make_claim(kernel, "0*rbf", 0, dim).kernel
    s = default_stabilizer(e, int(str(dim))) if stabilizer is None else stabilizer
    return certify_claim(make_claim(e, s, eps, dim, role, period, band))


def certify_any(claim: Claim | EveryDimension) -> Answer:
    """Returns the certificate of a claim about one dimension or about every dimension."""
    if isinstance(claim, Claim):
        return certify_claim(claim)
    if confined.is_needed(claim.kernel, claim.stabilizer):
        return _confined(claim)
    from wgflow.stability.every_dimension import certify_every_dimension  # late: most claims are about one dimension

    return certify_every_dimension(claim)


def _confined(claim: Claim | EveryDimension) -> Answer:
    """Returns the certificate as a child process finds it, UNDECIDED where it does not come to its end."""
    from wgflow.stability.confined_message import answer_from_message, undecided  # late: most kernels are named

    try:
        return answer_from_message(claim, confined.in_child("certificate", claim.to_json()))
    except confined.Stopped as problem:
        return undecided(claim, str(problem))


def certify_claim(claim: Claim) -> Certificate:
    """Returns the certificate of a claim; where it has an expression, a child process under limits computes it."""
    if confined.is_needed(claim.kernel, claim.stabilizer):
        confined_answer = _confined(claim)
        assert isinstance(confined_answer, Certificate)
        return confined_answer
    reasons: list[str] = []
    answer: Decision | None = None
    try:
        answer = decide(claim.growth, claim.domain, claim.dim)
    except (Undecidable, OverflowError) as problem:
        reasons.append(str(problem))
    found: Feasible | None = None
    try:
        found = feasible(*claim.sides, claim.domain, claim.dim)
    except (Undecidable, OverflowError) as problem:
        reasons.append(f"feasible eps: {problem}")
    verdict = _verdict(answer)
    if verdict is Verdict.UNDECIDED and answer is not None:
        reasons.insert(0, f"the sign of the growth rate is not decided {', '.join(answer.open[:3])}; {_hint(found)}")
    witness: Witness | None = None
    bands: tuple[GrowingBand, ...] = ()
    if verdict is Verdict.GROWS and answer is not None:
        witness = _best_witness(claim, answer.grows)
        bands, note = growing_bands(answer.chart, witness, claim.domain, claim.dim)
        if note:
            reasons.append(note)
    advice = None if verdict is Verdict.DECAYS else suggestion(claim, found)
    return Certificate(
        claim, verdict, "; ".join(reasons) or None, witness, bands, found,
        answer.chart if answer is not None else None, advice, versions(),
    )  # fmt: skip


def _verdict(answer: Decision | None) -> Verdict:
    if answer is None:
        return Verdict.UNDECIDED
    if answer.decays:
        return Verdict.DECAYS
    return Verdict.GROWS if answer.grows else Verdict.UNDECIDED


def _hint(found: Feasible | None) -> str:
    if found is not None and (found.lower or found.upper):
        return "an eps a little farther from the end of the feasible interval would decide it"
    return "a band (--band K1,K2) or a period may decide the part that matters"


def witness_at(claim: Claim, place: Place) -> Witness:
    """Returns the witness at a place, its rate enclosed at unit density; exactly [0, 0] where the sum is exactly 0."""
    if sign_at(claim.growth, place, claim.domain) == 0:
        return Witness(place, place_number(place, claim.domain), (0.0, 0.0))
    with ball.precision(2 * NODE_BITS):
        rate = claim.rate(wavenumber(place, claim.domain))
    return Witness(place, place_number(place, claim.domain), rounded(rate.lower(), rate.upper()))


def _best_witness(claim: Claim, places: tuple[Place, ...]) -> Witness:
    """Returns the place with the largest rate among the first few."""
    found = [witness_at(claim, place) for place in places[:8]]
    return max(found, key=lambda w: w.rate[0])
