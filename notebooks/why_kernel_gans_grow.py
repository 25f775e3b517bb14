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
# # Why kernel GANs grow
#
# A GAN that compares distributions through a kernel (MMD GAN, Cramér GAN, elastic-interaction GAN) moves probability
# densities along a Wasserstein gradient flow. Chen, Wu and Xiang (2023, [arXiv:2307.01879](https://arxiv.org/abs/2307.01879))
# linearize that flow about a constant state and ask, one Fourier mode at a time, whether a small disturbance grows.
# This notebook follows their argument with `wgflow`, which proves each answer for all wavenumbers at once. The numbers
# are computed here; none of them is taken from the paper.
#
# ## One mode at a time
#
# Let $p$ be the generated and $q$ the true density, $e(\lVert x\rVert)$ the kernel, and
#
# $$E = \tfrac12 \iint e(\lVert x-y\rVert)\,(p-q)(x)\,(p-q)(y)\,dx\,dy .$$
#
# The generator moves $p$ downhill, $\partial_t p = \nabla\cdot\bigl(p\,\nabla (e*(p-q))\bigr)$. The discriminator moves
# densities uphill, with a kernel $e-\varepsilon s$ that may carry a stabilizing term. Put $p = C + v$ and $q = C$, keep
# what is linear in $v$, and take the Fourier transform. Every wavenumber $k = \lVert\xi\rVert$ goes its own way:
#
# $$\text{generator:}\quad \hat v' = -C\,k^2\,F(e)(k)\,\hat v,
# \qquad\qquad
# \text{discriminator:}\quad \hat v' = +C\,k^2\,F(e-\varepsilon s)(k)\,\hat v .$$
#
# So the sign of one function of one variable decides everything. A kernel with a positive transform makes the generator
# stable, and for the same reason makes the plain discriminator ($\varepsilon = 0$) unstable.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import wgflow as wg

BLUE, RED, GREEN, ORANGE, BLACK = "#0072b2", "#d55e00", "#009e73", "#e69f00", "0.2"
plt.rcParams.update({"figure.figsize": (8, 3.8), "figure.constrained_layout.use": True, "legend.frameon": False})

# %% [markdown]
# ## The plain discriminator
#
# Three kernels, in dimension $n = 2$: the Gaussian $e^{-r^2/2}$, the Cramér or energy kernel $-r$, and the elastic kernel
# $1/r$. Their transforms are $2\pi e^{-k^2/2}$, $2\pi k^{-3}$ and $2\pi k^{-1}$: positive everywhere.

# %%
KERNELS = {"rbf(1)": BLUE, "energy": RED, "elastic": GREEN}
for name in KERNELS:
    for role in ("generator", "discriminator"):
        print(f"{name:<9}{role:<15}{wg.certify(name, eps=0, dim=2, role=role).verdict.value}")

# %% [markdown]
# `DECAYS` and `GROWS` are theorems here, proved in ball arithmetic for all $k > 0$, not impressions from a plot. The
# plot shows how differently the three kernels grow. The rates of the Gaussian are bounded, with the fastest mode at
# $k = \sqrt2$; those of the Cramér kernel have no bound toward long waves, those of the elastic kernel none toward short
# ones.

# %%
figure, axes = plt.subplots()
for name, colour in KERNELS.items():
    found = wg.spectrum(name, eps=0, dim=2, kmin="0.1", kmax=10, points=120)
    axes.plot(found.wavenumber, found.rate, color=colour, label=name)
axes.axhline(0, color="0.6", linewidth=0.8)
axes.set(xscale="log", ylim=(-0.5, 12), xlabel="wavenumber k (1/length)", ylabel="growth rate (1/time)")
axes.set_title("plain discriminators, n = 2: every mode grows", fontsize="medium")
figure.legend(loc="outside right center")
plt.show()

# %%
print(wg.spectrum("rbf(1)", eps=0, dim=2).fastest)

