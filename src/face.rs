//! What a face is: its words, its readers and renderers, and its constants. A face is one of the APIs that Postern speaks.

pub mod coactive;
mod cursor;
pub mod keycard;
pub mod litegraph;
pub mod oauth;
pub mod postern;

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::credential::Credential;
use crate::credential::field::{Draft, Field, Given, Kind, Location, Noun, Rule, Verb, Violation};
use crate::credential::secret::Token;
use crate::credential::validate::Dialect;
use crate::operation::RenderContext;
use crate::refusal::Refusal;
use crate::request::{JSON, MERGE_PATCH, Request};
use crate::store::command::Page;
use crate::store::list::Listed;
use crate::store::principal::Principal;
use crate::store::tenant::Tenant;

/// A face. It has no defaults: each face sets every field.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of one API's contract, independent of the others")]
pub struct Face {
    /// The face's words for fields, and its spelling of ids.
    pub dialect: &'static (dyn Dialect + Sync),
    /// Reads a body: each field by the face's word for it.
    pub read_body: fn(Noun, Verb, Map<String, Value>) -> Draft,
    /// Renders a refusal. The service adds the headers that do not depend on the face.
    pub render_error: fn(&Refusal) -> Answer,
    /// Renders tenants. A route on tenants compiles only if there is such a view; the same is true of the next two.
    pub tenants: Option<&'static View<Tenant>>,
    /// Renders principals.
    pub principals: Option<&'static View<Principal>>,
    /// Renders credentials.
    pub credentials: Option<&'static View<Revealed>>,
    /// The status and body of a successful deletion.
    pub deleted: (u16, &'static str),
    /// The leading segments of the face's paths: a path below one of them that has no route is refused in the face's words.
    pub prefixes: &'static [&'static str],
    /// Whether a path may end in a slash.
    pub ignores_final_slash: bool,
    /// The headers of the response to a CORS preflight request, on a face that browsers call.
    pub preflight: Option<&'static [(&'static str, &'static str)]>,
    /// A request header with the request's id in place of `X-Request-Id`. It must be a UUID.
    pub request_id_header: Option<&'static str>,
    /// A request header other than `Authorization` that may carry a token.
    pub token_header: Option<&'static str>,
    /// Whether its endpoints are those of OAuth: a client may authenticate in a form, and an access token has a scope.
    pub is_oauth: bool,
    /// The request header in which the root token names a tenant, where no path does.
    pub tenant_header: Option<&'static str>,
    /// Whether a path may name a tenant by its label.
    pub takes_labels: bool,
    /// Whether it refuses query parameters that the route does not list, and media types but `application/json` and the merge patch's;
    /// otherwise the former are ignored, and any JSON media type is accepted.
    pub is_strict: bool,
    /// Whether creations take an `Idempotency-Key`.
    pub takes_idempotency_keys: bool,
    /// Whether reads reveal a credential's secret, so that it is stored sealed.
    pub reveals_secrets: bool,
    /// Whether the representation of a credential lists its secrets: their ids and times.
    pub lists_secrets: bool,
    /// Whether the face's word for enabled means "neither disabled nor revoked". Such a face cannot lift a revocation.
    pub says_active: bool,
    /// Whether deleting what does not exist succeeds.
    pub delete_is_idempotent: bool,
    /// The media type of an error.
    pub error_type: &'static str,
    /// A response header that repeats the request's id.
    pub correlation_header: Option<&'static str>,
    /// Headers of every response.
    pub headers: &'static [(&'static str, &'static str)],
}

