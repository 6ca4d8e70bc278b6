"""What the command lines share: a wrong word is one sentence, and a training for a file of the course has real photos."""

import argparse
import sys

__all__ = ["Arguments", "trained_on_photos"]


class Arguments(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, with status 1."""

    def error(self, message):
        sys.exit(f"{message[0].upper()}{message[1:]}; {self.prog} -h shows what can be said.")


def trained_on_photos(arm, tier):
    """(learner, run, photos) of an arm trained with seed 0. Ends the program with a sentence where there are no photos.

    The drawings that stand in for them would replace what the course shows.
    """
    from lessonlib.imagewoof.photos import load_photos
    from lessonlib.training.fit import fit, learner_for

    try:
        photos = load_photos(tier)
    except ValueError as error:
        sys.exit(str(error))
    if photos.stand_in:
        sys.exit(
            "What comes with the course is trained on photos: set IMAGEWOOF to a copy of imagewoof2-160.tgz."
        )
    learner = learner_for(arm, photos, tier, seed=0)
    return learner, fit(learner), photos
