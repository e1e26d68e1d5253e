"""The lessons themselves: solutions run, answers fit, outputs are whole."""

import ast
import copy
import os
import re
import symtable

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course import pack_root
from course.handout.expected import without_figure
from course.handout.students import FETCH, package_address
from course.parameters import planned_runs
from course.run.kernels import kernel_environment
from course.run.lessons import run_lessons
from helpers.training import PROGRESS_MIME

ROOT = pack_root()
LESSONS = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))
CHECK_OUTPUT = "nbval-check-output"
HIDDEN_TESTS = re.compile(
    r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS\n?", re.S | re.M
)


def read(folder, lesson):
    return nbformat.read(ROOT / folder / f"{lesson}.ipynb", as_version=4)


def execute(notebook, folder):
    """Run a notebook in fast mode, in a folder of its own, in a real kernel."""
    client = NotebookClient(notebook, timeout=300, kernel_name="python3")
    environment = kernel_environment(fast=True, threads=1, root=ROOT)
    client.execute(cwd=str(folder), env=environment)


def nbgrader(cell):
    return cell.metadata.get("nbgrader", {})


@pytest.mark.parametrize("lesson", LESSONS)
def test_solution_runs_in_fast_mode_under_papermill(lesson, tmp_path):
    # Of several planned runs the last: nbval makes the first one.
    *_, plan = planned_runs(ROOT / "solutions" / f"{lesson}.ipynb").values()
    # As if beside another: the tests use both cores themselves.
    summary = run_lessons([lesson], plan, out=tmp_path, fast=True, jobs=2)
    outcome = summary["lessons"][lesson]
    assert outcome["error"] is None
    assert outcome["metrics"], "a lesson ends with its figures"
    assert (tmp_path / "report.html").exists()
    (executed,) = tmp_path.rglob(f"{lesson}.ipynb")
    cells, committed = nbformat.read(executed, 4).cells, read("solutions", lesson).cells
    assert shown(cells) == shown(committed), "as in the committed outputs"
    outputs = [out for cell in cells for out in cell.get("outputs", ())]
    assert [out for out in outputs if out.get("name") == "stderr"] == []
    displayed = [out.data for out in outputs if "data" in out]
    bars = [data for data in displayed if PROGRESS_MIME in data]
    assert bool(bars) == (lesson != "00_data_and_baselines")
    assert all(d[PROGRESS_MIME]["n"] == d[PROGRESS_MIME]["total"] for d in bars)
    figures = [data for data in displayed if "image/png" in data]
    assert all('<img alt="' in "".join(data["text/html"]) for data in figures)


def shown(cells):
    """Which cells draw how many pictures, by their first line."""
    found = {}
    for cell in cells:
        data = [out.get("data", {}) for out in cell.get("outputs", ())]
        if count := sum("image/png" in each for each in data):
            found[cell.source.partition("\n")[0]] = count
    return found


def without_hidden_tests(source):
    return HIDDEN_TESTS.sub("", source).rstrip()


@pytest.mark.parametrize("lesson", LESSONS)
def test_with_the_answers_put_back_students_run_what_was_run(lesson):
    """So a run of the solution is a run of the student's notebook as well."""
    solution, student = read("solutions", lesson).cells, read("notebooks", lesson).cells
    assert student.pop(1).source == FETCH.format(address=package_address()).rstrip()
    assert len(solution) == len(student)
    for answered, cell in zip(solution, student, strict=True):
        assert nbgrader(answered).get("grade_id") == nbgrader(cell).get("grade_id")
        if not nbgrader(cell).get("solution"):
            text = without_figure(cell.source).rstrip()
            assert text == without_hidden_tests(answered.source)


@pytest.mark.parametrize("lesson", LESSONS)
def test_nothing_else_needs_a_hidden_test(lesson):
    code = [c.source for c in read("solutions", lesson).cells if c.cell_type == "code"]
    parts = [part for source in code for part in HIDDEN_TESTS.findall(source)]
    assert parts, "every lesson has hidden tests"
    hidden = {
        name
        for part in parts
        for symbol in symtable.symtable(part, "cell", "exec").get_symbols()
        if (name := symbol.get_name()) != "_" and symbol.is_assigned()
    }
    for source in code:
        seen = ast.walk(ast.parse(without_hidden_tests(source)))
        assert not hidden & {node.id for node in seen if isinstance(node, ast.Name)}


@pytest.mark.parametrize("lesson", LESSONS)
def test_anatomy(lesson):
    solution, student = read("solutions", lesson), read("notebooks", lesson)
    graded = [cell for cell in solution.cells if nbgrader(cell).get("grade")]
    points = sum(nbgrader(cell)["points"] for cell in graded)
    exercises = [cell for cell in graded if cell.cell_type == "code"]
    written = [cell for cell in graded if cell.cell_type == "markdown"]
    assert points == 100
    assert 4 <= len(exercises) <= 6
    assert written, "at least one written question"
    assert any("parameters" in cell.metadata.get("tags", []) for cell in student.cells)
    assert any(CHECK_OUTPUT in cell.metadata.get("tags", []) for cell in solution.cells)
    for cell in student.cells:
        assert "BEGIN SOLUTION" not in cell.source
        assert not cell.get("outputs")


@pytest.mark.parametrize("lesson", LESSONS)
def test_committed_outputs_are_whole_and_clean(lesson):
    for cell in read("solutions", lesson).cells:
        if cell.cell_type != "code":
            continue
        assert cell.execution_count, "run: make outputs"
        for out in cell.outputs:
            assert out.output_type != "error"
            assert out.get("name") != "stderr", out.get("text")
            said = str(out.get("text", "")) + str(out.get("data", {}).get("text/plain"))
            assert "SYNTHETIC" not in said, "outputs are committed from real data"
            assert str(ROOT.parent) not in said
            if "image/png" in out.get("data", {}):
                assert out.metadata["image/png"]["alt"]
                assert len(out.data["image/png"]) < 140_000  # base64 of about 100 KB


def code_lines(source):
    """What a student reads: no blank line, comment, docstring or hidden test."""
    source = source.split("### BEGIN HIDDEN TESTS")[0]
    quiet = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            quiet |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return [
        line
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#") and number not in quiet
    ]


@pytest.mark.parametrize("lesson", LESSONS)
def test_code_cells_are_short_and_narrow(lesson):
    code = [c for c in read("solutions", lesson).cells if c.cell_type == "code"]
    lengths = sorted(len(code_lines(cell.source)) for cell in code)
    assert lengths[len(lengths) // 2] <= 6
    assert lengths[-1] <= 25
    for cell in code:
        for line in cell.source.splitlines():
            assert len(line) <= 88, line


def test_a_changed_answer_is_noticed(tmp_path):
    """The check cells really check: one wrong answer stops the notebook there."""
    notebook = copy.deepcopy(read("solutions", "03_variational_autoencoder"))
    cells = {nbgrader(cell).get("grade_id"): cell for cell in notebook.cells}
    answer = cells["kl_divergence"]
    assert "-0.5" in answer.source
    answer.source = answer.source.replace("-0.5", "0.5")
    with pytest.raises(CellExecutionError, match="the sign is flipped"):
        execute(notebook, tmp_path)


def test_nbval_is_told_not_to_wait_for_dead_kernels():
    makefile = (ROOT / "Makefile").read_text()
    assert "--nbval-cell-timeout" in makefile
    assert os.environ.get("COURSE_FAST") == "1", "make test runs in fast mode"
