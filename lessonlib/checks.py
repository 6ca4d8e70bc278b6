"""Argument checks shared by public functions; each failure is one sentence. Needs no library."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

__all__ = ["require_int", "require_type", "require_one_of"]

WORDS = {Real: "a number", int: "a whole number", bool: "True or False"}


def require_int(caller: str, least: int = 1, **values: Any) -> None:
    """Raise ValueError unless each value is a whole number of at least `least`; name the first."""
    for name, value in values.items():
        if not isinstance(value, Integral) or value < least:
            raise ValueError(
                f"{caller}: {name} is {value!r}; give a whole number of at least {least}."
            )


def require_type(caller: str, wanted: type, **values: Any) -> None:
    """Raise TypeError unless each value is of the type `wanted`; name the first that is not."""
    for name, value in values.items():
        if not isinstance(value, wanted):
            give = WORDS.get(wanted, f"a {wanted.__name__}")
            raise TypeError(f"{caller}: {name} is of type {type(value).__name__}; give {give}.")


def require_one_of(name: str, value: Any, choices: Iterable) -> Any:
    """Return `value`; raise ValueError unless it equals one of `choices`.

    name: what the value is, in words, such as "sample photo". The value need not be hashable.
    """
    choices = tuple(choices)
    if value not in choices:
        listed = ", ".join(map(str, choices))
        raise ValueError(f"There is no {name} {value!r}; choose one of {listed}.")
    return value
