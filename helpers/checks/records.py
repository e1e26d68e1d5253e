"""What models were asked, kept where an answer that is handed them cannot reach."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn
from torch.optim import Optimizer

_notes: WeakKeyDictionary[nn.Module | Optimizer, list] = WeakKeyDictionary()


class Recorded(nn.Module):
    """A module of which notes are taken. Of a copy they go on in the same list."""

    def __copy__(self) -> Recorded:
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        _notes[other] = notes_of(self)
        return other

    def __deepcopy__(self, memo: dict) -> Recorded:
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        vars(other).update(copy.deepcopy(vars(self), memo))
        _notes[other] = notes_of(self)
        return other


def notes_of(model: nn.Module | Optimizer) -> list[Any]:
    """The list of what was noted about a model or an optimizer, to read or add to."""
    return _notes.setdefault(model, [])


def twin(model: nn.Module) -> Any:
    """A deep copy of a :class:`Recorded` whose notes are its own.

    Made before an answer is handed the model, it says afterwards what that would have
    answered: layers, hooks and attributes of the model may be others then.
    """
    other = copy.deepcopy(model)
    _notes[other] = []
    return other
