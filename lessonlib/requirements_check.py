"""Which of the lesson's requirements this machine meets: `check()` says it in sentences.

It changes, downloads and decodes nothing, and imports a package only once it is known to be here.
"""

import os
import platform
import re
import shutil
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

__all__ = ["check"]

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
OK = "ok"
SLOW = "slow"
MISSING = "missing"
GB = 10**9
MEMORY = 2 * GB  # a training of tier cpu takes 1.5 GB at its most


def check():
    """Print what is ok, missing or slow on this machine, and what to do: one line each.

    The lowest versions are those of pyproject.toml, or of the installed package's metadata.
    If a package is missing or Python is too old, the rest is left for the next call.
    """
    for word, sentence in _findings():
        print(f"{word:8} {sentence}")


def _findings():
    try:
        floor, requirements = _required()
    except PackageNotFoundError:
        what = f"lessonlib in {PROJECT.parent} has come without a list of what it needs"
        yield MISSING, f"{what}: install it again from a whole clone."
        return
    python = _python(floor)
    yield python
    if python[0] == MISSING:
        return
    packages = list(_packages(requirements))
    yield from packages
    if any(word == MISSING for word, _ in packages):
        yield SLOW, "The rest is looked at once these are installed: run check() again."
        return
    try:
        import_module("lessonlib.paths")
    except FileNotFoundError as error:
        yield MISSING, str(error)
        return
    from lessonlib.configs import current_tier
    from lessonlib.device_check import device_sentence, tier_sentence

    try:
        tier = current_tier()
        quick, sentence = device_sentence()
    except ValueError as error:
        yield MISSING, str(error)
        return
    yield OK if quick else SLOW, sentence
    suits, sentence = tier_sentence(tier)
    yield OK if suits else SLOW, sentence
    yield from _photos(tier)
    yield _memory()
    yield _widgets()
    yield _runs()


def _required():
    """(lowest Python, requirements such as "torch>=2.6"), without the optional ones.

    PackageNotFoundError if lessonlib is neither in a clone nor installed with its metadata.
    """
    text = PROJECT.read_text(encoding="utf-8") if PROJECT.is_file() else ""
    if 'name = "lessonlib"' in text:  # site-packages may hold the pyproject.toml of another project
        floor = re.search(r'^requires-python = ">=([\d.]+)"', text, flags=re.M)[1]
        listed = re.search(r"^dependencies = \[\n(.*?)^\]", text, flags=re.M | re.S)[1]
        return floor, re.findall(r'"(.*?)"', listed)  # an old Python has no tomllib
    floor = metadata("lessonlib")["Requires-Python"].removeprefix(">=")
    return floor, [need for need in requires("lessonlib") if "extra ==" not in need]


def _python(floor):
    here = platform.python_version()
    if sys.version_info[:2] < _numbers(floor):
        return MISSING, (
            f"Python is {here}, the lesson needs {floor} or newer: "
            "install it (python.org), then start again."
        )
    return OK, f"Python {here}."


def _packages(requirements):
    """One sentence for each package that is missing or too old, else one with all versions.

    The last says whether torch and torchvision fit together.
    """
    have = {}
    lacking = []
    for requirement in requirements:
        name, floor = requirement.split(">=")
        try:
            have[name] = version(name)
        except PackageNotFoundError:
            do = f'install it with pip install "{requirement}", then restart the kernel.'
            lacking.append(f"{name} is not here: {do}")
            continue
        if _numbers(have[name]) < _numbers(floor):
            do = f'pip install --upgrade "{requirement}", then restart the kernel.'
            lacking.append(f"{name} is {have[name]}, too old: {do}")
    for sentence in lacking:
        yield MISSING, sentence
    if not lacking:
        yield OK, ", ".join(f"{name} {number}" for name, number in have.items()) + "."
        yield from _torch_pair()


def _numbers(version):
    """`2.11.0+cu128` as (2, 11, 0)."""
    return tuple(map(int, re.match(r"\d+(\.\d+)*", version)[0].split(".")))


