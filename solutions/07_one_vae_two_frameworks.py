# ---
# jupyter:
#   course:
#     runs:
#     - backend: tensorflow
#     - backend: torch
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
# # 07 · One VAE, two frameworks
#
# Keras or PyTorch? And if two people build "the same model", one in each, is it the
# same? Here you write the VAE of lesson 03 once more, in Keras, which itself computes
# with TensorFlow or with PyTorch. Then you carry its weights into PyTorch and into
# twenty lines of NumPy and hold the three against each other: outputs, losses,
# gradients, ten steps of Adam. On the way you meet five mistakes that raise no error.
#
# **You will be able to**
# - write a layer with random numbers of its own, and a model with its own loss, in
#   Keras,
# - save a model so that another process, and another framework, can load it,
# - prove that two implementations are the same, number by number,
# - name the defaults in which two frameworks differ, and say what a run costs in each.
#
# **Time:** reading 40 min, writing 50 min, computing about 3 min on a 2-core laptop.
#
# Each **What to see** below describes a full run on the real images, with TensorFlow
# below. In fast mode, or on the synthetic stand-in, yours will differ.
#
# Symbols, names in code, terms: [notation](notation.ipynb).

# %% tags=["parameters"]
# Parameters: change them here. Instructors also have `course run 07 -p NAME VALUE`.
backend = "tensorflow"  # or "torch": what Keras computes with; restart after a change
dataset = "FashionMNIST"  # or "MNIST"
epochs: int = None  # passes over the training images; None: the budget below
short_epochs: int = None  # the same for the short runs; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
batch_size = 250  # images in one step
learning_rate = 0.002  # Adam's first step size; it falls along a cosine
latent_dim = 20  # numbers in a code
seed = 0  # for the first weights, the order of the images and the noise
out_dir = "outputs/07_one_vae_two_frameworks"  # where the models go

# %%
import os
from pathlib import Path

from helpers.keras_start import quiet_start

os.environ["KERAS_BACKEND"] = backend  # Keras reads it once, when it is imported
with quiet_start():
    import keras

# %%
import numpy as np
from keras import layers, ops
from helpers import apart, data, metrics, plots, training
from helpers.budget import budget
from helpers.checks import lesson07 as checks

# %%
backend = keras.backend.backend()  # a kernel that has Keras already keeps its backend
other = {"tensorflow": "torch", "torch": "tensorflow"}[backend]
epochs = budget("epochs", epochs, full=12, fast=1)
short_epochs = budget("short_epochs", short_epochs, full=4, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=1_500)
print("Keras computes with", backend)

# %%
images = data.load(dataset, train_images=train_images, seed=seed)
x_train, x_validation = images.train.flat, images.validation.flat  # (55000, 784)
x_test = images.test.flat  # (10000, 784)
first = [np.flatnonzero(images.test.labels == c)[0] for c in range(10)]

# %% [markdown]
# ## 1. One language for two machines
#
# Keras is a language for models. The arithmetic is done by a **backend**: TensorFlow
# (or PyTorch, or JAX). `keras.ops` holds the functions: `ops.exp`, `ops.sum`,
# `ops.shape`. Whoever writes with them, and with nothing of a backend's own, writes for
# all.
#
# There is a catch. With PyTorch below, a function is run line by line, with numbers.
# With TensorFlow below, `fit` runs your Python **once**, with placeholders for the
# numbers. It notes which operations you ask for, and from then on repeats that
# **graph** without Python. What is not an operation, such as a number from
# `np.random`, is noted as it was that one time.

# %% [markdown]
# ## 2. A layer that draws
#
# You know the formula from lesson 03: $z = \mu + \sigma\,\varepsilon$ with
# $\sigma = \exp(\tfrac12\,\texttt{logvar})$ and $\varepsilon \sim \mathcal N(0, I)$. A
# Keras layer that draws random numbers owns a `keras.random.SeedGenerator`. Its state
# is kept like a weight, and each draw moves it on, in a graph as well.
#
# **Exercise 1.** Write the layer.
#
# <details><summary>Stuck? A second hint</summary>
#
# The generator is made once, in `__init__`; `call` hands it to `keras.random.normal` as
# `seed=`. How many images a batch has is not known while the graph is made: `mu.shape`
# says `None` there, `ops.shape(mu)` says it when it is known.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "sampling", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Sampling(layers.Layer):
    """Draw a code for each image: sampling(mu, logvar) -> z.

    seed: int or None; two layers made with one int draw the same numbers, in the same
        order, whatever else is drawn meanwhile; with None they draw different ones.
    options: what every Keras layer takes, such as its name.
    mu, logvar: tensors (B, d) of any B; logvar is log(sigma^2).
    Returns z, (B, d): a fresh draw from N(mu, sigma^2) in every call, inside `fit` too,
    with gradients to mu and logvar.
    Hint: keras.random.normal(shape, seed=a_seed_generator).
    """

    def __init__(self, seed=None, **options):
        super().__init__(**options)
        ### BEGIN SOLUTION
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)
        ### END SOLUTION

    def call(self, mu, logvar):
        ### BEGIN SOLUTION
        epsilon = keras.random.normal(ops.shape(mu), seed=self.generator)  # (B, d)
        return mu + ops.exp(0.5 * logvar) * epsilon
        ### END SOLUTION

    def get_config(self):
        """What `__init__` was given, by name: super().get_config() and the seed."""
        ### BEGIN SOLUTION
        return super().get_config() | {"seed": self.seed}
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sampling", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.sampling(Sampling)
### BEGIN HIDDEN TESTS
checks.sampling(Sampling, draws=[60127])
### END HIDDEN TESTS

# %% [markdown]
# **Failing on purpose: noise that is drawn once.** The same layer with NumPy's noise
# works when you call it. Ask both layers for 200 draws, in 200 calls, the way
# `fit` and `predict` would.


# %%
class DrawnOnce(layers.Layer):
    """NumPy draws when Python runs: on TensorFlow, while the graph is made."""

    def call(self, mu, logvar):
        epsilon = ops.convert_to_tensor(np.random.normal(size=mu.shape[1:]), "float32")
        return mu + ops.exp(0.5 * logvar) * epsilon


# %%
def different_rows(layer):
    """How many of 200 draws at mu = 0, sigma = 1 differ, made by `predict`."""
    mu, logvar = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([mu, logvar], layer(mu, logvar))
    model.compile(jit_compile=False)
    zeros = np.zeros((200, 2), np.float32)
    z = model.predict([zeros, zeros], batch_size=1, verbose=0)  # a call for each row
    return len(np.unique(z, axis=0))


