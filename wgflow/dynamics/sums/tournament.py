"""Who meets whom in a pass over all pairs: groups of tiles in rounds, decided by the sizes alone and never by the threads."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wgflow.record import record

BLOCKS = 2  # of W points make a tile: the numbers of two tiles' pairs lie in the nearest cache
FEWEST_GROUPS, MOST_GROUPS = 4, 32  # of tiles; half as many threads can work at a time
ROUND_WORK = 3e5  # cycles, roughly: threads wait for each other after every round, which less work would not pay for
LEAST_GROUP = 4  # tiles
NONE = (-1, -1, 0)
WITHIN, ACROSS = 0, 1  # channels of sums: pairs in one cloud, and of one cloud with the other


@record
class Plan:
    """Two clouds in tiles: x in the first tiles, y in the next ones.

    tiles: how many.  first: the row where each cloud begins.  valid: (tiles,), how many points of a tile are there.  groups:
    (groups, 3), first tile, end, whether gradients are asked for.  rounds: (R, games, 3), group, group, channel; -1 for no game.
    """

    tiles: int
    first: tuple[int, int]
    valid: NDArray[np.int64]
    groups: NDArray[np.int64]
    rounds: NDArray[np.int64]


@lru_cache(maxsize=64)
def plan_of(counts: tuple[int, int], moves: tuple[bool, bool], side: int, work: float) -> Plan:
    """Returns who meets whom for two clouds of so many points, in tiles of ``side`` points.

    moves: which of the clouds need gradients.  work: of all of it, in cycles.

    >>> plan_of((40, 1), (True, False), 32, 1e5).rounds.tolist()
    [[[0, 0, 0]], [[1, 1, 0]], [[0, 1, 1]]]
    """
    tiles = [-(-count // side) for count in counts]
    most = min(max(int(work / ROUND_WORK), FEWEST_GROUPS), MOST_GROUPS)
    size = max(LEAST_GROUP, -(-sum(tiles) // most))
    groups, kinds = [], []
    for kind, start in enumerate((0, tiles[0])):
        stop = start + tiles[kind]
        groups += [(at, min(at + size, stop), moves[kind]) for at in range(start, stop, size)]
        kinds += [kind] * -(-tiles[kind] // size)
    itself, half = [(i, i) for i in range(len(groups))], (len(groups) + 1) // 2  # as many games a round as in the others
    rounds = [_games(one, kinds) for one in [itself[:half], itself[half:], *tournament(len(groups))]]
    valid = np.concatenate([np.minimum(side, count - side * np.arange(n)) for count, n in zip(counts, tiles, strict=True)])
    return Plan(sum(tiles), (0, tiles[0] * side), valid, np.array(groups, np.int64).reshape(-1, 3), _filled_up(rounds))


def _games(meetings: list[tuple[int, int]], kinds: list[int]) -> list[tuple[int, int, int]]:
    return [(i, j, ACROSS if kinds[i] != kinds[j] else WITHIN) for i, j in meetings]


def _filled_up(rounds: list[list[tuple[int, int, int]]]) -> NDArray[np.int64]:
    most = max(map(len, rounds), default=0)
    filled = [[*games, *[NONE] * (most - len(games))] for games in rounds if games]
    return np.array(filled, np.int64).reshape(len(filled), most, 3)


def tournament(teams: int) -> list[list[tuple[int, int]]]:
    """Returns rounds in which every two teams meet once and none plays twice a round: one stays, the others walk in a circle.

    >>> tournament(4)
    [[(0, 3), (1, 2)], [(1, 3), (0, 2)], [(2, 3), (0, 1)]]
    """
    last = teams + teams % 2 - 1  # a team that is not there where their number is odd
    rounds = [[(last, r), *[((r + k) % last, (r - k) % last) for k in range(1, (last + 1) // 2)]] for r in range(last)]
    return [[(min(pair), max(pair)) for pair in games if max(pair) < teams] for games in rounds]
