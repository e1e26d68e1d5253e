"""A hostile class, graded by the real command, and what may be done inside."""

import csv
import os
import re
import time
import zipfile
from contextlib import suppress
from textwrap import indent

import psutil
import pytest

from benchmarks.students import LESSON
from course.grading import whole_class
from course.sandbox.bubblewrap import available
from course.sandbox.sandbox import Sandbox
from tests.course.handed_in import LIMITS, NO_SANDBOX, ROOT, cells, hand_in, scores

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)
SECRET = "only the instructor may read this"


# What each attack does when the check calls the answer that it stands in, and what is
# said of that exercise; of the whole submission for those in TAKES_ALL. Every one is
# bounded by itself. Those on the verdict are in tests/course/grading/attacks.py.
ATTACKS = {
    "reads_the_solution": (
        f"open({str(ROOT / 'solutions' / LESSON)!r} + '.ipynb').read()",
        "FileNotFoundError",
    ),
    "reads_a_submission": (
        "import glob\nassert glob.glob('{place}/*'), 'no one is there'",
        "no one is there",
    ),
    "reads_the_environment": (
        "import os\nassert 'SECRET_OF_THE_HOST' in os.environ, 'not here'",
        "not here",
    ),
    "writes_outside": (
        f"open({str(ROOT / 'helpers' / 'planted.py')!r}, 'w').write('planted')",
        "OSError|PermissionError",
    ),
    "opens_a_socket": (
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)",
        "OSError|ConnectionRefused|unreachable",
    ),
    "fork_bomb": (
        "import os, time\n"
        "for _ in range(200):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "        os._exit(0)\n"
        "time.sleep(60)",
        "processes|its own kernel",
    ),
    "endless_loop": (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "_end = time.time() + 90\n"
        "while time.time() < _end:\n"
        "    pass",
        f"longer than {LIMITS.check_seconds} s",
    ),
    "endless_output": (
        "import time\n_end = time.time() + 60\n"
        "while time.time() < _end:\n    print('x' * 10_000)",
        "printed more than",
    ),
    "asks_for_50_gb": (
        "import numpy as _n\n_n.empty(50 * 2**30, _n.uint8)",
        "MemoryError",
    ),
    "touches_4_gb": (
        "import time\n_kept = []\n"
        "for _ in range(32):\n"
        "    _kept.append(b'x' * 2**27)\n"
        "time.sleep(5)",
        "more than 2 GiB of memory",
    ),
    "fills_the_disk": (
        "with open('big', 'wb') as _file:\n"
        "    for _ in range(600):\n"
        "        _file.write(b'x' * 2**20)",
        "OSError|too large a file",
    ),
    "ends_itself": ("import os\nos._exit(0)", "ended its own kernel"),
    "kills_its_parent": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
        "PermissionError|ended the process",
    ),
    "sends_no_message": (
        "get_ipython().kernel.iopub_socket.send_multipart([b'x'])",
        "sent something unreadable",
    ),
    "sends_half_a_letter": (
        "_k = get_ipython().kernel\n"
        "_k.session.pack = lambda what: __import__('json').dumps("
        "what, default=str).encode()\n"
        "print(chr(0xd800))",
        "sent something unreadable",
    ),
    "forges_an_output": (
        "_k = get_ipython().kernel\n"
        "def sample(model, count, latent_dim):\n"
        "    _said = {'data': {}, 'metadata': {}, 'execution_count': 1}\n"
        "    _parent = _k.get_parent('shell')\n"
        "    _k.session.send(_k.iopub_socket, 'execute_result', _said, _parent)",
        "outputs cannot be read",
    ),
    "fails_with_half_a_letter": (
        "def sample(model, count, latent_dim):\n    raise ValueError(chr(0xd800))",
        "its message was not sent",
    ),
    "writes_beside_its_sockets": (
        "import ipykernel, os, time\n"
        "_place = os.path.dirname(ipykernel.get_connection_file())\n"
        "for _ in range(2000):\n"
        "    _place += '/x'\n"
        "    os.mkdir(_place) if len(_place) < 4000 else None\n"
        "time.sleep(10)",
        "beside its sockets",
    ),
    "prints_a_forged_result": (
        "print('✓ sample: right.')\ndef sample(model, count, latent_dim):\n"
        "    return None",
        "not a tensor",
    ),
}


