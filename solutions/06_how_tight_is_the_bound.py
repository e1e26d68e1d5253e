# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · How tight is the bound?
#
# Every loss since lesson 03 was a bound: the true $-\log p(x)$ is lower, and nobody
# told you by how much. Here you measure it. First in a small world where $\log p(x)$
# can be computed exactly, then on digits, with thousands of draws for an image. You
# train with a tighter bound. And you reproduce a result that surprised many: the
# tighter the bound, the worse the signal that the encoder learns from.
#
# **You will be able to**
# - split $\log p(x)$ into the bound and its gap, and say what the gap is made of,
# - compute the importance-weighted bound $L_k$ without underflow, and estimate
#   $\log p(x)$ with thousands of draws in little memory,
# - train with $L_k$, and compare models fairly: by one measure, at equal epochs and at
#   equal time,
# - measure the signal-to-noise ratio of a gradient, and read a slope in a log-log plot.
#
# **Time:** reading 50 min, writing 50 min, computing 4 to 6 min on a 2-core laptop.
#
# Each **What to see** below describes a full run on real MNIST. In fast mode, or on the
# synthetic stand-in, yours will differ.
#
# Symbols, names in code, terms: [notation](notation.ipynb).

# %% tags=["parameters"]
# Parameters: change them here. Instructors also have `course run 06 -p NAME VALUE`.
epochs: int = None  # of each model in section 5; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
test_images: int = None  # how many to estimate log p(x) of; None: the budget below
draws: int = None  # codes for an image in such an estimate; None: the budget below
repeats: int = None  # gradients for each k in section 6; None: the budget below
batch_size = 100  # images per gradient step
learning_rate = 0.002  # Adam's first step size; it falls along a cosine
latent_dim = 50  # numbers in a digit's code
seed = 0  # for the weights, the batches and the noise

# %%
import math
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from helpers import data, metrics, plots, training
from helpers.budget import budget
from helpers.checks import lesson06 as checks

# %%
epochs = budget("epochs", epochs, full=8, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=1_000)
test_images = budget("test_images", test_images, full=500, fast=50)
draws = budget("draws", draws, full=2_000, fast=200)
repeats = budget("repeats", repeats, full=600, fast=40)
device = training.pick_device()

# %% [markdown]
# ## 1. What the gap is
#
# A VAE writes a picture in two steps: it draws $z$ from the prior and $x$ from
# $p(x \mid z)$. Which codes could have led to a given $x$ is the **posterior**
# $p(z \mid x)$; the encoder's $q(z \mid x)$ is a guess at it. For any guess,
#
# $$\log p(x) = \underbrace{\mathbb E_{z\sim q}
#   \left[\log p(x, z) - \log q(z \mid x)\right]}_{\text{ELBO}}
#   + \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z \mid x)\big)}_{\text{gap}\;\ge\;0}$$
#
# So the bound is tight where the guess is right, and what is lost is exactly a KL: not
# the one to the prior, which is part of the ELBO, but the one to the posterior.
#
# All the rest is densities of normal distributions. In each dimension
# $\log \mathcal N(z; \mu, \sigma^2) = -\tfrac12\left[\log 2\pi + \log\sigma^2
# + (z - \mu)^2 / \sigma^2\right]$, and the dimensions add up.
#
# **Exercise 1.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# Write the bracket with all three terms; the shapes broadcast by themselves. $\sigma^2$
# is `logvar.exp()`. Then times $-\tfrac12$, and one sum over the last axis.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "log_normal", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_normal(z, mu, logvar):
    """log N(z; mu, sigma^2) in nats, summed over the last axis.

    z, mu, logvar: tensors (..., d), all with the same d; the axes before it broadcast,
    as z (k, B, d) with mu (B, d). logvar is log(sigma^2); all values from -80 to 80
    count, nothing is clamped and nothing added to sigma^2.
    Returns a tensor without the last axis, here (k, B); with gradients to all three,
    which stay as they are.
    Hint: at z = mu and logvar = 0, each dimension gives -0.919.
    """
    ### BEGIN SOLUTION
    terms = math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()
    return -0.5 * terms.sum(dim=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_log_normal", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.log_normal(log_normal)
### BEGIN HIDDEN TESTS
checks.log_normal(log_normal, draws=[37811])
### END HIDDEN TESTS

# %% [markdown]
# ## 2. A world where everything is known
#
# Let the decoder be a matrix and the noise normal: $z \sim \mathcal N(0, I)$,
# $x \sim \mathcal N(Wz + b, I)$. This is probabilistic PCA. Then $x$ is normal as well,
# with mean $b$ and covariance $WW^\top + I$: **$\log p(x)$ has a closed form**. So has
# the posterior. Our $W$ has orthogonal columns of lengths $s_j$, which makes the
# posterior's dimensions independent: mean $[W^\top(x - b)]_j / (1 + s_j^2)$, variance
# $1 / (1 + s_j^2)$. A linear encoder can be exactly right.


# %%
class LinearVAE(nn.Module):
    """x ~ N(W z + b, I); the encoder answers mu = A x + c and one logvar for all x."""

    def __init__(self, W, b, A, c, logvar):
        super().__init__()
        self.W, self.b = nn.Parameter(W.clone()), nn.Parameter(b.clone())
        self.A, self.c = nn.Parameter(A.clone()), nn.Parameter(c.clone())
        self.logvar = nn.Parameter(logvar.clone())

    def encode(self, x):
        mu = x @ self.A.mT + self.c  # (..., B, d)
        return mu, self.logvar.expand_as(mu)

    def log_likelihood(self, x, z):
        x_hat = z @ self.W.mT + self.b  # (k, ..., B, D)
        return log_normal(x, x_hat, torch.zeros_like(x))


# %%
training.seed_everything(seed)
lengths = torch.tensor([1.5, 1.0])  # of W's columns
W = torch.linalg.qr(torch.randn(8, 2))[0] * lengths  # (D, d) = (8, 2)
b = torch.randn(1, 8)
variance = 1 / (1 + lengths**2)  # of the posterior, (d,)
A = variance[:, None] * W.T  # (d, D)
exact = LinearVAE(W, b, A, -b @ A.T, variance.log()[None])

# %%
x_linear = torch.randn(64, 2) @ W.T + b + torch.randn(64, 8)  # (64, 8)
covariance = W @ W.T + torch.eye(8)
world = torch.distributions.MultivariateNormal(b[0], covariance)
log_p = world.log_prob(x_linear)  # the closed form, (64,)
print(f"log p(x): {log_p.mean():.4f} nats on average")

# %% [markdown]
# The bracket of the equation above, at a drawn $z$, is called a log **importance
# weight**:
#
# $$\log w = \underbrace{\log p(x \mid z) + \log p(z)}_{\log p(x, z)} - \log q(z \mid x),
# \qquad z \sim q(z \mid x)$$
#
# Its mean over draws is the ELBO. From here on we take $k$ draws for every image, on a
# new *first* axis.
#
# **Exercise 2.** Write it, for any model with `encode` and `log_likelihood`.
#
# <details><summary>Stuck? A second hint</summary>
#
# Lesson 03's reparameterization, with noise of the shape `(k, *mu.shape)`. Then three
# log densities of the same `z`: `model.log_likelihood(x, z)`, and `log_normal` twice,
# once for the prior (mean 0, logvar 0), once for the encoder's own distribution.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "log_weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_weights(model, x, k):
    """k log importance weights for each image: log p(x, z) - log q(z | x).

    model: encode(x) -> mu, logvar, each (..., d);
        log_likelihood(x, z) -> log p(x | z), (k, ...), for z (k, ..., d);
        the prior of z is N(0, I)
    x: tensor (..., D); the axes before D are images: (B,), in section 6 (R, B)
    k: draws of z from N(mu, sigma^2), all independent, anew on every call
    Returns a tensor (k, ...), in nats, with gradients to the model's weights through
    all three terms and through z. Model and x stay as they are.
    Hint: torch.randn(k, *mu.shape, device=mu.device)
    """
    ### BEGIN SOLUTION
    mu, logvar = model.encode(x)  # (..., d) each
    epsilon = torch.randn(k, *mu.shape, device=mu.device)
    z = mu + torch.exp(0.5 * logvar) * epsilon  # (k, ..., d)
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z))  # (k, ...)
    return model.log_likelihood(x, z) + log_prior - log_normal(z, mu, logvar)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_log_weights", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.log_weights(log_weights)
