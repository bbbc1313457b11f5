//! Faces: the APIs that Postern speaks. A face has words for fields, readers, renderers and constants.

pub mod coactive;
pub mod cursor;
pub mod keycard;
pub mod litegraph;
pub mod oauth;
pub mod postern;

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::credential::Credential;
use crate::credential::field::{Draft, Field, Given, Kind, Location, Noun, Rule, Verb, Violation};
use crate::credential::secret::Token;
use crate::credential::table::STALENESS_MAX;
use crate::credential::validate::Dialect;
use crate::operation::RenderContext;
use crate::refusal::Refusal;
use crate::request::{JSON, MERGE_PATCH, Request};
use crate::store::command::{AccessOfRoles, Page};
use crate::store::list::Listed;
use crate::store::principal::Principal;
use crate::store::tenant::Tenant;

/// The parameter of verifications with the bound on the age of the answer.
pub(crate) const STALENESS: &str = "max_staleness_seconds";

/// Reads [`STALENESS`] from a query or a form. The error says what the value must be.
fn staleness(text: &str) -> Result<i64, &'static str> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| (0..=STALENESS_MAX).contains(seconds));
    let seconds = seconds.filter(|seconds| seconds.to_string() == text);
    seconds.ok_or("must be a whole number of seconds from 0 to 300")
}

