//! What was true when: the state of every secret and the bound of every tenant since each commit, read by queries of its own.

use std::collections::BTreeMap;

use serde_json::Value;
use support::history::{History, between};
use support::sqlite::Sqlite;
use support::tenant::text;

/// What an answer may say of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub tenant: String,
    pub credential: String,
    pub name: String,
    /// The names of the roles; `None` is full access.
    pub roles: Option<Vec<String>>,
    pub access: String,
    /// Neither revoked nor disabled, nor its principal or tenant.
    is_on: bool,
    /// The earlier of the ends of the credential and of the secret.
    pub end: Option<i64>,
    /// When the secret was created.
    made: i64,
}

/// A token that requests present.
#[derive(Clone, Debug)]
pub struct Token {
    pub text: String,
    /// The id of its secret; `None` for a token that is never valid.
    pub secret: Option<String>,
    /// The client id beside it, as in `client_…:secret`.
    pub client: Option<String>,
    /// For an access token: when its secret was created, and when the token expires.
    pub access: Option<(i64, i64)>,
}

impl Token {
    /// A secret as it is presented with a client id.
    pub fn with_client(&self, id: &str) -> Self {
        Self { text: format!("client_{id}:{}", self.text), client: Some(id.to_owned()), ..self.clone() }
    }

    /// Whether it is valid for a clock with this reading.
    pub fn is_valid(&self, state: &State, clock: i64) -> bool {
        let made = self.access.is_none_or(|(made, _)| made == state.made);
        let client = self.client.as_ref().is_none_or(|client| *client == state.credential);
        state.is_on && made && client && self.end(state).is_none_or(|end| end > clock)
    }

    /// When it ends, if it is valid until then.
    pub fn end(&self, state: &State) -> Option<i64> {
        state.end.into_iter().chain(self.access.map(|(_, end)| end)).min()
    }
}

#[derive(Default)]
pub struct Truth {
    secrets: BTreeMap<String, History<Option<State>>>,
    bounds: BTreeMap<String, History<i64>>,
}

impl Truth {
    /// Reads what is true since a commit.
    pub fn record(&mut self, now: i64, db: &Sqlite) {
        let mut present = BTreeMap::new();
        for row in db.query(
            "SELECT s.id, s.tenant, s.credential, s.created_at, s.expires_at AS retires, c.name, c.roles, c.unrestricted, c.access,
               c.expires_at AS ends, c.enabled + p.enabled + t.enabled = 3 AND c.revoked_at IS NULL AS is_on
             FROM secrets s, credentials c, principals p, tenants t WHERE c.tenant = s.tenant AND c.id = s.credential
               AND p.tenant = s.tenant AND p.id = c.principal AND t.id = s.tenant",
            &[],
        ) {
            present.insert(text(&row["id"]), state(&row));
        }
        for (id, history) in &mut self.secrets {
            let state = present.remove(id);
            if history.last().is_some_and(|(_, last)| *last != state) {
                history.push((now, state));
            }
        }
        for (id, state) in present {
            self.secrets.insert(id, vec![(i64::MIN, None), (now, Some(state))]);
        }
        for row in db.query("SELECT id, verify_staleness_seconds AS bound FROM tenants", &[]) {
            let (history, bound) = (self.bounds.entry(text(&row["id"])).or_default(), row["bound"].as_i64());
            if history.last().map(|(_, last)| *last) != bound {
                history.push((now, bound.expect("a bound")));
            }
        }
    }

    /// The states of a token's secret at any instant of a period.
    pub fn states(&self, token: &Token, (from, to): (i64, i64)) -> Vec<Option<&State>> {
        let history = token.secret.as_ref().and_then(|secret| self.secrets.get(secret));
        history.map_or_else(|| vec![None], |history| between(history, from, to).map(Option::as_ref).collect())
    }

    /// The state of a token's secret now.
    pub fn last(&self, token: &Token) -> Option<&State> {
        self.secrets.get(token.secret.as_ref()?)?.last()?.1.as_ref()
    }

    /// The bounds of a tenant at any instant of a period.
    pub fn bounds(&self, tenant: &str, (from, to): (i64, i64)) -> Vec<i64> {
        self.bounds.get(tenant).map(|history| between(history, from, to).copied().collect()).unwrap_or_default()
    }
}

fn state(row: &Value) -> State {
    let roles: Value = serde_json::from_str(&text(&row["roles"])).expect("roles");
    let ends = [&row["ends"], &row["retires"]];
    State {
        tenant: text(&row["tenant"]),
        credential: text(&row["credential"]),
        name: text(&row["name"]),
        roles: names(&roles).filter(|_| row["unrestricted"] == 0),
        access: text(&row["access"]),
        is_on: row["is_on"] == 1,
        end: ends.into_iter().filter_map(Value::as_i64).min(),
        made: row["created_at"].as_i64().expect("a time"),
    }
}

/// The names of roles, sorted; `None` for null.
pub fn names(roles: &Value) -> Option<Vec<String>> {
    let mut names: Vec<_> = roles.as_array()?.iter().map(|role| text(&role["role_id"])).collect();
    names.sort();
    Some(names)
}
