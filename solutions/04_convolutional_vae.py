# ---
# jupyter:
#   course:
#     runs:
#     - dataset: MNIST
#     - dataset: FashionMNIST
#   jupytext:
#     notebook_metadata_filter: course
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · The convolutional VAE
#
# Shuffle the 784 pixels of every image in the same way, and the dense VAE of lesson 03
# learns just as well: it does not know which pixels are neighbors. A convolutional
# network does. (Section 10 tests both claims.) Here you build a VAE from convolutions,
# get a clearly lower loss with *fewer* weights, and meet three things that come with
# them: shapes, checkerboards, and batch norm, which works differently in training and
# in use.
#
# **You will be able to**
# - compute the shapes of strided and transposed convolutions before you run them,
# - build a convolutional encoder and its mirror image,
# - say what `train()` and `eval()` change, and what happens if you forget,
# - choose an epoch on validation images, keep its weights, save and load them.
#
# **Time:** reading 40 min, writing 50 min, computing 4 to 6 min on a 2-core laptop.
#
# Symbols, names in code, terms: [notation](notation.ipynb).
#
# Each **What to see** below, and every expected time and loss, is that of a full run
# with `dataset = "MNIST"`, real images. In fast mode, or on the synthetic stand-in,
# figures look different.

# %% tags=["parameters"]
# Parameters: change them here. Instructors also have `course run 04 -p NAME VALUE`.
dataset = "MNIST"  # or "FashionMNIST"
epochs: int = None  # passes over the training images; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
batch_size = 128  # images per gradient step
learning_rate = 0.001  # Adam's step size, the same throughout
latent_dim = 20  # numbers in a code
seed = 0  # for the weights, the batches and the noise
weights_path = "conv_vae.pth"  # where the best epoch's weights go
checkpoint = "conv_vae.ckpt"  # the state of the training while it lasts

# %%
import copy
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data, metrics, plots, sample_quality, training
from helpers.budget import budget
from helpers.checks import lesson04 as checks

# %%
epochs = budget("epochs", epochs, full=20, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=1_000)
device = training.pick_device()
training.seed_everything(seed)
Path(weights_path).parent.mkdir(parents=True, exist_ok=True)

# %%
images = data.load(dataset, train_images=train_images, seed=seed)
train = data.loader(images.train, batch_size, shuffle=True, flat=False, seed=seed)
validation = data.loader(images.validation, 1_000, flat=False)
test = data.loader(images.test, 1_000, flat=False)
x_test = torch.tensor(images.test.images)[:, None].to(device)  # (10000, 1, 28, 28)
print(
    f"{dataset}: {len(images.train):,} to train on, {len(images.validation):,}", end=""
)
print(f" to choose with, {len(images.test):,} to test once")

