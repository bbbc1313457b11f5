"""docs/openapi/coactive.json, our own description of Coactive's face, against the running Worker: schemathesis (PyPI) sends
what it allows and what it forbids, and a client that openapi-python-client (PyPI) generates from it is driven through."""

import base64
import copy

import httpx
import pytest
from described import EACH, Description, Generated, Run, generated_operations, is_valid_openapi, package, runs

DESCRIPTION = Description("coactive")
CLIENTS = "/api/v1/auth-management/clients"
NOBODY = "client_01m80970gre5zbm41mtnjfd709"


class Tenant:
    """An organization of its own, and its first administrator."""

    def __init__(self, url, root):
        self.url = url
        headers = {"Authorization": f"Bearer {root}"}
        made = httpx.post(f"{url}/organizations", headers=headers, json={"name": "Described"}).json()
        self.headers = {**headers, "X-Postern-Tenant": made["label"]}
        self.caller = self.client("the caller")
        self.pair = f"{self.caller['client_id']}:{self.caller['client_secret']}"
        self.basic = base64.b64encode(self.pair.encode()).decode()

    def client(self, name, *roles):
        """A client that root makes here; without roles it has full access."""
        body = {"name": name, "roles": [{"role_id": role} for role in roles]}
        answer = httpx.post(self.url + CLIENTS, headers=self.headers, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def tenant(url, root):
    return Tenant(url, root)


# ---------------------------------------------------------------------------------------------------------------------
# schemathesis

HEADERS = ["#/components/parameters/Tenant", "#/components/parameters/IfMatch"]

# missing_required_header and ignored_auth speak of Authorization alone: no other header is required here.
REFUSED = [400, 401, 403, 404, 412, 413, 415, 422]
CHECKS = {
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "positive_data_acceptance": {"expected-statuses": ["2xx"]},
}
# What a random id names is missing.
OF_A_CLIENT = ["2xx", 404]
# Also 422: which roles are inside of a roles_context, and which would be the last, no schema can say.
# `an_update_without_a_context_is_accepted` has the rest.
OF_AN_UPDATE = ["2xx", 404, 422]
OPERATIONS = [
    {"include-operation-id": ["get_client", "delete_client"],
     "checks": {"positive_data_acceptance": {"expected-statuses": OF_A_CLIENT}}},
    {"include-operation-id": ["update_client"],
     "checks": {"positive_data_acceptance": {"expected-statuses": OF_AN_UPDATE}}},
]


def an_update_without_a_context_is_accepted(_context, response, case):
    """Nothing but a roles_context makes a valid update a 422."""
    if case.operation.definition.raw.get("operationId") == "update_client" and case.meta.generation.mode.is_positive:
        within = isinstance(case.body, dict) and case.body.get("roles_context") is not None
        assert within or response.status_code != 422, response.text


def another_method_is_refused_in_the_words_of_the_face(_context, response, case):
    """`unsupported_method` looks at the status and at Allow alone."""
    if response.status_code == 405 and response.request.method != "HEAD":
        assert response.json() == {"detail": "Method Not Allowed"}
        assert case.method not in response.headers["allow"][0].split(", ")


def sharpened(target, headers):
    """The description, with what it says in words alone, or cannot say: so all that it allows is to be accepted, and all that
    it forbids to be refused. With a target, that is the one client whose id it allows. Without headers it has none."""
    described = copy.deepcopy(DESCRIPTION.document)
    if target:
        described["components"]["parameters"]["ClientId"].update(schema={"type": "string", "enum": [target]}, example=target)
    if not headers:
        for item in described["paths"].values():
            for each in [item, *(each for each in item.values() if isinstance(each, dict))]:
                each["parameters"] = [one for one in each.get("parameters", []) if one.get("$ref") not in HEADERS]
    role = described["components"]["schemas"]["RoleRequest"]["properties"]
    # Which roles there are, an organization says.
    role["role_id"] = {"enum": ["admin", "editor", "viewer"]}
    # Of a string or null, too long a string comes out as null at times.
    text = {**role["resource"], "type": "string"}
    # A resource_instance needs its resource.
    described["components"]["schemas"]["RoleRequest"] = {
        "type": "object",
        "anyOf": [
            {
                "type": "object",
                "required": ["role_id"],
                "properties": {**role, "resource": {"type": "null"}, "resource_instance": {"type": "null"}},
            },
            {
                "type": "object",
                "required": ["role_id", "resource"],
                "properties": {**role, "resource": text, "resource_instance": {"anyOf": [text, {"type": "null"}]}},
            },
        ],
    }
    # Of an optional body, none at all is taken for a wrong one; test_a_log_in_may_have_no_body has it.
    described["components"]["requestBodies"]["Login"]["required"] = True
    # A version out of thin air never holds, and so would hide everything behind it.
    described["components"]["parameters"]["IfMatch"]["schema"] = {"type": "string", "enum": ["*"]}
    return described


@pytest.fixture(scope="module")
def run(request, tenant):
    def make(phases, operations, target=None):
        log_in = all(operation.startswith("log_in") for operation in operations)
        authorization = f"Basic {tenant.basic}" if log_in else f"Bearer {tenant.pair}"
        # ensure_resource_availability looks only at a request of which a link gave every parameter.
        described = sharpened(target, headers="stateful" not in phases)
        return Run(tenant.url, described, phases, operations, authorization, CHECKS, OPERATIONS)

    own = [an_update_without_a_context_is_accepted, another_method_is_refused_in_the_words_of_the_face]
    with runs(request, DESCRIPTION, make, *own) as run:
        yield run


IDS = list(DESCRIPTION.operations)
# Each of them, and answers that have to come.
ANSWERS = {
    "create_client": {201, 401, 405, 422},
    "list_clients": {200, 401, 405},
    "get_client": {200, 401, 404, 405},
    "update_client": {200, 401, 404, 405, 422},
    "delete_client": {401, 404, 405},
    "list_roles": {200, 401, 405, 422},
    "log_in_v0": {200, 400, 401, 405, 422},
    "log_in": {200, 400, 401, 405, 422},
}


def test_the_description_is_valid_openapi_and_speaks_to_people():
    is_valid_openapi(DESCRIPTION)
    assert sorted(IDS) == sorted(ANSWERS)


@pytest.mark.parametrize("operation", IDS)
def test_no_check_fails(run, tenant, operation):
    # A random id is missing, and that is told before anything that is wrong with the body: these two get a client.
    target = tenant.client("to be changed", "viewer")["client_id"] if operation in ("get_client", "update_client") else None
    run(ANSWERS[operation], EACH, [operation], target)


def test_no_check_fails_on_a_client_from_its_creation_to_its_end(run):
    run({200, 201, 401, 404}, ["stateful"], [operation for operation in IDS if operation.endswith("_client")])


def test_the_caller_was_left_alone(tenant):
    # Whatever was sent above, its own id was never in it.
    headers = {"Authorization": f"Bearer {tenant.pair}"}
    answer = httpx.get(f"{tenant.url}{CLIENTS}/{tenant.caller['client_id']}", headers=headers)
    assert (answer.status_code, answer.headers["etag"][-3:]) == (200, '.1"')


# ---------------------------------------------------------------------------------------------------------------------
# A generated client


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    with package(tmp_path_factory, DESCRIPTION) as generated:
        yield generated


def calling(generated, url, token, prefix="Bearer"):
    return Generated(DESCRIPTION, generated, url, token, prefix)


def roles_of(models, *roles):
    names = ("role_id", "resource", "resource_instance")
    return [models.RoleRequest(**dict(zip(names, role))) for role in roles]


@pytest.fixture
def api(generated, tenant):
    api = calling(generated, tenant.url, tenant.pair)
    with api.client:
        yield api


@pytest.fixture
def made(api):
    """A client that the generated one made: a viewer, and an editor of one dataset."""
    body = api.models.CreateClientRequest(name="made", roles=roles_of(api.models, ["viewer"], ["editor", "dataset", "d1"]))
    return api.call(201, "ClientResponse", "create_client", body=body)


def shown(client):
    """A client's roles, as tuples of what they have."""
    return sorted(tuple(role.to_dict().values()) for role in client.roles)


MADE = [("editor", "dataset", "d1"), ("viewer",)]


def test_every_operation_is_generated(generated):
    assert generated_operations(generated) == sorted(IDS)


def test_a_client_is_made_and_its_secret_shown_once(api, made):
    assert made.client_id.startswith("client_") and made.client_secret.startswith("pstn_")
    assert (made.name, shown(made)) == ("made", MADE)
    read = api.call(200, "ClientResponse", "get_client", made.client_id)
    assert (read.client_id, read.client_secret, read.name, shown(read)) == (made.client_id, "", "made", MADE)


def test_without_roles_a_client_has_full_access(api):
    for roles in ({}, {"roles": None}, {"roles": []}):
        made = api.call(201, "ClientResponse", "create_client", body=api.models.CreateClientRequest(name="n", **roles))
        assert made.roles == []


def test_every_client_is_listed_without_its_secret(api, tenant, made):
    answer = api.answer("list_clients")
    assert answer.status_code == 200
    listed = {each.client_id: each for each in answer.parsed}
    assert {made.client_id, tenant.caller["client_id"]} <= set(listed)
    assert {each.client_secret for each in listed.values()} == {""}
    assert (listed[made.client_id].name, shown(listed[made.client_id])) == ("made", MADE)


def put(api, made, **members):
    members = {name: roles_of(api.models, *value) if name == "roles" and value else value for name, value in members.items()}
    body = api.models.UpdateClientRequest(**members)
    return api.call(200, "ClientResponse", "update_client", made.client_id, body=body)


def test_an_update_with_roles_replaces_all_of_them(api, made):
    updated = put(api, made, name="renamed", roles=[["admin"]])
    assert (updated.client_id, updated.client_secret, updated.name) == (made.client_id, "", "renamed")
    assert shown(updated) == [("admin",)]


@pytest.mark.parametrize("roles", [{}, {"roles": None}, {"roles": []}], ids=["absent", "null", "empty"])
def test_an_update_without_roles_gives_full_access_and_keeps_the_name(api, made, roles):
    updated = put(api, made, **roles)
    assert (updated.name, updated.roles) == ("made", [])


def test_an_update_within_a_context_keeps_the_other_roles(api, made):
    updated = put(api, made, roles=[["admin"]], roles_context="system")
    assert shown(updated) == [("admin",), ("editor", "dataset", "d1")]
    updated = put(api, made, roles=[["viewer", "dataset", "d1"]], roles_context="dataset:d1")
    assert shown(updated) == [("admin",), ("viewer", "dataset", "d1")]
    updated = put(api, made, roles_context="dataset:d1")
    assert shown(updated) == [("admin",)]


def test_an_update_of_another_version_is_a_412(api, made):
    version = api.answer("get_client", made.client_id).headers["etag"]
    body = api.models.UpdateClientRequest(name="first", roles=roles_of(api.models, ["viewer"]))
    api.call(200, "ClientResponse", "update_client", made.client_id, body=body, if_match=version)
    api.call(412, "Error", "update_client", made.client_id, body=body, if_match=version)


def test_a_client_that_is_deleted_is_gone(api, generated, tenant, made):
    answer = api.answer("delete_client", made.client_id)
    assert (answer.status_code, answer.content, answer.parsed) == (200, b"null", None)
    for operation in ("get_client", "delete_client"):
        assert api.call(404, "Error", operation, made.client_id).detail
    assert made.client_id not in [each.client_id for each in api.answer("list_clients").parsed]
    own = calling(generated, tenant.url, made.client_secret)
    with own.client:
        own.call(401, "Error", "list_clients")


def test_the_roles_that_there_are(api):
    for context in ({}, {"roles_context": "system"}, {"roles_context": "dataset:d1"}):
        roles = api.call(200, "RolesResponse", "list_roles", **context).roles
        assert {role.role_id for role in roles} == {"admin", "editor", "viewer"}
        assert all(role.name for role in roles)


@pytest.mark.parametrize("context", ["dataset", "dataset:", "System", "system:x"])
def test_another_roles_context_is_a_422_at_the_query(api, context):
    [item] = api.call(422, "HTTPValidationError", "list_roles", roles_context=context).detail
    assert item.loc == ["query", "roles_context"]


@pytest.mark.parametrize("operation", ["log_in", "log_in_v0"])
def test_an_access_token_is_worth_what_the_secret_is_until_the_client_is_deleted(api, generated, tenant, operation):
    client = tenant.client("logs in", "admin")
    basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    login = calling(generated, tenant.url, basic, "Basic")
    body = login.models.LoginRequest(grant_type="client_credentials")
    with login.client:
        token = login.call(200, "TokenResponse", operation, body=body)
    assert (token.token_type, token.expires_in) == ("Bearer", 3600)
    logged_in = calling(generated, tenant.url, token.access_token)
    with logged_in.client:
        assert logged_in.call(200, "ClientResponse", "get_client", client["client_id"]).name == "logs in"
        assert api.answer("delete_client", client["client_id"]).status_code == 200
        logged_in.call(401, "Error", "get_client", client["client_id"])


def test_a_log_in_may_have_no_body(tenant):
    # The generated client always sends one, though the description says that it may be left out.
    for version in ("v0", "v1"):
        answer = httpx.post(f"{tenant.url}/api/{version}/login", headers={"Authorization": f"Basic {tenant.basic}"})
        assert (answer.status_code, set(answer.json())) == (200, {"access_token", "token_type", "expires_in"})


@pytest.mark.parametrize("operation", ["log_in", "log_in_v0"])
def test_a_log_in_that_is_refused(generated, tenant, operation):
    wrong = base64.b64encode(f"{tenant.caller['client_id']}:wrong".encode()).decode()
    for status, basic, grant in [(401, wrong, "client_credentials"), (400, tenant.basic, "password")]:
        login = calling(generated, tenant.url, basic, "Basic")
        with login.client:
            body = login.models.LoginRequest(grant_type=grant)
            assert login.call(status, "Error", operation, body=body).detail


def test_a_401_is_read(generated, tenant):
    stranger = calling(generated, tenant.url, "wrong")
    with stranger.client:
        answer = stranger.answer("get_client", NOBODY)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="postern", error="invalid_token"')
        assert answer.parsed.detail == "Invalid authentication credentials"


def test_a_403_is_read(generated, tenant):
    viewer = calling(generated, tenant.url, tenant.client("viewer", "viewer")["client_secret"])
    with viewer.client:
        assert viewer.call(403, "Error", "list_clients").detail


def test_a_422_is_read_item_by_item(api):
    body = api.models.CreateClientRequest(name="", roles=roles_of(api.models, ["admin"], ["nobody"], ["viewer", None, "d1"]))
    items = api.call(422, "HTTPValidationError", "create_client", body=body).detail
    assert [item.loc for item in items] == [
        ["body", "name"],
        ["body", "roles", 1, "role_id"],
        ["body", "roles", 2, "resource_instance"],
    ]
    assert all(item.msg and item.type_ for item in items)