### BEGIN HIDDEN TESTS
checks.log_weights(log_weights, draws=[81923])
### END HIDDEN TESTS

# %% [markdown]
# Five draws for one image, by the exact encoder. What do you expect, if $q$ is the
# posterior itself?

# %%
with torch.no_grad():
    log_w = log_weights(exact, x_linear, 5)  # (5, 64)
print("log w of image 0:", " ".join(f"{value:.4f}" for value in log_w[:, 0]))
print(f"log p(x):         {log_p[0]:.4f}")

# %% [markdown]
# **What to see.** All five are equal, and equal to $\log p(x)$, wherever $z$ fell: by
# Bayes' rule $p(x, z) / p(z \mid x) = p(x)$. A single draw would do. Weights that
# differ are the sign of a wrong $q$.
#
# Now we make the encoder wrong on purpose: too wide, too narrow, or beside the mark.
# For two normal distributions the gap has a closed form too, and we compare it with
# $\log p(x)$ minus the mean of 1,000 log weights.


# %%
def off(shift=0.0, widen=0.0):
    """The exact model with an encoder that is wrong: mu + shift, logvar + widen."""
    return LinearVAE(W, b, A, exact.c + shift, exact.logvar + widen)


def gap_by_formula(shift=0.0, widen=0.0):
    """KL of the wrong encoder to the posterior, in nats."""
    terms = math.exp(widen) - 1 - widen + shift**2 / variance  # (d,)
    return 0.5 * terms.sum().item()


@torch.no_grad()
def gap_by_draws(**wrong):
    """log p(x) minus the ELBO, from 1,000 draws for each of 64 images."""
    return (log_p - log_weights(off(**wrong), x_linear, 1_000).mean(dim=0)).mean()


# %%
steps = np.linspace(-2, 2, 17)
fig = plots.figure("The gap is the KL to the posterior: formula and draws meet")
ax = fig.subplots()
for i, (what, label) in enumerate({"shift": "mu + t", "widen": "logvar + t"}.items()):
    style = dict(color=plots.LINES[i], linestyle=plots.DASHES[i])
    formula = [gap_by_formula(**{what: t}) for t in steps]
    ax.plot(steps, formula, label=f"{label}, KL", **style)
    drawn = [gap_by_draws(**{what: float(t)}) for t in steps]
    ax.plot(steps, drawn, "os"[i], color=style["color"], label=f"{label}, draws")
ax.set(xlabel="t: how wrong the encoder is", ylabel="gap (nats)")
ax.legend(fontsize=9)
plots.show(
    fig,
    "Two curves with their minimum 0 at t = 0, a parabola for mu and a flatter, "
    "lopsided one for logvar; markers from draws lie on both.",
)

# %% [markdown]
# **What to see.** The markers lie on the curves: nothing is missing in the equation.
# A cloud that is too wide costs more than one that is too narrow by the same factor.

