"""docs/openapi/litegraph.json, the description of LiteGraph's face, against the running Worker: schemathesis (PyPI)
sends valid and invalid requests."""

import copy
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from described import (EACH, Description, Run, described_routes, hooked, http, is_valid, is_valid_openapi,
                       operations, parameter_lists, routes_of, runs, separate_null, wrong_parts)

DESCRIPTION = Description("litegraph")
IDS = list(DESCRIPTION.operations)
DEFAULT_USER = "00000000-0000-0000-0000-000000000000"
GUID = DESCRIPTION.document["components"]["parameters"]["Tenant"]["schema"]["pattern"]
# GUIDs and ETags that do not exist: real GUIDs start with 0.
NOBODY = r"^[2-7][0-9a-f]{7}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
STALE = {"type": "string", "pattern": r'^"[2-7][0-9a-hjkmnp-tv-z]{25}\.[1-9]"\Z'}
# No schema can express the valid years.
TIME = {"type": "string", "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])-([01][1-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\Z"}


class Place:
    """A tenant of its own, its callers, and the resources created for a single request."""

    def __init__(self, url, root):
        self.url = url
        self.root = f"Bearer {root}"
        self.http = http(url, self.root)
        self.tenant = self.made_tenant()
        self.user = self.made_user()
        self.admin, self.viewer = (f"Bearer {self.made_caller(role)}" for role in ("admin", "viewer"))
        self.token = self.put(f"/{self.tenant}/credentials", UserGUID=self.user)["BearerToken"]

    def put(self, path, **body):
        answer = self.http.put(f"/v1.0/tenants{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def made_caller(self, role):
        """Creates a caller with a role, on another face."""
        body = {"name": role, "roles": [{"role_id": role}]}
        headers = {"X-Postern-Tenant": self.tenant}
        answer = self.http.post("/api/v1/auth-management/clients", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["client_secret"]

    def made_tenant(self):
        return self.put("", Name="Described")["GUID"]

    def made_user(self, tenant=None):
        return self.put(f"/{tenant or self.tenant}/users", FirstName="described")["GUID"]

    def made_credential(self, tenant=None):
        return self.put(f"/{tenant or self.tenant}/credentials", UserGUID=DEFAULT_USER)["GUID"]


@pytest.fixture(scope="module")
def place(url, root):
    place = Place(url, root)
    yield place
    place.http.close()


# In addition, schemathesis sends each operation's examples, and the boundary values of each member ("coverage").
EXAMPLES = 5
REFUSED = [400, 401, 404, 409, 412, 413, 415]
CHECKS = {
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "positive_data_acceptance": {"expected-statuses": ["2xx"]},
}
QUERIES = {"list_tenants", "list_users", "list_credentials", "enumerate_credentials", "delete_tenant"}
DELETES = {name for name in IDS if name.startswith("delete")}
OPERATIONS = [
    # A GUID or a token may be in use: `conflict_of_valid_input_is_on_a_client_chosen_value` allows no other 409.
    {"include-operation-id": ["create_tenant", "create_user", "create_credential", "update_credential"],
     "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 409]}}},
    # Not every invalid request is rejected; `invalid_input_is_rejected_or_ignored` checks the exceptions.
    {"include-operation-id": sorted(QUERIES | DELETES),
     "checks": {"negative_data_rejection": {"expected-statuses": ["2xx", *REFUSED]}}},
]


def invalid_input_is_rejected_or_ignored(_context, response, case):
    """Unknown and empty query parameters are ignored, and deleting a missing resource succeeds."""
    operation = case.operation.definition.raw["operationId"]
    if operation not in QUERIES | DELETES or response.status_code >= 300:
        return
    assert wrong_parts(case) <= ({"query", "path"} if operation in DELETES else {"query"})
    given = parse_qs(urlsplit(response.request.url).query)
    for name in VALID if operation in QUERIES - DELETES else []:
        assert all(VALID[name](value) for value in given.get(name, [])), given


# The valid values of each query parameter, if it has a value.
VALID = {
    "order": lambda value: value in DESCRIPTION.document["components"]["parameters"]["Order"]["schema"]["enum"],
    "skip": lambda value: value.isdecimal() and int(value) <= 1000,
    "max-keys": lambda value: value.isdecimal() and 1 <= int(value) <= 1000,
    "token": lambda value: re.fullmatch(GUID, value),
}


def conflict_of_valid_input_is_on_a_client_chosen_value(_context, response, case):
    if response.status_code == 409 and is_valid(case) and isinstance(case.body, dict):
        assert case.body.get("GUID") or case.body.get("BearerToken"), response.text


def error_has_its_status_in_its_members(_context, response, case):
    """tests/support/src/face.rs checks that `Message` matches `Error`; tests/recorded checks both against the
    recordings."""
    if response.status_code >= 400 and response.request.method != "HEAD":
        body = response.json()
        assert (list(body)[:3], body["StatusCode"]) == (["Error", "Message", "StatusCode"], response.status_code)
    if response.status_code == 405:
        methods = {name.upper() for name in DESCRIPTION.document["paths"][case.path] if name != "parameters"}
        methods |= {"HEAD"} if "GET" in methods else set()
        assert set(response.headers["allow"][0].split(", ")) == methods


def strict(place, without=(), path=None, tag=None):
    """The description, with restrictions that it has in prose or cannot express, so that every valid request must be
    accepted and every invalid one rejected. Without the named parameters; with another schema of the GUIDs in its
    paths; or with a schema of If-Match, which then is required."""
    described = copy.deepcopy(DESCRIPTION.document)
    schemas, parameters = described["components"]["schemas"], described["components"]["parameters"]
    # A random ETag never matches, and so would hide all later checks.
    parameters["IfMatch"]["schema"] = {"type": "string", "enum": ["*"]}
    if tag:
        parameters["IfMatch"].update(schema=tag, required=True)
    # No schema can express a list of GUIDs.
    parameters["Guids"].update(schema={"type": "string", "enum": [DEFAULT_USER, f"{place.user},{DEFAULT_USER}"]})
    for group in parameter_lists(described):
        group[:] = [parameters[one["$ref"].split("/")[-1]] if "$ref" in one else one for one in group]
        group[:] = [copy.deepcopy(one) for one in group if one["name"] not in without]
        for one in group:
            # From another database.
            one.pop("example", None)
            if one["name"] == "token" and one["in"] == "path":
                one["schema"] = {"type": "string", "enum": [place.token]}
            elif one["in"] == "path" and path:
                one["schema"] = {"type": "string", "pattern": path}
    for name in ("NewTenant", "NewUser", "NewCredential", "WholeTenant", "WholeUser", "WholeCredential", "Search"):
        members = schemas[name]["properties"]
        if "UserGUID" in members:
            # The users depend on the tenant.
            members["UserGUID"] = {"enum": [DEFAULT_USER, place.user]}
        schemas[name] = separate_null(schemas[name])
        for member in {"CreatedUtc", "LastUpdateUtc"} & set(members):
            schemas[name]["properties"][member] = {"anyOf": [TIME, {"type": "null"}]}
    # The token comes from the page before: test_continuation_token_leads_to_the_next_page.
    schemas["Search"]["properties"].pop("ContinuationToken")
    # A caller with x-token sends no Authorization: test_x_token_header_is_accepted.
    described["security"] = [{"bearer": []}]
    return described


# Operations on a whole tenant could end the calling tenant.
OF_ALL = ["update_tenant", "delete_tenant", "delete_credentials"]


def existing(place, tenant=None, default=False):
    """Before each request, creates the resources in its path for this request only, or uses the tenant and its default
    user."""

    def before_call(_context, case, _kwargs):
        named = case.path_parameters
        if not named or "token" in named or not all(isinstance(one, str) and re.fullmatch(GUID, one) for one in named.values()):
            return
        of_its_own = not default and case.operation.definition.raw["operationId"] in OF_ALL
        home = {"tenant": place.made_tenant() if of_its_own else tenant or place.tenant}
        if "user" in named:
            home["user"] = DEFAULT_USER if default else place.made_user(home["tenant"])
        if "credential" in named:
            home["credential"] = place.made_credential(home["tenant"])
        case.path_parameters = home

    return before_call


@pytest.fixture(scope="module")
def run(request, place):
    def make(phases, chosen, document, authorization, before=None, checks=CHECKS, of_operations=OPERATIONS, **more):
        with hooked(*[before] if before else []):
            return Run(place.url, document, phases, chosen, authorization, checks, of_operations, **more)

    own = [invalid_input_is_rejected_or_ignored, conflict_of_valid_input_is_on_a_client_chosen_value,
           error_has_its_status_in_its_members]
    with runs(request, DESCRIPTION, make, *own) as run:
        yield run


def test_description_is_valid_openapi_with_summaries_and_descriptions():
    is_valid_openapi(DESCRIPTION)


def test_description_has_exactly_the_routes_of_the_face():
    assert described_routes(DESCRIPTION) == routes_of("/v1.0/", "/v2.0/")


def caller(place, operation):
    # Only root creates, deletes and disables tenants, and only root may delete all credentials of another tenant.
    of_root = DESCRIPTION.operations[operation]["tags"] == ["tenants"] or operation == "delete_credentials"
    return place.root if of_root else place.admin


@pytest.mark.parametrize("operation", IDS)
def test_schemathesis_finds_no_failure(run, place, operation):
    run({200, 401, 405}, EACH, [operation], strict(place, without=["token"] if "enumerate" in operation else []),
        caller(place, operation), existing(place), examples=EXAMPLES)


# ---------------------------------------------------------------------------------------------------------------------
# Each situation has one response, which is described and matches its description.

FEW = 2


def expect_only(run, status, operation, document, authorization, before=None):
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": [status]}}
    run({status}, ["fuzzing"], [operation], document, authorization, before, checks, (), examples=FEW, modes="positive")


WITH_PATH = [operation["operationId"] for path, item in DESCRIPTION.document["paths"].items() if "{tenant}" in path
             for operation in operations({"paths": {"": item}})]


@pytest.mark.parametrize("operation", [name for name in WITH_PATH if name != "delete_tenant"])
def test_unknown_id_is_a_404(run, place, operation):
    expect_only(run, 404, operation, strict(place, without=["token"], path=NOBODY), place.root)


IF_MATCH = {"$ref": "#/components/parameters/IfMatch"}
VERSIONED = [name for name in IDS if IF_MATCH in DESCRIPTION.operations[name].get("parameters", [])]


@pytest.mark.parametrize("operation", VERSIONED)
def test_stale_if_match_is_a_412(run, place, operation):
    # A conflict on a token is reported only if the ETag matches.
    expect_only(run, 412, operation, strict(place, tag=STALE), caller(place, operation), existing(place))


@pytest.mark.parametrize("operation", IDS)
def test_viewer_may_do_nothing_on_litegraph(run, place, operation):
    expect_only(run, 401, operation, strict(place, without=["token"] if "enumerate" in operation else []), place.viewer)


@pytest.mark.parametrize("operation", ["update_credential", "delete_credential"])
def test_missing_required_if_match_is_a_428(run, place, operation):
    tenant = place.made_tenant()
    body = {"require_if_match": True}
    assert place.http.patch(f"/v1/tenants/{base32(tenant)}", json=body).status_code == 200
    document = strict(place, without=["If-Match"])
    document["components"]["schemas"]["WholeCredential"]["properties"]["UserGUID"] = {"enum": [DEFAULT_USER]}
    expect_only(run, 428, operation, document, place.root, existing(place, tenant))


def base32(guid):
    """A GUID in our own face's spelling."""
    bits, letters = int(guid.replace("-", ""), 16), "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(letters[bits >> 5 * place & 31] for place in range(25, -1, -1))


@pytest.mark.parametrize("operation", ["delete_user", "delete_tenant"])
def test_deleting_the_default_user_or_a_nonempty_tenant_is_a_409(run, place, operation):
    expect_only(run, 409, operation, strict(place, without=["force"]), place.root, existing(place, default=True))


def test_continuation_token_leads_to_the_next_page(run, place):
    place.made_credential()
    pages = f"/v2.0/tenants/{place.tenant}/credentials"
    token = place.http.get(pages, params={"max-keys": 1}).json()["ContinuationToken"]
    document = strict(place)
    for group in parameter_lists(document):
        for one in group:
            if (one["name"], one["in"]) == ("token", "query"):
                one.update(schema={"type": "string", "enum": [token]}, required=True)
    expect_only(run, 200, "enumerate_credentials", document, place.admin, existing(place))
    answer = place.http.post(pages, json={"MaxResults": 1, "ContinuationToken": token})
    assert (answer.status_code, answer.json()["Objects"][0]["GUID"] != token) == (200, True)


def test_x_token_header_is_accepted(place):
    token = place.admin.removeprefix("Bearer ")
    answer = httpx.get(f"{place.url}/v1.0/tenants/{place.tenant}", headers={"x-token": token}, verify=False)
    assert (answer.status_code, answer.json()["GUID"]) == (200, place.tenant)


# ---------------------------------------------------------------------------------------------------------------------
# One after the other


@pytest.mark.parametrize("noun", ["tenant", "user", "credential"])
def test_schemathesis_finds_no_failure_from_creation_to_deletion(run, place, noun):
    chain = [f"{verb}_{noun}" for verb in ("create", "read", "update", "delete")]
    document = strict(place, path=NOBODY)
    for item in document["paths"].values():
        for group in [item, *operations({"paths": {"": item}})]:
            # ensure_resource_availability applies only if links gave every parameter.
            group["parameters"] = [one for one in group["parameters"] if one["in"] == "path"]
            for one in group["parameters"]:
                if one["name"] == "tenant" and noun != "tenant":
                    one["schema"] = {"type": "string", "enum": [place.tenant]}
    # 404: for an unknown id, or after the deletion. 409: a GUID or a token in use.
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409]}}
    # Deleting a missing resource succeeds, so a second deletion is not a use of the deleted resource.
    of_deletion = {"include-operation-id": [f"delete_{noun}"], "checks": {"use_after_free": {"enabled": False}}}
    run({200, 401, 404}, ["stateful"], chain, document, place.root, None, checks, [of_deletion])


def test_callers_are_intact_after_all_requests(place):
    for caller in (place.admin, place.viewer):
        assert place.http.post("/v1/verify", json={"token": caller.removeprefix("Bearer ")}).json()["active"]
