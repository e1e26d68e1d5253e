"""Right and wrong snapshots of a model."""

import copy
import io
import pickle
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from helpers.checks import lesson04 as checks
from tests.checks.trial import trial

CHECK = checks.remember
NAMES = ("remember",)


def through_a_file(model):
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    return torch.load(buffer)


def through_a_temporary_file(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.pth"
        torch.save(model.state_dict(), path)
        return torch.load(path, weights_only=True)


def by_hand(model):
    snapshot = OrderedDict()
    for name, value in model.state_dict().items():
        snapshot[name] = torch.empty_like(value).copy_(value)
    return snapshot


def from_both(model):
    parts = [*model.named_parameters(), *model.named_buffers()]
    return {name: part.detach().clone() for name, part in parts}


@torch.inference_mode()
def without_gradients(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


KEPT = {}


def kept_once(model):
    if not KEPT:
        KEPT.update(copy.deepcopy(model.state_dict()))
    return KEPT


def kept_and_written_over(model):
    KEPT.update(copy.deepcopy(model.state_dict()))
    return KEPT


BUFFERS = {}


def same_memory(model):
    """Copies, but into the same tensors each time."""
    for name, value in model.state_dict().items():
        if name not in BUFFERS or BUFFERS[name].shape != value.shape:
            BUFFERS[name] = value.clone()
        BUFFERS[name].copy_(value)
    return dict(BUFFERS)


def in_eval(model):
    return copy.deepcopy(model.eval().state_dict())


def frozen(model):
    return copy.deepcopy(model.requires_grad_(False).state_dict())


def without_gradient(model):
    model.zero_grad()
    return copy.deepcopy(model.state_dict())


def left_in_train(model):
    snapshot = copy.deepcopy(model.eval().state_dict())
    model.train()
    return snapshot


def one_layer_to_eval(model):
    next(model.children()).eval()
    return copy.deepcopy(model.state_dict())


def into_the_folder(model):
    torch.save(model.state_dict(), "best.pth")
    return torch.load("best.pth")


def gradients_off(model):
    torch.set_grad_enabled(False)
    return copy.deepcopy(model.state_dict())


def averages_reset(model):
    snapshot = copy.deepcopy(model.state_dict())
    for module in model.modules():
        if hasattr(module, "reset_running_stats"):
            module.reset_running_stats()
    return snapshot


def from_new_memory_too_late(model):
    """The model gets copies, the snapshot the tensors: the same memory no more."""
    state = model.state_dict()
    model.load_state_dict(copy.deepcopy(state))
    return state


def state(change):
    """A snapshot with every value changed."""
    return lambda m: {name: change(v) for name, v in m.state_dict().items()}


def rounded(value):
    return value.half().to(value.dtype)


def left_in_a_temporary_file(model):
    with tempfile.NamedTemporaryFile(suffix=".pth", delete=False) as file:
        torch.save(model.state_dict(), file.name)
    return torch.load(file.name)


def left_deep_in_the_temporary_folder(model):
    folder = Path(tempfile.mkdtemp()) / "a" / "b" / "c"
    folder.mkdir(parents=True)
    torch.save(model.state_dict(), folder / "weights.pt")
    return copy.deepcopy(model.state_dict())


def left_in_the_temporary_folder(model):
    path = Path(tempfile.gettempdir()) / "best_of_remember.pth"
    torch.save(model.state_dict(), path)
    return torch.load(path)


def left_in_a_folder_of_its_own(model):
    path = Path(tempfile.mkdtemp()) / "best.pkl"
    path.write_bytes(pickle.dumps(model.state_dict()))
    return pickle.loads(path.read_bytes())


def stored_on_the_model(model):
    model.best = copy.deepcopy(model.state_dict())
    return model.best


def without_frozen(model):
    kept = {name: p for name, p in model.named_parameters() if p.requires_grad}
    kept |= dict(model.named_buffers())
    return {name: value.detach().clone() for name, value in kept.items()}


def of_the_parts(model):
    return {
        f"{name}.{key}": value.clone()
        for name, part in model.named_children()
        for key, value in part.state_dict().items()
    }


class TwoFaces(dict):
    """[] gives copies, all else the live numbers."""

    @classmethod
    def of(cls, model):
        live = cls(model.state_dict())
        live.copies = {name: value.clone() for name, value in live.items()}
        return live

    def __getitem__(self, name):
        return self.copies[name]


RIGHT = [
    lambda m: copy.deepcopy(m.state_dict()),
    lambda m: {k: v.clone() for k, v in m.state_dict().items()},
    through_a_file,
    lambda m: {k: v.detach().cpu().clone() for k, v in m.state_dict().items()},
    lambda m: copy.deepcopy(m).state_dict(),
    through_a_temporary_file,
    by_hand,
    from_both,
    without_gradients,
    lambda m: copy.deepcopy(m).eval().state_dict(),
    lambda m: {k: torch.tensor(v.numpy().copy()) for k, v in m.state_dict().items()},
    lambda m: copy.deepcopy(dict(m.state_dict())),
    lambda m: {k: v + 0 for k, v in m.state_dict().items()},
]


class Snapshot(Mapping):
    """It can be loaded; torch.save would write an object of this class."""

    def __init__(self, state):
        self.state = {name: value.clone() for name, value in state.items()}

    def __getitem__(self, name):
        return self.state[name]

    def __iter__(self):
        return iter(self.state)

    def __len__(self):
        return len(self.state)


WRONG = [
    (lambda m: Snapshot(m.state_dict()), "which is no plain dict"),
    (TwoFaces.of, "which is no plain dict"),
    (of_the_parts, "lacks scale"),
    (lambda m: copy.deepcopy(m.double().state_dict()), "another type | double()"),
    (lambda m: m.state_dict(), "deepcopy"),
    (lambda m: dict(m.state_dict()), "deepcopy"),
    (lambda m: copy.copy(m.state_dict()), "deepcopy"),
    (lambda m: m.state_dict().copy(), "deepcopy"),
    (lambda m: {k: v.detach() for k, v in m.state_dict().items()}, "clone"),
    (lambda m: {k: v.clone() for k, v in m.named_parameters()}, "running"),
    (without_frozen, "decode.0.bias, whose requires_grad is False"),
    (
        lambda m: {k: v.clone() for k, v in m.state_dict().items() if v.dim()},
        "num_batches",
    ),
    (
        lambda m: {
            k: v if "run" in k else v.clone() for k, v in m.state_dict().items()
        },
        "running_mean has changed",
    ),
    (state(lambda v: v.data), "references"),
    (state(lambda v: v.cpu()), "references"),
    (state(lambda v: v.contiguous()), "references"),
    (state(lambda v: v.view_as(v)), "references"),
    (state(lambda v: torch.from_numpy(v.numpy())), "references"),
    (state(lambda v: v.numpy().copy()), "NumPy array"),
    (state(lambda v: v.clone().half()), "float16"),
    (state(lambda v: v.double()), "float64"),
    (state(lambda v: v.tolist()), "a list"),
    (state(torch.zeros_like), "not what the model has"),
    (state(rounded), "not what the model has"),
    (lambda m: {"model": copy.deepcopy(m.state_dict())}, "nothing around"),
    (lambda m: {**copy.deepcopy(m.state_dict()), "epoch": 3}, "nothing added"),
    (in_eval, "mode"),
    (left_in_train, "mode"),
    (one_layer_to_eval, "mode"),
    (kept_once, "the snapshot"),
    (kept_and_written_over, "global variable"),
    (same_memory, "values of its own"),
    (frozen, "frozen"),
    (without_gradient, "gradients"),
    (into_the_folder, "best.pth"),
    (gradients_off, "torch.no_grad"),
    (averages_reset, "running averages"),
    (from_new_memory_too_late, "references"),
    (lambda m: m, "dict"),
    (lambda m: None, "dict"),
    (lambda m: [v.clone() for v in m.state_dict().values()], "dict"),
    (lambda m: copy.deepcopy(m), "dict"),
    (lambda m: list(copy.deepcopy(m.state_dict()).items()), "dict"),
    (left_in_a_temporary_file, "no file is left"),
    (left_in_the_temporary_folder, "no file is left"),
    (left_deep_in_the_temporary_folder, "no file is left"),
    (left_in_a_folder_of_its_own, "no file is left"),
    (stored_on_the_model, "other attributes"),
    (lambda m: {"m." + k: v.clone() for k, v in m.state_dict().items()}, "in front"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


@pytest.fixture(autouse=True)
def _nothing_kept(tmp_path, monkeypatch):
    KEPT.clear()
    BUFFERS.clear()
    monkeypatch.chdir(tmp_path)


def test_a_stub_stays_a_stub():
    def stub(model):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"remember.*not written yet"):
        CHECK(stub)
