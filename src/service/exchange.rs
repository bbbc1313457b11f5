//! Exchanges of assertions for access tokens: log-ins without a secret. A client signs an assertion with a key of its own (RFC 7523
//! §2.2), or presents a token of an issuer that it trusts (also as a grant, §2.1).

use serde_json::{Map, Value};

use super::context::RequestContext;
use super::decision::{Decided, Known};
use crate::answer::Answer;
use crate::credential::end::Ends;
use crate::credential::id::Id;
use crate::credential::means::{created, end};
use crate::credential::secret::{Access, AccessOf, access_end};
use crate::credential::time::Micros;
use crate::jwt::fetch::{Allowed, keys};
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
use crate::store::issuers::{Kept, claim, keep, kept as kept_of};

/// For how many seconds the keys of an issuer are used without a fetch.
const FRESH_SECONDS: i64 = 10 * 60;
/// For how many seconds they are used if fetches fail.
const USABLE_SECONDS: i64 = 60 * 60;
/// The seconds from one fetch of an issuer's keys to the next.
const TRY_SECONDS: i64 = 60;
/// How many seconds a fetch may take: it gets two documents.
const FETCH_SECONDS: i64 = 7;
/// How often to look for the keys that another request fetches.
const PAUSES_MAX: usize = 4;

/// Whose an assertion is.
enum By {
    /// The client's own.
    Client,
    /// An issuer's.
    Issuer(Issuer),
}

/// The key or trust that lets a client in.
struct LetIn {
    id: Id,
    made: Micros,
    end: Option<Micros>,
    /// When the access token ends at the latest.
    access_end: Micros,
    /// Whether the assertion may be used only once.
    is_once: bool,
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
        let Some(own) = &self.settings.issuer else {
            let problem = "is required to log in without a secret: set it to the https:// address of this service";
            return Err(Refusal::Misconfigured(Misconfigured { setting: name::ISSUER, problem }));
        };
        let jws = Jws::parse(&assertion.text).map_err(|_| Refusal::Unauthenticated)?;
        let (id, by) = self.found_by(assertion, &jws, own).ok_or(Refusal::Unauthenticated)?;
        known.named = Some(id);
        let (issuer, lifetime_max) = match &by {
            By::Client => (None, KEY_LIFETIME_MAX),
            By::Issuer(issuer) => (Some(issuer), TRUST_LIFETIME_MAX),
        };
        // Some libraries write an address without a path with a slash.
        let is_audience = issuer.is_some() || jws.audience().strip_suffix('/').unwrap_or(jws.audience()) == own;
        if jws.judge_times(self.now, lifetime_max).is_err() || !is_audience {
            return Err(Refusal::Unauthenticated);
        }
        let client = client(&self.store, self.now, id, issuer).await?.ok_or(Refusal::Unauthenticated)?;
        let let_in = match issuer {
            None => self.key_of(&jws, &client).await,
            Some(issuer) => self.trust_of(&jws, &client, issuer, assertion.sent_as).await?,
        };
        let LetIn { id: means, made, end, access_end, is_once } = let_in.ok_or(Refusal::Unauthenticated)?;
        if is_once {
            let jti = jws.id().ok_or(Refusal::Unauthenticated)?;
            let digest = self.settings.keys.current.digest("assertion", format!("{id} {means} {jti}").as_bytes());
            let once =
                Once { now: self.now, client: id, means, made, digest, until: jws.expires_at(), change: self.change };
            if !keep_once(&self.store, &once).await? {
                return Err(Refusal::Unauthenticated);
            }
        }
        let access = Access { of: AccessOf::Means { credential: client.id, means, made }, end: access_end };
        let ends = Ends { credential: client.expires_at, secret: end, access: Some(access_end) };
        let answer = self.issued(access, ends, client.scope.as_deref(), scope)?;
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

    /// Returns the credential that an assertion is for, and whose the assertion is. `None` if it names no credential. `service` is the
    /// issuer of access tokens.
    fn found_by(&self, assertion: &Assertion, jws: &Jws<'_>, service: &str) -> Option<(Id, By)> {
        let own = Id::parse_client(jws.subject()).filter(|_| jws.issuer() == jws.subject());
        if let Some(own) = own.filter(|_| assertion.sent_as == AssertionAs::Client) {
            return assertion.client.is_none_or(|client| client == own).then_some((own, By::Client));
        }
        // A workload that cannot send a client id asks its issuer for a token with this audience.
        let in_audience = || Id::parse_client(jws.audience().strip_prefix(service)?.strip_prefix('/')?);
        let issuer = Issuer::parse(jws.issuer(), self.settings.development_issuer.as_deref()).ok()?;
        Some((assertion.client.or_else(in_audience)?, By::Issuer(issuer)))
    }

