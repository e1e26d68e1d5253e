"""Find submissions wherever they lie; a bad file becomes a record, never a crash."""

import io
import os
import stat
import zipfile

import pytest

from course import CourseError
from course.grading.intake import find

LESSONS = ["02_pytorch_mlp_autoencoder", "03_variational_autoencoder"]
LESSON = LESSONS[1]
FILE = f"{LESSON}.ipynb"


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def owners(place):
    return {
        (each.student, each.lesson): each.content.decode()
        for each in find(place, LESSONS)
        if not each.problem
    }


def problems(place):
    return [(each.student, each.problem) for each in find(place, LESSONS)]


@pytest.fixture
def outside(tmp_path):
    """What lies beside the class folder; it must stay as it is."""
    (tmp_path / "secret.ipynb").write_text("secret")
    yield tmp_path
    assert (tmp_path / "secret.ipynb").read_text() == "secret"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("names", "students"),
    [
        ([f"alice/{FILE}", f"bob/{FILE}"], {"alice", "bob"}),
        ([f"alice_{FILE}", f"bob-{FILE}"], {"alice", "bob"}),
        (["alice_03.ipynb", "bob_03_final.ipynb"], {"alice", "bob"}),
        ([f"class/alice/{FILE}", f"class/bob/{FILE}"], {"alice", "bob"}),
        (
            [f"doejane_12_34_{FILE}", f"roerichard_LATE_13_35_{LESSON}-1.ipynb"],
            {"doejane", "roerichard"},
        ),
        (
            [f"doe_jane12_question_7_34_{FILE}", f"roe_r13_question_7_35_{FILE}"],
            {"doe_jane", "roe_r"},
        ),
        (
            [f"autoencoders-2026-11-20-{name}/{FILE}" for name in ("ada", "grace")],
            {"ada", "grace"},
        ),
        (
            [
                f"source/{LESSON}/{FILE}",
                f"release/{LESSON}/{FILE}",
                "gradebook.db",
                f"submitted/ada/{LESSON}/{FILE}",
                f"submitted/grace/{LESSON}/{FILE}",
            ],
            {"ada", "grace"},
        ),
        (
            [f"submissions/doejane_12_34_{FILE}", f"submissions/roe_13_35_{FILE}"],
            {"doejane", "roe"},
        ),
        (
            [f"Jane Doe_12_assignsubmission_file_/{FILE}"],
            {"Jane Doe"},
        ),
        (
            [
                f"Jane Doe_12_assignsubmission_file_{FILE}",
                f"O'Neil-Müller Al_13_assignsubmission_file_{FILE}",
            ],
            {"Jane Doe", "O'Neil-Müller Al"},
        ),
        ([f"submitted/ada/hw/{FILE}", f"submitted/bob/hw/{FILE}"], {"ada", "bob"}),
        (
            [
                f"Participant_12_assignsubmission_file_/{FILE}",
                f"Participant_13_assignsubmission_file_/{FILE}",
            ],
            {"Participant 12", "Participant 13"},
        ),
    ],
)
def test_who_handed_in_what(tmp_path, packed, names, students):
    place = tmp_path / "in"
    if packed:
        place = zipped(tmp_path / "in.zip", dict.fromkeys(names, "{}"))
    else:
        for name in names:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text("{}")
    assert set(owners(place)) == {(student, LESSON) for student in students}


def test_the_last_attempt_counts(tmp_path):
    for number in ("", "-1", "-2", "-10"):
        path = tmp_path / "alice" / f"{LESSON}{number}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"attempt {number}")
    assert owners(tmp_path) == {("alice", LESSON): "attempt -10"}


@pytest.mark.parametrize("top", ["", "submitted/"])
def test_of_nbgraders_folders_the_first_is_the_student(tmp_path, top):
    names = [f"{top}ada/autoencoders/{number}.ipynb" for number in ("02", "03")]
    place = zipped(tmp_path / "in.zip", dict.fromkeys(names, "{}"))
    assert set(owners(place)) == {("ada", lesson) for lesson in LESSONS}


def test_a_folder_may_say_the_lesson_but_a_file_that_does_so_itself_counts(tmp_path):
    members = {f"bob/{lesson}/solution.ipynb": lesson for lesson in LESSONS}
    place = zipped(tmp_path / "one.zip", members)
    assert owners(place) == {("bob", lesson): lesson for lesson in LESSONS}
    members |= {f"bob/{FILE}": "named", "carol/03/mine.ipynb": "hers"}
    place = zipped(tmp_path / "two.zip", members)
    assert owners(place) == {
        ("bob", LESSONS[0]): LESSONS[0],
        ("bob", LESSON): "named",
        ("carol", LESSON): "hers",
    }
    place = zipped(tmp_path / "none.zip", {"03_dan/homework.ipynb": "?"})
    ((student, why),) = problems(place)
    assert student == "03_dan"
    assert "says which lesson" in why, "a student's folder says no lesson"


