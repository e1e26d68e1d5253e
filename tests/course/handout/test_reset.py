"""`course reset` puts a notebook back and loses nothing."""

from datetime import datetime

import nbformat
import pytest

from benchmarks.students import LESSON, submission
from course import CourseError, pack_root
from course.handout.reset import reset

RELEASED = pack_root() / "notebooks" / f"{LESSON}.ipynb"


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
    monkeypatch.setattr("course.lessons.pack_root", lambda: tmp_path)
    with pytest.raises(CourseError, match=r"cannot be put back: No such file.*folder"):
        reset("03")


def test_a_solution_is_never_reset():
    solution = pack_root() / "solutions" / f"{LESSON}.ipynb"
    before = solution.read_bytes()
    with pytest.raises(CourseError, match="complete lesson"):
        reset(str(solution))
    assert solution.read_bytes() == before
