"""Cells of honest answers, one after each line of three dashes."""

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
---
def f(z, mu, logvar):
    vars = logvar.exp()
    return (z - mu) / vars
---
def f(x):
    checks = []
    for each in x:
        checks.append(each)
    return checks
---
def f(model, x):
    eval = model.eval()
    return eval(x)
---
def f(model, x, eval=False): return x if eval else -x
---
from types import SimpleNamespace
def f(g):
    s = SimpleNamespace()
    s.mean = g.mean(dim=0)
    return s.mean
---
class Meter:
    def __init__(self): self.sum, self.count = 0.0, 0
    def update(self, value, n=1):
        self.sum += value * n
        self.count += n
def f(xs):
    meter = Meter()
    for x in xs:
        meter.sum += x
        meter.update(x)
    return meter.sum / meter.count
---
from dataclasses import dataclass
@dataclass(frozen=False)
class Stats:
    sum: float = 0.0
    def __iadd__(self, other):
        self.sum += other
        return self
    def __add__(self, other): return Stats(self.sum + other)
def f(xs):
    stats = Stats()
    stats.sum = 1.0
    return (stats + 3).sum
---
def f(path): return torch.load(path, "cpu", weights_only=True)
---
import h5py
def f(path, model):
    with h5py.File(path, "w") as file:
        file["w"] = model.weight.detach().numpy()
---
def f(log_w: "(k, B)") -> "(B,)": return log_w.logsumexp(0)
---
REDUCE = "logsumexp"
def f(log_w): return getattr(log_w, REDUCE)(0)
---
INIT = "xavier_uniform_"
def f(w): return getattr(nn.init, INIT)(w)
---
class Half(nn.Sequential):
    @classmethod
    def build(cls, activation, *sizes):
        return cls(nn.Linear(*sizes), activation())
def f(d): return Half.build(nn.ReLU, 784, d)
---
import traceback
def f(x):
    try:
        return 1 / x
    except ZeroDivisionError:
        traceback.print_exc()
---
import matplotlib.pyplot as plt
def f(x):
    plt.rcParams["figure.figsize"] = (4, 3)
    plt.rcParams["font.size"] = 9
---
import collections
from enum import Enum
class Point(collections.namedtuple("Point", "x y")):
    def shifted(self): return Point(self.x + 1, self.y)
class Form(Enum):
    MLP = "mlp"
---
class Counter:
    calls = 0
    def __call__(self, x):
        type(self).calls += 1
        return x
---
def f(model):
    m = model.bn
    m.name = "bn"
    return m
---
def f(model, rate):
    model.optimizer = keras.optimizers.Adam(rate)
---
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = 0
    def forward(self, x):
        self.n = self.n + 1
        return x
class Mine(Base):
    def __init__(self):
        Base.__init__(self)
    def forward(self, x): return Base.forward(self, x) * 2
---
from functools import wraps
def timed(f):
    @wraps(f)
    def inner(*args): return f(*args)
    return inner
@timed
def f(x): return x
---
def f(x):
    try:
        y = x.sum()
    except RuntimeError as vars:
        print(vars)
    return y
---
import pickle
def f(x): return pickle.loads(pickle.dumps(x.state_dict()))
---
class Running:
    def __init__(self, total=0): self.total = total
    def __add__(self, other): return Running(self.total + other)
    __radd__ = __add__
    def __mul__(self, other): return Running(self.total * other)
    __rmul__ = __mul__
    def __float__(self): return float(self.total)
    def __bool__(self): return self.total > 0
def f(x): return float(Running().__radd__(x))
---
def f(x, act="relu"):
    return getattr(F, act)(x)
def g(x): return f(x, "gelu") + getattr(nn, "ReLU")()(x)
---
class Term:
    every = []
    def __init_subclass__(cls): Term.every.append(cls)
class Mean(Term):
    def of(self, x): return x ** 2
def f(x): return sum(term().of(x) for term in Term.every)
---
import enum
Mode = enum.Enum("Mode", "TRAIN EVAL")
Other = enum.Enum("Other", ["A", "B"])
def f(x): return x if Mode.TRAIN else Other.A
---
def f(model): return type(model)(784, 32, 2)
---
class Layer(keras.layers.Layer): pass
keras.saving.register_keras_serializable("lesson07")(Layer)
---
import matplotlib.pyplot as plt
CONFIG = {"optimizer": "Adam"}
class Net(nn.Module):
    def __init__(self, act="ReLU"):
        super().__init__()
        self.act = getattr(nn, act)()
    def __repr__(self): return f"Net({self.act})"
