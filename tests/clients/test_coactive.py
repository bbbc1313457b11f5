"""Coactive's own client, `coactive` from PyPI, sync and async. It has no method for system credentials, so its
requests are redirected to their routes. The tests check its pair of id and secret, and how it parses errors."""

import asyncio
import inspect
import sys
import warnings

import httpx
import pytest
from conftest import Between

if sys.version_info >= (3, 14):
    pytest.skip("coactive 1.0.27 does not run on Python 3.14", allow_module_level=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it was made for an older Python
    from coactive.client import AsyncCoactive, Coactive
    from coactive.core.api_error import ApiError
    from coactive.errors import BadRequestError, NotFoundError, UnprocessableEntityError

CLIENTS = "/api/v1/auth-management/clients"
ROLES = "/api/v1/auth-management/roles"
NOBODY = f"{CLIENTS}/client_01m80970gre5zbm41mtnjfd709"
RESOURCES = ["asset", "classification", "concept", "credentials", "dataset", "dynamic_tags", "query", "search"]


class Tenant:
    """A new organization, with a client that has full access."""

    def __init__(self, url, root):
        self.url = url
        self.headers = {"Authorization": f"Bearer {root}"}
        self.label = httpx.post(f"{url}/organizations", headers=self.headers, json={"name": "Client"}).json()["label"]
        self.pair = self.client()

    def client(self, *roles):
        """Creates a client; returns its id and secret."""
        body = {"name": "client", "roles": [{"role_id": role} for role in roles]}
        headers = {**self.headers, "X-Postern-Tenant": self.label}
        made = httpx.post(self.url + CLIENTS, headers=headers, json=body).json()
        return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


@pytest.fixture(scope="module")
def tenant(url, root):
    return Tenant(url, root)


class Sdk:
    """One of the two clients. `seen` has its original requests."""

    def __init__(self, kind, url):
        self.kind, self.url = kind, url
        self.clients = {}
        self.instead = None
        self.seen = []
        self.loop = asyncio.new_event_loop()

    def client(self, pair):
        """Creates the client with this pair."""
        key = tuple(pair.values())
        if key not in self.clients:
            new, transport = (Coactive, httpx.Client) if self.kind == "sync" else (AsyncCoactive, httpx.AsyncClient)
            client = self.clients[key] = new(base_url=self.url, **pair)
            self.close(client)
            client._client_wrapper.httpx_client = transport(transport=Between(self.lead))
        return self.clients[key]

    def ask(self, pair, instead=None, call=lambda client: client.credentials.test(data_path="s3://bucket/path")):
        """Returns the result of a call. `instead` is the method, the path and the body sent in place of the call's
        own."""
        self.instead = instead
        given = call(self.client(pair))
        return self.loop.run_until_complete(given) if inspect.isawaitable(given) else given

    def lead(self, request):
        self.seen.append(request)
        if self.instead is None:
            return request
        method, path, body = self.instead
        headers = {name: value for name, value in request.headers.items() if name.startswith(("authorization", "x-fern"))}
        more = {"content": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        return httpx.Request(method, httpx.URL(self.url).join(path), headers=headers, **more)

    def refused(self, *asked, **how):
        with pytest.raises(ApiError) as raised:
            self.ask(*asked, **how)
        return raised.value

    def close(self, client):
        transport = client._client_wrapper.httpx_client
        if self.kind == "sync":
            transport.close()
        else:
            self.loop.run_until_complete(transport.aclose())


@pytest.fixture(params=["sync", "async"])
def sdk(request, url):
    sdk = Sdk(request.param, url)
    yield sdk
    for client in sdk.clients.values():
        sdk.close(client)
    sdk.loop.close()


def numbered(requests):
    return [f"{number}-{method}" for number, (method, _, _) in enumerate(requests, 1)]


# Every route that authenticates its caller.
ROUTES = [
    ("POST", CLIENTS, {"name": "n"}),
    ("POST", CLIENTS, {}),
    ("GET", CLIENTS, None),
    ("GET", NOBODY, None),
    ("PUT", NOBODY, {}),
    ("DELETE", NOBODY, None),
    ("GET", ROLES, None),
]


@pytest.mark.parametrize("route", ROUTES, ids=numbered(ROUTES))
def test_client_parses_a_401(sdk, tenant, route):
    other = tenant.client()
    for pair in (
        {**tenant.pair, "client_secret": "wrong"},
        {**tenant.pair, "client_secret": other["client_secret"]},
        {**tenant.pair, "client_id": "client_01m80970gre5zbm41mtnjfd709"},
        {"client_id": "nobody", "client_secret": "nothing"},
    ):
        error = sdk.refused(pair, route)
        assert type(error) is ApiError
        assert (error.status_code, error.body) == (401, {"detail": "Invalid authentication credentials"})
        sent = sdk.seen[-1].headers["authorization"]
        assert sent == f"Bearer {pair['client_id']}:{pair['client_secret']}"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_client_parses_the_404_of_a_missing_resource(sdk, tenant, method):
    error = sdk.refused(tenant.pair, (method, NOBODY, {} if method == "PUT" else None))
    assert type(error) is NotFoundError
    assert (error.status_code, error.body) == (404, {"detail": "Client not found"})


def test_client_parses_the_404_of_every_unsupported_route(sdk, tenant):
    """These routes do not exist, and the error has the face's shape."""
    calls = []
    for resource in RESOURCES:
        for name, _ in inspect.getmembers(getattr(Coactive(**tenant.pair), resource), inspect.ismethod):
            if not name.startswith("_"):
                calls.append((resource, name))
    assert len(calls) > 30
    for resource, name in calls:
        def call(client):
            method = getattr(getattr(client, resource), name)
            required = [one for one in inspect.signature(method).parameters.values() if one.default is one.empty]
            return method(**{one.name: [] if "List" in str(one.annotation) else "x" for one in required})

        error = sdk.refused(tenant.pair, call=call)
        assert type(error) is NotFoundError, (resource, name)
        assert error.body == {"detail": "Not Found"}, (resource, name)
    assert len({(request.method, request.url.path) for request in sdk.seen}) > 30


# Invalid requests, and each item that the client must find: the location and the type.
UNPROCESSABLE = [
    (("POST", CLIENTS, {}), [(["body", "name"], "missing")]),
    (("POST", CLIENTS, {"name": None}), [(["body", "name"], None)]),
    (("POST", CLIENTS, {"name": "n" * 256, "roles": [{"role_id": "admin"}, {}]}),
     [(["body", "name"], None), (["body", "roles", 1, "role_id"], "missing")]),
    (("POST", CLIENTS, {"name": "n", "roles": [{"role_id": "nobodys"}]}), [(["body", "roles", 0, "role_id"], None)]),
    (("POST", CLIENTS, b"{"), [(["body"], "json_invalid")]),
    (("POST", CLIENTS, []), [(["body"], None)]),
    (("GET", f"{ROLES}?roles_context=nowhere", None), [(["query", "roles_context"], None)]),
]


@pytest.mark.parametrize("asked, found", UNPROCESSABLE, ids=numbered([row[0] for row in UNPROCESSABLE]))
def test_client_parses_every_item_of_a_422(sdk, tenant, asked, found):
    error = sdk.refused(tenant.pair, asked)
    assert type(error) is UnprocessableEntityError
    assert error.status_code == 422
    assert [item.loc for item in error.body.detail] == [loc for loc, _ in found]
    for item, (_, kind) in zip(error.body.detail, found):
        assert item.msg and item.type == (kind or item.type)


def test_client_parses_the_422_of_an_update(sdk, tenant):
    own = f"{CLIENTS}/{tenant.client('viewer')['client_id']}"
    for body, loc in (
        ({"roles_context": "nowhere"}, ["body", "roles_context"]),
        ({"roles": [{"role_id": "admin"}, {"role_id": 1}]}, ["body", "roles", 1, "role_id"]),
        ({"roles_context": "system", "roles": []}, ["body", "roles"]),
    ):
        error = sdk.refused(tenant.pair, ("PUT", own, body))
        assert type(error) is UnprocessableEntityError
        assert [item.loc for item in error.body.detail] == [loc]


def test_client_parses_a_400_and_a_403(sdk, tenant):
    error = sdk.refused(tenant.client("viewer"), ("GET", CLIENTS, None))
    assert type(error) is ApiError
    assert (error.status_code, list(error.body)) == (403, ["detail"])
    # The client's own pair as Bearer does not log in; the unsupported grant is reported first.
    error = sdk.refused(tenant.pair, ("POST", "/api/v1/login", {"grant_type": "password"}))
    assert type(error) is BadRequestError
    assert error.status_code == 400 and isinstance(error.body.detail, str)


def test_delete_is_read_as_null_and_invalidates_the_secret(sdk, tenant):
    pair = tenant.client()
    path = f"{CLIENTS}/{pair['client_id']}"

    def delete(client):
        return client.dataset.delete(dataset_id="x")

    assert sdk.refused(pair, ("GET", NOBODY, None)).status_code == 404
    assert sdk.ask(tenant.pair, ("DELETE", path, None), call=delete) is None
    assert sdk.seen[-1].method == "DELETE"
    assert sdk.refused(pair, ("GET", NOBODY, None)).status_code == 401
    assert type(sdk.refused(tenant.pair, ("DELETE", path, None), call=delete)) is NotFoundError
