"""Stopping a training with the toolbar's square, and running its cell again."""

import math
import re
import time

import nbformat
import pytest

TORCH = """
import time
import torch
from helpers import training

x = torch.rand(64, 784)
pairs = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x), 32)
torch.manual_seed(0)
start = torch.nn.Linear(784, 784).state_dict()


pause = 0.25  # seconds: 200 epochs outlast any click, and a second one that is lost


def slow_loss(model, x):
    time.sleep(pause)
    return (model(x) - x).square().mean()
"""
FIT = """
model = torch.nn.Linear(784, 784)
model.load_state_dict(start)
history = training.fit(model, slow_loss, pairs, pairs, 200, checkpoint="run.ckpt")
"""
KERAS = """
import numpy as np
from helpers.keras_start import quiet_start

with quiet_start():
    import keras
from helpers import training

x = np.random.rand(20_000, 784).astype("float32")
model = keras.Sequential([keras.layers.Dense(784)])
model.compile("adam", "mse")
"""
KERAS_FIT = """
history = model.fit(
    x, x, epochs=200, verbose=0, callbacks=[training.keras_progress(200)]
)
"""
AFTER = "print(len(history.train), bool(torch.isfinite(model(x)).all()))"
KERAS_AFTER = "print(len(history.history['loss']) < 200, model(x[:5]).shape)"


def printed(cell):
    return "".join(
        "".join(output["text"])
        for output in cell["outputs"]
        if output.get("name") == "stdout"
    )


def curves(notebook, index):
    return notebook.page.locator(
        f".jp-Cell[data-windowed-list-index='{index}'] svg[aria-label^='Live curves']"
    )


@pytest.fixture
def opened(lab, tmp_path):
    def open_cells(name, *sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
        return lab.open(path, path.name)

    return open_cells


def start_and_stop(notebook, index):
    """Run the cell, wait until the curve is drawn, and click the square."""
    before = notebook.cells()[index]["execution_count"]
    notebook.go_to(index)
    notebook.page.keyboard.press("Control+Enter")
    curves(notebook, index).wait_for(timeout=90_000)
    square = notebook.page.get_by_role("button", name="Interrupt the kernel")
    end, clicked = time.monotonic() + 90, -math.inf
    while notebook.cells()[index]["execution_count"] in (None, before):
        now = time.monotonic()
        assert now < end, "it was not stopped"
        if now - clicked > 15:  # a busy browser may lose a click
            square.click()
            clicked = now
        time.sleep(0.25)
    notebook.wait(30)
    return notebook.cells()[index]


def test_a_stopped_training_is_usable_and_goes_on(opened):
    with opened("stop", TORCH, FIT, AFTER, "pause = 0") as notebook:
        notebook.run(0)
        stopped = start_and_stop(notebook, 1)
        assert "Stopped by hand after" in printed(stopped), stopped["outputs"]
        assert not [o for o in stopped["outputs"] if o["output_type"] == "error"]
        epochs, finite = printed(notebook.run(2)).split()
        assert 0 < int(epochs) < 200
        assert finite == "True"
        notebook.go_to(1)
        notebook.screenshot("stopped")

        notebook.run(3)
        resumed = re.search(r"Resumed after epoch (\d+)", printed(notebook.run(1)))
        # One less if the click fell while the epoch's state was written: it is redone.
        assert int(epochs) - int(resumed[1]) in (0, 1)
        assert printed(notebook.run(2)).split() == ["200", "True"]
        assert "Already trained" in printed(notebook.run(1))
        notebook.go_to(1)
        notebook.screenshot("resumed")


def test_a_stopped_keras_training_is_usable_and_goes_on(opened):
    with opened("stop-keras", KERAS, KERAS_FIT, KERAS_AFTER) as notebook:
        notebook.run(0)
        stopped = start_and_stop(notebook, 1)
        assert "training ends with this epoch" in printed(stopped)
        assert not [o for o in stopped["outputs"] if o["output_type"] == "error"]
        assert printed(notebook.run(2)).startswith("True (5, 784)")
        assert "training ends" in printed(start_and_stop(notebook, 1))
