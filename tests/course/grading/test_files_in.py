"""Every file below a place is there once, and a bad one says why it is bad."""

import os
import stat
import struct
import unicodedata
import zipfile
from datetime import datetime
from pathlib import PurePosixPath

import pytest

from course.grading import files_in as module
from course.grading.files_in import EMPTY, File, files_in
from course.notebook import LARGEST
from tests.course.grading.exports import packed

MIB = 2**20


def zipped(tmp_path, members, name="in.zip", **more):
    place = tmp_path / name
    place.write_bytes(packed(members, **more))
    return place


def found(place):
    """Path to content, or to what is wrong."""
    return {str(file.path): file.problem or file.content for file in files_in(place)}


# In a folder


def test_a_folder_is_read_in_order(tmp_path):
    for name in ("b/x.ipynb", "a/y.json", "a/deep/z.IPYNB", "plain", "n.txt", "l.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(found(tmp_path)) == [
        *("l.yml", "n.txt", "plain", "a/y.json", "a/deep/z.IPYNB", "b/x.ipynb")
    ]
    assert all(content.decode() == name for name, content in found(tmp_path).items())


def test_a_files_time_is_when_it_was_written(tmp_path):
    (tmp_path / "x.ipynb").write_text("{}")
    (tmp_path / "x.png").write_text("picture")
    (tmp_path / ".DS_Store").write_text("")
    moment = datetime(2026, 11, 3, 10, 0)
    for path in tmp_path.iterdir():
        os.utime(path, (moment.timestamp(),) * 2)
    assert {file.time for file in files_in(tmp_path)} == {moment}


