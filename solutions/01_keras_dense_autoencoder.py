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
# You will build a network that squeezes a picture of 784 pixels into 64 numbers and
# draws it again from those. Nobody has to label anything: the picture is both the
# question and the answer. What the network learns on the way, a short description of
# each picture, is what search engines, denoisers and image generators are built on.
#
# **You will be able to**
# - build encoder, decoder and autoencoder as three Keras models over the same layers,
# - train with the image as its own target, and choose between BCE and MSE,
# - judge reconstructions by eye, by a number, and against PCA,
# - find out what holds a network back, one change at a time.
#
# **Time:** reading 35 min, writing 40 min, computing about 1.5 min on a 2-core laptop.

# %% tags=["parameters"]
# Parameters: change them here, or with `course run 01 -p NAME VALUE`.
epochs: int = None  # passes over the training images; None: the budget below
short_epochs: int = None  # the same for the short comparisons; None: the budget below
improved_epochs: int = None  # the same for the last model; None: the budget below
train_images: int = None  # how many of the 55,000 to train on; None: the budget below
batch_size = 250  # images in one step; 250 divides 55,000, so no batch is smaller
learning_rate = 0.008  # Adam's largest step size, from section 6 on
latent_dim = 64  # numbers in a code
seed = 0  # for the first weights and the order of the images
out_dir = "outputs/01_keras_dense_autoencoder"  # where pictures go

# %%
from helpers.keras_start import quiet_start

with quiet_start():  # TensorFlow likes to talk while it loads
    import keras
import math
import numpy as np
from keras import layers
from sklearn.decomposition import PCA
from helpers import data, explore, metrics, plots, training
from helpers.budget import budget
from helpers.checks import lesson01 as checks

# %%
epochs = budget("epochs", epochs, full=15, fast=2)
short_epochs = budget("short_epochs", short_epochs, full=2, fast=1)
improved_epochs = budget("improved_epochs", improved_epochs, full=10, fast=1)
train_images = budget("train_images", train_images, full=55_000, fast=3_000)

# %% [markdown]
# ## 1. The clothes
#
# Fashion-MNIST: small grey pictures of ten kinds of garment. `data.load` returns them
# scaled to [0, 1] and split in three, as you did by hand in lesson 00. A dense layer
# wants rows of numbers, so we take each image as one row of 784: `.flat`.

# %%
fashion = data.load("FashionMNIST", train_images=train_images, seed=seed)
x_train = fashion.train.flat  # (55000, 784)
x_validation = fashion.validation.flat  # (5000, 784)
x_test = fashion.test.flat  # (10000, 784)

# %% tags=["nbval-check-output"]
print(x_test.shape, x_test.dtype, x_test.min(), x_test.max())

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
# **What to see.** Large, smooth, grey surfaces with a sharp outline. A few have a
# print or a zip: fine detail on top of a simple shape. Ask yourself which of the two
# will survive in 64 numbers. These ten come back in every figure below.

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
# - The **decoder** turns $z$ into a reconstruction $\hat x$. It sees nothing but $z$,
#   so what is not in the code is lost.
# - An arrow is a **dense layer**: a matrix of weights, a bias, and an **activation**.
#   **ReLU** keeps positive numbers and turns negative ones into 0; without such a bend
#   two layers would be no more than one. The **sigmoid** at the end keeps every pixel
#   of $\hat x$ between 0 and 1.
#
# If the waist were as wide as the image, copying would be easy and nothing would be
# learned. The waist forces a choice: what is worth keeping?