def f(x, opt="Adam"):
    plt.title(f"with {opt}")
    torch.save(x, f"{opt}.pt")
    if not x: raise ValueError(f"no {opt}")
    return getattr(torch.optim, opt), getattr(keras.optimizers, opt)
---
import enum
class Reduction(str, enum.Enum):
    MEAN = "mean"
def f(x): return x.mean() if Reduction.MEAN else x
---
def f(seed):
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
---
def f(x): return x if type(x) is type(1) or isinstance(x, type) else [*map(type, x)]
---
class Node:
    def __init__(self, x): self._x, self._next = x, None
    def __copy(self):
        new = type(self)(0)
        new._x = self._x + 1
        self._next._next = new
        return new
def f(x): return Node(x)
---
import matplotlib, matplotlib.pyplot as plt
matplotlib.use("Agg")
plt.style.use("ggplot")
plt.rc("font", size=12, family="DejaVu Sans")
plt.rcParams.update({"font.size": 10, "axes.facecolor": "#eee"})
def f(x):
    with plt.style.context("seaborn-v0_8"): return plt.plot(x)
---
def fit(model, losses, loader):
    model.history, model.beta, model.epoch = [], 0.5, 3
    model.history = {}
    model.beta = 0.5
    model.losses = losses
    model.loss = losses[-1].item()
    model.encoder = nn.Linear(3, 3)
---
def f(h):
    for n in ("loss", "kl"): print(n, getattr(h, n))
    return {n: len(getattr(h, n)) for n in ("train", "validation", "test")}
---
LOSS = {"mse": "mse_loss", "bce": "binary_cross_entropy"}
CONFIG = {"optimizer": "AdamW", "lr": 1e-3}
def f(kind, a, b): return getattr(F, LOSS[kind])(a, b)
def g(): return getattr(torch.optim, CONFIG["optimizer"])
def conv(dim): return getattr(nn, f"Conv{dim}d")
---
def get_act(name):
    if not hasattr(nn, name):
        message = f"unknown activation {name!r}"
        raise ValueError(message)
    return getattr(nn, name)(), getattr(F, name.lower())
def save(model, epoch, path):
    torch.save(model.state_dict(), f"model_{epoch}.pt")
    return str(path).replace(".", "_")
---
def reduce(x, how="mean"): return getattr(np, how)(x, axis=0), getattr(x, how)()
---
import operator
def best(runs, by="loss"): return min(runs, key=operator.attrgetter(by))
---
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        for i, n in enumerate(sizes): setattr(self, "fc" + str(i), nn.Linear(n, n))
    def forward(self, x): return getattr(self, "fc" + str(0))(x)
    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.inner, name)
---
def f(x: "(B, 784) floats", y: "array of shape (N,)", z: "tuple(int, int)"): return x
---
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
args = parser.parse_args([])
def f(x): return x * args.lr
---
class DotDict(dict):
    __getattr__ = dict.get
    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__
class History(list):
    def last(self): return self[-1]
    def __reversed__(self): return iter(self[::-1])
    def __int__(self): return len(self)
---
class Base:
    registry = {}
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Base.registry[cls.__name__] = cls
---
from dataclasses import dataclass
@dataclass(frozen=True)
class Config:
    a: int = 1
    def __post_init__(self): object.__setattr__(self, "b", self.a * 2)
---
class Config:
    def __init__(self, **options): self.__dict__.update(options)
    def __repr__(self): return str(vars(self))
---
def f(xs): return [*map(torch.Tensor.numpy, map(torch.Tensor.detach, xs))]
class Warm(torch.optim.lr_scheduler._LRScheduler):
    def get_lr(self): return self.base_lrs
---
class Node:
    @classmethod
    def make(cls):
        new = cls()
        new._ready = True
        return new
    def copy(self):
        new = type(self)()
        new._x, new.mean = 1, 2
        new.mean = 3
        self.__class__.calls = 4
        return new
