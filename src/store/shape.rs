//! The statements of lists: what they depend on, and their text after the verdict.

use super::command::{Command, Order, Page, SortKey, Target};
use super::text::{fill, secrets_listed};

/// The most rows of a page, and the most that are counted behind one.
pub const PAGE_MAX: u32 = 1000;

/// How many credentials a filtered page looks at: the rows that it reads stay below a thousand, whatever the filter. What it
/// does not come to, the next page does.
const LOOKS_AT: u32 = 120;

/// What a list's statement depends on: of each there are a few values, so there is a bounded number of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    of: Of,
    order: Order,
    /// Whether it is of the ids that the page names.
    by_ids: bool,
    filtered: bool,
    /// Whether it ends before an item.
    ends: bool,
    /// What is read beside the page.
    pub(super) extra: Extra,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    AllTenants,
    /// The caller's.
    Tenant,
    Principals,
    Credentials,
    /// The credentials of the path's principal.
    Principal,
    /// The credentials of the filter's principal, in the order of its keys.
    FilteredPrincipal,
}

/// What is read beside the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extra {
    Nothing,
    /// Whether anything precedes it.
    Previous,
    /// How many items follow it, up to [`PAGE_MAX`].
    Remaining,
    /// The position of the last item that a filtered page looks at, if it looks at as many as it may.
    Edge,
}

impl Shape {
    pub(super) fn new(command: &Command, page: &Page) -> Self {
        let by_filter = page.filter.as_ref().is_some_and(|filter| filter.principal.is_some());
        let of = match command.target {
            Target::Tenants | Target::Tenant if command.caller.is_root() => Of::AllTenants,
            Target::Tenants | Target::Tenant => Of::Tenant,
            Target::Principals | Target::Principal => Of::Principals,
            Target::Credentials | Target::Credential | Target::Caller | Target::Events => {
                if command.principal.is_some() {
                    Of::Principal
                } else if by_filter && page.order.key == SortKey::Creation {
                    Of::FilteredPrincipal
                } else {
                    Of::Credentials
                }
            }
        };
        let extra = if page.checks_previous && page.is_further() {
            Extra::Previous
        } else if page.counts && page.is_further() {
            Extra::Remaining
        } else if page.filter.is_some() {
            Extra::Edge
        } else {
            Extra::Nothing
        };
        let (by_ids, filtered, ends) = (page.ids.is_some(), page.filter.is_some(), page.until.is_some());
        Self { of, order: page.order, by_ids, filtered, ends, extra }
    }

    /// What the verdict is on.
    pub(super) fn on(self) -> Target {
        match self.of {
            Of::AllTenants | Of::Tenant => Target::Tenants,
            Of::Principals => Target::Principals,
            Of::Credentials | Of::Principal | Of::FilteredPrincipal => Target::Credentials,
        }
    }

    /// Returns the statement after the verdict: the row of the verdict, then the page's rows and one more, which tells that there is
    /// more; or the rows of the ids that the page names.
    pub(super) fn text(self) -> String {
        let (columns, nulls) = match self.of {
            Of::AllTenants | Of::Tenant => ("r.id, r.label", "NULL AS id, NULL AS label"),
            Of::Principals => ("r.tenant, r.id", "NULL AS tenant, NULL AS id"),
            Of::Credentials | Of::Principal | Of::FilteredPrincipal => (
                "r.last_used_at, newest.id AS newest, newest.key AS sealing_key, newest.sealed, {secrets} AS secrets, r.tenant, r.id",
                "NULL AS last_used_at, NULL AS newest, NULL AS sealing_key, NULL AS sealed, NULL AS secrets, NULL AS tenant, NULL AS id",
            ),
        };
        let listed = secrets_listed("r.tenant", "r.id");
        let listed = format!("iif(?1 ->> '$.page.lists_secrets', {listed}, NULL)");
        let columns =
            format!("{}, r.state, r.revision, r.created_at, r.updated_at", fill(columns, &[("secrets", &listed)]));
        let blanks = [
            ("rows", self.rows(&columns)),
            ("extra", self.extra()),
            ("nulls", format!("{nulls}, NULL AS state, NULL AS revision, NULL AS created_at, NULL AS updated_at")),
        ];
        let blanks: Vec<_> = blanks.iter().map(|(name, value)| (*name, value.as_str())).collect();
        include_str!("sql/list_start.sql").to_owned() + &fill(include_str!("sql/list_page.sql"), &blanks)
    }