# %%
for layer in (Sampling(seed), DrawnOnce()):
    print(f"{type(layer).__name__:10s} {different_rows(layer):3} of 200 differ")

# %% [markdown]
# **What to see.** With TensorFlow below, `DrawnOnce` draws one single time: every image
# of every epoch gets the same $\varepsilon$. The encoder learns to subtract it, the
# noise means nothing, and no line of the training looks wrong. With PyTorch below, the
# same code draws 200 times. A layer that only works on one backend is a bug that
# waits.

# %% [markdown]
# ## 3. The two terms of the loss
#
# As in lesson 03, in nats: the cross-entropy of an image, *summed* over its 784 pixels,
# and the KL of its code, *summed* over the $d$ dimensions. With logits $a$ the
# cross-entropy of a pixel is
# $-x\log\mathrm{sigmoid}(a) - (1-x)\log(1-\mathrm{sigmoid}(a))
# = \mathrm{softplus}(a) - x\,a$, where $\mathrm{softplus}(a)=\log(1+e^a)$.
#
# **Exercise 2.** Write both.
#
# <details><summary>Stuck? A second hint</summary>
#
# `ops.softplus` exists, and stays exact for large `a`. `ops.sum(..., axis=1)` leaves
# one number for each image. For the KL, take the formula of lesson 03.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "loss_terms", "locked": false, "schema_version": 3, "solution": true, "task": false}
def loss_terms(x, logits, mu, logvar):
    """Reconstruction loss and KL of each image, in nats, with gradients.

    x: tensor (B, D), pixels in [0, 1]; logits: tensor (B, D), before the sigmoid
    mu, logvar: tensors (B, d)
    Returns two tensors of shape (B,): the binary cross-entropy, summed over the D
    pixels, and KL( N(mu, sigma^2) || N(0, I) ), summed over the d dimensions. Works in
    a graph too; nothing is limited or rounded.
    Hint: keras.ops, or your backend's own functions; never NumPy's.
    """
    ### BEGIN SOLUTION
    pixels = ops.softplus(logits) - x * logits  # (B, D)
    dimensions = 0.5 * (ops.square(mu) + ops.exp(logvar) - 1 - logvar)  # (B, d)
    return ops.sum(pixels, axis=1), ops.sum(dimensions, axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_loss_terms", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.loss_terms(loss_terms)
### BEGIN HIDDEN TESTS
checks.loss_terms(loss_terms, draws=[35209])
### END HIDDEN TESTS

# %% [markdown]
# **The floor.** What does a *perfect* reconstruction cost, $\mathrm{sigmoid}(a) = x$?
# Not 0: a gray pixel of 0.5 costs $\log 2 = 0.69$ nats even so, a black or white one
# nothing. And what does the mean image cost, for whoever ignores the code?


# %%
def cost_of(p, x):
    """Reconstruction loss of each image of x where the pixels p are answered."""
    p = np.clip(np.broadcast_to(p, x.shape), 1e-6, 1 - 1e-6)
    nothing = ops.zeros((len(x), 1))
    logits = ops.convert_to_tensor(np.log(p / (1 - p)), "float32")
    terms = loss_terms(ops.convert_to_tensor(x), logits, nothing, nothing)
    return ops.convert_to_numpy(terms[0])  # (N,)


# %%
floors = cost_of(x_test, x_test)
floor, ceiling = floors.mean(), cost_of(x_train.mean(axis=0), x_test).mean()
print(f"perfect copy: {floor:.2f} nats an image, mean image: {ceiling:.2f}")

# %%
by_class = {
    name.split("/")[0]: round(floors[images.test.labels == c].mean())
    for c, name in enumerate(images.class_names)
}
plots.bars(
    by_class,
    "The floor belongs to the picture: gray surfaces cost most",
    ylabel="BCE of a perfect copy (nats an image)",
    levels={"all classes": floor},
)

# %% [markdown]
# **What to see.** Clothes are gray surfaces, and their floor of 189.9 nats is more than
# four times that of the black and white digits (45.5). A loss of 245 on clothes is
# thus no worse than lesson 03's 102 on digits: 55 and 57 nats above the floor. Never
# compare losses of two data sets without it. Nor do two classes of one set compare: a
# pullover's floor is more than twice a sandal's, however well a model knows pullovers.

# %% [markdown]
# ## 4. A model that knows its loss
#
# The two halves are yours from lessons 01 and 03: 784-512-(mu, logvar) and d-512-784.


# %%
def build_encoder(latent_dim):
    """784 - 512 - (mu, logvar)."""
    x = keras.Input((784,))
    h = layers.Dense(512, activation="relu")(x)  # (B, 512)
    mu = layers.Dense(latent_dim, name="mu")(h)  # (B, d)
    logvar = layers.Dense(latent_dim, name="logvar")(h)  # (B, d)
    return keras.Model(x, [mu, logvar], name="encoder")


# %%
def build_decoder(latent_dim):
    """The code, 512, 784 logits."""
    z = keras.Input((latent_dim,))
    h = layers.Dense(512, activation="relu")(z)  # (B, 512)
    return keras.Model(z, layers.Dense(784)(h), name="decoder")  # (B, 784)


# %% [markdown]
# Keras' `fit` does the loop. What it cannot know is the loss, as ours depends on `mu`
# and `logvar`. So the model tells it: `fit` calls `compute_loss`, with its arguments in
# the order below, and follows the gradient of what that returns. `x` is the batch,
# `y_pred` is what `call` has returned for it.
#
# The bar and the history show what **trackers** hold. A `keras.metrics.Mean` that is an
# attribute of the model is emptied by `fit` at the start of each epoch; `compute_loss`
# fills it with `update_state(values)`, and it averages all values it was given.
#
# **Exercise 3.** Write the model.
#
# <details><summary>Stuck? A second hint</summary>
#
# Give each tracker one number for each image, as `loss_terms` returns them, and it
# averages over images. Its name is what `fit` calls it:
# `keras.metrics.Mean(name="kl")`. In `compute_loss`, `y_pred` is the tuple of three that
# `call` returned.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "vae_model", "locked": false, "schema_version": 3, "solution": true, "task": false}
class VAE(keras.Model):
    """Encoder, a drawn z, decoder: vae(x) -> logits, mu, logvar. Trained by fit(x).

    encoder(x) -> mu, logvar; sampling(mu, logvar) -> z; decoder(z) -> logits: three
    Keras layers or models, kept as attributes of these names. Each is called once in
    each call of the model, and once for each batch in fit and evaluate.
    options: what every Keras model takes, such as its name.
    The loss of a batch is the mean over its images of reconstruction + KL. `fit` and
    `evaluate` report loss, reconstruction and kl: each the mean over all images of the
    epoch, whatever the sizes of the batches.
    compute_loss is one way; train_step and test_step, or add_loss, are others.
    """

    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(**options)
        self.encoder, self.decoder, self.sampling = encoder, decoder, sampling
        ### BEGIN SOLUTION
        self.reconstruction = keras.metrics.Mean(name="reconstruction")
        self.kl = keras.metrics.Mean(name="kl")
        ### END SOLUTION

    def call(self, x):
        ### BEGIN SOLUTION
        mu, logvar = self.encoder(x)
        return self.decoder(self.sampling(mu, logvar)), mu, logvar
        ### END SOLUTION

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        ### BEGIN SOLUTION
        reconstruction, kl = loss_terms(x, *y_pred)  # (B,) each
        self.reconstruction.update_state(reconstruction)
        self.kl.update_state(kl)
        return ops.mean(reconstruction + kl)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_vae_model", "locked": true, "points": 25, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.vae_model(VAE)
### BEGIN HIDDEN TESTS
checks.vae_model(VAE, draws=[14873])
### END HIDDEN TESTS

# %% [markdown]
# Callbacks do the rest: one draws the bar, one saves the weights of the epoch with the
# lowest **validation** loss. `jit_compile` and `steps_per_execution`, two options of
# `compile`, change the speed and not the result: section 8 measures both.


# %%
def new_vae(latent_dim=latent_dim):
    """A VAE with the same first weights each time."""
    keras.utils.set_random_seed(seed)
    parts = build_encoder(latent_dim), build_decoder(latent_dim), Sampling(seed)
    return VAE(*parts, name="vae")


# %%
def compile_for(model, steps):
    """Adam with a step size that falls over so many steps, and a plain graph."""
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(optimizer=keras.optimizers.Adam(rate), jit_compile=False)


# %%
def train(model, x, epochs, validation=x_validation, description="training"):
    """Train with Adam; keep the weights of the best epoch. Returns a History."""
    compile_for(model, epochs * -(-len(x) // batch_size))
    best = Path(out_dir, f"{description}.weights.h5".replace(" ", "_"))
    best.parent.mkdir(parents=True, exist_ok=True)
    keep = keras.callbacks.ModelCheckpoint(
        best, "val_loss", save_best_only=True, save_weights_only=True
    )
    bar = training.keras_progress(epochs, description)
    history = model.fit(
        x,
        epochs=epochs,
        batch_size=batch_size,
        verbose=0,
        callbacks=[bar, keep],
        validation_data=(validation, None),
        validation_batch_size=1_000,
    )
    model.load_weights(best)
    return history


# %% [markdown]
# Expected: about a minute on a 2-core laptop; the validation loss is near 262 nats after
# the first epoch and between 242 and 245 after the last.

# %%
vae = new_vae()
history = train(vae, x_train, epochs)

# %% tags=["expected-figure"]
plots.curves(
    {"training": history.history["loss"], "validation": history.history["val_loss"]},
    "The loss falls toward the floor, and stays far above it",
    ylabel="loss (nats per image)",
    levels={"perfect copies, at no price for codes": floor},
)

# %% [markdown]
# Now the test images, once.

# %%
figures = vae.evaluate(x_test, batch_size=1_000, verbose=0, return_dict=True)
print({name: round(value, 2) for name, value in figures.items()})

# %% [markdown]
# **What to see.** The reconstruction is about 39 nats above the floor: that is what the
# pictures lose. The KL, 16 nats, is what the codes cost.
#
# **Failing on purpose: a mean of means.** A habit that is still copied: hand the tracker
# the batch's mean. In batches of 1,000 nothing shows. In batches of
# 9,999 and 1, the last image counts as much as all others:

# %%
per_image = floors[np.argsort(floors)]  # (10000,), the most expensive image last

# %%
by_image, by_batch = keras.metrics.Mean(), keras.metrics.Mean()
for batch in (per_image[:-1], per_image[-1:]):
    by_image.update_state(batch)
    by_batch.update_state(batch.mean())
print(f"mean over images {float(by_image.result()):.1f} nats, ", end="")
print(f"mean over batches {float(by_batch.result()):.1f} nats")

# %% [markdown]
# **What to see.** The same 10,000 numbers, and two means. Your VAE's trackers get one
# number for each image, so the size of a batch does not matter; the check of exercise
# 3 tries unequal batches for this reason.

# %% [markdown]
# ## 5. Saved here, loaded elsewhere
#
# `model.save("vae.keras")` writes a zip of two things: the weights, and a **config**, a
# text that says which class to call with which arguments. There is no code in it.
# Whoever loads it needs
#
# - the classes, **registered** under the names in the text,
# - `get_config`, which says what `__init__` was given, and, where parts of a model are
#   models, `from_config`, which makes them again.


# %%
PARTS = ("encoder", "decoder", "sampling")


class SavableVAE(VAE):
    """Your VAE, with the two methods that turn it into text and back."""

    def get_config(self):
        parts = (self.encoder, self.decoder, self.sampling)
        texts = map(keras.saving.serialize_keras_object, parts)
        return super().get_config() | dict(zip(PARTS, texts, strict=True))

    @classmethod
    def from_config(cls, config):
        again = keras.saving.deserialize_keras_object
        parts = [again(config.pop(name)) for name in PARTS]
        return cls(*parts, **config)


# %%
file = f"{out_dir}/vae.keras"
savable = SavableVAE(vae.encoder, vae.decoder, vae.sampling)
savable(x_test[:1])  # a model that was never called has no weights to save
keras.saving.register_keras_serializable("lesson07")(Sampling)
keras.saving.register_keras_serializable("lesson07")(SavableVAE)
savable.save(file)

# %% [markdown]
# The proof is another process, with the *other* backend. `apart.call` starts a new
# Python, hands it a function of this notebook with all that the function uses, and
# brings back what it returns. First without the classes, then with them.


# %%
def load_elsewhere(file, z, *classes):
    """Decode z with a saved model; or return what went wrong."""
    import keras

    for each in classes:
        keras.saving.register_keras_serializable("lesson07")(each)
    try:
        model = keras.saving.load_model(file)
    except TypeError as error:
        return str(error).partition(".")[0]
    return keras.ops.convert_to_numpy(model.decoder(z))


# %%
def load_twice(file, z, *classes):
    """In one new process: without the classes, then with them."""
    return load_elsewhere(file, z), load_elsewhere(file, z, *classes)


# %%
z_some = np.random.default_rng(seed).normal(size=(100, latent_dim)).astype("float32")
there = apart.call(
    load_twice, os.path.abspath(file), z_some, Sampling, SavableVAE, backend=other
)

# %%
here = ops.convert_to_numpy(vae.decoder(z_some))  # (100, 784)
print("without the classes:", there[0])
print(f"with them, on {other}: logits differ by {np.abs(there[1] - here).max():.1e}")
assert np.abs(there[1] - here).max() < 1e-4

# %% [markdown]
# **Failing on purpose: a config that forgets.** Somebody adds an argument to your layer
# and not to its `get_config`. Saving works, loading works:


# %%
@keras.saving.register_keras_serializable("lesson07")
class CoolSampling(Sampling):
    """To draw closer to mu, for prettier pictures; here only its config matters."""

    def __init__(self, temperature=1.0, **options):
        super().__init__(**options)
        self.temperature = temperature


# %%
cool = SavableVAE(vae.encoder, vae.decoder, CoolSampling(temperature=0.1))
cool(x_test[:1])
cool.save(f"{out_dir}/cool.keras")

# %%
loaded = keras.saving.load_model(f"{out_dir}/cool.keras")
print("saved with", cool.sampling.temperature, "- loaded with", end=" ")
print(loaded.sampling.temperature)

# %% [markdown]
# **What to see.** No error, no warning, another model: `__init__` has a default, and
# takes it. If you write a layer, write its config in the same minute, and test it by
# loading in a new process.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_saving", "locked": false, "points": 7, "schema_version": 3, "solution": true, "task": false}
# **Think 1 (7 points).** A colleague sends you `best.keras` and says that it "contains the
# model". What is in the file, what is not, and what must you ask for before you can
# load it and trust what it computes? Name two ways in which loading fails, one of them
# without an error.
#
# ### BEGIN SOLUTION
# *Model answer.* In the file are the weights (and the optimizer's state, if the model
# was compiled) and a config: names of classes and the arguments to make them with. The
# code of custom classes is not in it. I need that code, in the version it was saved
# with, registered under the same names, and the Keras version. Without the classes
# loading stops ("Could not locate class"). If a layer's `get_config` leaves out an
# argument, loading takes the default and the model computes something else, as
# `CoolSampling` does. So I also ask for a few inputs with their outputs and compare,
# in a new process.
#
# *Rubric.* 2 points: weights and config, no code. 2: asks for the classes, registered
# (1), and for inputs with outputs to compare (1). 1: the failure with an error. 2: the
# silent one, with its cause.
# ### END SOLUTION

# %% [markdown]
# ## 6. The same weights, three ways
#
# Keras' `Dense` computes `x @ kernel + bias` with a kernel of shape (in, out). PyTorch's
# `nn.Linear` keeps its weight as (out, in) and computes `x @ weight.T + bias`. So a
# kernel must be **transposed** on its way. Where a matrix is square, nothing complains
# if you forget.
#
# **Exercise 4.** Write the translation.
#
# <details><summary>Stuck? A second hint</summary>
#
# Ten arrays, five pairs. Every second one is a bias and stays as it is. Do not decide
# by the shape whether to transpose: decide by the place.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "to_torch", "locked": false, "schema_version": 3, "solution": true, "task": false}
def to_torch(weights):
    """Weights of the Keras VAE under the names and in the shapes of lesson 03's.

    weights: list of ten NumPy arrays, kernel and bias of five layers in this order:
        the encoder's 512, mu, logvar, the decoder's 512, the logits. Not changed.
    Returns a dict of ten NumPy arrays of the same type, by the names in lesson 03's
    model: hidden.weight, hidden.bias, mu.weight, mu.bias, logvar.weight, logvar.bias,
    decoder.0.weight, decoder.0.bias, decoder.2.weight, decoder.2.bias.
    Layers of any size. Hint: kernel.T
    """
    ### BEGIN SOLUTION
    names = ("hidden", "mu", "logvar", "decoder.0", "decoder.2")
    state = {}
    for name, kernel, bias in zip(names, weights[::2], weights[1::2], strict=True):
        state[f"{name}.weight"] = kernel.T
        state[f"{name}.bias"] = bias
    return state
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_to_torch", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.to_torch(to_torch)
### BEGIN HIDDEN TESTS
checks.to_torch(to_torch, draws=[89415])
### END HIDDEN TESTS

# %% [markdown]
# Three witnesses. To compare them, the noise must be the same, so it is handed in. First
# **NumPy**: the VAE, its loss and its gradient, without any framework. Read the second
# cell backwards: each line passes the error one step down.


# %%
def numpy_forward(weights, x, epsilon):
    """All that the VAE computes on the way, in 64 bits."""
    w1, b1, wm, bm, wl, bl, w2, b2, w3, b3 = [w.astype("float64") for w in weights]
    h = np.maximum(x @ w1 + b1, 0)  # (B, 512)
    mu, logvar = h @ wm + bm, h @ wl + bl  # (B, d)
    z = mu + np.exp(logvar / 2) * epsilon
    g = np.maximum(z @ w2 + b2, 0)  # (B, 512)
    logits = g @ w3 + b3  # (B, 784)
    reconstruction = (np.logaddexp(0, logits) - x * logits).sum(axis=1).mean()
    kl = (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1).mean() / 2
    return h, mu, logvar, z, g, logits, reconstruction, kl


# %%
def numpy_gradients(weights, x, epsilon):
    """Gradient of the mean loss, in the order of the weights."""
    h, mu, logvar, z, g, logits, *_ = numpy_forward(weights, x, epsilon)
    wm, wl, w2, w3 = weights[2::2]
    d_logits = (1 / (1 + np.exp(-logits)) - x) / len(x)
    d_g = (d_logits @ w3.T) * (g > 0)
    d_z = d_g @ w2.T
    d_mu = d_z + mu / len(x)
    d_logvar = d_z * (z - mu) / 2 + (np.exp(logvar) - 1) / 2 / len(x)
    d_h = (d_mu @ wm.T + d_logvar @ wl.T) * (h > 0)
    into = ((x, d_h), (h, d_mu), (h, d_logvar), (z, d_g), (g, d_logits))
    return [each for below, d in into for each in (below.T @ d, d.sum(axis=0))]


# %% [markdown]
# Then **Keras**, through the very `fit` that you train with. Gradient descent with a
# step size of 1 subtracts the gradient: the difference of the weights *is* the gradient,
# on any backend.


# %%
class GivenNoise(layers.Layer):
    """Stands where Sampling does; its noise is handed in."""

    def __init__(self, shape):
        super().__init__()
        self.noise = self.add_weight(shape=shape, trainable=False, initializer="zeros")

    def call(self, mu, logvar):
        return mu + ops.exp(0.5 * logvar) * self.noise


# %%
def weights_of(model):
    """Ten arrays, as `to_torch` takes them."""
    return model.encoder.get_weights() + model.decoder.get_weights()


# %%
def keras_steps(weights, batches, noise, optimizer):
    """Logits and loss terms at the start; the weights after each step of `fit`."""
    given = GivenNoise(noise[0].shape)
    model = VAE(build_encoder(latent_dim), build_decoder(latent_dim), given)
    model.encoder.set_weights(weights[:6])
    model.decoder.set_weights(weights[6:])
    given.noise.assign(noise[0])
    logits = ops.convert_to_numpy(model(batches[0])[0])
    model.compile(optimizer=optimizer, jit_compile=False)
    path = []
    for x, epsilon in zip(batches, noise, strict=True):
        given.noise.assign(epsilon)
        seen = model.fit(x, batch_size=len(x), shuffle=False, verbose=0).history
        path.append((seen["reconstruction"][0], seen["kl"][0], weights_of(model)))
    return logits, path


# %% [markdown]
# Last **PyTorch**, lesson 03's class, in a process of its own: TensorFlow and PyTorch
# crash each other when they share one.


# %%
def torch_vae(latent_dim):
    """Lesson 03's model, with its noise handed in."""
    import torch
    from torch import nn

    class TorchVAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(784, 512)
            self.mu = nn.Linear(512, latent_dim)
            self.logvar = nn.Linear(512, latent_dim)
            self.decoder = nn.Sequential(
                nn.Linear(latent_dim, 512), nn.ReLU(), nn.Linear(512, 784)
            )

        def forward(self, x, epsilon):
            h = torch.relu(self.hidden(x))
            mu, logvar = self.mu(h), self.logvar(h)
            return self.decoder(mu + torch.exp(0.5 * logvar) * epsilon), mu, logvar

    return TorchVAE()


# %%
def torch_terms(model, x, epsilon):
    """Lesson 03's reconstruction loss and KL, each averaged over the images."""
    import torch.nn.functional as F

    logits, mu, logvar = model(x, epsilon)
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()
    return logits, bce / len(x), kl / len(x)


# %%
def torch_steps(state, batches, noise, epsilons):
    """Logits and gradient at the start; terms and weights after each step of Adam."""
    import torch

    model = torch_vae(len(state["mu.bias"]))
    state = {name: torch.tensor(array) for name, array in state.items()}
    model.load_state_dict(state)
    adam = torch.optim.Adam(model.parameters(), 0.001)
    path, gradient = [], {}
    for x, drawn, adam.param_groups[0]["eps"] in zip(
        torch.tensor(batches), torch.tensor(noise), epsilons, strict=True
    ):
        logits, bce, kl = torch_terms(model, x, drawn)
        adam.zero_grad()
        (bce + kl).backward()
        if not path:
            start = logits.detach().numpy()
            gradient = {n: p.grad.numpy().copy() for n, p in model.named_parameters()}
        adam.step()
        now = {n: p.numpy().copy() for n, p in model.state_dict().items()}
        path.append((bce.item(), kl.item(), now))
    return start, gradient, path


# %%
def torch_twice(state, batches, noise, *both):
    """In one new process, with two lists of Adam's epsilon, one for each step."""
    return [torch_steps(state, batches, noise, epsilons) for epsilons in both]


# %% [markdown]
# The same first weights, ten batches and ten times the noise for all:

# %%
rng = np.random.default_rng(seed)
batches = x_train[: 10 * 128].reshape(10, 128, 784)
noise = rng.normal(size=(10, 128, latent_dim)).astype("float32")
start = weights_of(new_vae())
*_, numpy_logits, numpy_bce, numpy_kl = numpy_forward(start, batches[0], noise[0])
numpy_gradient = to_torch(numpy_gradients(start, batches[0], noise[0]))

# %%
keras_logits, descent = keras_steps(
    start, batches[:1], noise[:1], keras.optimizers.SGD(1.0)
)
keras_bce, keras_kl, after = descent[0]
keras_gradient = to_torch([a - b for a, b in zip(start, after, strict=True)])

# %%
usual = [1e-8] * 10  # PyTorch's own
as_keras = [1e-7 / np.sqrt(1 - 0.999**t) for t in range(1, 11)]  # see section 7
by_torch = apart.call(torch_twice, to_torch(start), batches, noise, usual, as_keras)
torch_logits, torch_gradient, torch_path = by_torch[0]


# %%
def apart_by(one, other):
    """The largest difference, as a share of the largest number, over all arrays."""
    return max(np.abs(one[n] - other[n]).max() / np.abs(one[n]).max() for n in one)


# %%
agreement = {
    "Keras": (keras_logits, keras_bce + keras_kl, keras_gradient),
    "PyTorch": (torch_logits, sum(torch_path[0][:2]), torch_gradient),
}

# %%
print("against NumPy       logits      loss   gradient")
for name, (logits, loss, gradient) in agreement.items():
    gaps = np.abs(logits - numpy_logits).max(), abs(loss - numpy_bce - numpy_kl)
    share = apart_by(numpy_gradient, gradient)
    assert gaps[0] < 1e-4
    assert gaps[1] < 1e-3
    assert share < 1e-3
    print(f"{name:15s} {gaps[0]:10.1e} {gaps[1]:9.1e} {share:10.1e}")

# %% [markdown]
# **What to see.** The logits agree to the sixth digit, the loss of about 545 nats to
# a ten-thousandth, the gradients to a millionth of their size. What is left is the
# rounding of 32-bit numbers. Given the weights, the two frameworks **are** the same
# model.

# %% [markdown]
# ## 7. The same steps?
#
# Adam keeps two running means for each weight, of its gradient $g$ and of $g^2$:
#
# $$m \leftarrow m + (1-\beta_1)(g - m), \qquad v \leftarrow v + (1-\beta_2)(g^2 - v)$$
#
# Both start at 0 and are too small at first; after $t$ steps the corrected ones are
# $\hat m = m / (1-\beta_1^t)$ and $\hat v = v / (1-\beta_2^t)$. The step is
#
# $$\text{PyTorch:}\quad \theta \leftarrow \theta - \eta\,
# \frac{\hat m}{\sqrt{\hat v} + \epsilon}, \qquad\qquad
# \text{Keras:}\quad \theta \leftarrow \theta - \eta\,
# \frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t}\,\frac{m}{\sqrt{v} + \epsilon}$$
#
# With $\epsilon = 0$ these are the same. But $\epsilon$ is $10^{-8}$ in PyTorch and
# $10^{-7}$ in Keras, and in Keras it meets $\sqrt v$ before the correction, which at
# $t=1$ is 32 times smaller than $\sqrt{\hat v}$. So Keras' form is PyTorch's with
# $\epsilon/\sqrt{1-\beta_2^t}$ in place of $\epsilon$, another one in each step.
#
# **Exercise 5.** Write one step, in either form.
#
# <details><summary>Stuck? A second hint</summary>
#
# The first two lines are the same for both forms. Then make `m / (1 - 0.9**t)`
# and `v / (1 - 0.999**t)` for PyTorch's form. For Keras' form, put the two corrections
# into the step size.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "adam_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adam_step(theta, g, m, v, t, learning_rate, epsilon, form):
    """One step of Adam, with beta_1 = 0.9 and beta_2 = 0.999.

    theta, g, m, v: NumPy arrays of one shape, any; weights, gradient, running means
        before the step. Not changed.
    t: the number of this step, from 1
    learning_rate, epsilon: numbers; epsilon may be 0
    form: "torch" or "keras", which formula above
    Returns theta, m, v after the step: three new arrays.
    Hint: m and v first; they are the same in both forms.
    """
    ### BEGIN SOLUTION
    m = m + 0.1 * (g - m)
    v = v + 0.001 * (g**2 - v)
    if form == "torch":
        step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + epsilon)
    else:
        step = np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + epsilon)
    return theta - learning_rate * step, m, v
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_adam_step", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.adam_step(adam_step)
### BEGIN HIDDEN TESTS
checks.adam_step(adam_step, draws=[53168])
### END HIDDEN TESTS


# %%
def numpy_steps(epsilon, form):
    """Weights after each of ten steps, by hand, from the same start."""
    weights = [w.astype("float64") for w in start]
    means = [(0 * w, 0 * w) for w in weights]
    path = []
    for t, (x, eps) in enumerate(zip(batches, noise, strict=True), start=1):
        gradients = numpy_gradients(weights, x, eps)
        for i, g in enumerate(gradients):
            weights[i], *means[i] = adam_step(
                weights[i], g, *means[i], t, 0.001, epsilon, form
            )
        path.append(to_torch(list(weights)))
    return path


# %%
adam = keras.optimizers.Adam(0.001)
_, path = keras_steps(start, batches, noise, adam)
keras_path = [to_torch(weights) for _, _, weights in path]
pytorch_path = [weights for _, _, weights in torch_path]
pytorch_as_keras = [weights for _, _, weights in by_torch[1][2]]
by_hand = {"keras": numpy_steps(1e-7, "keras"), "torch": numpy_steps(1e-8, "torch")}


# %%
def distance(one, other):
    """Step by step: the length of the difference against the way gone so far."""
    origin = to_torch(start)

    def length(a, b):
        return np.sqrt(sum(((a[n] - b[n]) ** 2).sum() for n in a))

    return [length(a, b) / length(a, origin) for a, b in zip(one, other, strict=True)]


# %%
gaps = {
    "Keras and PyTorch": distance(keras_path, pytorch_path),
    "Keras and NumPy, Keras' form": distance(keras_path, by_hand["keras"]),
    "PyTorch and NumPy, PyTorch's form": distance(pytorch_path, by_hand["torch"]),
    "Keras and PyTorch, one form": distance(keras_path, pytorch_as_keras),
}

# %%
for name, gap in gaps.items():
    print(f"{name:34s} after 1 step {gap[0]:.1e}, after 10 {gap[-1]:.1e}")

# %%
plots.curves(
    {name: np.log10(gap) for name, gap in gaps.items()},
    "With the exact form, ten steps stay together",
    ylabel="log10(difference / way gone)",
    xlabel="step of Adam",
    x=np.arange(1, 11),
)

# %%
usual_gap, *exact = gaps.values()
for gap in exact:
    assert gap[0] < usual_gap[0] / 50
    assert gap[-1] < usual_gap[-1] / 2

# %% [markdown]
# **What to see.** With the exact form, NumPy follows each framework: after one step the
# difference is below a ten-thousandth of the way gone. (Where it jumps later, rounding
# has opened or closed a hidden unit's ReLU for one image: its share is in that unit's
# gradient on one side only, and Adam's steps are as large for a small gradient as for a
# large one.) Keras and PyTorch are thousands of times further apart after the first
# step, until PyTorch is given Keras' $\epsilon$ step by step ("one form"): then these two
# stay together as well.
# It was no rounding: after one step $m = 0.1\,g$ and $v = 0.001\,g^2$, so PyTorch goes
# $\eta\, g/(|g| + 10^{-8})$ and Keras $\eta\, g/(|g| + 3\cdot 10^{-6})$. The weights of
# pixels at the border, which are black in nearly every image, have such small
# gradients. For the loss it does not matter; for a claim that "the code is the same
# and the numbers are not" it is the explanation.
#
# What else differs when nobody says anything? Look at the first weights:

# %%
keras_first = layers.Dense(512)
keras_first.build((None, 784))
torch_bound = 1 / np.sqrt(784)  # nn.Linear: uniform within +- this, the bias too
kernel, bias = keras_first.get_weights()
print(
    f"Keras   kernel within {np.abs(kernel).max():.4f}, bias {np.abs(bias).max():.4f}"
)
print(f"PyTorch kernel within {torch_bound:.4f}, bias {torch_bound:.4f}")

# %% [markdown]
# | default | Keras | PyTorch |
# | --- | --- | --- |
# | first kernel of a dense layer | uniform within $\sqrt{6/(n_{in}+n_{out})}$ | uniform within $1/\sqrt{n_{in}}$ |
# | first bias | 0 | uniform within $1/\sqrt{n_{in}}$ |
# | Adam's $\epsilon$ | $10^{-7}$, inside Keras' form | $10^{-8}$ |
# | batch norm, "momentum" | 0.99: the share of the old mean | 0.1: the share of the new one |
# | batch norm, $\epsilon$ | 0.001 | 0.00001 |
# | order of the training images | `fit` shuffles | a `DataLoader` does not |
#
# A `momentum=0.1` that is copied from one framework to the other keeps a tenth of the
# old mean where nine tenths were meant.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_same", "locked": false, "points": 8, "schema_version": 3, "solution": true, "task": false}
# **Think 2 (8 points).** You port a published VAE from PyTorch to Keras: same layers, same
# data, same Adam with 0.001. Its test loss is 3 nats higher than the published one. In
# which order do you look for the cause? Name four steps, and for each the number that
# would clear or convict it.
#
# ### BEGIN SOLUTION
# *Model answer.* (1) The loss itself, on paper-sized input: both codes on the same
# logits, mu and logvar must agree to 0.001 nats (sums or means, beta, z drawn or not).
# (2) The network: carry the published weights over, transposed, and compare logits on
# one batch with the same noise; they should agree to 0.0001. If they do, evaluate the
# carried model on all test images: if it gives the published loss, model, loss and
# data are cleared, and the training is at fault. (3) The gradient of one batch from
# the same weights, to a thousandth. (4) The optimizer: ten steps from the same
# weights, batches and noise; then its defaults (epsilon, schedule), the first
# weights, batch norm's momentum. Last: repeat with three seeds in both, since 3 nats
# may be more than the spread, or not.
#
# *Rubric.* 2 points for each of four different steps that narrow the cause down, 1
# of them for the number or comparison. An order that goes from the parts to the whole,
# or the reverse, with each step clearing something; steps that only "try" a change
# get 1 at most.
# ### END SOLUTION

# %% [markdown]
# ## 8. What does it cost?
#
# Six ways to train the same model: equal first weights, equal batches in number and
# size, two epochs. **Eager** runs Python in every step; a **graph** is made
# once and repeated without Python; **XLA** (`jit_compile=True`) translates the graph
# for your processor; `steps_per_execution=20` lets Python look in every 20 steps only.
# Each framework has a process of its own. (In fast mode XLA is left out: five ways.)


# %%
def keras_costs(weights, x, ways):
    """Seconds of the second epoch, and its loss, for each way to compile."""
    import time

    rows = {}
    for name, options in ways.items():
        parts = build_encoder(latent_dim), build_decoder(latent_dim), Sampling(0)
        model = VAE(*parts)
        model.encoder.set_weights(weights[:6])
        model.decoder.set_weights(weights[6:])
        model.compile(optimizer=keras.optimizers.Adam(0.001), **options)
        times = []
        for _ in range(2):  # the first epoch also traces and translates
            begun = time.perf_counter()
            loss = model.fit(x, batch_size=batch_size, verbose=0).history["loss"][0]
            times.append(time.perf_counter() - begun)
        rows[name] = (*times, loss)
    return rows


# %%
def torch_costs(state, x):
    """The same for PyTorch by hand: the images in one tensor, as in lesson 03."""
    import time
    import torch

    model, x = torch_vae(len(state["mu.bias"])), torch.tensor(x)
    model.load_state_dict({name: torch.tensor(a) for name, a in state.items()})
    adam, times = torch.optim.Adam(model.parameters(), 0.001), []
    for _ in range(2):
        begun, total = time.perf_counter(), 0.0
        for batch in torch.randperm(len(x)).split(batch_size):
            epsilon = torch.randn(len(batch), len(state["mu.bias"]))
            _, bce, kl = torch_terms(model, x[batch], epsilon)
            adam.zero_grad()
            (bce + kl).backward()
            adam.step()
            total += (bce + kl).item() * len(batch)
        times.append(time.perf_counter() - begun)
    return (*times, total / len(x))


# %%
def on_torch(weights, state, x):
    """Keras above PyTorch, and PyTorch alone, one after the other."""
    rows = keras_costs(weights, x, {"Keras on PyTorch": {}})
    return rows | {"PyTorch alone": torch_costs(state, x)}


# %%
graph = {"jit_compile": False}
ways = {
    "Keras on TensorFlow, eager": {"run_eagerly": True, **graph},
    "Keras on TensorFlow, graph": graph,
    "  + steps_per_execution": {**graph, "steps_per_execution": 20},
    "  + XLA": {"jit_compile": True, "steps_per_execution": 20},
}
if train_images < 10_000:
    del ways["  + XLA"]  # its translation takes longer than all of such a run

# %%
costs = apart.call(keras_costs, start, x_train, ways)
costs |= apart.call(on_torch, start, to_torch(start), x_train, backend="torch")

# %%
print("                              first epoch   second   loss of the second")
for name, (begin, again, loss) in costs.items():
    print(f"{name:28s} {begin:9.1f} s {again:8.1f} s {loss:12.1f} nats")

# %% [markdown]
# **What to see.** Eager costs more than four times as much as the graph: Python's overhead
# in every step. `steps_per_execution` gains nothing here, where most of the time is spent
# in large matrix products. XLA takes seconds before the first step, and on the processor
# of this run its steps were slower, too: hence `jit_compile=False` in section 4. Measure
# before you believe; on your processor it may pay.
# Keras above PyTorch takes about half as long again as PyTorch alone. And the last column
# says that all six do the same thing: the losses agree to about a nat.

# %% [markdown]
# ## 9. Two results that are too good or too bad
#
# **Failing on purpose: a beta that nobody chose.** The most copied Keras VAE adds the KL
# with `add_loss` and leaves the rest to Keras' own cross-entropy. That one *averages*
# over the 784 pixels; the KL is summed. So $\beta$ is 784.


# %%
class Averaging(keras.Model):
    """KL summed, cross-entropy averaged."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = (
            build_encoder(latent_dim),
            build_decoder(latent_dim),
        )
        self.sampling = Sampling(seed)

    def call(self, x):
        mu, logvar = self.encoder(x)
        logits = self.decoder(self.sampling(mu, logvar))
        self.add_loss(ops.mean(loss_terms(x, logits, mu, logvar)[1]))
        return logits


# %%
averaging = Averaging()
bce = keras.losses.BinaryCrossentropy(from_logits=True)
averaging.compile(keras.optimizers.Adam(0.001), loss=bce, jit_compile=False)

# %%
seen = averaging.fit(
    x_train,
    x_train,
    epochs=short_epochs,
    batch_size=batch_size,
    verbose=0,
    callbacks=[training.keras_progress(short_epochs, "averaging")],
)

# %%
judged = VAE(averaging.encoder, averaging.decoder, averaging.sampling)
judged.compile(jit_compile=False)
collapsed = judged.evaluate(x_test, batch_size=1_000, verbose=0, return_dict=True)
print(f"the loss that it reports: {seen.history['loss'][-1]:.3f}")
print({name: round(value, 2) for name, value in collapsed.items()})

# %% [markdown]
# **What to see.** The loss it reports, 0.49, looks splendid beside 245. In nats: the KL is
# 0.00, the reconstruction about the mean image's, 386. The codes say nothing; this is the
# posterior collapse of lesson 03, by a default.
#
# **Failing on purpose: `fit` on the test images.** Another copied example trains on all
# 70,000 images, the test images among them, "since there are no labels". With so many
# images it shows little. Take a small test set, 1,000 images; train on it, and ask
# these and 1,000 others:

# %%
peeking, few, others = new_vae(), x_test[:1_000], x_test[1_000:2_000]
peeks = train(peeking, few, 30 * epochs, validation=few, description="on test images")

# %%
peeked = {
    name: peeking.evaluate(x, batch_size=1_000, verbose=0, return_dict=True)["loss"]
    for name, x in {"trained on": few, "others": others}.items()
}
print({name: round(value, 2) for name, value in peeked.items()})

# %% [markdown]
# **What to see.** The same kind of images, with floors that differ by less than two nats,
# and a gap of 12 nats: the model has memorized part of its thousand images. Whoever reports the first number reports what
# nobody gets on new clothes. The leak needed no label.

# %% [markdown]
# ## 10. Clothes that nobody made

# %%
logits, *_ = vae(x_test[first])
plots.image_rows(
    {"originals": x_test[first], "reconstructed": ops.sigmoid(logits)},
    f"{latent_dim} numbers keep the cut and lose the print",
)

# %%
keras.utils.set_random_seed(seed)
z = keras.random.normal((50, latent_dim))

# %%
plots.image_grid(
    ops.sigmoid(vae.decoder(z)),
    "Samples from the prior: clothes that nobody made",
    alt="Fifty generated garments: most are shirts, shoes, bags or dresses without "
    "detail; some mix two kinds or are dark smudges.",
)

# %% [markdown]
# **What to see.** Shirts, dresses, bags and shoes in many cuts, without print or lace. Some
# are two garments at once, a boot with a shirt's shadow, and some are dark smudges:
# in 20 dimensions the prior covers much land between the kinds, as in lesson 03.
#
# With two latent dimensions the codes can be drawn. (About 15 s.)

# %%
flat_vae = new_vae(latent_dim=2)
train(flat_vae, x_train, short_epochs, description="two dimensions")
mu, _ = flat_vae.encoder.predict(x_test, batch_size=1_000, verbose=0)  # (10000, 2)
flat_loss = flat_vae.evaluate(x_test, batch_size=1_000, verbose=0, return_dict=True)

# %%
plots.codes(
    mu[:3_000],
    images.test.labels[:3_000],
    images.class_names,
    "The latent plane by class, which the model was never told",
)

# %%
ticks = np.linspace(-2.5, 2.5, 12)
plane = np.array([(a, b) for b in reversed(ticks) for a in ticks], "float32")

# %% tags=["cover"]
plots.image_grid(
    ops.sigmoid(flat_vae.decoder(plane)),
    "The plane, decoded: one garment turns into another",
    columns=12,
    xlabel="$z_1$, from -2.5 to 2.5",
    ylabel="$z_2$, from -2.5 to 2.5",
    alt="A sheet of 12 by 12 decoded garments that pass into each other.",
)

# %% [markdown]
# **What to see.** Shoes of all kinds lie apart from what is worn above, and
# trousers at one end. Shirt, pullover and coat lie on top of each other: by outline
# they are the same, as for the plain autoencoder of lesson 01. Here the cloud lies around
# 0 and is little wider than the prior, so most draws fall where clothes are. On the sheet
# below it every tile is a garment, but for the dark border between shoes and the rest.

# %% [markdown]
# ## 11. Your figures
#
# Bands over three seeds and both backends: one model, one band.

# %%
bands = {
    "FashionMNIST": {
        "test loss": (243.8, 246.8),
        "test reconstruction": (227.3, 230.7),
        "test KL": (15.5, 17.1),
        "test loss, two dimensions": (271.5, 278.0),
    },
    "MNIST": {},
}[dataset]
facts = {"seed": seed, "backend": backend}

# %%
for name, short in (("loss", "loss"), ("reconstruction",) * 2, ("KL", "kl")):
    band = bands.get(f"test {name}")
    metrics.record(f"test {name}", figures[short], band, "nats", epochs=epochs, **facts)

# %%
name = "test loss, two dimensions"
facts["epochs"] = short_epochs
metrics.record(name, flat_loss["loss"], bands.get(name), "nats", **facts)
metrics.record("KL where the loss averages", collapsed["kl"], (0, 1), "nats", **facts)

# %% [markdown]
# ## Summary
#
# A model is its arithmetic. With the weights carried over, Keras on either backend,
# PyTorch and twenty lines of NumPy give the same logits, losses and gradients, and the
# same ten steps once $\epsilon$ stands in the same place. What makes two "equal" models
# differ is what nobody wrote down: sums or means, first weights, an epsilon, a
# momentum, a draw that happens once. Choose the framework by what you must write
# yourself, and prove equality with numbers.
#
# **Further reading**
# - D. P. Kingma and J. Ba (2015), *Adam: A Method for Stochastic Optimization*: both
#   forms of the step are in section 2.
# - F. Chollet (2025), *Deep Learning with Python*, 3rd edition: Keras 3 and its backends.
# - X. Glorot and Y. Bengio (2010), *Understanding the difficulty of training deep
#   feedforward neural networks*; K. He et al. (2015), *Delving Deep into Rectifiers*:
#   the two families of first weights.
# - H. Xiao, K. Rasul and R. Vollgraf (2017), *Fashion-MNIST: a Novel Image Dataset for
#   Benchmarking Machine Learning Algorithms*.
#
# **Next:** this is the last lesson. Take a VAE that somebody published, carry its
# weights over, and check the figure they report.
