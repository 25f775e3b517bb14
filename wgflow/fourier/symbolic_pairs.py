"""Known transforms in R^n of functions of r, as SymPy expressions in k: one function a family of pairs.

Each takes (e, n), e a product of factors in `R`, n a whole number or the symbol `N`, and returns F, or None where it does
not apply.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import I, Integer, Rational, cos, exp, log, pi, sech, sin, sqrt, tanh

from wgflow.fourier.symbolic_tidy import bessel_k
from wgflow.kernels.latex import K, R

HALF = Rational(1, 2)
MOST_DERIVATIVES = 12
A = sympy.Symbol("a", positive=True)
S = sympy.Symbol("s")


def factors(e: Any) -> tuple[Any, Any, list[Any]]:
    """Returns (c, p, others) with e = c * r^p * product of others, each of which depends on r."""
    constant, power, others = Integer(1), Integer(0), []
    for factor in sympy.Mul.make_args(e):
        base, exponent = factor.as_base_exp()
        if not factor.has(R):
            constant *= factor
        elif base == R and not exponent.has(R):
            power += exponent
        else:
            others.append(factor)
    return constant, power, others


def rate_of(argument: Any) -> Any:
    """Returns a where the argument is a*r, else None."""
    rate = argument / R
    return None if rate.has(R) else rate


def no_modes(e: Any, n: Any) -> Any:
    """Constants and even powers of r: their transforms are carried by k = 0."""
    _, power, others = factors(e)
    return Integer(0) if not others and power.is_Integer and power >= 0 and power % 2 == 0 else None


def powers_and_logarithms(e: Any, n: Any) -> Any:
    """F(r^s) = 2^{n+s} pi^{n/2} Gamma((n+s)/2)/Gamma(-s/2) k^{-n-s}, differentiated j times in s for r^s log(r)^j.

    Gelfand and Shilov 1964, II.3.3; by reflection 1/Gamma(-s/2) = -sin(pi s/2) Gamma(1 + s/2)/pi.
    """
    constant, power, others = factors(e)
    bases = [factor.as_base_exp() for factor in others]
    if any(base != log(R) or not (j.is_Integer and 0 < j <= MOST_DERIVATIVES) for base, j in bases):
        return None
    corner = n + power
    if corner.is_Integer and corner <= 0 and corner % 2 == 0:
        return None  # not locally integrable, and its finite part has a logarithm of k
    inverse = -sin(pi * S / 2) * sympy.gamma(1 + S / 2) / pi if power.is_number and power > -2 else 1 / sympy.gamma(-S / 2)
    pair = 2 ** (n + S) * pi ** (n / Integer(2)) * sympy.gamma((n + S) / 2) * inverse * K ** (-n - S)
    return constant * sympy.diff(pair, S, sum(j for _, j in bases)).subs(S, power)


def exponentials(e: Any, n: Any) -> Any:
    """r^m exp(-a r) {1, cos b r, sin b r}: F(exp(-a r)) = 2^n pi^{(n-1)/2} Gamma((n+1)/2) a (a^2+k^2)^{-(n+1)/2}, differentiated
    m times in -a (for m = -1: integrated), and continued to a - i b (Stein and Weiss 1971, theorem I.1.14)."""
    constant, power, others = factors(e)
    rates = [(f.func, rate_of(f.args[0])) for f in others if f.func in (exp, cos, sin)]
    waves = [(function, b) for function, b in rates if function is not exp]
    if len(rates) != len(others) or any(b is None for _, b in rates) or len(waves) > 1:
        return None
    a = -sympy.Add(*(b for function, b in rates if function is exp))
    least = 0 if n == 1 else -1
    if not (a.is_positive and power.is_Integer and least <= power <= MOST_DERIVATIVES):
        return None
    pair = _exponential_pair(n, A, power)
    if not waves:
        return constant * pair.subs(A, a)
    return constant * _wave(pair, a, *waves[0], n)


def _exponential_pair(n: Any, a: Any, power: Any) -> Any:
    """F(r^power exp(-a r)), power >= -1."""
    front = 2**n * pi ** ((n - 1) / Integer(2)) * sympy.gamma((n + 1) / Integer(2))
    if power == -1:
        return front / (n - 1) * (a**2 + K**2) ** (-(n - 1) / Integer(2))
    return (-1) ** power * sympy.diff(front * a * (a**2 + K**2) ** (-(n + 1) / Integer(2)), a, power)


def _wave(pair: Any, a: Any, function: Any, b: Any, n: Any) -> Any:
    """Returns the real part of F at a - i b for cos, the imaginary part for sin."""
    minus, plus = pair.subs(A, a - I * b), pair.subs(A, a + I * b)
    if n.is_Symbol or n % 2 == 0:  # roots of complex numbers: left as they are
        return (sympy.re if function is cos else sympy.im)(minus)
    both = (minus + plus) / 2 if function is cos else (minus - plus) / (2 * I)
    return sympy.factor(sympy.expand(sympy.together(both)))


def hyperbolic(e: Any, n: Any) -> Any:
    """sech(a r)^m, tanh(a r)/r and r^{2j+1} tanh(a r) on the line (Erdelyi et al. 1954, Tables of Integral Transforms I, 1.9)."""
    constant, power, others = factors(e)
    if n != 1 or len(others) != 1:
        return None
    base, m = others[0].as_base_exp()
    signed = rate_of(base.args[0]) if base.func in (sech, tanh) else None
    if signed is None or not (m.is_Integer and 1 <= m <= MOST_DERIVATIVES) or not signed.is_real:
        return None
    rate = abs(signed)
    if base.func is sech:
        return constant * _sech_power(int(m), K / rate) / rate if power == 0 else None
    if m != 1 or not (power.is_Integer and power % 2 == 1 and -1 <= power <= MOST_DERIVATIVES):
        return None
    constant *= signed / rate
    if power == -1:
        return constant * -2 * log(tanh(pi * K / (4 * rate)))
    # The sine transform of tanh(a r) is pi/(2a) / sinh(pi k/2a); each r^2 is minus a second derivative.
    return constant * (-1) ** ((power - 1) / 2) * sympy.diff(pi / rate / sympy.sinh(pi * K / (2 * rate)), K, power)


def _sech_power(m: int, k: Any) -> Any:
    """F(sech) = pi sech(pi k/2), F(sech^2) = pi k/sinh(pi k/2), F(sech^{m+2}) = (k^2 + m^2)/(m (m+1)) F(sech^m)."""
    if m <= 2:
        return pi * sech(pi * k / 2) if m == 1 else pi * k / sympy.sinh(pi * k / 2)
    return (k**2 + (m - 2) ** 2) / ((m - 2) * (m - 1)) * _sech_power(m - 2, k)


def rational(e: Any, n: Any) -> Any:
    """Partial fractions in r^2: F((r^2 + c)^{-m}) = 2 pi^{n/2}/Gamma(m) (k/(2b))^{m-n/2} K_{m-n/2}(b k), b = sqrt(c), Re b > 0.

    Wendland 2005, theorem 6.13, continued in c.
    """
    x = sympy.Symbol("x")
    quotient = sympy.together(e.subs(R, sqrt(x)))
    top, bottom = sympy.fraction(quotient)
    if not (quotient.is_rational_function(x) and bottom.has(x)):
        return None
    bottom = sympy.Poly(bottom, x)
    roots = sympy.roots(bottom) if bottom.degree() <= 4 else {}
    if sum(roots.values()) != bottom.degree() or any(z.is_nonnegative for z in roots):
        return None
    total = Integer(0)
    for z, count in roots.items():
        others = bottom.LC() * sympy.prod((x - w) ** m for w, m in roots.items() if w != z)
        for m in range(1, count + 1):
            weight = sympy.diff(top / others, x, count - m).subs(x, z) / sympy.factorial(count - m)
            total += sympy.simplify(weight) * _pole(-z, m, n)
    if all(z.is_real for z in roots):
        return total
    if n.is_Symbol or n % 2 == 0:  # conjugate pairs of Bessel functions
        return sympy.re(total)
    return sympy.simplify(sympy.re(total.expand(complex=True)))


def _pole(c: Any, m: int, n: Any) -> Any:
    root = sympy.sqrtdenest(sqrt(c)) if c.is_real else sympy.expand_complex(sqrt(c))
    order = m - n / Integer(2)
    return 2 * pi ** (n / Integer(2)) / sympy.gamma(m) * (K / (2 * root)) ** order * bessel_k(order, root * K)


PAIRS = (no_modes, powers_and_logarithms, exponentials, hyperbolic, rational)
