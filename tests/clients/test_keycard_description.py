"""docs/openapi/keycard.json, the description of Keycard's face, against the running Worker: schemathesis (PyPI) sends
valid and invalid requests."""

import base64
import copy
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from described import (EACH, Description, Run, described_routes, hooked, http, is_valid_openapi, operations,
                       parameter_lists, routes_of, runs, separate_null, wrong_parts)

DESCRIPTION = Description("keycard")
IDS = list(DESCRIPTION.operations)
DEFAULT_ACCOUNT = "0" * 26
# Ids and ETags that do not exist: real ids start with 0.
NOBODY = r"^[2-7][0-9a-hjkmnp-tv-z]{25}\Z"
STALE = {"type": "string", "pattern": r'^"[2-7][0-9a-hjkmnp-tv-z]{25}\.[1-9]"\Z'}


class Place:
    """An organization of its own, its callers, and the resources created for a single request."""

    def __init__(self, url, root):
        self.url = url
        self.root = f"Bearer {root}"
        self.http = http(url, self.root)
        self.organization = self.made_organization()
        self.admin, self.viewer = (self.made_caller(role) for role in ("admin", "viewer"))
        self.basic = base64.b64encode(f"{self.admin['client_id']}:{self.admin['client_secret']}".encode()).decode()

    def made(self, path, headers=None, **body):
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def made_caller(self, role):
        """Creates a caller with a role, on another face."""
        headers = {"X-Postern-Tenant": self.organization}
        return self.made("/api/v1/auth-management/clients", headers, name=role, roles=[{"role_id": role}])

    def made_organization(self):
        return self.made("/organizations", name="Described")["id"]

    def made_account(self, organization=None):
        return self.made(f"/organizations/{organization or self.organization}/service-accounts", name="described")["id"]

    def made_credential(self, account, organization=None):
        organization = organization or self.organization
        return self.made(f"/organizations/{organization}/service-accounts/{account}/credentials", name="described")["id"]


@pytest.fixture(scope="module")
def place(url, root):
    place = Place(url, root)
    yield place
    place.http.close()


# In addition, schemathesis sends each operation's examples, and the boundary values of each member ("coverage").
EXAMPLES = 5
REFUSED = [400, 401, 403, 404, 409, 412, 413, 415]
CHECKS = {
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "positive_data_acceptance": {"expected-statuses": ["2xx"]},
}
QUERIES = [name for name in IDS if name.startswith(("list", "retrieve", "update"))]
# Not every invalid request is rejected; `invalid_input_is_rejected_or_ignored` checks the exceptions.
OPERATIONS = [{"include-operation-id": [*QUERIES, "log_in"],
               "checks": {"negative_data_rejection": {"expected-statuses": ["2xx", *REFUSED]}}}]


def invalid_input_is_rejected_or_ignored(_context, response, case):
    """Unknown parameters are ignored, in a query as in the form of the log-in."""
    operation = case.operation.definition.raw["operationId"]
    wrong = wrong_parts(case)
    if operation not in [*QUERIES, "log_in"] or response.status_code >= 300 or not wrong:
        return
    if operation == "log_in":
        assert parse_qs(response.request.body).get("grant_type") == ["client_credentials"], response.request.body
        return
    assert wrong == {"query"}
    given = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    if operation.startswith("list"):
        assert all(value.isdecimal() and 1 <= int(value) <= 100 for value in given.get("limit", [])), given


def error_has_its_status_in_its_members(_context, response, case):
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    body = response.json()
    if response.status_code == 405:
        methods = {name.upper() for name in DESCRIPTION.document["paths"][case.path] if name != "parameters"}
        methods |= {"HEAD"} if "GET" in methods else set()
        assert set(response.headers["allow"][0].split(", ")) == methods
    if case.path == "/service-account-token":
        assert list(body) == ["error", "error_description"]
    else:
        assert (list(body), body["status"]) == (["message", "code", "status"], response.status_code)


