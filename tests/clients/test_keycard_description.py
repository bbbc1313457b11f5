"""docs/openapi/keycard.json, our own description of Keycard's face, against the running Worker: schemathesis (PyPI) sends what it
allows and what it forbids."""

import base64
import copy
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from described import (EACH, Description, Run, apart, described_routes, hooked, http, is_valid_openapi, operations,
                       parameter_lists, routes_of, runs, wrong_parts)

DESCRIPTION = Description("keycard")
IDS = list(DESCRIPTION.operations)
DEFAULT_ACCOUNT = "0" * 26
# Ids and versions that nothing has: those that are made begin with a 0.
NOBODY = r"^[2-7][0-9a-hjkmnp-tv-z]{25}\Z"
STALE = {"type": "string", "pattern": r'^"[2-7][0-9a-hjkmnp-tv-z]{25}\.[1-9]"\Z'}


class Place:
    """An organization of its own, who calls there, and what is made there for one request each."""

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
        """Roles are said on another face."""
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


# Beside these it sends each operation's examples, and what it finds at the edges of each member ("coverage").
EXAMPLES = 5
REFUSED = [400, 401, 403, 404, 409, 412, 413, 415]
CHECKS = {
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "positive_data_acceptance": {"expected-statuses": ["2xx"]},
}
QUERIES = [name for name in IDS if name.startswith(("list", "retrieve", "update"))]
# Not everything that is wrong is refused; `what_is_wrong_is_refused_or_says_nothing` tells what is not.
OPERATIONS = [{"include-operation-id": [*QUERIES, "log_in"],
               "checks": {"negative_data_rejection": {"expected-statuses": ["2xx", *REFUSED]}}}]


def what_is_wrong_is_refused_or_says_nothing(_context, response, case):
    """A parameter that is not known says nothing, of a query as of the log-in's form."""
    operation = case.operation.definition.raw["operationId"]
    wrong = wrong_parts(case)
    if operation not in [*QUERIES, "log_in"] or response.status_code >= 300 or not wrong:
        return
    if operation == "log_in":
        assert parse_qs(response.request.body).get("grant_type") == ["client_credentials"], response.request.body
        return
    assert wrong == {"query"}
    said = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    if operation.startswith("list"):
        assert all(value.isdecimal() and 1 <= int(value) <= 100 for value in said.get("limit", [])), said


def a_refusal_tells_its_own_status(_context, response, case):
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    told = response.json()
    if response.status_code == 405:
        methods = {name.upper() for name in DESCRIPTION.document["paths"][case.path] if name != "parameters"}
        methods |= {"HEAD"} if "GET" in methods else set()
        assert set(response.headers["allow"][0].split(", ")) == methods
    if case.path == "/service-account-token":
        assert list(told) == ["error", "error_description"]
    else:
        assert (list(told), told["status"]) == (["message", "code", "status"], response.status_code)


def sharpened(without=(), path=None, tag=None):
    """The description, with what it says in words alone, or cannot say: so all that it allows is to be accepted, and all that
    it forbids to be refused. Without the parameters that are named; with another schema of the ids in its paths; or with one of
    If-Match, which then is required."""
    described = copy.deepcopy(DESCRIPTION.document)
    schemas, parameters = described["components"]["schemas"], described["components"]["parameters"]
    # A version out of thin air never holds, and so would hide everything behind it.
    parameters["IfMatch"]["schema"] = {"type": "string", "enum": ["*"]}
    if tag:
        parameters["IfMatch"].update(schema=tag, required=True)
    for group in parameter_lists(described):
        group[:] = [parameters[one["$ref"].split("/")[-1]] if "$ref" in one else one for one in group]
        group[:] = [copy.deepcopy(one) for one in group if one["name"] not in without]
        for one in group:
            # Of another database.
            one.pop("example", None)
            if one["in"] == "path" and path:
                one["schema"] = {"type": "string", "pattern": path}
    for operation in operations(described):
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                # An id that is shown there would be taken for that of a request, too.
                content.pop("examples")
    for name in ("NewNamed", "NamedPatch"):
        schemas[name] = apart(schemas[name])
    # Who logs in stands in the header here, and so not in the form.
    schemas["LogIn"]["properties"] = {"grant_type": schemas["LogIn"]["properties"]["grant_type"]}
    # How often a name may stand in a form, no schema says: once.
    schemas["LogIn"]["additionalProperties"] = {"type": "string"}
    described["paths"]["/service-account-token"]["post"]["security"] = [{"client": []}]
    return described


def there(place, organization=None, default=False):
    """Before each request: what its path names is there, made for it alone; or it is the default service account."""

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

    with runs(request, DESCRIPTION, make, what_is_wrong_is_refused_or_says_nothing, a_refusal_tells_its_own_status) as run:
        yield run


def test_the_description_is_valid_openapi_and_speaks_to_people():
    is_valid_openapi(DESCRIPTION)


def test_every_route_of_the_face_is_described_and_no_other():
    assert described_routes(DESCRIPTION) == routes_of("/organizations", "/service-account-token")


