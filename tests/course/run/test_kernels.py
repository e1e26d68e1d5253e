"""A kernel's environment."""

from pathlib import Path

from course import pack_root
from course.run.kernels import kernel_environment
from helpers.storage import data_root


def test_the_users_relative_folders_mean_the_same_to_the_kernel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "data")
    monkeypatch.setenv("COURSE_DATA_MIRROR", "../shared/data")
    environment = kernel_environment(fast=True, threads=1, root=tmp_path)
    assert environment["COURSE_DATA"] == str(data_root()), "as in every notebook"
    assert data_root() == pack_root() / "data"
    assert Path(environment["COURSE_DATA_MIRROR"]).resolve() == (
        tmp_path.parent / "shared" / "data"
    )
    monkeypatch.setenv("COURSE_DATA_MIRROR", "http://127.0.0.1:1/data")
    environment = kernel_environment(fast=False, threads=1, root=tmp_path)
    assert environment["COURSE_DATA_MIRROR"] == "http://127.0.0.1:1/data"
    assert "COURSE_FAST" not in environment
