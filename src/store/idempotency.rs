//! Idempotency keys: what is made under one is made once, and answered the same for a day.

use serde::Deserialize;

use super::question::{Act, On, Question};
use super::verdict::{JUDGE, Outcome, judge, read};
use super::{Database, Parameter, Row, Sql, Store};
use crate::credential::field::Violation;
use crate::credential::secret::Sealed;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

const ADD: Sql = Sql::judged_by(include_str!("idempotency_add.sql"));
const READ: Sql = Sql::judged_by(include_str!("idempotency_read.sql"));
const FORGET: Sql = Sql::plain("DELETE FROM idempotency WHERE created_at <= ?1 - 86400000000");

/// Keeps what was made, as its row then was. By its columns: D1 takes 32 arguments. Its secrets are a text within it, as they are in
/// a row: `|| ''`, since D1 puts the JSON of a subquery in as JSON.
macro_rules! keep {
    ($from:literal, $columns:literal) => {
        Sql::plain(concat!(
            "UPDATE idempotency SET made = (SELECT json_object(",
            $columns,
            ") FROM ",
            $from,
            ") \
             WHERE created_at = ?1 ->> '$.now' AND change = ?1 ->> '$.change'"
        ))
    };
}

const KEEP_TENANT: Sql = keep!(
    "tenants AS r WHERE r.id = ?1 ->> '$.tenant.id'",
    "'id', r.id, 'label', r.label, 'name', r.name, 'enabled', r.enabled, 'rbac', r.rbac, 'preconditions', r.preconditions, \
     'role_names', r.role_names, 'revision', r.revision, 'created_at', r.created_at, 'updated_at', r.updated_at"
);
const KEEP_PRINCIPAL: Sql = keep!(
    "principals AS r WHERE r.tenant = ?1 ->> '$.tenant.id' AND r.id = ?1 ->> '$.principal'",
    "'tenant', r.tenant, 'id', r.id, 'name', r.name, 'description', r.description, 'enabled', r.enabled, \
     'revision', r.revision, 'created_at', r.created_at, 'updated_at', r.updated_at"
);
const KEEP_CREDENTIAL: Sql = keep!(
    "credentials AS r WHERE r.tenant = ?1 ->> '$.tenant.id' AND r.id = ?1 ->> '$.credential'",
    "'tenant', r.tenant, 'id', r.id, 'principal', r.principal, 'name', r.name, 'description', r.description, \
     'enabled', r.enabled, 'roles', r.roles, 'expires_at', r.expires_at, 'metadata', r.metadata, 'revision', r.revision, \
     'created_at', r.created_at, 'updated_at', r.updated_at, 'secrets', (SELECT json_group_array(json_object('id', s.id, \
       'hint', s.hint, 'created_at', s.created_at, 'expires_at', s.expires_at, 'last_used_at', NULL)) || '' \
       FROM secrets AS s WHERE s.tenant = r.tenant AND s.credential = r.id)"
);

/// What was made: now, or under the same key before, and then with the secret that was shown.
pub struct Made<T> {
    /// It, as it was when it was made.
    pub made: T,
    /// Its secret, sealed, where it was made before.
    pub replayed: Option<Option<Sealed>>,
}

/// Makes what the question asks for by these statements, once for its key. That of them which gives back the row is told by its
/// place.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) async fn once<D: Database, T>(
    store: &Store<'_, D>,
    question: &Question,
    create: &[Sql],
    gives: usize,
    violations: Vec<Violation>,
    read_made: impl FnOnce(&Row) -> Result<T, Refusal>,
) -> Result<Outcome<Made<T>>, Refusal> {
    #[derive(Deserialize)]
    struct Kept {
        made: String,
        key: Option<String>,
        sealed: Option<String>,
    }
    let keep = match question.on {
        On::Tenants => KEEP_TENANT,
        On::Principals => KEEP_PRINCIPAL,
        _ => KEEP_CREDENTIAL,
    };
    // What the statements find is judged by what is there; so the key comes first, and what was kept of it last.
    let keyed = [&[JUDGE, ADD], create, &[keep, READ]].concat();
    let plain = [&[JUDGE], create].concat();
    let statements: &[Sql] = match (question.invalid, &question.idempotency) {
        (true, None) => &[JUDGE],
        (true, Some(_)) => &[JUDGE, READ],
        (false, None) => &plain,
        (false, Some(_)) => &keyed,
    };
    let (Outcome { judged, result }, rows) = judge(store, question, statements, violations).await?;
    let result = result.and_then(|()| {
        let missing = || Refusal::Broken("no row made".to_owned());
        if judged.is_replay() {
            let Kept { made, key, sealed } = read(rows.last().and_then(|rows| rows.first()).ok_or_else(missing)?)?;
            let sealed = sealed.zip(key).map(|(text, key)| Sealed { key, text });
            return Ok(Made { made: read_made(&Row::new(&made))?, replayed: Some(sealed) });
        }
        let before = if question.idempotency.is_some() { 2 } else { 1 };
        let row = rows.get(before + gives).and_then(|rows| rows.first()).ok_or_else(missing)?;
        Ok(Made { made: read_made(row)?, replayed: None })
    });
    Ok(Outcome { judged, result })
}

/// Removes what is older than a day.
///
/// # Errors
/// `Unavailable` or `Broken`.
pub async fn forget<D: Database>(store: &Store<'_, D>, now: Micros) -> Result<(), Refusal> {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let now = now.0 as f64;
    store.batch(&[FORGET], &[Parameter::Number(now)], Act::Delete, true).await.map(drop)
}
