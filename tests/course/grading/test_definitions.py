"""What of a submission is judged first: the answers' definitions alone."""

import ast

import nbformat
import pytest

from benchmarks.students import right_answers, submission
from course.grading.definitions import definitions_of
from course.grading.submission import prepare
from course.grading.suspicion import suspicions
from course.notebook import grade_id

KL = "kl_divergence"
FUNCTION = "def kl_divergence(mu, logvar):\n    return mu"


def reduced(lesson, cells=(), **answers):
    """Answers' cells as given, more cells before the last, reduced."""
    notebook = submission(answers)
    for source in cells:
        place = next(i for i, c in enumerate(notebook.cells) if grade_id(c) == KL)
        notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    return definitions_of(prepare(notebook, lesson).notebook, lesson)


def source_of(found, name=KL):
    return next((c.source for c in found.notebook.cells if grade_id(c) == name), "")


def test_right_answers_are_kept_as_they_stand(lesson):
    found = reduced(lesson)
    for name, source in right_answers().items():
        kept = source_of(found, name)
        if lesson.cells("solution")[name].cell_type == "code":
            assert ast.dump(ast.parse(kept)) == ast.dump(ast.parse(source)), name
    assert found.left_out == []


def test_checks_and_what_they_rest_on_are_there(lesson):
    found = reduced(lesson)
    names = [grade_id(cell) for cell in found.notebook.cells if grade_id(cell)]
    assert names == [n for n in lesson.cells("release") if n in names]
    graded = [n for n in lesson.cells("release") if n.startswith("check_")]
    assert set(graded) <= set(names)


@pytest.mark.parametrize(
    "statement",
    [
        "print('hello')",
        "get_ipython().events.register('pre_run_cell', print)",
        "torch.allclose = lambda *a: True",
        "for _ in range(3):\n    print(1)",
        "while False:\n    pass",
        "with open('x', 'w') as f:\n    f.write('x')",
        "kl_divergence.calls = 0",
        "[1, 2][0] = 3",
        "del torch",
        "assert True",
        "%matplotlib inline",
        "!ls",
        "torch?",
        "unused = print('x')",
    ],
)
def test_what_acts_is_left_out_and_named_with_its_line(lesson, statement):
    found = reduced(lesson, kl_divergence=f"# a comment\n\n{statement}\n\n{FUNCTION}")
    assert source_of(found) == FUNCTION
    [left] = found.left_out
    assert (left.cell, left.line) == (KL, 3)
    assert str(left).startswith("kl_divergence, line 3: `")


@pytest.mark.parametrize(
    "statement",
    [
        "pass",
        "'a note'",
        "1",
        "unused = 3",
        "unused: int = 3",
        "def unused():\n    pass",
        "class Unused:\n    pass",
        "kl_divergence = checks.lend('kl_divergence')",
    ],
)
def test_what_can_do_nothing_is_not_named(lesson, statement):
    found = reduced(lesson, kl_divergence=f"{statement}\n{FUNCTION}")
    assert found.left_out == []
    assert source_of(found) == FUNCTION


@pytest.mark.parametrize(
    "source",
    [
        "HALF = 0.5\ndef kl_divergence(mu, logvar):\n    return HALF * mu",
        "HALF: float = 0.5\ndef kl_divergence(mu, logvar):\n    return HALF * mu",
        "A, B = 1, 2\ndef kl_divergence(mu, logvar):\n    return A * mu + B",
        "A = 1\nA += 2\ndef kl_divergence(mu, logvar):\n    return A * mu",
        "def half(x):\n    return x / 2\ndef kl_divergence(mu, logvar):\n"
        "    return half(mu)",
        "import math\ndef kl_divergence(mu, logvar):\n    return math.pi * mu",
        "from torch.distributions import Normal as N\n"
        "def kl_divergence(mu, logvar):\n    return N(mu, 1)",
        "try:\n    import einops\nexcept ImportError:\n    einops = None\n"
        "def kl_divergence(mu, logvar):\n    return mu if einops is None else mu",
        "if True:\n    def kl_divergence(mu, logvar):\n        return mu\n"
        "else:\n    def kl_divergence(mu, logvar):\n        return logvar",
        "import functools\n@functools.lru_cache\ndef kl_divergence(mu, logvar):\n"
        "    return mu",
        "kl_divergence = lambda mu, logvar: mu",
        "def _kl(mu, logvar):\n    return mu\nkl_divergence = _kl",
        "class Kl:\n    def __call__(self, mu, logvar):\n        return mu\n"
        "kl_divergence = Kl()",
    ],
)
def test_what_an_answer_rests_on_is_kept(lesson, source):
    found = reduced(lesson, kl_divergence=source)
    assert ast.dump(ast.parse(source_of(found))) == ast.dump(ast.parse(source))
    assert found.left_out == []


