//! Our own face, `/v1`. What needs the clock or the database is in `tests/own`.

mod bodies;
mod dry_run;
mod faces;
mod history;
mod idempotency;
mod resources;
mod revoked;

use support::face::Face::{self, Postern};
use support::tenant::{Own, Tenant, read_id, text};

/// Makes one through a face, under the tenant's account where the face can say so.
fn made_by(tenant: &Tenant, face: Face) -> Own {
    let body = tenant.naming(face, format!("made by {face:?}"));
    let made = tenant.send(face.create(), tenant.all(face), &body).expect(face.created()).json();
    let id = read_id(&made[face.of(["client_id", "GUID", "id", "id"])]);
    let secret = text(&made[face.of(["client_secret", "BearerToken", "client_secret", "secret"])]);
    let path = tenant.one(Postern, id);
    Own { id, secret, shown: tenant.look(&path), path }
}
