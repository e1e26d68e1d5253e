"""Execute one notebook in its own kernel, through papermill."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import papermill
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillException, strip_color

from course.run.watch import Watch
from helpers.data import data_root
from helpers.training import PROGRESS_MIME

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
LONGEST_SOCKET = 103  # bytes of a name: macOS has one less than Linux, says unix(4)
# Choosing free ports for a kernel is not safe from two threads at once.
_STARTING = threading.Lock()


@dataclass(frozen=True)
class Execution:
    """What came out of one notebook."""

    notebook: nbformat.NotebookNode | None
    """The executed notebook as far as it came; None if the kernel never started."""
    seconds: float
    peak_memory_mb: float
    failure: str | None
    """Cell and error in one line; None when every cell ran."""


class LessonClient(PapermillNotebookClient):
    """Papermill's client, which also tells a :class:`Watch` what happens."""

    def __init__(self, nb_man, watch: Watch, **traits):
        super().__init__(nb_man, **traits)
        self.watch = watch

    def start_new_kernel(self, **kwargs):
        """Start the kernel's process, one at a time."""
        with _STARTING:
            super().start_new_kernel(**kwargs)
        provisioner = self.km.provisioner if self.km else None
        # Only a process of this machine can be watched, and "python3" is always one.
        assert isinstance(provisioner, LocalProvisioner)
        assert provisioner.pid is not None
        self.watch.kernel_started(provisioner.pid)

    def execute_cell(self, cell, index):
        """Run one cell; a dead kernel or a timeout is written into its output."""
        self.watch.on_cell(index + 1, len(self.nb.cells))
        try:
            return super().execute_cell(cell, index)
        except DeadKernelError:
            self._fail(
                cell,
                "DeadKernelError",
                "the kernel died (crashed, killed, or no memory)",
            )
            raise
        except CellTimeoutError:
            self._fail(
                cell,
                "CellTimeoutError",
                f"ran longer than {self.timeout:g} s, the limit for one cell "
                "(--timeout changes it)",
            )
            raise

    def _fail(self, cell, name: str, text: str) -> None:
        cell.outputs.append(
            nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[text])
        )
        self.nb_man.cell_exception(cell)
        self.shutdown_kernel = "immediate"

    def process_message(self, msg, cell, cell_index):
        """Pass progress on, then do what papermill does."""
        if msg["msg_type"] in ("display_data", "update_display_data"):
            state = msg["content"].get("data", {}).get(PROGRESS_MIME)
            if isinstance(state, dict):
                self.watch.on_progress(state)
        return super().process_message(msg, cell, cell_index)


class _OwnPython(KernelSpecManager):
    """Knows one kernel: this very Python.

    Another environment's "python3", first on JUPYTER_PATH, would lack the pack.
    """

    def get_kernel_spec(self, kernel_name):
        return KernelSpec(
            argv=make_ipkernel_cmd(), display_name="Python 3", language="python"
        )


def own_kernel() -> AsyncKernelManager:
    """A manager of a kernel of this very Python, for nbclient's ``km``.

    Its sockets are files wherever it can be: a port that was free when it was chosen
    may be another's by the time the kernel takes it.
    """
    manager = AsyncKernelManager(kernel_spec_manager=_OwnPython())
    place = str(Path(tempfile.gettempdir(), f"kernel-{uuid4().hex[:12]}"))
    if os.name == "posix" and len(os.fsencode(f"{place}-1")) <= LONGEST_SOCKET:
        manager.transport, manager.ip = "ipc", place
    return manager


class LessonEngine(NBClientEngine):
    """Papermill's engine with a folder, an environment and a watch per kernel."""

    # papermill hands on what it was given by name, so nothing need come by position.
    @classmethod
    def execute_managed_notebook(  # ty: ignore[incompatible-method-override]
        cls,
        nb_man,
        kernel_name,
        *,
        watch: Watch,
        kernel_cwd: str,
        kernel_env: dict[str, str],
        start_timeout: int,
        execution_timeout: int,
        **unused,
    ):
        """Execute the notebook; papermill calls this."""
        log = logging.getLogger("course.kernels")
        log.addHandler(logging.NullHandler())
        log.propagate = False
        client = LessonClient(
            nb_man,
            watch,
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            # Outputs of a busy two-core machine may lag behind; four seconds is short.
            iopub_timeout=60,
            coalesce_streams=True,
            # Else a kernel warns, on this terminal, of loopback and of being ended.
            extra_arguments=["--log-level=CRITICAL"],
            record_timing=False,
            log=log,
        )
        client.km = own_kernel()
        return client.execute(cwd=kernel_cwd, env=kernel_env)


