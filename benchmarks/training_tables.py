"""Tables a, c and f: our training loop, what bounds it, and how it grows."""

import statistics
import time
from functools import cache, partial

from torch.utils.data import DataLoader

from benchmarks import BenchError
from benchmarks.loops import need_real_data, our_loop, textbook_images, textbook_loop
from benchmarks.models import VAE, vae_loss
from benchmarks.products import epoch_operations, time_products
from benchmarks.report import Table
from benchmarks.turns import Settings, compare, median, show_ratio, take_turns
from helpers import data, training

BATCH = 128
VALIDATION_BATCH = 1_000  # as in the lessons
TEXTBOOK_WIDTHS = (400, 512)


@cache
def real_mnist(train_images: int | None) -> data.Dataset:
    """MNIST, or a refusal: figures on the stand-in would say nothing."""
    mnist = data.load("MNIST", train_images=train_images)
    if mnist.synthetic:
        raise BenchError(need_real_data("MNIST"))
    return mnist


def part(split: data.Split, count: int) -> data.Split:
    """The first images of a split."""
    return data.Split(split.images[:count], split.labels[:count])


def train_only(
    widths: tuple[int, ...],
    latent_dim: int,
    images: data.Split,
    batch: int,
    precision: str,
    seed: int,
) -> dict[str, float]:
    """Seconds of one epoch of `fit`, with 100 validation images: next to nothing."""
    training.seed_everything(seed)
    model = VAE(widths, latent_dim).to(training.pick_device())
    history = our_loop(
        *(model, vae_loss),
        data.loader(images, batch, shuffle=True, seed=seed),
        data.loader(part(images, 100), 100),
        *(1, precision),
    )
    return {"seconds": history.seconds}


def warm_up(mnist: data.Dataset) -> None:
    """Train for a moment, so that the first measurement is not the slowest."""
    precision = training.best_precision(training.pick_device())
    for number_format in {"float32", precision}:
        train_only((512,), 20, part(mnist.train, 5_000), BATCH, number_format, seed=0)


def against_textbook(settings: Settings) -> Table:
    """Table a: our loop against a textbook's, seconds and loss."""
    started = time.perf_counter()
    mnist = data.load("MNIST", train_images=settings.train_images)
    loading = time.perf_counter() - started
    if mnist.synthetic:
        raise BenchError(need_real_data("MNIST"))
    train_images, validation_images = textbook_images(settings.train_images)
    device = training.pick_device()
    precision = training.best_precision(device)
    epochs = settings.epochs

    def textbook(widths: tuple[int, ...], repeat: int) -> dict:
        training.seed_everything(repeat)
        model = VAE(widths, 20).to(device)
        train = DataLoader(train_images, batch_size=BATCH, shuffle=True)
        validation = DataLoader(validation_images, batch_size=BATCH)
        started = time.perf_counter()
        losses = textbook_loop(model, train, validation, epochs)
        seconds = (time.perf_counter() - started) / epochs
        return {"seconds": seconds, "losses": losses, "loss": losses[-1]}

    def ours(widths: tuple[int, ...], repeat: int) -> dict:
        training.seed_everything(repeat)
        model = VAE(widths, 20).to(device)
        train = data.loader(mnist.train, BATCH, shuffle=True, seed=repeat)
        validation = data.loader(mnist.validation, VALIDATION_BATCH)
        started = time.perf_counter()
        history = our_loop(model, vae_loss, train, validation, epochs, precision)
        seconds = (time.perf_counter() - started) / epochs
        losses = history.validation.tolist()
        return {"seconds": seconds, "losses": losses, "loss": losses[-1]}

    warm_up(mnist)
    rows, kept = [], []
    for width in TEXTBOOK_WIDTHS:
        name = f"VAE 784-{width}-20"
        repeats = take_turns(
            settings,
            f"(a) {name}",
            {
                "textbook": partial(textbook, (width,)),
                "ours": partial(ours, (width,)),
            },
        )
        medians = {
            who: {figure: median(results, figure) for figure in ("seconds", "loss")}
            for who, results in repeats.items()
        }
        faster = compare(repeats["textbook"], repeats["ours"])
        rows.append(
            (
                name,
                *(f"{medians[who]['seconds']:.2f}" for who in medians),
                show_ratio(faster),
                *(f"{medians[who]['loss']:.2f}" for who in medians),
            )
        )
        kept.append(
            {"model": name, "medians": medians, "faster": faster, "repeats": repeats}
        )
    return Table(
        "Our training loop against a textbook loop, MNIST",
        (
            "model",
            "textbook, s an epoch",
            "ours, s an epoch",
            "times faster",
            "textbook, loss",
            "our loss",
        ),
        rows,
        f"Medians of {settings.repeats} repeats; in brackets the range of the ratio "
        f"within a repeat. {len(mnist.train):,} training images, batches of {BATCH}, "
        f"Adam 0.001, same first weights; an epoch includes validation on "
        f"{len(mnist.validation):,} images. Loss: on these, in nats per image (z "
        f"sampled), after {epochs} epochs. Ours computes in {precision}, the textbook "
        f"in float32. Not counted: loading the images once, {loading:.1f} s in ours.",
        kept,
    )


