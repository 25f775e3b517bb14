"""Values and gradients of a kernel over all pairs of two clouds at once: every pair is evaluated once, for both of its points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from wgflow.dynamics.sums.pairwise import MOST_ROWS_DIM, SERIAL_WORK, Direct
from wgflow.dynamics.sums.slope import compiled_kernel
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.sums.tournament import BLOCKS, Plan, plan_of
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

LINE = 64  # bytes of a cache line
ONE_AT_A_TIME = Lock()  # where Numba has its own threads alone, a second caller in another thread would abort the process
LONGEST = {False: 1e150, True: 1e15}  # coordinates whose squares a format holds; by whether it is float32


@record
class MutualSums:
    """Sums over pairs of points x_i, i < N, and y_j, j < M; pairs of a point with itself are left out.

    values: the sums of e over x-x, x-y and y-y, each ordered pair within a cloud counted.  by_x: (2, N, n), the sums over j of
    grad e(x_i - x_j), and of grad e(x_i - y_j).  by_y: (2, M, n), those of grad e(y_i - y_j), and of grad e(y_i - x_j).
    """

    values: tuple[float, float, float]
    by_x: Floats
    by_y: Floats


class Mutual:
    """Sums over all pairs within and between two clouds, value and gradient from one evaluation of each pair.

    Accuracy, ``softening``, ``single`` and threads as of `wgflow.dynamics.sums.pairwise.Direct`. Coordinates must be finite and
    below 1e150 (1e15 with ``single``).

    >>> from wgflow.kernels.text import parse
    >>> x, y = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]])
    >>> distance = Mutual(parse("energy"), 2)
    >>> sums = distance.sums(x, y)
    >>> sums.values
    (-10.0, -5.0, 0.0)
    >>> sums.by_y[1].round(12) + 0.0
    array([[0.6, 0.8]])
    """

    def __init__(self, kernel: Kernel, dim: int, softening: float = 0.0, single: bool = False) -> None:
        self.direct = Direct(kernel, dim, softening, single)
        self.axes = (0,) * dim if dim <= MOST_ROWS_DIM else ()

    def sums(self, x: Floats, y: Floats) -> MutualSums | None:
        """Returns all sums; None where a coordinate is not finite or too large. x: (N, n) and y: (M, n), float64."""
        found = self.passed(x, y)
        if found is None:
            return None
        by_x, by_y = (np.empty((2, *cloud.shape)) for cloud in (x, y))
        for channel, factors in enumerate(((2.0, 0.0), (0.0, 2.0))):
            found.put_gradients(factors, factors, by_x[channel], by_y[channel])
        return MutualSums(found.values, by_x, by_y)

    def passed(self, x: Floats, y: Floats, moves: tuple[bool, bool] = (True, True), threads: int = 0) -> Passed | None:
        """Returns what one pass has found; None as of `sums`.

        moves: whether gradients are asked for at x, and at y.  threads: at most so many, 0 for as
        many as Numba may use; one alone where the work is not worth more.
        """
        from wgflow.dynamics.sums import mutual_pass

        dim, dtype = self.direct.dim, self.direct.dtype
        work = (len(x) + len(y)) ** 2 * (1 + dim / 8)  # cycles, roughly
        plan = plan_of((len(x), len(y)), moves, BLOCKS * self.width, work)
        blocks = plan.tiles * BLOCKS
        points, rows = np.empty((blocks, dim, self.width), dtype), np.empty((blocks * self.width, self.stride), dtype)
        centre = np.median(np.concatenate([x, y]), axis=0) if self.direct.single else np.zeros(dim)  # a mean moves with one point
        most = [mutual_pass.put_cloud(z, centre, first, points, rows) for z, first in zip((x, y), plan.first, strict=True)]
        if not max(most) < LONGEST[self.direct.single]:
            return None
        values, gradients = np.zeros((2, blocks, self.width)), np.zeros((2, blocks, dim, self.width))
        arguments = (*self.kernel, points, rows, plan.valid, self.axes, plan.groups, plan.rounds, values, gradients)
        if threads == 1 or work <= SERIAL_WORK:
            mutual_pass.mutual_pass(*arguments)
        else:
            with ONE_AT_A_TIME, at_most(threads):
                mutual_pass.parallel_mutual_pass(*arguments)
        return Passed(plan, (len(x), len(y)), values, gradients)

    @cached_property
    def value_at_zero(self) -> float:
        """e(0), as compiled: 0 where that is not finite."""
        here = np.zeros((1, self.direct.dim))
        found = self.passed(here, here, threads=1)
        assert found is not None
        return found.values[1]

    @cached_property
    def kernel(self) -> tuple[Any, ...]:
        compiled = compiled_kernel(self.direct.kernel, self.direct.formula_dim, self.direct.softening)
        return compiled.shape, compiled.parameters, compiled.table

    @cached_property
    def stride(self) -> int:
        """Numbers from one row to the next: an odd count of cache lines, or rows would crowd into a few sets of the cache."""
        if self.axes:
            return self.direct.dim
        size = self.direct.dtype.itemsize
        return (-(-self.direct.dim * size // LINE) | 1) * LINE // size

    @cached_property
    def width(self) -> int:
        from numba import from_dtype

        from wgflow.dynamics.sums.lanes import lane_count

        return lane_count(from_dtype(self.direct.dtype))


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Lets Numba use no more threads than so many; 0: as many as it may."""
    from numba import get_num_threads, set_num_threads

    before = get_num_threads()
    set_num_threads(min(threads or before, before))
    try:
        yield
    finally:
        set_num_threads(before)


@record
class Passed:
    """The sums of one pass as they lie in memory: values (2, blocks, W), half gradients (2, blocks, n, W)."""

    plan: Plan
    counts: tuple[int, int]
    lanes: Floats
    gradients: Floats

    @property
    def values(self) -> tuple[float, float, float]:
        from wgflow.dynamics.sums.mutual_pass import total_of

        (x, y), (n, m) = self.plan.first, self.counts
        return total_of(self.lanes[0], x, n), total_of(self.lanes[1], x, n), total_of(self.lanes[0], y, m)

    def put_gradients(self, at_x: tuple[float, float], at_y: tuple[float, float], by_x: Any, by_y: Any) -> None:
        """Writes own * (sum within the cloud)/2 + other * (sum over the other cloud)/2 to by_x (N, n) and by_y (M, n), where not
        None; at_x, at_y: (own, other)."""
        from wgflow.dynamics.sums.mutual_pass import put_combined

        for first, factors, out in zip(self.plan.first, (at_x, at_y), (by_x, by_y), strict=True):
            if out is not None:
                put_combined(self.gradients, first, *factors, out)
