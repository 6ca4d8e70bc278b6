"""Photos are known by what they are, not by how they came: one digest for folder, tar and tgz.

Reading a whole copy takes seconds, so its digest is remembered beside the decoded photos, under the
copy's path and stamp.
"""

import hashlib
import json
from contextlib import suppress

from lessonlib.imagewoof.sources import check_names
from lessonlib.paths import cache_folder

__all__ = ["content_digest", "remembered_digest"]


def content_digest(copy):
    """SHA-256 in hex over the names and bytes of all photos of `copy`, whatever their order.

    copy: a `sources.FolderCopy` or `sources.ArchiveCopy`. DataError if a photo cannot be read.
    """
    photos = {}
    for name, data in copy.photos(copy.names()):
        photos[name] = hashlib.sha256(data).hexdigest()
    return hashlib.sha256(json.dumps(photos, sort_keys=True).encode()).hexdigest()


def remembered_digest(copy, official):
    """The `content_digest` of a copy, read anew only if its `stamp()` has changed.

    DataError if it is not a whole copy of the `official` names: no other is read, however large.
    """
    key = f"{copy.path.resolve()} {copy.stamp()}"
    known = _known()
    if key not in known:
        check_names(copy, official)
        known[key] = content_digest(copy)
        _remember(known)
    return known[key]


def _file():
    return cache_folder() / "digests.json"


def _known():
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
        return known if isinstance(known, dict) else {}
    except (OSError, ValueError):
        return {}


def _remember(known):
    """Write the file anew, whole or not at all; a cache that cannot be written is done without."""
    part = _file().with_suffix(".part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(known), encoding="utf-8")
        part.replace(_file())
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
