"""Other judges' HTTP APIs over the same queue and validators, so that their clients need a new base URL only.

``docs/compatibility.md`` has what is the same, what differs and what is refused.
"""
