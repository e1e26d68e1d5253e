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
# # 05 · How many latent dimensions?
#
# A digit has 784 pixels. How many numbers does a VAE need to describe it: one, two,
# sixty-four? You train all three, draw what each of them knows, and find out that the
# largest one leaves most of its numbers unused. Then you take the 64-dimensional model,
# change one thing at a time, and get below a figure that a public project reports.
#
# **You will be able to**
# - decode a latent line and a latent plane so that each tile stands for an equal
#   share of the prior,
# - measure what a code carries: KL per dimension, active units, a linear probe,
# - read a rate-distortion picture, and recognize posterior collapse,
# - improve a model step by step, with a table that says what each step gave and cost.
#
# **Time:** reading 50 min, writing 50 min, computing about 10 min on a 2-core laptop
# whose processor multiplies 16-bit numbers (bfloat16), about 20 min on another.
#
# Symbols, names in code, terms: [notation](notation.ipynb).
#
# Each **What to see** below, and every expected time and loss, is that of a full run on
# real MNIST. In fast mode, or on the synthetic stand-in, figures look different.

# %% tags=["parameters"]
# Parameters: change them here. Instructors also have `course run 05 -p NAME VALUE`.
epochs: int = None  # for each of the plain models; None: the budget below
step_epochs: int = None  # for each short run of sections 6, 8; None: the budget below
best_epochs: int = None  # for the best model of section 9; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
batch_size = 128  # images per gradient step
learning_rate = 0.002  # Adam's largest step size; it falls along a cosine
seed = 0  # for the weights, the batches and the noise
out_dir = "."  # where images/, loss.jpg, z64.png and report/ go
checkpoint = "best_vae.ckpt"  # the state of section 9's training while it lasts

# %%
from functools import partial
from itertools import pairwise
from pathlib import Path
from shutil import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from helpers import data, explore, latex, metrics, plots, sample_quality, training
from helpers.budget import budget
from helpers.checks import lesson05 as checks

# %%
device = training.pick_device()
precision = training.best_precision(device)  # of the products; section 8 measures it
epochs = budget("epochs", epochs, full=6, fast=1)
step_epochs = budget("step_epochs", step_epochs, full=4, fast=1)
patience = 36 if precision == "bfloat16" else 26  # five to eight minutes
best_epochs = budget("best_epochs", best_epochs, full=patience, fast=2)
train_images = budget("train_images", train_images, full=55_000, fast=1_000)
out = Path(out_dir)

# %%
mnist = data.load("MNIST", train_images=train_images, seed=seed)
train = data.loader(mnist.train, batch_size, shuffle=True, seed=seed)
validation = data.loader(mnist.validation, 1_000)
test = data.loader(mnist.test, 1_000)
x_test = torch.tensor(mnist.test.flat).to(device)  # (10000, 784)
y_test = mnist.test.labels  # (10000,)

# %% [markdown]
# ## 1. The model
#
# This is the VAE of lesson 03, with two additions: any number of hidden layers, and a
# choice of activation. The loss is the same: reconstruction summed over the 784 pixels,
# plus KL summed over the $d$ latent dimensions, averaged over the images.


# %%
class VAE(nn.Module):
    """784 - widths - (mu, logvar) - z - widths backwards - 784 logits."""

    def __init__(self, latent_dim, widths=(512,), activation=nn.ReLU):
        super().__init__()
        steps, back = [], []
        for wide, narrow in pairwise([784, *widths]):
            steps += [nn.Linear(wide, narrow), activation()]
            back = [activation(), nn.Linear(narrow, wide), *back]
        self.encoder = nn.Sequential(*steps, nn.Linear(widths[-1], 2 * latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, widths[-1]), *back)
        self.latent_dim = latent_dim

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=1)  # mu and logvar, (B, d) each

    def decode(self, z):
        return self.decoder(z)  # logits, (B, 784)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)  # (B, d)
        return self.decode(z), mu, logvar


# %%
def kl_terms(mu, logvar):
    """KL to the prior in nats, for each image and dimension: (B, d)."""
    return -0.5 * (1 + logvar - mu**2 - logvar.exp())


def vae_loss(model, x, beta=1.0):
    """The negative ELBO: mean over images, z sampled."""
    logits, mu, logvar = model(x)
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return (pixels.sum(dim=1) + beta * kl_terms(mu, logvar).sum(dim=1)).mean()


# %% [markdown]
# ## 2. One, two, sixty-four
#
# The three models, 784-512-256-$d$ and back, with the activation SiLU,
# $h\,\mathrm{sigmoid}(h)$, differ in $d$ alone. Two more, $d = 4$ and $d = 16$, stand
# between them; sections 6 and 7 use those. The step size of Adam rises over the first
# 2 % of the steps (a **warm-up**: a fresh network's first gradients are its least
# reliable) and then falls to 0 along half a cosine wave. About three minutes in all on
# a 2-core laptop. The validation loss ends near 166 nats for $d = 1$, 146 for $d = 2$
# and 110 for $d = 64$.

# %%
models, histories = {}, {}
for d in (1, 2, 4, 16, 64):
    training.seed_everything(seed)
    models[d] = VAE(d, widths=(512, 256), activation=nn.SiLU).to(device)
    histories[d] = training.fit(
        models[d],
        vae_loss,
        train,
        validation,
        epochs,
        learning_rate=learning_rate,
        schedule="cosine",
        warmup=0.02,
        description=f"d = {d}",
        precision=precision,
    )

# %% tags=["expected-figure"]
for d in (1, 2, 64):
    plots.curves(
        {"training": histories[d].train, "validation": histories[d].validation},
        f"d = {d}: the loss ends at {histories[d].validation[-1]:.1f} nats",
        ylabel="loss (nats per image)",
        save_as=out / f"images/z{d}/loss.png",
    )

# %% [markdown]
# **What to see.** Most of the fall comes in the first epoch. One number leaves 166 nats,
# the second saves about twenty of them, the other 62 about thirty-seven. Training and
# validation end about a nat apart: in six epochs hardly anything is memorized.
#
# Next, ten test digits and their reconstructions. Each picture is also saved, under
# `images/z1`, `images/z2` and `images/z64`.

# %%
first_of_each = [int(np.flatnonzero(y_test == digit)[0]) for digit in range(10)]
ten = x_test[first_of_each]  # (10, 784)
for d in (1, 2, 64):
    with torch.no_grad():
        x_hat = torch.sigmoid(models[d](ten)[0])  # (10, 784)
    plots.image_rows(
        {"originals": ten, "reconstructed": x_hat},
        f"d = {d}: what the decoder makes of ten test digits",
        save_as=out / f"images/z{d}/reconstructions.png",
    )

# %% [markdown]
# **What to see.** One number keeps the rough shape: 0, 1 and 9 survive, 2, 4 and 5
# turn into something else. With two numbers 2, 6 and 7 can be read as well, though 2 is
# blurred. With 64 the slant and the stroke are kept too; the crooked 5 still fails, and
# the 8 is smudged.

