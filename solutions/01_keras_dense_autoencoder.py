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
# # 01 · A first autoencoder, in Keras
#
# You will build a network that compresses an image of 784 pixels into 64 numbers and
# reconstructs the image from those. Nobody has to label anything: the image is both the
# question and the answer. What the network learns on the way is a short description of
# each image. Denoisers, image search and image generators are built on such
# descriptions.
#
# **You will be able to**
# - build encoder, decoder and autoencoder as three Keras models that share their
#   layers,
# - train with the image as its own target, and choose between BCE and MSE,
# - judge reconstructions by eye, by a number, and against PCA,
# - find out what holds a network back, one change at a time.
#
# **Time:** reading 45 min, writing 40 min, computing about 2 min on a 2-core laptop.
#
# Symbols, names in code, terms: [notation](notation.ipynb).
#
# The numbers in the text, and every **What to see**, describe a full run on the real
# images. In fast mode, or on the SYNTHETIC stand-in, yours will differ.

# %% tags=["parameters"]
# Parameters: change them here. Instructors also have `course run 01 -p NAME VALUE`.
epochs: int = None  # passes over the training images; None: the budget below
short_epochs: int = None  # the same for the short comparisons; None: the budget below
improved_epochs: int = None  # the same for the last model; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
batch_size = 250  # images in one step; 250 divides 55,000, so no batch is smaller
learning_rate = 0.008  # the peak of the schedule, from section 6 on
latent_dim = 64  # numbers in a code
seed = 0  # for the first weights and the order of the images
out_dir = "outputs/01_keras_dense_autoencoder"  # where figures are saved

# %%
from helpers.keras_start import quiet_start

with quiet_start():  # TensorFlow likes to talk while it loads
    import keras
import math
import numpy as np
from keras import layers
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from helpers import data, explore, metrics, plots, training
from helpers.budget import budget
from helpers.checks import lesson01 as checks

# %%
epochs = budget("epochs", epochs, full=15, fast=2)
short_epochs = budget("short_epochs", short_epochs, full=2, fast=1)
improved_epochs = budget("improved_epochs", improved_epochs, full=10, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=1_500)

# %% [markdown]
# ## 1. The clothes
#
# Fashion-MNIST: small gray images of ten kinds of garment. `data.load` returns them
# scaled to [0, 1] and split three ways, as you did by hand in lesson 00. A dense layer
# takes rows of numbers, so each image becomes one row of 784: `.flat`.

# %%
fashion = data.load("FashionMNIST", train_images=train_images, seed=seed)
x_train = fashion.train.flat  # (55000, 784)
x_validation = fashion.validation.flat  # (5000, 784)
x_test = fashion.test.flat  # (10000, 784)

# %% tags=["nbval-check-output"]
print(x_test.shape[1:], x_test.dtype, x_test.min(), x_test.max())

# %%
first = [np.flatnonzero(fashion.test.labels == c)[0] for c in range(10)]
plots.image_rows(
    {"test images": x_test[first]},
    "One garment of each class",
    alt="One test image of each class: " + ", ".join(fashion.class_names),
)

# %% [markdown]
# T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
#
# **What to see.** Large, smooth, gray surfaces with a sharp outline. A few have a
# print or a zipper: fine detail on top of a simple shape. Ask yourself which of the two
# will survive in 64 numbers. These ten images return in most figures below.

# %% [markdown]
# ## 2. An hourglass
#
# ```
#      encoder                decoder
# x ── 784→128 ── 128→64 ── z ── 64→128 ── 128→784 ── x̂
#        ReLU      ReLU            ReLU     sigmoid
# ```
#
# - The **encoder** turns an image $x$ into its **code** $z$: 64 numbers for 784 pixels.
#   The code is also called **latent**, that is, hidden: the data set contains images,
#   and nobody has ever seen a $z$ in it.
# - The **decoder** turns $z$ into a reconstruction $\hat x$. It sees nothing but $z$,
#   so what is not in the code is lost.
# - An arrow is a **dense layer**: a matrix of weights, a vector of biases, and an
#   **activation**, a function applied to each number. **ReLU** keeps positive numbers
#   and turns negative ones into 0; without such a bend, two layers could do no more
#   than one. The **sigmoid** at the end keeps every pixel of $\hat x$ between 0 and 1.
#
# The narrow middle is the **bottleneck**. An autoencoder whose code is smaller than its
# input, as here, is called **undercomplete**. With a code as wide as the image it could
# simply copy, and learn nothing. The bottleneck forces a choice: what is worth keeping?
#
# How large is this network? Count its **parameters**, the numbers that training
# adjusts, by hand once. A dense layer takes $m$ numbers and returns $n$; each of the
# $n$ comes from one **unit**. That makes $m \cdot n$ weights and $n$ biases:
#
# | layer | weights | biases | parameters |
# | --- | ---: | ---: | ---: |
# | 784 → 128 | 100,352 | 128 | 100,480 |
# | 128 → 64 | 8,192 | 64 | 8,256 |
# | 64 → 128 | 8,192 | 128 | 8,320 |
# | 128 → 784 | 100,352 | 784 | 101,136 |
# | together | 217,088 | 1,104 | 218,192 |
#
# Nearly all of them sit in the two outer layers. PCA-64 gets by with 64 components and
# a mean image: $65 \cdot 784 = 50{,}960$ numbers.