# %% [markdown]
# An image is now a stack of **maps** (also called channels), `(channels, height,
# width)`, and a batch is `(B, 1, 28, 28)`: one channel of gray. The loaders no longer
# flatten the images (`flat=False`).
#
# ## 1. Shapes, before you run anything
#
# A **convolution** slides a small window of weights, its *kernel*, over the map. With
# **stride** 2 it moves two pixels at a time, so the map's sides shrink by half;
# **padding** adds zeros around it.
# With window $k$, stride $s$ and padding $p$, $n$ pixels on a side become
#
# $$n' = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# A **transposed** convolution goes the other way: every input pixel stamps a window of
# weights onto the output, $s$ pixels apart, and $p$ pixels are cut from each edge:
#
# $$n' = (n - 1)\,s - 2p + k$$
#
# **Exercise 1.** Write both.
#
# <details><summary>Stuck? A second hint</summary>
#
# Both formulas stand above, and every symbol is an argument. Check by hand: 28 pixels,
# kernel 4, stride 2, padding 1 make 14, and 14 make 28 again.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "sizes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_size(n, kernel, stride, padding):
    """Pixels on a side after nn.Conv2d(..., kernel, stride, padding); an int.

    n: pixels on a side before; all four are ints, and the window fits at least once.
    Hint: // divides and rounds down.
    """
    ### BEGIN SOLUTION
    return (n + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


def transposed_size(n, kernel, stride, padding):
    """Pixels on a side after nn.ConvTranspose2d(..., kernel, stride, padding)."""
    ### BEGIN SOLUTION
    return (n - 1) * stride - 2 * padding + kernel
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sizes", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.sizes(conv_size, transposed_size)
### BEGIN HIDDEN TESTS
checks.sizes(conv_size, transposed_size, draws=[40961])
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
sides = [28]
for _ in range(2):
    sides.append(conv_size(sides[-1], kernel=4, stride=2, padding=1))
for _ in range(2):
    sides.append(transposed_size(sides[-1], kernel=4, stride=2, padding=1))
print(" -> ".join(f"{side} x {side}" for side in sides))

# %% [markdown]
# **What to see.** Window 4, stride 2 and padding 1 halve the map exactly, and the same
# numbers double it again: encoder and decoder can mirror each other layer by layer.
#
# ## 2. Why window 4 and not 3
#
# Window 3 is the usual choice for convolutions, but look at what it does in a
# *transposed* one. Give a constant map to constant weights: if every pixel were treated
# alike, a constant map would come back. A third way to double a map is to **resize**
# it, by repeating each pixel, and then to apply an ordinary convolution with stride 1.


# %%
def stamp(kernel, **options):
    """A map of ones, 8 x 8, through a transposed convolution of ones with stride 2."""
    weight = torch.ones(1, 1, kernel, kernel)
    ones = torch.ones(1, 1, 8, 8)
    return F.conv_transpose2d(ones, weight, stride=2, padding=1, **options)[0, 0]


# Window 3 would give 15 x 15; output_padding=1 cuts less at the end and makes it 16.
resized = F.interpolate(torch.ones(1, 1, 8, 8), scale_factor=2, mode="nearest")
stamps = {
    "window 3": stamp(3, output_padding=1),
    "window 4": stamp(4),
    "resize, then window 3": F.conv2d(resized, torch.ones(1, 1, 3, 3), padding=1)[0, 0],
}  # (16, 16) each

# %% tags=["nbval-check-output"]
for name, square in stamps.items():
    print(name, "- stamps on each pixel of the third and fourth row:")
    print(square[2:4, 2:10].int().numpy())

# %%
fig = plots.figure(
    "Window 3 at stride 2 stamps a checkerboard, the others do not", 8, 3
)
for ax, (name, square) in zip(fig.subplots(1, 3), stamps.items(), strict=True):
    ax.imshow(square / square.max(), cmap="gray", vmin=0, vmax=1)
    ax.set(title=name, xticks=[], yticks=[])
plots.show(
    fig,
    "Three squares of 16 by 16 pixels. Window 3: dark, gray and white pixels in turn, "
    "like a checkerboard. Window 4 and resizing: even white inside, a darker edge.",
)

# %% [markdown]
# **What to see.** With window 3 and stride 2 some pixels are stamped once, some twice,
# some four times. The network would have to learn to undo that at every place. When the
# window is a multiple of the stride, all inner pixels get the same number of stamps. The
# decoder below uses 4. That removes only the *built-in* checkerboard: neighboring
# pixels still come from different weights of the window, so a decoder that has hardly
# trained shows a fine pattern all the same, and training has to smooth it out.
# Resizing first avoids that as well, since inside the map all pixels get the same
# weights, but the convolution then works on a map of four times as many pixels (Odena
# and others, 2016).
#
# ## 3. Batch norm
#
# **Batch norm** takes each channel, subtracts its mean over all images of the batch and
# all places of the map (after a dense layer: each unit, over the images), divides by
# the standard deviation, and then applies a learned scale and shift. The layers after it
# see numbers of a steady size, and training tolerates larger steps. Remember for later:
# *over the batch*. In training, an image's result depends on the other images in its
# batch. For use, the layer keeps running averages of mean and variance, and `eval()`
# switches to those.
#
# ## 4. The encoder
#
# ```
# x (1, 28, 28) ─ Conv 4/2/1 ─ (8, 14, 14) ─ Conv 4/2/1 ─ (32, 7, 7) ─ Linear ─ 128 ┬ mu
#                   BN ReLU                    BN ReLU              BN ReLU         └ logvar
# ```
#
# (4/2/1 stands for window 4, stride 2, padding 1, and BN for batch norm.)
#
# **Exercise 2.** Write it. A layer before a batch norm needs no bias: the mean is
# subtracted anyway. (Leaving it in does no harm.)
#
# <details><summary>Stuck? A second hint</summary>
#
# Build it layer by layer and print the shape of a random batch after each one: `(B, 8,
# 14, 14)`, `(B, 32, 7, 7)`, `(B, 1568)`, `(B, 128)`. Each of the first three layers
# with weights is followed by a batch norm and a ReLU; the heads by nothing.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "encoder", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Encoder(nn.Module):
    """Two strided convolutions and a dense layer, each with batch norm, then ReLU.

    Channels 1 -> 8 -> 32 (kernel 4, stride 2, padding 1), then 32 * 7 * 7 -> 128
    units, then two heads 128 -> d without activation or batch norm; nothing else.
    Yours to choose: biases, one head 128 -> 2 d cut in two, a relative of ReLU
    (LeakyReLU, ELU, GELU, SiLU), and how logvar is made from its head's numbers, if it
    can become any number from -10 to 10.
    Hint: nn.Conv2d, nn.BatchNorm2d after convolutions, nn.BatchNorm1d after nn.Linear.
    """

    def __init__(self, latent_dim):
        super().__init__()
        ### BEGIN SOLUTION
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=2, padding=1, bias=False),  # (B, 8, 14, 14)
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 32, 4, stride=2, padding=1, bias=False),  # (B, 32, 7, 7)
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Flatten(),  # (B, 1568)
            nn.Linear(32 * 7 * 7, 128, bias=False),  # (B, 128)
            nn.BatchNorm1d(128),
            nn.ReLU(),
        )
        self.mu = nn.Linear(128, latent_dim)
        self.logvar = nn.Linear(128, latent_dim)
        ### END SOLUTION

    def forward(self, x):
        """Images (B, 1, 28, 28) to mu (B, d) and logvar (B, d)."""
        ### BEGIN SOLUTION
        h = self.body(x)  # (B, 128)
        return self.mu(h), self.logvar(h)  # (B, d) each
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_encoder", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.encoder(Encoder)
### BEGIN HIDDEN TESTS
checks.encoder(Encoder, draws=[91573])
### END HIDDEN TESTS

