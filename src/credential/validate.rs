//! Validation of every body on every face: a loop over [`FIELDS`]. Exceptions of a vendor's contract are in the file of
//! the face.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::field::{Draft, Given, Location, Meaning, Rule, Violation};
use super::id::Id;
use super::role::{Context, Role};
use super::secret::Token;
use super::shape::{self, Broken, Listed};
pub use super::shape::{needs, read_context, whole};
use super::table::{Destination, FIELDS, Field, FieldRow, Initial, NAME_MAX, Noun, Null, Required, Shape, Verb};
pub use super::table::{METADATA_BYTES_MAX, METADATA_MAX, ROLES_MAX, STATE_BYTES_MAX};
use super::time::Micros;

/// The maximum number of violations in a response. Our own face's reader stops one later, which shows that there are more.
pub const VIOLATIONS_MAX: usize = 100;

/// What validation needs to know about a face's bodies.
pub trait Dialect {
    /// Returns the name of a field's member in a body, or `None` if the face has no member for it. Such a field has its
    /// default on create, and is kept otherwise. Only called for fields that the noun has.
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str>;

    /// Returns what an absent or null member means, where the face's contract differs from [`default_meaning`].
    fn exception(&self, verb: Verb, field: Field, given: &Given) -> Option<Meaning>;

    /// Parses an id in the face's spelling.
    fn read_id(&self, text: &str) -> Option<Id>;

    /// Spells an id as the face does in the path of what it created.
    fn spell_id(&self, id: Id) -> String;

    /// Reads a time. RFC 3339 requires the offset; a face's contract may not.
    fn read_time(&self, text: &str) -> Option<Micros>;
}

/// Returns what an absent or null member means unless a face's contract differs:
///
/// | | absent | null |
/// |---|---|---|
/// | create, replace | the default; a violation if required everywhere | cleared; a violation if it cannot be null |
/// | merge | the stored value is kept | as create |
#[must_use]
pub fn default_meaning(verb: Verb, field: Field, given: &Given) -> Meaning {
    match (given, verb) {
        (Given::Null, _) => Meaning::Clear,
        (Given::Absent | Given::Value(_), Verb::Merge) => Meaning::Keep,
        (Given::Absent | Given::Value(_), Verb::Create | Verb::Replace | Verb::Rotate | Verb::Revoke) => {
            let required = field.row().is_some_and(|row| row.required == Required::Everywhere);
            if required { Meaning::Missing } else { Meaning::Default }
        }
    }
}

/// The secret that a change sets.
#[derive(Clone)]
pub enum NewSecret {
    /// A new token from Postern.
    Made,
    /// A token that the client chose.
    Chosen(Token),
}

/// The valid fields of a draft.
#[derive(Default)]
pub struct Change {
    /// A merge patch of the document, in canonical values: an absent key is kept, null clears.
    pub set: Map<String, Value>,
    /// The id, if the client chose it.
    pub id: Option<Id>,
    /// The time of creation, if the client gave it.
    pub created_at: Option<Micros>,
    /// The time of the last change, if the client gave it.
    pub updated_at: Option<Micros>,
    /// The part of the roles that `set` replaces; `None` for all roles.
    pub context: Option<Context>,
    /// The secret; `None` keeps the stored one.
    pub secret: Option<NewSecret>,
    /// How long the old secret remains valid, in seconds.
    pub grace_seconds: Option<i64>,
    /// Whether a new credential gets a secret.
    pub makes_secret: Option<bool>,
    /// Why the credential is revoked.
    pub reason: Option<String>,
    /// The `role_id`s to check against the tenant's catalogue, each with its index in the body.
    pub named_roles: Vec<(usize, String)>,
}

