"""Modes about states that are not constant, against independent computations: mpmath, Gauss quadrature, finite differences."""

import json
from itertools import pairwise
from math import exp, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import wgflow as wg
from wgflow.cli.main import main
from wgflow.dynamics.states.base_state import base_state
from wgflow.dynamics.states.block_lanczos import ends_of_spectrum
from wgflow.dynamics.states.curvature import curvature, slope_at_zero
from wgflow.dynamics.states.eigenmodes import eigenvalues
from wgflow.dynamics.states.linearized import FluxOperator, Grid, torus_symbol
from wgflow.dynamics.states.particle_jacobian import flux_matrix
from wgflow.dynamics.states.resolutions import levels
from wgflow.dynamics.states.state_text import parse_state
from wgflow.kernels.text import parse
from wgflow.stability.answer import Verdict


def rbf_transform(k, length, n=1):
    return (2 * pi) ** (n / 2) * length**n * exp(-((length * k) ** 2) / 2)


# --- constant states ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "sign"), [("discriminator", 1), ("generator", -1)])
def test_a_constant_state_has_the_rates_of_the_torus(role, sign):
    """C k^2 F(e - eps s)(k), each twice, from the formula of MATH.md."""
    found = wg.modes("rbf(0.5)", "0.3", stabilizer="rbf(0.25)", eps="1.5", role=role, period="2*pi", count=6)
    exact = [sign * 0.3 * k**2 * (rbf_transform(k, 0.5) - 1.5 * rbf_transform(k, 0.25)) for k in range(1, 30) for _ in range(2)]
    growing = sorted((x for x in exact if x > 0), reverse=True)[:6]
    decaying = sorted(x for x in exact if x < 0)[:6]
    assert found.rate == pytest.approx(growing + decaying[::-1], rel=1e-12)
    both = wg.modes("rbf(0.5)", "0.3", stabilizer="rbf(0.25)", eps="1.5", role=role, period="2*pi", count=6, moves="both")
    assert both.rate == pytest.approx(2 * found.rate, rel=1e-13)


def test_a_constant_state_in_two_dimensions():
    found = wg.modes("rbf(0.7)", "2", dim=2, period="2*pi", count=8)
    squares = sorted((a * a + b * b) for a in range(-9, 10) for b in range(-9, 10) if a or b)
    exact = sorted((2 * m2 * rbf_transform(sqrt(m2), 0.7, 2) for m2 in squares), reverse=True)[:8]
    assert found.rate == pytest.approx(exact, rel=1e-12)
    assert found.trace_exact == pytest.approx(2 * (2 * pi) ** 2 * 2 / 0.49, rel=1e-6)  # images of rbf(0.7) a period away: 1e-17
    assert (found.mass, found.verdict) == (pytest.approx(8 * pi**2), Verdict.GROWS)


# --- a wave on the torus, in 30 digits -----------------------------------------------------------------------------


def wave_rates(amplitude, transform, size=24):
    """About 1 + a cos x, v_t = div(p0 grad(e * v)): in Fourier space K^{1/2} k p0 k K^{1/2}, and m > 0 never meets m < 0."""
    with mp.workdps(30):
        root = [k * mp.sqrt(transform(k)) for k in range(1, size)]
        band = {0: mp.mpf(1), 1: mp.mpf(amplitude) / 2}
        matrix = mp.matrix(size - 1, size - 1)
        for i in range(size - 1):
            for j in range(size - 1):
                matrix[i, j] = root[i] * root[j] * band.get(abs(i - j), 0)
        values = mp.eigsy(matrix, eigvals_only=True)
    return sorted((float(x) for x in values), reverse=True)


def test_a_wave_to_twelve_digits():
    found = wg.modes("rbf(0.5)", "1 + 0.5*cos(x)", period="2*pi", count=10)
    exact = wave_rates("0.5", lambda k: mp.sqrt(2 * mp.pi) / 2 * mp.exp(-(mp.mpf(k) ** 2) / 8))
    assert found.rate[::2] == pytest.approx(exact[:5], rel=1e-12)
    assert found.rate[1::2] == pytest.approx(exact[:5], rel=1e-12)
    assert (found.digits > 10).all() and found.left_out == 0
    assert found.trace_exact == pytest.approx(2 * pi * 4, rel=1e-12) == found.trace  # mass * n / l^2
    assert found.verdict is Verdict.GROWS and "not proved" in found.summary()


