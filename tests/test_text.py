"""Kernel text, exact numbers, the algebra of kernels."""

import random
from fractions import Fraction as Q

import pytest

from wgflow.arithmetic.number import InputError, integer, rational, square_root
from wgflow.fourier.spectral_sum import transform
from wgflow.kernels.catalogue import CATALOGUE
from wgflow.kernels.kernel import ZERO
from wgflow.kernels.text import parse


def random_text(rng: random.Random) -> str:
    """A random sum of catalogue kernels with rational weights, parameters and stretches."""
    parts = []
    for _ in range(rng.randint(1, 4)):
        name = rng.choice(list(CATALOGUE))
        given = []
        for p in CATALOGUE[name].parameters:
            value = rng.choice(p.choices) if p.choices else Q(rng.randint(1, 39), rng.choice([20, 21, 40]))
            given.append(f"{p.name}={value if rng.random() < 0.8 or not p.is_length else f'sqrt({value})'}")
        if rng.random() < 0.3:
            given.append(f"scale={Q(rng.randint(1, 9), rng.randint(1, 9))}")
        weight = Q(rng.randint(-20, 20), rng.randint(1, 12))
        parts.append(f"{weight}*{name}({', '.join(given)})")
    return " + ".join(parts).replace("+ -", "- ")


@pytest.mark.parametrize("seed", range(200))
def test_text_round_trip(seed):
    kernel = parse(random_text(random.Random(seed)))
    assert parse(str(kernel)) == kernel
    assert hash(parse(str(kernel))) == hash(kernel)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("matern(0.5)", "laplace"),
        ("rbf(sigma=2)", "rbf(2)"),
        ("rbf(gamma=1/8)", "rbf(2)"),
        ("rq(alpha=2, lengthscale=3)", "imq(beta=2, c=6)"),
        ("rbf(scale=1/2)", "rbf(1/2)"),
        ("2*(rbf + rq)/4", "0.5*rbf + 0.5*rq"),
        ("rbf - 1e-3*rbf - 999/1000*rbf", "0"),
        ("  rbf( 1 ) ", "rbf"),
        ("-(-rbf)", "rbf"),
        ("rbf(sqrt(1/4))", "rbf(0.5)"),
    ],
)
def test_equal_kernels_are_equal(one, other):
    assert parse(one) == parse(other)


def test_algebra():
    k = parse("rbf + 1/3*energy")
    assert k - k == ZERO and (k + k) / 2 == k and -1 * (-k) == k
    assert k.stretched(2).stretched("1/2") == k
    with pytest.raises(TypeError, match="convolution"):
        parse("rbf") * parse("rbf")
    with pytest.raises(InputError, match="0"):
        k / 0


@pytest.mark.parametrize("seed", range(60))
def test_stretch_law(seed):
    """F(e(./a))(k) = a^n F(e)(a k), exactly: equal sums of shapes after stretching every shape by a."""
    rng = random.Random(seed)
    kernel, n, a = parse(random_text(rng)), rng.choice([2, 3, 5, 8]), Q(rng.randint(1, 9), rng.randint(1, 9))
    from wgflow.arithmetic import exact
    from wgflow.fourier.spectral_sum import SpectralSum

    parts = []
    for shape, coefficient in transform(kernel, n).terms:
        factor, stretched = shape.stretched(a * a)
        parts.append((stretched, coefficient * factor * exact.power(a, n)))
    assert SpectralSum.of(parts) == transform(kernel.stretched(a), n)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rbf(0)", "positive"),
        ("rbf(-1)", "positive"),
        ("rbf(1, 2)", "takes lengthscale"),
        ("laplace(gamma=2)", "no parameter 'gamma'"),
        ("rbf(gamma=0)", "gamma must be"),
        ("energy(2)", "less than 2"),
        ("energy(0)", "greater than 0"),
        ("wendland(3)", "not one of 0, 1, 2"),
        ("rbg", "did you mean 'rbf'"),
        ("rbf*rbf", "convolution"),
        ("rbf + 1", "cannot be added"),
        ("rbf/0", "nonzero"),
        ("rbf(nan)", "'nan'"),
        ("rbf(inf)", "'inf'"),
        ("rbf(1e300)", "1e200"),
        ("1e1000000*rbf", "out of range"),
        ("9**9**9**9", "exponent"),
        ("__import__('os').system('true')", "not understood"),
        ("rbf.__class__", "not understood"),
        ("lambda: rbf", "not understood"),
        ("[rbf for _ in range(9)]", "not understood"),
        ("(" * 500 + "rbf" + ")" * 500, "nested"),
        ("-" * 5000 + "rbf", "rbf"),
        ("rbf+" * 5000 + "rbf", "characters"),
        ("rbf(" + "1" * 5000 + ")", "characters"),
        ("rbf(\u0661)", "not understood"),
        ("rbf\x00", "not understood"),
        ("", "empty"),
        ("3", "a number, not a kernel"),
        ("rbf(lengthscale=1, sigma=2)", "twice"),
        ("1e1000*(1e1000*rbf)", "too long"),
    ],
)
def test_wrong_text_says_what_to_type(text, says):
    if text.startswith("--"):
        assert parse(text) == parse("rbf")  # an even number of minus signs: odd to type, but right
        return
    with pytest.raises(InputError) as caught:
        parse(text)
    message = str(caught.value)
    assert says in message and "\n" not in message and len(message) < 400


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2", Q(1, 5)),
        ("-1e-3", Q(-1, 1000)),
        ("3/4", Q(3, 4)),
        (".5", Q(1, 2)),
        ("5e-324", Q(5, 10**324)),
        ("-0", Q(0)),
        ("1e308", Q(10) ** 308),
    ],
)
def test_numbers_are_exact(text, value):
    assert rational(text) == value


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "1e1000000", "1e-1000000", "1" * 5000, "1/0", "0x10", "1_000", "", ".", "1e", "½", None, [1]]
)
def test_what_is_no_number(text):
    with pytest.raises(InputError):
        rational(text)


def test_floats_and_scalars_mean_their_shortest_decimal():
    import numpy as np

    assert rational(0.1) == rational(np.float64(0.1)) == Q(1, 10)
    for bad in (float("nan"), float("inf"), True):
        with pytest.raises(InputError):
            rational(bad)


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "1000000000", "1e3", "", "nan", "٣", True])
def test_what_is_no_dimension(value):
    with pytest.raises(InputError):
        integer(value, "dim", 1, 4096)


def test_square_root():
    assert square_root(Q(9, 4)) == Q(3, 2) and square_root(Q(2)) is None


def test_dimensions_are_checked():
    with pytest.raises(InputError, match="takes dim 3 to"):
        transform(parse("riesz(2)"), 2)
    assert transform(parse("riesz(2)"), 3)
