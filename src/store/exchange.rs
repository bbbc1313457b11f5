//! Exchanges of assertions for access tokens: the credential that an assertion is for, and assertions that are used once.

use serde::{Deserialize, Serialize};

use super::issuers::Kept;
use super::plain::Plain;
use super::row::row;
use super::verdict::read;
use super::verify::stored;
use super::{Database, Store};
use crate::credential::id::Id;
use crate::credential::means::Stored;
use crate::credential::role::{Role, scope};
use crate::credential::time::Micros;
use crate::jwt::issuer::Issuer;
use crate::refusal::Refusal;

/// A valid credential that an assertion may be for.
pub struct Client {
    /// The owning tenant.
    pub tenant: Id,
    /// When it expires.
    pub expires_at: Option<Micros>,
    /// Its scope (RFC 6749 §3.3).
    pub scope: Option<String>,
    /// Whether its use is to be recorded.
    pub is_unnoted: bool,
    /// Its keys; its trusts where an issuer is asked for.
    pub means: Stored,
    /// The keys of that issuer, if any were fetched.
    pub issuer: Option<Kept>,
}

/// What the statement on a client gets.
#[derive(Serialize)]
pub struct ClientQuery<'a> {
    /// The time of the request.
    pub now: Micros,
    /// The credential.
    pub client: Id,
    /// The issuer of the assertion, if it is not the client itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<&'a str>,
}

/// Finds a valid credential, with its keys, or with its trusts and the keys of the issuer. `None` if no credential has this
/// id, or it is expired, revoked or disabled.
///
/// # Errors
/// `Unavailable` or `Broken`.
pub async fn client<D: Database>(
    store: &Store<'_, D>,
    now: Micros,
    client: Id,
    issuer: Option<&Issuer>,
) -> Result<Option<Client>, Refusal> {
    #[derive(Deserialize)]
    struct Row {
        tenant: Id,
        expires_at: Option<Micros>,
        unrestricted: u8,
        roles: String,
        means: Option<String>,
        issuer: Option<String>,
        role_names: String,
        unnoted: u8,
    }
    let Some(rows) =
        row(store, Plain::Exchange, &ClientQuery { now, client, issuer: issuer.map(Issuer::as_str) }, false).await?
    else {
        return Ok(None);
    };
    let Row { tenant, expires_at, unrestricted, roles, means, issuer, role_names, unnoted } = read(&rows)?;
    let roles = Some(stored::<Vec<Role>>(&roles)?).filter(|_| unrestricted == 0);
    Ok(Some(Client {
        tenant,
        expires_at,
        scope: scope(roles.as_deref(), &stored::<Vec<String>>(&role_names)?),
        is_unnoted: unnoted == 1,
        means: means.as_deref().map(stored).transpose()?.unwrap_or_default(),
        issuer: issuer.as_deref().map(stored).transpose()?,
    }))
}

/// An assertion that may be used once.
#[derive(Serialize)]
pub struct Once {
    /// The time of the request.
    pub now: Micros,
    /// The credential.
    pub client: Id,
    /// Its key or trust.
    pub means: Id,
    /// When that was added.
    pub made: Micros,
    /// A digest of the client, the issuer of the assertion, and its id.
    pub digest: String,
    /// When the assertion ends.
    pub until: Micros,
    /// The unique stamp of the request.
    pub change: Id,
}

/// Keeps the id of an assertion. Returns whether it was not kept before, and the credential and its key or trust are still valid.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or `Broken`.
pub async fn keep_once<D: Database>(store: &Store<'_, D>, once: &Once) -> Result<bool, Refusal> {
    Ok(row(store, Plain::ExchangeOnce, once, true).await?.is_some())
}
