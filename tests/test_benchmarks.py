"""The bench compares like with like, counts right, and keeps what it has measured."""

import gzip
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from typer.testing import CliRunner

from benchmarks import (
    BenchError,
    bench,
    keras_table,
    lesson_tables,
    loops,
    products,
    tables,
    training_tables,
)
from benchmarks.models import VAE, textbook_loss, vae_loss
from benchmarks.report import Table
from benchmarks.turns import Settings, compare, take_turns
from course import pack_root
from course.files import write_json
from course.run.terminal import make_console
from helpers import data
from helpers.data import originals


def invoke(*arguments):
    return CliRunner().invoke(bench.app, [str(argument) for argument in arguments])


def settings(folder, **changes):
    options = dict(epochs=1, repeats=1, train_images=None, out=folder)
    return Settings(**options | changes, console=make_console())


@pytest.fixture(scope="module")
def numbered_files():
    """MNIST's four files; image number n spells n in its first four pixels."""
    numbers = np.arange(70_000, dtype=">u4")
    images = np.zeros((70_000, 28, 28), np.uint8)
    images[:, 0, :4] = numbers.view(np.uint8).reshape(-1, 4)
    files = {}
    for prefix, chosen in ("train", slice(60_000)), ("t10k", slice(60_000, None)):
        for kind, values in ("images-idx3", images), ("labels-idx1", numbers % 10):
            values = values[chosen].astype(np.uint8)
            shape = struct.pack(f">{values.ndim}I", *values.shape)
            content = bytes([0, 0, 8, values.ndim]) + shape + values.tobytes()
            files[f"{prefix}-{kind}-ubyte.gz"] = gzip.compress(content, 1)
    return files


@pytest.fixture
def mnist_files(numbered_files, monkeypatch):
    monkeypatch.setattr(originals, "original_files", lambda name: numbered_files)
    training_tables.real_mnist.cache_clear()
    yield
    training_tables.real_mnist.cache_clear()


@pytest.fixture
def no_files(monkeypatch):
    def refuse(name):
        raise originals.UnreachableError("nowhere")

    monkeypatch.setattr(originals, "original_files", refuse)


def random_loader(flat=True):
    shape = (10, 784) if flat else (10, 1, 28, 28)
    pairs = TensorDataset(torch.rand(shape), torch.zeros(10))
    return DataLoader(pairs, batch_size=4)


