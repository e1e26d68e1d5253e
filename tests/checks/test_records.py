"""Of what a model was asked notes are kept apart from it."""

import copy

import torch
from torch import nn

from helpers.checks.records import Recorded, notes_of, twin


class Noted(Recorded):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        notes_of(self).append(len(x))
        return self.layer(x)


def test_copies_go_on_with_the_notes_and_a_twin_has_its_own():
    model = Noted()
    other, apart = copy.deepcopy(model), twin(model)
    copies = copy.deepcopy(other), copy.copy(other)
    for number, each in enumerate((model, other, *copies, apart)):
        each(torch.ones(number + 1, 2))
    assert notes_of(model) == notes_of(other) == [1, 2, 3, 4]
    assert notes_of(apart) == [5]
    assert copies[1].layer is other.layer
    assert torch.equal(other.layer.weight, model.layer.weight)
    assert other.layer.weight is not model.layer.weight


def test_nothing_on_a_model_leads_to_its_notes():
    model = Noted()
    before = set(vars(model))
    model(torch.ones(1, 2))
    assert set(vars(model)) == before
    assert not [each for each in vars(model).values() if each is notes_of(model)]