/// How a face renders a kind of thing.
pub struct View<T> {
    /// Renders one.
    pub one: fn(&RenderContext<'_>, &T) -> Answer,
    /// Renders a list, and the page that it is.
    pub list: fn(&RenderContext<'_>, &Listed<T>, &Page) -> Answer,
}

/// A credential, and its secret where the response shows it.
pub struct Revealed {
    /// The credential.
    pub credential: Credential,
    /// The secret: just created, or revealed again.
    pub secret: Option<Token>,
}

impl Face {
    /// Whether a path is below one of the face's prefixes.
    #[must_use]
    pub fn has_path(&self, path: &str) -> bool {
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.prefixes.iter().any(|prefix| path.strip_prefix(prefix).is_some_and(is_below))
    }

    /// The body of a write, as a JSON object.
    ///
    /// # Errors
    /// What [`Request::object`] refuses; `MediaType` for a type that the face does not take for this verb.
    pub fn object(&self, request: &Request<'_>, verb: Verb) -> Result<Map<String, Value>, Refusal> {
        if !self.is_strict {
            request.object()
        } else if verb == Verb::Merge {
            // RFC 7396 has its own type; a patch of another kind, such as RFC 6902's, would be read for what it is not.
            request.object_of(&[JSON, MERGE_PATCH])
        } else {
            request.object_of(&[JSON])
        }
    }

    /// Whether the face renders this noun.
    #[must_use]
    pub const fn renders(&self, noun: Noun) -> bool {
        match noun {
            Noun::Tenant => self.tenants.is_some(),
            Noun::Principal => self.principals.is_some(),
            Noun::Credential => self.credentials.is_some(),
        }
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
    /// For how many seconds it is valid, by what is known now: an hour, or less where the credential or the secret ends before.
    expires_in: u32,
    /// The roles that the credential has on every resource, separated by spaces; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    scope: Option<&'a str>,
}

/// Renders an access token: the same on every face.
pub(crate) fn render_access(token: &Token, expires_in: u32, scope: Option<&str>) -> Answer {
    let body = Access { access_token: token.reveal(), token_type: "Bearer", expires_in, scope };
    // "The authorization server MUST include … Pragma with a value of no-cache" (RFC 6749 §5.1).
    Answer::new(200, json(&body)).with("pragma", "no-cache")
}

/// Returns a face's word for a field: the table lists every field that the face can say.
pub(crate) fn word_in(words: &[(Field, &'static str)], field: Field) -> Option<&'static str> {
    words.iter().find(|(of, _)| *of == field).map(|(_, word)| *word)
}

/// What a body says of each field that the face has a word for; those members are taken out of it.
pub(crate) fn by_words(dialect: &dyn Dialect, noun: Noun, verb: Verb, body: &mut Map<String, Value>) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL.into_iter().filter(|field| noun.has(*field)) {
        if let Some(word) = dialect.word(noun, verb, field) {
            draft.set(field, Given::from(body.remove(word)));
        }
    }
    draft
}

/// Every violation as a sentence that names its member, for the faces whose errors are plain text.
pub(crate) fn sentences(dialect: &dyn Dialect, violations: &[Violation]) -> String {
    violations.iter().map(|violation| sentence(dialect, violation)).collect::<Vec<_>>().join(" ")
}

fn sentence(dialect: &dyn Dialect, violation: &Violation) -> String {
    let Violation { field, location, rule } = violation;
    // A violation is only of a field that the face has a word for, the same one for each noun that has the field.
    let of = |noun: Noun| [Verb::Create, Verb::Replace].into_iter().find_map(|verb| dialect.word(noun, verb, *field));
    let mut nouns = [Noun::Credential, Noun::Principal, Noun::Tenant].into_iter().filter(|noun| noun.has(*field));
    let word = nouns.find_map(of).unwrap_or_default();
    let word = match location {
        Location::Whole => word.to_owned(),
        Location::Role(index) | Location::Item(index) => format!("{word}[{index}]"),
        Location::Member(index, member) => format!("{word}[{index}].{}", member.name()),
        Location::UnknownMember(index, name) => format!("{word}[{index}].{name}"),
        Location::Key(name) if word.is_empty() => name.clone(),
        Location::Key(name) => format!("{word}.{name}"),
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