def test_the_period_typed_as_a_number_is_close_to_the_exact_one():
    found = wg.modes("rbf(0.5)", "1+0.5*cos(x)", period="6.283185307179586", count=3)
    assert found.rate == pytest.approx(wg.modes("rbf(0.5)", "1+0.5*cos(x)", period="2*pi", count=3).rate, rel=1e-12)


def test_modes_are_eigenfunctions():
    """lambda v = (p0 (e * v)')', with e * v and derivatives by sums over the grid's Fourier modes."""
    found = wg.modes("rbf(0.5)", "exp(cos(x)) + 0.3*sin(2*x)", period="2*pi", count=4)
    x = found.points[:, 0]
    k = np.arange(-40, 41)
    wave = np.exp(1j * np.outer(x, k))
    for rate, v in zip(found.rate, found.mode, strict=True):
        modes = wave.conj().T @ v / len(x)
        potential_slope = (wave @ (1j * k * np.array([rbf_transform(each, 0.5) for each in k]) * modes)).real
        flux = wave.conj().T @ (found.density * potential_slope) / len(x)
        assert -(wave @ (1j * k * flux)).real == pytest.approx(rate * v, abs=1e-9)


# --- the whole space ----------------------------------------------------------------------------------------------


def gauss_hermite_rates(curve, count=60):
    """Eigenvalues about the standard normal density by Gauss's quadrature: nothing of the package's grids."""
    x, w = np.polynomial.hermite_e.hermegauss(count)
    root = np.sqrt(w / w.sum())
    return np.linalg.eigvalsh(root[:, None] * curve(x[:, None] - x[None, :]) * root[None, :])[::-1]


def test_a_gaussian_in_the_whole_line():
    found = wg.modes("rbf(0.8)", "gaussian", count=5)
    a = 1 / 0.8**2
    exact = gauss_hermite_rates(lambda z: (a - a * a * z * z) * np.exp(-a * z * z / 2))
    assert found.rate == pytest.approx(exact[:5], rel=1e-10)
    assert (found.trace, found.trace_exact) == (pytest.approx(a, rel=1e-11), pytest.approx(a, rel=1e-13))
    typed = wg.modes("rbf(0.8)", "3*exp(-x**2/2)", count=5, normalize=True)
    assert typed.rate == pytest.approx(exact[:5], rel=1e-10)


def test_a_kernel_with_heavy_tails():
    """(1 + r^2/c^2)^(-1/2): its images on a torus would fall only as 1/L^3."""
    found = wg.modes("imq(beta=0.5, c=2)", "gaussian", count=4)
    exact = gauss_hermite_rates(lambda z: (1 - z * z / 2) / 4 * (1 + z * z / 4) ** -2.5, 110)
    assert found.rate == pytest.approx(exact[:4], rel=1e-9)


@pytest.mark.long
def test_a_gaussian_in_the_plane():
    """The trace is n / l^2; rates from tensor Gauss quadrature."""
    found = wg.modes("rbf(1)", "gaussian", dim=2, count=3)
    x, w = np.polynomial.hermite_e.hermegauss(28)
    w /= w.sum()
    points = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    exact = np.linalg.eigvalsh(naive_flux(points, np.outer(w, w).ravel()))[::-1]
    assert found.trace_exact == pytest.approx(2, rel=1e-13)
    assert found.rate == pytest.approx(exact[:3], rel=1e-7)


def naive_flux(points, weights):
    """sqrt(w_i) (I - z z^T) exp(-|z|^2/2) sqrt(w_j), the rbf(1), block by block."""
    z = points[:, None] - points[None, :]
    r2 = (z * z).sum(axis=-1)
    n = points.shape[1]
    blocks = (np.eye(n) - z[..., :, None] * z[..., None, :]) * np.exp(-r2 / 2)[..., None, None]
    root = np.sqrt(weights)
    blocks *= (root[:, None] * root[None, :])[..., None, None]
    return blocks.transpose(0, 2, 1, 3).reshape(n * len(points), -1)


