"""Inverse design: among the mixtures of given kernels, the least intrusive stabilizer that makes every mode decay.

    minimize I(w) = integral over the data's band of sum_j w_j F(s_j)(k) dk/k / integral of |F(e)(k)| dk/k,  w_j >= 0
    subject to   role F(e)(k) - sum_j w_j F(s_j)(k) < 0  for every k > 0

The stabilizer is eps s = role * sum_j w_j s_j: the discriminator's kernel loses the mixture, the generator's gains it, so
that in both roles a positive transform damps. Where F(e) > 0 under the discriminator, I >= 1 for every stabilizer
whatsoever, for eps F(s) must exceed F(e): ``floor`` says how much no family can avoid.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import isfinite

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.fourier.domain import Band, parse_band
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record
from wgflow.stability.answer import Verdict
from wgflow.stability.candidates import family
from wgflow.stability.certificate import Certificate, feasible_json
from wgflow.stability.certify import certify_claim
from wgflow.stability.claim import make_claim, parse_role
from wgflow.stability.design_words import design_html, design_lines, typed
from wgflow.stability.intrusion import data_band, log_integral, needed_part
from wgflow.stability.least_mixture import Mixture, least_mixture
from wgflow.stability.problem import Problem, needs
from wgflow.stability.stabilizer import default_stabilizer

TYPE_CHECKING = False  # type checkers take it as true; importing xarray would cost start-up
if TYPE_CHECKING:
    from wgflow.stability.trade_off import TradeOff

SCHEMA = "wgflow.design/1"


@record
class Alone:
    """One candidate by itself. intrusion: at its least eps (float64); None where no eps is feasible, or none was found."""

    stabilizer: Kernel
    certificate: Certificate
    intrusion: float | None


@record
class Design:
    """The least intrusive stabilizer of a family. Made by `wgflow.design`; true where one was found and proved.

    stabilizer, eps: the answer (None where there is none: then `reason` says why, and `advice` what to add).
    intrusion: I of the answer; lower_bound: of every mixture of the family; floor: of every stabilizer (float64).
    certificate: DECAYS for the answer; else the proof that the sum of the candidates, and with it every mixture, fails.
    decay_certificate: that the modes of the band decay at least at the rate ``decay`` (None where none was asked for).
    table: each candidate alone.
    """

    problem: Problem
    decay: Fraction
    mixture: Mixture
    floor: float
    table: tuple[Alone, ...]
    advice: str | None

    @property
    def stabilizer(self) -> Kernel | None:
        return self.mixture.stabilizer

    @property
    def eps(self) -> Fraction | None:
        return None if self.stabilizer is None else self.mixture.eps

    @property
    def intrusion(self) -> float | None:
        return None if self.stabilizer is None else self.mixture.intrusion

    @property
    def lower_bound(self) -> float | None:
        return self.mixture.lower_bound if isfinite(self.mixture.lower_bound) else None

    @property
    def certificate(self) -> Certificate:
        return self.mixture.certificates[0]

    @property
    def decay_certificate(self) -> Certificate | None:
        return self.mixture.certificates[1] if self.stabilizer is not None and self.decay else None

    @property
    def reason(self) -> str | None:
        return self.mixture.reason

    @property
    def verdict(self) -> Verdict:
        """DECAYS: found and proved. GROWS: proved that no mixture of the family does. UNDECIDED: neither."""
        return self.mixture.verdict

    @cached_property
    def slowest_decay(self) -> tuple[float, float] | None:
        """(k, rate): the float minimum over the band of the decay rate -role k^2 F(e - eps s)(k) at unit density."""
        return self.mixture.slowest_decay(self.problem)

    def __bool__(self) -> bool:
        return bool(self.verdict)

    def trade_off(self, points: object = 8) -> TradeOff:
        """Returns the least intrusion for rising decay rates over the band, see `wgflow.stability.trade_off`."""
        from wgflow.stability.trade_off import trade_off  # late: few designs are traded off

        works = tuple(alone.intrusion is not None for alone in self.table)
        return trade_off(self.problem, self.decay, self.mixture, works, points)

    def to_json(self) -> dict[str, object]:
        """Returns plain data in the schema wgflow.design/1; eps and the band's ends are exact text."""
        problem = self.problem
        return {
            "schema": SCHEMA,
            "kernel": str(problem.kernel),
            "dim": problem.dim,
            "role": problem.role.text,
            "among": [str(c) for c in problem.candidates],
            "band": [str(problem.band.low), str(problem.band.high)],
            "decay": str(self.decay),
            **self.mixture.to_json(problem),
            "floor": self.floor,
            "advice": self.advice,
            "alone": [
                {"stabilizer": str(a.stabilizer), "feasible_eps": feasible_json(a.certificate.feasible), "intrusion": a.intrusion}
                for a in self.table
            ],
        }

    def summary(self) -> str:
        return "\n".join(design_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Design {self.verdict.value}: {self.problem.kernel}, stabilizer={self.stabilizer}, eps={self.eps}>"

    def _repr_html_(self) -> str:
        return design_html(self)


def design(
    kernel: object,
    dim: object = 2,
    among: object = None,
    band: object = None,
    role: object = "discriminator",
    decay: object = 0,
) -> Design:
    """Returns the least intrusive stabilizer, a mixture of candidates, that makes every mode of all k > 0 decay.

    kernel: text or Kernel.  among: candidates, "elastic; rbf(1/2)" or a sequence (default: the kernel stretched by 1/4, 1/2
    and 3/4, elastic, energy); each must have a transform that is proved positive.  band: where the data live, (k1, k2) or
    "k1,k2" (default: where k^2 |F(e)| exceeds 1 % of its peak).  decay: a rate at which, at unit density, every mode of
    the band must decay at least.  role: as for `wgflow.certify`; the generator's kernel gains the mixture.

    The answer is proved by a certificate; that nothing of the family is much less intrusive is a float64 bound. Intrusion
    is that of `wgflow.stability.intrusion`. Raises InputError for input that is not understood.

    >>> import wgflow as wg
    >>> d = wg.design("rbf", dim=2, among="elastic")  # the least eps is exp(-1/2) = 0.60653...
    >>> str(d.stabilizer), d.eps, bool(d)
    ('elastic', Fraction(30327, 50000), True)
    """
    e, n, trains = parse(kernel), integer(dim, "dim", 1, MAX_DIMENSION), parse_role(role)
    e.check_dimension(n)
    if not e.terms:
        raise InputError("the kernel is zero: it moves nothing, and there is nothing to stabilize; type --kernel rbf, say.")
    rate = rational(decay, "decay")
    if rate and not Fraction(1, 10**30) <= rate <= 10**30:
        raise InputError(f"decay {shown(rate)} must be 0, or from 1e-30 to 1e30; type a rate such as 0.1.")
    candidates = family(e, n, among)
    given = None if band is None else parse_band(band)
    where = given or data_band(e, n)
    candidates, masses = _measured(e, n, where, candidates, among is None)
    problem = Problem(e, candidates, n, trains, where, masses)
    mixture = least_mixture(problem, needs(problem, rate))
    table = tuple(_alone(problem, at) for at in range(len(candidates)))
    advice = None if mixture.stabilizer is not None else _advice(problem)
    return Design(problem, rate, mixture, needed_part(e, n, trains, where), table, advice)


def _measured(
    e: Kernel, n: int, band: Band, candidates: tuple[Kernel, ...], drop: bool
) -> tuple[tuple[Kernel, ...], tuple[float, ...]]:
    """Returns the candidates and their masses; one beyond the doubles is dropped, or refused where the user named it."""
    own, masses = log_integral(e, n, band), {}
    for candidate in candidates:
        try:
            masses[candidate] = log_integral(candidate, n, band) / own
            if not 1e-250 < masses[candidate] < 1e250:
                raise InputError(
                    f"candidate {shown(candidate)} in dim={n} is beyond the doubles beside the kernel; leave it out."
                )
        except InputError:
            masses.pop(candidate, None)
            if not drop:
                raise
    if not masses:
        raise InputError(f"no default candidate in dim={n} is within the doubles; name others with --among.")
    return tuple(masses), tuple(masses.values())


def _alone(problem: Problem, at: int) -> Alone:
    stabilizer = problem.role.value * problem.candidates[at]
    answer = certify_claim(make_claim(problem.kernel, stabilizer, 0, problem.dim, problem.role))
    found = answer.feasible
    if found is None or found.empty is not None:
        return Alone(stabilizer, answer, None)
    least = max(0.0, answer.least_eps[1]) if answer.least_eps else 0.0
    return Alone(stabilizer, answer, least * problem.masses[at] if isfinite(least) else None)


def _advice(problem: Problem) -> str | None:
    """A candidate that alone can do it, where one is known and was not given."""
    known = default_stabilizer(problem.kernel, problem.dim)
    claim = make_claim(problem.kernel, problem.role.value * known, 0, problem.dim, problem.role)
    works = certify_claim(claim).feasible
    if known in problem.candidates or works is None or works.empty is not None:
        return None
    return f"add {known} to the candidates: --among '{'; '.join(map(typed, [*problem.candidates, known]))}'"
