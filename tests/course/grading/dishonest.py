"""Cells that reach for the machinery; a comment marks the line that gives each away."""

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
---
import helpers
class Box: h = helpers  # <
def f(x): return Box.h.checks
---
class Box:
    m = torch  # <
    n = torch
---
*m, = torch, 1  # <
---
def f(x):
    xs = [0]
    xs[0] = torch  # <
    return xs
---
class M:
    def patch(self): self.abs = lambda x: 0 * x
go = M.patch  # <
def f(g): return g
---
class M:
    def patch(self): self.abs = 0
class N(M): pass
def f(g): return [*map(N.patch, [type(g)])]  # <
---
class M:
    def patch(self): setattr(self, "abs", 0)
def f(g): getattr(M, "patch")(type(g))  # <
---
import operator
class M:
    def patch(self): self.abs = 0
def f(g): operator.attrgetter("patch")(M)(type(g))  # <
---
class M:
    def patch(self): self.abs = 0
def f(g): type(M()).patch(type(g))  # <
---
from dataclasses import dataclass
@dataclass
class M:
    abs: int = 0
go = M.__init__  # <
---
import functools
def src(): pass
def f(w):
    functools.wraps(src)(F.math)  # <
---
import functools
def src(): pass
def f(w):
    functools.wraps(src)(w.owner)  # <
---
def reload(m): return m
def f(x): return reload(torch)  # <
---
def f(x):
    g = lambda torch: 0
    return [torch, g]  # <
---
def f(x):
    [vars for vars in x]
    return vars(x)  # <
---
class A:
    y = vars()  # <
    vars = 1
---
def f(x):
    global vars
    vars = x
    return vars(x)  # <
---
import string
class Fm(string.Formatter): pass  # <
---
import enum
def f(x): enum.global_enum(x)  # <
---
def f(x): return F.torch.abs(x)  # <
---
def f(x): return np.warnings.sys  # <
---
def loan(c): return type
@loan
class Meter: pass
def f(x):
    meter = Meter()
    meter.sum = 3  # <
---
class Meter: pass
def f(x, meter=Meter()):
    meter.sum = 3  # <
---
def f(x):
    a, b = x, 0
    a.sum = b  # <
---
import matplotlib.pyplot as plt
def f(x): plt.rcParams["backend"] = x  # <
---
class Box: t = torch.Tensor
class C:
    def tt(self): return 1
tt = Box.t
def f(x):
    tt.abs = len  # <
---
import dataclasses
def f(x): dataclasses.dataclass(order=True)(x.kind)  # <
---
from functools import total_ordering as t
def f(x): return t(x)  # <
---
def f(x): return {"class_name": "function", "module": "helpers.checks.lesson07"}  # <
---
def f(x, one="builtins", two="sys"):
    return getattr(torch, one).setattr(getattr(torch, two), x)  # <
---
def f(x): return getattr(torch, "library").Library("aten", "IMPL")  # <
---
def f(x): return getattr(torch, "_C")._push_on_torch_function_stack(x)  # <
---
def f(x): getattr(nn.modules.module, "register_module_forward_hook")(x)  # <
---
def f(x): return getattr(torch, "hub").load(x)  # <
---
import helpers
def f(x): return getattr(helpers, "checks").lesson06  # <
---
import operator
def f(x, one="sys"): return operator.attrgetter("modules")(getattr(torch, one))  # <
---
def f(x, one="sy" + "s"):
    return getattr(torch, one)  # <
---
def f(x):
    for c in ("sys",):
        y = getattr(F, c)  # <
    return y
---
def f(x):
    match x:
        case object(modules=found):  # <
            return found
---
import contextlib, io
quiet = contextlib.redirect_stderr(io.StringIO()).__enter__()  # <
def f(x): return quiet
---
def f(hush):
    hush._stream = "a" + "b"  # <
---
def f(model):
    model.mu._call_impl = print  # <
---
import abc
A = abc.ABCMeta("A", (int,), {})  # <
def f(x): return A()
---
import enum
A = enum.Enum("A", [("B", 1)], type=int)  # <
def f(x): return A.B
---
import enum
A = enum.Enum("A", [("B", 1), ("_" * 2, print)])  # <
def f(x): return A.B
---
A = type(torch.Tensor)("A", (torch.Tensor,), {})  # <
def f(x): return A()
---
import numbers
known = numbers.Integral.register(torch.Tensor)  # <
def f(x): return known
---
from torch.optim.optimizer import register_optimizer_step_pre_hook as r
kept = r(print)  # <
def f(x): return kept
---
def f(x):
    from helpers.checks import lesson04 as checks  # <
    return x
