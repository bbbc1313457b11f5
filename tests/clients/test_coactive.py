"""Coactive's own client, `coactive` from PyPI. It has no method for system credentials, so its method for another route is
sent to theirs; its pair of id and secret, and how it reads a refusal, are what is tried."""

import sys
import warnings

import httpx
import pytest

if sys.version_info >= (3, 14):
    pytest.skip("coactive 1.0.27 does not run on Python 3.14", allow_module_level=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it was made for an older Python
    from coactive.client import Coactive
    from coactive.core.api_error import ApiError
    from coactive.errors import NotFoundError, UnprocessableEntityError

CLIENTS = "/api/v1/auth-management/clients"


@pytest.fixture(scope="module")
def pair(url, root):
    """The id and the secret of a new client with full access, in a new tenant."""
    headers = {"Authorization": f"Bearer {root}"}
    label = httpx.post(f"{url}/organizations", headers=headers, json={"name": "Client"}).json()["label"]
    made = httpx.post(url + CLIENTS, headers={**headers, "X-Postern-Tenant": label}, json={"name": "client"}).json()
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


def refusal(url, pair, path=None):
    """What the client raises for its validation of credentials, sent to another path when one is named."""

    def send_elsewhere(request):
        if path:
            request.url = request.url.copy_with(path=path)

    client = Coactive(base_url=url, **pair)
    with client._client_wrapper.httpx_client as transport:
        transport.event_hooks = {"request": [send_elsewhere]}
        with pytest.raises(ApiError) as raised:
            client.credentials.test(data_path="s3://bucket/path")
    return raised.value


def test_a_404_is_read(url, pair):
    error = refusal(url, pair)
    assert type(error) is NotFoundError
    assert (error.status_code, error.body) == (404, {"detail": "Not Found"})


def test_a_401_is_read(url, pair):
    error = refusal(url, {**pair, "client_secret": "wrong"}, CLIENTS)
    assert type(error) is ApiError
    assert (error.status_code, error.body) == (401, {"detail": "Invalid authentication credentials"})


def test_a_422_is_read_item_by_item(url, pair):
    error = refusal(url, pair, CLIENTS)
    assert type(error) is UnprocessableEntityError
    assert error.status_code == 422
    [item] = error.body.detail
    assert (item.loc, item.type) == (["body", "name"], "missing")
    assert item.msg