@pytest.mark.parametrize("count", [None, 1_000])
def test_both_loops_see_the_same_images_in_train_and_validation(
    mnist_files, monkeypatch, count
):
    monkeypatch.delenv("COURSE_FAST", raising=False)
    ours = data.load("MNIST", train_images=count)
    theirs = loops.textbook_images(count)
    for split, subset in zip((ours.train, ours.validation), theirs, strict=True):
        assert len(split) == len(subset)
        for i in (0, 1, len(split) // 2, len(split) - 1):
            x, y = subset[i]
            assert x.shape == (1, 28, 28)
            assert np.array_equal(split.images[i], x[0])
            assert split.labels[i] == y
    train, validation = (set(subset.indices) for subset in theirs)
    assert not train & validation


def test_both_losses_are_the_same_number():
    model, x = VAE((16,), 3), torch.rand(7, 784)
    torch.manual_seed(0)
    ours = vae_loss(model, x)
    torch.manual_seed(0)
    assert textbook_loss(model, x).item() == pytest.approx(ours.item(), rel=1e-5)


def test_both_loops_take_the_same_steps():
    """With the same batches and noise, the weights after two epochs agree."""
    trained = []
    for textbook in (True, False):
        torch.manual_seed(0)
        loader = random_loader(flat=not textbook)
        model = VAE((8,), 2)
        torch.manual_seed(1)
        if textbook:
            losses = loops.textbook_loop(model, loader, loader, epochs=2)
        else:
            losses = loops.our_loop(model, vae_loss, loader, loader, 2, "float32")
            losses = losses.validation
        trained.append((losses, model.state_dict()["decoder.0.weight"]))
    (their_losses, theirs), (our_losses, ours) = trained
    assert our_losses == pytest.approx(their_losses, rel=1e-4)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_training_that_is_stopped_by_hand_is_no_measurement(capsys):
    def stop(model, x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loops.our_loop(
            VAE((8,), 2), stop, random_loader(), random_loader(), 1, "float32"
        )


def test_the_products_of_a_step_are_those_of_its_linear_layers():
    step = products.step_products(VAE((6, 5), 2), 3, "meta")
    shapes = [(*left.shape, right.shape[1]) for left, right, _ in step]
    first = [(3, 784, 6), (6, 3, 784)]  # forward, weight; the images need no gradient
    inner = [
        [(3, n, m), (m, 3, n), (3, m, n)]
        for n, m in [(6, 5), (5, 2), (5, 2), (2, 5), (5, 6), (6, 784)]
    ]
    assert shapes == first + [shape for layer in inner for shape in layer]
    for left, right, out in step:
        assert out.shape == (left.shape[0], right.shape[1])


def test_the_count_of_operations_is_what_torch_counts_in_training():
    model, x = VAE((32, 16), 4), torch.rand(10, 784)
    with FlopCounterMode(display=False) as counter:
        vae_loss(model, x).backward()
    step = products.step_products(model, 10, "meta")
    assert products.operations(step) == counter.get_total_flops()


def test_an_epoch_has_all_images_once():
    assert products.batches(55_000, 128) == [(128, 429), (88, 1)]
    assert products.batches(55_000, 200) == [(200, 275)]
    assert products.batches(100, 128) == [(100, 1)]
    model = VAE((8,), 2)
    one = products.epoch_operations(model, 1, 1)
    assert products.epoch_operations(model, 300, 128) == 300 * one


def test_the_products_are_computed():
    step = products.step_products(VAE((6,), 2), 3, "cpu")
    products._compute(step, 1)
    for left, right, out in step:
        assert torch.allclose(out, left @ right)
    assert products.time_products(VAE((6,), 2), 10, 4, torch.device("cpu")) > 0


def test_competitors_take_turns(tmp_path):
    order = []

    def measure(name):
        return lambda repeat: order.append((repeat, name)) or {"seconds": 1.0}

    results = take_turns(
        settings(tmp_path, repeats=3), "x", {name: measure(name) for name in "AB"}
    )
    assert order == [(repeat, name) for repeat in range(3) for name in "AB"]
    assert [len(found) for found in results.values()] == [3, 3]


def test_a_ratio_is_that_of_the_medians_with_the_range_within_repeats():
    above = [{"seconds": s} for s in (2.0, 9.0, 4.0)]
    below = [{"seconds": s} for s in (1.0, 1.0, 4.0)]
    assert list(compare(above, below).values()) == [4.0, 1.0, 9.0]


def test_unknown_tables_are_refused_in_one_line(tmp_path):
    for wrong in ("a,z", "ac", "", "a,"):
        result = invoke("--only", wrong, "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        assert "there is no table" in result.stderr
        assert "a, b, c, d, e, f" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    result = invoke("--only", "c", "--out", tmp_path / "file" / "bench")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("letter", ["a", "c", "f"])
def test_the_stand_in_is_refused_because_its_figures_say_nothing(
    letter, no_files, tmp_path
):
    training_tables.real_mnist.cache_clear()
    result = invoke("--only", letter, "--out", tmp_path)
    assert result.exit_code == 2
    assert "COURSE_DATA_MIRROR" in result.stderr
    with pytest.raises(BenchError, match="real MNIST"):
        loops.textbook_images()


def test_after_an_interruption_the_finished_tables_are_kept(
    mnist_files, tmp_path, monkeypatch
):
    def interrupted(settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(training_tables, "PRODUCT_MODELS", {"tiny": ((8,), 2, 64)})
    monkeypatch.setitem(tables.TABLES, "f", interrupted)
    result = invoke(
        *("--only", "f,c", "--repeats", 3, "--train-images", 1_000),
        *("--out", tmp_path / "new"),
    )
    assert result.exit_code == 130
    assert "bare matrix products" in result.output
    kept = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert kept["complete"] is False
    assert kept["settings"]["tables"] == ["c", "f"]
    assert {"processor", "cores", "memory_gb", "python", "torch", "tensorflow"} <= set(
        kept["machine"]
    )
    assert list(kept["tables"]) == ["c"]
    (model,) = kept["tables"]["c"]["results"]
    for who, median in model["medians"].items():
        repeats = [result["seconds"] for result in model["repeats"][who]]
        assert len(repeats) == 3
        assert median == sorted(repeats)[1]


def test_the_table_of_loops_compares_loss_after_equal_epochs(
    mnist_files, tmp_path, monkeypatch
):
    monkeypatch.setattr(training_tables, "TEXTBOOK_WIDTHS", (8,))
    table = training_tables.against_textbook(
        settings(tmp_path, epochs=2, train_images=1_000)
    )
    (model,) = table.results
    for who in ("textbook", "ours"):
        (turn,) = model["repeats"][who]
        assert len(turn["losses"]) == 2
        assert model["medians"][who]["loss"] == turn["losses"][-1]


def test_growth_measures_no_model_twice(mnist_files, tmp_path, monkeypatch):
    measured = []

    def note(widths, latent_dim, images, batch, precision, seed):
        measured.append((widths, latent_dim, len(images)))
        return {"seconds": 1.0}

    monkeypatch.setattr(training_tables, "train_only", note)
    monkeypatch.setattr(training_tables, "warm_up", lambda mnist: None)
    table = training_tables.growth(settings(tmp_path))
    assert len(measured) == len(set(measured)) == 12
    assert len(table.rows) == 13
    assert {images for _, _, images in measured} == {5_000, 10_000, 20_000, 55_000}


def lesson_run(metrics, fast=False):
    lesson = dict(seconds=61.5, peak_memory_mb=900.0, status="ok", error=None)
    lesson |= dict(data="real", metrics=metrics)
    lessons = {"03_vae": lesson | {"metrics": []}, "05_latent": lesson}
    return {"ok": True, "fast": fast, "lessons": lessons}


@pytest.mark.parametrize(
    ("metrics", "shown"),
    [
        ([{"name": "seconds until validation loss 100.35", "value": 41.25}], "41.2"),
        ([{"name": "test loss", "value": 93.0}], "-"),
        ([{"name": "seconds until validation loss 100.35", "value": np.nan}], "-"),
    ],
)
def test_the_lessons_run_once_in_each_mode_for_both_tables(
    metrics, shown, tmp_path, monkeypatch
):
    modes = []

    def run(names, out, fast, console):
        modes.append(fast)
        return lesson_run(metrics, fast)

    monkeypatch.setattr(lesson_tables, "run_lessons", run)
    both = settings(tmp_path)
    (row,) = lesson_tables.time_to_loss(both).rows
    assert row[:2] == ("05_latent", shown)
    table = lesson_tables.lessons(both)
    assert modes == [False, True]
    assert table.rows[0][:5] == ("03_vae", "61.5", "900", "61.5", "900")
    assert table.rows[-1][0].startswith("all")


def test_json_is_replaced_whole_and_has_no_nan(tmp_path):
    path = tmp_path / "bench.json"
    write_json(path, {"x": 1})
    with pytest.raises(TypeError):
        write_json(path, {"x": object()})
    assert json.loads(path.read_text()) == {"x": 1}
    write_json(path, {"x": [float("nan"), (2.0,)]})
    assert json.loads(path.read_text()) == {"x": [None, [2.0]]}
    assert [found.name for found in tmp_path.iterdir()] == ["bench.json"]


def test_a_table_shows_brackets_as_they_are():
    console = make_console()
    table = Table("[title]", ("a", "b"), [("[x]", "1")], "[note]")
    with console.capture() as shown:
        console.print(table.show("a"))
    for text in ("[title]", "[x]", "[note]"):
        assert text in shown.get()


def keras_process(folder, monkeypatch, body):
    """Let a script stand in for the process that trains with Keras."""
    script = folder / "python"
    script.write_text(f"#!{sys.executable}\n{body}")
    script.chmod(0o755)
    monkeypatch.setattr(keras_table.sys, "executable", str(script))


def test_keras_epochs_are_counted_without_the_start(tmp_path, monkeypatch):
    turn = """
def turn(competitor, repeat, *epochs):
    result = dict(competitor=competitor, repeat=repeat, test_mse=0.25)
    print(json.dumps(result | dict(epoch_seconds=epochs)))
"""
    body = f"""
import json{turn}
print("a notice")
for repeat in range(2):
    turn("defaults", repeat, 12, 10, 10)
    turn("lesson 01", repeat, 9, 2, 2)
"""
    keras_process(tmp_path, monkeypatch, body)
    table = keras_table.against_keras_defaults(settings(tmp_path, epochs=3, repeats=2))
    assert table.rows == [
        ("defaults", "10.00", "2.0", "1", "0.25000"),
        ("lesson 01", "2.00", "7.0", "5.00 (5.00 to 5.00)", "0.25000"),
    ]
    assert len(table.results[0]["repeats"]["lesson 01"]) == 2


def test_after_a_single_keras_epoch_nothing_is_said_about_the_start(
    tmp_path, monkeypatch
):
    line = '{{"competitor": "{}", "repeat": 0, "test_mse": 0.25, "epoch_seconds": [4]}}'
    lines = [line.format(name) for name in ("defaults", "lesson 01")]
    keras_process(tmp_path, monkeypatch, f"print(*{lines}, sep='\\n')")
    table = keras_table.against_keras_defaults(settings(tmp_path))
    assert [row[1:3] for row in table.rows] == [("4.00", "-"), ("4.00", "-")]


def test_a_keras_process_that_dies_is_told_apart(tmp_path, monkeypatch):
    keras_process(tmp_path, monkeypatch, "raise SystemExit(7)")
    with pytest.raises(BenchError, match="code 7"):
        keras_table.against_keras_defaults(settings(tmp_path))


def test_keras_and_torch_never_meet_in_one_process():
    for module, other in (("keras_fit", "torch"), ("bench", "tensorflow")):
        program = f"import sys, benchmarks.{module}; sys.exit({other!r} in sys.modules)"
        subprocess.run([sys.executable, "-c", program], cwd=pack_root(), check=True)
