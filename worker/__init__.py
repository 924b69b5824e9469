"""Runs jobs: claims them, each in a sandbox of its own. Imports ``fleet`` and no other service."""
