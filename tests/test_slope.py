"""Compiled kernels against mpmath at random distances over many decades; the primitives in units of the last place."""

import subprocess
import sys
import textwrap
from fractions import Fraction

import mpmath as mp
import numba
import numpy as np
import pytest
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from wgflow.arithmetic import elementary
from wgflow.arithmetic.machine_code import Code
from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.slope import _features, compiled_kernel, is_finite_at_zero, is_singular, profile_value, slope
from wgflow.kernels.kernel import ZERO
from wgflow.kernels.text import parse

FAST = {"reassoc", "contract", "nsz", "arcp"}  # what a caller may allow must not touch the exact steps


@numba.njit(fastmath=FAST)
def both(shape, parameters, table, q, value, gradient):
    for i in range(len(q)):
        value[i] = profile_value(shape, q[i], parameters, table)
        gradient[i] = slope(shape, q[i], parameters, table)


@numba.njit(fastmath=FAST)
def only_values(shape, parameters, table, q, value):
    for i in range(len(q)):
        value[i] = profile_value(shape, q[i], parameters, table)


def compiled(kernel, n, q, **options):
    k = compiled_kernel(kernel, n, **options)
    value, gradient = np.empty_like(q), np.empty_like(q)
    both(k.shape, k.parameters, k.table, q, value, gradient)
    return value, gradient


class MpOps:
    """The formulas' arithmetic in mpmath, apart from every arithmetic of the package."""

    pi = mp.pi
    exp, log, sqrt, sin, cos, tanh, sech, erf = map(
        staticmethod, (mp.exp, mp.log, mp.sqrt, mp.sin, mp.cos, mp.tanh, mp.sech, mp.erf)
    )

    @staticmethod
    def number(value):
        return mp.mpf(value.numerator) / value.denominator

    def power(self, base, exponent):
        return mp.power(base, self.number(Fraction(exponent)))

    def gamma(self, argument):
        return mp.gamma(self.number(Fraction(argument)))

    def besselk(self, order, x):
        return mp.besselk(self.number(order), x)

    def besselj(self, order, x):
        return mp.besselj(self.number(order), x)

    def log_zk(self, order, z2):
        return mp.log(mp.sqrt(z2) ** self.number(order) * mp.besselk(self.number(order), mp.sqrt(z2)))

    @staticmethod
    def positive_part(x):
        return max(x, mp.mpf(0))

    @staticmethod
    def step(x):
        return mp.mpf(x > 0)


def exact(kernel, n, q, softening=0, digits=70):
    """(value, slope) by mpmath: a central difference with many digits to spare."""
    ops = MpOps()

    def profile(x):
        total = mp.mpf(0)
        for t in kernel.terms:
            scaled = (x + mp.mpf(softening) ** 2) / ops.number(t.scale2)
            total += ops.number(t.weight) * t.family.profile(ops, scaled, Fraction(n))
        return total

    with mp.workdps(digits):
        found = []
        for x in map(mp.mpf, q):
            h = (x + mp.mpf(softening) ** 2) * mp.mpf(10) ** -20
            found.append((float(profile(x)), float((profile(x + h) - profile(x - h)) / (2 * h))))
    return np.array(found).T


def check(text, n, q, tolerance, floors=(1e-290, 1e-290), **options):
    kernel = parse(text)
    found = compiled(kernel, n, q, **options)
    wanted = exact(kernel, n, q, **options)
    for mine, true, floor in zip(found, wanted, floors, strict=True):
        assert np.all(np.isfinite(mine))
        # exp(x) loses |x| units of the last place, and below 1e-290 doubles have fewer digits
        lost = tolerance * (1 + np.abs(np.log(np.abs(true) + 1e-290)) / 20)
        np.testing.assert_array_less(np.abs(mine - true), lost * np.abs(true) + floor, err_msg=text)


def later(*case):
    return pytest.param(*case, marks=pytest.mark.long)


ELEMENTARY = [
    ("rbf(0.3)", 2), ("rq(alpha=0.3)", 3), ("multiquadric", 2), ("laplace", 5), ("matern(nu=7/2)", 1),
    ("energy", 3), ("energy(beta=1.3)", 2), ("riesz(a=0.9)", 1), ("elastic", 3), ("coulomb", 2), ("yukawa", 3),
    ("wendland(0)", 1), ("wendland(2)", 3),
    later("rq", 1), later("matern", 2), later("energy(1/2)", 1), later("energy(beta=0.01)", 5), later("riesz(a=2)", 5),
    later("elastic", 1), later("coulomb", 5), later("yukawa", 1), later("yukawa(lengthscale=2)", 5), later("wendland(1)", 2),
    *[later(text, n) for text in ("rbf", "rq", "matern", "elastic", "coulomb", "log") for n in (2, 3, 5)],
]  # fmt: skip
WRITTEN = [
    "exp(-r**4)",
    "sech(r)",
    "exp(-r)*r**2.5",
    "tanh(r)",
    "sin(r)/r",
    "erf(r)/r",
    "1/(1+r**3)",
    "log(1+r)",
    "besselk(3/2,r)",
]
TABULATED = [("matern(nu=1/3)", 3), ("yukawa", 2)]
TABULATED += [later("matern(nu=1)", 2), later("matern(nu=20.3)", 1), later("besselk(0,r)", 2), later("yukawa", 4)]


