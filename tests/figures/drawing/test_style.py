"""The look: inks that can be told apart in grey, and a context that leaves the caller's settings alone."""

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb

from tacit.figures.drawing import style


def _lightness(color):
    """CIE L*, 0 (black) to 100 (white): what is left of a colour in a grey print."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * luminance ** (1 / 3) - 16


@pytest.mark.parametrize(
    ("one", "other"),
    [(style.KNOW, style.SAY), (style.KNOW, style.KNOW_AT_REPORT), (style.SAY, style.KNOW_AT_REPORT)],
)
def test_two_main_inks_differ_in_lightness_line_style_and_marker(one, other):
    assert abs(_lightness(one.color) - _lightness(other.color)) > 15
    assert one.linestyle != other.linestyle
    assert one.marker != other.marker


def test_no_font_of_the_style_is_smaller_than_six_and_a_half_points():
    with style.paper():
        sizes = [mpl.rcParams[key] for key in ("font.size", "axes.labelsize", "xtick.labelsize", "legend.fontsize")]
    assert min([*sizes, style.SMALL, style.NORMAL, style.TITLE]) >= 6.5


def test_the_callers_settings_come_back_after_the_context():
    with mpl.rc_context({"font.size": 31}):
        with style.paper():
            assert mpl.rcParams["font.size"] == style.NORMAL
        assert mpl.rcParams["font.size"] == 31


def test_baselines_differ_from_each_other_known_or_not():
    inks = style.baseline_inks([*style.BASELINES, *(f"new {i}" for i in range(10))])
    assert len({(ink.color, ink.linestyle) for ink in inks.values()}) == len(style.BASELINES) + 10


def test_two_baselines_of_one_dash_differ_in_lightness():
    inks = style.baseline_inks(style.BASELINES)
    for one in inks.values():
        same = [other for other in inks.values() if other.linestyle == one.linestyle and other != one]
        assert all(abs(_lightness(one.color) - _lightness(other.color)) > 15 for other in same)


def test_a_known_baseline_looks_the_same_whatever_is_drawn_beside_it():
    assert style.baseline_inks(["random model"]) == {
        "random model": style.baseline_inks(["something", "median", "random model"])["random model"]
    }
