//! Exchanges of assertions for access tokens: log-ins without a secret. A client signs an assertion with a key of its own (RFC 7523
//! §2.2), or presents a token of an issuer that it trusts (also as a grant, §2.1).

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::context::RequestContext;
use super::decision::{Decided, Known};
use crate::answer::Answer;
use crate::credential::base32;
use crate::credential::end::Ends;
use crate::credential::id::Id;
use crate::credential::means::{created, end, has_expired};
use crate::credential::secret::{Access, AccessOf, access_end};
use crate::credential::time::Micros;
use crate::jwt::issuer::Issuer;
use crate::jwt::jwk::Jwk;
use crate::jwt::jws::{Jws, KEY_LIFETIME_MAX, TRUST_LIFETIME_MAX};
use crate::jwt::signature::signer;
use crate::jwt::trust::Trust;
use crate::operation::{Assertion, AssertionAs};
use crate::refusal::{Misconfigured, Refusal, Unreadable};
use crate::settings::name;
use crate::store::Database;
use crate::store::after::After;
use crate::store::exchange::{Client, Once, client, keep_once};

/// The key or trust of a client that accepts its assertion.
struct Accepted {
    id: Id,
    made: Micros,
    end: Option<Micros>,
    /// When the access token ends at the latest.
    access_end: Micros,
    /// Whether the assertion may be used only once.
    is_once: bool,
}

