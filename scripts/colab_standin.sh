#!/usr/bin/env bash
# Run the notebooks as Colab would: its package versions of August 2026, and the lesson cloned by each
# notebook's own first cell, with nothing else installed.
# Runs every notebook in the test tier, then drives the playgrounds in classic Notebook if there is a
# browser.
#
#   scripts/colab_standin.sh [FOLDER]   # FOLDER keeps the environment for the next time
#
# PYTHON names a Python 3.13 or 3.12.
set -euo pipefail
cd "$(dirname "$0")/.."

stand_in=${1:-$(mktemp -d)}
mkdir -p "$stand_in"
stand_in=$(cd "$stand_in" && pwd)

if [ ! -e "$stand_in/ready" ]; then
  for python in ${PYTHON:-python3.13 python3.12}; do
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then break; fi
  done
  "$python" -m venv --clear "$stand_in/env"
  # The first two lines are in Colab's list; the third is what Colab has in other versions, and what
  # runs the notebooks here
  PIP_USER=0 "$stand_in/env/bin/python" -m pip install --quiet --disable-pip-version-check \
    torch==2.11.0 torchvision==0.26.0 fastai==2.8.8 fastcore==2.2.12 numpy==2.1.3 matplotlib==3.10.0 \
    pillow==11.3.0 sympy==1.14.0 ipywidgets==7.7.1 ipython==7.34.0 traitlets==5.7.1 'notebook>=6.5,<6.6' \
    scikit-learn scipy tqdm joblib filelock pytest nbval
  touch "$stand_in/ready"
fi

# The first cell asks whether google.colab is loaded. Its address leads to a fork made here: this
# clone's last commit with an address in its notebooks, as `make address` writes it
trap 'if [ -z "${1:-}" ]; then rm -rf "$stand_in"; fi' EXIT
here=$PWD
address=https://github.com/somebody/lesson
rm -rf "$stand_in/fork"
git clone --quiet . "$stand_in/fork"
git -C "$stand_in/fork" remote set-url origin "$address"
(cd "$stand_in/fork" && "$stand_in/env/bin/python" scripts/address.py)
git -C "$stand_in/fork" -c user.name=fork -c user.email=fork@example.com \
  commit --quiet --all --message "Write the address"
startup="$stand_in/home/.ipython/profile_default/startup"
mkdir -p "$stand_in/colab/google/colab" "$startup"
touch "$stand_in/colab/google/colab/__init__.py"
echo 'import google.colab' > "$startup/colab.py"

export HOME="$stand_in/home" LESSON_TIER=test OMP_NUM_THREADS=1
export LESSON_CACHE="$stand_in/cache" LESSON_RUNS="$stand_in/runs"
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$stand_in/fork.insteadOf"
export GIT_CONFIG_VALUE_0=$address
rm -rf "$stand_in/notebooks"
cp -r "$stand_in/fork/notebooks" "$stand_in" # alone, as Colab opens them
cd "$stand_in"
failed=0
for notebook in notebooks/*.ipynb; do
  PYTHONPATH="$stand_in/colab" env/bin/python -m pytest --quiet -p no:cacheprovider \
    --nbval-lax --nbval-current-env --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=120 \
    "$notebook" || failed=$((failed + 1))
done
echo "$(ls notebooks/*.ipynb | wc -l) notebooks, $failed of them failed."

# The playgrounds, set and drawn in Python
cd "$stand_in/notebooks/.lesson"
"$stand_in/env/bin/python" -m pytest --quiet -p no:cacheprovider tests/playgrounds

# The playgrounds, driven by playwright (from the .venv of make test) in classic Notebook with
# ipywidgets 7
if "$here/.venv/bin/python" -c 'import playwright, pytest' 2>/dev/null; then
  LESSON_CLASSIC="$stand_in/env/bin/python" PYTHONPATH="$stand_in/colab" \
    "$here/.venv/bin/python" -m pytest --quiet -rs -p no:cacheprovider \
    -k classic --ignore tests/browser/test_site.py tests/browser
else
  echo "No playground was driven in a browser: that needs playwright in .venv, see make test."
fi
exit "$((failed > 0))"
