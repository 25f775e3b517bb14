"""The neural tangent kernel of a module: how gradient steps on its parameters move its outputs.

Theta = J J^T, J the Jacobian of the outputs in the parameters. A gradient step of rate eta on a loss l of the outputs f moves the
parameters by -eta J^T dl/df, and to first order the outputs by -eta Theta dl/df (Jacot, Gabriel and Hongler 2018). Free
features have Theta = 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream

Floats = NDArray[np.float64]

_BASIS = 8  # of Lanczos: the first eigenvalues of Theta are far apart


class TangentKernel:
    """Theta of a module's output at given inputs, in the trained parameters whose names start with ``prefix``.

    It is never formed: a product is two passes back. Taken at the parameters' values when it was made. Raises
    InputError where no parameter fits.

    >>> line, x = nn.Linear(1, 1, bias=False), torch.tensor([[1.0], [2.0]])
    >>> theta = TangentKernel(line, (x,))
    >>> theta.times(torch.ones(2, 1)).tolist(), theta.matrix().tolist(), round(theta.largest_eigenvalue(), 9)
    ([[3.0], [6.0]], [[1.0, 2.0], [2.0, 4.0]], 5.0)
    """

    def __init__(self, module: nn.Module, inputs: tuple[Tensor, ...] = (), prefix: str = "") -> None:
        named = ((name, p) for name, p in module.named_parameters() if name.startswith(prefix))
        self.parameters = {name: p.detach().clone() for name, p in named if p.requires_grad}
        if not self.parameters:
            raise InputError(f"the module has no trained parameter whose name starts with {prefix!r}; give another prefix.")

        def output(parameters: dict[str, Tensor]) -> Any:
            return torch.func.functional_call(module, parameters, inputs)

        self.at: Tensor
        self.at, self._pull = torch.func.vjp(output, self.parameters)[:2]
        # v -> J^T v is linear, so that its own transpose is g -> J g: one more pass back, without another pass forward.
        self._push = torch.func.vjp(lambda field: self._pull(field)[0], torch.zeros_like(self.at))[1]

    def pulled(self, field: Tensor) -> Tensor:
        """Returns J^T v of a field of the output's shape, (P,) for P parameters, float64."""
        return torch.cat([part.detach().reshape(-1).double() for part in self._pull(field)[0].values()])

    def times(self, field: Tensor) -> Tensor:
        """Returns Theta v of a field of the output's shape."""
        pushed: Tensor = self._push(self._pull(field)[0])[0]
        return pushed.detach()

    def gram(self, fields: Tensor) -> Floats:
        """Returns <v_i, Theta v_j> of K fields (K, *shape of the output), (K, K) float64."""
        pulled = torch.stack([self.pulled(field) for field in fields])
        return np.asarray((pulled @ pulled.T).cpu().numpy())

    def matrix(self) -> Floats:
        """Returns Theta itself, (B, B) for B output numbers in C order: for few outputs, and for tests."""
        return self.gram(torch.eye(self.at.numel(), dtype=self.at.dtype, device=self.at.device).reshape(-1, *self.at.shape))

    def largest_eigenvalue(self, seed: int = 0) -> float:
        """Returns the largest eigenvalue, relatively to 1e-5 or better, by Lanczos' method from a start keyed by the seed.

        A gradient step of rate eta moves no direction of the outputs faster than eta times it.
        """
        if self.at.numel() < 16:
            return float(np.linalg.eigvalsh(self.matrix())[-1])
        from scipy.sparse.linalg import LinearOperator, eigsh  # late: scipy

        def product(v: Floats) -> Floats:
            field = torch.as_tensor(v.reshape(self.at.shape), dtype=self.at.dtype, device=self.at.device)
            return np.asarray(self.times(field).double().cpu().numpy().reshape(-1))

        size = self.at.numel()
        start = stream(seed, "tangent kernel/start").standard_normal(size)
        theta = LinearOperator((size, size), matvec=product, dtype=np.float64)
        return float(eigsh(theta, k=1, which="LA", v0=start, tol=1e-5, ncv=_BASIS, return_eigenvectors=False)[0])
