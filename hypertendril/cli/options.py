"""What the commands share: how one is added, and which settings its options give."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from hypertendril.settings import DATA_VARIABLE, Settings


def add_command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    """Add a command; `function` runs it and returns the exit status."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=function)
    return parser


def add_data(*parsers: argparse.ArgumentParser) -> None:
    """Let commands be told where the data folder is."""
    for parser in parsers:
        parser.add_argument("--data", metavar="DIR", help=f"data folder (or {DATA_VARIABLE})")


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings: what the options say, else the environment, else the defaults."""
    return Settings.find(
        options.data,
        getattr(options, "objectives", None),
        executor=getattr(options, "executor", None),
        address=getattr(options, "address", None),
        checkpoints=getattr(options, "checkpoints", None),
        beside=getattr(options, "job", None),
    )
