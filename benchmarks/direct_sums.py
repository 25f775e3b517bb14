"""Direct sums of a kernel's gradient, two species (2 N^2 pairs): wgflow beside what a user would take instead, with times.

    v_i = sum_j w_j grad e(x_i - s_j),    N points x, 2 N sources s = (x, y), weights 1/N and -1/N

For each kernel, dimension n and N this prints, for every method: its time as a multiple of wgflow's (median over rounds of the
ratio within one round, in which all methods run one after another), the ratio of the shortest times, and its largest error as
a fraction of the largest sum of absolute values. Then the pair rate of one thread beside C that was vectorized by hand and
compiled on this machine, and the time of the first call, compiling and from the cache, in fresh processes. All methods may use
all threads, in float64. From --rows points on only so many rows are evaluated (against all sources, the same for every method).

    pip install torch pykeops geomloss "jax[cpu]"
    python benchmarks/direct_sums.py [--sizes 1000,10000,100000] [--dims 2,16] [--repeat 5] [--only plain,torch]
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numba
import numpy as np

import wgflow as wg
from wgflow.dynamics.sums.pairwise import Direct

HERE = Path(__file__).parent
BLOCK = 1_000_000  # numbers in a dense block of a peer: 8 MB, the best of 1/4, 1, 4 and 16 million
LEAST_ROWS = 32  # of a block that goes through a product of matrices
Gradient = Callable[[], np.ndarray]
Maker = Callable[[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray], Gradient]


# --- the methods: each gets (kernel, x, s, w, y) and returns a function without arguments ------------------------------


def make_wgflow(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    sums = Direct(wg.kernel(kernel), x.shape[1])
    return lambda: sums.gradient(x, s, w)


@numba.njit(parallel=True, fastmath=True)
def plain_rbf(x, s, w, out):
    for i in numba.prange(x.shape[0]):
        for d in range(x.shape[1]):
            out[i, d] = 0.0
        for j in range(s.shape[0]):
            q = 0.0
            for d in range(x.shape[1]):
                q += (x[i, d] - s[j, d]) ** 2
            f = -w[j] * np.exp(-0.5 * q)
            for d in range(x.shape[1]):
                out[i, d] += f * (x[i, d] - s[j, d])


@numba.njit(parallel=True, fastmath=True)
def plain_energy(x, s, w, out):
    for i in numba.prange(x.shape[0]):
        for d in range(x.shape[1]):
            out[i, d] = 0.0
        for j in range(s.shape[0]):
            q = 0.0
            for d in range(x.shape[1]):
                q += (x[i, d] - s[j, d]) ** 2
            f = -w[j] / np.sqrt(q) if q > 0 else 0.0
            for d in range(x.shape[1]):
                out[i, d] += f * (x[i, d] - s[j, d])


def make_plain(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    loop, out = {"rbf": plain_rbf, "energy": plain_energy}[kernel], np.empty_like(x)

    def gradient() -> np.ndarray:
        loop(x, s, w, out)
        return out

    return gradient


def make_scipy(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    from scipy.spatial.distance import cdist

    step = max(LEAST_ROWS, BLOCK // len(s))

    def part(a: np.ndarray) -> np.ndarray:
        f = cdist(a, s, "sqeuclidean")
        with np.errstate(divide="ignore"):
            f = -w * np.exp(-0.5 * f) if kernel == "rbf" else -w * np.where(f > 0, 1 / np.sqrt(f), 0.0)
        return a * f.sum(axis=1, keepdims=True) - f @ s

    return lambda: np.concatenate([part(x[i : i + step]) for i in range(0, len(x), step)])


def _torch_factor(kernel: str, q: Any, w: Any) -> Any:
    import torch

    if kernel == "rbf":
        return -w * torch.exp(-0.5 * q)
    return -w * torch.where(q > 0, torch.rsqrt(q), 0.0)


def make_torch_dense(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    import torch

    X, S, W = map(torch.from_numpy, (x, s, w))
    step = max(1, BLOCK // s.size)

    def part(a: Any) -> Any:
        d = a[:, None] - S
        f = _torch_factor(kernel, (d * d).sum(-1), W)
        return torch.einsum("ps,psn->pn", f, d)

    return lambda: torch.cat([part(a) for a in X.split(step)]).numpy()


def make_torch_gram(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    import torch

    X, S, W = map(torch.from_numpy, (x, s, w))
    s2, step = (S * S).sum(-1), max(LEAST_ROWS, BLOCK // len(s))

    def part(a: Any) -> Any:
        q = torch.addmm(s2, a, S.T, alpha=-2).add_((a * a).sum(-1, keepdim=True))
        f = _torch_factor(kernel, q, W)
        return a * f.sum(-1, keepdim=True) - f @ S

    return lambda: torch.cat([part(a) for a in X.split(step)]).numpy()


def make_torch_autograd(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    import torch

    S, W = map(torch.from_numpy, (s, w))
    step = max(LEAST_ROWS, BLOCK // len(s))

    def part(a: np.ndarray) -> Any:
        X = torch.from_numpy(a).requires_grad_(True)
        r = torch.cdist(X, S)
        total = ((torch.exp(-0.5 * r * r) if kernel == "rbf" else -r) @ W).sum()
        return torch.autograd.grad(total, X)[0]

    return lambda: torch.cat([part(x[i : i + step]) for i in range(0, len(x), step)]).numpy()


def make_jax(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    S, W = jnp.asarray(s), jnp.asarray(w)
    step = min(len(x), max(LEAST_ROWS, BLOCK // len(s)))
    blocks = -(-len(x) // step)
    padded = np.concatenate([x, np.zeros((blocks * step - len(x), x.shape[1]))]).reshape(blocks, step, -1)

    def part(a: Any) -> Any:
        q = (a * a).sum(-1, keepdims=True) + (S * S).sum(-1) - 2 * a @ S.T
        f = -W * jnp.exp(-0.5 * q) if kernel == "rbf" else -W * jnp.where(q > 0, jax.lax.rsqrt(q), 0.0)
        return a * f.sum(-1, keepdims=True) - f @ S

    run, X = jax.jit(lambda blocks: jax.lax.map(part, blocks)), jnp.asarray(padded)
    return lambda: np.asarray(run(X)).reshape(-1, x.shape[1])[: len(x)]


def make_keops(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    import torch
    from pykeops.torch import LazyTensor

    X, S, W = (torch.from_numpy(a) for a in (x, s, w))

    def gradient() -> np.ndarray:
        d = LazyTensor(X[:, None]) - LazyTensor(S[None])
        q = (d**2).sum(-1)
        f = -(-0.5 * q).exp() if kernel == "rbf" else -q.rsqrt()  # KeOps: rsqrt(0) = 0
        return (d * (f * LazyTensor(W[None, :, None]))).sum(1).numpy()

    return gradient


def make_geomloss(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray, y: np.ndarray) -> Gradient:
    import torch
    from geomloss import SamplesLoss

    loss = SamplesLoss("gaussian" if kernel == "rbf" else "energy", blur=1.0, backend="online")
    Y = torch.from_numpy(y)

    def gradient() -> np.ndarray:
        X = torch.from_numpy(x).requires_grad_(True)
        return len(x) * torch.autograd.grad(loss(X, Y), X)[0].numpy()

    return gradient


METHODS: dict[str, tuple[str, Maker]] = {
    "wgflow": ("numba", make_wgflow),
    "plain Numba loop": ("numba", make_plain),
    "SciPy cdist + BLAS": ("scipy", make_scipy),
    "PyTorch, dense blocks": ("torch", make_torch_dense),
    "PyTorch, Gram form": ("torch", make_torch_gram),
    "PyTorch, autograd of cdist": ("torch", make_torch_autograd),
    "JAX jit, Gram form": ("jax", make_jax),
    "KeOps": ("pykeops", make_keops),
    "geomloss online": ("geomloss", make_geomloss),
}


# --- measuring ---------------------------------------------------------------------------------------------------------


def problem(size: int, dim: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns (points, sources, weights, targets)."""
    rng = np.random.default_rng(size + dim)
    x, y = rng.normal(size=(size, dim)), rng.normal(size=(size, dim)) + 0.5
    w = np.repeat([1 / size, -1 / size], size)
    return np.ascontiguousarray(x[:rows]), np.concatenate([x, y]), w, y


