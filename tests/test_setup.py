"""`make setup`: the lock fits the machines it is for; TORCH=cpu takes what it says.

Nothing of these is downloaded: the first reads what PyPI says of its wheels, the second
installs tiny wheels from two indexes on loopback.
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from course import pack_root

UV = Path(sys.executable).parent / "uv"
# Not with Intel's Macs, nor before macOS 14: this torch has no wheels for them.
PLATFORMS = {
    "x86_64-manylinux_2_28": "3.13",
    "aarch64-manylinux_2_28": "3.12",
    "x86_64-pc-windows-msvc": "3.13",
    "aarch64-apple-darwin": "3.11",
}
PYTHONS = ("3.11", "3.12", "3.13")
EVERYWHERE = [(platform, python) for platform in PLATFORMS for python in PYTHONS]
UNREACHABLE = re.compile(
    "Failed to fetch|error sending request|dns error|Request failed"
)


@pytest.mark.parametrize(
    ("platform", "python"),
    # All of them in `make verify`; in `make test` each platform with one Python.
    EVERYWHERE if os.environ.get("COURSE_EVERYWHERE") else PLATFORMS.items(),
)
def test_the_lock_has_a_wheel_of_everything_on_every_machine(platform, python):
    command = [UV, "pip", "compile", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--python", sys.executable, "--python-version", python]
    done = subprocess.run(
        [*command, "--python-platform", platform, "requirements.lock"],
        cwd=pack_root(),
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
        capture_output=True,
        text=True,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    assert re.search("^torch==", done.stdout, re.M)
    assert ("nvidia-cublas" in done.stdout) == ("linux" in platform)


def write_wheel(index, name, version):
    """A package that holds nothing, in an index as PEP 503 describes them."""
    stem = f"{name.replace('-', '_')}-{version}"
    place = index / name
    place.mkdir(parents=True, exist_ok=True)
    wheel = place / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        said = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }
        for file, text in said.items():
            archive.writestr(f"{stem}.dist-info/{file}", text)
    links = [f'<a href="{each.name}">{each.name}</a>' for each in place.glob("*.whl")]
    (place / "index.html").write_text("\n".join(links))


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    """The address of two: what PyPI has, and what PyTorch has besides."""
    folder = tmp_path_factory.mktemp("indexes")
    for name in ("torch", "numpy", "nvidia-cublas", "triton"):
        write_wheel(folder / "pypi", name, "97.0")
    write_wheel(folder / "cpu", "torch", "97.0+cpu")
    write_wheel(folder / "cpu", "numpy", "1.0")  # an old one, as in PyTorch's index
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# As `python`, but without the seconds that venv takes to install pip: ours will do.
PYTHON = """#!/bin/sh
if [ "$2" != venv ]; then exec "{python}" "$@"; fi
"{python}" -m venv --without-pip "$3"
echo '#!/bin/sh\nexec "{python}" -m pip --python .venv/bin/python "$@"' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""


@pytest.mark.skipif(not shutil.which("make"), reason="make is missing")
@pytest.mark.parametrize(
    ("torch", "uv"), [("cpu", UV), ("", UV), ("cpu", "false")], ids=str
)
def test_torch_cpu_takes_its_wheels_and_leaves_cuda_out(indexes, tmp_path, torch, uv):
    shutil.copy(pack_root() / "Makefile", tmp_path)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    (tmp_path / "pyproject.toml").touch()
    names = ("torch", "numpy", "nvidia-cublas", "triton")
    lock = "".join(f"{name}==97.0 ; sys_platform != 'win32'\n" for name in names)
    (tmp_path / "requirements.lock").write_text(lock)
    uv = shutil.which(uv)
    variables = [f"TORCH={torch}", f"TORCH_INDEX={indexes}/cpu", f"UV={uv}"]
    places = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{indexes}/pypi"}
    places |= {"UV_DEFAULT_INDEX": f"{indexes}/pypi"}
    done = subprocess.run(
        ["make", ".venv/.packages", f"PYTHON={python}", *variables],
        cwd=tmp_path,
        env=os.environ | places | {"UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (packages,) = (tmp_path / ".venv").glob("lib/python*/site-packages")
    found = {path.name.removesuffix(".dist-info") for path in packages.glob("*.dist*")}
    cuda = {"nvidia_cublas-97.0", "triton-97.0"}
    assert found == {"numpy-97.0"} | (
        {"torch-97.0+cpu"} if torch else {"torch-97.0"} | cuda
    )
    assert ("pip takes its place" in done.stdout) == (Path(uv).name == "false")
    advice = "`make setup TORCH=cpu` takes 3 GB instead of 8"
    bare = sys.platform == "linux" and not shutil.which("nvidia-smi")
    assert done.stdout.count(advice) == int(bare and not torch), "said once"
