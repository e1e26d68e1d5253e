"""What hosts read: GitHub's workflows, its dependabot, and dev containers."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from course import pack_root
from course.handout.students import CPU_INDEX

ROOT = pack_root()
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def steps():
    for workflow in WORKFLOWS:
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            yield from job["steps"]


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-workflows", WORKFLOWS), ("dependabot", [GITHUB / "dependabot.yml"])],
    ids=["workflows", "dependabot"],
)
def test_they_are_what_github_reads(schema, files):
    assert files
    run(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)


def test_nobody_can_turn_them_against_the_repository():
    """By zizmor: injected code, rights too wide, credentials left about."""
    run(BIN / "zizmor", "--offline", "--no-progress", "--persona=pedantic", GITHUB)


def test_every_action_is_one_commit_and_says_which_version_that_is():
    for workflow in WORKFLOWS:
        for line in workflow.read_text().splitlines():
            if "uses:" in line:
                assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)


def test_the_commands_that_they_give_are_there():
    commands = "\n".join(step.get("run", "") for step in steps())
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make (\w+)", commands):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for place in re.findall(r"\b(?:tests|build|solutions)/[\w/]*", commands):
        assert place.startswith("build") or (ROOT / place).exists(), place
    assert CPU_INDEX in makefile


def test_the_cache_of_the_data_hangs_on_its_checksums():
    caches = [step for step in steps() if "actions/cache@" in step.get("uses", "")]
    assert caches
    for cache in caches:
        assert cache["with"]["path"] == "data"
        (file,) = re.findall(r"hashFiles\('(.+)'\)", cache["with"]["key"])
        assert "train-images-idx3-ubyte.gz" in (ROOT / file).read_text()


def test_a_dev_container_works_in_the_environment_that_it_sets_up():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make setup TORCH=cpu"
    settings = container["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
