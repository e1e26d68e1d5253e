"""One submission to one record."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from ipykernel.compiler import get_file_name

from benchmarks.students import LESSON, submission
from course.grading import apart, one
from course.grading.submission import lesson_named
from course.notebook import grade_id
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits
from course.sandbox.sandbox import Execution
from course.sandbox.witness import REPLACED
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
