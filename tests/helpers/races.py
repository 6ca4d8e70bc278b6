"""Waiting for what a race does in the background."""

import time

PATIENCE = 60  # seconds


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def at_batch(race, batch):
    """Wait until the `Race` has trained so many batches of the run at hand."""
    until(lambda: (live := race.live) and live.done >= batch)
