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
# # 03 · The variational autoencoder
#
# In lesson 02 you decoded random codes of an autoencoder and got scribbles. Here you
# change two things, a little noise in the middle and one more term in the loss, and the
# same kind of network learns to write digits that nobody wrote. This is the
# variational autoencoder (VAE). It is the ancestor of the latent spaces inside today's
# image generators.
#
# **You will be able to**
# - sample a code so that gradients still reach the encoder (reparameterization),
# - compute the KL divergence to the prior, and say what it does to the codes,
# - train a VAE, and read its loss as reconstruction plus KL, in nats,
# - generate digits, and explain what goes wrong when $\beta$ is 0 or very large.
#
# **Time:** reading 40 min, writing 50 min, computing 4 to 5 min on a 2-core laptop.

# %% tags=["parameters"]
# Parameters: change them here, or with `course run 03 -p NAME VALUE`.
epochs: int = None  # passes over the training images; None: the budget below
beta_epochs: int = None  # the same for each run of section 9; None: the budget below
trick_epochs: int = None  # the same for each run of section 11; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
batch_size = 128  # images per gradient step
learning_rate = 0.002  # Adam's first step size; it falls along a cosine
latent_dim = 20  # numbers in a code
seed = 0  # for the weights, the batches and the noise
checkpoint = "vae.ckpt"  # the state of section 7's training while it lasts

# %%
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

from helpers import data, explore, metrics, plots, training
from helpers.budget import budget
from helpers.checks import lesson03 as checks

# %%
epochs = budget("epochs", epochs, full=20, fast=1)
beta_epochs = budget("beta_epochs", beta_epochs, full=6, fast=1)
trick_epochs = budget("trick_epochs", trick_epochs, full=4, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=2_000)
device = training.pick_device()
training.seed_everything(seed)

# %%
mnist = data.load("MNIST", train_images=train_images, seed=seed)
train = data.loader(mnist.train, batch_size, shuffle=True, seed=seed)
validation = data.loader(mnist.validation, 1_000)
test = data.loader(mnist.test, 1_000)

# %% [markdown]
# ## 1. A code with room around it
#
# A plain autoencoder pins each image to one point, and nothing is said about the
# space between the points. Decode a code from there and anything may come out.
#
# A VAE's encoder answers with a *cloud* instead: a normal distribution with mean $\mu$
# and standard deviation $\sigma$ in each latent dimension. The code $z$ is drawn from
# it, anew each time. The decoder must be right wherever in the cloud $z$ falls, so
# nearby codes have to give similar images.
#
# Two symbols stay with you from here on: `mu` is $\mu$, `logvar` is $\log\sigma^2$. The
# network may output any real number, and $\sigma = \exp(\tfrac12\,\texttt{logvar})$
# is positive whatever it says.

# %% [markdown]
# ## 2. Drawing a code that gradients can pass
#
# "Draw $z$ from $\mathcal N(\mu, \sigma^2)$" has no derivative: how would the encoder
# learn that $\mu$ was too far to the left? The way out is to draw the randomness
# elsewhere:
#
# $$z = \mu + \sigma\,\varepsilon, \qquad \varepsilon \sim \mathcal N(0, I)$$
#
# $z$ has the distribution we want, and for a given $\varepsilon$ it is plain
# arithmetic: $\partial z/\partial\mu = 1$, $\partial z/\partial\sigma = \varepsilon$.
#
# **Exercise 1.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The square root of $e^{a}$ is $e^{a/2}$: that takes you from `logvar` to sigma. The
# noise is standard normal, one number for each entry of `mu`, and needs no gradient of
# its own. Nothing else here may stop the gradient.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "reparameterize", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reparameterize(mu, logvar):
    """Draw one code for each image, with gradients to mu and logvar.

    mu, logvar: tensors of shape (B, d); logvar is log(sigma^2).
    Returns z, shape (B, d), a fresh draw from N(mu, sigma^2) on every call, of the
    type of mu. mu and logvar stay as they are.
    Hint: first get sigma from logvar, then the noise, in the shape of mu.
    """
    ### BEGIN SOLUTION
    sigma = torch.exp(0.5 * logvar)
    epsilon = torch.randn_like(sigma)
    return mu + sigma * epsilon
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_reparameterize", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.reparameterize(reparameterize)
### BEGIN HIDDEN TESTS
checks.reparameterize(reparameterize, draws=[48211, 730586])
### END HIDDEN TESTS

