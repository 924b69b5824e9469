"""The process in which frames are fuzzed: options of libFuzzer under atheris, else seconds and a seed."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys

from tests.fuzz.frames_campaign import peak_rss_mib, unguided


def main(arguments: list[str]) -> None:
    """Fuzz; ends the process with a status that is not 0 for what was found."""
    logging.disable(logging.CRITICAL)  # a box that is broken on purpose is nothing to tell
    if importlib.util.find_spec("atheris") is None:
        seconds, seed = arguments
        executions = unguided(float(seconds), int(seed))
        sys.stdout.write(f"number_of_executed_units: {executions}\npeak_rss_mb: {peak_rss_mib()}\n")
        return
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["worker", "fleet"]):
        target = importlib.import_module("tests.fuzz.frames_target")
    atheris.Setup([sys.argv[0], *arguments], target.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
