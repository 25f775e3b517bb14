"""Which kernels a distance trains with: as typed, with the least certified eps, or as a certificate file says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.gan.certificate_file import CertifiedClaim, read_certificate
from wgflow.gan.distances.softened import softened
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record, replace

ABOVE_LEAST = Fraction(11, 10)  # how far above the certified least eps the automatic one lies
DIGITS = 3
MOST_EPS = 1e300


@record
class TrainedKernels:
    """e, s and eps as they are trained, softening included. ``dim`` None: any; then no kernel depends on it."""

    kernel: Kernel
    stabilizer: Kernel | None
    eps: Fraction
    dim: int | None

    @property
    def stabilized(self) -> Kernel:
        """e - eps s."""
        return self.kernel if self.stabilizer is None else self.kernel - self.eps * self.stabilizer


def trained_kernels(
    kernel: object,
    stabilizer: object = None,
    eps: object = None,
    dim: object = None,
    softening: object = 0,
    certificate: object = None,
    period: object = None,
) -> TrainedKernels:
    """Returns the kernels of a distance; raises InputError where they are not determined, or not what the certificate says.

    kernel, stabilizer: text or Kernel.  eps: a number or text, or "auto": 11/10 of the certified least one; None: 0, where no
    stabilizer is given.
    certificate: a file that `wgflow certify --certificate` wrote; it gives what is not given here.  period: of the torus,
    where eps is automatic.

    >>> trained_kernels("riesz(1)", None, 0, 2, softening="0.1").kernel == 10 * parse("imq(beta=1/2, c=0.1)")
    True
    """
    if certificate is not None:
        return _certified(read_certificate(certificate), kernel, stabilizer, eps, dim, softening)
    if kernel is None:
        raise InputError("a distance needs a kernel or a certificate; type ParticleDistance('rbf(1)'), say.")
    n = None if dim is None else integer(dim, "dim", 1, MAX_DIMENSION)
    e = parse(kernel)
    if eps is None and stabilizer is not None:  # training without it, silently, is what nobody asked for
        raise InputError(f"the stabilizer {shown(stabilizer)} needs a strength; type eps='auto' or a number (0 leaves it out).")
    automatic = isinstance(eps, str) and eps.strip() == "auto"
    strength = Fraction(1) if automatic else rational(0 if eps is None else eps, "eps")
    s = None if stabilizer is None else parse(stabilizer)
    if n is None:
        _check_free(e, s, strength, automatic, softening)
    else:
        e.check_dimension(n)
        e = softened(e, n, softening)
        if s is None and strength:
            s = _default(e, n)
        if s is not None:
            s.check_dimension(n)
            s = softened(s, n, softening)
    if automatic:
        assert n is not None and s is not None
        return automatic_eps(TrainedKernels(e, s, strength, n), period)
    return TrainedKernels(e, s if strength else None, strength, n)


def _check_free(e: Kernel, s: Kernel | None, eps: Fraction, automatic: bool, softening: object) -> None:
    """Raises InputError where something that was given means something only in a known dimension."""
    terms = e.terms + (s.terms if s is not None else ())
    why = "eps='auto'" if automatic else ""
    why = why or ("softening" if rational(softening, "softening") else "")
    why = why or ("the default stabilizer" if s is None and eps else "")
    fixed = [term.family for term in terms if not term.family.is_one_function()]
    why = why or ("a kernel that is another function in every dimension, such as elastic," if fixed else "")
    if why:
        raise InputError(f"{why} needs the dimension of the features; give dim=2, say.")


def _default(e: Kernel, n: int) -> Kernel:
    found: Kernel = _prover("the default stabilizer").default_stabilizer(e, n)
    return found


def _prover(what: str) -> Any:
    """Returns the module that certifies; raises InputError where python-flint is absent."""
    try:
        from wgflow.stability import certify  # late: training runs where python-flint is not installed
    except ImportError as problem:
        raise InputError(
            f"{what} needs python-flint ({problem}): pip install python-flint, give certificate=FILE, or type stabilizer and eps."
        ) from None
    return certify


def automatic_eps(wanted: TrainedKernels, period: object = None) -> TrainedKernels:
    """Returns the kernels with 11/10 of the certified least eps, rounded up to three digits, certified to decay.

    Where the feasible interval ends before that, its middle is tried. Raises InputError where nothing is certified.

    >>> automatic_eps(TrainedKernels(parse("rbf"), parse("elastic"), Fraction(1), 2)).eps  # 11/10 exp(-1/2) = 0.66718...
    Fraction(167, 250)
    """
    certify = _prover("eps='auto'").certify
    claim = (wanted.kernel, wanted.stabilizer)
    found = certify(*claim, 1, wanted.dim, period=period).feasible
    if found is None or found.empty is not None:
        raise InputError(
            f"no eps is known to make every mode of {wanted.kernel} decay with the stabilizer {wanted.stabilizer} in dim "
            f"{wanted.dim}{f' ({found.empty})' if found else ''}; type another stabilizer, or eps as a number."
        )
    eps = _candidate(found)
    answer = certify(*claim, eps, wanted.dim, period=period)
    if answer.verdict.value != "DECAYS":
        raise InputError(
            f"eps = {eps} was not certified to make every mode decay ({answer.verdict.value}); type eps as a number."
        )
    return replace(wanted, eps=eps) if eps else replace(wanted, eps=eps, stabilizer=None)


def _candidate(found: Any) -> Fraction:
    """Returns an eps well inside the feasible interval, as a short number."""
    low = None if found.lower is None else _exact(found.lower.high.upper())
    high = None if found.upper is None else _exact(found.upper.low.lower())
    if (low is None or low < 0) and (high is None or high > 0):
        return Fraction(0)
    if low is None or low < 0:
        assert high is not None
        low, high = -high, None if low is None else -low
        return -_rounded_up(_between(low, high))
    return _rounded_up(_between(low, high))


def _exact(end: Any) -> Fraction:
    """Returns the end of an enclosure; raises InputError where it is not finite, or has more than some 300 digits."""
    if not end.is_finite() or not abs(end) < MOST_EPS:
        raise InputError("the least eps is not known within 1e300; type eps as a number, or another stabilizer.")
    from wgflow.arithmetic.ball import point_fraction  # late, as the module that certifies

    return point_fraction(end)


def _between(low: Fraction, high: Fraction | None) -> Fraction:
    if low == 0:  # the end itself does not make every mode decay
        return Fraction(1) if high is None else high / 2
    above = ABOVE_LEAST * low
    return above if high is None or above < (low + high) / 2 else (low + high) / 2


def _rounded_up(value: Fraction) -> Fraction:
    """Returns the least number of three significant digits that is not smaller.

    >>> _rounded_up(Fraction("0.66718")), _rounded_up(Fraction(120001, 100))
    (Fraction(167, 250), Fraction(1210, 1))
    """
    if value == 0:
        return Fraction(0)
    unit = Fraction(10) ** (len(str(int(value))) - DIGITS if value >= 1 else _leading_zero_digits(value) - DIGITS)
    return -(-value // unit) * unit


def _leading_zero_digits(value: Fraction) -> int:
    """Returns m with 10^(m-1) <= value < 10^m, m <= 0."""
    m = 0
    while value < Fraction(10) ** (m - 1):
        m -= 1
    return m


def _certified(
    file: CertifiedClaim, kernel: object, stabilizer: object, eps: object, dim: object, softening: object
) -> TrainedKernels:
    """The kernels that a certificate speaks about, which must be those that the other arguments (where given) say."""
    if file.verdict != "DECAYS" or file.role != "discriminator" or file.period is not None or file.band is not None:
        raise InputError(
            f"certificate {file.name} says {file.verdict} for the {file.role}"
            f"{' on a torus' if file.period else ''}{' in a band' if file.band else ''}; "
            "one that says DECAYS for the discriminator at every k is needed."
        )
    n = file.dim if dim is None else integer(dim, "dim", 1, MAX_DIMENSION)
    strength = file.eps if eps in ("auto", None) else eps
    theirs = TrainedKernels(parse(file.kernel), parse(file.stabilizer), rational(file.eps, "eps"), n)
    given = (kernel if kernel is not None else file.kernel, file.stabilizer if stabilizer is None else stabilizer)
    mine = trained_kernels(*given, strength, n, softening)
    if (file.dim is not None and n != file.dim) or mine.stabilized != theirs.stabilized or mine.kernel != theirs.kernel:
        wanted = f"--kernel {shown(mine.kernel, 400)} --stabilizer {shown(mine.stabilizer, 400)} --eps {mine.eps} --dim {n}"
        raise InputError(
            f"certificate {file.name} speaks about {theirs.stabilized} in dim {file.dim or 'all'}, not about {mine.stabilized} "
            f"in dim {n}; type wgflow certify {wanted} --certificate FILE."
        )
    return mine