# %% [markdown]
# **Exercise 1.** Write both halves. The four arguments will save work later: section 9
# changes `latent_dim`, section 10 the other three.
#
# <details><summary>Stuck? A second hint</summary>
#
# Each half is a chain: call each layer on what the one before it returned. Count your
# `Dense` layers: there are two in each half. The arguments of the function name the
# activations; look up which layer each of them is for.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "halves", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_encoder(latent_dim, width=128, activation="relu", code="relu"):
    """Make a new encoder: 784 - width - latent_dim.

    latent_dim: int, numbers in a code
    width: int, units of the hidden layer; activation: its activation, a name
    code: the activation of the code layer, a name ("linear" means none)
    Returns a keras.Model, (B, 784) -> (B, latent_dim), of two dense layers and nothing
    else. Biases, how first weights are drawn and the kind of model are up to you.
    Hint: keras.Input(shape=(784,)), two layers.Dense, then keras.Model(input, output).
    """
    ### BEGIN SOLUTION
    x = keras.Input(shape=(784,))
    h = layers.Dense(width, activation=activation)(x)  # (B, width)
    z = layers.Dense(latent_dim, activation=code)(h)  # (B, latent_dim)
    return keras.Model(x, z, name="encoder")
    ### END SOLUTION


def build_decoder(latent_dim, width=128, activation="relu"):
    """Make a new decoder: latent_dim - width - 784.

    latent_dim, width, activation: as for build_encoder
    Returns a keras.Model, (B, latent_dim) -> (B, 784), of two dense layers; a sigmoid
    at the end, as in the picture above, keeps its values from 0 to 1.
    Hint: as for the encoder; the sizes and the last activation differ.
    """
    ### BEGIN SOLUTION
    z = keras.Input(shape=(latent_dim,))
    h = layers.Dense(width, activation=activation)(z)  # (B, width)
    x_hat = layers.Dense(784, activation="sigmoid")(h)  # (B, 784)
    return keras.Model(z, x_hat, name="decoder")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_halves", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.halves(build_encoder, build_decoder)
### BEGIN HIDDEN TESTS
checks.halves(build_encoder, build_decoder, draws=[61843])
### END HIDDEN TESTS

# %% [markdown]
# Now join them. The autoencoder must not get layers of its own: it **shares** the
# layers of the two halves. Then training the whole trains both, and afterward you can
# use the encoder or the decoder by itself.
#
# **Exercise 2.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# You need a new input. Pass it through the encoder, and what comes out through the
# decoder. Do not build any layer here, or the new model has weights that the halves do
# not share.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "join", "locked": false, "schema_version": 3, "solution": true, "task": false}
def join(encoder, decoder):
    """Make one model over the layers of two: x -> decoder(encoder(x)).

    encoder: keras.Model, (B, 784) -> (B, d)
    decoder: keras.Model, (B, d) -> (B, 784)
    Returns a keras.Model, (B, 784) -> (B, 784), over the very weights of the two, and
    no others. The two stay as they are.
    Hint: a model can be called like a layer: encoder(x).
    """
    ### BEGIN SOLUTION
    x = keras.Input(shape=(784,))
    return keras.Model(x, decoder(encoder(x)), name="autoencoder")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_join", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.join(join)
### BEGIN HIDDEN TESTS
checks.join(join, draws=[27409])
### END HIDDEN TESTS


# %%
def build(latent_dim, **encoder_options):
    """New encoder, decoder and autoencoder, with the same initial weights each time."""
    keras.utils.set_random_seed(seed)
    encoder = build_encoder(latent_dim, **encoder_options)
    shared = {k: v for k, v in encoder_options.items() if k != "code"}
    decoder = build_decoder(latent_dim, **shared)
    return encoder, decoder, join(encoder, decoder)


encoder, decoder, autoencoder = build(latent_dim)

# %%
z = np.asarray(encoder(x_test[first]))  # (10, 64)
x_hat = np.asarray(autoencoder(x_test[first]))  # (10, 784)
print("images", x_test[first].shape, "codes", z.shape, "reconstructions", x_hat.shape)
print(f"{autoencoder.count_params():,} parameters")

# %%
plots.image_rows(
    {"originals": x_test[first], "untrained": x_hat},
    "Before training: gray noise, whatever the garment",
)

# %% [markdown]
# **What to see.** Small random weights give numbers near 0, and sigmoid(0) = 0.5 is
# mid-gray. The shapes are right, the pictures are not: now there is something to learn.

