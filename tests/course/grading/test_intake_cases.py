"""Exports as people have them: as many students out as in, nothing in silence."""

import io
import json
import unicodedata
import zipfile
from collections import Counter
from functools import cache

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course import pack_root
from course.grading.intake import take_in

LESSONS = sorted(
    path.stem for path in (pack_root() / "solutions").glob("[0-9][0-9]_*.ipynb")
)
LESSON = next(name for name in LESSONS if name.startswith("03"))
OTHER = next(name for name in LESSONS if name.startswith("04"))
CASES = pack_root().parent / "shared" / "cases"


@cache
def notebook(lesson=LESSON, filled=True, mark="", cells=None):
    """A student's notebook: the model answers in the place of the stubs, or none.

    With `cells` it has only the first ones.
    """
    folder = "solutions" if filled else "notebooks"
    read = nbformat.read(pack_root() / folder / f"{lesson}.ipynb", as_version=4)
    read.cells = read.cells[:cells]
    for cell in read.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    read.cells[0].source += f"\n{mark}"
    return nbformat.writes(read).encode()


def packed(members, flag=True):
    """A zip file in memory; without the flag, names as Finder writes them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    content = out.getvalue()
    if not flag:  # Python sets the flag for whatever is not ASCII
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            parts = content.split(mark)
            parts[1:] = [
                part[: at - 4]
                + bytes([part[at - 4], part[at - 3] & ~0x08])
                + part[at - 2 :]
                for part in parts[1:]
            ]
            content = mark.join(parts)
    return content


def taken(tmp_path, members, name="class.zip"):
    place = tmp_path / name
    place.write_bytes(packed(members))
    return take_in(place, LESSONS)


def rows(handed):
    return {(each.student, each.lesson): each.problem for each in handed.submissions}


def adds_up(handed):
    """Files seen are graded, or have a reason, or are set aside: each in one way."""
    graded = [each.name for each in handed.submissions if not each.problem]
    bad = {name for _, name, _ in handed.with_reason}
    aside = [name for _, name, _ in handed.aside]
    counts = Counter([*graded, *bad, *aside])
    assert max(counts.values(), default=1) == 1, counts.most_common(1)
    assert sum(counts.values()) == handed.seen
    return True


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


# The kinds of files


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
