"""The family that a stabilizer is designed from: kernels whose transform is proved positive at every wavenumber.

Only those damp whatever is asked of them: where F(s)(k) < 0 the term makes the mode k grow. With them intrusion is linear
in the weights, and what the sum of all cannot stabilize no mixture can.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.stability.answer import Verdict
from wgflow.stability.certify import certify_claim
from wgflow.stability.claim import make_claim
from wgflow.stability.intrusion import float_transform
from wgflow.stability.stabilizer import default_stabilizer

STRETCHES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
MOST = 40
_GLANCE = np.logspace(-3, 3, 121)
_EXAMPLE = "type for example --among 'elastic; rbf(1/2); energy'."


def family(kernel: Kernel, n: int, among: object = None) -> tuple[Kernel, ...]:
    """Returns the candidates that ``among`` spells: text with ';' between kernels, or a sequence of kernels or texts.

    By default the kernel itself stretched by 1/4, 1/2 and 3/4 (a power of k: unstretched), elastic, and energy, those of
    them that have a proved positive transform. Raises InputError for an empty list, and for a candidate without one.

    >>> [str(c) for c in family(parse("rbf"), 2, "elastic; rbf(1/2); elastic")]
    ['elastic', 'rbf(lengthscale=1/2)']
    """
    if among is None:
        itself = default_stabilizer(kernel, n) == kernel  # as for powers of k, whose stretches are multiples of them
        narrower = [kernel] if itself else [kernel.stretched(a) for a in STRETCHES]
        default = [*narrower, parse("elastic"), parse("energy")]
        return tuple(c for c in dict.fromkeys(default) if _is_positive(c, n))
    given = [part for item in _items(among) for part in (item.split(";") if isinstance(item, str) else [item])]
    candidates = tuple(dict.fromkeys(parse(part) for part in given if not isinstance(part, str) or part.strip()))
    if not candidates:
        raise InputError(f"the list of candidates {shown(among)} is empty; {_EXAMPLE}")
    if len(candidates) > MOST:
        raise InputError(f"{len(candidates)} candidates are too many; give at most {MOST}.")
    for candidate in candidates:
        candidate.check_dimension(n)
        if not _is_positive(candidate, n):
            raise InputError(
                f"candidate {shown(candidate)}: its transform in dim={n} is not proved positive at every k, and where it is "
                f"negative it makes modes grow; {_EXAMPLE}"
            )
    return candidates


def _items(among: object) -> list[object]:
    return list(among) if isinstance(among, (list, tuple)) else [among]


def _is_positive(candidate: Kernel, n: int) -> bool:
    """Whether the generator's every mode is proved to decay under the plain candidate: F(candidate) > 0."""
    if (float_transform(candidate, _GLANCE, n) < 0).any():
        return False  # floats may refuse what a proof would, after longer
    claim = make_claim(candidate, Kernel(()), 0, n, "generator")
    return certify_claim(claim).verdict is Verdict.DECAYS