# %% [markdown]
# Three clouds of 500 draws each, to see the two numbers at work:

# %%
centres = torch.tensor([[-3.0, 0.0], [0.0, 0.0], [4.0, 0.0]])
logvars = torch.tensor([[-4.0, -4.0], [0.0, 0.0], [1.0, -3.0]])
z = reparameterize(centres.repeat(500, 1), logvars.repeat(500, 1))  # (1500, 2)
names = ["logvar (-4, -4)", "logvar (0, 0)", "logvar (1, -3)"]
plots.codes(z, np.tile([0, 1, 2], 500), names, "mu moves a cloud, logvar spreads it")

# %% [markdown]
# **What to see.** At `logvar` 0 the standard deviation is 1. At $-4$ it is
# $e^{-2} \approx 0.14$: nearly a point, like a plain autoencoder's code. Each latent
# dimension has a spread of its own, so a cloud can be flat.

# %% [markdown]
# ## 3. A price for being far from the prior
#
# Left alone, the encoder would make every cloud tiny and put them far apart, and we
# would be back at the plain autoencoder. So each cloud pays for its distance from one
# fixed distribution, the **prior** $\mathcal N(0, I)$. The distance is the
# Kullback-Leibler divergence, and for two normal distributions it has a closed form:
#
# $$\mathrm{KL} = -\tfrac12 \sum_{j=1}^{d}
#   \left(1 + \log\sigma_j^2 - \mu_j^2 - \sigma_j^2\right)$$
#
# The sum runs over the $d$ latent dimensions, never over the images: **every image has
# its own KL**. The unit is nats (natural logarithms; a nat is 1.44 bits).
#
# **Exercise 2.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# Write the bracket of the formula first, with the shape `(B, d)`, and look at it for
# `mu = 0`, `logvar = 0`: it must be 0 everywhere. Then one sum over one axis is left.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "kl_divergence", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kl_divergence(mu, logvar):
    """KL( N(mu, sigma^2) || N(0, I) ) in nats, for each image.

    mu, logvar: tensors of shape (B, d).
    Returns shape (B,): summed over the d latent dimensions, not over the images; with
    gradients. float32 or float64, as you like.
    Hint: sigma^2 is exp(logvar). What must come out at mu = 0, logvar = 0?
    """
    ### BEGIN SOLUTION
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_kl_divergence", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.kl_divergence(kl_divergence)
### BEGIN HIDDEN TESTS
checks.kl_divergence(kl_divergence, draws=[90317, 615204])
### END HIDDEN TESTS

# %% [markdown]
# The price of one dimension, as `mu` leaves 0 or `logvar` leaves 0:

# %%
steps = torch.linspace(-4, 4, 81)[:, None]  # (81, 1)
price = {
    "mu moves, logvar = 0": kl_divergence(steps, torch.zeros_like(steps)),
    "logvar moves, mu = 0": kl_divergence(torch.zeros_like(steps), steps),
}
plots.curves(
    price,
    "KL is 0 at the prior and grows on every side",
    ylabel="KL (nats)",
    xlabel="mu, or logvar",
    x=steps[:, 0],
)

# %% tags=["nbval-check-output"]
for at_mu, at_logvar in [(0, 0), (1, 0), (2, 0), (0, -4)]:
    kl = kl_divergence(torch.full((1, 1), at_mu), torch.full((1, 1), at_logvar * 1.0))
    print(f"mu = {at_mu}, logvar = {at_logvar:2d}: {kl.item() + 0.0:.3f} nats")

# %% [markdown]
# **What to see.** Moving `mu` by 2 costs 2 nats. A cloud that shrinks
# (`logvar` to the left) pays in proportion to `logvar`: precision has a price, but a
# fair one. A cloud that grows pays far more steeply.

