"""What drives a description of ours (docs/openapi) against the running Worker: schemathesis (PyPI) sends what it allows and what
it forbids, and a client that openapi-python-client (PyPI) generates from it is called."""

import atexit
import collections
import contextlib
import importlib
import itertools
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import httpx
import hypothesis
import pytest
import schemathesis
from conftest import ONCE
from hypothesis.configuration import set_hypothesis_home_dir
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType
from schemathesis.checks import CHECKS as KNOWN_CHECKS
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.specs.openapi.checks import has_only_additional_properties_in_non_body_parameters

# What hypothesis keeps would be kept beside the source, from the first test on of whichever file: schemathesis has a plugin.
KEPT = tempfile.mkdtemp()
atexit.register(shutil.rmtree, KEPT, ignore_errors=True)
set_hypothesis_home_dir(KEPT)

# Without this, only those are there that are not of OpenAPI.
load_all_checks()


class Description:
    """One of docs/openapi, by its name there."""

    def __init__(self, name):
        self.name = name
        self.file = f"docs/openapi/{name}.json"
        self.path = pathlib.Path(__file__).parents[2] / self.file
        self.document = json.loads(self.path.read_text(encoding="utf-8"))
        self.operations = {operation["operationId"]: operation for operation in operations(self.document)}


def operations(document):
    """The operations of a description, or of what was made of it."""
    for item in document["paths"].values():
        yield from (operation for name, operation in item.items() if name != "parameters")


def routes_of(*prefixes):
    """The routes under these prefixes in the Worker's table, each `{}` a segment."""
    table = (pathlib.Path(__file__).parents[2] / "src/route.rs").read_text(encoding="utf-8")
    routes = re.findall(r'^ *route\((\w+), +"([^"]+)"', table, re.MULTILINE)
    return sorted((method.lower(), re.sub(r"{\w+}", "{}", path)) for method, path in routes if path.startswith(prefixes))


def described_routes(description):
    """The same of a description."""
    return sorted((method, re.sub(r"{\w+}", "{}", path)) for path, item in description.document["paths"].items()
                  for method in item if method != "parameters")


def parameter_lists(document):
    """Each list of parameters in a description, to be changed in place."""
    for item in document["paths"].values():
        for each in [item, *operations({"paths": {"": item}})]:
            yield each.setdefault("parameters", [])


def apart(schema):
    """What may be null, with null apart: of a string or null, too long a string comes out as null at times."""
    if "properties" in schema:
        schema = {**schema, "properties": {name: apart(each) for name, each in schema["properties"].items()}}
    if not isinstance(schema.get("type"), list):
        return schema
    [kind] = [each for each in schema["type"] if each != "null"]
    said = {**schema, "type": kind}
    if "enum" in said:
        said["enum"] = [each for each in said["enum"] if each is not None]
    return {"anyOf": [said, {"type": "null"}]}


