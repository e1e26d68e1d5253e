"""JupyterLab in a browser: a server, and what a person does with a notebook."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from course import pack_root
from tests.conftest import chromium
from tests.outputs import errors

SCREENSHOTS = pack_root() / "build" / "screenshots"
# JupyterLab's page shows the cells in view; its model holds all of them.
CELLS = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  return Array.from({length: cells.length}, (_, i) => cells.get(i).toJSON());
}"""
STATUS = """() =>
  window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"""
COUNT = """(i) =>
  window.jupyterapp.shell.currentWidget.content.model.cells.get(i).executionCount"""
GO_TO = """(i) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = i;
  return notebook.scrollToItem(i, "start");
}"""


class Notebook:
    """A notebook open in JupyterLab."""

    def __init__(self, page, name):
        self.page, self.name = page, name
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_function(f"() => ({STATUS})() === 'idle'", timeout=90_000)

    def cells(self):
        cells = self.page.evaluate(CELLS)
        for cell in cells:
            if isinstance(cell["source"], list):
                cell["source"] = "".join(cell["source"])
        return cells

    def index(self, part, after=0):
        """The first cell whose text has this part."""
        return next(
            i
            for i, cell in enumerate(self.cells())
            if i >= after and part in cell["source"]
        )

    def run_all(self, limit):
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.click("[data-command='runmenu:run-all']")
        end = time.monotonic() + limit
        while True:
            self.wait(end - time.monotonic())
            code = [cell for cell in self.cells() if cell["cell_type"] == "code"]
            if errors(code) or all(cell["execution_count"] for cell in code):
                return
            # A busy browser may be late with the next cell.
            assert time.monotonic() < end, f"{self.name} stopped in the middle"

    def wait(self, limit):
        """Until the kernel has been idle for a second."""
        end, idle = time.monotonic() + limit, 0
        while idle < 4:
            assert time.monotonic() < end, f"{self.name} ran for over {limit} s"
            time.sleep(0.25)
            idle = idle + 1 if self.page.evaluate(STATUS) == "idle" else 0

    def go_to(self, index):
        """Put a cell at the top of the window; return its element."""
        front = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        cell = front.locator(f".jp-Cell[data-windowed-list-index='{index}']")
        for _ in range(20):  # pictures that are still being drawn push it away
            self.page.evaluate(GO_TO, index)
            time.sleep(0.25)
            if cell.is_visible():
                break
        cell.wait_for(timeout=20_000)
        return cell

    def type_into(self, index, text):
        """Replace a cell's text as a student does: click, select all, type."""
        cell = self.go_to(index)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def run(self, index, limit=90):
        """Run one cell with the keyboard; return it as it is then."""
        self.go_to(index)
        before = self.page.evaluate(COUNT, index)
        self.page.keyboard.press("Control+Enter")
        # All that it gave out comes before the kernel is idle, its number by itself.
        self.page.wait_for_function(
            f"([i, before]) => ![null, before].includes(({COUNT})(i))"
            f" && ({STATUS})() === 'idle'",
            arg=[index, before],
            timeout=1_000 * limit,
        )
        return self.cells()[index]

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


class Lab:
    """A JupyterLab server with copies of notebooks, and a browser that looks at it."""

    def __init__(self, address, token, folder, browser):
        self.address, self.token, self.folder = address, token, folder
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})

    @contextmanager
    def open(self, notebook, name=None):
        """Copy a notebook into the server's folder and open it."""
        name = name or f"{notebook.parent.name}-{notebook.name}"
        shutil.copy(notebook, self.folder / name)
        page = self.context.new_page()
        address = f"{self.address}/lab/tree/{name}?reset&token={self.token}"
        page.goto(address, timeout=90_000)
        try:
            yield Notebook(page, name)
        finally:
            page.evaluate(
                "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
            )
            page.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One for all files; a browser for each, as its event loop would bother others."""
    folder = tmp_path_factory.mktemp("lab")
    port, token = free_port(), secrets.token_hex()
    log = folder.with_suffix(".log").open("wb")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={folder}",
            f"--IdentityProvider.token={token}",
            "--LabApp.expose_app_in_browser=True",
            "--ServerApp.jpserver_extensions=helpers.saving=True",  # by `make setup`
        ],
        cwd=folder,
        env=os.environ
        | {
            "COURSE_FAST": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_CONFIG_DIR": str(folder / ".jupyter"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"),
        },
        stdout=log,
        stderr=log,
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, Path(log.name).read_text()[-2000:]
                assert time.monotonic() < end, "JupyterLab did not start"
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}", token, folder
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="module")
def lab(server, browser):
    return Lab(*server, browser)