def squares(seed, low=-12, high=4, count=25):
    rng = np.random.default_rng(seed)
    return np.concatenate([10 ** rng.uniform(low, high, count), rng.uniform(0, 1.1, 8)])


@pytest.mark.parametrize(("text", "n"), ELEMENTARY)
def test_catalogue_against_mpmath(text, n):
    check(text, n, squares(1), 4e-15 if not text.startswith("wendland") else 2e-13)


@pytest.mark.parametrize("text", WRITTEN)
def test_expressions_against_mpmath(text):
    check(text, 2, squares(2, high=3), 3e-13, floors=(3e-16, 1e-290))  # log(1+r): as accurate as 1+r


@pytest.mark.parametrize(("text", "n"), TABULATED)
def test_tables_against_mpmath(text, n):
    check(text, n, squares(3, low=-20, high=3, count=8), 1e-13)


def test_a_table_of_what_changes_sign():
    check("besselk(0,r)*r", 2, squares(3, low=-8, high=3, count=8), 1e-13, floors=(1e-14, 1e-13))


def test_composites_and_softening():
    check("rbf - 0.2*rbf(1/2) + energy - matern(5/2)", 2, squares(4, low=-6, high=2), 1e-12)
    check("log + 0.5*riesz(1/2)", 3, squares(5), 1e-14, softening=0.125)


@pytest.mark.parametrize(
    "text", ["rbf", "energy", "energy(beta=1.3)", "laplace", "log", "sin(r)/r", *map(later, ("rq", "wendland(2)", "yukawa"))]
)
def test_the_whole_range_is_finite_and_zero_is_a_limit(text):
    """From q = 0 to 1e300 nothing is NaN or infinite where the true gradient of order r * slope is representable."""
    n, kernel = 2, parse(text)
    q = np.concatenate([[0.0], 10.0 ** np.arange(-300, 301, 7)])
    value, gradient = compiled(kernel, n, q)
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(gradient * np.sqrt(q)))
    with mp.workdps(30):
        at_zero = {"rbf": (1, -0.5), "rq": (1, -0.5), "wendland(2)": (1, -28 / 3), "sin(r)/r": (1, -1 / 6)}
        limits = at_zero.get(text, (1.0 if text == "laplace" else 0.0, 0.0))
    np.testing.assert_allclose((value[0], gradient[0]), limits, rtol=1e-14, atol=1e-50)


def test_coincident_points_of_softened_kernels():
    value, gradient = compiled(parse("riesz(1/2)"), 2, np.zeros(1), softening=0.25)
    np.testing.assert_allclose((value[0], gradient[0]), (2.0, -0.25 * 0.0625**-1.25), rtol=1e-15)


def test_no_terms_a_jump_and_wrong_input():
    value, gradient = compiled(ZERO, 2, np.array([0.0, 1.0]))
    assert not value.any() and not gradient.any()
    with pytest.raises(InputError, match="jump"):
        compiled_kernel(parse("tophat"), 2)
    k, out = compiled_kernel(parse("3*tophat(2)"), 2, gradient=False), np.empty(3)
    only_values(k.shape, k.parameters, k.table, np.array([0.0, 3.9, 4.1]), out)
    assert out.tolist() == [3, 3, 0]
    with pytest.raises(InputError, match="softening"):
        compiled_kernel(parse("rbf"), 2, softening=-1.0)
    with pytest.raises(InputError, match="dim"):
        compiled_kernel(parse("riesz(2)"), 2)


SINGULAR = {"riesz(1/2)", "log", "coulomb", "elastic", "energy(1/2)", "yukawa", "matern(1/3)", "r**0.5*exp(-r)", "besselk(0,r)"}
REGULAR = {
    "rbf",
    "energy",
    "energy(3/2)",
    "laplace",
    "matern(3/4)",
    "wendland(0)",
    "tophat",
    "exp(-r**4)",
    "sin(r)/r",
    "log(1+r)",
}


def test_what_is_singular():
    assert {text for text in SINGULAR | REGULAR if is_singular(parse(text), 2)} == SINGULAR
    assert not is_singular(parse("coulomb"), 1) and not is_singular(parse("yukawa"), 1)
    infinite = {"riesz(1/2)", "log", "coulomb", "elastic", "yukawa", "besselk(0,r)"}
    assert {text for text in SINGULAR | REGULAR if not is_finite_at_zero(parse(text), 2)} == infinite