# %% [markdown]
# ## 5. The decoder
#
# The same steps backwards, with a sigmoid at the end, so that every pixel comes out as a
# probability $\hat x$ between 0 and 1.
#
# **Exercise 3.** Write it. The last layer has no batch norm: its output is the picture,
# and its brightness must not depend on the other pictures in the batch.
#
# <details><summary>Stuck? A second hint</summary>
#
# Read the encoder from bottom to top. There are four layers with weights. The first
# three are each followed by a batch norm and a ReLU; choose 1d or 2d by the shape that
# the batch norm sees. After the fourth comes only what turns numbers into
# probabilities.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "decoder", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Decoder(nn.Module):
    """The encoder's mirror image.

    d -> 128 -> 32 * 7 * 7 units, then channels 32 -> 8 -> 1 through transposed
    convolutions (kernel 4, stride 2, padding 1); batch norm, then ReLU after every
    layer but the last; a sigmoid after that; nothing else, no limits on the pixels
    either. Yours to choose: biases, a relative of ReLU, batch norm before or after the
    units become maps.
    Hint: nn.Unflatten(1, (32, 7, 7)) turns 1568 units into maps.
    """

    def __init__(self, latent_dim):
        super().__init__()
        ### BEGIN SOLUTION
        self.body = nn.Sequential(
            nn.Linear(latent_dim, 128, bias=False),  # (B, 128)
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Linear(128, 32 * 7 * 7, bias=False),  # (B, 1568)
            nn.BatchNorm1d(32 * 7 * 7),
            nn.ReLU(),
            nn.Unflatten(1, (32, 7, 7)),  # (B, 32, 7, 7)
            nn.ConvTranspose2d(32, 8, 4, stride=2, padding=1, bias=False),  # 14 x 14
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),  # (B, 1, 28, 28)
            nn.Sigmoid(),
        )
        ### END SOLUTION

    def forward(self, z):
        """Codes z (B, d) to x_hat (B, 1, 28, 28), probabilities after a sigmoid."""
        ### BEGIN SOLUTION
        return self.body(z)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_decoder", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
checks.decoder(Decoder)
### BEGIN HIDDEN TESTS
checks.decoder(Decoder, draws=[57719])
### END HIDDEN TESTS

# %% [markdown]
# The rest of the model is lesson 03's: the reparameterization between the two halves,
# and the KL of each image.


# %%
class ConvVAE(nn.Module):
    """Encoder, a code drawn from N(mu, sigma^2), decoder."""

    def __init__(self, latent_dim):
        super().__init__()
        self.encode = Encoder(latent_dim)
        self.decode = Decoder(latent_dim)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)  # (B, d)
        return self.decode(z), mu, logvar


def kl_divergence(mu, logvar):
    """KL( N(mu, sigma^2) || N(0, I) ) in nats, for each image: (B,)."""
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)


# %%
def count_weights(model):
    return sum(weight.numel() for weight in model.parameters())


dense = 2 * 784 * 512 + 784 + 512 * (3 * latent_dim + 2) + 2 * latent_dim
print(f"lesson 03: {dense:,} weights; here: {count_weights(ConvVAE(latent_dim)):,}")

