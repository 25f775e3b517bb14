"""What the replay of a certificate answers, and what every kind of certificate must have around its proof."""

from __future__ import annotations

from wgflow.fourier.domain import NODE_BITS
from wgflow.record import record
from wgflow.stability.answer import Verdict
from wgflow.stability.certificate import digest
from wgflow.stability.claim import Claim, EveryDimension


class Refused(ValueError):
    """A certificate that does not hold, with the first thing found wrong. ``foreign``: it is no certificate at all."""

    def __init__(self, reason: str, foreign: bool = False) -> None:
        super().__init__(reason)
        self.foreign = foreign


@record
class Verified:
    """A certificate that holds: its claim and the verdict that was proved again."""

    claim: Claim | EveryDimension
    verdict: Verdict
    result: dict[str, object]

    def __str__(self) -> str:
        claim = self.claim
        return (
            f"The certificate holds: {self.verdict.value} for {claim.kernel}, stabilizer {claim.stabilizer}, "
            f"eps = {claim.eps}, dim = {claim.dim}, {claim.role.text}."
        )


def require(condition: bool, reason: str) -> None:
    """Raises Refused with the reason where the condition does not hold."""
    if not condition:
        raise Refused(reason)


def require_envelope(data: dict) -> None:
    """Requires the keys of a certificate, the digest of its content, the precision and readable versions."""
    require(set(data) == {"schema", "result", "proof", "precision", "versions", "digest"}, "it has other keys than a certificate")
    body = {key: value for key, value in data.items() if key != "digest"}
    require(data["digest"] == digest(body), "the digest does not match the content")
    require(data["precision"] == NODE_BITS, "the precision is not the one that is used")
    versions = data["versions"]
    require(set(versions) == {"wgflow", "python-flint", "flint"}, "the versions have other keys")
    require(all(isinstance(v, str) and len(v) < 40 for v in versions.values()), "the versions are not text")


def require_reason(given: str | None, note: str | None, no_interval: bool) -> None:
    """Requires the reason of a decided verdict to be what is missing: the interval of eps, or bands left out."""
    parts = [] if given is None else given.split("; ")
    if no_interval:
        require(bool(parts) and parts.pop(0).startswith("feasible eps: "), "the missing interval has no reason")
    require(parts == ([] if note is None else [note]), "the reason is not what is missing")
