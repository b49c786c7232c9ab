"""The command line; what a command needs is imported when it runs, so that `--help` is quick."""

from safelight.cli.main import main

__all__ = ["main"]
