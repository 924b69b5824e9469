"""The log of completions: one line for every finished job, none lost; and the sender of webhooks."""