# %%
for d in (1, 2, 64):
    training.seed_everything(seed)
    with torch.no_grad():
        z = torch.randn(20, d, device=device)  # from the prior
        samples = torch.sigmoid(models[d].decode(z))  # (20, 784)
    plots.image_grid(
        samples,
        f"d = {d}: twenty samples from the prior",
        save_as=out / f"images/z{d}/samples.png",
    )

# %% [markdown]
# Twenty pictures and an eye are a weak measure. A small classifier, trained on real
# digits in seconds, judges a thousand: of how many samples is it **sure** (probability
# 0.8 or more for one class), and how evenly do they cover the classes? The number of
# classes is the exponential of the entropy of their shares: 10 if all are equally
# common.

# %%
classifier = sample_quality.train_classifier(mnist.train, seed=seed)


def samples_quality(model, count=1_000):
    """What the classifier says of draws from the prior, decoded."""
    training.seed_everything(seed)
    with torch.no_grad():
        z = torch.randn(count, model.latent_dim, device=device)
        return sample_quality.quality(classifier, torch.sigmoid(model.decode(z)))


# %%
judged = {f"d = {d}": samples_quality(models[d]) for d in (1, 2, 4, 16, 64)}
judged["test images"] = sample_quality.quality(classifier, x_test[:1_000])
for name, found in judged.items():
    print(
        f"{name:11s}: sure of {100 * found.sure:4.1f} %, {found.classes:4.1f} classes"
    )

# %% [markdown]
# **What to see.** With one or two numbers the samples are blurred. With 64 the strokes
# are sharp, and many samples are no digit at all: a draw in 64 dimensions combines
# features that no writer ever combined. The table counts what the eye guesses, up to
# the three points or so by which another thousand draws would move it; compare each row
# with the last one, since even of real digits the classifier is not always sure. It
# does not mind blur: it is sure of about as many samples at $d = 2$ as at $d = 64$. But
# those of $d = 2$ cover fewer classes.

# %% [markdown]
# ## 3. One dimension is a line
#
# A model with $d = 1$ can be drawn completely: walk along the line and decode. But in
# what steps? A sample is a draw from the prior $\mathcal N(0, 1)$, so equal steps would
# spend most tiles on places that a draw hardly ever reaches. Let every tile stand for
# an equal *share* of the prior instead. If $\Phi$ is the distribution function of
# $\mathcal N(0, 1)$, the middles of $n$ equal shares are
#
# $$q_i = \Phi^{-1}\!\left(\frac{i - \tfrac12}{n}\right), \qquad i = 1, \dots, n.$$
#
# Such values of $\Phi^{-1}$ are called **quantiles**.
#
# **Exercise 1.** Write it. PyTorch calls $\Phi^{-1}$ `torch.special.ndtri`.
#
# <details><summary>Stuck? A second hint</summary>
#
# First the shares, then the quantiles. The middle of the first of n shares is half a
# share: `0.5 / n`. The next one is a whole share further on.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "normal_quantiles", "locked": false, "schema_version": 3, "solution": true, "task": false}
def normal_quantiles(count):
    """The middles of `count` equal shares of N(0, 1), in rising order.

    count: how many, at least 1.
    Returns a tensor of shape (count,), float32 or float64; for count = 1 it is [0], for
    count = 2 about [-0.674, 0.674], the quartiles.
    Hint: torch.arange(count) gives 0, 1, ..., count - 1.
    """
    ### BEGIN SOLUTION
    return torch.special.ndtri((torch.arange(count) + 0.5) / count)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_normal_quantiles", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.normal_quantiles(normal_quantiles)
### BEGIN HIDDEN TESTS
checks.normal_quantiles(normal_quantiles, draws=[40913])
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
print(" ".join(f"{q:.2f}" for q in normal_quantiles(7).tolist()))

# %%
with torch.no_grad():
    line = normal_quantiles(30)[:, None].to(device)  # (30, 1)
    strip = torch.sigmoid(models[1].decode(line))  # (30, 784)

# %%
plots.image_grid(
    strip,
    "d = 1: the line, decoded at thirty equal shares of the prior",
    columns=15,
    save_as=out / "images/z1/latent.png",
    alt="Thirty decoded digits along one axis.",
)

# %%
with torch.no_grad():
    mu, _ = models[1].encode(x_test[:3_000])  # (3000, 1)
spots = np.column_stack([mu[:, 0].cpu(), y_test[:3_000]])  # (3000, 2)
spots[:, 1] += np.random.default_rng(seed).uniform(-0.3, 0.3, len(spots))

# %%
fig = plots.figure("Where each digit lives on the line", height=3.4)
ax = fig.subplots()
ax.scatter(*spots.T, s=3, alpha=0.4, linewidths=0)
ax.set(xlabel="mu", ylabel="digit", yticks=range(10))
plots.show(
    fig,
    "Codes of 3,000 test images on the line, one row for each digit.",
)

# %% [markdown]
# **What to see.** 0 and 1 take the two ends, and between them the line runs through 6, 2,
# 3, 5, 9 and 7. Shapes that look alike share a stretch: 4, 7 and 9 in one place, 3, 5
# and 8 in another. On a line nobody can have more than two neighbors, so a digit that
# resembles three others has to be torn apart: 8 appears twice.
#
# The thirty tiles end at $\pm 2.13$, and 0 and 1 have few of them, although they are a
# fifth of the images. Where are their codes, then? Draw one code from $q(z \mid x)$ for
# each test image, and compare all of them together with the prior.

# %%
with torch.no_grad():
    mu, logvar = models[1].encode(x_test)  # (10000, 1) each
    codes = (mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)).cpu()  # one an image

# %%
outside = (codes.abs() > 2.13).float().mean().item()
print(f"beyond 2.13 on either side: {100 * outside:.1f} % of the codes, ", end="")
print("3.3 % of the draws from the prior")

# %%
z = torch.linspace(-5, 5, 201)
fig = plots.figure("d = 1: do the codes of all images together fill the prior?")
ax = fig.subplots()
ax.hist(codes[:, 0], bins=80, range=(-5, 5), density=True, alpha=0.5, label="codes")
ax.plot(z, torch.exp(-(z**2) / 2) / (2 * torch.pi) ** 0.5, "k--", label="prior")
ax.set(xlabel="z", ylabel="density")
ax.legend()
plots.show(
    fig,
    "Histogram of one code drawn for each test image, with the bell curve of the prior "
    f"over it. {100 * outside:.0f} % of the codes lie beyond 2.13 on either side.",
    save_as=out / "images/z1/aggregate_posterior.png",
)

# %% [markdown]
# **What to see.** The mixture of all $q(z \mid x_i)$, $q(z) = \frac1N \sum_i q(z \mid
# x_i)$, is called the **aggregate posterior**. The loss pulls each $q(z \mid x)$ toward
# the prior, but the images must also stay apart, so $q(z)$ matches the prior only
# roughly: it is uneven, and nearly five times as much of it lies far out. Part of the
# KL pays for this mismatch (Hoffman and Johnson, 2016). It matters for samples, which
# come from the prior: what has its codes at the ends is drawn too rarely, and where the
# prior has mass but $q(z)$ has little, the decoder has hardly been trained.