# %% [markdown]
# **Exercise 1.** Write both halves. Four arguments now save work later: section 9
# changes `latent_dim`, section 10 the other three.
#
# <details><summary>Stuck? A second hint</summary>
#
# Each half is a chain: what a layer returns is what you call the next layer with. Count
# your `Dense` layers: two in each half. In each half one activation is named by an
# argument of the function; look which layers those are.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "halves", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_encoder(latent_dim, width=128, activation="relu", code="relu"):
    """Make a new encoder: 784 - width - latent_dim.

    latent_dim: int, numbers in a code
    width: int, units of the hidden layer; activation: its activation, a name
    code: the activation of the code layer, a name ("linear" means none)
    Returns a keras.Model, (B, 784) -> (B, latent_dim), of two dense layers and nothing
    else. Biases, first weights and the kind of model are up to you.
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
checks.halves(build_encoder, build_decoder, draws=[61843, 905127])
### END HIDDEN TESTS

# %% [markdown]
# Now join them. The autoencoder must not get layers of its own: it **shares** the
# layers of the two halves. Then training the whole trains both, and afterwards you
# can use the encoder or the decoder alone.
#
# **Exercise 2.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# You need a new input. Follow it through the encoder, and what comes out through the
# decoder. Do not build any layer here, or the new model has weights that the halves do
# not know.
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
checks.join(join, draws=[27409, 318266])
### END HIDDEN TESTS


# %%
def build(latent_dim, **encoder_options):
    """New encoder, decoder and autoencoder, from the same first weights each time."""
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
print(f"{autoencoder.count_params():,} weights")

# %%
plots.image_rows(
    {"originals": x_test[first], "untrained": x_hat},
    "Before training: the same grey noise for every garment",
)

# %% [markdown]
# **What to see.** Small random weights give numbers near 0, and sigmoid(0) = 0.5 is
# mid-grey. The shapes are right, the pictures are not: now there is something to learn.

# %% [markdown]
# ## 3. A ruler, and two bars to clear
#
# We measure with the **mean squared error per pixel**. First for each image by itself,
# because soon we ask *which* images are hard:
#
# $$\mathrm{MSE}(x, \hat x) = \frac{1}{784} \sum_{i=1}^{784} (x_i - \hat x_i)^2$$
#
# *Averaged* over the pixels. Averaging over the images comes afterwards.
#
# **Exercise 3.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# The result must have as many entries as there are images. So the mean goes over the
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
checks.mse_per_image(mse_per_image, draws=[83561, 472938])
### END HIDDEN TESTS


# %%
def mse(x, x_hat):
    """Mean over the images too: one number."""
    return float(np.mean(mse_per_image(x, np.asarray(x_hat))))


# %% [markdown]
# Two bars from lesson 00: the mean training image, whatever comes in, and PCA with as
# many components as our code has numbers. PCA-64 is the best that a *linear*
# autoencoder can do; a network has to beat it to be worth its training.

# %%
pca = PCA(latent_dim, svd_solver="covariance_eigh").fit(x_train)
x_pca = pca.inverse_transform(pca.transform(x_test))  # (10000, 784)
mean_mse = mse(x_test, np.broadcast_to(x_train.mean(axis=0), x_test.shape))
pca_mse = mse(x_test, x_pca)
print(f"mean image {mean_mse:.5f}, PCA-{latent_dim} {pca_mse:.5f}")

# %% [markdown]
# ## 4. Two losses
#
# The network is trained to make a loss small. Two are in use for pixels in [0, 1].
# Keras *averages* both, over pixels and over images.
#
# - **MSE**: how far is $\hat x$ from $x$, squared?
# - **BCE**, binary cross-entropy: reads $\hat x$ as a probability of white,
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
    ylabel="push on a, for x = 1",
    xlabel="a, the number before the sigmoid (0 is mid-grey)",
    x=a,
)

# %% [markdown]
# **What to see.** Far left the network says "black" and is sure, but the pixel is
# white. BCE pushes with full force. MSE hardly pushes: the sigmoid is flat there, and
# the mistake can last. Near the right answer both calm down.
#
# Does it matter here? Measure instead of guessing. For that you need to train.

# %% [markdown]
# ## 5. Training: the image is its own target
#
# Keras wants two calls. `compile` fixes the loss and the optimizer, here **Adam**:
# gradient descent that gives each weight a step size of its own. `fit(x, y)` runs the
# epochs. For a classifier `y` would be the labels. Here `y` **is** `x`.
#
# Two options of `compile` change the speed and not the result. Both take seconds to
# set up, so they pay in long runs only: with `steps_per_execution` Python looks in
# only every 20 steps, and `jit_compile` translates a step for your processor.


# %%
def faster(epochs):
    """Options for compile() that pay for a run of that many epochs."""
    steps = epochs * len(x_train) // batch_size
    looks_in = 20 if steps > 100 else 1
    return {"steps_per_execution": looks_in, "jit_compile": steps > 1_500}


# %% [markdown]
# **Exercise 4.** Write it. The labels are within reach, in `train.labels`. Leave them.
#
# <details><summary>Stuck? A second hint</summary>
#
# Four places want images: input and target, once for training and once for validation.
# All four are `.flat`; what differs is which split they come from. And hand every
# argument of the function on: each must turn up in `compile` or in `fit`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "train_model", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_model(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=batch_size
):
    """Train an autoencoder with Adam (or AdamW); each image is its own target.

    model: keras.Model, (B, 784) -> (B, 784); trained in place
    train, validation: splits, with .flat of shape (N, 784) in [0, 1]; not changed
    epochs: how often all images are gone through, in a new random order each time
    learning_rate: a number, or a Keras schedule; Adam takes either, as it is
    loss: "mse" or "binary_crossentropy", handed on to compile
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
checks.train_model(train_model, draws=[50927, 164803])
### END HIDDEN TESTS

