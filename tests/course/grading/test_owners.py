"""Whose a file is: as platforms name it, by folders, and by names of files."""

import time
import unicodedata
from datetime import datetime
from pathlib import PurePosixPath

import pytest

from course.grading.owners import Owner, attempt_time, owners, tame

LESSONS = ["02_pytorch_mlp_autoencoder", "03_variational_autoencoder"]
LESSON = LESSONS[1]
FILE = f"{LESSON}.ipynb"


def owners_of(*names, place="in", people=None):
    return owners([PurePosixPath(name) for name in names], LESSONS, place, people)


def students_of(*names, place="in"):
    return [owner.student for owner in owners_of(*names, place=place)]


def test_of_no_file_there_is_no_owner():
    assert owners([], LESSONS, "in") == []


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        (
            "Jane Doe_12_assignsubmission_file_/a/x.ipynb",
            Owner("Jane Doe", "moodle", "12", rest="a/x.ipynb"),
        ),
        (
            "Jane Doe_12_assignsubmission_file_x_y.ipynb",
            Owner("Jane Doe", "moodle", "12", rest="x_y.ipynb"),
        ),
        (
            "O'Neil-Müller Al_7_assignsubmission_onlinetext/x.html",
            Owner("O'Neil-Müller Al", "moodle", "7", rest="x.html"),
        ),
        (
            "王 李_1_2_assignsubmission_file_/x.ipynb",
            Owner("王 李_1", "moodle", "2", rest="x.ipynb"),
        ),
        ("doejane_12_34_hw.ipynb", Owner("doejane", "canvas", "12", rest="hw.ipynb")),
        (
            "doejane_LATE_12_34_hw.ipynb",
            Owner("doejane", "canvas", "12", late=True, rest="hw.ipynb"),
        ),
        ("doejane_12_text.html", Owner("doejane", "canvas", "12", rest=".html")),
        (
            "anon_a1B2c_34_hw.ipynb",
            Owner("anon", "canvas", "a1B2c", rest="hw.ipynb"),
        ),
        (
            "anon_LATE_a1B2c_34_hw.ipynb",
            Owner("anon", "canvas", "a1B2c", late=True, rest="hw.ipynb"),
        ),
        (
            "doe_jane12_question_7_34_hw.ipynb",
            Owner("doe_jane", "canvas", "12", rest="hw.ipynb"),
        ),
        (
            "VAE_jdoe_attempt_2026-11-03-10-00-00_hw.ipynb",
            Owner("jdoe", "blackboard", time="2026-11-03-10-00-00", rest="hw.ipynb"),
        ),
        (
            "VAE_jdoe_attempt_2026-11-03-10-00-00.txt",
            Owner("jdoe", "blackboard", time="2026-11-03-10-00-00", rest=".txt"),
        ),
        (
            "ada+ae+2026-11-03 10:00:00 UTC/hw.ipynb",
            Owner("ada", "nbgrader", time="2026-11-03 10:00:00", rest="hw.ipynb"),
        ),
        (
            "ada+ae+2026-11-03 10_00_00.25 UTC/hw.ipynb",
            Owner("ada", "nbgrader", time="2026-11-03 10_00_00.25", rest="hw.ipynb"),
        ),
        (
            "submission_41/hw.ipynb",
            Owner("submission_41", "gradescope", "41", "41", rest="hw.ipynb"),
        ),
    ],
)
@pytest.mark.parametrize("above", ["", "AE 2026/Lesson 03/"])
def test_names_that_platforms_give(above, name, owner):
    assert owners_of(above + name) == [owner]


@pytest.mark.parametrize(
    "name", ["ada_12", "ada_12_final.ipynb", "submission_4b", "a+b", "12_34_56"]
)
def test_other_names_are_no_platforms(name):
    (owner,) = owners_of(f"{name}/x.ipynb")
    assert owner == Owner(name, rest="x.ipynb")


def test_gradescopes_own_list_gives_name_number_and_time():
    people = {"41": ("Ada L.", "7", "2026-11-03"), "42": ("Bo", "b@x.org", "")}
    found = owners_of(*(f"export/submission_{n}/x.ipynb" for n in (41, 42, 43)),
                      people=people)  # fmt: skip
    assert found == [
        Owner("Ada L.", "gradescope", "7", "2026-11-03", rest="x.ipynb"),
        Owner("Bo", "gradescope", "b@x.org", "42", rest="x.ipynb"),
        Owner("submission_43", "gradescope", "43", "43", rest="x.ipynb"),
    ]


