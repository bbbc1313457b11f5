//! The keys of issuers as they were last fetched, shared by all isolates.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::plain::Plain;
use super::row::row;
use super::sql::Sql;
use super::verdict::read;
use super::verify::stored;
use super::{Database, Parameter, Store};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::jwt::issuer::Issuer;
use crate::jwt::jwk::Jwk;
use crate::refusal::Refusal;

/// What is known of an issuer: when the last fetch began, when the last one that succeeded began, and the keys that it found.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Kept(Map<String, Value>);

impl Kept {
    /// Returns the keys, if they were fetched less than so many seconds from a time. What this version cannot use is skipped.
    #[must_use]
    pub fn keys(&self, seconds: i64, now: Micros) -> Option<Vec<Jwk>> {
        let keys = self.0.get("keys").and_then(Value::as_array).filter(|_| self.is_near("fetched_at", seconds, now))?;
        Some(keys.iter().filter_map(|key| Jwk::from_json(key).ok()).collect())
    }

    /// Returns whether the last fetch began less than so many seconds from a time.
    #[must_use]
    pub fn was_tried(&self, seconds: i64, now: Micros) -> bool {
        self.is_near("tried_at", seconds, now)
    }

    /// Returns whether the last fetch succeeded.
    #[must_use]
    pub fn has_succeeded(&self) -> bool {
        self.0.get("fetched_at") == self.0.get("tried_at")
    }

    /// A time from long after `now` is of a clock that was set back since.
    fn is_near(&self, name: &str, seconds: i64, now: Micros) -> bool {
        let at = self.0.get(name).and_then(Value::as_i64);
        at.is_some_and(|at| now.0.abs_diff(at) < seconds.unsigned_abs() * 1_000_000)
    }
}

/// What the statements on an issuer get.
#[derive(Serialize)]
pub struct Fetch<'a> {
    /// When the fetch begins.
    pub now: Micros,
    /// The issuer.
    pub issuer: &'a str,
    /// The tenant whose trust it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Id>,
    /// The keys that it found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Value>,
}

/// Claims the next fetch of an issuer's keys, for a tenant. Returns `false` if there was one within the last minute. A new issuer
/// is refused if 60 new ones were tried within the last minute, or 20 are known for the tenant.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or `Broken`.
pub async fn claim<D: Database>(
    store: &Store<'_, D>,
    now: Micros,
    tenant: Id,
    issuer: &Issuer,
) -> Result<bool, Refusal> {
    let fetch = Fetch { now, issuer: issuer.as_str(), tenant: Some(tenant), keys: None };
    Ok(row(store, Plain::IssuerClaim, &fetch, true).await?.is_some())
}

/// Replaces the keys of an issuer by those of the fetch that was claimed at `now`.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or `Broken`.
pub async fn keep<D: Database>(
    store: &Store<'_, D>,
    now: Micros,
    issuer: &Issuer,
    keys: &[Jwk],
) -> Result<(), Refusal> {
    let keys: Vec<_> = keys.iter().cloned().map(Value::from).collect();
    let fetch = Fetch { now, issuer: issuer.as_str(), tenant: None, keys: Some(keys.into()) };
    row(store, Plain::IssuerKeep, &fetch, true).await.map(drop)
}

/// Returns what is known of an issuer.
///
/// # Errors
/// `Unavailable` or `Broken`.
pub async fn kept<D: Database>(store: &Store<'_, D>, now: Micros, issuer: &Issuer) -> Result<Option<Kept>, Refusal> {
    #[derive(Deserialize)]
    struct Row {
        issuer: String,
    }
    let fetch = Fetch { now, issuer: issuer.as_str(), tenant: None, keys: None };
    let found = row(store, Plain::IssuerRead, &fetch, false).await?;
    found.map(|row| stored(&read::<Row>(&row)?.issuer)).transpose()
}

/// Forgets the keys that nobody asked for within a day.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or `Broken`.
pub async fn forget<D: Database>(store: &Store<'_, D>, now: Micros) -> Result<(), Refusal> {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let now = Parameter::Number(now.0 as f64);
    store.batch(&[Sql::Plain(Plain::IssuersForget).text()], &[now], true).await.map(drop)
}
