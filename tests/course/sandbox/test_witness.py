"""What is heard of the things that code asks Python for, and what is not."""

import marshal
import os

import numpy as np
import pytest

from course import pack_root
from course.sandbox.bubblewrap import available
from course.sandbox.events import THREAD
from course.sandbox.sandbox import Sandbox
from course.sandbox.witness import MOST_BYTES, events_in, listen
from helpers.checks.failure import PASSED
from tests.course.handed_in import LIMITS, NO_SANDBOX, cells


def packed(file):
    """Lines that unpack code, as Keras does, which names this file as its own."""
    code = marshal.dumps(compile("__import__('sys')._getframe()", file, "eval"))
    made = f"type(f)(marshal.loads({code}), globals())"
    return f"import marshal\ndef f(): ...\n{made}()"


UNPACKED = {"marshal.loads", "function.__new__", "sys._getframe"}
HEARD = {
    packed("<frozen importlib._x>"): UNPACKED,
    packed(str(pack_root() / "helpers" / "x.py")): UNPACKED,
    packed(np.__file__): UNPACKED,
    "import gc\ngc.get_objects()[:1]": {"gc.get_objects"},
    "exec('x = 2')": {"compile", "exec"},
    "from numpy.testing import runstring\nrunstring('x = 3', {})": {"compile", "exec"},
    "import functools\n@functools.singledispatch\ndef f(x): ...\n"
    "@f.register\ndef _(x: 'print(1) or int'): ...": {"exec"},
    "import inspect\nfrom torch.utils.checkpoint import checkpoint\n"
    "def f(x: 'int'): ...\n"
    "checkpoint(inspect.signature, f, eval_str=True, use_reentrant=False)": {
        "compile",
        "exec",
    },
    "import pickle\npickle.loads(b'\\x80\\x04\\x8c\\x05torch\\x8c\\x06sys.id\\x93.')": {
        "pickle.find_class"
    },
    "import os\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'": {"os.putenv"},
    "from helpers.checks import standins\nstandins._standing.add('bound')\n"
    "standins._namespace('06')['bound'](__import__('torch').ones(2, 1))": {
        "helpers.checks.lent"
    },
    "from helpers.checks import standins\n"
    "with standins.pack_answers('06', ['bound']): ...": {"helpers.checks.standing"},
    "import sys\nsys._getframe(0)": {"sys._getframe"},
    "import inspect\ninspect.currentframe()": {"sys._getframe"},
    "def g(x=1): ...\ng.__defaults__ = (2,)": {"object.__setattr__"},
    "def h(): ...\nfrom tqdm.utils import ObjectWrapper\n"
    "ObjectWrapper(h).wrapper_getattr('__code__')": {"object.__getattr__"},
    "import logging\ndef f(): ...\nway = logging.StrFormatStyle('{f.__code__}')\n"
    "way.format(logging.makeLogRecord({'f': f}))": {"object.__getattr__"},
    "import numpy as np\ndef f(): yield\nways = {'object': '{0.gi_frame}'.format}\n"
    "np.array2string(np.array([f()]), formatter=ways)": {"object.__getattr__"},
    "import sys\nsys.settrace(None)": {"sys.settrace"},
    "def f(): ...\nf.__code__": {"object.__getattr__"},
    "import pickle\npickle.loads(b'cos\\nsystem\\n.')": {"pickle.find_class"},
    "import torch\ndef yes(*a): return True\ntorch.allclose = yes": {
        "replaced torch.allclose"
    },
    "import subprocess\nsubprocess.run(['true'])": {"subprocess.Popen"},
    "import threading\nthreading.Thread(target=print).start()": {THREAD},
    "import _thread\n_thread.start_new_thread(print, ())": {THREAD},
    "from tqdm import tqdm\nclass Bar(tqdm): monitor_interval = 1\nlist(Bar([1]))": {
        THREAD
    },
}
ORDINARY = [
    "x = [i for i in range(3)]\nprint(x)",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nA(2)",
    "from collections import namedtuple\nnamedtuple('P', 'x y')(1, 2)",
    "import torch\ntorch.save({'a': torch.ones(2)}, 'a.pt')\ntorch.load('a.pt')",
    "import sklearn.cluster, logging, warnings\nwarnings.warn('w')\nlogging.info('i')",
    "from sklearn.neighbors import NearestCentroid as C\nimport numpy as np\n"
    "x, y = np.eye(20), np.arange(20) % 2\nC().fit(x, y).score(x, y)",
    "from tqdm.auto import tqdm\nfor i in tqdm(range(3)): ...",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "import torch\nx = torch.ones(3, requires_grad=True)\n(x * x).sum().backward()",
    "%timeit -n 1 -r 1 sum([1])",
    "import torch\nw = torch.ones(1, requires_grad=True)\ntorch.optim.Adam([w]).step()",
    "torch.set_default_dtype(torch.float64)\ntorch.set_printoptions(precision=2)",
    "import torchvision, torch.utils.data\nlist(torch.utils.data.DataLoader([1]))",
    "import numpy as np\nnp.random.seed(0)\nnp.set_printoptions(precision=2)",
    "print = __import__('functools').partial(print, flush=True)\nsum = 3",
    "from typing import NamedTuple\nclass A(NamedTuple):\n    x: int = 1",
    "from typing import List\ndef f(x: List['Node']): ...",
    "import os\nos.environ['PYTHONHASHSEED'] = '0'",
]


