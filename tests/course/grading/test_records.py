"""Kept results, and what they depend on."""

from benchmarks.students import LESSON
from course.grading import records


def test_results_depend_on_all_code_of_the_pack(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "pack_root", lambda: tmp_path)
    seen = {records.pack_digest(LESSON)}
    for name in (
        "course/sandbox/guard.py",
        "helpers/checks/base.py",
        "helpers/lent.bin",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
        seen.add(records.pack_digest(LESSON))
    assert len(seen) == 4
