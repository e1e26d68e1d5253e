"""Modules, words and attributes that an answer has no need of, and why."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from course import pack_root
from course.grading.modules import KNOWN_AS, is_module, modules_along

NOTEBOOK = "the notebook's machinery"
FOREIGN = "objects that were not handed to it"
HIDDEN = "code or names that cannot be read here"
LATER = "code that runs after its cell"
CHECKS = "the checks"
OTHERS = "functions that others use"
PROCESS = "the machinery of the process"

# Modules that answers use. Any other is worth a look: a list of the bad ones would
# never be complete.
PLAIN = {
    "__future__", "abc", "argparse", "array", "base64", "bisect", "calendar", "cmath",
    "collections", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal",
    "enum", "fractions", "functools", "glob", "gzip", "hashlib", "heapq", "io",
    "itertools", "json", "logging", "math", "numbers", "operator", "os", "pathlib",
    "platform", "pprint", "random", "re", "secrets", "shutil", "statistics", "string",
    "struct", "sys", "tempfile", "textwrap", "time", "timeit", "typing",
    "typing_extensions", "urllib", "uuid", "warnings", "zipfile", "IPython", "cv2",
    "einops", "h5py", "helpers", "jax", "keras", "matplotlib", "mpl_toolkits",
    "numpy", "pandas", "plotly", "PIL", "scipy", "seaborn", "skimage", "sklearn",
    "tensorflow", "torch", "torchinfo", "torchmetrics", "torchvision", "tqdm",
}  # fmt: skip
# What is named in a reason; all other modules are "a module that no answer needs".
KINDS = {
    **dict.fromkeys(
        ("ipykernel", "jupyter_client", "zmq", "traitlets", "nbgrader"), NOTEBOOK
    ),
    **dict.fromkeys(
        ("gc", "inspect", "traceback", "dis", "types", "ctypes", "cffi", "builtins",
         "weakref", "__main__", "_testcapi", "mmap"),
        FOREIGN,
    ),
    **dict.fromkeys(
        ("threading", "asyncio", "concurrent", "multiprocessing", "signal", "atexit",
         "sched", "_thread", "selectors", "subprocess"),
        LATER,
    ),
    **dict.fromkeys(
        ("pickle", "marshal", "dill", "cloudpickle", "joblib", "codeop", "code", "zlib",
         "ast", "importlib", "imp", "runpy", "pkgutil", "zipimport", "shelve"),
        HIDDEN,
    ),
    "course": CHECKS,
}  # fmt: skip
# Parts of plain modules, by how their full name begins.
PARTS = {
    "helpers.checks": CHECKS,
    "IPython": NOTEBOOK,
    **dict.fromkeys(
        ("numpy.ctypeslib", "numpy.f2py", "numpy.distutils", "numpy.lib.stride_tricks",
         "numpy.lib.format", "numpy.lib.npyio"),
        FOREIGN,
    ),
    **dict.fromkeys(
        ("torch.hub", "torch.package", "torch.jit", "torch.fx",
         "torch.ops", "torch.classes", "torch.serialization", "torch.overrides",
         "torch.library", "torch.utils.cpp_extension", "torch.multiprocessing",
         "torch.distributed", "typing.get_type_hints", "typing.ForwardRef",
         "timeit.timeit", "timeit.repeat", "timeit.Timer", "pandas.eval",
         # They run text, or what they find under a name made of text.
         "functools.singledispatch", "functools.singledispatchmethod",
         "functools.update_wrapper", "dataclasses.make_dataclass", "numpy.testing",
         "dataclasses._create_fn", "enum.global_enum", "string.Formatter",
         "torch.utils", "matplotlib.use", "matplotlib.style", "matplotlib.rcParams",
         "matplotlib.pyplot.style", "matplotlib.pyplot.rcParams",
         "matplotlib.backend_bases", "matplotlib.pyplot.switch_backend",
         "matplotlib.backends", "matplotlib.pyplot.backend_registry",
         "matplotlib.pyplot.rc",
         "PIL.ImageMath", "logging.config",
         "pandas.read_pickle", "keras.src", "tensorflow.py_function", "PIL.features",
         "pandas.options", "tqdm.utils", "tensorflow.numpy_function"),
        HIDDEN,
    ),
    **{
        f"os.{name}": PROCESS
        for name in ("_exit", "abort", "kill", "killpg", "fork", "forkpty", "dup",
                     "dup2", "putenv", "register_at_fork", "pipe", "system", "popen",
                     "write", "writev", "pwrite", "sendfile", "open", "fdopen",
                     "environb", "getenvb", "path.expandvars", "uname", "getppid",
                     "getlogin", "getuid", "geteuid", "isatty", "fstat", "ttyname",
                     "get_terminal_size", "readlink", "statvfs")
    },
    **dict.fromkeys(
        ("tqdm.contrib.concurrent", "sklearn.utils.parallel"),
        LATER,
    ),
    "helpers.apart": PROCESS,  # a process of its own, which nobody listens to
    **dict.fromkeys(
        ("logging.lastResort", "numpy.random.get_state", "random.getstate",
         "torch.default_generator"),
        PROCESS,
    ),
    "numpy.seterrcall": LATER,
    "logging.setLogRecordFactory": LATER,
    "warnings.filters": OTHERS,
    "keras.config.enable_unsafe_deserialization": HIDDEN,
    "helpers.budget.fast_mode": PROCESS,  # always so where a notebook is graded
}  # fmt: skip
FINE = {
    "gc.collect", "pickle.dump", "pickle.dumps", "types.SimpleNamespace",
    "inspect.signature", "torch.utils.tensorboard",
    "torch.nn.utils.parametrize.register_parametrization", "traceback.print_exc",
    "traceback.format_exc",
    "numpy.lib.stride_tricks.sliding_window_view", "torch.utils.data",
    "torch.utils.checkpoint", "numpy.testing.assert_allclose",
    "numpy.testing.assert_array_equal", "numpy.testing.assert_equal",
    "numpy.testing.assert_almost_equal", "numpy.testing.assert_array_almost_equal",
}  # fmt: skip
OF_SYS = {
    "version", "version_info", "stdout", "stderr", "stdin", "maxsize", "float_info",
    "platform", "getsizeof", "executable", "byteorder", "argv",
    "getrecursionlimit", "intern", "flags", "exit",
    "implementation",
}  # fmt: skip

WORDS = {
    **dict.fromkeys(
        ("eval", "exec", "compile", "__import__", "globals", "locals", "vars",
         "delattr", "breakpoint"),
        HIDDEN,
    ),
    **dict.fromkeys(("get_ipython", "In", "Out", "_ih", "_oh", "_dh"), NOTEBOOK),
    "checks": CHECKS,
}  # fmt: skip
# An answer's own sums and products, and what becomes of its objects as numbers or text.
ARITHMETIC = {
    f"__{before}{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
                 "and", "or", "xor", "lshift", "rshift")
    for before in ("", "r", "i")
} | {f"__{name}__" for name in ("neg", "pos", "abs", "invert", "float", "bool", "int",
                                "index", "round", "format", "reversed", "missing",
                                "delitem")}  # fmt: skip
ATTRIBUTES = {
    **dict.fromkeys(
        ("f_back", "f_globals", "f_locals", "f_builtins", "f_code", "f_trace",
         "tb_frame", "tb_next", "gi_frame", "cr_frame", "ag_frame", "gi_code",
         "cell_contents", "co_code", "co_consts", "_getframe", "currentframe",
         "with_traceback", "settrace", "setprofile", "monitoring", "addaudithook",
         "_ip", "_current_frames", "mro", "as_strided", "exc_info", "last_traceback",
         "walk_stack", "get_objects", "get_referrers", "saved_tensors_hooks",
         "notes_of", "register_state_dict_post_hook", "cffi", "findCaller"),
        FOREIGN,
    ),
    **dict.fromkeys(
        ("user_ns", "user_global_ns", "run_cell", "run_code", "showtraceback",
         "ast_transformers", "input_transformers_post", "set_custom_exc",
         "iopub_socket", "display_pub", "displayhook", "pub_thread", "parent_header",
         "get_ipython", "InteractiveShell", "shell_socket", "shell_streams"),
        NOTEBOOK,
    ),
    **dict.fromkeys(
        ("standins", "pack_answers", "kept_answers", "checking", "lend", "CheckFailed"),
        CHECKS,
    ),
    **dict.fromkeys(
        ("import_module", "load_module", "exec_module", "import_optional_dependency",
         "runsource", "Unpickler", "get_field", "load_backend_module",
         "version_module", "deserialize_keras_object", "from_file"),
        HIDDEN,
    ),
    # Whoever sets what all random numbers come from sets what a check draws, and who
    # asks for it knows what will come.
    **dict.fromkeys(("set_rng_state", "set_state", "setstate"), PROCESS),
    **dict.fromkeys(("get_rng_state", "clone_state", "initial_seed"), PROCESS),
    **dict.fromkeys(
        ("get_bit_generator", "set_bit_generator", "get_global_generator",
         "set_global_generator"),
        PROCESS,
    ),
    **dict.fromkeys(
        ("excepthook", "showwarning", "unraisablehook", "pop_all",
         "get_custom_objects"),
        OTHERS,
    ),
}  # fmt: skip
# Reached through another object, such as `logging.sys`, these are machinery, too.
AS_PARTS = {
    "sys", "os", "_os", "_sys", "builtins", "importlib", "ctypes", "inspect", "gc",
    "threading", "traceback", "weakref", "pickle", "asyncio", "subprocess", "marshal",
    "bltns", "posix", "atexit", "copyreg", "joblib", "pkgutil", "multiprocessing",
    "python_multiprocessing", "socket",
}  # fmt: skip
# Modules that other modules have in them, such as `F.math`.
INSIDE = {"math", "torch", "np", "numpy", "warnings", "functools", "itertools", "types"}
INSIDE |= {"typing", "collections", "operator", "keras", "tensorflow", "tf", "plt"}
INSIDE |= {"mp", "ast", "codecs", "queue", "shutil", "logging", "io", "re", "json"}
# Attributes with two underscores that ordinary classes and functions speak of.
ORDINARY = {
    "__init__", "__name__", "__len__", "__class__", "__doc__", "__call__", "__iter__",
    "__getitem__", "__enter__", "__exit__", "__next__", "__repr__", "__str__",
    "__all__", "__version__", "__post_init__", "__setitem__", "__contains__",
    "__file__", "__slots__", "__main__", "__constants__", "__qualname__",
    "_", "_LRScheduler",
}  # fmt: skip
# Methods by which an object decides what a notebook, or a check, sees of it.
ANSWERING = ("_ipython_", "_repr_", "_render_traceback_")
# A class tells its subclasses, or its attributes, of themselves; an object looks after
# its own attributes.
OWN = {"__init_subclass__", "__set_name__", "__getattr__", "__setattr__", "__delattr__"}
# Types whose subclasses decide by themselves how they compare.
VALUES = {
    "Tensor", "ndarray", "float", "int", "bool", "str", "complex", "tuple", "generic",
    "float32", "float64", "Parameter", "Number", "memmap", "matrix", "MaskedArray",
    "Variable", "KerasTensor", "FloatTensor", "type", "Generator", "CheckFailed",
    "redirect_stdout", "redirect_stderr",
}  # fmt: skip
# Attributes that answers set on what is not theirs.
SET = {"grad", "data", "weight", "bias", "training", "requires_grad", "shape", "lr"}
SET |= {"learning_rate", "trainable", "optimizer", "encoder", "decoder"}

# What a notebook shows with, of IPython.display; and what a stream of `sys` is for.
SHOWING = {
    "display", "clear_output", "update_display", "DisplayHandle", "ProgressBar", "HTML",
    "Image", "Markdown", "Math", "Latex", "SVG", "Audio", "Video", "IFrame", "JSON",
    "Pretty", "Code", "FileLink", "YouTubeVideo", "Javascript",
}  # fmt: skip
OF_STREAMS = {"write", "flush", "writelines"}
OF_STDIN = {"isatty", "encoding"}


def of_module(path: str) -> str | None:
    """Say what a module, or a part of one, is; None if answers use such things.

    Parameters
    ----------
    path : str
        Its full name, such as ``"torch.nn.functional"``.
    """
    parts = path.split(".")
    beginnings = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    if path == "IPython":
        return None
    fine = bool(FINE & set(beginnings))
    if parts[:2] == ["IPython", "display"]:
        return None if {*parts[2:3]} <= SHOWING else NOTEBOOK
    if parts[0] == "sys" and parts[1:2] and parts[1] in ("stdout", "stderr", "stdin"):
        asked = OF_STDIN if parts[1] == "stdin" else OF_STREAMS
        return None if {*parts[2:3]} <= asked else NOTEBOOK
    if parts[0] not in sys.stdlib_module_names and not is_module(parts[0]):
        return "a module that does not exist"  # a file of that name could be written
    for each in beginnings:
        if each in PARTS and not fine:
            return PARTS[each]
    if parts[0] not in PLAIN and not fine:
        return KINDS.get(parts[0], "a module that no answer needs")
    if parts[0] == "os" and len(parts) > 1 and parts[1].startswith(("exec", "spawn")):
        return PROCESS
    if parts[0] == "sys" and len(parts) > 1 and parts[1] not in OF_SYS:
        return PROCESS
    if path in FINE:
        return None
    if parts[-1].startswith("register_") and "keras" not in parts:
        return OTHERS  # for all models, all optimizers
    if parts[-1] == "register":
        return OTHERS  # what is taken for a number, a list, a model
    if any(part in ATTRIBUTES for part in parts[1:]):
        return next(ATTRIBUTES[part] for part in parts[1:] if part in ATTRIBUTES)
    return _through_others(parts)


def _through_others(parts: list[str]) -> str | None:
    """Say whether a path leads through a module into another that it has in it."""
    along = modules_along(".".join(parts))
    for place, part in enumerate(parts[1:], start=1):
        before, module = along[place - 1], along[place]
        if part in AS_PARTS or (part[:1] == "_" and part not in ORDINARY):
            return FOREIGN
        if ".".join(parts[: place + 1]) in KNOWN_AS:
            if module in PLAIN:
                return of_module(".".join([module, *parts[place + 1 :]]))
            continue
        other = module.partition(".")[0] not in ("", before.partition(".")[0])
        if before and (other or (part in INSIDE and "." not in module)):
            return FOREIGN
        public = not any(each[:1] == "_" or each == "src" for each in module.split("."))
        if module and public and module != f"{before}.{part}":
            return of_module(".".join([module, *parts[place + 1 :]]))
    return None


def is_foreign(name: str) -> bool:
    """Whether an attribute of that name leads out of what an answer was handed."""
    return is_odd(name) or name in ATTRIBUTES or name in AS_PARTS


def could_be_foreign(pieces: list[str]) -> bool:
    """Whether such an attribute could come of a text of which only pieces are known."""
    pattern = ".*".join(map(re.escape, pieces))
    known = {*ATTRIBUTES, *AS_PARTS, *INSIDE, "modules"}
    known |= {path.rpartition(".")[2] for path in PARTS}
    return pieces[0][:1] in ("", "_") or any(re.fullmatch(pattern, w) for w in known)


def is_odd(name: str) -> bool:
    """Whether Python gives a name a meaning of which ordinary code does not speak."""
    odd = name.startswith("__") and name.endswith("__") and len(name) > 4
    return odd and name not in ORDINARY


@cache
def private_to_others() -> frozenset[str]:
    """Private attributes of torch's models and tensors, and of what checks hand in."""
    found = set(looked_up())
    torch = Path(getattr(find_spec("torch"), "origin", None) or "").parent
    for part in ("nn/modules/module.py", "_tensor.py"):
        file = torch / part
        tree = ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")
        found |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    return frozenset(name for name in found if name[:1] == "_")


@cache
def looked_up(*, called: bool = False) -> frozenset[str]:
    """Attributes that checks look up on whatever they use, or only those they call."""
    found: set[str] = set()
    for file in (pack_root() / "helpers" / "checks").rglob("*.py"):
        nodes = [*ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
        if called:
            nodes = [node.func for node in nodes if isinstance(node, ast.Call)]
        found |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return frozenset(found - SET)
