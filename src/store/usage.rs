//! When a secret was used last: noted after the answer, in a trip of its own, at most once a minute.

use super::{Database, Parameter, Store};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// Notes that a secret, and so its credential, was used at `now`.
///
/// # Errors
/// `Unavailable` or `Broken`, of which the caller of the request learns nothing: its answer has gone out.
pub async fn note<D: Database>(store: &Store<'_, D>, secret: Id, now: Micros) -> Result<(), Refusal> {
    let secret = secret.to_string();
    #[expect(clippy::cast_precision_loss, reason = "times stay below 2^53, where f64 is exact")]
    let parameters = [Parameter::Text(&secret), Parameter::Number(now.0 as f64)];
    store.batch(&[include_str!("note_use.sql"), include_str!("note_use_credential.sql")], &parameters).await.map(drop)
}
