"""A small class, hostile submissions included, graded by the real command."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cloudpickle
import nbformat
import psutil
import pytest
from distributed import Client, LocalCluster
from typer.testing import CliRunner

from benchmarks.students import LESSON, right_answers, submission
from course import CourseError, grade, pack_root, warm
from course.cli import app
from course.sandbox import Limits, Sandbox, available

ROOT = pack_root()
LIMITS = Limits(seconds=40, memory=2 * 2**30)
NO_SANDBOX = "bubblewrap is missing; install it: apt-get install bubblewrap"
pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)

SECRET = "only the instructor may read this"

# What each attack does, and how it must end: a reason for the whole submission ("all")
# or for the exercise that it stands in ("sample"). Every one is bounded by itself.
ATTACKS = {
    "reads_the_solution": (
        f"open({str(ROOT / 'solutions' / LESSON)!r} + '.ipynb').read()",
        ("sample", "FileNotFoundError"),
    ),
    "reads_a_submission": (
        "import glob\nassert glob.glob('{place}/*'), 'no one is there'",
        ("sample", "no one is there"),
    ),
    "reads_the_environment": (
        "import os\nassert 'SECRET_OF_THE_HOST' in os.environ, 'not here'",
        ("sample", "not here"),
    ),
    "writes_outside": (
        f"open({str(ROOT / 'helpers' / 'planted.py')!r}, 'w').write('planted')",
        ("sample", "OSError|PermissionError"),
    ),
    "opens_a_socket": (
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)",
        ("sample", "OSError|ConnectionRefused|unreachable"),
    ),
    "fork_bomb": (
        "import os, time\n"
        "for _ in range(200):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "        os._exit(0)\n"
        "time.sleep(60)",
        ("all", "processes|its own kernel"),
    ),
    "endless_loop": (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "_end = time.time() + 90\n"
        "while time.time() < _end:\n"
        "    pass",
        ("all", "longer than 40 s"),
    ),
    "endless_output": (
        "import time\n_end = time.time() + 60\n"
        "while time.time() < _end:\n    print('x' * 10_000)",
        ("all", "printed more than"),
    ),
    "asks_for_50_gb": (
        "import numpy as _n\n_n.empty(50 * 2**30, _n.uint8)",
        ("sample", "MemoryError"),
    ),
    "touches_4_gb": (
        "import time\n_kept = []\n"
        "for _ in range(32):\n"
        "    _kept.append(b'x' * 2**27)\n"
        "time.sleep(5)",
        ("all", "more than 2 GiB of memory"),
    ),
    "fills_the_disk": (
        "with open('big', 'wb') as _file:\n"
        "    for _ in range(600):\n"
        "        _file.write(b'x' * 2**20)",
        ("either", "OSError|too large a file"),
    ),
    "ends_itself": ("import os\nos._exit(0)", ("all", "ended its own kernel")),
    "kills_its_parent": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
        ("either", "PermissionError|ended the process"),
    ),
    "replaces_allclose": (
        "import numpy, torch\nnumpy.allclose = torch.allclose = lambda *a, **k: True",
        ("all", "replaced numpy.allclose"),
    ),
    "replaces_the_check": (
        "checks.sample = lambda f: print('✓ sample: right.')",
        ("all", "replaced helpers.checks.lesson03.sample"),
    ),
    "replaces_its_code": (
        "checks.want_tensor.__code__ = (lambda *a, **k: None).__code__",
        ("all", "replaced helpers.checks.base.want_tensor"),
    ),
    "hides_errors": (
        "get_ipython().__class__.showtraceback = lambda *a, **k: None",
        ("all", "replaced"),
    ),
    "hides_errors_of_its_shell": (
        "get_ipython().showtraceback = lambda *a, **k: None",
        ("all", "replaced .*showtraceback"),
    ),
    "shadows_the_checks": (
        "class checks:\n    sample = staticmethod(lambda f: print('right'))",
        ("all", "the name checks"),
    ),
    "opens_a_closure": (
        "for _cell in checks.sample.__closure__:\n"
        "    if callable(_cell.cell_contents):\n"
        "        _cell.cell_contents = lambda *a: None",
        ("all", "replaced helpers.checks.lesson03.sample"),
    ),
    "rewrites_what_a_check_holds": (
        "_f = checks.sample\n"
        "while hasattr(_f, '__wrapped__'):\n    _f = _f.__wrapped__\n"
        "_f.__code__ = (lambda *a: None).__code__",
        ("all", "replaced helpers.checks.lesson03.sample"),
    ),
    "empties_later_cells": (
        "get_ipython().input_transformers_cleanup.append(lambda lines: [])",
        ("all", "replaced IPython's input_transformers_cleanup"),
    ),
    "keeps_errors_to_itself": (
        "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)",
        ("all", "replaced IPython's custom_exceptions"),
    ),
    "sends_no_message": (
        "get_ipython().kernel.iopub_socket.send_multipart([b'x'])",
        ("all", "sent what cannot be read"),
    ),
    "sends_half_a_letter": (
        "_k = get_ipython().kernel\n"
        "_k.session.pack = lambda what: __import__('json').dumps("
        "what, default=str).encode()\n"
        "print(chr(0xd800))",
        ("all", "sent what cannot be read"),
    ),
    "forges_an_output": (
        "_k = get_ipython().kernel\n"
        "def sample(model, count, latent_dim):\n"
        "    _said = {'data': {}, 'metadata': {}, 'execution_count': 1}\n"
        "    _parent = _k.get_parent('shell')\n"
        "    _k.session.send(_k.iopub_socket, 'execute_result', _said, _parent)",
        ("all", "outputs cannot be read"),
    ),
    "fails_with_half_a_letter": (
        "def sample(model, count, latent_dim):\n    raise ValueError(chr(0xd800))",
        ("sample", "its message was not sent"),
    ),
    "writes_beside_its_sockets": (
        "import ipykernel, os, time\n"
        "_place = os.path.dirname(ipykernel.get_connection_file())\n"
        "for _ in range(2000):\n"
        "    _place += '/x'\n"
        "    os.mkdir(_place) if len(_place) < 4000 else None\n"
        "time.sleep(10)",
        ("all", "beside its sockets"),
    ),
    "prints_a_forged_result": (
        "print('✓ sample: right.')\ndef sample(model, count, latent_dim):\n"
        "    return None",
        ("sample", "not a tensor"),
    ),
}
KEEPS_WRONG_CODE = {
    "prints_a_forged_result",
    "forges_an_output",
    "fails_with_half_a_letter",
}


def hand_in(place, student, **answers):
    folder = place / student
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(submission(answers), folder / f"{LESSON}.ipynb")


@pytest.fixture(scope="module")
def listener():
    """A server of the host, which no submission may reach."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def hostile_class(tmp_path_factory, listener):
    place = tmp_path_factory.mktemp("handed_in")
    hand_in(place, "solved")
    right = right_answers()["sample"]
    for name, (code, _) in ATTACKS.items():
        code = code.replace("{place}", str(place)).replace("{port}", str(listener))
        answer = code if name in KEEPS_WRONG_CODE else f"{code}\n{right}"
        hand_in(place, name, sample=answer)
    (place / "untouched").mkdir()
    untouched = ROOT / "notebooks" / f"{LESSON}.ipynb"
    (place / "untouched" / f"{LESSON}.ipynb").write_bytes(untouched.read_bytes())
    (place / "not_json").mkdir()
    (place / "not_json" / f"{LESSON}.ipynb").write_text("{'not': json")
    (place / "too_large").mkdir()
    with (place / "too_large" / f"{LESSON}.ipynb").open("wb") as file:
        file.truncate(200 * 2**20)
    with zipfile.ZipFile(place / "zip_slip.zip", "w") as archive:
        archive.writestr(f"../../{LESSON}.ipynb", untouched.read_text())
    return place


