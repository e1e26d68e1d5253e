"""Exports as people have them, made here: notebooks, zip files, what came of them."""

import io
import zipfile
from collections import Counter
from functools import cache

import nbformat

from course import pack_root
from course.grading.intake import take_in

LESSONS = sorted(
    path.stem for path in (pack_root() / "solutions").glob("[0-9][0-9]_*.ipynb")
)
LESSON = next(name for name in LESSONS if name.startswith("03"))
OTHER = next(name for name in LESSONS if name.startswith("04"))


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
