"""Keycard's own client, `keycardai-api` from PyPI, with strict response validation, sync and async: single
credentials."""

import uuid
from datetime import datetime, timezone

import pytest
from keycardai_api import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
)

NOBODY = "01m80970gre5zbm41mtnjfd709"


def test_organization_service_account_and_credential_are_created(sdk, place):
    organization, account, made = place.organization, place.account, place.made
    assert (organization.name, organization.sso_enabled) == ("Client", False)
    assert organization.label.startswith("client") and organization.zone_id == organization.id
    assert (account.name, account.description) == ("account", "of a test")
    assert (made.name, made.description, made.client_id) == ("made", "described", f"client_{made.id}")
    assert made.client_secret.startswith("pstn_")
    for one in (organization, account, made):
        assert len(one.id) == 26
        assert one.created_at.tzinfo == timezone.utc and isinstance(one.created_at, datetime)


def test_credential_needs_only_a_name_and_accepts_the_organizations_label(sdk, place):
    made = sdk(place.credentials.create(place.account.id, organization_id=place.organization.label, name="alone"))
    assert (made.name, made.description) == ("alone", None)
    assert sdk.last() == {"name": "alone"}


def test_created_credential_is_read_without_its_secret(sdk, place):
    read = place.now()
    assert (read.id, read.name, read.description) == (place.made.id, "made", "described")
    assert (read.client_id, read.created_at) == (place.made.client_id, place.made.created_at)
    assert (read.permissions, read.last_used_at) == (None, None)
    assert "client_secret" not in read.model_fields_set | set(read.model_extra)


def test_permissions_are_those_of_the_caller(sdk, place):
    expand = ["permissions", "total_count"]
    read = sdk(place.credentials.retrieve(**place.of, expand=expand))
    assert read.permissions == {"credentials": {"read": True, "update": True, "delete": True}}
    caller = own(place, place.made.client_secret)
    read = sdk(caller.retrieve(**place.of, expand=expand))
    assert read.permissions == {"credentials": {"read": True, "update": False, "delete": False}}


def test_empty_update_changes_nothing(sdk, place):
    before, _ = place.raw("retrieve")
    after, updated = place.raw("update")
    assert sdk.last() == {}
    assert after.headers["etag"] == before.headers["etag"] == f'"{place.made.id}.2"'
    assert (updated.name, updated.description) == ("made", "described")


def test_update_changes_only_the_given_members(sdk, place):
    updated = sdk(place.credentials.update(**place.of, name="renamed"))
    assert sdk.last() == {"name": "renamed"}
    assert (updated.name, updated.description) == ("renamed", "described")
    updated = sdk(place.credentials.update(**place.of, description="other"))
    assert sdk.last() == {"description": "other"}
    assert (updated.name, updated.description) == ("renamed", "other")
    assert place.now() == updated


def test_null_clears_the_description(sdk, place):
    # Its types say `str`, but None is sent as null.
    updated = sdk(place.credentials.update(**place.of, description=None))
    assert sdk.last() == {"description": None}
    assert (updated.name, updated.description) == ("made", None)
    assert "description" not in updated.model_fields_set
    assert place.now() == updated


def test_raw_response_has_its_headers(sdk, place):
    answer, updated = place.raw("update", name="raw")
    assert (answer.status_code, updated.name) == (200, "raw")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["etag"] == f'"{place.made.id}.3"'


def test_client_request_id_is_echoed(sdk, place):
    for call in ("retrieve", "update"):
        own = str(uuid.uuid4())
        answer, _ = place.raw(call, x_client_request_id=own)
        assert sdk.sent[-1].headers["X-Client-Request-ID"] == own
        assert answer.headers["x-request-id"] == own


def test_only_one_update_with_the_same_if_match_succeeds(sdk, place):
    before, _ = place.raw("retrieve")
    headers = {"If-Match": before.headers["etag"]}
    assert sdk(place.credentials.update(**place.of, name="first", extra_headers=headers)).name == "first"
    with pytest.raises(APIStatusError) as raised:
        sdk(place.credentials.update(**place.of, name="second", extra_headers=headers))
    assert raised.value.status_code == 412
    assert place.now().name == "first"


