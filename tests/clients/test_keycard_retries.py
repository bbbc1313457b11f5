"""Keycard's own client retries only transient failures. A transport between it and the Worker observes the requests;
pauses are recorded, not slept."""

import time

import anyio
import httpx
import pytest
from conftest import Between
from keycardai_api import ConflictError, InternalServerError, NotFoundError

DEFAULT = "0" * 26


@pytest.fixture
def pauses(monkeypatch):
    """The pauses before retries, in seconds."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(anyio, "sleep", sleep)
    return pauses


class Worker:
    """A Worker behind a failing transport: the number of requests that reached the transport, and the Worker."""

    def __init__(self, failures, answer, lost=False):
        self.failures, self.answer, self.lost = failures, answer, lost
        self.came = 0
        self.through = []
        self.between = Between(self.before, self.after)

    def fails(self):
        return self.came <= self.failures

    def before(self, request):
        self.came += 1
        if self.fails() and not self.lost:
            return self.answer()
        self.through.append(request.method)
        return request

    def after(self, answer):
        return self.answer() if self.fails() else answer


def failure(status, **headers):
    body = {"message": "Try again.", "code": "unavailable", "status": status}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: httpx.Response(status, headers=headers, json=body)


def through_failures(place, worker):
    """The operations on credentials, through the failing transport."""
    return place.sdk.client(place.url, place.root, worker.between).organizations.service_accounts.credentials


def tries(sdk):
    return [request.headers["x-stainless-retry-count"] for request in sdk.sent]


def names(place):
    listed = place.sdk(place.credentials.list(place.account.id, organization_id=place.organization.id))
    return [item.name for item in listed.items]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("failures", [1, 2])
def test_client_retries_a_5xx_until_the_worker_answers(sdk, place, pauses, status, failures):
    worker = Worker(failures, failure(status, retry_after_ms="20"))
    assert sdk(through_failures(place, worker).retrieve(**place.of)) == place.now()
    assert tries(sdk)[:-1] == [str(number) for number in range(failures + 1)]
    assert (worker.came, worker.through) == (failures + 1, ["GET"])
    assert pauses == [0.02] * failures


def test_retried_write_that_never_arrived_is_made_once(sdk, place, pauses):
    def once(method, call):
        worker = Worker(1, failure(503, retry_after_ms="20"))
        answer = sdk(call(through_failures(place, worker)))
        assert (worker.came, worker.through) == (2, [method])
        return answer

    made = once("POST", lambda credentials: credentials.create(**place.parents, name="another"))
    assert names(place) == ["made", "another"]
    once("PATCH", lambda credentials: credentials.update(made.id, **place.parents, name="renamed"))
    assert names(place) == ["made", "renamed"]
    once("DELETE", lambda credentials: credentials.delete(made.id, **place.parents))
    assert names(place) == ["made"]
    assert pauses == [0.02] * 3


def test_write_with_a_lost_response_is_sent_again(sdk, place, pauses):
    # The Worker cannot recognize a retry: the client sends no idempotency key.
    def lost(call):
        worker = Worker(1, failure(502), lost=True)
        return worker, lambda: sdk(call(through_failures(place, worker)))

    worker, create = lost(lambda credentials: credentials.create(**place.parents, name="twice"))
    create()
    assert worker.through == ["POST", "POST"]
    assert names(place) == ["made", "twice", "twice"]
    worker, update = lost(lambda credentials: credentials.update(**place.of, name="renamed"))
    assert update().name == "renamed"
    assert worker.through == ["PATCH", "PATCH"]
    answer, _ = place.raw("retrieve")
    assert answer.headers["etag"] == f'"{place.made.id}.3"', "repeating the update changes nothing"
    worker, delete = lost(lambda credentials: credentials.delete(**place.of))
    with pytest.raises(NotFoundError):
        delete()
    assert worker.through == ["DELETE", "DELETE"]
    assert names(place) == ["twice", "twice"]
    assert len(pauses) == 3


def test_client_tries_a_503_three_times(sdk, unconfigured_url, root, pauses):
    with pytest.raises(InternalServerError) as raised:
        sdk(sdk.client(unconfigured_url, root).organizations.create(name="never"))
    assert raised.value.status_code == 503
    assert raised.value.body["code"] == "unavailable"
    assert "POSTERN_MASTER_KEY" in raised.value.body["message"]
    assert tries(sdk) == ["0", "1", "2"]
    assert len(pauses) == 2


def test_client_waits_as_long_as_retry_after_says(sdk, place, pauses):
    worker = Worker(1, failure(503, retry_after="1"))
    assert sdk(through_failures(place, worker).retrieve(**place.of)).id == place.made.id
    assert pauses == [1.0]


def test_permanent_conflict_is_not_retried(sdk, place, pauses):
    error = sdk.refused(lambda: place.accounts.delete(DEFAULT, organization_id=place.organization.id),
                        ConflictError, 409, "conflict")
    assert error.response.headers["x-should-retry"] == "false"
    assert (tries(sdk), pauses) == (["0"], [])
    assert sdk(place.accounts.retrieve(DEFAULT, organization_id=place.organization.id)).id == DEFAULT


def test_conflict_without_x_should_retry_would_be_tried_three_times(sdk, place, pauses):
    def silence(answer):
        del answer.headers["x-should-retry"]
        return answer

    accounts = sdk.client(place.url, place.root, Between(after=silence)).organizations.service_accounts
    with pytest.raises(ConflictError):
        sdk(accounts.delete(DEFAULT, organization_id=place.organization.id))
    assert tries(sdk) == ["0", "1", "2"]
    assert len(pauses) == 2
