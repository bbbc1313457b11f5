"""Keycard's own client: its lists, page by page, in both directions."""

import httpx
import pytest
from conftest import ONCE
from keycardai_api import BadRequestError

# More than the default page size.
COUNT = 23
DEFAULT = "0" * 26


class Crowd:
    """An organization with many service accounts, the last of them with many credentials, and nothing else."""

    def __init__(self, url, root):
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {root}"}, limits=ONCE)
        self.id = self.made("/organizations", "Crowd")
        accounts = f"/organizations/{self.id}/service-accounts"
        self.accounts = [DEFAULT, *(self.made(accounts, f"account {number}") for number in range(COUNT - 1))]
        self.empty, self.full = self.accounts[-2:]
        credentials = f"{accounts}/{self.full}/credentials"
        self.credentials = [self.made(credentials, f"credential {number}") for number in range(COUNT)]

    def made(self, path, name):
        answer = self.client.post(path, json={"name": name})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


@pytest.fixture(scope="module")
def crowd(url, root):
    crowd = Crowd(url, root)
    yield crowd
    crowd.client.close()


class Lists:
    """The client's three lists, called by root."""

    def __init__(self, sdk, url, root, crowd):
        self.organizations = sdk.client(url, root).organizations
        self.ids = {"accounts": crowd.accounts, "credentials": crowd.credentials}
        accounts = self.organizations.service_accounts

        def of_accounts(**page):
            return sdk(accounts.list(crowd.id, **page))

        def of_credentials(account=crowd.full, **page):
            return sdk(accounts.credentials.list(account, organization_id=crowd.id, **page))

        def of_organizations(**page):
            return sdk(self.organizations.list(**page))

        self.of = {"accounts": of_accounts, "credentials": of_credentials, "organizations": of_organizations}


@pytest.fixture
def lists(sdk, url, root, crowd):
    return Lists(sdk, url, root, crowd)


def ids(pages):
    return [item.id for page in pages for item in page.items]


def forward(call, **page):
    """All pages from the first one on, following page_info."""
    pages, after = [], {}
    while True:
        read = call(**after, **page)
        pages.append(read)
        assert read.page_info.has_prev_page is bool(after)
        if not read.page_info.has_next_page:
            return pages
        assert read.page_info.end_cursor != after.get("after"), "the cursor advances"
        after = {"after": read.page_info.end_cursor}


def backward(call, last, **page):
    """All pages before a cursor, the nearest first."""
    pages, cursor = [], last.page_info.start_cursor
    while True:
        read = call(before=cursor, **page)
        pages.append(read)
        assert read.page_info.has_next_page is True
        if not read.page_info.has_prev_page:
            return pages
        assert read.page_info.start_cursor != cursor, "the cursor advances"
        cursor = read.page_info.start_cursor