# %% [markdown]
# ## 3. A measure, and two baselines
#
# We measure the **mean squared error per pixel**, first for each image by itself,
# because soon we will ask *which* images are hard:
#
# $$\mathrm{MSE}(x, \hat x) = \frac{1}{D} \sum_{i=1}^{D} (x_i - \hat x_i)^2,
# \qquad D = 784.$$
#
# It is *averaged* over the pixels. Averaging over the images comes later.
#
# **Exercise 3.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The result must have as many entries as there are images, so take the mean over the
# other axis. If you get a single number, you have averaged over both.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "mse_per_image", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mse_per_image(x, x_hat):
    """Mean squared error per pixel, for each image.

    x: array (N, D), pixels in [0, 1]
    x_hat: array (N, D), reconstructions; some lie a little beyond [0, 1], as PCA's do
    Returns shape (N,), an array, tensor or list: averaged over the D pixels, not over
    the images. Neither array is changed.
    Hint: which axis holds the pixels?
    """
    ### BEGIN SOLUTION
    return ((x - x_hat) ** 2).mean(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mse_per_image", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.mse_per_image(mse_per_image)
### BEGIN HIDDEN TESTS
checks.mse_per_image(mse_per_image, draws=[83561])
### END HIDDEN TESTS


# %%
def mse(x, x_hat):
    """Mean over the images too: one number."""
    return float(np.mean(mse_per_image(x, np.asarray(x_hat))))


# %% [markdown]
# Two baselines from lesson 00: the mean training image, whatever comes in, and PCA with
# as many components as our code has numbers. PCA-64 is the best that a *linear*
# autoencoder with 64 numbers can do; a network has to beat it to be worth its training.

# %%
pca = PCA(latent_dim, svd_solver="covariance_eigh").fit(x_train)


def from_components(x, k):
    """Images from their first k principal components: (N, 784) -> (N, 784)."""
    z = pca.transform(x)[:, :k]  # (N, k)
    return pca.mean_ + z @ pca.components_[:k]


x_pca = from_components(x_test, latent_dim)
mean_mse = mse(x_test, np.broadcast_to(x_train.mean(axis=0), x_test.shape))
pca_mse = mse(x_test, x_pca)
print(f"mean image {mean_mse:.5f}, PCA-{latent_dim} {pca_mse:.5f}")

# %% [markdown]
# ## 4. Two losses
#
# Training makes one number small, the **loss**. Two losses are in use for pixels in
# [0, 1]. Keras *averages* both, over pixels and over images.
#
# - **MSE**: how far is $\hat x$ from $x$, squared?
# - **BCE**, binary cross-entropy, reads $\hat x$ as a probability of white:
#   $-[x \log \hat x + (1 - x) \log (1 - \hat x)]$.
#
# Both are smallest at $\hat x = x$. They differ in how hard they push when
# $\hat x$ is wrong. Let $a$ be the number before the sigmoid, $\hat x =
# \mathrm{sigmoid}(a)$. The slopes are
#
# $$\frac{\partial\,\mathrm{BCE}}{\partial a} = \hat x - x, \qquad
# \frac{\partial\,\mathrm{MSE}}{\partial a} = 2(\hat x - x)\,\hat x (1 - \hat x).$$

# %%
a = np.linspace(-8, 8, 161)
p = 1 / (1 + np.exp(-a))
plots.curves(
    {"BCE": 1 - p, "MSE": 2 * (1 - p) * p * (1 - p)},
    "For a white pixel drawn black (left), only BCE still pushes",
    ylabel="size of the slope, for x = 1",
    xlabel="a, the number before the sigmoid (0 is mid-gray)",
    x=a,
)

# %% [markdown]
# **What to see.** On the far left the network says "black" with confidence, but the
# pixel is white. BCE pushes with full force. MSE hardly pushes: the sigmoid is flat
# there, and the mistake can persist. Close to the right answer, both pushes fade.
#
# Does it matter here? Measure instead of guessing. For that you need to train.

# %% [markdown]
# ## 5. Training: the image is its own target
#
# Keras needs two calls. `compile` sets the loss and the optimizer. Ours is **Adam**, a
# form of **gradient descent**: each step moves every parameter a little way down the
# slope of the loss. Adam scales these steps for each parameter separately; how large
# they are overall is set by the **learning rate**. `fit(x, y)` runs the epochs. For a
# classifier, `y` would be the labels. Here `y` **is** `x`.
#
# Two options of `compile` change the speed but not the result. Both take seconds to set
# up, so they pay off only in long runs: `steps_per_execution` returns to Python only
# every 20 steps, and `jit_compile` compiles a step for your processor.


# %%
def faster(epochs):
    """Options for compile() that pay off in a run of that many epochs."""
    steps = epochs * len(x_train) // batch_size
    at_once = 20 if steps > 100 else 1
    return {"steps_per_execution": at_once, "jit_compile": steps > 1_500}


# %% [markdown]
# **Exercise 4.** Write it. The labels are within reach, in `train.labels`. Leave them
# alone.
#
# <details><summary>Stuck? A second hint</summary>
#
# Four places need images: input and target, once for training and once for validation.
# All four are `.flat`; what differs is which split they come from. And pass on every
# argument of the function: each must turn up in `compile` or in `fit`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "train_model", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_model(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=batch_size
):
    """Train an autoencoder with Adam (or AdamW); each image is its own target.

    Of Adam's settings only the step size is given; the others keep their defaults.

    model: keras.Model, (B, 784) -> (B, 784); trained in place
    train, validation: splits, with .flat of shape (N, 784) in [0, 1]; not changed
    epochs: passes over all images, each in a new random order
    learning_rate: a number, or a Keras schedule; Adam takes either, as it is
    loss: "mse" or "binary_crossentropy", passed on to compile
    batch_size: images in one step; the last step of an epoch takes what is left
    Returns what model.fit returns: a History, with the loss of `train` and of
    `validation` after each epoch.
    Hint: compile(..., **faster(epochs)); fit takes validation_data=(input, target),
    verbose=0 and callbacks=[training.keras_progress(epochs)] for the progress bar.
    """
    ### BEGIN SOLUTION
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss=loss, **faster(epochs))
    return model.fit(
        train.flat,
        train.flat,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(validation.flat, validation.flat),
        verbose=0,
        callbacks=[training.keras_progress(epochs)],
    )
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_train_model", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.train_model(train_model)
### BEGIN HIDDEN TESTS
checks.train_model(train_model, draws=[50927])
### END HIDDEN TESTS

# %% [markdown]
# Try both losses, with Adam's default learning rate of 0.001. A few epochs are enough
# for a comparison. (About 5 s each on a 2-core laptop. Expect a loss near 0.019 for MSE
# and near 0.30 for BCE.)


# %%
def short_run(learning_rate, loss="mse", **options):
    """Train a new autoencoder for a few epochs; return its encoder and itself."""
    encoder, _, model = build(latent_dim, **options)
    train_model(
        model, fashion.train, fashion.validation, short_epochs, learning_rate, loss=loss
    )
    return encoder, model


encoder_mse, by_mse = short_run(0.001, "mse")
encoder_bce, by_bce = short_run(0.001, "binary_crossentropy")


# %% [markdown]
# Which one is better? Each may win by its own measure. So score both models by both
# measures, on the validation images. And ask what a *perfect* copy would score.


# %%
def bce(x, x_hat):
    """Binary cross-entropy, averaged over pixels and images, as Keras does."""
    return float(np.mean(keras.losses.binary_crossentropy(x, x_hat)))


print("                      MSE       BCE")
for name, x_hat in {
    "trained on MSE": by_mse(x_validation),
    "trained on BCE": by_bce(x_validation),
    "perfect copy": x_validation,
}.items():
    print(f"{name:16s} {mse(x_validation, x_hat):9.5f} {bce(x_validation, x_hat):9.5f}")

