"""Files of weights, right and wrong, and what their check says."""

import copy

import numpy as np
import pytest
import torch

from helpers.checks import lesson02 as checks
from tests.checks.lesson02.shared import Right, fails, stub


def save(model, path):
    torch.save(model.state_dict(), path)


def load(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


def save_copy(model, path):
    state = {name: p.detach().clone().cpu() for name, p in model.state_dict().items()}
    with open(path, "wb") as file:
        torch.save(state, file)


def save_in_a_dictionary(model, path):
    torch.save({"weights": model.state_dict(), "bottleneck": 8}, path)


def load_from_a_dictionary(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True)["weights"])
    model.train(False)
    return model


def save_numpy(model, path):
    with open(path, "wb") as file:
        np.savez(file, **{k: v.numpy() for k, v in model.state_dict().items()})


def load_numpy(path, bottleneck):
    state = {k: torch.from_numpy(v) for k, v in np.load(path).items()}
    model = Right(bottleneck)
    model.load_state_dict(state)
    return model.eval()


def load_frozen(path, bottleneck):
    return load(path, bottleneck).requires_grad_(False)


@pytest.mark.parametrize(
    ("save", "load"),
    [
        (save, load),
        (save_copy, load),
        (save_in_a_dictionary, load_from_a_dictionary),
        (save_numpy, load_numpy),
        (save, load_frozen),
    ],
)
def test_right_files_pass(save, load):
    checks.weights(save, load, Right)


KEPT = {}


def save_by_reference(model, path):
    KEPT[str(path)] = model.state_dict()
    save(model, path)


def load_by_reference(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(KEPT[str(path)])
    return model.eval()


def save_whole(model, path):
    torch.save(model, path)


def load_whole(path, bottleneck):
    return torch.load(path, weights_only=False)


def load_trusting(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=False))
    return model.eval()


def load_random(path, bottleneck):
    torch.load(path, weights_only=True)
    return Right(bottleneck).eval()


def load_report(path, bottleneck):
    model = Right(bottleneck)
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
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True), strict=False)
    return model.eval()


def load_eight(path, bottleneck):
    return load(path, 8)


FIRST = []


def load_first_only(path, bottleneck):
    if not FIRST:
        FIRST.append(load(path, bottleneck))
    return FIRST[0]


LAST = []


def save_the_model_itself(model, path):
    LAST.append(model)
    save(model, path)


def load_the_model_itself(path, bottleneck):
    return LAST[0]


@pytest.mark.parametrize(
    ("save", "load", "says"),
    [
        (save_whole, load_whole, "a whole Right object | state_dict()"),
        (save_by_reference, load_by_reference, "weights kept by reference"),
        (save, load_trusting, "hidden in a file | weights_only=True"),
        (save, load_random, "load_state_dict | random"),
        (save, load_report, "returns only a report"),
        (save, load_in_training_mode, "training mode | model.eval()"),
        (save_half, load, "changed the model's own weights | half()"),
        (save_method, load, "state_dict()"),
        (save_swapped, load, "the order of the arguments"),
        (save_list, load, "save `model.state_dict()`"),
        (save_renamed, load, "the same names in the file"),
        (save_renamed, load_loosely, "strict=False"),
        (save, load_eight, "size mismatch | with the argument"),
        (save_nothing, load, "nothing | the file that `path` names"),
        (save, load_first_only, "the weights of the file that `path` names"),
        (save_the_model_itself, load_the_model_itself, "the very model that was saved"),
    ],
)
def test_wrong_files_fail_by_name(save, load, says):
    fails(checks.weights, save, load, Right, says=says)


def test_wrong_whole_model_of_a_class_that_pickle_cannot_find():
    class Local(Right):
        pass

    fails(checks.weights, save_whole, load_whole, Local, says="not the whole model")


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.weights(stub, stub, Right)
