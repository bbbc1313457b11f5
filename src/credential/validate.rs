//! The one validation module, for create, PUT and PATCH, on every face: a loop over [`FIELDS`]. The contract pages name the
//! exceptions, which each face lists in its own file.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::field::{Draft, Given, Location, Meaning, Rule, Violation};
use super::id::Id;
use super::role::{Context, Role};
use super::secret::Token;
pub use super::shape::read_context;
use super::shape::{self, Broken, Listed};
use super::table::{Destination, FIELDS, Field, FieldRow, Initial, NAME_MAX, Noun, Null, Required, Shape, Verb};
pub use super::table::{METADATA_BYTES_MAX, METADATA_MAX, ROLES_MAX, STATE_BYTES_MAX};
use super::time::Micros;

/// The most violations that are reported. Reading stops there, so that a body costs no more for being wrong.
pub const VIOLATIONS_MAX: usize = 100;

/// How a face spells and reads what a body says, as far as rules need it.
pub trait Dialect {
    /// Returns the member that says a field of a noun in a body of this verb. `None`: the face cannot say the field, which is
    /// then kept, or has its default on create. Only called for fields that the noun has. A new document field has its key
    /// as its word on our own face, and no word on a vendor's face until that face lists it.
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str>;

    /// What an absent or a null member means, where the face's contract says other than [`usual`] does.
    fn exception(&self, verb: Verb, field: Field, given: &Given) -> Option<Meaning>;

    /// Reads an id as the face spells it in a body.
    fn read_id(&self, text: &str) -> Option<Id>;

    /// Spells an id as the face does in the path of what it created.
    fn spell_id(&self, id: Id) -> String {
        id.to_string()
    }

    /// Reads a time. RFC 3339 requires the offset; a face whose contract does not overrides this.
    fn read_time(&self, text: &str) -> Option<Micros> {
        Micros::parse(text)
    }
}

/// What an absent or a null member means on every face that does not say otherwise:
///
/// | | absent | null |
/// |---|---|---|
/// | create, replace | the default; missing if the field is required everywhere | cleared; a violation where it cannot be empty |
/// | merge | keeps what is stored | as create |
#[must_use]
pub fn usual(verb: Verb, field: Field, given: &Given) -> Meaning {
    match (given, verb) {
        (Given::Null, _) => Meaning::Clear,
        (Given::Absent | Given::Value(_), Verb::Merge) => Meaning::Keep,
        (Given::Absent | Given::Value(_), Verb::Create | Verb::Replace | Verb::Rotate | Verb::Revoke) => {
            let required = field.row().is_some_and(|row| row.required == Required::Everywhere);
            if required { Meaning::Missing } else { Meaning::Default }
        }
    }
}

/// A credential's secret, as a change asks for it.
#[derive(Clone)]
pub enum NewSecret {
    /// One is made here.
    Made,
    /// The client chose it.
    Chosen(Token),
}

/// A draft that passed validation.
#[derive(Default)]
pub struct Change {
    /// The document's keys that change, each with its canonical value: an absent key is kept, null clears.
    pub set: Map<String, Value>,
    /// The id, where the client chose it.
    pub id: Option<Id>,
    /// When it was made, where the client says so.
    pub created_at: Option<Micros>,
    /// When it was changed last, where the client says so.
    pub updated_at: Option<Micros>,
    /// The part of the roles that `set` replaces; none for all of them.
    pub context: Option<Context>,
    /// The secret; none keeps the one that is stored.
    pub secret: Option<NewSecret>,
    /// How long a rotated secret lives on, in seconds.
    pub grace_seconds: Option<i64>,
    /// Why the credential is revoked.
    pub reason: Option<String>,
    /// The `role_id`s that the database compares with the tenant's catalogue, each with its index in the body.
    pub named_roles: Vec<(usize, String)>,
}

/// Judges a draft: the change that it makes, and every rule that it breaks, in the order of the fields.
///
/// With violations the change holds what could be read, so that the database can add those that only it sees. `prefix` is
/// that of the tokens made here.
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
                if let Err(Broken(rules)) = reading.take(row, value) {
                    violations.extend(rules.into_iter().map(|(location, rule)| broken(row.field, location, rule)));
                }
                continue;
            }
            // The face cannot say it: kept, by every verb.
            (_, None) if verb == Verb::Create => Meaning::Default,
            (_, None) => Meaning::Keep,
            (Given::Absent | Given::Null, Some(_)) => {
                dialect.exception(verb, row.field, given).unwrap_or_else(|| usual(verb, row.field, given))
            }
        };
        let wrong = reading.mean(row, meaning).err();
        violations.extend(wrong.map(|rule| broken(row.field, Location::Whole, rule)));
    }
    violations.extend(draft.unknown.iter().cloned());
    reading.set_roles(&mut violations);
    if dialect.word(noun, verb, Field::Name).is_none() {
        reading.set_name_of_parts();
    }
    (reading.change, reported(violations))
}