# %% [markdown]
# **What to see**
#
# - After a few epochs the two models are about equal, by either measure.
# - A perfect copy has MSE 0, but BCE 0.239: the floor of lesson 00, the entropy of the
#   gray pixels, here per pixel. A BCE of 0.30 is not "far from 0": four fifths of it is
#   floor.
#
# We use MSE from here on: it is what we report, and its perfect score is 0. (In lesson
# 03 the loss must be a negative log probability, and BCE comes back.)

# %% [markdown]
# ## 6. The long run
#
# So far the learning rate was constant. A **schedule** changes it as training goes on.
# Two habits are common:
#
# - **Decay**: large steps first, to get somewhere; small ones at the end, to settle.
#   Here the learning rate falls along half a cosine wave.
# - **Warm-up**: during the first tenth of the steps, it rises from 0. Adam's very first
#   steps rest on hardly any gradients. Large ones can push units to where they no
#   longer learn; section 8 counts such units.
#
# Ours peaks at eight times the default of 0.001.


# %%
def schedule(peak, epochs, warm_up=0.1):
    """Learning rate: from 0 up to `peak`, then down to 0 along half a cosine wave."""
    steps = epochs * math.ceil(len(x_train) / batch_size)
    rising = int(warm_up * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - rising, warmup_target=peak, warmup_steps=rising
    )


# %%
step = np.linspace(0, 1, 101) * epochs * math.ceil(len(x_train) / batch_size)
plots.curves(
    {
        "default": np.full(101, 0.001),
        "ours": [float(schedule(learning_rate, epochs)(s)) for s in step],
    },
    "The learning rate: warm up, then decay",
    ylabel="learning rate",
    xlabel="epoch",
    x=step / step[-1] * epochs,
)

# %% [markdown]
# ### A test whose answer is known
#
# Before you trust a training set-up, try it where you know the best result. Leave out
# all activations, and encoder and decoder are matrices: a *linear* autoencoder. By
# Eckart and Young (lesson 00), none has a lower training error than PCA. Does gradient
# descent get there, here with a code of 8 numbers? And does it find the same
# **subspace**: can its decoder draw the same images as PCA's? (About 5 s.)

# %%
k = min(8, latent_dim)
keras.utils.set_random_seed(seed)
linear = keras.Sequential([keras.Input((784,)), layers.Dense(k), layers.Dense(784)])
rate = schedule(4 * learning_rate, short_epochs)  # a linear network tolerates more
_ = train_model(linear, fashion.train, fashion.validation, short_epochs, rate)

# %%
print(f"linear autoencoder: test MSE {mse(x_test, linear(x_test)):.5f}")
print(f"PCA-{k}: {mse(x_test, from_components(x_test, k)):.5f}")
drawn = np.linalg.qr(linear.get_weights()[2].T)[0]  # (784, k), orthonormal columns
shared = np.sum((pca.components_[:k] @ drawn) ** 2) / k  # mean squared cosine
print(f"shared subspace: {100 * shared:.1f} % (chance: {100 * k / 784:.1f} %)")

# %% [markdown]
# **What to see.** The error ends within 1 % of PCA's, and the two subspaces share more
# than 99.9 %. So the training set-up works, and PCA is what an autoencoder learns
# without bends. The codes are not PCA's, though: multiply the code by any invertible
# matrix, let the decoder undo it, and every reconstruction stays the same. Only the
# subspace is determined. What our network gains over PCA it owes to its bends.
#
# ### Does it pay?
#
# Short runs of our network again: with a constant rate of 0.008, with the schedule, and
# with a peak that is four times higher. (About 15 s.)

# %%
encoder_constant, constant = short_run(learning_rate)
encoder_warm, warm = short_run(schedule(learning_rate, short_epochs))
encoder_high, high = short_run(schedule(4 * learning_rate, short_epochs))


# %%
def validation_mse(model):
    """Mean squared error on the validation images."""
    return mse(x_validation, model(x_validation))


plots.bars(
    {
        "constant 0.001": validation_mse(by_mse),
        f"constant {learning_rate:g}": validation_mse(constant),
        f"schedule, peak {learning_rate:g}": validation_mse(warm),
        f"schedule, peak {4 * learning_rate:g}": validation_mse(high),
    },
    "Does the schedule help, and how high may its peak be?",
    ylabel=f"validation MSE at epoch {short_epochs}",
)

# %% [markdown]
# **What to see**
#
# - A rate of 0.008 lowers the error by a fifth at once.
# - In two epochs the schedule does not pay: many of its steps are small, and it ends 1
#   to 4 % above the constant rate (three seeds). It pays in a long run: after 15 epochs
#   the constant rate is at a test MSE of 0.0104, no better than PCA-64, and the
#   schedule at 0.0086 (one run each).
# - A peak four times higher gains nothing, and it kills units (section 8). In the wider
#   network of section 10 it raises the error by 15 %, while 0.016 does no harm (three
#   seeds). So 0.008 is within a factor of four of too much: try the peak again whenever
#   you change the network.
#
# ### The run that counts
#
# (About 25 s on a 2-core laptop. Expect the validation loss to fall from about 0.021 to
# 0.0087.)
#
# Stop the cell (the square in the toolbar) whenever you like: training ends after the
# current epoch, and the model can be used. Run it again, and the same model trains on.

# %%
encoder, decoder, autoencoder = build(latent_dim)
rate = schedule(learning_rate, epochs)

# %%
history = train_model(autoencoder, fashion.train, fashion.validation, epochs, rate)

# %% tags=["expected-figure"]
plots.curves(
    {"training": history.history["loss"], "validation": history.history["val_loss"]},
    "The long run: when does it pass PCA, and does it overfit?",
    ylabel="loss (MSE per pixel)",
    levels={f"PCA-{latent_dim} (test images)": pca_mse},
    yscale="log",
)

# %% [markdown]
# **What to see**
#
# - The network crosses the PCA line about halfway through and keeps improving.
# - The two curves stay together: hardly any **overfitting**, which would show as a
#   training loss that falls while the validation loss does not. This network has
#   218,000 parameters and 55,000 images to fit, 43 million pixels: too many to
#   memorize.
# - In the first epochs, clearly in the first two, the training curve is higher, even
#   though these are the images the network is trained on. Lesson 02 asks you why.

