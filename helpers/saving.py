"""What JupyterLab saves of a notebook with explorers: their still pictures.

An explorer lives as long as its kernel. Lab would save its name as well, prefer it to
the picture, and show "Error displaying widget" to whoever opens the file later. This is
an extension of Jupyter's server, which asks here before it saves; `make setup` enables
it. VS Code falls back on the picture by itself.
"""

from __future__ import annotations

from typing import Any

from helpers.explore import WIDGET_MIME


def keep_pictures(model: dict[str, Any], **_: Any) -> None:
    """Take widgets out of what is about to be saved, where a picture is beside them.

    Parameters
    ----------
    model : dict
        Changed in place: what Jupyter's contents API sends
        (https://jupyter-server.readthedocs.io/en/latest/developers/savehooks.html).
    """
    if model.get("type") != "notebook":
        return
    for cell in (model.get("content") or {}).get("cells", ()):
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                data.pop(WIDGET_MIME, None)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "helpers.saving"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Nothing yet: jupytext is about to put another contents manager in place."""


async def _start_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(keep_pictures)
