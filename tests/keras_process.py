"""Keras' tests run in a process of their own, whatever else is run beside them.

TensorFlow and torch crash each other when they share a process. So where a session
has other tests too, the files of Keras' lessons are not imported in it: one child
collects them, is told test by test what to run, and sends back pytest's own reports.
Of several workers the first has the child, and all these tests, as it takes seconds to
start; the others read what it has collected. A session of nothing but these files runs
them itself, so that a debugger stops there.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from functools import cache, cached_property
from pathlib import Path

import pytest

CHECKS = Path(__file__).with_name("checks")
KERAS_LESSONS = (
    "lesson01",
    "lesson07",
)  # part of a file's or folder's name in tests/checks
FIRST_WORKER = "gw0"  # as xdist calls it


@cache
def keras_places() -> list[Path]:
    """Files and folders of tests that import TensorFlow."""
    return [place for lesson in KERAS_LESSONS for place in CHECKS.glob(f"*{lesson}*")]


def is_keras(path: Path) -> bool:
    """Whether a file or folder is one of them, or lies in one."""
    return any(place in (path, *path.parents) for place in keras_places())


def asked(config: pytest.Config) -> list[Path]:
    """The files and folders whose tests a session was asked for."""
    here = config.invocation_params.dir
    return [(here / each.split("::")[0]).resolve() for each in config.args]


def is_kept_apart(path: Path, config: pytest.Config) -> bool:
    """Whether a file's tests belong in the child."""
    return is_keras(path) and not all(map(is_keras, asked(config)))


def begin(session: pytest.Session) -> None:
    """Start the child, where there will be one, before anything else is collected."""
    config, paths = session.config, asked(session.config)
    may_hold_some = any(is_keras(p) or p in (CHECKS, *CHECKS.parents) for p in paths)
    if may_hold_some and not all(map(is_keras, paths)) and runs_them(config):
        child_of(session)


def runs_them(config: pytest.Config) -> bool:
    """Whether Keras' tests are this process's: of workers, the first's."""
    if worker := worker_of(config):
        return worker == FIRST_WORKER
    return config.getoption("dist", "no") == "no"  # else it has workers


def worker_of(config: pytest.Config) -> str | None:
    """The name of this worker of xdist's; None where there are no workers."""
    return getattr(config, "workerinput", {}).get("workerid")


def collected(session: pytest.Session) -> tuple[list, list]:
    """Node ids and lines of the child's tests, and what went wrong as it collected."""
    if worker_of(session.config) is None:
        return child_of(session).collected
    # One folder for all workers of a run, which pytest makes and takes away.
    folder = session.config._tmp_path_factory.getbasetemp().parent
    told = folder / "keras_tests.json"
    if runs_them(session.config) and not told.exists():
        draft = told.with_suffix(".draft")
        draft.write_text(json.dumps(child_of(session).collected))
        draft.rename(told)
    end = time.monotonic() + 300
    while not told.exists():
        if time.monotonic() > end:
            return [], [f"{FIRST_WORKER} did not say which tests Keras has."]
        time.sleep(0.05)
    return json.loads(told.read_text())


class KerasFile(pytest.File):
    """A file of tests that only the child imports."""

    def collect(self):
        tests, problems = collected(self.session)
        for problem in problems:
            raise self.CollectError(problem)
        for nodeid, line in tests:
            file, _, name = nodeid.partition("::")
            if self.nodeid == file:
                yield KerasTest.from_parent(self, name=name, line=line)


class KerasTest(pytest.Item):
    """A test that runs in the child."""

    def __init__(self, *, line, **kwargs):
        super().__init__(**kwargs)
        self.line = line

    def reportinfo(self):
        return self.path, self.line, self.name

    def runtest(self):
        raise NotImplementedError("runs in the child: see run()")


def run(item: KerasTest, following: pytest.Item | None) -> None:
    """Let the child run a test, and tell this session what it reports."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in child_of(item.session).run(item, following):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    if not isinstance(following, KerasTest):
        # What was set up for tests before these may not suit the next one.
        item.session._setupstate.teardown_exact(following)
        dismiss(item.session)


class Child:
    """The other process, seen from the session that started it."""

    def __init__(self, config: pytest.Config):
        option = config.option
        arguments = [
            *map(str, keras_places()),
            *(f"--rootdir={config.rootpath}", "-n0", "-p", "no:cacheprovider"),
            # Of no use here; one takes a second to import, the other ten at the end.
            *("-p", "no:nbval", "-p", "no:hypothesispytest"),
            *(f"--tb={option.tbstyle}", f"--verbosity={option.verbose}"),
            *(["--showlocals"] if option.showlocals else []),
        ]
        self.config = config
        # "spawn": a fork would inherit the threads and locks of torch.
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(
            target=serve, args=(theirs, arguments), daemon=True
        )
        self.process.start()
        theirs.close()

    @cached_property
    def collected(self) -> tuple[list, list]:
        """Its tests, each with its line, and what went wrong: waits until it knows."""
        try:
            return self.connection.recv()
        except EOFError:
            return [], [self.epitaph()]

    def epitaph(self) -> str:
        self.process.join()
        return f"The process of Keras' tests ended with {self.process.exitcode}."

    def run(self, item: KerasTest, following: pytest.Item | None):
        """Yield the reports of a test's setup, call and teardown."""
        after = following.nodeid if isinstance(following, KerasTest) else None
        assert self.collected, "a child first says what it has collected"
        try:
            self.connection.send((item.nodeid, after))
            while report := self.connection.recv():
                yield self.config.hook.pytest_report_from_serializable(
                    config=self.config, data=report
                )
        except (EOFError, OSError):
            yield pytest.TestReport(
                nodeid=item.nodeid,
                location=item.location,
                keywords={item.name: 1},
                outcome="failed",
                longrepr=self.epitaph(),
                when="call",
            )

    def end(self) -> None:
        self.connection.close()
        self.process.join(10)
        self.process.kill()


CHILD = pytest.StashKey[Child]()


def child_of(session: pytest.Session) -> Child:
    """The session's child, started when it is first needed."""
    if CHILD not in session.stash:
        session.stash[CHILD] = Child(session.config)
    return session.stash[CHILD]


def dismiss(session: pytest.Session) -> None:
    """End the child, if there is one."""
    if CHILD in session.stash:
        session.stash[CHILD].end()
        del session.stash[CHILD]


def serve(connection, arguments: list[str]) -> None:
    """Be the child: collect, then run what is asked for until nobody asks."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # pytest's own report is not wanted twice
    pytest.main(arguments, plugins=[_Server(connection)])
    os._exit(0)  # TensorFlow would take seconds to take itself down


class _Server:
    """A plugin for pytest in the child."""

    def __init__(self, connection):
        self.connection = connection
        self.problems = []

    def pytest_configure(self, config):
        self.config = config

    def pytest_collectreport(self, report):
        if report.failed:
            self.problems.append(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        items = {item.nodeid: item for item in session.items}
        lines = [(nodeid, item.location[1]) for nodeid, item in items.items()]
        self.connection.send((lines, self.problems))
        while True:
            try:
                asked, after = self.connection.recv()
            except EOFError:
                return True
            session.config.hook.pytest_runtest_protocol(
                item=items[asked], nextitem=items.get(after)
            )
            self.connection.send(None)

    def pytest_runtest_logreport(self, report):
        to_serializable = self.config.hook.pytest_report_to_serializable
        self.connection.send(to_serializable(config=self.config, report=report))
