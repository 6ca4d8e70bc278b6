"""The test tier, one thread per process, no clock, folders for what tests write, what is slow."""

import os
import tempfile
from contextlib import suppress
from types import SimpleNamespace

import pytest

# What make test-quick leaves out: parts of a test's file and name
SLOW = (
    "test_walls.py",
    "training/test_checkpoints.py",
    "training/test_race.py",
    "test_a_short_race_on_the_photos_there_are",
    "test_killed_and_started_again_each_run_is_recorded_once",
    "test_a_study_records_each_run_once_and_says_how_far_it_is",
    "test_two_studies_at_once_and_a_backend_without_generators_share_the_work",
    "beside_and_after_one_another",
    "test_the_chain_is_the_layer_but_for_what_it_says_it_misses",
    "test_two_layers_become_one_or_are_refused_with_reason",
    "test_a_chain_of_any_layers_stays_the_same_function",
    "test_layer_by_layer_a_chain_becomes_the_same_one_or_is_refused",
    "test_layers_below_and_above_dense_keep_their_precision_and_come_near",
    "test_the_command_line_writes_onnx_and_reads_it_again",
    "test_how_many_small_kernels_factor",
    "test_what_pip_is_told_by_conda_can_be_resolved",
)

os.environ.setdefault("LESSON_TIER", "test")
# two workers on two cores: more threads only wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
for name in ("LESSON_CACHE", "LESSON_RUNS"):
    os.environ[name] = tempfile.mkdtemp(prefix="lesson-")

with suppress(ImportError):  # the stand-in for Colab has no hypothesis
    from hypothesis import settings

    # else an example that takes 200 ms fails, on a machine that is busy
    settings.register_profile("lesson", deadline=None)
    settings.load_profile("lesson")


def pytest_collection_modifyitems(items):
    for item in items:
        if any(part in item.nodeid for part in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folders of its own, and a way to change the environment."""
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    return SimpleNamespace(folder=tmp_path, patch=monkeypatch)