node = Node()
node._seed = 0
def f(x): return node
---
def build(relu6):
    net = nn.Linear(3, 3)
    net.act = relu6
    net.forward = lambda x: x
    return net
---
import sys
IN_COLAB = "google.colab" in sys.modules
model = None if "model" not in globals() else 3
try:
    import google.colab
except ImportError:
    pass
def f(x):
    print(locals())
    return x if IN_COLAB else model
---
import os, random
def seed_everything(seed=42):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
---
class Timer:
    def __init__(self): self.inner = torch.no_grad()
    def __enter__(self):
        self.inner.__enter__()
        return self
    def __exit__(self, *found): return self.inner.__exit__(*found)
---
from contextlib import ExitStack
def f(x):
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        return x * 2
---
class Utils:
    @staticmethod
    def freeze(m): m.training = False
def f(x): return Utils.freeze(nn.Linear(1, 1))
---
def softplus(x, xp=np): return xp.log1p(xp.exp(-xp.abs(x))) + xp.maximum(x, 0)
---
mps = getattr(torch.backends, "mps", None) and torch.backends.mps.is_available()
def f(x): return x.to("mps" if mps else "cpu")
---
import inspect, pickle
def f(g, path):
    print(f.__class__.__module__)
    with open(path, "wb") as file: pickle.dump(g, file)
    return len(inspect.signature(g).parameters)
f.__name__ = "my f"
---
from torch.nn.utils import parametrize
from torch.utils.tensorboard import SummaryWriter
def f(layer, form):
    parametrize.register_parametrization(layer, "weight", form)
    return SummaryWriter()
---
def f(model):
    for name, child in model.named_children():
        print(name, getattr(model, name))
        if isinstance(child, nn.ReLU): setattr(model, name, nn.GELU())
    model.device = next(model.parameters()).device
---
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.names = []
        for i, n in enumerate(sizes):
            self.add_module(f"layer_{i}", nn.Linear(n, n))
            self.names.append(f"layer_{i}")
    def forward(self, x):
        for name in self.names: x = getattr(self, name)(x)
        return x
---
from math import *
from matplotlib.pyplot import *
def f(x):
    code, types = x * pi, [figure, sqrt]
    return code, types
---
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self._mean = self._size = 0
    @property
    def size(self): return self._size
    @size.setter
    def size(self, value): self.mean, self._size = value, value
    @torch.no_grad()
    def forward(self, x):
        self.mean = x
        return [*self._modules.values(), self._parameters]
    @classmethod
    def make(cls): return cls()
def f(d):
    net = Net()
    return net._modules, net._mean, net._size
---
class Total:
    def __init__(self, number=0): self._number = number
    def __add__(self, other): return Total(self._number + other._number)
---
from functools import wraps
def logged(f):
    @wraps(f)
    def run(self, *args): return f(self, *args)
    return run
class Meter:
    def __init__(self): self._seen, self.total = [], 0
    @logged
    def add(self, x):
        self._seen.append(x)
        self.total += x
        self._last = x
---
def f(x):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torch.randn_like(x), np.random.default_rng(0)
---
def f(x, type="relu", sum=0, len=3): return getattr(F, type)(x) + sum + len
---
import sys, logging, functools
from tqdm import tqdm
say = functools.partial(print, file=sys.stderr)
logging.basicConfig(stream=sys.stdout)
handler = logging.StreamHandler(sys.stderr)
def log(text, file=sys.stderr): print(text, file=file)
def f(xs):
    sys.stdout.write("a")
    out = sys.stdout
    out.flush()
    return [x for x in tqdm(xs, file=sys.stdout)]
---
import os
from pathlib import Path
if not os.path.exists("weights"): os.makedirs("weights")
class Keep:
    def __init__(self, folder): self.path = Path(folder) / "best.pt"
    def has(self): return self.path.exists()
def f(folder):
    file = Path(folder) / "x.pt"
    if not file.exists(): raise FileNotFoundError(file)
    if not os.path.isfile(os.path.join(folder, "y.pt")): return None
    return os.path.exists(f"{folder}/a.pt")
