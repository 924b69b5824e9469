"""What all shapes are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from fleet.fields import LANGUAGE_CHARS_MAX, PROBLEM_ID_CHARS_MAX

JobId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["0b1f3c5a7e9d2b4c6f8091a2b3c4d5e6"])]
BatchId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["9a0c2d4e6f8091a2b3c4d5e60b1f3c5a"])]
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+$"
ProblemId = Annotated[
    str,
    Field(min_length=1, max_length=PROBLEM_ID_CHARS_MAX, pattern=PRINTABLE, examples=["two-sum"]),
]
LanguageName = Annotated[str, Field(min_length=1, max_length=LANGUAGE_CHARS_MAX, pattern=PRINTABLE)]
Time = Annotated[
    str, Field(description="ISO 8601 in UTC, by the clock of Redis", examples=["2026-01-02T03:04:05.678Z"])
]


class Shape(BaseModel):
    """An object with these fields and no others, in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, strict=True, extra="forbid")