# %% [markdown]
# ## 4. What a picture costs
#
# The decoder answers with a probability $p$ for each pixel, and the picture costs its
# binary cross-entropy, **summed over the 784 pixels**:
#
# $$-\sum_{i=1}^{784} \left[x_i \log p_i + (1 - x_i)\log(1 - p_i)\right]$$
#
# Why the sum? The KL is a sum over dimensions too. With a *mean* over the pixels the
# picture would weigh 784 times too little, the KL would win, and all codes would
# collapse to the prior.
#
# The decoder will hand you **logits**, the numbers before the sigmoid.
# PyTorch's `F.binary_cross_entropy_with_logits` does sigmoid and logarithm in one
# step, which stays exact where $\log(\mathrm{sigmoid}(-200))$ would fail.
#
# **Exercise 3.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# By default PyTorch averages over *everything* and you are left with one number. Ask it
# to keep the pixels apart, then add up the axis that holds the pixels.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "reconstruction_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reconstruction_loss(logits, x):
    """Binary cross-entropy in nats, for each image.

    logits: tensor (B, D), the decoder's output before the sigmoid.
    x: tensor (B, D), pixels in [0, 1].
    Returns shape (B,): summed over the D pixels, not over the images; finite for all
    logits, and nothing limits or rounds logits, probabilities or pixels, but for the
    100 nats a pixel that binary_cross_entropy of probabilities costs at most.
    Hint: look up the `reduction` argument.
    """
    ### BEGIN SOLUTION
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return pixels.sum(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_reconstruction_loss", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.reconstruction_loss(reconstruction_loss)
### BEGIN HIDDEN TESTS
checks.reconstruction_loss(reconstruction_loss, draws=[27749, 384160])
### END HIDDEN TESTS

# %% [markdown]
# Two landmarks before we train. A perfect reconstruction does **not** cost 0, because
# grey pixels are uncertain whatever we predict. And whoever ignores the code can
# still answer with the mean image.

# %%
x_test = torch.tensor(mnist.test.flat)  # (10000, 784)
mean_image = torch.tensor(mnist.train.flat.mean(axis=0)).clamp(1e-6, 1 - 1e-6)
floor = reconstruction_loss(torch.logit(x_test, eps=1e-6), x_test).mean().item()
ceiling = reconstruction_loss(torch.logit(mean_image).expand_as(x_test), x_test)
ceiling = ceiling.mean().item()
print(f"perfect copy: {floor:.1f} nats an image, mean image: {ceiling:.1f}")

# %% [markdown]
# ## 5. The model
#
# ```
#                 ┌─ Linear ─ mu ─────┐
# x ─ 784→512 ReLU┤                   ├─ z ─ d→512 ReLU ─ 512→784 ─ logits
#                 └─ Linear ─ logvar ─┘
# ```
#
# The two heads have no activation: $\mu$ and $\log\sigma^2$ may be any real number.
#
# **Exercise 4.** Write the class. `forward` puts the pieces together: encode, draw `z`
# with your `reparameterize`, decode.
#
# <details><summary>Stuck? A second hint</summary>
#
# In `__init__` you need five linear layers: one up to the 512 units, two heads, two in
# the decoder. The two heads must be different layers, and neither has an activation: a
# mean may be negative, and so may a logarithm.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "vae_class", "locked": false, "schema_version": 3, "solution": true, "task": false}
class VAE(nn.Module):
    """784 - 512 - (mu, logvar) - z - 512 - 784: five linear layers.

    An activation after both layers of 512, any one you like; none on mu, logvar, z or
    the logits. Up to you: biases, dropout, normalization of the 512 units, one head of
    2 d split in two, limits on logvar as far out as -10 and 2.
    Hint: the two heads both start from the same 512 units.
    """

    def __init__(self, latent_dim):
        super().__init__()
        ### BEGIN SOLUTION
        self.hidden = nn.Linear(784, 512)
        self.mu = nn.Linear(512, latent_dim)
        self.logvar = nn.Linear(512, latent_dim)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 512), nn.ReLU(), nn.Linear(512, 784)
        )
        ### END SOLUTION

    def encode(self, x):
        """Images (B, 784) to mu (B, d) and logvar (B, d)."""
        ### BEGIN SOLUTION
        h = F.relu(self.hidden(x))  # (B, 512)
        return self.mu(h), self.logvar(h)  # (B, d) each
        ### END SOLUTION

    def decode(self, z):
        """Codes (B, d) to logits (B, 784); no sigmoid."""
        ### BEGIN SOLUTION
        return self.decoder(z)
        ### END SOLUTION

    def forward(self, x):
        """Images (B, 784) to logits, mu, logvar; z is sampled on every call."""
        ### BEGIN SOLUTION
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar)), mu, logvar
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_vae_class", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.vae(VAE)
### BEGIN HIDDEN TESTS
checks.vae(VAE, draws=[56093, 812477])
### END HIDDEN TESTS