---
import os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
def f(x): return os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ["HOME"]
def g(x): return "COLAB_GPU" in os.environ, os.getenv("OMP_NUM_THREADS")
---
import matplotlib.dates, matplotlib.pyplot as plt
import tensorflow as tf
def f(x):
    plt.plot(x, color=plt.cm.viridis(0.5), cmap=plt.cm.gray)
    torch.random.manual_seed(0)
    np.random.seed(0)
    a = keras.random.normal(x), keras.ops.numpy.exp(x), tf.keras.layers.Dense(2)
    b = tf.random.normal(x), tf.experimental.numpy.exp(x), torch.signal.windows.hann(3)
    return a, b, tf.math.log(x), matplotlib.dates.date2num(x), np.random.rand(3)
---
def mlp(*sizes, activation="GELU", last=None):
    layers = []
    for before, after in zip(sizes, sizes[1:]):
        layers += [nn.Linear(before, after), getattr(nn, activation)()]
    layers.pop()
    if last is not None:
        layers.append(last)
    return nn.Sequential(*layers)

class MLP4LayerAutoencoder(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        sizes = [784, 392, bottleneck]
        self.encoder = mlp(*sizes)
        self.decoder = mlp(*reversed(sizes), last=nn.Sigmoid())
---
def build(): return [*map(lambda a: getattr(nn, a)(), ["ReLU", "Tanh"])]
---
def layer(name): return getattr(nn, name)()
def f(x): return nn.Sequential(*map(layer, ["ReLU", "Tanh"]))
---
def layer(name): return getattr(nn, name)()
layers = sorted(["ReLU", "Tanh"], key=layer)
layers.sort(key=len)
---
def show(x, key): return x
def layer(kind="ReLU"): return getattr(nn, kind)()
def f(x): return show(x, key=layer)
---
class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi, self.inf = nn.Parameter(torch.zeros(3)), 1e9
---
class A:
    def __init__(self, stat): self.stat = stat
def f(a, folder): return a.stat, A(3).stat, folder.exists(), a.folder.exists()
---
import tempfile
from pathlib import Path
def f(x):
    with tempfile.TemporaryDirectory() as folder:
        return (Path(folder) / "a").exists()
def g(x):
    for file in x: print(file.exists())
    return [p for p in x if p.exists()]
---
from helpers.budget import budget
steps = budget("steps", None, full=9, fast=2)
---
import logging
class Short(logging.Formatter):
    def __init__(self): super().__init__("{levelname}: {message}", style="{")
def f(x, name):
    logging.basicConfig(format=f"%(asctime)s {name} %(message)s")
    logging.Formatter(f"{name} %(message)s", style="%")
    return logging.Formatter("{message}", None, "{"), logging.Formatter(name.upper())
---
MAGIC = b"\\x93NUMPY"
def f(raw): return raw[:6] == MAGIC, raw.decode("utf-8"), b"{a.weight}"
---
class Line(nn.Module):
    def __init__(self, kind): super().__init__(kind.lower() + kind, style="dashed")
---
import logging
import matplotlib.pyplot as plt
from types import SimpleNamespace
log = logging.getLogger("vae")
LOOK = {"dpi": 90, "bbox_inches": input()} | dict(format="png")
def f(x, path, **options):
    log.info("step %d", x, **{"extra": {input(): x}})
    plt.savefig(path, **LOOK)
    plt.savefig(path, **options)
    plt.plot(x, **{input(): x})
    return SimpleNamespace(**{"mu": x.mean(), **{"std": x.std()}})
f(1, 2, dpi=90)
---
class Tracker:
    def log(self, step, **values): self.values = values
    def close(self, step, values): self.log(step, **{f"{k}_": v for k, v in values})
def info(**values): return values
def f(x): return info(**{input(): x})
---
class Scaled(keras.layers.Layer):
    @classmethod
    def from_config(cls, config): return cls(**config)
def f(layer): return Scaled.from_config(layer.get_config()), layer.from_config({}, {})
---
import os, tempfile
def f(model, path):
    handle, place = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "wb") as file: torch.save(model.state_dict(), file)
    os.replace(place, path)
