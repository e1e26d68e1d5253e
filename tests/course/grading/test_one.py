"""One submission to one record."""

import ast
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from ipykernel.compiler import get_file_name

from benchmarks.students import LESSON, submission
from course.grading import apart, one
from course.grading.definitions import Statement
from course.grading.intake import Submission
from course.grading.submission import lesson_named
from course.notebook import grade_id
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits
from course.sandbox.sandbox import Execution
from course.sandbox.witness import REPLACED
from helpers.checks.failure import PASSED
from tests.course.handed_in import NO_SANDBOX, cells

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)


def test_unsafe_grades_the_same_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    content = nbformat.writes(submission()).encode()
    record = one.grade_one(content, LESSON, unsafe=True)
    assert record.score == 90
    assert record.sandboxed is False
    sandbox = apart.sandbox_of_thread("torch", Limits(), unsafe=True)
    parent = psutil.Process(sandbox.parent.process.pid)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sandbox.run, cells("import time\ntime.sleep(60)"))
        deadline = time.monotonic() + 20
        while not parent.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        (kernel,) = parent.children()
        apart.close_sandboxes()
    assert not parent.is_running()
    assert not kernel.is_running(), "with its parent all that it had forked is ended"


def told(*witnessed, place=0):
    """What is said of events, of a notebook with an answer and a cell of one's own."""
    notebook = submission()
    notebook.cells.insert(
        place, nbformat.v4.new_code_cell("x = 1\nnumbers = eval('1')")
    )
    file = Path(get_file_name(notebook.cells[place].source)).stem
    events = [{"file": file} | event for event in witnessed]
    return one.asked_for(notebook, lesson_named(LESSON), events)


def test_what_was_replaced_is_said_with_its_line_if_a_cell_did_it():
    event = {"event": f"{REPLACED}math.exp", "line": 2}
    said = "while it ran, another thing took the place of `math.exp`"
    assert told(event) == [f"cell 1: {said}: `numbers = eval('1')`"]
    assert told(event | {"file": "nowhere"}) == [said]


def test_what_was_asked_for_is_said_once_and_with_its_line():
    event = {"event": "ctypes.dlopen", "line": 2}
    said = "while it ran, `numbers = eval('1')` asked for ctypes.dlopen"
    assert told(event, event, place=1) == [f"cell 2: {said}"]
    (nobodys,) = told(event | {"file": "nowhere"})
    assert nobodys == "code that is in no cell asked for ctypes.dlopen"


def test_a_check_that_never_passed_is_told_of_unless_it_failed():
    notebook = submission()
    checks = {
        grade_id(cell): cell
        for cell in notebook.cells
        if (grade_id(cell) or "").startswith("check_")
    }
    earned = set(checks) - {"check_sample"}
    said = [
        {"event": PASSED, "file": Path(get_file_name(cell.source)).stem, "line": 1}
        for name, cell in checks.items()
        if name not in ("check_vae_class", "check_sample")
    ]
    assert one.silent(notebook, earned, None) == [], "nobody listened"
    assert one.silent(notebook, earned, said) == [
        "check_vae_class: no error, and its check never passed"
    ]
    both = checks["check_vae_class"]
    both.source += "\nchecks.vae(VAE, draws=[7])"  # as with its hidden test
    file = Path(get_file_name(both.source)).stem
    said += [{"event": PASSED, "file": file, "line": 1}]
    assert len(one.silent(notebook, earned, said)) == 1, "the hidden test never passed"
    assert one.silent(notebook, earned, [*said, said[-1] | {"line": 2}]) == []


def test_a_cell_of_imports_that_is_gone_is_named_if_something_misses_it():
    lesson, notebook = lesson_named(LESSON), submission()
    place = next(i for i, c in enumerate(notebook.cells) if c.source.startswith("from"))
    first = notebook.cells.pop(place).source.splitlines()[0]
    assert one._gone(notebook, lesson) is None
    missed = nbformat.v4.new_output("error", ename="NameError", evalue="no `checks`")
    last = next(c for c in reversed(notebook.cells) if c.cell_type == "code")
    last.outputs = [missed]
    assert one._gone(notebook, lesson) == (
        f"the lesson's cell `{first} ...` is gone or changed, and no `checks`"
    )


def test_only_what_lacks_points_is_judged_again():
    """With what stands outside the answers' definitions, and the rest stays earned."""
    runs = []

    def run(notebook):
        runs.append({grade_id(cell) for cell in notebook.cells if cell.source})
        for cell in notebook.cells:
            fails = grade_id(cell) == "check_kl_divergence" and len(runs) == 1
            if fails or cell.source == "print('mine')":
                wrong = nbformat.v4.new_output("error", ename="E", evalue="wrong")
                cell.outputs = [wrong]
        return Execution(None, 0, 0.0)

    notebook = submission()
    names = [grade_id(cell) for cell in notebook.cells]
    mine = nbformat.v4.new_code_cell("print('mine')")
    notebook.cells.insert(names.index("check_reparameterize") + 1, mine)
    content = nbformat.writes(notebook).encode()
    record = one.record_of(content, lesson_named(LESSON), run, sandboxed=False)
    first, second = ({name for name in run if "check_" in str(name)} for run in runs)
    assert "check_sample" in first
    assert second == {"check_kl_divergence"}
    assert record.score == 90
    assert "points for kl_divergence are earned only with" in record.flags[0]
    assert record.first_trouble is None, "it stands below the first check"


