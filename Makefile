# Everything a newcomer needs: make run, make test, make lab. See README.md.
PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13,$(shell python$(v) -c 'import sys; print(sys.executable)' 2>/dev/null)) python3)
BIN := .venv/bin
FAST ?=
export COURSE_FAST := $(if $(filter-out 0,$(FAST)),1,$(COURSE_FAST))

# TORCH=cpu takes PyTorch's CPU-only wheels and leaves the CUDA packages out. All versions
# are exact, so of a package that both indexes have the one asked for is taken.
TORCH ?=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
CUDA_PACKAGES := ^(nvidia-|cuda-|triton)
INDEX := $(if $(filter cpu,$(TORCH)),--extra-index-url $(TORCH_INDEX))
UV ?= $(BIN)/uv
SERVER := .venv/etc/jupyter/jupyter_server_config.d

# Where a machine forbids Python to keep what it has compiled, each of a thousand kernels
# would compile its packages anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup run test lab site release outputs verify coverage bench lock clean

setup: .venv/.ready

# JupyterLab's plugin of announcements would ask its question over every notebook; our
# extension of its server saves still pictures of what can be moved (helpers/saving.py).
.venv/.ready: .venv/.packages
	$(BIN)/pip install --quiet --no-deps -e .
	$(BIN)/pip check
	$(BIN)/jupyter labextension disable @jupyterlab/apputils-extension:announcements >/dev/null 2>&1
	mkdir -p $(SERVER) && echo '{"ServerApp": {"jpserver_extensions": {"helpers.saving": true}}}' > $(SERVER)/autoencoders.json
	touch $@

.venv/.packages: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python 3.11, 3.12 or 3.13 is needed; this is {sys.version.split()[0]}. Say which one to use: make setup PYTHON=/path/to/python3.11")'
ifeq ($(TORCH),cpu)
	@echo "Setting up .venv: about 3 GB, a minute or more the first time ..."
	mkdir -p .venv && grep -vE '$(CUDA_PACKAGES)' requirements.lock > .venv/requirements.txt
else
	@echo "Setting up .venv: about 8 GB on Linux, 3 elsewhere, a minute or more the first time ..."
	@[ "$$(uname)" != Linux ] || command -v nvidia-smi >/dev/null || echo "There is no NVIDIA card here: \`make setup TORCH=cpu\` takes 3 GB instead of 8."
	mkdir -p .venv && cp requirements.lock .venv/requirements.txt
endif
	$(PYTHON) -m venv .venv
	@[ -x $(UV) ] || $(BIN)/pip install --quiet uv
	@$(UV) pip install --compile-bytecode --python $(BIN)/python --index-strategy unsafe-best-match $(INDEX) -r .venv/requirements.txt \
		|| { echo "uv cannot do it here; pip takes its place, more slowly."; $(BIN)/pip install $(INDEX) -r .venv/requirements.txt; }
	touch $@

# Every solution notebook on real data, then measured against expected figures.
run: setup
	$(BIN)/course run

# Lint, types, unit tests, release in sync, every notebook in fast mode. Three at a time,
# with a thread each: on two cores, tests wait for kernels and browsers for a quarter of
# the time. Files in this order (and see tests/conftest.py), as the first take longest.
PARALLEL := -n 3 --max-worker-restart 0 --dist loadfile --no-loadscope-reorder
NBVAL := $(PARALLEL) --nbval-lax --nbval-current-env --nbval-cell-timeout 300
test: export COURSE_FAST := 1
test: export OMP_NUM_THREADS := 1
test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check
	$(BIN)/course release --check
	$(BIN)/pytest $(NBVAL) --durations 20 solutions tests

lab: setup
	cd notebooks && ../$(BIN)/jupyter lab

# The lessons as web pages in build/site: students/ without answers, instructors/ with.
site: setup
	$(BIN)/course site

release: setup
	$(BIN)/course release

# Write the outputs of a full run into solutions/*.ipynb, then derive notebooks/.
LESSONS ?= $(basename $(notdir $(wildcard solutions/*.py)))
outputs: setup
	cd solutions && ../$(BIN)/jupytext --quiet --to ipynb --update $(LESSONS:=.py)
	cd solutions && COURSE_FAST= ../$(BIN)/jupyter nbconvert --to notebook --inplace --execute \
		--ExecutePreprocessor.timeout=1800 --ExecutePreprocessor.record_timing=False \
		$(LESSONS:=.ipynb)
	$(BIN)/course release

# What is run before outputs are committed.
verify: setup
	COURSE_FAST= $(BIN)/course run
	COURSE_FAST=1 OMP_NUM_THREADS=1 $(BIN)/pytest $(NBVAL) solutions
	COURSE_DRAWS=50 OMP_NUM_THREADS=1 $(BIN)/pytest $(PARALLEL) tests/checks tests/course/grading/test_whole_path.py
	COURSE_EVERYWHERE=1 $(BIN)/pytest tests/test_setup.py
	$(MAKE) coverage
	$(BIN)/course release --check

# How much of the code its tests reach; the floor stands in pyproject.toml. Apart from
# `make test`, since tracing takes nearly as long again as what it traces.
coverage: export COURSE_FAST := 1
coverage: export OMP_NUM_THREADS := 1
coverage: setup
	$(BIN)/pytest $(PARALLEL) tests/helpers tests/course --cov

# Side-by-side measurements: tables, and build/bench/bench.json, which the README quotes.
bench: setup
	COURSE_FAST= $(BIN)/python -m benchmarks.bench

# Exact versions for every supported Python and system, from pyproject.toml.
lock: setup
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-annotate --no-header --upgrade pyproject.toml -o requirements.lock

clean:
	rm -rf build