# %% [markdown]
# ## 7. Originals against reconstructions
#
# Now the test images, which played no part in training or in any choice.

# %%
x_hat = np.asarray(autoencoder(x_test))  # (10000, 784)
errors = np.asarray(mse_per_image(x_test, x_hat))  # (10000,)
test_mse = float(errors.mean())
print(f"test MSE {test_mse:.5f}, PCA-{latent_dim} {pca_mse:.5f}")

# %% tags=["cover"]
plots.image_rows(
    {
        "originals": x_test[first],
        f"PCA-{latent_dim}": x_pca[first],
        "autoencoder": x_hat[first],
    },
    f"{latent_dim} numbers: what survives, and what is lost?",
    save_as=f"{out_dir}/reconstructions.png",
)

# %% [markdown]
# **What to see**
#
# - Kind, rough outline and brightness are right in all ten; the bag has lost its strap.
# - PCA leaves a haze around the garments and turns the sandal into the ghost of a shoe.
#   The network's background is black: the sigmoid turns every clearly negative number
#   into nearly 0, so small residues do not show. And it finds the strap: its hidden
#   units bend, so the patterns it draws with depend on the image, while PCA adds up the
#   same 64 every time.
# - Both blur what is fine: prints, folds, laces. Squared error forgives blur: when the
#   code leaves open where a stripe is, the average over all the places costs least.

# %% [markdown]
# **Think 1.** Describe the quality of your reconstructions to someone who cannot see
# them. What survives, what is lost, and why? Give at least one number and say what you
# compare it with.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_quality", "locked": false, "points": 7, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Each reconstruction shows the right kind of garment, with its
# outline and its overall brightness. What is lost is fine texture: prints, stripes,
# folds, laces and buttons turn into smooth gray. Two causes: 64 numbers cannot hold
# every pixel, and a large surface that is wrong costs most, so the code is spent on
# surfaces first. And squared error is smallest at the average of all the images that fit
# the code, which is a blur. The test MSE is 0.0086 per pixel. PCA with 64 components
# has 0.0104 and the mean image 0.0866, so the network's error is about 17 % below
# PCA's. Its square root is about 0.09, so a pixel is typically off by 9 % of the range
# from black to white.
#
# **Rubric** (7 points)
#
# - 2: names what survives (kind, outline, brightness) and what is lost (fine detail).
# - 2: gives a reason: the bottleneck, or the averaging that squared error rewards.
# - 2: gives a test figure and compares it with PCA, the mean image or the validation
#   loss.
# - 1: says on which images it was measured, or translates the number into pixels.
# ### END SOLUTION

# %% [markdown]
# ### Which garment is hardest?
#
# One number for 10,000 images hides a lot. Break it down by class.
#
# **Exercise 5.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# `labels == c` is an array of True and False, as long as `labels`. Use it to pick
# entries out of `errors`. Do this for each of the ten classes and collect the means in
# an array.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "error_by_class", "locked": false, "schema_version": 3, "solution": true, "task": false}
def error_by_class(errors, labels):
    """Mean error of each class.

    errors: array (N,), one error for each image
    labels: array (N,), its class, 0 to 9; every class occurs, some more often
    Returns shape (10,), an array, tensor or list: entry c is the mean of the errors of
    class c. Neither array is changed.
    Hint: errors[labels == c] are the errors of class c.
    """
    ### BEGIN SOLUTION
    return np.array([errors[labels == c].mean() for c in range(10)])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_error_by_class", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.error_by_class(error_by_class)
### BEGIN HIDDEN TESTS
checks.error_by_class(error_by_class, draws=[39216])
### END HIDDEN TESTS

# %%
class_errors = np.asarray(error_by_class(errors, fashion.test.labels))
short_names = [name.split("/")[0] for name in fashion.class_names]
plots.bars(
    dict(zip(short_names, (1000 * class_errors).round(1), strict=True)),
    "Which garments are hard?",
    ylabel="test MSE per pixel (thousandths)",
    levels={"all classes": 1000 * test_mse},
)

# %%
worst = np.argsort(errors)[-10:][::-1]
best = np.argsort(errors)[:10]
plots.image_rows(
    {
        "hardest": x_test[worst],
        "reconstructed": x_hat[worst],
        "easiest": x_test[best],
        "reconstructed ": x_hat[best],
    },
    "The ten hardest and the ten easiest test images",
)

# %% [markdown]
# **What to see**
#
# - By class, bags and sandals are hard, trousers easy.
# - The ten hardest images are stripes, checks and prints, whatever the class. They come
#   back gray: the code has no room for a pattern that hardly any other image shares.
# - The easiest are plain trousers: nearly the same image each time.
#
# Why bags and sandals? A class may be hard because its images differ a lot, or because
# the network loses more of what differs. Its **variance** tells the two apart: the
# error of always answering with the mean image of the class.

# %%
labels = fashion.train.labels
class_means = np.stack([x_train[labels == c].mean(axis=0) for c in range(10)])
from_mean = mse_per_image(x_test, class_means[fashion.test.labels])  # (10000,)
class_variance = np.asarray(error_by_class(from_mean, fashion.test.labels))

# %% tags=["expected-figure"]
for name, variance in zip(short_names, class_variance, strict=True):
    print(f"{name:10s} variance {variance:.3f}")
lost = 100 * class_errors / class_variance
plots.bars(
    dict(zip(short_names, lost.round(1), strict=True)),
    "How much of the variance within a class is lost?",
    ylabel="test MSE (% of the class's variance)",
)

# %% [markdown]
# **What to see.** Bags and sandals are hard for different reasons. Bags differ most
# from each other: their variance is the largest (0.079), and the share of it that is
# lost, 19 %, is no more than that of sneakers. Sandals have a medium variance (0.051),
# but the network loses the largest share of it, 26 %. They are thin straps, and one
# that is drawn a pixel off costs more than one that is left out; section 9 comes back
# to that.