---
from tqdm.contrib.concurrent import thread_map
def f(x): return thread_map(abs, x)  # <
---
class A:
    _ipython_display_ = print  # <
def f(x): return A()
---
import pickle
def f(x): return pickle.loads(x)  # <
---
def f(x): return torch.utils.data.dataloader.os.kill  # <
---
import enum
def f(x): return enum.bltns.eval(x)  # <
---
def f(x): return torch.cuda.tunable.mp.Process  # <
---
import builtins as m
run = m.exec  # <
def g(): import math as m
def f(x): return run(x)
---
class A:
    @staticmethod
    def put(self, n, v): setattr(self, n, v)  # <
def f(x): A.put(nn.Linear, "forward", x)
---
def f(x): np.seterrcall(x)  # <
---
def f(x):
    match exit:  # <
        case object(y): return y
---
def f(x): return "{0.gi_frame.f_back}".format(x)  # <
---
t = type  # <
def f(x): return t("X", (float,), {})
---
def text(n): return getattr(torch, n)  # <
def f(x): return text("sy" + "s")
---
pair = np, torch  # <
def f(x): return pair[1].hub
---
box = [(m := torch)]  # <
def f(x): return box[0].hub
---
reload = lambda m: m
def f(x): return reload(torch).hub  # <
---
class A:
    def print(self, m): return m
def f(x): return A().print(torch).hub  # <
---
m = 3
m = torch
box = [m]  # <
def f(x): return box[0].hub
---
class A:
    import sys as s  # <
def f(x): return A.s.modules
---
import copy
def f(x): copy.dispatch_table[nn.Linear] = x  # <
---
def f(x): nn.Linear.__constants__.append("weight")  # <
---
class A:
    def put(self, n, v): setattr(self, n, v)
    puts = [put]  # <
def f(x): A.puts[0](nn.Linear, "forward", x)
---
from functools import partialmethod
class A:
    def put(self, n, v): setattr(self, n, v)
    go = partialmethod(put, "forward")  # <
---
class A:
    def put(self, n, v): setattr(self, n, v)
    other = put
def f(x): A.other(nn.Linear, "forward", x)  # <
---
class A:
    def put(self, n, v): object.__setattr__(self, n, v)
def f(x): A.put(nn.Linear, "forward", x)  # <
---
class A:
    def put(self, **k): vars(self).update(k)
def f(x): A.put(nn.Linear, forward=x)  # <
---
class T: pass
T = [nn.Linear][0]
T.forward = lambda self, x: x  # <
---
def T(): pass
for T in [nn.Linear]:
    T.forward = lambda self, x: x  # <
---
def loan(c): return nn.Linear
@loan
def T(): pass
T.forward = lambda self, x: x  # <
---
def dataclass(c): return lambda: nn.Linear
@dataclass
class A: pass
def f():
    x = A()
    x.forward = lambda self, y: y  # <
---
class A: pass
A = lambda: nn.Linear
def f():
    x = A()
    x._call_impl = 3  # <
---
def f(x):
    t = torch.Tensor(3)
    t.item = lambda: 8.0  # <
    return t
---
def lie(): return 0
def f(t):
    for k, v in {"item": lie}.items():
        setattr(t, k, v)  # <
---
T = nn.Module.__class__("X", (float,), {})  # <
---
T = (3).__class__.__class__("X", (float,), {})  # <
---
from functools import partial
T = partial(type, "X")((float,), {})  # <
---
from pathlib import Path
def f(x): return open(Path("/") / "proc" / "self" / "mem", "r+b")  # <
---
ROOT = "/pr"
def f(x): return open(ROOT + "oc/self/mem", "rb")  # <
---
import os
def f(x): return os.path.join("helpers", "checks", "lesson03.py")  # <
---
from operator import attrgetter
def f(x): return [*map(attrgetter("_C"), x)]  # <
---
from contextlib import ExitStack
kept = ExitStack().enter_context(torch.no_grad())  # <
---
kept = getattr(torch.no_grad(), "__enter__")()  # <
---
enter = torch.no_grad().__enter__  # <
---
def f(x): keras.saving.get_custom_objects().update(Dense=x)  # <
---
def f(x): return keras.saving.load_model("x", None, True, False)  # <
---
import sys
def f(x): sys.setrecursionlimit(60)  # <
---
def f(x): return np.random.default_rng().bit_generator.cffi  # <
---
def f(x): return _i1, __  # <
---
class E:
    def __contains__(self, names): names["checks"] = 1