# %% [markdown]
# ## 6. The loss, from probabilities
#
# In lesson 03 the decoder gave logits; here it ends in a sigmoid, so the loss starts
# from probabilities: `F.binary_cross_entropy`. The price is precision. Where
# $\hat x$ has been rounded to exactly 0 or 1, its logarithm would be $-\infty$;
# PyTorch cuts it off at $-100$ and goes on. In 32 bits that begins at a logit of about
# 17, in 16 bits (**bfloat16**, which some processors multiply faster) at about 6.
# On a CPU that multiplies faster in 16 bits, the network is trained in them all the
# same: PyTorch computes this loss itself in 32 bits there, and 20 epochs end at the same
# loss in either format (98.9 nats on the test images). On a GPU, PyTorch refuses this
# loss in 16 bits (inside `autocast`, which `fit` uses), so there this lesson trains in
# 32. (With logits, as in lesson 03, neither problem arises.) Whatever is measured is
# measured in 32 bits.
#
# **Exercise 4.** Write the loss. *Summed* over the pixels and over the latent
# dimensions, *averaged* over the images.
#
# <details><summary>Stuck? A second hint</summary>
#
# The sum over pixels has to leave one number for each image, shape `(B,)`, since
# `kl_divergence` has that shape as well. If one term is averaged over pixels and the
# other summed over dimensions, KL wins and all codes collapse.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "vae_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vae_loss(model, x, beta=1.0):
    """Mean over images of reconstruction + beta * KL: the negative ELBO at beta = 1.

    model: model(x) -> x_hat (B, 1, 28, 28) in [0, 1], mu (B, d), logvar (B, d)
    x: tensor (B, 1, 28, 28), pixels in [0, 1]
    Returns a tensor with one number, in nats per image, ready for backward(). The model
    stays in its mode. Where x_hat is 0 or 1 the loss is finite, and its gradient too:
    F.binary_cross_entropy sees to it; in a formula of your own clamp x_hat to
    [1e-7, 1 - 1e-7], no narrower.
    Hint: reduction="none" keeps the pixels apart; .flatten(1) makes rows of them.
    """
    ### BEGIN SOLUTION
    x_hat, mu, logvar = model(x)
    pixels = F.binary_cross_entropy(x_hat, x, reduction="none")  # (B, 1, 28, 28)
    reconstruction = pixels.flatten(1).sum(dim=1)  # (B,)
    return (reconstruction + beta * kl_divergence(mu, logvar)).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_vae_loss", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.vae_loss(vae_loss)
### BEGIN HIDDEN TESTS
checks.vae_loss(vae_loss, draws=[31847])
### END HIDDEN TESTS

# %% [markdown]
# ## 7. Keeping the best epoch
#
# After every epoch the validation loss is measured, and we want the model of the epoch
# where it is lowest. `fit` does this for you; its heart is one small function, and a
# famous bug sits right there. `best = model.state_dict()` keeps *references*: the
# next step changes those very numbers, and "best" is always "last".
#
# **Exercise 5.** Write a function that keeps a copy of the values.
#
# <details><summary>Stuck? A second hint</summary>
#
# `state_dict()` hands out the model's own tensors. You want copies: of the whole
# dictionary at once, or tensor by tensor. `dict(...)` or `.copy()` on the dictionary
# copies the *references* only.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "remember", "locked": false, "schema_version": 3, "solution": true, "task": false}
def remember(model):
    """A snapshot of everything in the model's state_dict, by value.

    Returns a dict as state_dict() does, for model.load_state_dict(snapshot) later.
    Training the model further does not change it, and it includes batch norm's
    running averages. The model stays as it is, and no file is left behind.
    """
    ### BEGIN SOLUTION
    return copy.deepcopy(model.state_dict())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_remember", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
checks.remember(remember)
### BEGIN HIDDEN TESTS
checks.remember(remember, draws=[78101])
### END HIDDEN TESTS

# %% [markdown]
# ## 8. Training
#
# Adam with a step size of 0.001, 20 epochs, validation after each. Expected: two and
# a half minutes on a 2-core laptop that is fast in bfloat16, up to five on others; the
# lowest validation loss is between 98.6 and 100.8 nats on MNIST, and between 236.5 and
# 239 on Fashion-MNIST.
#
# If the kernel dies, run the notebook again: training goes on after the last finished
# epoch, from the file named in `checkpoint`, and ends with the same weights.

# %%
# On a GPU PyTorch refuses this loss in 16 bits.
precision = training.best_precision(device) if device.type == "cpu" else "float32"
training.seed_everything(seed)
model = ConvVAE(latent_dim).to(device)
history = training.fit(
    model,
    vae_loss,
    train,
    validation,
    epochs,
    learning_rate=learning_rate,
    precision=precision,
    checkpoint=checkpoint,
)

