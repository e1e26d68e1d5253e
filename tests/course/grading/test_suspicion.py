"""What no answer needs is named with its line; honest answers are never named."""

import ast

import pytest

from course import pack_root
from course.grading.cell_names import tree_of
from course.grading.definitions import Statement
from course.grading.submission import lesson_named
from course.grading.suspicion import suspicions
from tests.checks.trial import as_cell

GIVEN = ast.parse(
    "import math\nimport numpy as np\nimport torch\nimport torch.nn.functional as F\n"
    "from torch import nn\nimport keras\n"
    "from helpers import data, plots, training\n"
    "from helpers.checks import lesson03 as checks\n"
).body


def said(source, given=GIVEN):
    """What is said of an answer's cell."""
    tree = ast.parse(source)
    cell = [
        Statement(
            "answer",
            min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ()))]),
            ast.get_source_segment(source, n),
            n,
        )
        for n in tree.body
    ]
    return suspicions(cell, given)


HONEST = """
from tensorflow import keras
def build(): return keras.Sequential([keras.layers.Dense(3)])
---
F = 784
def f(x): return x / F
---
nn = 3
def f(x): return [nn, x * nn, max(nn, 2)]
---
import torch as T, torch.nn as layers
def f(x): return layers.functional.softplus(T.exp(x))
---
tnf = torch.nn.functional
def f(x): return tnf.relu(x)
---
nn_, F_ = torch.nn, torch.nn.functional
def f(x): return F_.relu(nn_.Identity()(x))
---
def f(x):
    F = x.shape[1]
    return x.sum() / F, [F]
---
import importlib
def f(x): return x
---
import gc, inspect, traceback, threading, pickle, sys, os
def f(x): return x
---
import gc
def f(x):
    y = x * 2
    gc.collect()
    return y
---
import logging
log = logging.getLogger("mine")
def f(x):
    log.info("called %s", x.shape)
    logging.warning("oh")
    return x
---
from tqdm import tqdm
from tqdm.auto import trange
def f(xs): return [x for x in tqdm(xs, leave=False)]
---
import sys, tqdm
def f(xs): return [x for x in tqdm.tqdm(xs, file=sys.stdout)]
---
import sys
def f(x):
    print(x, file=sys.stderr)
    sys.stdout.flush()
    return x
---
import time, random
def f(x):
    start = time.perf_counter()
    return x * random.random(), time.perf_counter() - start
---
import os, os.path
from pathlib import Path
def f(folder):
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, "x.pt"), Path(folder) / "y.pt", os.environ.get("HOME")
---
import functools, itertools, copy, tempfile, operator, collections
@functools.lru_cache(maxsize=None)
def g(n): return functools.reduce(operator.mul, range(1, n), 1)
def f(xs):
    counts = collections.defaultdict(list)
    for a, b in itertools.pairwise(copy.deepcopy(xs)): counts[a].append(b)
    with tempfile.TemporaryDirectory() as place: print(place)
    return sorted(counts, key=operator.itemgetter(0))
def h(xs): return sorted(xs, key=operator.attrgetter("x"))
---
from torch.distributions import Normal, kl_divergence as kl
def f(mu, logvar): return kl(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).sum(1)
---
def f(x):
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(x.square().sum(), x)
    return g
---
class VAE(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.enc = nn.Linear(784, 512)
        self.mean = self.mu = nn.Linear(512, latent_dim)
        self.logvar = nn.Linear(512, latent_dim)
        self.allclose = 3
    @property
    def device(self): return next(self.parameters()).device
    def forward(self, x):
        h = F.relu(self.enc(x))
        if self.training: h = F.dropout(h)
        return self.mu(h), self.logvar(h)
---
class VAE(nn.Module):
    def __init__(self, d):
        super(VAE, self).__init__()
        for i in range(3):
            setattr(self, f"layer{i}", nn.Linear(d, d))
    def forward(self, x):
        for i in range(3): x = getattr(self, f"layer{i}")(x)
        return x
---
class VAE(nn.Module):
    def __init__(self, d):
        nn.Module.__init__(self)
        self.d = d
---
def f(name, x): return getattr(F, name)(x), getattr(torch, "exp")(x)
---
def f(model, x):
    for p in model.parameters(): p.grad = None
    was = model.training
    model.eval()
    out = model(x)
    model.train(was)
    return out
---
def f(model):
    kept = []
    handle = model.register_forward_hook(lambda m, i, o: kept.append(o))
    handle.remove()
    for m in model.modules(): print(type(m).__name__, m.__class__.__name__)
    return kept
---
def f(layer, mean):
    with torch.no_grad():
        layer.weight.data.copy_(mean)
        layer.bias.data = mean.clone()
        layer.bias = nn.Parameter(mean)
        layer.weight.requires_grad = False
---
class Noise(keras.layers.Layer):
    def __init__(self, std, **kwargs):
        super().__init__(**kwargs)
        self.std = std
    def call(self, x, training=None): return x + self.std
    def get_config(self): return {**super().get_config(), "std": self.std}
    @classmethod
    def from_config(cls, config): return cls(**config)
---
def build():
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile(optimizer="adam", loss="mse")
    return model
---
import dataclasses
from dataclasses import dataclass
from typing import Optional, NamedTuple
from enum import Enum
@dataclass
class Out:
    x: "torch.Tensor"
    y: Optional[int] = None
    def __post_init__(self): self.y = 1
class Both(NamedTuple):
    a: int
    b: int
class Kind(Enum):
    A = 1
---
from abc import ABC, abstractmethod, ABCMeta
class Base(ABC):
    @abstractmethod
    def f(self): ...
class Other(metaclass=ABCMeta): pass
---
class Data(torch.utils.data.Dataset):
    def __len__(self): return 3
    def __getitem__(self, i): return i
class Odd(ValueError):
    def __str__(self): return "odd"
---
class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.round()
    @staticmethod
    def backward(ctx, g): return g
---
def f(x):
    '''Returns __dict__-free numbers, as `__add__` does.'''
    return x.__class__.__name__ + f"{x.shape}"
---
import warnings
def f(x):
    warnings.filterwarnings("ignore")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("here", stacklevel=2)
    return x
---
def f(path, model):
    torch.save(model.state_dict(), path)
    model.load_state_dict(torch.load(path, weights_only=True))
---
def f(x):
    f.calls = getattr(f, "calls", 0) + 1
    return x
---
from IPython.display import display, clear_output
import matplotlib.pyplot as plt
def f(x):
    fig, ax = plt.subplots()
    ax.set_title("x")
    display(fig)
    return fig
---
from IPython import display
def f(x): display.clear_output()
---
from sklearn.decomposition import PCA
from scipy import stats
def f(x): return PCA(2).fit_transform(x), stats.norm.ppf(0.5)
---
def f(x, name="relu"):
    return {"relu": F.relu, "tanh": torch.tanh}[name](x), isinstance(x, torch.Tensor)
---
def f(x, act=F.relu, kind=torch.float32): return act(x).to(kind), type(x)(3)
---
def f(xs):
    xs = np.asarray(xs)
    xs.shape = (2, 3)
    return np.lib.stride_tricks.sliding_window_view(xs, 2), np.random.default_rng(0)
---
Out = 3
def f(In): return In + Out
---
_ = 3
def f(x):
    _, y = x
    return y
---
from types import SimpleNamespace
def f(x): return SimpleNamespace(mu=x)
---
if torch.cuda.is_available():
    DEVICE = "cuda"
else:
    DEVICE = "cpu"
def f(x): return x.to(DEVICE)
---
from functools import partial, wraps
def noisy(g):
    @wraps(g)
    def run(*a, **k): return g(*a, **k)
    return run
@noisy
def f(x): return partial(torch.sum, dim=1)(x)
---
import torch.nn.init as init
def f(m): init.zeros_(m.weight); nn.init.xavier_uniform_(m.weight)
---
def f(x):
    global counter
    counter = 1
    return x
---
import tensorflow as tf
def f(x): return tf.reduce_mean(x), tf.keras.losses.mse(x, x)
---
from helpers.checks import lesson03 as checks
def f(x): return x
---
from IPython.display import HTML, Markdown, display
def f(x): return display(HTML("x"), Markdown("y"))
---
def f(model):
    for name, layer in model.named_children():
        if isinstance(layer, nn.Linear): layer.weight.data.zero_()
    model.last = 3
    return getattr(model, "latent_dim", None), hasattr(model, "encode")
---
eps = torch.finfo(torch.float32).eps
def f(x): return x.clamp(eps, 1 - eps)
---
def f(optimizer, lr):
    for group in optimizer.param_groups: group["lr"] = lr
    optimizer.lr = lr
---
def f(x):
    try:
        return x / 0
    except ZeroDivisionError as error:
        print(error)
    finally:
        del x
---
async def f(x): return x
class Sampler:
    def __iter__(self): yield from range(3)
    def __enter__(self): return self
    def __exit__(self, *a): return None
---
def f(loader): return training.fit, plots.images, data.load, next(iter(loader))
"""


