"""Update this clone and keep the answers: each changed notebook is copied to mine/ first.

make update
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def update(root):
    """Pull what is new. The changed notebooks are as they came, their copies in `mine/`.

    SystemExit with git's own words if it cannot; then all is as it was, but for the copies.
    """
    changed = changed_notebooks(root)
    copies = {path: copied(path, root / "mine") for path in changed}
    if changed:
        git(root, "checkout", "HEAD", "--", *map(str, changed))
    try:
        said = git(root, "pull", "--ff-only")
    except subprocess.CalledProcessError as error:
        for path, copy in copies.items():
            shutil.copy(copy, path)
        sys.exit(f"The lesson is as it was, git could not update it: {error.stderr.strip()}")
    for path, copy in copies.items():
        print(f"Your {path.name} is now {copy.relative_to(root)}.")
    print(said.strip().splitlines()[-1])


def changed_notebooks(root):
    names = git(root, "diff", "--name-only", "--diff-filter=M", "-z", "HEAD", "--", "notebooks")
    return [root / name for name in names.split("\0") if name.endswith(".ipynb")]


def copied(path, folder):
    """The copy of a notebook in `folder`, under a name that is not taken."""
    folder.mkdir(exist_ok=True)
    copy = folder / path.name
    count = 1
    while copy.exists():
        count += 1
        copy = folder / f"{path.stem}-{count}.ipynb"
    return Path(shutil.copy(path, copy))


def git(root, *words):
    done = subprocess.run(
        ["git", "-C", str(root), *words],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


if __name__ == "__main__":
    update(ROOT)
