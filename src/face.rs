//! What a face must do: say where a request goes, read a body, show a credential, word a refusal.

pub mod coactive;
pub mod keycard;
pub mod litegraph;
pub mod oauth;
pub mod postern;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::Credential;
use crate::credential::field::{Draft, Field, Kind, Noun, Place, Rule, Said, Verb, Violation};
use crate::credential::secret::{ACCESS_SECONDS, Token};
use crate::credential::time::Micros;
use crate::credential::validate::Dialect;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Operation;
use crate::settings::Settings;
use crate::store::list::Listed;
use crate::store::principal::Principal;
use crate::store::question::{Key, Page, TenantRef};
use crate::store::tenant::Tenant;

/// What a request is about, read from its path and headers.
#[derive(Default)]
pub struct Scope {
    /// The tenant; none is the caller's own.
    pub tenant: Option<TenantRef>,
    /// The principal, where the path has one.
    pub principal: Option<Key>,
    /// The credential, where the path has one.
    pub credential: Option<Key>,
    /// The token that the credential has, where the path has one.
    pub token: Option<Zeroizing<String>>,
}

/// What was asked, as far as an answer depends on it.
pub struct Asked<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// What it leads to.
    pub operation: Operation,
    /// What the caller may do here; known once the request was judged.
    pub rank: Option<Rank>,
    /// When it came.
    pub began: Micros,
    /// When it is answered.
    pub ended: Micros,
}

/// What an answer shows.
pub enum Shown<'a> {
    /// A credential, and its secret where it was just made or is shown again.
    Credential(&'a Credential, Option<&'a Token>),
    /// Credentials, each with its secret where that is shown again, and the page that they are.
    Credentials(&'a Listed<(Credential, Option<Token>)>, &'a Page),
    /// A principal.
    Principal(&'a Principal),
    /// Principals, and the page that they are.
    Principals(&'a Listed<Principal>, &'a Page),
    /// A tenant.
    Tenant(&'a Tenant),
    /// Tenants, and the page that they are.
    Tenants(&'a Listed<Tenant>, &'a Page),
    /// That something was deleted.
    Deleted,
    /// The names of the roles that a tenant knows.
    Roles(&'a [String]),
    /// An access token.
    Access(&'a Token),
}

/// One API over the store.
pub trait Face: Dialect + Sync {
    /// Whether a URL may end in a slash.
    fn ignores_final_slash(&self) -> bool {
        false
    }

    /// The answer to a browser that asks what it may send (Fetch, "CORS-preflight request"), on a face that browsers call.
    fn preflight(&self) -> Option<Answer> {
        None
    }

    /// Another header than `Authorization` that may carry a token.
    fn token_header(&self) -> Option<&'static str> {
        None
    }

    /// What `WWW-Authenticate` says on a 401 (RFC 9110 §11.6.1).
    fn challenge(&self) -> &'static str {
        "Bearer"
    }

    /// What a request is about: `segments` are those of the route's path.
    ///
    /// # Errors
    /// `TenantNotNamed`, where the path has no tenant and root does not name one. An id that cannot be read is no error: it is
    /// one that nothing has.
    fn scope(
        &self,
        request: &Request<'_>,
        operation: Operation,
        caller: &Caller,
        segments: &[String],
    ) -> Result<Scope, Refusal>;

    /// The least rank that may do this.
    fn need(&self, operation: Operation) -> Rank;

    /// Whether answers show a secret again, so that it is kept sealed.
    fn shows_secrets(&self) -> bool {
        false
    }

    /// Whether deleting what is not there is answered like deleting what is.
    fn deletes_missing(&self) -> bool {
        false
    }

    /// Whether the request says that a tenant goes with all that it has.
    fn forces(&self, _request: &Request<'_>) -> bool {
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

    /// Which part of a list a request asks for, and in which order.
    ///
    /// # Errors
    /// `Unreadable`, with every parameter that is not what it has to be; what [`Request::object`] refuses.
    fn page(&self, _request: &Request<'_>, _operation: Operation) -> Result<Page, Refusal> {
        Err(Refusal::NoRoute)
    }

    /// Checks the query of a request that is of neither of the kinds above.
    ///
    /// # Errors
    /// `Unreadable`, as [`Face::page`].
    fn check_query(&self, _request: &Request<'_>, _operation: Operation) -> Result<(), Refusal> {
        Ok(())
    }

    /// Who logs in, for faces that have a route for it.
    ///
    /// # Errors
    /// `Unreadable` for another grant than `client_credentials`; what reading the body or the caller refuses.
    fn log_in(&self, _request: &Request<'_>, _settings: &Settings) -> Result<Caller, Refusal> {
        Err(Refusal::NoRoute)
    }

    /// What is shown, as this face's clients see it. What it has no route for is never shown.
    fn show(&self, asked: &Asked<'_>, shown: &Shown<'_>) -> Answer;

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

/// An access token (RFC 6749 §5.1).
pub(crate) fn show_access(token: &Token) -> Answer {
    #[derive(serde::Serialize)]
    #[expect(clippy::struct_field_names, reason = "the members' names are the RFC's")]
    struct Access<'a> {
        access_token: &'a str,
        token_type: &'static str,
        expires_in: u32,
    }
    let body = Access { access_token: token.reveal(), token_type: "Bearer", expires_in: ACCESS_SECONDS };
    // "The authorization server MUST include … Pragma with a value of no-cache" (RFC 6749 §5.1).
    Answer::new(200, json(&body)).with("pragma", "no-cache")
}

/// A body, as a draft: each field by the face's word for it. Members that are no word of the face are ignored.
pub fn read(face: &dyn Face, noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL.into_iter().filter(|field| noun.has(*field)) {
        if let Some(word) = face.word(noun, verb, field) {
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
    // A violation is only of a field that the face has a word for, the same one for each noun that has the field.
    let of = |noun: Noun| [Verb::Create, Verb::Replace].into_iter().find_map(|verb| face.word(noun, verb, *field));
    let mut nouns = [Noun::Credential, Noun::Principal, Noun::Tenant].into_iter().filter(|noun| noun.has(*field));
    let word = nouns.find_map(of).unwrap_or_default();
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
