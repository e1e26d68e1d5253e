"""No setting of the caller's reaches a test, and no test leaves the machine."""

import os
import urllib.request

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher

from helpers.data import splits


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """No setting of the caller's reaches a test, and no test leaves the machine."""
    for variable in [name for name in os.environ if name.startswith("COURSE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data-root"))
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setattr(splits, "_stand_ins", set())


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would have displayed, as a list of messages."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    yield publisher.outputs
    InteractiveShell.clear_instance()


@pytest.fixture
def slow_mode(monkeypatch):
    monkeypatch.delenv("COURSE_FAST", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
