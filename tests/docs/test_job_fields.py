"""The table of the job file lists every field there is, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from hypertendril.jobs.spec.budget import Budget
from hypertendril.jobs.spec.job_spec import JobSpec

PAGE = Path(__file__).parents[2] / "docs" / "running.md"


def test_every_field_of_a_job_stands_in_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("## The job file")[2].partition("\n### ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    listed = {name.strip("[]") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    wanted = {field.name for field in fields(JobSpec)} - {"budget"}
    assert listed == wanted | {f"budget.{field.name}" for field in fields(Budget)}
