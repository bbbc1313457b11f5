//! Exchanges of assertions for access tokens (RFC 7523 §2.2): log-ins without a secret.

use serde_json::{Map, Value};

use super::context::RequestContext;
use super::decision::{Decided, Known};
use crate::answer::Answer;
use crate::credential::end::Ends;
use crate::credential::id::Id;
use crate::credential::means::{created, end};
use crate::credential::secret::AccessOf;
use crate::jwt::jwk::Jwk;
use crate::jwt::jws::{Jws, KEY_LIFETIME_MAX};
use crate::jwt::signature::signer;
use crate::operation::Assertion;
use crate::refusal::{Misconfigured, Refusal};
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
        let (&means, members) = self.key_of(jws, &client).await.ok_or(Refusal::Unauthenticated)?;
        let (made, means_end) = (created(members), end(members));
        if let Some(jti) = jws.id() {
            let digest = self.settings.keys.current.digest("assertion", format!("{means} {jti}").as_bytes());
            let once =
                Once { now: self.now, client: id, means, made, digest, until: jws.expires_at(), change: self.change };
            if !keep_once(&self.store, &once).await? {
                return Err(Refusal::Unauthenticated);
            }
        }
        let of = AccessOf::Means { credential: client.id, means, made };
        let ends = Ends { credential: client.expires_at, secret: means_end, access: None };
        let answer = self.issued(of, ends, client.scope.as_deref(), scope)?;
        known.deferred = Some(After {
            now: self.now,
            used: Vec::new(),
            owners: client.is_unnoted.then_some((client.tenant, client.id)).into_iter().collect(),
            rekeyed: Vec::new(),
            change: self.change,
            by: client.id.to_string(),
            request: self.id.to_owned(),
        });
        Ok(answer)
    }

    /// Returns the key of the client that signed the assertion. Expired keys have no say.
    async fn key_of<'c>(&self, jws: &Jws<'_>, client: &'c Client) -> Option<(&'c Id, &'c Map<String, Value>)> {
        let is_valid = |members: &Map<_, _>| end(members).is_none_or(|end| end > self.now);
        for (id, members) in client.keys.iter().filter(|(_, members)| is_valid(members)) {
            let key = members.get("jwk").and_then(|key| Jwk::from_json(key).ok());
            if signer(jws, key.as_slice(), self.signatures).await.is_some() {
                return Some((id, members));
            }
        }
        None
    }
}
