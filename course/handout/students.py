"""The students' package: a zip file, and the cell that fetches it where it lacks."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course import CourseError, pack_root
from course.files import write_zip

PACKED = (".py", ".j2", ".js", ".tex", ".bin")  # no bytecode
FOLDER = "autoencoders"  # where a notebook opened alone puts what it fetches
OPENS = {"jupyterlab"}  # needed, though no lesson imports it
FETCH = f"""\
# Opened alone, as in Colab, this fetches what the lesson imports; else it does nothing.
try:
    import helpers
except ModuleNotFoundError:
    import shutil
    import sys
    from urllib.request import urlretrieve

    urlretrieve(
        "{{address}}",
        "students.zip",
    )
    shutil.unpack_archive("students.zip", "{FOLDER}")
    sys.path.insert(0, "{FOLDER}")
"""
README = """\
# Autoencoders, from Dense to Variational

A course in Jupyter notebooks: you write the missing code of real autoencoders, and a
check after each exercise says whether it is right, and if not, where to look.

You need Python 3.11, 3.12 or 3.13 on Linux, on Windows, or on macOS 14 or newer with
Apple silicon. Set up once, in this folder, with an environment of its own:

    python -m venv .venv

Activate it (Linux and macOS: `source .venv/bin/activate`, Windows:
`.venv\\Scripts\\activate`), then install (about 3 GB, on Linux 8):

    python -m pip install -r requirements.txt

On Linux without an NVIDIA card use this line instead, which takes 3 GB:

    python -m pip install -r requirements.txt --extra-index-url {cpu}

Then start, and open {first} first:

    python -m jupyterlab --ServerApp.jpserver_extensions=helpers.saving=True

(`jupyter lab` does it too. The longer line lets Lab save pictures of what you can move
with the mouse, so that they are still there when you open a notebook again.)

Keep the notebooks beside the folder `helpers`, which they import. The data sets (MNIST
and Fashion-MNIST, 43 MB) are fetched once. `COURSE_FAST=1` in the environment makes
every lesson small. If something does not work:

    python -c "from helpers import doctor; doctor.report()"

MIT license. MNIST: Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0.
Fashion-MNIST: H. Xiao, K. Rasul and R. Vollgraf, Zalando SE, MIT.
"""
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def package_address() -> str | None:
    """Where the students' package lies, as ``[project.urls]`` says; None if nowhere."""
    try:
        return _project()["urls"]["Students"]
    except (OSError, KeyError):  # a pack without its pyproject.toml
        return None


def with_fetch(notebook: bytes, address: str | None) -> bytes:
    """Put the cell that fetches the package below a student notebook's title.

    Parameters
    ----------
    notebook : bytes
        From :func:`course.handout.release.student_version`.
    address : str or None
        Of the package. None: nothing is put anywhere.

    Returns
    -------
    bytes
    """
    if address is None:
        return notebook
    content = nbformat.reads(notebook.decode(), as_version=nbformat.NO_CONVERT)
    cell = nbformat.v4.new_code_cell(
        FETCH.format(address=address).rstrip(),
        id="fetch",
        metadata={"jupyter": {"source_hidden": True}, "tags": ["fetch"]},
    )
    content.cells.insert(1, cell)
    return f"{nbformat.writes(content)}\n".encode()


def write_package(out: Path, notebooks: dict[str, bytes]) -> None:
    """Write what students get, and nothing else, as one zip file.

    Unpacked anywhere, it is a folder with the notebooks beside what they import.

    Parameters
    ----------
    out : Path
        The zip file.
    notebooks : dict
        Student versions, by file name.

    Raises
    ------
    CourseError
        If the file cannot be written, or the pack lacks what says the requirements.
    """
    write_zip(out, _members(notebooks))


def _members(notebooks: dict[str, bytes]) -> Iterator[tuple[str, bytes, bool]]:
    root = pack_root()
    try:
        lock, licence = (root / "requirements.lock", root / "LICENSE")
        yield "requirements.txt", requirements(notebooks).encode(), False
        yield "constraints.txt", lock.read_bytes(), False
        yield "LICENSE", licence.read_bytes(), False
    except OSError as error:
        raise CourseError(
            f"{error.filename} is missing, which says what students install. Run the "
            "command in the pack's own folder."
        ) from error
    readme = README.format(first=min(notebooks, default=""), cpu=CPU_INDEX)
    yield "README.md", readme.encode(), False
    for name, content in notebooks.items():
        yield name, content, False
    for path in sorted((root / "helpers").rglob("*")):
        if path.suffix in PACKED and path.is_file():
            yield path.relative_to(root).as_posix(), path.read_bytes(), False


def requirements(notebooks: dict[str, bytes]) -> str:
    """What students install: of the pack's dependencies, what their code imports.

    Parameters
    ----------
    notebooks : dict
        Student versions, by file name.

    Returns
    -------
    str
        For pip. The versions are the lock's, which lies beside it as constraints.
    """
    sources = [
        path.read_text(encoding="utf-8")
        for path in (pack_root() / "helpers").rglob("*.py")
    ]
    for content in notebooks.values():
        cells = nbformat.reads(content.decode(), as_version=4).cells
        sources += [cell.source for cell in cells if cell.cell_type == "code"]
    distributions = packages_distributions()
    needed = OPENS | {
        canonicalize_name(distribution)
        for source in sources
        for module in _imported(source)
        for distribution in distributions.get(module, ())
    }
    lines = [
        line
        for line in _project()["dependencies"]
        if canonicalize_name(Requirement(line).name) in needed
    ]
    return "\n".join(["-c constraints.txt", *lines]) + "\n"


def _imported(source: str) -> set[str]:
    """The top-level modules that a source imports, inside functions too."""
    nodes = list(ast.walk(ast.parse(source)))
    modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    for node in nodes:
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return {module.partition(".")[0] for module in modules if module}


def _project() -> dict:
    return tomllib.loads((pack_root() / "pyproject.toml").read_text("utf-8"))["project"]
