"""Exercises that are lent: the rest of the lesson runs, and they earn nothing."""

import re
from types import SimpleNamespace

import IPython
import nbformat
import pytest
from nbclient import NotebookClient

from course import pack_root
from helpers.checks import lending, standins

LESSON = "03_variational_autoencoder"
NAMES = {
    "reparameterize",
    "kl_divergence",
    "reconstruction_loss",
    "VAE",
    "vae_loss",
    "sample",
}


@pytest.fixture(scope="module")
def all_lent(tmp_path_factory):
    """The released lesson; after each check, what the student would lend."""
    notebook = nbformat.read(pack_root() / "notebooks" / f"{LESSON}.ipynb", 4)
    cells, above = [], ""
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "code" and cell.source.startswith("checks."):
            for name in re.findall(r"^(?:def|class) (\w+)", above, re.M):
                lent = f'{name} = checks.lend("{name}")'
                wrapped = f"def mine(*a, **k):\n    return {name}(*a, **k)"
                again = re.sub(r"\(.*", "(mine)", cell.source)
                cells.append(nbformat.v4.new_code_cell(lent))
                cells.append(nbformat.v4.new_code_cell(cell.source))
                cells.append(nbformat.v4.new_code_cell(f"{wrapped}\n\n\n{again}"))
        above = cell.source
    notebook.cells = cells
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_FAST", "1")
        resources = {"metadata": {"path": str(tmp_path_factory.mktemp("lent"))}}
        client = NotebookClient(
            notebook, timeout=120, allow_errors=True, resources=resources
        )
        return client.execute()


def failures(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield cell.source, f"{output.ename}: {output.evalue}"


def test_all_but_the_exercises_runs(all_lent):
    mine = [s for s, _ in failures(all_lent) if not re.search(r"^checks\.", s, re.M)]
    assert mine == []
    said = "".join(
        output.get("text", "")
        for cell in all_lent.cells
        for output in cell.get("outputs", [])
    )
    assert set(re.findall(r"(\w+) is lent until you write your own", said)) == NAMES


def test_a_check_refuses_what_was_lent_even_wrapped(all_lent):
    refused = [
        (source.startswith("def mine"), re.search(r"(\w+) is the one that", message)[1])
        for source, message in failures(all_lent)
        if "the pack lent you" in message
    ]
    assert {name for wrapped, name in refused if not wrapped} == NAMES
    assert {name for wrapped, name in refused if wrapped} == NAMES


def test_the_guard_cannot_be_taken_off(monkeypatch):
    import torch

    names = {"torch": torch, "nn": torch.nn}
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(user_ns=names))
    lend = lending.lender("03")
    assert not hasattr(lend("kl_divergence"), "__wrapped__")
    assert not hasattr(lend("VAE").__init__, "__wrapped__")


def test_what_is_not_there_is_told(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="there are normal_quantiles, latent_grid"):
        lending.lender("05")("kl_divergence")
    monkeypatch.setattr(standins, "ANSWERS", tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="does not lend"):
        lending.lender("05")("active_units")
