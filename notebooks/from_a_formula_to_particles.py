# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a formula to a density to particles
#
# One kernel, $e(r) = e^{-r^2/2}\,(1 - r^2/4)$, which no catalogue has, is followed up the ladder of evidence: its transform by
# algebra, a proof about the sign of every mode, the density that the theory linearizes, and particles. Each rung is measured
# against the one before. The theory is that of Chen, Wu and Xiang (2023, [arXiv:2307.01879](https://arxiv.org/abs/2307.01879)).

# %%
import wgflow as wg

KERNEL = "exp(-r**2/2)*(1 - r**2/4)"

# %% [markdown]
# ## The formula
#
# SymPy derives the Fourier transform, and it is believed only where it agrees with quadrature at random wavenumbers.

# %%
formula = wg.derive(KERNEL, dim=1)
print(formula.expression)

# %% [markdown]
# It is positive for every $k$: the generator's modes decay, the plain discriminator's grow. How strong must a stabilizer be
# on the band $1 \le k \le 10$? The ratio $F(e)/F(s)$ is $\frac12 (3 + k^2)\, e^{-3k^2/8}$, largest at $k = 1$.

# %%
proof = wg.certify(KERNEL, stabilizer="rbf(0.5)", eps="4", dim=1, band="1,10")
print(proof.verdict.value, "at eps = 4; least eps on this band:", f"{proof.least_eps[0]:.6f}")

# %% [markdown]
# ## The density
#
# The flow $p_t = -\nabla\cdot(p\,\nabla(\tilde e * (p - q)))$ on a torus, with three modes disturbed. Well-posedness is stated
# before the run; the growth rates are measured from the solution.

# %%
case = {"stabilizer": "rbf(0.5)", "eps": "1", "dim": 1, "period": "2*pi", "modes": "1,2,3", "time": 2}
run = wg.simulate_density(KERNEL, **case)
print(run)

# %%
run.plot()

# %% [markdown]
# ## The ladder
#
# The certified rates, two density solvers and particles, on the same case.

# %%
found = wg.ladder(KERNEL, rungs="density,particles", **{key: case[key] for key in ("stabilizer", "eps", "dim", "modes")})
print(found)
print("every rung agrees within 0.1 %:", found.verdict(1e-3) == "agrees")

# %% [markdown]
# ## Beyond constant states
#
# About $p_0 = q = 1 + \frac12\cos x$ the modes are no longer waves. The fastest rates, which agree at two resolutions:

# %%
modes = wg.modes(KERNEL, "1 + 0.5*cos(x)", stabilizer="rbf(0.5)", eps="1", period="2*pi", count=4)
print([f"{rate:.9f}" for rate in modes.rate])

# %% [markdown]
# ## Training takes steps
#
# A discriminator that takes five steps for each of the generator's contracts every mode only for small learning rates.

# %%
rates = wg.learning_rate(KERNEL, "rbf(0.5)", "4", dim=1, lr_d="0.01", lr_g="0.01", n_critic=5, band="1,10")
print(rates.verdict.value)
