"""Tables for papers: CSV, Markdown and LaTeX."""
