"""Escape text from a model, a table or a user, so that LaTeX prints it without any package.

In: any text. Out: LaTeX in which nothing is a command, an optional argument or a ligature.
"""

from tacit.figures.drawing import rounding, words

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}", "-": "{-}", rounding.MINUS: "$-$", "–": "--", "ρ": r"$\rho$", "²": "$^2$",
    "±": r"$\pm$", "·": r"$\cdot$", "…": r"\ldots{}", "→": r"$\rightarrow$", "×": r"$\times$",
}  # fmt: skip
_OTHER = frozenset("«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ\u00ad")
"""Latin letters and marks that LaTeX does not print without a package."""


def latex(text: object) -> str:
    """`text` as LaTeX that prints it: nothing in it can be a command, an optional argument or a ligature.

    A character that pdfLaTeX has no glyph for (other scripts, emoji) becomes its code point, `U+4E2D`.
    """
    return "".join(_LATEX.get(ch) or (ch if _printed(ch) else f"U+{ord(ch):04X}") for ch in words.one_line(text))


def _printed(character: str) -> bool:
    """Whether LaTeX prints the character as it is, without any package."""
    return character in "‘’“”—•€™" or (ord(character) < 0x180 and character not in _OTHER)
