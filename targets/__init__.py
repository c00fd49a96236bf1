"""Targets: what a model may know about an item, how it is asked, and how its reply is read.

Names are imported on first use, so that the command line answers at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
