"""Files of weights, right and wrong, and what their check says."""

import copy
import json
import os
import pickle
import sys
import time
import uuid
from collections import OrderedDict, deque
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson02 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.weights
NAMES = ("save_weights", "load_weights", "MLP4LayerAutoencoder")


class MLP4LayerAutoencoder(nn.Module):
    """The reference; its variants change one thing each."""

    bend = nn.GELU

    def __init__(self, bottleneck=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 392), self.bend(), nn.Linear(392, bottleneck)
        )
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 392), self.bend(), nn.Linear(392, 784), nn.Sigmoid()
        )

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x):
        return self.decode(self.encode(x))


def save(model, path):
    torch.save(model.state_dict(), path)


def load(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


def save_copy(model, path):
    state = {name: p.detach().clone().cpu() for name, p in model.state_dict().items()}
    with open(path, "wb") as file:
        torch.save(state, file)


def save_in_a_dictionary(model, path):
    torch.save({"weights": model.state_dict(), "bottleneck": 8}, path)


def load_from_a_dictionary(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True)["weights"])
    model.train(False)
    return model


def save_numpy(model, path):
    with open(path, "wb") as file:
        np.savez(file, **{k: v.numpy() for k, v in model.state_dict().items()})


def load_numpy(path, bottleneck):
    state = {k: torch.from_numpy(v) for k, v in np.load(path).items()}
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(state)
    return model.eval()


def load_frozen(path, bottleneck):
    return load(path, bottleneck).requires_grad_(False)


def save_json(model, path):
    state = {k: v.tolist() for k, v in model.state_dict().items()}
    with open(path, "w") as file:
        json.dump(state, file)


def save_old_format(model, path):
    torch.save(OrderedDict(model.state_dict()), str(path))
    print("saved", file=sys.stderr)


def load_twice_over(path, bottleneck):
    state = torch.load(path, map_location=torch.device("cpu"), weights_only=True)
    model = MLP4LayerAutoencoder(bottleneck=bottleneck).to("cpu")
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(state[name])
    return model.eval()


class WithDropout(MLP4LayerAutoencoder):
    """Dropout that never stops: wrong as an autoencoder, and no fault of the file."""

    def encode(self, x):
        return F.dropout(super().encode(x), 0.5)


def load_dropout(path, bottleneck):
    model = WithDropout(bottleneck)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


class OtherLayers(nn.Module):
    def __init__(self, bottleneck):
        super().__init__()
        self.layer = nn.Linear(784, bottleneck)
        self.back = nn.Linear(bottleneck, 784)
        self.norm = nn.BatchNorm1d(784)

    def forward(self, x):
        return self.norm(self.back(self.layer(x)))


def load_json(path, bottleneck):
    with open(path) as file:
        state = {k: torch.tensor(v) for k, v in json.load(file).items()}
    model = OtherLayers(bottleneck)
    model.load_state_dict(state)
    model.eval()
    return model


