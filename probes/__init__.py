"""Files to numbers: what a model knows by linear probes, what it says by its reports, and whether they differ.

Names are imported on first use, so that `import tacit.probes` is quick and needs no scikit-learn.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