@pytest.fixture(scope="module")
def sandbox():
    if not available():
        pytest.skip(NO_SANDBOX)
    with Sandbox("torch", LIMITS) as started:
        yield started


def test_what_no_answer_needs_is_heard_with_its_line(sandbox):
    notebook = cells(*HEARD)
    done = sandbox.run(notebook)
    assert done.reason is None
    heard = {}
    for each in done.witnessed:
        heard.setdefault(each["file"], set()).add(each["event"])
    assert list(heard.values()) == list(HEARD.values())
    assert done.witnessed[0]["line"] == 3


def test_what_answers_and_libraries_do_is_not(sandbox):
    notebook = cells(*ORDINARY)
    done = sandbox.run(notebook)
    assert done.reason is None
    assert not any(
        out.output_type == "error" for c in notebook.cells for out in c.outputs
    )
    assert done.witnessed == []


PUT_BACK = """\
import torch
from helpers.checks import arrays, base, tensors
one, right = torch.ones(1), torch.allclose
def yes(*a): return True
def put(place): torch.allclose = place
if True:
    put(yes)
    {}
    put(right)
"""


@pytest.mark.parametrize(
    "judged",
    [
        "tensors.fits(one, one)",
        "arrays.close(1, 1)",
        "arrays.read(one, 'f()')",
        "base.want_tensor(one, (1,), 'f()', '')",
        "base.check('x')(lambda draw: None)()",
    ],
)
def test_a_check_that_compares_sees_what_is_put_back_later(sandbox, judged):
    done = sandbox.run(cells(PUT_BACK.format(judged), PUT_BACK.format("pass")))
    (heard,) = done.witnessed
    assert heard["event"] == "replaced torch.allclose"
    assert heard["line"] == 4


EMPTIED = """\
from helpers.checks import base, tensors
def yes(*a): return True
def empties(draw): tensors.fits.__code__ = yes.__code__
base.check('x')(empties)()
"""


def test_a_check_that_passes_looks_into_functions(sandbox):
    done = sandbox.run(cells(EMPTIED))
    heard = [each["event"] for each in done.witnessed]
    assert heard[-1] == "replaced helpers.checks.tensors.fits"


PASSES = """\
from helpers.checks import base, failure
def right(draw): ...
def wrong(draw): raise base.CheckFailed('a', 'b', 'c')
base.check('x')(right)()
base.check('x')(right)(draws=[7])
base.check('x')(wrong)()
"""


def test_a_check_that_has_passed_says_so_and_whose_line_called_it(sandbox):
    notebook = cells(PASSES)
    done = sandbox.run(notebook)
    assert [each["line"] for each in done.passed] == [4, 5]
    assert {each["event"] for each in done.passed} == {PASSED}
    assert done.witnessed == []


@pytest.mark.parametrize(
    "claim",
    [
        "failure.passed()",
        "import sys; sys.audit('helpers.checks.passed')",
        "[*map(__import__('sys').audit, ['helpers.checks.passed'])]",
        "base.check('x')(lambda draw: failure.passed())()",
    ],
)
def test_who_claims_that_a_check_has_passed_is_heard(sandbox, claim):
    done = sandbox.run(cells(f"from helpers.checks import base, failure\n{claim}"))
    (heard,) = done.witnessed
    assert (heard["event"], heard["line"]) == (f"{PASSED} by hand", 2)
    assert len(done.passed) == ("check" in claim.partition("(")[0])


LENDS = """\
import torch
from helpers.checks import base, lesson06
def f(answer, draw): answer()
f.__module__ = "helpers.checks.lesson06"
def bound(log_w): raise ValueError
def answer(): return bound(torch.ones(2, 1))
def outer(answer, draw): base.check("x", uses=["bound"])(f)(answer)
base.check("x", uses=["bound"])(f)(answer)
base.check("x")(outer)(answer)
"""


