"""tacit: what a language model knows about itself, and what it says.

    import tacit

    run = tacit.cache(model="organisms/lock")     # run the model once per prompt
    tacit.probe(run)                              # decode each target, layer by layer
    tacit.compare(run)                            # verdicts, tables, figures
    run.verdicts                                  # a pandas DataFrame

Everything is imported on first use, so `import tacit` is quick and needs no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
