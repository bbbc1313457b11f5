//! Every refusal and every rule, each with an example value.

use postern::credential::access::ACCESS;
use postern::credential::field::{Kind, Rule};
use postern::credential::id::Id;
use postern::refusal::{Conflict, Noun, Parameter, Refusal, Unreadable};
use postern::settings::Settings;

/// Returns the values. A new variant does not compile until it has a value here.
macro_rules! each_of {
    ($type:ty: $($pattern:pat => $value:expr,)*) => {{
        let _ = |of: &$type| match of { $($pattern => {})* };
        vec![$($value),*]
    }};
}

#[rustfmt::skip]
pub fn refusals() -> Vec<Refusal> {
    let misconfigured = Settings::read(|_| None).err().unwrap_or_else(|| panic!("nothing is set"));
    let missing = |noun| Refusal::Missing(noun);
    let mut all = each_of! { Refusal:
        Refusal::Misconfigured(_) => Refusal::Misconfigured(misconfigured),
        Refusal::NoRoute => Refusal::NoRoute,
        Refusal::MissingMeans => Refusal::MissingMeans,
        Refusal::MethodNotAllowed { .. } => Refusal::MethodNotAllowed { allow: "GET, HEAD, PUT, PATCH, DELETE".to_owned() },
        Refusal::ContentCoding => Refusal::ContentCoding,
        Refusal::MediaType => Refusal::MediaType,
        Refusal::TooLarge => Refusal::TooLarge,
        Refusal::Unauthenticated => Refusal::Unauthenticated,
        Refusal::Verifier => Refusal::Verifier,
        Refusal::TooManyFailures => Refusal::TooManyFailures,
        Refusal::Inactive => Refusal::Inactive,
        Refusal::Forbidden => Refusal::Forbidden,
        Refusal::TenantNotNamed => Refusal::TenantNotNamed,
        Refusal::Missing(Noun::Tenant) => missing(Noun::Tenant),
        Refusal::Missing(Noun::Principal) => missing(Noun::Principal),
        Refusal::Missing(Noun::Credential) => missing(Noun::Credential),
        Refusal::Stale => Refusal::Stale,
        Refusal::PreconditionRequired => Refusal::PreconditionRequired,
        Refusal::KeyReused => Refusal::KeyReused,
        Refusal::TooMany => Refusal::TooMany,
        Refusal::Invalid(_) => Refusal::Invalid(Vec::new()),
        Refusal::ForbiddenChange => Refusal::ForbiddenChange,
        Refusal::NoRoles => Refusal::NoRoles,
        Refusal::NoIssuerKeys => Refusal::NoIssuerKeys,
        Refusal::NotReady(_) => Refusal::NotReady(None),
        Refusal::Unavailable => Refusal::Unavailable,
        Refusal::OutcomeUnknown => Refusal::OutcomeUnknown,
        Refusal::Broken(_) => Refusal::Broken(String::new()),
        // Added below.
        Refusal::Conflict(_) | Refusal::Unreadable(_) => Refusal::NoRoute,
    };
    all.pop();
    all.extend(each_of! { Conflict:
        Conflict::Id => Conflict::Id,
        Conflict::Secret => Conflict::Secret,
        Conflict::Means => Conflict::Means,
        Conflict::Revoked => Conflict::Revoked,
        Conflict::Rotating => Conflict::Rotating,
        Conflict::NotRotating => Conflict::NotRotating,
        Conflict::DefaultPrincipal => Conflict::DefaultPrincipal,
        Conflict::NotEmpty => Conflict::NotEmpty,
    }.into_iter().map(Refusal::Conflict));
    all.extend(each_of! { Unreadable:
        Unreadable::Incomplete => Unreadable::Incomplete,
        Unreadable::GrantAssertion => Unreadable::GrantAssertion,
        Unreadable::Grant => Unreadable::Grant,
        Unreadable::NotUtf8 => Unreadable::NotUtf8,
        Unreadable::NotJson { .. } => Unreadable::NotJson { line: 1, column: 2 },
        Unreadable::TooDeep => Unreadable::TooDeep,
        Unreadable::TooManyValues => Unreadable::TooManyValues,
        Unreadable::DuplicateMember => Unreadable::DuplicateMember,
        Unreadable::NotAnObject => Unreadable::NotAnObject,
        Unreadable::ClientRequestId => Unreadable::ClientRequestId,
        Unreadable::IdempotencyKey => Unreadable::IdempotencyKey,
        Unreadable::TooManyTags(_) => Unreadable::TooManyTags("If-Match"),
        Unreadable::Parameters(_) => Unreadable::Parameters(vec![Parameter { name: "limit", wants: "" }]),
        Unreadable::UnknownParameter(_) => Unreadable::UnknownParameter(&["limit", "cursor"]),
        Unreadable::GrantType => Unreadable::GrantType,
        Unreadable::Scope => Unreadable::Scope,
        Unreadable::Form => Unreadable::Form,
        Unreadable::Assertion => Unreadable::Assertion,
    }.into_iter().map(Refusal::Unreadable));
    all
}