# --- the operator -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2])
def test_the_matrix_is_the_fast_operator(dim):
    grid = Grid(np.full(dim, -pi), 2 * pi / 9, (9,) * dim)
    rng = np.random.default_rng(5)
    operator = FluxOperator(grid, rng.random(grid.count), torus_symbol(parse("rbf(0.6) - 0.3*rbf(0.2)"), grid))
    w = rng.standard_normal(operator.unknowns)
    matrix = operator.matrix()
    assert operator.apply(w) == pytest.approx(matrix @ w, abs=1e-12)
    assert (matrix == matrix.T).all() and operator.trace() == pytest.approx(np.trace(matrix), rel=1e-13)


def test_iteration_finds_what_the_matrix_has_multiple_eigenvalues_too():
    state = base_state("1+0.5*cos(x)*cos(y)")
    make = levels(parse("rbf(0.5) - 3*rbf(0.25)"), state, 2 * pi, None, 1.0, (21,))[0]
    every = eigenvalues(make())
    values, vectors = ends_of_spectrum(make(), 4, 6)
    assert values == pytest.approx(np.concatenate([every[:4], every[-6:]]), rel=1e-9)
    assert np.min(np.diff(values[-4:])) < 1e-9  # a pair is among them
    assert np.abs(vectors[:, 4:].T @ vectors[:, 4:] - np.eye(6)).max() < 1e-8


def test_curvature_is_the_second_derivative():
    with mp.workdps(40):
        for text, e in (
            ("rbf(0.7) - 0.5*laplace", lambda r: mp.exp(-r * r / mp.mpf("0.98")) - mp.exp(-r) / 2),
            ("matern(2.5)", lambda r: (1 + mp.sqrt(5) * r + 5 * r * r / 3) * mp.exp(-mp.sqrt(5) * r)),
            ("rq(alpha=2, lengthscale=1)", lambda r: (1 + r * r / 4) ** -2),
            ("exp(-r**4)", lambda r: mp.exp(-(r**4))),
        ):
            for r in (0.3, 1.7):
                first, second = mp.diff(e, r), mp.diff(e, r, 2)
                got = curvature(parse(text), np.array([[0.0, r]]))[0]
                assert got == pytest.approx(np.array([[-float(first) / r, 0], [0, -float(second)]]), rel=1e-10, abs=1e-13)
    assert slope_at_zero(parse("matern(2.5)"), 1) == pytest.approx(-5 / 6, rel=1e-14)
    assert slope_at_zero(parse("laplace"), 1) is None


# --- what is not discrete -----------------------------------------------------------------------------------------


def test_the_energy_distance_has_no_modes():
    found = wg.modes("energy", "1+0.5*cos(x)", period="2*pi")
    assert found.band == pytest.approx((1, 3), rel=1e-12) and len(found.rate) == 0
    assert found.verdict is Verdict.GROWS and "continuous from 1 to 3" in found.summary()
    assert found.trace_exact is None
    assert wg.modes("energy", "1+0.5*cos(x)", period="2*pi", role="generator").verdict is Verdict.DECAYS


def test_isolated_rates_beside_a_continuous_part():
    """About a constant every rate is C k^2 F: the band is one number, 2 C, and k^2 F_rbf lies above it."""
    found = wg.modes("energy + rbf(0.5)", "1", period="2*pi", count=4)
    exact = sorted((2 + k * k * rbf_transform(k, 0.5) for k in range(1, 9) for _ in range(2)), reverse=True)
    assert found.band == pytest.approx((2, 2), rel=1e-12)
    assert found.rate[:4] == pytest.approx(exact[:4], rel=1e-10)
    wave = wg.modes("energy + rbf(0.5)", "1+0.1*cos(x)", period="2*pi")
    low, high = wave.band
    assert len(wave.rate) and ((wave.rate < low) | (wave.rate > high)).all()


