"""Keycard's own client: each of its operations on these routes, as a raw and as a streamed response."""

import json
import operator
import uuid

import pytest
from keycardai_api.types import Organization, OrganizationListResponse
from keycardai_api.types.organizations import ServiceAccount, ServiceAccountListResponse
from keycardai_api.types.organizations.service_accounts import (
    CredentialCreateResponse,
    CredentialListResponse,
    ServiceAccountCredential,
)

ORGANIZATION = ["id", "created_at", "label", "name", "sso_enabled", "updated_at", "zone_id"]
ACCOUNT = ["id", "created_at", "name", "updated_at", "description"]
CREDENTIAL = ["id", "client_id", "created_at", "name", "description"]
MADE = ["id", "client_id", "client_secret", "created_at", "name", "description"]
LIST = ["items", "page_info"]


def given(*place, **arguments):
    return place, arguments


def in_organization(at):
    return given(at.organization.id)


def by_account(at):
    return given(at.account.id, organization_id=at.organization.id)


# An operation, its status, the type of the parsed response, that type's members in order, and the arguments.
OPERATIONS = [
    ("organizations.create", 201, Organization, ORGANIZATION, lambda at: given(name="another")),
    ("organizations.retrieve", 200, Organization, ORGANIZATION, in_organization),
    ("organizations.update", 200, Organization, ORGANIZATION, lambda at: given(at.organization.id, name="renamed")),
    ("organizations.list", 200, OrganizationListResponse, LIST, lambda at: given()),
    ("accounts.create", 201, ServiceAccount, ACCOUNT, lambda at: given(at.organization.id, name="n", description="d")),
    ("accounts.retrieve", 200, ServiceAccount, ACCOUNT, by_account),
    ("accounts.update", 200, ServiceAccount, ACCOUNT, by_account),
    ("accounts.list", 200, ServiceAccountListResponse, LIST, in_organization),
    ("accounts.delete", 204, None, None, by_account),
    ("credentials.create", 201, CredentialCreateResponse, MADE, lambda at: given(**at.parents, name="n", description="d")),
    ("credentials.retrieve", 200, ServiceAccountCredential, CREDENTIAL, lambda at: given(**at.of)),
    ("credentials.update", 200, ServiceAccountCredential, CREDENTIAL, lambda at: given(**at.of, description="other")),
    ("credentials.list", 200, CredentialListResponse, LIST, by_account),
    ("credentials.delete", 204, None, None, lambda at: given(**at.of)),
]


@pytest.mark.parametrize("way", ["raw", "streamed"])
@pytest.mark.parametrize("operation, status, kind, members, arguments", OPERATIONS, ids=[row[0] for row in OPERATIONS])
def test_every_operation_works_raw_and_streamed(sdk, place, way, operation, status, kind, members, arguments):
    resource, call = operation.split(".")
    positional, named = arguments(place)
    own = str(uuid.uuid4())
    answer, text, read = getattr(sdk, way)(
        operator.attrgetter(resource)(place), call, *positional, x_client_request_id=own, **named)
    assert answer.status_code == status
    assert answer.headers["x-request-id"] == sdk.sent[-1].headers["x-client-request-id"] == own
    assert answer.headers["cache-control"] == "no-store, no-transform"
    if kind is None:
        assert (text, read) == ("", None)
        assert "content-type" not in answer.headers
        return
    assert answer.headers["content-type"] == "application/json"
    assert type(read) is kind
    assert list(json.loads(text)) == members
    for one in [read, *getattr(read, "items", [])]:
        assert not one.model_extra, "the client does not know these"
