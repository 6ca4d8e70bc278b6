# make lab: open the lesson.  make test: run every test.
# Both set up .venv on first use and need only Python, git and make; with TORCH=cpu without CUDA.
.PHONY: lab test test-quick bench study notebooks address site picture lock update
.DEFAULT_GOAL := lab

BIN := .venv/bin
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
PYTEST := LESSON_TIER=test OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2
# a pip.conf with user = true, as on many clusters, would break an install into .venv
PIP := PIP_USER=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check
# PyTorch's own index has torch without CUDA; it is told from the lock's by no hash
CPU_INDEX := https://download.pytorch.org/whl/cpu
KNOWN := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))

lab: .venv/ready
	$(BIN)/jupyter lab $(ROOT) $(LAB_FLAGS) notebooks/00_start_here.ipynb

test: .venv/ready
	$(PYTEST) --dist loadscope --nbval-lax --nbval-cell-timeout=300 \
	  --nbval-kernel-startup-timeout=120 tests notebooks

# Before a commit: no browser, no notebook, and none of the slow tests that tests/conftest.py lists
test-quick: .venv/ready
	$(PYTEST) --dist worksteal -m "not slow" --ignore tests/browser tests

# Speed, as ratios within one run; nothing here is a test
bench: .venv/ready
	for bench in tests/benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

# Train the runs that a plan still lacks, by default this machine's plan: make study [PLAN=cpu].
# It can be killed at any moment and resumes.
study: .venv/ready
	$(BIN)/python -m lessonlib.study $(PLAN) $(STUDY_FLAGS)

# Run the notebooks and save their outputs, without widget state, live playgrounds or times:
# make notebooks [NB=notebooks/06_imagewoof.ipynb]
notebooks: address
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.store_widget_state=False --ExecutePreprocessor.timeout=3600 \
	  --ExecutePreprocessor.record_timing=False \
	  $(or $(NB),$(sort $(wildcard notebooks/*.ipynb)))
	$(BIN)/python scripts/keep_stills.py $(or $(NB),$(sort $(wildcard notebooks/*.ipynb)))
	$(BIN)/python -m ruff format notebooks

# Write the repository's address into the notebooks' badges and set-up cells: Repository in
# pyproject.toml, or git's origin while that is the placeholder OWNER
address: .venv/ready
	$(BIN)/python scripts/address.py

# The front page, notebooks and reference as a static site: open site/html/index.html. It runs no notebook.
site: .venv/site
	$(BIN)/python docs/build.py site

# Update the clone; notebooks that were changed are kept in mine/
update: .venv/ready
	$(BIN)/python scripts/update.py

# The moving picture of the README
picture: .venv/ready
	$(BIN)/python scripts/moving_picture.py

# Resolve requirements.txt anew for all platforms, hashes and no addresses. Needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra lab --extra test \
	  --no-emit-index-url --no-header pyproject.toml -o requirements.txt

# The newest Python that the lock knows, 3.11 to 3.14, unless .venv is there already
.venv/ready: requirements.txt pyproject.toml
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then exit; fi; \
	for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	  $$python -c '$(KNOWN)' 2>/dev/null || continue; \
	  known=$$python; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
	  echo "Setting up .venv with $$($$python --version), once." \
	    $(if $(filter cpu,$(TORCH)),,"On Linux that downloads about 3 GB, 7 GB of disk:" \
	    "TORCH=cpu leaves out CUDA."); \
	  exec $$python -m venv --clear .venv; \
	done; \
	if [ -n "$$known" ]; then \
	  echo "$$known lacks its module venv:" \
	    "on Debian or Ubuntu install the package $$known-venv, then try again."; \
	else \
	  echo "The lesson needs Python 3.11 to 3.14: install one (python.org), then try again."; \
	fi; \
	exit 1
ifeq ($(TORCH),cpu)
	$(PIP) --no-deps --index-url $(CPU_INDEX) \
	  $$(sed -nE 's/^(torch(vision)?==[^ ]+).*/\1/p' requirements.txt)
	awk '/^[^ #]/ {kept = !/^(torch|torchvision|triton|nvidia-[^=]+|cuda-[^=]+)==/} kept' \
	  requirements.txt > .venv/without-cuda.txt
	$(PIP) --no-deps --require-hashes -r .venv/without-cuda.txt
else
	$(PIP) --require-hashes -r requirements.txt
endif
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# Only the site needs these: installed on first use
.venv/site: .venv/ready
	$(PIP) --no-build-isolation -e ".[site]"
	@touch $@