# %% tags=["expected-figure"]
low = history.validation.min()
start = min(1, len(history.train) - 1)  # the first epoch would flatten the rest
plots.curves(
    {"training": history.train[start:], "validation": history.validation[start:]},
    f"Lowest validation loss, {low:.1f} nats, in epoch {history.best_epoch}",
    ylabel="loss (nats per image)",
    x=range(start + 1, len(history.train) + 1),
    levels={"lowest": low},
)

# %% [markdown]
# **What to see.** Validation lies *below* training: in the first epochs because the
# training figure averages over weights that were still moving, later mostly because
# batch norm's statistics of single batches add noise to it. (With the weights of epoch 6
# held fixed, the training images cost 105.3 nats in training mode and 103.4 in evaluation
# mode.) Toward the end validation no longer falls every time, since with a constant step
# size the weights never settle.
# Whether the last epoch is the best one is luck, so we keep the best. And why do
# validation images choose, not test images? Whoever picks the best of 20 test losses
# reports luck as skill: the lowest of 20 noisy numbers is lower than what new images
# will give.
#
# `fit` has put the best epoch's weights into `model`. Save them, then load them into a
# *new* model and use only that one from here on: this tests that the file works.

# %%
torch.save(remember(model), weights_path)
best = ConvVAE(latent_dim)
best.load_state_dict(torch.load(weights_path, map_location="cpu", weights_only=True))
best = best.to(device).eval()

# %% [markdown]
# **Exercise 6.** Measure it. A loader's last batch may be smaller than the others, and a
# model may come to you in training mode: your function must be right all the same.
#
# <details><summary>Stuck? A second hint</summary>
#
# Keep three running totals: the reconstruction loss of all images, the KL of all
# images, the number of images. For the first, `reduction="sum"` gives a batch's share.
# And before anything else, think of batch norm.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "evaluate", "locked": false, "schema_version": 3, "solution": true, "task": false}
@torch.no_grad()
def evaluate(model, loader):
    """Mean reconstruction loss and mean KL over all images of a loader.

    model: model(x) -> x_hat, mu, logvar; put into evaluation mode first (the model
    itself or a copy), and left there or in the mode it came in
    loader: a DataLoader of (x, y), x of shape (B, 1, 28, 28); B varies
    Returns two floats, in nats per image, as vae_loss counts them. No gradients.
    Hint: add up sums over images, divide by the number of images at the end.
    """
    ### BEGIN SOLUTION
    model.eval()
    device = next(model.parameters()).device
    reconstruction, kl, count = 0.0, 0.0, 0
    for x, _ in loader:
        x = x.to(device)
        x_hat, mu, logvar = model(x)
        reconstruction += F.binary_cross_entropy(x_hat, x, reduction="sum").item()
        kl += kl_divergence(mu, logvar).sum().item()
        count += len(x)
    return reconstruction / count, kl / count
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_evaluate", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
checks.evaluate(evaluate)
### BEGIN HIDDEN TESTS
checks.evaluate(evaluate, draws=[26407])
### END HIDDEN TESTS

# %% [markdown]
# If the best epoch is also the last one, a snapshot by reference does no harm, and the
# bug stays hidden. Bring it out: take both kinds of snapshot of this model, let ten
# steps of a far too large size ruin it, and go back to each of them.

# %%
net = copy.deepcopy(best).train()
snapshots = {"by reference": net.state_dict(), "by value": remember(net)}
optimizer = torch.optim.Adam(net.parameters(), lr=0.1)  # a hundred times too large

# %%
for x, _ in islice(train, 10):
    optimizer.zero_grad()
    vae_loss(net, x.to(device)).backward()
    optimizer.step()

# %%
print(f"best epoch: {history.best_epoch} of {len(history.train)}")
print(f"before the bad steps    {sum(evaluate(best, validation)):7.1f} nats")
for name, snapshot in snapshots.items():
    net.load_state_dict(snapshot)
    print(f"back, {name:18s}{sum(evaluate(net, validation)):7.1f} nats")

# %% [markdown]
# **What to see.** The snapshot by reference went along with the bad steps: going back to
# it changes nothing. The one by value brings the old loss back, up to the noise in $z$.
#
# Now the test images, once.

# %%
reconstruction, kl = evaluate(best, test)
print(f"reconstruction {reconstruction:.2f} + KL {kl:.2f} = {reconstruction + kl:.2f}")

# %%
with torch.no_grad():
    x_hat, _, _ = best(x_test[:10])  # (10, 1, 28, 28)
plots.image_rows(
    {"originals": x_test[:10], "reconstructed": x_hat},
    f"{latent_dim} numbers per image, through convolutions",
    alt="Ten test images above their reconstructions.",
)