PRODUCT_MODELS = {
    "VAE 784-512-20": ((512,), 20, 128),
    "VAE 784-1024-512-64": ((1024, 512), 64, 200),
}


def against_products(settings: Settings) -> Table:
    """Table c: an epoch of `fit` against its bare matrix products."""
    mnist = real_mnist(settings.train_images)
    images, device = len(mnist.train), training.pick_device()
    warm_up(mnist)

    def products(model: VAE, batch: int, repeat: int) -> dict:
        return {"seconds": time_products(model, images, batch, device)}

    rows, kept = [], []
    for name, (widths, latent_dim, batch) in PRODUCT_MODELS.items():
        model = VAE(widths, latent_dim)
        options = (widths, latent_dim, mnist.train, batch, "float32")
        repeats = take_turns(
            settings,
            f"(c) {name}",
            {
                "products": partial(products, model, batch),
                "fit": partial(train_only, *options),
            },
        )
        medians = {who: median(results, "seconds") for who, results in repeats.items()}
        ratio = compare(repeats["fit"], repeats["products"])
        work = epoch_operations(model, images, batch) / 1e9
        rows.append(
            (
                f"{name}, batch {batch}",
                f"{work:.0f}",
                f"{medians['products']:.2f}",
                f"{medians['fit']:.2f}",
                show_ratio(ratio),
            )
        )
        kept.append(
            {"model": name, "batch": batch, "gigaflop": work}
            | {"medians": medians, "fit_over_products": ratio, "repeats": repeats}
        )
    return Table(
        "An epoch of training against its bare matrix products",
        ("model", "GFLOP", "products, s", "fit, s", "fit / products"),
        rows,
        f"Medians of {settings.repeats} repeats; in brackets the range of the ratio "
        f"within a repeat. One epoch of {images:,} images, both in float32. Products: "
        "of each linear layer the forward one and those for the gradients of weight "
        "and input (not for the images), into memory that is there already. Fit: "
        "batches, loss, Adam and all else; of validation only 100 images.",
        kept,
    )


def sweep(images: int) -> list[tuple[str, int, int, int]]:
    """List what table f measures: (what varies, width, latent size, images)."""
    counts = [n for n in (5_000, 10_000, 20_000, 55_000) if n < images] + [images]
    return [
        *(("width", width, 20, images) for width in (128, 256, 512, 1024, 2048)),
        *(("latent size", 512, d, images) for d in (2, 8, 32, 128)),
        *(("images", 512, 20, count) for count in counts),
    ]


def growth(settings: Settings) -> Table:
    """Table f: how the time of an epoch grows with model and data."""
    mnist = real_mnist(settings.train_images)
    images = len(mnist.train)
    precision = training.best_precision(training.pick_device())
    # What stands in two series is measured once.
    plan = dict.fromkeys(entry[1:] for entry in sweep(images))
    warm_up(mnist)
    repeats = take_turns(
        settings,
        "(f)",
        {
            f"784-{w}-{d}, {n:,} images": partial(
                train_only, (w,), d, part(mnist.train, n), BATCH, precision
            )
            for w, d, n in plan
        },
    )
    rows, kept = [], []
    for varied, width, latent_dim, count in sweep(images):
        results = repeats[f"784-{width}-{latent_dim}, {count:,} images"]
        seconds = [result["seconds"] for result in results]
        middle = statistics.median(seconds)
        work = epoch_operations(VAE((width,), latent_dim), count, BATCH) / 1e9
        value = {"width": width, "latent size": latent_dim, "images": count}[varied]
        rows.append(
            (
                f"{varied} {value:,}",
                f"{middle:.2f}",
                f"{min(seconds):.2f} to {max(seconds):.2f}",
                f"{work:.0f}",
                f"{work / middle:.0f}",
                f"{1e6 * middle / count:.0f}",
            )
        )
        kept.append(
            {"varied": varied, "value": value, "width": width}
            | {"latent_dim": latent_dim, "images": count, "gigaflop": work}
            | {"median_seconds": middle, "repeats": seconds}
        )
    return Table(
        "How the time of an epoch grows",
        (
            "varied",
            "s an epoch",
            "lowest to highest",
            "products, GFLOP",
            "GFLOP a second",
            "microseconds an image",
        ),
        rows,
        f"Medians of {settings.repeats} repeats of one epoch of fit, batches of "
        f"{BATCH}, {precision}; of validation only 100 images. VAE 784-width-latent "
        f"size; what is not varied: width 512, latent size 20, {images:,} images.",
        kept,
    )
