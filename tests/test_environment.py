"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from course import pack_root
from course.handout.students import CPU_INDEX
from tests.conftest import LONGEST

ROOT = pack_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [Requirement(text) for text in PROJECT["dependencies"]]
LOCK = [
    Requirement(line)
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if line.strip() and not line.lstrip().startswith("#")
]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())


def test_every_declared_dependency_is_locked_inside_its_range():
    locked = {}
    for requirement in LOCK:
        (pin,) = requirement.specifier
        assert pin.operator == "==", f"{requirement} is not an exact version"
        locked.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    for requirement in DECLARED:
        versions = locked.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} is not locked; run: make lock"
        assert all(version in requirement.specifier for version in versions)


def test_the_packages_that_are_fixed_are_declared():
    names = {requirement.name for requirement in DECLARED}
    fixed = "torch torchvision tensorflow numpy matplotlib jupyter nbval papermill"
    assert set(fixed.split()) <= names


def test_conda_takes_its_packages_from_the_lock():
    *conda, pip = CONDA["dependencies"]
    index, *rest = pip["pip"]
    assert rest == ["-c requirements.lock", "-e ."], "the list, in the lock's versions"
    # A version there is pip's choice of two, 2.14.1+cpu of 2.14.1, and needs no CUDA.
    assert index == f"--extra-index-url {CPU_INDEX}"
    (python,) = [text for text in conda if text.startswith("python=")]
    version = python.removeprefix("python=")
    assert version in SpecifierSet(PROJECT["requires-python"])
    assert {text.partition("=")[0] for text in conda} == {"python", "pip"}


def test_this_environment_has_the_locked_versions():
    for requirement in LOCK:
        if requirement.marker and not requirement.marker.evaluate():
            continue  # for another Python or system
        if re.match(r"nvidia-|cuda-|triton", requirement.name):
            continue  # left out by `make setup TORCH=cpu`
        (pin,) = requirement.specifier
        version = metadata.version(requirement.name).partition("+")[0]
        assert version == pin.version, f"{requirement.name} {version}; run: make setup"


def test_the_version_is_the_same_wherever_it_stands():
    version = PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_importing_helpers_imports_no_framework_and_is_quick():
    code = (
        "import sys, time; start = time.perf_counter(); import helpers; "
        "seconds = time.perf_counter() - start; "
        "heavy = {'torch', 'tensorflow', 'keras', 'sklearn', 'matplotlib', 'numpy'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert seconds < 0.2, seconds"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("module", ["data", "plots", "training", "metrics", "budget"])
def test_helper_modules_import_no_framework(module):
    code = (
        f"import sys, helpers.{module}; "
        "heavy = {'torch', 'torchvision', 'tensorflow', 'keras'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_files_that_run_first_are_there():
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
