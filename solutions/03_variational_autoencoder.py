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
# In lesson 02 you had to measure where an autoencoder's codes lie before random codes
# decoded to anything like a digit. Here you change two things, a little noise in the
# middle and one more term in the loss, and the same kind of network comes with a
# distribution to draw its codes from, and with a bound on how probable it finds a
# picture. This is the variational autoencoder (VAE), the ancestor of the latent spaces
# inside today's image generators.
#
# **You will be able to**
# - sample a code so that gradients still reach the encoder (reparameterization),
# - compute the KL divergence to the prior, and say what it does to the codes,
# - train a VAE, and read its loss as reconstruction plus KL, in nats,
# - generate digits, say what a VAE gives you that a plain autoencoder does not, and
#   explain what goes wrong when $\beta$ is 0 or very large.
#
# **Time:** reading 50 min, writing 50 min, computing 4 to 6 min on a 2-core laptop.
#
# Symbols, names in code, terms: [notation](notation.ipynb).

# %% tags=["parameters"]
# Parameters: change them here. Instructors also have `course run 03 -p NAME VALUE`.
epochs: int = None  # passes over the training images; None: the budget below
beta_epochs: int = None  # the same for each run of section 9; None: the budget below
trick_epochs: int = None  # the same for each run of section 11; None: the budget below
plain_epochs: int = None  # the same for section 8's autoencoder; None: the budget below
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

from helpers import data, explore, metrics, plots, sample_quality, training
from helpers.budget import budget
from helpers.checks import lesson03 as checks

# %%
epochs = budget("epochs", epochs, full=20, fast=1)
beta_epochs = budget("beta_epochs", beta_epochs, full=6, fast=1)
trick_epochs = budget("trick_epochs", trick_epochs, full=2, fast=1)
plain_epochs = budget("plain_epochs", plain_epochs, full=8, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=1_000)
device = training.pick_device()
# 16-bit products where a CPU has them: the same loss, sooner (lesson 05 measures it)
precision = training.best_precision(device) if device.type == "cpu" else "float32"
training.seed_everything(seed)

# %%
mnist = data.load("MNIST", train_images=train_images, seed=seed)
train = data.loader(mnist.train, batch_size, shuffle=True, seed=seed)
validation = data.loader(mnist.validation, 1_000)
test = data.loader(mnist.test, 1_000)

# %% [markdown]
# Each **Expect** and each **What to see** below describes a full run on real MNIST. In
# fast mode, or on the SYNTHETIC stand-in, your figures will differ from it.
#
# ## 1. A code with room around it
#
# A plain autoencoder pins each image to one point, and its loss says nothing about the
# space between the points. Decode a code from there and anything may come out.
#
# A VAE's encoder answers with a *cloud* instead: a normal distribution with mean $\mu$
# and standard deviation $\sigma$ in each **latent dimension** (a number of the code;
# latent, because no image shows it). We write it $q_\phi(z\mid x)$, where $\phi$ stands
# for the encoder's weights. The code $z$ is drawn from it, anew each time. The decoder
# must be right wherever in the cloud $z$ falls, so nearby codes have to give similar
# images.
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
# This is **reparameterization**. (The alternative, the *score-function estimator*,
# weights $\nabla_\phi\log q_\phi(z\mid x)$ by the loss at $z$. It never looks at the
# slope of the loss, which says in which direction $z$ should have gone, so its
# estimates of the gradient scatter far more from draw to draw.)
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
checks.reparameterize(reparameterize, draws=[48211])
### END HIDDEN TESTS

# %% [markdown]
# Three clouds of 500 draws each, to see the two numbers at work:

# %%
clouds = [((-4, 0), (-4, -4)), ((0, 0), (0, 0)), ((5, 0), (1, -3))]  # mu, logvar