def test_helpers_may_stand_in_another_cell_and_rest_on_others(lesson):
    cell = "SHIFT = 0\ndef shift(x):\n    return x + SHIFT\nprint(shift(1))"
    answer = "def kl_divergence(mu, logvar):\n    return shift(mu)"
    found = reduced(lesson, [cell], kl_divergence=answer)
    assert "SHIFT = 0\ndef shift(x):\n    return x + SHIFT" in {
        c.source for c in found.notebook.cells
    }
    [left] = found.left_out
    assert left.line == 4
    assert left.text == "print(shift(1))"


def test_statements_behind_a_semicolon_are_apart(lesson):
    answer = f"SCALE = 1; print('x'); OTHER = 2\n{FUNCTION} * SCALE"
    found = reduced(lesson, kl_divergence=answer)
    assert source_of(found) == f"SCALE = 1\n{FUNCTION} * SCALE"
    assert [each.text for each in found.left_out] == ["print('x')"]


def test_magics_that_only_measure_do_not_hide_an_answer(lesson):
    for magic in ("%%time", "%%capture", "%%capture out", "\n%%time"):
        found = reduced(lesson, kl_divergence=f"{magic}\n{FUNCTION}")
        assert source_of(found) == FUNCTION
        assert found.left_out == []


@pytest.mark.parametrize("magic", ["%%bash", "%%javascript", "%%writefile x.py"])
def test_other_cell_magics_act(lesson, magic):
    found = reduced(lesson, kl_divergence=f"{magic}\n{FUNCTION}")
    assert source_of(found) == ""
    assert len(found.left_out) == 1


@pytest.mark.parametrize(
    "source", ["def kl_divergence(mu logvar):\n  return", "x = '", "\0", "(" * 300]
)
def test_a_cell_that_is_no_python_is_left_out_whole(lesson, source):
    found = reduced(lesson, kl_divergence=source)
    assert source_of(found) == ""
    [left] = found.left_out
    assert (left.cell, left.line) == (KL, 1)


@pytest.mark.parametrize("odd", ["\x0c", "\x1c", "\x85", "\u2028", "\r", "\v"])
def test_what_runs_is_what_was_read(lesson, odd):
    """Some characters end a line for Python's strings, and not in its programs."""
    answer = (
        f"NOTE = '''a{odd}b'''\n"
        f"def kl_divergence(mu, logvar):\n    return mu, NOTE  # c{odd}\n"
        "HIDDEN = '''\nprint('never said')\n'''\n"
    )
    found = reduced(lesson, kl_divergence=answer)
    ran = ast.parse(source_of(found) or "pass")
    called = [n for n in ast.walk(ran) if isinstance(n, ast.Call)]
    assert called == []
    if found.kept:
        wanted = [ast.dump(s.node) for s in found.kept if s.cell == KL]
        assert [ast.dump(node) for node in ran.body] == wanted


def test_decorators_count_to_a_definition(lesson):
    answer = "import functools\n\n@functools.cache\n@functools.cache\n" + FUNCTION
    found = reduced(lesson, kl_divergence=answer)
    last = [each for each in found.kept if each.cell == KL][-1]
    assert last.line == 3
    assert last.text.startswith("@functools.cache\n@functools.cache\ndef")


def test_a_decorated_function_that_nothing_rests_on_may_act(lesson):
    answer = f"@print\ndef other():\n    pass\n{FUNCTION}"
    found = reduced(lesson, kl_divergence=answer)
    assert [each.line for each in found.left_out] == [1]


