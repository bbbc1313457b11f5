"""docs/openapi/coactive.json, our own description of Coactive's face, against the running Worker: schemathesis (PyPI) sends
what it allows and what it forbids, and a client that openapi-python-client (PyPI) generates from it is driven through."""

import atexit
import base64
import collections
import copy
import importlib
import itertools
import json
import pathlib
import shutil
import sys
import tempfile

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType
from schemathesis.checks import CHECKS as KNOWN_CHECKS
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

# What hypothesis keeps would be kept beside the source, from the first test on of whichever file: schemathesis has a plugin.
KEPT = tempfile.mkdtemp()
atexit.register(shutil.rmtree, KEPT, ignore_errors=True)
set_hypothesis_home_dir(KEPT)

DESCRIPTION = pathlib.Path(__file__).parents[2] / "docs" / "openapi" / "coactive.json"
DESCRIBED = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
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

SEED = 4
# Beside these it sends each operation's examples, and what it finds at the edges of each member ("coverage").
EXAMPLES = 25
EACH = ["examples", "coverage", "fuzzing"]
SEQUENCES = 15
STEPS = 6
HEADERS = ["#/components/parameters/Tenant", "#/components/parameters/IfMatch"]

# Without this, only those are there that are not of OpenAPI.
load_all_checks()
# Every check that it has is made, but for one: max_response_time, since what a time is worth depends on the machine.
# missing_required_header and ignored_auth speak of Authorization alone: no other header is required here.
REFUSED = [400, 401, 403, 404, 412, 413, 415, 422]
CHECKS = {
    # No request may end in a 5xx, 503 included: the Worker of the tests lacks nothing.
    "not_a_server_error": {"expected-statuses": ["2xx", "4xx"]},
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


@schemathesis.check
def an_update_without_a_context_is_accepted(_context, response, case):
    """Nothing but a roles_context makes a valid update a 422."""
    if case.operation.definition.raw.get("operationId") == "update_client" and case.meta.generation.mode.is_positive:
        within = isinstance(case.body, dict) and case.body.get("roles_context") is not None
        assert within or response.status_code != 422, response.text


@schemathesis.check
def another_method_is_refused_in_the_words_of_the_face(_context, response, case):
    """`unsupported_method` looks at the status and at Allow alone."""
    if response.status_code == 405 and response.request.method != "HEAD":
        assert response.json() == {"detail": "Method Not Allowed"}
        assert case.method not in response.headers["allow"][0].split(", ")


def sharpened(target, headers):
    """The description, with what it says in words alone, or cannot say: so all that it allows is to be accepted, and all that
    it forbids to be refused. With a target, that is the one client whose id it allows. Without headers it has none."""
    described = copy.deepcopy(DESCRIBED)
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


class Run:
    """What schemathesis did with some operations: how many requests, how often each check, which answers, what failed."""

    def __init__(self, tenant, phases, operations, target=None):
        self.requests = 0
        self.checks = collections.Counter()
        self.answers = set()
        self.failed = []
        stateful = "stateful" in phases
        log_in = all(operation.startswith("log_in") for operation in operations)
        settings = {
            "base-url": tenant.url,
            "headers": {"Authorization": f"Basic {tenant.basic}" if log_in else f"Bearer {tenant.pair}"},
            "seed": SEED,
            "generation": {
                "max-examples": SEQUENCES if stateful else EXAMPLES,
                # use_after_free takes every DELETE for one that was done: none is sent that is to be refused.
                "mode": "positive" if stateful else "all",
                # Control characters in a header are refused before the Worker sees them.
                "exclude-header-characters": "".join(map(chr, [*range(0x20), 0x7f])),
                "database": "none",
                "no-shrink": True,
            },
            # Some are failures of a slow machine.
            "suppress-health-check": ["all"],
            "continue-on-failure": True,
            "checks": CHECKS,
            "operations": OPERATIONS,
            "phases": {
                **{name: {"enabled": name in phases} for name in EACH},
                # The description's own links alone: one that is guessed from the list might delete the caller.
                "stateful": {"enabled": stateful, "max-steps": STEPS, "inference": {"algorithms": []}},
            },
        }
        # ensure_resource_availability looks only at a request of which a link gave every parameter.
        described = sharpened(target, headers=not stateful)
        schema = schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_dict(settings))
        # Not `include`: beside settings for some operations, it includes every other one too.
        schema = schema.exclude(lambda context: context.operation.definition.raw["operationId"] not in operations)
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self.note(event.recorder)
            elif isinstance(event, events.NonFatalError):
                self.failed.append(f"{event.label}: {event.value!r}")
            elif isinstance(event, events.FatalError):
                raise event.exception

    def note(self, recorder):
        self.requests += len(recorder.interactions)
        self.answers |= {each.response.status_code for each in recorder.interactions.values() if each.response}
        for check in itertools.chain(*recorder.checks.values()):
            self.checks[check.name] += 1
            if check.status is not Status.SUCCESS:
                failure = check.failure_info.failure
                self.failed.append("\n".join([f"{recorder.label}: {check.name}: {failure.title}", failure.message,
                                              check.failure_info.code_sample]))


@pytest.fixture(scope="module")
def run(request, tenant):
    """Runs schemathesis, as ever but for what PYTHONHASHSEED mixes, and tells in the end how much that was."""
    runs = []

    def run(answers, *arguments):
        runs.append(Run(tenant, *arguments))
        failed = runs[-1].failed
        assert not failed, "\n\n".join([f"{len(failed)} failed", *failed[:10]])
        # It was not for nothing: each check was made, and these answers came.
        assert set(runs[-1].checks) == set(KNOWN_CHECKS.get_all_names())
        assert answers <= runs[-1].answers

    with pytest.MonkeyPatch.context() as patch:
        # What pytest's option --hypothesis-seed sets. The seed of schemathesis is not for all that it draws.
        patch.setattr(hypothesis.core, "global_force_seed", SEED)
        yield run
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nschemathesis, from docs/openapi/coactive.json: {sum(run.requests for run in runs)} requests, "
              f"{sum(sum(run.checks.values()) for run in runs)} checks, {sum(len(run.failed) for run in runs)} failed")


