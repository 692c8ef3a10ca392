"""What Schemathesis has to be told: how adverts, one per line, are written, and what a refusal must say.

Rules between fields (`high` not below `review`, a release that is not installed) are beyond a schema;
a request that fits the schema may break one, and then the refusal has to name the field.
"""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def as_it_is(_context: object, value: object) -> bytes | None:
    return value.encode("utf-8", "replace") if isinstance(value, str) else None


@schemathesis.check
def refusals_say_why(_context: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    if response.status_code < 400 or case.method == "HEAD":
        return
    assert response.headers["content-type"][0] == "application/problem+json"
    said = response.json()
    assert said["status"] == response.status_code
    assert said["type"].startswith("https://")
    assert said["detail"]
    assert said["request_id"] == response.headers["x-request-id"][0]
    if response.status_code == 422:
        assert said["errors"], "a 422 names the field"
        assert all(one["pointer"].startswith("/") or one["pointer"] == "" for one in said["errors"])