def test_the_notebook_counts_and_not_a_copy_that_reset_has_kept(tmp_path):
    kept = f"ada/notebooks/saved/{LESSON}-2026-11-21-101500.ipynb"
    members = {f"ada/notebooks/{FILE}": "now", kept: "then", f"bob/{FILE}": "his"}
    place = zipped(tmp_path / "class.zip", members)
    assert owners(place) == {("ada", LESSON): "now", ("bob", LESSON): "his"}


def test_a_zip_of_each_student_is_opened(tmp_path):
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "alice.zip", {FILE: "hers", ".ipynb_checkpoints/x": ""})
    inner = io.BytesIO()
    zipped(inner, {f"homework/{FILE}": "his"})
    zipped(tmp_path / "class.zip", {"bob.zip": inner.getvalue(), "readme.txt": "hi"})
    assert owners(tmp_path / "in") == {("alice", LESSON): "hers"}
    assert owners(tmp_path / "class.zip") == {("bob", LESSON): "his"}


def test_a_file_that_names_no_lesson_keeps_its_student(tmp_path):
    place = zipped(tmp_path / "in.zip", {"doejane_12_34_homework.ipynb": "{}"})
    ((student, why),) = problems(place)
    assert student == "doejane"
    assert "says which lesson" in why


@pytest.mark.parametrize("name", ["../../out", "/tmp/out", "..\\..\\out", "a/../../b"])
def test_a_path_that_leads_out_is_a_record(outside, name):
    members = {f"{name}/{FILE}": "x", f"good/{FILE}": "fine", "../..": "x"}
    place = zipped(outside / "in.zip", members)
    before = sorted(outside.rglob("*"))
    found = find(place, LESSONS)
    bad = [each for each in found if each.problem]
    assert {each.content for each in bad} == {b""}
    assert all("leads out" in each.problem for each in bad)
    assert len(bad) == 2
    assert all(each.student for each in found)
    assert ("good", LESSON) in owners(place)
    assert sorted(outside.rglob("*")) == before, "nothing is unpacked"


def test_links_are_records(outside):
    place = outside / "in"
    (place / "alice").mkdir(parents=True)
    (place / "alice" / FILE).symlink_to(outside / "secret.ipynb")
    (outside / "elsewhere").mkdir()
    (outside / "elsewhere" / FILE).write_text("secret")
    (place / "bob").symlink_to(outside / "elsewhere")
    os.mkfifo(place / f"carol_{FILE}")
    assert [(student, "link" in why) for student, why in problems(place)] == [
        ("alice", True),
        ("bob", True),
        ("carol", True),
    ]
    link = zipfile.ZipInfo(f"dan/{FILE}")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(outside / "in.zip", "w") as archive:
        archive.writestr(link, str(outside / "secret.ipynb"))
    assert problems(outside / "in.zip") == [("dan", "it is a link, not a file")]


def test_a_large_notebook_is_a_record(tmp_path):
    (tmp_path / "in" / "alice").mkdir(parents=True)
    with (tmp_path / "in" / "alice" / FILE).open("wb") as file:
        file.truncate(200 * 2**20)
    assert problems(tmp_path / "in") == [("alice", "the file has 200 MiB")]


def test_a_damaged_zip_is_its_students_record(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bob.zip").write_bytes(b"no zip at all")
    ((student, why),) = problems(tmp_path / "in")
    assert student == "bob"
    assert "damaged" in why


def test_nothing_is_told(tmp_path):
    (tmp_path / "file.txt").write_text("")
    for place, words in (
        ("gone", "nothing at"),
        ("file.txt", "neither"),
        (".", "no n"),
    ):
        with pytest.raises(CourseError, match=words):
            find(tmp_path / place, LESSONS)


def test_what_was_set_aside_is_noted_with_the_student_whose_it_was(tmp_path):
    members = {
        f"ada/{FILE}": "{}",
        f"ada/{LESSON} (1).ipynb": "[]",
        f"bob/{FILE}": "{}",
    }
    found = find(zipped(tmp_path / "class.zip", members), LESSONS)
    notes = {each.student: each.notes for each in found}
    assert len(notes["ada"]) == 1
    assert "was set aside" in notes["ada"][0]
    assert notes["bob"] == ()
