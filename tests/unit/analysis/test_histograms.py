from __future__ import annotations

import numpy as np

from hypertendril.analysis.histograms import histogram


def test_bins_have_round_edges_and_count_every_value() -> None:
    found = histogram([0.12, 0.33, 0.34, 0.71, 0.99], bins=10)
    assert found.edges.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert found.counts.tolist() == [1, 0, 2, 0, 0, 0, 1, 0, 1]
    assert not found.log


def test_a_bin_holds_its_low_edge_and_the_last_one_its_high_edge_too() -> None:
    found = histogram([0.5, 1.0, 1.5, 2.0], bins=3)
    assert found.edges.tolist() == [0.5, 1.0, 1.5, 2.0]
    assert found.counts.tolist() == [1, 1, 2]


def test_one_diverged_value_falls_in_the_last_bin_and_leaves_the_others_apart() -> None:
    values = np.append(np.linspace(0, 1, 100), 1e9)
    found = histogram(values, bins=10)
    assert found.edges[-1] == 1.0
    assert found.n_above == 1
    assert found.counts.sum() == 101
    assert found.counts.max() <= 12


def test_missing_and_infinite_values_are_counted_apart() -> None:
    found = histogram([1.0, np.nan, 2.0, np.inf, -np.inf, np.nan])
    assert (found.n_missing, found.n_infinite, found.counts.sum()) == (2, 2, 2)


def test_whole_numbers_sit_in_the_middle_of_their_bins() -> None:
    found = histogram([1, 1, 2, 4], bins=24)
    assert found.edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert found.counts.tolist() == [2, 1, 0, 1]


def test_many_whole_numbers_share_bins_of_a_round_width() -> None:
    found = histogram(np.arange(1, 101), bins=24)
    assert np.diff(found.edges).tolist() == [5.0] * 21
    assert found.edges[0] == -0.5
    assert found.counts.tolist() == [4] + [5] * 19 + [1]


def test_positive_values_over_more_than_three_decades_get_a_log_scale() -> None:
    found = histogram(10.0 ** np.linspace(-5, -1, 41), bins=8)
    assert found.log
    assert np.allclose(np.log10(found.edges), np.arange(-5, -0.9, 0.5))
    assert found.counts.tolist() == [5] * 7 + [6]


def test_selected_values_are_counted_in_the_same_bins() -> None:
    selected = np.array([True, False, True, False])
    found = histogram([1, 1, 2, 4], selected)
    assert found.selected_counts.tolist() == [1, 1, 0, 0]
    assert found.counts.tolist() == [2, 1, 0, 1]


def test_nothing_finite_gives_one_empty_bin() -> None:
    for values in ([], [np.nan, np.inf]):
        found = histogram(values)
        assert found.edges.tolist() == [0.0, 1.0]
        assert found.counts.tolist() == [0]


def test_one_value_gives_one_bin_around_it() -> None:
    found = histogram([0.8, 0.8])
    assert found.edges[0] < 0.8 < found.edges[1]
    assert found.counts.tolist() == [2]


def test_mostly_equal_values_still_show_the_others() -> None:
    found = histogram([0.25] * 98 + [0.5, 0.75], bins=10)
    assert found.counts[0] == 98
    assert found.counts.sum() == 100
    assert len(found.counts) > 1


def test_decades_beyond_the_largest_double_are_no_edges() -> None:
    found = histogram([2.0, 2e155], bins=2)
    assert np.isfinite(found.edges).all()
    assert found.counts.tolist() == [1, 1]