/// The rules that a body on the Postern face can break. The others concern members it does not have: contexts and
/// client-chosen secrets.
#[rustfmt::skip]
pub fn rules_of_our_own_face() -> Vec<Rule> {
    let mut all = each_of! { Rule:
        Rule::Missing => Rule::Missing,
        Rule::NotNull => Rule::NotNull,
        Rule::Type(Kind::Text) => Rule::Type(Kind::Text),
        Rule::Type(Kind::Boolean) => Rule::Type(Kind::Boolean),
        Rule::Type(Kind::List) => Rule::Type(Kind::List),
        Rule::Type(Kind::Object) => Rule::Type(Kind::Object),
        Rule::Type(Kind::Number) => Rule::Type(Kind::Number),
        Rule::TooShort { .. } => Rule::TooShort { min: 1 },
        Rule::TooLong { .. } => Rule::TooLong { max: 255 },
        Rule::Control => Rule::Control,
        Rule::NotAScopeToken => Rule::NotAScopeToken,
        Rule::Means(_) => Rule::Means("must be RSA, EC or OKP"),
        Rule::Unpinned(_) => Rule::Unpinned(&["namespace_id", "project_id"]),
        Rule::NotAnId => Rule::NotAnId,
        Rule::NotATime => Rule::NotATime,
        Rule::TooMany { .. } => Rule::TooMany { max: 100 },
        Rule::TooManySent { .. } => Rule::TooManySent { max: 100 },
        Rule::TooManyViolations { .. } => Rule::TooManyViolations { max: 100 },
        Rule::UnknownRole => Rule::UnknownRole,
        Rule::InstanceAlone => Rule::InstanceAlone,
        Rule::UnknownPrincipal(_) => Rule::UnknownPrincipal(Id::ZERO),
        Rule::NotAChoice { .. } => Rule::NotAChoice { of: &ACCESS },
        Rule::NotOfDefaultPrincipal => Rule::NotOfDefaultPrincipal,
        Rule::ItemCount { .. } => Rule::ItemCount { min: 1, max: 16 },
        Rule::ExactlyOne(_) => Rule::ExactlyOne(&["all", "any"]),
        Rule::NotInRange { .. } => Rule::NotInRange { min: 0, max: 7_776_000 },
        Rule::TooLarge { .. } => Rule::TooLarge { max: 4096 },
        Rule::ReadOnly => Rule::ReadOnly,
        Rule::Unknown(Some(_)) => Rule::Unknown(Some("roles")),
        Rule::Unknown(None) => Rule::Unknown(None),
        Rule::OutsideContext | Rule::LastRole | Rule::NotAContext | Rule::NotAToken | Rule::Checksum
        | Rule::LooksLikeAClient => Rule::Checksum,
    };
    all.pop();
    all
}