/// A draft that is being read.
struct Reading<'a> {
    dialect: &'a dyn Dialect,
    prefix: &'a str,
    change: Change,
    /// The roles of the body, until its context is known.
    listed: Option<Listed>,
}

impl Reading<'_> {
    /// Checks a value by its row's shape, and puts its canonical form where the row says.
    fn take(&mut self, row: &FieldRow, value: &Value) -> Result<(), Broken> {
        let canonical = match row.shape {
            Shape::Text { min, max } => shape::text(value, min, max)?.into(),
            Shape::TextOrNull { max } => match shape::text(value, 0, max)? {
                "" => Value::Null,
                text => text.into(),
            },
            Shape::Flag => shape::flag(value)?.into(),
            Shape::Whole { min, max } => shape::whole(value, min, max)?.into(),
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
            // The others are of types of their own.
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
        self.put(row, canonical);
        Ok(())
    }

    /// Does what an absent or a null member means.
    fn mean(&mut self, row: &FieldRow, meaning: Meaning) -> Result<(), Rule> {
        match (meaning, row.null) {
            (Meaning::Keep, _) => {}
            (Meaning::Default, _) => self.begin(row),
            (Meaning::Clear, Null::Clears) => self.put(row, Value::Null),
            (Meaning::Clear, Null::Refused) | (Meaning::Refuse, _) => return Err(Rule::NotNull),
            (Meaning::Missing, _) => return Err(Rule::Missing),
        }
        Ok(())
    }

    /// Gives a field its default.
    fn begin(&mut self, row: &FieldRow) {
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
        self.put(row, value);
    }

    /// Puts a canonical value, or null, where its row says.
    fn put(&mut self, row: &FieldRow, value: Value) {
        let change = &mut self.change;
        match row.destination {
            Destination::Document => drop(change.set.insert(row.key.to_owned(), value)),
            Destination::Id => change.id = value.as_str().and_then(Id::parse),
            Destination::CreatedAt => change.created_at = value.as_i64().map(Micros),
            Destination::UpdatedAt => change.updated_at = value.as_i64().map(Micros),
            Destination::GraceSeconds => change.grace_seconds = value.as_i64(),
            Destination::Reason => change.reason = value.as_str().map(str::to_owned),
            // Null is how they begin. Values of them do not come here: see `take`.
            Destination::Context | Destination::Secret => {}
        }
    }

    /// Puts the roles, as a set. Judged here is what takes more than one role, or another field, to see.
    fn set_roles(&mut self, violations: &mut Vec<Violation>) {
        let (set, context) = (&mut self.change.set, self.change.context.as_ref());
        let key = Field::Roles.key();
        if let Some(listed) = self.listed.take() {
            let outside = listed.iter().filter(|(_, role)| context.is_some_and(|context| !context.holds(role)));
            violations
                .extend(outside.map(|(index, _)| broken(Field::Roles, Location::Role(*index), Rule::OutsideContext)));
            let mut roles = BTreeSet::new();
            roles.extend(listed.into_iter().map(|(_, role)| role));
            set.insert(key.to_owned(), roles.into_iter().map(Role::into_json).collect());
        } else if context.is_some() && set.get(key).is_some_and(Value::is_null) {
            // Within a context, no roles is the empty part; the rest of them stays.
            set.insert(key.to_owned(), Value::Array(Vec::new()));
        }
    }

    /// Puts the name of a principal on a face that gives it by its parts, once all of them are known.
    fn set_name_of_parts(&mut self) {
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

/// The name of a principal, where a face says it by its parts: first and last name, else the address, else `unnamed`; cut off
/// at [`NAME_MAX`] code points.
#[must_use]
pub fn full_name(first: Option<&str>, last: Option<&str>, email: Option<&str>) -> String {
    let parts: Vec<_> = [first, last].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let name = if parts.is_empty() { email.unwrap_or_default().to_owned() } else { parts.join(" ") };
    if name.is_empty() { "unnamed".to_owned() } else { name.chars().take(NAME_MAX).collect() }
}

/// Returns violations as they are reported: in the order of fields and places, each once, and at most [`VIOLATIONS_MAX`]. If
/// there are more, or were before, the last one says so.
#[must_use]
pub fn reported(mut violations: Vec<Violation>) -> Vec<Violation> {
    let more = broken(Field::Other, Location::Whole, Rule::TooManyViolations { max: VIOLATIONS_MAX });
    let found = violations.len();
    violations.retain(|violation| *violation != more);
    let cut_off_before = violations.len() < found;
    violations.sort_by(|left, right| (left.field, left.location.order()).cmp(&(right.field, right.location.order())));
    violations.dedup();
    if cut_off_before || violations.len() > VIOLATIONS_MAX {
        violations.truncate(VIOLATIONS_MAX);
        violations.push(more);
    }
    violations
}

fn broken(field: Field, location: Location, rule: Rule) -> Violation {
    Violation { field, location, rule }
}
