from __future__ import annotations

import json

import pytest
from dash.development.base_component import Component

from hypertendril.guidance.diagnosis import Finding, Verdict
from hypertendril.layouts.diagnosis import MOST_SHOWN, button_words, diagnosis_cards


def findings(*verdicts: Verdict) -> list[Finding]:
    return [
        Finding(
            "D4",
            "Bounds",
            verdict,
            f"said {k}",
            advice=f"advice {k}",
            rows=(k,),
        )
        for k, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([Verdict.ACT, Verdict.ACT, Verdict.WATCH, Verdict.OK], "2 to act on, 1 to watch"),
        ([Verdict.WATCH, Verdict.OK], "1 to watch"),
        ([Verdict.OK, Verdict.OK, Verdict.UNKNOWN], "search looks sound"),
        ([Verdict.OK, Verdict.UNKNOWN, Verdict.UNKNOWN], "too little to judge"),
        ([], "too little to judge"),
    ],
)
def test_the_button_says_how_much_there_is_to_do(verdicts: list[Verdict], words: str) -> None:
    assert button_words(findings(*verdicts))[0] == words


def text_of(cards: list[Component]) -> str:
    return json.dumps(
        [card.to_plotly_json() for card in cards], default=lambda c: c.to_plotly_json()
    )


def test_what_can_be_done_shows_its_trials_and_what_is_open_is_a_line() -> None:
    text = text_of(diagnosis_cards(findings(Verdict.ACT, Verdict.OK, Verdict.UNKNOWN)))
    assert text.count("data-diagnosis-rows") == 1
    assert text.count('"Article"') == 2
    assert text.count('"Li"') == 1


def test_no_more_trials_are_shown_than_fit_into_an_address() -> None:
    many = Finding("D12", "Failed trials", Verdict.ACT, "said", rows=tuple(range(3000)))
    assert f"Show {MOST_SHOWN} of 3,000 trials" in text_of(diagnosis_cards([many]))