    fn rows(self, columns: &str) -> String {
        let Source { keys, k, rows } = self.source();
        let newest = if self.on() == Target::Credentials { include_str!("sql/list_newest.sql") } else { "" };
        if self.by_ids {
            let within = self.within(k, &FROM_START);
            return format!(
                "SELECT {columns} FROM {keys} {rows} {newest}
                WHERE {within} {k}.id IN (SELECT value FROM json_each(?1, '$.page.ids')) AND (SELECT goes FROM start)"
            );
        }
        if self.filtered {
            // The key is the one that it is read by: it is not sorted again.
            let (key, direction) = order_key(self.order);
            let looked_at = format!(
                "r.tenant, r.id, r.state, r.revision, r.created_at, r.updated_at, r.last_used_at, r.enabled, r.principal, r.roles, r.name, \
                r.expires_at, {k}.{key} AS position, {k}.id AS position_id"
            );
            let looked_at = self.select(&looked_at, &format!("{keys} {rows}"), self.order, &FROM_START);
            let passes = include_str!("sql/list_filter.sql");
            return format!(
                "SELECT {columns} FROM ({looked_at} LIMIT {LOOKS_AT}) AS r {newest} WHERE {passes}
                ORDER BY r.position{direction}, r.position_id{direction} LIMIT (?1 ->> '$.page.limit') + 1"
            );
        }
        let select = self.select(columns, &format!("{keys} {rows} {newest}"), self.order, &FROM_START);
        format!("{select} LIMIT (?1 ->> '$.page.limit') + 1 OFFSET ?1 ->> '$.page.skip'")
    }

    /// Read from the keys only, as a column of the row of the verdict.
    fn extra(self) -> String {
        let Source { keys, k, .. } = self.source();
        let Order { key, descending } = self.order;
        let extra = match self.extra {
            Extra::Nothing => return "NULL".to_owned(),
            Extra::Previous => {
                let back = Order { key, descending: !descending };
                format!("{} LIMIT 1", self.select("1", keys, back, &Start { outer: true, inclusive: true }))
            }
            Extra::Remaining => {
                let select = self.select("1", keys, self.order, &Start { outer: true, inclusive: false });
                let after_page = "OFFSET (?1 ->> '$.page.skip') + (?1 ->> '$.page.limit')";
                format!("SELECT count(*) FROM ({select} LIMIT {PAGE_MAX} {after_page})")
            }
            Extra::Edge => {
                let (created_at, name) = match key {
                    SortKey::Name => ("0".to_owned(), format!("{k}.name")),
                    SortKey::Creation | SortKey::Id => (format!("{k}.created_at"), "''".to_owned()),
                };
                let edge = format!("json_object('created_at', {created_at}, 'name', {name}, 'id', {k}.id)");
                let select = self.select(&edge, keys, self.order, &Start { outer: true, inclusive: false });
                format!("{select} LIMIT 1 OFFSET {}", LOOKS_AT - 1)
            }
        };
        format!("iif(s.goes, ({extra}), NULL)")
    }

    fn source(self) -> Source {
        let themselves = |keys| Source { keys, k: "r", rows: "" };
        let of_credentials =
            |keys| Source { keys, k: "k", rows: "CROSS JOIN credentials AS r ON r.tenant = k.tenant AND r.id = k.id" };
        match self.of {
            Of::AllTenants | Of::Tenant => themselves("tenants AS r"),
            Of::Principals => themselves("principals AS r"),
            Of::Principal | Of::FilteredPrincipal => of_credentials("credentials_of_principal AS k"),
            Of::Credentials if self.order.key == SortKey::Name => of_credentials("credentials_by_name AS k"),
            Of::Credentials => themselves("credentials AS r"),
        }
    }

