"""What holds for every copy of the photos: its error, which of its files are photos, how large."""

__all__ = ["DataError", "LARGEST_PHOTO", "MOST_PHOTOS", "is_photo", "shown"]

LARGEST_PHOTO = 16 * 2**20  # bytes; the largest official file has 0.1 MB
MOST_PHOTOS = 100_000  # the official list has 12,954


class DataError(ValueError):
    """A copy of the photos that cannot be used; the message says which, why, and what to do."""


def is_photo(parts):
    """Whether a file counts, by its folders and its name: no hidden one, as macOS adds `._x.JPEG`.

    parts: its path below the copy, taken apart.
    """
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and parts[-1].lower().endswith((".jpeg", ".jpg"))


def shown(path):
    """A path as a sentence can hold it, in quotation marks if it has a line break."""
    text = str(path)
    return text if text.isprintable() else repr(text)
