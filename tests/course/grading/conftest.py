"""One sandbox for all tests of grading: a warm parent takes seconds to start."""

import pytest

from course.grading.apart import close_sandboxes, sandbox_of_thread
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits
from tests.course.handed_in import NO_SANDBOX, SHORT

KERAS = ("01", "07")  # the lessons that another sandbox runs


def pytest_collection_modifyitems(items):
    """Grade framework by framework: a thread has one warm sandbox at a time."""
    places = [n for n, i in enumerate(items) if i.path.name == "test_whole_path.py"]
    mine = sorted(
        (items[place] for place in places),
        key=lambda item: not item.callspec.params["lesson"].startswith(KERAS),
    )
    for place, item in zip(places, mine, strict=True):
        items[place] = item


@pytest.fixture
def sandbox(_sandboxes_end):
    return sandbox_of_thread("torch", SHORT, False)


@pytest.fixture
def keras_sandbox(_sandboxes_end):
    return sandbox_of_thread("keras", Limits(), False)


@pytest.fixture(scope="session")
def _sandboxes_end():
    if not available():
        pytest.skip(NO_SANDBOX)
    yield
    close_sandboxes()
