//! The one validation module, for create, PUT and PATCH, on every face. One line a field says its name, its rule and its default
//! (see [`validate`]); the contract pages name the exceptions, which each face lists in its own file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::field::{Draft, Field, Kind, Meaning, Noun, Place, RoleMember, Rule, Said, Verb, Violation};
use super::id::Id;
use super::role::{Context, Role};
use super::secret::{NotAToken, Token};
use super::time::Micros;

/// The most code points of a name and of each part of a role.
pub const NAME_MAX: usize = 255;
/// The most code points of a description.
pub const DESCRIPTION_MAX: usize = 500;
/// The most roles of a credential, and of a tenant's catalogue: as sent, duplicates counted, and after merging.
pub const ROLES_MAX: usize = 100;
/// The most members of metadata, after merging.
pub const METADATA_MAX: usize = 16;
/// The most members of metadata as sent: as many as replace every member that is stored, each by another name.
pub const METADATA_SENT_MAX: usize = 2 * METADATA_MAX;
/// The most violations that are reported. Reading stops there, so that a body costs no more for being wrong.
pub const VIOLATIONS_MAX: usize = 100;
/// The most bytes of metadata's JSON text, after merging.
pub const METADATA_BYTES_MAX: usize = 4096;
/// The longest time that a secret may live on after its rotation began, in seconds: 90 days.
pub const GRACE_MAX: i64 = 90 * 24 * 3600;

/// How a face spells and reads what a body says, as far as rules need it.
pub trait Dialect {
    /// The member that says a field of a noun in a body of this verb; `None` when the face cannot say it, and then it is
    /// kept, or has its default on create. No wildcard arm here: a new field does not compile until the face has a word
    /// for it, or says that it has none. Only asked for fields that the noun has.
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str>;

    /// What an absent or a null member means, where the face's contract says other than [`usual`] does.
    fn exception(&self, verb: Verb, field: Field, said: &Said) -> Option<Meaning>;

    /// Reads an id as the face spells it in a body.
    fn read_id(&self, text: &str) -> Option<Id>;
}

/// What an absent or a null member means on every face that does not say otherwise:
///
/// | | absent | null |
/// |---|---|---|
/// | create, replace | the default; a field without one is missing | cleared; a violation where it cannot be empty |
/// | merge | keeps what is stored | as create |
#[must_use]
pub fn usual(verb: Verb, field: Field, said: &Said) -> Meaning {
    match (said, verb) {
        (Said::Null, _) => Meaning::Clear,
        (_, Verb::Merge) => Meaning::Keep,
        _ if field == Field::Name => Meaning::Missing,
        _ => Meaning::Default,
    }
}

/// What becomes of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To<T> {
    /// It stays as it is stored.
    Keep,
    /// It becomes this.
    Set(T),
}

/// A credential's secret, as a change asks for it.
#[derive(Clone)]
pub enum NewSecret {
    /// One is made here.
    Made,
    /// The client chose it.
    Chosen(Token),
}

/// A draft that passed validation. Fields in the order of [`Field`].
pub struct Change {
    /// The id, where the client chose it.
    pub id: To<Option<Id>>,
    /// Whom it speaks for.
    pub principal: To<Id>,
    /// The name.
    pub name: To<String>,
    /// A user's first name, or none.
    pub first_name: To<Option<String>>,
    /// A user's last name, or none.
    pub last_name: To<Option<String>>,
    /// A user's address, or none.
    pub email: To<Option<String>>,
    /// The description, or none.
    pub description: To<Option<String>>,
    /// Whether it may be used.
    pub enabled: To<bool>,
    /// The roles, or none: full access.
    pub roles: To<Option<BTreeSet<Role>>>,
    /// The part that `roles` replaces; none for all of them.
    pub context: Option<Context>,
    /// The end, or none.
    pub expires_at: To<Option<Micros>>,
    /// The metadata, or none at all; a member that is none is taken away.
    pub metadata: To<Option<BTreeMap<String, Option<String>>>>,
    /// The secret.
    pub secret: To<NewSecret>,
    /// Whether credentials may be given roles.
    pub rbac: To<bool>,
    /// Whether If-Match is required.
    pub preconditions: To<bool>,
    /// The names of the roles that there are.
    pub catalogue: To<BTreeSet<String>>,
    /// How long a rotated secret lives on, in seconds.
    pub grace_seconds: To<i64>,
    /// Why it is revoked, or no reason.
    pub reason: To<Option<String>>,
    /// When it was made.
    pub created_at: To<Option<Micros>>,
    /// When it was changed last.
    pub updated_at: To<Option<Micros>>,
    /// The `role_id`s that the database compares with the tenant's catalogue, each with its index in the body.
    pub named_roles: Vec<(usize, String)>,
}