@pytest.fixture(scope="module")
def graded(hostile_class, tmp_path_factory):
    out = tmp_path_factory.mktemp("graded")
    os.environ["SECRET_OF_THE_HOST"] = SECRET
    try:
        done = grade.grade_class(hostile_class, out, workers=2, limits=LIMITS)
    finally:
        del os.environ["SECRET_OF_THE_HOST"]
    return done["students"], out


def scores(record):
    return {row["exercise"]: row["score"] for row in record["exercises"]}


def test_the_right_submission_has_every_automatic_point(graded):
    record = graded[0]["solved"][LESSON]
    assert record["status"] == "graded", record["reason"]
    assert record["score"] == 90, scores(record)
    assert record["by_hand"] == 10
    assert record["sandboxed"]


def test_the_untouched_release_has_none(graded):
    record = graded[0]["untouched"][LESSON]
    assert record["status"] == "graded"
    assert record["score"] == 0
    assert "not written yet" in record["exercises"][0]["message"]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_an_ordinary_zero_with_a_reason(graded, name):
    record = graded[0][name][LESSON]
    whole, words = ATTACKS[name][1]
    if whole == "either":
        whole = "all" if record["reason"] else "sample"
    if whole == "all":
        assert record["status"] == "zero", scores(record)
        assert record["score"] == 0
        assert re.search(words, record["reason"])
    else:
        assert record["reason"] is None
        rows = {row["exercise"]: row for row in record["exercises"]}
        assert rows["sample"]["score"] == 0
        assert re.search(words, rows["sample"]["message"])
        assert record["score"] == 80, "the other exercises keep their points"


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("not_json", "not a notebook"),
        ("too_large", "200 MiB"),
        ("zip_slip", "leads out of the zip"),
    ],
)
def test_a_file_that_is_no_notebook_earns_a_zero_with_a_reason(graded, student, words):
    (record,) = graded[0][student].values()
    assert record["score"] == 0
    assert words in record["reason"]


