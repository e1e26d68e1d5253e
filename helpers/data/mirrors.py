"""Servers that have the original files: asked first, then downloaded from."""

import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

MIRRORS = {
    "MNIST": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    "FashionMNIST": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
}

PATIENCE = 8  # seconds to wait for a server's first answer
LONGEST = 1800  # seconds one download may take


def is_address(mirror: str) -> bool:
    """Whether COURSE_DATA_MIRROR names a server, and not a folder."""
    return mirror.lower().startswith(("http://", "https://"))


def addresses(name: str, mirror: str) -> list[str]:
    """Where a data set's files are served: the user's own mirror first."""
    own = [f"{mirror.rstrip('/')}/{name}/raw/"] if is_address(mirror) else []
    return [*own, *MIRRORS[name]]


def refusal(url: str) -> str | None:
    """Ask for a file without reading it: None if it is served, else the reason."""
    request = urllib.request.Request(url, headers={"User-Agent": "course"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return None
    except urllib.error.HTTPError as error:
        return f"the server answered {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(error) or type(error).__name__


def download(name: str, stage: Path, address: str, files: dict[str, str]) -> str | None:
    """Run `download.py`: None if it succeeded, else what the source did wrong.

    The files are given with their MD5.
    """
    program = Path(__file__).with_name("download.py")
    what = (name, str(stage), address, json.dumps(files))
    try:
        done = _run([sys.executable, "-P", str(program), *what])
    except subprocess.TimeoutExpired:
        return f"not complete after {LONGEST // 60} minutes"
    if done.returncode == 0:
        return None
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return f"the download ended with {(done.stderr.split() or ['?'])[-1]}"
    if report["disk"]:
        raise OSError(report["disk"], os.strerror(report["disk"]))
    if "corrupted" in report["reason"]:
        return "a file arrived incomplete or changed (MD5 differs)"
    return " ".join(report["reason"].split())


def _run(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
