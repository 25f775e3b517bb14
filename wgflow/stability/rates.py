"""Growth rates on a grid of wavenumbers, each with a proved sign, beside the certificate for all wavenumbers."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cached_property
from math import ceil, exp, floor, log, log10

from flint import arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.fourier.asymptotics import End, expand
from wgflow.fourier.domain import INDEX_BITS, Band, Period, is_sum_of_squares, modes
from wgflow.record import record
from wgflow.stability import confined
from wgflow.stability.answer import Verdict
from wgflow.stability.certificate import Certificate, interval_json
from wgflow.stability.certify import certify_claim
from wgflow.stability.claim import Claim, Mode, Place, make_claim, place_text, wavenumber
from wgflow.stability.prove import sign_at
from wgflow.stability.stabilizer import default_stabilizer
from wgflow.stability.words import spectrum_html, spectrum_lines

TYPE_CHECKING = False  # type checkers take it as true; importing xarray would cost start-up
if TYPE_CHECKING:
    from xarray import Dataset

SCHEMA = "wgflow.spectrum/1"
MAX_POINTS = 100_000
DECAYS, GROWS, NEUTRAL, UNDECIDED = "decays", "grows", "neutral", "undecided"
_WORDS = {-1: DECAYS, 1: GROWS, 0: NEUTRAL, None: UNDECIDED}
_GRID_BITS = 80


@record
class Fastest:
    """The fastest-growing mode. ``kind``: "mode" (k and rate are numbers), or "zero" / "infinity" where the rate has its
    supremum as k tends there; then ``rate`` is its limit, infinite where it grows without bound."""

    kind: str
    wavenumber: float | None
    rate: float


@record
class Spectrum:
    """Growth rates of Fourier modes under e - eps s, for a grid of wavenumbers.

    wavenumber, transform, error, rate: tuples of K doubles: k; F(e - eps s)(k); a bound of its error; the growth rate
    role * density * k^2 * F(e - eps s)(k), in 1/time.  sign: K of "decays", "grows", "neutral", "undecided", each proved.
    certificate: the answer for all wavenumbers.
    """

    claim: Claim
    density: Fraction
    wavenumber: tuple[float, ...]
    transform: tuple[float, ...]
    error: tuple[float, ...]
    rate: tuple[float, ...]
    sign: tuple[str, ...]
    certificate: Certificate

    @cached_property
    def fastest(self) -> Fastest | None:
        """The fastest-growing mode, None where the certificate has no growing band; found numerically."""
        return fastest_of(self)

    @cached_property
    def slowest(self) -> tuple[float, float] | None:
        """(k, rate) of the grid's mode that decays most slowly, None where one does not decay."""
        if not self.rate or any(word != DECAYS for word in self.sign):
            return None
        rate, k = max(zip(self.rate, self.wavenumber, strict=True))
        return k, rate

    def resampled(self, points: int) -> Spectrum:
        """Returns the same spectrum on a grid of ``points`` wavenumbers with the same ends; a torus keeps its modes."""
        if isinstance(self.claim.domain, Period) or len(self.wavenumber) < 2:
            return self
        places = _log_grid(self.wavenumber[0], self.wavenumber[-1], points)
        return _on_grid(self.claim, self.density, places, self.certificate)

    def to_json(self) -> dict[str, object]:
        """Returns plain data in the schema wgflow.spectrum/1."""
        answer = self.certificate.to_json()
        fastest = self.fastest
        return {
            "schema": SCHEMA,
            "claim": answer["claim"],
            "density": str(self.density),
            "wavenumber": list(self.wavenumber),
            "transform": list(interval_json(self.transform)),  # type: ignore[arg-type]
            "error": list(interval_json(self.error)),  # type: ignore[arg-type]
            "rate": list(interval_json(self.rate)),  # type: ignore[arg-type]
            "sign": list(self.sign),
            "fastest": None
            if fastest is None
            else {
                "kind": fastest.kind,
                "wavenumber": fastest.wavenumber,
                "rate": interval_json((fastest.rate, fastest.rate))[0],
            },
            "verdict": answer["verdict"],
            "reason": answer["reason"],
            "growing_bands": answer["growing_bands"],
            "feasible_eps": answer["feasible_eps"],
            "suggestion": self.certificate.suggestion,
        }

    def to_dataset(self) -> Dataset:
        """Returns an xarray.Dataset over the dimension ``wavenumber`` with units, one sentence a variable, provenance."""
        from wgflow.run import dataset  # late: xarray

        volume = f"length^{self.claim.dim}"
        answer = self.certificate.to_json()
        return dataset(
            "wavenumber",
            {
                "wavenumber": (self.wavenumber, "1/length", "wavenumber k of the mode"),
                "transform": (self.transform, volume, "Fourier transform of the stabilized kernel e - eps s"),
                "transform_error": (self.error, volume, "proved bound of the error of transform"),
                "growth_rate": (self.rate, "1/time", "role * density * k^2 * transform: growth rate of the mode"),
                "sign": (self.sign, "1", "proved behaviour of the mode: decays, grows, neutral or undecided"),
            },
            {
                "title": "Growth rates of Fourier modes about a constant density",
                "schema": SCHEMA,
                "claim": json.dumps(answer["claim"]),
                "density": str(self.density),
                "verdict": str(answer["verdict"]),
                "growing_bands": json.dumps(answer["growing_bands"]),
                "feasible_eps": json.dumps(answer["feasible_eps"]),
                "suggestion": self.certificate.suggestion or "",
                "versions": json.dumps(self.certificate.versions),
            },
        )

    def plot(self, axes: object = None) -> object:
        """Draws the growth rate over k on Matplotlib axes and returns them."""
        from wgflow.plots import plot_spectrum

        return plot_spectrum(self.to_dataset(), axes)

    def summary(self) -> str:
        return "\n".join(spectrum_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return spectrum_html(self)


def spectrum(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    density: object = 1,
    period: object = None,
    band: object = None,
    kmin: object = None,
    kmax: object = None,
    points: object = 25,
) -> Spectrum:
    """Returns growth rates over a log grid of wavenumbers (over the first modes of a torus, given ``period``).

    rate(k) = role * density * k^2 * F(e - eps s)(k), + for the discriminator and - for the generator (Chen, Wu and
    Xiang 2023, sections 3 and 4). Arguments as for `wgflow.certify`; density: value of the constant base density;
    kmin, kmax, points: the grid (default: around the kernel's lengths, 25 points). Raises InputError.

    >>> import wgflow as wg
    >>> s = wg.spectrum("rbf", eps="0.2", kmin=1, kmax=10, points=2)
    >>> s.sign, round(s.rate[0], 3)
    (('grows', 'decays'), 2.554)
    """
    e = make_claim(kernel, "0*rbf", 0, dim).kernel
    s = default_stabilizer(e, integer(dim, "dim", 1, 4096)) if stabilizer is None else stabilizer
    claim = make_claim(e, s, eps, dim, role, period, band)
    base = rational(density, "density")
    if not Fraction(1, 10**300) <= base <= 10**300:
        raise InputError(f"density {shown(density)} must be positive, from 1e-300 to 1e300; type --density 1, say.")
    count = integer(points, "points", 1, MAX_POINTS)
    places = _grid(claim, kmin, kmax, count)
    return _on_grid(claim, base, places, certify_claim(claim))


def _on_grid(claim: Claim, density: Fraction, places: list[Place], certificate: Certificate) -> Spectrum:
    rows = rows_at(claim, places, density)
    k, transform, error, rate, sign = zip(*rows, strict=True)
    return Spectrum(claim, density, k, transform, error, rate, sign, certificate)


def rows_at(claim: Claim, places: list[Place], density: Fraction) -> list[tuple[float, float, float, float, str]]:
    """Returns (k, transform, error, rate, word) at each place; what an expression asks for runs in a child process."""
    if not confined.is_needed(claim.kernel, claim.stabilizer):
        return modes_at(claim, places, density)
    texts = [place_text(place) for place in places]
    rows = confined.in_child("rates", {"claim": claim.to_json(), "density": str(density), "places": texts})
    return [tuple(row) for row in rows]


def modes_at(claim: Claim, places: list[Place], density: Fraction) -> list[tuple[float, float, float, float, str]]:
    """Returns (k, transform, error, rate, word) at each place."""
    return [_mode(claim, place, density) for place in places]


def _mode(claim: Claim, place: Place, density: Fraction) -> tuple[float, float, float, float, str]:
    sign = sign_at(claim.growth, place, claim.domain)
    with ball.precision(_GRID_BITS):
        k = wavenumber(place, claim.domain)
        transform, rate = claim.transform(k), claim.rate(k, density)
        middle = float(transform.mid())
        error = ball.outward(abs(transform - arb(middle)).upper())[1] if abs(middle) < ball.MAX_FLOAT else 0.0
        return float(k.mid()), middle, error, float(rate.mid()), _WORDS[sign]


def _grid(claim: Claim, kmin: object, kmax: object, count: int) -> list[Place]:
    domain = claim.domain
    if isinstance(domain, Period):
        if kmin is not None or kmax is not None:
            raise InputError("kmin and kmax do not go with a period, whose modes are discrete; use --points alone.")
        found: list[Place] = []
        for m2 in modes(domain, claim.dim, domain.wavenumber(1).lower(), None):
            if is_sum_of_squares(m2, claim.dim):
                found.append(Mode(m2))
            if len(found) == count:
                return found
    least, most = default_range(claim)
    low = float(least if kmin is None else _end(kmin, "kmin"))
    high = float(most if kmax is None else _end(kmax, "kmax"))
    if not low < high:
        raise InputError(f"kmin = {low:g} must be less than kmax = {high:g}.")
    return _log_grid(low, high, count)


def _log_grid(low: float, high: float, count: int) -> list[Place]:
    step = (log(high) - log(low)) / max(1, count - 1)
    inner = [exp(log(low) + i * step) for i in range(1, count - 1)]
    return [arb(k) for k in ([low, *inner, high] if count > 1 else [low])]


def _end(value: object, name: str) -> Fraction:
    k = rational(value, name)
    if not Fraction(1, 10**300) <= k <= 10**300:
        raise InputError(f"{name} {shown(value)} must be positive, from 1e-300 to 1e300; type for example --{name} 0.1.")
    return k


def default_range(claim: Claim) -> tuple[Fraction, Fraction]:
    """Returns whole decades around the wavenumbers 1/length of the kernel and the stabilizer, or the band."""
    if isinstance(claim.domain, Band):
        return claim.domain.low, claim.domain.high
    logs = []
    for side in claim.sides:
        for shape, _ in side.terms:
            if (length2 := shape.length2()) is not None:
                logs.append(-(log10(length2.numerator) - log10(length2.denominator)) / 2)
    logs = logs or [0.0]
    low, high = floor(min(logs) + 1e-9) - 2, ceil(max(logs) - 1e-9) + 1
    return Fraction(10) ** max(low, -300), Fraction(10) ** min(high, 300)


# --- the fastest mode ---------------------------------------------------------------------------------------------


def fastest_of(found: Spectrum) -> Fastest | None:
    certificate, claim = found.certificate, found.claim
    if certificate.verdict is not Verdict.GROWS:
        return None
    if confined.is_needed(claim.kernel, claim.stabilizer):
        from wgflow.stability.confined_message import answer_to_message  # late: most kernels are named

        data = {"claim": claim.to_json(), "density": str(found.density), "answer": answer_to_message(certificate)}
        fields = confined.in_child("fastest", data)
        return None if fields is None else Fastest(*fields)
    scale = float(found.density)
    if claim.growth.is_zero:
        k = certificate.witness.wavenumber if certificate.witness else None
        return Fastest("mode", k if isinstance(k, float) else None, 0.0)
    candidates = [*_at_ends(claim, scale), *_inside(found)]
    return max(candidates, key=lambda f: f.rate, default=None)


def _at_ends(claim: Claim, density: float) -> list[Fastest]:
    """Returns the limits of the rate at the ends of the domain, where they are positive."""
    ends = [] if isinstance(claim.domain, Band) else [End.INFINITY] if isinstance(claim.domain, Period) else list(End)
    out = []
    for end in ends:
        leading = expand(claim.growth, end, 2).leading
        if leading is None or (ball.sign(leading[3]) or 0) <= 0 or leading[0][0] > 0:
            continue
        power, logs = leading[1] + 2, leading[2]
        toward = -power if end is End.ZERO else power
        if toward > 0 or (power == 0 and logs > 0):
            out.append(Fastest(end.value, None, float("inf")))
        elif power == 0:
            with ball.precision(64):
                out.append(Fastest(end.value, None, float(ball.real(leading[3]).mid()) * density))
    return out


def _inside(found: Spectrum) -> list[Fastest]:
    """Returns the best mode inside each growing band: by sampling, then refining around the best sample."""
    claim = found.claim
    out = []
    for band in found.certificate.growing_bands[:50]:
        low = max(band.start[1], 1e-300)
        high = band.end[0] if band.end is not None else max(1e6 * low, float(default_range(claim)[1]))
        if isinstance(claim.domain, Period):
            out.append(_best_mode(found, low, high))
        elif low <= high:
            out.append(_best_point(found, low, high))
    return [f for f in out if f is not None]


def _rate(found: Spectrum, k: float) -> float:
    with ball.precision(_GRID_BITS):
        return float(found.claim.rate(arb(k), found.density).mid())


def _best_point(found: Spectrum, low: float, high: float) -> Fastest:
    a, b = log(low), log(high)
    for _ in range(16):  # each round keeps the two cells around the best of 9 samples: 4^16 > 10^9
        grid = [a + (b - a) * i / 8 for i in range(9)]
        rates = [_rate(found, exp(t)) for t in grid]
        best = max(range(9), key=rates.__getitem__)
        a, b = grid[max(0, best - 1)], grid[min(8, best + 1)]
    return Fastest("mode", exp(grid[best]), rates[best])


def _best_mode(found: Spectrum, low: float, high: float) -> Fastest | None:
    period = found.claim.domain
    assert isinstance(period, Period)
    centre = _best_point(found, low, high).wavenumber or low
    best: Fastest | None = None
    with ball.precision(INDEX_BITS):
        start = int(period.index(arb(centre)).mid().floor().unique_fmpz())
        near = period.wavenumber(max(1, start - 40)).lower().max(arb(low)).mid()
        for count, m2 in enumerate(modes(period, found.claim.dim, near, None)):
            k = period.wavenumber(m2)
            rate = float(found.claim.rate(k, found.density).mid())
            if best is None or rate > best.rate:
                best = Fastest("mode", float(k.mid()), rate)
            if m2 > start + 40 or count > 200:
                break
    return best
