"""What several public functions ask of their numbers, in one sentence where it is not so."""

from numbers import Integral

__all__ = ["whole"]


def whole(caller, least=1, **values):
    """Raise ValueError, naming the first that is not, unless the values are whole numbers of at least `least`."""
    for name, value in values.items():
        if not isinstance(value, Integral) or value < least:
            raise ValueError(f"{caller}: {name} is {value!r}; give a whole number of at least {least}.")
