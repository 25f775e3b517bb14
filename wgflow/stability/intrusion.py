"""How much a stabilizer changes the spectrum over the data's band: the measure of intrusion, and the default band.

    I = integral over k1..k2 of |eps F(s)(k)| dk/k  /  integral over k1..k2 of |F(e)(k)| dk/k        (no unit)

Every octave of k, that is every scale of the data, counts alike. With the count of modes k^{n-1} dk instead, the last
1/n of an octave below k2 would be all that counts in high dimensions, and the answer would be that of an arbitrary k2;
dk/k does not know n, and stretching all lengths changes nothing.

The default band is where the plain kernel's rates k^2 |F(e)(k)| exceed 1 % of their peak. Everything here is float64.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, log, log10

import numpy as np

from wgflow.arithmetic.floating import Floats
from wgflow.arithmetic.number import InputError, shown
from wgflow.conventions import Role, growth_rate
from wgflow.fourier.domain import Band
from wgflow.fourier.values import transform
from wgflow.kernels.kernel import Kernel

PART_OF_PEAK = 0.01
LOW, HIGH = -12, 12  # decades of k that are searched for the peak
_A_DECADE = 8
_NODES, _PANELS, _MOST_PANELS = 8, 16, 256
_CLOSE = 1e-10
_SEVEN_DIGITS = 1e-7
_TYPE_BAND = "say which wavenumbers the data live on, for example --band 0.1,10."


def float_transform(kernel: Kernel, k: Floats, n: int) -> Floats:
    """Returns F(kernel)(k) without warnings: closed forms where a term has one, quadrature where it is written out in r.

    Infinite or NaN where it leaves the doubles; NaN as well where quadrature does not give it to seven digits.
    """
    written = Kernel(tuple(term for term in kernel.terms if term.family.is_written()))
    with np.errstate(all="ignore"):
        value = transform(Kernel(tuple(term for term in kernel.terms if term not in written.terms)), k, n)
        if not written.terms:
            return value
        from wgflow.fourier.hankel import hankel  # late: named kernels do without

        more, error = hankel(written, k, n)
        return np.where(error <= _SEVEN_DIGITS * np.abs(value + more), value + more, np.nan)


def log_integral(kernel: Kernel, n: int, band: Band) -> float:
    """Returns the integral of |F(kernel)(k)| dk/k over a band, by Gauss-Legendre panels in log k, doubled until they agree.

    Relative accuracy 1e-10 for one sign, about 1e-6 where the transform changes sign. Raises InputError where the
    transform leaves the doubles, or vanishes.

    >>> from wgflow.kernels.text import parse
    >>> round(log_integral(parse("elastic"), 2, Band(Fraction(1), Fraction(2))) / (2 * np.pi), 12)  # of 2 pi/k
    0.5
    """
    panels, value = _PANELS, _panels(kernel, n, band, _PANELS)
    while panels < _MOST_PANELS:
        panels *= 2
        last, value = value, _panels(kernel, n, band, panels)
        if abs(value - last) <= _CLOSE * value:
            break
    if not 0 < value < float("inf"):
        ends = f"{float(band.low):.3g} <= k <= {float(band.high):.3g}"
        raise InputError(f"the transform of {shown(kernel)} in dim={n} leaves the doubles in {ends}; take another --band.")
    return value


def _panels(kernel: Kernel, n: int, band: Band, count: int) -> float:
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    edges = np.linspace(log(band.low), log(band.high), count + 1)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    with np.errstate(all="ignore"):
        return float((half * weight * np.nan_to_num(np.abs(float_transform(kernel, np.exp(middle + half * x), n)))).sum())


def needed_part(kernel: Kernel, n: int, role: Role, band: Band) -> float:
    """Returns the intrusion that no stabilizer avoids: the part of the integral of |F(e)| dk/k over modes that grow.

    1 for a positive transform under the discriminator, 0 under the generator.
    """
    k = np.geomspace(float(band.low), float(band.high), 4001)
    with np.errstate(all="ignore"):
        grown = np.nan_to_num(growth_rate(role, 1, float_transform(kernel, k, n)))
    return float(np.maximum(grown, 0).sum() / np.abs(grown).sum())


def data_band(kernel: Kernel, n: int) -> Band:
    """Returns the band where k^2 |F(kernel)(k)| exceeds 1 % of its peak, its ends rounded outward to two digits.

    Raises InputError where there is no such peak within 1e-12 <= k <= 1e12 (powers of k have none).

    >>> from wgflow.kernels.text import parse
    >>> data_band(parse("rbf"), 2).text  # k^2 exp(-k^2/2) is 1 % of its peak at 0.086 and 3.9
    '17/200,4'
    """
    k = np.logspace(LOW, HIGH, (HIGH - LOW) * _A_DECADE + 1)
    with np.errstate(all="ignore"):
        rate = np.nan_to_num(growth_rate(Role.DISCRIMINATOR, k**2, np.abs(float_transform(kernel, k, n))), nan=0.0)
    at = int(rate.argmax())
    peak = rate[at]
    inside = np.flatnonzero(rate > PART_OF_PEAK * peak)
    if not 0 < peak < float("inf"):
        raise InputError(f"the transform of {shown(kernel)} in dim={n} leaves the doubles; {_TYPE_BAND}")
    if inside[0] == 0 or inside[-1] == len(k) - 1:
        raise InputError(f"the rates k^2 F(e)(k) of {shown(kernel)} have no peak that would give a band; {_TYPE_BAND}")
    fine = np.geomspace(k[inside[0] - 1], k[inside[-1] + 1], 400)
    with np.errstate(all="ignore"):
        above = np.flatnonzero(fine**2 * np.abs(float_transform(kernel, fine, n)) > PART_OF_PEAK * peak)
    return Band(_rounded(fine[max(above[0] - 1, 0)], floor), _rounded(fine[min(above[-1] + 1, 399)], ceil))


def _rounded(value: float, direction: object) -> Fraction:
    unit = Fraction(10) ** (floor(log10(value)) - 1)
    return direction(Fraction(value) / unit) * unit  # type: ignore[operator]


def decay_rates(kernel: Kernel, k: Floats, n: int, role: Role) -> Floats:
    """Returns the decay rates, minus the growth rates, of ``kernel`` at unit density; the shape of k."""
    with np.errstate(all="ignore"):
        return np.asarray(-growth_rate(role, k**2, float_transform(kernel, k, n)))


def slowest_decay(kernel: Kernel, n: int, role: Role, band: Band) -> tuple[float, float]:
    """Returns (k, rate) of the mode of the band that decays most slowly: the float minimum of -role k^2 F(kernel)(k).

    >>> from wgflow.kernels.text import parse
    >>> k, rate = slowest_decay(parse("elastic"), 2, Role.GENERATOR, Band(Fraction(2), Fraction(5)))
    >>> k, round(rate / (2 * np.pi), 12)  # 2 pi k
    (2.0, 2.0)
    """
    low, high = float(band.low), float(band.high)
    k = np.geomspace(low, high, 1000)
    for _ in range(3):
        rates = decay_rates(kernel, k, n, role)
        at = int(np.nanargmin(rates))
        best = float(k[at]), float(rates[at])
        k = np.geomspace(k[max(at - 1, 0)], k[min(at + 1, len(k) - 1)], 101)
    return best