# %% [markdown]
# ## 6. The loss
#
# Let $p(x)$ be the probability that the model *writes* $x$: draw $z$ from the prior,
# decode it, and make each pixel white with the decoder's probability. Nobody can add
# that up over all $z$. But reconstruction plus KL, averaged over draws of $z$, is never
# below $-\log p(x)$, so its negative is called the **evidence lower bound** (ELBO):
# $-\mathrm{ELBO} \ge -\log p(x)$. Training makes this bound as low as it can. (Our
# pixels are grey: read $x_i$ as the probability that the pixel is white. The loss then
# bounds the mean over such black-and-white pictures.)
#
# A weight $\beta$ in front of the KL is 1 in the VAE proper; we will turn it later.
#
# $$\mathcal L = \frac1B\sum_{b=1}^{B}
#   \left[\text{reconstruction}_b + \beta\,\mathrm{KL}_b\right]$$
#
# *Summed* over pixels and over latent dimensions, *averaged* over images.
#
# **Exercise 5.** Write it with the functions you have.
#
# <details><summary>Stuck? A second hint</summary>
#
# Call the model once. You then have everything that the two functions ask for; each
# gives one number for an image. Where does `beta` go? In front of one of the two terms
# only.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "vae_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vae_loss(model, x, beta=1.0):
    """Mean over images of reconstruction + beta * KL: the negative ELBO at beta = 1.

    model: model(x) -> logits (B, 784), mu (B, d), logvar (B, d)
    x: tensor (B, 784), pixels in [0, 1]
    Returns a tensor with one number, in nats per image, ready for backward(). Model
    and x stay as they are, in the mode they are in.
    """
    ### BEGIN SOLUTION
    logits, mu, logvar = model(x)
    return (reconstruction_loss(logits, x) + beta * kl_divergence(mu, logvar)).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_vae_loss", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.vae_loss(vae_loss)
### BEGIN HIDDEN TESTS
checks.vae_loss(vae_loss, draws=[31908, 549731])
### END HIDDEN TESTS

# %% [markdown]
# ## 7. Training
#
# You wrote the loop by hand in lesson 02. `training.fit` is that loop: Adam, a
# validation pass after each epoch, and at the end the weights of the best epoch. The
# step size falls along half a cosine wave.
#
# Expected: about a minute and a half on a 2-core laptop; the validation loss is near 122
# nats after the first epoch and between 103 and 104.5 after the last. Stop the cell (the
# square in the toolbar) whenever you like, and use the model as it is then; run the cell
# again, even after a restart, and training goes on after the last finished epoch.

# %%
training.seed_everything(seed)
model = VAE(latent_dim).to(device)
history = training.fit(
    model,
    vae_loss,
    train,
    validation,
    epochs,
    learning_rate=learning_rate,
    schedule="cosine",
    checkpoint=checkpoint,
)

# %%
plots.curves(
    {"training": history.train, "validation": history.validation},
    "The loss falls fast, then slowly, and validation follows training",
    ylabel="loss (nats per image)",
)

# %% [markdown]
# **What to see.** Most of the fall happens in the first epochs. (The first training
# point is high because it averages over an epoch in which the weights moved a lot.) The
# curves part late and by about one nat: the noise in $z$ is a strong regularizer.
#
# Now the test images, once. The loss has two parts; look at both.


# %%
def loss_parts(model, loader):
    """Mean reconstruction loss (z sampled) and mean KL over a loader: two floats."""
    bare = training.mean_loss(model, partial(vae_loss, beta=0.0), loader)
    price = training.mean_loss(
        model, lambda net, x: kl_divergence(*net.encode(x)).mean(), loader
    )
    return bare, price


reconstruction, kl = loss_parts(model, test)
print(f"reconstruction {reconstruction:.2f} + KL {kl:.2f} = {reconstruction + kl:.2f}")

# %% [markdown]
# Is $z$ drawn when you measure? It must be: the bound holds for a drawn $z$ only.
# Decoding `mu` instead gives a prettier number that is no bound at all:

# %%
with torch.no_grad():
    mu, logvar = model.encode(x_test.to(device))  # (10000, d)
    from_mu = reconstruction_loss(model.decode(mu), x_test.to(device)).mean().item()
print(f"reconstruction from mu: {from_mu:.2f}, {reconstruction - from_mu:.2f} too few")

# %% [markdown]
# ## 8. Reconstructions and samples

