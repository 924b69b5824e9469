"""The HTTP side: takes submissions, answers with results. Imports ``fleet`` and no other service."""