def strict(without=(), path=None, tag=None):
    """The description, with restrictions that it has in prose or cannot express, so that every valid request must be
    accepted and every invalid one rejected. Without the named parameters; with another schema of the ids in its paths;
    or with a schema of If-Match, which then is required."""
    described = copy.deepcopy(DESCRIPTION.document)
    schemas, parameters = described["components"]["schemas"], described["components"]["parameters"]
    # A random ETag never matches, and so would hide all later checks.
    parameters["IfMatch"]["schema"] = {"type": "string", "enum": ["*"]}
    if tag:
        parameters["IfMatch"].update(schema=tag, required=True)
    for group in parameter_lists(described):
        group[:] = [parameters[one["$ref"].split("/")[-1]] if "$ref" in one else one for one in group]
        group[:] = [copy.deepcopy(one) for one in group if one["name"] not in without]
        for one in group:
            # From another database.
            one.pop("example", None)
            if one["in"] == "path" and path:
                one["schema"] = {"type": "string", "pattern": path}
    for operation in operations(described):
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                # An id in an example would be used in requests, too.
                content.pop("examples")
    for name in ("NewNamed", "NamedPatch"):
        schemas[name] = separate_null(schemas[name])
    # The client authenticates in the header here, and so not in the form.
    schemas["LogIn"]["properties"] = {"grant_type": schemas["LogIn"]["properties"]["grant_type"]}
    # No schema can express that a name may occur only once in a form.
    schemas["LogIn"]["additionalProperties"] = {"type": "string"}
    described["paths"]["/service-account-token"]["post"]["security"] = [{"client": []}]
    return described


def existing(place, organization=None, default=False):
    """Before each request, creates the resources in its path for this request only, or uses the default service
    account."""

    def before_call(_context, case, _kwargs):
        named = case.path_parameters
        if not named or "path" in wrong_parts(case):
            return
        home = {"organization": organization or place.organization}
        if "service_account" in named:
            home["service_account"] = DEFAULT_ACCOUNT if default else place.made_account(organization)
        if "credential" in named:
            home["credential"] = place.made_credential(home["service_account"], organization)
        case.path_parameters = home

    return before_call


@pytest.fixture(scope="module")
def run(request, place):
    def make(phases, chosen, document, authorization, before=None, checks=CHECKS, of_operations=OPERATIONS, **more):
        with hooked(*[before] if before else []):
            return Run(place.url, document, phases, chosen, authorization, checks, of_operations, **more)

    with runs(request, DESCRIPTION, make, invalid_input_is_rejected_or_ignored, error_has_its_status_in_its_members) as run:
        yield run


def test_description_is_valid_openapi_with_summaries_and_descriptions():
    is_valid_openapi(DESCRIPTION)


def test_description_has_exactly_the_routes_of_the_face():
    assert described_routes(DESCRIPTION) == routes_of("/organizations", "/service-account-token")


def caller(place, operation):
    if operation == "log_in":
        return f"Basic {place.basic}"
    # Only root creates organizations.
    return place.root if operation == "create_organization" else f"Bearer {place.admin['client_secret']}"


def succeeds(operation):
    return {int(status) for status in DESCRIPTION.operations[operation]["responses"] if status < "300"}


# Cursors come from the page before: test_cursors_lead_to_the_next_and_previous_page.
CURSORS = ["after", "before"]


@pytest.mark.parametrize("operation", IDS)
def test_schemathesis_finds_no_failure(run, place, operation):
    run(succeeds(operation) | {401, 405}, EACH, [operation], strict(CURSORS), caller(place, operation), existing(place),
        examples=EXAMPLES)


# ---------------------------------------------------------------------------------------------------------------------
# Each situation has one response, which is described and matches its description.

FEW = 2


def expect_only(run, status, operation, document, authorization, before=None):
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": [status]}}
    run({status}, ["fuzzing"], [operation], document, authorization, before, checks, (), examples=FEW, modes="positive")