def is_valid(case):
    """Whether schemathesis made this request as one that the description allows."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def wrong_parts(case):
    """Which parts of a request schemathesis made otherwise than the description allows. What is only added to a query or to the
    headers is not wrong: `negative_data_rejection` looks at it so."""
    if case.meta is None or is_valid(case) or has_only_additional_properties_in_non_body_parameters(case):
        return set()
    return {where.value for where, part in case.meta.components.items() if part.mode.is_negative}


# ---------------------------------------------------------------------------------------------------------------------
# schemathesis

SEED = 4
# `make torture` runs the long form. "coverage" sends what is at the edges of each member and parameter, the same requests in every
# run: nine tenths of them all.
LONG = os.environ.get("POSTERN_LONG") == "yes"
PHASES = ["examples", "coverage", "fuzzing"]
EACH = PHASES if LONG else ["examples", "fuzzing"]
EXAMPLES = 25 if LONG else 5
SEQUENCES = 15 if LONG else 3
STEPS = 6


class Run:
    """What schemathesis did with some operations: how many requests, how often each check, which answers, what failed."""

    def __init__(self, url, document, phases, operations, authorization, checks, of_operations=(), examples=EXAMPLES, modes="all"):
        self.requests = 0
        self.checks = collections.Counter()
        self.answers = set()
        self.failed = []
        stateful = "stateful" in phases
        settings = {
            "base-url": url,
            # A connection of its own for each request, as ONCE has it.
            "headers": {"Connection": "close"} | ({"Authorization": authorization} if authorization else {}),
            "seed": SEED,
            "generation": {
                "max-examples": SEQUENCES if stateful else examples,
                # use_after_free takes every DELETE for one that was done: none is sent that is to be refused.
                "mode": "positive" if stateful else modes,
                # Control characters in a header are refused before the Worker sees them.
                "exclude-header-characters": "".join(map(chr, [*range(0x20), 0x7f])),
                "database": "none",
                "no-shrink": True,
            },
            # Some are failures of a slow machine.
            "suppress-health-check": ["all"],
            "continue-on-failure": True,
            # Every check that it has is made, but for one: max_response_time, since what a time is worth depends on the machine.
            # No request may end in a 5xx, 503 included: the Worker of the tests lacks nothing.
            "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "4xx"]}, **checks},
            "operations": list(of_operations),
            "phases": {
                **{name: {"enabled": name in phases} for name in PHASES},
                # The description's own links alone: one that is guessed from the list might delete the caller.
                "stateful": {"enabled": stateful, "max-steps": STEPS, "inference": {"algorithms": []}},
            },
        }
        schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(settings))
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


def http(url, authorization):
    """A client for what a test makes by itself. Nothing here speaks TLS, whose certificates take long to load."""
    return httpx.Client(base_url=url, headers={"Authorization": authorization}, verify=False, limits=ONCE)


@contextlib.contextmanager
def hooked(*hooks):
    """With these called by schemathesis, each by its name, until the end."""
    for hook in hooks:
        schemathesis.hook(hook)
    try:
        yield
    finally:
        for hook in hooks:
            schemathesis.hooks.unregister(hook)


@contextlib.contextmanager
def runs(request, description, make, *own):
    """Gives a function that has `make` run schemathesis, as ever but for what PYTHONHASHSEED mixes, and that takes the answers
    that have to come beside what `make` takes. `own` are checks beside those of schemathesis. Tells in the end how much it was."""
    made = []

    def run(answers, phases, *arguments, **named):
        made.append(make(phases, *arguments, **named))
        failed = made[-1].failed
        assert not failed, "\n\n".join([f"{len(failed)} failed", *failed[:10]])
        if not LONG and phases in (EACH, ["stateful"]):
            # Without the edges not every check has its occasion, and not every answer is sure to come.
            assert made[-1].checks and made[-1].answers
            return
        # It was not for nothing: each check was made, and these answers came.
        assert set(made[-1].checks) == set(KNOWN_CHECKS.get_all_names()), made[-1].checks
        assert answers <= made[-1].answers, made[-1].answers

    for check in own:
        KNOWN_CHECKS.register(check)
    try:
        with pytest.MonkeyPatch.context() as patch:
            # What pytest's option --hypothesis-seed sets. The seed of schemathesis is not for all that it draws.
            patch.setattr(hypothesis.core, "global_force_seed", SEED)
            yield run
    finally:
        for check in own:
            KNOWN_CHECKS.unregister(check.__name__)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nschemathesis, from {description.file}: {sum(run.requests for run in made)} requests, "
              f"{sum(sum(run.checks.values()) for run in made)} checks, {sum(len(run.failed) for run in made)} failed")


def is_valid_openapi(description):
    """Whether it is, and speaks to people."""
    schemathesis.openapi.from_dict(description.document).validate()
    for operation in description.operations.values():
        assert operation["summary"] and operation["description"], operation["operationId"]


# ---------------------------------------------------------------------------------------------------------------------
# A generated client


@contextlib.contextmanager
def package(tmp_path_factory, description):
    """The package that openapi-python-client makes of the description, imported."""
    folder, name = tmp_path_factory.mktemp("generated"), f"generated_{description.name}"
    # It would run a formatter over what it made, which nobody reads here.
    settings = ConfigFile(post_hooks=[])
    errors = generate(config=Config.from_sources(settings, MetaType.NONE, description.path, "utf-8", False, folder / name))
    # It leaves out what it does not understand, and says so.
    assert not errors, errors
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[module]


class Generated:
    """The generated client of one caller: each operation by its id."""

    def __init__(self, description, package, url, token, prefix="Bearer"):
        self.description = description
        self.package = package
        self.models = importlib.import_module(f"{package.__name__}.models")
        self.client = package.AuthenticatedClient(base_url=url, token=token, prefix=prefix, raise_on_unexpected_status=True,
                                                  httpx_args={"limits": ONCE})

    def answer(self, operation, *arguments, **named):
        """The whole answer."""
        tag = self.description.operations[operation]["tags"][0]
        module = importlib.import_module(f"{self.package.__name__}.api.{tag}.{operation}")
        return module.sync_detailed(*arguments, client=self.client, **named)

    def call(self, status, kind, operation, *arguments, **named):
        """What is read in an answer, which has to be of this status and read as this model."""
        answer = self.answer(operation, *arguments, **named)
        assert answer.status_code == status, answer.content
        assert type(answer.parsed) is (getattr(self.models, kind) if kind else type(None))
        return answer.parsed


def generated_operations(package):
    """The ids of the operations that are in it."""
    return sorted(path.stem for path in (pathlib.Path(package.__file__).parent / "api").glob("*/[a-z]*.py"))
