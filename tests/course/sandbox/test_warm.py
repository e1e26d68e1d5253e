"""What the warm parent imports."""

from course.sandbox import warm


def test_checks_of_a_new_lesson_are_known(tmp_path, monkeypatch):
    assert warm.checks_of("keras") == ["helpers.checks.lesson01"]
    known = warm.checks_of("torch")
    assert [name[-2:] for name in known] == ["00", "02", "03", "04", "05"]
    monkeypatch.setattr(warm, "pack_root", lambda: tmp_path / "new")
    (tmp_path / "new/helpers/checks").mkdir(parents=True)
    (tmp_path / "new/helpers/checks/lesson06.py").write_text("import torch")
    (tmp_path / "new/helpers/checks/lesson07.py").write_text("import keras")
    for name, file in (("lesson08", "loss.py"), ("lesson09", "__init__.py")):
        (tmp_path / "new/helpers/checks" / name).mkdir()
        (tmp_path / "new/helpers/checks" / name / "__init__.py").write_text("")
        (tmp_path / "new/helpers/checks" / name / file).write_text("import keras")
    (tmp_path / "new/helpers/checks/lesson10/__pycache__").mkdir(parents=True)
    assert warm.checks_of("torch") == ["helpers.checks.lesson06"]
    assert warm.checks_of("keras") == [
        f"helpers.checks.{name}" for name in ("lesson07", "lesson08", "lesson09")
    ]
