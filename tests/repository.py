"""Where the project lies, for tests that run its jobs or read its files."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
