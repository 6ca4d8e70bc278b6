# make lab: open the lesson.  make test: run every test.  Both set up .venv on first use and need only python3, git and make.
.PHONY: lab test bench study notebooks address site lock
.DEFAULT_GOAL := lab

BIN := .venv/bin
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

lab: .venv/ready
	$(BIN)/jupyter lab $(ROOT) $(LAB_FLAGS) notebooks/00_start_here.ipynb

test: .venv/ready
	LESSON_TIER=test OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope \
	  --nbval-lax --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=120 tests notebooks

# Speed, as ratios within one run; nothing here is a test
bench: .venv/ready
	for bench in tests/benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

# Train the runs that a plan still lacks, the one for this machine or make study PLAN=cpu; it can be killed and goes on
study: .venv/ready
	$(BIN)/python -m lessonlib.study $(PLAN) $(STUDY_FLAGS)

# Run the notebooks again and keep their outputs, without widget state or times: make notebooks [NB=notebooks/06_imagewoof.ipynb]
notebooks: address
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.store_widget_state=False \
	  --ExecutePreprocessor.timeout=3600 --ExecutePreprocessor.record_timing=False $(or $(NB),$(sort $(wildcard notebooks/*.ipynb)))
	$(BIN)/python -m ruff format notebooks

# A fork changes Repository in pyproject.toml; this writes it into the badges and the set-up cells
address: .venv/ready
	$(BIN)/python scripts/address.py

# All notebooks as a static site, for reading without running: open site/html/index.html. It runs no notebook.
site: .venv/site
	$(BIN)/python -m sphinx -q -W --keep-going -c .site -d site/doctrees notebooks site/html

# Resolve requirements.txt anew for all platforms, hashes and no addresses. Needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra lab --extra test \
	  --no-emit-index-url --no-header pyproject.toml -o requirements.txt

# python3 where it is new enough, else the newest of its kind that is there
.venv/ready: requirements.txt pyproject.toml
	@for python in python3 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    if $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	      echo "Setting up .venv with $$($$python --version), a download of about 3 GB on Linux; this is done once."; \
	      exec $$python -m venv .venv; \
	    fi; echo "$$python lacks its venv module: on Debian or Ubuntu install the package python3-venv, then try again."; exit 1; \
	  fi; \
	done; echo "The lesson needs Python 3.11 or newer as python3: install it (python.org), then try again."; exit 1
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What only the site needs comes on its first use
.venv/site: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e ".[site]"
	@touch $@
