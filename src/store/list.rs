//! Lists: pages by keyset. A page begins behind a place in an index, so it reads its own rows wherever it stands, and stays
//! right while rows come and go.

use serde::Deserialize;

use super::credential::Stored;
use super::principal::Principal;
use super::question::{By, On, Order, Page, Question};
use super::tenant::Tenant;
use super::verdict::{JUDGE, Outcome, first, judge, read};
use super::{Database, Row, Sql, Store};
use crate::credential::Credential;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// The most rows of a page, and the most that are counted behind one.
pub const PAGE_MAX: u32 = 1000;

/// The most that a list which is not paged shows.
pub const LIST_MAX: u32 = 10_000;

/// How many credentials a filtered page looks at: the rows that it reads stay below a thousand, whatever the filter. What it
/// does not come to, the next page does.
const LOOKS_AT: u32 = 120;

/// A page.
#[derive(Debug)]
pub struct Listed<T> {
    /// Its items, in the order asked for.
    pub items: Vec<T>,
    /// Whether more come after them.
    pub more: bool,
    /// Whether some come before them. Known where the page looks back.
    pub behind: bool,
    /// How many credentials the tenant has.
    pub total: u64,
    /// How many come after the page, up to [`PAGE_MAX`]. Known where the page counts.
    pub remaining: u64,
    /// Where a filtered page stopped looking, if before the end of the list.
    pub resume: Option<Edge>,
}

/// A place in a list of credentials: what of it the list is ordered by, and its id.
#[derive(Debug, Deserialize)]
pub struct Edge {
    /// When the credential there was made, in that order.
    pub created_at: Micros,
    /// Its name, in that order.
    pub name: String,
    /// Its id.
    pub id: Id,
}

impl Edge {
    /// The place.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        Place { created_at: self.created_at, name: &self.name, id: self.id }
    }
}

/// What a list can be of. What a question is on has to be the same.
pub trait Item: Sized {
    /// Where it stands in a list.
    fn place(&self) -> Place<'_>;

    /// Reads it from its row.
    ///
    /// # Errors
    /// `Broken` for a row of something else.
    fn of(row: &Row) -> Result<Self, Refusal>;
}

/// Where an item stands: what lists are ordered by.
pub struct Place<'a> {
    /// When it was made.
    pub created_at: Micros,
    /// Its name.
    pub name: &'a str,
    /// Its id.
    pub id: Id,
}

impl Item for Credential {
    fn place(&self) -> Place<'_> {
        Place { created_at: self.created_at, name: &self.name, id: self.id }
    }

    fn of(row: &Row) -> Result<Self, Refusal> {
        let stored: Stored = read(row)?;
        let sealed = stored.sealed();
        stored.into_credential(sealed)
    }
}

impl Item for Principal {
    fn place(&self) -> Place<'_> {
        Place { created_at: self.created_at, name: &self.name, id: self.id }
    }

    fn of(row: &Row) -> Result<Self, Refusal> {
        read(row)
    }
}

impl Item for Tenant {
    fn place(&self) -> Place<'_> {
        Place { created_at: self.created_at, name: &self.name, id: self.id }
    }

    fn of(row: &Row) -> Result<Self, Refusal> {
        read(row)
    }
}

/// A page of credentials (a tenant's, or a principal's), of a tenant's principals, or of tenants: root's are all of them,
/// anyone else's its own.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn page<D: Database, T: Item>(
    store: &Store<'_, D>,
    question: &Question,
) -> Result<Outcome<Listed<T>>, Refusal> {
    let page = question.page.as_ref().ok_or_else(|| Refusal::Broken("a list without a page".to_owned()))?;
    let mut statements = vec![JUDGE, rows(question, page)];
    // Before the first page there is nothing, and what is behind it the tenant's count tells.
    let looks_back = page.looks_back && page.is_further();
    let counts = page.counts && page.is_further();
    // Statements of their own, though the verdict costs some rows anew: within the page's they would nest too deep for SQLite.
    if looks_back {
        statements.push(one_behind(question, page));
    } else if counts {
        statements.push(count(question, page));
    } else if page.filter.is_some() {
        statements.push(edge(question, page));
    }
    let (Outcome { judged, result }, answered) = judge(store, question, &statements, Vec::new()).await?;
    let result = result.and_then(|()| {
        let limit = page.limit as usize;
        let found = answered.get(1).map(Vec::as_slice).unwrap_or_default();
        let items = found.iter().take(limit).map(T::of).collect::<Result<Vec<_>, _>>()?;
        let total = judged.total.unwrap_or_default();
        let remaining = match first(&answered, 2) {
            Some(row) if counts => read::<Remaining>(row)?.remaining,
            _ => total.saturating_sub(u64::from(page.skip) + items.len() as u64).min(u64::from(PAGE_MAX)),
        };
        let behind = looks_back && first(&answered, 2).is_some();
        let edge = first(&answered, 2).filter(|_| page.filter.is_some());
        let more = found.len() > limit;
        let resume = edge.filter(|_| !more).map(read).transpose()?;
        Ok(Listed { items, more, behind, total, remaining, resume })
    });
    Ok(Outcome { judged, result })
}

