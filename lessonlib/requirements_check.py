"""What of the lesson's needs this machine has: `check()` says it in sentences, and changes, downloads and decodes nothing.

Nothing beyond Python's own library is imported before it is known to be here.
"""

import os
import platform
import re
import shutil
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

__all__ = ["check"]

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
OK, SLOW, MISSING = "ok", "slow", "missing"
GB = 10**9
MEMORY = 2 * GB  # a training of tier cpu takes 1.5 GB at its most


def check():
    """Print what is there, what is missing, what will be slow and what to do: a line each, beginning with one of these words.

    The floors are those of pyproject.toml. Where a package is missing, or Python too old, the rest is left for the next time.
    """
    for word, sentence in _findings():
        print(f"{word:8} {sentence}")


def _findings():
    python = _python()
    yield python
    if python[0] == MISSING:
        return
    packages = list(_packages())
    yield from packages
    if any(word == MISSING for word, _ in packages):
        yield SLOW, "The rest is looked at once these are installed: run check() again."
        return
    yield _device()
    try:
        from lessonlib.configs import current_tier

        tier = current_tier()
    except ValueError as error:
        yield MISSING, str(error)
        return
    yield _tier(tier)
    yield from _photos(tier)
    yield _memory()
    yield _widgets()
    yield _runs()


def _python():
    floor = re.search(r'^requires-python = ">=([\d.]+)"', PROJECT.read_text(), flags=re.M)[
        1
    ]  # an old Python has no tomllib
    here = platform.python_version()
    if sys.version_info[:2] < tuple(map(int, floor.split("."))):
        return (
            MISSING,
            f"Python is {here}, the lesson needs {floor} or newer: install it (python.org), then start again.",
        )
    return OK, f"Python {here}."


def _packages():
    """One sentence for each that is missing or too old, else one with all versions; last, whether torch can be imported."""
    import tomllib

    have, good = {}, True
    for requirement in tomllib.loads(PROJECT.read_text())["project"]["dependencies"]:
        name, floor = requirement.split(">=")
        try:
            have[name] = version(name)
        except PackageNotFoundError:
            good = False
            yield (
                MISSING,
                f'{name} is not here: install it with pip install "{requirement}", then restart the kernel.',
            )
            continue
        if _numbers(have[name]) < _numbers(floor):
            good = False
            yield (
                MISSING,
                f'{name} is {have[name]}, too old: pip install --upgrade "{requirement}", then restart the kernel.',
            )
    if good:
        yield OK, ", ".join(f"{name} {number}" for name, number in have.items()) + "."
        yield from _torch_pair()


def _numbers(version):
    """`2.11.0+cu128` as (2, 11, 0)."""
    return tuple(map(int, re.match(r"\d+(\.\d+)*", version)[0].split(".")))