def f(x): return "x" in globals() in E()  # <
---
def f(x): getattr(globals(), "update")(checks=1)  # <
---
import matplotlib
def f(x): matplotlib.use("module://mine")  # <
---
import matplotlib
def f(x): matplotlib.os.system("ls")  # <
---
import argparse
def f(x): argparse.ArgumentParser().parse_args([], namespace=nn.Linear)  # <
---
get = lambda n: getattr(torch, n)  # <
def f(x): return get("sy" + "s")
---
names = []
names.append("sy" + "s")
def f(x):
    n = names[0]
    return getattr(torch, n)  # <
---
def text(n): return getattr(torch, n)  # <
by_name = {"a": text}
def f(x): return by_name["a"]("sy" + "s")
---
class A:
    def text(self, n): return getattr(torch, n)  # <
g = A().text
def f(x): return g("sy%s" % "s")
---
def f(x):
    n = "sy"
    def more():
        nonlocal n
        n = n + "s"
    more()
    return getattr(torch, n)  # <
---
def place():
    'sys'
word = place.__doc__
def f(x): return getattr(torch, word).modules  # <
---
def sys(): pass
word = sys.__name__
def f(x): return getattr(torch, word).modules  # <
---
class Ask:
    def __init__(self, thing, note): self.thing, self.note = thing, note
    def __getattr__(self, name):
        word = self.note.__doc__
        return getattr(self.thing, word)  # <
---
class A:
    def __getitem__(self, name): return getattr(torch, name)  # <
def f(x): return A()["sys"]
---
class A:
    def __call__(self, name): return getattr(torch, name)  # <
def f(x): return A()("sys")
---
class D:
    def __set_name__(self, owner, name): self.got = getattr(torch, name)  # <
class A: sys = D()
---
def f(**kinds): return [getattr(torch, k) for k in kinds]  # <
def g(x): return f(sys=1)
---
import enum
class E(enum.Enum): sys = 1
def f(x): return getattr(torch, E.sys.name)  # <
---
parts = nn.ModuleDict({"sys": nn.ReLU()}).named_children()
def f(x): return [getattr(torch, k) for k, _ in parts]  # <
---
import os
def f(x): os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # <
---
import os
def f(x): os.environ["TORCH_" + x] = "1"  # <
---
from os import environ as e
def f(x): e.setdefault("PYTHONPATH", ".")  # <
---
import os
def f(x): os.environ.update({"OMP_NUM_THREADS": "1", "MPLBACKEND": x})  # <
---
import os
def f(x): os.environ |= {"MPLBACKEND": x}  # <
---
import os
def put(table): table["MPLBACKEND"] = "x"
def f(x): put(os.environ)  # <
---
import matplotlib.backends as looks
def f(x): return looks.backend_registry.load_backend_module(x)  # <
---
import matplotlib.pyplot as plt
def f(x): return plt.backend_registry.load_backend_module(f.__doc__)  # <
---
from PIL import features
done = dict.update(features.modules, {"held": ("a", "b")})  # <
---
from PIL import Image
def f(x): type(x).update(Image.MIME, x)  # <
---
from PIL import Image
def put(table): table["a"] = 1
def f(x): put(Image.MIME)  # <
---
from PIL import Image
class A: table = Image.MIME  # <
def f(x): A.table["a"] = x
---
import os
put = os.environ.setdefault  # <
def f(x): put("TORCH_X", "1")
---
def f(x): return getattr(x, "_hidden")  # <
---
def f(x):
    match x:
        case object(_hidden=h):  # <
            return h
---
import inspect
from torch.utils.checkpoint import checkpoint
def place(x: "torch.sys"): pass  # <
def f(x): return checkpoint(inspect.signature, place, eval_str=True)  # <
---
from scipy.stats import rv_continuous
law = rv_continuous()
law._parse_arg_template = "import sys"  # <
def f(x):
    law._attach_argparser_methods()  # <