# %% [markdown]
# ## 4. Two dimensions are a plane
#
# First, where the test images lie, as in lesson 03; then, what the decoder draws at the
# normal quantiles of both axes.

# %%
with torch.no_grad():
    mu, _ = models[2].encode(x_test[:5_000])  # (5000, 2)

# %%
plots.codes(
    mu,
    y_test[:5_000],
    mnist.class_names,
    "d = 2: 5,000 test images; which digits have a region, which share one?",
    save_as=out / "images/z2/latent.png",
)

# %% [markdown]
# **Exercise 2.** Write the grid of codes. The first row of the picture is its *top*, so
# $z_2$ has to be largest there, and $z_1$ rises from left to right.
#
# <details><summary>Stuck? A second hint</summary>
#
# Write down the nine codes for `count = 3` on paper, row by row, with the positions -1,
# 0, 1. Which column repeats quickly, which slowly? Which of them runs from large to
# small?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "latent_grid", "locked": false, "schema_version": 3, "solution": true, "task": false}
def latent_grid(count):
    """Codes of a square grid over the plane, at the normal quantiles.

    count: tiles on each side.
    Returns a tensor of shape (count * count, 2), float32 or float64, row by row from
    the top left: column 0 is z_1 (rising from left to right), column 1 is z_2 (largest
    in the first row, smallest in the last).
    Hint: torch.meshgrid(..., indexing="ij") or repeat and repeat_interleave.
    """
    ### BEGIN SOLUTION
    quantiles = normal_quantiles(count)  # (count,)
    z2, z1 = torch.meshgrid(quantiles.flip(0), quantiles, indexing="ij")
    return torch.stack([z1, z2], dim=-1).reshape(-1, 2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_latent_grid", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.latent_grid(latent_grid)
### BEGIN HIDDEN TESTS
checks.latent_grid(latent_grid, draws=[57301])
### END HIDDEN TESTS

# %%
with torch.no_grad():
    tiles = torch.sigmoid(models[2].decode(latent_grid(15).to(device)))  # (225, 784)

# %% tags=["cover"]
plots.image_grid(
    tiles,
    "d = 2: the plane, decoded; every tile stands for 1/225 of the prior",
    columns=15,
    xlabel="$z_1$, in steps of equal share",
    ylabel="$z_2$, in steps of equal share",
    save_as=out / "images/z2/grid.png",
    alt="A sheet of 15 by 15 decoded digits.",
)

# %% [markdown]
# **What to see.** The plane has room for neighbors on all sides, and more digits get a
# region of their own. 4 and 9 share one, and 5 is scattered over the borders of others.
# Tiles between two regions are blends. A digit may have a wide region among the points
# and few tiles here, as 0 has: the outermost tiles stand at $\pm 1.83$, and most zeros
# lie beyond. Equal shares show what a draw from the prior gives.

# %% [markdown]
# ## 5. Sixty-four dimensions: who is doing the work?
#
# Nobody can draw 64 dimensions, but each has a price tag. The KL is a sum over the
# dimensions, so look at its terms, averaged over the images:
#
# $$\mathrm{KL}_j = \frac1N \sum_{i=1}^{N}
#   -\tfrac12\left(1 + \log\sigma_{ij}^2 - \mu_{ij}^2 - \sigma_{ij}^2\right)$$
#
# **Exercise 3.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The function `kl_terms` above gives the table `(N, d)` of all terms. You want one
# number for each column of it. So which axis must disappear, and by sum or by mean?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "kl_per_dimension", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kl_per_dimension(mu, logvar):
    """The mean KL to the prior of each latent dimension, in nats.

    mu, logvar: tensors of shape (N, d), float32. They stay as they are, and all values
        from -20 to 20 count.
    Returns a tensor of shape (d,), float32 or float64: averaged over the N images, not
    summed over the dimensions, in their order.
    """
    ### BEGIN SOLUTION
    return kl_terms(mu, logvar).mean(dim=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_kl_per_dimension", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.kl_per_dimension(kl_per_dimension)
### BEGIN HIDDEN TESTS
checks.kl_per_dimension(kl_per_dimension, draws=[93187])
### END HIDDEN TESTS

# %%
with torch.no_grad():
    mu, logvar = models[64].encode(x_test)  # (10000, 64) each
price = kl_per_dimension(mu, logvar).cpu().numpy()  # (64,)
order = np.argsort(-price)  # the most expensive dimension first

# %%
fig = plots.figure("d = 64: how many dimensions carry the message?")
ax = fig.subplots()
ax.bar(np.arange(1, 65), price[order])
ax.set(xlabel="latent dimension, sorted", ylabel="mean KL (nats)")
plots.show(
    fig,
    "Bars of KL per dimension, sorted from the most expensive dimension down.",
)

# %% [markdown]
# **What to see.** About nine dimensions cost one to two and a half nats each, and then
# there is a cliff: the rest cost next to nothing. A dimension with KL 0 has $\mu = 0$
# and $\sigma = 1$ for *every* image. It sends pure noise, and the decoder has learned to
# ignore it. This is **posterior collapse**, dimension by dimension: $q(z_j \mid x)$, the
# encoder's approximate posterior, has collapsed to the prior. Using a dimension costs
# KL, and where the better picture does not repay it, the loss is lower without.
#
# To count the survivors, the usual rule looks at the means: dimension $j$ is **active**
# if $\mu_j$ varies over the images, $\mathrm{Var}_x[\mu_j(x)] > 0.01$ (Burda and others,
# 2016, who call a latent dimension a *unit*).
#
# **Exercise 4.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# Take the variance of each column. A tensor compared with a number gives True and
# False, entry by entry. Use the argument, not the number 0.01.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "active_units", "locked": false, "schema_version": 3, "solution": true, "task": false}
def active_units(mu, threshold=0.01):
    """Which latent dimensions depend on the image.

    mu: tensor of shape (N, d), the means of N images, d at least 2. It stays as it is.
    Returns a tensor of bool, shape (d,): True where the variance of mu over the images
    is above the threshold. A mean that is far from 0 but always the same is not active.
    Whether the variance divides by N or by N - 1 is up to you.
    """
    ### BEGIN SOLUTION
    return mu.var(dim=0) > threshold
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_active_units", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.active_units(active_units)
### BEGIN HIDDEN TESTS
checks.active_units(active_units, draws=[18859])
### END HIDDEN TESTS

# %%
active = active_units(mu)  # (64,)
print(f"{int(active.sum())} of 64 dimensions are active.")
print(f"The other {int((~active).sum())} cost {price[~active.cpu()].sum():.3f} nats.")
for limit in (0.01, 0.1, 1):
    print(f"KL above {limit} nats: {(price > limit).sum()} dimensions")

# %% [markdown]
# See for yourself: take the code of a 7 and turn one dimension from $-3$ to 3, first
# the two most expensive ones, then two that collapsed.

# %%
turned = [*order[:2], *order[-2:]]  # dimensions
rows = {}
for j in turned:
    z = mu[first_of_each[7]].repeat(11, 1)  # (11, 64)
    z[:, j] = torch.linspace(-3, 3, 11)
    with torch.no_grad():
        rows[f"unit {j}: {price[j]:.2f} nats"] = torch.sigmoid(models[64].decode(z))

# %%
plots.image_rows(
    rows,
    "Turned from -3 to 3: the two most expensive dimensions, then the two cheapest",
    save_as=out / "images/z64/units.png",
)

# %% [markdown]
# **What to see.** The upper rows turn the 7 into other shapes; the lower two show the
# same 7 eleven times.
#
# And the other "active" dimensions? The rule counts every dimension whose mean moves at
# all: with $\sigma$ near 1, a variance of 0.01 costs $\tfrac12 \cdot 0.01 = 0.005$ nats.
# So it counts many that lie beyond the cliff, as the table of limits shows. They are
# half collapsed, and after six epochs they are still on their way; section 9 shows what
# longer training makes of them. (The length of this tail is a matter of luck: in four
# runs of this model from 10 to 27 dimensions were active, while nine to eleven cost more
# than 0.1 nats.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_collapse", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 1 (5 points).** A friend sees that only some of 64 dimensions are active and
# concludes: "My training is broken, posterior collapse!" Another friend's model has
# *no* active dimension. Who should worry, and what would each of them see in
# reconstruction, KL and samples?
#
# ### BEGIN SOLUTION
# *Model answer.* The second should worry. Unused dimensions cost nothing and harm
# nothing: the model found that more numbers would not repay their KL, and
# reconstructions and samples are fine. With no active dimension the KL is 0, the
# reconstruction loss is that of the mean image (about 206 nats on MNIST), every
# reconstruction and every sample is the same gray blur. Look for causes in the
# balance of the loss (mean over pixels, large $\beta$), in a decoder that does not need
# the code, or in missing gradients to the encoder.
#
# *Rubric.* 2 points for telling the harmless from the harmful case, 2 for the three
# symptoms of the harmful one, 1 for a cause.
# ### END SOLUTION

# %% [markdown]
# ## 6. Rate and distortion
#
# Read the loss as the price of sending a picture. The KL is the **rate**: an upper bound
# on the nats that a code carries about its picture. The reconstruction loss is the
# **distortion**: the nats needed to correct the decoded picture. Their sum is the loss,
# and more dimensions can shift nats from one to the other.


# %%
def rate_and_distortion(model):
    """Mean KL and mean reconstruction loss on the test images, z sampled."""
    distortion = training.mean_loss(model, partial(vae_loss, beta=0.0), test)
    with torch.no_grad():
        mu, logvar = model.encode(x_test)
    return kl_terms(mu, logvar).sum(dim=1).mean().item(), distortion


bill = {d: rate_and_distortion(model) for d, model in models.items()}
for d, (rate, distortion) in bill.items():
    print(f"d = {d:2d}: KL {rate:5.2f} + reconstruction {distortion:6.2f} nats")

# %% tags=["expected-figure"]
fig = plots.figure("Rate and distortion: what do more dimensions buy?")
ax = fig.subplots()
rates, distortions = np.array(list(bill.values())).T  # (5,) each
ax.plot(rates, distortions, "o-")
for d, rate, distortion in zip(bill, rates, distortions, strict=True):
    beside = dict(xytext=(-44, -4) if d == 64 else (6, 4), textcoords="offset points")
    ax.annotate(f"d = {d}", (rate, distortion), **beside)
for total in (105, 125, 145, 165, 185):
    ax.axline((0, total), slope=-1, color="0.6", lw=0.8, ls=":")
    ax.annotate(f"{total}", (0.3, total - 0.3), color="0.4", fontsize=8)
ax.set(xlim=(0, 30), xlabel="rate: KL (nats)", ylabel="distortion (nats)")
plots.show(
    fig,
    "Reconstruction loss against KL for d = 1, 2, 4, 16 and 64. Dotted lines join "
    "points of equal total loss.",
    save_as=out / "images/rate_distortion.png",
)

# %% [markdown]
# **What to see.** Each dotted line joins points of equal loss: along it a nat of rate
# buys just one nat of distortion. Follow ours from the upper left. It falls more
# steeply, and its first steps are cheap for what they give: two to four nats of rate
# save more than twenty of distortion. From $d = 4$ to 16 the exchange is still good.
# After that it stops: $d = 64$ has the rate and the loss of $d = 16$, to within the two
# nats by which another seed moves them, because the surplus dimensions collapsed. More
# dimensions do not hurt a VAE much, and they do not help it by themselves either.
#
# What moves a model with $d = 64$ along such a curve is the $\beta$ of lesson 03, the
# price of a nat of rate (Alemi and others, 2018). Five small models, 784-512-64, differ
# in $\beta$ alone; about a minute in all.


# %%
def short_vae(loss, description):
    """A 784-512-64 VAE after `step_epochs` epochs with some loss."""
    training.seed_everything(seed)
    net = VAE(64, activation=nn.SiLU).to(device)
    training.fit(
        net,
        loss,
        train,
        validation,
        step_epochs,
        learning_rate=0.003,
        schedule="cosine",
        warmup=0.02,
        description=description,
        precision=precision,
    )
    return net


# %%
swept = {
    beta: short_vae(partial(vae_loss, beta=beta), f"beta = {beta}")
    for beta in (0.25, 0.5, 1, 2, 4)
}

# %% [markdown]
# And can collapse be cured? One remedy is **free bits** (Kingma and others, 2016): the
# KL of each dimension, averaged over the batch, counts as at least $\lambda$ nats, so
# that there is nothing to gain from pushing it lower. The same small model, with $\beta =
# 1$ and $\lambda = 0.25$:


# %%
def free_bits_loss(model, x, free=0.25):
    """The negative ELBO, but no dimension pays less than `free` nats of KL."""
    logits, mu, logvar = model(x)
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    price = kl_terms(mu, logvar).mean(dim=0)  # (d,)
    return pixels.sum(dim=1).mean() + price.clamp(min=free).sum()


freed = short_vae(free_bits_loss, "free bits")


# %%
def carrying(model, limit=0.1):
    """How many dimensions cost more than `limit` nats on the test images."""
    with torch.no_grad():
        mu, logvar = model.encode(x_test)
    return int((kl_per_dimension(mu, logvar) > limit).sum())


# %%
runs = {f"beta = {beta}": net for beta, net in swept.items()} | {"free bits": freed}
plane = {name: rate_and_distortion(net) for name, net in runs.items()}

# %%
print("               KL   reconstruction    loss   dimensions above 0.1 nats")
for name, (rate, distortion) in plane.items():
    loss = rate + distortion
    count = carrying(runs[name])
    print(f"{name:11s} {rate:5.1f} {distortion:13.1f} {loss:11.1f} {count:10d}")

# %%
fig = plots.figure("d = 64: what beta and free bits choose between rate and distortion")
ax = fig.subplots()
rates, distortions = np.array(list(plane.values())).T  # (6,) each
ax.plot(rates[:-1], distortions[:-1], "o-", label="a sweep of beta")
ax.plot(rates[-1:], distortions[-1:], "s", ms=8, label="free bits, beta = 1")
for name, rate, distortion in zip(plane, rates, distortions, strict=True):
    place = ("left", (8, 4)) if name == "free bits" else ("right", (-7, -12))
    beside = dict(ha=place[0], xytext=place[1], textcoords="offset points")
    ax.annotate(name, (rate, distortion), **beside)
ax.axline((rates[2], distortions[2]), slope=-1, color="0.5", lw=0.8, ls=":")
ax.margins(0.15)
ax.set(xlabel="rate: KL (nats)", ylabel="distortion (nats)")
ax.legend()
plots.show(
    fig,
    "Reconstruction loss against KL for five values of beta and for free bits; the "
    "figures are those of the table above.",
    save_as=out / "images/rate_distortion_beta.png",
)

# %% [markdown]
# **What to see.** Raising $\beta$ from 0.25 to 4 saves rate and costs distortion, and
# fewer dimensions carry anything. Each $\beta$ has its point on one curve. The dotted
# line joins points with the loss of $\beta = 1$, and it touches the curve there: all the
# others have a higher loss, some with better pictures. The negative ELBO picks one
# point; which one is *useful* depends on what the code is for.
#
# Free bits does what it promises: all 64 dimensions cost more than 0.1 nats. But the
# rate rises, the distortion does not fall, and the loss is nearly six nats higher: to
# spread the same message over more dimensions costs more and says no more. Here the
# collapse of surplus dimensions was no illness. The remedy is for models that lose
# *all* of them.

# %% [markdown]
# ## 7. Can a line read the digit?
#
# The VAE never saw a label. Can the digit be read from its code all the same? A **linear
# probe** answers: freeze the codes, train only a linear classifier on them, and count
# how often it is right on images that neither it nor the VAE has seen.
#
# **Exercise 5.** Write it. Any linear classifier will do; scikit-learn's
# `LogisticRegression(max_iter=1000)` is a good one.
#
# <details><summary>Stuck? A second hint</summary>
#
# Every scikit-learn classifier has `fit(codes, labels)` and `score(codes, labels)`. One
# of them must see the training pair only, the other the test pair only.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "linear_probe", "locked": false, "schema_version": 3, "solution": true, "task": false}
def linear_probe(codes, labels, test_codes, test_labels):
    """How well a linear classifier reads the class from a code.

    codes, labels: arrays (N, d), float32, and (N,), whole numbers from 0; all of them
        train the classifier.
    test_codes, test_labels: arrays (M, d) and (M,); they count what is right.
    Returns the share of the test codes that are classified correctly, from 0 to 1, each
    of them counted once. The boundary must be straight in the codes and may lie
    anywhere (an intercept); you may scale the codes, then the training codes alone say
    how. The arrays stay as they are, and so does torch's seed.
    """
    ### BEGIN SOLUTION
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(max_iter=1000).fit(codes, labels)
    return classifier.score(test_codes, test_labels)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_linear_probe", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.linear_probe(linear_probe)
### BEGIN HIDDEN TESTS
checks.linear_probe(linear_probe, draws=[66403])
### END HIDDEN TESTS

# %% [markdown]
# The classifier learns from the codes of the 5,000 validation images. A figure like this
# needs a control: how much would *any* reasonable compression to $d$ numbers keep? PCA
# (lesson 00) gives the best linear one, and the same probe reads its codes. The pixels
# themselves are there to compare with, too.

# %%
x_validation = torch.tensor(mnist.validation.flat).to(device)  # (5000, 784)
y_validation = mnist.validation.labels


@torch.no_grad()
def probe(model):
    """The linear probe's accuracy on the test images' means."""
    codes, test_codes = (
        model.encode(x)[0].cpu().numpy() for x in (x_validation, x_test)
    )
    return linear_probe(codes, y_validation, test_codes, y_test)


# %%
from sklearn.decomposition import PCA

pixels, test_pixels = mnist.validation.flat, mnist.test.flat
pca = PCA(64, svd_solver="covariance_eigh").fit(mnist.train.flat)
parts, test_parts = pca.transform(pixels), pca.transform(test_pixels)  # (N, 64) each

# %%
accuracy = {"VAE": [], "PCA": []}
for d, model in models.items():
    share = linear_probe(parts[:, :d], y_validation, test_parts[:, :d], y_test)
    accuracy["PCA"].append(100 * share)
    accuracy["VAE"].append(100 * probe(model))
from_pixels = 100 * linear_probe(pixels, y_validation, test_pixels, y_test)

# %%
print("   d     VAE     PCA")
for d, vae_share, pca_share in zip(models, *accuracy.values(), strict=True):
    print(f"{d:4d}  {vae_share:5.1f} %  {pca_share:5.1f} %")
print(f" 784 pixels: {from_pixels:.1f} %")

# %%
fig = plots.figure("What a linear classifier reads from a code: VAE against PCA")
ax = fig.subplots()
for (name, shares), style in zip(accuracy.items(), ("o-", "s--"), strict=True):
    ax.plot(list(models), shares, style, label=name)
ax.axhline(from_pixels, color="0.4", ls=":", label="784 pixels")
ax.axhline(10, color="0.4", ls="-.", label="guessing")
ax.set_xscale("log", base=2)
ax.set_xticks(list(models), [str(d) for d in models])
ax.set(xlabel="numbers in the code, d", ylabel="correct on test images (%)")
ax.legend()
plots.show(
    fig,
    "Accuracy of a linear probe against the number of dimensions, for VAE and PCA; the "
    "figures are those of the table above.",
)

# %% [markdown]
# **What to see.** Guessing would give 10 %. With one to four numbers the VAE's codes
# are read far better than PCA's: 50 against 31 %, 66 against 45, 80 against 58. Nobody
# told the VAE about digits, but whoever has to describe images in very few numbers does
# well to know what is drawn. With 16 numbers the lead has shrunk to four or five
# points, and with 64 to about one: PCA is as good as the 784 pixels, and a plain linear
# map keeps whatever a linear classifier can use. Without the control, the VAE would
# have got the credit for that too. (In other runs $d = 2$ gave 59 to 70 %, $d = 16$
# 89.6 to 90.6 %, and $d = 64$ 91.1 to 91.6 %.)

# %% [markdown]
# ## 8. Improving, one step at a time
#
# A public project, *VAE on MNIST*, reports a lowest validation loss of 100.35 nats for
# $d = 64$. It does not say how that was measured (which images, $z$ sampled or $\mu$
# decoded, gray or binarized pixels), so take it as a point of reference, not as a race.
# Each row below keeps what the row above has and changes one thing, all after the same
# few epochs:
#
# 1. **plain**: 784-512, ReLU, Adam with a constant step size of 0.001;
# 2. **+ larger step**: 0.003, still constant;
# 3. **+ schedule**: it rises to 0.003 in a warm-up, then falls to 0 along a cosine;
# 4. **+ activation**: SiLU, $h\,\mathrm{sigmoid}(h)$, in place of ReLU;
# 5. **+ width and depth**: hidden layers of 1,024 and 512 units on both sides;
# 6. **+ start**: a better first guess, which is your last exercise;
# 7. **+ convolutions**: lesson 04's idea in place of the hidden layers;
# 8. **+ step of 0.004**, for the convolutions.
#
# One more run stands beside the ladder: **plain, cosine** has the schedule, but the old
# step size of 0.001. And since another seed alone moves a loss, the first rows, which
# are cheap and close together, run with three seeds. What lies within their spread is
# no finding.
#
# Before the first step the decoder knows nothing about digits, and at first it has to
# learn that the border is black. But we know the mean image. If the last
# layer's bias is its *logit*, $b = \log\frac{m}{1-m}$, and the rest of the layer adds
# little, the first reconstruction is the mean image and costs about 206 nats instead of
# 543.
#
# **Exercise 6.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# Which bias makes `sigmoid(bias)` equal to the mean? The inverse of the sigmoid gives
# it. Write it *into* the existing bias (`copy_`): a new tensor in its place would be
# unknown to the optimizer.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "start_at_mean_image", "locked": false, "schema_version": 3, "solution": true, "task": false}
def start_at_mean_image(layer, mean_image):
    """Set a decoder's last layer so that decoding starts at the mean image.

    layer: the decoder's last layer, whose outputs are the logits of the pixels: an
        nn.Linear with 784 outputs, or any module with a trainable `bias` of shape
        (784,). Only the bias is changed, in place, and it stays trainable.
    mean_image: tensor (784,), values from 0 to 1. Pixels that are always 0 have the
        logit -inf: keep the mean within 0.003 and 0.997 first. It stays as it is.
    Hint: torch.logit, clamp, and torch.no_grad() around the change.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        layer.bias.copy_(torch.logit(mean_image.clamp(0.003, 0.997)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_start_at_mean_image", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.start_at_mean_image(start_at_mean_image)
### BEGIN HIDDEN TESTS
checks.start_at_mean_image(start_at_mean_image, draws=[24691])
### END HIDDEN TESTS

# %%
mean_image = torch.tensor(mnist.train.flat.mean(axis=0))  # (784,)


def from_the_mean(make, *args, **kwargs):
    """Build a model and let its decoder start at the mean image."""
    model = make(*args, **kwargs)
    start_at_mean_image(model.decoder[-1], mean_image)
    return model


# %% [markdown]
# The convolutional model is built for speed: `nn.PixelUnshuffle(4)` folds each block of
# 4 x 4 pixels into 16 channels, so that all convolutions work on small 7 x 7 maps, and
# `nn.PixelShuffle(4)` unfolds them again at the end. That is strided convolution by
# other means: no two windows overlap unevenly, as they do in lesson 04's section 2. Yet a
# pattern can still appear: where the maps are constant, the last 16 channels repeat one
# block of 4 x 4 pixels over the picture, and training has to make that block smooth. A
# convolution has one bias for each channel, not for each pixel; `PixelBias` adds 784 of
# them at the very end, and is the layer that your function sets.


# %%
class PixelBias(nn.Module):
    """Adds one trainable number to each of the 784 logits."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(784))

    def forward(self, logits):
        return logits + self.bias


# %%
def conv(channels, filters):
    """A 3 x 3 convolution that keeps the map's size, and its activation."""
    return nn.Conv2d(channels, filters, 3, padding=1), nn.SiLU()


def dense(inputs, units):
    return nn.Linear(inputs, units), nn.SiLU()


# %%
class ConvVAE(VAE):
    """Three 3 x 3 convolutions on 7 x 7 maps and a dense layer, on either side."""

    def __init__(self, latent_dim):
        super().__init__(latent_dim)
        self.encoder = nn.Sequential(
            *(nn.Unflatten(1, (1, 28, 28)), nn.PixelUnshuffle(4)),  # (B, 16, 7, 7)
            *(*conv(16, 32), *conv(32, 32), *conv(32, 32)),  # (B, 32, 7, 7)
            *(nn.Flatten(), *dense(32 * 7 * 7, 384)),  # (B, 384)
            nn.Linear(384, 2 * latent_dim),
        )
        self.decoder = nn.Sequential(
            *(*dense(latent_dim, 384), *dense(384, 32 * 7 * 7)),
            nn.Unflatten(1, (32, 7, 7)),  # (B, 32, 7, 7)
            *(*conv(32, 32), *conv(32, 32)),  # (B, 32, 7, 7)
            *(nn.Conv2d(32, 16, 3, padding=1), nn.PixelShuffle(4)),  # (B, 1, 28, 28)
            *(nn.Flatten(), PixelBias()),  # (B, 784)
        )


# %%
large = dict(widths=(1024, 512), activation=nn.SiLU)
plain, silu = partial(VAE, 64), partial(VAE, 64, activation=nn.SiLU)
wide, started = partial(VAE, 64, **large), partial(from_the_mean, VAE, 64, **large)
convolutional = partial(from_the_mean, ConvVAE, 64)
steps = {  # name: model, largest step size, schedule, how many seeds
    "plain": (plain, 0.001, "constant", 3),
    "plain, cosine": (plain, 0.001, "cosine", 1),  # beside the ladder
    "+ larger step": (plain, 0.003, "constant", 3),
    "+ schedule": (plain, 0.003, "cosine", 3),
    "+ activation": (silu, 0.003, "cosine", 1),
    "+ width and depth": (wide, 0.003, "cosine", 1),
    "+ start": (started, 0.003, "cosine", 1),
    "+ convolutions": (convolutional, 0.003, "cosine", 1),
    "+ step of 0.004": (convolutional, 0.004, "cosine", 1),
}

# %% [markdown]
# All models in this lesson train in the number format that is faster on your device.
# Some processors multiply 16-bit numbers (**bfloat16**) faster than 32-bit ones; others
# have to emulate them, and are slower. `training.best_precision` asks the device. Do not
# take its word for it; measure:


# %%
from time import perf_counter


def milliseconds(dtype, repeats=10):
    """Time of one product of the size of our largest layer."""
    a = torch.randn(batch_size, 784, device=device, dtype=dtype)
    b = torch.randn(784, 1024, device=device, dtype=dtype)
    times = []
    for _ in range(repeats):
        started = perf_counter()
        (a @ b).sum().item()  # .item() waits for a GPU to finish
        times.append(perf_counter() - started)
    return 1_000 * min(times)


for dtype in (torch.float32, torch.bfloat16):
    print(f"{dtype}: {milliseconds(dtype):.2f} ms a product")
print(f"This device trains in {precision}.")

# %%
short = {}
for name, (make, rate, schedule, seeds) in steps.items():
    short[name] = []
    for one in range(seed, seed + seeds):
        training.seed_everything(one)
        run = training.fit(
            make().to(device),
            vae_loss,
            train,
            validation,
            step_epochs,
            learning_rate=rate,
            schedule=schedule,
            warmup=0.0 if schedule == "constant" else 0.02,
            description=f"{name}, seed {one}",
            precision=precision,
        )
        short[name].append(run)

# %%
losses = {
    name: np.array([run.validation[-1] for run in runs]) for name, runs in short.items()
}  # (seeds,) each
print("step              seeds     mean  lowest to highest  seconds a run")
for name, values in losses.items():
    spread = f"{values.min():.2f} to {values.max():.2f}" if len(values) > 1 else ""
    seconds = np.mean([run.seconds for run in short[name]])
    mean = values.mean()
    print(f"{name:18s}{len(values):5d}{mean:9.2f}  {spread:17s}{seconds:15.1f}")

# %% tags=["expected-figure"]
fig = plots.figure("The steps after equal epochs: a dot for each seed", height=3.2)
ax = fig.subplots()
for row, values in enumerate(losses.values()):
    ax.plot(values, np.full(len(values), row), "o", color=plots.LINES[0], alpha=0.7)
ax.axvline(100.35, color="0.4", ls=":", label="reported, 100.35")
ax.set_yticks(range(len(losses)), list(losses))
ax.invert_yaxis()
ax.set(xlabel="validation loss (nats per image)")
ax.grid(alpha=0.3)
ax.legend()
said = "; ".join(f"{name}: {values.mean():.1f}" for name, values in losses.items())
plots.show(fig, f"Validation loss of each step, one dot a seed. Means: {said}.")

# %% [markdown]
# **What to see.** The three dots of a row show how much a loss moves with the seed alone:
# by about half a nat. A larger gap between two rows is a finding, even if the lower row
# has one dot; a smaller one is not, and nothing here says how the rows would compare
# after 40 epochs.
#
# Step size and schedule are best taken together: at the old step size the cosine
# *loses* about seven nats, since the steps, already small, shrink to nothing before the
# model is trained; with the larger step it gains about one. The activation gives about
# one more and is almost free. Width and depth give nearly three, the good start nearly
# five. The first more than doubles the time of an epoch; the second is free: from the
# first step on the network works on digits instead of borders. With convolutions the
# loss ends below 100.35, two nats lower for two thirds more time. One dot each cannot
# say whether 0.004 is better than 0.003: the two differ by less than a seed does.

# %% [markdown]
# ## 9. The best model
#
# The last step is **more epochs**: 36 in five to eight minutes on a 2-core laptop that is
# faster in bfloat16, 26 in about seven on others. The validation loss ends between 92.3
# and 93.7 nats. If the kernel dies or you interrupt the cell, run the notebook again:
# training goes on after the last finished epoch, from the file named in `checkpoint`.

# %%
training.seed_everything(seed)
best = from_the_mean(ConvVAE, 64).to(device)
history = training.fit(
    best,
    vae_loss,
    train,
    validation,
    best_epochs,
    learning_rate=0.004,
    schedule="cosine",
    warmup=0.02,
    description="best model",
    precision=precision,
    checkpoint=checkpoint,
)

# %%
plots.curves(
    {"training": history.train, "validation": history.validation},
    f"d = 64: the lowest validation loss is {history.validation.min():.2f} nats",
    ylabel="loss (nats per image)",
    levels={"reported, 100.35": 100.35},
    save_as=out / "loss.jpg",
)

# %%
best_rate, best_distortion = rate_and_distortion(best)
with torch.no_grad():
    mu, logvar = best.encode(x_test)
print(f"test loss {best_rate + best_distortion:.2f} nats")
print(f"= KL {best_rate:.2f} + reconstruction {best_distortion:.2f}")
best_price = kl_per_dimension(mu, logvar).cpu().numpy()  # (64,)
print(f"{int(active_units(mu).sum())} of 64 dimensions are active,", end=" ")
print(f"{(best_price > 0.1).sum()} cost more than 0.1 nats.")
print(f"linear probe: {100 * probe(best):.1f} % correct")

# %%
fig = plots.figure(
    "d = 64: KL per dimension, sorted, in section 2's model and the best"
)
ax = fig.subplots()
ax.bar(np.arange(1, 33) - 0.2, np.sort(price)[::-1][:32], 0.4, label="section 2")
ax.bar(np.arange(1, 33) + 0.2, np.sort(best_price)[::-1][:32], 0.4, label="best")
ax.set(xlabel="latent dimension, sorted (the first 32)", ylabel="mean KL (nats)")
ax.legend()
plots.show(
    fig,
    "Two sets of bars of KL per dimension, each sorted from the most expensive one "
    f"down. Above 0.1 nats: {(price > 0.1).sum()} of section 2's model, "
    f"{(best_price > 0.1).sum()} of the best one.",
)

# %% [markdown]
# **What to see.** At the end both have all but stopped, since the step size has fallen
# to 0, and they differ by about two nats only: as in lesson 03, the noise in $z$ is a
# strong regularizer. Compared with section 2's $d = 64$ the rate has risen by about six
# nats and the distortion has fallen by more than twenty. The probe reads the digit no
# better than before (88 %, then it was 91): the loss asks for good pictures, not for
# codes that a linear classifier can read.
#
# *Fewer* dimensions are active, and yet they carry more: more of them are above 0.1 nats.
# Longer training has finished what section 5 saw half done. After four epochs this
# network has 41 active dimensions, 14 of them above 0.1 nats; by now the tail beyond the
# cliff has collapsed, and both counts agree. How many survive depends on the network:
# section 2's keeps ten even after 24 epochs.
#
# Its samples, and what section 2's classifier says of a thousand of them:

# %%
training.seed_everything(seed)
with torch.no_grad():
    z = torch.randn(40, 64, device=device)  # from the prior
    samples = torch.sigmoid(best.decode(z))  # (40, 784)
plots.image_grid(samples, "The best model: forty samples from the prior")

# %%
judged["best model"] = samples_quality(best)
for name in ("d = 64", "best model", "test images"):
    found = judged[name]
    print(
        f"{name:11s}: sure of {100 * found.sure:4.1f} %, {found.classes:4.1f} classes"
    )

# %% [markdown]
# **What to see.** The strokes are clean, but not every sample is a digit, and the
# classifier is sure of fewer samples than test images. A low loss does not promise good
# samples: it is measured on codes of real images, and the prior draws others.
#
# What do its most expensive dimensions do to a 5? Move one with its slider, then several.
# (On paper, and wherever no kernel runs, there is a row of pictures for each instead.)

# %%
costliest = np.argsort(-best_price)[:6]
five = mu[first_of_each[5]]  # (64,)

# %%
explore.units(
    lambda z: torch.sigmoid(best.decode(z)),
    five,
    costliest,
    "The best model's six most expensive dimensions: one for slant, one for width?",
)

# %% [markdown]
# **What to see.** Near the middle of its range a dimension does one thing to the 5: it
# slants it, closes its loop, or swings its foot. Further out, the 5 mostly becomes
# another digit, and little in the first change tells which. The loss asks for codes
# that are cheap and pictures that are right, not for one property per number.
#
# To see all 64 dimensions at once, they have to be squeezed into two. **t-SNE** places
# points so that neighbors in 64 dimensions stay neighbors on the page. It knows nothing
# of the labels; the colors are added afterward. Read from it who is whose neighbor. Do
# *not* read distances between islands, or their sizes: t-SNE does not keep those.

# %%
from sklearn.manifold import TSNE

shown = min(3_000, train_images // 2)
flat = TSNE(init="pca", random_state=seed).fit_transform(mu[:shown].cpu())  # (3000, 2)

# %%
fig = plots.figure(
    "d = 64: does the code sort digits that it was never told about?", height=5
)
ax = fig.subplots()
plots.draw_codes(ax, flat, y_test[:shown], mnist.class_names)
ax.set(xlabel="t-SNE 1", ylabel="t-SNE 2")
plots.show(
    fig,
    "t-SNE map of the 64-dimensional codes of test images, colored and labeled by "
    "digit.",
    save_as=out / "z64.png",
)
copied = copy(out / "z64.png", out / "images/z64/latent.png")

# %% [markdown]
# **What to see.** 0 and 1 are islands of their own. 4 and 9 share a border, and so do 3,
# 5 and 8: many of their codes have neighbors of the other digit. Some digits are in two
# parts: two ways of writing them, perhaps. And a point of the wrong color inside an
# island: a digit that you would misread too, or the model's mistake?

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_dimension", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 2 (5 points).** You have $d = 1$, $d = 2$ and $d = 64$. Which one would you
# take (a) for a poster that explains VAEs, (b) to label a million digits with only a
# hundred labels at hand, (c) to generate new digits? Give a reason with a figure from
# this notebook each.
#
# ### BEGIN SOLUTION
# *Model answer.* (a) $d = 2$: the whole latent space can be printed, and regions and
# blends are visible (section 4). (b) $d = 64$ (or 16): the linear probe reads the digit
# from its code with about 91 % where $d = 2$ gives 66 % (section 7, with 5,000 labels;
# with a hundred it is about 77 % against 52). PCA with 64 components needs no training
# and comes close: 90 %, and 72 % with a hundred labels.
# (c) Debatable, and the reason counts: $d = 64$ has by far the lowest loss, sharp strokes
# and all ten classes (9.9 against 8.5, section 2), but many of its samples are no digit;
# those of $d = 2$ are blurred, and the classifier is sure of just as many (49 % and 47 %).
#
# *Rubric.* 2 points for (b) with the probe's figures, 1 for (a), 2 for (c) with a reason
# that looks at samples or loss.
# ### END SOLUTION

# %% [markdown]
# ## 10. Your report
#
# Everything a report needs has been saved. The next cell adds a table and a LaTeX
# template under `report/`. Complete the sentences marked in it, and compile it with
# `pdflatex report.tex` in that folder. Your text is safe: running this notebook again
# renews the table and the figures, never a `report.tex` that is already there.

# %%
table = {
    f"$d = {d}$": [histories[d].validation.min(), rate, distortion, rate + distortion]
    for d, (rate, distortion) in bill.items()
}
table["$d = 64$, best"] = [
    history.validation.min(),
    best_rate,
    best_distortion,
    best_rate + best_distortion,
]
columns = ["validation loss", "KL", "reconstruction", "test loss"]
print("Written:", latex.start_report(out / "report", columns, table).name)

# %% [markdown]
# ## 11. Your figures against the expected ones
#
# The bands are what full runs on real MNIST give. For comparison: 100.35 nats were
# reported for $d = 64$ (lowest validation loss, section 8), and a public 784-512-256-2
# model reached 138.40 for $d = 2$ after 50 epochs.

# %%
facts = dict(seed=seed, epochs=epochs, device=device)
bands = {1: (161, 171), 2: (142, 150), 64: (105, 112)}
for d, band in bands.items():
    metrics.record(f"test loss, d = {d}", sum(bill[d]), band, "nats", **facts)
(quick,) = short["+ step of 0.004"]
short_loss = quick.validation.min()
facts |= dict(epochs=step_epochs, seconds=round(quick.seconds, 1))
band = (97.5, 100.35)
metrics.record("validation loss, short run", short_loss, band, "nats", **facts)

# %%
facts |= dict(epochs=best_epochs, seconds=round(history.seconds, 1))
best_loss = best_rate + best_distortion
metrics.record("test loss, best model", best_loss, (91.9, 93.2), "nats", **facts)
low = history.validation.min()
band = (92.3, 93.7)
metrics.record("lowest validation loss, best model", low, band, "nats", **facts)
active = int(active_units(mu).sum())
metrics.record("active units, best model", active, (10, 30), "of 64", **facts)
metrics.record("linear probe, best model", 100 * probe(best), (86, 94), "%", **facts)

# %%
below = np.flatnonzero(quick.validation < 100.35)
if len(below):
    seconds = quick.elapsed[below[0]]
    metrics.record("seconds until validation loss 100.35", seconds, None, "s")

# %% [markdown]
# ## Summary
#
# One latent dimension sorts digits on a line, two make a map that fits on a page, and
# with 64 the model itself decides how many to use; the rest collapse to the prior and
# cost nothing. Rate and distortion say how the loss is divided, a linear probe beside a
# control says what can be read from the code. A larger step with a schedule, another
# activation, width, a good start and convolutions took the same loss function from about
# 112 to 99 nats in four epochs, and patience took it to about 93.
#
# **Further reading**
# - Y. Burda, R. Grosse and R. Salakhutdinov (2016), *Importance Weighted Autoencoders*:
#   active units.
# - A. A. Alemi et al. (2018), *Fixing a Broken ELBO*: rate and distortion.
# - D. P. Kingma et al. (2016), *Improved Variational Inference with Inverse
#   Autoregressive Flow*: free bits.
# - M. D. Hoffman and M. J. Johnson (2016), *ELBO Surgery: Yet Another Way to Carve Up the
#   Variational Evidence Lower Bound*: the aggregate posterior.
# - J. Lucas, G. Tucker, R. Grosse and M. Norouzi (2019), *Don't Blame the ELBO!*: where
#   posterior collapse comes from.
# - G. Alain and Y. Bengio (2016), *Understanding Intermediate Layers Using Linear
#   Classifier Probes*.
# - L. van der Maaten and G. Hinton (2008), *Visualizing Data Using t-SNE*; M.
#   Wattenberg, F. Viégas and I. Johnson (2016), *How to Use t-SNE Effectively*.
#
# **Next:** lesson 06 measures how far the loss lies above $-\log p(x)$. You can now build,
# train, judge and improve an autoencoder of any of these kinds. Latent diffusion models,
# and with them many of today's image generators, still have one of them inside.
