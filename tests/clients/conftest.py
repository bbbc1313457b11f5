"""Fixtures. `make test` starts the Workers and sets the variables. Also Keycard's client in its two forms."""

import asyncio
import inspect
import json
import os

import httpx
import pytest
from keycardai_api import APIStatusError, AsyncKeycardAPI, DefaultAsyncHttpxClient, DefaultHttpxClient, KeycardAPI


def given(name):
    """Returns a variable of `make test`."""
    try:
        return os.environ[name]
    except KeyError:
        pytest.exit(f"{name} is not set: `make test` starts the Workers and runs this", returncode=2)


@pytest.fixture(scope="session")
def url():
    """The running Worker."""
    return given("POSTERN_URL")


@pytest.fixture(scope="session")
def root():
    """The root token."""
    return given("POSTERN_ROOT_TOKEN")


@pytest.fixture(scope="session")
def unconfigured_url():
    """A Worker with the same root token, and without POSTERN_MASTER_KEY."""
    return given("POSTERN_UNCONFIGURED_URL")


@pytest.fixture(scope="session")
def demo_folder():
    """A folder with the running Worker's `.dev/demo.json`, as `make dev` writes one."""
    return given("POSTERN_DEMO")


# Every request has its own connection: the server may close a kept connection at the moment it is reused, and a write
# that this happens to cannot be repeated blindly.
ONCE = httpx.Limits(max_keepalive_connections=0)


class Between(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport between a client and the Worker. `before` returns the request to send, or a response in place of the
    Worker's; `after` returns the response to hand back."""

    def __init__(self, before=lambda request: request, after=lambda answer: answer):
        self.before, self.after = before, after
        self.sync, self.asynchronous = (transport(verify=False, limits=ONCE)
                                          for transport in (httpx.HTTPTransport, httpx.AsyncHTTPTransport))

    def handle_request(self, request):
        sent = self.before(request)
        if isinstance(sent, httpx.Response):
            return sent
        answer = self.sync.handle_request(sent)
        answer.read()
        return self.after(answer)

    async def handle_async_request(self, request):
        sent = self.before(request)
        if isinstance(sent, httpx.Response):
            return sent
        answer = await self.asynchronous.handle_async_request(sent)
        await answer.aread()
        return self.after(answer)

    def close(self):
        self.sync.close()

    async def aclose(self):
        await self.asynchronous.aclose()


class Sdk:
    """Keycard's client, sync or async, with strict response validation. `sent` has every request, retries included."""

    def __init__(self, kind):
        self.kind = kind
        self.sent = []
        self.clients = []
        self.loop = asyncio.new_event_loop()

    def client(self, base_url, api_key=None, between=None, **options):
        async def note(request):
            self.sent.append(request)

        # Tests use no TLS, and loading its certificates is slow.
        if self.kind == "sync":
            transport = DefaultHttpxClient(event_hooks={"request": [self.sent.append]}, transport=between, verify=False,
                                            limits=ONCE)
            new = KeycardAPI
        else:
            transport = DefaultAsyncHttpxClient(event_hooks={"request": [note]}, transport=between, verify=False,
                                                 limits=ONCE)
            new = AsyncKeycardAPI
        client = new(base_url=base_url, api_key=api_key, http_client=transport, _strict_response_validation=True, **options)
        self.clients.append(client)
        return client

    def __call__(self, answer):
        """Returns the result of a call, on either client."""
        return self.loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer

    def raw(self, resource, call, *place, **arguments):
        """The raw response, its text, and the client's parsed result."""
        answer = self(getattr(resource.with_raw_response, call)(*place, **arguments))
        return answer, self(answer.text()), self(answer.parse())

    def streamed(self, resource, call, *place, **arguments):
        """The same, with a streamed response."""
        opened = getattr(resource.with_streaming_response, call)(*place, **arguments)
        if self.kind == "sync":
            with opened as answer:
                return answer, answer.text(), answer.parse()

        async def read():
            async with opened as answer:
                return answer, await answer.text(), await answer.parse()

        return self(read())

    def refused(self, call, kind, status, code):
        """Returns the exception of a call that fails permanently: of this class, in the face's shape, after one
        request."""
        self.sent.clear()
        with pytest.raises(APIStatusError) as raised:
            self(call())
        error = raised.value
        assert type(error) is kind
        assert error.status_code == status
        assert list(error.body) == ["message", "code", "status"]
        assert (error.body["code"], error.body["status"]) == (code, status)
        assert error.body["message"]
        assert len(self.sent) == 1
        return error

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
    """A credential of a service account in an organization of its own. Root calls by default."""

    def __init__(self, sdk, url, root):
        self.sdk, self.url, self.root = sdk, url, root
        self.organizations = sdk.client(url, root).organizations
        self.accounts = self.organizations.service_accounts
        self.credentials = self.accounts.credentials
        self.organization = sdk(self.organizations.create(name="Client"))
        self.account = sdk(self.accounts.create(self.organization.id, name="account", description="of a test"))
        self.parents = {"organization_id": self.organization.id, "service_account_id": self.account.id}
        self.made = self.credential("made", description="described")
        self.of = {**self.parents, "credential_id": self.made.id}
        sdk.sent.clear()

    def credential(self, name, **more):
        """Creates another credential next to it, with access to read."""
        made = self.sdk(self.credentials.create(self.account.id, organization_id=self.organization.id, name=name, **more))
        self.allow(made.id, "read")
        return made

    def allow(self, credential, access):
        """Gives a credential access, which Keycard's face cannot represent."""
        url = f"{self.url}/v1/tenants/{self.organization.id}/credentials/{credential}"
        answer = httpx.patch(url, headers={"Authorization": f"Bearer {self.root}"}, json={"access": access})
        assert answer.status_code == 200, answer.text

    def by(self, token):
        """The operations with another caller's token."""
        return self.sdk.client(self.url, token).organizations

    def token(self, *roles):
        """Creates a token of this organization with these roles; of an administrator by default."""
        headers = {"Authorization": f"Bearer {self.root}", "X-Postern-Tenant": self.organization.id}
        body = {"name": "caller", "roles": [{"role_id": role} for role in roles]}
        answer = httpx.post(f"{self.url}/api/v1/auth-management/clients", headers=headers, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["client_secret"]

    def raw(self, call, **arguments):
        """The raw response, and the client's parsed result."""
        answer, _, read = self.sdk.raw(self.credentials, call, **self.of, **arguments)
        return answer, read

    def now(self):
        return self.sdk(self.credentials.retrieve(**self.of))


@pytest.fixture
def place(sdk, url, root):
    return Place(sdk, url, root)