# %% [markdown]
# ## A narrower, an equal and a wider Gaussian
#
# The remedy is to subtract a second kernel: find $s$ and $\varepsilon$ with $F(e) - \varepsilon F(s) < 0$ for every
# $k > 0$. The feasible $\varepsilon$ form an interval, whose lower end is
#
# $$\varepsilon^* = \sup_{k>0} \frac{F(e)(k)}{F(s)(k)} .$$
#
# Take $e$ = `rbf(1)` and for $s$ a Gaussian of length $1/\lambda$. Then
#
# $$\frac{F(e)}{F(s)} = \lambda^n \exp\Bigl(-\bigl(1-\lambda^{-2}\bigr)\frac{k^2}{2}\Bigr),$$
#
# and three things can happen.


# %%
def feasible_in_words(answer):
    """Says which eps make every mode decay."""
    found = answer.feasible
    if found.empty:
        return "no eps"
    return f"eps {'>=' if found.lower.attained else '>'} {answer.least_eps[0]:.6g}"


for length in ("1/4", "1/2", "1", "2"):
    answer = wg.certify("rbf(1)", stabilizer=f"rbf({length})", eps=1, dim=2)
    print(f"s = rbf({length})".ljust(12), feasible_in_words(answer))

# %% [markdown]
# * **Narrower** ($\lambda > 1$): $\varepsilon^* = \lambda^n$. The supremum is approached as $k\to0$ and never reached, so
#   $\varepsilon = \varepsilon^*$ itself already makes every mode decay. A smaller $\varepsilon$ leaves long waves growing.
# * **Equal**: at $\varepsilon = 1$ nothing is left of the kernel, and every rate is exactly zero. That is not decay, so
#   $\varepsilon$ must be greater than 1.
# * **Wider** ($\lambda < 1$): no $\varepsilon$ works. The ratio grows without bound, and for a given $\varepsilon$ all
#   modes beyond a finite wavenumber grow,
#
# $$k_c^2 = \frac{2\,\log(\lambda^n/\varepsilon)}{1-\lambda^{-2}} .$$

# %%
for length, eps in (("1/2", "3"), ("1/2", "4"), ("1", "1"), ("2", "5")):
    answer = wg.certify("rbf(1)", stabilizer=f"rbf({length})", eps=eps, dim=2)
    bands = [(band.start, band.end) for band in answer.growing_bands]
    print(f"s = rbf({length}), eps = {eps}:".ljust(22), answer.verdict.value.ljust(7), bands)

# %% [markdown]
# Each end of a growing band is enclosed between two doubles; an end `None` means that the band goes on forever. For
# $s$ = `rbf(2)` and $\varepsilon = 5$ the formula gives $k_c = \sqrt{\tfrac23\log 20} = 1.41320\ldots$

# %%
figure, axes = plt.subplots()
for length, eps, colour, style, label in (
    ("1/2", "3", BLUE, "--", "narrower, eps = 3, too weak"),
    ("1/2", "4", BLUE, "-", "narrower, eps = eps* = 4"),
    ("1", "1", BLACK, "-", "equal, eps = 1"),
    ("2", "5", RED, "-", "wider, eps = 5"),
):
    found = wg.spectrum("rbf(1)", f"rbf({length})", eps, dim=2, kmin="0.02", kmax=6, points=150)
    axes.plot(found.wavenumber, found.rate, style, color=colour, label=label)
axes.set(ylim=(-18, 5), xlabel="wavenumber k (1/length)", ylabel="growth rate (1/time)")
axes.set_title("rbf(1) stabilized by Gaussians, n = 2", fontsize="medium")
figure.legend(loc="outside right center")
plt.show()

# %% [markdown]
# ## A stabilizer with a heavier tail
#
# The elastic kernel is heavier than a Gaussian at both ends: in $n = 2$ its transform is $2\pi/k$, so
# $F(e)/F(s) = k\,e^{-k^2/2}$ for `rbf(1)`. This has its maximum at $k = 1$, hence $\varepsilon^* = e^{-1/2} = 0.60653\ldots$,
# and $\varepsilon^*$ itself does not suffice: the mode $k = 1$ would be neutral.

# %%
wg.certify("rbf(1)", stabilizer="elastic", eps="0.5", dim=2)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
wg.spectrum("rbf(1)", "elastic", "0.5", dim=2, kmin="0.2", kmax=2, points=150).plot(left).set_xscale("linear")
wg.spectrum("rbf(1)", "elastic", "0.61", dim=2, kmin="0.2", kmax=2, points=150).plot(right).set_xscale("linear")
plt.show()