#[derive(Deserialize)]
struct Remaining {
    remaining: u64,
}

/// Every statement of a list begins with this: where the page begins.
const START: &str = include_str!("list_start.sql");

const OF_CREDENTIALS: &str = "r.*, newest.id AS newest, newest.key AS sealing_key, newest.sealed, iif(?1 ->> '$.page.tells_secrets', (\
    SELECT json_group_array(json(told)) FROM (\
      SELECT json_object('id', s.id, 'hint', s.hint, 'created_at', s.created_at, 'expires_at', s.expires_at, \
        'last_used_at', s.last_used_at) AS told \
      FROM secrets AS s WHERE s.tenant = r.tenant AND s.credential = r.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1) \
      ORDER BY s.created_at, s.id)), NULL) AS secrets";

/// A credential and its newest secret, where a face shows that.
const NEWEST: &str = "LEFT JOIN secrets AS newest ON newest.id = iif(?1 ->> '$.page.secrets', (\
    SELECT id FROM secrets WHERE tenant = r.tenant AND credential = r.id ORDER BY created_at DESC, id DESC LIMIT 1), NULL)";

/// The page's rows, and one more, which tells that there is more; or those of the ids that it names.
fn rows(question: &Question, page: &Page) -> Sql {
    let Source { keys, k, rows } = source(question, page);
    let (columns, newest) = if question.on == On::Credentials { (OF_CREDENTIALS, NEWEST) } else { ("r.*", "") };
    if page.ids.is_some() {
        let within = within(question, page, k);
        return Sql::judged(format!(
            "{START} SELECT {columns} FROM {keys} {rows} {newest}
            WHERE {within} {k}.id IN (SELECT value FROM json_each(?1, '$.page.ids')) AND EXISTS (SELECT 1 FROM start)"
        ));
    }
    if page.filter.is_some() {
        // Its key is the one that it is read by: it is not sorted again.
        let (key, direction) = order_key(page.order);
        let key = format!("r.*, {k}.{key} AS place, {k}.id AS place_id");
        let looked_at = select(question, page, &key, &format!("{keys} {rows}"), page.order, false);
        return Sql::judged(format!(
            "{START} SELECT {columns} FROM ({looked_at} LIMIT {LOOKS_AT}) AS r {newest} WHERE {PASSES}
            ORDER BY r.place{direction}, r.place_id{direction} LIMIT (?1 ->> '$.page.limit') + 1"
        ));
    }
    let select = select(question, page, columns, &format!("{keys} {rows} {newest}"), page.order, false);
    Sql::judged(format!("{START} {select} LIMIT (?1 ->> '$.page.limit') + 1 OFFSET ?1 ->> '$.page.skip'"))
}

/// What a filter asks of a credential; what it does not say, it does not ask. A role is looked for in the text, which costs no row
/// for each: within a string its quotes would be escaped.
const PASSES: &str = "coalesce(r.enabled = ?1 ->> '$.page.filter.enabled', 1) \
    AND coalesce(r.principal = ?1 ->> '$.page.filter.principal', 1) \
    AND (?1 ->> '$.page.filter.role' IS NULL OR coalesce(instr(r.roles, '\"role_id\":' || json_quote(?1 ->> '$.page.filter.role')), 0)) \
    AND coalesce(r.name >= ?1 ->> '$.page.filter.name_from', 1) AND coalesce(r.name < ?1 ->> '$.page.filter.name_to', 1) \
    AND (?1 ->> '$.page.filter.expires_before' IS NULL OR coalesce(r.expires_at < ?1 ->> '$.page.filter.expires_before', 0)) \
    AND (?1 ->> '$.page.filter.unused_since' IS NULL OR coalesce(r.last_used_at < ?1 ->> '$.page.filter.unused_since', 1)) \
    AND (?1 ->> '$.page.filter.unrotated_since' IS NULL OR NOT EXISTS (SELECT 1 FROM secrets AS s \
      WHERE s.tenant = r.tenant AND s.credential = r.id AND s.created_at >= ?1 ->> '$.page.filter.unrotated_since'))";

/// The place of the last credential that a filtered page looks at, if it looks at as many as it may: of the keys alone.
fn edge(question: &Question, page: &Page) -> Sql {
    let Source { keys, k, .. } = source(question, page);
    let columns = match page.order.by {
        By::Name => format!("0 AS created_at, {k}.name, {k}.id"),
        By::Creation | By::Id => format!("{k}.created_at, '' AS name, {k}.id"),
    };
    let select = select(question, page, &columns, keys, page.order, false);
    Sql::judged(format!("{START} {select} LIMIT 1 OFFSET {}", LOOKS_AT - 1))
}

