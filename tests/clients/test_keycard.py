"""Keycard's own client, `keycardai-api` from PyPI, strict about every answer; each test with the sync and the async one."""

import asyncio
import http.server
import inspect
import json
import threading
import uuid
from datetime import datetime, timezone

import pytest
from keycardai_api import (
    APIStatusError,
    AsyncKeycardAPI,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DefaultAsyncHttpxClient,
    DefaultHttpxClient,
    InternalServerError,
    KeycardAPI,
    NotFoundError,
    PermissionDeniedError,
)

NOBODY = "01m80970gre5zbm41mtnjfd709"


class Sdk:
    """One of the two clients; `sent` has every request that went out, a second try being another one."""

    def __init__(self, kind):
        self.kind = kind
        self.sent = []
        self.clients = []
        self.loop = asyncio.new_event_loop()

    def client(self, base_url, api_key):
        async def note(request):
            self.sent.append(request)

        if self.kind == "sync":
            transport = DefaultHttpxClient(event_hooks={"request": [self.sent.append]})
            new = KeycardAPI
        else:
            transport = DefaultAsyncHttpxClient(event_hooks={"request": [note]})
            new = AsyncKeycardAPI
        client = new(base_url=base_url, api_key=api_key, http_client=transport, _strict_response_validation=True)
        self.clients.append(client)
        return client

    def __call__(self, answer):
        """What a call gives, whichever client it was."""
        return self.loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer

    def last(self):
        """The last request's body."""
        return json.loads(self.sent[-1].content)

    def close(self):
        for client in self.clients:
            self(client.close())
        self.loop.close()


@pytest.fixture(params=["sync", "async"])
def sdk(request):
    sdk = Sdk(request.param)
    yield sdk
    sdk.close()


class Place:
    """A credential, under a service account of an organization of its own."""

    def __init__(self, sdk, url, root):
        self.sdk, self.url, self.root = sdk, url, root
        client = sdk.client(url, root)
        self.organization = sdk(client.organizations.create(name="Client"))
        accounts = client.organizations.service_accounts
        self.account = sdk(accounts.create(self.organization.id, name="account", description="of a test"))
        self.parents = {"organization_id": self.organization.id, "service_account_id": self.account.id}
        self.credentials = self.by(root)
        self.made = sdk(self.credentials.create(self.account.id, organization_id=self.organization.id,
                                                name="made", description="described"))
        self.of = {**self.parents, "credential_id": self.made.id}
        sdk.sent.clear()

    def by(self, token):
        """The operations on credentials, called with this token."""
        return self.sdk.client(self.url, token).organizations.service_accounts.credentials

    def raw(self, call, **arguments):
        """The answer itself, and what the client reads in it."""
        answer = self.sdk(getattr(self.credentials.with_raw_response, call)(**self.of, **arguments))
        return answer, self.sdk(answer.parse())

    def now(self):
        return self.sdk(self.credentials.retrieve(**self.of))


@pytest.fixture
def place(sdk, url, root):
    return Place(sdk, url, root)


def test_parents_and_a_credential_are_made(sdk, place):
    organization, account, made = place.organization, place.account, place.made
    assert (organization.name, organization.sso_enabled) == ("Client", False)
    assert organization.label.startswith("client") and organization.zone_id == organization.id
    assert (account.name, account.description) == ("account", "of a test")
    assert (made.name, made.description, made.client_id) == ("made", "described", f"client_{made.id}")
    assert made.client_secret.startswith("pstn_")
    for one in (organization, account, made):
        assert len(one.id) == 26
        assert one.created_at.tzinfo == timezone.utc and isinstance(one.created_at, datetime)


def test_a_credential_is_made_from_a_name_alone_in_an_organization_named_by_its_label(sdk, place):
    made = sdk(place.credentials.create(place.account.id, organization_id=place.organization.label, name="alone"))
    assert (made.name, made.description) == ("alone", None)
    assert sdk.last() == {"name": "alone"}


def test_what_was_made_is_read(sdk, place):
    read = place.now()
    assert (read.id, read.name, read.description) == (place.made.id, "made", "described")
    assert (read.client_id, read.created_at) == (place.made.client_id, place.made.created_at)
    assert (read.permissions, read.last_used_at) == (None, None)
    assert "client_secret" not in read.model_fields_set | set(read.model_extra)


def test_permissions_are_those_of_the_caller(sdk, place):
    expand = ["permissions", "total_count"]
    read = sdk(place.credentials.retrieve(**place.of, expand=expand))
    assert read.permissions == {"credentials": {"read": True, "update": True, "delete": True}}
    own = place.by(place.made.client_secret)
    read = sdk(own.retrieve(**place.of, expand=expand))
    assert read.permissions == {"credentials": {"read": True, "update": False, "delete": False}}


def test_an_update_with_nothing_changes_nothing(sdk, place):
    before, _ = place.raw("retrieve")
    after, updated = place.raw("update")
    assert sdk.last() == {}
    assert after.headers["etag"] == before.headers["etag"] == f'"{place.made.id}.1"'
    assert (updated.name, updated.description) == ("made", "described")


