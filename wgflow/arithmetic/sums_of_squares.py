"""Which whole numbers are |m|^2 of a mode m in Z^n: sums of n squares."""

from __future__ import annotations

from math import isqrt

# Beyond this, whether a number is a sum of two squares is not looked into: that needs its factors.
MOST_FACTORED = 10**8


def is_sum_of_squares(number: int, count: int) -> bool | None:
    """Tells whether ``number`` >= 1 is a sum of ``count`` squares of integers (Fermat, Legendre, Lagrange).

    None where that is not known: for two squares and numbers beyond 10^8 that are no square.

    >>> [m for m in range(1, 10) if is_sum_of_squares(m, 2)], is_sum_of_squares(7, 3)
    ([1, 2, 4, 5, 8, 9], False)
    """
    if count > 3 or isqrt(number) ** 2 == number:
        return True
    if count == 1:
        return False
    if count == 3:
        while number % 4 == 0:
            number //= 4
        return number % 8 != 7
    return _is_sum_of_two_squares(number) if number <= MOST_FACTORED else None


def _is_sum_of_two_squares(number: int) -> bool:
    """Fermat: every prime 3 mod 4 divides it an even number of times."""
    p = 2
    while p * p <= number:
        exponent = 0
        while number % p == 0:
            number //= p
            exponent += 1
        if p % 4 == 3 and exponent % 2:
            return False
        p += 1
    return number % 4 != 3