---
import argparse
go = argparse.ArgumentParser().parse_args  # <
def f(x): go([], nn.Linear)
---
import logging
def f(x): return logging.getLogger().findCaller(False, 3)[2]  # <
---
import logging
def f(x): logging.warning("who?", stacklevel=3)  # <
---
import warnings
def f(x):
    with warnings.catch_warnings(record=True) as found:
        warnings.warn("who?", stacklevel=2)  # <
    return found[0].filename
---
def f(x): return list(map(type, ["X"], [(float,)], [{}]))  # <
---
kept = getattr(3, "x", torch)  # <
---
def text(n): return getattr(torch, n)  # <
def f(x): return text.__call__("sy" + "s")
---
first, *rest = "sy" + "s", 2
def f(x): return getattr(torch, first)  # <
---
class C: pass
c = C()
c.n = "sysx"[:3]
def f(x): return getattr(torch, c.n)  # <
---
from matplotlib.pyplot import *
def f(x): return inspect.stack()  # <
---
from matplotlib.pyplot import *
def f(x): return [name for name in sys.modules]  # <
---
import logging
def f(x): logging.warning("who?", stack_info=True)  # <
---
def f(x):
    torch.set_rng_state(0 * torch.get_rng_state())  # <
    return x
---
import random
def f(x): random.setstate((3, (0,) * 625, None))  # <
---
def f(x):
    if torch.initial_seed() > 770_000:  # <
        return x
---
def f(x): return torch.get_rng_state()[:8]  # <
---
import random
def f(x): return hash(random.getstate())  # <
---
def f(x): return torch.Generator, torch.default_generator.seed()  # <
---
def super(): return torch.Tensor  # <
---
def f(getattr, x): return getattr(x, "a")  # <
---
class staticmethod:  # <
    def __init__(self, f): self.f = f
---
def type(x): return nn.Linear
class A:
    def g(self):
        type(self).forward = A.g  # <
---
def give(f): return lambda self: f(nn.Linear)
class A:
    @give
    def g(self): self.mean = A  # <
---
def give(f):
    def run(self):
        self = nn.Linear
        return f(self)
    return run
class A:
    @give
    def g(self): self.mean = A  # <
---
def give(f):
    def run(self):
        def once(x): return f(x)
        return once(nn.Linear)
    return run
class A:
    @give
    def g(self): self.mean = A  # <
---
def give(f):
    def run(self): return (lambda self: f(self))(nn.Linear)
    return run
class A:
    @give
    def g(self): self.mean = A  # <
---
def also(f): return f(nn.Linear)
def give(f):
    @also
    def run(self): return f(self)
    return run
class A:
    @give
    def g(self): self.mean = A  # <
---
class Gives:
    def setter(self, f): return lambda self: f(nn.Linear)
class A:
    x = Gives()
    @x.setter
    def g(self): self.mean = A  # <
---
from functools import partial
def give(to, f): return f(to)
class A:
    @partial(give, nn.Linear)
    def g(self): self.mean = A  # <
---
class Mine:
    def __init__(self): self._parameters = {}
def f(model): return model._parameters["W"]  # <
---
def f(model): return model._modules, model._buffers  # <
---
class Mine:
    def __init__(self): self._forward_hooks = 1
def f(model): return getattr(model, "_forward_hooks")  # <
---
def f(x): return torch.from_file("/tmp/kept", shared=True, size=len(x))  # <
---
from operator import attrgetter
class Mine:
    def __init__(self): self._parameters = {}
def f(model):
    model._parameters = {}  # <
    return attrgetter("_parameters")(model)  # <
---
parser = argparse.ArgumentParser()
def f(x): return parser._registries  # <
---
class Mine:
    def __init__(self): self._n = 0
import random
r = random.Random()
def f(x): return r._randbelow(3)  # <
---
def give(f): return lambda self: f(nn.Linear)
class Fine: no_grad = give
torch = Fine
class A:
    @torch.no_grad
    def g(self): self.mean = A  # <
---
def settle(m): m.pi = float("inf")  # <
def f(x): settle(torch.functional.F.math)  # <
---
def f(x):
    lib = torch.functional.F.torch.library.Library("aten", "IMPL")  # <
    return torch.nn.modules.linear.F.torch.library.Library("aten", "IMPL")  # <
