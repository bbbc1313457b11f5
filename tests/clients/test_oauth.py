"""Authlib and requests-oauthlib discover the Worker, log in, introspect and call. `make test` runs this over http and behind TLS."""

import uuid

import httpx
import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from jwk import p256_key, public_jwk
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from oauthlib.oauth2.rfc6749.errors import InvalidScopeError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsSession

ZERO = "00000000-0000-0000-0000-000000000000"
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
# Each is written otherwise in a form.
CHOSEN = ["a+b%2B&=/?:-", "%41%2b+-"]


def guid_of(id):
    return str(uuid.UUID(int=sum(DIGITS.index(digit) << 5 * at for at, digit in enumerate(reversed(id)))))


def id_of(guid):
    return "".join(DIGITS[uuid.UUID(guid).int >> 5 * at & 31] for at in range(25, -1, -1))


@pytest.fixture(autouse=True)
def over_http(monkeypatch, url):
    """Lets the clients use plain http, which they otherwise refuse."""
    if url.startswith("http:"):
        monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def metadata(url):
    found = AuthorizationServerMetadata(requests.get(get_well_known_url(url, external=True)).json())
    found.validate()
    assert found["issuer"] == url
    return found


class Client:
    def __init__(self, tenant, id, secret, scope):
        self.tenant, self.id, self.client_id, self.secret, self.scope = tenant, id, f"client_{id}", secret, scope
        self.path = f"/v1/tenants/{tenant}/credentials/{id}"


@pytest.fixture(params=[None, *CHOSEN], ids=["issued", "encodable", "of-two-readings"])
def client(request, url, root):
    """A credential, whose secret was made by Postern or chosen by the client."""

    def send(method, path, body):
        answer = requests.request(method, url + path, headers={"Authorization": f"Bearer {root}"}, json=body)
        assert answer.ok, answer.text
        return answer.json()

    tenant = send("POST", "/v1/tenants", {"name": "OAuth clients"})["id"]
    if request.param is None:
        roles = [{"role_id": role} for role in ("editor", "viewer")]
        made = send("POST", f"/v1/tenants/{tenant}/credentials", {"name": "a client", "roles": roles, "access": "read", "expires_at": None})
        return Client(tenant, made["id"], made["secret"], ["editor", "viewer"])
    secret = request.param + tenant
    body = {"UserGUID": ZERO, "Name": "a client", "BearerToken": secret}
    made = send("PUT", f"/v1.0/tenants/{guid_of(tenant)}/credentials", body)
    send("PATCH", f"/v1/tenants/{tenant}/credentials/{id_of(made['GUID'])}", {"access": "read"})
    return Client(tenant, id_of(made["GUID"]), secret, ["viewer"])


def expect_token(token, client):
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    assert token["access_token"].startswith("pstn_at_")
    return token["scope"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_discovers_logs_in_introspects_and_calls(metadata, client, url, method):
    assert method in metadata["token_endpoint_auth_methods_supported"]
    assert method in metadata["introspection_endpoint_auth_methods_supported"]
    scope = " ".join(reversed(client.scope))
    with OAuth2Session(client.client_id, client.secret, token_endpoint_auth_method=method, scope=scope) as session:
        token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        assert expect_token(token, client) == " ".join(client.scope)
        told = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
        assert told["active"] is True
        assert told["iss"] == metadata["issuer"]
        assert told["client_id"] == told["sub"] == client.client_id
        assert told["tenant"] == client.tenant
        assert told["scope"] == " ".join(client.scope)
        assert session.get(url + client.path).json()["id"] == client.id
        # A caller that may introspect can also use its access token.
        asked = {"token": client.secret}
        assert session.post(metadata["introspection_endpoint"], data=asked).json()["active"] is True


@pytest.mark.parametrize("way", ["basic", "basic-and-client-id", "form"])
def test_requests_oauthlib_logs_in_and_calls(metadata, client, url, way):
    by = {
        "basic": {"auth": HTTPBasicAuth(client.client_id, client.secret)},
        "basic-and-client-id": {"auth": HTTPBasicAuth(client.client_id, client.secret), "include_client_id": True},
        "form": {"client_id": client.client_id, "client_secret": client.secret, "include_client_id": True},
    }[way]
    # It warns, which is an error here, where another scope is granted than was asked for.
    backend = BackendApplicationClient(client.client_id, scope=client.scope)
    with RequestsSession(client=backend) as session:
        token = session.fetch_token(metadata["token_endpoint"], **by)
        assert expect_token(token, client) == client.scope
        assert session.get(url + client.path).json()["id"] == client.id


def test_requests_oauthlib_names_what_was_refused(metadata, client):
    refused = [(InvalidClientError, client.scope, "of-nobody"), (InvalidScopeError, ["another"], client.secret)]
    for error, scope, secret in refused:
        with RequestsSession(client=BackendApplicationClient(client.client_id, scope=scope)) as session:
            with pytest.raises(error):
                session.fetch_token(metadata["token_endpoint"], auth=HTTPBasicAuth(client.client_id, secret))


def test_a_client_of_two_names_is_refused(metadata, client):
    form = {"grant_type": "client_credentials", "client_id": f"client_{ZERO[:26]}"}
    answer = httpx.post(metadata["token_endpoint"], data=form, auth=(client.client_id, client.secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_authlib_logs_in_by_a_key(metadata, client, url, root):
    # Only the server behind TLS has POSTERN_ISSUER.
    if url.startswith("http:"):
        pytest.skip("needs POSTERN_ISSUER")

    def add(members):
        return requests.post(f"{url}{client.path}/keys", headers={"Authorization": f"Bearer {root}"}, json={"jwk": members})

    # The key that Authlib writes otherwise than RFC 7518.
    key = next(key for key in iter(p256_key, None) if len(key.as_dict()["x"]) < 43)
    refused = add(key.as_dict(is_private=False))
    assert refused.status_code == 422 and "zero bytes in front" in refused.text
    sent = add(public_jwk(key))
    assert sent.status_code == 201, sent.text
    session = OAuth2Session(client.client_id, key, token_endpoint_auth_method="private_key_jwt")
    # Authlib names the token endpoint as the audience by default. Postern accepts only the issuer.
    session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], claims={"aud": url}, alg="ES256"))
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    expect_token(token, client)
    assert session.get(f"{url}/v1/self").json()["id"] == client.id