    /// The rows in an order, from where the page begins.
    fn select(self, columns: &str, from: &str, order: Order, start: &Start) -> String {
        // Sentinels that sort before and after every real key: to SQLite a blob comes after every text. Names with a prefix are a
        // range of their own.
        let (key, first, last) = match order.key {
            SortKey::Creation => ("created_at", "-1", "9007199254740992"),
            SortKey::Name => ("name", "?1 ->> '$.page.filter.name_from', ''", "?1 ->> '$.page.filter.name_to', x'ff'"),
            SortKey::Id => ("id", "''", "x'ff'"),
        };
        let (sign, edge) = if order.descending { ("<", last) } else { (">", first) };
        let equals = if start.inclusive { "=" } else { "" };
        let begins = if start.outer {
            format!("(coalesce(s.{key}, {edge}), coalesce(s.id, ''))")
        } else {
            format!("(SELECT coalesce({key}, {edge}), coalesce(id, '') FROM start WHERE goes)")
        };
        let k = self.source().k;
        let within = self.within(k, start);
        let ends = match (order.key, order.descending, self.filtered) {
            (SortKey::Name, true, true) => format!("{k}.name >= coalesce(?1 ->> '$.page.filter.name_from', '') AND"),
            (SortKey::Name, false, true) => format!("{k}.name < coalesce(?1 ->> '$.page.filter.name_to', x'ff') AND"),
            (SortKey::Creation, false, _) if self.ends => {
                format!("({k}.created_at, {k}.id) < (?1 ->> '$.page.until.at', ?1 ->> '$.page.until.id') AND")
            }
            (SortKey::Name, _, false) | (SortKey::Creation | SortKey::Id, ..) => String::new(),
        };
        let (_, direction) = order_key(order);
        format!(
            "SELECT {columns} FROM {from} WHERE {within} {ends} ({k}.{key}, {k}.id) {sign}{equals} {begins}
            ORDER BY {k}.{key}{direction}, {k}.id{direction}"
        )
    }

    /// Which of the keys the list is of.
    fn within(self, k: &str, start: &Start) -> String {
        let [tenant, caller_tenant] = ["tenant", "caller_tenant"].map(|column| {
            if start.outer { format!("s.{column}") } else { format!("(SELECT {column} FROM start WHERE goes)") }
        });
        match self.of {
            Of::AllTenants => String::new(),
            Of::Tenant => format!("{k}.id = {caller_tenant} AND"),
            Of::Principals | Of::Credentials => format!("{k}.tenant = {tenant} AND"),
            Of::Principal => format!("{k}.tenant = {tenant} AND {k}.principal = ?1 ->> '$.principal' AND"),
            Of::FilteredPrincipal => {
                format!("{k}.tenant = {tenant} AND {k}.principal = ?1 ->> '$.page.filter.principal' AND")
            }
        }
    }
}

/// How the statement names where the page begins.
struct Start {
    /// By the columns of the query around it (`s`), or by a query of its own.
    outer: bool,
    /// Whether the item there belongs to what is read.
    inclusive: bool,
}

const FROM_START: Start = Start { outer: false, inclusive: false };

/// Where a list's keys are, in their order (`k`), and the rows that they are of (`r`); these may be the same.
struct Source {
    keys: &'static str,
    k: &'static str,
    rows: &'static str,
}

fn order_key(order: Order) -> (&'static str, &'static str) {
    let key = match order.key {
        SortKey::Creation => "created_at",
        SortKey::Name => "name",
        SortKey::Id => "id",
    };
    (key, if order.descending { " DESC" } else { "" })
}