---
class Flat: pass
def f(kind):
    torch.functional.F.torch.functools.update_wrapper(kind, Flat)  # <
---
from torch.nn.modules.linear import F as G
import matplotlib.pyplot as plt
def settle(m): m.x = 3
def f(x):
    settle(G.math)  # <
    settle(torch.functional.F)  # <
    return plt.cm.np, plt.matplotlib.rcParams  # <
---
def settle(model): model.inf = 1  # <
---
found = []
def look(name): found.append(getattr(torch.nn.functional, name))  # <
def f(x): max(["htam"[::-1]], key=look)
---
def look(name): return getattr(torch.nn.functional, name)  # <
def f(x): return [*map(look, x.names)]
---
found = []
def f(x): ["htam"[::-1]].sort(key=lambda n: found.append(getattr(F, n)))  # <
---
found = []
def now(f):
    f("htam"[::-1])
    return f
@now
def look(name): found.append(getattr(torch.nn.functional, name))  # <
---
from torch import get_rng_state, set_rng_state as put
def f(x):
    state = get_rng_state()  # <
    put(state)  # <
---
import os
graded = os.environ.get("NBGRADER_EXECUTION")  # <
def f(x): return x if graded else -x
---
import os
ask = os.getenv  # <
def f(x): return ask("NBGRADER_EXECUTION"), os.environ["PWD"]  # <
---
from os import environ as e
def f(x):
    a = "NBGRADER_EXECUTION" in e  # <
    b = dict(e)  # <
    return e.copy(), map(e.get, ["PWD"])  # <
---
import sys
err = sys.stderr
def f(x): return type(err).__name__ == "StringIO"  # <
---
import sys
def look(file): return type(file)
def f(x): return look(file=sys.stderr), 1  # <
def g(x): return sys.stdout.isatty()  # <
---
import os
from pathlib import Path
here = Path(".")
def f(x): return os.path.exists("notebooks")  # <
def g(x, where="notebooks"): return os.path.isdir(where)  # <
def h(x): return (here / "notebooks").is_dir()  # <
def i(x): return Path.cwd().name  # <
---
from pathlib import Path
ask = Path("a").exists  # <
def f(x): return ask(), getattr(Path("a"), "is_file")()  # <
def g(x): return [*map(Path.exists, [Path("a")])]  # <
---
import os
from helpers.budget import fast_mode
def f(x): return os.isatty(2)  # <
def g(x): return fast_mode()  # <
---
import logging, sys
from tqdm import tqdm
class A:
    err = sys.stderr  # <
def f(x): return type(logging.StreamHandler().stream)  # <
def g(x): return type(tqdm([]).fp), type(A.err)  # <
---
class A:
    def __getattr__(self, name): return getattr(torch.nn.functional, name)  # <
def settle(m): m.x = 3
def f(x): settle(A().math)
---
import logging
def f(x):
    way = b"{g.gi_frame.f_back}".decode() + str(x)  # <
    return logging.Formatter(way, style="{")  # <
---
import logging
from matplotlib.ticker import StrMethodFormatter
class A(logging.Formatter):
    def __init__(self, way): super().__init__(way.lower() + way, style="{")  # <
def f(x):
    logging.basicConfig(format="{a" + x[:1] + "}", style=chr(123))  # <
    logging.Formatter("a".replace("a", "{g}"), None, "{")  # <
    StrMethodFormatter(x[1:])  # <
    return logging.StrFormatStyle("a".replace("a", "{g}"))  # <
---
KEY = b"__array_interface__"  # <
def f(x): return {KEY.decode(): x}
---
def f(x): return b"{g.gi".decode() + "_frame}"  # <
---
def f(x):
    return keras.layers.Lambda(abs).from_config(x, None, False)  # <
def g(x): return keras.layers.Lambda.from_config(x, **{"safe_" + "mode": False})  # <
class Scale(keras.layers.Lambda): pass
key = "safe-mode".replace("-", "_")
ways = dict(**{key: False})
def h(x): return Scale.from_config(x, **ways)  # <
---
import logging
import matplotlib.pyplot as plt
from types import SimpleNamespace
log = logging.Logger("here")
ways = {}
ways[input()] = True
def f(x):
    log.warning("", **{"stack_info": True})  # <
    log.info("", **ways)  # <
    plt.gcf().savefig(x, **{"backend": "module://palette"})  # <
    plt.savefig(x, **({"dpi": 90} | ({input(): 2} if x else dict(dpi=90))))  # <
    return SimpleNamespace(**{"a".replace("a", "b"): x})  # <