# %%
fig = plots.figure("mu moves a cloud, logvar spreads it", height=4.0)
ax = fig.subplots()
for (mu, logvar), color, marker in zip(clouds, plots.LINES, "os^", strict=False):
    rows = torch.tensor([mu, logvar], dtype=torch.float32)[:, None]  # (2, 1, 2)
    z = reparameterize(*rows.repeat(1, 500, 1))  # (500, 2)
    ax.scatter(*z.T, s=5, color=color, marker=marker)
    ax.text(mu[0], 3.6, f"mu {mu}\nlogvar {logvar}", ha="center", fontsize=9)
ax.set(xlabel="$z_1$", ylabel="$z_2$", xlim=(-7, 11), ylim=(-4, 5.5), aspect="equal")
plots.show(
    fig,
    "Three clouds of 500 codes side by side. At logvar (-4, -4) it is nearly a "
    "point, at (0, 0) a disc about six wide, at (1, -3) a flat, wide ellipse.",
)

# %% [markdown]
# **What to see.** At `logvar` 0 the standard deviation is 1. At $-4$ it is
# $e^{-2} \approx 0.14$: nearly a point, like a plain autoencoder's code. Each latent
# dimension has a spread of its own, so a cloud can be flat.

# %% [markdown]
# ## 3. A price for being far from the prior
#
# Left alone, the encoder would make every cloud tiny and put them far apart, and we
# would be back at the plain autoencoder. So each cloud pays for its difference from one
# fixed distribution, the **prior** $p(z) = \mathcal N(0, I)$. The price is the
# **Kullback-Leibler divergence**: draw codes from the cloud, and average by how much
# they are more probable under the cloud than under the prior.
#
# $$\mathrm{KL}(q\,\|\,p) = \mathbb E_{z\sim q}\bigl[\log q(z) - \log p(z)\bigr]$$
#
# It is 0 if the two are equal and positive otherwise. But it is not a distance, because
# it is not symmetric: from $\mathcal N(0, 0.5^2)$ to $\mathcal N(0, 1)$ it is 0.32, the
# other way round 0.81. For a cloud and our prior the average has a closed form:
#
# $$\mathrm{KL}\bigl(q_\phi(z\mid x)\,\|\,p(z)\bigr) = -\tfrac12 \sum_{j=1}^{d}
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

    mu, logvar: tensors of shape (B, d). All values from -20 to 20 count as they are.
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
checks.kl_divergence(kl_divergence, draws=[90317])
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
# **What to see.** Moving `mu` by 2 costs 2 nats. For a cloud that shrinks (`logvar` to
# the left) the price soon grows in proportion to `logvar`: half a nat for each factor
# of $e$ in $\sigma^2$, so precision can be had at a moderate price. For a cloud that
# grows it rises far more steeply.

