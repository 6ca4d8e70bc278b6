"""Shared by the command lines: one-line usage errors."""

import argparse
import sys

__all__ = ["Arguments"]


class Arguments(argparse.ArgumentParser):
    """A parser that ends the program with one line and status 1 if the arguments are wrong."""

    def error(self, message):
        sys.exit(f"{message[0].upper()}{message[1:]}; run {self.prog} -h for usage.")