def test_rates_without_bound():
    found = wg.modes("elastic", "1", period="2*pi", role="generator", count=4)
    assert found.band == (-np.inf, 0.0) and found.verdict is Verdict.DECAYS
    assert found.rate == pytest.approx([-pi, -pi, -2 * pi, -2 * pi], rel=1e-10)  # pi k^2 / k
    assert "Hadamard" in wg.modes("elastic", "1", period="2*pi", count=2).summary()
    line = wg.modes("elastic", "gaussian")  # p0 k takes every value: nothing is isolated
    assert len(line.rate) == 0 and line.verdict is Verdict.GROWS
    jump = wg.modes("tophat", "1", period="2*pi")  # 2 k sin k
    assert jump.band == (-np.inf, np.inf) and len(jump.rate) == 0


def test_the_trace_of_a_short_torus():
    """The sum over images of (1 - j^2) exp(-j^2/2) nearly cancels: Poisson gives twice the first mode's rate."""
    found = wg.modes("rbf(1)", "1", period=1)
    assert found.trace_exact == pytest.approx(2 * (2 * pi) ** 2 * rbf_transform(2 * pi, 1), abs=1e-15)
    assert found.trace == pytest.approx(found.trace_exact, abs=1e-15)


# --- verdicts and equilibria --------------------------------------------------------------------------------------


def test_what_decays_about_constants_decays_about_every_state():
    found = wg.modes("rbf(1)", "exp(2*cos(x))", stabilizer="rbf(0.5)", eps=2, period="2*pi")
    assert found.verdict is Verdict.DECAYS is found.proved and (found.rate < 0).all()


@settings(max_examples=8, deadline=None)
@given(st.floats(0, 0.95), st.floats(0.3, 1), st.sampled_from(["0.5", "1.2", "2.5"]))
def test_as_many_modes_grow_as_about_a_constant(amplitude, length, eps):
    """Sylvester's law of inertia: p0 > 0 changes the rates, never how many are positive."""
    kernel = f"rbf({length:.3f})"
    options = {"stabilizer": f"rbf({length / 2:.4f})", "eps": eps, "period": "2*pi", "count": 20}
    constant, wave = (wg.modes(kernel, text, **options) for text in ("1", f"1 + {amplitude:.3f}*cos(x)"))
    assert (constant.rate > 0).sum() == (wave.rate > 0).sum()
    assert wave.trace == pytest.approx(constant.trace, rel=1e-10)  # both have the mass 2 pi


def test_a_state_that_is_no_equilibrium():
    """On the torus F(energy) = 2/k^2: (e * cos)' = -2 sin."""
    found = wg.modes("energy", "1+0.5*cos(x)", target="1-0.5*cos(x)", period="2*pi")
    assert found.residual.largest == pytest.approx(2, rel=1e-5) and found.verdict is Verdict.UNDECIDED
    assert "NO equilibrium" in found.summary()
    line = wg.modes("rbf(1)", "gaussian", target="gaussian(mean=0.5)")
    x = np.linspace(-8, 8, 4001)  # the convolution of two Gaussians, written out
    moved = [np.exp(-((x - m) ** 2) / 4) * (x - m) / 2 / sqrt(2) for m in (0, 0.5)]
    assert line.residual.largest == pytest.approx(abs(moved[0] - moved[1]).max(), rel=1e-3)


def test_an_equilibrium_that_is_not_the_target():
    """exp(-200) is what rbf(0.5) sees of cos(40 x): p0 is at rest though q is another density."""
    found = wg.modes("rbf(0.5)", "1+0.5*cos(40*x)", target="1", period="2*pi", role="generator")
    assert found.residual.at_rest and found.verdict is Verdict.DECAYS


# --- particles ----------------------------------------------------------------------------------------------------


def test_the_jacobian_is_the_derivative_of_the_velocities():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((6, 2)), None
    y = x.copy()

    def velocity(flat):
        p = flat.reshape(-1, 2)
        out = np.zeros_like(p)
        for i in range(6):
            for s, sign in ((p, 1), (y, -1)):
                z = p[i] - s
                out[i] += sign * (-z * np.exp(-(z * z).sum(axis=1, keepdims=True) / 2)).mean(axis=0)
        return out.ravel()

    h = 1e-5
    bumps = np.eye(12) * h
    jacobian = np.array([(velocity(x.ravel() + b) - velocity(x.ravel() - b)) / (2 * h) for b in bumps]).T
    assert flux_matrix(parse("rbf"), x, np.full(6, 1 / 6)) == pytest.approx(jacobian, abs=1e-9)
    found = wg.modes("rbf", x, count=3)
    assert found.rate == pytest.approx(np.linalg.eigvalsh(jacobian)[::-1][:3], abs=1e-9)
    assert found.trace == pytest.approx(found.trace_exact, rel=1e-12) and found.trace_exact == pytest.approx(2, rel=1e-13)


