"""How far a race and the run at hand have come, and where the race stands in a sentence."""

from dataclasses import dataclass

from lessonlib.training.fit import DeviceLost, OutOfMemory

__all__ = ["Live", "race_status", "duration_in_words"]


@dataclass(frozen=True)
class Live:
    """The run at hand at its last report: `done` of `total` batches, `length` of them per epoch.

    losses, epochs: as in `recorder.Recorder`; pace: seconds per batch.
    """

    arm: str
    losses: list
    epochs: list
    done: int
    total: int
    length: int
    pace: float

    @classmethod
    def of(cls, recorder):
        """What a `Recorder` says after a batch; to be called in the thread that trains."""
        return cls(
            arm=recorder.learn.arm.name,
            losses=list(recorder.losses),
            epochs=list(recorder.epochs),
            done=recorder.done,
            total=recorder.total,
            length=len(recorder.dls.train),
            pace=recorder.pace,
        )

    @property
    def place(self):
        epoch, batch = divmod(self.done - 1, self.length)
        epochs = self.total // self.length
        return f"epoch {epoch + 1} of {epochs}, batch {batch + 1} of {self.length}"

    def seconds_left(self, more=0):
        """Estimated from the pace so far, for this run and so many `more` of its length."""
        return self.pace * (self.total - self.done + more * self.total)


def race_status(race):
    """Where a `race.Race` stands, in a sentence or two for the learner."""
    if race.state in ("running", "paused", "stopping"):
        return _under_way(race)
    return " ".join([_outcome(race), *_taken_up(race)])


def duration_in_words(seconds):
    """A duration with as many digits as an estimate deserves."""
    if seconds < 90:
        return f"about {max(1, seconds):.0f} s"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"


def _under_way(race):
    live = race.live
    label = race.training.label
    if race.state == "stopping":
        return "Stopping after the batch at hand."
    if race.state == "paused":
        return f"Paused: {label}, {live.place if live else 'before its first batch'}."
    if not live:
        return f"Making the network of {label} ready."
    this = f"{duration_in_words(live.seconds_left())} left for this arm"
    more = len(race.left) - 1
    if more:
        whole = duration_in_words(live.seconds_left(more))
        this += f", {whole} for the race, with {more} more to come"
    return f"{label}: {live.place}; {this}."


def _outcome(race):
    trained = f"{len(race.arms) - len(race.left)} of {len(race.arms)} arms trained to the end."
    if race.error:
        kept = "What was trained is kept; Start tries again."
        return f"The race broke off: {_sentence(race.error)} {kept}"
    if race.state == "done":
        return f"Finished: {trained}"
    if race.stopped:
        return f"Stopped: {trained} Start goes on after the last finished epoch."
    by = f"{race.tier.epochs} epochs, learning rate {_rates(race)}"
    return f"{trained} Each has {by}, on {race.photos.source}. Press Start."


def _rates(race):
    """The learning rates of the arms in words: one, or each arm's."""
    rates = {arm.label: f"{race.recipe(arm).lr:g}" for arm in race.arms}
    if len(set(rates.values())) == 1:
        return rates.popitem()[1]
    return "; ".join(f"{rate} for {label}" for label, rate in rates.items())


def _taken_up(race):
    if race.taken_up:
        names = ", ".join(arm.label for arm in race.taken_up)
        again = "Another seed trains anew."
        yield f"Recorded on this machine before, so not trained again: {names}. {again}"


def _sentence(error):
    ours = isinstance(error, OutOfMemory | DeviceLost | ValueError | OSError)
    said = str(error) if ours else f"{type(error).__name__}: {error}"
    return said if said.endswith(".") else f"{said}."