# %%
with torch.no_grad():
    x = x_test[:10].to(device)
    logits, _, _ = model(x)
plots.image_rows(
    {"originals": x, "reconstructed": torch.sigmoid(logits)},
    f"{latent_dim} numbers keep the digit and its slant",
    alt="Ten test digits above their reconstructions, which look alike, "
    "a bit smoother.",
)

# %% [markdown]
# **What to see.** Digit, slant and thickness survive in nine of ten. Small things are
# smoothed over, because the decoder averages over what 20 noisy numbers leave open; of
# the crooked 5 only a smudge is left.
#
# To *generate*, no image is needed: draw $z$ from the prior and decode it.
#
# **Exercise 6.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The encoder has no part in this. The codes have the shape `(count, latent_dim)` and
# come from the distribution that the KL term pulled every code towards. What the
# decoder returns are logits; what is drawn are probabilities.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "sample", "locked": false, "schema_version": 3, "solution": true, "task": false}
@torch.no_grad()
def sample(model, count, latent_dim):
    """Pictures from nothing: codes from the prior N(0, I), decoded.

    model: in evaluation mode; has decode(z): (B, d) -> logits (B, 784)
    Returns probabilities in [0, 1], shape (count, 784), without gradients.
    Hint: the codes must be on the model's device: next(model.parameters()).device.
    """
    ### BEGIN SOLUTION
    z = torch.randn(count, latent_dim, device=next(model.parameters()).device)
    return torch.sigmoid(model.decode(z))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sample", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.sample(sample)
### BEGIN HIDDEN TESTS
checks.sample(sample, draws=[74655, 203918])
### END HIDDEN TESTS

# %%
training.seed_everything(seed)
plots.image_grid(
    sample(model, 50, latent_dim),
    "Digits that nobody wrote: samples from the prior",
    alt="Fifty generated figures: about half are digits in different hands, the others "
    "mix two or are no digit.",
)

# %% [markdown]
# **What to see.** About half of the samples pass as digits, in many hands. The others
# are chimeras of two digits, or scrawls: the prior also covers the land between the
# classes, and 20 dimensions have a lot of it. Lesson 05 uses fewer. Compare with the
# scraps that random codes gave in lesson 02.

# %% [markdown]
# ## 9. What the KL term does to the codes
#
# Two latent dimensions are too few for good pictures but can be drawn. The same
# network, three times: without the KL ($\beta = 0$, a plain autoencoder with
# nothing to stop it), with it ($\beta = 1$), and with far too much of it
# ($\beta = 50$). Two of these fail on purpose. About a minute.

# %%
flat = {}
for beta in (0.0, 1.0, 50.0):
    training.seed_everything(seed)
    flat[beta] = VAE(latent_dim=2).to(device)
    training.fit(
        flat[beta],
        partial(vae_loss, beta=beta),
        train,
        validation,
        beta_epochs,
        learning_rate=learning_rate,
        schedule="cosine",
        description=f"beta = {beta:g}",
    )

# %%
x_some, y_some = x_test[:3_000].to(device), mnist.test.labels[:3_000]
fig = plots.figure("What the KL term does to the cloud of codes", width=9, height=3.6)
for ax, (beta, net) in zip(fig.subplots(1, 3), flat.items(), strict=True):
    with torch.no_grad():
        z = reparameterize(*net.encode(x_some))  # (3000, 2)
    plots.draw_codes(ax, z, y_some, mnist.class_names)
    ax.set_title(f"beta = {beta:g}", fontsize=10)
plots.show(
    fig,
    "Three clouds of 3,000 two-dimensional codes. At beta 0 they spread over many "
    "units, the ones far out; at beta 1 they are drawn together around 0, some digits "
    "with land of their own; at beta 50 all digits lie on top of each other.",
)

# %% [markdown]
# **What to see.** Mind the axes.
# - $\beta = 0$: the cloud is several times as wide as the prior and lies off its
#   centre. Draws from $\mathcal N(0, I)$ reach only the crowd around 0; the ones, far
#   out, are never drawn.
# - $\beta = 1$: one cloud about the size of the prior and around its centre, so codes and
#   draws cover the same ground. Two numbers cannot sort everything: 0, 1 and 7 have land
#   of their own, other digits share the middle.
# - $\beta = 50$: every image has the same code distribution, the prior itself. The
#   code says nothing any more. This is **posterior collapse**.

