"""Runs jobs: claims them from the queue, each in a sandbox of its own. Imports ``fleet`` and no other service."""
