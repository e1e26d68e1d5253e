"""`course check` and `course reset`, on a student's notebook."""

import io
from datetime import datetime

import nbformat
import pytest
from rich.console import Console

from benchmarks.students import LESSON, right_answers, submission
from course import CourseError, pack_root
from course.student import check, reset

RELEASED = pack_root() / "notebooks" / f"{LESSON}.ipynb"


@pytest.fixture(scope="module")
def half_done(tmp_path_factory):
    """Two exercises right, two wrong, the rest not written."""
    notebook = nbformat.read(RELEASED, 4)
    answers = right_answers()
    answers["reconstruction_loss"] = answers["reconstruction_loss"].replace(
        "pixels.sum(dim=1)", "pixels.mean(dim=1)"
    )
    # No output can hold half a letter: of this error the kernel sends none.
    answers["sample"] = "def sample(*_):\n    raise ValueError(chr(0xD800))"
    wanted = (
        *("reparameterize", "kl_divergence", "reconstruction_loss"),
        *("sample", "think_beta"),
    )
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in wanted:
            cell.source = answers[name]
    path = tmp_path_factory.mktemp("mine") / f"{LESSON}.ipynb"
    nbformat.write(notebook, path)
    return path


def test_check_says_what_is_right_and_what_is_not(half_done):
    before = half_done.read_bytes()
    shown = io.StringIO()
    done = check(str(half_done), Console(file=shown, width=100))
    states = {row["exercise"]: row["state"] for row in done["exercises"]}
    assert states == {
        "reparameterize": "right",
        "kl_divergence": "right",
        "reconstruction_loss": "not right yet",
        "vae_class": "not written yet",
        "vae_loss": "not written yet",
        "sample": "not right yet",
        "think_beta": "for your instructor",
        "think_improve": "not written yet",
    }
    assert (done["score"], done["max"]) == (35, 90)
    assert "mean over the pixels" in shown.getvalue()
    assert "35 of 90 points" in shown.getvalue()
    assert half_done.read_bytes() == before


def test_reset_keeps_a_dated_copy(tmp_path):
    mine = tmp_path / f"{LESSON}.ipynb"
    nbformat.write(submission(), mine)
    written = mine.read_bytes()
    notebook, kept = reset(str(mine), datetime(2026, 11, 21, 9, 5))
    assert notebook == mine
    assert mine.read_bytes() == RELEASED.read_bytes()
    assert kept.name == f"{LESSON}-2026-11-21-090500.ipynb"
    assert kept.read_bytes() == written
    assert reset(str(mine)) == (mine, None), "nothing to keep"
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_reset_loses_nothing_where_it_cannot_keep_a_copy(tmp_path):
    mine = tmp_path / f"{LESSON}.ipynb"
    nbformat.write(submission(), mine)
    written = mine.read_bytes()
    (tmp_path / "saved").write_text("in the way")
    with pytest.raises(CourseError, match="left as it is"):
        reset(str(mine))
    assert mine.read_bytes() == written


def test_reset_says_what_to_do_where_it_cannot_write(tmp_path, monkeypatch):
    (tmp_path / "solutions").symlink_to(pack_root() / "solutions")
    monkeypatch.setattr("course.student.pack_root", lambda: tmp_path)
    with pytest.raises(CourseError, match=r"cannot be put back: No such file.*folder"):
        reset("03")


def test_a_pack_without_solutions_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("course.student.pack_root", lambda: tmp_path)
    for command in (check, reset):
        with pytest.raises(CourseError, match=r"no solutions/.*ask your instructor"):
            command("03")


def test_a_loop_without_an_end_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("course.student.CELL_TIMEOUT", 2)
    mine = nbformat.read(RELEASED, 4)
    mine.cells.insert(0, nbformat.v4.new_code_cell("while True: pass"))
    path = tmp_path / f"{LESSON}.ipynb"
    nbformat.write(mine, path)
    with pytest.raises(CourseError, match="loop that never ends"):
        check(str(path))


def test_a_name_that_is_no_lesson_is_told(tmp_path):
    with pytest.raises(CourseError, match="no lesson"):
        check("nothing_of_the_kind")
    broken = tmp_path / f"{LESSON}.ipynb"
    broken.write_text("{not json")
    with pytest.raises(CourseError, match="cannot be read"):
        check(str(broken))
