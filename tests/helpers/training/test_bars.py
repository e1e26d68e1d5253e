"""The bar says how far it is: in a terminal, in a notebook, and to `course run`."""

import IPython
import pytest

from helpers import training
from helpers.training import bars


@pytest.fixture
def notebook(monkeypatch):
    """A notebook's front end: what it was shown last, and whether someone watches."""

    class Output:
        shown: list

        def update(self, bundle, raw):
            assert raw
            self.shown.append(bundle)

    class Shell:
        kernel = "one"

    output = Output()
    output.shown = []
    monkeypatch.setattr(IPython, "get_ipython", Shell)
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: output)
    monkeypatch.setattr(bars, "is_watched", lambda: True)
    return output.shown


def run(epochs=3, **options):
    bar = training.progress(range(epochs), "digits & more", **options)
    for epoch in bar:
        bar.set_postfix(loss=f"{10.0 / (epoch + 1):.1f}", phase="warm", refresh=False)
    return bar


def test_outside_a_notebook_it_is_one_line_on_the_error_stream(capsys):
    run()
    said = capsys.readouterr()
    assert said.out == ""
    assert "digits & more 3/3" in said.err
    assert "loss=3.3" in said.err


def test_in_a_notebook_it_tells_text_state_and_curves(notebook):
    run()
    last = notebook[-1]
    assert "digits & more 3/3" in last["text/plain"]
    assert last[training.PROGRESS_MIME] == {
        "description": "digits & more",
        "n": 3,
        "total": 3,
        "text": "loss=3.3, phase=warm",
    }
    page = last["text/html"]
    assert '<progress value="3" max="3" aria-label="digits &amp; more">' in page
    assert "loss went from 10 to 3.333" not in page, "drawn as it was written"
    assert "loss went from 10 to 3.3" in page
    assert "phase went" not in page, "words are not drawn"


def test_where_nobody_watches_nothing_is_drawn(notebook, monkeypatch):
    monkeypatch.setattr(bars, "is_watched", lambda: False)
    run()
    assert "text/html" not in notebook[-1]
    assert notebook[-1][training.PROGRESS_MIME]["n"] == 3


def test_a_loss_that_is_no_number_is_left_out_of_the_curve(notebook):
    bar = training.progress(range(2), "x")
    for value, _ in zip((1.0, float("nan")), bar, strict=True):
        bar.set_postfix({"loss": value})
    assert "loss went from 1 to 1." in notebook[-1]["text/html"]


def test_a_resumed_training_is_drawn_from_where_it_goes_on(notebook):
    def first_place():
        page = next(
            b["text/html"] for b in notebook[::-1] if "points=" in b["text/html"]
        )
        return float(page.split('points="')[1].split(",")[0])

    run()
    start = first_place()
    bar = training.progress(range(4, 6), "x", initial=3, total=5)
    for _ in bar:
        bar.set_postfix(loss=1.0)
    assert first_place() > start + 100
    assert notebook[-1][training.PROGRESS_MIME]["n"] == 5
