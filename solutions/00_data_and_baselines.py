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
# An autoencoder squeezes an image into a few numbers and draws it again from them.
# Before you train one, you need three things: images you can trust, a ruler that
# says how wrong a drawing is, and a simple method to beat. This lesson builds all
# three, with NumPy and a real `DataLoader`, on two sets: handwritten digits (MNIST)
# and pieces of clothing (Fashion-MNIST).
#
# **You will be able to**
#
# - turn bytes into numbers between 0 and 1, and feed them in shuffled batches;
# - split a data set so that the test error means something, and spot a leak;
# - say what MSE and BCE add up, what they average, and what a perfect score is;
# - reconstruct images with PCA, the bar that every autoencoder here must clear.
#
# **Time**: reading 25 minutes, writing 45 minutes, computing under a minute.

# %% [markdown]
# ## Is everything ready?
#
# The next cell looks at this machine, and at the kernel that this notebook runs in.
# Where it says PROBLEM, it also says what to do. (`course doctor` says the same in a
# terminal.)

# %%
from helpers import doctor

ready = doctor.report()

# %% [markdown]
# ## Parameters
#
# Everything you may want to change is in the next cell. `None` means: take the
# lesson's own budget, which is smaller in fast mode.

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
train_images = budget("train_images", train_images, full=most, fast=10_000)

# %%
mnist = data.load("MNIST", train_images, validation_images, seed)
fashion = data.load("FashionMNIST", train_images, validation_images, seed)
both = (mnist, fashion)

# %% [markdown]
# ## 1. Look at the data first
#
# Each set comes in three splits. **Training** images teach a model. **Validation**
# images help *you* choose: how long to train, which model. **Test** images have no
# part in any choice: they are for the last measurement. Every split has `images` and
# `labels`.

# %%
for name in ("train", "validation", "test"):
    split = getattr(mnist, name)
    print(f"{name:10}", split.images.shape, split.images.dtype, split.labels.shape)


# %%
def first_of_each_class(split, count=8):
    """The first images of each class: (10, count, 28, 28)."""
    return np.stack([split.images[split.labels == c][:count] for c in range(10)])


digits = first_of_each_class(mnist.train).reshape(80, 28, 28)
plots.image_grid(digits, "MNIST: one class a row, no two digits alike", columns=8)

# %%
clothes = first_of_each_class(fashion.train)
rows = dict(zip(fashion.class_names, clothes, strict=True))
plots.image_rows(rows, "Fashion-MNIST: which classes would you mix up?")

# %% [markdown]
# **What to see**
#
# - MNIST: bright strokes on black, always centred. The background says nothing.
# - Fashion-MNIST: grey surfaces. Shirt, pullover, coat and T-shirt look alike.
# - All images are 28 × 28 = 784 pixels. There is no colour.
#
# How many images does each class have?

# %%
counts = np.bincount(mnist.train.labels, minlength=10)  # (10,)
plots.bars(
    dict(zip(mnist.class_names, counts, strict=True)),
    "MNIST: no class is rare, but they are not equal",
    ylabel="training images",
)
print("Fashion-MNIST:", np.bincount(fashion.train.labels, minlength=10))

# %% [markdown]
# **What to see**
#
# - Ones are the most frequent digit, fives the least: about 5 to 4.
# - Clothes: equal up to chance. All 60,000 hold exactly 6,000 of each class; the
#   validation images were drawn at random from them.
#
# And which grey values do the pixels have? A file stores each pixel as one byte,
# 0 (black) to 255 (white). `data.load` has divided by 255 already; multiplying
# brings the bytes back.

# %%
raw = np.rint(fashion.test.images * 255).astype(np.uint8)  # (10000, 28, 28)
raw_digits = np.rint(mnist.test.images * 255).astype(np.uint8)


# %%
def grey_shares(pixels):
    """Percent of all pixels that have the values 1, 2, ... 255."""
    return 100 * np.bincount(pixels.ravel(), minlength=256)[1:] / pixels.size


plots.curves(
    {"MNIST": grey_shares(raw_digits), "Fashion-MNIST": grey_shares(raw)},
    "Digits pile up at white; clothes use every grey",
    ylabel="share of all pixels (%)",
    xlabel="pixel value as stored, 1 to 255 (black, 0, left out)",
)

