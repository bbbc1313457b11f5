//! Turns an outcome into a decision: reveals sealed secrets, and collects the deferred writes.

use super::context::RequestContext;
use super::decision::{Decided, Known};
use crate::answer::Answer;
use crate::credential::Credential;
use crate::credential::id::Id;
use crate::credential::secret::{Proof, Sealed, Token};
use crate::face::Revealed;
use crate::refusal::{Misconfigured, Refusal};
use crate::settings::name;
use crate::store::after::{After, Rekey};
use crate::store::command::Command;
use crate::store::verdict::{Judged, Outcome};
use crate::store::verify::{Subject, UnderPrevious};

impl<D, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Converts an outcome, keeping what its verdict reports about the caller.
    pub(super) fn judged<T>(&self, command: &Command, Outcome { judged, result }: Outcome<T>) -> Decided<T> {
        Decided { known: Box::new(self.known(command, judged)), result }
    }

    fn known(&self, command: &Command, judged: Judged) -> Known {
        let named = command.caller.claimed_id();
        if !judged.is_authenticated() {
            return Known { named, ..Known::default() };
        }
        // Only a secret that is being replaced has a deadline. What the caller presented may end earlier.
        let ends = judged.ends(command.caller.access_end());
        let retiring = judged.retires_since.filter(|_| judged.retires_at.is_some()).zip(ends.earliest());
        let spans_tenants = judged.spans_tenants();
        // The response to the batch has arrived, so it was committed before.
        let effective_by = judged.effective_by((self.clock)(), self.settings.margin()).filter(|_| command.writes());
        let deferred = After {
            now: self.now,
            used: judged.caller_secret.filter(|_| judged.is_unnoted()).into_iter().collect(),
            owners: owner_by_means(&judged).into_iter().collect(),
            rekeyed: self.rekey_caller(command, &judged).into_iter().collect(),
            change: command.change,
            by: judged.caller.unwrap_or_default(),
            request: command.request.clone(),
        };
        Known {
            rank: judged.rank,
            spans_tenants,
            retiring,
            ends_at: judged.caller_ends_at,
            deferred: Some(deferred),
            due: Vec::new(),
            beats: false,
            effective_by,
            unreadable: 0,
            named,
        }
    }

    /// Renders a credential, with its secret where the face reveals it again.
    pub(super) fn credential(&self, decided: Decided<Credential>) -> Result<Decided<Answer>, Refusal> {
        self.revealed(decided.and_then(|known, credential| self.reveal(known, credential)))
    }

    /// Adds the secret to a credential if the face reveals it again and it was sealed.
    pub(super) fn reveal(&self, known: &mut Known, credential: Credential) -> Result<Revealed, Refusal> {
        let revealed =
            self.face.reveals_secrets && !known.is_exceeded_by(credential.state.access, credential.state.expires_at);
        let sealed = credential.sealed.as_ref().filter(|_| revealed);
        let secret = sealed.map(|sealed| self.open(known, (credential.tenant, credential.id), sealed)).transpose()?;
        Ok(Revealed { credential, secret })
    }

    /// Decrypts a credential's sealed secret. A secret under the previous master key is scheduled to move to the
    /// current one.
    pub(super) fn open(&self, known: &mut Known, (tenant, owner): (Id, Id), sealed: &Sealed) -> Result<Token, Refusal> {
        let keys = &self.settings.keys;
        let problem = "did not seal this credential's token: set POSTERN_MASTER_KEY_PREVIOUS to the key that did";
        let wrong_key = || Refusal::Misconfigured(Misconfigured { setting: name::MASTER_KEY, problem });
        let opened = keys.open(sealed, tenant, owner).ok_or_else(wrong_key)?;
        let token = Token::read(opened.reveal(), &self.settings.token_prefix).map_err(|_| wrong_key())?;
        if let Some(after) =
            known.deferred.as_mut().filter(|after| after.rekeyed.is_empty() && sealed.key != keys.current.id())
            && let Some(from) = keys.previous.as_ref().map(|previous| previous.prove(&token).id)
        {
            let to = keys.current.prove(&token);
            after.rekeyed.push(self.rekey(from, to, Some((&token, tenant, owner))));
        }
        Ok(token)
    }

    /// Returns the move of the caller's secret to the current master key, if it is under the previous one.
    fn rekey_caller(&self, command: &Command, judged: &Judged) -> Option<Rekey> {
        let keys = &self.settings.keys;
        let key = judged.caller_key.clone().filter(|key| key != keys.current.id())?;
        let (from, tenant) = (judged.caller_secret?, judged.caller_tenant?);
        let to = command.caller.current_proof(from, keys)?.clone();
        let owner = judged.caller.as_deref().and_then(Id::parse)?;
        self.rekey_used(from, to, judged.caller_sealed.clone().map(|text| Sealed { key, text }), (tenant, owner))
    }

    /// Returns the move of a verified secret to the current master key, if it is under the previous one.
    pub(super) fn rekey_subject(&self, subject: &Subject) -> Option<Rekey> {
        let UnderPrevious { current, sealed } = subject.under_previous.clone()?;
        let key = self.settings.keys.previous.as_ref()?.id().to_owned();
        let sealed = sealed.map(|text| Sealed { key, text });
        self.rekey_used(subject.secret?, current, sealed, (subject.tenant, subject.credential))
    }

    fn rekey_used(&self, from: Id, to: Proof, sealed: Option<Sealed>, (tenant, owner): (Id, Id)) -> Option<Rekey> {
        let token = match sealed {
            // A sealed value that cannot be decrypted must not be lost: the secret stays under its key.
            Some(sealed) => Some(self.settings.keys.open(&sealed, tenant, owner)?),
            None => None,
        };
        Some(self.rekey(from, to, token.as_ref().map(|token| (token, tenant, owner))))
    }

    fn rekey(&self, from: Id, to: Proof, sealed: Option<(&Token, Id, Id)>) -> Rekey {
        let current = &self.settings.keys.current;
        let sealed =
            sealed.and_then(|(token, tenant, credential)| current.seal(token, tenant, credential, self.random_bytes()));
        let Proof { id, digest } = to;
        Rekey { from, id, digest, key: current.id().to_owned(), sealed: sealed.map(|sealed| sealed.text) }
    }
}

/// Returns the tenant and the id of the caller, if it presented an access token of a key or a trust and its use is to be recorded.
fn owner_by_means(judged: &Judged) -> Option<(Id, Id)> {
    let is_by_means = judged.caller_secret.is_none() && judged.is_unnoted();
    judged.caller_tenant.filter(|_| is_by_means).zip(judged.caller.as_deref().and_then(Id::parse))
}
