"""The default stabilizer of a kernel: the first of a short list that some eps makes sufficient.

1. ``elastic``: F(s) ~ 1/k is heavier than the transform of every smooth kernel at both ends (rbf, matern, wendland, ...);
2. the kernel itself at half its length: heavier toward infinity, equal in order toward k = 0 (rq of small alpha, multiquadric);
3. the kernel itself: a pure power of k is dominated at both ends by nothing else in the catalogue (energy, elastic, log, ...).
"""

from __future__ import annotations

from wgflow.fourier.asymptotics import End, Undecidable
from wgflow.fourier.spectral_sum import transform
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.riesz import Coulomb, Elastic, Energy, Logarithmic, Riesz
from wgflow.kernels.text import parse
from wgflow.stability import confined
from wgflow.stability.ends import ratio_limit


def default_stabilizer(kernel: Kernel, n: int) -> Kernel:
    """Returns the default stabilizer of a kernel in R^n, chosen by the behaviour of the transforms at both ends.

    >>> str(default_stabilizer(parse("rbf"), 2)), str(default_stabilizer(parse("energy"), 2))
    ('elastic', 'energy(beta=1)')
    """
    if not kernel.terms:
        return parse("elastic")
    if confined.is_needed(kernel):
        return _confined(kernel, n)
    if all(isinstance(term.family, (Energy, Riesz, Elastic, Logarithmic, Coulomb)) for term in kernel.terms):
        return kernel
    for candidate in (parse("elastic"), kernel.stretched("1/2")):
        if _dominates(candidate, kernel, n):
            return candidate
    return kernel


def _confined(kernel: Kernel, n: int) -> Kernel:
    """The same, found by a child process under limits; ``elastic`` where it does not come to its end."""
    try:
        return parse(confined.in_child("stabilizer", {"kernel": str(kernel), "dim": n}))
    except confined.Stopped:
        return parse("elastic")


def _dominates(stabilizer: Kernel, kernel: Kernel, n: int) -> bool:
    try:
        limits = [ratio_limit(transform(kernel, n), transform(stabilizer, n), end) for end in End]
    except Undecidable:  # an expression whose behaviour at an end is not known
        return False
    return all(limit is not None and limit.kind == "finite" for limit in limits)