impl Change {
    /// The fields that are set, by the names of their columns: an absent one is kept, null clears.
    #[must_use]
    pub fn set(&self) -> Map<String, Value> {
        let mut set = Map::new();
        put(&mut set, "principal", &self.principal);
        put(&mut set, "name", &self.name);
        put(&mut set, "first_name", &self.first_name);
        put(&mut set, "last_name", &self.last_name);
        put(&mut set, "email", &self.email);
        put(&mut set, "description", &self.description);
        put(&mut set, "enabled", &self.enabled);
        put(&mut set, "expires_at", &self.expires_at);
        put(&mut set, "metadata", &self.metadata);
        put(&mut set, "rbac", &self.rbac);
        put(&mut set, "preconditions", &self.preconditions);
        // A list within the JSON document; a text for the column.
        if let To::Set(names) = &self.catalogue {
            set.insert("role_names".to_owned(), serde_json::to_string(names).unwrap_or_default().into());
        }
        put(&mut set, "created_at", &self.created_at);
        put(&mut set, "updated_at", &self.updated_at);
        match &self.roles {
            // Within a context, no roles is the empty part; the rest of them stays.
            To::Set(None) if self.context.is_some() => put(&mut set, "roles", &To::Set([(); 0])),
            roles => put(&mut set, "roles", roles),
        }
        set
    }
}

fn put<T: Serialize>(set: &mut Map<String, Value>, name: &str, to: &To<T>) {
    if let To::Set(value) = to {
        // To a Value, only a map with keys that are not strings fails; there is none here.
        set.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }
}

/// Judges a draft: the change that it makes, and every rule that it breaks, in the order of the fields.
///
/// With violations the change holds what could be read, so that the database can add those that only it sees. `prefix` is
/// that of the tokens made here.
#[rustfmt::skip]
pub fn validate(draft: &Draft, noun: Noun, verb: Verb, dialect: &dyn Dialect, prefix: &str) -> (Change, Vec<Violation>) {
    use Field::{
        CreatedAt, Description, Email, Enabled, ExpiresAt, FirstName, GraceSeconds, Id as Id_, LastName, Metadata, Name,
        Preconditions, Principal, Rbac, Reason, RoleNames, Roles, RolesContext, Secret, UpdatedAt,
    };
    let mut judge = Judge { draft, noun, verb, dialect, violations: Vec::new() };
    let mut named_roles = Vec::new();
    let id = |value: &Value| text(value, 1, usize::MAX).and_then(|text| dialect.read_id(text).ok_or(Rule::NotAnId));
    let time = |value: &Value| text(value, 1, usize::MAX).and_then(|text| Micros::parse(text).ok_or(Rule::NotATime));

    let flag = |value: &Value| value.as_bool().ok_or(Rule::Type(Kind::Boolean));
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let line = |value: &Value, max| text(value, 0, max).map(|text| Some(text.to_owned()));

    //  field                              rule                                              default                       null
    let own_id      = judge.one(Id_,         |v| id(v).map(Some),                              Some(None),                   Some(None));
    let principal   = judge.one(Principal,   id,                                               Some(Id::ZERO),               None);
    let name        = judge.one(Name,        |v| text(v, 1, NAME_MAX).map(str::to_owned),      Some("unnamed".to_owned()),   None);
    let first_name  = judge.one(FirstName,   |v| line(v, NAME_MAX).map(some),                         Some(None),                   Some(None));
    let last_name   = judge.one(LastName,    |v| line(v, NAME_MAX).map(some),                         Some(None),                   Some(None));
    let email       = judge.one(Email,       |v| line(v, NAME_MAX).map(some),                         Some(None),                   Some(None));
    let description = judge.one(Description, |v| line(v, DESCRIPTION_MAX),                       Some(None),                   Some(None));
    let enabled     = judge.one(Enabled,     flag,                                             Some(true),                   None);
    let roles       = judge.all(Roles,       |v| roles(v, &mut named_roles).map(Some),         Some(Some(viewer())),         Some(None));
    let context     = judge.one(RolesContext, |v| context(v).map(Some),                        Some(None),                   Some(None));
    let expires_at  = judge.one(ExpiresAt,   |v| time(v).map(Some),                            Some(None),                   Some(None));
    let metadata    = judge.all(Metadata,    |v| metadata(v).map(Some),                        Some(None),                   Some(None));
    let secret      = judge.one(Secret,      |v| chosen(v, prefix),                            Some(NewSecret::Made),        None);
    let rbac        = judge.one(Rbac,        flag,                                             Some(true),                   None);
    let preconditions = judge.one(Preconditions, flag,                                         Some(false),                  None);
    let catalogue   = judge.all(RoleNames,   catalogue,                                        Some(usual_catalogue()),      None);
    let grace_seconds = judge.one(GraceSeconds, |v| whole(v, 0, GRACE_MAX),                    Some(0),                       None);
    let reason      = judge.one(Reason,      |v| line(v, DESCRIPTION_MAX),                     Some(None),                   Some(None));
    let created_at  = judge.one(CreatedAt,   |v| time(v).map(Some),                            Some(None),                   Some(None));
    let updated_at  = judge.one(UpdatedAt,   |v| time(v).map(Some),                            Some(None),                   Some(None));

    let context = match context { To::Set(context) => context, To::Keep => None };
    let mut violations = judge.violations;
    violations.extend(draft.unknown.iter().cloned());
    // What is made without a word on its end ends with its maker (src/store/verdict/change.sql).
    let expires_at = if *draft.said(ExpiresAt) == Said::Absent { To::Keep } else { expires_at };
    let roles = match roles {
        To::Set(listed) => To::Set(listed.map(|listed| as_set(listed, context.as_ref(), &mut violations))),
        To::Keep => To::Keep,
    };
    // A face that says the parts of a principal's name says its name by them.
    let name = match (&first_name, &last_name, &email) {
        (To::Set(first), To::Set(last), To::Set(email)) if dialect.word(noun, verb, Name).is_none() => {
            To::Set(full_name(first.as_deref(), last.as_deref(), email.as_deref()))
        }
        _ => name,
    };
    let violations = reported(violations);
    let change = Change {
        id: own_id, principal, name, first_name, last_name, email, description, enabled, roles, context, expires_at, metadata,
        secret, rbac, preconditions, catalogue, grace_seconds, reason, created_at, updated_at, named_roles,
    };
    (change, violations)
}

