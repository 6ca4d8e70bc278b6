"""python -m lessonlib.study: see `lessonlib.study.runner`."""

from lessonlib.study.runner import main

if __name__ == "__main__":
    main()