DEFINES_SAMPLE = {
    "prints_a_forged_result",
    "forges_an_output",
    "fails_with_half_a_letter",
}
TAKES_ALL = {"forges_an_output"}


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
    for name, (code, _) in ATTACKS.items():
        code = code.replace("{place}", str(place)).replace("{port}", str(listener))
        if name not in DEFINES_SAMPLE:
            code = f"def sample(model, count, latent_dim):\n{indent(code, '    ')}"
        hand_in(place, name, sample=code)
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
    warm = of_this_session()
    os.environ["SECRET_OF_THE_HOST"] = SECRET
    try:
        done = whole_class.grade_class(hostile_class, out, workers=2, limits=LIMITS)
    finally:
        del os.environ["SECRET_OF_THE_HOST"]
    for _ in range(100):  # the last one may just be ending
        if not of_this_session() - warm:
            break
        time.sleep(0.1)
    else:
        pytest.fail("a sandbox outlived its class")
    return done.students, out


def of_this_session():
    """Warm parents that are no other test process's own: descendants, and orphans."""
    others = {other.pid for other in psutil.Process().parent().children()}
    others -= {os.getpid()}
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or ()
        if "course.sandbox.warm" in words and str(ROOT) in " ".join(words):
            with suppress(psutil.NoSuchProcess):
                if not others & {above.pid for above in process.parents()}:
                    found.add(process)
    return found


def test_the_right_submission_has_every_automatic_point(graded):
    record = graded[0]["solved"][LESSON]
    assert record.status == "graded", record.reason
    assert record.score == 90, scores(record)
    assert record.by_hand == 10
    assert record.sandboxed


def test_the_untouched_release_has_none(graded):
    record = graded[0]["untouched"][LESSON]
    assert record.status == "graded"
    assert record.score == 0
    assert "not written yet" in record.exercises[0].message


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_costs_its_own_exercise_and_says_why(graded, name):
    record = graded[0][name][LESSON]
    words = ATTACKS[name][1]
    if name in TAKES_ALL:
        assert record.status == "zero", scores(record)
        assert record.score == 0
        assert re.search(words, record.reason)
        return
    assert record.reason is None
    rows = {row.exercise: row for row in record.exercises}
    assert rows["sample"].score == 0
    assert re.search(words, rows["sample"].message)
    assert record.score == 80, "the other exercises keep their points"


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
    assert record.score == 0
    assert words in record.reason


def test_the_host_is_as_it_was(graded):
    assert not (ROOT / "helpers" / "planted.py").exists()


