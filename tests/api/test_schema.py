"""API: random requests after the schema, a bounded number, always the same."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from tests.api.service import BEARER, Service

SERVICE = Service()
SERVICE.ready("a")
SERVICE.enter("c1", "c2")

schema = schemathesis.openapi.from_asgi(
    "/openapi.json", SERVICE.app, headers={"Host": "127.0.0.1"}
).exclude(path="/api/v1/live")  # never ends; has tests of its own


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_the_schema_says(case: schemathesis.Case[Any]) -> None:
    answer = case.call(headers=BEARER | {"Host": "127.0.0.1"})
    case.validate_response(
        answer,
        checks=[
            checks.not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
        ],
    )