# %%
rows = {}
for beta, net in flat.items():
    training.seed_everything(seed)
    rows[f"beta = {beta:g}"] = sample(net, 10, 2)
plots.image_rows(
    rows,
    "The same ten draws from the prior, decoded by each model",
    alt="Ten samples for each of three models. Beta 0: mostly nines and fours. Beta 1: "
    "more kinds of digits, ones among them. Beta 50: ten times the same blur.",
)

# %%
for beta, net in flat.items():
    parts = loss_parts(net, test)
    print(f"beta = {beta:4g}: reconstruction {parts[0]:6.1f}, KL {parts[1]:9.2f} nats")

# %% [markdown]
# **What to see.** At $\beta = 0$ the reconstruction is a little better, and the KL four
# times as large: nothing was paid for it, and it goes on growing with more training.
# At $\beta = 50$ the KL is 0 and the reconstruction is the mean image's, the ceiling of
# section 4.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_beta", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 1 (5 points).** A friend's VAE runs without an error, but its KL is 0.01 and it
# draws the same grey picture for every input. Name two different mistakes in a *loss
# function* that lead there, and how you would tell them apart.
#
# ### BEGIN SOLUTION
# *Model answer.* (1) The reconstruction is averaged over the 784 pixels while the KL
# is summed: the KL then weighs 784 times too much. (2) $\beta$ is far too large, or the
# KL is multiplied by the batch size (a sum over images where the reconstruction has a
# mean). To tell them apart, print both terms for one batch before training: the
# reconstruction of an untrained model should be near $784 \log 2 = 543$ nats an
# image; 0.69 betrays the mean over pixels. If it is 543, double the batch: if one term
# doubles, it is summed over the images.
#
# *Rubric.* 2 points for each of two distinct mistakes in the balance of the terms
# (mean over pixels, large beta, sum over the batch; a reconstruction whose gradient
# never reaches the encoder counts as well); 1 point for a test that separates them.
# ### END SOLUTION

# %% [markdown]
# ## 10. Walking through the latent plane
#
# We decode a grid of equal steps, from $-3$ to 3 on both axes: wherever a draw from the
# prior is likely to land.

# %%
ticks = np.linspace(-3, 3, 12)
plane = [(z1, z2) for z2 in reversed(ticks) for z1 in ticks]  # the top row first
plane = torch.tensor(plane, dtype=torch.float32, device=device)  # (144, 2)
with torch.no_grad():
    tiles = torch.sigmoid(flat[1.0].decode(plane))  # (144, 784)
plots.image_grid(
    tiles,
    "The latent plane, decoded: digits turn into each other",
    columns=12,
    xlabel="$z_1$, from -3 to 3",
    ylabel="$z_2$, from -3 to 3",
    alt="A sheet of 12 by 12 decoded digits. Neighbours look alike, and regions of "
    "different digits pass into each other through blurred mixtures.",
)

# %% [markdown]
# **What to see.** Neighbours look alike everywhere, which is what the noise in $z$
# bought. A digit that has a region in the cloud above has tiles here; those that share
# one give blurred mixtures. So does every border between two regions.
#
# A grid has gaps. Drag the point, or click it and use the arrow keys, and go anywhere:
# across a border, around the rim, far outside where no digit ever was.

# %%
with torch.no_grad():
    mu, _ = flat[1.0].encode(x_some)  # (3000, 2)
explore.plane(
    lambda z: torch.sigmoid(flat[1.0].decode(z)),
    mu,
    y_some,
    mnist.class_names,
    "What happens on the border between two digits?",
)

# %% [markdown]
# ## 11. Improving the model
#
# Every row below adds one trick to the row above, and all train for the same few
# epochs from the same seed:
#
# 1. **plain**: your architecture, Adam with a constant step size of 0.001;
# 2. **+ cosine**: start at 0.002 and let the step size fall to 0;
# 3. **+ SiLU**: a smooth activation, $h\,\mathrm{sigmoid}(h)$, in place of ReLU;
# 4. **+ size**: hidden layers of 1,024 and 512 units on both sides.


# %%
class DeeperVAE(nn.Module):
    """A VAE of any hidden widths and activation, with the interface of yours."""

    def __init__(self, latent_dim, widths=(512,), activation=nn.ReLU):
        super().__init__()
        sizes = [784, *widths]
        steps, back = [], []
        for wide, narrow in pairwise(sizes):
            steps += [nn.Linear(wide, narrow), activation()]
            back = [activation(), nn.Linear(narrow, wide), *back]
        self.encoder = nn.Sequential(*steps, nn.Linear(sizes[-1], 2 * latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, sizes[-1]), *back)

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=1)  # (B, d) each

    def decode(self, z):
        return self.decoder(z)  # (B, 784)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar)), mu, logvar


