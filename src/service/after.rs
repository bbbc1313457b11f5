//! From an outcome to what is shown of it, and to what is left to write once the answer is ready.

use super::{Service, Way};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::Credential;
use crate::credential::id::Id;
use crate::credential::secret::{Proof, Sealed, Token};
use crate::face::{Asked, Shown};
use crate::refusal::{Misconfigured, Refusal};
use crate::settings::name;
use crate::store::Database;
use crate::store::after::{After, Rekey};
use crate::store::question::Question;
use crate::store::verdict::{Judged, Outcome};

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    /// What an outcome brought, once what is left to write is noted.
    pub(super) fn arrive<T>(&self, way: &Way<'_>, question: &Question, outcome: Outcome<T>) -> Result<T, Refusal> {
        let judged = &outcome.judged;
        if judged.is_authenticated() {
            way.rank.set(judged.rank);
            way.retires.set(judged.retires_since.zip(judged.retires_at));
            way.after.replace(Some(After {
                now: self.now,
                used: judged.caller_secret.filter(|_| judged.is_unnoted()).into_iter().collect(),
                rekey: self.rekey_caller(way, question, judged),
                change: question.change,
                by: judged.caller.clone().unwrap_or_default(),
                request: question.request.clone(),
            }));
        }
        outcome.result
    }

    /// The answer that shows a credential. `made` is its secret where it was just created.
    pub(super) fn show(&self, way: &Way<'_>, credential: &Credential, made: Option<&Token>) -> Result<Answer, Refusal> {
        let opened = if made.is_none() { self.revealed(way, credential)? } else { None };
        let shown = Shown::Credential(credential, made.or(opened.as_ref()));
        Ok(self.shown(way, &shown).with("etag", credential.etag()))
    }

    /// The answer that shows this.
    pub(super) fn shown(&self, way: &Way<'_>, shown: &Shown<'_>) -> Answer {
        let Way { request, operation, rank, .. } = way;
        let asked = Asked { request, operation: *operation, rank: rank.get(), began: self.now, ended: (self.clock)() };
        way.face.show(&asked, shown)
    }

    /// A credential's secret, where the face shows it again and it was sealed.
    pub(super) fn revealed(&self, way: &Way<'_>, credential: &Credential) -> Result<Option<Token>, Refusal> {
        let sealed = credential.sealed.as_ref().filter(|_| way.face.shows_secrets());
        sealed.map(|sealed| self.open(way, credential, sealed)).transpose()
    }

    /// Opens a credential's sealed secret. One under the previous key moves to the current one.
    pub(super) fn open(&self, way: &Way<'_>, credential: &Credential, sealed: &Sealed) -> Result<Token, Refusal> {
        let keys = &way.settings.keys;
        let problem =
            "is not the key that sealed this credential's token: configure the one that did as the previous key";
        let wrong = || Refusal::Misconfigured(Misconfigured { setting: name::MASTER_KEY, problem });
        let opened = keys.open(sealed, credential.tenant, credential.id).ok_or_else(wrong)?;
        let token = Token::read(opened.reveal(), &way.settings.token_prefix).map_err(|_| wrong())?;
        if let Some(after) =
            way.after.borrow_mut().as_mut().filter(|after| after.rekey.is_none() && sealed.key != keys.current.id())
            && let Some(from) = keys.previous.as_ref().map(|previous| previous.prove(&token).id)
        {
            let to = keys.current.prove(&token);
            after.rekey = Some(self.rekey(way, from, to, Some((&token, credential.tenant, credential.id))));
        }
        Ok(token)
    }

    /// The move of the caller's secret to the current key, where it is still under the previous one.
    fn rekey_caller(&self, way: &Way<'_>, question: &Question, judged: &Judged) -> Option<Rekey> {
        let keys = &way.settings.keys;
        let Caller::Secret { proofs, .. } = &question.caller else { return None };
        let key = judged.caller_key.clone().filter(|key| key != keys.current.id())?;
        let (from, tenant) = (judged.caller_secret?, judged.caller_tenant?);
        let owner = judged.caller.as_deref().and_then(Id::parse)?;
        let sealed = judged.caller_sealed.clone().map(|text| Sealed { key, text });
        // A sealed value that does not open any more must not be lost: the row stays under its key.
        let token = match sealed {
            Some(sealed) => Some(keys.open(&sealed, tenant, owner)?),
            None => None,
        };
        Some(self.rekey(way, from, proofs.first()?.clone(), token.as_ref().map(|token| (token, tenant, owner))))
    }

    fn rekey(&self, way: &Way<'_>, from: Id, to: Proof, sealed: Option<(&Token, Id, Id)>) -> Rekey {
        let current = &way.settings.keys.current;
        let sealed =
            sealed.and_then(|(token, tenant, credential)| current.seal(token, tenant, credential, self.random_bytes()));
        let Proof { id, digest } = to;
        Rekey { from, id, digest, key: current.id().to_owned(), sealed: sealed.map(|sealed| sealed.text) }
    }
}
