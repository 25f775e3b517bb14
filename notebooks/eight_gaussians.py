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
# # Eight Gaussians: feature modes that grow and decay beside the certificate
#
# A discriminator of a kernel GAN maps samples to features and climbs a particle distance between the features of real and
# of generated samples. Theory (Chen, Wu and Xiang 2023, [arXiv:2307.01879](https://arxiv.org/abs/2307.01879)) linearizes
# this about a constant density: the Fourier mode $\xi$ of the difference of the two feature densities grows at a rate with
# the sign of $F(e - \varepsilon s)(\xi)$. Here real networks are set beside that sign. It takes about half a minute on a
# CPU and needs `pip install 'wgflow[gan]'`.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import wgflow as wg
from wgflow.gan.data.names import make_source
from wgflow.gan.networks.names import make_discriminator

torch.set_num_threads(1)
KERNEL, STABILIZER, EPS = "rbf(1)", "energy", "1.28"

# %% [markdown]
# ## The certificate
#
# In two dimensions $F(e)/F(s) = k^3 e^{-k^2/2}$ for the Gaussian kernel and the energy distance, at most $(3/e)^{3/2} =
# 1.1594$, so that $\varepsilon = 1.28$ makes every mode decay, and $\varepsilon = 0$ none.

# %%
for eps in ("0", EPS):
    proof = wg.certify(KERNEL, stabilizer=STABILIZER, eps=eps, dim=2)
    print(f"eps = {eps}: {proof.verdict.value}; least eps {proof.least_eps[1]:.4f}")

# %% [markdown]
# ## A discriminator alone
#
# Two thousand points of eight wide Gaussians are the real samples; the generated ones, of a generator that does not move,
# are a little too wide and displaced. The discriminator is `x + network(x)` and starts as the identity. Loss and probe are
# the lines that one adds to a training loop of one's own.

# %%
source = make_source("eight-gaussians", {"std": "1/2"})
real, other = (torch.from_numpy(source.batch(seed, 0, 1000)) for seed in (0, 1))
fake = 1.2 * other + 0.5
WAVES = [[0.5, 0.0], [1.0, 0.0], [1.5, 0.0], [0.0, 0.5], [0.0, 1.0], [0.0, 1.5]]


def watched(eps):
    """Trains a discriminator for 400 steps and returns the probe that watched it."""
    torch.manual_seed(0)
    discriminator = make_discriminator("mlp", (2,), 2, {"residual": True, "depth": 2, "activation": "tanh"})
    distance = wg.ParticleDistance(KERNEL, STABILIZER, eps, dim=2)
    probe = wg.SpectrumProbe(discriminator, WAVES, kernel=KERNEL, stabilizer=STABILIZER, eps=eps)
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    for step in range(400):
        loss = distance.discriminator_loss(discriminator(real), discriminator(fake))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            probe.observe(real, fake, step)
    return probe


probes = {"plain": watched("0"), "stabilized": watched(EPS)}
sizes = {name: np.abs(np.array(probe.history.modes)) for name, probe in probes.items()}
for name, probe in probes.items():
    certified = {-1: "decay", 1: "grow"}[probe.history.predictions[0].sign]
    grown = int((sizes[name][-1] > sizes[name][0]).sum())
    print(f"{name}: all modes certified to {certified}; {grown} of 6 are larger at the end than at the start")

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
for axes, (name, probe) in zip(panels, probes.items(), strict=True):
    for j, wave in enumerate(WAVES):
        axes.semilogy(probe.history.steps, sizes[name][:, j], label=f"ξ = ({wave[0]:g}, {wave[1]:g})")
    axes.set(title=name, xlabel="step")
panels[0].set_ylabel("|mode| of real minus generated features")
panels[1].legend(fontsize=8)
plt.show()

# %% [markdown]
# A network does not move features freely: its tangent kernel mixes and filters modes, so that single modes need not follow
# their own rate (`wgflow ladder` measures by how much). What the certificate says about all of them together is what is
# seen: the plain discriminator tears the features apart, the stabilized one makes them alike.
#
# ## A pair of GANs
#
# That is the catch. Where the features of real and generated samples become alike, the generator is left with nothing to
# descend. The same GAN, plain and with the certified stabilizer; all the rest is equal.

# %%
TABLES = {
    "data": {"name": "eight-gaussians", "std": "1/10"},
    "generator": {"latent": 8, "width": 64, "depth": 2},
    "discriminator": {"features": 2, "width": 64, "depth": 2, "residual": True},
    "objective": {"name": "mmd", "kernel": KERNEL},
    "training": {"steps": 600, "batch": 128, **{f"{p}-optimizer": {"rate": "0.001"} for p in ("generator", "discriminator")}},
    "measure": {"samples": 1000},
}
stabilized = {**TABLES, "objective": {**TABLES["objective"], "stabilizer": STABILIZER, "eps": EPS}}
runs = {"plain": wg.train(TABLES, seed=0, device="cpu"), "stabilized": wg.train(stabilized, seed=0, device="cpu")}
for name, run in runs.items():
    scores = ", ".join(f"{score} {run.metrics[score]:.2f}" for score in ("sliced-w2", "coverage", "mode-tv"))
    print(f"{name}: predicted {run.verdicts.discriminator} for the discriminator; {run.outcome.value}; {scores}")

# %%
figure, panels = plt.subplots(1, 2, figsize=(7, 3.4), sharex=True, sharey=True, layout="constrained")
for axes, (name, run) in zip(panels, runs.items(), strict=True):
    axes.plot(*source.mixture.centres.T, "o", color="0.8", markersize=18)
    axes.plot(*run.samples(1000).T, ".", markersize=2)
    axes.set(title=f"{name}: generated samples", aspect="equal", xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
plt.show()

# %% [markdown]
# One seed proves nothing. `analysis/stabilizer_strength.py` trains ten seeds at several strengths below and above the least
# certified $\varepsilon$, with three stabilizers; `analysis/stabilizers_beside_penalties.py` sets the stabilizer beside
# gradient penalties.