# %% tags=["expected-figure", "cover"]
training.seed_everything(seed)
with torch.no_grad():
    z = torch.randn(50, latent_dim, device=device)
    samples = best.decode(z)  # (50, 1, 28, 28)
plots.image_grid(
    samples,
    "Samples from the prior",
    alt="A sheet of fifty generated images.",
)

# %% [markdown]
# How many of them are good? An eye counts what it wants to see. A small classifier,
# trained on real images in seconds, judges a thousand samples in the same way each
# time: of how many is it **sure** (probability at least 0.8), and how many classes do
# they cover (10 if all are equally common)?

# %%
classifier = sample_quality.train_classifier(images.train, seed=seed)

# %%
training.seed_everything(seed)
with torch.no_grad():
    samples = best.decode(torch.randn(1_000, latent_dim, device=device))
for name, pictures in {"samples": samples, "test images": x_test[:1_000]}.items():
    found = sample_quality.quality(classifier, pictures)
    print(
        f"{name:11s}: sure of {100 * found.sure:4.1f} %, {found.classes:4.1f} classes"
    )

# %% [markdown]
# **What to see.** By eye, about half of these samples from MNIST are digits; the others
# lie between two digits or break off. The classifier is sure of 42 % of a thousand, and
# of 89 % of the test images. With `dataset = "FashionMNIST"` at the top (run it) the
# outline and the kind of garment are right, while prints and seams are missing: 20
# numbers have no room for them, and an average over everything they leave open is
# smooth.
#
# What do codes *between* two images decode to: a shape on the way from one to the
# other, or two faint images on top of each other, as mixed pixels would be? Lesson 02's
# walk, with this model:

# %%
with torch.no_grad():
    (a, b), _ = best.encode(x_test[:2])  # (d,) each
    t = torch.linspace(0, 1, 10, device=device)[:, None]  # (10, 1)
    between = best.decode((1 - t) * a + t * b)  # (10, 1, 28, 28)

# %%
plots.image_rows(
    {"codes mixed": between},
    "A straight walk from one test image's code to another's",
    alt="Ten decoded images that pass from the first test image to the second.",
)

# %% [markdown]
# **What to see.** One shape changes into the other: the bar of the 7 curves into the top
# of the 2, and its stem breaks and bends into the foot. Mixed pixels would show both
# images at every step. Yet the middle is no digit: the straight line between two codes
# can lead through a region where few images have theirs.
#
# ## 9. Forgetting `eval()`
#
# Now break it on purpose. In training mode batch norm uses the *batch's* mean and
# variance. Send one image through the encoder twice, each time with 99 other images:


# %%
def code_among(model, others):
    """mu of the first test image, in a batch with these others."""
    with torch.no_grad():
        mu, _ = model.encode(torch.cat([x_test[:1], others]))  # (B, d)
    return mu[0]


label = images.test.labels
same_class = x_test[torch.tensor(label == 1)]
print("distance between the two codes of one image, among mixed images and among")
print(f"images of class {images.class_names[1]}:")
for mode in (True, False):
    net = copy.deepcopy(best).train(mode)
    moved = code_among(net, x_test[1:100]) - code_among(net, same_class[:99])
    print(f"  {'train' if mode else 'eval '} mode: {moved.norm().item():.2f}")

# %% [markdown]
# A batch of one image leaves batch norm nothing to divide by: after a dense layer, one
# number for each unit has no spread.

# %%
try:
    copy.deepcopy(best).train()(x_test[:1])
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# And a whole batch of one class loses what its images have in common.

# %% tags=["expected-figure"]
with torch.no_grad():
    forgotten, _, _ = copy.deepcopy(best).train()(same_class[:100])
    remembered, _, _ = best(same_class[:100])  # (100, 1, 28, 28)
plots.image_rows(
    {
        "originals": same_class[:10],
        "eval mode": remembered[:10],
        "train mode": forgotten[:10],
    },
    "A batch of one class, reconstructed in eval mode and in train mode",
    alt="Ten images of one class, their reconstructions in eval mode, and those in "
    "train mode.",
)

# %% [markdown]
# Worst of all, a look is enough to change the model: in training mode every forward
# pass, even under `no_grad()`, moves the running averages. Measure the loss after a few
# careless looks at images of one class:

# %%
spoiled = copy.deepcopy(best).train()
with torch.no_grad():
    for _ in range(20):
        spoiled(same_class[:100])
parts = evaluate(spoiled, test)
print(f"before: {reconstruction + kl:.1f} nats, after 20 careless looks: ", end="")
print(f"{sum(parts):.1f}, in eval mode and without a single training step")

