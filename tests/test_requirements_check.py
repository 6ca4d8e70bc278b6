"""`check()` with one thing missing at a time: which word, which sentence, what to do."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from importlib.metadata import PackageNotFoundError, version

import pytest
import torch

import lessonlib
from helpers.devices import pretend_machine
from lessonlib import paths, requirements_check
from lessonlib.configs import TIERS
from lessonlib.imagewoof import photos as imagewoof

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with everything, but for a GPU."""
    copy = tmp_path / "imagewoof2-160.tgz"
    copy.touch()
    for name, value in {
        "IMAGEWOOF": copy,
        "LESSON_TIER": "cpu",
        "LESSON_CACHE": tmp_path / "cache",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("LESSON_RUNS")  # other tests record runs there
    imagewoof.kept_folder("0" * 64, TIERS["cpu"]).mkdir(parents=True)
    pretend_machine(monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 10**12))
    monkeypatch.setattr(requirements_check, "_free_memory", lambda: 8 * 10**9)


def said(capsys):
    lessonlib.check()
    return [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]


def the_only(word, capsys):
    """The one sentence of that word."""
    sentences = [sentence for w, sentence in said(capsys) if w == word]
    assert len(sentences) == 1, sentences
    return sentences[0]


def without(monkeypatch, package, instead=None):
    def changed(name):
        if name == package and instead is None:
            raise PackageNotFoundError(name)
        return instead if name == package else version(name)

    monkeypatch.setattr(requirements_check, "version", changed)


def test_a_whole_machine_lacks_nothing_and_says_each_thing_once(capsys):
    lines = said(capsys)
    assert {word for word, _ in lines} == {"ok", "slow"}
    assert [s for w, s in lines if w == "slow"] == [s for _, s in lines if s.startswith("No GPU")]
    text = "\n".join(sentence for _, sentence in lines)
    for what in (
        "Python 3",
        f"torch {torch.__version__.split('+')[0]}",
        "threads: ",
        "tier cpu",
        "Photos: ",
        "Decoded photos",
    ):
        assert text.count(what) == 1, what
    for what in (
        "Disk: 1000.0 GB",
        "Memory: 8.0 GB",
        "Playgrounds: ipywidgets",
        "Recorded runs: cpu ",
    ):
        assert text.count(what) == 1, what


def test_to_import_the_package_loads_nothing_heavy_and_checks_nothing():
    heavy = {"torch", "numpy", "filelock", "matplotlib"}
    code = f"import sys, lessonlib; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_without_a_clone_the_requirements_are_those_of_the_installed_package(
    capsys, monkeypatch, tmp_path
):
    in_a_clone = said(capsys)
    stray = tmp_path / "pyproject.toml"
    stray.write_text('[project]\nname = "careless"\nrequires-python = ">=4"\n')
    monkeypatch.setattr(requirements_check, "PROJECT", stray)
    assert said(capsys) == in_a_clone


