"""The works that a methods section may cite, as BibTeX: for the methods that the tool uses, and its libraries.

In: the keys that a text cites. Out: the entries of a `.bib` file.
"""

from collections.abc import Iterable

_ENTRIES = {
    "belinkov2022": r"""@article{belinkov2022,
  author = {Belinkov, Yonatan},
  title = {Probing Classifiers: Promises, Shortcomings, and Advances},
  journal = {Computational Linguistics}, volume = {48}, number = {1}, pages = {207--219}, year = {2022}
}""",
    "belrose2023": r"""@inproceedings{belrose2023,
  author = {Belrose, Nora and Schneider-Joseph, David and Ravfogel, Shauli and Cotterell, Ryan and Raff, Edward and
            Biderman, Stella},
  title = {{LEACE}: Perfect linear concept erasure in closed form},
  booktitle = {Advances in Neural Information Processing Systems}, volume = {36}, year = {2023}
}""",
    "cawley2010": r"""@article{cawley2010,
  author = {Cawley, Gavin C. and Talbot, Nicola L. C.},
  title = {On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation},
  journal = {Journal of Machine Learning Research}, volume = {11}, pages = {2079--2107}, year = {2010}
}""",
    "fagerland2013": r"""@article{fagerland2013,
  author = {Fagerland, Morten W. and Lydersen, Stian and Laake, Petter},
  title = {The {McNemar} test for binary matched-pairs data: mid-p and asymptotic are better than exact conditional},
  journal = {BMC Medical Research Methodology}, volume = {13}, pages = {91}, year = {2013}
}""",
    "field2007": r"""@article{field2007,
  author = {Field, Christopher A. and Welsh, Alan H.},
  title = {Bootstrapping Clustered Data},
  journal = {Journal of the Royal Statistical Society: Series B}, volume = {69}, number = {3}, pages = {369--390},
  year = {2007}
}""",
    "fiottokaufman2024": r"""@misc{fiottokaufman2024,
  author = {Fiotto-Kaufman, Jaden and others},
  title = {{NNsight} and {NDIF}: Democratizing Access to Open-Weight Foundation Model Internals},
  year = {2024}, howpublished = {arXiv:2407.14561}, eprint = {2407.14561}, archivePrefix = {arXiv}
}""",
    "hesterberg2015": r"""@article{hesterberg2015,
  author = {Hesterberg, Tim C.},
  title = {What Teachers Should Know About the Bootstrap: Resampling in the Undergraduate Statistics Curriculum},
  journal = {The American Statistician}, volume = {69}, number = {4}, pages = {371--386}, year = {2015}
}""",
    "hewitt2019": r"""@inproceedings{hewitt2019,
  author = {Hewitt, John and Liang, Percy},
  title = {Designing and Interpreting Probes with Control Tasks},
  booktitle = {Proceedings of EMNLP-IJCNLP}, pages = {2733--2743}, year = {2019}
}""",
    "holm1979": r"""@article{holm1979,
  author = {Holm, Sture},
  title = {A Simple Sequentially Rejective Multiple Test Procedure},
  journal = {Scandinavian Journal of Statistics}, volume = {6}, number = {2}, pages = {65--70}, year = {1979}
}""",
    "lester2021": r"""@inproceedings{lester2021,
  author = {Lester, Brian and Al-Rfou, Rami and Constant, Noah},
  title = {The Power of Scale for Parameter-Efficient Prompt Tuning},
  booktitle = {Proceedings of the 2021 Conference on Empirical Methods in Natural Language Processing},
  pages = {3045--3059}, year = {2021}
}""",
    "paszke2019": r"""@inproceedings{paszke2019,
  author = {Paszke, Adam and others},
  title = {{PyTorch}: An Imperative Style, High-Performance Deep Learning Library},
  booktitle = {Advances in Neural Information Processing Systems}, volume = {32}, year = {2019}
}""",
    "pedregosa2011": r"""@article{pedregosa2011,
  author = {Pedregosa, Fabian and others},
  title = {Scikit-learn: Machine Learning in {Python}},
  journal = {Journal of Machine Learning Research}, volume = {12}, pages = {2825--2830}, year = {2011}
}""",
    "schuirmann1987": r"""@article{schuirmann1987,
  author = {Schuirmann, Donald J.},
  title = {A Comparison of the Two One-Sided Tests Procedure and the Power Approach for Assessing the Equivalence of
           Average Bioavailability},
  journal = {Journal of Pharmacokinetics and Biopharmaceutics}, volume = {15}, number = {6}, pages = {657--680},
  year = {1987}
}""",
    "wolf2020": r"""@inproceedings{wolf2020,
  author = {Wolf, Thomas and others},
  title = {Transformers: State-of-the-Art Natural Language Processing},
  booktitle = {Proceedings of EMNLP: System Demonstrations}, pages = {38--45}, year = {2020}
}""",
}  # fmt: skip
KEYS = tuple(_ENTRIES)


def bibliography(keys: Iterable[str]) -> str:
    """The entries of `keys`, in alphabetical order, each once. Raises KeyError for a key that has none."""
    return "\n\n".join(_ENTRIES[key] for key in sorted(set(keys))) + "\n"