def kernel_environment(fast: bool, threads: int, root: Path) -> dict[str, str]:
    """Build the environment of a kernel; this process's own stays as it is.

    Parameters
    ----------
    fast : bool
        Whether the lessons should be small.
    threads : int
        How many threads one kernel may compute with. A limit that the user has set
        stays.
    root : Path
        The pack, from which notebooks import ``helpers``.

    Returns
    -------
    dict
        Name to value.
    """
    environment = dict(os.environ)
    environment.pop("COURSE_FAST", None)
    if fast:
        environment["COURSE_FAST"] = "1"
    # MKL heeds its own variable first: one limit for all, or two would fight.
    limit = environment.get("OMP_NUM_THREADS", str(threads))
    for variable in THREAD_VARIABLES:
        environment.setdefault(variable, limit)
    # The kernel works in another folder; relative places are meant as here.
    if environment.get("COURSE_DATA"):
        environment["COURSE_DATA"] = str(data_root())
    mirror = environment.get("COURSE_DATA_MIRROR")
    if mirror and "://" not in mirror:
        environment["COURSE_DATA_MIRROR"] = str(Path(mirror).expanduser().absolute())
    path = [str(root), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    return environment


def execute(
    lesson: Path,
    output: Path,
    parameters: Mapping[str, Any],
    cwd: Path,
    environment: Mapping[str, str],
    timeout: int,
    watch: Watch,
) -> Execution:
    """Execute a notebook and keep what came of it, also when it fails.

    Parameters
    ----------
    lesson, output : Path
        The notebook to read and the one to write, absolute.
    parameters : mapping
        Checked values for its parameters cell.
    cwd : Path
        The kernel's working directory.
    environment : mapping
        The kernel's environment.
    timeout : int
        Seconds that one cell may take.
    watch : Watch
        Told of cells, progress and the kernel's process.

    Returns
    -------
    Execution
    """
    papermill_engines.register("course", LessonEngine)
    start = time.monotonic()
    error: Exception | None = None
    output.unlink(missing_ok=True)
    try:
        with watch.sampling():
            papermill.execute_notebook(
                _as_papermill_path(lesson),
                _as_papermill_path(output),
                parameters=dict(parameters),
                engine_name="course",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                log_output=False,
                start_timeout=120,
                execution_timeout=timeout,
                autosave_cell_every=30,
                # cwd= would change the folder of this whole process, and lessons may
                # run side by side: the engine gives each kernel its own instead.
                cwd=None,
                kernel_cwd=str(cwd),
                kernel_env=dict(environment),
                watch=watch,
            )
    # Dead kernels are RuntimeErrors, timeouts OSErrors, unknown kernels KeyErrors.
    except (PapermillException, RuntimeError, OSError, KeyError, ValueError) as caught:
        error = caught
    seconds = time.monotonic() - start
    notebook = _read(output)
    peak_memory_mb = watch.peak_bytes / 2**20
    return Execution(notebook, seconds, peak_memory_mb, _failure(notebook, error))


def _read(output: Path) -> nbformat.NotebookNode | None:
    """Read an executed notebook; None if it is missing, or cut short by a full disk."""
    try:
        return nbformat.read(output, as_version=4)
    except (OSError, ValueError):
        return None


def _as_papermill_path(path: Path) -> str:
    """Escape braces, which papermill would fill in as in a format string."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _failure(notebook, error: Exception | None) -> str | None:
    """Name the cell that stopped a notebook and say why."""
    cells = (
        [cell for cell in notebook.cells if cell.cell_type == "code"]
        if notebook
        else []
    )
    for number, cell in enumerate(cells, start=1):
        errors = [out for out in cell.outputs if out.output_type == "error"]
        stopped = cell.metadata.get("papermill", {}).get("exception") is True
        if stopped or (errors and error):
            what = "stopped"
            if errors:
                what = f"{errors[-1].ename}: {strip_color(errors[-1].evalue)}"
            return f"code cell {number} ({_first_line(cell.source)}): {_shorten(what)}"
    if error is not None:
        return f"before its first cell: {_shorten(f'{type(error).__name__}: {error}')}"
    return None


def _first_line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith(("#", "%"))]
    line = (code or lines or [""])[0]
    return f"`{line if len(line) <= 70 else line[:67] + '...'}`"


def _shorten(text: str, limit: int = 600) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