# %% [markdown]
# Try both losses, with Adam's usual step size of 0.001. A few epochs are enough to
# compare. (About 5 s each on a 2-core laptop. Expect a loss near 0.019 for MSE
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
# Which one is better? Each wins by its own ruler, perhaps. So measure both models with
# both rulers, on the validation images. And ask what a *perfect* copy would score.


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
# - After a few epochs the two models are about equal, by either ruler.
# - A perfect copy has MSE 0, but BCE 0.239. Grey pixels cost something even when
#   predicted exactly. This **floor** belongs to the data. A BCE of 0.30 is not "far
#   from 0": four fifths of it are floor.
#
# We take MSE from here on: it is what we report, and its perfect score is 0. (In lesson
# 03 the loss must be a negative log probability, and BCE comes back.)

# %% [markdown]
# ## 6. The long run
#
# So far the step size was the same all the time. Two habits make training much
# better:
#
# - **Fall**: large steps first, to get somewhere; small ones at the end, to settle.
#   Here along half a cosine wave.
# - **Warm up**: in the first tenth of the steps, rise from 0. Adam's very first steps
#   rest on hardly any experience. Large ones can push units to where they no longer
#   learn; section 8 counts them.
#
# With both, the largest step may be eight times the usual 0.001.


# %%
def schedule(peak, epochs, warm_up=0.1):
    """Step size: from 0 up to `peak`, then down to 0 along half a cosine wave."""
    steps = epochs * math.ceil(len(x_train) / batch_size)
    rising = int(warm_up * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - rising, warmup_target=peak, warmup_steps=rising
    )


# %%
step = np.linspace(0, 1, 101) * epochs * math.ceil(len(x_train) / batch_size)
plots.curves(
    {
        "usual": np.full(101, 0.001),
        "ours": [float(schedule(learning_rate, epochs)(s)) for s in step],
    },
    "The step size: warm up, then fall",
    ylabel="Adam's step size",
    xlabel="epoch",
    x=step / step[-1] * epochs,
)

# %% [markdown]
# Now the run that counts. (About 25 s on a 2-core laptop. Expect the validation
# loss to fall from about 0.021 to 0.0087.)
#
# Stop the cell (the square in the toolbar) whenever you like: training ends with the
# epoch under way, and the model can be used. Run it again, and the same model trains on.

# %%
encoder, decoder, autoencoder = build(latent_dim)
rate = schedule(learning_rate, epochs)

# %%
history = train_model(autoencoder, fashion.train, fashion.validation, epochs, rate)

# %%
plots.curves(
    {"training": history.history["loss"], "validation": history.history["val_loss"]},
    "Fast at first, then slowly; validation keeps up with training",
    ylabel="loss (MSE per pixel)",
    levels={f"PCA-{latent_dim} (test images)": pca_mse},
)

# %% [markdown]
# **What to see**
#
# - The network crosses the PCA line about half-way and goes on.
# - The two curves stay together: hardly any overfitting. A network of 218,000 weights
#   cannot learn 55,000 images by heart. Longer training would still help a little.
# - In the first two epochs the training curve lies higher, though these are the images
#   that are trained on. Lesson 02 asks you why.

# %% [markdown]
# ## 7. Originals against reconstructions
#
# Now the test images, which had no part in training or in any choice.

# %%
x_hat = np.asarray(autoencoder(x_test))  # (10000, 784)
errors = np.asarray(mse_per_image(x_test, x_hat))  # (10000,)
test_mse = float(errors.mean())
print(f"test MSE {test_mse:.5f}, PCA-{latent_dim} {pca_mse:.5f}")

# %%
plots.image_rows(
    {
        "originals": x_test[first],
        f"PCA-{latent_dim}": x_pca[first],
        "autoencoder": x_hat[first],
    },
    f"{latent_dim} numbers keep the garment and lose the print",
    save_as=f"{out_dir}/reconstructions.png",
)

