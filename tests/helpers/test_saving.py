"""What is saved of explorers: their pictures, and no name of a widget that is gone."""

import asyncio
import copy
import json
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers import saving
from helpers.explore import WIDGET_MIME

WIDGET = {WIDGET_MIME: {"model_id": "a"}, "text/plain": "Explorer()"}
PICTURE = WIDGET | {"image/png": "AAAA"}


def model(*outputs):
    """What Jupyter is about to save."""
    shown = [new_output("display_data", dict(data)) for data in outputs]
    printed = new_output("stream", text="loss")
    cells = [new_markdown_cell("# A"), new_code_cell("x", outputs=[printed, *shown])]
    return {"type": "notebook", "format": "json", "content": new_notebook(cells=cells)}


def shown_in(saved):
    return [each.get("data") for each in saved["content"]["cells"][1]["outputs"]]


def test_of_a_widget_with_a_picture_the_picture_stays():
    saved = model(PICTURE, WIDGET, {"image/png": "BBBB"}, PICTURE)
    still = {"text/plain": "Explorer()", "image/png": "AAAA"}
    saving.keep_pictures(model=saved, path="x.ipynb", contents_manager=None)
    assert shown_in(saved) == [None, still, WIDGET, {"image/png": "BBBB"}, still]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "file", "content": "text"},
        {"type": "directory", "content": None},
        {"type": "notebook", "content": None},
        {"type": "notebook"},
        {"type": "notebook", "content": {}},
        {},
        model(PICTURE) | {"type": "file"},
    ],
)
def test_what_is_no_notebook_stays_as_it_is(given):
    before = copy.deepcopy(given)
    saving.keep_pictures(given)
    assert given == before


def test_jupyters_server_asks_before_it_saves(tmp_path):
    from jupyter_server.services.contents.largefilemanager import LargeFileManager

    manager = LargeFileManager(root_dir=str(tmp_path))
    server = SimpleNamespace(contents_manager=manager)
    assert saving._load_jupyter_server_extension(server) is None
    asyncio.run(saving._start_jupyter_server_extension(server))
    manager.save(model(PICTURE), "x.ipynb")
    written = json.loads((tmp_path / "x.ipynb").read_text())
    assert shown_in({"content": written})[1].keys() == {"text/plain", "image/png"}


def test_the_extension_is_this_module():
    assert saving._jupyter_server_extension_points() == [{"module": saving.__name__}]