def caller(place, operation):
    if operation == "log_in":
        return f"Basic {place.basic}"
    # Root alone makes organizations.
    return place.root if operation == "create_organization" else f"Bearer {place.admin['client_secret']}"


def succeeds(operation):
    return {int(status) for status in DESCRIPTION.operations[operation]["responses"] if status < "300"}


# What a cursor holds, the page before tells: test_a_page_is_read_by_its_cursors.
CURSORS = ["after", "before"]


@pytest.mark.parametrize("operation", IDS)
def test_no_check_fails(run, place, operation):
    run(succeeds(operation) | {401, 405}, EACH, [operation], sharpened(CURSORS), caller(place, operation), there(place),
        examples=EXAMPLES)


# ---------------------------------------------------------------------------------------------------------------------
# A whole situation has one answer: that it is described, and looks as it is described.

FEW = 2


def only(run, status, operation, document, authorization, before=None):
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": [status]}}
    run({status}, ["fuzzing"], [operation], document, authorization, before, checks, (), examples=FEW, modes="positive")


@pytest.mark.parametrize("operation", [name for name in IDS if name not in ("create_organization", "list_organizations", "log_in")])
def test_what_nobody_has_is_a_404(run, place, operation):
    only(run, 404, operation, sharpened(CURSORS, path=NOBODY), place.root)


IF_MATCH = {"$ref": "#/components/parameters/IfMatch"}
VERSIONED = [name for name in IDS if IF_MATCH in DESCRIPTION.operations[name].get("parameters", [])]


@pytest.mark.parametrize("operation", VERSIONED)
def test_another_version_is_a_412(run, place, operation):
    only(run, 412, operation, sharpened(tag=STALE), caller(place, operation), there(place))


@pytest.mark.parametrize("operation", [name for name in IDS if not name.startswith(("list", "retrieve", "log_in"))])
def test_a_viewer_may_not_write(run, place, operation):
    only(run, 403, operation, sharpened(), f"Bearer {place.viewer['client_secret']}", there(place))


@pytest.mark.parametrize("operation", ["update_credential", "delete_credential"])
def test_without_the_if_match_that_an_organization_requires_it_is_a_428(run, place, operation):
    organization = place.made_organization()
    answer = place.http.patch(f"/v1/tenants/{organization}", json={"require_if_match": True})
    assert answer.status_code == 200, answer.text
    only(run, 428, operation, sharpened(["If-Match"]), place.root, there(place, organization))


def test_the_default_service_account_stays(run, place):
    only(run, 409, "delete_service_account", sharpened(), place.root, there(place, default=True))


@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize("operation", [name for name in IDS if name.startswith("list")])
def test_a_page_is_read_by_its_cursors(run, place, operation, cursor):
    account = place.made_account()
    for _ in range(2):
        place.made_credential(account)
    here = {"organization": place.organization, "service_account": account}
    path = next(path for path, item in DESCRIPTION.document["paths"].items()
                for each in operations({"paths": {"": item}}) if each["operationId"] == operation)
    first = place.http.get(path.format(**here), params={"limit": 1}).json()["page_info"]
    document = sharpened([name for name in CURSORS if name != cursor])
    for group in parameter_lists(document):
        for one in group:
            if one["name"] == cursor:
                one.update(schema={"type": "string", "enum": [first["end_cursor"]]}, required=True)

    def before_call(_context, case, _kwargs):
        case.path_parameters = {name: here[name] for name in case.path_parameters}

    only(run, 200, operation, document, place.root, before_call)


# ---------------------------------------------------------------------------------------------------------------------
# One after the other


@pytest.mark.parametrize("noun", ["service_account", "credential"])
def test_no_check_fails_from_creation_to_the_end(run, place, noun):
    chain = [f"{verb}_{noun}" for verb in ("create", "retrieve", "update", "delete")]
    parents = {"organization": place.organization}
    if noun == "credential":
        parents["service_account"] = place.made_account()
    document = sharpened(path=NOBODY)
    for group in parameter_lists(document):
        # ensure_resource_availability looks only at a request of which a link gave every parameter.
        group[:] = [one for one in group if one["in"] == "path"]
        for one in group:
            if one["name"] in parents:
                one["schema"] = {"type": "string", "enum": [parents[one["name"]]]}
    # 404: of an id that nobody has, or after the end.
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": ["2xx", 404]}}
    run({200, 201, 204, 401, 404}, ["stateful"], chain, document, place.root, None, checks, ())


def test_who_called_was_left_alone(place):
    for caller in (place.admin, place.viewer):
        assert place.http.post("/v1/verify", json={"token": caller["client_secret"]}).json()["active"]


def test_who_logs_in_may_say_so_in_the_form(place):
    said = {name: place.admin[name] for name in ("client_id", "client_secret")}
    form = {"grant_type": "client_credentials", **said}
    answer = httpx.post(f"{place.url}/service-account-token", data=form, verify=False)
    assert (answer.status_code, list(answer.json())) == (200, ["access_token", "token_type", "expires_in", "scope"])