# %%
tricks = {
    "plain": (dict(), 0.001, "constant"),
    "+ cosine": (dict(), 0.002, "cosine"),
    "+ SiLU": (dict(activation=nn.SiLU), 0.002, "cosine"),
    "+ size": (dict(activation=nn.SiLU, widths=(1024, 512)), 0.002, "cosine"),
}
short_runs = {}
for name, (shape, rate, schedule) in tricks.items():
    training.seed_everything(seed)
    net = DeeperVAE(latent_dim, **shape).to(device)
    short_runs[name] = training.fit(
        net, vae_loss, train, validation, trick_epochs, rate, schedule, description=name
    )

# %%
plots.curves(
    {name: run.validation for name, run in short_runs.items()},
    "Tricks add up, and a larger network gives most",
    ylabel="validation loss (nats per image)",
)
for name, run in short_runs.items():
    print(f"{name:9s} {run.validation.min():7.2f} nats   {run.seconds:5.1f} s")

# %% [markdown]
# **What to see.** The schedule and the smooth activation cost next to nothing and give
# about two nats together. In these few epochs the schedule by itself gives nothing that
# one seed could show; over twenty it does (lesson 02, section 5). The larger network
# gives nearly three nats more, for more than twice the time an epoch. After one epoch
# it is still behind: a trick that is judged too early may look useless. Lesson 05 takes
# this road to its end.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_improve", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 2 (5 points).** Somebody reports that their VAE reaches a test loss of 88
# nats with your architecture, and shows perfect reconstructions. What three questions
# do you ask before you believe it?
#
# ### BEGIN SOLUTION
# *Model answer.* Was $z$ sampled, or was `mu` decoded (section 7: that flatters by
# several nats)? Is the KL included with $\beta = 1$, summed over the dimensions? Was
# the model chosen on validation images, with no test image in training? Also good:
# are the pixels grey or rounded to 0 and 1 (other data, other numbers)? How many
# images were evaluated? Perfect reconstructions with a low loss also suggest that the
# KL was left out.
#
# *Rubric.* 2 points for the sampled z, 2 for the KL or beta, 1 for data handling.
# ### END SOLUTION

# %% [markdown]
# ## 12. Your figures against the expected ones
#
# The bands are what full runs on real MNIST give. For comparison:
# the same family of models in pytorch/examples (784-400-20, 10 epochs) reaches about
# 105.6 on the test images.

# %%
facts = dict(seed=seed, epochs=len(history.train), device=device)
facts["seconds"] = round(history.seconds, 1)
metrics.record("test loss", reconstruction + kl, (101.3, 103.5), "nats", **facts)
metrics.record("test reconstruction", reconstruction, (75.5, 78.8), "nats", **facts)
metrics.record("test KL", kl, (24.2, 26.5), "nats", **facts)
improved = short_runs["+ size"].validation.min()
facts = dict(seed=seed, epochs=trick_epochs, device=device)
metrics.record(
    "validation loss, improved, short run", improved, (105.3, 108.3), "nats", **facts
)

# %% [markdown]
# ## Summary
#
# A VAE codes an image as a cloud, and pays in nats for every cloud that differs from
# the prior. Noise in the code and the KL term together leave no empty land, which is
# why the prior can be sampled. Its loss is a bound, reconstruction plus KL, and is
# only comparable when $z$ is drawn, both terms are summed, and $\beta = 1$.
#
# **Further reading**
# - D. P. Kingma and M. Welling (2013), *Auto-Encoding Variational Bayes*.
# - D. J. Rezende, S. Mohamed and D. Wierstra (2014), *Stochastic Backpropagation and
#   Approximate Inference in Deep Generative Models*.
# - I. Higgins et al. (2017), *beta-VAE: Learning Basic Visual Concepts with a
#   Constrained Variational Framework*.
# - S. R. Bowman et al. (2016), *Generating Sentences from a Continuous Space*: an early
#   account of posterior collapse.
#
# **Next:** lesson 04 gives the same loss to a convolutional network, which knows that
# neighbouring pixels belong together.
