from __future__ import annotations

import functools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, commands, name, pages

TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


@functools.cache
def make_targets() -> set[str]:
    return set(TARGET.findall((ROOT / "Makefile").read_text()))


@functools.cache
def help_of(*program: str) -> str:
    done = subprocess.run(
        [sys.executable, *program, "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout


def missing(command: str) -> str:
    """Return what `command` names and does not exist; empty if all is well."""
    words = shlex.split(command)
    if words[:1] == ["make"]:
        named = [word for word in words[1:] if "=" not in word]
        return ", ".join(word for word in named if word not in make_targets())
    if words[:2] == ["python", "app.py"]:
        return unknown_options(words[2:], help_of("app.py"))
    if words[:3] == ["python", "-m", "hypertendril"]:
        return missing_subcommand(words[3:])
    if words[:1] == ["hypertendril"]:
        return missing_subcommand(words[1:])
    if words[:2] == ["python", "-m"]:
        return missing_module(words[2])
    return ""


def missing_subcommand(words: list[str]) -> str:
    if not words or words[0].isupper():
        return ""
    if words[0].startswith("-"):
        return unknown_options(words, help_of("-m", "hypertendril"))
    if not re.search(rf"\b{re.escape(words[0])}\b", help_of("-m", "hypertendril")):
        return words[0]
    return unknown_options(words[1:], help_of("-m", "hypertendril", words[0]))


def unknown_options(words: list[str], text: str) -> str:
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    return ", ".join(option for option in options if option not in text)


def missing_module(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    ours = (ROOT / module.partition(".")[0]).is_dir()
    found = path.with_suffix(".py").exists() or (path / "__main__.py").exists()
    return module if ours and not found else ""


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_command_of_a_page_exists(page: Path) -> None:
    found = {command: missing(command) for command in commands(page)}

    assert {command: what for command, what in found.items() if what} == {}


def test_make_alone_lists_every_target_with_its_sentence() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    unlisted = {target for target in make_targets() if f"make {target} " not in shown}

    assert unlisted == {"system-packages"}  # a step of others, not a command for people