def load_other(path, bottleneck):
    model = OtherLayers(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval()


def save_what_learns(model, path):
    learns = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    torch.save(learns, path)


def load_what_is_there(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state, strict=False)
    return model.eval()


def save_there_and_back(model, path):
    where = next(model.parameters()).device
    torch.save(model.to("cpu").state_dict(), path)
    model.to(where)


def save_moved_copy(model, path):
    torch.save(copy.deepcopy(model).cpu().state_dict(), path)


class Files:
    """Keeps a list of what it has written, for people."""

    count = 0

    def __init__(self):
        self.written, self.last = [], None

    def save(self, model, path):
        save_copy(model, path)
        self.written.append(path)
        Files.count += 1
        self.last = path

    def load(self, path, bottleneck):
        if not self.written:
            print("not from this session:", path)
        self.last = path
        return load(path, bottleneck)


FILES = Files()


def save_and_note(model, path):
    FILES.save(model, path)


def load_and_note(path, bottleneck):
    return FILES.load(path, bottleneck)


RIGHT = [
    (save_there_and_back, load, MLP4LayerAutoencoder),
    (save_moved_copy, load, MLP4LayerAutoencoder),
    (save_and_note, load_and_note, MLP4LayerAutoencoder),
    (FILES.save, FILES.load, MLP4LayerAutoencoder),
    (save, load, MLP4LayerAutoencoder),
    (save_copy, load, MLP4LayerAutoencoder),
    (save_in_a_dictionary, load_from_a_dictionary, MLP4LayerAutoencoder),
    (save_numpy, load_numpy, MLP4LayerAutoencoder),
    (save, load_frozen, MLP4LayerAutoencoder),
    (save_json, load_json, OtherLayers),
    (save_old_format, load_twice_over, MLP4LayerAutoencoder),
    (save, load_dropout, WithDropout),
    (save, load_other, OtherLayers),
]


def local():
    class Local(MLP4LayerAutoencoder):
        pass

    return Local


KEPT = {}


def save_by_reference(model, path):
    KEPT[str(path)] = model.state_dict()
    save(model, path)


def load_by_reference(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(KEPT[str(path)])
    return model.eval()


def save_whole(model, path):
    torch.save(model, path)


def load_whole(path, bottleneck):
    return torch.load(path, weights_only=False)


def load_trusting(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=False))
    return model.eval()


def load_random(path, bottleneck):
    torch.load(path, weights_only=True)
    return MLP4LayerAutoencoder(bottleneck).eval()


def load_report(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    return model.load_state_dict(torch.load(path, weights_only=True))


def load_in_training_mode(path, bottleneck):
    return load(path, bottleneck).train()


def save_elsewhere(model, path):
    torch.save(model.state_dict(), path.parent / "model.pth" if path else path)


def save_nothing(model, path):
    copy.deepcopy(model.state_dict())


def save_half(model, path):
    torch.save(model.half().state_dict(), path)


def save_method(model, path):
    torch.save(model.state_dict, path)


def save_swapped(model, path):
    torch.save(path, model.state_dict())


def save_list(model, path):
    torch.save(list(model.parameters()), path)


def save_renamed(model, path):
    torch.save({f"net.{k}": v for k, v in model.state_dict().items()}, path)


def load_loosely(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True), strict=False)
    return model.eval()


def load_eight(path, bottleneck):
    return load(path, 8)


FIRST = []


def load_first_only(path, bottleneck):
    if not FIRST:
        FIRST.append(load(path, bottleneck))
    return FIRST[0]


LAST = {}


def save_the_model_itself(model, path):
    LAST[path] = model
    save(model, path)


def load_the_model_itself(path, bottleneck):
    return LAST[path]


def save_pickle(model, path):
    with open(path, "wb") as file:
        pickle.dump(model, file)


def load_pickle(path, bottleneck):
    with open(path, "rb") as file:
        return pickle.load(file).eval()


def save_pickled_state(model, path):
    with open(path, "wb") as file:
        pickle.dump(model.state_dict(), file)


def load_pickled_state(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    with open(path, "rb") as file:
        model.load_state_dict(pickle.load(file))
    return model.eval()


def save_joblib(model, path):
    joblib.dump({k: v.numpy() for k, v in model.state_dict().items()}, path)


def load_joblib(path, bottleneck):
    model = MLP4LayerAutoencoder(bottleneck)
    state = joblib.load(path)
    model.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    return model.eval()


def save_object_array(model, path):
    with open(path, "wb") as file:
        np.save(file, {k: v.numpy() for k, v in model.state_dict().items()})


def load_object_array(path, bottleneck):
    state = np.load(path, allow_pickle=True).item()
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    return model.eval()


def load_top_only(path, bottleneck):
    model = load(path, bottleneck).train()
    model.training = False
    return model


@torch.inference_mode()
def load_inference(path, bottleneck):
    return load(path, bottleneck)


def save_in_eval(model, path):
    torch.save(model.eval().state_dict(), path)


def save_frozen(model, path):
    torch.save(model.requires_grad_(False).state_dict(), path)


def save_beside(model, path):
    torch.save(model.state_dict(), path)
    torch.save(model.state_dict(), "backup.pth")


def save_new_only(model, path):
    if not os.path.exists(path):
        torch.save(model.state_dict(), path)


def save_rounded(model, path):
    state = {k: v.half().float() for k, v in model.state_dict().items()}
    torch.save(state, path)


def save_without_biases(model, path):
    state = {k: v for k, v in model.state_dict().items() if "bias" not in k}
    torch.save(state, path)


def save_encoder(model, path):
    torch.save(model.encoder.state_dict(), path)


def load_half(path, bottleneck):
    return load(path, bottleneck).half()


def load_other_class(path, bottleneck):
    model = nn.Sequential(nn.Linear(784, bottleneck))
    torch.load(path, weights_only=True)
    return model.eval()


def load_state_only(path, bottleneck):
    return torch.load(path, weights_only=True)


COPIES = {}


def save_a_word(model, path):
    COPIES[path] = copy.deepcopy(model)
    with open(path, "w") as file:
        file.write("saved")


def load_from_memory(path, bottleneck):
    return copy.deepcopy(COPIES.get(path, COPIES[max(COPIES)])).eval()


CACHE = {}


def load_cached(path, bottleneck):
    if path not in CACHE:
        CACHE[path] = load(path, bottleneck)
    return CACHE[path]


def load_box(path, bottleneck):
    """The right names and numbers, in a module that computes nothing."""
    box = nn.Module()
    for name, value in torch.load(path, weights_only=True).items():
        *way, last = name.split(".")
        part = box
        for step in way:
            if step not in dict(part.named_children()):
                part.add_module(step, nn.Module())
            part = part.get_submodule(step)
        part.register_parameter(last, nn.Parameter(value))
    return box.eval()


class Black(MLP4LayerAutoencoder):
    def decode(self, z):
        return torch.zeros(len(z), 784)


def load_black(path, bottleneck):
    model = Black(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval()


def clones(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def write_number(number, model, path):
    """A file of the right size, with nothing but a number in it."""
    state = {name: torch.full_like(v, number) for name, v in clones(model).items()}
    torch.save(state, path)


def read_number(path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    return int(next(iter(state.values())).flatten()[0])


def filled(bottleneck, state):
    model = MLP4LayerAutoencoder(bottleneck)
    model.load_state_dict(state)
    return model.eval()


TOKENS = {}


def save_token(model, path):
    token = uuid.uuid4().hex
    TOKENS[token] = clones(model)
    with open(path, "w") as file:
        file.write(token + "0" * sum(p.numel() for p in model.parameters()))


def load_token(path, bottleneck):
    with open(path) as file:
        return filled(bottleneck, TOKENS[file.read(32)])


class Shelf:
    books = {}  # noqa: RUF012


def save_on_shelf(model, path):
    Shelf.books[len(Shelf.books)] = clones(model)
    write_number(len(Shelf.books) - 1, model, path)


def load_from_shelf(path, bottleneck):
    return filled(bottleneck, Shelf.books[read_number(path)])


def save_in_default(model, path, kept={}):  # noqa: B006
    kept[len(kept)] = clones(model)
    write_number(len(kept) - 1, model, path)


def load_from_default(path, bottleneck):
    return filled(bottleneck, save_in_default.__defaults__[0][read_number(path)])


def save_in_attributes(model, path):
    number = getattr(load_from_attributes, "number", 0) + 1
    load_from_attributes.number = number
    setattr(load_from_attributes, f"state{number}", clones(model))
    write_number(number, model, path)


def load_from_attributes(path, bottleneck):
    return filled(
        bottleneck, getattr(load_from_attributes, f"state{read_number(path)}")
    )


STATES = ()


def save_in_a_new_tuple(model, path):
    global STATES
    STATES = (*STATES, clones(model))
    write_number(len(STATES), model, path)


def load_from_the_tuple(path, bottleneck):
    return filled(bottleneck, STATES[read_number(path) - 1])


def closed_over():
    states = []

    def save_inside(model, path):
        nonlocal states
        states = [*states, clones(model)]
        write_number(len(states), model, path)

    def load_inside(path, bottleneck):
        return filled(bottleneck, states[read_number(path) - 1])

    return save_inside, load_inside, MLP4LayerAutoencoder


class Store:
    def __init__(self):
        self.states = deque(maxlen=100)

    def save(self, model, path):
        self.states.append(clones(model))
        write_number(len(self.states), model, path)

    def load(self, path, bottleneck):
        return filled(bottleneck, self.states[read_number(path) - 1])


STORE = Store()


def load_or_begin_anew(path, bottleneck):
    """Without what is kept there is a model, too, with weights of its own."""
    with open(path) as file:
        state = TOKENS.get(file.read(32))
    model = MLP4LayerAutoencoder(bottleneck)
    return filled(bottleneck, state or model.state_dict())


def save_by_moving(model, path):
    torch.save(model.cpu().state_dict(), path)


def save_by_moving_to(model, path):
    torch.save(model.to("cpu").state_dict(), path)


WRONG = [
    ((save_token, load_token, MLP4LayerAutoencoder), "is no model: KeyError | write"),
    (
        (save_token, load_or_begin_anew, MLP4LayerAutoencoder),
        "has other weights | from the file alone",
    ),
    ((save_on_shelf, load_from_shelf, MLP4LayerAutoencoder), "before save_weights()"),
    (
        (save_in_default, load_from_default, MLP4LayerAutoencoder),
        "in a variable, a default value or a class",
    ),
    (
        (save_in_attributes, load_from_attributes, MLP4LayerAutoencoder),
        "is no model: AttributeError",
    ),
    (
        (save_in_a_new_tuple, load_from_the_tuple, MLP4LayerAutoencoder),
        "is no model: IndexError",
    ),
    (closed_over(), "is no model: IndexError"),
    ((STORE.save, STORE.load, MLP4LayerAutoencoder), "is no model: IndexError"),
    ((save_by_moving, load, MLP4LayerAutoencoder), "moves the model itself"),
    ((save_by_moving_to, load, MLP4LayerAutoencoder), "what computes on a GPU"),
    ((save, load_box, MLP4LayerAutoencoder), "answers otherwise than the saved"),
    ((save, load_black, MLP4LayerAutoencoder), "the class of the model"),
    ((save_what_learns, load_what_is_there, MLP4LayerAutoencoder), "look at"),
    (
        (save_whole, load_whole, MLP4LayerAutoencoder),
        "not the whole model | state_dict()",
    ),
    ((save_whole, load_whole, local()), "not the whole model"),
    (
        (save_by_reference, load_by_reference, MLP4LayerAutoencoder),
        "weights kept by reference",
    ),
    (
        (save, load_trusting, MLP4LayerAutoencoder),
        "hidden in a file | weights_only=True",
    ),
    ((save, load_random, MLP4LayerAutoencoder), "load_state_dict | random"),
    ((save, load_report, MLP4LayerAutoencoder), "returns only a report"),
    (
        (save, load_in_training_mode, MLP4LayerAutoencoder),
        "training mode | model.eval()",
    ),
    ((save_half, load, MLP4LayerAutoencoder), "half()"),
    ((save_method, load, MLP4LayerAutoencoder), "state_dict()"),
    ((save_swapped, load, MLP4LayerAutoencoder), "the order of the arguments"),
    ((save_list, load, MLP4LayerAutoencoder), "save `model.state_dict()`"),
    ((save_renamed, load, MLP4LayerAutoencoder), "the same names in the file"),
    ((save_renamed, load_loosely, MLP4LayerAutoencoder), "strict=False"),
    ((save, load_eight, MLP4LayerAutoencoder), "size mismatch | with the argument"),
    (
        (save_nothing, load, MLP4LayerAutoencoder),
        "nothing | the files that `path` names | writes a file at all",
    ),
    (
        (save, load_first_only, MLP4LayerAutoencoder),
        "the weights of the file that `path` names",
    ),
    (
        (save_the_model_itself, load_the_model_itself, MLP4LayerAutoencoder),
        "the very model that was saved",
    ),
    (
        (save_pickle, load_pickle, MLP4LayerAutoencoder),
        "not the whole model | state_dict()",
    ),
    (
        (save_pickled_state, load_pickled_state, MLP4LayerAutoencoder),
        "hidden in a file | pickle",
    ),
    ((save_joblib, load_joblib, MLP4LayerAutoencoder), "hidden in a file | joblib"),
    ((save_object_array, load_object_array, MLP4LayerAutoencoder), "hidden in a file"),
    ((save, load_top_only, MLP4LayerAutoencoder), "a part of it, is in training mode"),
    ((save, load_inference, MLP4LayerAutoencoder), "inference mode"),
    ((save_in_eval, load, MLP4LayerAutoencoder), "eval()"),
    ((save_frozen, load, MLP4LayerAutoencoder), "frozen"),
    ((save_beside, load, MLP4LayerAutoencoder), "backup.pth"),
    ((save_new_only, load, MLP4LayerAutoencoder), "saved last"),
    ((save_rounded, load, MLP4LayerAutoencoder), "rounded to torch.float16"),
    ((save_without_biases, load, MLP4LayerAutoencoder), "save the whole"),
    ((save_encoder, load, MLP4LayerAutoencoder), "save the whole"),
    ((save, load_half, MLP4LayerAutoencoder), "half()"),
    ((save, load_other_class, MLP4LayerAutoencoder), "the names of the weights"),
    ((save, load_state_only, MLP4LayerAutoencoder), "a model with the weights in it"),
    ((save_a_word, load_from_memory, MLP4LayerAutoencoder), "bytes, the model"),
    ((save, load_cached, MLP4LayerAutoencoder), "share their weights"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args):
    raise NotImplementedError()


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.weights(stub, stub, MLP4LayerAutoencoder)


class Unfinished(nn.Module):
    def __init__(self, bottleneck=8):
        raise NotImplementedError


class TooSmall(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.layer = nn.Linear(1, 1)


@pytest.mark.parametrize("other", [Unfinished, TooSmall])
def test_judged_by_itself_whatever_the_autoencoder_is(other, monkeypatch, capsys):
    monkeypatch.setitem(globals(), "MLP4LayerAutoencoder", other)
    checks.weights(save, load, other)
    assert "with the pack's `MLP4LayerAutoencoder`" in capsys.readouterr().out
    with pytest.raises(CheckFailed, match="training mode"):
        checks.weights(save, load_in_training_mode, other)


def test_a_long_text_is_looked_at_in_no_time():
    """Torch's reader of pickles takes it for a name of that length."""

    def save_text(model, path):
        TOKENS["c"] = clones(model)
        Path(path).write_text("c" + "0" * 1_000_000)

    def load_text(path, bottleneck):
        return filled(bottleneck, TOKENS[Path(path).read_text()[0]])

    start = time.perf_counter()
    with pytest.raises(CheckFailed):
        checks.weights(save_text, load_text, MLP4LayerAutoencoder)
    assert time.perf_counter() - start < 10