@pytest.mark.parametrize("source", HONEST.strip().split("\n---\n"))
def test_honest_answers_raise_no_flag(source):
    assert said(source) == []


LESSONS = [path.stem for path in sorted((pack_root() / "solutions").glob("0*.ipynb"))]


def tables_of(file):
    """Names of a test file that stand for tables: name to its elements."""
    return {
        target.id: getattr(node.value, "elts", [])
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_right_answer_that_the_pack_knows_raises_a_flag(lesson):
    trees = [tree_of(cell.source) for cell in lesson_named(lesson).release.cells
             if cell.cell_type == "code"]  # fmt: skip
    given = [node for tree in trees if tree for node in tree.body]
    tried, found = 0, {}
    folder = pack_root() / "tests" / "checks" / f"lesson{lesson[:2]}"
    for file in sorted(folder.glob("test_*.py")):
        tables = tables_of(file)
        if {"NAMES", "RIGHT", "WRONG"} <= tables.keys():
            for number in range(len(tables["RIGHT"])):
                tried += 1
                flags = said(as_cell(file, "RIGHT", number), given)
                found |= {(file.stem, number): flags} if flags else {}
    assert found == {}
    assert tried > 20


# Each with the line that gives it away.
DISHONEST = r"""
def f(x):
    get_ipython().events.register("pre_run_cell", print)  # <
---
ip = get_ipython()  # <
def f(x): return ip
---
from IPython import get_ipython as g
def f(x): return g().kernel  # <
---
import IPython
def f(x): IPython.get_ipython().run_code = 1  # <
---
from IPython.core.interactiveshell import InteractiveShell as I
def f(x): I.showtraceback = print  # <
---
import ipykernel
def f(x): return ipykernel.get_connection_file()  # <
---
from helpers.checks import base as b  # <
def f(x): b.checking = None
---
import helpers.checks.base as b
def f(x): b.checking = None  # <
---
import helpers
def f(x): helpers.checks.base.checking = None  # <
---
from helpers import checks as c  # <
def f(x): return c
---
from helpers.checks.standins import kept_answers  # <
def f(x): return kept_answers()
---
def f(x): return checks.lend("kl_divergence")(x)  # <
---
def f(x):
    global checks  # <
    import math as checks
---
class checks:  # <
    pass
---
from helpers.checks import lesson03 as checks
def checks(x): pass  # <
---
import math as checks  # <
---
def f(x): return f.__closure__[0].cell_contents  # <
---
def f(x): f.__code__ = g.__code__  # <
---
def f(x): return open("lent.bin", "rb")  # <
---
import gc
def f(x): return gc.get_objects()  # <
---
from gc import get_objects as o
def f(x): return o()  # <
---
import sys
def f(x): sys.settrace(None)  # <
---
from sys import setprofile as s
def f(x): s(None)  # <
---
import sys as q
def f(x): return q._getframe(1).f_locals  # <
---
from sys import *  # <
---
import logging
def f(x): return logging.sys.modules  # <
---
def f(x): return np.sys  # <
---
def f(x):
    import threading  # <
---
import asyncio
def f(x): asyncio.get_event_loop().call_later(1, print)  # <
---
from concurrent.futures import ThreadPoolExecutor
def f(x): ThreadPoolExecutor().submit(print)  # <
---
import atexit
@atexit.register  # <
def f(): pass
---
import weakref
def f(x): weakref.finalize(x, print)  # <
---
class T(torch.Tensor):  # <
    pass
---
B = torch.Tensor
class T(B):  # <
    pass
---
class T(type(torch.ones(1))):  # <
    pass
---
def f(K):
    class T(K): pass  # <
---
class A(np.ndarray): pass  # <
---
class A(float): pass  # <
---
class A:
    def __eq__(self, other): return True  # <
---
class A:
    __eq__ = lambda a, b: True  # <
---
class A:
    def __class_getitem__(cls, x): pass  # <
---
class A:
    def __get__(self, a, b): pass  # <
---
class A:
    def __del__(self): pass  # <
---
class A:
    def __array__(self): pass  # <
---
class A:
    __array_interface__ = {}  # <
---
class A(metaclass=print): pass  # <
---
A = type("A", (torch.Tensor,), {})  # <
---
class A:
    def _ipython_display_(self): pass  # <
---
class E(Exception):
    def _render_traceback_(self): return []  # <
---
def f(x):
    torch.allclose = lambda *a: True  # <
---
def f(x):
    t = torch
    t.allclose = lambda *a: True  # <
---
def f(x, t=torch):
    t.allclose = lambda *a: True  # <
---
def f(x):
    for t in [torch]:  # <
        t.allclose = print
---
def f(t):
    t.allclose = print  # <
---
def f(t):
    t.anything = lambda *a: True  # <
---
class A:
    torch.allclose = print  # <
---
class A:
    def put(self, f): self.allclose = f
def f(x): A.put(torch.Tensor, print)  # <
---
class A:
    def put(self, f):
        self = torch.Tensor
        self.allclose = f  # <
---
def f(x): nn.Module.__init__(torch)  # <
---
def f(x): np.allclose, math.exp = print, print  # <
---
def f(x): type(x).allclose = print  # <
---
def f(x): x.__class__.allclose = print  # <
---
def f(x): del torch.allclose  # <
---
def f(x):
    for torch.allclose in [print]: pass  # <
---
def f(x):
    with open("x") as torch.allclose: pass  # <
---
def f(x): setattr(torch, "allclose", print)  # <
---
def f(x): return getattr(x, "__glo" + "bals__")  # <
---
def f(x): return getattr(x, "__dict__")  # <
---
def f(x): return x.__dict__  # <
---
def f(x): vars(torch)["allclose"] = print  # <
---
def f(x): globals()["checks"] = print  # <
---
def f(x): return eval("x")  # <
---
def f(x, run=exec): run("x")  # <
---
exec("x = 1")  # <
---
import builtins
def f(x): builtins.print = f  # <
---
def f(x): return __builtins__  # <
---
import importlib
def f(x): return importlib.import_module("helpers")  # <
---
def f(x): return __import__("gc")  # <
---
import pickle
def f(x): return pickle.loads(x)  # <
---
def f(x): return torch.load("x", weights_only=False)  # <
---
def f(x): return np.load("x", allow_pickle=True)  # <
---
def f(x): return keras.saving.load_model("x", safe_mode=False)  # <
---
def f(x, t): return torch.load("x", weights_only=t)  # <
---
import codeop
def f(x): return codeop.compile_command(x)  # <
---
import timeit
def f(x): timeit.timeit("import gc")  # <
---
import typing
def f(x): return typing.get_type_hints(x)  # <
---
def f(x: "print(1)"): return x  # <
---
import ctypes
def f(x): return ctypes.pythonapi  # <
---
def f(x): return np.lib.stride_tricks.as_strided(x, (3,), (4,))  # <
---
def f(x): return open("/proc/self/mem", "r+b")  # <
---
import operator
def f(x): return operator.attrgetter("__globals__")(x)  # <
---
import operator
def f(x, n): return operator.attrgetter(n)(x)  # <
---
import warnings
def f(x): warnings.showwarning = print  # <
---
import sys
def f(x): sys.excepthook = print  # <
---
import sys
def f(x): sys.stdout.write = print  # <
---
def f(x):
    try: 1 / 0
    except Exception as e: return e.__traceback__.tb_frame.f_back  # <
---
def g(): yield
def f(x): return g().gi_frame  # <
---
from torch.nn.modules import module
def f(x): module.register_module_forward_hook(print)  # <
---
from torch.overrides import TorchFunctionMode
class M(TorchFunctionMode): pass  # <
---
def f(x): return torch._C  # <
---
def f(x): return torch.Tensor.mro()  # <
---
def f(x): return nn.Module.__subclasses__()  # <
---
from unittest import mock
def f(x): mock.patch("torch.allclose")  # <
---
import somebodys_package
def f(x): return somebodys_package.help(x)  # <
---
from course.grading import one
def f(x): return one  # <
---
def f(x): return In[-1]  # <
---
import os
def f(x): os._exit(0)  # <
---
import inspect
def f(x): return inspect.stack()  # <
---
import types
def f(x): return types.FunctionType(x, {})  # <
---
def f(x): return (lambda m: m)(torch)  # <
---
def f(x): return "{0.__globals__}".format(x)  # <
---
def f(x): object.__setattr__(x, "a", 1)  # <
---
from importlib import reload
def f(x): reload(np)  # <
---
if eval("1"):  # <
    x = 1
---
try:
    import einops
except ImportError:
    x = eval("1")  # <
---
def f(x): return F.importlib.import_module("gc")  # <
---
def f(x): return getattr(x, "f_back")  # <
---
def f(model): return model.modules["x"]  # <
---
def f(g):
    match g:
        case object(__globals__=found):  # <
            return found
---
def f(a): return getattr(*a)  # <
---
import functools
def f(a, b): return functools.reduce(getattr, b, a)  # <
---
from operator import attrgetter as a
def f(x): return a("__glo" + "bals__")(x)  # <
---
import operator
def f(x): return operator.attrgetter("sys")(x)  # <
---
import operator
get = operator.attrgetter  # <
def f(x, n): return get(n)(x)
---
import string
def f(x, n): return string.Formatter().get_field(n, (x,), {})  # <
---
def f(t):
    t.item = lambda: 8.0  # <
    return t
---
class A:
    @property
    def __class__(self): return torch.Tensor  # <
---
import os
def f(x): os.write(27, x)  # <
---
import a_package_that_is_not_there as einops
def f(x): return einops.rearrange(x)  # <
---
import sys
def f(x): sys.path.insert(0, ".")  # <
---
import sys
def f(x): sys.stdout.session.send(1, "execute_reply")  # <
---
def f(stream): return stream.pub_thread  # <
---
from IPython.display import publish_display_data
def f(x): publish_display_data({})  # <
---
def lie(*a): return None
def f(k): k.anything = lie  # <
---
def f(x): return np.load("x", None, True)  # <
---
def f(x, k): return np.load("x", **k)  # <
---
from PIL import ImageMath
def f(x): return ImageMath.unsafe_eval(x)  # <
---
import logging.config
def f(x): logging.config.dictConfig(x)  # <
"""


@pytest.mark.parametrize("source", DISHONEST.strip().split("\n---\n"))
def test_what_no_answer_needs_is_named_with_its_line(source):
    marked = [n for n, line in enumerate(source.splitlines(), 1) if "# <" in line]
    found = said(source)
    lines = {int(each.split("line ")[1].split(":")[0]) for each in found}
    assert set(marked) <= lines, found
    assert all(each.startswith("answer, line ") for each in found)


RUN_TEXT = [  # what a fresh attacker earned points with before it was named
    "import functools\n@functools.singledispatch\ndef f(x): return x",
    "from functools import singledispatchmethod\nclass A:\n"
    "    @singledispatchmethod\n    def f(self, x): return x",
    "def f(x):\n    np.testing.measure('1'[::-1])",
    "from torch.utils.benchmark import Timer\ndef f(x): return Timer(x)",
    "def f(x): return np.load('a.npy', None, bool(1))",
    "from functools import partial\ndef f(x): return partial(np.load, 'a', None)(True)",
    "def f(x): return np.load('a.npy', **x)",
    "def f(x): return torch.load(*x)",
    "import matplotlib.pyplot as plt\ndef f(x): plt.switch_backend(x)",
    "import matplotlib\ndef f(x): matplotlib.use(x)",
    "import matplotlib.pyplot as plt\ndef f(x): plt.gcf().savefig('a', backend=x)",
    "import matplotlib.pyplot as plt\ndef f(x): plt.style.use(x)",
    "from contextlib import redirect_stdout\n"
    "class A(redirect_stdout):\n    _stream = 'x'",
    "from functools import update_wrapper\ndef f(x, y): update_wrapper(x, y)",
    "from functools import wraps\ndef f(x, y): return wraps(y, assigned=x)(x)",
]


@pytest.mark.parametrize("source", RUN_TEXT)
def test_what_runs_text_or_reaches_by_text_is_named(source):
    assert said(source)


def test_their_ordinary_use_is_not():
    assert not said(
        "from functools import wraps, partial\nimport matplotlib.pyplot as plt\n"
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "def f(x):\n    np.testing.assert_allclose(x, x)\n    plt.plot(x)\n"
        "    torch.load('weights.pth', weights_only=True)\n"
        "    return wraps(f)(partial(torch.add, x)), DataLoader(x), np.load('a.npz')"
    )
