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
# # Particles beside theory
#
# A certificate speaks about a linearized density. Does a cloud of particles obey it? Here particles $x_1, \dots, x_N$ move by
#
# $$x_i' = \pm\Bigl[\frac1N \sum_j \nabla \tilde e(x_i - x_j) - \int \nabla \tilde e(x_i - y)\, q(y)\, dy\Bigr],
# \qquad \tilde e = e - \varepsilon s,$$
#
# with + for the discriminator and − for the generator (Chen, Wu and Xiang 2023,
# [arXiv:2307.01879](https://arxiv.org/abs/2307.01879), sections 3 and 4), and the growth rates that `wgflow`
# certifies are measured.

# %%
import wgflow as wg

# %% [markdown]
# ## Growth, mode by mode
#
# On a torus the uniform density is at rest. A quiet start is a lattice of particles, carried so that exactly the asked modes
# are disturbed: the noise of random particles, $1/\sqrt N$, would drown the linear regime.

# %%
torus = {"dim": 1, "period": "2*pi", "count": 1000}
run = wg.simulate_particles("rbf(0.5)", modes="1,2,3,5", time="0.5", **torus)
print(run)

# %%
run.plot()

# %%
for row in run.growth.rows:
    print(f"m = {row.mode}  predicted {row.predicted:.6f}  measured {row.fit.rate:.6f}")

# %% [markdown]
# ## A stabilizer, too weak and strong enough
#
# With $s$ = rbf(1/4) the ratio of the transforms is $2\, e^{-3k^2/32}$: on this torus every mode decays from
# $\varepsilon^* = 2\, e^{-3/32} \approx 1.821$ on.

# %%
for eps in ("1.8", "1.85"):
    proof = wg.certify("rbf(0.5)", stabilizer="rbf(0.25)", eps=eps, dim=1, period="2*pi")
    run = wg.simulate_particles("rbf(0.5)", stabilizer="rbf(0.25)", eps=eps, modes="1", time=2, **torus)
    print(f"eps = {eps:<5} proved: {proof.verdict.value:<7} measured rate of mode 1: {run.growth.rows[0].fit.rate:+.5f}")

# %% [markdown]
# ## A heavy tail needs no smoothness
#
# The energy distance $e = -r$ is not smooth, and in one dimension its sums are exact: particles are sorted, and the force
# is a difference of ranks. All modes decay at one rate in the generator's role, $C k^2 \cdot 2/k^2 = 1/\pi$.

# %%
run = wg.simulate_particles("energy", role="generator", modes="1,4,9", **torus)
for row in run.growth.rows:
    print(f"m = {row.mode}  measured {row.fit.rate:.6f}  relative error {row.error:.0e}")

# %% [markdown]
# ## Far from equilibrium
#
# A generator that follows the energy distance to eight Gaussians, in the plane. No linearization helps here; the energy
# falls, and the sliced Wasserstein distance with it.

# %%
run = wg.simulate_particles("energy", role="generator", target="eight-gaussians", count=500, time=20)
run.plot()

# %%
energy = run.data["energy"].values
print("the energy never rises:", bool((energy[1:] <= energy[:-1]).all()))
run.data[["energy", "mmd", "wasserstein"]].isel(frame=[0, -1])
