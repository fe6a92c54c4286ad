from __future__ import annotations

import json
from pathlib import Path

import pytest

from hypertendril.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples" / "studies"
KEYS = {
    "rule",
    "title",
    "state",
    "parameter",
    "statistic",
    "interval",
    "threshold",
    "found",
    "advice",
    "changes",
}


def diagnosed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["diagnose", *arguments])
    written = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, written.out, written.err


def test_the_json_names_each_rule_its_state_and_its_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = diagnosed(capsys, str(EXAMPLES / "digits_pbt_t10_s50.json"), "--json")
    found = json.loads(out)
    assert status == 0
    assert found["study"] == "digits, PBT T10 S.5"
    assert all(set(finding) == KEYS for finding in found["findings"])
    (early,) = [finding for finding in found["findings"] if finding["rule"] == "D1"]
    assert early["state"] == "act"
    assert early["statistic"] > early["threshold"]


def test_a_person_reads_what_to_do_first(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = diagnosed(capsys, str(EXAMPLES / "digits_pbt_t10_s50.json"))
    first = out.splitlines()[1]
    assert status == 0
    assert first.split()[0] == "ACT"
    assert "-> " in out


def test_of_several_studies_one_is_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, _, err = diagnosed(capsys, str(EXAMPLES))
    assert status == 2
    assert "--study" in err
    status, out, _ = diagnosed(capsys, str(EXAMPLES), "--study", "digits, random", "--json")
    assert (status, json.loads(out)["study"]) == (0, "digits, random")
    status, _, err = diagnosed(capsys, str(tmp_path / "nothing.json"))
    assert (status, len(err.splitlines())) == (2, 1)
