//! The checks of readiness: one statement, without a caller and without a verdict.

use serde::Deserialize;

use super::plain::Plain;
use super::sql::Sql;
use super::verdict::{first, read};
use super::{Database, Parameter, Store};
use crate::credential::secret::{Keyring, Keys};
use crate::credential::time::Micros;
use crate::refusal::{Checks, Refusal};

/// The version of the schema that the statements need: the number of the newest migration. Migrations are applied before the
/// Worker is deployed, so the database may have a newer one.
pub const SCHEMA_VERSION: u32 = 4;

const DATABASE: &str =
    "The database does not respond. Check the binding DB in wrangler.toml and the status of D1. The log has the error.";
const SCHEMA: &str =
    "The schema is missing or older than this Worker. Apply the migrations: wrangler d1 migrations apply DB --remote.";
const MASTER_KEY: &str = "The newest secrets are under another master key. Set POSTERN_MASTER_KEY, or POSTERN_MASTER_KEY_PREVIOUS, to that key.";
const UNKNOWN: &str = "Not checked, because an earlier check failed.";

/// Checks the database, its schema, and that a configured master key is that of stored secrets.
pub async fn check<D: Database>(store: &Store<'_, D>, keys: &Keyring, now: Micros) -> Checks {
    #[derive(Deserialize)]
    struct Found {
        version: u32,
        known: Option<u8>,
    }
    let ids: Vec<_> = std::iter::once(&keys.current).chain(&keys.previous).map(Keys::id).collect();
    let rows = store.batch(&[Sql::Plain(Plain::Ready).text()], &[Parameter::Text(&ids.join(" "))], false).await;
    let checks = |database, schema, master_key| Checks { at: now, database, schema, master_key };
    match rows {
        Ok(rows) => match first(&rows, 0).and_then(|row| read::<Found>(row).ok()) {
            Some(Found { version: SCHEMA_VERSION.., known }) => {
                checks(None, None, if known == Some(0) { Some(MASTER_KEY) } else { None })
            }
            _ => checks(None, Some(SCHEMA), Some(UNKNOWN)),
        },
        Err(refusal) => {
            // The statement is valid on every schema that has what it reads.
            let (database, schema) =
                if matches!(refusal, Refusal::Broken(_)) { (None, SCHEMA) } else { (Some(DATABASE), UNKNOWN) };
            checks(database, Some(schema), Some(UNKNOWN))
        }
    }
}
