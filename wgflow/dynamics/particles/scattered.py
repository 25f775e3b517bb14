"""The particles of a flow in blocks on Dask workers, and explicit Runge-Kutta steps of them there.

One stage: the workers send the boxes of their particles (2 n numbers each) and get the lattice that fits all; they send the
modes of their blocks and get the sum of all; they move. Nothing else travels but a copy of the positions after a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import wgflow
from wgflow.dynamics.integrators import combined
from wgflow.dynamics.sums.lattice_sum import Block, Complexes, LatticeMethod, LatticeSum, Place, blocks, bounds, transforms
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record, replace

if TYPE_CHECKING:
    from fractions import Fraction

    from wgflow.dynamics.particles.particle_flow import ParticleFlow
    from wgflow.dynamics.tableau import Tableau

Box = tuple[Floats, Floats]


@record
class Lane:
    """Some blocks of sources on one worker.

    start, now: (R, n), at the start of the step and at the stage.  speed: (R,), what the gradient is multiplied by: the sign
    of the role, 0 for particles at rest.  parts: the blocks, as ranges of the R rows.  slopes: of the stages so far.
    """

    start: Floats
    now: Floats
    weights: Floats
    speed: Floats
    parts: tuple[Block, ...]
    slopes: tuple[Floats, ...] = ()


@record
class Lattice:
    """What a worker needs of a place."""

    coefficients: Floats
    period: float
    precision: float
    centre: Floats

    def sum(self) -> LatticeSum:
        return LatticeSum(self.coefficients, self.period, self.precision, threads=1)


def worker_version() -> str:
    """Returns the version of wgflow where this runs, which must be able to sum."""
    transforms(1)
    return str(wgflow.__version__)


def lane_box(lane: Lane) -> Box | None:
    return bounds(lane.now)


def lane_modes(lane: Lane, lattice: Lattice, known: frozenset[int]) -> list[Complexes | None]:
    """Returns the modes of each block, None for those that are known."""
    lattice_sum, around = lattice.sum(), lane.now - lattice.centre
    return [
        None if i in known else lattice_sum.block_modes(around[slice(*part)], lane.weights[slice(*part)])
        for i, part in enumerate(lane.parts)
    ]


def lane_moved(lane: Lane, lattice: Lattice | None, modes: Complexes | None, dt: float, row: tuple[Fraction, ...]) -> Lane:
    """Returns the lane with the slope of this stage, at the next stage: start + dt sum_i row_i slope_i."""
    slope, moving = np.zeros_like(lane.now), lane.speed != 0
    if lattice is not None and modes is not None and moving.any():
        slope[moving] = lane.speed[moving, None] * lattice.sum().gradient(lane.now[moving] - lattice.centre, modes)
    slopes = (*lane.slopes, slope)
    return replace(lane, now=combined(lane.start, dt, row, list(slopes)), slopes=slopes)


def lane_settled(lane: Lane) -> Lane:
    """Returns the lane at the start of the next step."""
    return replace(lane, start=lane.now, slopes=())


def lane_positions(lane: Lane, rows: int) -> Floats:
    return lane.now[:rows]


class Scattered:
    """The sources of a particle flow on the workers of a Dask client."""

    def __init__(self, client: Any, flow: ParticleFlow, state: Floats) -> None:
        self.client, self.flow, self.rows = client, flow, len(state)
        if not isinstance(flow.sums, LatticeMethod):
            raise TypeError("only sums over Fourier modes are scattered")
        self._method = flow.sums
        self._sent: tuple[Place, Any] | None = None
        self._known: dict[tuple[int, int], Complexes] = {}  # by lane and block: the modes of blocks at rest
        self._workers: list[str] = []
        self._lanes: list[Any] = []
        self._parts: list[Block] = []
        self._first: list[int] = []  # rows where the lanes begin
        self._resting: list[frozenset[int]] = []
        self._send(state, self._cut(bounds(flow.sources(state)[0])))

    def _cut(self, box: Box | None) -> list[Block]:
        """Returns the blocks of all sources, as on one machine."""
        place = self._method.place(*box) if box is not None else None
        count = self.flow.weights.size + self.flow.target_weights.size
        return blocks(count, place.lattice.coefficients.size if place is not None else 1)

    def _send(self, state: Floats, parts: list[Block]) -> None:
        sources, weights = self.flow.sources(state)
        speed = self._speed(len(sources))
        threads = [worker for worker, count in sorted(self.client.nthreads().items()) for _ in range(count)]
        number = min(len(threads), len(parts))
        groups = [parts[len(parts) * i // number : len(parts) * (i + 1) // number] for i in range(number)]
        self._parts, self._workers, self._lanes, self._resting = parts, threads[:number], [], []
        self._known, self._sent = {}, None
        self._first = [group[0][0] for group in groups]
        for worker, group in zip(self._workers, groups, strict=True):
            first, rows = group[0][0], slice(group[0][0], group[-1][1])
            local = tuple((start - first, stop - first) for start, stop in group)
            here = sources[rows].copy()
            lane = Lane(here, here, weights[rows].copy(), speed[rows].copy(), local)
            self._resting.append(frozenset(i for i, part in enumerate(local) if not lane.speed[slice(*part)].any()))
            self._lanes.append(self.client.scatter(lane, workers=[worker], hash=False))

    def _speed(self, count: int) -> Floats:
        """Returns what each source's gradient is multiplied by; 0 for those at rest."""
        speed = np.zeros(count)
        moving = self.flow.weights.size
        speed[:moving] = self.flow.role.value
        if self.flow.target_moves:
            speed[moving:] = -self.flow.role.value
        return speed

    def step(self, state: Floats, tableau: Tableau, dt: float) -> Floats:
        """Returns the state after a step of size dt from ``state``, which is where the workers' particles are."""
        box = bounds(state) if self.flow.target is None else bounds(state, self.flow.target)
        parts = self._cut(box)
        if parts != self._parts:  # the lattice has changed, and the blocks with it
            self._send(state, parts)
        for row in (*tableau.a[1:], tableau.b):
            if box is None:
                return np.full_like(state, np.nan)
            self._stage(self._method.place(*box), dt, row)
            box = self._box() if row is not tableau.b else box
        self._lanes = self._each(lane_settled)
        return self._state()

    def _state(self) -> Floats:
        """Returns the rows of the state; a target at rest beyond them stays where it is."""
        left = [(i, self.rows - first) for i, first in enumerate(self._first) if first < self.rows]
        return np.concatenate(self.client.gather([self._on(i, lane_positions, rows) for i, rows in left]))

    def _each(self, task: Any, *arguments: Any) -> list[Any]:
        """Returns the futures of task(lane, ...), each on the worker that has the lane."""
        return [self._on(i, task, *arguments) for i in range(len(self._lanes))]

    def _on(self, i: int, task: Any, *arguments: Any) -> Any:
        return self.client.submit(task, self._lanes[i], *arguments, workers=[self._workers[i]], pure=False)

    def _stage(self, place: Place | None, dt: float, row: tuple[Fraction, ...]) -> None:
        if place is None:
            self._lanes = self._each(lane_moved, None, None, dt, row)
            return
        lattice = self._lattice(place)
        total = self.client.scatter(self._total(lattice, place), broadcast=True, hash=False)
        self._lanes = self._each(lane_moved, lattice, total, dt, row)

    def _total(self, lattice: Any, place: Place) -> Complexes:
        """Returns the modes of all particles, added in the order of the blocks."""
        known = [frozenset(j for j in resting if (i, j) in self._known) for i, resting in enumerate(self._resting)]
        found = self.client.gather([self._on(i, lane_modes, lattice, known[i]) for i in range(len(self._lanes))])
        total = np.zeros(place.lattice.coefficients.shape, dtype=np.complex128)
        for i, each in enumerate(found):
            for j, modes in enumerate(each):
                if j in self._resting[i]:
                    modes = self._known.setdefault((i, j), modes)
                total += modes
        return total

    def _lattice(self, place: Place) -> Any:
        """Returns the place on all workers; the last one is kept, and with it the modes of what is at rest."""
        if self._sent is not None:
            last, future = self._sent
            if last.lattice is place.lattice and np.array_equal(last.centre, place.centre):
                return future
        lattice = Lattice(place.lattice.coefficients, place.lattice.period, place.lattice.precision, place.centre)
        self._known = {}
        self._sent = place, self.client.scatter(lattice, broadcast=True, hash=False)
        return self._sent[1]

    def _box(self) -> Box | None:
        boxes = self.client.gather(self._each(lane_box))
        if any(box is None for box in boxes):
            return None
        return np.min([box[0] for box in boxes], axis=0), np.max([box[1] for box in boxes], axis=0)
