//! What a face must do: say where a request goes, read a body, show a credential, word a refusal.

pub mod coactive;
pub mod keycard;
pub mod litegraph;
pub mod postern;

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::Credential;
use crate::credential::field::{Draft, Field, Kind, Place, Rule, Said, Verb, Violation};
use crate::credential::secret::Token;
use crate::credential::validate::Dialect;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::principal::Principal;
use crate::store::question::{Key, TenantRef};
use crate::store::tenant::Tenant;

/// What a request is about, read from its path and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The tenant; none is the caller's own.
    pub tenant: Option<TenantRef>,
    /// The principal, where the path has one.
    pub principal: Option<Key>,
    /// The credential, where the path has one.
    pub credential: Option<Key>,
}

/// A credential, and what an answer shows beside it.
pub struct Shown<'a> {
    /// The credential as it now is.
    pub credential: &'a Credential,
    /// Its secret: where it was just made, or is shown again.
    pub secret: Option<&'a Token>,
    /// What the caller may do here, where the request asks for it.
    pub permissions: Option<Rank>,
}

/// One API over the store.
pub trait Face: Dialect + Sync {
    /// Whether a URL may end in a slash.
    fn ignores_final_slash(&self) -> bool {
        false
    }

    /// Another header than `Authorization` that may carry a token.
    fn token_header(&self) -> Option<&'static str> {
        None
    }

    /// What a request is about: `segments` are those of the route's path.
    ///
    /// # Errors
    /// `TenantNotNamed`, where the path has no tenant and root does not name one; `Unreadable` for a header with a form of
    /// its own. An id that cannot be read is no error: it is one that nothing has.
    fn scope(&self, request: &Request<'_>, caller: &Caller, segments: &[String]) -> Result<Scope, Refusal>;

    /// The least rank that may create, replace or merge (`Some`) or read (`None`) a credential.
    fn need(&self, verb: Option<Verb>) -> Rank;

    /// Whether answers show a secret again, so that it is kept sealed.
    fn shows_secrets(&self) -> bool {
        false
    }

    /// The request's id, where the face has a header of its own for it.
    ///
    /// # Errors
    /// `Unreadable`, where it has to have a form.
    fn request_id(&self, request: &Request<'_>) -> Result<Option<String>, Refusal> {
        Ok(request.own_id())
    }

    /// What the face reads otherwise than [`read`] does, which is by its words alone.
    fn reread(&self, _draft: &mut Draft) {}

    /// A credential, as this face's clients see it.
    fn show(&self, verb: Option<Verb>, shown: &Shown<'_>) -> Answer;

    /// Whether the request asks for the caller's permissions.
    fn asks_permissions(&self, _request: &Request<'_>) -> bool {
        false
    }

    /// A tenant that was made; for faces that have a route for it.
    fn show_tenant(&self, _tenant: &Tenant) -> Answer {
        self.fail(&Refusal::NoRoute)
    }

    /// A principal that was made; for faces that have a route for it.
    fn show_principal(&self, _principal: &Principal) -> Answer {
        self.fail(&Refusal::NoRoute)
    }

    /// A refusal, in this face's shape and words. Headers that do not depend on the face are added by the service.
    fn fail(&self, refusal: &Refusal) -> Answer;

    /// The media type of answers: LiteGraph's clients want exactly this one.
    fn content_type(&self, _status: u16) -> &'static str {
        "application/json"
    }

    /// What the face adds to each answer.
    fn finish(&self, answer: Answer, _request_id: &str) -> Answer {
        answer
    }
}

/// A body, as a draft: each field by the face's word for it. Members that are no word of the face are ignored.
pub fn read(face: &dyn Face, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL {
        if let Some(word) = face.word(verb, field) {
            draft.say(field, Said::from(body.remove(word)));
        }
    }
    face.reread(&mut draft);
    draft
}

/// Every violation as a sentence that names its member, for the faces whose errors are plain text.
pub(crate) fn sentences(face: &dyn Face, violations: &[Violation]) -> String {
    violations.iter().map(|violation| sentence(face, violation)).collect::<Vec<_>>().join(" ")
}

fn sentence(face: &dyn Face, violation: &Violation) -> String {
    let Violation { field, place, rule } = violation;
    // A violation is only of a field that the face has a word for, and every word is one of its create or its update.
    let word = [Verb::Create, Verb::Replace].into_iter().find_map(|verb| face.word(verb, *field)).unwrap_or_default();
    let word = match place {
        Place::Whole => word.to_owned(),
        Place::Role(index) => format!("{word}[{index}]"),
        Place::Member(index, member) => format!("{word}[{index}].{}", member.name()),
    };
    match rule {
        Rule::Missing => format!("{word} is required."),
        Rule::NotNull => format!("{word} cannot be null."),
        Rule::Type(Kind::Text) => format!("{word} has to be a string."),
        Rule::Type(Kind::Boolean) => format!("{word} has to be true or false."),
        Rule::Type(Kind::List) => format!("{word} has to be an array."),
        Rule::Type(Kind::Object) => format!("{word} has to be an object."),
        Rule::TooShort { min } => format!("{word} has to have at least {min} character(s)."),
        Rule::TooLong { max } => format!("{word} may have at most {max} characters."),
        Rule::Control => format!("{word} may not hold control characters."),
        Rule::NotAnId => format!("{word} is not an id."),
        Rule::NotATime => format!("{word} is not a time from 1970 to 2255."),
        Rule::TooMany { max } => format!("{word} may have at most {max} items."),
        Rule::UnknownRole => format!("{word} is not a role of this tenant."),
        Rule::InstanceAlone => format!("{word} needs its resource."),
        Rule::OutsideContext => format!("{word} lies outside of the context."),
        Rule::LastRole => format!("{word} cannot lose the last role: no role is full access."),
        Rule::NotAContext => format!("{word} is not a context."),
        // LiteGraph's contract has these words, and no other of these faces can say a principal.
        Rule::UnknownPrincipal(id) => format!("No user with GUID '{}' exists.", id.guid()),
        Rule::NotAToken => format!("{word} has to be 1 to 512 visible ASCII characters without spaces."),
        Rule::Checksum => format!("{word} begins like a token that is made here, but is none."),
        Rule::LooksLikeAClient => format!("{word} cannot begin with client_ and hold a colon."),
    }
}

/// A JSON text. Our own types have string keys alone, so it does not fail.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