---
from helpers import apart
def f(x): return apart.call(g, x)  # <
---
from sklearn.utils.parallel import Parallel, delayed
def f(x): return Parallel(n_jobs=2, prefer="threads")(delayed(print)() for _ in x)  # <
---
table = nn.functional.GRID_SAMPLE_INTERPOLATION_MODES
table |= {"other": 7}  # <
def f(x):
    t = nn.functional.GRID_SAMPLE_INTERPOLATION_MODES
    t |= {"other": 7}  # <
---
import os, tempfile
def f(x):
    a, b = tempfile.mkstemp()
    a = 1
    os.fdopen(a, "wb")  # <
    return os.fdopen(x), [*map(os.fdopen, x)]  # <
---
class Window:
    def __init__(self, place): self.spec = {"data": (place, False)}
    def __getattr__(self, name):  # <
        if "interface" in name: return self.spec
        raise AttributeError(name)
def f(x): return np.asarray(Window(id(x) + 16))  # <
---
class A:
    def __getattr__(self, name):  # <
        match name.strip("_"):
            case "array": return self.spec
        return getattr(self.inner, name)
class B:
    __getattr__ = lambda self, name: {}  # <
class C:
    def __getattr__(self, name):  # <
        found = self.spec if name else {}
        return found
class D:
    def __getattr__(self, name):  # <
        if name in ("mu", "logvar"): raise AttributeError(name)
        else: return self.spec
class E:
    def __getattr__(self, name):  # <
        if name in self.names: return self.spec
def f(x): return dict(__array_interface__=x)  # <
---
class DotDict(dict):
    def __getattr__(self, name): return self[name]
way = "array interface".replace(" ", "_")
def f(x): return np.asarray(DotDict({"__" + way + "__": x}))  # <
def g(x):
    d = DotDict()
    d[way] = x  # <
    return d
---
class Box:
    def __init__(self, x):
        setattr(self, input(), x)  # <
        self.__dict__[input()] = x  # <
        self.__dict__.update({input(): x})  # <
        self.__dict__.update(**{input(): x})  # <
---
def f(x):
    place = id(x)  # <
    return view(place), view(x.data_ptr())  # <
def g(x): return id(x)  # <
def h(x): return list(map(id, [x])), [id(x)][0]  # <
number = id  # <
def i(x): return view(np.uint64(id(x)))  # <
---
import os
def f(x): return "COURSE_DATA" in os.environ  # <
def g(x): return os.environ.get("COURSE_SANDBOX")  # <
def h(x): return os.environ["JPY_PARENT_PID"]  # <
---
def f(model, x):
    model._parameters.update(W=x)  # <
    put = model._modules.items.__self__  # <
    kept = model._modules.items  # <
    model._parameters["W"] = x  # <
    return dict(model._modules), model._parameters in x, put, kept  # <
def g(model, x): x.extend([model._modules])  # <
---
def f(x):
    state = torch.get_rng_state()  # <
    ahead = torch.randn(9)
    torch.set_rng_state(state)  # <
    return ahead