def test_an_update_changes_what_it_names(sdk, place):
    updated = sdk(place.credentials.update(**place.of, name="renamed"))
    assert sdk.last() == {"name": "renamed"}
    assert (updated.name, updated.description) == ("renamed", "described")
    updated = sdk(place.credentials.update(**place.of, description="other"))
    assert sdk.last() == {"description": "other"}
    assert (updated.name, updated.description) == ("renamed", "other")
    assert place.now() == updated


def test_null_clears_the_description(sdk, place):
    # Its types say `str`; None goes out as null all the same.
    updated = sdk(place.credentials.update(**place.of, description=None))
    assert sdk.last() == {"description": None}
    assert (updated.name, updated.description) == ("made", None)
    assert "description" not in updated.model_fields_set
    assert place.now() == updated


def test_a_raw_answer_has_its_headers(sdk, place):
    answer, updated = place.raw("update", name="raw")
    assert (answer.status_code, updated.name) == (200, "raw")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["etag"] == f'"{place.made.id}.2"'


def test_the_request_id_of_the_client_comes_back(sdk, place):
    for call in ("retrieve", "update"):
        own = str(uuid.uuid4())
        answer, _ = place.raw(call, x_client_request_id=own)
        assert sdk.sent[-1].headers["X-Client-Request-ID"] == own
        assert answer.headers["x-request-id"] == own


def test_if_match_lets_one_update_through(sdk, place):
    before, _ = place.raw("retrieve")
    headers = {"If-Match": before.headers["etag"]}
    assert sdk(place.credentials.update(**place.of, name="first", extra_headers=headers)).name == "first"
    with pytest.raises(APIStatusError) as raised:
        sdk(place.credentials.update(**place.of, name="second", extra_headers=headers))
    assert raised.value.status_code == 412
    assert place.now().name == "first"


# A refusal that does not go away by itself: its class, its status, its code, and how to get it.
REFUSALS = [
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.update(**at.of, name="")),
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.update(**at.of, name=None)),
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.update(**at.of, description="d" * 501)),
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.retrieve(**at.of, x_client_request_id="no UUID")),
    (AuthenticationError, 401, "unauthorized", lambda at: at.by("unknown").retrieve(**at.of)),
    (PermissionDeniedError, 403, "forbidden", lambda at: at.by(at.made.client_secret).update(**at.of, name="n")),
    (NotFoundError, 404, "not_found", lambda at: at.credentials.retrieve(**{**at.of, "credential_id": NOBODY})),
    (NotFoundError, 404, "not_found", lambda at: at.credentials.update(**{**at.of, "organization_id": "nobodys"})),
    (APIStatusError, 412, "precondition_failed",
     lambda at: at.credentials.update(**at.of, name="n", extra_headers={"If-Match": '"stale"'})),
]


@pytest.mark.parametrize("kind, status, code, call", REFUSALS,
                         ids=[f"{number}-{row[1]}" for number, row in enumerate(REFUSALS, 1)])
def test_a_refusal_is_raised_in_its_class_after_one_request(sdk, place, kind, status, code, call):
    with pytest.raises(APIStatusError) as raised:
        sdk(call(place))
    error = raised.value
    assert type(error) is kind
    assert error.status_code == status
    assert list(error.body) == ["message", "code", "status"]
    assert (error.body["code"], error.body["status"]) == (code, status)
    assert error.body["message"]
    assert len(sdk.sent) == 1
    assert (place.now().name, place.now().description) == ("made", "described")


def test_a_503_is_tried_three_times(sdk, unconfigured_url, root):
    with pytest.raises(InternalServerError) as raised:
        sdk(sdk.client(unconfigured_url, root).organizations.create(name="never"))
    assert raised.value.status_code == 503
    assert raised.value.body["code"] == "unavailable"
    assert "POSTERN_MASTER_KEY" in raised.value.body["message"]
    assert [request.headers["x-stainless-retry-count"] for request in sdk.sent] == ["0", "1", "2"]


class Stub(http.server.BaseHTTPRequestHandler):
    """Answers every POST with the 409 of Keycard's face, and counts them."""

    count = 0

    def do_POST(self):
        Stub.count += 1
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"message":"It exists already.","code":"conflict","status":409}'
        self.send_response(409)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_conflict_that_says_so_is_not_tried_again(sdk):
    # None of Keycard's routes can conflict today: it names no id and no secret, and labels are numbered. So a stub
    # answers what src/face/keycard.rs answers to a conflict, and the client is seen to keep to its `x-should-retry`.
    Stub.count = 0
    with http.server.HTTPServer(("127.0.0.1", 0), Stub) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(ConflictError) as raised:
                sdk(sdk.client(f"http://127.0.0.1:{server.server_port}", "token").organizations.create(name="taken"))
        finally:
            server.shutdown()
            thread.join()
    assert raised.value.body == {"message": "It exists already.", "code": "conflict", "status": 409}
    assert (Stub.count, len(sdk.sent)) == (1, 1)
