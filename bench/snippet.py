"""The program that everything runs: in our fleet, in every peer, and bare."""

from __future__ import annotations

from pathlib import Path

from fleet.languages import Language, read_languages

ROOT = Path(__file__).resolve().parents[1]
LANGUAGE = "python"
PROGRAM = "print('Hello, World!')"
OUTPUT = "Hello, World!\n"
# The bare interpreter of another language, for the machine reference alone.
OTHER_LANGUAGE = "javascript"
OTHER_ARGV = ("-e", "console.log('Hello, World!')")


def language() -> Language:
    """The language of the benchmark."""
    return read_languages(ROOT / "sandbox-images")[LANGUAGE]