/// The name of a principal, where a face says it by its parts: first and last name, else the address, else `unnamed`; cut off
/// at [`NAME_MAX`] code points.
#[must_use]
pub fn full_name(first: Option<&str>, last: Option<&str>, email: Option<&str>) -> String {
    let parts: Vec<_> = [first, last].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let name = if parts.is_empty() { email.unwrap_or_default().to_owned() } else { parts.join(" ") };
    if name.is_empty() { "unnamed".to_owned() } else { name.chars().take(NAME_MAX).collect() }
}

/// The set that a list of roles is. Judged here is what takes more than one role, or another field, to see.
fn as_set(listed: Listed, context: Option<&Context>, violations: &mut Vec<Violation>) -> BTreeSet<Role> {
    let outside = listed.iter().filter(|(_, role)| context.is_some_and(|context| !context.holds(role)));
    violations.extend(outside.map(|(index, _)| broken(Field::Roles, Place::Role(*index), Rule::OutsideContext)));
    let mut set = BTreeSet::new();
    set.extend(listed.into_iter().map(|(_, role)| role));
    set
}

/// Returns violations as they are reported: in the order of fields and places, each once, and at most [`VIOLATIONS_MAX`]. If
/// there are more, or were before, the last one says so.
#[must_use]
pub fn reported(mut violations: Vec<Violation>) -> Vec<Violation> {
    let more = broken(Field::Other, Place::Whole, Rule::TooManyViolations { max: VIOLATIONS_MAX });
    let found = violations.len();
    violations.retain(|violation| *violation != more);
    let cut_off_before = violations.len() < found;
    violations.sort_by(|left, right| (left.field, left.place.order()).cmp(&(right.field, right.place.order())));
    violations.dedup();
    if cut_off_before || violations.len() > VIOLATIONS_MAX {
        violations.truncate(VIOLATIONS_MAX);
        violations.push(more);
    }
    violations
}

fn broken(field: Field, place: Place, rule: Rule) -> Violation {
    Violation { field, place, rule }
}

