"""One 3x3 convolution or two 2x2 in series? What the notebooks import, one idea a module."""

import warnings

from lessonlib.requirements_check import check

__all__ = ["check"]

# fastai still compiles two functions with torch.jit.script; nobody who takes the lesson can do anything about it
warnings.filterwarnings("ignore", message="`torch.jit.script", category=FutureWarning)
