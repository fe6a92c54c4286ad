"""Population-based training of Ray Tune: slots cut into trials where one copied another.

Each line of `pbt_global.txt` is an exploit: `[child tag, parent tag, child iteration, parent
iteration, parent's configuration, new configuration]`. Either iteration may be logged one too
low, and an exploit may be overwritten by the next one before the child ran a single step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import as_number, brief
from hypertendril.readers.folders import entries
from hypertendril.readers.losses import Losses
from hypertendril.readers.ray_tune.trials import Stretch, TrialLog, without_pickles

GLOBAL = "pbt_global.txt"
POLICY = "pbt_policy_"
MOST_INTERVAL = 10_000
FITS = 0.9  # share of the logged iterations that must lie on the perturbation interval
Ints = NDArray[np.int64]
_INDEX = re.compile(r"(\d{1,9})(?:_|$)")


@dataclass(frozen=True, slots=True)
class Exploit:
    """One line of the log: slot `child` copied slot `parent`."""

    child: int
    parent: int
    parent_step: float
    parent_config: Mapping[str, Any]
    config: Mapping[str, Any]


@dataclass(slots=True)
class Member:
    """A stretch of a slot under one configuration: a trial of its own.

    Attributes:
        slot: Index of the Ray trial it lives in.
        config: Its configuration.
        rows: First row and row after the last one in the slot's results.
        exploit: The exploit it came from; None for the first of a slot.
        parent: The member that was copied.
        is_replaced: Another member took over the slot.
    """

    slot: int
    config: Mapping[str, Any]
    rows: tuple[int, int]
    exploit: Exploit | None = None
    parent: Member | None = None
    is_replaced: bool = False


@dataclass(slots=True)
class Population:
    """All members, those of the first generation in front, then in the order of the exploits."""

    members: list[Member] = field(default_factory=list)
    interval: int = 1


def exploits_of(folder: Path, losses: Losses) -> list[Exploit]:
    """Return the exploits of an experiment in order; none where it is not population-based.

    Raises:
        OSError: The log can't be read.
    """
    path = folder / GLOBAL
    is_there = path.is_file()
    lines = read_records(path, losses, b'["', list) if is_there else iter(())
    found = []
    for record in [r for _, r in lines] if is_there else _from_policies(folder):
        exploit = _exploit(record)
        if exploit is None:
            losses.add(f"{GLOBAL}: a line that is no exploit: {brief(record)}")
        else:
            found.append(exploit)
    return found


def _from_policies(folder: Path) -> list[Any]:
    """Return the exploits of the logs of single slots, each once, by iteration.

    Such a log is overwritten with the parent's at each exploit, so one alone tells little.
    """
    found: dict[str, Any] = {}
    for entry in entries(folder):
        if entry.name.startswith(POLICY) and entry.is_file(follow_symlinks=False):
            ignored = Losses(entry.name)
            for _, record in read_records(Path(entry.path), ignored, b'["', list):
                found.setdefault(str(record), record)
    return sorted(found.values(), key=lambda r: as_number(r[3] if len(r) > 3 else None) or 0.0)


def _exploit(record: Sequence[Any]) -> Exploit | None:
    if len(record) < 6 or not isinstance(record[4], dict) or not isinstance(record[5], dict):
        return None
    child, parent = _INDEX.match(str(record[0])), _INDEX.match(str(record[1]))
    step = as_number(record[3])
    if child is None or parent is None or step is None or not math.isfinite(step):
        return None
    configs = without_pickles(record[4]), without_pickles(record[5])
    return Exploit(int(child[1]), int(parent[1]), step, *configs)


def population_of(
    logs: Mapping[int, TrialLog], exploits: Sequence[Exploit], losses: Losses
) -> Population:
    """Return the members of all slots.

    Args:
        logs: Results by slot.
        exploits: In the order they happened.
        losses: Gets changes of a configuration that no exploit explains.
    """
    by_slot: dict[int, list[Member]] = {}
    for slot, log in logs.items():
        own = [e for e in exploits if e.child == slot]
        by_slot[slot] = _cut(slot, log, own)
    of_exploit = {id(m.exploit): m for members in by_slot.values() for m in members if m.exploit}
    first = [members[0] for members in by_slot.values()]
    unexplained = [m for members in by_slot.values() for m in members[1:] if m.exploit is None]
    later = [of_exploit[id(e)] for e in exploits if id(e) in of_exploit]
    losses.count("exploits of a slot without results", len(exploits) - len(later))
    if len(by_slot) == 1 and not exploits:  # a replayed schedule: the one slot goes on from itself
        for before, member in pairwise(by_slot[first[0].slot]):
            member.parent = before
    else:
        reason = "a change of configuration that no line of the log explains"
        losses.count(reason, len(unexplained))
    _link(by_slot, later)
    return Population([*first, *later, *unexplained], interval_of(exploits, logs.values()))


def _cut(slot: int, log: TrialLog, own: Sequence[Exploit]) -> list[Member]:
    """Return the members of one slot in order."""
    stretches = log.stretches or [Stretch(log.first_config(), 0)]
    ends = [s.first for s in stretches[1:]] + [len(log)]
    members = [Member(slot, stretches[0].config, (0, ends[0]))]
    following = 0  # the first exploit without a member
    for i, stretch in enumerate(stretches):
        if i:
            match = _match(own, following, stretch.config)
            if match is None:
                members.append(Member(slot, stretch.config, (stretch.first, ends[i])))
                continue
            members += [_never_ran(slot, e, stretch.first) for e in own[following:match]]
            rows = (stretch.first, ends[i])
            members.append(Member(slot, stretch.config, rows, own[match]))
            following = match + 1
        following = _same_config(members, own, following, stretch, log)
    members += [_never_ran(slot, e, len(log)) for e in own[following:]]
    for member in members[:-1]:
        member.is_replaced = True
    return members


def _match(own: Sequence[Exploit], start: int, config: Mapping[str, Any]) -> int | None:
    return next((i for i in range(start, len(own)) if own[i].config == config), None)


def _never_ran(slot: int, exploit: Exploit, row: int) -> Member:
    return Member(slot, exploit.config, (row, row), exploit)


def _same_config(
    members: list[Member], own: Sequence[Exploit], at: int, stretch: Stretch, log: TrialLog
) -> int:
    """Cut at exploits that left the configuration as it was; return the next exploit to place."""
    while at < len(own) and own[at].config == stretch.config:
        last = members[-1]
        step = own[at].parent_step
        cut = next(
            (
                row
                for row in stretch.restarts
                if last.rows[0] < row < last.rows[1] and log.steps[row] in (step + 1, step + 2)
            ),
            None,
        )
        if cut is None:
            break
        start, end = last.rows
        last.rows = (start, cut)
        members.append(Member(last.slot, stretch.config, (cut, end), own[at]))
        at += 1
    return at


def _link(by_slot: Mapping[int, Sequence[Member]], later: Sequence[Member]) -> None:
    """Find the parent of each member: what lived in the parent's slot when it was copied."""
    living = {slot: [members[0]] for slot, members in by_slot.items()}
    for member in later:
        exploit = member.exploit
        assert exploit is not None
        candidates = living.get(exploit.parent, [])
        equal = [m for m in candidates if m.config == exploit.parent_config]
        chosen = equal or candidates
        member.parent = chosen[-1] if chosen else None
        living[member.slot].append(member)


def interval_of(exploits: Sequence[Exploit], logs: Iterable[TrialLog]) -> int:
    """Return every how many iterations the population was compared, as far as the log tells."""
    steps = [int(e.parent_step) for e in exploits if 0 < e.parent_step < 2**31]
    for log in logs:
        starts = [row for s in log.stretches for row in s.restarts if row]
        steps += [int(log.steps[row]) - 1 for row in starts if 1 < log.steps[row] < 2**31]
    if not steps:
        return 1
    seen = np.array(steps, dtype=np.int64)
    return _largest(seen, seen, 2) or _largest(seen, seen + 1, 3) or 1


def _largest(steps: Ints, shifted: Ints, least: int) -> int:
    """Return the largest interval on which most iterations lie, exactly or shifted; 0 for none."""
    for interval in range(min(int(steps.min()) + 1, MOST_INTERVAL), least - 1, -1):
        if ((steps % interval == 0) | (shifted % interval == 0)).mean() >= FITS:
            return interval
    return 0