# %% [markdown]
# **What to see**
#
# - Kind, outline and brightness are right in all ten.
# - PCA leaves a haze around the garments, and makes the sandal the ghost of a shoe.
#   The network's background is black: the sigmoid turns every clearly negative number
#   into 0, so small remains do not show. And it finds the strap: its hidden units bend,
#   so the patterns it draws with depend on the picture, while PCA adds up the same 64
#   every time.
# - Both blur what is fine: prints, folds, laces. Squared error forgives blur: when the
#   code leaves open where a stripe is, the average of all the places costs least.

# %% [markdown]
# **Think 1.** Describe the quality of your reconstructions to someone who cannot see
# them. What survives, what is lost, and why just that? Give at least one number and say
# what you compare it with.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_quality", "locked": false, "points": 7, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Each reconstruction shows the right kind of garment, with its
# outline and its overall brightness. What is lost is fine texture: prints, stripes,
# folds, laces and buttons turn into smooth grey. Two causes: 64 numbers cannot hold
# every pixel, and large surfaces make up most of the error, so the code is spent on
# them first. And squared error is cheapest at the average of all the pictures that fit
# the code, which is a blur. The test MSE is 0.0087 per pixel. PCA with 64 components
# has 0.0104 and the mean image 0.0866, so the network's error is about 16 % below
# PCA's. As the square root is about 0.09, a pixel is typically off by 9 % of the range
# from black to white.
#
# **Rubric** (7 points)
#
# - 2: names what survives (kind, outline, brightness) and what is lost (fine detail).
# - 2: gives a reason: the narrow code, or the averaging that squared error rewards.
# - 2: gives a test figure and compares it with PCA, the mean image or the validation
#   loss.
# - 1: says on which images it was measured, or translates the number into pixels.
# ### END SOLUTION

# %% [markdown]
# ### Which garment is hardest?
#
# One number for 10,000 images hides a lot. Split it up.
#
# **Exercise 5.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# `labels == c` is an array of True and False, as long as `labels`. It picks entries out
# of `errors`. Do this for each of the ten classes and collect the means in an array.
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
checks.error_by_class(error_by_class, draws=[39216, 780435])
### END HIDDEN TESTS

