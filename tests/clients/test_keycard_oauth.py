"""Keycard's own client logs in with a credential's id and secret (RFC 6749 §4.4). Its token URL is fixed, on another
host, so a transport redirects the requests to the Worker."""

import base64
import json
import time
import uuid

import httpx
import pytest
from conftest import Between
from keycardai_api import AuthenticationError, NotFoundError, PermissionDeniedError

TOKEN_URL = "https://api.keycard.ai/service-account-token"


class Login:
    """A client with an id and a secret, and no key; its requests for access tokens, and the responses."""

    def __init__(self, place, client_id=None, client_secret=None):
        self.sdk = place.sdk
        self.worker = httpx.URL(place.url)
        self.asked, self.answers = [], []
        self.asking = False
        pair = {"client_id": client_id or place.made.client_id, "client_secret": client_secret or place.made.client_secret}
        self.client = self.sdk.client(place.url, between=Between(self.before, self.after), **pair)
        self.auth = self.client._o_auth2
        if self.sdk.kind == "async":
            # In 0.18.0 only the sync client logs in by itself.
            self.client._client.auth = self.auth
        self.organizations = self.client.organizations
        self.credentials = self.organizations.service_accounts.credentials
        self.sdk.sent.clear()

    def before(self, request):
        self.asking = request.url == TOKEN_URL
        if not self.asking:
            assert request.url.host == self.worker.host, "nothing leaves this machine"
            return request
        self.asked.append(request)
        headers = {**request.headers, "host": self.worker.netloc.decode()}
        url = self.worker.copy_with(path=request.url.path)
        return httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)

    def after(self, answer):
        if self.asking:
            self.answers.append(answer)
        return answer

    def called_with(self):
        """The Authorization headers of the requests that were not log-ins."""
        return [request.headers.get("authorization") for request in self.sdk.sent if request.url != TOKEN_URL]


def test_client_logs_in_once_and_calls_with_its_access_token(sdk, place):
    login = Login(place)
    assert sdk(login.credentials.retrieve(**place.of)).id == place.made.id
    listed = sdk(login.credentials.list(place.account.id, organization_id=place.organization.label))
    assert [item.id for item in listed.items] == [place.made.id]
    assert [item.id for item in sdk(login.organizations.list()).items] == [place.organization.id]

    [asked], [answer] = login.asked, login.answers
    pair = f"{place.made.client_id}:{place.made.client_secret}"
    assert asked.headers["authorization"] == f"Basic {base64.b64encode(pair.encode()).decode()}"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.content == b"grant_type=client_credentials"

    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "scope"]
    assert body["scope"] == "viewer"
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600)
    assert answer.headers["cache-control"].startswith("no-store")
    assert body["access_token"].startswith("pstn_at_")
    assert place.made.client_secret not in answer.text
    assert login.called_with() == [f"Bearer {body['access_token']}"] * 3
    assert 3500 < login.auth._token_expires_at - time.time() <= 3600


def test_access_token_has_the_rights_of_its_credential(sdk, place):
    login = Login(place)
    shown = sdk(login.credentials.retrieve(**place.of, expand=["permissions"]))
    assert shown.permissions == {"credentials": {"read": True, "update": False, "delete": False}}
    with pytest.raises(PermissionDeniedError):
        sdk(login.credentials.update(**place.of, name="n"))
    other = sdk(place.organizations.create(name="Other"))
    with pytest.raises(NotFoundError):
        sdk(login.organizations.retrieve(other.id))
    assert len(login.asked) == 1


def test_raw_and_streamed_responses_work_after_a_log_in(sdk, place):
    login = Login(place)
    for way in (sdk.raw, sdk.streamed):
        answer, text, read = way(login.credentials, "retrieve", **place.of)
        assert (answer.status_code, json.loads(text)["id"], read.id) == (200, place.made.id, place.made.id)


def test_client_logs_in_again_when_its_token_expires(sdk, place):
    login = Login(place)
    sdk(login.organizations.list())
    login.auth._token_expires_at = time.time()
    sdk(login.organizations.list())
    assert [answer.status_code for answer in login.answers] == [200, 200]
    assert login.called_with() == [f"Bearer {answer.json()['access_token']}" for answer in login.answers]