# %% [markdown]
# ## 3. A tighter bound from the same weights
#
# The mean of $w$ itself (not of $\log w$) is exactly right:
# $\mathbb E[w] = \int q\,\frac{p(x, z)}{q}\,dz = p(x)$. So take the logarithm *after*
# averaging:
#
# $$L_k = \mathbb E\left[\log \frac1k \sum_{i=1}^{k} w_i\right], \qquad
#   \text{ELBO} = L_1 \le L_2 \le \dots \le L_k \to \log p(x)$$
#
# By Jensen's inequality each $L_k$ is still a lower bound, and more draws can only
# raise it (Burda, Grosse and Salakhutdinov, 2016). With $\log w$ at hand,
#
# $$\log \frac1k \sum_i w_i = \operatorname{logsumexp}_i(\log w_i) - \log k.$$
#
# **Exercise 3.** Write it. `torch.logsumexp` takes out the largest term before it
# exponentiates.
#
# <details><summary>Stuck? A second hint</summary>
#
# Which axis holds the draws? It has `len(log_w)` entries, and that is $k$. Every image
# keeps its own bound.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bound(log_w):
    """log of the mean importance weight of each image: one draw of L_k.

    log_w: tensor (k, ...), k log weights for each image; any size, -1000 nats as well.
    Returns a tensor (...), without the first axis, with gradients: finite for finite
    log_w. log_w stays as it is.
    """
    ### BEGIN SOLUTION
    return torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_bound", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.bound(bound)
### BEGIN HIDDEN TESTS
checks.bound(bound, draws=[15307])
### END HIDDEN TESTS

# %% [markdown]
# Four ways to get it wrong, on purpose. The second column is what digits do: their log
# weights lie near $-100$ nats.

# %%
wrong_encoder = off(shift=0.3, widen=0.8)
with torch.no_grad():
    log_w = log_weights(wrong_encoder, x_linear, 100)  # (100, 64)
ways = {
    "right": bound,
    "exponentiate first": lambda log_w: log_w.exp().mean(dim=0).log(),
    "average log w": lambda log_w: log_w.mean(dim=0),
    "sum over the images": lambda log_w: bound(log_w.T),
    "forget log k": lambda log_w: torch.logsumexp(log_w, dim=0),
}
print(f"{'the truth':20s} {log_p.mean():9.3f} {log_p.mean() - 100:9.3f}")
for name, way in ways.items():
    print(f"{name:20s} {way(log_w).mean():9.3f} {way(log_w - 100).mean():9.3f}")

# %% [markdown]
# **What to see.** Exponentiating first works in the small world and dies on digits:
# float32 knows no number below $10^{-45} \approx e^{-103}$, so all weights are 0.
# Averaging $\log w$ is the ELBO again, whatever $k$. The sum over the images mixes
# strangers: one number for each *draw*, and none for an image. Without $\log k$ the
# "bound" lies above the truth, and grows with $k$ for ever.

# %% tags=["expected-figure"]
ks = [1, 2, 4, 8, 16, 32, 64, 128]
with torch.no_grad():
    log_w = log_weights(wrong_encoder, x_linear, 40 * 128)  # (5120, 64)
L = [bound(log_w.reshape(k, -1)).mean().item() for k in ks]
fig = plots.figure("L_k climbs to log p(x)")
ax = fig.subplots()
ax.semilogx(ks, L, "o-", base=2, label="$L_k$ from 5,120 draws an image")
ax.axhline(log_p.mean(), color="0.3", ls="--", label="log p(x), closed form")
ax.set(xlabel="k, draws for each bound", ylabel="nats per image", xticks=ks)
ax.set_xticklabels(ks)
ax.legend(fontsize=9)
plots.show(
    fig,
    f"L_k against k on a logarithmic axis: it rises from {L[0]:.2f} at k = 1 to "
    f"{L[-1]:.2f} at k = {ks[-1]} and flattens at the dashed line of log p(x).",
)

# %% [markdown]
# **What to see.** The steps get smaller: if the weights have a finite variance, as here,
# the gap falls like $1/k$ for large $k$. The encoder is as wrong as before; $L_k$ repairs
# the *bound* by looking at many codes.

# %% [markdown]
# ## 4. Digits: how far is the truth?
#
# Now the real thing, on the network of Burda and others (their one-layer model):
# 784-200-200-50 and back, tanh. Each pixel is a coin that is white with the probability
# that the decoder says: $\log p(x_i \mid z)$ is $\log\mathrm{sigmoid}(a)$ for white,
# $\log\mathrm{sigmoid}(-a)$ for black, $a$ the logit.
#
# That needs black-and-white pictures. MNIST is gray, and there are three protocols:
# - **gray** (lessons 03 to 05): gray values as targets. Even a perfect reconstruction
#   costs 45.5 nats, yet the codes may come from the gray picture, which knows more.
# - **fixed**: each picture is turned into black and white once, one file for everybody.
# - **dynamic** (Burda's, and ours): drawn anew in each epoch, so that the
#   network never sees the same picture twice, and memorizes less.
#
# In Burda's tables the same model differs by about two nats between the last two. Never
# compare figures across protocols.


# %%
class VAE(nn.Module):
    """784 - 200 - 200 - (mu, logvar) - z - 200 - 200 - 784, tanh."""

    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = self._layers(784, 2 * latent_dim)
        self.decoder = self._layers(latent_dim, 784)

    def _layers(self, inputs, outputs):
        return nn.Sequential(
            *(nn.Linear(inputs, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh()),
            nn.Linear(200, outputs),
        )

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=-1)  # mu and logvar, (B, d) each

    def log_likelihood(self, x, z):
        """log p(x | z) of black-and-white pictures x, (B, 784): (k, B)."""
        logits = self.decoder(z)  # (k, B, 784)
        return F.logsigmoid(logits * (2 * x - 1)).sum(dim=-1)


# %%
held_out = budget("validation_images", None, full=1_000, fast=100)
mnist = data.load("MNIST", train_images, held_out, seed=seed)
train = data.loader(mnist.train, batch_size, shuffle=True, seed=seed)
validation = data.loader(mnist.validation, batch_size)
training.seed_everything(seed)
x_test = torch.bernoulli(torch.tensor(mnist.test.flat)).to(device)  # (10000, 784)

