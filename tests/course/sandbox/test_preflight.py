"""What the kernels' user may not read is the grader's trouble, told before any work."""

import os
import sys

import pytest

from course import CourseError
from course.sandbox import preflight
from course.sandbox.bubblewrap import available
from course.sandbox.parent import WarmParent
from tests.course.handed_in import LIMITS, NO_SANDBOX

NOBODY = 131_072
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users")


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A pack's code below a folder that anyone may enter."""
    for folder in ("helpers/checks", "course"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "helpers/checks/base.py").write_text("")
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_uid == os.geteuid() and place != place.parent:
            place.chmod(place.stat().st_mode | 0o755)
    monkeypatch.setattr(preflight, "pack_root", lambda: tmp_path)
    monkeypatch.setattr(sys, "path", [])
    return tmp_path


def test_a_pack_that_can_be_read_is_no_trouble(pack):
    assert preflight.trouble_of(None) is None


@needs_root
@pytest.mark.parametrize("name", ["helpers/checks/base.py", "helpers/checks", "course"])
def test_what_another_user_may_not_read_is_named(pack, name):
    assert preflight.trouble_of(NOBODY) is None
    (pack / name).chmod(0o600)  # as with umask 077
    assert str(pack / name) in preflight.trouble_of(NOBODY)
    assert "Permission denied" in preflight.trouble_of(NOBODY)
    assert preflight.trouble_of(None) is None, "root may read it"


@needs_root
def test_a_package_that_another_user_may_not_read_is_named(pack, monkeypatch):
    site = pack / "site"
    (site / "torch").mkdir(parents=True)
    (site / "torch" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(site)])
    assert preflight.trouble_of(NOBODY) is None
    (site / "torch").chmod(0o700)
    assert str(site / "torch") in preflight.trouble_of(NOBODY)


@needs_root
@pytest.mark.skipif(not available(), reason=NO_SANDBOX)
def test_the_sandbox_says_so_and_grades_nobody(monkeypatch):
    """The real warm parent; what it reports is what the command says."""
    from course.sandbox import parent

    heard = {"ready": False, "trouble": "/pack/helpers/x.py (Permission denied)"}
    monkeypatch.setattr(WarmParent, "hear", lambda self, seconds: heard)
    monkeypatch.setattr(parent.WarmParent, "send", lambda self, content: None)
    with pytest.raises(CourseError, match=r"may not read /pack/helpers/x\.py.*lost a"):
        WarmParent("torch", LIMITS, unsafe=False)
