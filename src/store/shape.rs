//! The statements of lists. As in `sql.rs`, `…` in a skeleton omits SQL, and `{name}` is another text.

use super::command::{Command, Order, Page, SortKey, Target};
use super::text::{fill, secrets_listed, sql};

/// The maximum number of items on a page, and of items counted after one.
pub const PAGE_MAX: u32 = 1000;

/// The number of credentials that a filtered page examines. The next page continues after them, so a page reads fewer
/// than a thousand rows with any filter.
const SCAN_MAX: u32 = 120;

/// What the text of a list's statement depends on. Each member has few values, so the number of texts is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    scope: Scope,
    order: Order,
    /// Whether the page has the ids to return.
    by_ids: bool,
    filtered: bool,
    /// Whether the page ends before an item.
    ends: bool,
    pub(super) extra: Extra,
}

/// What a list contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    AllTenants,
    /// The caller's own tenant.
    OwnTenant,
    Principals,
    Credentials,
    /// The credentials of the principal that the path names.
    OfPrincipal,
    /// The credentials of the principal that the filter names, by creation: read from that principal's keys.
    OfFilteredPrincipal,
}

/// A column that the row of the verdict has in addition to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extra {
    Nothing,
    /// Whether an item precedes the page.
    Previous,
    /// The number of items after the page, up to [`PAGE_MAX`].
    Remaining,
    /// The position of the last item that a filtered page examined, if it examined [`SCAN_MAX`].
    Edge,
}

