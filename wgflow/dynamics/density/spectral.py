"""Density flows on a torus, pseudo-spectral and without aliasing: every mode's linear part is the certified one."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from wgflow.conventions import HALF_IN_ENERGY, Role, growth_rate
from wgflow.dynamics.density.density_flow import Complexes, Densities, DensityFlow, sign_of
from wgflow.dynamics.density.fourier_modes import Modes, radial
from wgflow.dynamics.density.grid import Grid
from wgflow.dynamics.density.memory import keep_freed_memory
from wgflow.dynamics.density.semilinear import SemilinearFlow
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.modes import Mode
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.kernels.kernel import Kernel
from wgflow.record import record


@record
class SpectralFlow(DensityFlow, SemilinearFlow):
    """p_t = -s div(p grad phi) + nu Lap p, phi = e * (p - q), s = role's sign, for Fourier coefficients on a torus.

    With q moving, q_t = +s div(q grad phi) + nu Lap q; for w = p - q and z = p + q that is w_t = -s div(z grad phi),
    z_t = -s div(w grad phi), plus diffusion. The state holds the modes of p alone, or of w and z, as pairs of real and imaginary
    parts: (1 or 2, *modes, 2). Its linear part about the mean densities, s C k^2 F(e)(k) - nu k^2, is kept apart, so that
    small disturbances of a constant state lose no digits. Products are exact for the kept modes (`Modes`).
    Make one with `spectral_flow`.
    """

    grid: Grid
    role: Role
    multiplier: Floats  # F(e)(k), (*modes), 0 at m = 0
    target: Complexes | None  # modes of q, fixed; None where it moves
    mean: float  # of p, or of p + q where both move: the density C of the linear part
    diffusion: float

    random = False

    @cached_property
    def modes(self) -> Modes:
        return Modes(self.grid)

    @cached_property
    def _wavevectors(self) -> Complexes:
        """i k along each axis, (n, *modes)."""
        step = 2 * np.pi / self.grid.length
        return np.array([1j * step * np.broadcast_to(m, self.modes.shape) for m in self.modes.vectors])

    @cached_property
    def _inward(self) -> Complexes:
        """-i k: what turns the modes of a flux into those of minus its divergence."""
        return -self._wavevectors

    @cached_property
    def _velocity_modes(self) -> Complexes:
        """s i k F(e)(k): what turns the modes of p - q into those of the velocity of p; (n, *modes)."""
        return sign_of(self.role) * self._wavevectors * self.multiplier

    @cached_property
    def _attraction(self) -> Floats:
        """The linear rates without diffusion, s C k^2 F(e)(k), (*modes)."""
        k2 = self.modes.squares * (2 * np.pi / self.grid.length) ** 2
        return np.asarray(growth_rate(self.role, k2, self.multiplier, self.mean))

    @cached_property
    def _symbol(self) -> Floats:
        spread = self.diffusion * self.modes.squares * (2 * np.pi / self.grid.length) ** 2
        rows = [self._attraction - spread] + ([-spread] if self.target is None else [])
        return np.ascontiguousarray(np.repeat(np.array(rows)[..., None], 2, axis=-1))

    def linear_symbol(self) -> Floats:
        return self._symbol

    def nonlinear(self, t: float, state: Floats) -> Floats:
        modes = state.view(np.complex128)[..., 0]
        return self._one(modes[0]) if self.target is not None else self._two(modes)

    def _one(self, p: Complexes) -> Floats:
        """-s div((p - C) grad phi) + s C k^2 F(e) times (-q): all but the linear part of p."""
        assert self.target is not None
        out = self._transported(p - self.target, p)
        if self._pull is not None:
            out += self._pull
        return _pairs(out)

    def _two(self, modes: Complexes) -> Floats:
        return _pairs(self._transported(modes[0], modes[::-1]))

    @cached_property
    def _pull(self) -> Complexes | None:
        """The linear part that q has in the rate of p; None where q is constant."""
        assert self.target is not None
        found = -self._attraction * self.target
        return found if found.any() else None

    def _transported(self, difference: Complexes, carried: Complexes) -> Complexes:
        """Returns the modes of -div(f v) for each of the carried f, the first without its mean; v = s grad(e * difference)."""
        n = self.grid.dim
        stack = np.empty((n + carried.size // difference.size, *difference.shape), dtype=np.complex128)
        np.multiply(self._velocity_modes, difference, out=stack[:n])
        stack[n:] = carried
        stack[(n, *(0,) * n)] = 0
        values = self.modes.values(stack)
        fluxes = self.modes.coefficients(values[n:, None] * values[:n])
        fluxes *= self._inward
        return fluxes[:, 0] if n == 1 else fluxes.sum(axis=1)

    def fastest(self, state: Floats) -> float:
        """Returns the largest component of the velocity grad phi, in length/time."""
        p, q = self._pair(state)
        return float(np.abs(self.modes.values(self._velocity_modes * (p - q))).max())

    def state_of(self, densities: Densities) -> Floats:
        p = self.modes.coefficients(densities.p)
        if self.target is not None:
            return _pairs(p[None])
        q = self.modes.coefficients(densities.q)
        return _pairs(np.array([p - q, p + q]))

    def _pair(self, state: Floats) -> tuple[Complexes, Complexes]:
        modes = state.view(np.complex128)[..., 0]
        return (modes[0], self.target) if self.target is not None else ((modes[1] + modes[0]) / 2, (modes[1] - modes[0]) / 2)

    def densities(self, state: Floats) -> Densities:
        p, q = self.modes.values(np.array(self._pair(state)))
        return Densities(p, q)

    def mode_masses(self, state: Floats, modes: tuple[Mode, ...]) -> Complexes:
        p, q = self._pair(state)
        return self.grid.volume * np.array([_mode(p - q, mode) for mode in modes], dtype=np.complex128)

    def energy(self, state: Floats) -> float:
        """E = 1/2 D_e[p, q] without the mean of e: half of L^n sum over m of F(e)(k) |w_m|^2."""
        p, q = self._pair(state)
        squares = self.multiplier * np.abs(p - q) ** 2
        total = 2 * squares.sum() - squares[..., 0].sum()  # the modes with m < 0 along the last axis count too
        return float(HALF_IN_ENERGY) * self.grid.volume * float(total)

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        return self

    def describe(self) -> str:
        modes = " x ".join(str(2 * self.modes.most + 1) for _ in range(self.grid.dim))
        return f"pseudo-spectral, {modes} modes, products exact on {self.grid.points} points an axis"


def _mode(coefficients: Complexes, mode: Mode) -> complex:
    """The modes with m < 0 along the last axis are the conjugates of those of -m."""
    if mode[-1] >= 0:
        return complex(coefficients[mode])
    return complex(coefficients[tuple(-m for m in mode)]).conjugate()


def _pairs(modes: Complexes) -> Floats:
    return np.ascontiguousarray(modes)[..., None].view(np.float64)


def spectral_flow(
    grid: Grid,
    kernel: Kernel,
    role: Role,
    densities: Densities,
    moves_both: bool = False,
    diffusion: float = 0.0,
    noise: float = 0.0,
) -> tuple[SpectralFlow, Floats]:
    """Returns (flow, the state to start from) on a periodic grid; the kernel smoothed by a Gaussian of width ``noise``.

    >>> from wgflow.dynamics.density.grid import make_grid
    >>> from wgflow.kernels.text import parse
    >>> grid = make_grid(1, 16, 2 * np.pi, periodic=True)
    >>> start = Densities(1 + 0.1 * np.cos(grid.axis), np.ones(16))
    >>> flow, state = spectral_flow(grid, parse("coulomb"), Role.GENERATOR, start)
    >>> (flow.linear_symbol()[0, :, 0].round(12) + 0.0).tolist()  # -k^2 2/k^2
    [0.0, -2.0, -2.0, -2.0, -2.0, -2.0]
    """
    keep_freed_memory()
    modes = Modes(grid)
    multiplier = radial(kernel, grid.dim, grid.length, modes.squares, noise)
    target = None if moves_both else modes.coefficients(densities.q)
    mean = float(densities.p.mean() + (densities.q.mean() if moves_both else 0))
    flow = SpectralFlow(grid, role, multiplier, target, mean, diffusion)
    return flow, flow.state_of(densities)