# %% [markdown]
# **What to see.** In eval mode a code depends on its image alone: distance 0. In train
# mode the other images move it. The batch of one class shows it best: batch norm
# subtracts what all its images share, and the rest is decoded as if it came from a mixed
# batch. Then the careless looks: no gradient, no optimizer, and the loss is more than
# three times as high and stays there, because the running averages now describe the
# wrong images.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_eval", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 1 (5 points).** A friend's test loss is fine with batches of 1,000 and bad
# with batches of 4; the images are the same. What happened, and why does the batch size
# decide? Their colleague measures *training* loss with `eval()` and finds it lower than
# the average that `fit` reported for the last epoch. Is that a mistake?
#
# ### BEGIN SOLUTION
# *Model answer.* The friend forgot `eval()`. Mean and variance of 1,000 mixed images
# are close to the running averages, so nothing shows; those of 4 images are mostly
# chance, and every code is shifted by the other images in its batch. The colleague made
# no mistake: `fit` averages the loss while the weights move, so early batches of the
# epoch count with worse weights, and batch norm used each batch's own statistics.
#
# *Rubric.* 2 points for the missing `eval()`, 1 for why large batches hide it, 2 for a
# reason why the colleague's number may be lower.
# ### END SOLUTION

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_convolution", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# **Think 2 (5 points).** At the start: shuffle all images' pixels in the same fixed
# way. Why would the dense VAE not mind, and what would happen to this one? Name a kind
# of data for which you would not use convolutions.
#
# ### BEGIN SOLUTION
# *Model answer.* A dense layer connects every pixel with every unit; a fixed
# permutation only renames its weights, so training gives the same loss. A convolution
# looks at 4 x 4 neighbors and uses the same weights everywhere: it assumes that nearby
# pixels belong together and that a stroke looks the same wherever it is. After
# shuffling neither holds, so this model loses its advantage: its loss would be clearly
# higher than before. Not suited: tables whose columns have no order, such as the fields
# of a form.
#
# *Rubric.* 2 points for the dense layer, 2 for locality or weight sharing, 1 for an
# example without neighborhoods.
# ### END SOLUTION

# %% [markdown]
# ## 10. The opening claims, tested
#
# Have you written your answer to Think 2? Then run it. Lesson 03's dense VAE and this
# one train for two epochs each, once on the images as they are and once with all pixels
# shuffled in the same way: four short trainings, about a minute.


