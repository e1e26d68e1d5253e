"""Python's audit events (PEP 578): which matter, and who may well ask for them."""

from __future__ import annotations

import os
import re
import tempfile

from helpers.checks.failure import JUDGING, LENT, PASSED, STANDING

# Whoever asks for these, through whatever library, looks for what is not handed to it.
ANYHOW = frozenset(
    (
        *("gc.get_objects", "gc.get_referrers", "gc.get_referents"),
        *("sys.settrace", "sys.setprofile", "sys.addaudithook", "sys._current_frames"),
        *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "os.kill"),
        *("ctypes.dlopen", "ctypes.addressof", "ctypes.cdata", "ctypes.string_at"),
        *("subprocess.Popen", "code.__new__", "marshal.loads", "marshal.load"),
    )
)
THREAD = "_thread.start_new_thread"  # these libraries start some of their own
STARTED = frozenset((THREAD, "_thread.start_joinable_thread"))  # so from 3.13 on
THREADS = frozenset(("dataloader.py", "py_dataset_adapter.py", "joblib"))
# Of these, what is written, or read where anybody writes, while a check runs: it hands
# in all that an answer needs. Two exercises save weights.
FILES = frozenset(("open", "os.mkdir", "tempfile.mkstemp", "tempfile.mkdtemp"))
# What stands in a folder tells where an answer runs. These look for fonts and versions.
LISTING = frozenset(("os.listdir", "os.scandir", "glob.glob"))
FILES |= LISTING
LISTERS = frozenset(
    ("font_manager.py", "metadata", "pkgutil.py", "tensorflow", "_inductor")
)
SAVING = ("/lesson02/weights.py", "/lesson04/remember.py")
TO_WRITE = os.O_WRONLY | os.O_RDWR
OF_ALL = (f"{tempfile.gettempdir()}/", "/dev/shm/", "/var/tmp/")
# Libraries ask for these all the time, for reasons of their own.
BY_ITSELF = frozenset(("sys._getframe", "function.__new__", "object.__getattr__"))
# Text that becomes code. These libraries make some of their own.
TEXT = frozenset(("compile", "exec"))
OF_OBJECTS = frozenset(("object.__getattr__", "object.__setattr__"))
SETTING = "os.putenv"
OF_CHECKS = frozenset((JUDGING, PASSED, STANDING, LENT))
WRITERS = frozenset(("dataclasses.py", "ast.py", "collections", "enum.py"))
WRITING = frozenset(
    ("IPython", "ipykernel", "torch", "keras", "tensorflow", "matplotlib")
)
UNPICKLED = frozenset(
    ("torch", "numpy", "collections", "_codecs", "keras", "sklearn", "__main__")
)
RUNNING = frozenset(("codeop.py", "timeit.py"))  # text that IPython hands them
CALLING = frozenset(("checkpoint.py", "_contextlib.py", "module.py", "function.py"))
# Variables of the environment that do not say what is loaded, nor from where.
HARMLESS = re.compile(
    r"(CUDA|CUBLAS|OMP|MKL|KMP|OPENBLAS|NUMEXPR|VECLIB|TF|XLA|TOKENIZERS|NCCL)_\w+"
    r"|PYTORCH_\w+|PYTHONHASHSEED|PYTHONWARNINGS|KERAS_BACKEND|COLUMNS|LINES|SEED"
)
# Of the others, what an answer may read: it tells nothing of a check, or no more than
# a lesson's own `budget` does.
READABLE = re.compile(
    rf"{HARMLESS.pattern}|COURSE_FAST|HOME|USER|USERNAME|LOGNAME|USERPROFILE|TMPDIR|TZ"
    r"|MPLBACKEND|LANG|LC_\w+|(COLAB|KAGGLE)_\w+"
    r"|(\w+_)?(DEBUG|VERBOSE|LOG_?LEVEL|EPOCHS|BATCH_SIZE|DEVICE)"
)
REPLACED = "replaced "  # and the name of what another thing has taken the place of
# What a function does, and the frames of others: of a generator no library asks for it.
FRAMES = frozenset(("gi_frame", "cr_frame", "ag_frame"))
OWN_CODE = FRAMES | frozenset(
    (
        *("__code__", "__closure__", "__globals__", "f_back", "tb_frame"),
        *("__defaults__", "__kwdefaults__"),
    )
)
# They look at code and frames for reasons of their own; others do so for an answer.
LOOKING = frozenset(
    (
        *("traceback.py", "inspect.py", "functools.py", "contextlib.py", "typing.py"),
        *("dataclasses.py", "warnings.py", "linecache.py", "abc.py"),
        *("torch", "keras", "tensorflow", "matplotlib", "IPython", "ipykernel"),
        *("numpy", "sklearn", "scipy", "traitlets", "executing", "stack_data"),
    )
)
