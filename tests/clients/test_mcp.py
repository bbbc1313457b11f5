"""The client of the MCP SDK logs in at Postern by a key, an identity token or a secret, and calls a tool of an MCP server of the same SDK. The server
names Postern in its protected resource metadata (RFC 9728), and introspects tokens there. `make test` runs this behind TLS."""

import asyncio
import contextlib
import socket
import ssl
import time

import httpx
import pytest
from authlib.jose import jwt
from jwk import p256_key, public_jwk

# The SDK needs Python 3.11 (tests/clients/requirements.txt).
pytest.importorskip("mcp")

import httpx2
import uvicorn
from mcp import Client
from mcp.client.auth import OAuthTokenError
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer


@pytest.fixture(autouse=True)
def issuer(url):
    """Only the server behind TLS has POSTERN_ISSUER, which the SDK compares."""
    if url.startswith("http:"):
        pytest.skip("needs POSTERN_ISSUER")


class Postern:
    """Calls by root, in a tenant of its own."""

    def __init__(self, url, root):
        self.url, self.headers = url, {"Authorization": f"Bearer {root}"}
        tenant = self.send("POST", "/v1/tenants", {"name": "MCP"})["id"]
        self.credentials = f"/v1/tenants/{tenant}/credentials"

    def send(self, method, path, json=None):
        answer = httpx.request(method, self.url + path, headers=self.headers, json=json)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def credential(self, *roles, access="none"):
        body = {"name": "agent", "roles": [{"role_id": role} for role in roles], "access": access}
        return self.send("POST", self.credentials, body)


@pytest.fixture
def postern(url, root):
    return Postern(url, root)


class Introspection:
    """Verifies the tokens of an MCP server's callers (RFC 7662)."""

    def __init__(self, url, secret):
        self.url, self.headers = f"{url}/oauth/introspect", {"Authorization": f"Bearer {secret}"}

    async def verify_token(self, token):
        async with httpx.AsyncClient() as client:
            found = (await client.post(self.url, headers=self.headers, data={"token": token})).json()
        if not found["active"]:
            return None
        return AccessToken(token=token, client_id=found["client_id"], scopes=found.get("scope", "").split(),
                           expires_at=found["exp"], subject=found["sub"], claims={"iss": found["iss"]})


