"""Exports as people have them: as many students out as in, nothing in silence."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course import pack_root
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

CASES = pack_root().parent / "shared" / "cases"


@pytest.mark.parametrize(
    ("name", "students", "lessons"),
    [
        ("canvas-export-other-file-types-vanish.zip", 12, None),
        ("jupyter-Copy1-backup-is-graded-instead.zip", {"ada", "bob"}, {LESSON}),
        (
            "mac-finder-zip-names-mojibake.zip",
            {"Jörg Müller", "Zoë Čapek"},
            {LESSON},
        ),
        (
            "nbgrader-inbound-two-attempts-two-students.zip",
            {"ada", "bob"},
            {LESSON},
        ),
        ("renamed-notebooks-no-or-wrong-lesson.zip", 11, {LESSON}),
        ("scratch-notebook-partly-graded.zip", {"ada", "bob"}, {LESSON}),
        ("zip-in-zip-in-zip-vanishes.zip", {"a", "ada", "bo", "Jane Doe"}, {LESSON}),
        *(
            (
                f"several-lessons-moodle-{kind}-students-collapse",
                {"Jane Doe", "Max Roe", "Zoe Poe"},
                {LESSONS[1], LESSON},
            )
            for kind in ("folders", "zips")
        ),
    ],
)
def test_what_once_went_wrong(name, students, lessons):
    if not CASES.exists():
        return  # they lie beside the pack where it is made; others are below
    handed = take_in(CASES / name, LESSONS)
    found = {each.student for each in handed.submissions}
    assert (len(found) if isinstance(students, int) else found) == students
    if lessons:
        assert {each.lesson for each in handed.submissions} == lessons
        assert not any(each.problem for each in handed.submissions)
    assert adds_up(handed)


def test_what_lay_beside_is_named():
    if not CASES.exists():
        return
    copies = take_in(CASES / "jupyter-Copy1-backup-is-graded-instead.zip", LESSONS)
    (ada, _) = copies.submissions
    assert ada.name == f"ada/{LESSON}.ipynb"
    assert "Copy1.ipynb was set aside" in ada.notes[0]
    inbound = take_in(CASES / "nbgrader-inbound-two-attempts-two-students.zip", LESSONS)
    (ada, _) = inbound.submissions
    assert "2026-11-04" in ada.name
    assert "an earlier attempt (2026-11-03 10:00:00)" in ada.notes[0]


# Whose


@pytest.mark.parametrize("wrapper", ["class", "AE 2026", "submissions"])
def test_one_student_alone_in_a_wrapper(tmp_path, wrapper):
    handed = taken(tmp_path, {f"{wrapper}/ada/{LESSON}.ipynb": notebook()})
    assert set(rows(handed)) == {("ada", LESSON)}


def test_gradescopes_list_says_whose(tmp_path):
    listed = (
        "submission_41:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '7'\n"
        "submission_42:\n  :submitters:\n  - :name: Bob\n    :email: b@x.org\n"
    )
    members = {"assignment_1_export/submission_metadata.yml": listed}
    for number in (41, 42):
        members[f"assignment_1_export/submission_{number}/vae.ipynb"] = notebook()
    handed = taken(tmp_path, members)
    assert set(rows(handed)) == {("Ada Lovelace", LESSON), ("Bob", LESSON)}
    assert [each.number for each in handed.submissions] == ["7", "b@x.org"]


def test_a_group_of_gradescope_has_a_row_for_every_member(tmp_path):
    listed = (
        ":submission_41:\n  :submitters:\n  - :name: Ada\n    :sid: '7'\n"
        "  - :name: Bo\n    :sid: '8'\n"
    )
    members = {
        "export/submission_metadata.yml": listed,
        "export/submission_41/vae.ipynb": notebook(),
    }
    handed = taken(tmp_path, members)
    assert [(each.student, each.number) for each in handed.submissions] == [
        ("Ada", "7"),
        ("Bo", "8"),
    ]
    assert "for the group by Ada" in handed.submissions[1].notes[0]


def test_nobody_says_in_their_own_folder_whose_a_submission_is(tmp_path):
    members = {
        "export/submission_metadata.yml": ":submission_41:\n  :submitters:\n"
        "  - :name: Ada\n    :sid: '7'\n",
        "export/submission_41/submission_metadata.yml": ":submission_41:\n"
        "  :submitters:\n  - :name: Bo\n  - :name: Cy\n",
        "export/submission_41/vae.ipynb": notebook(),
    }
    (each,) = taken(tmp_path, members).submissions
    assert (each.student, each.number) == ("Ada", "7")


@pytest.mark.parametrize(
    "listed",
    ["a: 2026-99-99", "[" * 600, "a: [", "- a", "a: {:submitters: 3}", "1: x", ""]
    + [f":submission_41:\n  :submitters: {odd}" for odd in ("[3]", "[{:sid: 7}]")],
)
def test_a_list_that_gradescope_did_not_write_says_nothing(tmp_path, listed):
    members = {
        "export/submission_metadata.yml": listed,
        "export/submission_41/vae.ipynb": notebook(),
    }
    (each,) = taken(tmp_path, members).submissions
    assert each.student == "submission_41"


def test_zips_that_hold_several_students(tmp_path):
    members = {
        "Monday.zip": packed(
            {f"{who}/{LESSON}.ipynb": notebook() for who in ("erin", "finn")}
        ),
        "Tuesday.zip": packed(
            {f"{who}/{LESSON}.ipynb": notebook() for who in ("gil", "hal")}
        ),
    }
    handed = taken(tmp_path, members)
    assert {student for student, _ in rows(handed)} == {"erin", "finn", "gil", "hal"}


def test_user_names_of_blackboard_may_have_a_dash_below(tmp_path):
    name = "VAE_{}_attempt_2026-11-03-10-00-00_vae.ipynb"
    handed = taken(
        tmp_path, {name.format(u): notebook() for u in ("j_smith", "k_smith")}
    )
    assert {student for student, _ in rows(handed)} == {"j_smith", "k_smith"}


def test_blackboards_attempts_the_later_counts(tmp_path):
    name = "Autoencoders_{}_attempt_2026-11-0{}-10-00-00_vae.ipynb"
    members = {
        name.format("ada", 3): notebook(mark="first"),
        name.format("ada", 4): notebook(mark="second"),
        name.format("bob", 3): notebook(),
        "Autoencoders_ada_attempt_2026-11-04-10-00-00.txt": "Name: Ada",
    }
    handed = taken(tmp_path, members)
    assert set(rows(handed)) == {("ada", LESSON), ("bob", LESSON)}
    assert b"second" in handed.submissions[0].content
    assert adds_up(handed)


def test_names_composed_and_taken_apart_are_one_student(tmp_path):
    apart = unicodedata.normalize("NFD", "Zoë")
    members = {f"Zoë/{LESSON}.ipynb": notebook(), f"{apart}/hw.ipynb": notebook(OTHER)}
    handed = taken(tmp_path, members | {"b/x.ipynb": notebook()})
    assert {student for student, _ in rows(handed)} == {"Zoë", "b"}


def test_zips_in_zips_that_never_end_are_a_row(tmp_path):
    inner = packed({f"{LESSON}.ipynb": notebook()})
    for depth in range(12):
        inner = packed({f"level{depth}.zip": inner})
    handed = taken(tmp_path, {"ada.zip": inner, "bob/x.ipynb": notebook()})
    assert len(handed.submissions) == 2
    problems = [each.problem or "" for each in handed.submissions]
    assert any("nested more than" in problem for problem in problems)


# Random classes in the shape of each platform's export

LETTERS = st.sampled_from("abcdefgzéößñčøБяλ王李")
NAMES = st.builds(
    lambda first, second: f"{first.capitalize()} {second.capitalize()}",
    st.text(LETTERS, min_size=2, max_size=6),
    st.text(LETTERS, min_size=2, max_size=6),
)
FILES = st.sampled_from(
    [
        f"{LESSON}.ipynb",
        "vae v02.ipynb",
        "Untitled.ipynb",
        "week 04.ipynb.txt",
        "A.IPYNB",
    ]
)
EXTRA = st.sampled_from(["notes.pdf", "__MACOSX/._x", "vae.ckpt", "fig/a.png", "x.py"])
SHAPES = {
    "folders": "{name}/{file}",
    "wrapped": "class/{name}/{file}",
    "moodle": "{name}_{id}_assignsubmission_file_/{file}",
    "moodle lessons": "AE-Lesson 03-1/{name}_{id}_assignsubmission_file_/{file}",
    "canvas": "{short}_{id}_{id}9_{file}",
    "blackboard": "AE_{short}_attempt_2026-11-03-10-00-00_{file}",
    "inbound": "inbound/{name}+ae+2026-11-03 10:00:00 UTC/{file}",
    "submitted": "submitted/{name}/ae/{file}",
    "zips": "{name}.zip",
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_as_many_students_out_as_in(shape, tmp_path, data):
    names = data.draw(st.lists(NAMES, min_size=2, max_size=6, unique=True))
    apart, flag = data.draw(st.booleans()), data.draw(st.booleans())
    members = {}
    for number, name in enumerate(names):
        given_name = unicodedata.normalize("NFD" if apart else "NFC", name)
        parts = dict(
            name=given_name, short=given_name.replace(" ", ""), id=1_000 + number
        )
        kinds = data.draw(st.lists(FILES, min_size=0, max_size=2, unique=True))
        files = dict.fromkeys(kinds, notebook(cells=12))
        files |= dict.fromkeys(data.draw(st.lists(EXTRA, max_size=2)), b"x")
        if not files:
            files = {"report.pdf": b"x"}
        if shape == "zips":
            members[SHAPES[shape].format(**parts)] = packed(files, flag)
            continue
        flat = shape in ("canvas", "blackboard")
        for file, content in files.items():
            inside = file.replace("/", "-") if flat else file
            members[SHAPES[shape].format(**parts, file=inside)] = content
    place = tmp_path / "in.zip"
    place.write_bytes(packed(members, flag))
    handed = take_in(place, LESSONS)
    expected = {
        name.replace(" ", "") if shape in ("canvas", "blackboard") else name
        for name in names
    }
    assert {each.student for each in handed.submissions} == expected
    assert all(each.problem or each.lesson == LESSON for each in handed.submissions)
    assert adds_up(handed)
