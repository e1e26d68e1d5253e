"""No check touches the notebook's random state, or leaves gradients off."""

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _the_random_state_stays():
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    yield
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()
    assert torch.is_grad_enabled()