/// The role of what is made through a face that cannot say roles: it may read, no more.
fn viewer() -> Listed {
    vec![(0, Role { resource: None, resource_instance: None, role_id: "viewer".to_owned() })]
}

struct Judge<'a> {
    draft: &'a Draft,
    noun: Noun,
    verb: Verb,
    dialect: &'a dyn Dialect,
    violations: Vec<Violation>,
}

impl Judge<'_> {
    /// Judges a field whose value breaks one rule at most.
    fn one<T>(
        &mut self,
        field: Field,
        rule: impl FnOnce(&Value) -> Result<T, Rule>,
        default: Option<T>,
        null: Option<T>,
    ) -> To<T> {
        self.all(field, |value| rule(value).map_err(|rule| vec![(Place::Whole, rule)]), default, null)
    }

    /// Judges a field. `default` is what absent means where it means the default, `null` what null means where the field
    /// may be cleared.
    fn all<T>(
        &mut self,
        field: Field,
        rule: impl FnOnce(&Value) -> Result<T, Vec<(Place, Rule)>>,
        default: Option<T>,
        null: Option<T>,
    ) -> To<T> {
        if !self.noun.has(field) {
            return To::Keep;
        }
        let said = self.draft.said(field);
        let unsaid = match (said, self.dialect.word(self.noun, self.verb, field)) {
            (Said::Value(value), Some(_)) => match rule(value) {
                Ok(value) => return To::Set(value),
                Err(rules) => {
                    self.violations.extend(rules.into_iter().map(|(place, rule)| broken(field, place, rule)));
                    return To::Keep;
                }
            },
            // The face cannot say it: kept, by every verb.
            (_, None) if self.verb == Verb::Create => Meaning::Default,
            (_, None) => Meaning::Keep,
            (said, Some(_)) => {
                self.dialect.exception(self.verb, field, said).unwrap_or_else(|| usual(self.verb, field, said))
            }
        };
        let (value, otherwise) = match unsaid {
            Meaning::Keep => return To::Keep,
            Meaning::Default => (default, Rule::Missing),
            Meaning::Clear => (null, Rule::NotNull),
            Meaning::Missing => (None, Rule::Missing),
            Meaning::Refuse => (None, Rule::NotNull),
        };
        value.map_or_else(
            || {
                self.violations.push(broken(field, Place::Whole, otherwise));
                To::Keep
            },
            To::Set,
        )
    }
}

/// A string of so many code points (JSON Schema's and SQLite's count), without control characters, not trimmed.
fn text(value: &Value, min: usize, max: usize) -> Result<&str, Rule> {
    let text = value.as_str().ok_or(Rule::Type(Kind::Text))?;
    let length = text.chars().count();
    if length < min {
        Err(Rule::TooShort { min })
    } else if length > max {
        Err(Rule::TooLong { max })
    } else if text.chars().any(char::is_control) {
        Err(Rule::Control)
    } else {
        Ok(text)
    }
}

/// A whole number in these bounds.
fn whole(value: &Value, min: i64, max: i64) -> Result<i64, Rule> {
    let number = value.as_i64().filter(|number| (min..=max).contains(number));
    let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    number.ok_or(if is_whole { Rule::NotInRange { min, max } } else { Rule::Type(Kind::Number) })
}

/// Checks how many items a body lists, before any of them is read.
fn as_sent(items: usize, max: usize) -> Result<(), Vec<(Place, Rule)>> {
    if items > max { Err(vec![(Place::Whole, Rule::TooManySent { max })]) } else { Ok(()) }
}

/// Metadata as a body says it: a member that is none is taken away.
type Metadata = BTreeMap<String, Option<String>>;

/// Metadata: names of 1 to 255 code points, each with a text of at most 500, or null to take the member away.
fn metadata(value: &Value) -> Result<Metadata, Vec<(Place, Rule)>> {
    let members = value.as_object().ok_or_else(|| vec![(Place::Whole, Rule::Type(Kind::Object))])?;
    as_sent(members.len(), METADATA_SENT_MAX)?;
    let (mut kept, mut broken) = (BTreeMap::new(), Vec::new());
    for (name, value) in members {
        let named = text(&Value::from(name.as_str()), 1, NAME_MAX).map(drop);
        let said = match value {
            Value::Null => Ok(None),
            value => text(value, 0, DESCRIPTION_MAX).map(|text| Some(text.to_owned())),
        };
        match named.and(said) {
            Ok(said) => drop(kept.insert(name.clone(), said)),
            Err(rule) => broken.push((Place::Key(name.clone()), rule)),
        }
    }
    if broken.is_empty() { Ok(kept) } else { Err(broken) }
}