@pytest.mark.parametrize("limit", [1, 5, COUNT - 1, COUNT, 100])
@pytest.mark.parametrize("noun", ["accounts", "credentials"])
def test_every_item_is_returned_once_in_both_directions(lists, noun, limit):
    call, expected = lists.of[noun], lists.ids[noun]
    pages = forward(call, limit=limit)
    # Oldest first.
    assert ids(pages) == expected
    assert [len(page.items) for page in pages[:-1]] == [limit] * ((COUNT - 1) // limit)
    assert sorted(item.created_at for page in pages for item in page.items) == \
        [item.created_at for page in pages for item in page.items]
    for page in pages:
        assert 1 <= len(page.page_info.start_cursor) <= 255 and 1 <= len(page.page_info.end_cursor) <= 255
    if len(pages) == 1:
        assert call(limit=limit, before=pages[0].page_info.start_cursor).items == []
        return
    back = backward(call, pages[-1], limit=limit)
    # Items within a page are in the same order in both directions.
    assert ids([*reversed(back), pages[-1]]) == expected
    assert [len(page.items) for page in back] == [limit] * len(back)


def test_root_sees_every_organization_once_in_both_directions(lists, sdk, crowd):
    made = [crowd.id, *(sdk(lists.organizations.create(name=f"listed {number}")).id for number in range(3))]
    call = lists.of["organizations"]
    seen = ids(forward(call, limit=100))
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in made] == made
    limit = min(100, len(seen) // 3)
    pages = forward(call, limit=limit)
    assert len(pages) >= 3 and ids(pages) == seen
    assert ids([*reversed(backward(call, pages[-1], limit=limit)), pages[-1]]) == seen


def test_other_callers_see_only_their_own_organization(sdk, place):
    for token in (place.token(), place.made.client_secret):
        listed = sdk(place.by(token).list(limit=1))
        assert listed.items == [place.organization]
        assert (listed.page_info.has_next_page, listed.page_info.has_prev_page) == (False, False)


def test_default_page_has_twenty_items(lists):
    for noun in ("accounts", "credentials"):
        first = lists.of[noun]()
        assert len(first.items) == 20 and first.page_info.has_next_page is True
        rest = lists.of[noun](after=first.page_info.end_cursor)
        assert ids([first, rest]) == lists.ids[noun]


def test_list_item_equals_the_retrieved_resource(lists, sdk, crowd):
    item = lists.of["credentials"](limit=1).items[0]
    credentials = lists.organizations.service_accounts.credentials
    assert sdk(credentials.retrieve(item.id, organization_id=crowd.id, service_account_id=crowd.full)) == item
    assert "client_secret" not in item.model_extra
    item = lists.of["accounts"](limit=2).items[1]
    assert sdk(lists.organizations.service_accounts.retrieve(item.id, organization_id=crowd.id)) == item


def test_empty_list_has_no_cursors(lists, crowd):
    listed = lists.of["credentials"](account=crowd.empty)
    assert listed.items == []
    assert listed.page_info.to_dict() == {"has_next_page": False, "has_prev_page": False}
    beyond = lists.of["accounts"](after=lists.of["accounts"](limit=100).page_info.end_cursor)
    assert (beyond.items, beyond.page_info.to_dict()) == ([], {"has_next_page": False, "has_prev_page": True})


def test_pages_are_stable_while_items_are_created_and_deleted(sdk, place):
    listed = {"service_account_id": place.account.id, "organization_id": place.organization.id, "limit": 3}
    made = [place.made.id, *(place.credential(f"number {number}").id for number in range(6))]
    first = sdk(place.credentials.list(**listed))
    assert ids([first]) == made[:3]
    # The last item of the page, whose position is the cursor; an item of the next page; and a new item.
    for gone in (made[2], made[4]):
        sdk(place.credentials.delete(gone, **place.parents))
    new = place.credential("new").id
    second = sdk(place.credentials.list(after=first.page_info.end_cursor, **listed))
    assert ids([second]) == [made[3], made[5], made[6]]
    third = sdk(place.credentials.list(after=second.page_info.end_cursor, **listed))
    assert ids([third]) == [new]
    assert third.page_info.has_next_page is False
    back = sdk(place.credentials.list(before=second.page_info.start_cursor, **listed))
    assert ids([back]) == made[:2]
    assert (back.page_info.has_next_page, back.page_info.has_prev_page) == (True, False)


def test_permissions_are_returned_only_on_request(sdk, place):
    def read(token, **asked):
        organizations = place.by(token)
        accounts = organizations.service_accounts
        return {
            "organizations": sdk(organizations.list(limit=1, **asked)),
            "service_accounts": sdk(accounts.list(place.organization.id, **asked)),
            "credentials": sdk(accounts.credentials.list(place.account.id, organization_id=place.organization.id, **asked)),
        }

    for asked in ({}, {"expand": ["total_count"]}):
        for listed in read(place.root, **asked).values():
            for one in (listed, *listed.items):
                assert "permissions" not in one.model_fields_set
    expand = {"expand": ["permissions", "total_count"]}
    for token, changes, deletes in (
        (place.root, {"organizations", "service_accounts", "credentials"}, {"service_accounts", "credentials"}),
        (place.token("editor"), {"service_accounts", "credentials"}, set()),
        (place.made.client_secret, set(), set()),
    ):
        for noun, listed in read(token, **expand).items():
            may = {noun: {"read": True, "update": noun in changes, "delete": noun in deletes}}
            assert len(listed.items) >= 1
            for one in (listed, *listed.items):
                assert one.permissions == may
                assert not one.model_extra
            assert not listed.page_info.model_extra, "total_count is not supported"


# Invalid pages, and the parameters that the error must name.
WRONG = [
    ({"limit": 0}, ["limit"]),
    ({"limit": 101}, ["limit"]),
    ({"limit": -1}, ["limit"]),
    ({"extra_query": {"limit": "ten"}}, ["limit"]),
    ({"after": "x"}, ["after"]),
    ({"before": "0" * 256}, ["before"]),
    ({"after": "x", "limit": 0}, ["after", "limit"]),
]


@pytest.mark.parametrize("noun", ["accounts", "credentials", "organizations"])
@pytest.mark.parametrize("page, named", WRONG, ids=[f"{number}-{'-'.join(row[1])}" for number, row in enumerate(WRONG, 1)])
def test_invalid_page_parameters_are_a_400(sdk, lists, noun, page, named):
    error = sdk.refused(lambda: lists.of[noun](**page), BadRequestError, 400, "bad_request")
    for name in named:
        assert name in error.body["message"]


@pytest.mark.parametrize("noun", ["accounts", "credentials", "organizations"])
def test_after_and_before_are_the_range_between_them(lists, noun):
    first = lists.of[noun](limit=5)
    after, before = (lists.of[noun](limit=count).page_info.end_cursor for count in (1, 5))
    between = lists.of[noun](after=after, before=before)
    assert (between.items, between.page_info.has_next_page) == (first.items[1:4], False)
    assert lists.of[noun](after=before, before=after).items == []
