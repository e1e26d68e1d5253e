"""A mirror on loopback, and original files to serve."""

import contextlib
import gzip
import hashlib
import http.server
import io
import os
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from helpers import data
from helpers.data import download, mirrors, originals

REPOSITORY = Path(__file__).resolve().parents[3]


def _with_originals() -> Path | None:
    places = [
        os.environ.get("COURSE_DATA_MIRROR", ""),
        REPOSITORY.parent / "shared/data",
    ]
    for place in [*map(Path, filter(None, places)), originals.data_root()]:
        folder = (REPOSITORY / place).resolve()
        if folder.is_dir() and not originals.checked(folder, "MNIST")[1]:
            return folder
    return None


ORIGINALS = _with_originals()


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Folder with MNIST/raw: the real files, else files of the same form."""
    if ORIGINALS:
        yield ORIGINALS
        return
    folder = tmp_path_factory.mktemp("originals")
    with pytest.MonkeyPatch.context() as patch:
        files = {"MNIST": _build(folder)}
        patch.setattr(originals, "FILES", files | {"FashionMNIST": files["MNIST"]})
        yield folder


def _build(folder: Path) -> dict[str, str]:
    """Write four IDX files, no two images alike; return their checksums."""
    raw = folder / "MNIST/raw"
    raw.mkdir(parents=True)
    numbers = np.arange(70_000, dtype=">u4")
    images = np.zeros((70_000, 28, 28), np.uint8)
    images[:, 4:24, 13] = 255
    images[:, 0, :4] = numbers.view(np.uint8).reshape(-1, 4)
    sums = {}
    for prefix, part in ("train", slice(0, 60_000)), ("t10k", slice(60_000, None)):
        for kind, values in ("images-idx3", images), ("labels-idx1", numbers % 10):
            chosen = values[part].astype(np.uint8)
            header = bytes([0, 0, 8, chosen.ndim]) + struct.pack(
                f">{chosen.ndim}I", *chosen.shape
            )
            file = f"{prefix}-{kind}-ubyte.gz"
            blob = gzip.compress(header + chosen.tobytes(), 1)
            (raw / file).write_bytes(blob)
            sums[file] = hashlib.md5(blob).hexdigest()
    return sums


class Mirror:
    """What a test tells the server to do, and what it saw."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.address = ""
        # First or last part of a path: the status to answer, or "truncated".
        self.answers: dict[str, int | str] = {}
        self.requests: Counter[str] = Counter()


@pytest.fixture
def mirror(source, monkeypatch):
    """A server of the original files, named by COURSE_DATA_MIRROR."""
    seen = Mirror(source)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            _, first, *_, file = self.path.split("/")
            seen.requests[file] += 1
            answer = seen.answers.get(first) or seen.answers.get(file)
            if isinstance(answer, int):
                self.send_error(answer)
                return
            body = (seen.folder / "MNIST/raw" / file).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # torchvision hangs up after asking where the file is.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body[: len(body) // 2] if answer else body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("COURSE_DATA_MIRROR", seen.address)
    yield seen
    server.shutdown()
    server.server_close()


@pytest.fixture
def in_process(monkeypatch):
    """Run helpers.data.download in this process: torchvision is loaded already."""

    def run(command, **_):
        stdout = io.StringIO()
        with monkeypatch.context() as patch, contextlib.redirect_stdout(stdout):
            patch.setattr(sys, "argv", command[2:])
            patch.setattr(socket, "setdefaulttimeout", lambda seconds: None)
            code = download.main()
        return subprocess.CompletedProcess(command, code, stdout.getvalue(), "")

    monkeypatch.setattr(mirrors, "_run", run)


@pytest.fixture(scope="session")
def mnist(source):
    """MNIST as `load` gives it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(source))
        return data.load("MNIST")