@pytest.mark.parametrize("operation", [name for name in IDS if name not in ("create_organization", "list_organizations", "log_in")])
def test_unknown_id_is_a_404(run, place, operation):
    expect_only(run, 404, operation, strict(CURSORS, path=NOBODY), place.root)


IF_MATCH = {"$ref": "#/components/parameters/IfMatch"}
VERSIONED = [name for name in IDS if IF_MATCH in DESCRIPTION.operations[name].get("parameters", [])]


@pytest.mark.parametrize("operation", VERSIONED)
def test_stale_if_match_is_a_412(run, place, operation):
    expect_only(run, 412, operation, strict(tag=STALE), caller(place, operation), existing(place))


@pytest.mark.parametrize("operation", [name for name in IDS if not name.startswith(("list", "retrieve", "log_in"))])
def test_viewer_may_not_write(run, place, operation):
    expect_only(run, 403, operation, strict(), f"Bearer {place.viewer['client_secret']}", existing(place))


@pytest.mark.parametrize("operation", ["update_credential", "delete_credential"])
def test_missing_required_if_match_is_a_428(run, place, operation):
    organization = place.made_organization()
    answer = place.http.patch(f"/v1/tenants/{organization}", json={"require_if_match": True})
    assert answer.status_code == 200, answer.text
    expect_only(run, 428, operation, strict(["If-Match"]), place.root, existing(place, organization))


def test_default_service_account_cannot_be_deleted(run, place):
    expect_only(run, 409, "delete_service_account", strict(), place.root, existing(place, default=True))


@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize("operation", [name for name in IDS if name.startswith("list")])
def test_cursors_lead_to_the_next_and_previous_page(run, place, operation, cursor):
    account = place.made_account()
    for _ in range(2):
        place.made_credential(account)
    here = {"organization": place.organization, "service_account": account}
    path = next(path for path, item in DESCRIPTION.document["paths"].items()
                for each in operations({"paths": {"": item}}) if each["operationId"] == operation)
    first = place.http.get(path.format(**here), params={"limit": 1}).json()["page_info"]
    document = strict([name for name in CURSORS if name != cursor])
    for group in parameter_lists(document):
        for one in group:
            if one["name"] == cursor:
                one.update(schema={"type": "string", "enum": [first["end_cursor"]]}, required=True)

    def before_call(_context, case, _kwargs):
        case.path_parameters = {name: here[name] for name in case.path_parameters}

    expect_only(run, 200, operation, document, place.root, before_call)


# ---------------------------------------------------------------------------------------------------------------------
# One after the other


@pytest.mark.parametrize("noun", ["service_account", "credential"])
def test_schemathesis_finds_no_failure_from_creation_to_deletion(run, place, noun):
    chain = [f"{verb}_{noun}" for verb in ("create", "retrieve", "update", "delete")]
    parents = {"organization": place.organization}
    if noun == "credential":
        parents["service_account"] = place.made_account()
    document = strict(path=NOBODY)
    for group in parameter_lists(document):
        # ensure_resource_availability applies only if links gave every parameter.
        group[:] = [one for one in group if one["in"] == "path"]
        for one in group:
            if one["name"] in parents:
                one["schema"] = {"type": "string", "enum": [parents[one["name"]]]}
    # 404: for an unknown id, or after the deletion.
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": ["2xx", 404]}}
    run({200, 201, 204, 401, 404}, ["stateful"], chain, document, place.root, None, checks, ())


def test_callers_are_intact_after_all_requests(place):
    for caller in (place.admin, place.viewer):
        assert place.http.post("/v1/verify", json={"token": caller["client_secret"]}).json()["active"]


def test_log_in_accepts_client_id_and_secret_in_the_form(place):
    given = {name: place.admin[name] for name in ("client_id", "client_secret")}
    form = {"grant_type": "client_credentials", **given}
    answer = httpx.post(f"{place.url}/service-account-token", data=form, verify=False)
    assert (answer.status_code, list(answer.json())) == (200, ["access_token", "token_type", "expires_in", "scope"])
