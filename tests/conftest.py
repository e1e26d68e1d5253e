"""A browser, the matrix of checks, Keras kept apart, and in CI no skipped tests."""

import functools
import gc
import os
import shutil
import sys
from collections import defaultdict
from contextlib import contextmanager

import pytest

from tests import keras_process

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


# Workers are given whole files: those that take longest first, as long as these, with
# what waits for limits and browsers beside what computes.
LONGEST = (
    "tests/test_notebooks.py",
    "tests/course/grading/test_cases.py",  # ends with Keras, where the next begins
    "tests/course/grading/test_whole_path.py",
    "tests/course/grading/test_attacks.py",
    "tests/course/sandbox/test_sandbox.py",
    "tests/course/grading/test_nbgrader.py",
    "tests/browser/test_lessons.py",
    "solutions/07_one_vae_two_frameworks.ipynb",
    "tests/browser/test_stopping.py",
    "tests/course/grading/test_cluster.py",
    "tests/browser/test_pages.py",
    "tests/course/run/test_kernels.py",
    "tests/checks/lesson03/test_vae.py",
    "tests/checks/lesson04/test_vae_loss.py",
    "tests/browser/test_explore.py",
    "tests/test_places.py",
    "tests/test_workflows.py",
)
# What takes seconds to start, and the files that share it.
SHARED = {
    f"tests/{folder}/test_{name}.py": server
    for server, folder, names in (
        ("JupyterLab", "browser", ("explore", "lessons", "stopping")),
        ("sandbox", "course/grading", ("attacks", "cases", "whole_path")),
    )
    for name in names
}
FEWEST = {"right": 4, "wrong": 5}  # implementations that each check is tried on


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Of thousands of tests, and what they import, none is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config, items):
    """Begin with Keras' tests, as their process ran first; then what takes longest."""
    longest = {config.rootpath / name: n for n, name in enumerate(LONGEST)}
    items.sort(
        key=lambda item: (
            -1
            if isinstance(item, keras_process.KerasTest)
            else longest.get(item.path, len(longest))
        )
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Whole files to a worker; Keras' all to one, and those that share a server."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    @functools.cache
    def kept_apart(file):
        return keras_process.is_kept_apart(config.rootpath / file, config)

    class Scheduling(LoadFileScheduling):
        @property
        def nodes(self):  # the first worker takes what is first
            return sorted(super().nodes, key=lambda node: node.gateway.id)

        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "Keras" if kept_apart(file) else SHARED.get(file, file)

    return Scheduling(config, log)


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


@pytest.fixture(autouse=True)
def _left_as_found():
    """What a test leaves behind in its process would be another's failure."""
    yield
    torch, tensorflow = map(sys.modules.get, ("torch", "tensorflow"))
    assert not (torch and tensorflow), "in one process they crash each other"
    assert not (torch and torch._C._len_torch_function_stack()), "a mode of torch's"


def pytest_sessionstart(session):
    keras_process.begin(session)


def pytest_pycollect_makemodule(module_path, parent):
    if keras_process.is_kept_apart(module_path, parent.config):
        return keras_process.KerasFile.from_parent(parent, path=module_path)
    return None


def pytest_collection_finish(session):
    kept_apart = keras_process.KerasTest
    if not any(isinstance(item, kept_apart) for item in session.items):
        keras_process.dismiss(session)


def pytest_runtest_protocol(item, nextitem):
    if not isinstance(item, keras_process.KerasTest):
        return None
    keras_process.run(item, nextitem)
    return True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    keras_process.dismiss(session)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped") if reporter else None
    if skipped and os.environ.get("COURSE_NO_SKIPS") and session.exitstatus == 0:
        reporter.write_line("COURSE_NO_SKIPS is set, so skipped tests count as failed.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """Print every exercise, every implementation, what its check did."""
    matrix = defaultdict(lambda: {"right": "", "wrong": ""})
    for reports in terminalreporter.stats.values():
        for report in reports:
            noted = dict(getattr(report, "user_properties", ())).get("check")
            if noted and report.when == "teardown":
                lesson, kind, exercise, seen = noted
                matrix[lesson, exercise][kind] += seen
    if not matrix:
        return
    terminalreporter.section("checks: one letter for each implementation tried")
    terminalreporter.line("p: its check passed, F: its check failed and named it")
    for (lesson, exercise), row in sorted(matrix.items()):
        right, wrong = row["right"], row["wrong"]
        few = len(right) < FEWEST["right"] or len(wrong) < FEWEST["wrong"]
        odd = "F" in right or "p" in wrong
        terminalreporter.line(
            f"{lesson} {exercise:<32.32} expected p, seen {right:<14} "
            f"expected F, seen {wrong}"
            + ("  TOO FEW" if few else "")
            + ("  UNEXPECTED" if odd else "")
        )
