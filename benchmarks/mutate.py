"""Change one small thing at a time, and see whether the file's own tests notice.

    python -m benchmarks.mutate --sample 30 helpers course
    python -m benchmarks.mutate helpers/metrics.py

A comparison is turned, a whole number moved by one, a call dropped, a result emptied.
The tests are those in files named after the changed one; where they notice nothing,
the others of its folder have their turn. All happens in a copy.
"""

from __future__ import annotations

import argparse
import ast
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course import pack_root

Node = ast.expr | ast.stmt
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.In: ast.NotIn,
    ast.Is: ast.IsNot,
}
TURNED |= {turned: straight for straight, turned in TURNED.items()}
PATIENCE = 600  # seconds; tests that take longer have noticed


def changes(tree: ast.AST) -> Iterator[tuple[Node, Node]]:
    """Yield each node that can be changed, with what takes its place."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            continue  # before 3.12 its parts do not say where they stand
        match node:
            case ast.Compare(left, [operator], [right]):
                turned = TURNED[type(operator)]()
                # In brackets, as it may stand inside another expression.
                yield node, ast.Compare(left, [turned], [right])
            case ast.Constant(int() as number) if not isinstance(number, bool):
                yield node, ast.Constant(number + 1)
            case ast.Expr(ast.Call()):
                yield node, ast.Pass()
            case ast.Return(ast.Constant(bool() as said)):
                yield node, ast.Return(ast.Constant(not said))  # None would do as False
            case ast.Return(ast.expr()) if ast.unparse(node) != "return None":
                yield node, ast.Return(ast.Constant(None))
        yield from changes(node)


def changed(source: str, node: Node, other: Node) -> str:
    """The source with one node's text replaced, and everything else as it was."""
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    text = ast.unparse(other).encode()
    if isinstance(other, ast.expr):
        text = b"(" + text + b")"
    tail = lines[last][node.end_col_offset :]
    lines[first : last + 1] = [lines[first][: node.col_offset] + text + tail]
    return b"".join(lines).decode()


def tests_of(path: Path, root: Path) -> list[Path]:
    """Files that are named after a module: where the tree is mirrored, just there."""
    place = root / "tests" / path.parent.relative_to(root)
    name = f"test_{path.stem}.py"
    mirrored = place / name
    if mirrored.exists():  # and what goes on with it, such as test_intake_cases.py
        return [mirrored, *sorted(place.glob(f"test_{path.stem}_*.py"))]
    return sorted(place.rglob(name))


def tests_of_room(path: Path, root: Path) -> list[Path]:
    """The other test files of a module's folder."""
    place = root / "tests" / path.parent.relative_to(root)
    own = tests_of(path, root)
    return [each for each in sorted(place.glob("test_*.py")) if each not in own]


def passes(tests: list[Path], root: Path) -> bool:
    """Whether the tests, run in `root` on its own modules, find nothing wrong."""
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "COURSE_FAST": "1"}
    try:
        done = subprocess.run(
            [*command, *map(str, tests)],
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def why_not(path: Path, root: Path) -> str:
    """Why changes to a file tell nothing of its tests; empty if they do."""
    tests = tests_of(path, root)
    if not tests:
        return "has no tests; left out"
    return "" if passes(tests, root) else "fails its tests unchanged; left out"


def candidates(places: list[Path]) -> list[tuple[Path, Node, Node]]:
    """All changes to the files there, checks and mere lists of names apart."""
    found = []
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.name == "__init__.py" or "checks" in path.parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [(path, *change) for change in changes(tree)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", help="files or folders, from the root")
    parser.add_argument("--sample", type=int, help="so many changes, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf, help="then stop")
    asked = parser.parse_args()
    end = time.monotonic() + 60 * asked.minutes
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "pack")
        unwanted = shutil.ignore_patterns(".*", "build", "__pycache__")
        shutil.copytree(pack_root(), root, ignore=unwanted, symlinks=True)
        found = candidates([root / place for place in asked.places])
        if asked.sample and asked.sample < len(found):
            found = random.Random(asked.seed).sample(found, asked.sample)
        left_out: dict[Path, str] = {}
        tried = unnoticed = elsewhere = 0
        for path, node, other in found:
            if time.monotonic() > end:
                break
            if path not in left_out:  # its tests may say nothing
                left_out[path] = why_not(path, root)
                if left_out[path]:
                    print(f"{path.relative_to(root)} {left_out[path]}", flush=True)
            if left_out[path]:
                continue
            tried += 1
            source = path.read_text(encoding="utf-8")
            path.write_text(changed(source, node, other), encoding="utf-8")
            try:
                if not passes(tests_of(path, root), root):
                    continue
                others = tests_of_room(path, root)
                if others and not passes(others, root):
                    elsewhere += 1
                    continue
                unnoticed += 1
                was, now = ast.unparse(node), ast.unparse(other)
                place = f"{path.relative_to(root)}:{node.lineno}"
                print(f"{place}  {was[:60]}  ->  {now[:60]}", flush=True)
            finally:
                path.write_text(source, encoding="utf-8")
    print(
        f"Noticed: {tried - unnoticed} of {tried} changes, {elsewhere} of them by "
        f"other tests of the folder; {len(found)} were drawn."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
