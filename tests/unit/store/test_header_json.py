"""A header comes back from its text exactly as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hypertendril.errors import StoreError
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.store.header_json import header_from_text, header_to_text


def test_a_header_comes_back_equal(header):
    text = header_to_text(header)
    assert text.isascii()
    assert header_from_text(text) == header


def test_choices_keep_their_types(header):
    choices = (True, 1, 1.5, "1", None, "__proto__", "<b>x</b>")
    odd = Parameter(
        "odd", ParameterKind.ORDINAL, choices=choices, condition=Condition("a", (0, False))
    )
    back = header_from_text(header_to_text(replace(header, space=SearchSpace((odd,)))))
    found = back.space["odd"]
    assert [(type(choice), choice) for choice in found.choices] == [(type(c), c) for c in choices]
    assert found.condition is not None
    assert [type(value) for value in found.condition.values] == [int, bool]


def test_a_setting_json_cannot_hold_is_refused(header):
    with pytest.raises(StoreError, match="JSON cannot hold"):
        header_to_text(replace(header, attributes={"sampler": object()}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}', "null"])
def test_another_text_is_refused(text):
    with pytest.raises(StoreError, match="damaged"):
        header_from_text(text)