def exact(kernel: str, x: np.ndarray, s: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns the gradients in extended precision, and the largest sum of absolute values."""
    d = x[:, None].astype(np.longdouble) - s
    q = (d * d).sum(axis=-1)
    f = -w * np.exp(-q / 2) if kernel == "rbf" else -w / np.sqrt(np.where(q > 0, q, np.inf))
    terms = f[..., None] * d
    return terms.sum(axis=1).astype(float), float(np.abs(terms).sum(axis=1).max())


def timed(call: Gradient) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(kernel: str, dim: int, size: int, args: argparse.Namespace) -> None:
    x, s, w, y = problem(size, dim, min(size, args.rows))
    few = slice(0, 20)
    truth, scale = exact(kernel, x[few], s, w)
    calls, errors = {}, {}
    for name, (module, make) in METHODS.items():
        whole = name == "geomloss online"  # its loss needs all points, and meets all pairs of all three kinds
        if find_spec(module) and (not args.only or name == "wgflow" or any(part in name for part in args.only)):
            if whole and size > args.rows:
                continue
            calls[name] = make(kernel, x, s, w, y)
            errors[name] = float(np.abs(calls[name]()[few] - truth).max()) / scale  # the first call, untimed
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(args.repeat):
        for name, call in calls.items():
            times[name].append(timed(call))
    ours, pairs = times["wgflow"], len(x) * len(s)
    rate = f"{pairs / median(ours) / 1e9:.2f} Gpairs/s"
    print(f"\n{kernel}, n = {dim}, N = {size}: {pairs:.3g} pairs; wgflow {median(ours):.4g} s, {rate}", flush=True)
    for name in calls:
        ratios = [t / o for t, o in zip(times[name], ours, strict=True)]
        best = min(times[name]) / min(ours)
        print(f"  {name:28} {median(ratios):8.2f}   best {best:8.2f}   error {errors[name]:.1e}", flush=True)


def pair_rate(repeat: int) -> None:
    """Prints the pair rates of one thread: wgflow and C."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "pair_rate.so"
        flags = ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, str(HERE / "pair_rate.c"), "-o", str(library)], check=True)
        c = ctypes.CDLL(str(library)).gaussian_gradient
    x, s, w, y = problem(4096, 2, 4096)
    sums, out = make_wgflow("rbf", x, s, w, y), np.empty((2, 4096))
    columns = [np.ascontiguousarray(a) for a in (x[:, 0], x[:, 1], s[:, 0], s[:, 1], w)]
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in columns]
    results = [ctypes.c_void_p(a.ctypes.data) for a in out]

    def in_c() -> np.ndarray:
        c(ctypes.c_long(len(x)), ctypes.c_long(len(s)), *pointers, ctypes.c_double(-0.5), *results)
        return -out.T

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    assert np.allclose(in_c(), sums(), rtol=1e-9, atol=1e-15)
    rounds = [(timed(in_c), timed(sums)) for _ in range(5 * repeat)]
    numba.set_num_threads(threads)
    pairs = len(x) * len(s) / 1e9
    c_rate, our_rate = pairs / min(a for a, _ in rounds), pairs / min(b for _, b in rounds)
    print(f"\nrbf, n = 2, one thread: C {c_rate:.2f} Gpairs/s, wgflow {our_rate:.2f} Gpairs/s (best of {len(rounds)} each);")
    print(f"  wgflow has {median(a / b for a, b in rounds):.0%} of the rate of C (median within a round)")