def through_litegraph(at, **change):
    """Updates the credential through another face, which has fields that this one lacks."""
    def guid(text):
        bits = 0
        for letter in text:
            bits = bits * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(letter)
        return str(uuid.UUID(int=bits))

    path = f"/v1.0/tenants/{guid(at.organization.id)}/credentials/{guid(at.made.id)}"
    body = {"UserGUID": guid(at.account.id), "Name": "made", **change}
    answer = httpx.put(at.url + path, headers={"Authorization": f"Bearer {at.root}"}, json=body)
    assert answer.status_code == 200, answer.text


# Operations that end an access token.
ENDS = {
    "its-credential-is-deleted": lambda at: at.sdk(at.credentials.delete(**at.of)),
    "its-service-account-is-deleted": lambda at: at.sdk(
        at.accounts.delete(at.account.id, organization_id=at.organization.id)),
    "its-credential-is-disabled": lambda at: through_litegraph(at, Active=False),
    "its-credential-has-another-secret": lambda at: through_litegraph(at, BearerToken=f"of-{uuid.uuid4()}"),
}


@pytest.mark.parametrize("end", ENDS)
def test_access_token_is_invalid_once_its_credential_is(sdk, place, end):
    login = Login(place)
    assert sdk(login.organizations.retrieve(place.organization.id)).id == place.organization.id
    ENDS[end](place)
    sdk.refused(lambda: login.organizations.retrieve(place.organization.id), AuthenticationError, 401, "unauthorized")
    assert len(login.asked) == 1
    # Nor does the client get another one.
    login.auth.invalidate_token()
    with pytest.raises(AuthenticationError):
        sdk(login.organizations.list())
    assert refusals(login) == [(401, "invalid_client")]


# Invalid pairs: the id, the secret.
WRONG = {
    "another-secret-of-our-form": lambda at: (None, at.credential("another").client_secret),
    "no-secret-of-our-form": lambda at: (None, "wrong"),
    "a-secret-with-a-colon": lambda at: (None, f"{at.made.client_secret}:"),
    "another-id": lambda at: ("client_01m80970gre5zbm41mtnjfd709", None),
    "no-id": lambda at: ("nobody", None),
    "root": lambda at: (None, at.root),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_id_or_secret_is_an_authentication_error(sdk, place, wrong):
    login = Login(place, *WRONG[wrong](place))
    with pytest.raises(AuthenticationError) as raised:
        sdk(login.credentials.retrieve(**place.of))
    # Without a token the client sends the request all the same, and raises its error, in this face's shape.
    assert login.called_with() == [None]
    assert list(raised.value.body) == ["message", "code", "status"]
    assert (raised.value.body["code"], raised.value.status_code) == ("unauthorized", 401)
    assert refusals(login) == [(401, "invalid_client")]
    challenge = login.answers[0].headers["www-authenticate"]
    assert 'Basic realm="postern"' in challenge
    assert "access_token" not in login.answers[0].text


def refusals(login):
    """The rejected log-ins, in the form of RFC 6749 §5.2."""
    refused = [answer for answer in login.answers if answer.status_code != 200]
    for answer in refused:
        assert list(answer.json()) == ["error", "error_description"]
        assert answer.headers["content-type"].startswith("application/json")
    return [(answer.status_code, answer.json()["error"]) for answer in refused]


def test_access_token_cannot_be_used_to_log_in(sdk, place):
    login = Login(place)
    sdk(login.organizations.list())
    again = Login(place, client_secret=login.answers[0].json()["access_token"])
    with pytest.raises(AuthenticationError):
        sdk(again.organizations.list())
    assert refusals(again) == [(401, "invalid_client")]


def test_access_token_is_accepted_as_an_api_key(sdk, place):
    login = Login(place)
    sdk(login.organizations.list())
    organizations = place.by(login.answers[0].json()["access_token"])
    assert sdk(organizations.retrieve(place.organization.id)).id == place.organization.id


@pytest.mark.parametrize("sdk", ["async"], indirect=True)
def test_async_client_of_this_version_does_not_log_in_by_itself(sdk, place):
    login = Login(place)
    login.client._client.auth = None
    sdk.refused(lambda: login.organizations.list(), AuthenticationError, 401, "unauthorized")
    assert (login.asked, login.called_with()) == ([], [None])