# %% [markdown]
# **What to see**
#
# - MNIST: 81 % of the pixels are black and left out here. Of the rest, two in five
#   are white (250 or more); what lies between is the soft edge of a stroke.
# - Fashion-MNIST: only half are black, hardly any white; every grey is in use.
# - Keep this in mind for step 6: grey pixels will cost us something there.

# %% [markdown]
# ## 2. Scaling to [0, 1]
#
# Bytes are good for files and bad for arithmetic. They wrap around:

# %% tags=["nbval-check-output"]
dark, bright = np.array([10], np.uint8), np.array([12], np.uint8)
print("10 - 12 =", int((dark - bright)[0]))

# %% [markdown]
# And a network learns best when its inputs are small numbers of one known range.
# So each pixel becomes
#
# $$x = \frac{\text{byte}}{255} \in [0, 1], \qquad \text{as float32.}$$
#
# The 255 is a property of the file format. It is *not* the largest value at hand. With
# the largest of the batch, the same coat would get other numbers in other company; with
# the largest of each image, a dark and a bright coat could become the same.
#
# **Exercise 1.** Write the scaling.
#
# <details><summary>Stuck? A second hint</summary>
#
# Dividing two whole-number types can surprise you, and float64 takes twice the memory.
# So change the type first, divide afterwards. And the divisor is a constant: nothing
# about it depends on the images at hand.
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
checks.to_unit_range(to_unit_range, draws=[31847, 590213])
### END HIDDEN TESTS

# %%
x = to_unit_range(raw)  # (10000, 28, 28)
gap = np.abs(x - fashion.test.images).max()
print(x.dtype, "from", x.min(), "to", x.max())
print("largest difference to the images of data.load:", gap)

# %% [markdown]
# **What to see**: your function gives what `data.load` gives. From here on we take
# the loaded images, flattened: `split.flat` has shape `(N, 784)`.
#
# All exercises work like this one. If one of them will not come right today, do not let
# it stop you. Fold out its second hint; and if that does not help, add a cell that says
# `to_unit_range = checks.lend("to_unit_range")` (with the name you need). You get one
# that works, and the rest of the lesson runs. It earns no points; write your own later.