def stopped(notebook, fails=(), name="E", value="wrong"):
    """Give these cells an error, as a kernel would."""
    for cell in notebook.cells:
        if grade_id(cell) in fails:
            error = nbformat.v4.new_output("error", ename=name, evalue=value)
            cell.outputs = [error]


def recorded(run, notebook=None, **more):
    content = nbformat.writes(notebook or submission()).encode()
    return one.record_of(content, lesson_named(LESSON), run, True, **more)


def test_a_record_says_what_the_run_took_and_why_it_was_ended():
    record = recorded(lambda notebook: Execution(None, 300, 0.0))
    assert (record.peak_mb, record.score, record.reason) == (300, 90, None)
    assert 0 < record.seconds < 60
    assert set(record.code) >= {"sample", "kl_divergence"}
    assert "think_beta" in record.answers
    ended = recorded(lambda notebook: Execution("it ran longer than 60 s", 7, 0.0))
    assert (ended.score, ended.reason) == (0, "it ran longer than 60 s")
    assert [row.score for row in ended.exercises] == [0] * len(record.exercises)


def test_outputs_that_were_forged_give_no_points():
    def forge(notebook):
        for cell in notebook.cells:
            if grade_id(cell) == "check_sample":
                cell.outputs = [nbformat.from_dict({"output_type": "error"})]
        return Execution(None, 0, 0.0)

    record = recorded(forge)
    assert record.reason == "its outputs cannot be read (AttributeError)"
    assert record.score == 0


def test_strict_gives_no_points_for_what_needs_a_look():
    notebook = submission()
    (cell,) = [cell for cell in notebook.cells if grade_id(cell) == "sample"]
    cell.source += "\n    __import__('os')"

    def run(notebook):
        return Execution(None, 0, 0.0)

    assert recorded(run, notebook).score == 90
    strict = recorded(run, notebook, strict=True)
    assert strict.score == 0
    assert strict.reason == f"--strict, and it needs a look: {strict.flags[0]}"
    assert recorded(run, strict=True).score == 90, "nothing calls for a look"


def test_what_follows_from_the_first_cell_that_failed_is_not_said_again():
    def run(notebook):
        stopped(notebook, ["check_sample"], "NameError", "name 'checks' is not defined")
        stopped(notebook, ["check_kl_divergence"], "E", "wrong")
        error = nbformat.v4.new_output("error", ename="E", evalue="x" * 400)
        notebook.cells[0].outputs = [error]
        return Execution(None, 0, 0.0)

    notebook = submission()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"\n  import {'y' * 90}\nx"))
    record = recorded(run, notebook)
    assert record.first_trouble == (
        f"cell 1, `import {'y' * 63}`, failed: E: {'x' * 297}"
    )
    said = {row.exercise: row.message for row in record.exercises}
    assert said["sample"] == "a cell before it failed: see the top of this page"
    assert said["kl_divergence"] == "E: wrong"


def test_of_many_statements_the_first_are_shown_and_the_rest_counted():
    statements = [
        Statement("answer", line, f"x = {line}", ast.parse("x").body[0])
        for line in range(1, 12)
    ]
    *shown, rest = one._named(statements).split("; ")
    assert shown == [str(each) for each in statements[:8]]
    assert rest == "answer, line 9, 10, 11"


def test_a_file_of_a_lesson_that_could_not_be_taken_is_worth_nothing():
    known = one.refused(Submission("ada", LESSON, "x.pdf", b"", "it is a PDF"))
    assert (known.reason, known.score, known.max) == ("it is a PDF", 0, 100)
    unknown = one.refused(Submission("ada", "", "x.ipynb", b""))
    assert unknown.reason == "neither its name nor its folder names a lesson"
    assert unknown.exercises == []


def test_what_only_its_own_order_earns_is_given_with_a_flag():
    runs = []

    def run(notebook):
        runs.append([grade_id(cell) for cell in notebook.cells if cell.source])
        for cell in notebook.cells:
            if grade_id(cell) == "check_kl_divergence" and len(runs) == 1:
                wrong = nbformat.v4.new_output("error", ename="E", evalue="wrong")
                cell.outputs = [wrong]
        return Execution(None, 0, 0.0)

    notebook = submission()
    names = [grade_id(cell) for cell in notebook.cells]
    notebook.cells.insert(0, notebook.cells.pop(names.index("vae_loss")))
    content = nbformat.writes(notebook).encode()
    record = one.record_of(content, lesson_named(LESSON), run, sandboxed=False)
    assert [run.index("vae_loss") for run in runs][1] == 0 < runs[0].index("vae_loss")
    assert record.score == 90
    assert record.flags == [
        "points for kl_divergence are earned only in the order of its own cells, "
        "which is not the lesson's"
    ]