# %%
class_errors = np.asarray(error_by_class(errors, fashion.test.labels))
plots.bars(
    {
        name.split("/")[0]: round(1000 * error, 1)
        for name, error in zip(fashion.class_names, class_errors, strict=True)
    },
    "Bags and sandals are hard, trousers are easy",
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
# - The ten hardest are stripes, checks and prints, whatever the class. They come back
#   as grey: the code has no room for a pattern that hardly any other image shares.
# - The ten easiest are plain trousers: nearly the same picture each time.
# - Bags are large and all different. Sandals are thin straps: one that is drawn a pixel
#   off costs more than one that is left out. Section 9 comes back to that.

# %% [markdown]
# ## 8. Are all 64 numbers at work?
#
# The code layer ends in a ReLU: negative becomes 0. If a unit's input is negative for
# *every* image, it always says 0, its slope is 0, and its own weights get no gradient.
# It is **dead**: only a change in the layer below could wake it, and that is rare. You
# pay for 64 numbers and use fewer.
#
# **Exercise 6.** Count them.
#
# <details><summary>Stuck? A second hint</summary>
#
# Compare the whole array with 0 first: a table of True and False. Then reduce over the
# images: a unit is dead when *all* of its entries are True. Last, count.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "dead_units", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dead_units(z):
    """How many units of a code are 0 for every image.

    z: array (N, d), codes after a ReLU, so never negative; not changed
    Returns one number, from 0 to d. A unit that answers to one image is alive, however
    faintly, if not below a millionth.
    Hint: look at each column: all rows of it, not any.
    """
    ### BEGIN SOLUTION
    return int((z == 0).all(axis=0).sum())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_dead_units", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.dead_units(dead_units)
### BEGIN HIDDEN TESTS
checks.dead_units(dead_units, draws=[74582, 236019])
### END HIDDEN TESTS

# %% [markdown]
# Who kills them? Compare equally long runs: the first weights, the usual step size
# (you have that one), the large step size at once, and the same after a warm-up.
# (About 10 s.)

# %%
encoder_cold, cold = short_run(schedule(learning_rate, short_epochs, warm_up=0))
encoder_warm, warm = short_run(schedule(learning_rate, short_epochs))

# %%
encoders = {
    "first weights": build(latent_dim)[0],
    "step 0.001": encoder_mse,
    f"step {learning_rate:g} at once": encoder_cold,
    f"step {learning_rate:g} warmed up": encoder_warm,
}
dead = {name: int(dead_units(np.asarray(e(x_train)))) for name, e in encoders.items()}
plots.bars(
    dead,
    "Nobody is born dead: training kills, large steps more",
    ylabel=f"dead units of {latent_dim}",
)

# %%
dead_long = int(dead_units(np.asarray(encoder(x_train))))
print(f"after the long run: {dead_long} of {latent_dim}")

# %% [markdown]
# **What to see**
#
# - With the first weights all 64 units answer to some image. Training kills.
# - Large steps kill the most: one bad step can push a unit below 0 for all images. A
#   warm-up spares only one with this seed, four with another; small steps spare more.
# - The long run, with a slower warm-up, ends with seven.
# - Even so the large steps give the lower error at equal epochs (section 10). A network
#   can be better *and* waste units. What all 64 can do comes in section 10.

# %% [markdown]
# ## 9. Three experiments that fail
#
# ### Move a picture by one pixel
#
# Nobody would notice. What does our ruler say?

# %%
shifted = np.roll(fashion.test.images, 1, axis=2).reshape(-1, 784)  # to the right
print(f"shifted by one pixel: MSE {mse(x_test, shifted):.5f}")
print(f"reconstructed:        MSE {test_mse:.5f}")

# %%
plots.image_rows(
    {
        "originals": x_test[first],
        "moved one pixel": shifted[first],
        "reconstructed": x_hat[first],
    },
    "By MSE, the sharp picture in the middle is the worse copy",
)

# %% [markdown]
# **What to see.** The shifted pictures keep every stripe, and their error is about
# four times that of the blurred ones. MSE compares pixel by pixel, in place. It does
# not know what a sleeve is. So a network trained on it has little reason to draw a
# stripe that may end up in the next pixel. A low MSE is not the same as a good picture.
#
# ### Show it something else

# %%
mnist = data.load("MNIST", train_images=10, seed=seed)
digits = mnist.test.flat[[np.flatnonzero(mnist.test.labels == c)[0] for c in range(10)]]
digits_hat = np.asarray(autoencoder(digits))  # (10, 784)
print(f"digits: MSE {mse(digits, digits_hat):.5f}, garments: {test_mse:.5f}")

# %%
plots.image_rows(
    {"digits": digits, "reconstructed": digits_hat},
    "A network that has only seen clothes, asked for digits",
)

# %% [markdown]
# **What to see.** About four times the error on clothes, though a digit is the simpler
# picture. You can see the network reach for what it knows: collars, sleeves, trouser
# legs. An autoencoder does not learn to copy *images*. It learns to copy what it was
# trained on. This failure has a use: a large reconstruction error says "I have never
# seen such a thing", which is how anomalies are found.
#
# ### Describe clothes with two numbers
#
# With `latent_dim=2` every code is a point in the plane, and we can look at all of them
# at once. (About 5 s. The code is linear here, since a ReLU would keep all points
# in one quarter of the plane.)

# %%
encoder_2, decoder_2, autoencoder_2 = build(2, code="linear")
rate = schedule(learning_rate, short_epochs)
train_model(autoencoder_2, fashion.train, fashion.validation, short_epochs, rate)
z_2 = np.asarray(encoder_2(x_test))  # (10000, 2)
two_mse = mse(x_test, autoencoder_2(x_test))
pca_2 = pca.mean_ + pca.transform(x_test)[:, :2] @ pca.components_[:2]  # (10000, 784)
print(f"two numbers: test MSE {two_mse:.5f}, PCA-2 {mse(x_test, pca_2):.5f}")

# %%
plots.codes(
    z_2[:2000],
    fashion.test.labels[:2000],
    fashion.class_names,
    "Two numbers, no labels: kinds of garment still gather",
)

# %% [markdown]
# Now go for a walk: drag the point over the cloud, or click it and use the arrow keys.
# The decoder answers at once.

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
    "From two numbers: a typical garment, not always of the right kind",
)

# %% [markdown]
# **What to see**
#
# - Nobody told the network about classes, yet shoes gather at one end and trousers at
#   the other: what looks alike gets similar codes.
# - Pullover, coat and shirt lie on top of each other. By outline they are the same.
# - The decoder can only answer "the typical picture near this point". Prints
#   are gone, and a bag may come back as a boot.
# - It is not a map to draw from: the axes have no meaning of their own, and with
#   another seed the picture is turned or bent.

