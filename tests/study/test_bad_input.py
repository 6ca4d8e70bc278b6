"""Bad input to the statistics and the study: one sentence each."""

import os
import subprocess
import sys

from torch import randn

from helpers.bad_input import HERE, NAN, Bad, bad_input_test, drawings, said
from lessonlib.study import intervals, verdicts
from lessonlib.study.comparisons import compared
from lessonlib.study.plans import get_plan
from lessonlib.study.runner import main, run_study
from lessonlib.training import pretrained, trained_kernels
from lessonlib.training.trained_kernels import permute_taps


def command(words, **environment):
    """The command line of the study."""

    def call(place):
        for name, value in environment.items():
            place.patch.setenv(name, value)
        if "LESSON_RUNS" in environment:
            place.patch.setattr("lessonlib.study.runner.photos_for", lambda recipe: drawings())
        main(words.split())

    return call


def from_the_shell(place):
    """The same from outside: a status that is not 0, one line, and no traceback."""
    shell = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "lessonlib.study", "huge"], capture_output=True, text=True, env=shell
    )
    assert done.returncode == 1 and done.stdout == ""
    return done.stderr.strip()


def drawn_for_the_course(place):
    """data/pair.pt stays as it is where there are no photos."""
    place.patch.setattr("lessonlib.imagewoof.photos.load_photos", lambda tier: drawings())
    pretrained.main([])


def no_photos_for_the_course(place):
    place.patch.setenv("IMAGEWOOF", "/nowhere")
    trained_kernels.main([])


X = randn(3, 8, 8)


test_statistics = bad_input_test(
    lambda _: (
        verdicts.verdict(*intervals.interval([1.0, 1.1, 0.9]), 3) == "better by at least 0.7 points"
    ),
    [
        Bad(
            "words",
            lambda _: intervals.interval(["a", "b"]),
            ValueError,
            "numbers in a list",
            "give these",
        ),
        Bad("one number", lambda _: intervals.interval(3), ValueError, "3.0", "give a list"),
        Bad(
            "a level of nan",
            lambda _: intervals.interval([1, 2, 3], NAN),
            ValueError,
            "level is nan",
            "such as 0.95",
        ),
        Bad(
            "a level in words",
            lambda _: intervals.interval([1, 2], "95%"),
            TypeError,
            "level is of type str",
            "give a number",
        ),
        Bad(
            "bounds of nan",
            lambda _: verdicts.bounds_in_words(NAN, NAN),
            ValueError,
            "nan to nan",
            "give the two numbers",
        ),
        Bad(
            "bounds reversed",
            lambda _: verdicts.verdict(3, -3, 3),
            ValueError,
            "3 to -3",
            "give the two numbers",
        ),
        Bad(
            "a figure of nan",
            lambda _: verdicts.compare_with_reported(-1, 1, NAN),
            ValueError,
            "figure is nan",
            "give a finite",
        ),
        Bad(
            "a nan among differences",
            lambda _: intervals.runs_needed([NAN, 1, 2], 1),
            ValueError,
            "finite",
            "leave out",
        ),
        Bad(
            "almost nothing to find",
            lambda _: intervals.runs_needed([1, 2], 1e-300),
            ValueError,
            "1e-300",
            "at least 0.001",
        ),
        Bad(
            "no spread",
            lambda _: intervals.power(1, NAN, 3),
            ValueError,
            "spread is nan",
            "a number of points above 0",
        ),
        Bad(
            "an impossible p-value",
            lambda _: intervals.holm([NAN]),
            ValueError,
            "p-value",
            "leave out those without one",
        ),
        Bad(
            "a plan's name",
            lambda _: compared("cpu", []),
            TypeError,
            "part is of type str",
            "give a Part",
        ),
        Bad(
            "a question there is not",
            lambda _: compared(get_plan("cpu")[0], [], "x"),
            ValueError,
            "'x'",
            "choose one of",
        ),
        Bad(
            "2x2 permuted",
            lambda _: permute_taps(randn(4, 2, 2)),
            ValueError,
            "(4, 2, 2)",
            "takes kernels (..., 3, 3)",
        ),
    ],
)


test_study = bad_input_test(
    lambda _: "No run is there yet." in said(main, ["table", "gpu"]),
    [
        Bad("a plan there is not", command("nope"), SystemExit, "'nope'", "choose one of test"),
        Bad("two plans", command("cpu gpu"), SystemExit, "cpu or gpu", "One plan at a time"),
        Bad(
            "a table of nothing",
            command("table nope"),
            SystemExit,
            "'nope'",
            "choose one of test",
        ),
        Bad(
            "no workers",
            command("test --workers 0"),
            SystemExit,
            "--workers 0",
            "needs a worker",
        ),
        Bad(
            "negative workers",
            command("test --workers -3"),
            SystemExit,
            "--workers -3",
            "needs a worker",
        ),
        Bad("workers in words", command("test --workers two"), SystemExit, "'two'", "-h for usage"),
        Bad("an option there is not", command("test --fast"), SystemExit, "--fast", "-h for usage"),
        Bad(
            "an arm there is not",
            command("test --only 9x9"),
            SystemExit,
            "'9x9'",
            "choose one of 3x3",
        ),
        Bad("no arm", command("test --only="), SystemExit, "''", "choose one of 3x3"),
        Bad(
            "an arm that the plan lacks",
            command("test --only 5x5"),
            SystemExit,
            "no run of 5x5",
            "choose",
        ),
        Bad(
            "a wrong copy",
            command("test", IMAGEWOOF="/nowhere"),
            SystemExit,
            "/nowhere",
            "correct the path",
        ),
        Bad(
            "no place for runs",
            command("test --workers 1", LESSON_RUNS="/proc/x"),
            SystemExit,
            "/proc/x",
            "set LESSON_RUNS",
        ),
        Bad(
            "a wrong tier",
            command("", LESSON_TIER="laptop"),
            SystemExit,
            "'laptop'",
            "set it to one of",
        ),
        Bad("the command itself", from_the_shell, None, "'huge'", "choose one of test"),
        Bad(
            "one arm for several",
            lambda _: run_study("test", only="3x3"),
            TypeError,
            "'3x3'",
            "list",
        ),
        Bad(
            "half a worker",
            lambda _: run_study("test", workers=0.5),
            ValueError,
            "0.5",
            "needs a worker",
        ),
        Bad(
            "a word too many",
            lambda _: pretrained.main(["cpu"]),
            SystemExit,
            "arguments: cpu",
            "-h for usage",
        ),
        Bad(
            "an option of another",
            lambda _: trained_kernels.main(["--only"]),
            SystemExit,
            "--only",
            "-h for usage",
        ),
        Bad(
            "drawings for the course",
            drawn_for_the_course,
            SystemExit,
            "trained on photos",
            "set IMAGEWOOF",
        ),
        Bad(
            "no photos for the course",
            no_photos_for_the_course,
            SystemExit,
            "/nowhere",
            "correct the path",
        ),
    ],
)