# %% [markdown]
# One loss for all trainings of this lesson. With `tight` it is $-L_k$. Without, it is
# the VAE's loss with $k$ draws *averaged*: the same bound as ever, with less noise.
# Validation is the same for all, or we could not compare: $-L_{50}$.


# %%
def loss(model, x, k, tight):
    """Mean over images of -L_k, or of the negative ELBO from k draws."""
    x = torch.bernoulli(x)  # drawn anew each time
    if not model.training:
        return -bound(log_weights(model, x, 50)).mean()
    log_w = log_weights(model, x, k)  # (k, B)
    return -(bound(log_w) if tight else log_w.mean(dim=0)).mean()


# %%
mean_image = torch.tensor(mnist.train.flat.mean(axis=0)).clamp(0.003, 0.997)


def trained(name, k, tight, epochs):
    """A new network, started at the mean image as in lesson 05, and its history."""
    training.seed_everything(seed)
    model = VAE(latent_dim)
    with torch.no_grad():
        model.decoder[-1].bias.copy_(torch.logit(mean_image))
    aim = partial(loss, k=k, tight=tight)
    settings = dict(schedule="cosine", description=name)
    run = training.fit(
        model.to(device), aim, train, validation, epochs, learning_rate, **settings
    )
    return model, run


# %% [markdown]
# First a plain VAE, for three times as many epochs as the others will have. One to two
# minutes on a 2-core laptop; the validation figure ends near 95 nats.

# %%
models, histories = {}, {}
models["VAE, long"], histories["VAE, long"] = trained("VAE", 1, False, 3 * epochs)

# %% [markdown]
# How many of $k$ draws do the work? If one weight is much larger than all others, the
# mean is that one draw, and the rest were in vain. The **effective sample size**
# counts:
#
# $$\mathrm{ESS} = \frac{\left(\sum_i w_i\right)^2}{\sum_i w_i^2}, \qquad
#   1 \le \mathrm{ESS} \le k$$
#
# Equal weights give $k$, a single survivor gives 1.
#
# **Exercise 4.** Write it. Only ratios of weights matter; keep to logarithms until the
# end.
#
# <details><summary>Stuck? A second hint</summary>
#
# $\log w_i^2 = 2\log w_i$. So the logarithm of the numerator is twice a `logsumexp`,
# the logarithm of the denominator is the `logsumexp` of the doubled weights. (Or: a
# softmax over the draws gives shares that add up to 1. What becomes of the formula
# then?)
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "effective_sample_size", "locked": false, "schema_version": 3, "solution": true, "task": false}
def effective_sample_size(log_w):
    """(sum w)^2 / sum w^2 of each image's draws.

    log_w: tensor (k, ...), k log weights for each image; any size, -1000 nats as well.
    It stays as it is.
    Returns a tensor (...), without the first axis, values from 1 to k.
    """
    ### BEGIN SOLUTION
    double = torch.logsumexp(2 * log_w, dim=0)
    return torch.exp(2 * torch.logsumexp(log_w, dim=0) - double)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_effective_sample_size", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.effective_sample_size(effective_sample_size)
### BEGIN HIDDEN TESTS
checks.effective_sample_size(effective_sample_size, draws=[69041])
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
three = torch.tensor([[0.0, 0.0, 0.0], [0.0, -1.0, -50.0], [0.0, -1.0, -50.0]])
print(" ".join(f"{size:.2f}" for size in effective_sample_size(three - 500)))

# %% [markdown]
# Three equal draws, three of which one is heavier, and a single survivor. Now twenty
# digits:

# %%
with torch.no_grad():
    log_w = log_weights(models["VAE, long"], x_test[:20], 1_000).cpu()  # (1000, 20)
ess = effective_sample_size(log_w)  # (20,)
shares = log_w.softmax(dim=0).sort(dim=0, descending=True).values  # (1000, 20)
print(f"ESS of 1,000 draws: from {ess.min():.1f} to {ess.max():.1f}")

# %%
middle = int(ess.argsort()[10])
plots.bars(
    {str(i + 1): 100 * float(shares[i, middle]) for i in range(12)},
    f"A digit's twelve heaviest of 1,000 draws: ESS {ess[middle]:.1f}",
    ylabel="share of the sum of w (%)",
)

# %% [markdown]
# **What to see.** A thousand draws are worth between 2 and 39 equal ones. The weights of a
# digit differ by many nats, so a few lucky codes carry the sum. The estimate of
# $\log p(x)$ needs thousands of draws to meet enough of them, and until then it is too
# low on average: an estimate by $L_k$ is itself a bound.
#
# Thousands of draws times 784 logits do not fit into memory for many images. They need
# not: keep the `logsumexp` of all draws so far, and add one batch of draws at a time,
#
# $$\log(e^{a} + e^{b}) = \texttt{logaddexp}(a, b).$$
#
# **Exercise 5.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# Before the first batch the sum is 0, and its logarithm is minus infinity: start there,
# with `torch.tensor(-math.inf)`, since `torch.logaddexp` takes tensors only.
# Two things run along: the logarithm of the sum, and how many draws there were. The
# division by their number comes last.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "running_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def running_bound(batches):
    """bound() of all draws together, of which only one batch at a time is kept.

    batches: an iterable, to be gone through once, of tensors (k_i, B): log weights of
        the same B images. There is at least one batch; each has at least one draw, and
        they may differ in size. They stay as they are.
    Returns a tensor (B,): log of the mean weight over all draws of all batches, each
    draw counting alike. No more than two batches may be alive at any time.
    """
    ### BEGIN SOLUTION
    total, count = torch.tensor(-math.inf), 0
    for log_w in batches:
        total = torch.logaddexp(total.to(log_w.device), torch.logsumexp(log_w, dim=0))
        count += len(log_w)
    return total - math.log(count)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_running_bound", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.running_bound(running_bound)
### BEGIN HIDDEN TESTS
checks.running_bound(running_bound, draws=[23719])
### END HIDDEN TESTS


