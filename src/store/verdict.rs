//! What the verdict says. What its code means stands in `rules.rs`, and nothing is judged a second time here.

use std::collections::BTreeSet;
use std::pin::Pin;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::command::Command;
use super::rules::RULES;
use super::sql::Sql;
use super::{Database, Parameter, Row, Store};
use crate::caller::Rank;
use crate::credential::end::Ends;
use crate::credential::field::{Field, Location, Noun, RoleMember, Rule, Violation};
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::time::Micros;
use crate::credential::validate::{self, METADATA_BYTES_MAX, METADATA_MAX, ROLES_MAX, STATE_BYTES_MAX};
use crate::refusal::Refusal;

/// What came of a batch: what was judged, and what is now there, or why not.
pub struct Outcome<T> {
    /// Who called, whatever the verdict.
    pub judged: Judged,
    /// What was asked for, or the refusal.
    pub result: Result<T, Refusal>,
}

/// The verdict, and what the words of a refusal need.
#[derive(Debug, Deserialize)]
pub struct Judged {
    code: String,
    /// The calling credential, or `root`.
    pub caller: Option<String>,
    /// The caller's rank.
    pub rank: Option<Rank>,
    /// The caller's tenant; root has none.
    pub caller_tenant: Option<Id>,
    /// When the calling credential expires.
    pub caller_expires_at: Option<Micros>,
    /// The secret that the caller presented.
    pub caller_secret: Option<Id>,
    /// When that was made.
    pub secret_made: Option<Micros>,
    /// The id of the key that it is under.
    pub caller_key: Option<String>,
    /// Its sealed value, if it has one.
    pub caller_sealed: Option<String>,
    /// How many credentials the tenant has.
    pub total: Option<u64>,
    /// The roles of the calling credential, where they were asked for; without any it has full access.
    pub roles: Option<Vec<Role>>,
    /// The names of the roles that the tenant knows, where they were asked for.
    pub role_names: Option<Vec<String>>,
    unnoted: Option<u8>,
    /// What only the database can see: the name of each violation, and what it needs besides.
    #[serde(default)]
    violations: Vec<(String, Value)>,
    /// When the caller's secret ends, where a rotation replaces it.
    pub retires_at: Option<Micros>,
    /// Since when that is so.
    pub retires_since: Option<Micros>,
}

impl Judged {
    /// The verdict: go on, or the refusal. `violations` are those that were found before; the database adds its own.
    ///
    /// # Errors
    /// The refusal.
    pub fn verdict(&self, violations: Vec<Violation>, command: &Command) -> Result<(), Refusal> {
        if self.code == "go" {
            return Ok(());
        }
        let unknown = || Refusal::Broken(format!("no rule for the verdict {}", self.code));
        let rule = RULES.iter().find(|rule| rule.code == self.code).ok_or_else(unknown)?;
        match &rule.refusal {
            None => Ok(()),
            Some(Refusal::Invalid(_)) => Err(Refusal::Invalid(self.violations(violations, command)?)),
            Some(refusal) => Err(refusal.clone()),
        }
    }

    /// What ends the caller. `access` is the end that its access token carries, if it called with one.
    #[must_use]
    pub fn ends(&self, access: Option<Micros>) -> Ends {
        Ends { credential: self.caller_expires_at, secret: self.retires_at, access }
    }

    /// Whether the same was made before, under the same key.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.code == "replay"
    }

    /// Whether who called is known, and may call.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        !matches!(self.code.as_str(), "unauthenticated" | "inactive")
    }

    /// Whether the last noted use of the caller's secret is more than a minute ago.
    #[must_use]
    pub fn is_unnoted(&self) -> bool {
        self.unnoted == Some(1)
    }

    fn violations(&self, mut violations: Vec<Violation>, command: &Command) -> Result<Vec<Violation>, Refusal> {
        for (name, detail) in &self.violations {
            let mut add = |field, location, rule| violations.push(Violation { field, location, rule });
            let names = || -> Vec<String> { serde_json::from_value(detail.clone()).unwrap_or_default() };
            match name.as_str() {
                "unknown_principal" => {
                    let said = command.set.get("principal").and_then(Value::as_str).and_then(Id::parse);
                    if let Some(id) = said {
                        add(Field::Principal, Location::Whole, Rule::UnknownPrincipal(id));
                    }
                }
                "unknown_roles" => {
                    let unknown: BTreeSet<String> = names().into_iter().collect();
                    for (index, _) in command.role_names.iter().filter(|(_, name)| unknown.contains(name)) {
                        add(Field::Roles, Location::Member(*index, RoleMember::RoleId), Rule::UnknownRole);
                    }
                }
                "too_many_roles" => add(Field::Roles, Location::Whole, Rule::TooMany { max: ROLES_MAX }),
                "last_role" => add(Field::Roles, Location::Whole, Rule::LastRole),
                "too_many_metadata" => add(Field::Metadata, Location::Whole, Rule::TooMany { max: METADATA_MAX }),
                "too_large_metadata" => {
                    add(Field::Metadata, Location::Whole, Rule::TooLarge { max: METADATA_BYTES_MAX });
                }
                // The names of roles alone can make a state so large.
                "too_large" => {
                    let field = if command.target.noun() == Noun::Tenant { Field::RoleNames } else { Field::Roles };
                    add(field, Location::Whole, Rule::TooLarge { max: STATE_BYTES_MAX });
                }
                "read_only" => {
                    for name in names() {
                        add(Field::Other, Location::Key(name), Rule::ReadOnly);
                    }
                }
                other => return Err(Refusal::Broken(format!("no meaning for the violation {other}"))),
            }
        }
        Ok(validate::reported(violations))
    }
}