def test_particles_on_a_torus_approach_the_density():
    """Quantiles of 1 + cos(x)/2 are an equal-weight rule in a smooth periodic variable: errors fall faster than any power."""
    exact = wg.modes("rbf(0.5)", "(1 + 0.5*cos(x))/(2*pi)", period="2*pi", count=4).rate
    errors = [abs(wg.modes("rbf(0.5)", wave_quantiles(n), period="2*pi", count=4).rate - exact).max() for n in (10, 20, 40, 80)]
    orders = [np.log2(a / b) for a, b in pairwise(errors)]
    assert errors[3] < 1e-13 and orders[0] > 6 and orders[1] > 12


def wave_quantiles(count):
    u = (np.arange(count) + 0.5) / count
    x = 2 * pi * u - pi
    for _ in range(60):
        x = x - ((x + pi + np.sin(x) / 2) / (2 * pi) - u) * 2 * pi / (1 + np.cos(x) / 2)
    return x


def test_particles_of_a_gaussian_approach_it_algebraically():
    from scipy.special import ndtri

    exact = wg.modes("rbf(1)", "gaussian", count=2).rate
    counts = np.array([50, 100, 200, 400])
    errors = [abs(wg.modes("rbf(1)", ndtri((np.arange(n) + 0.5) / n), count=2).rate - exact).max() for n in counts]
    assert 1 < -np.polyfit(np.log(counts), np.log(errors), 1)[0] < 2


def test_samples_in_files_and_their_bandwidth(tmp_path):
    x = np.random.default_rng(1).standard_normal(200)
    np.save(tmp_path / "x.npy", x)
    found = wg.modes("rbf(1)", str(tmp_path / "x.npy"), bandwidth="0.3", count=3)
    assert found.mass == pytest.approx(1, rel=1e-12) and (found.digits > 9).all()
    same = wg.modes("rbf(1)", lambda p: np.exp(-((p - x) ** 2) / 0.18).mean(axis=-1) / sqrt(0.18 * pi), box=(-8, 8), count=3)
    assert found.rate == pytest.approx(same.rate, rel=1e-10)
    with pytest.raises(wg.InputError, match="no finite curvature"):
        wg.modes("energy", str(tmp_path / "x.npy"))


def test_a_saved_density(tmp_path):
    """Of 16 points of a wave, and as the trigonometric function through them, the wave itself."""
    from wgflow.run import labelled, save

    for count in (15, 16):
        x = 0.1 + np.arange(count) * 2 * pi / count
        rows = {"x": (("x",), x, "length", "x"), "density": (("frame", "x"), [0 * x, 1 + 0.5 * np.cos(x)], "1", "p")}
        save(labelled(rows, {"settings": '{"period": "2*pi"}', "length": 2 * pi}), tmp_path / "run.nc")
        found = wg.modes("rbf(0.5)", str(tmp_path / "run.nc"), period="2*pi", count=4)
        assert found.rate == pytest.approx(wg.modes("rbf(0.5)", "1+0.5*cos(x)", period="2*pi", count=4).rate, rel=1e-12)
    for options in ({}, {"period": 7}):
        with pytest.raises(wg.InputError, match=r"--period 6\.28"):
            wg.modes("rbf(0.5)", str(tmp_path / "run.nc"), **options)
    with pytest.raises(wg.InputError, match="--dim 1"):
        wg.modes("rbf(0.5)", str(tmp_path / "run.nc"), dim=2)


