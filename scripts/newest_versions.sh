#!/usr/bin/env bash
# Install the newest version of every dependency in a fresh environment, then run all tests and notebooks.
# Prints what differs from requirements.txt, then what broke. For a scheduled check; .ci/run tests a release.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
git clone --quiet . "$fresh/lesson"
cd "$fresh/lesson"
"${PYTHON:-python3}" -m venv "$fresh/env"
python=$fresh/env/bin/python
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
"$python" -m pip install --quiet --upgrade -e '.[lab,test]'

echo "Differs from requirements.txt:"
sed -n 's/^\([A-Za-z0-9._-]*==[^ ;\\]*\).*/\1/p' requirements.txt | sort > "$fresh/locked"
"$python" -m pip list --format=freeze | sed 's/_/-/g' | tr '[:upper:]' '[:lower:]' | sort > "$fresh/newest"
comm -13 "$fresh/locked" "$fresh/newest" | sed 's/^/  /'

mkdir "$fresh/home"
HOME="$fresh/home" LESSON_TIER=test OMP_NUM_THREADS=1 "$python" -m pytest -q -n 2 --dist loadscope \
  -r fE --tb=short -W default --nbval-lax --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=120 \
  tests notebooks
