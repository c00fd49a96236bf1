"""Numbers rounded by their interval: as many decimals as the interval justifies, and no more.

In: a value with its lower and upper bound. Out: text. The last decimal printed is that of the first digit of the
interval's half-width, but at least the second one for a half-width below 1, so that a column of scores lines up. A
number that is not zero is never printed as zero, because readers check whether the interval includes zero.
"""

import math

MINUS = "−"
MISSING = "–"
_LEAST, _LABEL, _MOST = 2, 3, 4


def is_number(value: object) -> bool:
    """Whether `value` is a finite number."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def decimals(lower: float, upper: float) -> int:
    """Decimals for a value between these bounds: 0, or 2 to 4; 2 if the interval is undefined or has no width."""
    if not (is_number(lower) and is_number(upper)) or upper <= lower:
        return _LEAST
    half = (upper - lower) / 2
    return 0 if half >= 1 else min(_MOST, max(_LEAST, -math.floor(math.log10(half))))


def _enough_for_zero(places: int, bounds: tuple[float, ...]) -> int:
    """At least `places`, and enough that no nonzero bound is printed as zero."""
    while places < _MOST and any(b != 0 and round(b, places) == 0 for b in bounds if is_number(b)):
        places += 1
    return places


def number(value: float, places: int = _LEAST, *, signed: bool = False) -> str:
    """`value` with `places` decimals, more if it would be printed as zero, and a true minus sign; or a dash."""
    if not is_number(value):
        return MISSING
    if value == 0:
        return f"{0:.{places}f}"
    places = _enough_for_zero(places, (value,))
    form = f".{places}f" if round(value, places) else ".0e"
    text = f"{value:{'+' if signed else ''}{form}}".replace("e-0", "e-")
    return text.replace("-", MINUS)


def with_interval(value: float, lower: float, upper: float, *, signed: bool = False) -> str:
    """`value [lower, upper]`, rounded together; only the value if it has no interval, a dash if it is undefined."""
    if not is_number(value):
        return MISSING
    places = _enough_for_zero(decimals(lower, upper), (lower, upper))
    if not (is_number(lower) and is_number(upper)):
        return number(value, places, signed=signed)
    return f"{number(value, places, signed=signed)} [{number(lower, places)}, {number(upper, places)}]"


def alone(value: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """`value` without its interval, with the decimals that its interval allows, and no more than fit a label."""
    return number(value, min(_LABEL, decimals(lower, upper)))