# %%
class DenseVAE(nn.Module):
    """784 - 512 - (mu, logvar) - z - 512 - 784, without batch norm."""

    def __init__(self, latent_dim):
        super().__init__()
        self.encode_both = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 2 * latent_dim)
        )
        self.decode = nn.Sequential(
            *(nn.Linear(latent_dim, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid()),
            nn.Unflatten(1, (1, 28, 28)),
        )

    def encode(self, x):
        return self.encode_both(x).chunk(2, dim=1)

    forward = ConvVAE.forward  # draws z in the same way


# %%
order = torch.randperm(784, generator=torch.Generator().manual_seed(seed)).numpy()


def shuffled(split):
    """A split whose images all have their pixels in the same other order."""
    return data.Split(split.flat[:, order].reshape(-1, 28, 28), split.labels)


# %%
sets = {
    "as they are": (images.train, images.validation),
    "shuffled": (shuffled(images.train), shuffled(images.validation)),
}

# %%
trained, final = {}, {}
for make in (DenseVAE, ConvVAE):
    for name, (train_part, validation_part) in sets.items():
        training.seed_everything(seed)
        net = make(latent_dim).to(device)
        short = training.fit(
            net,
            vae_loss,
            data.loader(train_part, batch_size, shuffle=True, flat=False, seed=seed),
            data.loader(validation_part, 1_000, flat=False),
            epochs=min(2, epochs),
            learning_rate=learning_rate,
            precision=precision,
            description=f"{make.__name__}, {name}",
        )
        trained[make, name], final[make, name] = net, short.validation[-1]

# %%
for make in (DenseVAE, ConvVAE):
    plain, mixed = (final[make, name] for name in sets)
    print(f"{make.__name__:8s}: validation loss {plain:.1f} nats, shuffled {mixed:.1f}")

# %% [markdown]
# **What to see.** The dense model does not mind: its two losses differ by 0.3 nats. (Its
# first weights are random, so that a fixed shuffle of the pixels is no more than another
# seed.) The convolutional model loses 25 nats and falls far behind the dense one: in a
# shuffled image nearby pixels have little to do with each other.
#
# Shuffling is a strong test; a gentle one is to **shift** each test image by one pixel,
# which an eye hardly notices. A convolution does the same thing everywhere, so it should
# not mind. Does it? How much does the reconstruction loss rise?


# %%
@torch.no_grad()
def shifted_loss(model, pixels):
    """Reconstruction loss, mu decoded, of test images moved to the right: nats."""
    x = F.pad(x_test, (pixels, 0, 0, 0))[..., :28]  # (N, 1, 28, 28)
    x_hat = model.decode(model.encode(x)[0])
    return F.binary_cross_entropy(x_hat, x, reduction="sum").item() / len(x)


# %%
rows = {
    "DenseVAE, 2 epochs": trained[DenseVAE, "as they are"],
    "ConvVAE, 2 epochs": trained[ConvVAE, "as they are"],
    "ConvVAE, section 8": best,
}

# %%
print("pixels to the right     0      1      2      3")
for name, net in rows.items():
    values = [shifted_loss(net.eval(), pixels) for pixels in range(4)]
    print(f"{name:18s}" + "".join(f"{value:7.1f}" for value in values))

# %% [markdown]
# **What to see.** One pixel costs each model eight or nine nats, two pixels thirty or
# more: they all rely on MNIST's careful centering. The convolutional models are no
# better at this than the dense one; at three pixels they are worse. Why? Their
# convolutions are **equivariant**: shift the image by 4 pixels (their two strides
# multiplied), and the 7 x 7 maps shift by one. But the dense layer behind them has other
# weights for each place of the map, and it has only seen digits in the middle. To know
# which pixels are neighbors is not the same as to know that a shift changes nothing.
#
# Part of it is the judge. A loss that compares pixel by pixel is harsh on a perfect
# picture in the wrong place:

# %%
moved = F.pad(x_test, (1, 0, 0, 0))[..., :28]  # (N, 1, 28, 28), one pixel to the right
with torch.no_grad():
    x_hat = best.decode(best.encode(x_test)[0])
print(f"test images and their reconstructions: MSE {F.mse_loss(x_hat, x_test):.4f}")
print(f"test images and themselves, shifted:   MSE {F.mse_loss(moved, x_test):.4f}")

# %% [markdown]
# **What to see.** The image itself, one pixel to the right, has four times the error of
# a slightly blurred reconstruction in the right place. By this measure it is as far off
# as PCA with 8 components (0.037, lesson 00), which an eye would never say. That is why
# models trained with such losses rather blur a stroke than risk putting it in the wrong
# place.
#
# ## 11. Your figures against the expected ones
#
# The dense 784-512-20 model of lesson 03 reaches 102.4 nats on MNIST. That is not a
# clean comparison: depth, batch norm and schedule differ as well; lesson 05 goes step by
# step. Losses on the two data sets cannot be compared with each other: a *perfect*
# reconstruction costs 45.5 nats on MNIST and 189.9 on Fashion-MNIST, because clothes
# have more gray pixels (lesson 00).

# %%
bands = {
    "MNIST": {"loss": (97.8, 100), "reconstruction": (74.8, 77.5), "KL": (21.7, 23.8)},
    "FashionMNIST": {
        "loss": (238, 241.5),
        "reconstruction": (222.5, 226.5),
        "KL": (14.3, 16),
    },
}
figures = {"loss": reconstruction + kl, "reconstruction": reconstruction, "KL": kl}
facts = dict(dataset=dataset, seed=seed, epochs=len(history.train), device=device)
facts |= dict(best_epoch=history.best_epoch, seconds=round(history.seconds, 1))
for name, value in figures.items():
    metrics.record(f"test {name}", value, bands[dataset][name], "nats", **facts)

# %% [markdown]
# ## Summary
#
# A convolution knows which pixels are neighbors. With batch norm and two more layers on
# either side, this model has a lower loss than lesson 03's with half the weights.
# Strided layers halve a map, transposed ones double it, and a window that is a multiple
# of the stride reaches every inner pixel equally often. Batch norm keeps the numbers
# between layers steady and asks for one habit in return: `eval()` before you measure or
# use a model. Validation chooses the epoch, a copy by value keeps it, and a file that
# has been loaded again is a file you can trust.
#
# **Further reading**
# - V. Dumoulin and F. Visin (2016), *A Guide to Convolution Arithmetic for Deep
#   Learning*.
# - A. Odena, V. Dumoulin and C. Olah (2016), *Deconvolution and Checkerboard Artifacts*.
# - S. Ioffe and C. Szegedy (2015), *Batch Normalization: Accelerating Deep Network
#   Training by Reducing Internal Covariate Shift*.
# - A. Radford, L. Metz and S. Chintala (2016), *Unsupervised Representation Learning
#   with Deep Convolutional Generative Adversarial Networks*: the recipe of strided
#   convolutions with batch norm.
#
# **Next:** lesson 05 asks how many latent dimensions a digit needs, and takes the loss
# well below what this model reaches.