impl Shape {
    pub(super) fn new(command: &Command, page: &Page) -> Self {
        let by_filter = page.filter.as_ref().is_some_and(|filter| filter.principal.is_some());
        let scope = match command.target {
            Target::Tenants | Target::Tenant if command.caller.is_root() => Scope::AllTenants,
            Target::Tenants | Target::Tenant => Scope::OwnTenant,
            Target::Principals | Target::Principal => Scope::Principals,
            Target::Credentials | Target::Credential | Target::Own | Target::Caller | Target::Events => {
                if command.principal.is_some() {
                    Scope::OfPrincipal
                } else if by_filter && page.order.key == SortKey::Creation {
                    Scope::OfFilteredPrincipal
                } else {
                    Scope::Credentials
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
        Self { scope, order: page.order, by_ids, filtered, ends, extra }
    }

    /// Returns the target of the verdict.
    pub(super) fn target(self) -> Target {
        match self.scope {
            Scope::AllTenants | Scope::OwnTenant => Target::Tenants,
            Scope::Principals => Target::Principals,
            Scope::Credentials | Scope::OfPrincipal | Scope::OfFilteredPrincipal => Target::Credentials,
        }
    }

    /// Returns the statement after the verdict. It returns the row of the verdict, then the rows of [`Shape::rows`]:
    ///
    /// ```sql
    /// , start AS (SELECT {judged}, … AS goes, …tenant, … AS created_at, … AS name, … AS id FROM verdict LEFT JOIN …)
    /// SELECT s.judged, {extra} AS extra, NULL AS …, … FROM start AS s
    /// UNION ALL SELECT NULL, NULL, * FROM ({rows})
    /// ```
    pub(super) fn text(self) -> String {
        let (columns, names) = match self.scope {
            Scope::AllTenants | Scope::OwnTenant => ("r.id, r.label", "id, label"),
            Scope::Principals => ("r.tenant, r.id", "tenant, id"),
            Scope::Credentials | Scope::OfPrincipal | Scope::OfFilteredPrincipal => (
                "r.last_used_at, newest.id AS newest, newest.key AS sealing_key, newest.sealed, {secrets} AS secrets, r.tenant, r.id",
                "last_used_at, newest, sealing_key, sealed, secrets, tenant, id",
            ),
        };
        let names = format!("{names}, state, revision, created_at, updated_at");
        let nulls = names.split(", ").map(|name| format!("NULL AS {name}")).collect::<Vec<_>>().join(", ");
        let listed = secrets_listed("r.tenant", "r.id");
        let listed = format!("iif(?1 ->> '$.page.lists_secrets', {listed}, NULL)");
        let columns =
            format!("{}, r.state, r.revision, r.created_at, r.updated_at", fill(columns, &[("secrets", &listed)]));
        let blanks = [("rows", self.rows(&columns)), ("extra", self.extra()), ("nulls", nulls)];
        let blanks: Vec<_> = blanks.iter().map(|(name, value)| (*name, value.as_str())).collect();
        sql!("list_start").to_owned() + &fill(sql!("list_page"), &blanks)
    }

    /// Returns the query of a page's items. One item more than the page has shows that the list continues.
    ///
    /// ```sql
    /// {select} LIMIT {limit} + 1 OFFSET {skip}                                      -- a page
    /// SELECT {columns} FROM ({select} LIMIT 120) AS r {newest} WHERE {filter}
    ///   ORDER BY r.position, r.position_id LIMIT {limit} + 1                        -- a filtered page
    /// SELECT {columns} FROM {keys} {rows} {newest} WHERE … k.id IN (…) AND …        -- the ids of the page
    /// ```
    fn rows(self, columns: &str) -> String {
        let Source { keys, k, rows } = self.source();
        let newest = if self.target() == Target::Credentials { sql!("list_newest") } else { "" };
        if self.by_ids {
            let in_scope = self.scope_condition(k, &FROM_START);
            return format!(
                "SELECT {columns} FROM {keys} {rows} {newest} \
                WHERE {in_scope} {k}.id IN (SELECT value FROM json_each(?1, '$.page.ids')) AND (SELECT goes FROM start)"
            );
        }
        if self.filtered {
            // Ordering by the key that the scan reads by needs no sort.
            let (key, direction) = order_key(self.order);
            let scanned = format!(
                "r.tenant, r.id, r.state, r.revision, r.created_at, r.updated_at, r.last_used_at, r.enabled, r.principal, r.roles, r.name, \
                r.expires_at, {k}.{key} AS position, {k}.id AS position_id"
            );
            let scanned = self.select(&scanned, &format!("{keys} {rows}"), self.order, &FROM_START);
            let filter = sql!("list_filter");
            return format!(
                "SELECT {columns} FROM ({scanned} LIMIT {SCAN_MAX}) AS r {newest} WHERE {filter} \
                ORDER BY r.position{direction}, r.position_id{direction} LIMIT (?1 ->> '$.page.limit') + 1"
            );
        }
        let select = self.select(columns, &format!("{keys} {rows} {newest}"), self.order, &FROM_START);
        format!("{select} LIMIT (?1 ->> '$.page.limit') + 1 OFFSET ?1 ->> '$.page.skip'")
    }

    /// Returns the column `extra` of the row of the verdict. It reads only the keys of the list:
    ///
    /// ```sql
    /// NULL                                                                          -- Nothing
    /// iif(s.goes, (SELECT 1 … ORDER BY … DESC LIMIT 1), NULL)                       -- Previous
    /// iif(s.goes, (SELECT count(*) FROM (SELECT 1 … LIMIT 1000 OFFSET …)), NULL)    -- Remaining
    /// iif(s.goes, (SELECT json_object(…) … LIMIT 1 OFFSET 119), NULL)               -- Edge
    /// ```
    fn extra(self) -> String {
        let Source { keys, k, .. } = self.source();
        let Order { key, descending } = self.order;
        let extra = match self.extra {
            Extra::Nothing => return "NULL".to_owned(),
            Extra::Previous => {
                let reversed = Order { key, descending: !descending };
                format!("{} LIMIT 1", self.select("1", keys, reversed, &Start { correlated: true, inclusive: true }))
            }
            Extra::Remaining => {
                let select = self.select("1", keys, self.order, &Start { correlated: true, inclusive: false });
                let after_page = "OFFSET (?1 ->> '$.page.skip') + (?1 ->> '$.page.limit')";
                format!("SELECT count(*) FROM ({select} LIMIT {PAGE_MAX} {after_page})")
            }
            Extra::Edge => {
                let (created_at, name) = match key {
                    SortKey::Name => ("0".to_owned(), format!("{k}.name")),
                    SortKey::Creation | SortKey::Id => (format!("{k}.created_at"), "''".to_owned()),
                };
                let position = format!("json_object('created_at', {created_at}, 'name', {name}, 'id', {k}.id)");
                let select = self.select(&position, keys, self.order, &Start { correlated: true, inclusive: false });
                format!("{select} LIMIT 1 OFFSET {}", SCAN_MAX - 1)
            }
        };
        format!("iif(s.goes, ({extra}), NULL)")
    }

    /// Returns the tables of the list, as `FROM {keys} {rows}`.
    fn source(self) -> Source {
        let direct = |keys| Source { keys, k: "r", rows: "" };
        let through_keys =
            |keys| Source { keys, k: "k", rows: "CROSS JOIN credentials AS r ON r.tenant = k.tenant AND r.id = k.id" };
        match self.scope {
            Scope::AllTenants | Scope::OwnTenant => direct("tenants AS r"),
            Scope::Principals => direct("principals AS r"),
            Scope::OfPrincipal | Scope::OfFilteredPrincipal => through_keys("credentials_of_principal AS k"),
            Scope::Credentials if self.order.key == SortKey::Name => through_keys("credentials_by_name AS k"),
            Scope::Credentials => direct("credentials AS r"),
        }
    }

    /// Returns the query of the rows of `from` after the start of the page, in an order:
    ///
    /// ```sql
    /// SELECT {columns} FROM {from} WHERE k.tenant = … AND (k.created_at, k.id) > (…start…) ORDER BY k.created_at, k.id
    /// ```
    fn select(self, columns: &str, from: &str, order: Order, start: &Start) -> String {
        // Sentinels that sort before and after every real key: SQLite sorts a blob after every text. A prefix of
        // names is a range.
        let (key, first, last) = match order.key {
            SortKey::Creation => ("created_at", "-1", "9007199254740992"),
            SortKey::Name => ("name", "?1 ->> '$.page.filter.name_from', ''", "?1 ->> '$.page.filter.name_to', x'ff'"),
            SortKey::Id => ("id", "''", "x'ff'"),
        };
        let (comparison, sentinel) = if order.descending { ("<", last) } else { (">", first) };
        let equals = if start.inclusive { "=" } else { "" };
        let start_key = if start.correlated {
            format!("(coalesce(s.{key}, {sentinel}), coalesce(s.id, ''))")
        } else {
            format!("(SELECT coalesce({key}, {sentinel}), coalesce(id, '') FROM start WHERE goes)")
        };
        let k = self.source().k;
        let in_scope = self.scope_condition(k, start);
        let name_bound = match (order.key, order.descending, self.filtered) {
            (SortKey::Name, true, true) => format!("{k}.name >= coalesce(?1 ->> '$.page.filter.name_from', '') AND"),
            (SortKey::Name, false, true) => format!("{k}.name < coalesce(?1 ->> '$.page.filter.name_to', x'ff') AND"),
            (SortKey::Creation, false, _) if self.ends => {
                format!("({k}.created_at, {k}.id) < (?1 ->> '$.page.until.at', ?1 ->> '$.page.until.id') AND")
            }
            (SortKey::Name, _, false) | (SortKey::Creation | SortKey::Id, ..) => String::new(),
        };
        let (_, direction) = order_key(order);
        format!(
            "SELECT {columns} FROM {from} WHERE {in_scope} {name_bound} ({k}.{key}, {k}.id) {comparison}{equals} {start_key} \
            ORDER BY {k}.{key}{direction}, {k}.id{direction}"
        )
    }

    /// Returns the condition that selects the keys of the list, followed by AND; it is empty for all tenants.
    ///
    /// ```sql
    /// k.tenant = … AND k.principal = … AND
    /// ```
    fn scope_condition(self, k: &str, start: &Start) -> String {
        let [tenant, caller_tenant] = ["tenant", "caller_tenant"].map(|column| {
            if start.correlated { format!("s.{column}") } else { format!("(SELECT {column} FROM start WHERE goes)") }
        });
        match self.scope {
            Scope::AllTenants => String::new(),
            Scope::OwnTenant => format!("{k}.id = {caller_tenant} AND"),
            Scope::Principals | Scope::Credentials => format!("{k}.tenant = {tenant} AND"),
            Scope::OfPrincipal => format!("{k}.tenant = {tenant} AND {k}.principal = ?1 ->> '$.principal' AND"),
            Scope::OfFilteredPrincipal => {
                format!("{k}.tenant = {tenant} AND {k}.principal = ?1 ->> '$.page.filter.principal' AND")
            }
        }
    }
}

/// How a query reads the start of the page.
struct Start {
    /// Whether it reads columns of the surrounding query (`s`), or selects from `start`.
    correlated: bool,
    /// Whether the item at the start is included.
    inclusive: bool,
}

const FROM_START: Start = Start { correlated: false, inclusive: false };

/// The tables of a list.
struct Source {
    /// The table or index with the keys in their order.
    keys: &'static str,
    /// The alias of `keys`: `r` if it also has the rows.
    k: &'static str,
    /// The join of the rows `r`, if they are in another table.
    rows: &'static str,
}

/// Returns the column of an order, and its direction as a suffix for ORDER BY.
fn order_key(order: Order) -> (&'static str, &'static str) {
    let key = match order.key {
        SortKey::Creation => "created_at",
        SortKey::Name => "name",
        SortKey::Id => "id",
    };
    (key, if order.descending { " DESC" } else { "" })
}
