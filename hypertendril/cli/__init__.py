"""The command line: people read its words, programs its JSON (documented in docs/running.md).

Results go to stdout alone, everything else to stderr. The exit status is 0, 2 with one
clear line for bad input, 1 where a study that was run here did not come to its end or no
trial of it was completed, 130 after an interruption.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

from hypertendril import __version__
from hypertendril.cli import jobs, results
from hypertendril.cli.output import one_line, tell
from hypertendril.errors import HyperTendrilError

BAD_INPUT = 2
INTERRUPTED = 130  # as a shell says it


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its status."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        status = command(options)
        sys.stdout.flush()
    except HyperTendrilError as error:
        tell(one_line(error))
        status = BAD_INPUT
    except KeyboardInterrupt:
        tell("interrupted.")
        status = INTERRUPTED
    except BrokenPipeError:  # `hypertendril jobs | head` is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:  # stdout on a full disk, say
        tell(one_line(error))
        status = BAD_INPUT
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hypertendril",
        description="See what a hyperparameter search did, and run the next one.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    results.add_commands(commands)
    jobs.add_commands(commands)
    return parser
