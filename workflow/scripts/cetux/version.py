"""The version of this workflow."""

VERSION = "0.3.0"
"""As in pyproject.toml, CITATION.cff and CHANGELOG.md (a test compares them)."""
