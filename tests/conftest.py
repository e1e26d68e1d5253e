"""A browser for tests of pages, and no skipped tests where all is installed (CI)."""

import os
import shutil
from contextlib import contextmanager

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium():
    """A headless browser; without one the test is skipped."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("Chromium is missing; install it: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Debian's Chromium asks its maker for updates, which nobody answers here.
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=options)
        yield started
        started.close()


@pytest.fixture
def browser():
    with chromium() as started:
        yield started


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped") if reporter else None
    if skipped and os.environ.get("COURSE_NO_SKIPS") and session.exitstatus == 0:
        reporter.write_line("COURSE_NO_SKIPS is set, so skipped tests count as failed.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
