"""The particle loss, forward and backward with gradients on both sides: wgflow beside what a user would take instead.

    D = mean e(x_i - x_j) + mean e(y_i - y_j) - 2 mean e(x_i - y_j),    N points x and N points y in R^n

for the energy distance, the Gaussian kernel and the mixture of five Gaussians of MMD GANs (lengths 1, 2, 4, 8, 16). For every
kernel, n and N this prints for every method: its time as a multiple of wgflow's (median over rounds of the ratio within one
round, in which all methods run one after another), the ratio of the shortest times, and the largest errors of its value and
gradients, as fractions of their largest, against plain differences in float64 (a value is what is left of sums of order 1).
Lines that begin with '!' are methods that were faster than wgflow by that median. Then, for --memory, how much the peak of one
process's memory grows by one forward and backward pass. Peers keep the defaults of their documentation; what would hold more
than --most-bytes in one dense matrix is left out. All methods get the same threads (--threads) and the same numbers (--dtype).

    pip install torch geomloss pykeops
    python benchmarks/particle_loss.py [--quick] [--dtype float32] [--device cuda] [--sizes 64,256] [--dims 2,16] [--memory]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import torch
from torch import Tensor

from wgflow.gan.distances.particle_distance import ParticleDistance

LENGTHS = (1, 2, 4, 8, 16)
KERNELS = {"energy": "energy", "rbf": "rbf(1)", "mixture": " + ".join(f"rbf({length})" for length in LENGTHS)}
Loss = Callable[[Tensor, Tensor], Tensor]


# --- the methods: each gets (kernel, dim) and returns a loss of (x, y), or None where it has no such kernel ---------------


def of_squares(kernel: str, q: Any) -> Any:
    """e as a function of a matrix of squared distances; the mixture from one exponential and its squares, as fast code does."""
    if kernel == "rbf":
        return (q * -0.5).exp()
    widest = (q * (-0.5 / LENGTHS[-1] ** 2)).exp()
    parts = [widest]
    for _ in LENGTHS[1:]:
        squared = parts[-1] * parts[-1]
        parts.append(squared * squared)
    return sum(parts[1:], parts[0])


def distance(pairs: Callable[[Any, Any], Any]) -> Loss:
    return lambda x, y: pairs(x, x).mean() + pairs(y, y).mean() - 2 * pairs(x, y).mean()


def make_wgflow(kernel: str, dim: int) -> Loss:
    return ParticleDistance(KERNELS[kernel], dim=dim)


def make_wgflow_single(kernel: str, dim: int) -> Loss:
    return ParticleDistance(KERNELS[kernel], dim=dim, precision="float32")


def make_cdist(kernel: str, dim: int) -> Loss:
    return distance(lambda a, b: -torch.cdist(a, b) if kernel == "energy" else of_squares(kernel, torch.cdist(a, b) ** 2))


def make_gram(kernel: str, dim: int) -> Loss | None:
    """One matrix product for all inner products, as in public MMD GAN code."""
    if kernel == "energy":
        return None

    def loss(x: Tensor, y: Tensor) -> Tensor:
        xx, xy, yy = x @ x.T, x @ y.T, y @ y.T
        x2, y2 = xx.diagonal(), yy.diagonal()
        k_xx = of_squares(kernel, x2[:, None] + x2[None, :] - 2 * xx)
        k_xy = of_squares(kernel, x2[:, None] + y2[None, :] - 2 * xy)
        k_yy = of_squares(kernel, y2[:, None] + y2[None, :] - 2 * yy)
        return k_xx.mean() + k_yy.mean() - 2 * k_xy.mean()

    return loss


def geomloss(backend: str) -> Callable[[str, int], Loss | None]:
    def make(kernel: str, dim: int) -> Loss | None:
        from geomloss import SamplesLoss

        if kernel == "mixture":
            return None
        half = SamplesLoss("gaussian" if kernel == "rbf" else "energy", blur=1.0, backend=backend)
        return lambda x, y: 2 * half(x, y)

    return make


def make_keops(kernel: str, dim: int) -> Loss:
    from pykeops.torch import LazyTensor

    def sums(a: Tensor, b: Tensor) -> Tensor:
        q = ((LazyTensor(a[:, None].contiguous()) - LazyTensor(b[None].contiguous())) ** 2).sum(-1)
        return (-q.sqrt() if kernel == "energy" else of_squares(kernel, q)).sum(1)

    return lambda x, y: sums(x, x).mean() / len(x) + sums(y, y).mean() / len(y) - 2 * sums(x, y).mean() / len(y)


METHODS: dict[str, tuple[str, bool, Callable[[str, int], Loss | None]]] = {  # module, dense?, maker
    "wgflow": ("torch", False, make_wgflow),
    "wgflow, float32 pairs": ("torch", False, make_wgflow_single),
    "torch.cdist": ("torch", True, make_cdist),
    "torch, Gram form": ("torch", True, make_gram),
    "geomloss tensorized": ("geomloss", True, geomloss("tensorized")),
    "geomloss online": ("geomloss", False, geomloss("online")),
    "KeOps": ("pykeops", False, make_keops),
}
MATRICES = 12  # dense ones that autograd keeps at a time, roughly


# --- measuring -------------------------------------------------------------------------------------------------------------


def samples(count: int, dim: int, args: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Returns x and y with gradients wanted; scaled so that typical distances are near 1 in every dimension."""
    made = torch.Generator().manual_seed(count + dim)
    x, y = (torch.randn(count, dim, generator=made, dtype=torch.float64) / dim**0.5 for _ in range(2))
    dtype = {"float32": torch.float32, "float64": torch.float64}[args.dtype]
    return x.to(args.device, dtype).requires_grad_(), (y + 0.5 / dim**0.5).to(args.device, dtype).requires_grad_()