def test_user_names_of_blackboard_may_have_a_dash_below():
    name = "VAE_1_{}_attempt_2026-11-03-10-00-00_x.ipynb"
    assert students_of(name.format("j_smith")) == ["smith"], "nothing tells, of one"
    assert students_of(*map(name.format, ("j_smith", "k_smith"))) == [
        "j_smith",
        "k_smith",
    ]
    assert students_of(*map(name.format, ("ab", "ac"))) == ["ab", "ac"]
    counted = name.replace("VAE_1_", "VAE_1_2_")
    assert students_of(*map(counted.format, ("ab", "cd"))) == ["ab", "cd"]
    other = "Other_{}_attempt_2026-11-03-10-00-00_x.ipynb"
    assert students_of(name.format("bo"), other.format("al")) == ["bo", "al"]


def test_two_students_of_one_name_are_told_apart_by_their_numbers():
    first, second = (f"Jo Lee_{n}_assignsubmission_file_/x.ipynb" for n in (1, 2))
    other = "Al Lee_3_assignsubmission_file_/x.ipynb"
    assert students_of(first, second, other) == ["Jo Lee 1", "Jo Lee 2", "Al Lee"]
    assert students_of(first, first.replace("x.", "y.")) == ["Jo Lee", "Jo Lee"]


def test_in_each_export_one_student_has_another_number():
    first, second = (
        f"Lesson {n}/Jo Lee_{n}_assignsubmission_file_/x.ipynb" for n in (2, 3)
    )
    assert students_of(first, second) == ["Jo Lee", "Jo Lee"]


def test_names_without_a_number_stay_as_they_are():
    names = [f"anon_{n}_1_x.ipynb" for n in ("aaaaa", "bbbbb")]
    assert students_of(*names, "anon/x.ipynb") == ["anon aaaaa", "anon bbbbb", "anon"]


def test_gradescopes_two_submissions_of_one_student_stay_one():
    people = {"1": ("Jo", "7", ""), "2": ("Jo", "8", "")}
    found = owners_of("submission_1/x.ipynb", "submission_2/x.ipynb", people=people)
    assert [owner.student for owner in found] == ["Jo", "Jo"]


# By folders


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["ada/x.ipynb", "bo/x.ipynb"], ["ada", "bo"]),
        (["ada/x.ipynb"], ["ada"]),
        (["ada/hw/x.ipynb", "ada/y.ipynb"], ["ada", "ada"]),
        (["ada/old/a/x.ipynb", "bo/src/b/x.ipynb"], ["ada", "bo"]),
        # A folder of a lesson is nobody's, whatever it is called.
        ([f"{LESSON}/ada/x.ipynb", f"{LESSON}/bo/x.ipynb"], ["ada", "bo"]),
        (["Week 3/ada/x.ipynb", "Week 4/ada/x.ipynb"], ["ada", "ada"]),
        (["AE - lesson 02/ada/x.ipynb", "AE - lab_3/bo/x.ipynb"], ["ada", "bo"]),
        (["3/ada/x.ipynb", "4/bo/x.ipynb"], ["ada", "bo"]),
        (["hw1/ada/x.ipynb", "home work 2/ada/x.ipynb"], ["ada", "ada"]),
        # So is a folder that holds a class.
        (["class/ada/x.ipynb", "class/bo/x.ipynb"], ["ada", "bo"]),
        (["class/ada/x.ipynb"], ["ada"]),
        (["AE 2026/ada/x.ipynb", "AE 2026/bo/x.ipynb"], ["ada", "bo"]),
        (["AE/B/ada/x.ipynb", "AE/B/bo/x.ipynb", "AE/C/al/x.ipynb",
          "AE/C/jo/x.ipynb"], ["ada", "bo", "al", "jo"]),
        (["class A/ada/x.ipynb", "class B/bo/x.ipynb"], ["ada", "bo"]),
        (["Monday/al/x.ipynb", "Monday/bo/x.ipynb", "jo/x.ipynb"], ["al", "bo", "jo"]),
        # Two folders with one name of file in them are several people's.
        (["ada/a/x.ipynb", "ada/b/y.ipynb", "bo/x.ipynb"], ["ada", "ada", "bo"]),
        (["ada/a/x.csv", "ada/b/x.csv", "bo/x.ipynb"], ["ada", "ada", "bo"]),
        (["ada/old/x.ipynb", "ada/new/x.ipynb", "bo/x.ipynb"], ["ada", "ada", "bo"]),
        (["ada/m/x.ipynb", "ada/n/x.ipynb", "ada/x.ipynb", "bo/x.ipynb"],
         ["ada", "ada", "ada", "bo"]),
        (["T/al/X.IPYNB", "T/bo/X.IPYNB", "jo/x.ipynb"], ["al", "bo", "jo"]),
        # nbgrader's: the first folder is the student's, also of one alone.
        (["submitted/ada/ae/x.ipynb", "submitted/bo/ae/x.ipynb"], ["ada", "bo"]),
        (["submitted/ada/ae/x.ipynb"], ["ada"]),
        (["Submitted/hw/ae/x.ipynb", "Submitted/ada/ae/x.ipynb"], ["hw", "ada"]),
        # Files named after students.
        ([f"ada_{FILE}", f"bo-{FILE}"], ["ada", "bo"]),
        (["ada_03.ipynb", "bo_03_final.ipynb"], ["ada", "bo"]),
        ([f"class/ada_{FILE}", f"class/bo_{FILE}"], ["ada", "bo"]),
        ([f"AE/ada_{FILE}", f"AE/bo_{FILE}"], ["ada", "bo"]),
        (["AE/ada_03.IPYNB", "AE/bo_03.Ipynb"], ["ada", "bo"]),
        (["class/hw/x.ipynb", "bo/x.ipynb"], ["class", "bo"]),
        (["class/hw/x.ipynb"], ["class"]),
        ([f"jo/{FILE}", f"jo/{LESSONS[0]}.ipynb"], ["jo", "jo"]),
        ([f"jo/a_{FILE}", f"jo/b_{FILE}", "jo/src/x.ipynb"], ["jo", "jo", "jo"]),
        ([f"ada_{FILE}", "bo/x.ipynb"], ["ada", "bo"]),
        ([f"ada_{FILE}", f"{LESSON}/bo/x.ipynb"], ["ada", LESSON]),
    ],
)  # fmt: skip
def test_owners_by_folders_and_names(names, students):
    assert students_of(*names) == students