def test_a_check_of_ones_own_gets_no_answer_of_the_packs(sandbox):
    """Nor does a check that an answer has called."""
    done = sandbox.run(cells(LENDS))
    heard = {(each["event"], each["line"]) for each in done.witnessed}
    assert heard == {("helpers.checks.standing", 0), ("helpers.checks.lent", 6)}


FILES = """\
import tempfile, os, numpy, torch, pathlib, glob
from helpers.checks import base
def checked(answer, name='other.py'):
    def f(answer, draw): answer()
    f.__code__ = f.__code__.replace(co_filename=name)
    base.check('x')(f)(answer)
def spools():
    with tempfile.TemporaryFile() as file: file.write(b'1')
def folder():
    with tempfile.TemporaryDirectory() as place: torch.save({}, place + '/a')
def leaves(): numpy.save('/dev/shm/a.npy', [1])
def reads(): open('/dev/shm/a.npy').close()
def shows():
    with open(os.devnull, 'w') as file: print(1, file=file)
    with open(os.__file__) as file: file.read()
def lists(): os.listdir('.')
def looks(): next(pathlib.Path('.').iterdir(), 0)
def walks(): glob.glob('*')
def draws():
    from matplotlib.font_manager import findSystemFonts
    findSystemFonts()
"""


def test_files_that_an_answer_writes_reads_or_lists_in_a_check_are_heard(sandbox):
    """But not those of an exercise that saves, nor of what no check calls."""
    asks = [
        "folder()\nspools()\nleaves()\nreads()\nlists()\nlooks()\nwalks()",
        "checked(shows)\nchecked(draws)\nchecked(folder, '/lesson02/weights.py')",
        "checked(spools)\nchecked(folder)\nchecked(leaves)\nchecked(reads)",
        "checked(lists)\nchecked(looks)\nchecked(walks)",
    ]
    done = sandbox.run(cells(FILES, *asks))
    heard = {(each["line"], each["event"]) for each in done.witnessed}
    heard -= {(5, "object.__getattr__"), (5, "object.__setattr__"), (5, "code.__new__")}
    assert {line for line, _ in heard} == {8, 10, 11, 12, 16, 17, 18}
    assert {(10, "tempfile.mkdtemp"), (16, "os.listdir")} <= heard


def test_a_full_pipe_holds_nobody_up(sandbox):
    """And the cell after it is none the wiser."""
    fills = (
        "import sys\n"
        "for i in range(5000):\n"
        "    exec(compile(f'import sys\\nsys._getframe(0)', f'file{i}' * 9, 'exec'))"
    )
    notebook = cells(fills, "print(1)")
    done = sandbox.run(notebook)
    assert done.reason is None
    assert [out.output_type for c in notebook.cells for out in c.outputs] == ["stream"]


def test_who_closes_the_pipe_is_heard(sandbox):
    closes = (
        "import os, stat\n"
        "for number in range(3, 200):\n"
        "    try:\n"
        "        if stat.S_ISFIFO(os.fstat(number).st_mode): os.close(number)\n"
        "    except OSError: pass"
    )
    done = sandbox.run(cells(closes))
    assert [each["event"] for each in done.witnessed] == ["a pipe of the sandbox"]


def test_what_is_no_line_of_ours_is_told():
    said = b'{"event": "x", "file": "1", "line": 2}\n{"event": 1}\nnoise'
    heard = events_in(said)
    assert heard[0] == {"event": "x", "file": "1", "line": 2}
    assert [each["event"] for each in heard[1:]] == ["a pipe of the sandbox"] * 2


def test_what_is_heard_ends_somewhere_and_is_taken_to_its_end():
    hears, tells = os.pipe()
    heard = bytearray()
    assert listen(hears, heard), "nothing yet"
    os.write(tells, b"first\n")
    assert listen(hears, heard)
    assert heard == b"first\n"
    for _ in range(3):
        os.write(tells, b"x" * 40_000)
        assert listen(hears, heard)
    assert len(heard) == MOST_BYTES
    os.close(tells)
    assert not listen(hears, heard), "nobody can say any more"
    os.close(hears)


def test_words_of_an_event_are_short():
    line = b'{"event": "%b", "file": "%b", "line": "7"}' % (b"e" * 99, b"f" * 99)
    assert events_in(line) == [{"event": "e" * 60, "file": "f" * 60, "line": 7}]
    assert events_in(b"\n") == []
