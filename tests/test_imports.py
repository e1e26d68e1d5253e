"""Who imports whom: the contracts of pyproject.toml, and what stays out of a start."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course import pack_root

ROOT = pack_root()
FRAMEWORKS = {"torch", "torchvision", "tensorflow", "keras"}


def lint(folder):
    """Run import-linter on the packages in a folder."""
    command = (
        "from importlinter.cli import lint_imports; exit(lint_imports(no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_are_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("course/notebook.py", "import course.grading.submission", "rooms"),
        ("course/run/report.py", "def f():\n    import course.handout.site", "rooms"),
        ("course/sandbox/sandbox.py", "import course.handout.reset", "the sandbox"),
        ("course/grading/tables.py", "import course.grading.whole_class", "No import"),
        ("course/new_room.py", "", "rooms"),
        ("helpers/budget.py", "import course", "The helpers stand alone"),
    ],
)
def test_a_contract_that_is_broken_is_told(tmp_path, module, line, broken):
    for folder in ("course", "helpers", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    told = [text for text in done.stdout.splitlines() if text.endswith(" BROKEN")]
    assert any(broken in text for text in told), told


def names(path: Path) -> str:
    """A file's name as a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
        ".__init__"
    )


MODULES = {
    names(path): path
    for package in ("course", "helpers")
    for path in (ROOT / package).rglob("*.py")
}


def is_package(module: str) -> bool:
    return MODULES[module].stem == "__init__"


def at_once(module: str) -> Iterator[str]:
    """What a module imports while it is itself being imported."""
    waiting = [*ast.parse(MODULES[module].read_text(encoding="utf-8")).body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # from .module import name
                whole = [*module.split("."), *["__init__"] * is_package(module)]
                base = ".".join([*whole[: -node.level], *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def reached_from(module: str) -> set[str]:
    """All that is imported with a module, the pack's own modules followed."""
    found, waiting = set(), [module]
    while waiting:
        parts = waiting.pop().split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name not in found:
                found.add(name)
                waiting += at_once(name) if name in MODULES else []
    return found


@pytest.mark.parametrize(
    "module",
    ["helpers", *sorted(name for name in MODULES if name.startswith("course"))],
)
def test_no_framework_comes_with(module):
    """The command starts at once, and the warm parent chooses one framework."""
    assert not reached_from(module) & FRAMEWORKS


def test_a_framework_would_be_seen_where_it_is():
    assert "torch" in reached_from("helpers.checks.modules")
