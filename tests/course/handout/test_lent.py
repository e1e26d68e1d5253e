"""What checks lend is each answer with all that it rests on, and no more."""

import json
import zlib

from nbformat.v4 import new_code_cell

from course.handout.lent import lends, lent_answers
from tests.course.small_lessons import write_lesson

SETUP = """%matplotlib inline
import math
from helpers import data
FACTOR = 2
ODD = 3
def mixed(x):
    return deep(x)
def deep(x):
    return x
def other(): pass"""
ANSWER = '''@cached
def twice(x):
    """Double x."""
    ### BEGIN SOLUTION
    return FACTOR * mixed(x)
    ### END SOLUTION'''


def lesson(folder):
    def graded(source, solution):
        return new_code_cell(source, metadata={"nbgrader": {"solution": solution}})

    return write_lesson(
        folder / "03_a.ipynb",
        "# Doubling",
        SETUP,
        graded(ANSWER, True),
        graded("checks.doubling(twice)", False),
        graded("def unchecked(): pass", True),
        "twice(1)",
    )


def kept(folder):
    return json.loads(lent_answers([lesson(folder)]))["03"]


def test_an_answer_has_its_check_and_its_source_without_marks(tmp_path):
    (name, answer), *others = kept(tmp_path)["answers"].items()
    assert (name, others) == ("twice", [])
    assert answer["check"] == "doubling"
    assert answer["source"].startswith("@cached\ndef twice(x):")
    assert "SOLUTION" not in answer["source"]
    assert answer["source"].endswith("    return FACTOR * mixed(x)")


def test_what_answers_rest_on_comes_along_and_nothing_else(tmp_path):
    given = kept(tmp_path)["given"]
    for wanted in ("import math", "FACTOR = 2", "def mixed(x):", "def deep(x):"):
        assert wanted in given
    for unwanted in ("helpers", "ODD", "def other", "twice(1)"):
        assert unwanted not in given


def test_a_file_lends_what_it_holds_however_it_was_compressed(tmp_path):
    file = tmp_path / "lent.bin"
    assert not lends(file, b"{}")
    for level in (1, 9):
        file.write_bytes(zlib.compress(b"{}", level))
        assert lends(file, b"{}")
        assert not lends(file, b"[]")
    file.write_bytes(b"no zlib")
    assert not lends(file, b"{}")
