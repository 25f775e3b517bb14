"""Both ends of the spectrum of a linearized flow without its matrix: block Lanczos iteration with full reorthogonalization.

A Krylov space that starts with one vector has one vector of each eigenspace, and modes of symmetric states come in pairs;
one that starts with a block finds as many copies as the block has vectors (Golub and Underwood 1977). No shift and no inverse.
"""

from __future__ import annotations

import numpy as np

from wgflow.dynamics.states.linearized import FluxOperator
from wgflow.dynamics.states.state_text import Floats

BLOCK = 8
MOST_VECTORS = 1200
_MOST_BYTES = 10**9
_CHECKED_EVERY = 4
_RESIDUAL = 1e-8  # of the largest eigenvalue; the error of an eigenvalue is about the square


def ends_of_spectrum(operator: FluxOperator, low: int, high: int) -> tuple[Floats, Floats]:
    """Returns the ``low`` least and the ``high`` largest eigenvalues, ascending, (K,), and vectors (unknowns, K).

    They are as good as 1,200 vectors allow (fewer where memory is short): whether that is enough shows in the agreement with
    another resolution. The start is random of a fixed seed, the same in every run.
    """
    n = operator.unknowns
    most = max(2 * BLOCK, min(n, MOST_VECTORS, _MOST_BYTES // (8 * n)) // BLOCK * BLOCK)
    basis = np.zeros((most + BLOCK, n))
    projected = np.zeros((most + BLOCK, most + BLOCK))
    basis[:BLOCK] = np.linalg.qr(operator.apply(np.random.default_rng(0).standard_normal((BLOCK, n))).T)[0].T
    for size in range(BLOCK, most + 1, BLOCK):
        known = basis[:size]
        image = operator.apply(known[-BLOCK:])
        inside = known @ image.T
        projected[:size, size - BLOCK : size] = inside
        projected[size - BLOCK : size, :size] = inside.T
        for _ in range(2):  # once leaves what cancelled
            image -= (known @ image.T).T @ known
        following, coupling = np.linalg.qr(image.T)
        if size == most or size // BLOCK % _CHECKED_EVERY == 0 or np.abs(coupling).max() == 0:
            values, vectors = np.linalg.eigh(projected[:size, :size])
            chosen = np.r_[:low, max(low, size - high) : size]
            left = np.linalg.norm(coupling @ vectors[-BLOCK:, chosen], axis=0)
            if np.all(left <= _RESIDUAL * np.abs(values).max()):
                break
        basis[size : size + BLOCK] = following.T
    return values[chosen], known.T @ vectors[:, chosen]
