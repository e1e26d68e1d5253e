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
# # 00 · Data and baselines
#
# An autoencoder compresses an image into a few numbers and reconstructs the image from
# them. Before you train one, you need three things: data you can trust, a measure of
# how wrong a reconstruction is, and a simple method to beat. This lesson builds all
# three, with NumPy and a real `DataLoader`, on two data sets: handwritten digits
# (MNIST) and pieces of clothing (Fashion-MNIST).
#
# **You will be able to**
#
# - turn bytes into numbers between 0 and 1, and serve them in shuffled batches;
# - split a data set so that the test error means something, and spot a leak;
# - say what two error measures, MSE and BCE, sum and average, and what a perfect score
#   is;
# - reconstruct images with PCA, the baseline that every autoencoder here must beat.
#
# **Time**: reading 30 minutes, writing 45 minutes, computing under a minute.
#
# Symbols, names in code, terms: [notation](notation.ipynb).

# %% [markdown]
# ## Is everything ready?
#
# The next cell checks this machine and the kernel that this notebook runs in. Where it
# says PROBLEM, it also says what to do.

# %%
from helpers import doctor

ready = doctor.report()

# %% [markdown]
# ## Parameters
#
# Everything you may want to change is in the next cell. `None` means: use the
# lesson's own budget, which is smaller in fast mode (`COURSE_FAST=1`).
#
# The numbers in the text, and every **What to see**, describe a full run on the real
# images. In fast mode, or on the SYNTHETIC stand-in that is used when the real images
# cannot be downloaded, yours will differ.

# %% tags=["parameters"]
train_images: int = None  # per set; None: the budget below (55,000 is all that is left)
validation_images = 5_000  # held out of the 60,000 training images
batch_size = 128
seed = 0  # of the split and of every shuffle

# %%
import numpy as np
from sklearn.decomposition import PCA

from helpers import data, metrics, plots
from helpers.budget import budget
from helpers.checks import lesson00 as checks

most = 60_000 - validation_images
train_images = budget("train_images", train_images, full=most, fast=5_000)

# %%
mnist = data.load("MNIST", train_images, validation_images, seed)
fashion = data.load("FashionMNIST", train_images, validation_images, seed)
both = (mnist, fashion)

# %% [markdown]
# ## 1. Look at the data first
#
# Each data set comes in three splits. **Training** images teach a model. **Validation**
# images help *you* choose: how long to train, which model to keep. **Test** images play
# no part in any choice: they are for the final measurement. Every split has `images`
# and `labels`.

# %%
for name in ("train", "validation", "test"):
    split = getattr(mnist, name)
    print(f"{name:10}", split.images.shape, split.images.dtype, split.labels.shape)


# %%
def first_of_each_class(split, count=8):
    """The first images of each class: (10, count, 28, 28)."""
    return np.stack([split.images[split.labels == c][:count] for c in range(10)])


digits = first_of_each_class(mnist.train).reshape(80, 28, 28)
plots.image_grid(digits, "MNIST: one class per row, no two digits alike", columns=8)

# %%
clothes = first_of_each_class(fashion.train)
rows = dict(zip(fashion.class_names, clothes, strict=True))
plots.image_rows(rows, "Fashion-MNIST: which classes would you mix up?")

# %% [markdown]
# **What to see**
#
# - MNIST: bright strokes on black, always centered. The background is empty.
# - Fashion-MNIST: gray surfaces. Shirts, pullovers, coats and T-shirts look alike.
# - All images are 28 × 28 = 784 pixels. There is no color.
#
# How many images does each class have?

# %%
counts = np.bincount(mnist.train.labels, minlength=10)  # (10,)
plots.bars(
    dict(zip(mnist.class_names, counts, strict=True)),
    "MNIST: is any class rare?",
    ylabel="training images",
)
print("Fashion-MNIST:", np.bincount(fashion.train.labels, minlength=10))

# %% [markdown]
# **What to see**
#
# - No digit is rare, but they are not equally frequent: ones lead and fives trail, by
#   about 5 to 4.
# - Clothes: equal up to chance. The 60,000 images hold exactly 6,000 of each class; the
#   validation images were drawn from them at random.
#
# And which gray values do the pixels have? A file stores each pixel as one byte,
# 0 (black) to 255 (white). `data.load` has already divided by 255; multiplying
# brings the bytes back.

# %%
raw = np.rint(fashion.test.images * 255).astype(np.uint8)  # (10000, 28, 28)
raw_digits = np.rint(mnist.test.images * 255).astype(np.uint8)


# %%
def gray_shares(pixels):
    """Percent of all pixels that have the values 1, 2, ... 255."""
    return 100 * np.bincount(pixels.ravel(), minlength=256)[1:] / pixels.size


plots.curves(
    {"MNIST": gray_shares(raw_digits), "Fashion-MNIST": gray_shares(raw)},
    "Which gray values occur, and how often?",
    ylabel="share of all pixels (%)",
    xlabel="pixel value as stored, 1 to 255 (black, 0, left out)",
)

