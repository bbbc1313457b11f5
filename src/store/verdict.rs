//! Reads the verdict that the database returns. Its codes are defined in `rules.rs`; no rule is checked a second time
//! here.

use std::pin::Pin;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::command::Command;
use super::rules::RULES;
use super::sql::Sql;
use super::{Database, Parameter, Row, Store};
use crate::caller::Rank;
use crate::credential::end::Ends;
use crate::credential::field::{Field, Location, RoleMember, Rule, Violation};
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::time::Micros;
use crate::credential::validate::{self, METADATA_BYTES_MAX, METADATA_MAX, ROLES_MAX, STATE_BYTES_MAX};
use crate::refusal::Refusal;

/// The outcome of a batch.
pub struct Outcome<T> {
    /// The verdict with the caller, also for a refusal.
    pub judged: Judged,
    /// The resource that was requested, or the refusal.
    pub result: Result<T, Refusal>,
}

/// The verdict (`sql/judged.sql`), with what the service needs to know about the caller.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Judged {
    code: String,
    /// The calling credential, or `root`.
    pub caller: Option<String>,
    /// The caller's rank.
    pub rank: Option<Rank>,
    /// 1 if the caller verifies tokens of every tenant: access `verify_all`.
    verifies_all: Option<u8>,
    /// The caller's tenant; `None` for root.
    pub caller_tenant: Option<Id>,
    /// The id of the secret that the caller presented.
    pub caller_secret: Option<Id>,
    /// When the caller's secret was created.
    pub secret_made: Option<Micros>,
    /// The id of the master key of the caller's secret.
    pub caller_key: Option<String>,
    /// The sealed value of the caller's secret, if it has one.
    pub caller_sealed: Option<String>,
    /// The number of credentials of the tenant.
    pub total: Option<u64>,
    /// The roles of the calling credential, for `Sql::LogIn`; `None` is full access.
    pub roles: Option<Vec<Role>>,
    /// The tenant's catalogue of role names, for `Sql::Roles` and `Sql::LogIn`.
    pub role_names: Option<Vec<String>>,
    /// 1 if the use of the secret is to be recorded.
    unnoted: Option<u8>,
    /// Violations that only the database can find, each with its details.
    #[serde(default)]
    violations: Map<String, Value>,
    /// When the caller's secret ends, if a rotation is replacing it.
    pub retires_at: Option<Micros>,
    /// When that end was set.
    pub retires_since: Option<Micros>,
    /// When the caller's secret stops being valid: the earlier of its credential's end and its own.
    pub caller_ends_at: Option<Micros>,
    /// The bound of the caller's tenant on the age of verifications, in seconds, for `Sql::Verify`; `None` for root.
    pub staleness: Option<i64>,
    /// The time of the heartbeat in the database that answered, for `Sql::Verify`; `None` if there is none or it was not read.
    pub heartbeat: Option<Micros>,
    /// For a change or a deletion: the bound of the tenant, and until when a greater one that was in force before still is.
    #[serde(default)]
    stale: (Option<i64>, Option<Micros>),
}

impl Judged {
    /// Checks the code: `Ok` if the request was carried out, or gets an earlier response again. An `Invalid` refusal lists
    /// `violations`, which validation found, and those that the database found.
    ///
    /// # Errors
    /// The refusal of the rule that applied.
    pub fn verdict(&self, violations: Vec<Violation>, command: &Command) -> Result<(), Refusal> {
        if self.code == "go" {
            return Ok(());
        }
        let unknown = || Refusal::Broken(format!("no rule for the verdict {}", self.code));
        let rule = RULES.iter().find(|rule| rule.code == self.code).ok_or_else(unknown)?;
        let Some(refusal) = &rule.refusal else { return Ok(()) };
        let is_invalid = matches!(refusal, Refusal::Invalid(_));
        Err(if is_invalid { Refusal::Invalid(self.violations(violations, command)?) } else { refusal.clone() })
    }

    /// Returns what ends the caller. `access` is the end that its access token carries, if it has one.
    #[must_use]
    pub fn ends(&self, access: Option<Micros>) -> Ends {
        // `caller_ends_at` includes the end of the secret.
        Ends { credential: self.caller_ends_at, secret: None, access }
    }

