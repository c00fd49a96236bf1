"""Numbers to pages: figures, tables, a report and a summary. Reads finished numbers and computes no statistic.

Names are imported on first use, so that `tacit show` needs no matplotlib.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
