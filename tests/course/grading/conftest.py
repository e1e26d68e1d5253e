"""One sandbox for all tests of grading: a warm parent takes seconds to start."""

import pytest

from course.grading.apart import close_sandboxes, sandbox_of_thread
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits
from tests.course.handed_in import NO_SANDBOX, SHORT


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
