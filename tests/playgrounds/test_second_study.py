"""The playgrounds of the second study say what the statistics say."""

import numpy as np
import pytest

from lessonlib.playgrounds.common_rate import CommonRatePlayground
from lessonlib.playgrounds.power import PowerPlayground
from lessonlib.study.intervals import power, welch

BY_RATE = {
    "3x3": {0.004: [43.0, 43.4, 42.9], 0.008: [46.0, 46.5, 46.2]},
    "2x2": {0.004: [40.1, 40.5, 40.2], 0.008: [41.9, 41.2, 41.5]},
    "pair": {0.004: [43.1, 43.2, 42.8], 0.008: [44.0, 44.1, 43.7]},
}
BEST = {"3x3": 0.008, "2x2": 0.008, "pair": 0.008}


def test_the_rate_decides_the_verdict():
    box = CommonRatePlayground(BY_RATE, BEST)
    assert box.conclusion.startswith("Each at its best rate, against one 3x3: one 2x2 -4.7, worse")
    own = box.still()
    box.rate.value = 0.004
    assert "All at 0.004" in box.conclusion
    assert "activation after the second -0.1, not distinguishable with 3 runs" in box.conclusion
    assert box.still() != own
    assert "one 3x3: 43.1 at 0.004, 46.2 at 0.008" in box.alt()
    box.undo()
    assert box.rate.value == 0


def test_its_code_gives_the_same_estimates(capsys):
    box = CommonRatePlayground(BY_RATE, BEST)
    exec(box.code(), {})
    printed = capsys.readouterr().out
    assert str(welch(BY_RATE["2x2"][0.008], BY_RATE["3x3"][0.008])) in printed


def test_the_runs_needed_are_the_first_with_enough_power(capsys):
    box = PowerPlayground(0.8, {"the thread": 2})
    n = box.needed
    assert power(1, 0.8, n) >= 0.8 > power(1, 0.8, n - 1)
    assert f"{n} runs per arm are needed" in box.message.value
    box.points.value = 0.25
    assert box.needed is None
    assert "More than 30 runs per arm are needed" in box.message.value
    exec(box.code(), {})
    shown = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert shown == pytest.approx([power(0.25, 0.8, n) for n in (2, 5, 12, 30)])
    assert np.all(np.diff(shown) > 0)