# %% [markdown]
# **What to see**
#
# - MNIST: 81 % of the pixels are black and left out here. Of the rest, two in five
#   are white (250 or more); what lies between is the soft edge of a stroke.
# - Fashion-MNIST: only half are black and hardly any white; every gray occurs.
# - Keep this in mind for section 6: gray pixels will cost us something there.

# %% [markdown]
# ## 2. Scaling to [0, 1]
#
# Bytes are good for files and bad for arithmetic. They wrap around:

# %% tags=["nbval-check-output"]
dark, bright = np.array([10], np.uint8), np.array([12], np.uint8)
print("10 - 12 =", int((dark - bright)[0]))

# %% [markdown]
# Besides, a network trains best when its inputs are small numbers in a known range.
# So each pixel becomes
#
# $$x = \frac{\text{byte}}{255} \in [0, 1], \qquad \text{as float32.}$$
#
# The 255 comes from the file format. It is *not* the largest value present. Divide by
# the largest value in a batch, and the same coat gets different numbers in different
# batches; divide by the largest value in each image, and a dark coat and a bright one
# can become identical.
#
# **Exercise 1.** Write the scaling.
#
# <details><summary>Stuck? A second hint</summary>
#
# Integer types can surprise you when you divide them, and float64 takes twice the
# memory. So change the type first and divide afterward. The divisor is a constant: it
# does not depend on the images.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "to_unit_range", "locked": false, "schema_version": 3, "solution": true, "task": false}
def to_unit_range(pixels):
    """Scale bytes to the range from 0 to 1.

    Parameters
    ----------
    pixels : array of uint8, any shape
        Values 0 to 255. Not changed.

    Returns
    -------
    NumPy array of float32, same shape
        0 stays 0, 255 becomes 1; what lies between is not rounded.

    Hint: `astype` changes the type of an array.
    """
    ### BEGIN SOLUTION
    return pixels.astype(np.float32) / 255
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_to_unit_range", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.to_unit_range(to_unit_range)
### BEGIN HIDDEN TESTS
checks.to_unit_range(to_unit_range, draws=[31847])
### END HIDDEN TESTS

# %%
x = to_unit_range(raw)  # (10000, 28, 28)
gap = np.abs(x - fashion.test.images).max()
print(x.dtype, "from", x.min(), "to", x.max())
print("largest difference from the images of data.load:", gap)

# %% [markdown]
# **What to see**: your function gives exactly what `data.load` gives. From here on we
# use the loaded images, flattened: `split.flat` has shape `(N, 784)`.
#
# All exercises work like this one. If you get stuck on one, do not let it stop you.
# Open its second hint; if that does not help, add a cell that says
# `to_unit_range = checks.lend("to_unit_range")` (with the name you need). You get a
# version that works, and the rest of the lesson runs. It earns no points; write your
# own later.