# %% [markdown]
# ## 4. What a picture costs
#
# The decoder, with weights $\theta$, answers with a probability $p_i$ for each pixel.
# The pixels are independent once $z$ is given, so together these are a distribution
# over pictures, the **likelihood** $p_\theta(x\mid z)$. A picture costs $-\log
# p_\theta(x\mid z)$, which is its binary cross-entropy, **summed over the 784 pixels**:
#
# $$-\log p_\theta(x\mid z) =
#   -\sum_{i=1}^{784} \left[x_i \log p_i + (1 - x_i)\log(1 - p_i)\right]$$
#
# Why the sum? The KL is a sum over dimensions too. With a *mean* over the pixels the
# picture would weigh 784 times too little, the KL would win, and every cloud would
# become the prior.
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
    logits, as its gradient is, and nothing limits or rounds logits, probabilities or
    pixels, but for the 100 nats a pixel that binary_cross_entropy costs at most.
    Hint: look up the `reduction` argument.
    """
    ### BEGIN SOLUTION
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return pixels.sum(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_reconstruction_loss", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.reconstruction_loss(reconstruction_loss)
### BEGIN HIDDEN TESTS
checks.reconstruction_loss(reconstruction_loss, draws=[27749])
### END HIDDEN TESTS

# %% [markdown]
# Two reference points before we train. A perfect reconstruction does **not** cost 0,
# because gray pixels are uncertain whatever we predict. And a model that ignores the
# code can still answer with the mean image.

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
    the logits. Up to you: biases, normalization of the 512 units, dropout of pixels or
    of the 512 units, one head of 2 d split in two, limits on logvar as far out as -10
    and 2.
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
checks.vae(VAE, draws=[56093])
### END HIDDEN TESTS

# %% [markdown]
# ## 6. The loss
#
# The model writes a picture in three steps: draw $z$ from the prior, decode it, and
# make each pixel white with the decoder's probability. So $x$ has the probability
# $p_\theta(x) = \int p_\theta(x\mid z)\,p(z)\,dz$, and training should make it large.
# But nobody can compute this integral, nor the **posterior** $p_\theta(z\mid x) =
# p_\theta(x\mid z)\,p(z)/p_\theta(x)$, which says from which codes $x$ may have come.
# The encoder's $q_\phi(z\mid x)$ stands in for it. What that costs takes three lines,
# each an average over $z\sim q_\phi(z\mid x)$:
#
# $$\begin{aligned}
# \log p_\theta(x)
# &= \mathbb E\bigl[\log p_\theta(x\mid z) + \log p(z) - \log p_\theta(z\mid x)\bigr] \\
# &= \mathbb E\bigl[\log p_\theta(x\mid z)\bigr]
#    - \mathbb E\bigl[\log q_\phi(z\mid x) - \log p(z)\bigr]
#    + \mathbb E\bigl[\log q_\phi(z\mid x) - \log p_\theta(z\mid x)\bigr] \\
# &= \underbrace{\mathbb E\bigl[\log p_\theta(x\mid z)\bigr]
#    - \mathrm{KL}\bigl(q_\phi(z\mid x)\,\|\,p(z)\bigr)}_{\mathrm{ELBO}}
#    + \underbrace{\mathrm{KL}\bigl(q_\phi(z\mid x)\,\|\,p_\theta(z\mid x)\bigr)
#    }_{\text{the gap},\;\ge\;0}
# \end{aligned}$$
#
# The first two terms are the **evidence lower bound** (ELBO). Its negative is
# reconstruction plus KL, our loss, and it is never below $-\log p_\theta(x)$. The gap
# is how far the encoder's cloud is from the true posterior; lesson 06 measures it. (Our
# pixels are gray: read $x_i$ as the probability that the pixel is white. The loss then
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
checks.vae_loss(vae_loss, draws=[31908])
### END HIDDEN TESTS

# %% [markdown]
# ## 7. Training
#
# You wrote the loop by hand in lesson 02. `training.fit` is that loop: Adam, a
# validation pass after each epoch, and at the end the weights of the best epoch. The
# step size falls along half a cosine wave.
#
# **Expect** about a minute on a 2-core laptop (more without 16-bit products); the
# validation loss is near 121 nats after the first epoch and between 103 and 104.5 after
# the last. Stop the cell (the square in the toolbar) whenever you like, and use the
# model as it is then; run the cell again, even after a restart, and training goes on
# after the last finished epoch.

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
    precision=precision,
    checkpoint=checkpoint,
)

# %% tags=["expected-figure"]
plots.curves(
    {"training": history.train, "validation": history.validation},
    "Does the validation loss follow the training loss?",
    ylabel="loss (nats per image)",
)

# %% [markdown]
# **What to see.** Most of the drop happens in the first epochs. (The first training
# point is high because it averages over an epoch in which the weights moved a lot.) The
# curves part slowly, and by little more than one nat.
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
# Decoding `mu` instead gives another number, which is no bound at all:

# %%
with torch.no_grad():
    mu, logvar = model.encode(x_test.to(device))  # (10000, d)
    from_mu = reconstruction_loss(model.decode(mu), x_test.to(device)).mean().item()
print(f"reconstruction, z drawn: {reconstruction:.2f}, mu decoded: {from_mu:.2f}")

# %% [markdown]
# **What to see.** Decoding `mu` looks better by 8 to 9 nats, for the same model: that
# is what the noise in $z$ costs. (After a training as short as in fast mode it may be
# the other way round.)
#
# ## 8. Reconstructions and samples

# %% tags=["expected-figure"]
with torch.no_grad():
    x = x_test[:10].to(device)
    logits, _, _ = model(x)
plots.image_rows(
    {"originals": x, "reconstructed": torch.sigmoid(logits)},
    f"What do {latent_dim} numbers keep of a digit?",
)

# %% [markdown]
# **What to see.** Digit, slant and thickness survive in nine of ten. Small things are
# smoothed over, because the decoder averages over what 20 noisy numbers leave open; of
# the crooked 5 only a smudge is left.
#
# To *generate*, no image is needed: draw $z$ from the prior and decode it. The model of
# section 6 would then toss a coin for each pixel. We show its probabilities instead,
# which is the average of all those tosses: smoother than any picture the model draws.
#
# **Exercise 6.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The encoder has no part in this. The codes have the shape `(count, latent_dim)` and
# come from the distribution that the KL term pulled every code toward. What the
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
checks.sample(sample, draws=[74655])
### END HIDDEN TESTS

# %% tags=["expected-figure"]
training.seed_everything(seed)
plots.image_grid(
    sample(model, 50, latent_dim),
    "Samples from the prior: digits that nobody wrote?",
)

# %% [markdown]
# **What to see.** Some samples pass as digits, in many hands. Others are chimeras of
# two digits, or scrawls: the prior also covers the regions between the classes, and 20
# dimensions have a lot of those. (Lesson 05 uses fewer.) Your eye is generous with
# fifty pictures; a **classifier** is less so, and it can look at a thousand. `sure` is
# the share of pictures to which a small network, trained on real digits, gives one
# digit a probability of at least 0.7; it was trained to be unsure of two digits on top
# of each other. `classes` is how many digits occur (10: all equally often, 1: always
# the same one). The distance is lesson 02's: 1 minus the cosine to the most similar
# training image.

# %%
classifier = sample_quality.train_classifier(mnist.train, seed=seed)
known = F.normalize(torch.from_numpy(mnist.train.flat[:10_000]).to(device))


# %%
def judge(name, images):
    """Print three measures of images (N, 784): distance to real, sure, classes."""
    cosines = F.normalize(images) @ known.T  # (N, 10000)
    distance = 1 - cosines.amax(dim=1).mean().item()
    seen = sample_quality.quality(classifier, images)
    print(f"{name:31} {distance:8.3f} {seen.sure:6.0%} {seen.classes:7.1f}")


# %% [markdown]
# Could lesson 02's plain autoencoder have done this as well? A fair comparison needs
# the same network and the same number of dimensions: we train your `VAE` class on the
# reconstruction alone, with no noise and no KL. (It gets fewer epochs than the VAE had:
# 8 instead of 20 in a full run.) Its codes are then drawn in two ways: from the standard
# normal distribution, and from a normal distribution that is *fitted* to the codes of
# the test images. About half a minute.


# %%
def plain_loss(model, x):
    """The reconstruction alone, from mu: no noise, no KL."""
    mu, _ = model.encode(x)  # (B, d)
    return reconstruction_loss(model.decode(mu), x).mean()


# %%
training.seed_everything(seed)
plain = VAE(latent_dim).to(device)
plain_history = training.fit(
    plain,
    plain_loss,
    train,
    validation,
    plain_epochs,
    learning_rate=learning_rate,
    schedule="cosine",
    description="plain autoencoder",
    precision=precision,
)

# %%
with torch.no_grad():
    codes, _ = plain.encode(x_test.to(device))  # (10000, d)
    cov = codes.T.cov() + 1e-4 * torch.eye(latent_dim, device=device)  # (d, d)
    fitted = torch.distributions.MultivariateNormal(codes.mean(dim=0), cov)
    from_fit = torch.sigmoid(plain.decode(fitted.sample((1_000,))))  # (1000, 784)

# %%
drawn = {
    "plain, standard normal codes": sample(plain, 1_000, latent_dim),
    "plain, fitted normal": from_fit,
    "VAE, prior": sample(model, 1_000, latent_dim),
}
plots.image_rows(
    {name: images[:10] for name, images in drawn.items()},
    f"Whose random codes decode to digits? {latent_dim} dimensions each",
)

# %%
print(f"{'1,000 images':31} distance   sure classes")
for name, images in {"real test digits": x_test[:1_000].to(device), **drawn}.items():
    judge(name, images)
print(f"reconstruction: plain {plain_history.validation.min():.1f} nats (validation)")

# %% [markdown]
# **What to see.** Read each row against the first. Of real digits the classifier is
# sure nine times in ten, of the VAE's samples one time in three: by this measure a
# VAE's samples are not good, and a plain autoencoder is the fair comparison, not
# perfection. Its standard normal codes show what happens if nobody says where codes
# should lie. The fitted normal distribution has looked at the codes of real digits, and
# the classifier is about as sure of its pictures as of the VAE's; by the distance, the
# VAE's come closer to real digits.
#
# So what does a VAE buy? A prior: one can draw from it without looking at any data. A
# bound on the probability of a picture: a plain autoencoder has nothing to compare
# (section 6). A space where neighbors look alike (section 10). What it does not buy by
# itself: sharp pictures, or a prior that fits its codes everywhere.

# %% [markdown]
# ## 9. What the KL term does to the codes
#
# Two latent dimensions are too few for good pictures but can be plotted. The same
# network, three times: without the KL ($\beta = 0$, so nothing holds the codes near the
# prior), with it ($\beta = 1$), and with far too much of it ($\beta = 50$). Two of
# these fail on purpose. About a minute.
#
# The circle in the figure has a radius of two standard deviations of the prior. It
# holds 86 % of what the prior draws.

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
        precision=precision,
    )

# %%
x_some, y_some = x_test[:3_000].to(device), mnist.test.labels[:3_000]
with torch.no_grad():
    clouds = {beta: reparameterize(*net.encode(x_some)) for beta, net in flat.items()}

# %%
fig = plots.figure(
    "Where are the codes, and where does the prior draw? (circle: 2 sigma)",
    width=9,
    height=3.6,
)
turn = np.linspace(0, 2 * np.pi, 100)
for ax, (beta, z) in zip(fig.subplots(1, 3), clouds.items(), strict=True):
    plots.draw_codes(ax, z, y_some, mnist.class_names)
    ax.plot(2 * np.cos(turn), 2 * np.sin(turn), color="black", lw=1.5)
    ax.set_title(f"beta = {beta:g}", fontsize=10)
plots.show(
    fig,
    "Three clouds of 3,000 two-dimensional codes, for beta 0, 1 and 50. In each a "
    "circle of radius 2 around 0 marks where most draws from the prior fall.",
)

# %% [markdown]
# **What to see.** Mind the circle: it is the same in all three.
# - $\beta = 0$: the cloud is several times as wide as the prior and lies off its
#   center. Draws from $\mathcal N(0, I)$ reach only the part of it that lies in the
#   circle.
# - $\beta = 1$: one cloud around the prior's center and not much wider than the prior,
#   so codes and draws cover much the same ground. Two numbers cannot sort everything: in
#   our run 1 and 7 have regions of their own, 4 and 9 share one, and the other digits
#   crowd the middle.
# - $\beta = 50$: every image has the same code distribution, the prior itself. The code
#   says nothing any more. Since $q_\phi(z\mid x)$, the encoder's answer for the
#   posterior, no longer depends on $x$, this is called **posterior collapse**.

# %%
rows = {}
for beta, net in flat.items():
    training.seed_everything(seed)
    rows[f"beta = {beta:g}"] = sample(net, 10, 2)
plots.image_rows(
    rows,
    "The same ten draws from the prior, decoded by each model",
)

# %%
print("            outside the circle   sure classes  most common")
for beta, net in flat.items():
    outside = (clouds[beta].norm(dim=1) > 2).float().mean().item()
    training.seed_everything(seed)
    seen = sample_quality.quality(classifier, sample(net, 1_000, 2))
    most = mnist.class_names[seen.shares.argmax()]
    print(
        f"beta = {beta:<4g} {outside:18.0%} {seen.sure:6.0%} {seen.classes:7.1f}"
        f"  {most} ({seen.shares.max():.0%})"
    )

# %% [markdown]
# **What to see.** Ten samples at $\beta = 0$ may look no worse than ten at $\beta = 1$.
# The failure is in what is *missing*: compare the share of codes outside the circle
# with the prior's own 14 %, and how many digits a thousand draws cover. Codes far
# outside are never drawn. At $\beta = 50$ every draw is the same blur.

# %%
for beta, net in flat.items():
    parts = loss_parts(net, test)
    print(f"beta = {beta:4g}: reconstruction {parts[0]:6.1f}, KL {parts[1]:9.2f} nats")

# %% [markdown]
# **What to see.** At $\beta = 0$ the reconstruction is a little better, and the KL about
# five times as large: it was not part of the loss, so nothing held it down. At
# $\beta = 50$ the KL is 0 and the reconstruction is the mean image's, the ceiling of
# section 4.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_beta", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 1 (5 points).** A friend's VAE runs without an error, but its KL is 0.01 and
# it draws the same gray picture for every input. Name two different mistakes in a *loss
# function* that lead there, and how you would tell them apart.
#
# ### BEGIN SOLUTION
# *Model answer.* (1) The reconstruction is averaged over the 784 pixels while the KL
# is summed: the KL then weighs 784 times too much. (2) $\beta$ is far too large, or the
# KL is multiplied by the batch size (a sum over images where the reconstruction has a
# mean). To tell them apart, print both terms for one batch before training: the
# reconstruction of an untrained model should be near $784 \log 2 = 543$ nats an
# image; 0.69 reveals the mean over pixels. If it is 543, double the batch: if one term
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

# %% tags=["cover"]
ticks = np.linspace(-3, 3, 12)
plane = [(z1, z2) for z2 in reversed(ticks) for z1 in ticks]  # the top row first
plane = torch.tensor(plane, dtype=torch.float32, device=device)  # (144, 2)
with torch.no_grad():
    tiles = torch.sigmoid(flat[1.0].decode(plane))  # (144, 784)
plots.image_grid(
    tiles,
    "The latent plane, decoded: where does one digit turn into another?",
    columns=12,
    xlabel="$z_1$, from -3 to 3",
    ylabel="$z_2$, from -3 to 3",
    alt="A sheet of 12 by 12 decoded images, from -3 to 3 on both axes. Neighbors "
    "look alike.",
)

# %% [markdown]
# **What to see.** Neighbors look alike everywhere, as section 1 promised. A digit that
# has a region of its own in the cloud above has many tiles here. Where digits share one,
# the tiles show one of them (a 9 where 4 and 9 meet, in our run) or a blurred mixture.
# So does every border between two regions.
#
# A grid has gaps. Drag the point, or click it and use the arrow keys, and go anywhere:
# across a border, around the rim, far outside, where no code ever was.

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
# Each row below changes **one** thing in the row above:
#
# 1. **plain**: your architecture, Adam with a constant step size of 0.001;
# 2. **+ larger step**: a constant 0.002;
# 3. **+ cosine**: start at 0.002 and let the step size fall to 0;
# 4. **+ SiLU**: a smooth activation, $h\,\mathrm{sigmoid}(h)$, in place of ReLU;
# 5. **+ size**: hidden layers of 1,024 and 512 units on both sides.
#
# All train for the same few epochs. But another seed gives another loss, so each row is
# run with **three seeds**: a difference smaller than the spread of the dots is not
# worth a claim. One and a half to two minutes.


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
silu = dict(activation=nn.SiLU)
tricks = {
    "plain": (dict(), 0.001, "constant"),
    "+ larger step": (dict(), 0.002, "constant"),
    "+ cosine": (dict(), 0.002, "cosine"),
    "+ SiLU": (silu, 0.002, "cosine"),
    "+ size": (silu | dict(widths=(1024, 512)), 0.002, "cosine"),
}
short_runs = {name: [] for name in tricks}

# %%
for own_seed in range(seed, seed + 3):
    for name, (shape, rate, schedule) in tricks.items():
        training.seed_everything(own_seed)
        run = training.fit(
            DeeperVAE(latent_dim, **shape).to(device),
            vae_loss,
            train,
            validation,
            trick_epochs,
            rate,
            schedule,
            description=f"{name}, seed {own_seed}",
            precision=precision,
        )
        short_runs[name].append(run)

# %%
ends = {name: [run.validation[-1] for run in runs] for name, runs in short_runs.items()}
for name, runs in short_runs.items():
    first = np.mean([run.validation[0] for run in runs])
    seconds = np.mean([run.seconds for run in runs])
    spread = f"{min(ends[name]):.2f} to {max(ends[name]):.2f}"
    print(f"{name:14} epoch 1: {first:6.2f}", end="   ")
    print(f"last: {np.mean(ends[name]):6.2f} ({spread})   {seconds:4.1f} s")

# %%
fig = plots.figure("What does each trick give? One dot for each of three seeds")
ax = fig.subplots()
for place, losses in enumerate(ends.values()):
    ax.plot(losses, [place] * 3, "o", color=plots.LINES[0])
    ax.plot(np.mean(losses), place, "|", color="black", markersize=24)
ax.set_yticks(range(len(tricks)), tricks)
ax.set_ylim(len(tricks) - 0.5, -0.5)  # the first row on top
ax.set_xlabel("validation loss after the last epoch (nats per image); line: mean")
ax.grid(alpha=0.3)
plots.show(
    fig, "Validation losses of five variants, three seeds each, and their means."
)

# %% [markdown]
# **What to see.** Two rows differ if their dots do not overlap. The larger step gains
# nearly 3 nats. The cosine then *loses* 5: in so short a training the step size falls
# before the loss has. The activation and the size gain about 2 nats each, the size for
# more than twice the time an epoch; all together end where the larger step alone did. So
# tricks do not simply add up, and what two epochs say need not hold for twenty. Lesson
# 05 takes this road further.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_improve", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 2 (5 points).** Somebody reports that their VAE reaches a test loss of 88
# nats with your architecture, and shows perfect reconstructions. What three questions
# do you ask before you believe it?
#
# ### BEGIN SOLUTION
# *Model answer.* Was $z$ sampled, or was `mu` decoded (section 7: that looks several
# nats better)? Is the KL included with $\beta = 1$, summed over the dimensions? Was
# the model chosen on validation images, with no test image in training? Also good:
# are the pixels gray or rounded to 0 and 1 (other data, other numbers)? How many
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
improved = np.mean([run.validation.min() for run in short_runs["+ size"]])
facts = dict(seed=seed, epochs=trick_epochs, device=device)
metrics.record(
    "validation loss, improved, short run", improved, (111.0, 117.0), "nats", **facts
)

# %% [markdown]
# ## Summary
#
# A VAE encodes an image as a cloud, and pays in nats for every cloud that differs from
# the prior. Noise in the code and the KL term together bring the clouds to where the
# prior draws, so new pictures can be drawn without looking at data. Its loss is a
# bound, reconstruction plus KL, and is only comparable when $z$ is drawn, both terms
# are summed, and $\beta = 1$.
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
# neighboring pixels belong together.