def operations():
    for path, item in DESCRIBED["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


IDS = [operation["operationId"] for _, _, operation in operations()]
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
    schemathesis.openapi.from_dict(DESCRIBED).validate()
    assert sorted(IDS) == sorted(ANSWERS)
    for _, _, operation in operations():
        assert operation["summary"] and operation["description"]


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
    """The package that openapi-python-client makes of the description, imported."""
    folder = tmp_path_factory.mktemp("generated")
    # It would run a formatter over what it made, which nobody reads here.
    settings = ConfigFile(post_hooks=[])
    errors = generate(config=Config.from_sources(settings, MetaType.NONE, DESCRIPTION, "utf-8", False,
                                                 folder / "generated_coactive"))
    # It leaves out what it does not understand, and says so.
    assert not errors, errors
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("generated_coactive")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == "generated_coactive"]:
            del sys.modules[name]


class Generated:
    """The generated client of one caller: each operation by its id."""

    def __init__(self, package, url, token, prefix="Bearer"):
        self.package = package
        self.models = importlib.import_module(f"{package.__name__}.models")
        self.client = package.AuthenticatedClient(base_url=url, token=token, prefix=prefix,
                                                  raise_on_unexpected_status=True)

    def answer(self, operation, *arguments, **named):
        """The whole answer."""
        tag = next(each["tags"][0] for _, _, each in operations() if each["operationId"] == operation)
        module = importlib.import_module(f"{self.package.__name__}.api.{tag}.{operation}")
        return module.sync_detailed(*arguments, client=self.client, **named)

    def call(self, status, kind, operation, *arguments, **named):
        """What is read in an answer, which has to be of this status and read as this model."""
        answer = self.answer(operation, *arguments, **named)
        assert answer.status_code == status, answer.content
        assert type(answer.parsed) is (getattr(self.models, kind) if kind else type(None))
        return answer.parsed

    def roles(self, *roles):
        names = ("role_id", "resource", "resource_instance")
        return [self.models.RoleRequest(**dict(zip(names, role))) for role in roles]


@pytest.fixture
def api(generated, tenant):
    api = Generated(generated, tenant.url, tenant.pair)
    with api.client:
        yield api


@pytest.fixture
def made(api):
    """A client that the generated one made: a viewer, and an editor of one dataset."""
    body = api.models.CreateClientRequest(name="made", roles=api.roles(["viewer"], ["editor", "dataset", "d1"]))
    return api.call(201, "ClientResponse", "create_client", body=body)


def shown(client):
    """A client's roles, as tuples of what they have."""
    return sorted(tuple(role.to_dict().values()) for role in client.roles)


MADE = [("editor", "dataset", "d1"), ("viewer",)]


def test_every_operation_is_generated(generated):
    folder = pathlib.Path(generated.__file__).parent / "api"
    assert sorted(path.stem for path in folder.glob("*/[a-z]*.py")) == sorted(IDS)


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
    members = {name: api.roles(*value) if name == "roles" and value else value for name, value in members.items()}
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
    body = api.models.UpdateClientRequest(name="first", roles=api.roles(["viewer"]))
    api.call(200, "ClientResponse", "update_client", made.client_id, body=body, if_match=version)
    api.call(412, "Error", "update_client", made.client_id, body=body, if_match=version)


def test_a_client_that_is_deleted_is_gone(api, generated, tenant, made):
    answer = api.answer("delete_client", made.client_id)
    assert (answer.status_code, answer.content, answer.parsed) == (200, b"null", None)
    for operation in ("get_client", "delete_client"):
        assert api.call(404, "Error", operation, made.client_id).detail
    assert made.client_id not in [each.client_id for each in api.answer("list_clients").parsed]
    own = Generated(generated, tenant.url, made.client_secret)
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
    login = Generated(generated, tenant.url, basic, "Basic")
    body = login.models.LoginRequest(grant_type="client_credentials")
    with login.client:
        token = login.call(200, "TokenResponse", operation, body=body)
    assert (token.token_type, token.expires_in) == ("Bearer", 3600)
    logged_in = Generated(generated, tenant.url, token.access_token)
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
        login = Generated(generated, tenant.url, basic, "Basic")
        with login.client:
            body = login.models.LoginRequest(grant_type=grant)
            assert login.call(status, "Error", operation, body=body).detail


def test_a_401_is_read(generated, tenant):
    stranger = Generated(generated, tenant.url, "wrong")
    with stranger.client:
        answer = stranger.answer("get_client", NOBODY)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.parsed.detail == "Invalid authentication credentials"


def test_a_403_is_read(generated, tenant):
    viewer = Generated(generated, tenant.url, tenant.client("viewer", "viewer")["client_secret"])
    with viewer.client:
        assert viewer.call(403, "Error", "list_clients").detail


def test_a_422_is_read_item_by_item(api):
    body = api.models.CreateClientRequest(name="", roles=api.roles(["admin"], ["nobody"], ["viewer", None, "d1"]))
    items = api.call(422, "HTTPValidationError", "create_client", body=body).detail
    assert [item.loc for item in items] == [
        ["body", "name"],
        ["body", "roles", 1, "role_id"],
        ["body", "roles", 2, "resource_instance"],
    ]
    assert all(item.msg and item.type_ for item in items)
