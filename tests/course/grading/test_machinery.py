"""Modules and attributes that answers use, and those that are worth a look."""

import sys

import pytest

from course.grading import machinery
from course.grading.machinery import (
    CHECKS,
    FOREIGN,
    HIDDEN,
    LATER,
    NOTEBOOK,
    OTHERS,
    could_be_foreign,
    is_foreign,
    is_module,
    is_odd,
    looked_up,
    of_module,
)

PROCESS = "the machinery of the process"


@pytest.mark.parametrize(
    "path",
    [
        *("math", "collections.abc", "__future__", "numpy", "numpy.linalg.norm"),
        *("torch", "torch.nn.functional.relu", "torch.utils.data.DataLoader"),
        *("torch.utils.checkpoint", "numpy.testing.assert_allclose"),
        *("numpy.lib.stride_tricks.sliding_window_view", "numpy.__version__"),
        *("os", "os.path.join", "os.environ", "sys", "sys.version", "sys.exit"),
        *("sys.stdout", "sys.stdout.write", "sys.stderr.flush", "sys.stdin.isatty"),
        *("IPython", "IPython.display", "IPython.display.display"),
        *("IPython.display.HTML.data", "sys.stdout.write.x"),
        *("helpers", "helpers.data", "helpers.plots.figures"),
        *("gc.collect", "types.SimpleNamespace", "random._", "typing.Any"),
        *("torch.Tensor.numpy", "torch.optim.lr_scheduler._LRScheduler"),
        *("argparse.Namespace", "inspect.signature", "pickle.dump"),
        "torch.nn.utils.parametrize.register_parametrization",
        # Real submodules, or a library's own by another name.
        *("torch.random.manual_seed", "torch.types", "torch.signal.windows"),
        *("keras.random.normal", "keras.ops.numpy.exp", "matplotlib.dates"),
        *("tensorflow.keras.layers.Dense", "tensorflow.experimental.numpy.exp"),
        *("tensorflow.io.read_file", "tensorflow.random.normal", "os.path.sep"),
        *("matplotlib.pyplot.cm.viridis", "torch.functional.F.relu"),
    ],
)
def test_what_answers_use(path):
    assert of_module(path) is None


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("gc", FOREIGN),
        ("gc.get_objects", FOREIGN),
        ("types.FunctionType", FOREIGN),
        ("numpy.lib.stride_tricks.as_strided", FOREIGN),
        ("numpy.ctypeslib", FOREIGN),
        ("numpy._core", FOREIGN),
        ("torch.nn._x", FOREIGN),
        ("numpy.__dict__", FOREIGN),
        ("logging.sys", FOREIGN),
        ("torch.os", FOREIGN),
        ("random._os", FOREIGN),
        ("torch.functional.F.math", FOREIGN),
        ("torch.nn.modules.linear.F.torch.library", FOREIGN),
        ("matplotlib.pyplot.cm.np.linalg", FOREIGN),
        ("tensorflow.keras.src", HIDDEN),
        ("matplotlib.pyplot.matplotlib.use", HIDDEN),
        ("torch.set_rng_state", PROCESS),
        ("sys.stderr.isatty", NOTEBOOK),
        ("pickle", HIDDEN),
        ("pickle.loads", HIDDEN),
        ("torch.utils", HIDDEN),
        ("torch.utils.benchmark", HIDDEN),
        ("torch.utils.benchmark.Timer", HIDDEN),
        ("typing.get_type_hints", HIDDEN),
        ("logging.config.dictConfig", HIDDEN),
        ("numpy.testing", HIDDEN),
        ("threading", LATER),
        ("concurrent.futures", LATER),
        ("course", CHECKS),
        ("course.grading.marks", CHECKS),
        ("helpers.checks", CHECKS),
        ("helpers.checks.lesson03", CHECKS),
        ("nbgrader", NOTEBOOK),
        ("IPython.core", NOTEBOOK),
        ("IPython.core.interactiveshell", NOTEBOOK),
        ("IPython.get_ipython", NOTEBOOK),
        ("IPython.display.display_pub", NOTEBOOK),
        ("sys.stdout.buffer", NOTEBOOK),
        ("sys.stdin.readline", NOTEBOOK),
        ("sys.modules", PROCESS),
        ("sys._getframe", PROCESS),
        ("os.kill", PROCESS),
        ("os.execv", PROCESS),
        ("os.spawnl", PROCESS),
        ("os.fork.x", PROCESS),
        ("torch.nn.modules.module.register_module_forward_hook", OTHERS),
        ("sqlite3", "a module that no answer needs"),
        ("email.message", "a module that no answer needs"),
        ("no_such_module", "a module that does not exist"),
        ("", "a module that does not exist"),
    ],
)
def test_what_is_worth_a_look_and_why(path, what):
    assert of_module(path) == what


