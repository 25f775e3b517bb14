"""Time per step of density flows: wgflow beside py-pde, exponax and FiPy on the same problem, one thread, one run.

    p_t = div(p grad(e * (p - 1))),   e = rbf(0.5),   p(0) = 1 + 0.4 cos x (+ 0.4 cos y) on the torus of period 2 pi

on 1024 points in one dimension and on 256 x 256 in two; for "coarse" on 48 and 48 x 48, with larger steps. Every method
runs in a process of its own, in turns, several times:

    start     seconds from the start of Python to the end of the first step: imports, compilation or its cache, set-up
    step      median time of a later step, by windows of ten (of a step of the method's own size for wgflow's volumes)
    all steps seconds for reaching the end, were every step as the median one: at equal accuracy this is what counts
    total     seconds for the whole run in a fresh process, start included
    ratio     step over that of wgflow etdrk4
    error     largest error at the end, against a Fourier series that a plain Runge-Kutta program computed (below)

    pip install py-pde exponax fipy
    python benchmarks/density_steps.py [--turns 3] [--dims 1,2]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median

BEGUN = time.perf_counter()
LENGTHSCALE, AMPLITUDE, TAU = 0.5, 0.4, 6.283185307179586
CASES = {1: (1024, 400, 1e-3), 2: (256, 30, 5e-3)}  # points, steps, dt
WINDOW = 10  # steps that are timed together
PEERS = {"py-pde numpy rk4": "pde", "py-pde numpy euler": "pde", "exponax etdrk4": "exponax", "FiPy implicit": "fipy"}
COARSE = {1: (48, 40, 1e-2), 2: (48, 6, 2.5e-2)}  # enough for the accuracy of the methods of low order
OURS = ("wgflow etdrk4", "wgflow etdrk4, coarse", "wgflow spectral rk4", "wgflow volumes", "wgflow implicit")


def axes(dim, points, shift=0.0):
    import numpy as np

    return np.meshgrid(*[(np.arange(points) + shift) * (TAU / points)] * dim, indexing="ij", sparse=True)


def first(dim, points, shift=0.0):
    """p(0) on a grid whose first point is ``shift`` cells from 0."""
    import numpy as np

    return sum(AMPLITUDE * np.cos(x) for x in axes(dim, points, shift)) + 1.0 + np.zeros((points,) * dim)


def wavevectors(dim, points):
    import numpy as np

    whole, half = np.fft.fftfreq(points, 1 / points), np.arange(points // 2 + 1.0)
    return np.meshgrid(*[whole] * (dim - 1), half, indexing="ij", sparse=True)


def transform(dim, k):
    """F(e), 0 for the mean."""
    import numpy as np

    k2 = sum(each**2 for each in k)
    values = ((TAU**0.5) * LENGTHSCALE) ** dim * np.exp(-(LENGTHSCALE**2) * k2 / 2)
    values[(0,) * dim] = 0
    return values


def reference(dim, time_):
    """The modes of p(time), from a plain pseudo-spectral Runge-Kutta program on 48 points an axis with small steps."""
    import numpy as np
    from scipy import fft

    points = 48
    k = wavevectors(dim, points)
    kernel, shape = transform(dim, k), (points,) * dim
    kept = np.ones_like(kernel, dtype=bool)
    for each in k:
        kept &= np.abs(each) < points / 3

    def rhs(p):
        phi = kernel * p
        return sum(1j * q * fft.rfftn(fft.irfftn(p, shape) * fft.irfftn(1j * q * phi, shape)) for q in k) * kept

    p, steps = fft.rfftn(first(dim, points)), 200
    dt = time_ / steps
    for _ in range(steps):
        a = rhs(p)
        b = rhs(p + dt / 2 * a)
        c = rhs(p + dt / 2 * b)
        p = p + dt / 6 * (a + 2 * b + 2 * c + rhs(p + dt * c))
    return p / points**dim


def error_of(dim, values, shift, time_):
    """Returns the largest difference between values on a grid and the reference."""
    import numpy as np
    from scipy import fft

    modes, points = reference(dim, time_), values.shape[0]
    k = wavevectors(dim, 48)
    turned = modes * np.exp(1j * shift * (TAU / points) * sum(k))
    whole = np.zeros((*(points,) * (dim - 1), points // 2 + 1), dtype=complex)
    index = np.ix_(*[each.ravel().astype(int) for each in k])
    turned[np.broadcast_to(sum(np.abs(each) > 20 for each in k) > 0, turned.shape)] = 0
    whole[index] = turned
    return float(np.abs(fft.irfftn(whole * points**dim, values.shape) - values).max())


def wgflow_steps(name, dim, points, dt):
    """Yields p after each step, and the time."""
    import numpy as np

    from wgflow.conventions import Role
    from wgflow.dynamics.advance import adaptive_steps, beginning, fixed_steps
    from wgflow.dynamics.density.density_flow import Densities
    from wgflow.dynamics.density.grid import make_grid
    from wgflow.kernels.text import parse
    from wgflow.record import replace

    grid, kernel = make_grid(dim, points, TAU, periodic=True), parse(f"rbf({LENGTHSCALE})")
    given = Densities(first(dim, points), np.ones((points,) * dim))
    if "etdrk4" in name or "spectral" in name:
        from wgflow.dynamics.density.semilinear import ExponentialRK4
        from wgflow.dynamics.density.spectral import spectral_flow
        from wgflow.dynamics.integrators import RungeKutta
        from wgflow.dynamics.tableau import RK4

        flow, state = spectral_flow(grid, kernel, Role.GENERATOR, given)
        method = ExponentialRK4() if "etdrk4" in name else RungeKutta(RK4)
    else:
        from wgflow.dynamics.density.convolution import convolution
        from wgflow.dynamics.density.positive import StrongStability
        from wgflow.dynamics.density.upwind import ImplicitUpwind
        from wgflow.dynamics.density.volumes import volume_flow

        flow, state = volume_flow(grid, convolution(kernel, grid), Role.GENERATOR, given)
        method = StrongStability() if name == "wgflow volumes" else ImplicitUpwind()
    end = CASES[dim][1] * CASES[dim][2]
    start = beginning(state)
    if method.error_order is None:
        steps = fixed_steps(flow, method, start, end, dt)
    else:
        steps = adaptive_steps(flow, method, replace(start, memory=method.init(flow, 0.0, state)), end, 0.0, end)
    for snapshot in steps:
        yield lambda s=snapshot: flow.densities(s.state).p, 0.0


def pde_steps(name, dim, points, dt):
    import pde
    from scipy import fft

    grid = pde.CartesianGrid([[0, TAU]] * dim, points, periodic=True)
    kernel = transform(dim, wavevectors(dim, points))

    class NonlocalFlow(pde.PDEBase):
        def evolution_rate(self, state, t=0):
            phi = fft.irfftn(kernel * fft.rfftn(state.data - 1), state.data.shape)
            velocity = pde.ScalarField(grid, phi).gradient("periodic")
            return (state * velocity).divergence("periodic")

    state = pde.ScalarField(grid, first(dim, points, 0.5))
    solver = "runge-kutta" if name.endswith("rk4") else "euler"
    options = {"dt": dt, "solver": solver, "backend": "numpy", "tracker": None}
    equation = NonlocalFlow()
    state = equation.solve(state, t_range=dt, **options)
    yield lambda: state.data, 0.5
    done = 1
    while done < CASES[dim][1]:
        many = min(WINDOW, CASES[dim][1] - done)
        state = equation.solve(state, t_range=many * dt, **options)
        done += many
        yield from [(lambda s=state: s.data, 0.5)] * many


def exponax_steps(name, dim, points, dt):
    import jax

    jax.config.update("jax_enable_x64", True)
    import exponax as ex
    import jax.numpy as jnp

    k = jnp.array([each + 0 * sum(wavevectors(dim, points)) for each in wavevectors(dim, points)])
    kernel = jnp.array(transform(dim, wavevectors(dim, points)))
    k2 = (k**2).sum(axis=0)

    class Nonlinear(ex.nonlin_fun.BaseNonlinearFun):
        def __call__(self, u_hat):
            velocity = self.ifft(1j * k * kernel * u_hat)
            p = self.ifft(u_hat.at[(0,) * (dim + 1)].set(0))
            return (1j * k * self.fft(p * velocity)).sum(axis=0, keepdims=True)

    class Stepper(ex.BaseStepper):
        def __init__(self):
            super().__init__(dim, TAU, points, dt, num_channels=1, order=4)

        def _build_linear_operator(self, derivative_operator):
            return (-k2 * kernel)[None].astype(complex)

        def _build_nonlinear_fun(self, derivative_operator):
            return Nonlinear(dim, points, dealiasing_fraction=2 / 3)

    stepper = Stepper()
    step = jax.jit(lambda u: stepper.step_fourier(u))
    u = ex.fft(jnp.array(first(dim, points))[None], num_spatial_dims=dim)
    for _ in range(CASES[dim][1]):
        u = step(u).block_until_ready()
        yield lambda s=u: __import__("numpy").asarray(ex.ifft(s, num_spatial_dims=dim, num_points=points)[0]), 0.0


def fipy_steps(name, dim, points, dt):
    sys.argv = sys.argv[:1]
    import fipy
    import numpy as np
    from scipy import fft

    h = TAU / points
    mesh = fipy.PeriodicGrid1D(nx=points, dx=h) if dim == 1 else fipy.PeriodicGrid2D(nx=points, ny=points, dx=h, dy=h)
    kernel = transform(dim, wavevectors(dim, points))
    p = fipy.CellVariable(mesh=mesh, value=first(dim, points, 0.5).ravel(), hasOld=True)
    phi = fipy.CellVariable(mesh=mesh)
    equation = fipy.TransientTerm() + fipy.PowerLawConvectionTerm(coeff=-phi.faceGrad) == 0
    for _ in range(CASES[dim][1]):
        values = np.array(p.value).reshape((points,) * dim)
        phi.setValue(fft.irfftn(kernel * fft.rfftn(values - 1), values.shape).ravel())
        p.updateOld()
        equation.solve(var=p, dt=dt)
        yield lambda: np.array(p.value).reshape((points,) * dim), 0.5


STEPS = {"wgflow": wgflow_steps, "py-pde": pde_steps, "exponax": exponax_steps, "FiPy": fipy_steps}


def child(name, dim):
    """Runs one method and prints its times and its error."""
    points, count, dt = (COARSE if name.endswith("coarse") else CASES)[dim]
    times, ends = [], []
    for end in STEPS[name.split()[0]](name, dim, points, dt):
        times.append(time.perf_counter())
        ends = [end]
    [(values, shift)] = ends
    start, total = times[0] - BEGUN, times[-1] - BEGUN
    window = min(WINDOW, len(times) - 1)
    step = median((b - a) / window for a, b in zip(times, times[window:], strict=False))
    error = error_of(dim, values(), shift, count * dt)
    print(json.dumps({"start": start, "step": step, "total": total, "steps": len(times), "error": error}))


def turn(name, dim):
    """Returns what a fresh process measures."""
    single = {key: "1" for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}  # noqa: C420
    flags = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "JAX_PLATFORMS": "cpu"}
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, __file__, "--child", name, "--dims", str(dim)],
        capture_output=True, text=True, env={**os.environ, **single, **flags, "PYTHONPATH": path},
    )  # fmt: skip
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1:]
    return json.loads(done.stdout.strip().splitlines()[-1]), None


def table(dim, turns):
    points, count, dt = CASES[dim]
    names = [*OURS, *(name for name, module in PEERS.items() if find_spec(module))]
    found = {name: [] for name in names}
    for _ in range(turns):
        for name in names:
            result, problem = turn(name, dim)
            if result is None:
                print(f"{name}: {problem}")
            else:
                found[name].append(result)
    print(f"\ndim {dim}, {' x '.join([str(points)] * dim)} points, to time {count * dt:g} in steps of {dt:g}, {turns} turns")
    print(f"{'method':<22}{'start s':>9}{'step ms':>10}{'steps':>7}{'all steps s':>13}{'total s':>9}{'error':>10}{'ratio':>8}")
    unit = median(each["step"] for each in found[OURS[0]])
    for name, results in found.items():
        if results:
            start, step, total = (median(each[key] for each in results) for key in ("start", "step", "total"))
            error, steps = results[0]["error"], results[0]["steps"]
            times = f"{name:<22}{start:>9.2f}{1e3 * step:>10.3f}{steps:>7}{steps * step:>13.3f}{total:>9.2f}"
            print(f"{times}{error:>10.1e}{step / unit:>8.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--dims", default="1,2")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    dims = [int(dim) for dim in args.dims.split(",")]
    if args.child:
        child(args.child, dims[0])
        return
    missing = sorted({module for module in PEERS.values() if not find_spec(module)})
    if missing:
        print(f"not installed, and left out: {', '.join(missing)}")
    for dim in dims:
        table(dim, args.turns)


if __name__ == "__main__":
    main()