@pytest.mark.parametrize("work", ["hw 2", "home works", "Notebooks", "src", "old_1"])
def test_a_lone_students_folders_of_work_are_nobodys_name(work):
    assert students_of(f"ada/{work}/x.ipynb", "ada/final/y.ipynb") == ["ada", "ada"]


def test_what_classroom_puts_before_each_name_is_no_part_of_it():
    names = [f"autoencoders-2026-{name}/x.ipynb" for name in ("ada", "ann-lee")]
    assert students_of(*names) == ["ada", "ann-lee"]
    names = ["anna-maria-lee/x.ipynb", "anna-maria-roe/x.ipynb"]
    assert students_of(*names) == ["anna-maria-lee", "anna-maria-roe"]
    assert students_of("homework-ada/x.ipynb") == ["homework-ada"], "one tells nothing"
    assert students_of("ada/x.ipynb", "bo/x.ipynb") == ["ada", "bo"]


def test_the_rest_is_what_lies_below_the_students_own_folder():
    found = owners_of("class/ada/hw/x.ipynb", "class/bo/x.ipynb")
    assert [owner.rest for owner in found] == ["hw/x.ipynb", "x.ipynb"]
    (owner,) = owners_of("ada/hw/x.ipynb")
    assert owner.rest == "hw/x.ipynb"
    (owner,) = owners_of("submitted/ada/hw/x.ipynb")
    assert owner.rest == "hw/x.ipynb"
    (owner,) = owners_of(f"ada_{FILE}")
    assert owner == Owner("ada", rest=f"ada_{FILE}")


def test_files_that_lie_bare_are_the_places():
    assert students_of(FILE, f"{LESSONS[0]}.ipynb", place="ada") == ["ada", "ada"]
    assert students_of("03.ipynb", place="ada") == ["ada"]
    assert students_of("my_vae.ipynb", place="ada") == ["my_vae"]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (f"ada - {FILE}", "ada"),
        (f"Ada_{FILE.upper()}", "Ada"),
        (f"ada_{FILE}.txt", "ada"),
        (f"ada_{LESSON}.IPYNB.json", "ada"),
        ("ada_03_vae.zip", "ada"),
        ("ada2003.ipynb", "ada2003"),
        ("ada_99.ipynb", "ada_99"),
        ("__ada .ipynb", "ada"),
        ("ada.py", "ada.py"),
    ],
)
def test_the_name_stands_before_the_lesson(name, student):
    assert students_of(name) == [student]


def test_owners_stand_in_the_order_of_their_files():
    names = ["z_3_4_x.ipynb", "bo/x.ipynb", "a_1_2_x.ipynb", "al/x.ipynb"]
    assert students_of(*names) == ["z", "bo", "a", "al"]


def test_letters_and_accents_are_composed():
    assert tame(unicodedata.normalize("NFD", "Zoë Ångström")) == "Zoë Ångström"


# Times


@pytest.fixture
def berlin(monkeypatch):
    """Local time is an hour ahead of UTC."""
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-04-00-59-58",
        "2026-11-03 23:59:58.123 UTC",
        "2026-11-03 23_59_58 UTC",
        "2026-11-03 23:59:58+00:00",
        "2026-11-03 23:59:58 +0000",
        "2026-11-03T23.59.58Z",
    ],
)
def test_times_as_platforms_write_them(berlin, text):
    assert attempt_time(text) == datetime(2026, 11, 4, 0, 59, 58)


@pytest.mark.parametrize(
    "text", ["", "12345", "2026-13-04-00-59-00", "2026-11-04 00:59", "on 2026-11-04"]
)
def test_what_is_no_time_is_none(text):
    assert attempt_time(text) is None
