"""Style, panels, labels, and number formats that all plots share."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=("rounding", "style", "words"))
