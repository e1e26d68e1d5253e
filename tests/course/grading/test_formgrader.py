"""The folders in which nbgrader's Formgrader finds what students handed in."""

import json
from dataclasses import replace

import nbformat
import pytest

from benchmarks.students import LESSON, submission
from course import CourseError, pack_root
from course.grading.formgrader import (
    autograded,
    course_folder,
    harmless,
    write_course_folder,
)
from course.grading.intake import Submission
from course.grading.records import Record
from course.grading.submission import points
from course.notebook import grade_id, parse
from tests.course.grading.shown import as_bytes


def record_of(lesson, **messages):
    """All points, but none where there is a message."""
    rows = [
        replace(
            row,
            message=messages.get(row.exercise, ""),
            score=0.0 if row.exercise in messages else row.max,
        )
        for row in points(None, lesson)
    ]
    return Record(lesson.name, rows)


def shown(lesson, notebook, record=None):
    given = parse(as_bytes(notebook))
    return autograded(given, lesson, record or record_of(lesson))


def cell_of(notebook, name):
    (cell,) = [cell for cell in notebook.cells if grade_id(cell) == name]
    return cell


def test_every_step_of_nbgraders_has_its_folder(lesson, tmp_path):
    content = as_bytes(submission())
    students = {
        "ada": {LESSON: record_of(lesson)},
        "a/b": {LESSON: record_of(lesson)},
        "bo": {LESSON: Record(LESSON)},
        "cy": {"x.ipynb": Record("")},
    }
    submissions = [
        Submission("ada", LESSON, "x.ipynb", content),
        Submission("a/b", LESSON, "x.ipynb", content),
        Submission("bo", LESSON, "x.ipynb", b"no notebook"),
        Submission("bo", LESSON, "x.ipynb", b"", "it is a PDF"),
        Submission("cy", "", "x.ipynb", content),
    ]
    write_course_folder(tmp_path, students, submissions)
    write_course_folder(tmp_path, students, submissions)  # again changes nothing
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.ipynb")}
    assert {file.name for file in files} == {f"{LESSON}.ipynb"}
    places = {file.parent.as_posix() for file in files}
    (other,) = {place.split("/")[1] for place in places} - {LESSON, "ada"}
    assert "b" in other
    assert places == {f"{step}/{LESSON}" for step in ("source", "release")} | {
        f"{step}/{who}/{LESSON}"
        for step in ("submitted", "autograded")
        for who in ("ada", other)
    }
    kernel = lesson.release.metadata.kernelspec.name
    for path in tmp_path.rglob("*.ipynb"):
        notebook = nbformat.read(path, 4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == kernel
    source = (tmp_path / "source" / LESSON / f"{LESSON}.ipynb").read_text()
    assert source == (pack_root() / "solutions" / f"{LESSON}.ipynb").read_text()
    released = (tmp_path / "release" / LESSON / f"{LESSON}.ipynb").read_text()
    assert "BEGIN HIDDEN" in source
    assert "BEGIN HIDDEN" not in released


def test_each_check_stands_there_with_what_it_said(lesson):
    record = record_of(lesson, sample="CheckFailed: the sign\nis flipped", vae_loss="")
    notebook = shown(lesson, submission(), record)
    (passed,) = cell_of(notebook, "check_kl_divergence").outputs
    assert passed.text == "The check passed.\n"
    (failed,) = cell_of(notebook, "check_sample").outputs
    assert (failed.ename, failed.evalue) == ("CheckFailed", "the sign\nis flipped")
    assert failed.traceback == ["CheckFailed: the sign\nis flipped"]
    (silent,) = cell_of(notebook, "check_vae_loss").outputs
    assert silent.ename == "It earned no points."
    record.reason = "it ran too long"
    (silent,) = cell_of(shown(lesson, submission(), record), "check_vae_loss").outputs
    assert silent.ename == "it ran too long"
    assert not cell_of(notebook, "sample").get("outputs")
    solution = lesson.cells("solution")["check_sample"].source
    assert cell_of(notebook, "check_sample").source == solution


def test_points_that_a_person_gave_do_not_change_what_a_check_said(lesson):
    record = record_of(lesson)
    record.exercises = [
        replace(row, score=3.0, replaced=(row.score,)) for row in record.exercises
    ]
    (said,) = cell_of(shown(lesson, submission(), record), "check_sample").outputs
    assert said.text == "The check passed.\n"


def test_of_what_a_student_wrote_nothing_acts_and_the_lessons_text_stays(lesson):
    notebook = submission({"think_beta": "<b>x</b> ![a](attachment:a.png)"})
    raw = nbformat.v4.new_raw_cell("<script>x</script>")
    notebook.cells.append(raw)
    found = shown(lesson, notebook)
    answer = cell_of(found, "think_beta")
    assert answer.source == "< b>x< /b> ![a] (a.png)"
    assert found.cells[-1].cell_type == "markdown"
    assert found.cells[-1].source == "< script>x< /script>"
    text = {cell.source.strip() for cell in found.cells}
    ours = [cell for cell in lesson.release.cells if cell.cell_type == "markdown"
            and grade_id(cell) is None]  # fmt: skip
    assert ours
    assert {cell.source.strip() for cell in ours} <= text
    attached = [cell for cell in ours if cell.get("attachments")]
    kept = {cell.source.strip(): cell.get("attachments") for cell in found.cells}
    assert all(kept[cell.source.strip()] == cell.attachments for cell in attached)
    assert json.dumps(found.metadata) == json.dumps(lesson.release.metadata)


def test_nothing_a_student_wrote_acts_in_formgrader():
    text = (
        "<script>x</script> [a](javascript:x) ![b][c]\n[c]: javascript:x\n$\\href{x}$"
    )
    tame = harmless(text)
    assert "<script" not in tame
    assert "](" not in tame
    assert "]:" not in tame
    assert "\\href" not in tame
    assert harmless("$a < b$, `x[0] <= 1`") == "$a < b$, `x[0] <= 1`"


def test_the_pack_itself_is_no_course_folder(tmp_path):
    with pytest.raises(CourseError, match="--gradebook formgrader"):
        course_folder(pack_root() / "gradebook.db")
    assert course_folder(tmp_path / "new") == tmp_path / "new"
    assert course_folder(tmp_path / "gradebook.db") == tmp_path