impl Accepted {
    fn new(id: Id, members: &Map<String, Value>, access_end: Micros, is_once: bool) -> Self {
        Self { id, made: created(members), end: end(members), access_end, is_once }
    }
}

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Logs a credential in by an assertion. All reasons to refuse an assertion get the same response.
    pub(super) async fn exchange(&self, assertion: Assertion, scope: Option<&str>) -> Result<Decided<Answer>, Refusal> {
        // Whose failure it is, also if the assertion cannot be read.
        let mut known = Known { named: assertion.client, ..Known::default() };
        let result = self.exchanged(&assertion, scope, &mut known).await;
        // RFC 7523 §3.1 and §3.2.
        let is_grant = assertion.sent_as == AssertionAs::Grant;
        let result = result.map_err(|refusal| {
            if is_grant && refusal == Refusal::Unauthenticated {
                Refusal::Unreadable(Unreadable::Grant)
            } else {
                refusal
            }
        });
        Ok(Decided { known: Box::new(known), result })
    }

    async fn exchanged(
        &self,
        assertion: &Assertion,
        scope: Option<&str>,
        known: &mut Known,
    ) -> Result<Answer, Refusal> {
        let Some(service) = &self.settings.issuer else {
            let problem = "is required to log in without a secret: set it to the https:// address of this service";
            return Err(Refusal::Misconfigured(Misconfigured { setting: name::ISSUER, problem }));
        };
        let jws = Jws::parse(&assertion.text).map_err(|_| Refusal::Unauthenticated)?;
        let (id, issuer) = self.found_by(assertion, &jws, service).ok_or(Refusal::Unauthenticated)?;
        known.named = Some(id);
        let lifetime_max = if issuer.is_some() { TRUST_LIFETIME_MAX } else { KEY_LIFETIME_MAX };
        // Some libraries write an address without a path with a slash. The audience of an issuer's token is that of the trust.
        let is_audience = issuer.is_some() || jws.audience().strip_suffix('/').unwrap_or(jws.audience()) == service;
        if jws.judge_times(self.now, lifetime_max).is_err() || !is_audience {
            return Err(Refusal::Unauthenticated);
        }
        let client = client(&self.store, self.now, id, issuer.as_ref()).await?.ok_or(Refusal::Unauthenticated)?;
        let accepted = match &issuer {
            None => self.key_of(&jws, &client).await,
            Some(issuer) => self.trust_of(&jws, &client, issuer, assertion.sent_as).await?,
        };
        let Accepted { id: means, made, end, access_end, is_once } = accepted.ok_or(Refusal::Unauthenticated)?;
        let access = Access { of: AccessOf::Means { credential: id, means, made }, end: access_end };
        let ends = Ends { credential: client.expires_at, secret: end, access: Some(access_end) };
        // Before the assertion is used up.
        let answer = self.issued(access, ends, client.scope.as_deref(), scope)?;
        if is_once {
            let jti = jws.id().ok_or(Refusal::Unauthenticated)?;
            // Not under the master key, which may change while the assertion is valid; and without the key or trust, which may be
            // replaced by another one that accepts the assertion.
            let digest = base32::encode(&Sha256::digest(format!("{id} {} {jti}", jws.issuer())));
            let once =
                Once { now: self.now, client: id, means, made, digest, until: jws.expires_at(), change: self.change };
            if !keep_once(&self.store, &once).await? {
                return Err(Refusal::Unauthenticated);
            }
        }
        known.deferred = Some(After {
            now: self.now,
            used: Vec::new(),
            owners: client.is_unnoted.then_some((client.tenant, id)).into_iter().collect(),
            rekeyed: Vec::new(),
            change: self.change,
            by: id.to_string(),
            request: self.id.to_owned(),
        });
        Ok(answer)
    }

    /// Returns the credential that an assertion is for, and the issuer of the assertion unless it is the client itself. `None` if it
    /// names no credential. `service` is the issuer of access tokens.
    fn found_by(&self, assertion: &Assertion, jws: &Jws<'_>, service: &str) -> Option<(Id, Option<Issuer>)> {
        let own = Id::parse_client(jws.subject()).filter(|_| jws.issuer() == jws.subject());
        if let Some(own) = own.filter(|_| assertion.sent_as == AssertionAs::Client) {
            return assertion.client.is_none_or(|client| client == own).then_some((own, None));
        }
        // A workload that cannot send a client id asks its issuer for a token with this audience.
        let in_audience = || Id::parse_client(jws.audience().strip_prefix(service)?.strip_prefix('/')?);
        let issuer = Issuer::parse(jws.issuer(), self.settings.development_issuer.as_deref()).ok()?;
        Some((assertion.client.or_else(in_audience)?, Some(issuer)))
    }

    /// Returns the key of the client that signed the assertion. Expired keys have no say.
    async fn key_of(&self, jws: &Jws<'_>, client: &Client) -> Option<Accepted> {
        for (id, members) in client.means.iter().filter(|(_, members)| !has_expired(members, self.now)) {
            let key = members.get("jwk").and_then(|key| Jwk::from_json(key).ok());
            if signer(jws, key.as_slice(), self.signatures).await.is_some() {
                return Some(Accepted::new(*id, members, access_end(self.now), jws.id().is_some()));
            }
        }
        None
    }

    /// Returns the trust of the client that accepts a token of an issuer, the oldest one.
    async fn trust_of(
        &self,
        jws: &Jws<'_>,
        client: &Client,
        issuer: &Issuer,
        sent_as: AssertionAs,
    ) -> Result<Option<Accepted>, Refusal> {
        // A grant may also be for the token endpoint.
        let service = self.settings.issuer.as_deref().filter(|_| sent_as == AssertionAs::Grant);
        let mut accepting: Vec<_> = client
            .means
            .iter()
            .map(|(id, members)| (*id, members))
            .filter(|(_, members)| Trust(members).compare(jws, self.now, service).is_accepted())
            .collect();
        // Whether the issuer's own keys signed the token.
        let mut is_signed = None;
        // At most ten: a sort would make the Worker 2 kB larger.
        while let Some((oldest, _)) =
            accepting.iter().enumerate().min_by_key(|(_, (id, members))| (created(members), *id))
        {
            let (id, members) = accepting.swap_remove(oldest);
            let trust = Trust(members);
            let accepted = match (trust.has_signed(jws, self.signatures).await, &is_signed) {
                (Some(has_signed), _) => has_signed,
                (None, Some(is_signed)) => *is_signed == Ok(true),
                (None, None) => {
                    let signed = match self.keys_of(jws, issuer, client).await {
                        Ok(keys) => Ok(signer(jws, &keys, self.signatures).await.is_some()),
                        Err(refusal) => Err(refusal),
                    };
                    *is_signed.insert(signed) == Ok(true)
                }
            };
            if accepted {
                let end = trust.access_end(jws, self.now).min(access_end(self.now));
                return Ok(Some(Accepted::new(id, members, end, trust.is_once())));
            }
        }
        // A trust that has the keys may accept the token although the issuer does not answer.
        is_signed.unwrap_or(Ok(false)).map(|_| None)
    }
}