@pytest.mark.parametrize("text", ["laplace", "yukawa", later("energy"), later("energy(beta=1.3)")])
def test_single_precision(text):
    """Numbers of 24 bits give results of about 20; the largest are compared, as exp loses |x| units."""
    q = squares(7, low=-3, high=1).astype(np.float32)
    k, value, gradient = compiled_kernel(parse(text), 2), np.empty_like(q), np.empty_like(q)
    both(k.shape, k.parameters, k.table, q, value, gradient)
    for mine, true in zip((value, gradient), exact(parse(text), 2, q.astype(float), digits=40), strict=True):
        np.testing.assert_allclose(mine, true, rtol=3e-6)


def test_one_compilation_serves_all_lengths_and_weights():
    k, other, third = (compiled_kernel(parse(text), 2) for text in ("rbf", "-3*rbf(0.3)", "laplace"))
    assert numba.typeof(k.shape) == numba.typeof(other.shape) != numba.typeof(third.shape)
    assert other.parameters == (-3.0, pytest.approx(1 / 0.09, rel=1e-15))


def primitive(function, vector=0, plain=False):
    """Compiles an elementary function for float64 numbers, or for a vector of lanes of which each holds the number."""

    @intrinsic
    def apply(typing, x):
        def write(context, builder, signature, args):
            scalar = Code(builder)
            if not vector:
                return function(scalar, args[0])
            wide = Code(builder, ir.VectorType(ir.DoubleType(), vector), frozenset() if plain else _features())
            return builder.extract_element(function(wide, wide.spread(args[0])), ir.Constant(ir.IntType(32), vector - 3))

        return types.float64(types.float64), write

    @numba.njit
    def loop(x):
        return np.array([apply(value) for value in x])

    return loop


def ulps(found, true):
    """Errors in units of 2^-53 relative to the true values."""
    return max(abs((mp.mpf(a) - b) / b) for a, b in zip(map(float, found), true, strict=True)) * 2**53


@pytest.mark.parametrize(("lanes", "plain"), [(0, True), (16, False), (16, True)], ids=["scalar", "lanes", "plain lanes"])
def test_primitives_in_ulps(lanes, plain):
    rng = np.random.default_rng(6)
    small, wide = rng.uniform(-1, 1, 400), 10 ** rng.uniform(-300, 300, 400)
    with mp.workdps(40):
        exp2 = primitive(lambda code, x: elementary.exp_of_product(code, code.constant(1.0), x), lanes, plain)
        x = np.concatenate([small, rng.uniform(-1020, 1020, 400)])
        assert ulps(exp2(x), [mp.power(2, mp.mpf(v)) for v in x]) < 12  # 1e-15 from a register's table, 3e-16 elsewhere
        ends = exp2(np.array([0.0, -1e4, -1e300, -np.inf, 1e4, np.inf]))
        assert ends.tolist() == [1, 0, 0, 0, np.inf, np.inf]
        root = primitive(elementary.reciprocal_root, lanes, plain)
        assert ulps(root(wide), [1 / mp.sqrt(mp.mpf(v)) for v in wide]) < 3
        assert np.isfinite(root(np.zeros(1))[0])
        near = np.concatenate([wide, 1 + small / 2, 1 + small * 1e-6])
        assert ulps(primitive(elementary.log, lanes, plain)(near), [mp.log(mp.mpf(v)) for v in near]) < 4
        power = primitive(lambda code, x: elementary.power(code, x, Fraction(-13, 30)), lanes, plain)
        assert ulps(power(wide), [mp.power(mp.mpf(v), mp.mpf(-13) / 30) for v in wide]) < 5


def test_vectors_are_wide_where_the_processor_has_them():
    """The attribute leans on llvmlite's internals; without it loops are right and slower."""
    if "avx512f" not in _features():
        pytest.skip("no 512-bit vectors on this machine")
    k = compiled_kernel(parse("rbf"), 2)

    @numba.njit(fastmath=FAST)
    def total(shape, parameters, table, q):
        s = 0.0
        for i in range(len(q)):
            s += slope(shape, q[i], parameters, table)
        return s

    total(k.shape, k.parameters, k.table, np.ones(4))
    assert any("zmm" in text for text in total.inspect_asm().values())


def test_a_second_process_compiles_nothing(tmp_path):
    code = """
        import numpy as np, numba
        from wgflow.dynamics.sums.slope import compiled_kernel, slope
        from wgflow.kernels.text import parse

        @numba.njit(cache=True)
        def total(shape, parameters, table, q):
            s = 0.0
            for i in range(len(q)):
                s += slope(shape, q[i], parameters, table)
            return s

        k = compiled_kernel(parse("rbf(2)"), 2)
        print(total(k.shape, k.parameters, k.table, np.ones(3)), sum(total.stats.cache_hits.values()))
    """
    script = tmp_path / "caller.py"
    script.write_text(textwrap.dedent(code))
    runs = [subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout.split() for _ in "ab"]
    assert runs[0][0] == runs[1][0] and [hits for _, hits in runs] == ["0", "1"]