@pytest.mark.parametrize("name", ["__globals__", "__dict__", "__x__", "_____"])
def test_names_to_which_python_gives_a_meaning_are_odd(name):
    assert is_odd(name) is True
    assert is_foreign(name) is True


@pytest.mark.parametrize(
    "name", ["__init__", "__call__", "__", "____", "_x_", "__x", "x__", "x", ""]
)
def test_ordinary_names_are_not(name):
    assert is_odd(name) is False
    assert is_foreign(name) is False


@pytest.mark.parametrize("name", ["f_back", "user_ns", "standins", "sys", "os"])
def test_attributes_that_lead_out_are_foreign(name):
    assert is_foreign(name) is True
    assert is_odd(name) is False


@pytest.mark.parametrize(
    ("pieces", "could_be"),
    [
        (["fc", ""], False),
        (["Conv", "d"], False),
        (["sy", ""], True),
        (["f_", "s"], True),
        (["h", "b"], True),  # torch.hub
        (["_x", ""], True),
        (["", "x"], True),
    ],
)
def test_a_name_of_which_pieces_are_known_may_lead_out(pieces, could_be):
    assert could_be_foreign(pieces) is could_be


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("json", True),
        ("json.decoder", True),
        ("sys", True),
        ("numpy", True),
        ("numpy.linalg", True),
        ("numpy.array", False),
        ("torch.nn.utils", True),
        ("torch.nn.utils.parametrize", True),
        ("torch.nn.utils.weight_norm", False),  # the function hides the module
        ("helpers.checks.lesson03", True),
        ("json.decoder.JSONDecoder", False),
        ("sys.path", False),
        ("no_such_module", False),
        ("no_such_module.x", False),
        ("__main__", False),
        ("", False),
        (".x", False),
    ],
)
def test_a_module_is_told_by_its_name(path, found, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    is_module.cache_clear()
    assert is_module(path) is found


def test_nothing_is_imported_to_look(tmp_path, monkeypatch):
    (tmp_path / "mirror_acts").mkdir()
    for name in ("__init__", "inner"):
        (tmp_path / "mirror_acts" / f"{name}.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    assert is_module("mirror_acts.inner")
    assert of_module("mirror_acts.inner") == "a module that no answer needs"
    assert "mirror_acts" not in sys.modules


def test_what_checks_look_up_is_read_from_their_code(tmp_path, monkeypatch):
    assert {"shape", "grad", "weight"} & looked_up() == set(), "answers set these"
    assert {"detach", "parameters"} <= looked_up()
    folder = tmp_path / "helpers" / "checks" / "lesson00"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("é = x.first.second; x.grad", encoding="utf-8")
    (folder.parent / "b.py").write_text("third, x.fourth")
    monkeypatch.setattr(machinery, "pack_root", lambda: tmp_path)
    looked_up.cache_clear()
    assert looked_up() == {"first", "second", "fourth"}
    (folder / "a.py").write_text("x.first.second(y.third)")
    assert looked_up(called=True) == {"second"}
    looked_up.cache_clear()