# %% [markdown]
# ## 8. Are all 64 numbers at work?
#
# The code layer ends in a ReLU: negative becomes 0. If a unit's input is negative for
# *every* image, its output is always 0, its slope is 0, and its own weights get no
# gradient. It is **dead**: only a change in the layer below could revive it, and that
# is rare. The code then has 64 numbers on paper and fewer in use.
#
# **Exercise 6.** Count them.
#
# <details><summary>Stuck? A second hint</summary>
#
# Compare the whole array with 0 first: that gives a table of True and False. Then
# reduce over the images: a unit is dead when *all* of its entries are True. Finally,
# count.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "dead_units", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dead_units(z):
    """How many units of a code are 0 for every image.

    z: array (N, d), codes after a ReLU, so never negative; not changed
    Returns one number, from 0 to d. A unit that responds to even one image is alive,
    however faintly, if not below a millionth.
    Hint: look at each column: all rows of it, not any.
    """
    ### BEGIN SOLUTION
    return int((z == 0).all(axis=0).sum())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_dead_units", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.dead_units(dead_units)
### BEGIN HIDDEN TESTS
checks.dead_units(dead_units, draws=[74582])
### END HIDDEN TESTS

# %% [markdown]
# When do they die? Compare the initial weights and five equally long runs: the four of
# section 6, and one with decay but no warm-up, which is new. (About 5 s.)

# %%
encoder_cold, cold = short_run(schedule(learning_rate, short_epochs, warm_up=0))

# %%
encoders = {
    "initial weights": build(latent_dim)[0],
    "constant 0.001": encoder_mse,
    f"constant {learning_rate:g}": encoder_constant,
    f"peak {learning_rate:g}, no warm-up": encoder_cold,
    f"peak {learning_rate:g}": encoder_warm,
    f"peak {4 * learning_rate:g}": encoder_high,
}
dead = {name: int(dead_units(np.asarray(e(x_train)))) for name, e in encoders.items()}
plots.bars(
    dead,
    "How many units are dead?",
    ylabel=f"dead units of {latent_dim}",
)

# %%
dead_long = int(dead_units(np.asarray(encoder(x_train))))
print(f"after the long run: {dead_long} of {latent_dim}")

# %% [markdown]
# **What to see**
#
# - With the initial weights no unit is dead. They die in training.
# - The larger the steps, the more of them: over three seeds, 3 to 6 of 64 at a constant
#   0.001, 8 to 15 with our schedule, 23 to 31 with a peak four times higher. One large
#   step can push a unit below 0 for all images.
# - The warm-up saves a few: between one and seven in every pair of runs that we made.
#   The long run, with a longer warm-up, ends with seven dead units.
# - Even so, the higher learning rate gives the lower error at equal epochs
#   (section 10). A network can be better *and* waste units. Section 10 also shows what
#   all 64 can do.

# %% [markdown]
# ## 9. Three experiments that fail
#
# ### Shift an image by one pixel
#
# Nobody would notice. What does our measure say?

# %%
shifted = np.roll(fashion.test.images, 1, axis=2).reshape(-1, 784)  # to the right
print(f"shifted by one pixel: MSE {mse(x_test, shifted):.5f}")
print(f"reconstructed:        MSE {test_mse:.5f}")

# %%
plots.image_rows(
    {
        "originals": x_test[first],
        "shifted one pixel": shifted[first],
        "reconstructed": x_hat[first],
    },
    "Which is the better copy, the middle row or the bottom row?",
)

# %% [markdown]
# **What to see.** The shifted images keep every stripe, yet their error is about four
# times that of the blurred ones. By MSE, the sharp copy is the worse one. MSE compares
# pixel by pixel, in place; it does not know what a sleeve is. So a network trained on
# it has little reason to draw a stripe that may end up one pixel off. A low MSE is not
# the same as a good image.
#
# ### Show it something else

# %%
mnist = data.load("MNIST", train_images=10, seed=seed)
digits = mnist.test.flat  # (10000, 784)
digits_hat = np.asarray(autoencoder(digits))
digit_errors = np.asarray(mse_per_image(digits, digits_hat))  # (10000,)
print(f"digits: MSE {digit_errors.mean():.5f}, garments: {test_mse:.5f}")

# %% tags=["expected-figure"]
one_each = [np.flatnonzero(mnist.test.labels == c)[0] for c in range(10)]
plots.image_rows(
    {"digits": digits[one_each], "reconstructed": digits_hat[one_each]},
    "A network that has only seen clothes, asked for digits",
)

# %% [markdown]
# **What to see.** Nearly four times the error on clothes, although a digit is the
# simpler image. You can see the network reach for what it knows: sleeves, hems, pant
# legs. An autoencoder does not learn to copy *images*. It learns to copy what it was
# trained on.
#
# This failure looks useful. Sound an alarm whenever the error is large, and you have an
# **anomaly detector**, which needs no example of an anomaly. How good is it? Set the
# threshold so that 5 % of the validation garments raise a false alarm, and count the
# digits that slip through. The **AUROC**, the area under the ROC curve, needs no
# threshold: it is the chance that a randomly chosen digit has a larger error than a
# randomly chosen garment. 0.5 is guessing, 1 is perfect. PCA is the baseline here, too.


# %%
def auroc(garment_errors, digit_errors):
    """The chance that a random digit has a larger error than a random garment."""
    is_digit = np.repeat([0, 1], [len(garment_errors), len(digit_errors)])
    return roc_auc_score(is_digit, np.concatenate([garment_errors, digit_errors]))


pca_errors = mse_per_image(x_test, x_pca)
pca_digit_errors = mse_per_image(digits, from_components(digits, latent_dim))
digit_auroc = auroc(errors, digit_errors)
pca_auroc = auroc(pca_errors, pca_digit_errors)
print(f"AUROC: autoencoder {digit_auroc:.3f}, PCA-{latent_dim} {pca_auroc:.3f}")

