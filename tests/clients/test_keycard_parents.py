"""Keycard's own client: organizations, and their service accounts."""

import uuid

import pytest
from keycardai_api import AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError

NOBODY = "01m80970gre5zbm41mtnjfd709"
DEFAULT = "0" * 26


# ---------------------------------------------------------------------------------------------------------------------
# Organizations

def test_labels_of_equal_names_are_numbered(sdk, place):
    name = f"Acme {uuid.uuid4()} Inc."
    first, second = (sdk(place.organizations.create(name=name)) for _ in range(2))
    assert first.label == name.lower().rstrip(".").replace(" ", "-")
    assert second.label == f"{first.label}-2"
    assert first.name == second.name == name


def test_organization_is_readable_by_id_and_by_label(sdk, place):
    by_id = sdk(place.organizations.retrieve(place.organization.id))
    assert by_id == place.organization
    assert sdk(place.organizations.retrieve(place.organization.label)) == by_id
    assert sdk.sent[-1].url.path == f"/organizations/{place.organization.label}"


def test_renamed_organization_keeps_its_label(sdk, place):
    before = place.organization
    after = sdk(place.organizations.update(before.label, name="Renamed"))
    assert sdk.last() == {"name": "Renamed"}
    assert (after.id, after.label, after.name) == (before.id, before.label, "Renamed")
    assert after.created_at == before.created_at and after.updated_at > before.updated_at
    assert sdk(place.organizations.retrieve(before.id)) == after


def test_empty_update_changes_nothing(sdk, place):
    assert sdk(place.organizations.update(place.organization.id)) == place.organization
    assert sdk.last() == {}
    assert sdk(place.accounts.update(place.account.id, organization_id=place.organization.id)) == place.account
    assert sdk.last() == {}


def test_permissions_are_those_of_the_caller(sdk, place):
    expand = ["permissions", "total_count"]

    def permissions(organizations):
        organization = sdk(organizations.retrieve(place.organization.id, expand=expand))
        account = sdk(organizations.service_accounts.retrieve(
            place.account.id, organization_id=place.organization.id, expand=expand))
        assert not organization.model_extra and not account.model_extra
        return {**organization.permissions, **account.permissions}

    def may(**may):
        return {"read": True, "update": False, "delete": False, **may}

    # No caller can delete an organization through these routes.
    everything = {"organizations": may(update=True), "service_accounts": may(update=True, delete=True)}
    assert permissions(place.organizations) == everything
    assert permissions(place.by(place.token())) == everything
    assert permissions(place.by(place.token("editor"))) == {"organizations": may(), "service_accounts": may(update=True)}
    assert permissions(place.by(place.token("viewer"))) == {"organizations": may(), "service_accounts": may()}


# ---------------------------------------------------------------------------------------------------------------------
# Service accounts

def test_service_account_needs_only_a_name(sdk, place):
    made = sdk(place.accounts.create(place.organization.label, name="alone"))
    assert sdk.last() == {"name": "alone"}
    assert (made.name, made.description) == ("alone", None)
    assert "description" not in made.model_fields_set
    for organization in (place.organization.id, place.organization.label):
        assert sdk(place.accounts.retrieve(made.id, organization_id=organization)) == made


def test_update_changes_only_the_given_members(sdk, place):
    of = {"service_account_id": place.account.id, "organization_id": place.organization.id}
    renamed = sdk(place.accounts.update(**of, name="renamed"))
    assert (renamed.name, renamed.description) == ("renamed", "of a test")
    assert renamed.created_at == place.account.created_at and renamed.updated_at > place.account.updated_at
    described = sdk(place.accounts.update(**of, description="other"))
    assert (described.name, described.description) == ("renamed", "other")
    # Its types say `str`, but None is sent as null.
    cleared = sdk(place.accounts.update(**of, description=None))
    assert sdk.last() == {"description": None}
    assert (cleared.name, cleared.description) == ("renamed", None)
    assert sdk(place.accounts.retrieve(**of)) == cleared


def test_editor_may_change_names_and_descriptions(sdk, place):
    accounts = place.by(place.token("editor")).service_accounts
    edited = sdk(accounts.update(place.account.id, organization_id=place.organization.id, name="n", description="d"))
    assert (edited.name, edited.description) == ("n", "d")


def test_deleting_a_service_account_deletes_its_credentials(sdk, place):
    organization = place.organization.id
    other = sdk(place.accounts.create(organization, name="other"))
    left = sdk(place.credentials.create(other.id, organization_id=organization, name="left"))
    place.allow(left.id, "read")
    gone, stays = place.by(place.made.client_secret), place.by(left.client_secret)
    assert sdk(gone.retrieve(organization)).id == organization

    assert sdk(place.accounts.delete(place.account.id, organization_id=organization)) is None
    sdk.refused(lambda: gone.retrieve(organization), AuthenticationError, 401, "unauthorized")
    for call in (
        lambda: place.accounts.retrieve(place.account.id, organization_id=organization),
        lambda: place.accounts.delete(place.account.id, organization_id=organization),
        lambda: place.credentials.list(place.account.id, organization_id=organization),
        lambda: place.credentials.retrieve(**place.of),
        lambda: place.credentials.retrieve(**{**place.of, "service_account_id": other.id}),
    ):
        sdk.refused(call, NotFoundError, 404, "not_found")
    listed = sdk(place.accounts.list(organization))
    assert [account.id for account in listed.items] == [DEFAULT, other.id]
    assert sdk(stays.retrieve(organization)).id == organization
    assert [item.id for item in sdk(place.credentials.list(other.id, organization_id=organization)).items] == [left.id]


