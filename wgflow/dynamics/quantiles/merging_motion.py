"""Quantiles that merge where they meet: the next events of all groups in a tournament, O(log N) an event. Compiled loops.

A group is named by its first quantile. Two neighbours meet inside one gap of F, where both velocities change at one rate, or at
a knot that both have reached.
"""

from __future__ import annotations

from math import exp, inf

import numpy as np
from numba import njit
from numpy.typing import NDArray

from wgflow.dynamics.quantiles.line_motion import Curve, Floats, duration, inside, knot_ahead, motion, moved, place_of

Indices = NDArray[np.int64]
AT, SINCE, VELOCITY, RATE = 0, 1, 2, 3  # of a group: where it was at its last event, when, and its motion from there
CLOSE = 4e-16  # relative; two or three roundings
PLACE, AFTER, BEFORE = 0, 1, 2  # its place, and the first quantiles of the groups on both sides; N and -1 at the ends


@njit(cache=True, nogil=True)
def sticky(x: Floats, g: float, curve: Curve, dt: float) -> Floats:
    """Returns the positions after dt of ascending quantiles that merge where they meet, g < 0. x: (N,)."""
    n = x.size
    group, link = _groups(x, g, curve)
    width = 1
    while width < n:
        width *= 2
    tree = np.full(2 * width, inf)
    i = 0
    while i < n:
        _announce(tree, i, _next_event(i, group, link, curve[0]))
        i = link[i, AFTER]
    while tree[1] < dt:
        now, i = tree[1], _winner(tree)
        if _crossing(i, group, link, curve[0]) <= now:
            group[i, AT] = curve[0][knot_ahead(group[i, VELOCITY], link[i, PLACE], curve[0])]
        else:
            _announce(tree, link[i, AFTER], inf)
            _merge(i, now, group, link, curve[0])
        group[i, SINCE] = now
        _set_off(i, g, group, link, curve)
        _announce(tree, i, _next_event(i, group, link, curve[0]))
        if link[i, BEFORE] >= 0:
            _announce(tree, link[i, BEFORE], _next_event(link[i, BEFORE], group, link, curve[0]))
    return _positions(dt, group, link, curve[0])


@njit(cache=True, nogil=True)
def _groups(x: Floats, g: float, curve: Curve) -> tuple[Floats, Indices]:
    """Returns the groups at the start, (N, 4) and (N, 3): quantiles at one place are together."""
    n = x.size
    group, link = np.zeros((n, 4)), np.full((n, 3), -1)
    start = 0
    while start < n:
        end = start + 1
        while end < n and x[end] == x[start]:
            end += 1
        group[start, AT], link[start, AFTER] = x[start], end
        if end < n:
            link[end, BEFORE] = start
        _set_off(start, g, group, link, curve)
        start = end
    return group, link


@njit(cache=True, nogil=True)
def _set_off(i: int, g: float, group: Floats, link: Indices, curve: Curve) -> None:
    """Sets the place and the motion of a group from where it is."""
    u = (i + link[i, AFTER]) / (2.0 * len(group))
    link[i, PLACE] = place_of(group[i, AT], u, g, curve)
    group[i, VELOCITY], group[i, RATE] = motion(group[i, AT], u, g, link[i, PLACE], curve)


@njit(cache=True, nogil=True)
def _merge(i: int, now: float, group: Floats, link: Indices, knots: Floats) -> None:
    """Joins a group with the next one at the place where they meet."""
    j = link[i, AFTER]
    m, m_next = j - i, link[j, AFTER] - j
    here, there = _position(i, now, group), _position(j, now, group)
    middle = (m * here + m_next * there) / (m + m_next)
    size = abs(group[i, AT]) + abs(group[j, AT])  # of the numbers whose roundings are in the middle
    group[i, AT] = here if here == there else _on_knot(inside(middle, link[i, PLACE], knots), size, link[i, PLACE], knots)
    link[i, AFTER] = link[j, AFTER]
    if link[j, AFTER] < len(group):
        link[link[j, AFTER], BEFORE] = i


@njit(cache=True, nogil=True)
def _on_knot(x: float, size: float, place: int, knots: Floats) -> float:
    """Returns the end of the gap where x is one up to rounding: from a point of q a group may be pushed to either side."""
    k = place // 2
    if k < knots.size and knots[k] - x <= CLOSE * (size + abs(knots[k])):
        return knots[k]
    return knots[k - 1] if k > 0 and x - knots[k - 1] <= CLOSE * (size + abs(knots[k - 1])) else x


@njit(cache=True, nogil=True)
def _position(i: int, now: float, group: Floats) -> float:
    return group[i, AT] + moved(group[i, VELOCITY], group[i, RATE], now - group[i, SINCE])


@njit(cache=True, nogil=True)
def _positions(now: float, group: Floats, link: Indices, knots: Floats) -> Floats:
    """Returns where all quantiles are; (N,)."""
    out = np.empty(len(group))
    i = 0
    while i < out.size:
        x = _position(i, now, group)
        out[i : link[i, AFTER]] = x if link[i, PLACE] % 2 else inside(x, link[i, PLACE], knots)
        i = link[i, AFTER]
    return out


@njit(cache=True, nogil=True)
def _crossing(i: int, group: Floats, link: Indices, knots: Floats) -> float:
    """Returns when a group reaches a knot."""
    k = knot_ahead(group[i, VELOCITY], link[i, PLACE], knots)
    return inf if k < 0 else group[i, SINCE] + duration(knots[k] - group[i, AT], group[i, VELOCITY], group[i, RATE])


@njit(cache=True, nogil=True)
def _next_event(i: int, group: Floats, link: Indices, knots: Floats) -> float:
    """Returns when a group reaches a knot or meets the next group."""
    event, j = _crossing(i, group, link, knots), link[i, AFTER]
    if j == len(group):
        return event
    now = max(group[i, SINCE], group[j, SINCE])
    closing = _velocity(i, now, group) - _velocity(j, now, group)
    distance = _position(j, now, group) - _position(i, now, group)
    if closing <= 0:
        return event
    if distance <= 0:
        return now
    return min(event, now + duration(distance, closing, group[i, RATE])) if link[i, PLACE] == link[j, PLACE] else event


@njit(cache=True, nogil=True)
def _velocity(i: int, now: float, group: Floats) -> float:
    return group[i, VELOCITY] * exp(group[i, RATE] * (now - group[i, SINCE]))


@njit(cache=True, nogil=True)
def _announce(tree: Floats, leaf: int, time: float) -> None:
    """Sets the time of a leaf's next event; each inner node holds the earlier of the two below it."""
    node = tree.size // 2 + leaf
    tree[node] = time
    while node > 1:
        node //= 2
        tree[node] = min(tree[2 * node], tree[2 * node + 1])


@njit(cache=True, nogil=True)
def _winner(tree: Floats) -> int:
    node = 1
    while node < tree.size // 2:
        node = 2 * node if tree[2 * node] <= tree[2 * node + 1] else 2 * node + 1
    return node - tree.size // 2