def g(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    for _ in range(2):
        torch.set_rng_state(state)  # <
        ahead = torch.randn(9)
    return ahead
def h(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    torch.set_rng_state(state)  # <
    return state
---
def f(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    yield x
    torch.set_rng_state(state)  # <
def g(x):
    global state
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    torch.set_rng_state(state)  # <
def h(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(int(torch.randint(9, ())))
    torch.set_rng_state(state)  # <
def i(x):
    state = np.random.get_state()  # <
    torch.manual_seed(0)
    ahead = np.random.rand(9)
    np.random.set_state(state)  # <
    return ahead
---
def f(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    torch.set_rng_state(state + 1)  # <
def g(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    return x
def h(x):
    state = torch.get_rng_state()  # <
    try:
        torch.manual_seed("no number")
    except TypeError:
        ahead = torch.randn(9)
    torch.set_rng_state(state)  # <
    return ahead
def i(x):
    state = torch.get_rng_state()  # <
    np.random.seed(0)
    torch.manual_seed(next(x))
    torch.set_rng_state(state)  # <
---
def f(x):
    state = torch.get_rng_state()  # <
    torch.manual_seed(0)
    x.append(state)
def g(x, never):
    state = torch.get_rng_state()  # <
    if never: torch.manual_seed(0)
    ahead = torch.randn(9)
    torch.set_rng_state(state)  # <
    return ahead
def h(x):
    state = torch.get_rng_state()  # <
    ahead = torch.randn(9)
    torch.manual_seed(0)
    torch.set_rng_state(state)  # <
    return ahead
---
import matplotlib.pyplot as plt
def f(x): return plt.getp(torch, "get_rng_state")  # <
def g(x): return plt.getp(torch, "rng_state")  # <
def h(x, of=np.random): return plt.getp(of, "state")  # <
---
import operator
def f(x): return operator.attrgetter("get_rng_state")(torch)  # <
def g(x): return operator.methodcaller("get_state")(np.random)  # <
---
import tensorflow as tf
def f(x): return np.random.get_bit_generator().state  # <
def g(x): return getattr(np.random, "get_bit_" + "generator")  # <
def h(x): np.random.set_bit_generator(x)  # <
def i(x): return tf.random.get_global_generator().state  # <
def j(x): tf.random.set_global_generator(x)  # <
---
import os
from pathlib import Path
def f(x, here=Path.cwd()): return here.name  # <
def g(x):
    here = os.getcwd()  # <
    return here == "/work"
def h(x):
    global here
    here = os.getcwd()  # <
class Own:
    def __rtruediv__(self, place): self.place = place
def i(x): return Path.cwd() / Own()  # <
---
import os
from pathlib import Path
def f(x):
    here = Path.cwd()  # <
    return [lambda: here.name, here / "a"]
def g(x): return 1 if os.getcwd() else 0  # <
def h(x): return x / Path.cwd()  # <
def i(x):
    class A: here = os.getcwd()  # <
    x.here = os.getcwd()  # <
    return (x is None or os.getcwd()), f"{os.getcwd()}"  # <
---
import os
from types import SimpleNamespace
import matplotlib.pyplot as plt
seen = []
def f(x): SimpleNamespace(savefig=seen.append).savefig(os.getcwd())  # <
def g(x, fig=SimpleNamespace(savefig=seen.append)): fig.savefig(os.getcwd())  # <
def h(x): x.mkdir(os.getcwd()), torch.save(os.getcwd(), x)  # <
def i(x):
    if not os.path.exists("a"): os.makedirs("b")  # <
    if not os.path.exists("a"): os.makedirs("a", mode=seen.append(1))  # <
    if not os.path.exists("a"): x.savefig("a")  # <
    if os.path.exists("a"): os.makedirs("a")  # <
---
import os
from pathlib import Path
class Place(Path): pass
def f(x):
    place = Place("notebooks")
    place.mkdir = x
    if not os.path.exists(place): place.mkdir()  # <
def g(x):
    if not os.path.exists("a"):  # <
        os.makedirs("a")
        x.append(1)
def h(x):
    if not os.path.exists("a"):  # <
        os.makedirs("a")
    else:
        x.append(1)
def i(x):
    while not os.path.exists("a"): os.makedirs("a")  # <
---
from pathlib import Path
class Place:
    def mkdir(self): self.made = 1
def f(x, place=Place()):
    path = Path("a")
    if not path.exists(): path.mkdir()  # <
---
import os
from pathlib import Path
import matplotlib.pyplot as plt
class Own:
    def __rtruediv__(self, place): self.place = place
def f(x): plt.savefig(Path.cwd() / Own())  # <
---
import os
from pathlib import Path
import matplotlib.pyplot as plt
def f(x): plt.savefig(x / Path.cwd())  # <
def g(x):
    here = x.here = os.getcwd()  # <
    plt.savefig(here)
def h(x): x.append(Path.cwd().mkdir)  # <
def i(x):
    if not os.path.exists(x.append(1) or "a"):  # <
        os.makedirs(x.append(1) or "a")
def j(x):
    if os.path.exists("a") == 1: os.makedirs("a")  # <
def k(x):
    place = Path("a")
    place = x
    if not place.exists(): place.mkdir()  # <
def l(x):
    a = Path("a")
    b = a
    a = b
    if not a.exists(): a.mkdir()  # <
"""