/// Validates a draft. Returns the change and all violations, in the order of the fields.
///
/// If there are violations, the change has the valid fields, so that the database can add its own violations.
/// `prefix` is the token prefix.
pub fn validate(
    draft: &Draft,
    noun: Noun,
    verb: Verb,
    dialect: &dyn Dialect,
    prefix: &str,
) -> (Change, Vec<Violation>) {
    let mut reading = Reading { dialect, prefix, change: Change::default(), listed: None };
    let mut violations = Vec::new();
    for row in FIELDS.iter().filter(|row| row.right(noun).is_some()) {
        let given = draft.given(row.field);
        let meaning = match (given, dialect.word(noun, verb, row.field)) {
            (Given::Value(value), Some(_)) => {
                if let Err(Broken(rules)) = reading.set_value(row, value) {
                    violations.extend(rules.into_iter().map(|(location, rule)| broken(row.field, location, rule)));
                }
                continue;
            }
            (_, None) if verb == Verb::Create => Meaning::Default,
            (_, None) => Meaning::Keep,
            (Given::Absent | Given::Null, Some(_)) => {
                dialect.exception(verb, row.field, given).unwrap_or_else(|| default_meaning(verb, row.field, given))
            }
        };
        let rule = reading.apply(row, meaning).err();
        violations.extend(rule.map(|rule| broken(row.field, Location::Whole, rule)));
    }
    violations.extend(draft.unknown.iter().cloned());
    reading.set_roles(&mut violations);
    if dialect.word(noun, verb, Field::Name).is_none() {
        reading.set_name_from_parts();
    }
    (reading.change, reported(violations))
}

/// The state of one validation.
struct Reading<'a> {
    dialect: &'a dyn Dialect,
    prefix: &'a str,
    change: Change,
    /// The body's roles, until the context is known.
    listed: Option<Listed>,
}

impl Reading<'_> {
    /// Checks a value against its row's shape, and sets its canonical form.
    fn set_value(&mut self, row: &FieldRow, value: &Value) -> Result<(), Broken> {
        let canonical = match row.shape {
            Shape::Text { min, max } => shape::text(value, min, max)?.into(),
            Shape::TextOrNull { max } => match shape::text(value, 0, max)? {
                "" => Value::Null,
                text => text.into(),
            },
            Shape::Flag => shape::flag(value)?.into(),
            Shape::Choice(of) => shape::choice(value, of)?.into(),
            Shape::Whole { min, max } => whole(value, min, max)?.into(),
            Shape::Time => {
                let time = self.dialect.read_time(shape::text(value, 1, usize::MAX)?);
                time.ok_or(Rule::NotATime)?.0.into()
            }
            Shape::Id => {
                let id = self.dialect.read_id(shape::text(value, 1, usize::MAX)?);
                id.ok_or(Rule::NotAnId)?.to_string().into()
            }
            Shape::Names => shape::names(value)?,
            Shape::Metadata => shape::metadata(value)?,
            // These shapes have types of their own.
            Shape::Roles => {
                self.listed = Some(shape::roles(value, &mut self.change.named_roles)?);
                return Ok(());
            }
            Shape::Context => {
                self.change.context = Some(read_context(shape::text(value, 1, usize::MAX)?)?);
                return Ok(());
            }
            Shape::Secret => {
                self.change.secret = Some(NewSecret::Chosen(shape::secret(value, self.prefix)?));
                return Ok(());
            }
        };
        self.set(row, canonical);
        Ok(())
    }

    /// Applies the meaning of an absent or null member.
    fn apply(&mut self, row: &FieldRow, meaning: Meaning) -> Result<(), Rule> {
        match (meaning, row.null) {
            (Meaning::Keep, _) => {}
            (Meaning::Default, _) => self.set_default(row),
            (Meaning::Clear, Null::Clears) => self.set(row, Value::Null),
            (Meaning::Clear, Null::Refused) | (Meaning::Refuse, _) => return Err(Rule::NotNull),
            (Meaning::Missing, _) => return Err(Rule::Missing),
        }
        Ok(())
    }

    fn set_default(&mut self, row: &FieldRow) {
        let value = match row.default {
            Initial::Null => Value::Null,
            Initial::Text(text) => text.into(),
            Initial::Flag(flag) => flag.into(),
            Initial::Whole(number) => number.into(),
            Initial::Id(id) => id.to_string().into(),
            Initial::Names(names) => names.into(),
            Initial::Roles(roles) => roles.iter().map(|role| json!({ "role_id": role })).collect(),
            Initial::Secret => {
                self.change.secret = Some(NewSecret::Made);
                return;
            }
            Initial::Absent => return,
        };
        self.set(row, value);
    }

    /// Sets a canonical value or null in the row's destination.
    fn set(&mut self, row: &FieldRow, value: Value) {
        let change = &mut self.change;
        match row.destination {
            Destination::Document => drop(change.set.insert(row.key.to_owned(), value)),
            Destination::Id => change.id = value.as_str().and_then(Id::parse),
            Destination::CreatedAt => change.created_at = value.as_i64().map(Micros),
            Destination::UpdatedAt => change.updated_at = value.as_i64().map(Micros),
            Destination::MakesSecret => change.makes_secret = value.as_bool(),
            Destination::GraceSeconds => change.grace_seconds = value.as_i64(),
            Destination::Reason => change.reason = value.as_str().map(str::to_owned),
            // Null leaves them unset. `set_value` sets their values.
            Destination::Context | Destination::Secret => {}
        }
    }

    /// Sets the roles, without duplicates. Checks what depends on the context, which is another field.
    fn set_roles(&mut self, violations: &mut Vec<Violation>) {
        let (set, context) = (&mut self.change.set, self.change.context.as_ref());
        let key = Field::Roles.key();
        if let Some(listed) = self.listed.take() {
            let outside = listed.iter().filter(|(_, role)| context.is_some_and(|context| !context.contains(role)));
            violations
                .extend(outside.map(|(index, _)| broken(Field::Roles, Location::Role(*index), Rule::OutsideContext)));
            let mut roles = BTreeSet::new();
            roles.extend(listed.into_iter().map(|(_, role)| role));
            set.insert(key.to_owned(), roles.into_iter().map(Role::into_json).collect());
        } else if context.is_some() && set.get(key).is_some_and(Value::is_null) {
            // Within a context, null removes the context's roles and keeps the others.
            set.insert(key.to_owned(), Value::Array(Vec::new()));
        }
    }

    /// Sets the name of a principal from its parts, on a face without a member for the name.
    fn set_name_from_parts(&mut self) {
        let set = &mut self.change.set;
        let [Some(first), Some(last), Some(email)] =
            [Field::FirstName, Field::LastName, Field::Email].map(|part| set.get(part.key()))
        else {
            return;
        };
        let name = full_name(first.as_str(), last.as_str(), email.as_str());
        set.insert(Field::Name.key().to_owned(), name.into());
    }
}

