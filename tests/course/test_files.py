"""Files are written whole, into folders that can be written, under safe names."""

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from course import CourseError
from course.files import (
    cores,
    file_name,
    make_writable,
    templates,
    write_json,
    write_whole,
)


def test_a_reader_finds_the_old_file_or_the_new_one(tmp_path):
    page = tmp_path / "page.html"
    write_whole(page, b"old")
    os.link(page, tmp_path / "being read")
    write_whole(page, b"new")
    assert page.read_bytes() == b"new"
    assert (tmp_path / "being read").read_bytes() == b"old"


def test_a_file_that_cannot_be_written_leaves_all_as_it_was(tmp_path):
    folder = tmp_path / "page.html"
    folder.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(folder, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone" / "page.html", b"new")


def test_many_may_write_one_file_at_once(tmp_path):
    path = tmp_path / "metrics.json"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: write_json(path, {"n": n}), range(200)))
    assert json.loads(path.read_bytes())["n"] in range(200)
    assert [each.name for each in tmp_path.iterdir()] == ["metrics.json"]


def test_json_holds_no_number_that_json_lacks(tmp_path):
    given = {"a": math.nan, "b": [1.5, -math.inf, {"c": (math.inf, "é")}], "d": None}
    write_json(tmp_path / "it.json", given)
    text = (tmp_path / "it.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=pytest.fail)
    assert found == {"a": None, "b": [1.5, None, {"c": [None, "é"]}], "d": None}
    assert "é" in text
    assert text.endswith("}\n")


def test_a_folder_is_made_or_it_is_said_why_not(tmp_path):
    make_writable(tmp_path / "new" / "deep")
    assert list((tmp_path / "new" / "deep").iterdir()) == []
    make_writable(tmp_path / "new" / "deep")  # again changes nothing
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match=r"file/out cannot be written: Not a dir"):
        make_writable(tmp_path / "file" / "out")


@pytest.mark.parametrize("name", ["ada", "ada_lovelace-2", "x" * 60])
def test_a_tame_name_stays(name):
    assert file_name(name) == name


@pytest.mark.parametrize(
    "name", ["../../etc", "a/b", "Ada L.", "é", "", "x" * 61, "<b>", "-a", ".hidden"]
)
def test_a_wild_name_becomes_a_tame_one_of_its_own(name):
    found = file_name(name)
    assert found.isascii()
    assert not set(found) & set("/.<> \\")
    assert len(found) <= 67
    assert found != file_name(name + "x")
    assert not found.startswith("-")


def test_what_is_filled_in_is_escaped_and_must_be_there(tmp_path):
    (tmp_path / "page.j2").write_text("{% if word %}\n<p>{{ word }}</p>\n{% endif %}\n")
    page = templates(tmp_path).get_template("page.j2")
    assert page.render(word="<b>") == "<p>&lt;b&gt;</p>\n"
    with pytest.raises(Exception, match="'word' is undefined"):
        page.render()


def test_only_the_cores_of_this_process_count(monkeypatch):
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    assert cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