# --- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("1+0.5*cos(x)", lambda x, y: 1 + 0.5 * np.cos(x)),
        ("-x**2 + 2**-x**2", lambda x, y: -(x**2) + 2.0 ** (-(x**2))),
        ("2 - 3 - 4*x/2/y", lambda x, y: 2 - 3 - 4 * x / 2 / y),
        ("exp(-(x**2+y**2)/2)/(2*pi)", lambda x, y: np.exp(-(x * x + y * y) / 2) / (2 * np.pi)),
        ("sech(r)*tanh(x)**2 - -1e-3", lambda x, y: np.tanh(x) ** 2 / np.cosh(np.hypot(x, y)) + 1e-3),
        ("sqrt(abs(x*y)) + log(3) + .5", lambda x, y: np.sqrt(abs(x * y)) + np.log(3) + 0.5),
        ("2**3**2", lambda x, y: 512 + 0 * x),
    ],
)
def test_text_means_what_it_says(text, function):
    points = np.random.default_rng(0).standard_normal((3, 4, 2))
    assert parse_state(text)(points) == pytest.approx(function(points[..., 0], points[..., 1]), rel=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 +", "x y", "cos x", "__import__('os')", "x.real", "f(x)", "((x)", "x)", "1e400", "1 ** ", "(" * 99,
        "-" * 9 + "q", "2**" * 50 + "2", "+".join("x" * 600), "x; y", "lambda x: x", "9" * 5000,
    ],
)  # fmt: skip
def test_text_that_is_not_understood(text):
    with pytest.raises(wg.InputError) as problem:
        parse_state(text)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rbf", "1 + 2*cos(x)", {"period": "2*pi"}), "not negative"),
        (("rbf", "1/x", {"period": "2*pi"}), "finite"),
        (("rbf", "0", {"period": "2*pi"}), "0 everywhere"),
        (("rbf", "1", {}), "--period"),
        (("rbf", "x*y", {"dim": 1}), "--dim 2"),
        (("elastic", "gaussian", {"dim": 2}), "--period"),
        (("rbf", "uniform", {}), "no smooth density"),
        (("rbf", "gaussian(std=0)", {}), "positive std"),
        (("rbf", "gaussian", {"moves": "q"}), "moves"),
        (("rbf", "gaussian", {"box": "3,1"}), "LOW < HIGH"),
        (("rbf", "gaussian", {"bandwidth": 1}), "samples"),
        (("rbf", "gaussian", {"digits": 0}), "digits"),
        (("rbf", [[np.nan]], {}), "finite"),
    ],
)
def test_wrong_input(arguments, words):
    kernel, state, options = arguments
    with pytest.raises(wg.InputError, match=words):
        wg.modes(kernel, state, **options)


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command(tmp_path, capsys):
    import xarray

    state = ["--state", "1+0.5*cos(x)", "--period", "6.283185307179586"]
    out, plot = tmp_path / "modes.nc", tmp_path / "modes.png"
    assert main(["modes", "--kernel", "rbf(0.5)", *state, "--out", str(out), "--plot", str(plot), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["verdict"], len(answer["rate"])) == ("wgflow.modes/1", "GROWS", 10)
    with xarray.open_dataset(out, engine="h5netcdf") as data:
        assert data.growth_rate.values.tolist() == answer["rate"] and data.density_mode.dims == ("mode", "x")
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main(["modes", "--kernel", "rbf(0.5)", *state, "--role", "generator"]) == 0
    assert "proved for every state" in capsys.readouterr().out.replace("\n", " ").replace("  ", " ")
    assert main(["modes", "--kernel", "rbf(0.5)", *state, "--target", "1"]) == 3
    assert main(["modes", "--kernel", "rbf(0.5)", *state, "--state", "cos(x)"]) == 2
    assert main(["modes", "--kernel", "rbf(0.5)", *state, "--plot", "modes.txt"]) == 2
    assert main(["modes", "--kernel", "rbf(0.5)", "--state", str(tmp_path / "none.npy")]) == 4


def test_figures_in_two_dimensions_and_of_samples(tmp_path):
    from wgflow.dynamics.states.state_modes_drawing import save_modes_plot

    wave = wg.modes("rbf(1)", "1+0.5*cos(x)*cos(y)", period="2*pi", count=3)
    points = wg.modes("rbf(1)", [[0.0, 1.0], [2.0, 0.5]])
    for number, found in enumerate((wave, points)):
        save_modes_plot(found.to_dataset(), str(tmp_path / f"{number}.png"))
        assert "<table>" in found._repr_html_() and json.dumps(found.to_json(), allow_nan=False)