def test_tables_have_a_row_a_student(graded):
    students, out = graded
    with (out / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(students)
    assert rows["solved"]["total"] == "90"
    assert rows["solved"][f"{LESSON}: kl_divergence"] == "20"
    assert rows["ends_itself"]["total"] == "80"
    assert rows["forges_an_output"]["status"] == "zero"
    assert "outputs cannot be read" in rows["forges_an_output"]["reason"]
    with (out / "canvas.csv").open(encoding="utf-8-sig") as file:
        canvas = {row["Student"]: row[LESSON] for row in csv.DictReader(file)}
    assert canvas["solved"] == "90"
    moodle = (out / "moodle.csv").read_text(encoding="utf-8-sig")
    assert moodle.startswith("Identifier,Full name,Grade")


def test_pages_say_what_happened(graded):
    _, out = graded
    page = out / "feedback" / "asks_for_50_gb" / f"{LESSON}.html"
    assert "MemoryError" in page.read_text()
    summary = (out / "summary.html").read_text()
    assert "outputs cannot be read" in summary
    page = out / "feedback" / "ends_itself" / f"{LESSON}.html"
    assert "ended its own kernel" in page.read_text()
    assert "this is not written yet" in summary


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("torch", LIMITS) as started:
        yield started


def test_what_making_an_optimizer_imports_is_there_before_the_fork(sandbox):
    asks = "import sys\nassert 'torch._dynamo' in sys.modules"
    without, asked = cells(asks), cells("import torch.optim", asks)
    assert sandbox.run(without).reason is sandbox.run(asked).reason is None
    assert [len(each.cells[-1].outputs) for each in (without, asked)] == [1, 0]


def test_after_a_message_that_cannot_be_read_the_next_notebook_runs(sandbox):
    code, words = ATTACKS["sends_no_message"]
    assert re.search(words, sandbox.run(cells(code)).reason)
    following = cells("assert False")
    assert sandbox.run(following).reason is None
    assert following.cells[0].outputs[0].ename == "AssertionError"


def test_a_display_with_null_for_its_transient_data_is_an_output(sandbox):
    """The message format has a dictionary there; some libraries send null."""
    code = (
        "_k = get_ipython().kernel\n"
        "_rest = {'metadata': {}, 'transient': None}\n"
        "for _kind in ('display_data', 'update_display_data', 'display_data'):\n"
        "    _said = {'data': {'text/plain': _kind}} | _rest\n"
        "    _k.session.send(_k.iopub_socket, _kind, _said, _k.get_parent('shell'))"
    )
    shown = cells(code, "1 + 1")
    assert sandbox.run(shown).reason is None
    first, second = shown.cells
    assert [out.data["text/plain"] for out in first.outputs] == ["display_data"] * 2
    assert second.outputs[0].data["text/plain"] == "2"


def test_outputs_are_gathered_as_jupyter_shows_them(sandbox):
    shown = cells(
        "from IPython.display import clear_output, display\n"
        "print('one'); print('two')\n"
        "import sys; print('oh', file=sys.stderr)",
        "print('gone')\nclear_output()\nprint('stays')",
        "print('gone')\nclear_output(wait=True)\nprint('stays')",
        "_bar = display('0 of 2', display_id=True)\n_bar.update('2 of 2')",
        "",
        "raise ValueError('wrong')",
        "print('goes on')",
    )
    assert sandbox.run(shown).reason is None
    streams, cleared, waited, updated, empty, failed, last = shown.cells
    texts = [(out.name, out.text) for out in streams.outputs]
    assert sorted(texts) == [("stderr", "oh\n"), ("stdout", "one\ntwo\n")]
    for cell in (cleared, waited):
        assert [out.text for out in cell.outputs] == ["stays\n"]
    assert [out.data["text/plain"] for out in updated.outputs] == ["'2 of 2'"]
    assert (empty.outputs, empty.execution_count) == ([], None)
    assert failed.outputs[0].evalue == "wrong"
    assert last.outputs[0].text == "goes on\n"
    assert last.execution_count == 6


def test_nothing_of_one_notebook_is_left_for_the_next(sandbox):
    first = cells("import os\nopen('left', 'w').write('x')\nos.environ['LEFT'] = 'x'")
    assert sandbox.run(first).reason is None
    following = cells("import os\nprint(os.path.exists('left'), 'LEFT' in os.environ)")
    assert sandbox.run(following).reason is None
    assert following.cells[0].outputs[0].text == "False False\n"


class Parent:
    """Stands for a warm parent that lives."""

    ended = False

    def runs(self):
        return not self.ended

    def close(self):
        self.ended = True


def test_a_parent_whose_run_was_interrupted_answers_for_no_other(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    sandbox = Sandbox("torch", LIMITS, False)
    sandbox.parent = parent = Parent()
    monkeypatch.setattr(sandbox, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sandbox.run(cells("1"))
    assert parent.ended
    assert sandbox.parent is None
