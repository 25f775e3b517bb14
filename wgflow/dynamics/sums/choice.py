"""The choice of a way to sum: the fastest that meets the accuracy, by a count of operations and not by a clock.

The count depends on the kernel, the numbers of particles, their extent and the accuracy alone, so that a run takes the
same method on every machine, and after an interruption.
"""

from __future__ import annotations

from collections.abc import Callable

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.precise import has_bounded_slope, is_singular
from wgflow.dynamics.sums.sum_method import Floats, SumMethod
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

MOST_TORUS_DIM = 3
FEW_PAIRS = 1_000_000  # direct sums of so few take less than setting up a series
DIRECT_SECONDS = (0.5e-9, 0.15e-9)  # of one pair on one core: the slope, and each coordinate


@record
class SumRequest:
    """What is summed: the kernel in R^dim or on a torus; how many points and sources in a box of which side; how accurately."""

    kernel: Kernel
    dim: int
    period: float | None
    points: int
    sources: int
    side: float
    accuracy: float = 1e-9
    softening: float = 0.0
    exclude_self: bool = False
    single: bool = False
    slices: int = 256
    seed: int = 0

    @property
    def direct_seconds(self) -> float:
        """About the seconds of one direct gradient on one core."""
        return self.points * self.sources * (DIRECT_SECONDS[0] + self.dim * DIRECT_SECONDS[1])


@record
class SumChoice:
    """A method, its name, and why it was taken."""

    method: SumMethod
    name: str
    why: str

    @property
    def text(self) -> str:
        return f"{self.name} ({self.why}): {self.method.describe()}"


def choose_sums(request: SumRequest, asked: str = "auto") -> SumChoice:
    """Returns the method that was asked for, or for ``auto`` the fastest that meets the accuracy, and why.

    Raises InputError where the method cannot sum this kernel, and for a singular kernel without a declared regularization.
    """
    request.kernel.check_dimension(request.dim)
    if request.period is not None and request.dim > MOST_TORUS_DIM:
        raise InputError(f"sums on a torus exist for dim 1 to {MOST_TORUS_DIM}, not {request.dim}; leave out --period.")
    _check_singular(request)
    if asked != "auto":
        return SumChoice(_MAKERS[asked](request), asked, "asked for")
    if request.single:
        return SumChoice(_direct(request), "direct", "float32 is asked for")
    if request.dim == 1 and (chosen := _attempt("sorted", request, "exact, and linear in N after sorting")):
        return chosen
    if request.period is not None:
        return SumChoice(_fourier(request), "fourier", "on a torus a kernel is its Fourier series")
    return _fastest_in_space(request)


class _WhereInReach(SumMethod):
    """The first method where it reaches, the second one elsewhere: particles may spread until a series takes too many modes."""

    def __init__(self, first: SumMethod, second: SumMethod) -> None:
        self.first, self.second = first, second

    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        try:
            return self.first.gradient(points, sources, weights)
        except InputError:
            return self.second.gradient(points, sources, weights)

    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        try:
            return self.first.potential(points, sources, weights)
        except InputError:
            return self.second.potential(points, sources, weights)

    def describe(self) -> str:
        return f"{self.first.describe()}; direct sums where the particles' box outgrows it"


def _attempt(name: str, request: SumRequest, why: str) -> SumChoice | None:
    try:
        return SumChoice(_MAKERS[name](request), name, why)
    except InputError:
        return None


def _fastest_in_space(request: SumRequest) -> SumChoice:
    direct = SumChoice(_direct(request), "direct", "")
    if request.points * request.sources <= FEW_PAIRS:
        return SumChoice(direct.method, "direct", "few pairs")
    smooth = has_bounded_slope(request.kernel, request.dim) or request.softening > 0
    if request.dim > 3 or not smooth or request.side == 0:
        return SumChoice(direct.method, "direct", "the kernel is not smooth at r = 0" if request.dim <= 3 else "n > 3")
    seconds = _nufft_seconds(request)
    if seconds is None or seconds > request.direct_seconds:
        reason = "too many modes at this accuracy" if seconds is None else "fewer operations than a Fourier series"
        return SumChoice(direct.method, "direct", reason)
    method = _WhereInReach(_nufft(request), direct.method)
    return SumChoice(method, "nufft", f"about {request.direct_seconds / seconds:.0f} times fewer operations than pairs")


def _nufft_seconds(request: SumRequest) -> float | None:
    """About the seconds of a gradient by the non-uniform FFT; None where that is out of reach, or not installed."""
    try:
        return _nufft(request).seconds(request.points, request.sources, request.side)  # type: ignore[attr-defined]
    except InputError:
        return None


def _direct(request: SumRequest) -> SumMethod:
    from wgflow.dynamics.sums.pairwise import Direct  # late: Numba

    if request.period is not None:
        raise InputError("direct sums know no torus; type --method fourier, or leave out --period.")
    return Direct(request.kernel, request.dim, request.softening, request.single)


def _sorted(request: SumRequest) -> SumMethod:
    from wgflow.dynamics.sums.sorted import Sorted  # late: Numba

    if request.softening:
        raise InputError("sorted sums are exact and take no softening; leave out --softening, or type --method direct.")
    return Sorted(request.kernel, request.dim, request.period)


def _fourier(request: SumRequest) -> SumMethod:
    from wgflow.dynamics.sums.torus import Fourier  # late: finufft

    if request.period is None:
        raise InputError("Fourier sums are those of a torus; type --period 2*pi, say, or --method nufft for the whole space.")
    return Fourier(request.kernel, request.dim, request.period, request.accuracy, request.softening)


def _nufft(request: SumRequest) -> SumMethod:
    from wgflow.dynamics.sums.nufft import Nufft  # late: finufft

    if request.period is not None:
        raise InputError("nufft sums are those of the whole space; type --method fourier on a torus.")
    return Nufft(request.kernel, request.dim, request.accuracy, request.softening)


def _sliced(request: SumRequest) -> SumMethod:
    from wgflow.dynamics.sums.sliced import Sliced  # late: Numba

    if request.period is not None or request.softening:
        raise InputError("sliced sums know no torus and take no softening; leave out --period and --softening.")
    return Sliced(request.kernel, request.dim, request.slices, request.seed)


_MAKERS: dict[str, Callable[[SumRequest], SumMethod]] = {
    "direct": _direct, "sorted": _sorted, "fourier": _fourier, "nufft": _nufft, "sliced": _sliced,
}  # fmt: skip


def _check_singular(request: SumRequest) -> None:
    if request.softening or not is_singular(request.kernel, request.dim):
        return
    if request.period is not None:
        raise InputError(
            f"the force of {request.kernel} is unbounded at r = 0; smooth it on the torus by --softening 0.05, say, "
            "which multiplies its transform by exp(-0.05^2 k^2/2)."
        )
    if not request.exclude_self:
        raise InputError(
            f"the force of {request.kernel} is unbounded at r = 0; type --softening 0.05, say (r^2 + 0.05^2 for r^2), "
            "or --exclude-self to leave out coincident pairs only."
        )