# %% [markdown]
# ## 3. How far apart are two images? MSE
#
# Call the image $x$ and what a model draws $\hat x$ (`x_hat`). The **mean squared
# error** takes the mean over the $N$ images *and* over the $D = 784$ pixels:
#
# $$\mathrm{MSE}(x, \hat x) = \frac{1}{N D} \sum_{n=1}^{N} \sum_{i=1}^{D}
# (x_{ni} - \hat x_{ni})^2$$
#
# So it is an error **per pixel**. If you only sum over pixels you get 784 times as
# much, and if you compare such a number with a table you will think your model is
# terrible. Always ask: summed or averaged, over what?
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
        Averaged over all pixels and all images. (A number of NumPy's or torch's will
        do as well.)

    Hint: without `axis`, `.mean()` goes over everything.
    """
    ### BEGIN SOLUTION
    return float(((x - x_hat) ** 2).mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mse", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["nbval-check-output"]
checks.mse(mse)
### BEGIN HIDDEN TESTS
checks.mse(mse, draws=[72604, 418935])
### END HIDDEN TESTS

# %% [markdown]
# **Failure to watch: MSE does not see.** We spoil the digits in four ways. Before
# you run the cells, guess: which one has the largest error?

# %%
images = mnist.test.images  # (10000, 28, 28)
rng = np.random.default_rng(seed)
mean_digit = mnist.train.images.mean(axis=0)  # (28, 28)
spoiled = {
    "the same for all: the mean image": np.broadcast_to(mean_digit, images.shape),
    "noise": images + 0.2 * rng.standard_normal(images.shape, dtype=np.float32),
    "one pixel to the right": np.roll(images, 1, axis=2),
    "two pixels to the right": np.roll(images, 2, axis=2),
}

# %%
rows = {name: pictures[:9] for name, pictures in spoiled.items()}
rows = {"original": images[:9]} | rows
plots.image_rows(rows, "Which row is closest to the originals? Your eyes vote …")

# %%
errors = {name: mse(images, pictures) for name, pictures in spoiled.items()}
plots.bars(
    errors,
    "… and MSE votes: two pixels to the right is worse than the same blur for all",
    ylabel="MSE per pixel",
)

# %% [markdown]
# **What to see**
#
# - Moved by two pixels, each digit is perfectly readable, and has a *larger* error
#   than one grey blur that is the same for every image.
# - One pixel costs nearly as much as noise that you notice at once.
# - The reason: strokes are two or three pixels wide. Moved, they miss themselves,
#   and a sharp miss costs twice: ink where there is none, none where there is ink.
# - So a model trained on MSE prefers *blur* when it is not sure of the position.
#   You will see that blur in every autoencoder of this course.

# %% [markdown]
# ## 4. Splitting without a leak
#
# An error counts only on images that had no part in making the model. Two rules:
#
# 1. **Shuffle, then cut.** Files are often sorted, by class, by person, by day.
# 2. **No image on both sides.** One permutation, cut once, guarantees that.
#
# A seed makes the split the same tomorrow. If it changed with each restart, an
# image that trained yesterday's model would validate today's.
#
# **Exercise 3.** We split *positions* (0, 1, … n − 1), not images: cheaper, and the
# same positions serve images and labels.
#
# <details><summary>Stuck? A second hint</summary>
#
# You need one random order of all positions. Cut it in two at one place: no position
# can then land on both sides, and none gets lost. What is returned first, and how long
# must it be?
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
        The same seed gives the same split, another one another random split.

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
checks.split_indices(split_indices, draws=[26519, 803471])
### END HIDDEN TESTS

# %% [markdown]
# Try it on labels that are sorted by class, and compare with a cut that forgets to
# shuffle.

# %% tags=["nbval-check-output"]
sorted_labels = np.repeat(np.arange(10), 100)  # (1000,): 0, 0, ... 9, 9
_, held_out = split_indices(1000, 200, seed=0)
print("shuffled:", len(np.unique(sorted_labels[held_out])), "classes in validation")
print("just cut:", len(np.unique(sorted_labels[-200:])), "classes in validation")

# %% [markdown]
# **What to see**: without the shuffle, validation holds two classes of ten, and
# training has never seen either. Both errors would be nonsense, and no line of code
# would complain.
#
# ### Failure to watch: the student who memorises
#
# Here is a "model" that learns nothing. It stores images, and answers each image
# with the nearest one that it has stored. We test it twice on the same 500 test
# images; the second time, they have slipped into what it stores.


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
    "With the test images in its memory, the memoriser is perfect",
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
# - Honest, the memoriser answers with somebody else's digit, now and then even with
#   the wrong one: a 9 for a 4. That error is the true price of knowing nothing but
#   5,000 examples.
# - Leaky, the error is exactly 0. No model of this course will reach 0 honestly.
# - Half a leak gives half the error. That looks like *progress*, not like a bug,
#   which is why leaks survive in published work. An error that is too good is a
#   reason to search, not to celebrate.
#
# A leak of exact copies is easy to search for. Are our own splits clean?


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
# **Think 1.** To have more data, a colleague adds a copy of each of the 60,000
# images, moved by one pixel. Then she shuffles all 120,000, holds out 10,000 for
# validation, and trains. Her validation error is wonderful. `copies` finds nothing.
# What happened? Which order of steps is right? How would you find such a leak?

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_leak", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Almost every validation image has its twin, moved by one pixel,
# in the training set (the chance is 110,000 in 120,000, about 92 %). A model that
# memorises the twin does well on validation without having learnt anything that
# helps with new digits. `copies` compares byte for byte, and the twins differ in
# bytes. The right order is: split first, augment afterwards, and only the training
# part. To find the leak, compare up to small shifts (or look at the nearest
# training image of some validation images: the same hand, moved), or check the
# result on the untouched test images: there the error is clearly worse.
#
# **Rubric** (10 points)
#
# - 4: near copies of validation images are in training; validation measures memory.
# - 3: split first, then augment the training part only.
# - 3: a workable search: nearest neighbours, comparison up to a shift, grouping
#   by the original image, or the gap between validation and an untouched test set.
# ### END SOLUTION

# %% [markdown]
# ## 5. Batches
#
# Training goes through the images in small groups, **batches**: one group, one
# step. One pass over all images is an **epoch**. In each epoch the order is new,
# else the model learns from the same neighbours again and again.
#
# With 97 images in batches of 32, the last batch has just one image. It counts too.
#
# **Exercise 4.** Write the batches by hand, once. `yield` hands out one batch and
# goes on with the loop when the next one is asked for.
#
# <details><summary>Stuck? A second hint</summary>
#
# Draw the order once, at the start. Then let a `range` with a step visit the places
# where batches begin. A slice that reaches beyond the end of an array is no error: it
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
        Chooses the order, and nothing else does; a new order in each pass.

    Yields
    ------
    x : array, shape (b, D)
    y : array, shape (b,)
        b is batch_size; in the last batch it is what is left. (Tensors will do as
        well.)

    Hint: shuffle positions with `rng.permutation`, and cut that array in pieces.
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
checks.batches(batches, draws=[94162, 357208])
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
toy = np.zeros((97, 784), np.float32)
sizes = [len(x) for x, y in batches(toy, np.arange(97), 32, np.random.default_rng(0))]
print(sizes, "together", sum(sizes))

# %% [markdown]
# The later lessons use PyTorch's `DataLoader`, which does the same and gives torch
# tensors. `data.loader` makes one.

# %%
loader = data.loader(mnist.train, batch_size, shuffle=True, seed=seed)
x, y = next(iter(loader))  # (B, 784), (B,)
print(type(loader))
print("x", tuple(x.shape), x.dtype, "  y", tuple(y.shape), y.dtype)
sizes = [len(x) for x, y in loader]
print(f"{len(loader)} batches, the last of {sizes[-1]}: together {sum(sizes)} images")

# %% [markdown]
# Convolutional networks want the square and a channel axis: `flat=False`. And for
# validation and test we do not shuffle, so that "the first eight test images" are
# the same eight in each picture.

# %%
square = data.loader(mnist.test, batch_size, flat=False)
x, y = next(iter(square))  # (B, 1, 28, 28)
print(tuple(x.shape), "labels", y[:8].tolist(), "=", mnist.test.labels[:8].tolist())

# %% [markdown]
# **Failure to watch: the mean of means.** Five images, batches of four. Four
# reconstructions are perfect, the last has error 1. What is the mean error?

# %% tags=["nbval-check-output"]
error = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
parts = [error[:4], error[4:]]
print("mean of the batch means:", np.mean([part.mean() for part in parts]))
print("mean over the images:   ", error.mean())

# %% [markdown]
# **What to see**: the odd last batch got as much weight as a full one. Add up *sums*
# and divide once, by the number of images. Lesson 02 does so in its training loop.

# %% [markdown]
# ## 6. How sure, how wrong? BCE
#
# The second ruler reads each pixel of a reconstruction as a probability $p$ of ink.
# The **binary cross-entropy** asks how surprised $p$ is by the pixel $x$. We **sum
# over the $D$ pixels and average over the $N$ images**:
#
# $$\mathrm{BCE}(x, p) = \frac{1}{N} \sum_{n=1}^{N} \sum_{i=1}^{D}
# -\bigl[x_{ni} \log p_{ni} + (1 - x_{ni}) \log(1 - p_{ni})\bigr]$$
#
# The logarithm is the natural one; the unit is then called **nat**. Here is one
# pixel, for every $p$:

# %%
p = np.linspace(0.01, 0.99, 99)
pixel = {
    f"x = {x}": -(x * np.log(p) + (1 - x) * np.log(1 - p)) for x in (0.0, 0.5, 1.0)
}
plots.curves(
    pixel,
    "The best p is x itself, but for a grey pixel the best is not free",
    ylabel="BCE of one pixel (nats)",
    xlabel="predicted probability p",
    x=p,
)

# %% [markdown]
# **What to see**
#
# - A black pixel ($x = 0$) wants $p = 0$, a white one $p = 1$; then the cost is 0.
# - To be sure *and* wrong is very dear: the curves shoot up. At $p = 0$ exactly,
#   $\log 0$ is infinite, so code must keep $p$ a little away from 0 and 1.
# - The grey pixel ($x = 0.5$) is cheapest at $p = 0.5$, and there it still costs
#   $\log 2 \approx 0.693$. Nothing does better. Remember this for the floor below.
#
# **Exercise 5.** Write it. Clip $p$ to $[10^{-7}, 1 - 10^{-7}]$ before the logarithm.
# (Much smaller does not work in float32: there, $1 - 10^{-8}$ *is* 1.)
#
# <details><summary>Stuck? A second hint</summary>
#
# Clip `p`, but not `x`. Then build the table of pixel costs, shape `(N, D)`, before you
# add anything up. Two reductions follow, over different axes, and they are not the same
# operation.
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
        1 - 1e-7, or as something nearer to 0 or 1. (A millionth is too coarse.)

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
checks.bce_per_image(bce_per_image, draws=[58093, 671524])
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
    "A perfect reconstruction does not cost 0: grey pixels set a floor",
    ylabel="BCE per image (nats)",
)

# %% [markdown]
# **What to see**: the perfect copy of a digit costs 45.5 nats, of a piece of clothing
# 189.9, because clothes are grey all over. The floor belongs to the *data*; no model
# can go below. It is the same constant for every model, so training does not mind,
# but your reading of the number should.
#
# | | over the pixels | over the images | perfect score |
# | --- | --- | --- | --- |
# | `mse` | average | average | 0 |
# | `bce_per_image` | **sum** | average | the floor: 45.5 or 189.9 |

# %% [markdown]
# **Think 2.** A friend trains one model on each set. He reports a test BCE of 75
# nats for digits and of 210 nats for clothes, and concludes: "my clothes model is
# almost three times as bad." What is wrong with that? What would you report beside
# the two numbers so that they can be compared? (The next step computes what the mean
# image scores: 205.8 on digits, 385.0 on clothes.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "think_floor", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The two numbers start from different floors. A perfect digit
# costs 45.5, a perfect piece of clothing 189.9: most of the 210 nats is the greyness
# of the data and not an error of the model. What the models can be blamed for is the
# part above the floor: 75 − 45.5 = 29.5 nats for digits, 210 − 189.9 = 20.1 nats for
# clothes. So the clothes model is nearer to perfect. To compare, report the floor
# (or the difference to it) and a simple baseline. The mean image is 160.3 above the
# floor on digits and 195.2 on clothes, so the models keep 18 % and 10 % of the
# simplest method's excess.
#
# **Rubric** (10 points)
#
# - 4: a perfect reconstruction does not score 0, and the floors differ.
# - 3: the floor is subtracted: about 29.5 against 20.1; the ranking turns round.
# - 3: a yardstick to report beside it: the floor, the mean image, PCA, or MSE.
# ### END SOLUTION

# %% [markdown]
# ## 7. The bars to beat
#
# ### The mean image
#
# The simplest "model": whatever comes in, answer with the mean of the training
# images. It stores 784 numbers and uses 0 numbers for each image.


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
print("MSE:", mean_mse)

# %% [markdown]
# **What to see**: the mean digit is a blur, the mean garment a ghost in a sweater.
# Their errors are the price of knowing nothing about the single image. A trained
# network that does not beat them has learnt nothing but the mean. (In lesson 03 that
# happens, and has a name: posterior collapse.)

# %% [markdown]
# ### PCA: the best that straight lines can do
#
# Now let each image keep $k$ numbers. **Principal component analysis** finds the $k$
# directions along which the training images differ most, and keeps how far each
# image goes along them:
#
# $$z = W (x - \bar x), \qquad \hat x = \bar x + W^\top z, \qquad
# W \in \mathbb{R}^{k \times 784}$$
#
# $\bar x$ is the mean *training* image, the rows of $W$ are orthonormal. That is an
# autoencoder: 784 numbers → $k$ numbers → 784 numbers. Among all *linear* ones, none
# has a lower MSE on the training images (Baldi and Hornik, 1989). A network with a
# code of $k$ numbers has to beat PCA-$k$ to earn its electricity.
#
# **Exercise 6.** Fit on `train`, reconstruct `images`. Scikit-learn's `PCA` or a
# decomposition of your own, as you like.
#
# <details><summary>Stuck? A second hint</summary>
#
# Two arrays come in, and only one of them may be fitted. Going down to k numbers and
# back up again are two calls; the second one also adds the mean again.
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
checks.pca_reconstruct(pca_reconstruct, draws=[40786, 912635])
### END HIDDEN TESTS

# %% [markdown]
# Run it with four sizes on both sets. (About 5 seconds on a 2-core laptop. Expect
# an MSE near 0.037 for 8 components of the digits, and 0.009 for 64.)

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


# %%
compare(mnist, "Digits: with 16 numbers you guess, with 64 you read")
compare(fashion, "Clothes: 8 numbers give the shape, 64 still blur the print")

# %% [markdown]
# **What to see**
#
# - PCA-8 digits are ghosts, with grey halos: sums of whole-image patterns that do
#   not cancel cleanly.
# - PCA-8 clothes are mostly the right kind of garment already: large grey surfaces are
#   what a few smooth patterns draw well. The sandal at the end comes back as a sneaker.
# - Neither set gets sharp: small detail (a logo, stripes, a sharp corner) needs many
#   components.
#
# ### What are these patterns?
#
# Components are images too. They can be negative, so we show 0 as mid-grey.

# %%
fitted = {}
for dataset in both:
    pca = PCA(128, svd_solver="covariance_eigh").fit(dataset.train.flat)
    fitted[dataset.name] = pca


def as_picture(w):
    """Components (k, 784) with 0 shown as mid-grey and the largest as 0 or 1."""
    return 0.5 + 0.5 * w / np.abs(w).max(axis=1, keepdims=True)


plots.image_rows(
    {name: as_picture(pca.components_[:10]) for name, pca in fitted.items()},
    "The first ten components, from left to right",
)

# %% [markdown]
# **What to see**
#
# - Digits, component 1: a ring against a vertical bar, "is it a zero or a one?"
# - Clothes, component 1: a coat against a sandal. One number tells them apart.
# - Later components change faster from pixel to pixel: first shape, then detail.
#
# How much of all the variance do the first $k$ components catch?

# %%
caught = {
    name: 100 * np.cumsum(pca.explained_variance_ratio_) for name, pca in fitted.items()
}
plots.curves(
    caught,
    "Clothes differ in few ways, digits in many",
    ylabel="explained variance (%)",
    xlabel="number of components k",
)

# %% [markdown]
# **What to see**: the clothes start far ahead (the first component alone: 29 % against
# 10 %); the digits catch up after 90 components. What is not explained is the error, as
# a share of the mean image's. Clothes have more variance to begin with (0.087 against
# 0.067), so the same share leaves more error: expect these curves to cross earlier.
#
# Nothing has to be fitted again: with orthonormal components, each number that an
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
    "Digits start lower and end lower, but in between clothes are easier",
    ylabel="test MSE per pixel",
    xlabel="number of components k (0: the mean image)",
    x=range(129),
)

# %% [markdown]
# **What to see**
#
# - At $k = 0$ both curves start at the mean image's error.
# - At $k = 8$ to 32 clothes have the *lower* error, though they started higher: they
#   vary along fewer directions. After about 45 the digits win: clothes have texture,
#   which is nearly noise, and no small code can hold noise.
# - No curve has a step. There is no "true" number of components here, only a price.
#
# **Where it fits.** PCA-8 is the bar for lesson 02 (a bottleneck of 8 numbers on
# digits), PCA-64 the bar for lesson 01 (64 numbers on clothes).

# %% [markdown]
# ## 8. Your figures
#
# Each figure stands beside the band that a full run on the real images falls into.

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
# Bytes become float32 in [0, 1] with one fixed scale, and a shuffled split with no
# image on both sides is what makes a test error worth reading. MSE averages over
# pixels and images and starts at 0; BCE sums over pixels, averages over images, and
# starts at a floor that the grey pixels set. The mean image and PCA tell what can be
# had without any network: 0.0374 with 8 numbers a digit, 0.0104 with 64 numbers a
# garment.
#
# ## Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), *Gradient-based learning applied
#   to document recognition*: where MNIST comes from.
# - H. Xiao, K. Rasul, R. Vollgraf (2017), *Fashion-MNIST: a novel image dataset for
#   benchmarking machine learning algorithms*.
# - P. Baldi, K. Hornik (1989), *Neural networks and principal component analysis:
#   learning from examples without local minima*: the linear autoencoder is PCA.
# - S. Kapoor, A. Narayanan (2023), *Leakage and the reproducibility crisis in
#   machine-learning-based science*.
# - Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli (2004), *Image quality assessment: from
#   error visibility to structural similarity*: a ruler that sees more than MSE.
#
# ## Next
#
# Lesson 01 builds the first autoencoder, with Keras, on the clothes: the same 64
# numbers as PCA-64, but along curves in place of straight lines.