def test_deleted_credential_is_a_404_and_its_secret_a_401(sdk, place):
    other = place.credential("other")
    own = place.by(place.made.client_secret)
    assert sdk(own.retrieve(place.organization.id)).id == place.organization.id
    assert sdk(place.credentials.delete(**place.of)) is None
    request = sdk.sent[-1]
    # The client's usual request; and a body that is not JSON.
    assert (request.method, request.headers["content-type"], request.content) == ("DELETE", "application/json", b"")
    for call in (place.credentials.retrieve, place.credentials.update, place.credentials.delete):
        sdk.refused(lambda: call(**place.of), NotFoundError, 404, "not_found")
    sdk.refused(lambda: own.retrieve(place.organization.id), AuthenticationError, 401, "unauthorized")
    listed = sdk(place.credentials.list(place.account.id, organization_id=place.organization.id))
    assert [item.id for item in listed.items] == [other.id]
    assert sdk(place.by(other.client_secret).retrieve(place.organization.id)).id == place.organization.id


def test_delete_checks_if_match(sdk, place):
    stale = {"If-Match": f'"{place.made.id}.9"'}
    sdk.refused(lambda: place.credentials.delete(**place.of, extra_headers=stale), APIStatusError, 412, "precondition_failed")
    current = {"If-Match": f'"{place.made.id}.2"'}
    assert sdk(place.credentials.delete(**place.of, extra_headers=current)) is None


def test_every_credential_operation_accepts_the_organizations_label(sdk, place):
    of = {**place.of, "organization_id": place.organization.label}
    parents = {"service_account_id": place.account.id, "organization_id": place.organization.label}
    made = sdk(place.credentials.create(**parents, name="by label"))
    assert sdk(place.credentials.retrieve(**of)) == place.now()
    assert sdk(place.credentials.update(**of, name="renamed")).name == "renamed"
    assert [item.id for item in sdk(place.credentials.list(**parents)).items] == [place.made.id, made.id]
    assert sdk(place.credentials.delete(**of)) is None
    assert [item.id for item in sdk(place.credentials.list(**parents)).items] == [made.id]


def own(place, token):
    """The operations on credentials, with this caller's token."""
    return place.by(token).service_accounts.credentials


# Permanent errors: the class, the status, the code, and a call that causes the error.
REFUSALS = [
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.update(**at.of, name="")),
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.update(**at.of, name=None)),
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.update(**at.of, description="d" * 501)),
    (BadRequestError, 400, "bad_request", lambda at: at.credentials.retrieve(**at.of, x_client_request_id="no UUID")),
    (AuthenticationError, 401, "unauthorized", lambda at: own(at, "unknown").retrieve(**at.of)),
    (PermissionDeniedError, 403, "forbidden", lambda at: own(at, at.made.client_secret).update(**at.of, name="n")),
    (PermissionDeniedError, 403, "forbidden", lambda at: own(at, at.made.client_secret).delete(**at.of)),
    (PermissionDeniedError, 403, "forbidden",
     lambda at: own(at, at.made.client_secret).create(**at.parents, name="another")),
    (NotFoundError, 404, "not_found", lambda at: at.credentials.retrieve(**{**at.of, "credential_id": NOBODY})),
    (NotFoundError, 404, "not_found", lambda at: at.credentials.update(**{**at.of, "organization_id": "nobodys"})),
    (NotFoundError, 404, "not_found", lambda at: at.credentials.delete(**{**at.of, "service_account_id": NOBODY})),
    (NotFoundError, 404, "not_found", lambda at: at.credentials.create(NOBODY, organization_id=at.organization.id, name="n")),
    (APIStatusError, 412, "precondition_failed",
     lambda at: at.credentials.update(**at.of, name="n", extra_headers={"If-Match": '"stale"'})),
]


@pytest.mark.parametrize("kind, status, code, call", REFUSALS,
                         ids=[f"{number}-{row[1]}" for number, row in enumerate(REFUSALS, 1)])
def test_error_is_raised_in_its_class_after_one_request(sdk, place, kind, status, code, call):
    sdk.refused(lambda: call(place), kind, status, code)
    assert (place.now().name, place.now().description) == ("made", "described")
