"""Whether a state is at rest: the velocity grad e * (p0 - q) on the support of p0."""

from __future__ import annotations

import numpy as np
from scipy import fft

from wgflow.dynamics.states.curvature import force
from wgflow.dynamics.states.linearized import Grid, transform_on, wavenumbers
from wgflow.dynamics.states.state_text import Floats
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

SUPPORT = 1e-8  # of the largest value of p0
AT_REST = 1e-8  # of the scale


@record
class Residual:
    """largest: max |grad e * (p0 - q)| on the support of p0.  scale: what the force of a density of this height can come to."""

    largest: float
    scale: float

    @property
    def at_rest(self) -> bool:
        return self.largest <= AT_REST * self.scale


def residual(kernel: Kernel, grid: Grid, p0: Floats, q: Floats, periodic: bool) -> Residual:
    """Returns the largest velocity of p0 under the target q, both (count...), in length/time (role aside)."""
    convolved = _on_torus if periodic else _in_space
    field, most = convolved(kernel, grid, p0 - q)
    speed = np.sqrt(np.sum(field**2, axis=0))[p0 > SUPPORT * p0.max()]
    return Residual(float(speed.max()), most * float(max(p0.max(), q.max())))


def _on_torus(kernel: Kernel, grid: Grid, values: Floats) -> tuple[Floats, float]:
    """grad e * values, (n, count...), and the largest k |F|."""
    k, transform = wavenumbers(grid.count, grid.step), transform_on(kernel, grid.count, grid.step)
    potential = transform * fft.fftn(values)
    most = np.max(np.sqrt(sum(each * each for each in k)) * np.abs(transform))
    return np.array([fft.ifftn(1j * each * potential).real for each in k]), float(most)


def _in_space(kernel: Kernel, grid: Grid, values: Floats) -> tuple[Floats, float]:
    """grad e * values, (n, count...), and the integral of |grad e| over twice the grid."""
    size = tuple(fft.next_fast_len(2 * count - 1) for count in grid.count)
    axes = [grid.step * np.where(i <= s - i, i, i - s) for s in size for i in [np.arange(s)]]
    forces = force(kernel, np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)) * grid.cell
    inside = tuple(slice(count) for count in grid.count)
    spectrum = fft.fftn(values, size)
    field = np.array([fft.ifftn(fft.fftn(forces[..., a]) * spectrum).real[inside] for a in range(grid.dim)])
    return field, float(np.sum(np.sqrt(np.sum(forces**2, axis=-1))))
