"""What no answer needs is named with its line; honest answers are never named."""

import ast
from dataclasses import replace

import pytest

from course import pack_root
from course.grading.cell_names import tree_of
from course.grading.definitions import Statement
from course.grading.machinery import CHECKS, FOREIGN
from course.grading.submission import lesson_named
from course.grading.suspicion import suspicions
from tests.checks.trial import as_cell
from tests.course.grading.dishonest import DISHONEST
from tests.course.grading.honest import HONEST

GIVEN = ast.parse(
    "import math\nimport numpy as np\nimport torch\nimport torch.nn.functional as F\n"
    "from torch import nn\nimport keras\n"
    "from helpers import data, plots, training\n"
    "from helpers.checks import lesson03 as checks\n"
).body


def said(source, given=GIVEN):
    """What is said of an answer's cell."""
    tree = ast.parse(source)
    cell = [
        Statement(
            "answer",
            min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ()))]),
            ast.get_source_segment(source, n),
            n,
        )
        for n in tree.body
    ]
    return suspicions(cell, given)


@pytest.mark.parametrize("source", HONEST.strip().split("\n---\n"))
def test_honest_answers_raise_no_flag(source):
    assert said(source) == []


LESSONS = [path.stem for path in sorted((pack_root() / "solutions").glob("0*.ipynb"))]


def tables_of(file):
    """Names of a test file that stand for tables: name to its elements."""
    return {
        target.id: getattr(node.value, "elts", [])
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_right_answer_that_the_pack_knows_raises_a_flag(lesson):
    trees = [tree_of(cell.source) for cell in lesson_named(lesson).release.cells
             if cell.cell_type == "code"]  # fmt: skip
    given = [node for tree in trees if tree for node in tree.body]
    folder = pack_root() / "tests" / "checks" / f"lesson{lesson[:2]}"
    counts = {
        file: len(tables["RIGHT"])
        for file in sorted(folder.glob("test_*.py"))
        if {"NAMES", "RIGHT", "WRONG"} <= (tables := tables_of(file)).keys()
    }
    assert sum(counts.values()) > 20
    found = {}
    for number in range(max(counts.values())):  # an answer of every exercise at once
        cells = [
            as_cell(file, "RIGHT", number % count) for file, count in counts.items()
        ]
        flags = said("\n".join(cells), given)
        found |= {number: flags} if flags else {}
    assert found == {}


@pytest.mark.parametrize("source", DISHONEST.strip().split("\n---\n"))
def test_what_no_answer_needs_is_named_with_its_line(source):
    marked = [n for n, line in enumerate(source.splitlines(), 1) if "# <" in line]
    found = said(source)
    lines = {int(each.split("line ")[1].split(":")[0]) for each in found}
    assert set(marked) <= lines, found
    assert all(each.startswith("answer, line ") for each in found)


RUN_TEXT = [  # what a fresh attacker earned points with before it was named
    "import functools\n@functools.singledispatch\ndef f(x): return x",
    "from functools import singledispatchmethod\nclass A:\n"
    "    @singledispatchmethod\n    def f(self, x): return x",
    "def f(x):\n    np.testing.measure('1'[::-1])",
    "from torch.utils.benchmark import Timer\ndef f(x): return Timer(x)",
    "def f(x): return np.load('a.npy', None, bool(1))",
    "from functools import partial\ndef f(x): return partial(np.load, 'a', None)(True)",
    "def f(x): return np.load('a.npy', **x)",
    "def f(x): return torch.load(*x)",
    "import matplotlib.pyplot as plt\ndef f(x): plt.switch_backend(x)",
    "import matplotlib\ndef f(x): matplotlib.use(x)",
    "import matplotlib.pyplot as plt\ndef f(x): plt.gcf().savefig('a', backend=x)",
    "import matplotlib.pyplot as plt\ndef f(x): plt.style.use(x)",
    "from contextlib import redirect_stdout\n"
    "class A(redirect_stdout):\n    _stream = 'x'",
    "from functools import update_wrapper\ndef f(x, y): update_wrapper(x, y)",
    "from functools import wraps\ndef f(x, y): return wraps(y, assigned=x)(x)",
    "from functools import wraps\ndef f(x): return x\nwraps(f, ['shape'])(f)",
    "def f(x): return getattr(*x, 'a')",
    "class A:\n    def run(self): return self.x\ndef f(x): return A.run(nn.Linear)",
]


@pytest.mark.parametrize("source", RUN_TEXT)
def test_what_runs_text_or_reaches_by_text_is_named(source):
    assert said(source)


def test_their_ordinary_use_is_not():
    assert not said(
        "from functools import wraps, partial\nimport matplotlib.pyplot as plt\n"
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "def f(x):\n    np.testing.assert_allclose(x, x)\n    plt.plot(x)\n"
        "    torch.load('weights.pth', weights_only=True)\n"
        "    return wraps(f)(partial(torch.add, x)), DataLoader(x), np.load('a.npz')"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import functools\ndef f(x): return x\ndef g(x): return x\n"
        "h = functools.wraps(f)(g)",
        "def f(x):\n    if t := torch: return t.exp(x)",
        "class A:\n    def f(self, i): return getattr(self, f'l2_{i}')",
        "class A:\n    @staticmethod\n    def run(layer): return layer(2, 2)\n"
        "def f(x): return A.run(nn.Linear)",
        "def f(x):\n    from helpers.checks import lesson03\n    return x",
        "from ctypes import cdll",  # for a scratch cell; its use is named
    ],
)
def test_what_only_looks_odd_is_not_named(source):
    assert said(source) == []


