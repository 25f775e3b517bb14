"""What is predicted about a training run before it begins: the verdicts about its two flows in feature space."""

from __future__ import annotations

from wgflow.arithmetic.number import InputError, rational, shown
from wgflow.conventions import Role
from wgflow.gan.certificate_file import CertifiedClaim, read_certificate
from wgflow.gan.objective import Objective
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record


@record
class Verdicts:
    """Whether every mode of the features decays while each player trains: DECAYS, GROWS, UNDECIDED, or None: nothing is known.

    ``source``: "certified" (proved here), "certificate NAME" (read from a file, whose digest was right) or "none".
    """

    discriminator: str | None
    generator: str | None
    source: str
    reason: str

    def to_json(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in type(self).__annotations__}


def verdicts_of(objective: Objective, dim: int, certificate: object = None) -> Verdicts:
    """Returns the verdicts about an objective's kernels in R^dim.

    They are proved where python-flint is installed; else the certificate file speaks, if there is one. Raises InputError for a
    certificate about something else.
    """
    kernels = objective.kernels(dim)
    if kernels is None:
        return Verdicts(None, None, "none", "the objective has no kernel, and theory says nothing about it")
    driven, plain = kernels
    claim = None if certificate is None else _fitting(certificate, driven, plain, dim)
    try:
        from wgflow.stability.certify import certify  # late: training needs no python-flint
    except ImportError:
        return _from_file(claim)
    zero = "0*rbf"  # the kernels hold their stabilizers already
    players = ((driven, Role.DISCRIMINATOR), (plain, Role.GENERATOR))
    try:
        found = [certify(kernel, zero, 0, dim, role.text).verdict.value for kernel, role in players]
    except InputError as problem:
        return Verdicts(None, None, "none", str(problem))
    return Verdicts(found[0], found[1], "certified", "")


def _from_file(claim: CertifiedClaim | None) -> Verdicts:
    if claim is None:
        reason = "python-flint is not installed, and [objective] names no certificate = FILE"
        return Verdicts(None, None, "none", reason)
    spoken = {claim.role: claim.verdict}
    reason = "read from the file; wgflow verify replays it"
    return Verdicts(spoken.get(Role.DISCRIMINATOR.text), spoken.get(Role.GENERATOR.text), f"certificate {claim.name}", reason)


def _fitting(certificate: object, driven: Kernel, plain: Kernel, dim: int) -> CertifiedClaim:
    """Returns the claim of a certificate file; raises InputError where it is not about these kernels and this dimension."""
    claim = read_certificate(certificate)
    moved = parse(claim.kernel) - parse(claim.stabilizer) * rational(claim.eps, "eps")
    expected = driven if claim.role == Role.DISCRIMINATOR.text else plain
    if claim.dim not in (None, dim):
        raise InputError(
            f"certificate {shown(claim.name)} is about dim={claim.dim}, the features have {dim}; certify that dimension."
        )
    if claim.period is not None or claim.band is not None:
        raise InputError(f"certificate {shown(claim.name)} is about some wavenumbers only; certify without --period and --band.")
    if moved != expected:
        raise InputError(
            f"certificate {shown(claim.name)} is about {moved}, the {claim.role} trains by {expected}; certify that."
        )
    return claim
