"""python -m lessonlib.merging: see `lessonlib.merging.cli`."""

from lessonlib.merging.cli import main

if __name__ == "__main__":
    main()