def _torch_pair():
    try:
        import_module(
            "torchvision"
        )  # beside a torch from another source it fails, with an operator that does not exist
    except (ImportError, OSError, RuntimeError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        yield (
            MISSING,
            f"torch and torchvision do not fit together ({why}): install both again from one source, in one command.",
        )


def _device():
    import torch

    from lessonlib.training.runs import machine

    colab = "google.colab" in sys.modules
    change = (
        " To change it on Colab: Runtime, Change runtime type, then run the first cell again."
        if colab
        else ""
    )
    if torch.cuda.is_available():
        return OK, f"GPU: {machine()}.{change}"
    here = f"No GPU: the race of notebook 06 takes minutes, all before it a minute at most. {machine()}."
    if shutil.which("nvidia-smi") and not colab:
        here += " There is an NVIDIA driver, but torch does not see a GPU: install a torch with CUDA (pytorch.org)."
    if os.environ.get("OMP_NUM_THREADS") == "1":
        here += " OMP_NUM_THREADS is 1: unset it to use all cores."
    return SLOW, here + change


def _tier(tier):
    import torch

    size = f"Training is of tier {tier.name}: {tier.px} x {tier.px} pixels, {tier.epochs} epochs."
    if tier.name == "test":
        return (
            OK,
            f"{size} It takes seconds and learns nothing: unset LESSON_TIER for the real one.",
        )
    if tier.name == "gpu" and not torch.cuda.is_available():
        return SLOW, f"{size} Without a GPU that takes hours: unset LESSON_TIER, or set it to cpu."
    return OK, size


def _photos(tier):
    """Where the photos are, whether they are decoded, and whether there is room for what is still to come."""
    from lessonlib.imagewoof.photos import ARCHIVE, kept_folder, usual_places
    from lessonlib.imagewoof.sources import official_names
    from lessonlib.paths import cache_folder

    named, downloaded = os.environ.get("IMAGEWOOF"), cache_folder() / ARCHIVE.name
    found = (
        [Path(named).expanduser()]
        if named
        else [*usual_places(), *[downloaded] * downloaded.exists()]
    )
    to_come = 0 if found or tier.name == "test" else ARCHIVE.size
    if named and not found[0].exists():
        yield (
            MISSING,
            f"There is no folder or archive at {named}: correct the path (IMAGEWOOF), or unset it.",
        )
        return
    if found:
        yield OK, f"Photos: {found[0]}, not opened yet."
    elif tier.name == "test":
        yield (
            MISSING,
            "No photos: tier test draws shapes instead. For dogs, set IMAGEWOOF to a copy of imagewoof2-160.tgz.",
        )
    else:
        size, otherwise = (
            f"{ARCHIVE.size / 10**6:.0f} MB",
            "Or set IMAGEWOOF to a copy of imagewoof2-160.tgz.",
        )
        yield (
            MISSING,
            f"No photos yet: the first training downloads {size}, or draws shapes without a network. {otherwise}",
        )
    kept = sorted(cache_folder().glob(kept_folder("*", tier).name))
    if found and kept:
        yield OK, f"Decoded photos for this tier: {kept[0]}."
    elif found or to_come:
        n = len(official_names()) if tier.photos is None else 10 * sum(tier.photos)
        to_come += n * 3 * tier.stored**2
        yield (
            SLOW,
            f"The photos are not decoded for this tier yet: the first training does it, once, with {n:,} photos.",
        )
    yield _disk(cache_folder(), to_come)


def _disk(folder, to_come):
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if not os.access(there, os.W_OK):
        return (
            SLOW,
            f"{folder} cannot be written, so nothing decoded is kept: set LESSON_CACHE to another folder.",
        )
    if free < to_come:
        return MISSING, (
            f"Disk: {free / GB:.1f} GB are free for {folder}, and the photos take {to_come / GB:.1f} GB: "
            "make room, or set LESSON_CACHE to a folder on another disk."
        )
    still = f"the photos will take {to_come / GB:.1f} GB" if to_come else "nothing more is needed"
    return OK, f"Disk: {free / GB:.1f} GB free, {still}."


def _memory():
    free = _free_memory()
    if free is None:
        return (
            OK,
            f"Memory: this system does not say how much is free; a training takes less than {MEMORY / GB:.0f} GB.",
        )
    if free < MEMORY:
        return SLOW, (
            f"Memory: {free / GB:.1f} GB free, and a training takes up to {MEMORY / GB:.0f} GB: "
            "close other programs, or shut down other kernels."
        )
    return OK, f"Memory: {free / GB:.1f} GB free."


def _free_memory():
    """Bytes that programs can still have, None where there is no /proc/meminfo, as on macOS and Windows."""
    try:
        return 1024 * int(
            re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(), flags=re.M)[1]
        )
    except (OSError, TypeError):
        return None


def _widgets():
    """JupyterLab draws ipywidgets 8 with jupyterlab_widgets 3, and 7 with 1: ipywidgets says which it needs."""
    from packaging.requirements import Requirement  # matplotlib brings it

    here = f"ipywidgets {version('ipywidgets')}"
    if "google.colab" in sys.modules:
        return OK, f"Playgrounds: {here}, which Colab shows itself."
    needed = next(
        r
        for r in map(Requirement, requires("ipywidgets"))
        if r.name.replace("-", "_") == "jupyterlab_widgets"
    )
    do = f'pip install "{needed.name}{needed.specifier}", then restart JupyterLab and reload the page.'
    try:
        page = version("jupyterlab_widgets")
    except PackageNotFoundError:
        return (
            MISSING,
            f"Playgrounds stay still pictures in JupyterLab, which lacks jupyterlab_widgets: {do}",
        )
    if page not in needed.specifier:
        return (
            MISSING,
            f"Playgrounds stay still pictures: {here} does not go with jupyterlab_widgets {page}: {do}",
        )
    return OK, f"Playgrounds: {here} with jupyterlab_widgets {page}, so they move."


def _runs():
    from lessonlib.paths import DATA, runs_folder
    from lessonlib.training.runs import load_runs

    names = sorted(
        {path.stem for folder in (DATA / "runs", runs_folder()) for path in folder.glob("*.jsonl")}
    )
    if not names:
        return (
            MISSING,
            f"No recorded runs in {DATA / 'runs'}: get them from the repository, or train some: make study.",
        )
    return OK, "Recorded runs: " + ", ".join(
        f"{name} {len(load_runs(name))}" for name in names
    ) + "."