# %%
@torch.no_grad()
def some(model, x, k):
    return log_weights(model, x, k)


def in_batches(model, x, count, at_once=50):
    """`count` log weights for each image, a few at a time: tensors (50, B)."""
    for _ in range(count // at_once):
        yield some(model, x, at_once)


# %%
def ladder(model, x, count):
    """Mean over images of L_1, of L_50, and of the estimate from `count` draws."""
    first, fifty = [], []

    def watched():
        for log_w in in_batches(model, x, count):
            first.append(log_w.mean().item())
            fifty.append(bound(log_w).mean().item())
            yield log_w

    full = running_bound(watched()).mean().item()
    return [np.mean(first), np.mean(fifty), full]


x_some = x_test[:test_images]
rungs = {"VAE, long": ladder(models["VAE, long"], x_some, draws)}
elbo, l_50, estimate = rungs["VAE, long"]
print(f"-ELBO {-elbo:.2f}, -L_50 {-l_50:.2f}, by {draws:,} draws {-estimate:.2f} nats")

# %%
few = running_bound(in_batches(models["VAE, long"], x_some[:100], 5 * draws)).mean()
less = running_bound(in_batches(models["VAE, long"], x_some[:100], draws)).mean()
print(f"{5 * draws:,} instead of {draws:,} draws: {few - less:+.2f} nats")

# %% [markdown]
# **What to see.** The ELBO lies 3.9 nats below the estimate, $L_{50}$ only 0.7.
# Five times as many draws move the estimate by less than 0.1: we are near the
# truth, on its lower side.
#
# And the losses of lessons 03 and 05, 102 and 93 nats? They are bounds as well, of
# the gray protocol: the loss for a gray picture is the mean, over the black-and-white
# pictures that it may turn into, of a bound whose codes come from the gray one. Their
# gap is of the same kind, the KL from that $q$ to the posterior. Your functions
# measure it: `log_weights` asks a model for nothing but `encode` and
# `log_likelihood`.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_compare", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 1 (5 points).** Three figures on a slide: "VAE A, test loss 93 nats (gray)",
# "VAE B, $-\mathrm{ELBO}$ 98 (dynamic binarization)", "VAE C, $-\log p(x)$ 95,
# estimated with 5,000 draws (dynamic)". The speaker concludes that A is the best
# model and B the worst. What do you say? What would you measure to rank the three?
#
# ### BEGIN SOLUTION
# *Model answer.* A cannot be compared with the others: gray targets are another
# protocol, where a perfect picture costs 45.5 nats and the encoder sees more. B and C
# share the protocol but not the measure: 98 is a bound, 95 an estimate of what it
# bounds. B's gap may well be three nats or more, so B may be the better *model*. To
# rank them: the same black-and-white test pictures, $-L_k$ with the same large $k$ for
# all three (and look at whether more draws still change it; the ESS tells how far
# it is to be trusted).
#
# *Rubric.* 2 points for the protocols, 2 for bound against estimate (the gap), 1 for a
# measurement that makes them comparable.
# ### END SOLUTION

# %% [markdown]
# ## 5. Training with a tighter bound
#
# If $L_k$ is the better bound, train with it: that is the **importance weighted
# autoencoder** (IWAE). Draws cost time, so there are two fair comparisons. At equal
# *epochs*: a VAE with one draw, one with five draws averaged, and an IWAE with $k = 5$.
# At equal *time*: a step with five draws takes up to three times as long as one with a
# single draw, so the VAE above had three times the epochs; the right half of the figure
# below has seconds on its axis. Two to three minutes.

# %%
for name, k, tight in (
    ("VAE", 1, False),
    ("VAE, 5 draws", 5, False),
    ("IWAE", 5, True),
):
    models[name], histories[name] = trained(name, k, tight, epochs)
    rungs[name] = ladder(models[name], x_some, draws)


# %%
def active_units(model):
    """Latent dimensions whose mean varies over the images, as in lesson 05."""
    with torch.no_grad():
        mu, _ = model.encode(x_test)
    return int((mu.var(dim=0) > 0.01).sum())


print("              epochs  seconds    -ELBO    -L_50     -log p    gap   active")
for name in ("VAE", "VAE, 5 draws", "IWAE", "VAE, long"):
    run, (elbo, l_50, nll) = histories[name], [-value for value in rungs[name]]
    facts = f"{len(run.train):8d} {run.seconds:8.0f}{elbo:9.2f}{l_50:9.2f}{nll:11.2f}"
    print(f"{name:12s}{facts}{elbo - nll:7.2f}{active_units(models[name]):9d}")

# %% tags=["expected-figure"]
fig = plots.figure("The same runs, by epochs and by seconds", width=9)
by_epoch, by_time = fig.subplots(1, 2, sharey=True)
for i, (name, run) in enumerate(histories.items()):
    style = dict(color=plots.LINES[i], ls=plots.DASHES[i], marker=plots.MARKERS[i])
    x_epoch = np.arange(1, len(run.validation) + 1)
    by_epoch.plot(x_epoch, run.validation, label=name, ms=3, **style)
    by_time.plot(run.elapsed, run.validation, ms=3, **style)
top = max(run.validation[min(1, epochs - 1)] for run in histories.values())
by_epoch.set(xlabel="epoch", ylabel="validation, $-L_{50}$ (nats)")
by_time.set(xlabel="seconds", ylim=(None, top + 1))
by_epoch.legend(fontsize=9)
plots.show(
    fig,
    "Validation -L_50 of four trainings, left against epochs, right against seconds.",
)

# %% [markdown]
# **What to see.** First the table.
# - At equal epochs the order of $-\log p(x)$ is the expected one: 100.5 for the VAE, 98.1
#   with five draws, 97.1 for the IWAE. Averaging five draws gives a smoother gradient of the
#   *same* bound; putting them under one logarithm gives a better bound.
# - The IWAE has the widest *gap*, 7.2 nats: its ELBO is a poor one, because nobody asked
#   for it. Its encoder may spread its guess, as long as one draw in five is good.
#   Whoever compared ELBOs would throw the better model away.
# - The IWAE has 45 active units, the VAE with five draws 16. But so early in a training
#   the count says little: the VAE with one draw has 39 after 8 epochs and 17 after 24.
# - The long VAE spent its time on epochs instead of draws and is far ahead, 92.6. On the
#   right, in this run, its line is the lowest from the first half minute on. What is
#   better at equal epochs need not be at equal time, so early in a training. The IWAE's
#   lead pays off at the end.
#
# Burda and others trained for 3,280 epochs, and report for this network and this
# protocol, in nats, from 5,000 draws:
#
# | | $k = 1$ | $k = 5$ | $k = 50$ |
# | --- | --- | --- | --- |
# | VAE | 86.76 | 86.47 | 86.35 |
# | IWAE | 86.76 | 85.54 | 84.78 |
#
# Ours stopped after minutes. The curve hints at what more would give:

# %%
run = histories["VAE, long"]
fig = plots.figure("What would more epochs give?")
ax = fig.subplots()
ax.semilogx(np.arange(1, len(run.validation) + 1), run.validation, "o-", ms=4)
ax.semilogx(3_280, 86.76, "D", color=plots.LINES[1])
ax.annotate("Burda et al.", (3_280, 86.76), xytext=(-70, 6), textcoords="offset points")
ax.set(xlabel="epoch", ylabel="validation, $-L_{50}$ (nats)", ylim=(84, top + 1))
ax.grid(alpha=0.3)
plots.show(
    fig,
    "The long VAE's validation -L_50 against epochs on a logarithmic axis, falling, "
    "with Burda's 86.76 nats at 3,280 epochs far to the right and below.",
)

# %% [markdown]
# **What to see.** On a logarithmic axis the curve goes down ever more slowly: each further
# nat takes more epochs than the one before. (Burda's mark is from test pictures and 5,000
# draws; our curve, from 50, lies a little higher for that reason, too.) After 24 epochs we
# are at 92.6 on the test pictures; Burda and others got to 86.76 with the same network, in
# 137 times as many epochs. At the end of that road their IWAE with $k = 5$ keeps a lead of
# about one nat.

# %% [markdown]
# ## 6. Tighter is not always better
#
# Why not train with $k = 1{,}000$? Rainforth and others (2018) looked at the
# *gradient*. It is random, since $z$ is drawn. What counts for learning is how its
# mean compares with its spread, for each weight:
#
# $$\mathrm{SNR} = \frac{\left|\,\mathbb E[g]\,\right|}{\mathrm{std}[g]}$$
#
# Far below 1, a step goes nearly as often in the wrong direction as in the right one.
# We repeat one gradient $R$ times, with fresh draws and everything else fixed.
#
# **Exercise 6.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The repeats lie on the first axis: mean and standard deviation over that one. The
# absolute value comes after the mean, or noise of either sign would count as signal.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "signal_to_noise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def signal_to_noise(gradients):
    """|mean| / standard deviation over the repeats, for each weight.

    gradients: tensor (R, P), R at least 2: the gradient of P weights, computed R times
        with fresh noise. It stays as it is. No weight's gradient is constant.
    Returns a tensor (P,), not negative. Whether the variance divides by R or by R - 1
    is up to you.
    """
    ### BEGIN SOLUTION
    return gradients.mean(dim=0).abs() / gradients.std(dim=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_signal_to_noise", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.signal_to_noise(signal_to_noise)
### BEGIN HIDDEN TESTS
checks.signal_to_noise(signal_to_noise, draws=[58613])
### END HIDDEN TESTS

# %% [markdown]
# The network is the linear one of section 2, a little untrained: its weights are
# moved by some noise, and its encoder's variance is twice the posterior's. Repeats
# are cheap if they run side by side: copy every weight $R$ times along a new first
# axis. The gradient of the *sum* over the copies then holds each copy's own gradient.


# %%
def copies(model, count):
    """The same network `count` times: every weight gets a new first axis."""
    weights = (p.detach().expand(count, *p.shape) for p in model.parameters())
    return LinearVAE(*weights)


def gradients(objective, model, x, k, repeats):
    """Gradients of the decoder and of the encoder, (R, P) each."""
    net = copies(model, repeats)
    values = objective(net, x.expand(repeats, *x.shape), k)  # (R, B)
    values.mean(dim=1).sum().backward()
    halves = (net.W, net.b), (net.A, net.c, net.logvar)
    return [torch.cat([p.grad.flatten(1) for p in half], dim=1) for half in halves]


# %%
def mean_snr(objective, model, x, k):
    """Mean signal-to-noise ratio over the decoder's and over the encoder's weights."""
    at_once = max(1, min(repeats, 400_000 // (k * len(x))))  # bounded memory
    parts = [
        gradients(objective, model, x, k, min(at_once, repeats - start))
        for start in range(0, repeats, at_once)
    ]
    halves = (torch.cat(half) for half in zip(*parts, strict=True))  # (R, P) each
    return [signal_to_noise(half).mean().item() for half in halves]


# %%
training.seed_everything(seed)
untrained = off(widen=math.log(2))
with torch.no_grad():
    for p in untrained.parameters():
        p += 0.05 * torch.randn_like(p)


def tight_bound(model, x, k):
    return bound(log_weights(model, x, k))


ks = [2**i for i in range(9)]  # 1 to 256
decoder, encoder = np.transpose(
    [mean_snr(tight_bound, untrained, x_linear, k) for k in ks]
)

# %% [markdown]
# Even a gradient without any signal would not measure 0: the mean of $R$ draws of
# pure noise is about $0.8 / \sqrt R$ standard deviations away from 0, to one side or
# the other ($\sqrt{2/\pi} \approx 0.8$ is the mean of $|\varepsilon|$). That is the
# **floor** of our estimate. What lies near it is not signal but our own lack of
# repeats, and a line may be fitted only to what is well above.

# %%
floor = math.sqrt(2 / math.pi / repeats)


def slope(snr, least=1):
    """Slope of log SNR against log k, for k >= least and twice above the floor."""
    seen = (snr > 2 * floor) & (np.array(ks) >= least)
    return np.polyfit(np.log(ks)[seen], np.log(snr[seen]), 1)[0]


# %% tags=["expected-figure"]
def snr_figure(lines, title):
    fig = plots.figure(title, width=9, height=4)
    ax = fig.subplots()
    for i, (name, snr) in enumerate(lines.items()):
        style = dict(color=plots.LINES[i], ls=plots.DASHES[i], marker=plots.MARKERS[i])
        ax.loglog(ks, snr, label=f"{name}: slope {slope(snr):+.2f}", **style)
    ax.axhspan(0.5 * floor, floor, color="0.85", label=f"floor of {repeats} repeats")
    ax.set(xlabel="k", ylabel="mean signal-to-noise ratio", xticks=ks)
    ax.set_xticklabels(ks)
    ax.minorticks_off()
    ax.margins(y=0.15)
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    said = (f"{name} from {s[0]:.2f} to {s[-1]:.2f}" for name, s in lines.items())
    alt = "Signal-to-noise ratio against k, both logarithmic, nearly straight lines: "
    plots.show(fig, alt + "; ".join(said) + ". A gray band marks the floor.")


lines = {"decoder": decoder, "encoder": encoder}
snr_figure(
    lines, "More draws: a clearer signal to the decoder, a fainter to the encoder"
)

# %% [markdown]
# **What to see.** Two nearly straight lines. The decoder's SNR grows about like $\sqrt k$,
# slope $+\tfrac12$: more draws, less noise, as everybody expects. The encoder's *falls*
# about like $1/\sqrt k$, slope $-\tfrac12$. That is the result of Rainforth and others.
#
# The reason: as $k$ grows, $L_k$ goes to $\log p(x)$ **whatever the encoder does**. So
# the encoder's mean gradient vanishes, as $1/k$; its noise vanishes too, but only as
# $1/\sqrt k$. In the limit the bound is perfect, and the encoder has nothing to learn
# from. Near the floor the line flattens out: there we measure our own noise.
#
# A remedy. Through $\log q$ the encoder's gradient picks up a term that for $k = 1$ is
# zero on average, hence pure noise; Roeder and others (2017) leave it out, which is
# unbiased for $k = 1$ only. Tucker and others (2019) replace it exactly, by a second
# reparameterization: detach `mu` and `logvar` inside $\log q$, and weigh what
# reaches the encoder through $z_i$ by the *square* of the weight's share,
# $\tilde w_i = w_i / \sum_j w_j$. The decoder's gradient stays as it was.


# %%
def doubly_reparameterized(model, x, k):
    """An objective with the gradient of L_k, by Tucker and others (2019)."""
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z))
    log_q = log_normal(z, mu.detach(), logvar.detach())
    log_w = model.log_likelihood(x, z) + log_prior - log_q  # (k, R, B)
    share = log_w.detach().softmax(dim=0)
    z.register_hook(lambda gradient: share[..., None] * gradient)  # the second factor
    return (share * log_w).sum(dim=0)


# %%
remedied = np.array(
    [mean_snr(doubly_reparameterized, untrained, x_linear, k) for k in ks]
)
lines["encoder, doubly reparameterized"] = remedied[:, 1]
snr_figure(lines, "The remedy: the encoder's signal grows with k as well")

# %% [markdown]
# **What to see.** The same bound, the same mean gradient, and the encoder's line
# turns upwards, to a slope of $+\tfrac12$ from $k = 8$ on (the legend's $+0.46$ is over
# all $k$). Here the trouble was not the bound but the estimate of its gradient.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_snr", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 2 (5 points).** A friend trains an IWAE with $k = 5{,}000$ "because the
# bound is tightest". The decoder learns, but the encoder hardly moves, and the
# effective sample size stays near 1. Explain both, and propose two different changes.
#
# ### BEGIN SOLUTION
# *Model answer.* At $k = 5{,}000$ the bound hardly depends on the encoder, so its mean
# gradient is about 5,000 times smaller than at $k = 1$ while the noise is only about 70
# times smaller: the signal-to-noise ratio has fallen by a factor of 70, and steps are
# nearly random. A bad encoder gives codes that miss the posterior, so few draws
# carry all the weight: ESS near 1. Changes: a small $k$ (5, say), and the saved time
# spent on more images or epochs; the doubly reparameterized gradient; the ELBO
# for the encoder and $L_k$ for the decoder; larger batches.
#
# *Rubric.* 2 points for the vanishing signal (mean $1/k$, noise $1/\sqrt k$), 1 for the
# ESS, 1 for each of two changes that fit.
# ### END SOLUTION

# %% [markdown]
# ## 7. Whose fault is the gap?
#
# Back to the digits' gap. Two things may be to blame (Cremer, Li and Duvenaud, 2018):
# - the **family**: the posterior is no normal distribution with independent dimensions,
#   so even the best such $q$ misses it, by the *approximation gap*;
# - the **encoder**: one network answers for all images, and its answer is not the
#   best of the family for each of them. That is the *amortization gap*.
#
# To tell them apart, drop the encoder: give each of some test images a `mu` and a
# `logvar` of its own, start where the encoder says, and climb the ELBO for a few
# hundred steps.


# %%
class Own(nn.Module):
    """The model's decoder, with a mu and a logvar for each image in place of encode."""

    def __init__(self, model, x):
        super().__init__()
        self.log_likelihood = model.requires_grad_(False).log_likelihood
        self.mu, self.logvar = (nn.Parameter(part.clone()) for part in model.encode(x))

    def encode(self, x):
        return self.mu, self.logvar


def fitted(model, x, steps=300, k=10):
    """Each image's best normal distribution, found by gradient steps on the ELBO."""
    own = Own(model, x)
    optimizer = torch.optim.Adam(own.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        (-log_weights(own, x, k).mean(dim=0).sum()).backward()
        optimizer.step()
    return own


# %%
training.seed_everything(seed)
first = [int(np.flatnonzero(mnist.test.labels == digit)[0]) for digit in range(10)]
ten = x_test[first]  # (10, 784)
model = models["VAE, long"]
own = fitted(model, ten, steps=300 if draws >= 1_000 else 30)

# %%
with torch.no_grad():
    by_encoder = log_weights(model, ten, 1_000).mean(dim=0)  # ELBO, (10,)
    by_own = log_weights(own, ten, 1_000).mean(dim=0)  # the best ELBO, (10,)
truth = running_bound(in_batches(own, ten, 5 * draws))  # (10,)
amortization, approximation = (by_own - by_encoder).cpu(), (truth - by_own).cpu()

# %% tags=["cover"]
fig = plots.figure("The gap of ten digits, split in two")
ax = fig.subplots()
blue, red = plots.LINES[:2]
ax.bar(range(10), amortization, color=blue, label="amortization: the encoder")
style = dict(bottom=amortization, color=red, label="approximation: the family")
ax.bar(range(10), approximation, hatch="//", edgecolor="white", **style)
ax.set(xlabel="digit", ylabel="gap (nats)", xticks=range(10))
ax.margins(y=0.25)
ax.legend(fontsize=9, ncols=2)
plots.show(
    fig,
    "Stacked bars for the digits 0 to 9: amortization gap below, approximation gap "
    f"above; on average {amortization.mean():.1f} and {approximation.mean():.1f} nats.",
)
halves = amortization.mean(), approximation.mean()
print("amortization {:.2f} + approximation {:.2f} nats".format(*halves))

# %% [markdown]
# **What to see.** Red, 1.8 nats on average, is what no encoder of this family can mend: the
# posterior is not a normal distribution with independent dimensions. Blue, 3.1, is what a
# better encoder would win, or a few hundred steps for each image. It is the larger part
# for seven of the ten, most of all for the crooked 5, and the smaller for 1, 6 and 7.
# Cremer and others found the same: the encoder is often the larger part. The decoder, in
# turn, learns to suit the family, and makes posteriors that fit it.

# %% [markdown]
# ## 8. Your figures against the expected ones
#
# The bands are what full runs on real MNIST give, over three seeds. Burda's figures
# stand in section 5.

# %%
facts = dict(seed=seed, epochs=epochs, device=device)
nll = {name: -values[2] for name, values in rungs.items()}
bands = {"VAE": (99, 102), "VAE, 5 draws": (96.8, 99.4), "IWAE": (95.8, 98.4)}
for name, band in bands.items():
    metrics.record(f"-log p(x), {name}", nll[name], band, "nats", **facts)
gain = nll["VAE, 5 draws"] - nll["IWAE"]
metrics.record(
    "-log p(x), VAE with 5 draws less IWAE", gain, (0.3, 1.8), "nats", **facts
)
for name, band in {"VAE, 5 draws": (12, 22), "IWAE": (36, 50)}.items():
    count = active_units(models[name])
    metrics.record(f"active units, {name}", count, band, "of 50", **facts)

# %%
facts |= dict(epochs=3 * epochs, seconds=round(histories["VAE, long"].seconds, 1))
bands = {"-ELBO": (95.2, 97.8), "-L_50": (92.0, 94.6), "-log p(x)": (91.3, 93.9)}
for (name, band), value in zip(bands.items(), rungs["VAE, long"], strict=True):
    metrics.record(f"{name}, long VAE", -value, band, "nats", **facts)
gap = rungs["VAE, long"][2] - rungs["VAE, long"][0]
metrics.record("gap, long VAE", gap, (3.2, 4.7), "nats", **facts)
metrics.record("amortization gap, ten digits", amortization.mean(), (1.5, 5), "nats")
metrics.record("approximation gap, ten digits", approximation.mean(), (0.8, 3), "nats")

# %%
facts = dict(seed=seed, repeats=repeats)
metrics.record("slope of the SNR, decoder", slope(decoder), (0.45, 0.58), **facts)
metrics.record("slope of the SNR, encoder", slope(encoder), (-0.6, -0.42), **facts)
late = slope(remedied[:, 1], 8)
metrics.record("slope of the SNR, remedy, k >= 8", late, (0.45, 0.58), **facts)

# %% [markdown]
# ## Summary
#
# The ELBO misses $\log p(x)$ by the KL from the encoder's guess to the posterior.
# Averaging weights before the logarithm gives $L_k$, which closes the gap as $k$
# grows, measures a trained model and trains one. But a tight bound is not a good
# teacher by itself: the encoder's signal drowns in noise unless its gradient is
# estimated with care.
#
# **Further reading**
# - Y. Burda, R. Grosse and R. Salakhutdinov (2016), *Importance Weighted Autoencoders*.
# - T. Rainforth et al. (2018), *Tighter Variational Bounds are Not Necessarily Better*.
# - C. Cremer, X. Li and D. Duvenaud (2018), *Inference Suboptimality in Variational
#   Autoencoders*.
# - G. Roeder, Y. Wu and D. Duvenaud (2017), *Sticking the Landing: Simple, Lower-Variance
#   Gradient Estimators for Variational Inference*.
# - G. Tucker, D. Lawson, S. Gu and C. J. Maddison (2019), *Doubly Reparameterized Gradient
#   Estimators for Monte Carlo Objectives*.
# - M. E. Tipping and C. M. Bishop (1999), *Probabilistic Principal Component Analysis*.
#
# **Next:** lesson 07 writes one VAE in two frameworks and holds them against each
# other, number by number.