def run(loss: Loss, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns value and both gradients, when all of it is done."""
    value = loss(x, y)
    by_x, by_y = torch.autograd.grad(value, (x, y))
    if x.device.type == "cuda":
        torch.cuda.synchronize()
    return value.detach(), by_x, by_y


def plain(kernel: str, x: Tensor, y: Tensor, rows: int = 20) -> tuple[float, Tensor]:
    """Returns D by rows of plain differences in float64 and the first rows of its gradient by x."""
    x, y = (z.detach().double().cpu() for z in (x, y))

    def pairs(a: Tensor, b: Tensor) -> tuple[float, Tensor]:
        total, gradient = 0.0, []
        for i in range(len(a)):
            point = a[i].clone().requires_grad_(i < rows)
            q = (point - b).square().sum(1)
            q = q[q > 0]
            value = -q.sqrt().sum() if kernel == "energy" else of_squares(kernel, q).sum()
            missing = len(b) - len(q)  # coincident: e(0)
            total += float(value.detach()) + missing * (0.0 if kernel == "energy" else float(of_squares(kernel, torch.zeros(1))))
            if i < rows:
                gradient.append(torch.autograd.grad(value, point)[0])
        return total / (len(a) * len(b)), torch.stack(gradient) / (len(a) * len(b))

    xx, yy, xy = pairs(x, x), pairs(y, y), pairs(x, y)
    return xx[0] + yy[0] - 2 * xy[0], 2 * xx[1] - 2 * xy[1]


def errors(found: tuple[Tensor, Tensor, Tensor], wanted: tuple[float, Tensor]) -> tuple[float, float]:
    value, gradient = wanted
    mine = found[1][: len(gradient)].double().cpu()
    return abs(float(found[0]) - value) / abs(value), float((mine - gradient).abs().max() / gradient.abs().max())


def methods(kernel: str, count: int, dim: int, args: argparse.Namespace) -> dict[str, Loss]:
    """Returns the losses that are installed, know the kernel, and fit into memory."""
    dense_bytes = count**2 * (4 if args.dtype == "float32" else 8) * (dim if dim <= 2 else 1)
    losses = {}
    for name, (module, dense, make) in METHODS.items():
        chosen = name == "wgflow" or not args.only or any(part in name for part in args.only)
        single = name.endswith("float32 pairs") and args.dtype != "float32"
        if find_spec(module) and chosen and not single and not (dense and MATRICES * dense_bytes > args.most_bytes):
            loss = make(kernel, dim)
            if loss is not None:
                losses[name] = loss
    return losses


def compare(kernel: str, count: int, dim: int, args: argparse.Namespace) -> None:
    x, y = samples(count, dim, args)
    losses = methods(kernel, count, dim, args)
    wanted = plain(kernel, x, y) if count <= args.most_checked else None
    first = {name: run(loss, x, y) for name, loss in losses.items()}  # compiles; untimed
    if wanted is None:  # too many for a plain loop: all against wgflow, which the smaller sizes have checked
        wanted = float(first["wgflow"][0]), first["wgflow"][1][:20].double().cpu()
    times: dict[str, list[float]] = {name: [] for name in losses}
    begin = time.perf_counter()
    while len(times["wgflow"]) < 3 or (time.perf_counter() - begin < args.seconds and len(times["wgflow"]) < 200):
        for name, loss in losses.items():
            start = time.perf_counter()
            run(loss, x, y)
            times[name].append(time.perf_counter() - start)
    ours = times["wgflow"]
    print(f"\n{kernel}, n = {dim}, N = {count}, {args.dtype}: wgflow {median(ours):.4g} s, {len(ours)} rounds", flush=True)
    for name in losses:
        ratio = median(t / o for t, o in zip(times[name], ours, strict=True))
        mark = "!" if ratio < 1 and name != "wgflow" else " "
        off = errors(first[name], wanted)
        print(
            f"{mark} {name:24} {ratio:9.2f}   best {min(times[name]) / min(ours):9.2f}   errors {off[0]:.0e} {off[1]:.0e}",
            flush=True,
        )


def peak_growth(name: str, kernel: str, count: int, dim: int, args: argparse.Namespace) -> int:
    """Returns by how many bytes the peak of memory grows in one pass, after a pass of few points has loaded everything."""
    loss = METHODS[name][2](kernel, dim)
    assert loss is not None
    run(loss, *samples(80, dim, args))
    x, y = samples(count, dim, args)
    if args.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run(loss, x, y)
        return int(torch.cuda.max_memory_allocated() - before)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(loss, x, y)
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def memory(kernel: str, count: int, dim: int, args: argparse.Namespace) -> None:
    """Prints the growth of each method's peak, measured in a process of its own."""
    print(f"\npeak memory of one pass, {kernel}, n = {dim}, N = {count}, {args.dtype}")
    for name in methods(kernel, count, dim, args):
        command = [sys.executable, __file__, "--one", name, "--kernels", kernel, "--sizes", str(count), "--dims", str(dim)]
        command += ["--dtype", args.dtype, "--device", args.device, "--threads", str(args.threads)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        print(f"  {name:24} {float(out.split()[-1]) / 1e6:10.1f} MB", flush=True)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=[64, 256, 1024, 4096, 16384])
    parser.add_argument("--dims", type=numbers, default=[2, 16, 128])
    parser.add_argument("--kernels", type=lambda text: text.split(","), default=list(KERNELS))
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=4.0, help="of rounds for each case")
    parser.add_argument("--most-bytes", type=float, default=8e9)
    parser.add_argument("--most-checked", type=int, default=4096)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="parts of the names of methods")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--quick", action="store_true", help="sizes 64 and 256, dims 2 and 16, a second each")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.quick:
        args.sizes, args.dims, args.seconds = [64, 256], [2, 16], 1.0
    return args


def main() -> None:
    args = read_arguments()
    torch.set_num_threads(args.threads)
    cases = [(kernel, count, dim) for count in args.sizes for dim in args.dims for kernel in args.kernels]
    if args.one:
        print(peak_growth(args.one, *cases[0], args))
        return
    missing = sorted({module for module, _, _ in METHODS.values() if not find_spec(module)})
    where = torch.cuda.get_device_name() if args.device == "cuda" else f"{args.threads} threads"
    print(f"torch {torch.__version__}, {where}; not installed: {', '.join(missing) or 'none'}; times are multiples of wgflow's")
    for case in cases:
        (memory if args.memory else compare)(*case, args)


if __name__ == "__main__":
    main()