@contextlib.asynccontextmanager
async def serving(postern, scopes=None):
    """Runs the MCP server, and returns its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server_url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        # Postern does not bind access tokens to a resource.
        auth = AuthSettings(issuer_url=postern.url, resource_server_url=server_url, required_scopes=scopes,
                            validate_token_resource=False)
        verifier = Introspection(postern.url, postern.credential(access="verify")["secret"])
        mcp = MCPServer("toy", token_verifier=verifier, auth=auth)

        @mcp.tool()
        def whoami() -> str:
            """Returns the client id of the caller."""
            return get_access_token().client_id

        server = uvicorn.Server(uvicorn.Config(mcp.streamable_http_app(), log_level="warning"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not task.done()
                await asyncio.sleep(0.01)
            yield server_url
        finally:
            server.should_exit = True
            await task


class Memory:
    """Keeps the tokens of a client."""

    tokens = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return None

    async def set_client_info(self, client_info):
        raise AssertionError("the client is registered already")


async def whoami(server_url, provider):
    """Calls the tool."""
    async with httpx2.AsyncClient(auth=provider, verify=ssl.create_default_context()) as http:
        async with Client(streamable_http_client(server_url, http_client=http)) as client:
            result = await client.call_tool("whoami", {})
    assert not result.is_error, result
    return result.content[0].text


class Agent:
    """A credential that logs in by its key."""

    def __init__(self, postern, *roles):
        self.postern = postern
        self.id = postern.credential(*roles)["id"]
        self.client_id = f"client_{self.id}"
        key = p256_key()
        self.pem = key.as_pem(is_private=True).decode()
        self.key = postern.send("POST", f"{self.path}/keys", {"jwk": public_jwk(key)})["id"]

    @property
    def path(self):
        return f"{self.postern.credentials}/{self.id}"

    def provider(self, server_url, storage):
        signed = SignedJWTParameters(issuer=self.client_id, subject=self.client_id, signing_key=self.pem, signing_algorithm="ES256")
        return PrivateKeyJWTOAuthProvider(server_url, storage, self.client_id, signed.create_assertion_provider(),
                                          issuer=self.postern.url)


def all_errors(error):
    """The exceptions in groups of exceptions, and their causes."""
    yield error
    for inner in [*getattr(error, "exceptions", []), error.__cause__, error.__context__]:
        if inner is not None:
            yield from all_errors(inner)


async def is_refused(server_url, provider):
    """Checks that Postern refuses the client: its access token, then the log-in."""
    with pytest.raises(BaseException) as raised:
        await whoami(server_url, provider)
    refused = [error for error in all_errors(raised.value) if isinstance(error, OAuthTokenError)]
    assert refused and "(401)" in str(refused[0]) and "invalid_client" in str(refused[0])


def test_a_client_logs_in_by_a_key_until_it_is_removed(postern):
    agent, storage = Agent(postern, "viewer"), Memory()

    async def run():
        async with serving(postern) as server_url:
            assert await whoami(server_url, agent.provider(server_url, storage)) == agent.client_id
            token = storage.tokens
            assert token.access_token.startswith("pstn_at_")
            assert 0 < token.expires_in <= 3600
            # Another connection uses the same token.
            assert await whoami(server_url, agent.provider(server_url, storage)) == agent.client_id
            assert storage.tokens is token
            postern.send("DELETE", f"{agent.path}/keys/{agent.key}")
            await is_refused(server_url, agent.provider(server_url, storage))

    asyncio.run(run())


def test_a_client_requests_the_scope_that_the_server_requires(postern):
    agent, storage = Agent(postern, "editor", "viewer"), Memory()

    async def run():
        async with serving(postern, scopes=["viewer", "editor"]) as server_url:
            assert await whoami(server_url, agent.provider(server_url, storage)) == agent.client_id
            assert storage.tokens.scope == "editor viewer"

    asyncio.run(run())


def test_a_client_logs_in_by_the_identity_token_of_its_workload(postern):
    made, storage = postern.credential("viewer"), Memory()
    client_id, path = f"client_{made['id']}", f"{postern.credentials}/{made['id']}/trusts"
    issuer, subject = "https://issuer.example", "system:serviceaccount:agents:one"
    # The SDK does not send client_id, so the audience names it.
    audience = f"{postern.url}/{client_id}"
    key = p256_key("one")
    trust = {"issuer": issuer, "subject": subject, "audience": audience, "jwks": {"keys": [public_jwk(key)]}}
    trust = postern.send("POST", path, trust)

    async def identity(issuer_of_postern):
        assert issuer_of_postern == postern.url
        now = int(time.time())
        claims = {"iss": issuer, "sub": subject, "aud": audience, "iat": now, "exp": now + 300}
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, key).decode()

    async def run():
        async with serving(postern) as server_url:
            provider = PrivateKeyJWTOAuthProvider(server_url, storage, client_id, identity, issuer=postern.url)
            assert await whoami(server_url, provider) == client_id
            assert 0 < storage.tokens.expires_in <= 300
            postern.send("DELETE", f"{path}/{trust['id']}")
            provider = PrivateKeyJWTOAuthProvider(server_url, storage, client_id, identity, issuer=postern.url)
            await is_refused(server_url, provider)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_logs_in_by_a_secret(postern, method):
    made, storage = postern.credential("viewer"), Memory()
    client_id = f"client_{made['id']}"

    async def run():
        async with serving(postern) as server_url:
            provider = ClientCredentialsOAuthProvider(server_url, storage, client_id, made["secret"], method, issuer=postern.url)
            assert await whoami(server_url, provider) == client_id

    asyncio.run(run())