def _torch_pair():
    try:
        # beside a torch from another source it fails, with an operator that does not exist
        import_module("torchvision")
    except (ImportError, OSError, RuntimeError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        yield (
            MISSING,
            (
                f"torch and torchvision do not fit together ({why}): "
                "install both again from one source, in one command."
            ),
        )


def _photos(tier):
    """Where the photos are, whether they are decoded, and whether there is room for the rest."""
    from lessonlib.imagewoof.photos import ARCHIVE, kept_folder, usual_places
    from lessonlib.paths import cache_folder

    named = os.environ.get("IMAGEWOOF")
    found = [Path(named).expanduser()] if named else usual_places()
    downloaded = cache_folder() / ARCHIVE.name
    if not named and downloaded.exists():
        found.append(downloaded)
    if named and not found[0].exists():
        do = "correct the path (IMAGEWOOF), or unset it."
        yield MISSING, f"There is no folder or archive at {named}: {do}"
        return
    if found:
        yield OK, f"Photos: {found[0]}, not opened yet."
    else:
        yield _no_photos(tier)
    to_come = 0 if found or tier.name == "test" else ARCHIVE.size
    kept = sorted(cache_folder().glob(kept_folder("*", tier).name))
    if found and kept:
        yield OK, f"Decoded photos for this tier: {kept[0]}."
    elif found or to_come:
        n = _photos_used(tier)
        to_come += n * 3 * tier.stored**2
        yield (
            SLOW,
            (
                "The photos are not decoded for this tier yet: "
                f"the first training does it, once, with {n:,} photos."
            ),
        )
    yield _disk(cache_folder(), to_come)


def _photos_used(tier):
    """The number of photos that `tier` trains and validates with."""
    from lessonlib.imagewoof.sources import official_names

    return len(official_names()) if tier.photos is None else 10 * sum(tier.photos)


def _no_photos(tier):
    from lessonlib.imagewoof.photos import ARCHIVE

    copy = "set IMAGEWOOF to a copy of imagewoof2-160.tgz."
    if tier.name == "test":
        return MISSING, f"No photos: tier test draws shapes instead. For dogs, {copy}"
    size = f"{ARCHIVE.size / 10**6:.0f} MB"
    what = f"the first training downloads {size}, or draws shapes without a network"
    return MISSING, f"No photos yet: {what}. Or {copy}"


def _disk(folder, to_come):
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if not os.access(there, os.W_OK):
        do = "set LESSON_CACHE to another folder."
        return SLOW, f"{folder} cannot be written, so nothing decoded is kept: {do}"
    if free < to_come:
        return MISSING, (
            f"Disk: {free / GB:.1f} GB are free for {folder}, "
            f"and the photos take {to_come / GB:.1f} GB: "
            "make room, or set LESSON_CACHE to a folder on another disk."
        )
    still = f"the photos will take {to_come / GB:.1f} GB" if to_come else "nothing more is needed"
    return OK, f"Disk: {free / GB:.1f} GB free, {still}."


def _memory():
    free = _free_memory()
    most = f"{MEMORY / GB:.0f} GB"
    if free is None:
        here = "this system does not say how much is free"
        return OK, f"Memory: {here}; a training takes less than {most}."
    if free < MEMORY:
        return SLOW, (
            f"Memory: {free / GB:.1f} GB free, and a training takes up to {most}: "
            "close other programs, or shut down other kernels."
        )
    return OK, f"Memory: {free / GB:.1f} GB free."


def _free_memory():
    """Bytes that programs can still get; None without /proc/meminfo, as on macOS and Windows."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8")
        return 1024 * int(re.search(r"^MemAvailable: +(\d+) kB", lines, flags=re.M)[1])
    except (OSError, TypeError):
        return None


def _widgets():
    """Whether JupyterLab has the jupyterlab_widgets that this ipywidgets asks for."""
    here = f"ipywidgets {version('ipywidgets')}"
    if "google.colab" in sys.modules:
        return OK, f"Playgrounds: {here}, which Colab shows itself."
    needed = _wanted_by_ipywidgets()
    do = f'pip install "{needed}", then restart JupyterLab and reload the page.'
    try:
        page = version("jupyterlab_widgets")
    except PackageNotFoundError:
        still = "Playgrounds stay still pictures in JupyterLab"
        return MISSING, f"{still}, which lacks jupyterlab_widgets: {do}"
    if page not in needed.specifier:
        clash = f"{here} does not go with jupyterlab_widgets {page}"
        return MISSING, f"Playgrounds stay still pictures: {clash}: {do}"
    return OK, f"Playgrounds: {here} with jupyterlab_widgets {page}, so they move."


def _wanted_by_ipywidgets():
    """The requirement on jupyterlab_widgets: its release 3 for ipywidgets 8, 1 for 7."""
    from packaging.requirements import Requirement  # matplotlib brings it

    for need in map(Requirement, requires("ipywidgets")):
        if need.name.replace("-", "_") == "jupyterlab_widgets":
            return need


def _runs():
    from lessonlib.paths import DATA, runs_folder
    from lessonlib.training.runs import load_runs

    files = [*(DATA / "runs").glob("*.jsonl"), *runs_folder().glob("*.jsonl")]
    names = sorted({path.stem for path in files})
    if not names:
        do = "get them from the repository, or train some: make study."
        return MISSING, f"No recorded runs in {DATA / 'runs'}: {do}"
    counts = ", ".join(f"{name} {len(load_runs(name))}" for name in names)
    return OK, f"Recorded runs: {counts}."
