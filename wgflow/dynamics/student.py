"""Student's t distribution, without SciPy: what looks on while a network trains needs it, where little else is installed."""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p, pi, sqrt

_MOST_TERMS = 10_000
_TINY = 1e-300
_STEPS = 200
_FARTHEST = 340.0  # of log t, either way: t^2 stays a double


def tail(t: float, freedom: float) -> float:
    """Returns P(T > t) for t >= 0 and ``freedom`` > 0: half the regularized incomplete beta function I_x(freedom/2, 1/2),
    x = freedom / (freedom + t^2) (Abramowitz and Stegun 1964, 26.7.1). Relative error about 1e-12, also far out, and
    1e-9 at a million degrees of freedom.

    >>> round(tail(1.0, 1.0), 12), round(tail(0.0, 7.5), 12)
    (0.25, 0.5)
    """
    return 0.5 * exp(_log_beta_tail(freedom / 2, t * t / freedom))


def quantile(confidence: float, freedom: float) -> float:
    """Returns t with P(T <= t) = confidence, 1/2 <= confidence < 1, by Newton's method in log t.

    >>> round(quantile(0.975, 10.0), 9), quantile(0.5, 3.0)
    (2.228138852, 0.0)
    """
    return upper_quantile(1 - confidence, freedom)


def upper_quantile(probability: float, freedom: float) -> float:
    """Returns t with P(T > t) = probability, 0 < probability <= 1/2, which may be as small as 1e-300 (then perhaps inf).

    >>> abs(tail(upper_quantile(1e-12, 20.0), 20.0) / 1e-12 - 1) < 1e-9
    True
    """
    if probability >= 0.5:
        return 0.0
    low, high, u = -_FARTHEST, _FARTHEST, 0.0  # log t
    if tail(exp(high), freedom) > probability:
        return inf
    for _ in range(_STEPS):  # Newton for log P(T > exp(u)), bisection where it leaves the bracket
        found = tail(exp(u), freedom)
        low, high = (u, high) if found > probability else (low, u)
        slope = -exp(u + _log_density(exp(u), freedom)) / found if found > _TINY else 0.0
        step = log(probability / found) / slope if slope < 0 else inf
        if abs(step) < 1e-14 or high - low < 1e-14:
            break
        u = u + step if low < u + step < high else (low + high) / 2
    return exp(u)


def _log_density(t: float, freedom: float) -> float:
    constant = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(freedom * pi)
    return constant - (freedom + 1) / 2 * log1p(t * t / freedom)


def _log_beta_tail(a: float, ratio: float) -> float:
    """Returns log I_x(a, 1/2) at x = 1 / (1 + ratio), by the continued fraction (DLMF 8.17.22) on the side where it is fast."""
    b = 0.5
    log_x, log_y = -log1p(ratio), log(ratio) - log1p(ratio) if ratio > 0 else -inf
    if ratio == 0:
        return 0.0
    factor = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_y
    x = exp(log_x)
    if x < (a + 1) / (a + b + 2):
        return factor + log(_fraction(a, b, x) / a)
    complement = exp(factor + log(_fraction(b, a, exp(log_y)) / b))
    return log1p(-complement) if complement < 1 else -inf


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b) by Lentz's method as Thompson and Barnett (1986) modified it."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        before = value
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            value *= d * c
        if abs(value - before) <= 1e-16 * abs(value) * sqrt(m):
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