# %% [markdown]
# ## 10. Improving the model
#
# One step at a time, each on top of the ones before, each trained for the same few
# epochs, judged on the **validation** images. The code keeps its 64 numbers throughout.
# The first bar is section 5's network, at a constant 0.001; then
#
# 1. a larger step size that falls (two changes: the size needs the fall), and
# 2. a warm-up before it: both trained in section 8,
# 3. a **linear code**: no ReLU on $z$, so no unit can die and both signs are of use,
# 4. **ELU** in the hidden layers: like ReLU, but smooth, and never flat on the left
#    until far out,
# 5. 256 hidden units in place of 128.
#
# (About 20 s.)

# %%
rate = schedule(learning_rate, short_epochs)
options = {"code": "linear"}
ladder = {"section 5": by_mse, "larger step": cold, "warm-up": warm}
ladder["linear code"] = short_run(rate, **options)[1]
options["activation"] = "elu"
ladder["ELU"] = short_run(rate, **options)[1]
options["width"] = 256
ladder["256 units"] = short_run(rate, **options)[1]

# %%
gains = {name: mse(x_validation, m(x_validation)) for name, m in ladder.items()}
plots.bars(
    gains,
    "Each step comes on top of all those to its left",
    ylabel=f"validation MSE after {short_epochs} epochs",
)

# %% [markdown]
# **What to see**
#
# - Every step helps, and together they nearly halve the error at equal epochs.
# - The first two cost nothing at all: same network, same time.
# - The linear code frees the dead units and gives each number a second sign.
# - The last step costs something: twice the weights, and more time.
# - These are single runs, and another seed moves each bar by a few percent. The order
#   was the same for every seed we tried.
#
# Now the last one for longer. (About 25 s. Expect a validation loss near
# 0.0069.)

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
    "The improved model passes the long run's end early",
    ylabel="validation loss (MSE per pixel)",
    levels={f"PCA-{latent_dim} (test images)": pca_mse},
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
    f"The same {latent_dim} numbers, better used",
)

# %% [markdown]
# **What to see.** Look at the sandal's strap, the shoe's sole and the edges of the
# sleeves: sharper. The logo is still a grey box. The error fell by a fifth. What limits
# it now is less the training than the 64 numbers, and the squared error.

# %% [markdown]
# **Think 2.** Which difficulties did you meet on the way, in your own code or in how
# the network behaved? Take two. For each: how did you notice, what was the cause, and
# what helped (or would help)? At least one of them should be about the network.

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_challenges", "locked": false, "points": 8, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** *Dead units.* After a short run with large steps and no warm-up I
# counted 11 of 64 code units that were 0 for every image, against none with the
# first weights. The cause: a large step pushes a unit's input below 0 for all images,
# and there the ReLU has no slope, so it hardly ever comes back. A warm-up spared one, small
# steps more; a linear code cannot have any, and lowered the validation error at equal
# epochs.
#
# *Blur.* The loss went down while prints and stripes stayed smooth. The cause is the
# loss: a picture moved by one pixel looks the same and has about four times the error
# of a blurred one, so blur is what squared error pays for. More capacity helped a
# little (the improved model), a loss that looks at edges or features would help more.
#
# Other good answers: the BCE that would not go to 0 (the floor); training that was slow
# at the usual step size; a last layer without a sigmoid; labels given as targets;
# images forgotten to be flattened.
#
# **Rubric** (8 points)
#
# - For each of two difficulties: 1 for how it showed (a number, a picture, an error
#   message), 2 for a cause that explains it, 1 for what helps.
# - At most 4 in all if neither is about the network's behaviour.
# ### END SOLUTION

# %% [markdown]
# ## 11. Your figures
#
# Beside each figure: the band that a full run on the real images falls into.

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

# %% [markdown]
# For comparison: Géron's dense autoencoder with a code of 30 numbers reaches a
# validation MSE of 0.0132 on the same clothes, where PCA-30 has 0.0156.

# %% [markdown]
# ## Summary
#
# An autoencoder is two networks that share a narrow code, trained to give back their
# own input. With 64 numbers it beats PCA-64 clearly, draws outlines well and blurs
# texture, because squared error rewards blur. How you train counts, not only what you
# build: in two epochs a warmed-up, falling step size took 18 % off the error at no
# cost, a linear code and ELU another 17 % nearly as cheaply, and twice the width as
# much again for twice the weights.
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
# Lesson 02 builds an autoencoder in PyTorch with only eight numbers in the middle. You
# write the training loop that `fit` hid from you, and put the network to work: it
# cleans noisy digits and turns one digit into another.
