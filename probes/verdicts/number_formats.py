"""How reasons and sentences print numbers: three decimals, intervals in brackets, p-values."""

import numpy as np

from tacit.probes.statistics.bootstrap import Estimate


def span(x: Estimate) -> str:
    """ "0.300 [0.280, 0.320]", or "undefined"."""
    if not np.isfinite([x.value, x.lower, x.upper]).all():
        return "undefined"
    return f"{plain(x.value)} [{plain(x.lower)}, {plain(x.upper)}]"


def chance_of(p: float) -> str:
    """ "p = 0.012"; resamples say nothing of smaller ones than 0.0001."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "gap"), counted(6, "gap")
    ('1 gap', '6 gaps')
    """
    return f"{n} {noun}{'s' * (n != 1)}"


def plain(x: float) -> str:
    """Three decimals, a true minus, and no sign on a zero."""
    text = f"{x:.3f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
