"""Small changes are made one at a time, everywhere, and never to what is not code."""

import ast

import pytest

from benchmarks import mutate

SOURCE = '''"""A module."""
MOST = 5


def first(values):
    """Say which."""
    values.sort()
    if len(values) >= MOST and "é" not in values:
        return f"{values[0]}"
    if not values:
        return False
    return None
'''


def mutants(source):
    return {
        mutate.changed(source, node, other)
        for node, other in mutate.changes(ast.parse(source))
    }


def test_each_kind_of_change_is_made_once():
    expected = {
        SOURCE.replace("MOST = 5", "MOST = (6)"),
        SOURCE.replace("values.sort()", "pass"),
        SOURCE.replace("len(values) >= MOST", "(len(values) < MOST)"),
        SOURCE.replace('"é" not in values', "('é' in values)"),
        SOURCE.replace('return f"{values[0]}"', "return None"),
        SOURCE.replace("return False", "return True"),
    }
    assert mutants(SOURCE) == expected


@pytest.mark.parametrize("path", sorted(mutate.pack_root().glob("helpers/data/*.py")))
def test_what_is_changed_is_still_python(path):
    source = path.read_text(encoding="utf-8")
    for mutant in mutants(source):
        assert mutant != source
        ast.parse(mutant)


def test_a_file_has_the_tests_of_its_own_name():
    root = mutate.pack_root()
    splits = root / "helpers/data/splits.py"
    assert mutate.tests_of(splits, root) == [root / "tests/helpers/data/test_splits.py"]
    intake = mutate.tests_of(root / "course/grading/intake.py", root)
    assert [path.stem for path in intake] == ["test_intake", "test_intake_cases"]
    assert mutate.tests_of(root / "helpers/no_such.py", root) == []
    others = {path.stem for path in mutate.tests_of_room(splits, root)}
    assert {"test_lock", "test_originals"} <= others
    assert "test_splits" not in others
