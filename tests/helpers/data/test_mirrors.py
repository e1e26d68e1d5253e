"""Whoever serves the files, what does not arrive whole is not kept, and why is told."""

import pytest

from helpers import data
from helpers.data import mirrors, originals
from tests.helpers.data.loaded import LAST, root, small, stored


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_mirrors_are_torchvisions(name):
    from torchvision import datasets

    original = getattr(datasets, name)
    assert tuple(original.mirrors) == mirrors.MIRRORS[name]


def test_a_truncated_download_is_not_kept(mirror, in_process, capsys):
    mirror.answers[LAST] = "truncated"
    assert small().synthetic
    assert "a file arrived incomplete or changed" in capsys.readouterr().out
    assert not stored()


@pytest.mark.parametrize("answer", [403, 503, "truncated"])
def test_the_next_source_delivers(mirror, in_process, monkeypatch, answer):
    monkeypatch.setenv("COURSE_DATA_MIRROR", f"{mirror.address}/broken")
    mirror.answers["broken"] = answer
    whole = ("http://127.0.0.1:9/", f"{mirror.address}/whole/")
    monkeypatch.setitem(mirrors.MIRRORS, "MNIST", whole)
    assert not small().synthetic
    assert not originals.checked(root(), "MNIST")[1]


@pytest.mark.parametrize("status", [403, 503])
def test_every_refusal_is_told_when_no_source_delivers(mirror, capsys, status):
    mirror.answers["MNIST"] = status
    assert small().synthetic
    said = capsys.readouterr().out
    assert f"{mirror.address}/MNIST/raw/: the server answered {status}" in said
    for address in mirrors.MIRRORS["MNIST"]:
        assert address in said
    assert not stored()


def test_no_network_at_all(source, capsys):
    loaded = small()
    assert loaded.synthetic
    assert data.is_synthetic()
    assert loaded.train.images.shape == (200, 28, 28)
    assert loaded.validation.images.shape == (100, 28, 28)
    assert loaded.test.images.shape == (10_000, 28, 28)
    said = capsys.readouterr().out
    assert said.startswith("SYNTHETIC data")
    assert "COURSE_DATA_MIRROR" in said
    assert "Connection refused" in said or "10061" in said
    assert not stored()