# %% [markdown]
# ## 3. How far apart are two images? MSE
#
# Call the image $x$ and a model's reconstruction of it $\hat x$ (`x_hat`). The **mean
# squared error** averages over the $N$ images *and* over the $D = 784$ pixels:
#
# $$\mathrm{MSE}(x, \hat x) = \frac{1}{N D} \sum_{n=1}^{N} \sum_{i=1}^{D}
# (x_{ni} - \hat x_{ni})^2$$
#
# So it is an error **per pixel**. Sum over the pixels instead and the number is 784
# times as large; compare that with a published table and your model looks terrible.
# Always ask: summed or averaged, and over what?
#
# **Exercise 2.** Write it.
#
# <details><summary>Stuck? A second hint</summary>
#
# Three steps: subtract, square, average. Try it on paper for `x = [[0, 0]]` and `x_hat
# = [[1, 0]]`: the answer is 0.5.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "mse", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mse(x, x_hat):
    """Mean squared error per pixel.

    Parameters
    ----------
    x, x_hat : arrays of float, same shape, (N, D) or (N, 28, 28)
        Images and their reconstructions. Not changed.

    Returns
    -------
    float
        Averaged over all pixels and all images. (A NumPy or torch number will do as
        well.)

    Hint: without `axis`, `.mean()` goes over everything.
    """
    ### BEGIN SOLUTION
    return float(((x - x_hat) ** 2).mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mse", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.mse(mse)
### BEGIN HIDDEN TESTS
checks.mse(mse, draws=[72604])
### END HIDDEN TESTS

# %% [markdown]
# **An instructive failure: MSE does not see what you see.** We corrupt the digits in
# four ways. Before you run the cells, guess: which one has the largest error?

# %%
images = mnist.test.images  # (10000, 28, 28)
rng = np.random.default_rng(seed)
mean_digit = mnist.train.images.mean(axis=0)  # (28, 28)
corrupted = {
    "the mean image for all": np.broadcast_to(mean_digit, images.shape),
    "noise": images + 0.2 * rng.standard_normal(images.shape, dtype=np.float32),
    "one pixel to the right": np.roll(images, 1, axis=2),
    "two pixels to the right": np.roll(images, 2, axis=2),
}

# %%
rows = {name: pictures[:9] for name, pictures in corrupted.items()}
rows = {"original": images[:9]} | rows
plots.image_rows(rows, "Which row is closest to the originals? Your eyes vote …")

# %% tags=["expected-figure"]
errors = {name: mse(images, pictures) for name, pictures in corrupted.items()}
plots.bars(
    errors,
    "… and MSE votes: a shift of two pixels is worse than one blur for all",
    ylabel="MSE per pixel",
)

# %% [markdown]
# **What to see**
#
# - Shifted by two pixels, every digit is still perfectly readable, yet the error is
#   *larger* than that of one gray blur that is the same for every image.
# - A shift of one pixel costs nearly as much as noise that you notice at once.
# - The reason: strokes are only a few pixels wide. Shifted, a stroke misses itself, and
#   a sharp miss costs twice: ink where there should be none, and none where there
#   should be ink.
# - So a model trained on MSE prefers *blur* when it is not sure of a position. You will
#   see such blur throughout this course.

# %% [markdown]
# ## 4. Splitting without a leak
#
# An error means something only on images that played no part in building the model.
# Two rules:
#
# 1. **Shuffle, then cut.** Files are often sorted, by class, by person, by day.
# 2. **No image on both sides.** One permutation, cut once, guarantees that.
#
# A fixed seed gives the same split tomorrow. If the split changed with every restart,
# an image that trained yesterday's model would validate today's.
#
# **Exercise 3.** Split *positions* (0, 1, … n − 1), not images: that is cheaper, and
# the same positions pick out images and labels.
#
# <details><summary>Stuck? A second hint</summary>
#
# You need one random order of all positions. Cut it in two at one place: then no
# position can land on both sides, and none gets lost. Which part is returned first, and
# how long must it be?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "split_indices", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_indices(n, validation, seed):
    """Choose at random which images are held out.

    Parameters
    ----------
    n : int
        How many images there are.
    validation : int
        How many of them go to validation: from 1 to n - 1.
    seed : int
        The same seed gives the same split; another seed, another random split.

    Returns
    -------
    train_index : array of int, shape (n - validation,)
    validation_index : array of int, shape (validation,)
        Together they hold each of 0 ... n - 1 exactly once, in any order. Lists of
        int will do as well.

    Hint: `np.random.default_rng(seed).permutation(n)`.
    """
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(n)
    return order[validation:], order[:validation]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_split_indices", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.split_indices(split_indices)
### BEGIN HIDDEN TESTS
checks.split_indices(split_indices, draws=[26519])
### END HIDDEN TESTS

# %% [markdown]
# Try it on labels that are sorted by class, and compare it with a cut that forgets to
# shuffle.

# %% tags=["nbval-check-output"]
sorted_labels = np.repeat(np.arange(10), 100)  # (1000,): 0, 0, ... 9, 9
_, held_out = split_indices(1000, 200, seed=0)
print("shuffled:", len(np.unique(sorted_labels[held_out])), "classes in validation")
print("just cut:", len(np.unique(sorted_labels[-200:])), "classes in validation")

# %% [markdown]
# **What to see**: without the shuffle, validation holds only two of the ten classes,
# and training has seen neither. Both errors would be meaningless, and no line of code
# would complain.
#
# ### An instructive failure: the student who memorizes
#
# Here is a "model" that learns nothing. It stores images and answers each new one with
# the nearest image it has stored. We test it twice on the same 500 test images; the
# second time, they have slipped into its store.


# %%
def nearest(stored, images):
    """The stored image closest to each image: (M, 784), (N, 784) -> (N, 784)."""
    # |a - b|² = |a|² - 2ab + |b|²; |a|² is the same for all candidates.
    distance = (stored**2).sum(axis=1) - 2 * images @ stored.T  # (N, M)
    return stored[distance.argmin(axis=1)]


# %%
honest = mnist.train.flat[:5000]  # (5000, 784)
exam = mnist.test.flat[:500]  # (500, 784)
leaky = np.concatenate([honest, exam])  # (5500, 784)
plots.image_rows(
    {
        "test image": exam[:9],
        "nearest, honest": nearest(honest, exam[:9]),
        "nearest, leaky": nearest(leaky, exam[:9]),
    },
    "With the test images in its memory, the memorizer is perfect",
)

# %%
leaked = {}
for percent in (0, 25, 50, 75, 100):
    stored = np.concatenate([honest, exam[: 5 * percent]])
    leaked[f"{percent} % leaked"] = mse(exam, nearest(stored, exam))
plots.bars(
    leaked,
    "The more test images leak, the better it looks, down to a perfect 0",
    ylabel="MSE per pixel on 500 test images",
)

# %% [markdown]
# **What to see**
#
# - Honest, the memorizer answers with someone else's digit, sometimes even the wrong
#   one: a 9 for a 4, an 8 for a 5. That error is the true price of knowing nothing but
#   5,000 examples.
# - Leaky, its error is exactly 0. No model in this course will reach 0 honestly.
# - Leak half of the images, and the error is about half. That looks like *progress*,
#   not like a bug, which is why leaks survive into published work. An error that is too
#   good is a reason to investigate, not to celebrate.
#
# A leak of exact copies is easy to find. Are our own splits clean?


# %%
def copies(a, b):
    """How many images of b are also in a, byte for byte."""
    seen = {hash(image.tobytes()) for image in a}
    return sum(hash(image.tobytes()) in seen for image in b)


# %%
print("leaky on purpose:", copies(leaky, exam), "of", len(exam))
for dataset in both:
    in_test = copies(dataset.train.flat, dataset.test.flat)
    in_validation = copies(dataset.train.flat, dataset.validation.flat)
    print(f"{dataset.name}: {in_test} test, {in_validation} validation images in train")

# %% [markdown]
# **Think 1.** To get more data, a colleague adds a copy of each of the 60,000 images,
# shifted by one pixel. Then she shuffles all 120,000, holds out 10,000 for validation,
# and trains. Her validation error is wonderful. `copies` finds nothing. What happened?
# In which order should she have done these steps? How would you find such a leak?

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_leak", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Almost every validation image has its twin, shifted by one pixel,
# in the training set (the chance is 110,000 in 120,000, about 92 %). A model that
# memorizes the twin does well on validation without having learned anything that
# helps with new digits. `copies` compares byte for byte, and the twins differ in
# their bytes. The right order is: split first, then augment, and only the training
# part. To find the leak, compare images up to small shifts (or look at the nearest
# training image of a few validation images: the same handwriting, shifted), or measure
# the error on the untouched test images: there it is clearly worse.
#
# **Rubric** (10 points)
#
# - 4: near-copies of validation images are in training; validation measures memory.
# - 3: split first, then augment the training part only.
# - 3: a workable search: nearest neighbors, comparison up to a shift, grouping
#   by the original image, or the gap between validation and an untouched test set.
# ### END SOLUTION

# %% [markdown]
# ## 5. Batches
#
# Training goes through the images in small groups, or **batches**: one batch, one
# step. One pass over all images is an **epoch**. Every epoch uses a new order;
# otherwise the same images would share a batch again and again.
#
# With 97 images in batches of 32, the last batch has just one image. It counts too.
#
# **Exercise 4.** Write the batches by hand, once. `yield` hands out one batch and
# resumes the loop when the next one is requested.
#
# <details><summary>Stuck? A second hint</summary>
#
# Draw the order once, at the start. Then let a `range` with a step visit the places
# where batches begin. A slice that reaches past the end of an array is no error: it
# is just shorter.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "batches", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batches(images, labels, batch_size, rng):
    """Go once through all images, shuffled, in batches.

    Parameters
    ----------
    images, labels : arrays, shapes (N, D) and (N,)
        Neither is changed.
    batch_size : int
    rng : np.random.Generator
        It alone decides the order; a new order in each pass.

    Yields
    ------
    x : array, shape (b, D)
    y : array, shape (b,)
        b is batch_size; in the last batch it is what is left. (Tensors will do as
        well.)

    Hint: shuffle positions with `rng.permutation`, and cut that array into pieces.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(len(images))
    for start in range(0, len(images), batch_size):
        index = order[start : start + batch_size]
        yield images[index], labels[index]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_batches", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.batches(batches)
### BEGIN HIDDEN TESTS
checks.batches(batches, draws=[94162])
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
toy = np.zeros((97, 784), np.float32)
sizes = [len(x) for x, y in batches(toy, np.arange(97), 32, np.random.default_rng(0))]
print(sizes, "together", sum(sizes))

# %% [markdown]
# The PyTorch lessons use its `DataLoader`, which does the same and returns torch
# tensors. `data.loader` makes one.

# %%
loader = data.loader(mnist.train, batch_size, shuffle=True, seed=seed)
x, y = next(iter(loader))  # (B, 784), (B,)
print(type(loader))
print("x", tuple(x.shape), x.dtype, "  y", tuple(y.shape), y.dtype)
sizes = [len(x) for x, y in loader]
print(f"{len(loader)} batches, the last of {sizes[-1]}: together {sum(sizes)} images")

# %% [markdown]
# Convolutional networks want square images with a channel axis: `flat=False`. And for
# validation and test we do not shuffle, so that "the first eight test images" are
# the same eight in every figure.

# %%
square = data.loader(mnist.test, batch_size, flat=False)
x, y = next(iter(square))  # (B, 1, 28, 28)
print(tuple(x.shape), "labels", y[:8].tolist(), "=", mnist.test.labels[:8].tolist())

# %% [markdown]
# **An instructive failure: the mean of means.** Five images, batches of four. Four
# reconstructions are perfect; the last has error 1. What is the mean error?

# %% tags=["nbval-check-output"]
error = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
parts = [error[:4], error[4:]]
print("mean of the batch means:", np.mean([part.mean() for part in parts]))
print("mean over the images:   ", error.mean())

# %% [markdown]
# **What to see**: the short last batch got as much weight as a full one. Add up *sums*
# and divide once, by the number of images. Lesson 02 does so in its training loop.

# %% [markdown]
# ## 6. How sure, how wrong? BCE
#
# The second measure reads each pixel of a reconstruction as a probability $p$ of ink.
# The **binary cross-entropy** asks how surprising the pixel $x$ is if you believe $p$.
# We **sum over the $D$ pixels and average over the $N$ images**:
#
# $$\mathrm{BCE}(x, p) = \frac{1}{N} \sum_{n=1}^{N} \sum_{i=1}^{D}
# -\bigl[x_{ni} \log p_{ni} + (1 - x_{ni}) \log(1 - p_{ni})\bigr]$$
#
# The logarithm is the natural one; its unit is the **nat** (1 nat = 1.44 bits). Here is
# one pixel, for every $p$:

# %% tags=["expected-figure"]
p = np.linspace(0.01, 0.99, 99)
pixel = {
    f"x = {x}": -(x * np.log(p) + (1 - x) * np.log(1 - p)) for x in (0.0, 0.5, 1.0)
}
plots.curves(
    pixel,
    "The best p is x itself, but for a gray pixel the best is not free",
    ylabel="BCE of one pixel (nats)",
    xlabel="predicted probability p",
    x=p,
)

# %% [markdown]
# **What to see**
#
# - A black pixel ($x = 0$) wants $p = 0$, a white one $p = 1$; then the cost is 0.
# - Being sure *and* wrong is very expensive: the curves shoot up. At $p = 0$ exactly,
#   $\log 0$ is infinite, so code must keep $p$ slightly away from 0 and 1.
# - The gray pixel ($x = 0.5$) is cheapest at $p = 0.5$, and there it still costs
#   $\log 2 \approx 0.693$. Nothing does better. Remember this for the floor below.
#
# **Exercise 5.** Write it. Clip $p$ to $[10^{-7}, 1 - 10^{-7}]$ before the logarithm.
# (A much smaller margin does not work in float32: there, $1 - 10^{-8}$ *is* 1.)
#
# <details><summary>Stuck? A second hint</summary>
#
# Clip `p`, but not `x`. Then build the table of pixel costs, shape `(N, D)`, before you
# add anything up. Two reductions follow, over different axes, and they are different
# operations.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "bce_per_image", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bce_per_image(x, p):
    """Binary cross-entropy: summed over the pixels, averaged over the images.

    Parameters
    ----------
    x : array of float32, shape (N, D)
        Images, values from 0 to 1.
    p : array of float32, shape (N, D)
        Predicted probabilities, values from 0 to 1, both included. Neither array
        is changed.

    Returns
    -------
    float
        In nats. Finite, even where p is exactly 0 or 1: there p counts as 1e-7 or
        1 - 1e-7, or as something closer to 0 or 1. (A millionth is too coarse.)

    Hint: `np.clip`, then the formula with `.sum(axis=1)` and a mean.
    """
    ### BEGIN SOLUTION
    p = np.clip(p, 1e-7, 1 - 1e-7)
    pixels = -(x * np.log(p) + (1 - x) * np.log(1 - p))  # (N, D)
    return float(pixels.sum(axis=1).mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_bce_per_image", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.bce_per_image(bce_per_image)
### BEGIN HIDDEN TESTS
checks.bce_per_image(bce_per_image, draws=[58093])
### END HIDDEN TESTS

# %% [markdown]
# What does a *perfect* model score? Put the image itself in place of $p$.

# %%
floor = {
    dataset.name: bce_per_image(dataset.test.flat, dataset.test.flat)
    for dataset in both
}
plots.bars(
    floor,
    "A perfect reconstruction does not cost 0: gray pixels set a floor",
    ylabel="BCE per image (nats)",
)

# %% [markdown]
# **What to see**: a perfect copy of a digit costs 45.5 nats, one of a garment 189.9,
# because clothes are gray all over. The **floor** belongs to the *data*; no model can
# go below it. It is the same constant for every model, so training does not notice it,
# but you must when you read the number.
#
# | | over the pixels | over the images | perfect score |
# | --- | --- | --- | --- |
# | `mse` | average | average | 0 |
# | `bce_per_image` | **sum** | average | the floor: 45.5 or 189.9 |

# %% [markdown]
# **Think 2.** A friend trains one model on each data set. He reports a test BCE of 75
# nats for digits and 210 nats for clothes, and concludes: "My clothes model is almost
# three times as bad." What is wrong with that? What would you report alongside the two
# numbers so that they can be compared? (Section 7 computes what the mean image scores:
# 205.8 on digits, 385.0 on clothes.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_floor", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The two numbers start from different floors. A perfect digit
# costs 45.5 nats, a perfect garment 189.9: most of the 210 nats is the grayness of the
# data, not an error of the model. What the models can be blamed for is the part above
# the floor: 75 − 45.5 = 29.5 nats for digits, 210 − 189.9 = 20.1 nats for clothes. So
# the clothes model is closer to perfect. To compare, report the floor (or the
# difference from it) and a simple baseline. The mean image is 160.3 nats above the
# floor on digits and 195.2 on clothes, so the models keep 18 % and 10 % of the excess
# of the simplest method.
#
# **Rubric** (10 points)
#
# - 4: a perfect reconstruction does not score 0, and the floors differ.
# - 3: the floor is subtracted: about 29.5 against 20.1; the ranking is reversed.
# - 3: a reference to report with it: the floor, the mean image, PCA, or MSE.
# ### END SOLUTION

# %% [markdown]
# ### Where the floor comes from: entropy
#
# Read the pixel's own gray value $x$ as a probability of ink, too. Then its
# cross-entropy splits into two parts:
#
# $$\underbrace{-x \log p - (1 - x) \log (1 - p)}_{\text{cross-entropy}}
# = \underbrace{-x \log x - (1 - x) \log (1 - x)}_{\text{entropy } H(x)}
# + \underbrace{x \log \frac{x}{p} + (1 - x) \log \frac{1 - x}{1 - p}}_{
# \mathrm{KL}(x \,\|\, p)}$$
#
# - The **entropy** contains no $p$. It says how undecided the pixel itself is: 0 for
#   black or white, $\log 2$ for mid-gray. Summed over the pixels, it is the floor.
# - The **Kullback-Leibler divergence** is what a wrong $p$ adds. It is never negative,
#   and it is 0 only at $p = x$. Lowering the BCE means lowering the KL, nothing else.
#
# So the part above the floor has a name. Here it is in code; section 7 checks the sum.
# Lesson 03 uses the same divergence to compare distributions of codes.


# %%
def kl_per_image(x, p):
    """KL(x || p) in nats: summed over the pixels, averaged over the images."""
    x, p = np.clip(x, 1e-7, 1 - 1e-7), np.clip(p, 1e-7, 1 - 1e-7)  # (N, D)
    pixels = x * np.log(x / p) + (1 - x) * np.log((1 - x) / (1 - p))
    return float(pixels.sum(axis=1).mean())


# %% [markdown]
# ## 7. The baselines to beat
#
# ### The mean image
#
# The simplest "model": whatever comes in, answer with the mean of the training
# images. It stores 784 numbers once and keeps none for each image.


# %%
def all_and_each(split):
    """The mean of all images, then of each class: (11, 28, 28)."""
    each = [split.images[split.labels == c].mean(axis=0) for c in range(10)]
    return np.stack([split.images.mean(axis=0), *each])


# %%
plots.image_rows(
    {dataset.name: all_and_each(dataset.train) for dataset in both},
    "The mean of all images (left), and of each class for comparison",
)

# %%
mean_mse, mean_bce = {}, {}
for dataset in both:
    test = dataset.test.flat  # (10000, 784)
    answer = np.broadcast_to(dataset.train.flat.mean(axis=0), test.shape)
    mean_mse[dataset.name] = mse(test, answer)
    mean_bce[dataset.name] = bce_per_image(test, answer)
    kl = kl_per_image(test, answer)
    print(f"{dataset.name}: MSE {mean_mse[dataset.name]:.5f}")
    print(f"  BCE {mean_bce[dataset.name]:.1f}", end=" nats = ")
    print(f"floor {floor[dataset.name]:.1f} + KL {kl:.1f}")

# %% [markdown]
# **What to see**
#
# - The mean digit is a blur, the mean garment a ghost in a sweater. Their errors are
#   the price of knowing nothing about the individual image. A trained network that does
#   not beat them has learned nothing but the mean. (That does happen; lesson 03 gives
#   it a name, posterior collapse.)
# - The BCE is the floor plus the KL, as it must be. Measured from 0, the mean image
#   looks almost twice as bad on clothes as on digits; measured from the floors, it is
#   only a fifth worse (195 against 160 nats).

# %% [markdown]
# ### PCA: the best linear code
#
# Now let each image keep $k$ numbers, its **code** $z$. **Principal component
# analysis** finds the $k$ directions along which the training images vary most, and
# keeps how far each image lies along them:
#
# $$z = W (x - \bar x), \qquad \hat x = \bar x + W^\top z, \qquad
# W \in \mathbb{R}^{k \times 784}$$
#
# $\bar x$ is the mean *training* image. The rows of $W$, the **principal components**,
# are orthonormal: perpendicular to each other and of length 1. That is an autoencoder:
# 784 numbers → $k$ numbers → 784 numbers, and both halves are linear.
#
# No linear autoencoder does better. Let the rows of the matrix $X$ be the training
# images minus $\bar x$. Whatever linear code of $k$ numbers you choose, its
# reconstructions $\hat X$ form a matrix of rank at most $k$, and of all such matrices
#
# $$\min_{\operatorname{rank}(\hat X) \le k} \lVert X - \hat X \rVert^2
# = \sum_{i > k} \sigma_i^2 ,$$
#
# where $\lVert \cdot \rVert^2$ sums all squared entries and $\sigma_1 \ge \sigma_2 \ge
# \dots$ are the singular values of $X$ (Eckart and Young, 1936). PCA reaches this
# minimum. Lesson 01 trains a linear autoencoder and checks that it ends up in the same
# place. A network with a code of $k$ numbers has to beat PCA-$k$ to earn its
# electricity.
#
# **Exercise 6.** Fit on `train`, reconstruct `images`. Scikit-learn's `PCA` or a
# decomposition of your own, as you like.
#
# <details><summary>Stuck? A second hint</summary>
#
# Two arrays come in, and only one of them may be fitted. Going down to k numbers and
# back up again takes two calls; the second one also adds the mean back.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "pca_reconstruct", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pca_reconstruct(train, images, k):
    """Reconstruct images from k principal components of the training images.

    Parameters
    ----------
    train : array of float32, shape (M, D)
        The mean and the components come from here, and only from here.
    images : array of float32, shape (N, D)
        What to reconstruct. Neither array is changed.
    k : int
        How many numbers an image may keep, at least 1.

    Returns
    -------
    array of float, shape (N, D)
        Not clipped: values may lie a little outside [0, 1]. (A tensor will do as well,
        but no approximation that is off by a hundredth, such as IncrementalPCA's.)

    Hint: `PCA(k, svd_solver="covariance_eigh")` is fast and needs little memory;
    `fit`, `transform` and `inverse_transform` take care of the mean.
    """
    ### BEGIN SOLUTION
    pca = PCA(k, svd_solver="covariance_eigh").fit(train)
    z = pca.transform(images)  # (N, k)
    return pca.inverse_transform(z)  # (N, D)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_pca_reconstruct", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.pca_reconstruct(pca_reconstruct)
### BEGIN HIDDEN TESTS
checks.pca_reconstruct(pca_reconstruct, draws=[40786])
### END HIDDEN TESTS

# %% [markdown]
# Run it with four sizes on both data sets. (About 5 seconds on a 2-core laptop. Expect
# an MSE near 0.037 for 8 components on the digits, and 0.009 for 64.)

# %%
components = (8, 16, 32, 64)
pca_mse, pictures = {}, {}
for dataset in both:
    train, test = dataset.train.flat, dataset.test.flat
    for k in components:
        x_hat = pca_reconstruct(train, test, k)  # (10000, 784)
        pca_mse[dataset.name, k] = mse(test, x_hat)
        pictures[dataset.name, k] = x_hat[:9]


# %%
def compare(dataset, title):
    """Show originals above their reconstructions from 8 to 64 numbers."""
    rows = {"original": dataset.test.flat[:9]}
    for k in components:
        rows[f"PCA-{k}"] = pictures[dataset.name, k]
    plots.image_rows(rows, title)


# %% tags=["cover"]
compare(mnist, "Digits: how many numbers until you can read them?")
compare(fashion, "Clothes: what do 8 numbers keep, and what do 64 still lose?")

# %% [markdown]
# **What to see**
#
# - PCA-8 digits are ghosts with gray halos: sums of whole-image patterns that do not
#   cancel cleanly. With 16 numbers you guess, with 64 you read.
# - PCA-8 already gives eight of these nine garments the right outline: a few smooth
#   patterns are good at large gray surfaces. The sandal at the end comes back as a
#   sneaker.
# - Neither data set gets sharp: fine detail (a logo, stripes, a sharp corner) needs
#   many components.
#
# ### What are these patterns?
#
# Components are images too. They can be negative, so we show 0 as mid-gray.

# %%
fitted = {}
for dataset in both:
    pca = PCA(128, svd_solver="covariance_eigh").fit(dataset.train.flat)
    fitted[dataset.name] = pca


def as_picture(w):
    """Components (k, 784) with 0 shown as mid-gray and the largest as 0 or 1."""
    return 0.5 + 0.5 * w / np.abs(w).max(axis=1, keepdims=True)


plots.image_rows(
    {name: as_picture(pca.components_[:10]) for name, pca in fitted.items()},
    "The first ten components, from left to right",
)

# %% [markdown]
# **What to see**
#
# - Digits, component 1: a ring against a vertical bar, "is it a zero or a one?"
# - Clothes, component 1: a coat or a pullover against a shoe.
# - Later components change faster from pixel to pixel: first shape, then detail.
#
# How far does that one number go? Take two classes and cut component 1 halfway between
# their means on the training images. How many test images lie on the right side?


# %%
def along_first(dataset, split, c):
    """Where the images of class c lie along component 1: one number each."""
    return split.flat[split.labels == c] @ fitted[dataset.name].components_[0]


def told_apart(dataset, a, b):
    """Percent of the test images of classes a and b on the right side of the cut."""
    mean_a, mean_b = (along_first(dataset, dataset.train, c).mean() for c in (a, b))
    z_a, z_b = (along_first(dataset, dataset.test, c) for c in (a, b))
    right_a = abs(z_a - mean_a) < abs(z_a - mean_b)
    right_b = abs(z_b - mean_b) < abs(z_b - mean_a)
    return 100 * np.concatenate([right_a, right_b]).mean()


# %% tags=["expected-figure"]
plots.bars(
    {
        "0 or 1": told_apart(mnist, 0, 1),
        "3 or 5": told_apart(mnist, 3, 5),
        "coat or sandal": told_apart(fashion, 4, 5),
        "coat or shirt": told_apart(fashion, 4, 6),
    },
    "One number per image: which two classes can it tell apart?",
    ylabel="test images on the right side (%)",
    levels={"guessing": 50},
)

# %% [markdown]
# **What to see**: for two classes that look different, one number is nearly enough. It
# puts 99 % of the zeros and ones on the right side, and 95 % of the coats and sandals.
# For classes that look alike it is of little use: 63 % of coats and shirts, 52 % of
# threes and fives, where guessing gets 50 %. PCA never sees a label; it follows the
# largest differences, and those need not be the ones you care about.
#
# The **variance** of a data set is the mean squared distance from its mean image. How
# much of it do the first $k$ components capture?

# %%
captured = {
    name: 100 * np.cumsum(pca.explained_variance_ratio_) for name, pca in fitted.items()
}
plots.curves(
    captured,
    "How much of the variance do k numbers capture?",
    ylabel="explained variance (%)",
    xlabel="number of components k",
)

# %% [markdown]
# **What to see**: the clothes start far ahead (the first component alone: 29 % against
# 10 %); the digits catch up only after 93 components. What is not explained is the
# error, as a share of the mean image's. Clothes have more variance to begin with (0.087
# against 0.067 per pixel), so the same share leaves more error: expect the curves of
# the error to cross earlier.
#
# Nothing needs to be fitted again: with orthonormal components, each number that an
# image keeps takes its square off the squared error.


# %%
def error_by_k(pca, test):
    """Test MSE of PCA-0, PCA-1, ... PCA-128: array of 129 values."""
    z = pca.transform(test)  # (N, 128)
    total = np.sum((test - pca.mean_) ** 2, axis=1).mean()  # k = 0: the mean image
    kept = np.cumsum((z**2).mean(axis=0))  # (128,)
    return (total - np.concatenate([[0], kept])) / test.shape[1]


by_k = {
    dataset.name: error_by_k(fitted[dataset.name], dataset.test.flat)
    for dataset in both
}

# %%
plots.curves(
    by_k,
    "With k numbers, which data set comes closer?",
    ylabel="test MSE per pixel",
    xlabel="number of components k (0: the mean image)",
    x=range(129),
    yscale="log",
)

# %% [markdown]
# **What to see**
#
# - At $k = 0$ both curves start at the mean image's error.
# - From $k = 2$ to 44 clothes have the *lower* error, though they started higher: much
#   of what distinguishes them lies along a few directions. From 45 on the digits are
#   ahead: what is left of the clothes is texture, and that takes many components.
# - Neither curve levels off. There is no "true" number of components here, only a
#   price: more numbers, less error.
#
# **Where it fits.** PCA-8 is the baseline for lesson 02 (8 numbers for digits), PCA-64
# the one for lesson 01 (64 numbers for clothes).

# %% [markdown]
# ## 8. Your figures
#
# Each figure is shown next to the range that a full run on the real images falls into.

# %%
known = {
    "MNIST": {8: 0.03744, 16: 0.02686, 32: 0.01683, 64: 0.00905},
    "FashionMNIST": {8: 0.02661, 16: 0.02045, 32: 0.01515, 64: 0.01037},
}
for (name, k), value in pca_mse.items():
    band = (0.99 * known[name][k], 1.01 * known[name][k])
    metrics.record(f"{name} PCA-{k} test MSE", value, band, seed=seed)

# %%
simple = {
    "mean image test MSE": (mean_mse, {"MNIST": 0.06747, "FashionMNIST": 0.08664}),
    "mean image test BCE": (mean_bce, {"MNIST": 205.80, "FashionMNIST": 385.02}),
    "test BCE floor": (floor, {"MNIST": 45.53, "FashionMNIST": 189.86}),
}
for what, (measured, reference) in simple.items():
    unit = "nats" if "BCE" in what else ""
    for name, value in measured.items():
        band = (0.998 * reference[name], 1.002 * reference[name])
        metrics.record(f"{name} {what}", value, band, unit, seed=seed)

# %% [markdown]
# ## Summary
#
# Bytes become float32 in [0, 1] by one fixed scale, and a shuffled split with no image
# on both sides is what makes a test error worth reading. MSE averages over pixels and
# images and starts at 0; BCE sums over pixels, averages over images, and starts at a
# floor, the entropy of the gray pixels. The mean image and PCA, the best linear code,
# show how far you get without a network: an MSE of 0.0374 with 8 numbers per digit,
# 0.0104 with 64 numbers per garment.
#
# ## Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), *Gradient-based learning applied
#   to document recognition*: where MNIST comes from.
# - H. Xiao, K. Rasul, R. Vollgraf (2017), *Fashion-MNIST: a novel image dataset for
#   benchmarking machine learning algorithms*.
# - C. Eckart, G. Young (1936), *The approximation of one matrix by another of lower
#   rank*: why PCA is the best linear code.
# - P. Baldi, K. Hornik (1989), *Neural networks and principal component analysis:
#   learning from examples without local minima*: gradient descent on a linear
#   autoencoder leads there too.
# - T. Cover, J. Thomas (2006), *Elements of information theory*, 2nd edition,
#   chapter 2: entropy and Kullback-Leibler divergence.
# - S. Kapoor, A. Narayanan (2023), *Leakage and the reproducibility crisis in
#   machine-learning-based science*.
# - Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli (2004), *Image quality assessment: from
#   error visibility to structural similarity*: a measure that sees more than MSE.
#
# ## Next
#
# Lesson 01 builds the first autoencoder, with Keras, on the clothes: 64 numbers, as in
# PCA-64, but with encoder and decoder that are no longer linear.
