"""Requests made from the API's own description, within it and outside of it."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance


def ask(port: int, examples: int, start: int) -> tuple[int, list[str]]:
    """Ask each address ``examples`` times in either way; how many requests, and what was wrong."""
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    findings: list[str] = []
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            if mode is GenerationMode.NEGATIVE and not (operation.path_parameters or operation.body):
                continue  # nothing in it can be wrong

            @seed(start)
            @settings(
                max_examples=examples,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                phases=[Phase.generate],
            )
            @given(operation.as_strategy(generation_mode=mode))
            def one(case: schemathesis.Case[Any]) -> None:
                nonlocal asked
                answer = case.call()
                asked += 1
                if answer.status_code >= 500 and answer.status_code != 503:
                    findings.append(f"{answer.status_code} to {case.as_curl_command()[:300]}")
                try:
                    # Which languages there are is not in the description: a name that fits it may be refused.
                    case.validate_response(
                        answer, excluded_checks=[not_a_server_error, positive_data_acceptance]
                    )
                except (AssertionError, FailureGroup) as error:
                    findings.append(f"{case.as_curl_command()[:300]}: {str(error)[:300]}")

            one()
    return asked, findings
