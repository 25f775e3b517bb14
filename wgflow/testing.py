"""For a user's own test suite: fail when a chosen eps leaves a growing mode."""

from __future__ import annotations

from wgflow.stability.answer import Verdict
from wgflow.stability.certificate import Answer
from wgflow.stability.certify import certify


def assert_every_mode_decays(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = None,
    band: object = None,
) -> Answer:
    """Returns the certificate where every mode is proved to decay; raises AssertionError, with the answer, otherwise.

    Arguments as for `wgflow.certify`. An undecided claim fails as well: it is not proved.

    >>> c = assert_every_mode_decays("rbf", stabilizer="elastic", eps="0.7")
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    certificate = certify(kernel, stabilizer, eps, dim, role, period, band)
    if certificate.verdict is not Verdict.DECAYS:
        raise AssertionError(f"not every mode is proved to decay\n{certificate.summary()}")
    return certificate
