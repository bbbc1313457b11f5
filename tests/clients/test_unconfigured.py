"""A Worker without POSTERN_MASTER_KEY: every request but /healthz is a 503 that names the setting, in its face's shape."""

import httpx
import pytest

SETTING = "POSTERN_MASTER_KEY"
ZERO = "00000000-0000-0000-0000-000000000000"
KEYCARD = "/organizations/acme/service-accounts/01m80970gre5zbm41mtnjfd709/credentials"
OWN_ID = "0" * 26
OWN = f"/v1/tenants/{OWN_ID}"


def coactive(body):
    assert list(body) == ["detail"]
    return body["detail"]


def litegraph(body):
    assert set(body) == {"Error", "Message", "StatusCode", "Description"}
    assert (body["Error"], body["StatusCode"]) == ("InternalError", 503)
    return body["Description"]


def keycard(body):
    assert list(body) == ["message", "code", "status"]
    assert (body["code"], body["status"]) == ("unavailable", 503)
    return body["message"]


def oauth(body):
    assert list(body) == ["error", "error_description"]
    assert body["error"] == "temporarily_unavailable"
    return body["error_description"]


def postern(body):
    assert list(body) == ["type", "title", "status", "code", "detail"]
    assert (body["status"], body["code"]) == (503, "misconfigured")
    return body["detail"]


PATHS = [
    *[(coactive, method, "/api/v1/auth-management/clients") for method in ("POST", "GET", "DELETE")],
    *[(coactive, method, "/api/v1/auth-management/clients/client_id") for method in ("GET", "HEAD", "PUT")],
    (coactive, "GET", "/api/no/such/route"),
    (litegraph, "PUT", f"/v1.0/tenants/{ZERO}/credentials"),
    *[(litegraph, method, f"/v1.0/tenants/{ZERO}/credentials/{ZERO}") for method in ("GET", "HEAD", "PUT", "DELETE")],
    (litegraph, "GET", "/v2.0/no/such/route"),
    (keycard, "POST", "/organizations"),
    (keycard, "POST", "/organizations/acme/service-accounts"),
    (keycard, "POST", KEYCARD),
    *[(keycard, method, f"{KEYCARD}/01m80970gre5zbm41mtnjfd709") for method in ("GET", "HEAD", "PATCH", "PUT")],
    (keycard, "GET", "/organizations/no/such/route"),
    *[(postern, "GET", path) for path in ("/", "/v1", "/no/such/route", "/readyz", "/v1/tenants", f"{OWN}/credentials")],
    *[(postern, method, f"{OWN}/credentials/{OWN_ID}") for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")],
    *[(postern, "POST", path) for path in ("/v1/tenants", f"{OWN}/credentials/{OWN_ID}/rotate", "/v1/verify")],
    *[(oauth, "POST", path) for path in ("/oauth/token", "/oauth/introspect")],
    (oauth, "GET", "/.well-known/oauth-authorization-server"),
]


def test_worker_without_settings_is_alive(unconfigured_url):
    answer = httpx.get(unconfigured_url + "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("shape, method, path", PATHS, ids=[f"{method}-{path}" for _, method, path in PATHS])
def test_every_request_is_a_503_that_names_the_setting(unconfigured_url, root, shape, method, path):
    body = {"name": "n"} if method in ("POST", "PUT", "PATCH") else None
    for headers in ({}, {"Authorization": f"Bearer {root}", "X-Postern-Tenant": "acme"}):
        answer = httpx.request(method, unconfigured_url + path, headers=headers, json=body)
        assert answer.status_code == 503
        kind = "application/problem+json" if shape is postern else "application/json"
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["x-request-id"]
        assert "etag" not in answer.headers
        if method == "HEAD":
            assert answer.content == b""
        else:
            assert SETTING in shape(answer.json())
            assert root not in answer.text
