"""The one-page report and its item browser."""