/// How many rows there are behind the page, up to [`PAGE_MAX`]: read from the keys alone.
fn count(question: &Question, page: &Page) -> Sql {
    let select = select(question, page, "1", source(question, page).keys, page.order, false);
    Sql::judged(format!(
        "{START} SELECT count(*) AS remaining FROM ({select}
        LIMIT {PAGE_MAX} OFFSET (?1 ->> '$.page.skip') + (?1 ->> '$.page.limit'))"
    ))
}

/// One row from where the page begins, the other way.
fn one_behind(question: &Question, page: &Page) -> Sql {
    let Order { by, descending } = page.order;
    let back = Order { by, descending: !descending };
    let select = select(question, page, "1", source(question, page).keys, back, true);
    Sql::judged(format!("{START} {select} LIMIT 1"))
}

/// Where a list's keys are, in their order (`k`), and the rows that they are of (`r`); these may be the same.
struct Source {
    keys: &'static str,
    k: &'static str,
    rows: &'static str,
}

fn source(question: &Question, page: &Page) -> Source {
    let themselves = |keys| Source { keys, k: "r", rows: "" };
    let of_credentials =
        |keys| Source { keys, k: "k", rows: "CROSS JOIN credentials AS r ON r.tenant = k.tenant AND r.id = k.id" };
    match question.on {
        On::Tenants => themselves("tenants AS r"),
        On::Principals => themselves("principals AS r"),
        _ if question.principal.is_some() || filtered_principal(page) => {
            of_credentials("credentials_of_principal AS k")
        }
        _ if page.order.by == By::Name => of_credentials("credentials_by_name AS k"),
        _ => themselves("credentials AS r"),
    }
}

/// Whether a page is of one principal, in an order that its keys are in.
fn filtered_principal(page: &Page) -> bool {
    page.order.by == By::Creation && page.filter.as_ref().is_some_and(|filter| filter.principal.is_some())
}

/// The rows in an order, from where the page begins: made of the texts in this file, and of nothing that a request said.
fn select(question: &Question, page: &Page, columns: &str, from: &str, order: Order, inclusive: bool) -> String {
    // A place before every one and behind every one: to SQLite a blob comes behind every text. Names with a prefix are a
    // range of their own.
    let (key, first, last) = match order.by {
        By::Creation => ("created_at", "-1", "9007199254740992"),
        By::Name => ("name", "?1 ->> '$.page.filter.name_from', ''", "?1 ->> '$.page.filter.name_to', x'ff'"),
        By::Id => ("id", "''", "x'ff'"),
    };
    let (sign, edge) = if order.descending { ("<", last) } else { (">", first) };
    let sign = if inclusive { format!("{sign}=") } else { sign.to_owned() };
    let k = source(question, page).k;
    let within = within(question, page, k);
    let ends = match (order.by, order.descending, page.filter.is_some()) {
        (By::Name, true, true) => format!("{k}.name >= coalesce(?1 ->> '$.page.filter.name_from', '') AND"),
        (By::Name, false, true) => format!("{k}.name < coalesce(?1 ->> '$.page.filter.name_to', x'ff') AND"),
        _ => String::new(),
    };
    let order = order_by(k, order);
    format!(
        "SELECT {columns} FROM {from} WHERE {within} {ends}
          ({k}.{key}, {k}.id) {sign} (SELECT coalesce({key}, {edge}), coalesce(id, '') FROM start)
        {order}"
    )
}

fn order_by(k: &str, order: Order) -> String {
    let (key, direction) = order_key(order);
    format!("ORDER BY {k}.{key}{direction}, {k}.id{direction}")
}

fn order_key(order: Order) -> (&'static str, &'static str) {
    let key = match order.by {
        By::Creation => "created_at",
        By::Name => "name",
        By::Id => "id",
    };
    (key, if order.descending { " DESC" } else { "" })
}

/// What of the keys the list is of.
fn within(question: &Question, page: &Page, k: &str) -> String {
    match question.on {
        On::Tenants if question.caller.is_root() => String::new(),
        On::Tenants => format!("{k}.id = (SELECT caller_tenant FROM start) AND"),
        On::Credentials if question.principal.is_some() => {
            format!("{k}.tenant = (SELECT place FROM start) AND {k}.principal = ?1 ->> '$.principal' AND")
        }
        On::Credentials if filtered_principal(page) => {
            format!("{k}.tenant = (SELECT place FROM start) AND {k}.principal = ?1 ->> '$.page.filter.principal' AND")
        }
        _ => format!("{k}.tenant = (SELECT place FROM start) AND"),
    }
}
