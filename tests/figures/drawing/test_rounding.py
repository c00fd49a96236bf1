"""Numbers rounded by their interval."""

import math

import pytest

from tacit.figures.drawing import rounding


@pytest.mark.parametrize(
    ("value", "lower", "upper", "printed"),
    [
        (0.87654, 0.81, 0.94, "0.88 [0.81, 0.94]"),
        (0.87654, 0.8741, 0.8791, "0.877 [0.874, 0.879]"),
        (0.87654, 0.2, 1.0, "0.88 [0.20, 1.00]"),
        (-2.3, -4.1, -0.7, "−2 [−4, −1]"),
        (1.0, 1.0, 1.0, "1.00 [1.00, 1.00]"),
        (-0.2, -0.31, -0.09, "−0.20 [−0.31, −0.09]"),
    ],
)
def test_a_number_has_the_decimals_that_its_interval_allows(value, lower, upper, printed):
    assert rounding.with_interval(value, lower, upper) == printed


def test_a_bound_above_zero_is_never_printed_as_zero():
    assert rounding.with_interval(0.05, 0.0031, 0.0969, signed=True) == "+0.050 [0.003, 0.097]"


def test_a_bound_too_small_for_four_decimals_is_printed_with_its_power_of_ten():
    assert rounding.with_interval(0.05, 1e-7, 0.1).endswith("[1e−7, 0.1000]")


@pytest.mark.parametrize(
    ("value", "printed"), [(-0.0006, "−0.001"), (0.004, "0.004"), (-0.0004, "−0.0004"), (0, "0.00")]
)
def test_a_number_near_zero_has_the_decimals_that_show_its_sign(value, printed):
    assert rounding.number(value) == printed


def test_an_exact_zero_has_no_sign():
    assert rounding.with_interval(0.0, 0.0, 0.0, signed=True) == "0.00 [0.00, 0.00]"
    assert rounding.with_interval(-0.0, -0.1, 0.1, signed=True) == "0.00 [−0.10, 0.10]"


def test_a_label_has_three_decimals_at_most():
    assert rounding.alone(0.99998, 0.99991, 1.0) == "1.000"


def test_an_undefined_number_is_a_dash():
    assert rounding.with_interval(math.nan, 0.1, 0.2) == rounding.MISSING


def test_a_number_without_an_interval_stands_alone():
    assert rounding.with_interval(0.5, math.nan, math.nan) == "0.50"
