"""What several public functions ask of their numbers, in one sentence where it is not so."""

from numbers import Integral, Real

__all__ = ["require_int", "require_type"]

WORDS = {Real: "a number", int: "a whole number", bool: "True or False"}


def require_int(caller, least=1, **values):
    """Raise ValueError, naming the first that is not, unless the values are whole numbers of at least `least`."""
    for name, value in values.items():
        if not isinstance(value, Integral) or value < least:
            raise ValueError(
                f"{caller}: {name} is {value!r}; give a whole number of at least {least}."
            )


def require_type(caller, wanted, **values):
    """Raise TypeError, naming the first that is not, unless the values are of the type `wanted`."""
    for name, value in values.items():
        if not isinstance(value, wanted):
            give = WORDS.get(wanted, f"a {wanted.__name__}")
            raise TypeError(f"{caller}: {name} is of type {type(value).__name__}; give {give}.")
