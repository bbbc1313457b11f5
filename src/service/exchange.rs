//! Exchanges of assertions for access tokens (RFC 7523 §2.2): log-ins without a secret.

use serde_json::{Map, Value};

use super::context::RequestContext;
use super::decision::{Decided, Known};
use crate::answer::Answer;
use crate::credential::end::Ends;
use crate::credential::id::Id;
use crate::credential::means::{Means, created, end};
use crate::credential::role::is_same_scope;
use crate::credential::secret::{ACCESS_SECONDS, Access, AccessOf, access_end};
use crate::credential::time::Micros;
use crate::face::render_access;
use crate::jwt::jwk::Jwk;
use crate::jwt::jws::{Jws, KEY_LIFETIME_MAX};
use crate::jwt::signature::signer;
use crate::operation::Assertion;
use crate::refusal::{Misconfigured, Refusal, Unreadable};
use crate::settings::name;
use crate::store::Database;
use crate::store::after::After;
use crate::store::exchange::{Client, Once, client, keep_once};

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Logs a credential in by an assertion that it signed with one of its keys. All reasons to refuse an assertion get the
    /// same response.
    pub(super) async fn exchange(&self, assertion: Assertion, scope: Option<&str>) -> Result<Decided<Answer>, Refusal> {
        let Some(issuer) = &self.settings.issuer else {
            let problem = "is required to log in by a key: set it to the https:// address of this service";
            return Err(Refusal::Misconfigured(Misconfigured { setting: name::ISSUER, problem }));
        };
        let jws = Jws::parse(&assertion.text).map_err(|_| Refusal::Unauthenticated)?;
        let id = Id::parse_client(jws.subject()).filter(|_| jws.issuer() == jws.subject());
        let id = id
            .filter(|id| assertion.client.is_none_or(|client| client == Some(*id)))
            .ok_or(Refusal::Unauthenticated)?;
        let is_timely = jws.judge_times(self.now, KEY_LIFETIME_MAX).is_ok();
        if !is_timely || jws.audience() != issuer {
            return Err(Refusal::Unauthenticated);
        }
        let mut known = Known { named: Some(id), ..Known::default() };
        let result = self.exchanged(&jws, id, scope, &mut known).await;
        Ok(Decided { known: Box::new(known), result })
    }

    async fn exchanged(
        &self,
        jws: &Jws<'_>,
        id: Id,
        scope: Option<&str>,
        known: &mut Known,
    ) -> Result<Answer, Refusal> {
        let client = client(&self.store, self.now, id).await?.ok_or(Refusal::Unauthenticated)?;
        let Found { id: means, made, end: means_end } =
            self.key_of(jws, &client).await.ok_or(Refusal::Unauthenticated)?;
        if let Some(jti) = jws.id() {
            let digest = self.settings.keys.current.digest("assertion", format!("{means} {jti}").as_bytes());
            let once =
                Once { now: self.now, client: id, means, made, digest, until: jws.expires_at(), change: self.change };
            if !keep_once(&self.store, &once).await? {
                return Err(Refusal::Unauthenticated);
            }
        }
        if scope.is_some_and(|scope| !is_same_scope(scope, client.scope.as_deref().unwrap_or_default())) {
            return Err(Refusal::Unreadable(Unreadable::Scope));
        }
        known.deferred = Some(After {
            now: self.now,
            used: Vec::new(),
            owners: client.is_unnoted.then_some((client.tenant, client.id)).into_iter().collect(),
            rekey: None,
            change: self.change,
            by: client.id.to_string(),
            request: self.id.to_owned(),
        });
        let access = Access { of: AccessOf::Means { credential: client.id, means, made }, end: access_end(self.now) };
        let ends = Ends { credential: client.expires_at, secret: means_end, access: Some(access.end) };
        let issued = self.settings.keys.current.issue_access(&self.settings.token_prefix, access);
        Ok(render_access(&issued, ends.seconds_left(self.now, ACCESS_SECONDS), client.scope.as_deref()))
    }

    /// Returns the key of the client that signed the assertion. Expired keys have no say.
    async fn key_of(&self, jws: &Jws<'_>, client: &Client) -> Option<Found> {
        let keys = client.means(Means::Key).iter();
        let valid = keys.filter(|(_, members)| end(members).is_none_or(|end| end > self.now));
        let read = |(id, members): (&Id, &Map<String, Value>)| {
            let found = Found { id: *id, made: created(members), end: end(members) };
            Some((found, Jwk::from_json(members.get("jwk")?).ok()?))
        };
        let (found, keys): (Vec<_>, Vec<_>) = valid.filter_map(read).unzip();
        let signer = signer(jws, &keys, self.signatures).await?;
        let at = keys.iter().position(|key| key == signer)?;
        found.into_iter().nth(at)
    }
}

/// A key that signed an assertion.
struct Found {
    id: Id,
    made: Micros,
    end: Option<Micros>,
}