def test_the_submission_is_not_changed(lesson):
    prepared = prepare(submission({KL: f"print(1)\n{FUNCTION}"}), lesson).notebook
    before = nbformat.writes(prepared)
    definitions_of(prepared, lesson)
    assert nbformat.writes(prepared) == before


ENDLESS = {
    "statements": "x = 1\n" * 200_000,
    "one line": "x = 1;" * 200_000,
    "commands": "!ls\n" * 100_000,
    "a chain": "\n".join(f"a{i} = a{i + 1}" for i in range(100_000)),
    "functions": "\n".join(f"def f{i}(): f{i + 1}()" for i in range(100_000)),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_endless_cell_is_not_read_and_hides_no_other(lesson, kind):
    """Reading one of them had taken an hour. Nothing is timed: this has to end."""
    notebook = submission(right_answers() | {"sample": ENDLESS[kind]})
    notebook.cells.insert(1, nbformat.v4.new_code_cell(ENDLESS[kind]))
    found = definitions_of(prepare(notebook, lesson).notebook, lesson)
    assert {each.cell for each in found.left_out} >= {"sample", "cell 2"}
    kept = {each.cell for each in found.kept}
    assert {"kl_divergence", "vae_class", "reparameterize"} <= kept
    assert suspicions(found.kept, found.given) == []


def test_long_chains_of_small_cells_are_read_in_proportion_to_their_length(lesson):
    names = [f"def f{i}(): return f{i + 1}()" for i in range(3_000)]
    answer = "def sample(model, count, latent_dim):\n    return f0()"
    notebook = submission({"sample": answer})
    notebook.cells += map(nbformat.v4.new_code_cell, reversed(names))
    found = definitions_of(prepare(notebook, lesson).notebook, lesson)
    assert len([each for each in found.kept if each.text in names]) == 3_000


def test_subclasses_that_only_their_base_knows_are_kept(lesson):
    source = (
        "class Term:\n    every = []\n"
        "    def __init_subclass__(cls):\n        Term.every.append(cls)\n"
        "class Mean(Term):\n    pass\n"
        "def kl_divergence(mu, logvar):\n    return len(Term.every) * mu"
    )
    found = reduced(lesson, kl_divergence=source)
    assert "class Mean(Term)" in source_of(found)
    assert found.left_out == []


def test_what_a_decorator_of_its_own_notes_is_kept(lesson):
    source = (
        "import functools\nTERMS = {}\n"
        "def term(f):\n    TERMS[f.__name__] = f\n    return f\n"
        "@term\ndef mean(mu): return mu\n"
        "@functools.cache\ndef scratch(): return 1\n"
        "def kl_divergence(mu, logvar):\n    return TERMS['mean'](mu)"
    )
    found = source_of(reduced(lesson, kl_divergence=source))
    assert "def mean" in found
    assert "def scratch" not in found, "a library's decorator notes nothing"


def test_what_stood_in_another_order_is_judged_in_the_lessons(lesson):
    """Else a check's stand-ins would come into the hands of what is not judged yet."""
    notebook = submission()
    names = [grade_id(cell) for cell in notebook.cells]
    for name in ("check_vae_loss", "vae_loss"):
        cell = notebook.cells.pop(next(
            i for i, c in enumerate(notebook.cells) if grade_id(c) == name
        ))  # fmt: skip
        notebook.cells.insert(names.index(KL), cell)
    found = definitions_of(prepare(notebook, lesson).notebook, lesson)
    assert found.moved
    there = [grade_id(cell) for cell in found.notebook.cells if grade_id(cell)]
    assert there == [name for name in names if name in there]
    assert not reduced(lesson).moved


def test_the_lessons_own_checks_are_known_without_the_cell_that_imports_them(lesson):
    notebook = submission()
    cell = next(c for c in notebook.cells if "lesson03 as checks" in c.source)
    cell.source += "\nimport math"  # no longer the lesson's own
    found = definitions_of(prepare(notebook, lesson).notebook, lesson)
    assert any("as checks" in each.text for each in found.kept)
    assert suspicions(found.kept, found.given) == []
    cell.source = cell.source.replace("lesson03", "lesson04")
    found = definitions_of(prepare(notebook, lesson).notebook, lesson)
    assert "reaches for the checks" in suspicions(found.kept, found.given)[0]