/// A face. There are no defaults: each face sets every field.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of one API's contract, independent of the others")]
pub struct Face {
    /// The face's names of fields, and its spelling of ids.
    pub dialect: &'static (dyn Dialect + Sync),
    /// Reads the fields of a body.
    pub read_body: fn(Noun, Verb, Map<String, Value>) -> Draft,
    /// Renders a refusal. The service adds the headers that do not depend on the face.
    pub render_error: fn(&Refusal) -> Answer,
    /// Renders tenants. A route on a noun compiles only if its face has a view of that noun.
    pub tenants: Option<&'static View<Tenant>>,
    /// Renders principals.
    pub principals: Option<&'static View<Principal>>,
    /// Renders credentials.
    pub credentials: Option<&'static View<Revealed>>,
    /// The status and body of a successful deletion.
    pub deleted: (u16, &'static str),
    /// The leading segments of the face's paths. For a path below one of them without a route, the face renders the
    /// error.
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
    /// Whether requests with unlisted query parameters, or media types other than `application/json` and the merge
    /// patch's, are refused. Other faces ignore such parameters and accept any JSON media type.
    pub is_strict: bool,
    /// Whether creations and rotations take an `Idempotency-Key`.
    pub takes_idempotency_keys: bool,
    /// Whether reads reveal a credential's secret, so that it is stored sealed.
    pub reveals_secrets: bool,
    /// Whether the representation of a credential lists its secrets: their ids and times.
    pub lists_secrets: bool,
    /// On a face whose contract has no access but roles: the access that they give.
    pub access_of_roles: Option<&'static AccessOfRoles>,
    /// Whether the face's field for enabled means "neither disabled nor revoked". Such a face cannot lift a revocation.
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

/// How a face renders a noun.
pub struct View<T> {
    /// Renders one resource.
    pub one: fn(&RenderContext<'_>, &T) -> Answer,
    /// Renders a page of a list.
    pub list: fn(&RenderContext<'_>, &Listed<T>, &Page) -> Answer,
}

/// A credential, with its secret if the response reveals it.
pub struct Revealed {
    /// The credential, without the value of a secret.
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

    /// Reads the body of a write as a JSON object.
    ///
    /// # Errors
    /// Returns what [`Request::object`] refuses, and `MediaType` for a media type that the face does not accept for
    /// this verb.
    pub fn object(&self, request: &Request<'_>, verb: Verb) -> Result<Map<String, Value>, Refusal> {
        if !self.is_strict {
            request.object()
        } else if verb == Verb::Merge {
            // Merge patches have a media type (RFC 7396). Accepting others would misread patches of other kinds, such
            // as RFC 6902's.
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
    /// The token, for `Authorization: Bearer`. It is invalid as soon as its credential, or the secret that it was issued
    /// for, is invalid.
    access_token: &'a str,
    /// `Bearer`.
    token_type: &'static str,
    /// How many seconds the token is valid, as far as is known now: at most an hour.
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

/// Looks up a face's word for a field. The table lists every field that the face has.
pub(crate) fn word_in(words: &[(Field, &'static str)], field: Field) -> Option<&'static str> {
    words.iter().find(|(of, _)| *of == field).map(|(_, word)| *word)
}

/// Reads each field for which the face has a word, and removes these members from the body.
pub(crate) fn by_words(dialect: &dyn Dialect, noun: Noun, verb: Verb, body: &mut Map<String, Value>) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL.into_iter().filter(|field| noun.has(*field)) {
        if let Some(word) = dialect.word(noun, verb, field) {
            draft.set(field, Given::from(body.remove(word)));
        }
    }
    draft
}

/// Renders each violation as a sentence that names the member, for the faces whose errors are plain text.
pub(crate) fn sentences(dialect: &dyn Dialect, violations: &[Violation]) -> String {
    violations.iter().map(|violation| sentence(dialect, violation)).collect::<Vec<_>>().join(" ")
}

fn sentence(dialect: &dyn Dialect, violation: &Violation) -> String {
    let Violation { field, location, rule } = violation;
    // Only fields for which the face has a word have violations, and the word is the same for each noun.
    let word_for = |noun| [Verb::Create, Verb::Replace].into_iter().find_map(|verb| dialect.word(noun, verb, *field));
    let mut nouns = [Noun::Credential, Noun::Principal, Noun::Tenant].into_iter().filter(|noun| noun.has(*field));
    let word = nouns.find_map(word_for).unwrap_or_default();
    let word = match location {
        Location::Whole => word.to_owned(),
        Location::Role(index) | Location::Item(index) => format!("{word}[{index}]"),
        Location::Member(index, member) => format!("{word}[{index}].{}", member.name()),
        Location::UnknownMember(index, name) => format!("{word}[{index}].{name}"),
        Location::Key(name) if word.is_empty() => name.clone(),
        Location::Key(name) => format!("{word}.{name}"),
        Location::Pointer(pointer) => pointer.clone(),
    };
    match rule {
        Rule::Missing => format!("{word} is required."),
        Rule::NotNull => format!("{word} cannot be null."),
        Rule::Type(Kind::Text) => format!("{word} must be a string."),
        Rule::Type(Kind::Boolean) => format!("{word} must be true or false."),
        Rule::Type(Kind::List) => format!("{word} must be an array."),
        Rule::Type(Kind::Object) => format!("{word} must be an object."),
        Rule::Type(Kind::Number) => format!("{word} must be a whole number."),
        Rule::NotInRange { min, max } => format!("{word} must be from {min} to {max}."),
        Rule::NotAChoice { of } => format!("{word} must be one of {}.", of.join(", ")),
        Rule::NotOfDefaultPrincipal => {
            format!("{word} must be the default principal's: this credential verifies tokens of every tenant.")
        }
        Rule::ItemCount { min, max } => format!("{word} must have {min} to {max} items."),
        Rule::ExactlyOne(members) => format!("{word} must have exactly one of {}.", members.join(", ")),
        Rule::TooLarge { max } => format!("{word} must have at most {max} bytes."),
        Rule::ReadOnly => format!("{word} is read-only. Omit it, or send its current value."),
        Rule::Unknown(None) => format!("{word} is unknown. Omit it."),
        Rule::Unknown(Some(nearest)) => format!("{word} is unknown. Did you mean {nearest}?"),
        Rule::TooShort { min } => format!("{word} must have at least {min} character(s)."),
        Rule::TooLong { max } => format!("{word} must have at most {max} characters."),
        Rule::Control => format!("{word} must not contain control characters."),
        Rule::NotAScopeToken => {
            format!("{word} must be visible ASCII characters without spaces, quotation marks and backslashes.")
        }
        Rule::NotAnId => format!("{word} is not a valid id."),
        Rule::Means(wants) => format!("{word} {wants}."),
        Rule::Unpinned(pins) => format!("{word} must require {}.", pins.join(" or ")),
        Rule::NotATime => format!("{word} must be an RFC 3339 time from 1970 to 2255."),
        Rule::TooMany { max } => format!("{word} must have at most {max} items."),
        Rule::TooManySent { max } => format!("{word} has too many items. Send at most {max}; duplicates count."),
        Rule::TooManyViolations { max } => {
            format!("The body has more than {max} violations. Fix the first {max}, listed here, and send it again.")
        }
        Rule::UnknownRole => format!("{word} is not a role of this tenant."),
        Rule::InstanceAlone => format!("{word} requires resource in the same role."),
        Rule::OutsideContext => format!("{word} is outside roles_context."),
        Rule::LastRole => format!("{word} cannot lose its last role: no roles means full access."),
        Rule::NotAContext => format!("{word} must be 'system' or 'dataset:{{dataset_id}}'."),
        // The text of LiteGraph's contract. No other face with plain-text errors has this field.
        Rule::UnknownPrincipal(id) => format!("No user with GUID '{}' exists.", id.guid()),
        Rule::NotAToken => format!("{word} must be 1 to 512 visible ASCII characters without spaces."),
        Rule::Checksum => {
            format!("{word} has the prefix of generated tokens, but not their checksum. Choose another token.")
        }
        Rule::LooksLikeAClient => format!("{word} must not begin with client_ and contain a colon."),
    }
}

/// Renders a JSON text. Serialization cannot fail: all maps have string keys.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