def test_the_host_is_as_it_was(graded):
    assert not (ROOT / "helpers" / "planted.py").exists()
    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline"])
        if "course.warm" in (process.info["cmdline"] or ())
        and str(ROOT) in " ".join(process.info["cmdline"])
    ]
    assert not left


def test_tables_have_a_row_a_student(graded):
    students, out = graded
    with (out / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(students)
    assert rows["solved"]["total"] == "90"
    assert rows["solved"][f"{LESSON}: kl_divergence"] == "20"
    assert rows["ends_itself"]["status"] == "zero"
    assert "ended its own kernel" in rows["ends_itself"]["reason"]
    with (out / "canvas.csv").open(encoding="utf-8-sig") as file:
        canvas = {row["Student"]: row[LESSON] for row in csv.DictReader(file)}
    assert canvas["solved"] == "90"
    assert (out / "moodle.csv").read_text(encoding="utf-8-sig").startswith("username,")


def test_pages_say_what_happened(graded):
    _, out = graded
    page = out / "feedback" / "asks_for_50_gb" / f"{LESSON}.html"
    assert "MemoryError" in page.read_text()
    summary = (out / "summary.html").read_text()
    assert "ended its own kernel" in summary
    assert "this is not written yet" in summary


def test_a_name_that_is_a_formula_stays_text(tmp_path):
    assert grade.plain("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert grade.file_name("../../etc") != "../../etc"
    assert grade.file_name("a/b") != grade.file_name("a-b")


def test_points_go_into_an_nbgrader_gradebook(graded, tmp_path):
    from nbgrader.api import Gradebook

    from course.gradebook import write_gradebook

    students = {name: graded[0][name] for name in ("solved", "untouched")}
    for _ in range(2):  # again changes nothing
        write_gradebook(tmp_path / "gradebook.db", students)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        assert gradebook.find_submission(LESSON, "solved").score == 90
        assert gradebook.find_submission(LESSON, "solved").needs_manual_grade
        assert gradebook.find_submission(LESSON, "untouched").score == 0


def small_class(place, count):
    right = right_answers()["sample"]
    for number in range(count):
        hand_in(place, f"student{number}", sample=f"{right}\n# {number}")


def test_killed_at_any_moment_it_goes_on(tmp_path):
    small_class(tmp_path / "in", 6)
    command = [Path(sys.executable).parent / "course", "grade", tmp_path / "in"]
    command += ["--out", tmp_path / "out", "--workers", "1"]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    records = tmp_path / "out" / "records"
    deadline = time.monotonic() + 120
    while len(list(records.glob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert 2 <= len(before) < 6
    again = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"{len(before)} graded before" in again.stdout
    after = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert len(after) == 6
    assert before.items() <= after.items(), "nothing is graded twice"
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig") as file:
        assert [row["total"] for row in csv.DictReader(file)] == ["90"] * 6


@pytest.fixture
def dask_cluster(tmp_path):
    """A real scheduler and two workers on loopback."""
    dask = [sys.executable, "-m", "dask"]
    address = tmp_path / "scheduler.json"
    found = ["--scheduler-file", str(address), "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    scheduler = subprocess.Popen(
        [*dask, "scheduler", *found, "--port", "0", "--host", "127.0.0.1"],
        env=environment,
        **quiet,
    )
    workers = [
        subprocess.Popen(
            [*dask, "worker", *found, "--nthreads", "1", "--no-nanny"],
            env=environment,
            **quiet,
        )
        for _ in range(2)
    ]
    deadline = time.monotonic() + 60
    while not address.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield json.loads(address.read_text())["address"], workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def test_a_cluster_that_loses_a_worker_grades_everyone(dask_cluster, tmp_path):
    address, workers = dask_cluster
    small_class(tmp_path / "in", 5)
    out = tmp_path / "out"

    def kill_one():
        deadline = time.monotonic() + 120
        while not list(out.glob("records/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers[0].kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    done = grade.grade_class(tmp_path / "in", out, scheduler=address)
    killer.join()
    assert workers[0].poll() is not None
    records = [mine[LESSON] for mine in done["students"].values()]
    assert [record["score"] for record in records] == [90] * 5
    with Client(address) as client:  # another class may be using its sandbox
        assert list(client.run(lambda: len(grade._sandboxes)).values()) == [1]
        client.run(grade.close_sandboxes)


def test_what_kills_its_worker_twice_is_recorded(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", "poison")

    def poison(*arguments):
        os._exit(1)

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr(grade, "grade_one", poison)
    before = dict(os.environ)
    try:
        done = grade.grade_class(tmp_path / "in", tmp_path / "out", workers=1)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    record = done["students"]["poison"][LESSON]
    assert record["status"] == "zero"
    assert "failed twice" in record["reason"]
    # Dask sets OMP_NUM_THREADS for its workers, and would leave it set here.
    assert dict(os.environ) == before


def test_where_the_grader_itself_fails_the_same_command_tries_again(
    tmp_path, monkeypatch
):
    hand_in(tmp_path / "in", "alice")

    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    def works(*arguments):
        return {**zero, "status": "graded", "reason": None}

    with LocalCluster(1, processes=False, dashboard_address=None) as cluster:
        command = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
        command += ["--scheduler", cluster.scheduler_address]
        monkeypatch.setattr(grade, "grade_one", full_disk)
        failed = CliRunner().invoke(app, command)
        (record,) = (tmp_path / "out" / "records").iterdir()
        zero = json.loads(record.read_text())
        assert failed.exit_code == 1
        assert "tries them again" in " ".join(failed.output.split())
        assert zero["status"] == "zero"
        assert "the grader itself failed (OSError" in zero.pop("reason")
        assert zero.pop("again")
        monkeypatch.setattr(grade, "grade_one", works)
        for graded_before in (0, 1):
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 0, done.output
            assert f"{graded_before} graded before" in done.output


def test_results_depend_on_all_code_of_the_pack(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "pack_root", lambda: tmp_path)
    seen = {grade.pack_digest(LESSON)}
    for name in ("course/guard.py", "helpers/checks/base.py", "helpers/lent.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
        seen.add(grade.pack_digest(LESSON))
    assert len(seen) == 4


def test_each_thread_has_a_sandbox_of_its_own():
    def ask():
        mine = grade._sandbox("torch", LIMITS, False)
        both.wait()
        assert grade._sandbox("torch", LIMITS, False) is mine
        return mine

    both = threading.Barrier(2, timeout=20)
    with ThreadPoolExecutor(2) as pool:
        one, other = [pool.submit(ask) for _ in range(2)]
        assert one.result() is not other.result()
    grade.close_sandboxes()


def cells(*sources):
    made = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=made)


def test_after_a_message_that_cannot_be_read_the_next_notebook_runs():
    code, (_, words) = ATTACKS["sends_no_message"]
    with Sandbox("torch", LIMITS) as sandbox:
        assert re.search(words, sandbox.run(cells(code)).reason)
        following = cells("assert False")
        assert sandbox.run(following).reason is None
        assert following.cells[0].outputs[0].ename == "AssertionError"


def test_nothing_but_its_scratch_can_be_written(tmp_path):
    """Not even by the user whom bubblewrap's own folders belong to."""
    sandbox = Sandbox("torch", LIMITS)
    sandbox.folder = tmp_path
    (tmp_path / "ipc").mkdir()
    scratch = tmp_path / "scratch"
    look = f"for place in / /tmp /dev {ROOT} {scratch} /dev/shm; do " + (
        "touch $place/left 2>/dev/null && echo $place; done; "
        "df --output=size -B1 /dev/shm | tail -1"
    )
    command = [*sandbox._bubblewrap({"PATH": "/usr/bin:/bin"}), "sh", "-c", look]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *written, size = done.stdout.split()
    assert written == [str(scratch), "/dev/shm"]
    assert int(size) == LIMITS.scratch_bytes


def test_checks_of_a_new_lesson_are_known(tmp_path, monkeypatch):
    assert warm.checks_of("keras") == ["helpers.checks.lesson01"]
    known = warm.checks_of("torch")
    assert [name[-2:] for name in known] == ["00", "02", "03", "04", "05"]
    monkeypatch.setattr(warm, "pack_root", lambda: tmp_path / "new")
    (tmp_path / "new/helpers/checks").mkdir(parents=True)
    (tmp_path / "new/helpers/checks/lesson06.py").write_text("import torch")
    (tmp_path / "new/helpers/checks/lesson07.py").write_text("import keras")
    assert warm.checks_of("torch") == ["helpers.checks.lesson06"]
    assert warm.checks_of("keras") == ["helpers.checks.lesson07"]


def test_without_bubblewrap_it_refuses_unless_told(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", "solved")
    monkeypatch.setattr(grade, "available", lambda: False)
    with pytest.raises(CourseError, match=r"apt-get install bubblewrap.*--unsafe"):
        grade.grade_class(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unsafe_grades_the_same_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    content = nbformat.writes(submission()).encode()
    record = grade.grade_one(content, LESSON, unsafe=True)
    assert record["score"] == 90
    assert record["sandboxed"] is False
    sandbox = grade._sandbox("torch", Limits(), unsafe=True)
    parent = psutil.Process(sandbox.process.pid)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sandbox.run, cells("import time\ntime.sleep(60)"))
        deadline = time.monotonic() + 20
        while not parent.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        (kernel,) = parent.children()
        grade.close_sandboxes()
    assert not parent.is_running()
    assert not kernel.is_running(), "with its parent all that it had forked is ended"


def test_a_wrong_address_is_told(tmp_path):
    hand_in(tmp_path / "in", "solved")
    with pytest.raises(CourseError, match="no Dask scheduler"):
        grade.grade_class(
            tmp_path / "in", tmp_path / "out", scheduler="tcp://127.0.0.1:9"
        )


def test_nothing_to_grade_is_told(tmp_path):
    with pytest.raises(CourseError, match="no notebook"):
        grade.grade_class(tmp_path, tmp_path / "out")
    with pytest.raises(CourseError, match="nothing at"):
        grade.grade_class(tmp_path / "gone", tmp_path / "out")
    assert Path(tmp_path / "out").exists() is False
