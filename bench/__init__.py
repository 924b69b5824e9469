"""The benchmark: ``python -m bench``. README.md says how it measures."""