def test_an_import_within_an_answer_is_named_where_it_stands():
    (found,) = said("def f(x):\n    from ctypes import cdll\n    return x")
    assert found.startswith("answer, line 2: `from ctypes import cdll` reaches for ")


AHEAD = """\
class Later:
    def __call__(self, x): return x
effective = Later()
def bound(x): return effective(x)
def effective(x): return x
"""


def test_a_name_that_a_later_cell_defines_is_named_where_it_is_made():
    cells = [Statement(("first", "bound", "effective")[max(0, number - 2)],
                       node.lineno, ast.unparse(node), node)
             for number, node in enumerate(ast.parse(AHEAD).body)]  # fmt: skip
    cells[1] = replace(cells[1], cell="first")
    (found,) = suspicions(cells, GIVEN)
    assert found.startswith("first, line 3: `effective = Later()` reaches for a name ")
    assert suspicions([*cells[:2], cells[3]], GIVEN) == []  # no answer uses it
    together = [replace(each, cell="one") for each in cells]
    assert suspicions(together, GIVEN) == []


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_statement_is_shown_by_its_beginning(more):
    used = "ctypes.cdll." + "b" * (78 + more)
    (found, *_) = said(f"import ctypes\ndef f(x): return {used}(x)")
    shown = f"{used[:87]}..." if more else used
    assert f"`{shown}` reaches for " in found


def test_what_a_text_reaches_for_is_told_apart():
    (found,) = said("def f(x): return open('/proc/self/mem')")
    assert found.endswith(f"reaches for {FOREIGN}")
    (found,) = said("def f(x): return open('helpers/checks/base.py')")
    assert found.endswith(f"reaches for {CHECKS}")


@pytest.mark.parametrize("lesson", [name for name in LESSONS if name[:2] > "01"])
def test_an_activation_may_be_chosen_by_name_in_every_lesson(lesson):
    """What the lesson's own cells say is no matter."""
    trees = [tree_of(cell.source) for cell in lesson_named(lesson).release.cells
             if cell.cell_type == "code"]  # fmt: skip
    given = [*GIVEN, *(node for tree in trees if tree for node in tree.body)]
    source = "def make(act='ReLU'):\n    return getattr(nn, act)()"
    assert said(source, given) == []
    assert said(source.replace("ReLU", "sys"), given)
