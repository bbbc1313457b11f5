//! What a face must do: say where a request goes, read a body, show a credential, word a refusal.

pub mod coactive;
mod cursor;
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
use crate::credential::role::Role;
use crate::credential::secret::{ACCESS_SECONDS, Token};
use crate::credential::time::Micros;
use crate::credential::validate::Dialect;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Operation;
use crate::settings::Settings;
use crate::store::credential::Dry;
use crate::store::history::Events;
use crate::store::list::Listed;
use crate::store::principal::Principal;
use crate::store::question::{Key, Page, TenantRef};
use crate::store::tenant::Tenant;
use crate::store::verify::Subject;

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

/// The question whether a token holds, and may do something.
pub struct Inquiry {
    /// The token.
    pub token: Zeroizing<String>,
    /// The role that it would need, and on what; none asks only whose it is.
    pub needs: Option<Role>,
    /// What is wrong with the question.
    pub violations: Vec<Violation>,
}

/// What an answer shows.
pub enum Shown<'a> {
    /// Whose a token is and whether it holds; nothing where that is not the caller's to know. And whether it may do what was
    /// asked for, where that was.
    Verified(Option<&'a Subject>, Option<bool>),
    /// A page of the history.
    History(&'a Events),
    /// What this server is, to OAuth clients (RFC 8414).
    Metadata,
    /// A credential, and its secret where it was just made or is shown again.
    Credential(&'a Credential, Option<&'a Token>),
    /// Credentials, each with its secret where that is shown again, and the page that they are.
    Credentials(&'a Listed<(Credential, Option<Token>)>, &'a Page),
    /// What a change would do.
    Dry(&'a Dry),
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

    /// Whether answers tell of a credential's secrets: their ids and times.
    fn tells_secrets(&self) -> bool {
        false
    }

    /// Whether its word for enabled means "neither disabled nor revoked": then it cannot lift a revocation.
    fn says_active(&self) -> bool {
        false
    }

    /// Whether the request asks what a change would do, and for no change.
    fn is_dry(&self, _request: &Request<'_>) -> bool {
        false
    }

    /// The body of a request, as a JSON object.
    ///
    /// # Errors
    /// What [`Request::object`] refuses; `MediaType` for a type that the face does not take for this verb.
    fn object(&self, request: &Request<'_>, _verb: Verb) -> Result<Map<String, Value>, Refusal> {
        request.object()
    }

    /// A body, as a draft: each field by the face's word for it. Members that are no word of the face are ignored, where the
    /// face does not say otherwise.
    fn read(&self, noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
        let mut draft = by_words(self, noun, verb, &mut body);
        self.reread(&mut draft);
        draft
    }

    /// Whether deleting what is not there is answered like deleting what is.
    fn deletes_missing(&self) -> bool {
        false
    }

    /// The key under which a request makes something once, on a face that has such keys.
    ///
    /// # Errors
    /// `Unreadable` for one that is none.
    fn idempotency_key(&self, _request: &Request<'_>) -> Result<Option<String>, Refusal> {
        Ok(None)
    }

    /// Reads the question whether a token holds, and may do something, on a face that answers it.
    ///
    /// # Errors
    /// What reading the body refuses.
    fn inquiry(&self, _request: &Request<'_>) -> Result<Inquiry, Refusal> {
        Err(Refusal::NoRoute)
    }

    /// How many events of a history, and from which number on.
    ///
    /// # Errors
    /// `Unreadable`, as [`Face::page`].
    fn history_page(&self, _request: &Request<'_>) -> Result<(u32, Option<i64>), Refusal> {
        Err(Refusal::NoRoute)
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

    /// What the face reads otherwise than by its words alone.
    fn reread(&self, _draft: &mut Draft) {}

    /// Which part of a list a request asks for, and in which order.
    ///
    /// # Errors
    /// `Unreadable`, with every parameter that is not what it has to be; what [`Request::object`] refuses.
    fn page(&self, _request: &Request<'_>, _operation: Operation) -> Result<Page, Refusal> {
        Err(Refusal::NoRoute)
    }

    /// Checks the query of a request, as far as nothing else reads it.
    ///
    /// # Errors
    /// `Unreadable`, as [`Face::page`]; or for a parameter that is not known, where the face refuses those.
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
#[derive(serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "AccessToken")]
#[expect(clippy::struct_field_names, reason = "the members' names are the RFC's")]
pub(crate) struct Access<'a> {
    /// The token: for `Authorization: Bearer`. It ends with the credential, and with the secret that it was given for.
    access_token: &'a str,
    /// `Bearer`.
    token_type: &'static str,
    /// How long it holds, in seconds.
    expires_in: u32,
}

pub(crate) fn show_access(token: &Token) -> Answer {
    let body = Access { access_token: token.reveal(), token_type: "Bearer", expires_in: ACCESS_SECONDS };
    // "The authorization server MUST include … Pragma with a value of no-cache" (RFC 6749 §5.1).
    Answer::new(200, json(&body)).with("pragma", "no-cache")
}

/// What a body says of each field that the face has a word for; those members are taken out of it.
pub(crate) fn by_words(
    dialect: &(impl Dialect + ?Sized),
    noun: Noun,
    verb: Verb,
    body: &mut Map<String, Value>,
) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL.into_iter().filter(|field| noun.has(*field)) {
        if let Some(word) = dialect.word(noun, verb, field) {
            draft.say(field, Said::from(body.remove(word)));
        }
    }
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
    let word = match &place {
        Place::Whole => word.to_owned(),
        Place::Role(index) | Place::Item(index) => format!("{word}[{index}]"),
        Place::Member(index, member) => format!("{word}[{index}].{}", member.name()),
        Place::Stranger(index, name) => format!("{word}[{index}].{name}"),
        Place::Key(name) if word.is_empty() => name.clone(),
        Place::Key(name) => format!("{word}.{name}"),
    };
    match rule {
        Rule::Missing => format!("{word} is required."),
        Rule::NotNull => format!("{word} cannot be null."),
        Rule::Type(Kind::Text) => format!("{word} has to be a string."),
        Rule::Type(Kind::Boolean) => format!("{word} has to be true or false."),
        Rule::Type(Kind::List) => format!("{word} has to be an array."),
        Rule::Type(Kind::Object) => format!("{word} has to be an object."),
        Rule::Type(Kind::Number) => format!("{word} has to be a whole number."),
        Rule::NotInRange { min, max } => format!("{word} has to be from {min} to {max}."),
        Rule::Empty => format!("{word} has no items: null says full access, aloud."),
        Rule::TooLarge { max } => format!("{word} may have at most {max} bytes."),
        Rule::ReadOnly => format!("{word} only reads: leave it out, or say its current value."),
        Rule::Unknown(None) => format!("{word} is not known."),
        Rule::Unknown(Some(nearest)) => format!("{word} is not known; did you mean {nearest}?"),
        Rule::TooShort { min } => format!("{word} has to have at least {min} character(s)."),
        Rule::TooLong { max } => format!("{word} may have at most {max} characters."),
        Rule::Control => format!("{word} may not hold control characters."),
        Rule::NotAnId => format!("{word} is not an id."),
        Rule::NotATime => format!("{word} is not a time from 1970 to 2255."),
        Rule::TooMany { max } => format!("{word} may have at most {max} items."),
        Rule::TooManySent { max } => format!("{word} has too many items: send at most {max}, duplicates counted."),
        Rule::TooManyViolations { max } => {
            format!("The body has more than {max} violations; the first {max} are listed.")
        }
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
