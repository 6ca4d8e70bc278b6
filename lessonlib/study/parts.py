"""What plans are made of: one run to be had, and runs that may be compared with each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lessonlib.configs import TIERS, Tier

__all__ = ["Variant", "Trial", "Part"]

OPTIONS = ("stem", "norm_last", "norm_first", "activation", "stem_activation", "middle")


@dataclass(frozen=True)
class Variant:
    """An arm, and what it changes in the network around it: `{field of configs.Network: value}`."""

    arm: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def recipe(self, base: Tier) -> Tier:
        """The tier `base` with these changes."""
        return replace(base, network=replace(base.network, **self.changes))


@dataclass(frozen=True)
class Trial:
    """One planned run: the name of an arm, a recipe, a seed.

    precision: as in `fit.learner_for`, None for the best that the machine has.
    """

    arm: str
    recipe: Tier
    seed: int
    precision: str | None = None

    def __str__(self) -> str:
        usual = TIERS["gpu"]
        chosen = {option: getattr(self.recipe.network, option) for option in OPTIONS}
        changes = [
            f"{o}={value}" for o, value in chosen.items() if value != getattr(usual.network, o)
        ]
        if self.recipe.lr != usual.lr:
            changes.append(f"lr={self.recipe.lr:g}")
        return ", ".join([self.arm, *changes, f"seed {self.seed}"])


@dataclass(frozen=True)
class Part:
    """Runs that may be compared with each other: one network, photo size and number of epochs."""

    label: str
    base: Tier
    trials: tuple[Trial, ...]

    def has(self, variant: Variant) -> bool:
        """Whether the part plans a run of the variant."""
        recipe = variant.recipe(self.base)
        return any(t.arm == variant.arm and t.recipe == recipe for t in self.trials)