/// Returns the name of a principal from its parts: first and last name, else the email address, else `unnamed`.
/// Truncated to [`NAME_MAX`] code points.
#[must_use]
pub fn full_name(first: Option<&str>, last: Option<&str>, email: Option<&str>) -> String {
    let parts: Vec<_> = [first, last].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let name = if parts.is_empty() { email.unwrap_or_default().to_owned() } else { parts.join(" ") };
    if name.is_empty() { "unnamed".to_owned() } else { name.chars().take(NAME_MAX).collect() }
}

/// Sorts violations by field and location.
#[must_use]
pub fn ordered(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.sort_by(|left, right| (left.field, left.location.order()).cmp(&(right.field, right.location.order())));
    violations
}

/// Sorts violations by field and location, removes duplicates, and truncates to [`VIOLATIONS_MAX`]. If violations were
/// dropped, here or in an earlier call, the last one is `TooManyViolations`.
#[must_use]
pub fn reported(mut violations: Vec<Violation>) -> Vec<Violation> {
    let more = broken(Field::Other, Location::Whole, Rule::TooManyViolations { max: VIOLATIONS_MAX });
    let found = violations.len();
    violations.retain(|violation| *violation != more);
    let truncated_before = violations.len() < found;
    let mut violations = ordered(violations);
    violations.dedup();
    if truncated_before || violations.len() > VIOLATIONS_MAX {
        violations.truncate(VIOLATIONS_MAX);
        violations.push(more);
    }
    violations
}

fn broken(field: Field, location: Location, rule: Rule) -> Violation {
    Violation { field, location, rule }
}
