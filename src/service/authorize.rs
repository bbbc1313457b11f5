//! Forward-auth: a proxy asks whether the request that it received may pass.

use zeroize::Zeroizing;

use super::challenge::challenge;
use super::context::RequestContext;
use super::decision::Decided;
use super::verify::Question;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::operation::{Authorization, Authorized, ReadAuthorization, Render, Verified};
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::store::Database;
use crate::store::command::{Act, Target};

/// The request header with the proxy's own credential, as it would stand after `Bearer`.
const VERIFIER: &str = "postern-verifier";

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn authorize(
        &self,
        (read, render): (ReadAuthorization, Render<Authorized>),
    ) -> Result<Decided<Answer>, Refusal> {
        let Authorization { needs, tenant, staleness } = read(self.request)?;
        let headers = self.request.headers;
        // Repeated headers are joined with a comma and a space, and no token has a space.
        let verifier = headers.get(VERIFIER).map(Zeroizing::new).ok_or(Refusal::Verifier)?;
        let verifier = Caller::bearer(&verifier, self.settings, self.now).map_err(|_| Refusal::Verifier)?;
        let mut question = Question::new(self.command(verifier, (Target::Caller, Act::Read)), staleness);
        let client = Caller::read(headers, None, self.settings, self.now).ok();
        question.add(client, needs, self.settings.keys.len());
        let decided = if question.command.claims.is_empty() {
            // No token, a malformed one, or the root token: no verifier finds it.
            Decided::from(Ok(Authorized::Unauthenticated))
        } else {
            let decided = self.verified(question).await?;
            refused_as_verifier(decided).and_then(|known, verified| {
                // Otherwise a token of any tenant would pass.
                if known.spans_tenants && tenant.is_none() {
                    let tenant =
                        Parameter { name: "tenant", wants: "is required: this verifier is valid in every tenant" };
                    return Err(Refusal::Unreadable(Unreadable::Parameters(vec![tenant])));
                }
                Ok(authorized(verified, tenant.as_deref()))
            })
        };
        Ok(self.rendered(decided, |context, authorized| {
            let answer = render(context, authorized);
            let refusal = match authorized {
                Authorized::Granted(_) => return answer,
                Authorized::Unauthenticated => Refusal::Unauthenticated,
                Authorized::Denied => Refusal::Forbidden,
            };
            match challenge(self.face, headers, &refusal, answer.status) {
                Some(challenge) => answer.with("www-authenticate", challenge),
                None => answer,
            }
        }))
    }
}

/// Replaces a refusal of the verifier: as a 401 or 403 it would read as the client's.
fn refused_as_verifier<T>(Decided { known, result }: Decided<T>) -> Decided<T> {
    let is_refused = matches!(result, Err(Refusal::Unauthenticated | Refusal::Inactive | Refusal::Forbidden));
    let result = if is_refused { Err(Refusal::Verifier) } else { result };
    Decided { known, result }
}

fn authorized(verified: Vec<Verified>, tenant: Option<&str>) -> Authorized {
    let Some(Verified { subject: Some(subject), failed, .. }) = verified.into_iter().next() else {
        return Authorized::Unauthenticated;
    };
    if subject.fault.is_some() {
        Authorized::Unauthenticated
    } else if tenant.is_none_or(|tenant| subject.is_of(tenant)) && failed.is_none_or(|failed| failed.is_empty()) {
        Authorized::Granted(Box::new(subject))
    } else {
        Authorized::Denied
    }
}
