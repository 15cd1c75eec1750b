"""Intervals of success rates against published and derived values."""

import pytest

from groot_ros.evaluation.intervals import (
    CountError,
    binomial_cdf,
    clopper_pearson_interval,
    wilson_interval,
)


def test_wilson_of_half_matches_the_formula_by_hand() -> None:
    # (0.5 + 1.92 / 10 / ... ) with n = 10: 0.5 -+ 1.96 * sqrt(0.025 + 0.0096) / 1.3841
    lower, upper = wilson_interval(5, 10)
    assert lower == pytest.approx(0.2366, abs=1e-4)
    assert upper == pytest.approx(0.7634, abs=1e-4)


def test_clopper_pearson_of_no_success_is_the_closed_form() -> None:
    lower, upper = clopper_pearson_interval(0, 30)
    assert lower == 0.0
    assert upper == pytest.approx(1.0 - 0.025 ** (1.0 / 30.0), abs=1e-9)


def test_clopper_pearson_of_all_successes_is_the_closed_form() -> None:
    lower, upper = clopper_pearson_interval(60, 60)
    assert lower == pytest.approx(0.025 ** (1.0 / 60.0), abs=1e-9)
    assert upper == 1.0


def test_clopper_pearson_matches_the_published_table() -> None:
    # 15 of 100: 0.0865 .. 0.2353 (R: binom.test(15, 100)).
    lower, upper = clopper_pearson_interval(15, 100)
    assert (lower, upper) == (pytest.approx(0.0865, abs=1e-4), pytest.approx(0.2353, abs=1e-4))


@pytest.mark.parametrize('interval', [wilson_interval, clopper_pearson_interval])
def test_failures_mirror_successes(interval) -> None:
    lower, upper = interval(7, 25)
    mirrored = interval(18, 25)
    assert (1.0 - upper, 1.0 - lower) == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize('interval', [wilson_interval, clopper_pearson_interval])
def test_an_interval_contains_its_rate_and_narrows_with_more_episodes(interval) -> None:
    narrow, wide = interval(80, 100), interval(8, 10)
    assert narrow.lower < 0.8 < narrow.upper
    assert narrow.upper - narrow.lower < wide.upper - wide.lower


def test_no_episode_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert clopper_pearson_interval(0, 0) == (0.0, 1.0)


def test_binomial_cdf_of_a_fair_coin() -> None:
    assert binomial_cdf(1, 3, 0.5) == pytest.approx(0.5)


def test_more_successes_than_episodes_are_refused() -> None:
    with pytest.raises(CountError, match='11 of 10'):
        wilson_interval(11, 10)