START = """
import time; start = time.perf_counter()
import numpy as np, wgflow as wg
from wgflow.dynamics.sums.pairwise import Direct
loaded = time.perf_counter()
Direct(wg.kernel("{kernel}"), {dim}).gradient(np.ones((1000, {dim})), np.zeros((1000, {dim})), np.ones(1000))
print(f"import {{loaded - start:.2f}} s, first call {{time.perf_counter() - loaded:.2f}} s", end="")
"""


def first_calls(dims: list[int]) -> None:
    """Prints the time of the first call in a fresh process, compiling and from the cache."""
    print()
    for dim in dims:
        for kernel in ("rbf", "energy", "rbf - 1/5*rbf(1/2)"):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-c", START.format(kernel=kernel, dim=dim)]
                out = [
                    subprocess.run(
                        command, env={**os.environ, "NUMBA_CACHE_DIR": folder}, capture_output=True, text=True, check=True
                    )
                    for _ in range(2)
                ]
            print(f"{kernel}, n = {dim}: compiling {out[0].stdout}; cached {out[1].stdout}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--dims", default="2,16")
    parser.add_argument("--kernels", default="rbf,energy")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000, help="points that are evaluated at most")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="parts of the names of methods")
    args = parser.parse_args()
    missing = [name for name, (module, _) in METHODS.items() if not find_spec(module)]
    print(f"threads: {numba.get_num_threads()}; not installed: {', '.join(missing) or 'none'}; times are multiples of wgflow's")
    dims = [int(d) for d in args.dims.split(",")]
    for size in map(int, args.sizes.split(",")):
        for dim in dims:
            for kernel in args.kernels.split(","):
                compare(kernel, dim, size, args)
    pair_rate(args.repeat)
    first_calls(dims)


if __name__ == "__main__":
    main()
