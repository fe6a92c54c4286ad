from __future__ import annotations

import pytest

from hypertendril.layouts.labels import plotly_lines, shortened, telling_ends

OPTIMIZERS = [
    f"optimizer:{kind}Optimizer:{name}"
    for kind in ("AdamW", "SGD")
    for name in ("lr", "weight_decay")
]


def test_a_name_is_told_by_the_shortest_ending_no_other_one_has() -> None:
    names = [
        "model.encoder.layer_3.dropout",
        "model.encoder.layer_4.dropout",
        "model.decoder",
        "lr",
        "head/lr",
    ]
    assert list(telling_ends(names).values()) == [
        "layer_3.dropout",
        "layer_4.dropout",
        "decoder",
        "lr",
        "head/lr",
    ]


@pytest.mark.parametrize("room", [8, 11, 16, 22])
def test_names_that_differ_in_their_middle_stay_different_when_shortened(room: int) -> None:
    ends = telling_ends(OPTIMIZERS)
    short = [shortened(name, room, ends) for name in OPTIMIZERS]
    assert len(set(short)) == len(OPTIMIZERS)
    assert len({plotly_lines(name, room, ends) for name in OPTIMIZERS}) == len(OPTIMIZERS)


def test_names_that_fit_are_shown_whole() -> None:
    names = ["adam:lr", "sgd:lr", "a\nb"]
    assert [shortened(name, 8, telling_ends(names)) for name in names] == [
        "adam:lr",
        "sgd:lr",
        "a b",
    ]