/// The names of the roles that a tenant knows. The three that rights are made of are always among them.
fn catalogue(value: &Value) -> Result<BTreeSet<String>, Vec<(Place, Rule)>> {
    let items = value.as_array().ok_or_else(|| vec![(Place::Whole, Rule::Type(Kind::List))])?;
    as_sent(items.len(), ROLES_MAX)?;
    let (mut names, mut broken) = (usual_catalogue(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match text(item, 1, NAME_MAX) {
            Ok(name) => drop(names.insert(name.to_owned())),
            Err(rule) => broken.push((Place::Item(index), rule)),
        }
    }
    if names.len() > ROLES_MAX {
        broken.push((Place::Whole, Rule::TooMany { max: ROLES_MAX }));
    }
    if broken.is_empty() { Ok(names) } else { Err(broken) }
}

fn usual_catalogue() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    names.extend(["admin", "editor", "viewer"].map(str::to_owned));
    names
}

/// A body's roles, each with its index in the body.
type Listed = Vec<(usize, Role)>;

/// A list of roles. Every item is read, and every `role_id` that could be read is noted for the catalogue.
fn roles(value: &Value, named: &mut Vec<(usize, String)>) -> Result<Listed, Vec<(Place, Rule)>> {
    let items = value.as_array().ok_or_else(|| vec![(Place::Whole, Rule::Type(Kind::List))])?;
    as_sent(items.len(), ROLES_MAX)?;
    if items.is_empty() {
        // It might be taken for "none of them"; no roles is full access.
        return Err(vec![(Place::Whole, Rule::Empty)]);
    }
    let mut broken = Vec::new();
    let mut roles = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(members) = item.as_object() else {
            broken.push((Place::Role(index), Rule::Type(Kind::Object)));
            continue;
        };
        let mut member = |name: RoleMember, required: bool| match members.get(name.name()) {
            None | Some(Value::Null) if !required => None,
            None => {
                broken.push((Place::Member(index, name), Rule::Missing));
                None
            }
            Some(value) => text(value, 1, NAME_MAX)
                .map_err(|rule| broken.push((Place::Member(index, name), rule)))
                .ok()
                .map(str::to_owned),
        };
        let role_id = member(RoleMember::RoleId, true);
        let resource = member(RoleMember::Resource, false);
        let resource_instance = member(RoleMember::Instance, false);
        if let Some(role_id) = &role_id {
            named.push((index, role_id.clone()));
        }
        let resource_said = members.get(RoleMember::Resource.name()).is_some_and(|value| !value.is_null());
        if resource_instance.is_some() && !resource_said {
            broken.push((Place::Member(index, RoleMember::Instance), Rule::InstanceAlone));
        }
        roles.extend(role_id.map(|role_id| (index, Role { resource, resource_instance, role_id })));
    }
    if broken.is_empty() { Ok(roles) } else { Err(broken) }
}

fn context(value: &Value) -> Result<Context, Rule> {
    read_context(text(value, 1, usize::MAX)?)
}

/// Reads a context: `system`, or `dataset:{id}` (contract of the Coactive face).
///
/// # Errors
/// `NotAContext` for anything else.
pub fn read_context(said: &str) -> Result<Context, Rule> {
    if said == "system" {
        return Ok(Context { resource: None, resource_instance: None });
    }
    let instance = said.strip_prefix("dataset:").ok_or(Rule::NotAContext)?;
    if instance.is_empty() || instance.chars().count() > NAME_MAX {
        return Err(Rule::NotAContext);
    }
    Ok(Context { resource: Some("dataset".to_owned()), resource_instance: Some(instance.to_owned()) })
}

/// A secret that the client chose. What begins with `client_` and holds a colon would be read as an id and its secret.
fn chosen(value: &Value, prefix: &str) -> Result<NewSecret, Rule> {
    let said = value.as_str().ok_or(Rule::Type(Kind::Text))?;
    if said.starts_with("client_") && said.contains(':') {
        return Err(Rule::LooksLikeAClient);
    }
    match Token::read(said, prefix) {
        Ok(token) => Ok(NewSecret::Chosen(token)),
        Err(NotAToken::Characters) => Err(Rule::NotAToken),
        Err(NotAToken::Checksum) => Err(Rule::Checksum),
    }
}