def test_what_is_no_notebook_is_named_and_not_read(tmp_path):
    for name in ("fig.png", "model.pth", ".DS_Store", "__MACOSX/x.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("content")
    assert set(found(tmp_path).values()) == {b""}
    assert len(found(tmp_path)) == 4


def test_an_empty_folder_is_there_and_says_so(tmp_path):
    assert found(tmp_path) == {}, "the place itself is told elsewhere"
    (tmp_path / "ada" / "hw").mkdir(parents=True)
    assert found(tmp_path) == {"ada/hw": EMPTY}


def test_links_and_devices_are_not_followed(tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.ipynb").write_text("secret")
    place = tmp_path / "in"
    place.mkdir()
    (place / "file.ipynb").symlink_to(tmp_path / "secret" / "x.ipynb")
    (place / "folder").symlink_to(tmp_path / "secret")
    (place / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(place / "pipe.ipynb")
    assert found(place) == dict.fromkeys(
        ("file.ipynb", "folder", "gone", "pipe.ipynb"),
        "it is a link or a device, not a file",
    )


def test_a_file_that_cannot_be_read_says_why(tmp_path, monkeypatch):
    (tmp_path / "x.ipynb").write_text("{}")
    (tmp_path / "y.ipynb").write_text("{}")
    read = type(tmp_path).read_bytes

    def denied(path):  # root may read whatever its mode is
        if path.name == "x.ipynb":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(type(tmp_path), "read_bytes", denied)
    assert found(tmp_path) == {
        "x.ipynb": "it cannot be read (Permission denied)",
        "y.ipynb": b"{}",
    }


def test_a_large_file_is_not_read(tmp_path):
    for name, size in (("fits", LARGEST), ("large", LARGEST + 1), ("more", 200 * MIB)):
        with (tmp_path / f"{name}.ipynb").open("wb") as file:
            file.truncate(size)
    fits, large, more = files_in(tmp_path)
    assert (len(fits.content), fits.problem) == (LARGEST, None)
    assert (large.content, large.problem) == (b"", f"the file has {LARGEST // MIB} MiB")
    assert more.problem == "the file has 200 MiB"


def test_names_that_are_no_text_can_be_written_all_the_same(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    os.mkdir(folder + b"/empty\xff")
    with open(folder + b"/x.ipynb", "w") as file:
        file.write("{}")
    assert found(tmp_path) == {
        "caf\N{REPLACEMENT CHARACTER}/x.ipynb": b"{}",
        "caf\N{REPLACEMENT CHARACTER}/empty\N{REPLACEMENT CHARACTER}": EMPTY,
    }


def test_a_zip_file_in_a_folder_counts_as_a_folder(tmp_path):
    zipped(tmp_path, {"x.ipynb": "hers"}, "ada v1.2.ZIP")
    assert found(tmp_path) == {"ada v1.2/x.ipynb": b"hers"}


# In a zip file


def test_members_keep_their_order_content_and_time(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name, day in (("b/x.ipynb", 3), ("a.txt", 4), ("fig.png", 5)):
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, day, 10, 0, 0)), name)
    assert list(files_in(tmp_path / "in.zip")) == [
        File(PurePosixPath("b/x.ipynb"), b"b/x.ipynb", None, datetime(2026, 11, 3, 10)),
        File(PurePosixPath("a.txt"), b"a.txt", None, datetime(2026, 11, 4, 10)),
        File(PurePosixPath("fig.png"), b"", None, datetime(2026, 11, 5, 10)),
    ]


def test_a_time_that_no_calendar_has_is_none(tmp_path):
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        info = zipfile.ZipInfo("x.ipynb")
        info.date_time = (2026, 0, 0, 0, 0, 0)
        archive.writestr(info, "{}")
    assert [(file.content, file.time) for file in files_in(place)] == [(b"{}", None)]


def test_an_empty_folder_in_a_zip_file_is_there_and_a_full_one_is_not(tmp_path):
    members = {"ada/": "", "ada/x.ipynb": "{}", "bo/": "", "jo/": "", "jo/hw/": ""}
    assert found(zipped(tmp_path, members)) == {
        "ada/x.ipynb": b"{}",
        "bo": EMPTY,
        "jo/hw": EMPTY,
    }


def test_zip_files_in_zip_files_are_folders(tmp_path):
    inner = packed({"hw/x.ipynb": "his"})
    outer = packed({"bo.zip": inner, "bo.txt": "hi"})
    assert found(zipped(tmp_path, {"A.ZIP": outer})) == {
        "A/bo/hw/x.ipynb": b"his",
        "A/bo.txt": b"hi",
    }


@pytest.mark.parametrize(("levels", "read"), [(8, True), (9, False)])
def test_zip_files_in_zip_files_have_an_end(tmp_path, levels, read):
    content = {"x.ipynb": "{}"}
    for level in range(levels):
        content = {f"{level}.zip": packed(content)}
    ((path, said),) = found(zipped(tmp_path, content)).items()
    assert said == (b"{}" if read else "zip files are nested more than 8 deep")
    assert len(PurePosixPath(path).parts) == 9


def test_windows_paths_and_names_of_any_kind(tmp_path):
    place = zipped(tmp_path, {"x": ""})
    members = {
        "ada\\hw\\x.ipynb": "ada/hw/x.ipynb",
        "C:\\Users\\bo\\x.ipynb": "C:/Users/bo/x.ipynb",
        "王/x.ipynb": "王/x.ipynb",
        unicodedata.normalize("NFD", "Zoë/x.ipynb"): "Zoë/x.ipynb",
        "a/./x.ipynb": "a/x.ipynb",
    }
    place.write_bytes(packed(dict.fromkeys(members, "{}")))
    assert list(found(place)) == [*members.values()]


def test_names_as_finder_writes_them_are_read_as_utf_8(tmp_path):
    place = zipped(tmp_path, {"Jörg/x.ipynb": "{}", "ada/x.ipynb": "{}"}, flag=False)
    assert list(found(place)) == ["Jörg/x.ipynb", "ada/x.ipynb"]


def test_names_of_old_dos_stay_as_they_are(tmp_path):
    place = zipped(tmp_path, {"J@rg.ipynb": "{}"})
    place.write_bytes(place.read_bytes().replace(b"J@rg", b"J\x94rg"))  # cp437
    assert list(found(place)) == ["Jörg.ipynb"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../out/x.ipynb", "out/x.ipynb"),
        ("/tmp/out.ipynb", "tmp/out.ipynb"),
        ("..\\..\\out.png", "out.png"),
        ("a/../../b.ipynb", "a/b.ipynb"),
        ("../..", "unnamed"),
    ],
)
def test_a_path_that_leads_out_is_not_taken(tmp_path, name, told):
    problem = "its path leads out of the zip file"
    place = zipped(tmp_path, {name: "x", "good.ipynb": "{}"})
    assert found(place) == {told: problem, "good.ipynb": b"{}"}


def test_a_link_in_a_zip_file_is_not_taken(tmp_path):
    link = zipfile.ZipInfo("dan/x.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert found(tmp_path / "in.zip") == {"dan/x.png": "it is a link, not a file"}


def test_a_password_is_told_where_the_file_would_be_read(tmp_path):
    place = zipped(tmp_path, {"x.ipynb": "{}", "x.png": "picture"})
    content = place.read_bytes()
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = content.split(mark)
        parts[1:] = [
            part[: at - 4] + bytes([part[at - 4] | 1]) + part[at - 3 :]
            for part in parts[1:]
        ]
        content = mark.join(parts)
    place.write_bytes(content)
    assert found(place) == {
        "x.ipynb": "it is protected by a password",
        "x.png": b"",
    }


def test_a_zip_bomb_is_told_and_not_unpacked(tmp_path):
    bomb = "it is compressed more than any notebook could be (a zip bomb?)"
    place = zipped(tmp_path, {"x.ipynb": bytes(2 * MIB), "x.png": bytes(2 * MIB)})
    assert found(place) == {"x.ipynb": bomb, "x.png": b""}
    assert found(zipped(tmp_path, {"x.ipynb": bytes(MIB)})) == {"x.ipynb": bytes(MIB)}
    assert found(zipped(tmp_path, {"x.ipynb": bytes(MIB + 1)})) == {"x.ipynb": bomb}
    dense = os.urandom(12_000) + bytes(2 * MIB)  # 150 times, as no bomb is
    assert found(zipped(tmp_path, {"x.ipynb": dense})) == {"x.ipynb": dense}


def test_a_member_that_is_too_large_or_lies_about_it_is_not_taken(tmp_path):
    place = zipped(tmp_path, {"x.ipynb": bytes(LARGEST + MIB)})
    assert found(place) == {"x.ipynb": f"the file has {LARGEST // MIB + 1} MiB"}
    content = bytearray(place.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    place.write_bytes(content)
    (file,) = files_in(place)
    assert file.problem or len(file.content) <= 1000


@pytest.mark.parametrize("in_folder", [True, False])
def test_all_together_have_a_limit(tmp_path, monkeypatch, in_folder):
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    place = zipped(tmp_path, {"a.txt": "6bytes", "b.txt": "5byte", "c.txt": "4byt"})
    told = "all files together are too large to read"
    inside = "in/" if in_folder else ""
    assert found(tmp_path if in_folder else place) == {
        f"{inside}a.txt": b"6bytes",
        f"{inside}b.txt": told,
        f"{inside}c.txt": b"4byt",
    }


def test_what_is_no_zip_file_or_an_empty_one_says_so(tmp_path):
    (tmp_path / "bo.zip").write_bytes(b"no zip at all")
    zipped(tmp_path, {}, "al.zip")
    assert found(tmp_path) == {
        "al": "the zip file is empty",
        "bo": "the zip file is damaged (File is not a zip file)",
    }
    assert found(tmp_path / "al.zip") == {"archive.zip": "the zip file is empty"}
    ((name, said),) = found(tmp_path / "bo.zip").items()
    assert name == "archive.zip"
    assert said.startswith("the zip file is damaged")


def test_wherever_a_zip_file_is_damaged_something_is_said(tmp_path):
    content = packed({"ada/x.ipynb": os.urandom(50).hex() * 4})
    place = tmp_path / "bad.zip"
    troubles = 0
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 0xFF
        place.write_bytes(changed)
        files = list(files_in(place))
        assert files, "nothing is lost in silence"
        troubles += any(file.problem for file in files)
    assert troubles > len(content) // 3
    for length in range(1, len(content), 7):
        place.write_bytes(content[:length])
        assert all(file.problem for file in files_in(place))


def test_a_member_that_is_damaged_keeps_its_name_and_hides_no_other(tmp_path):
    place = zipped(tmp_path, {"x.ipynb": b"first" * 9, "y.ipynb": b"second"})
    content = bytearray(place.read_bytes())
    content[content.index(b"x.ipynb") + 9] ^= 0xFF
    place.write_bytes(content)
    said = found(place)
    assert said["x.ipynb"].startswith("it cannot be unpacked (")
    assert said["y.ipynb"] == b"second"


# What one file says of itself


@pytest.mark.parametrize(
    ("path", "of_system"),
    [
        ("x.ipynb", False),
        ("__MACOSX/x.ipynb", True),
        ("ada/.ipynb_checkpoints/x.ipynb", True),
        ("ada/._x.ipynb", True),
        ("ada/~$notes.txt", True),
        ("ada/Thumbs.db", True),
        ("._ada/x.ipynb", False),
        ("git/x.ipynb", False),
    ],
)
def test_what_systems_leave_behind(path, of_system):
    assert File(PurePosixPath(path)).of_system is of_system


def test_a_files_place_is_without_the_folders_of_systems():
    path = PurePosixPath("__MACOSX/ada/.ipynb_checkpoints/x.ipynb")
    assert File(path).place == PurePosixPath("ada/x.ipynb")
    assert File(PurePosixPath(".DS_Store")).place == PurePosixPath(".DS_Store")