# %%
validation_hat = np.asarray(autoencoder(x_validation))
threshold = np.quantile(mse_per_image(x_validation, validation_hat), 0.95)
print(f"alarm above {threshold:.4f}:")
print(f"  {100 * np.mean(errors > threshold):.1f} % of the test garments raise it,")
print(f"  {100 * np.mean(digit_errors <= threshold):.1f} % of the test digits do not")
black = np.zeros((1, 784), np.float32)
print(f"error of an all-black image: {mse(black, autoencoder(black)):.4f}")

# %%
groups = {"garments": errors, "digits": digit_errors}
edges = np.linspace(0, np.quantile(digit_errors, 0.999), 41)
plots.curves(
    {name: 100 * np.histogram(e, edges)[0] / len(e) for name, e in groups.items()},
    "How well does the error separate digits from garments?",
    ylabel="share of the images (%)",
    xlabel="MSE per pixel of an image",
    x=(edges[:-1] + edges[1:]) / 2,
)

# %%
missed = error_by_class(100.0 * (digit_errors <= threshold), mnist.test.labels)
plots.bars(
    {name: float(m) for name, m in zip(mnist.class_names, missed, strict=True)},
    "Which digits raise no alarm?",
    ylabel="missed test digits (%)",
)

# %% [markdown]
# **What to see**
#
# - The error does separate the two groups: the AUROC is 0.97. Yet PCA-64 does about as
#   well.
# - With 5 % false alarms, 14 % of the digits slip through, and they are mostly ones:
#   four out of five raise no alarm. One upright stroke on black is easy to draw for a
#   network that knows pant legs.
# - An all-black image is nothing like a garment, and its error is among the smallest of
#   all (0.001). Striped shirts, on the other hand, do raise an alarm: look at the ten
#   hardest images above.
#
# So a large error says "hard to draw with this code". Often that means "unlike anything
# I was trained on", but not always, and a small error promises nothing.
#
# ### Describe clothes with two numbers
#
# With `latent_dim=2` every code is a point in the plane, and we can look at all of them
# at once. (About 5 s. The code is linear here, without a ReLU, which would keep all
# points in one quarter of the plane.)

# %%
encoder_2, decoder_2, autoencoder_2 = build(2, code="linear")
rate = schedule(learning_rate, short_epochs)
train_model(autoencoder_2, fashion.train, fashion.validation, short_epochs, rate)
z_2 = np.asarray(encoder_2(x_test))  # (10000, 2)
two_mse = mse(x_test, autoencoder_2(x_test))
pca_2 = mse(x_test, from_components(x_test, 2))
print(f"two numbers: test MSE {two_mse:.5f}, PCA-2 {pca_2:.5f}")

# %%
plots.codes(
    z_2[:2000],
    fashion.test.labels[:2000],
    fashion.class_names,
    "Two numbers, trained without labels: do the classes form groups?",
)

# %% [markdown]
# Now explore: drag the point over the cloud, or click it and use the arrow keys. The
# decoder answers at once.

# %%
explore.plane(
    decoder_2,
    z_2[:2000],
    fashion.test.labels[:2000],
    fashion.class_names,
    "Where does one garment turn into another?",
)

# %%
plots.image_rows(
    {"originals": x_test[first], "from 2 numbers": autoencoder_2(x_test[first])},
    "From two numbers: which garments come back as something else?",
)

# %% [markdown]
# **What to see**
#
# - Nobody told the network about classes, yet shoes gather at one end and trousers at
#   the other: what looks alike gets similar codes.
# - Pullovers, coats and shirts lie on top of each other. They share their outline.
# - The decoder can only answer with the typical image near a point. Prints are gone,
#   and the bag comes back as a boot.
# - The axes have no meaning of their own: with another seed, the cloud is turned or
#   bent.

# %% [markdown]
# ## 10. Improving the model
#
# Each change comes on top of the ones before it. All networks train for the same few
# epochs and are judged on the **validation** images. The code keeps its 64 numbers
# throughout. The first bar is section 5's network, at a constant learning rate of
# 0.001; then
#
# 1. a learning rate of 0.008, still constant,
# 2. its decay,
# 3. a warm-up before the decay (these three are trained already, in sections 6 and 8),
# 4. a **linear code**: no ReLU on $z$, so no unit can die and both signs can be used,
# 5. **ELU** in the hidden layers: like ReLU for positive numbers, but for negative ones
#    it bends smoothly toward −1 instead of being 0, so its slope does not vanish at
#    once,
# 6. 256 hidden units instead of 128.
#
# (About 20 s.)

# %%
rate = schedule(learning_rate, short_epochs)
options = {"code": "linear"}
ladder = {"section 5": by_mse, f"rate {learning_rate:g}": constant, "decay": cold}
ladder["warm-up"] = warm
ladder["linear code"] = short_run(rate, **options)[1]
options["activation"] = "elu"
ladder["ELU"] = short_run(rate, **options)[1]
options["width"] = 256
ladder["256 units"] = short_run(rate, **options)[1]

# %%
gains = {name: validation_mse(model) for name, model in ladder.items()}
plots.bars(
    gains,
    "Each change comes on top of those to its left",
    ylabel=f"validation MSE at epoch {short_epochs}",
)

# %% [markdown]
# **What to see**
#
# - Together the changes nearly halve the error at equal epochs.
# - Decay alone costs 8 to 10 % in so short a run, and the warm-up wins half of that
#   back, or more (three seeds). Both are meant for longer runs, as in section 6.
# - Each bar is a single run, and another seed moves it by up to 6 %. But the linear
#   code, ELU and the width each lower the error by at least 7 % with every one of three
#   seeds.
# - The linear code frees the dead units and lets each number have either sign.
# - The last change has a price: twice the parameters, and more time.
#
# Now the last one for longer. (About 25 s. Expect a validation loss near 0.0069.)

# %%
encoder_3, decoder_3, improved = build(latent_dim, **options)
rate = schedule(learning_rate, improved_epochs)
longer = train_model(improved, fashion.train, fashion.validation, improved_epochs, rate)

