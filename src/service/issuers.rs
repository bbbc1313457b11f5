//! The keys of issuers: those that are known, and when to fetch new ones (docs/decisions/0028).

use super::context::RequestContext;
use crate::jwt::fetch::{Allowed, keys};
use crate::jwt::issuer::Issuer;
use crate::jwt::jwk::Jwk;
use crate::jwt::jws::Jws;
use crate::refusal::Refusal;
use crate::store::Database;
use crate::store::exchange::Client;
use crate::store::issuers::{Kept, claim, keep, kept};

/// For how many seconds the keys of an issuer are used without a fetch.
const FRESH_SECONDS: i64 = 10 * 60;
/// For how many seconds they are used if fetches fail.
const USABLE_SECONDS: i64 = 60 * 60;
/// The seconds from one fetch of an issuer's keys to the next.
const TRY_SECONDS: i64 = 60;
/// How many seconds a fetch may take: it gets two documents.
const FETCH_SECONDS: i64 = 7;
/// How often to look for the keys that another request fetches.
const PAUSES_MAX: usize = 10;

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Returns the keys of an issuer: those that are known while they are fresh and may have signed the token, else new ones if it
    /// is this request's turn to fetch them. If it is another's, waits for its keys.
    pub(super) async fn keys_of(&self, jws: &Jws<'_>, issuer: &Issuer, client: &Client) -> Result<Vec<Jwk>, Refusal> {
        let suffices = |keys: &Vec<Jwk>| jws.candidates(keys).next().is_some();
        let known = |kept: Option<&Kept>, seconds| kept?.keys(seconds, self.now).filter(suffices);
        let tried = |kept: Option<&Kept>, seconds| kept.is_some_and(|kept| kept.was_tried(seconds, self.now));

        let found = client.issuer.as_ref();
        if let Some(keys) = known(found, FRESH_SECONDS) {
            return Ok(keys);
        }
        let usable = known(found, USABLE_SECONDS);
        let is_due = !tried(found, TRY_SECONDS);
        if is_due && claim(&self.store, self.now, client.tenant, issuer).await? {
            return self.fetched(issuer).await.or(usable).ok_or(Refusal::NoIssuerKeys);
        }
        if let Some(keys) = usable {
            return Ok(keys);
        }
        // The issuer has no such key.
        let none = Vec::new();
        if !is_due && found.is_some_and(Kept::has_succeeded) {
            return Ok(none);
        }
        for _ in 0..PAUSES_MAX {
            let kept = kept(&self.store, self.now, issuer).await?;
            if let Some(keys) = known(kept.as_ref(), FRESH_SECONDS) {
                return Ok(keys);
            }
            if !tried(kept.as_ref(), FETCH_SECONDS) {
                break;
            }
            if kept.is_some_and(|kept| kept.has_succeeded()) {
                return Ok(none);
            }
            self.fetch.pause().await;
        }
        Err(Refusal::NoIssuerKeys)
    }

    /// Fetches the keys of an issuer, and keeps them. `None` if that fails.
    async fn fetched(&self, issuer: &Issuer) -> Option<Vec<Jwk>> {
        let own = [self.settings.issuer.as_deref().unwrap_or_default(), self.request.origin];
        let allowed = Allowed { development: self.settings.development_issuer.as_deref(), own };
        let keys = keys(issuer, allowed, self.fetch).await?;
        // Kept or not, they are the issuer's keys.
        let _ = keep(&self.store, self.now, issuer, &keys).await;
        Some(keys)
    }
}
