"""A file is what is in it; what its name says only helps."""

import json

import pytest

from course.grading.intake import take_in
from tests.course.grading.exports import (
    LESSON,
    LESSONS,
    OTHER,
    adds_up,
    notebook,
    packed,
    rows,
    taken,
)


@pytest.mark.parametrize("name", ["hw.ipynb.json", "hw.ipynb.txt", "hw.json", "hw.txt"])
def test_a_notebook_by_another_name_is_read(tmp_path, name):
    handed = taken(tmp_path, {f"ada/{name}": notebook(), "bob/x.ipynb": notebook()})
    assert rows(handed) == {("ada", LESSON): None, ("bob", LESSON): None}


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_notebook_in_another_code_is_read(tmp_path, code):
    text = notebook().decode()
    handed = taken(tmp_path, {"ada/hw.ipynb": text.encode(code), "bob/x.pdf": "x"})
    assert rows(handed)["ada", LESSON] is None


@pytest.mark.parametrize(
    "name", ["a.pdf", "a.html", "a.py", "a.rar", "a.tar.gz", "a.docx", "a.7z"]
)
def test_what_is_no_notebook_is_a_row_with_a_reason(tmp_path, name):
    handed = taken(tmp_path, {f"ada/{name}": b"x", "bob/hw.ipynb": notebook()})
    assert "there is no notebook: a." in rows(handed)["ada", ""]
    assert adds_up(handed)


def test_a_student_with_nothing_but_an_empty_folder_is_a_row(tmp_path):
    (tmp_path / "in" / "Eve Poe_7_assignsubmission_file_").mkdir(parents=True)
    (tmp_path / "in" / "ada").mkdir()
    (tmp_path / "in" / "ada" / "hw.ipynb").write_bytes(notebook())
    handed = take_in(tmp_path / "in", LESSONS)
    assert rows(handed)["Eve Poe", ""] == "the folder is empty"
    place = tmp_path / "c.zip"
    place.write_bytes(
        packed({"Al Roe_8_assignsubmission_file_/": "", "b/x.ipynb": "{}"})
    )
    assert rows(take_in(place, LESSONS))["Al Roe", ""] == "the folder is empty"


def test_a_student_of_whom_only_a_checkpoint_came_is_a_row(tmp_path):
    folder = "Eve Poe_7_assignsubmission_file_/.ipynb_checkpoints"
    handed = taken(
        tmp_path, {f"{folder}/hw-checkpoint.ipynb": notebook(), "b/x.ipynb": notebook()}
    )
    assert "no notebook: hw-checkpoint.ipynb" in rows(handed)["Eve Poe", ""]
    assert adds_up(handed)


@pytest.mark.parametrize("packed_in", [True, False])
def test_students_of_whom_only_tools_files_came_are_rows(tmp_path, packed_in):
    members = {
        "ada/.ipynb_checkpoints/hw-checkpoint.ipynb": notebook(),
        "dan/__pycache__/x.pyc": b"x",
        "gus/.git/HEAD": b"x",
        "cy/.DS_Store": b"x",
        "ben/hw.ipynb": notebook(),
    }
    if packed_in:
        handed = taken(tmp_path, members)
    else:
        for name, content in members.items():
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).write_bytes(content)
        handed = take_in(tmp_path / "in", LESSONS)
    assert {student for student, _ in rows(handed)} == {
        "ada",
        "dan",
        "gus",
        "cy",
        "ben",
    }
    assert adds_up(handed)


def test_bare_files_of_all_kinds_are_rows(tmp_path):
    names = ["ana.ipynb", "cy.tar.gz", "dan.rar", "eve.pdf", "fay.py", "readme.txt"]
    handed = taken(tmp_path, dict.fromkeys(names, b"x") | {"ana.ipynb": notebook()})
    found = {student for student, _ in rows(handed)}
    assert len(found) == 5
    assert adds_up(handed)


# Which file of several


@pytest.mark.parametrize(
    "other",
    [
        f"{LESSON}-Copy1.ipynb",
        f"{LESSON} - Copy.ipynb",
        f"Copy of {LESSON}.ipynb",
        f"{LESSON}_backup.ipynb",
        f"{LESSON} (1).ipynb",
        f"old/{LESSON}.ipynb",
        f"saved/{LESSON}-2026-11-21-101500.ipynb",
        "scratch/try.ipynb",
    ],
)
def test_the_notebook_counts_before_a_copy_but_a_filled_one_before_a_stub(
    tmp_path, other
):
    own, copied = f"ada/{LESSON}.ipynb", f"ada/{other}"
    bob = {"bob/hw.ipynb": notebook()}
    handed = taken(tmp_path, {own: notebook(), copied: notebook(mark="x")} | bob)
    assert handed.submissions[0].name == own
    assert "was set aside" in handed.submissions[0].notes[0]
    handed = taken(
        tmp_path, {own: notebook(filled=False), copied: notebook(mark="x")} | bob
    )
    assert handed.submissions[0].name == copied
    assert adds_up(handed)


def test_a_number_in_a_name_never_wins_against_what_is_inside(tmp_path):
    members = {"ada/VAE_v02.ipynb": notebook(), "bob/03 final.ipynb": notebook(OTHER)}
    assert set(rows(taken(tmp_path, members))) == {("ada", LESSON), ("bob", OTHER)}


def test_without_metadata_the_checks_and_texts_say_the_lesson(tmp_path):
    bare = json.loads(notebook())
    for cell in bare["cells"]:
        cell["metadata"] = {}
    members = {"ada/hw.ipynb": json.dumps(bare), "bob/hw.ipynb": notebook(OTHER)}
    assert set(rows(taken(tmp_path, members))) == {("ada", LESSON), ("bob", OTHER)}


def test_a_whole_pack_handed_in_counts_for_what_is_written_in_it(tmp_path):
    members = {}
    for student in ("autoencoders-ada", "autoencoders-bob"):
        for lesson in LESSONS:
            content = notebook(lesson, filled=lesson == LESSON)
            members[f"{student}/notebooks/{lesson}.ipynb"] = content
        members[f"{student}/helpers/data.py"] = "x = 1"
    handed = taken(tmp_path, members)
    done = {each for each in rows(handed) if each[1] == LESSON}
    assert done == {("ada", LESSON), ("bob", LESSON)}
    assert {student for student, _ in rows(handed)} == {"ada", "bob"}
    assert adds_up(handed)