# %%
plots.curves(
    {
        "784-128-64, ReLU code": history.history["val_loss"],
        "784-256-64, linear code, ELU": longer.history["val_loss"],
    },
    "When does the improved model pass the end of the long run?",
    ylabel="validation loss (MSE per pixel)",
    levels={f"PCA-{latent_dim} (test images)": pca_mse},
    yscale="log",
)

# %%
x_hat_3 = np.asarray(improved(x_test))  # (10000, 784)
improved_mse = mse(x_test, x_hat_3)
plots.image_rows(
    {
        "originals": x_test[first],
        "long run": x_hat[first],
        "improved": x_hat_3[first],
    },
    f"The same {latent_dim} numbers: which details are new?",
)

# %% [markdown]
# **What to see.** Look at the sandal's strap, the shoe's sole and the edges of the
# sleeves: they are sharper. The logo is still a gray box. The error fell by a fifth.
#
# ### What limits it now?
#
# The code, the size of the network, the length of training? We changed one thing at a
# time and trained again (seed 0; for the first two, set `latent_dim = 128` or
# `improved_epochs = 30` at the top):
#
# | change | test MSE | |
# | --- | --- | --- |
# | none | 0.0069 | |
# | a code of 128 numbers instead of 64 | 0.0058 | −16 % |
# | 30 epochs instead of 10 | 0.0059 | −13 % |
# | 512 hidden units instead of 256 | 0.0065 | −6 % |
#
# With two other seeds the longer code gains 19 and 18 %, the wider network 8 % both
# times.
#
# So the 64 numbers are a limit, but not the only one: longer training gains nearly as
# much with the same code. The wider network gains least, for twice the parameters, and
# the peak of 0.008 is close to too much for it: its first epoch ends at a validation
# loss of 0.041, against 0.016 with 256 units. It recovers, and half the peak ends
# no lower (0.0067).

# %% [markdown]
# **Think 2.** Which difficulties did you run into, in your own code or in how the
# network behaved? Choose two. For each: how did you notice, what was the cause, and
# what helped (or would help)? At least one of them should be about the network.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_challenges", "locked": false, "points": 8, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** *Dead units.* After a short run with a peak of 0.008 and no warm-up
# I counted 11 of 64 code units that were 0 for every image, against none with the
# initial weights. The cause: a large step pushes a unit's input below 0 for all images,
# and there the ReLU has no slope, so the unit hardly ever comes back. A warm-up saved
# three of them, and at a constant 0.001 only six died; a linear code cannot have any, and it lowered the
# validation error at equal epochs.
#
# *Blur.* The loss went down while prints and stripes stayed smooth. The cause is the
# loss: an image shifted by one pixel looks the same and has more than four times the
# error of a blurred one, so blur is what squared error rewards. A larger network helped
# a little (the improved model); a loss that looks at edges or features would help more.
#
# Other good answers: the BCE that would not go to 0 (the floor); slow training at the
# default learning rate; a last layer without a sigmoid; labels passed as targets;
# images that were not flattened.
#
# **Rubric** (8 points)
#
# - For each of two difficulties: 1 for how it showed (a number, a picture, an error
#   message), 2 for a cause that explains it, 1 for what helps.
# - At most 4 in total if neither is about the network's behavior.
# ### END SOLUTION

# %% [markdown]
# ## 11. Your figures
#
# Each figure is shown next to the range that a full run on the real images falls into.

# %%
facts = {"seed": seed, "device": "CPU"}
metrics.record("mean image test MSE", mean_mse, (0.0864, 0.0869), **facts)
metrics.record(f"PCA-{latent_dim} test MSE", pca_mse, (0.01026, 0.01048), **facts)
metrics.record("test MSE", test_mse, (0.0083, 0.0091), epochs=epochs, **facts)
metrics.record(
    "test MSE, improved",
    improved_mse,
    (0.0066, 0.0071),
    epochs=improved_epochs,
    **facts,
)
metrics.record(
    "test MSE, two numbers", two_mse, (0.0310, 0.0342), epochs=short_epochs, **facts
)
metrics.record("dead units of the code", dead_long, epochs=epochs, **facts)
metrics.record("AUROC, digits against garments", digit_auroc, epochs=epochs, **facts)

# %% [markdown]
# For comparison: Géron's dense autoencoder (see below), with a code of 30 numbers,
# reaches a validation MSE of 0.0132 on the same clothes, where PCA-30 has 0.0156.

# %% [markdown]
# ## Summary
#
# An autoencoder is two networks joined by a bottleneck and trained to reproduce their
# own input. Without activations it learns the subspace of PCA; with them, and 64
# numbers, it clearly beats PCA-64. It draws outlines well and blurs texture, because
# squared error rewards blur. How you train matters as much as what you build: a
# learning rate eight times the default took 20 % off the error in two epochs, and the
# schedule another 17 % in fifteen; a linear code and ELU were worth 17 %, and twice the
# width as much again, for twice the parameters.
#
# ## Further reading
#
# - G. Hinton, R. Salakhutdinov (2006), *Reducing the dimensionality of data with neural
#   networks*: deep autoencoders against PCA.
# - I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, chapter 14:
#   autoencoders.
# - A. Géron (2022), *Hands-On Machine Learning with Scikit-Learn, Keras, and
#   TensorFlow*, 3rd edition, chapter 17.
# - D.-A. Clevert, T. Unterthiner, S. Hochreiter (2016), *Fast and accurate deep network
#   learning by exponential linear units (ELUs)*.
# - I. Loshchilov, F. Hutter (2017), *SGDR: stochastic gradient descent with warm
#   restarts*: the cosine schedule.
#
# ## Next
#
# Lesson 02 builds an autoencoder in PyTorch with a bottleneck of only eight numbers.
# You write the training loop that `fit` hid from you, and put the network to work: it
# cleans up noisy digits and turns one digit into another.
