#!/usr/bin/env bash
# Run the recorded study on a machine without a network, such as a GPU lent for half an hour at a time.
#
#   scripts/offline_study.sh pack 3.12 torch torchvision triton
#       here: pack the photos and the wheels that the study imports, for that Python, into build/offline;
#       the packages named, and what they require, are there already and are left out
#   scripts/offline_study.sh run gpu
#       there, with build/offline beside this checkout: all of it, or build/offline/pieces and the
#       pieces of 48 MB one by one
#
# run can be killed and started again: it resumes. The records land in $LESSON_RUNS (default data/runs);
# add them to data/runs.
set -euo pipefail
cd "$(dirname "$0")/.."
kept=build/offline
there=${TMPDIR:-/tmp}/lesson-offline

pack() {
  python=$1; shift
  rm -rf $kept && mkdir -p $kept/wheels
  .venv/bin/python - "$@" > $kept/wheels.txt <<'PYTHON'
import re
import sys
from importlib.metadata import packages_distributions, requires, version

from packaging.utils import canonicalize_name

import lessonlib.study.runner  # noqa: F401

there = {"lessonlib", "pip", "setuptools"}
asked = sys.argv[1:]
loaded = [found for module, found in packages_distributions().items() if module in sys.modules]
names = {canonicalize_name(name) for found in loaded for name in found}
while asked:
    name = canonicalize_name(asked.pop())
    if name in names - there:
        needs = [need for need in requires(name) or [] if "extra ==" not in need]
        asked += [re.match(r"[\w.-]+", need)[0] for need in needs]
    there.add(name)
print(*sorted(f"{name}=={version(name)}" for name in names - there), sep="\n")
PYTHON
  .venv/bin/python -m pip download --quiet --no-deps --only-binary=:all: \
    --python-version "$python" --implementation cp --platform manylinux_2_28_x86_64 \
    --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --platform manylinux1_x86_64 -d $kept/wheels -r $kept/wheels.txt
  cp "${IMAGEWOOF:?Set IMAGEWOOF to imagewoof2-160.tgz.}" $kept/photos.tgz
  tar -c -C $kept wheels photos.tgz | split --bytes 48MB --numeric-suffixes - $kept/piece.
  (cd $kept && sha256sum piece.* > pieces && rm -r wheels photos.tgz && du -h piece.*)
}

# Keep the pieces that have arrived, all at once or one by one, outside the checkout, and unpack them when
# all are there and whole
unpack() {
  mkdir -p "$there"
  for file in $kept/pieces $kept/piece.*; do if [ -f "$file" ]; then cp "$file" "$there"; fi; done
  cd "$there"
  [ -f pieces ] || { echo "There is no $kept/pieces: pack, then copy it here with every piece."; exit 1; }
  # sha256sum fails if any piece is missing
  missing=$(sha256sum --check pieces 2> /dev/null | sed -n 's/: FAILED.*//p' | tr '\n' ' ') || true
  [ -z "$missing" ] || { echo "Missing or damaged: ${missing% }. Copy to $kept, then run again."; exit; }
  cat piece.* | tar -x
  if [ ! -d site ]; then
    rm -rf part
    PIP_USER=0 python3 -m pip install --quiet --no-index --no-deps --no-compile \
      --target part wheels/*.whl
    mv part site
  fi
  cd "$OLDPWD"
}

case ${1:-} in
  pack) pack "${@:2}" ;;
  run)
    unpack
    export IMAGEWOOF=$there/photos.tgz LESSON_CACHE=$there/cache PYTHONPATH=$there/site:$PWD
    exec python3 -m lessonlib.study "${@:2}" ;;
  *) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
