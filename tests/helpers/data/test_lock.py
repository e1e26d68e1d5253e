"""Of several processes one fetches, and the others wait for it."""

import errno

from helpers.data import originals
from tests.helpers.data.loaded import small, start, stored


def test_four_notebooks_starting_at_once_download_once(mirror):
    program = """
from helpers import data
print(data.load("MNIST", train_images=100).synthetic)
"""
    started = [start(program) for _ in range(4)]
    said = [process.communicate()[0] for process in started]
    assert [text.split()[-1] for text in said] == ["False"] * 4
    assert sum("Fetching MNIST" in text for text in said) == 1
    # One download is up to three requests: is it there, where is it, the file.
    assert set(mirror.requests) == set(originals.FILES["MNIST"])
    assert max(mirror.requests.values()) <= 3
    assert stored() == set(originals.FILES["MNIST"])


def test_a_file_system_without_locks_will_do(mirror, monkeypatch):
    import fcntl

    def refuses(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuses)
    assert not small().synthetic
    assert stored() == set(originals.FILES["MNIST"])