def test_a_copy_without_any_list_of_requirements(capsys, monkeypatch, tmp_path):
    def nowhere(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(requirements_check, "PROJECT", tmp_path / "pyproject.toml")
    monkeypatch.setattr(requirements_check, "metadata", nowhere)
    assert "has come without a list of what it needs: install it again" in the_only(
        "missing", capsys
    )


def test_an_old_python_is_named_and_nothing_else_is_tried(capsys, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert "the lesson needs 3.11 or newer: install it" in the_only("missing", capsys)


@pytest.mark.parametrize("package", ["torch", "fastai", "ipywidgets", "filelock"])
def test_a_missing_package_is_named_with_its_command(package, capsys, monkeypatch):
    without(monkeypatch, package)
    assert f'{package} is not here: install it with pip install "{package}>=' in the_only(
        "missing", capsys
    )


def test_an_old_package_is_named_with_both_versions(capsys, monkeypatch):
    without(monkeypatch, "torch", instead="2.5.1+cpu")
    assert 'torch is 2.5.1+cpu, too old: pip install --upgrade "torch>=2.6"' in the_only(
        "missing", capsys
    )


def test_a_newer_package_with_a_local_version_will_do(capsys, monkeypatch):
    without(monkeypatch, "torch", instead="2.11.0+cu128")
    assert "missing" not in dict(said(capsys))


def test_a_mixed_pair_of_torch_and_torchvision_is_told(capsys, monkeypatch):
    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(requirements_check, "import_module", broken)
    assert (
        "(operator torchvision::nms does not exist): install both again from one source"
        in the_only("missing", capsys)
    )


@pytest.mark.parametrize(
    "kind, count, gpu, said_of_it",
    [
        ("cuda", 1, {}, ["GPU: Tesla T4, 15.8 GB; trains in float16, tier cpu."]),
        ("cuda", 1, {"is_bf16_supported": True}, ["trains in bfloat16"]),
        ("cuda", 2, {}, ["There are 2 of them: a study gives each worker its own."]),
        ("mps", 1, {}, ["GPU: Apple GPU, ", "12.0 GB; trains in float32"]),
        ("xpu", 1, {"get_device_name": "Arc A770"}, ["GPU: Arc A770", "trains in bfloat16"]),
    ],
)
def test_a_gpu_is_named_with_memory_precision_and_tier(
    kind, count, gpu, said_of_it, capsys, monkeypatch
):
    pretend_machine(monkeypatch, kind, count, **gpu)
    [sentence] = [s for word, s in said(capsys) if word == "ok" and s.startswith("GPU")]
    assert all(words in sentence for words in said_of_it), sentence


def test_a_gpu_without_code_is_named_with_its_cure_and_the_cpu_is_taken(capsys, monkeypatch):
    pretend_machine(
        monkeypatch, "cuda", get_device_capability=(6, 0), get_device_name="Tesla P100-PCIE-16GB"
    )
    sentence = the_only("slow", capsys)
    assert sentence.startswith("No GPU: CPU, ")
    assert "Tesla P100-PCIE-16GB" in sentence and "install an older torch" in sentence


def test_a_device_that_is_none_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setenv("LESSON_DEVICE", "gpu")
    assert "LESSON_DEVICE is 'gpu'; set it to one of" in the_only("missing", capsys)


def test_a_gpu_that_torch_does_not_see(capsys, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "install a torch with CUDA" in the_only("slow", capsys)


def test_a_single_thread_is_told_where_it_comes_from(capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert "OMP_NUM_THREADS is 1: unset it" in the_only("slow", capsys)


def test_colab_is_told_how_to_get_a_gpu_and_needs_no_extension(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", object())
    without(monkeypatch, "jupyterlab_widgets")
    lines = said(capsys)
    assert "Runtime, Change runtime type, then run the first cell again" in dict(lines)[
        "slow"
    ] and "missing" not in dict(lines)


@pytest.mark.parametrize("tier, word, what", [
    ("test", "ok", "learns nothing: unset LESSON_TIER"),
    ("gpu", "slow", "Without a GPU that takes hours: unset LESSON_TIER, or set it to cpu"),
    ("big", "missing", "set it to one of test, cpu, gpu"),
])  # fmt: skip
def test_a_tier_that_is_too_small_too_large_or_none(tier, word, what, capsys, monkeypatch):
    monkeypatch.setenv("LESSON_TIER", tier)
    assert [w for w, sentence in said(capsys) if what in sentence] == [word]


def test_a_wrong_path_to_the_photos(capsys, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", "/no/where")
    assert "at /no/where: correct the path (IMAGEWOOF), or unset it" in the_only("missing", capsys)


def test_no_photos_and_what_happens_then(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("IMAGEWOOF")
    monkeypatch.setattr(imagewoof, "DATA", tmp_path / "none")
    monkeypatch.setenv("FASTAI_HOME", str(tmp_path / "none"))
    assert "downloads 93 MB, or draws shapes without a network. Or set IMAGEWOOF" in the_only(
        "missing", capsys
    )
    monkeypatch.setenv("LESSON_TIER", "test")
    assert "tier test draws shapes instead. For dogs, set IMAGEWOOF" in the_only("missing", capsys)


def test_a_downloaded_archive_is_found(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("IMAGEWOOF")
    monkeypatch.setattr(imagewoof, "DATA", tmp_path / "none")
    monkeypatch.setenv("FASTAI_HOME", str(tmp_path / "none"))
    (tmp_path / "cache" / "imagewoof2-160.tgz").touch()
    assert ["ok", f"Photos: {tmp_path}/cache/imagewoof2-160.tgz, not opened yet."] in said(capsys)


def test_photos_not_yet_decoded_and_the_room_they_take(capsys, monkeypatch, tmp_path):
    shutil.rmtree(tmp_path / "cache")
    lines = said(capsys)
    assert any(
        "not decoded for this tier yet" in sentence for word, sentence in lines if word == "slow"
    )
    assert any(
        "the photos will take 0.6 GB" in sentence for _, sentence in lines
    )  # 12,954 x 3 x 128 x 128 bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, 10**8))
    assert (
        "Disk: 0.1 GB are free" in (full := the_only("missing", capsys))
        and "make room, or set LESSON_CACHE" in full
    )


def test_a_cache_that_cannot_be_written(capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode, **_: False)
    assert any(
        "set LESSON_CACHE to another folder" in sentence
        for word, sentence in said(capsys)
        if word == "slow"
    )


@pytest.mark.parametrize("free, word, what", [
    (10**9, "slow", "close other programs"),
    (None, "ok", "does not say how much is free"),
])  # fmt: skip
def test_little_memory_and_memory_unknown(free, word, what, capsys, monkeypatch):
    monkeypatch.setattr(requirements_check, "_free_memory", lambda: free)
    assert [w for w, sentence in said(capsys) if what in sentence] == [word]


@pytest.mark.parametrize("instead, sentence", [
    (None, "restart JupyterLab and reload the page"),
    ("0.9.0", "does not go with jupyterlab_widgets 0.9.0: pip install"),
])  # fmt: skip
def test_no_extension_for_the_widgets_or_one_that_does_not_fit(
    instead, sentence, capsys, monkeypatch
):
    without(monkeypatch, "jupyterlab_widgets", instead)
    assert sentence in the_only("missing", capsys)


def test_no_recorded_runs(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "DATA", tmp_path)
    assert "get them from the repository, or train some: make study" in the_only("missing", capsys)


def test_nothing_is_written_and_no_photo_is_read(capsys, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    said(capsys)  # the archive is empty: whoever reads it fails
    assert sorted(tmp_path.rglob("*")) == before