#[derive(Deserialize)]
struct Head {
    judged: String,
}

/// A future of a batch, and of its verdict.
type Judging<'a> = Pin<Box<dyn Future<Output = Result<(Outcome<()>, Vec<Vec<Row>>), Refusal>> + 'a>>;

/// Runs a batch whose first statement gives the verdict, in its first row: what was judged, and the rows. The future is boxed: inlined
/// into each of its callers it would be in the binary a dozen times.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) fn judge<'a, D: Database>(
    store: &'a Store<'_, D>,
    command: &'a Command,
    statements: &[Sql],
    violations: Vec<Violation>,
) -> Judging<'a> {
    let texts: Vec<_> = statements.iter().map(|sql| sql.text()).collect();
    Box::pin(async move {
        let rows = store.batch(&texts, &[Parameter::Text(&command.text())], command.writes()).await?;
        let head: Head = read(first(&rows, 0).ok_or_else(no_row)?)?;
        let judged: Judged = read(&Row::new(&head.judged))?;
        let result = judged.verdict(violations, command);
        Ok((Outcome { judged, result }, rows))
    })
}

/// Runs one statement that gives the verdict and the thing, and reads the thing.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) async fn one<D: Database, T>(
    store: &Store<'_, D>,
    command: &Command,
    statement: Sql,
    violations: Vec<Violation>,
    read: impl FnOnce(&Row) -> Result<T, Refusal>,
) -> Result<Outcome<T>, Refusal> {
    let (Outcome { judged, result }, rows) = judge(store, command, &[statement], violations).await?;
    let result = result.and_then(|()| read(first(&rows, 0).ok_or_else(no_row)?));
    Ok(Outcome { judged, result })
}

/// The first row of a statement, if it gave one.
pub(super) fn first(rows: &[Vec<Row>], statement: usize) -> Option<&Row> {
    rows.get(statement).and_then(|rows| rows.first())
}

pub(super) fn no_row() -> Refusal {
    Refusal::Broken("a statement gave no row".to_owned())
}

/// A row as a type of ours. The error names the type and nothing of the row.
pub(super) fn read<T: DeserializeOwned>(row: &Row) -> Result<T, Refusal> {
    let unreadable = |_| Refusal::Broken(format!("a row that cannot be read as {}", std::any::type_name::<T>()));
    serde_json::from_str(row.text()).map_err(unreadable)
}

/// Deserializes a stored document: its row has it as JSON text.
pub(super) fn document<'de, T: DeserializeOwned, D: Deserializer<'de>>(row: D) -> Result<T, D::Error> {
    serde_json::from_str(&String::deserialize(row)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::credential::Credential;
    use crate::store::list::Item;
    use crate::store::principal::Principal;
    use crate::store::tenant::Tenant;

    fn reads<T: Item>(document: &str) -> bool {
        let row = json!({
            "tenant": Id::ZERO, "id": Id::ZERO, "label": "l", "state": document,
            "revision": 1, "created_at": 0, "updated_at": 0,
        });
        match T::from_row(&Row::new(&row.to_string())) {
            Ok(_) => true,
            Err(refusal) => {
                assert!(matches!(refusal, Refusal::Broken(_)), "{refusal:?}");
                false
            }
        }
    }

    #[test]
    fn unreadable_document_is_broken() {
        let tenant = json!({"name": "n", "enabled": true, "rbac": true, "preconditions": false, "role_names": []});
        let principal = json!({"name": "n", "enabled": true});
        let credential =
            json!({"principal": Id::ZERO, "name": "n", "enabled": true, "roles": [], "unrestricted": true});
        check(&tenant, reads::<Tenant>);
        check(&principal, reads::<Principal>);
        check(&credential, reads::<Credential>);
    }

    fn check(document: &Value, reads: fn(&str) -> bool) {
        assert!(reads(&document.to_string()), "{document}");
        let with = |key: &str, value: Value| {
            let mut changed = document.clone();
            changed[key] = value;
            changed.to_string()
        };
        for unreadable in [with("stray", 1.into()), with("name", 1.into()), "{}".into(), "null".into(), "{".into()] {
            assert!(!reads(&unreadable), "{unreadable}");
        }
    }
}
