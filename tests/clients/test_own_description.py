"""docs/openapi/postern.json, the description of our own face, against the running Worker: schemathesis (PyPI) sends what it allows
and what it forbids, and a client that openapi-python-client (PyPI) generates from it is driven through."""

import base64
import copy
import re

import pytest
import schemathesis
from described import (EACH, LONG, Description, Generated, Run, generated_operations, http, is_valid_openapi, operations, package,
                       runs)

DESCRIPTION = Description("postern")
IDS = list(DESCRIPTION.operations)
DEFAULT_PRINCIPAL = "0" * 26
SHAPE = DESCRIPTION.document["components"]["schemas"]["Credential"]["properties"]["id"]["pattern"]


class Place:
    """A tenant of its own, who calls there, and what is made there for one request each."""

    def __init__(self, url, root):
        self.url = url
        self.root = f"Bearer {root}"
        self.http = http(url, self.root)
        self.tenant = self.made_tenant()
        self.principal = self.made_principal()
        self.admin, self.viewer = (self.made("credentials", name=role, roles=[{"role_id": role}]) for role in ("admin", "viewer"))
        self.basic = base64.b64encode(f"client_{self.admin['id']}:{self.admin['secret']}".encode()).decode()

    def post(self, path, **body):
        answer = self.http.post(f"/v1/tenants{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def made_tenant(self, **members):
        return self.post("", name="Described", **members)["id"]

    def made(self, kind, tenant=None, **members):
        return self.post(f"/{tenant or self.tenant}/{kind}", **members)

    def made_principal(self, **_):
        return self.made("principals", name="described")["id"]

    def made_credential(self, tenant=None, **then):
        """Another credential; `then` is what was done to it: the last part of a path, and the body."""
        made = self.made("credentials", tenant, name="described", roles=[{"role_id": "viewer"}])["id"]
        for step, body in then.items():
            self.made(f"credentials/{made}/{step}", tenant, **body)
        return made


@pytest.fixture(scope="module")
def place(url, root):
    place = Place(url, root)
    yield place
    place.http.close()


# ---------------------------------------------------------------------------------------------------------------------
# schemathesis

EXAMPLES = 10 if LONG else 5
REFUSED = [400, 401, 403, 404, 409, 412, 413, 415, 422]
MAKES = ["create_tenant", "create_principal", "create_credential"]
CHECKS = {
    "not_a_server_error": {"expected-statuses": ["2xx", 304, "4xx"]},
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "positive_data_acceptance": {"expected-statuses": ["2xx"]},
}
# A key that comes twice, with another body: `a_422_of_what_is_valid_is_a_key_that_was_used` lets nothing else be a 422.
OPERATIONS = [{"include-operation-id": MAKES, "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 422]}}}]
FORM = "application/x-www-form-urlencoded"
NULL = {"type": "null"}
# What no schema says: which years there are.
TIME = {"type": "string", "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])-([01][1-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\Z"}
# Ids and versions that nothing has: those that are made begin with a 0.
NOBODY = "^[2-7][0-9a-hjkmnp-tv-z]{25}\\Z"
ETAG = r'^"[0-7][0-9a-hjkmnp-tv-z]{25}\.[1-9][0-9]*"$'
STALE = {"type": "string", "pattern": r'^"[2-7][0-9a-hjkmnp-tv-z]{25}\.[1-9]"\Z'}


def valid(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def a_422_of_what_is_valid_is_a_key_that_was_used(_context, response, case):
    if response.status_code == 422 and valid(case):
        assert response.json()["code"] == "key_reused", response.text


class AKeyMakesOnce:
    """A check that remembers: the same Idempotency-Key and body gets the same answer, another body a 422."""

    __name__ = "a_key_makes_once"

    def __init__(self):
        self.first = {}
        self.repeated = set()

    def __call__(self, _context, response, case):
        key = response.request.headers.get("Idempotency-Key")
        if key is None or response.status_code not in (201, 422) or not valid(case):
            return
        place, said = (response.request.url, key), case.body
        if place not in self.first:
            assert response.status_code == 201, response.text
            self.first[place] = (said, response.request.body, response.content)
            return
        self.repeated.add(case.operation.definition.raw["operationId"])
        _, body, answer = self.first[place]
        if response.request.body == body:
            assert (response.status_code, response.content) == (201, answer)
        else:
            assert (response.status_code, response.json()["code"]) == (422, "key_reused")


def another_method_is_refused_in_the_words_of_the_face(_context, response, case):
    """`unsupported_method` looks at the status, and whether there is an Allow."""
    if response.status_code != 405:
        return
    if response.request.method != "HEAD":
        told = response.json()
        assert told.get("code") == "method_not_allowed" or told["error"] == "invalid_request"
    methods = {name.upper() for name in DESCRIPTION.document["paths"][case.path] if name != "parameters"}
    methods |= {"HEAD"} if "GET" in methods else set()
    assert set(response.headers["allow"][0].split(", ")) == methods


def each_parameter_list(described):
    for item in described["paths"].values():
        for each in [item, *operations({"paths": {"": item}})]:
            yield each.setdefault("parameters", [])


def apart(schema, schemas):
    """What may be null, with null apart: of a string or null, too long a string comes out as null at times. And what is
    referred to, put in."""
    if "$ref" in schema:
        return apart(schemas[schema["$ref"].split("/")[-1]], schemas)
    schema = dict(schema)
    if "properties" in schema:
        schema["properties"] = {name: apart(each, schemas) for name, each in schema["properties"].items()}
    for name in ("additionalProperties", "items"):
        if isinstance(schema.get(name), dict):
            schema[name] = apart(schema[name], schemas)
    if "anyOf" in schema:
        schema["anyOf"] = [apart(each, schemas) for each in schema["anyOf"]]
    if isinstance(schema.get("type"), list):
        [kind] = [each for each in schema["type"] if each != "null"]
        return {"anyOf": [{**schema, "type": kind}, NULL]}
    return schema


def exact(schema):
    """An answer has the members that are described, and no other; and each time in the same form."""
    if schema.get("properties"):
        schema["additionalProperties"] = False
    if schema.get("format") == "date-time":
        schema["pattern"] = r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$"
    for each in schema.get("properties", {}).values():
        exact(each)


def body_of(operation):
    """The name of the schema of its body, if that has one."""
    contents = operation.get("requestBody", {}).get("content", {}).values()
    return next((content["schema"]["$ref"].split("/")[-1] for content in contents if "$ref" in content["schema"]), None)


def needing(schema, needed, needs):
    """An object in which the members of `needed` are said together, and then `needs` may be: without them it is not."""
    members = schema["properties"]
    said = {name: members[name].get("anyOf", [members[name]])[0] for name in needed}
    absent = {name: NULL for name in needs}
    return [
        {**schema, "properties": {**members, **absent}},
        {**schema, "required": sorted({*schema["required"], *needed}), "properties": {**members, **said}},
    ]


def sharpened(place, without=(), path=None, tag=None):
    """The description, with what it says in words alone, or cannot say: so all that it allows is to be accepted, and all that
    it forbids to be refused. Without the parameters that are named; with another schema of the ids in its paths; or with one of
    If-Match, which then is required."""
    described = copy.deepcopy(DESCRIPTION.document)
    schemas, headers = described["components"]["schemas"], described["components"]["parameters"]
    # A version out of thin air never holds, and so would hide everything behind it.
    headers["If-Match"]["schema"] = {"type": "string", "enum": ["*"]}
    if tag:
        headers["If-Match"].update(schema=tag, required=True)
    for group in each_parameter_list(described):
        group[:] = [copy.deepcopy(headers[one["$ref"].split("/")[-1]]) if "$ref" in one else one for one in group]
        group[:] = [one for one in group if one["name"] not in without or one["in"] == "path"]
        for one in group:
            if one["in"] == "path" and path:
                one["schema"] = {"type": "string", "pattern": path}
            if one["schema"].get("format") == "date-time":
                one["schema"] = TIME
            # Of another database.
            one.pop("example", None)
            one.pop("examples", None)
    bodies = {body_of(operation) for operation in operations(described)} - {None}
    for name in schemas.keys() - bodies:
        exact(schemas[name])
    for answer, header in (("401", "WWW-Authenticate"), ("oauth-401", "WWW-Authenticate"), ("415", "Accept-Patch")):
        described["components"]["responses"][answer]["headers"] = {header: {"required": True, "schema": {"type": "string"}}}
    for operation in operations(described):
        for answer in operation["responses"].values():
            if "ETag" in answer.get("headers", {}):
                answer["headers"]["ETag"] = {"required": True, "schema": {"type": "string", "pattern": ETAG}}
    for name in bodies:
        # Members that only read are taken at the values that they have; tests/own has them.
        members = {member: each for member, each in schemas[name]["properties"].items() if not each.get("readOnly")}
        schemas[name] = apart({**schemas[name], "properties": members}, schemas)
        members = schemas[name]["properties"]
        if "principal" in members:
            # Which principals and roles there are, a tenant says.
            members["principal"] = {"enum": [DEFAULT_PRINCIPAL, place.principal]}
            members["expires_at"] = {"anyOf": [TIME, NULL]}
            roles = members["roles"].get("anyOf", [members["roles"]])[0]
            roles["items"]["properties"]["role_id"] = {"enum": ["admin", "editor", "viewer"]}
            roles["items"] = {"type": "object", "anyOf": needing(roles["items"], ["resource"], ["resource", "resource_instance"])}
    schemas["Inquiry"] = {
        "type": "object",
        "anyOf": needing(schemas["Inquiry"], ["role_id", "resource"], ["resource", "resource_instance"]),
    }
    for operation in operations(described):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            # Of an optional body, none at all is taken for a wrong one; tests/own has it.
            operation["requestBody"]["required"] = True
            if media == FORM:
                # How often a name may stand in a form, no schema says: once.
                content["schema"]["additionalProperties"] = {"type": "string"}
            for example in content.get("examples", {}).values():
                # Of another database.
                value = example["value"]
                if "principal" in value:
                    value["principal"] = place.principal
                known = schemas.get(body_of(operation), {}).get("properties", value)
                example["value"] = {name: each for name, each in value.items() if name in known}
    return described


# What was done to the credential of an operation, before.
BEGUN = {"rotate": {"grace_seconds": 60}}
FIRST = {"finish_rotation": BEGUN, "cancel_rotation": BEGUN, "restore_credential": {"revoke": {}}}


def there(place, tenant=None, first=FIRST, whole=False):
    """Before each request: what its path names is there, made for it alone."""

    def before_call(_context, case, _kwargs):
        named = case.path_parameters
        if not named or not all(isinstance(value, str) and re.fullmatch(SHAPE, value) for value in named.values()):
            return
        home = {"tenant": tenant or place.tenant}
        if case.path == "/v1/tenants/{tenant}" and not whole:
            home = {"tenant": place.made_tenant()}
        elif "{principal}" in case.path:
            home["principal"] = DEFAULT_PRINCIPAL if whole else place.made_principal()
        elif "{credential}" in case.path:
            then = first.get(case.operation.definition.raw["operationId"], {})
            home["credential"] = place.made_credential(tenant, **then)
        case.path_parameters = home

    return before_call


@pytest.fixture(scope="module")
def keys():
    return AKeyMakesOnce()


@pytest.fixture(scope="module")
def run(request, place, keys):
    def make(phases, operations, document, authorization, before=None, checks=CHECKS, of_operations=(), **more):
        if before:
            schemathesis.hook(before)
        try:
            return Run(place.url, document, phases, operations, authorization, checks, of_operations, **more)
        finally:
            if before:
                schemathesis.hooks.unregister(before)

    own = [a_422_of_what_is_valid_is_a_key_that_was_used, keys, another_method_is_refused_in_the_words_of_the_face]
    with runs(request, DESCRIPTION, make, *own) as run:
        yield run


def test_description_is_valid_openapi_with_summaries_and_descriptions():
    is_valid_openapi(DESCRIPTION)


def caller(place, operation):
    if operation == "server_metadata":
        return None
    if operation == "log_in":
        return f"Basic {place.basic}"
    # Only root makes and deletes tenants, and turns them off.
    of_tenants = DESCRIPTION.operations[operation]["tags"] == ["tenants"]
    return place.root if of_tenants else f"Bearer {place.admin['secret']}"


def answers(operation):
    told = {int(status) for status in DESCRIPTION.operations[operation]["responses"]}
    return (told & {200, 201, 204}) | {405}


@pytest.mark.parametrize("operation", IDS)
def test_schemathesis_finds_no_failure(run, place, keys, operation):
    # What a cursor holds, the page before tells: test_cursor_leads_to_the_next_page.
    document = sharpened(place, without=["cursor"])
    # Who logs in stands in the header here, and so not in the body.
    log_in = document["paths"]["/oauth/token"]["post"]
    log_in["security"] = [{"client": []}]
    form = log_in["requestBody"]["content"][FORM]["schema"]
    form["properties"] = {"grant_type": form["properties"]["grant_type"]}
    run(answers(operation), EACH, [operation], document, caller(place, operation), there(place),
        of_operations=OPERATIONS, examples=EXAMPLES)
    # A key came twice: the check of that was not for nothing.
    assert not LONG or operation not in MAKES or operation in keys.repeated


def test_schemathesis_finds_no_failure_with_id_and_secret_in_the_form(run, place):
    document = sharpened(place)
    log_in = document["paths"]["/oauth/token"]["post"]
    # Else a header is made up, to stand beside it.
    log_in["security"] = []
    content = log_in["requestBody"]["content"][FORM]
    # Its examples leave that to the header.
    content.pop("examples")
    form = content["schema"]
    form["properties"].update(client_id={"enum": [f"client_{place.admin['id']}"]}, client_secret={"enum": [place.admin["secret"]]})
    form["required"] = list(form["properties"])
    run({200, 401, 405}, EACH, ["log_in"], document, None, examples=EXAMPLES)


# ---------------------------------------------------------------------------------------------------------------------
# A whole situation has one answer: that it is described, and looks as it is described.

IF_MATCH = {"$ref": "#/components/parameters/If-Match"}
ONE = [name for name in IDS if IF_MATCH in DESCRIPTION.operations[name].get("parameters", [])]
WITH_PATH = [operation["operationId"] for path, item in DESCRIPTION.document["paths"].items() if "{" in path
             for operation in operations({"paths": {"": item}})]
FEW = 4


def only(run, status, operation, document, authorization, before=None):
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": [status]}}
    run({status}, ["fuzzing"], [operation], document, authorization, before, checks, examples=FEW, modes="positive")


@pytest.mark.parametrize("operation", WITH_PATH)
def test_unknown_id_is_a_404(run, place, operation):
    only(run, 404, operation, sharpened(place, without=["cursor"], path=NOBODY), place.root)


@pytest.mark.parametrize("operation", ONE)
def test_stale_if_match_is_a_412(run, place, operation):
    only(run, 412, operation, sharpened(place, tag=STALE), caller(place, operation), there(place))


READS = ("get_", "list_", "verify", "introspect", "log_in", "server_metadata")


@pytest.mark.parametrize("operation", [name for name in IDS if not name.startswith(READS)])
def test_viewer_may_not_write(run, place, operation):
    only(run, 403, operation, sharpened(place), f"Bearer {place.viewer['secret']}", there(place, whole=True))


CHANGES = [name for name in ONE if "428" in DESCRIPTION.operations[name]["responses"]]


@pytest.mark.parametrize("operation", CHANGES)
def test_missing_required_if_match_is_a_428(run, place, operation):
    tenant = place.made_tenant(require_if_match=True)
    document = sharpened(place, without=["If-Match", "dry_run"])
    for name in ("WholeCredential", "CredentialPatch"):
        document["components"]["schemas"][name]["properties"]["principal"] = {"enum": [DEFAULT_PRINCIPAL]}
    only(run, 428, operation, document, place.root, there(place, tenant, {}))


UNFIT = ["rotate_credential", "finish_rotation", "cancel_rotation", "delete_principal", "delete_tenant"]


@pytest.mark.parametrize("operation", UNFIT)
def test_conflict_with_the_current_state_is_a_409(run, place, operation):
    # It rotates already, or does not; it is the default principal; the tenant is not empty.
    before = there(place, first={"rotate_credential": BEGUN}, whole=True)
    only(run, 409, operation, sharpened(place, without=["force"]), place.root, before)


@pytest.mark.parametrize("operation", ["get_tenant", "get_principal", "get_credential"])
def test_matching_if_none_match_is_a_304(run, place, operation):
    document = sharpened(place)
    for group in each_parameter_list(document):
        for one in group:
            if one["name"] == "If-None-Match":
                one.update(schema={"type": "string", "enum": ["*"]}, required=True)
    only(run, 304, operation, document, place.root, there(place))


@pytest.mark.parametrize("operation", [name for name in IDS if name.startswith("list_")])
def test_cursor_leads_to_the_next_page(run, place, operation):
    path = next(path for path, item in DESCRIPTION.document["paths"].items()
                for each in operations({"paths": {"": item}}) if each["operationId"] == operation)
    made = place.made_credential(**BEGUN)
    place.made_credential()
    principal = place.made_principal()
    renamed = place.http.patch(f"/v1/tenants/{place.tenant}/principals/{principal}", json={"name": "renamed"})
    assert renamed.status_code == 200, renamed.text
    here = {"tenant": place.tenant, "principal": principal, "credential": made}
    first = place.http.get(path.format(**here), params={"limit": 1}).json()
    # A cursor belongs to its sort and its filters.
    filters = ["enabled", "principal", "role", "name_prefix", "expires_before", "unused_since", "unrotated_since"]
    document = sharpened(place, without=["sort", *filters])
    for group in each_parameter_list(document):
        for one in group:
            if one["name"] == "cursor":
                one.update(schema={"type": "string", "enum": [first["next"]]}, required=True)

    def before_call(_context, case, _kwargs):
        case.path_parameters = {name: here[name] for name in case.path_parameters}

    only(run, 200, operation, document, place.root, before_call)


# ---------------------------------------------------------------------------------------------------------------------
# One after the other

LINKED = {
    "create_tenant": {"tenant": "$response.body#/id"},
    "create_principal": {"tenant": "$response.body#/tenant", "principal": "$response.body#/id"},
    "create_credential": {"tenant": "$response.body#/tenant", "credential": "$response.body#/id"},
}
# The history outlives what it tells of.
OUTLIVES = ["list_credential_events"]


def linked(place, source):
    """With a link from what makes something to all that its id is for; of the parameters, those of the path alone."""
    path = {"create_tenant": "/v1/tenants/{tenant}", "create_principal": "/v1/tenants/{tenant}/principals/{principal}"}
    path = path.get(source, "/v1/tenants/{tenant}/credentials/{credential}")
    document = sharpened(place, path=NOBODY)
    links = {}
    for each, item in document["paths"].items():
        for group in [item, *operations({"paths": {"": item}})]:
            # ensure_resource_availability looks only at a request of which a link gave every parameter.
            group["parameters"] = [one for one in group["parameters"] if one["in"] == "path"]
            for one in group["parameters"]:
                if one["name"] == "tenant" and source != "create_tenant":
                    one["schema"] = {"type": "string", "enum": [place.tenant]}
        if each == path or (each.startswith(path + "/") and source == "create_credential"):
            for operation in operations({"paths": {"": item}}):
                if operation["operationId"] not in OUTLIVES:
                    links[operation["operationId"]] = {"operationId": operation["operationId"], "parameters": LINKED[source]}
    for operation in operations(document):
        if operation["operationId"] == source:
            operation["responses"]["201"]["links"] = links
    return document, [source, *links]


@pytest.mark.parametrize("source", LINKED)
def test_schemathesis_finds_no_failure_from_creation_to_deletion(run, place, source):
    document, chain = linked(place, source)
    # 404: of an id that nobody has, or after the end. 409: how far a rotation is.
    may = ["2xx", 404, 409] if source == "create_credential" else ["2xx", 404]
    checks = {**CHECKS, "positive_data_acceptance": {"expected-statuses": may}}
    run({200, 201, 204, 401, 404}, ["stateful"], chain, document, place.root, checks=checks)


def test_callers_are_intact_after_all_requests(place):
    for each in (place.admin, place.viewer):
        answer = place.http.get(f"/v1/tenants/{place.tenant}/credentials/{each['id']}")
        assert (answer.status_code, answer.json()["revision"]) == (200, 1)


# ---------------------------------------------------------------------------------------------------------------------
# A generated client


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    with package(tmp_path_factory, DESCRIPTION) as generated:
        yield generated


@pytest.fixture
def api(generated, place):
    api = Generated(DESCRIPTION, generated, place.url, place.admin["secret"])
    with api.client:
        yield api


@pytest.fixture
def made(api, place):
    """A credential that the generated client made: a viewer, and an editor of one dataset."""
    roles = [api.models.NewRole("viewer"), api.models.NewRole("editor", "dataset", "d1")]
    metadata = api.models.NewMetadata.from_dict({"team": "build"})
    body = api.models.NewCredential("made", roles, principal=place.principal, metadata=metadata)
    return api.call(201, "Credential", "create_credential", place.tenant, body=body)


def test_generated_client_has_every_operation_and_no_unnamed_models(generated, api):
    assert generated_operations(generated) == sorted(IDS)
    named = {name.lower() for name in DESCRIPTION.document["components"]["schemas"]}
    # What a list is sorted by, what a form says, and what maps names to values, have names of its own.
    own = {name.lower() for name in api.models.__all__} - named
    assert not [name for name in own if not name.endswith(("sort", "body", "granttype", "metadata", "changes"))], own


def test_created_credential_shows_its_secret_once(api, place, made):
    assert made.secret.startswith("pstn_") and [secret.hint in made.secret for secret in made.secrets] == [True]
    read = api.call(200, "Credential", "get_credential", place.tenant, made.id)
    assert not read.secret and (read.id, read.name, read.principal) == (made.id, "made", place.principal)
    assert [tuple(role.to_dict().values()) for role in read.roles] == [("viewer",), ("editor", "dataset", "d1")]


def test_idempotency_key_creates_once(api, place):
    body = api.models.NewCredential("once", None)
    key = {"idempotency_key": "made-once"}
    first, again = (api.call(201, "Credential", "create_credential", place.tenant, body=body, **key) for _ in range(2))
    assert first == again and first.secret
    other = api.models.NewCredential("another", None)
    problem = api.call(422, "Problem", "create_credential", place.tenant, body=other, **key)
    assert problem.code == "key_reused"


def test_edited_resource_can_be_put_back(api, place, made):
    answer = api.answer("get_credential", place.tenant, made.id)
    whole = api.models.WholeCredential.from_dict(answer.parsed.to_dict())
    # As it is, it changes nothing.
    same = api.answer("replace_credential", place.tenant, made.id, body=whole, if_match=answer.headers["etag"])
    assert (same.status_code, same.headers["etag"]) == (200, answer.headers["etag"])
    whole.name = "edited"
    put = api.call(200, "Credential", "replace_credential", place.tenant, made.id, body=whole, if_match=answer.headers["etag"])
    assert (put.name, put.revision, put.roles) == ("edited", 2, answer.parsed.roles)
    problem = api.call(412, "Problem", "replace_credential", place.tenant, made.id, body=whole, if_match=answer.headers["etag"])
    assert problem.code == "stale"


def test_patch_changes_only_the_given_members(api, place, made):
    body = api.models.CredentialPatch(metadata=api.models.NewMetadata.from_dict({"team": None, "place": "cellar"}))
    patched = api.call(200, "Credential", "update_credential", place.tenant, made.id, body=body)
    assert (patched.name, patched.metadata.to_dict(), patched.roles) == ("made", {"place": "cellar"}, made.roles)


def test_dry_run_reports_the_changes_and_makes_none(api, place, made):
    body = api.models.CredentialPatch(name="n", roles=None)
    told = api.call(200, "DryRun", "update_credential", place.tenant, made.id, body=body, dry_run=True)
    assert told.widens_access and set(told.changes.to_dict()) == {"name", "roles"}
    assert told.changes["name"].to_dict() == {"before": "made", "after": "n"}
    assert api.call(200, "Credential", "get_credential", place.tenant, made.id).revision == 1


def test_rotation_keeps_the_old_secret_for_the_grace_period(api, place, made):
    def verified(secret):
        return api.call(200, "Verified", "verify", body=api.models.Inquiry(secret, role_id="viewer"))

    rotated = api.call(200, "Credential", "rotate_credential", place.tenant, made.id, body=api.models.Rotation(3600))
    assert len(rotated.secrets) == 2 and rotated.secret != made.secret
    for secret in (made.secret, rotated.secret):
        told = verified(secret)
        assert (told.active, told.allowed, told.credential, told.max_staleness_seconds) == (True, True, made.id, 0)
    finished = api.call(200, "Credential", "finish_rotation", place.tenant, made.id)
    assert [secret.id for secret in finished.secrets] == [rotated.secrets[-1].id]
    told = verified(made.secret)
    assert not told.active and told.reason == "unknown" and not told.credential


def test_history_reports_every_change(api, place, made):
    body = api.models.CredentialPatch(name="renamed", roles=None)
    api.call(200, "Credential", "update_credential", place.tenant, made.id, body=body)
    page = api.call(200, "EventPage", "list_credential_events", place.tenant, made.id, limit=1)
    [event] = page.items
    assert (event.action, event.by, event.widened_access) == ("updated", place.admin["id"], True)
    assert event.changes["name"].to_dict() == {"before": "made", "after": "renamed"}
    rest = api.call(200, "EventPage", "list_credential_events", place.tenant, made.id, cursor=page.next_)
    assert [event.action for event in rest.items] == ["secret_created", "created"] and rest.next_ is None


def test_list_is_read_page_by_page(api, place):
    names = [api.call(201, "Credential", "create_credential", place.tenant, body=api.models.NewCredential(f"paged {n}", None)).name
             for n in range(3)]
    found, cursor = [], {}
    for _ in names:
        page = api.call(200, "CredentialPage", "list_credentials", place.tenant, name_prefix="paged ", limit=1, **cursor)
        found += [each.name for each in page.items]
        cursor = {"cursor": page.next_}
    assert found == names


def test_generated_client_parses_the_other_responses(api, generated, place, made):
    assert api.call(200, "ServerMetadata", "server_metadata").token_endpoint.endswith("/oauth/token")
    api.call(200, "Credential", "revoke_credential", place.tenant, made.id, body=api.models.Revocation("leaked"))
    assert api.call(200, "Credential", "get_credential", place.tenant, made.id).revoked_reason == "leaked"
    assert api.call(200, "Credential", "restore_credential", place.tenant, made.id).revoked_at is None
    assert api.answer("delete_credential", place.tenant, made.id).status_code == 204
    assert api.call(404, "Problem", "get_credential", place.tenant, made.id).code == "no_credential"
    [violation] = api.call(422, "Problem", "create_credential", place.tenant, body=api.models.NewCredential("", None)).violations
    assert (violation.pointer, violation.code) == ("/name", "too_short")
    stranger = Generated(DESCRIPTION, generated, place.url, "nobody")
    with stranger.client:
        assert stranger.call(401, "Problem", "list_credentials", place.tenant).code == "unauthenticated"