    /// Returns the key of the client that signed the assertion. Expired keys have no say.
    async fn key_of(&self, jws: &Jws<'_>, client: &Client) -> Option<LetIn> {
        for (id, members) in self.valid(client) {
            let key = members.get("jwk").and_then(|key| Jwk::from_json(key).ok());
            if signer(jws, key.as_slice(), self.signatures).await.is_some() {
                return Some(let_in(id, members, access_end(self.now), jws.id().is_some()));
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
    ) -> Result<Option<LetIn>, Refusal> {
        // A grant may also be for the token endpoint (RFC 7523 §3), where the trust has the default audience.
        let own = self.settings.issuer.as_deref().filter(|_| sent_as == AssertionAs::Grant);
        let endpoint = own.map(|own| format!("{own}/oauth/token"));
        let also = own.zip(endpoint.as_deref()).map(|(own, endpoint)| [own, endpoint]);
        let mut accepting: Vec<_> =
            self.valid(client).filter(|(_, members)| Trust(members).accepts(jws, also)).collect();
        // Whether the issuer's own keys signed the token.
        let mut is_signed = None;
        while let Some((oldest, _)) =
            accepting.iter().enumerate().min_by_key(|(_, (id, members))| (created(members), *id))
        {
            let (id, members) = accepting.swap_remove(oldest);
            let trust = Trust(members);
            let accepted = match (trust.keys(), is_signed) {
                (Some(keys), _) => signer(jws, &keys, self.signatures).await.is_some(),
                (None, Some(is_signed)) => is_signed,
                (None, None) => {
                    let keys = self.keys_of(jws, issuer, client).await?;
                    *is_signed.insert(signer(jws, &keys, self.signatures).await.is_some())
                }
            };
            if accepted {
                let end = trust.access_end(jws, self.now).min(access_end(self.now));
                return Ok(Some(let_in(id, members, end, trust.is_once())));
            }
        }
        Ok(None)
    }

    /// Returns the keys of an issuer: those that are known while they are fresh and may have signed the token, else new ones if it
    /// is this request's turn to fetch them. If it is another's, waits for its keys.
    async fn keys_of(&self, jws: &Jws<'_>, issuer: &Issuer, client: &Client) -> Result<Vec<Jwk>, Refusal> {
        let suffices = |keys: &Vec<Jwk>| jws.candidates(keys).next().is_some();
        let keys_within =
            |kept: Option<&Kept>, seconds| kept.and_then(|kept| kept.keys(seconds, self.now)).filter(suffices);
        let was_tried = |kept: Option<&Kept>, seconds| kept.is_some_and(|kept| kept.was_tried(seconds, self.now));
        let mut newer = None;
        for _ in 0..PAUSES_MAX {
            let kept = newer.as_ref().or(client.issuer.as_ref());
            if let Some(keys) = keys_within(kept, FRESH_SECONDS) {
                return Ok(keys);
            }
            let known = keys_within(kept, USABLE_SECONDS);
            let is_due = !was_tried(kept, TRY_SECONDS);
            if is_due && claim(&self.store, self.now, client.tenant, issuer).await? {
                return self.fetched(issuer).await.or(known).ok_or(Refusal::NoIssuerKeys);
            }
            if let Some(known) = known {
                return Ok(known);
            }
            if !is_due && kept.is_some_and(Kept::has_succeeded) {
                // The issuer has no such key.
                return Ok(Vec::new());
            }
            if !is_due && !was_tried(kept, FETCH_SECONDS) {
                break;
            }
            if !is_due {
                self.fetch.pause().await;
            }
            newer = kept_of(&self.store, self.now, issuer).await?;
            if is_due && !was_tried(newer.as_ref(), TRY_SECONDS) {
                // Nobody else has the turn: there are too many issuers.
                break;
            }
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

    /// Returns the keys or trusts of a client that have not expired.
    fn valid<'c>(&self, client: &'c Client) -> impl Iterator<Item = (Id, &'c Map<String, Value>)> {
        let now = self.now;
        let all = client.means.iter().map(|(id, members)| (*id, members));
        all.filter(move |(_, members)| end(members).is_none_or(|end| end > now))
    }
}

fn let_in(id: Id, members: &Map<String, Value>, access_end: Micros, is_once: bool) -> LetIn {
    LetIn { id, made: created(members), end: end(members), access_end, is_once }
}