def test_default_service_account_can_be_updated_and_own_credentials(sdk, place):
    of = {"service_account_id": DEFAULT, "organization_id": place.organization.id}
    assert sdk(place.accounts.retrieve(**of)).id == DEFAULT
    renamed = sdk(place.accounts.update(**of, name="renamed", description="described"))
    assert (renamed.name, renamed.description) == ("renamed", "described")
    made = sdk(place.credentials.create(**of, name="of the default one"))
    assert sdk(place.credentials.retrieve(made.id, **of)).name == "of the default one"
    assert sdk(place.credentials.delete(made.id, **of)) is None


# ---------------------------------------------------------------------------------------------------------------------

def viewer(at):
    return at.by(at.made.client_secret)


def own(at, **more):
    return {"service_account_id": at.account.id, "organization_id": at.organization.id, **more}


# An error: the class, the status, the code, and a call that causes the error.
REFUSALS = [
    # The name is optional in the client's types.
    (BadRequestError, 400, "bad_request", lambda at: at.organizations.create()),
    (BadRequestError, 400, "bad_request", lambda at: at.organizations.create(name="")),
    (BadRequestError, 400, "bad_request", lambda at: at.organizations.create(name="n" * 256)),
    (BadRequestError, 400, "bad_request", lambda at: at.organizations.update(at.organization.id, name=None)),
    (BadRequestError, 400, "bad_request", lambda at: at.accounts.create(at.organization.id, name="a\x00b")),
    (BadRequestError, 400, "bad_request", lambda at: at.accounts.update(**own(at), name=None)),
    (BadRequestError, 400, "bad_request", lambda at: at.accounts.update(**own(at), description="d" * 501)),
    (BadRequestError, 400, "bad_request", lambda at: at.accounts.delete(**own(at), x_client_request_id="no UUID")),
    (AuthenticationError, 401, "unauthorized", lambda at: at.by("unknown").create(name="n")),
    (AuthenticationError, 401, "unauthorized", lambda at: at.by("unknown").service_accounts.delete(**own(at))),
    (PermissionDeniedError, 403, "forbidden", lambda at: viewer(at).create(name="n")),
    (PermissionDeniedError, 403, "forbidden", lambda at: at.by(at.token()).create(name="only root creates them")),
    (PermissionDeniedError, 403, "forbidden", lambda at: viewer(at).update(at.organization.id, name="n")),
    (PermissionDeniedError, 403, "forbidden", lambda at: at.by(at.token("editor")).update(at.organization.id, name="n")),
    (PermissionDeniedError, 403, "forbidden", lambda at: viewer(at).service_accounts.create(at.organization.id, name="n")),
    (PermissionDeniedError, 403, "forbidden", lambda at: viewer(at).service_accounts.update(**own(at), name="n")),
    (PermissionDeniedError, 403, "forbidden", lambda at: viewer(at).service_accounts.delete(**own(at))),
    (PermissionDeniedError, 403, "forbidden", lambda at: at.by(at.token("editor")).service_accounts.delete(**own(at))),
    (NotFoundError, 404, "not_found", lambda at: at.organizations.retrieve(NOBODY)),
    (NotFoundError, 404, "not_found", lambda at: at.organizations.update("nobodys", name="n")),
    (NotFoundError, 404, "not_found", lambda at: at.accounts.list(NOBODY)),
    (NotFoundError, 404, "not_found", lambda at: at.accounts.create("nobodys", name="n")),
    (NotFoundError, 404, "not_found", lambda at: at.accounts.retrieve(NOBODY, organization_id=at.organization.id)),
    (NotFoundError, 404, "not_found", lambda at: at.accounts.update(**own(at, service_account_id=NOBODY), name="n")),
    (NotFoundError, 404, "not_found", lambda at: at.accounts.delete(**own(at, service_account_id="no id"))),
]


@pytest.mark.parametrize("kind, status, code, call", REFUSALS,
                         ids=[f"{number}-{row[1]}" for number, row in enumerate(REFUSALS, 1)])
def test_error_is_raised_in_its_class_and_changes_nothing(sdk, place, kind, status, code, call):
    sdk.refused(lambda: call(place), kind, status, code)
    assert sdk(place.organizations.retrieve(place.organization.id)) == place.organization
    accounts = sdk(place.accounts.list(place.organization.id)).items
    assert [account.id for account in accounts] == [DEFAULT, place.account.id]
    assert accounts[-1] == place.account


def test_another_organizations_resources_look_like_missing_ones(sdk, place):
    other = sdk(place.organizations.create(name="Other"))
    foreign = sdk(place.accounts.create(other.id, name="of another"))
    admin = place.by(place.token())
    for call in (
        lambda: admin.retrieve(other.id),
        lambda: admin.retrieve(other.label),
        lambda: admin.update(other.id, name="n"),
        lambda: admin.service_accounts.list(other.id),
        lambda: admin.service_accounts.retrieve(foreign.id, organization_id=other.id),
        lambda: admin.service_accounts.delete(foreign.id, organization_id=other.id),
        lambda: admin.service_accounts.delete(foreign.id, organization_id=place.organization.id),
        lambda: admin.service_accounts.credentials.list(foreign.id, organization_id=place.organization.id),
    ):
        sdk.refused(call, NotFoundError, 404, "not_found")
    assert sdk(place.accounts.retrieve(foreign.id, organization_id=other.id)) == foreign