    /// Returns whether an earlier request with the same Idempotency-Key created the resource.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.code == "replay"
    }

    /// Returns whether the caller is authenticated and active.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        !matches!(self.code.as_str(), "unauthenticated" | "inactive")
    }

    /// Returns whether the caller verifies tokens of every tenant.
    #[must_use]
    pub fn spans_tenants(&self) -> bool {
        self.verifies_all == Some(1) || self.rank == Some(Rank::Root)
    }

    /// Returns when a change that was committed before `now` is reflected by every verification; `None` if immediately. `margin`
    /// is that of the replicas in microseconds, or 0.
    #[must_use]
    pub fn effective_by(&self, now: Micros, margin: i64) -> Option<Micros> {
        let (bound, until) = self.stale;
        let by_bound = Micros(now.0.saturating_add(bound.unwrap_or_default().saturating_mul(1_000_000)));
        let by = Some(by_bound.max(until.unwrap_or(now))).filter(|by| *by > now)?;
        Some(Micros(by.0.saturating_add(margin)))
    }

    /// Returns whether the caller may see a token of a tenant.
    #[must_use]
    pub fn may_see(&self, tenant: Id) -> bool {
        self.spans_tenants() || self.caller_tenant == Some(tenant)
    }

    /// Returns whether the last recorded use of the caller's secret is more than a minute ago.
    #[must_use]
    pub fn is_unnoted(&self) -> bool {
        self.unnoted == Some(1)
    }

    /// Returns the verdict on the root token, which needs no database.
    #[must_use]
    pub fn root() -> Self {
        Self { code: "go".to_owned(), caller: Some("root".to_owned()), rank: Some(Rank::Root), ..Self::default() }
    }

    /// Returns the verdict on the caller of a verification to be remembered: without the sealed secret, and without writes
    /// to be deferred, which the request that brought the verdict carries out.
    #[must_use]
    pub fn remembered(&self) -> Self {
        Self { unnoted: None, caller_key: None, caller_sealed: None, ..self.clone() }
    }

    fn violations(&self, mut violations: Vec<Violation>, command: &Command) -> Result<Vec<Violation>, Refusal> {
        for (name, detail) in &self.violations {
            let mut add = |field, location, rule| violations.push(Violation { field, location, rule });
            let names = || -> Vec<String> { serde_json::from_value(detail.clone()).unwrap_or_default() };
            match name.as_str() {
                "unknown_principal" => {
                    let given = command.set.get("principal").and_then(Value::as_str).and_then(Id::parse);
                    if let Some(id) = given {
                        add(Field::Principal, Location::Whole, Rule::UnknownPrincipal(id));
                    }
                }
                "unknown_roles" => {
                    let unknown = names();
                    for (index, _) in command.role_names.iter().filter(|(_, name)| unknown.contains(name)) {
                        add(Field::Roles, Location::Member(*index, RoleMember::RoleId), Rule::UnknownRole);
                    }
                }
                "not_of_default_principal" => add(Field::Principal, Location::Whole, Rule::NotOfDefaultPrincipal),
                "too_many_roles" => add(Field::Roles, Location::Whole, Rule::TooMany { max: ROLES_MAX }),
                "last_role" => add(Field::Roles, Location::Whole, Rule::LastRole),
                "too_many_metadata" => add(Field::Metadata, Location::Whole, Rule::TooMany { max: METADATA_MAX }),
                "too_large_metadata" => {
                    add(Field::Metadata, Location::Whole, Rule::TooLarge { max: METADATA_BYTES_MAX });
                }
                "too_many_means" => {
                    let max = command.means.as_ref().map_or(0, |means| means.max);
                    add(Field::Other, Location::Whole, Rule::TooMany { max });
                }
                // Only roles, and keys and trusts, can make a document this large.
                "too_large" => add(
                    if command.means.is_some() { Field::Other } else { Field::Roles },
                    Location::Whole,
                    Rule::TooLarge { max: STATE_BYTES_MAX },
                ),
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

/// The future of [`judge`].
type JudgeFuture<'a> = Pin<Box<dyn Future<Output = Result<(Outcome<()>, Vec<Vec<Row>>), Refusal>> + 'a>>;

/// Runs a batch and reads the verdict from its first row. Returns the outcome, and the rows of every statement.
///
/// The future is boxed: inlined into its callers, it would be in the binary a dozen times.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) fn judge<'a, D: Database>(
    store: &'a Store<'_, D>,
    command: &'a Command,
    statements: &[Sql],
    violations: Vec<Violation>,
) -> JudgeFuture<'a> {
    let texts: Vec<_> = statements.iter().map(|sql| sql.text()).collect();
    Box::pin(async move {
        let rows = store.batch(&texts, &[Parameter::Text(&command.text())], command.writes()).await?;
        let head: Head = read(first(&rows, 0).ok_or_else(no_row)?)?;
        let judged: Judged = read(&Row::new(&head.judged))?;
        let result = judged.verdict(violations, command);
        Ok((Outcome { judged, result }, rows))
    })
}

/// Runs one statement whose row has the verdict and a resource, and parses the resource.
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

/// Returns the first row of a statement.
pub(super) fn first(rows: &[Vec<Row>], statement: usize) -> Option<&Row> {
    rows.get(statement).and_then(|rows| rows.first())
}

pub(super) fn no_row() -> Refusal {
    Refusal::Broken("a statement gave no row".to_owned())
}

/// Parses a row. The error names the type, and contains nothing from the row.
pub(super) fn read<T: DeserializeOwned>(row: &Row) -> Result<T, Refusal> {
    let unreadable = |_| Refusal::Broken(format!("a row that cannot be read as {}", std::any::type_name::<T>()));
    serde_json::from_str(row.text()).map_err(unreadable)
}

/// Deserializes a stored document, which a row has as JSON text.
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

    /// The refusal is found by the code.
    #[test]
    fn rules_of_one_code_have_one_refusal() {
        for rule in RULES {
            let first = RULES.iter().find(|other| other.code == rule.code).expect("itself");
            assert_eq!(first.refusal, rule.refusal, "{}", rule.code);
        }
    }

    #[test]
    fn unreadable_document_is_reported_as_broken() {
        let tenant = json!({"name": "n", "enabled": true, "rbac": true, "preconditions": false, "role_names": [],
                "verify_staleness_seconds": 0});
        let principal = json!({"name": "n", "enabled": true});
        let credential = json!({"principal": Id::ZERO, "name": "n", "enabled": true, "roles": [], "unrestricted": true,
                "access": "none", "self_rotate": false});
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