# %% [markdown]
# ## What the dimension does
#
# The stabilizer acts in the space that the kernel sees: for a GAN, the feature space of the critic, of 16 dimensions or
# more. There the kernel matters a great deal. Compare the mixture of MMD GAN with a mixture of rational-quadratic kernels,
#
# $$\sum_{\ell\in\{1,2,4,8,16\}} e^{-r^2/2\ell^2}
# \qquad\text{and}\qquad
# \sum_{\alpha\in\{0.2,\,0.5,\,1,\,2,\,5\}} \Bigl(1+\frac{r^2}{2\alpha}\Bigr)^{-\alpha} ,$$
#
# each stabilized by the elastic kernel, and by its own copy at half the length.

# %%
MMD_GAN = wg.kernel("rbf(1) + rbf(2) + rbf(4) + rbf(8) + rbf(16)")
RATIONAL = wg.kernel("rq(0.2) + rq(0.5) + rq(1) + rq(2) + rq(5)")
DIMS = (1, 2, 4, 8, 16, 32)
PAIRS = {
    "MMD GAN, elastic": (MMD_GAN, "elastic", RED, "o-"),
    "MMD GAN, half length": (MMD_GAN, MMD_GAN.stretched("1/2"), ORANGE, "s-"),
    "rational, elastic": (RATIONAL, "elastic", BLUE, "v-"),
    "rational, half length": (RATIONAL, RATIONAL.stretched("1/2"), GREEN, "D-"),
}
least = {}
print("n".rjust(3), *(name.ljust(23) for name in PAIRS))
for n in DIMS:
    answers = [wg.certify(kernel, stabilizer, eps=0, dim=n) for kernel, stabilizer, _, _ in PAIRS.values()]
    print(f"{n:>3}", *(feasible_in_words(answer).ljust(23) for answer in answers))
    least[n] = [answer.least_eps[0] if answer.least_eps else None for answer in answers]

# %% [markdown]
# * The Gaussian mixture against its half-length copy needs $\varepsilon^* = 2^n$, decided at $k\to0$; against the elastic
#   kernel it is worse still, because the longest length, 16, rules.
# * The rational mixture has **no** feasible $\varepsilon$ against the elastic kernel once $n\ge2$. Toward $k = 0$ its
#   transform behaves as $k^{2\alpha-n}$ with the smallest $\alpha = 0.2$, which outgrows $1/k$. The cure must be as heavy
#   as the disease, and the half-length copy is.
# * Against that copy the rational mixture's $\varepsilon^*$ stays bounded. Both kernels are mixtures of Gaussians
#   $e^{-r^2t}$ with densities $m(t)$ and $m_s(t)$, and
#   $F(e) - \varepsilon F(s) = \int (m-\varepsilon m_s)(t)\,(\pi/t)^{n/2} e^{-k^2/4t}\,dt$ is negative in *every* dimension
#   as soon as $\varepsilon \ge \sup_t m(t)/m_s(t)$, which is less than 3.7 here.

# %%
figure, axes = plt.subplots()
for index, (name, (_, _, colour, style)) in enumerate(PAIRS.items()):
    points = [(n, least[n][index]) for n in DIMS if least[n][index] is not None]
    axes.plot(*zip(*points, strict=True), style, color=colour, label=name if len(points) > 1 else f"{name} (n = 1 only)")
axes.set(yscale="log", xlabel="dimension n", ylabel="least eps")
axes.set_title("the least eps by dimension", fontsize="medium")
figure.legend(loc="outside right center")
plt.show()

# %% [markdown]
# ## A certificate to hand on
#
# A proof is worth more when others can check it. A certificate is plain data: the claim, a cover of all wavenumbers with
# a proved sign on each piece, and an argument for either end. `verify` replays it without the code that found it, and
# refuses a file that claims anything else.

# %%
certificate = wg.certify(RATIONAL, stabilizer=RATIONAL.stretched("1/2"), eps="3.7", dim=16)
print(certificate)

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "proof.json")
    certificate.save(path)
    print(wg.verify(path))
    print(f"{path.stat().st_size} bytes")

    path.write_text(path.read_text().replace('"eps":"37/10"', '"eps":"3"'))  # more than was proved
    try:
        wg.verify(path)
    except wg.Refused as problem:
        print("refused:", problem)
