"""From a claim about every dimension to its certificate.

F(e - eps s)(k) in R^n is the integral of (pi/t)^{n/2} exp(-k^2/4t) dm(t), m = mu_e - eps mu_s (role sign included).

Where m <= 0 and m is not zero, the integrand is positive and every mode decays, whatever n and k > 0 are.

Where a part of m is positive, modes grow in every large enough n (Laplace's method). With k^2 = 2 n u the kernel of the
integral is a positive constant times psi(t)^{n/2}, psi(t) = (u/t) exp(1 - u/t) <= 1, with equality at t = u alone. Where the
density of m is positive on an interval, take u inside, not at an atom: its part next to u gives at least a constant times
n^{-1/2}, the rest of m at most a constant times q^n, q < 1. For a positive atom take u there: it gives its weight, a density
next to it O(n^{-1/2}), the rest O(q^n). So m <= 0 is also necessary, and a witness is looked for at such k.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import takewhile

from flint import arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.number import InputError
from wgflow.fourier.asymptotics import Undecidable
from wgflow.fourier.domain import NODE_BITS
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.term import Term
from wgflow.record import replace
from wgflow.stability import prove
from wgflow.stability.answer import Feasible, Verdict, Witness, place_number, rounded
from wgflow.stability.certificate import versions
from wgflow.stability.certificate_mixture import NO_WITNESS, CertificateForEveryDimension
from wgflow.stability.claim import WITNESS_BITS, Claim, EveryDimension, wavenumber
from wgflow.stability.mixture import Decision, decide
from wgflow.stability.mixture_eps import feasible_everywhere
from wgflow.stability.suggest import feasible_value

TRIED_CLOSELY = (1, 2, 3, 4, 5, 6, 8, 16)  # dimensions where modes are searched for kernels without a mixing measure


def certify_every_dimension(claim: EveryDimension) -> CertificateForEveryDimension:
    """Returns the certificate of a claim about every dimension."""
    reasons: list[str] = []
    answer: Decision | None = None
    measure = claim.growth
    if measure is None:
        reasons.append(_unknown((claim.kernel - claim.eps * claim.stabilizer).terms))
    else:
        try:
            answer = decide(measure)
        except (Undecidable, OverflowError) as problem:
            reasons.append(str(problem))
    found: Feasible | None = None
    kernel, stabilizer = claim.sides
    if kernel is not None and stabilizer is not None:
        try:
            found = feasible_everywhere(kernel, stabilizer)
        except (Undecidable, OverflowError) as problem:
            reasons.append(f"feasible eps: {problem}")
    else:
        reasons.append(f"feasible eps: {_unknown(claim.kernel.terms + claim.stabilizer.terms)}")
    verdict, witness = _verdict(claim, answer)
    if verdict is Verdict.UNDECIDED:
        if answer is not None:
            reasons.insert(0, f"the sign of the mixing density is open {', '.join(answer.open[:3])}")
        elif reasons[-1].endswith(reasons[0]):
            del reasons[1:]  # the same terms are missing
    elif answer is None:
        reasons = [r for r in reasons if r.startswith("feasible eps: ")]
    if verdict is Verdict.GROWS and witness is None:
        reasons.append(NO_WITNESS.format(most=claim.most_dimension))
    return CertificateForEveryDimension(
        claim, verdict, "; ".join(reasons) or None, witness, found, answer.chart if answer else None,
        _suggestion(found) if verdict is not Verdict.DECAYS else None, versions(),
    )  # fmt: skip


def _unknown(terms: tuple[Term, ...]) -> str:
    """Says which terms are no mixtures of Gaussians."""
    names = sorted({Kernel((replace(t, weight=Fraction(1)),)).text for t in terms if t.family.mixing() is None})
    verb = "is no mixture" if len(names) == 1 else "are no mixtures"
    return f"{' and '.join(names[:3])} {verb} of Gaussians as far as is known (--dim N decides one dimension)"


def _suggestion(found: Feasible | None) -> str | None:
    eps = None if found is None or found.empty is not None else feasible_value(found)
    return None if eps is None else f"--eps {eps}"


def _verdict(claim: EveryDimension, answer: Decision | None) -> tuple[Verdict, Witness | None]:
    if answer is not None and answer.is_nonpositive:
        return (Verdict.GROWS, _neutral(claim)) if answer.is_zero else (Verdict.DECAYS, None)
    witness = _by_modes(claim) if answer is None else _by_measure(claim, answer)
    grows = witness is not None or (answer is not None and answer.is_positive)
    return Verdict.GROWS if grows else Verdict.UNDECIDED, witness


def _neutral(claim: EveryDimension) -> Witness:
    """Every rate is exactly 0, which is no decay."""
    k = arb(1)
    return Witness(k, place_number(k, None), (0.0, 0.0), claim.least_dimension)


def _dimensions(claim: EveryDimension) -> Iterable[int]:
    """The least dimension, the next two, and then powers of two."""
    least, most = claim.least_dimension, claim.most_dimension
    some = {least, least + 1, least + 2, most} | {2**j for j in range(most.bit_length())}
    return sorted(n for n in some if least <= n <= most)


def _by_measure(claim: EveryDimension, answer: Decision) -> Witness | None:
    """Looks for a growing mode at k^2 = 2 n t and around, for t where the measure is positive."""
    with ball.precision(NODE_BITS):
        places = [ball.number(t) for t in answer.positive_atoms] + list(answer.positive_pieces[:6])
    for n in _dimensions(claim):
        within = claim.within(n)
        for t in places:
            for octave in (0, 1, -1, 2, -2):
                with ball.precision(NODE_BITS):
                    k = ball.coarse_point((2 * n * t).sqrt() * ball.dyadic(1, octave), 24)
                if (found := _witness(within, k)) is not None:
                    return found
    return None


def _by_modes(claim: EveryDimension) -> Witness | None:
    """Looks for a growing mode in a few dimensions, as `wgflow.certify` does in one."""
    if any(term.family.is_written() for term in claim.kernel.terms + claim.stabilizer.terms):
        return None
    for n in takewhile(lambda n: n <= claim.most_dimension, TRIED_CLOSELY):
        if n < claim.least_dimension:
            continue
        within = claim.within(n)
        try:
            answer = prove.decide(within.growth, None, n, first_only=True)
        except (Undecidable, OverflowError, InputError):
            continue
        for place in answer.grows[:8]:
            if (found := _witness(within, wavenumber(place, None))) is not None:
                return found
    return None


def _witness(within: Claim, k: arb) -> Witness | None:
    """Returns the witness at k where its rate is proved to be positive."""
    with ball.precision(WITNESS_BITS):
        rate = within.rate(k)
    if not rate > 0:
        return None
    return Witness(k, place_number(k, None), rounded(rate.lower(), rate.upper()), within.dim)