---
scale = math.pi
scale *= 2
table = dict(nn.functional.GRID_SAMPLE_INTERPOLATION_MODES)
table |= {"other": 7}
def f(x): return x * scale, table
---
seen, cache = set(), {}
def f(x, y, layers):
    key = id(x), x.shape
    if key in cache or cache.get(key) == 3: return cache[key]
    seen.add(id(x))
    print(id(x), f"{id(y):x}", x.data_ptr() == y.data_ptr())
    cache[id(y)] = {id(y): x, **{id(p): p for p in layers}}
    shared = len({id(p) for p in layers}) + len(set(map(id, layers)))
    shared += len({*map(id, layers)})
    return id(x) == id(y), sorted(layers, key=id), len(set([id(p) for p in layers]))
class A:
    def __init__(self): self.number = id(self)
    def same(self, x): return self.number == id(x)
def g(rows): return [id for id in rows], max(id + 1 for id in rows)
---
class Proxy:
    def __getattr__(self, name):
        if name in ("mu", "logvar"): return self.parts
        if name == "latent_dim": return self.mu.out_features
        def call(*given): return given
        known = name in self.calls
        value = self.calls[name] if known else getattr(self.inner, name, None)
        if name[:1] == "c": return call
        if name[:1] == "d": return lambda *given: given
        return value
class Options(dict):
    def __getattr__(self, name): return self.get(name)
def f(x, split): return {f"{split}_loss": x, **{n: p for n, p in x.named_parameters()}}
---
class Settings:
    def __init__(self, **given):
        for name, value in given.items(): setattr(self, name, value)
        self.__dict__.update(given)
        self.__dict__["rate"] = 3
        setattr(self, f"{given}_layer", 3)
def f(x): return Settings(rate=1e-3, epochs=3)
---
import os
FAST = os.environ.get("COURSE_FAST", "") == "1"
def f(x): return 1 if os.environ.get("COURSE_FAST") else int(os.getenv("EPOCHS", 9))
def g(x): return os.environ.get("DEBUG", "0"), os.environ.get("MY_VERBOSE"), FAST
def h(x): return os.environ["HOME"], os.environ["LC_ALL"], "TMPDIR" in os.environ
def i(x): return os.getenv("LOG_LEVEL")
---
def f(model):
    for name, layer in model._modules.items(): print(name, layer)
    sizes = {n: p.shape for n, p in model._parameters.items() if p is not None}
    names = [name for name in model._buffers]
    return "bias" in model._parameters, sizes, names, len(model._modules.keys())
def g(model): return sum(p.numel() for p in getattr(model, "_parameters").values())
---
import random
from torch import get_rng_state, set_rng_state
def f(x):
    state = torch.get_rng_state()
    torch.manual_seed(0)
    y = torch.randn_like(x)
    torch.set_rng_state(state)
    return y
def h(n, seed):
    of_numpy = np.random.get_state()
    of_torch = torch.random.get_rng_state()
    of_python = random.getstate()
    try:
        np.random.seed(seed)
        torch.random.manual_seed(seed + 1)
        random.seed(seed)
        return np.random.rand(n), torch.rand(n), random.random()
    finally:
        np.random.set_state(of_numpy)
        torch.random.set_rng_state(of_torch)
        random.setstate(of_python)
def i(rng, x):
    if x is None:
        return 0
    else:
        state = get_rng_state()
        torch.manual_seed(seed=1)
        y = torch.rand(3), rng.bit_generator.state
        set_rng_state(state)
        return y
---
from pathlib import Path
def f(folder):
    folder = Path(folder)
    folder = folder / "runs"
    return folder.exists()
---
import os
from pathlib import Path
import matplotlib.pyplot as plt
def f(x, folder=None, to=Path.cwd() / "figures" / "loss.png"):
    if folder is None:
        folder = Path.cwd()
    folder = folder / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    fig, ax = plt.subplots()
    ax.plot(x)
    fig.savefig(folder / "codes.png", dpi=150)
    fig.savefig(to)
def g(x, here=None):
    here = here or os.getcwd()
    where = os.path.join(here, "figures") if x is None else f"{here}/plots"
    os.makedirs(where, exist_ok=True)
    plt.plot(x)
    plt.savefig(where)
    plt.gcf().savefig(Path(os.getcwd(), "b.png"))
def h(x, folder="figures"):
    if not os.path.exists(folder):
        os.makedirs(folder)
    place = Path("plots")
    if not place.exists():
        place.mkdir(parents=True)
    fig = plt.figure()
    if not os.path.isfile("a.png"): fig.savefig("a.png", bbox_inches="tight")
"""
