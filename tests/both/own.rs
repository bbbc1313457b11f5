//! Our own face, `/v1`. Tests that need the clock or the database are in `tests/own`.

mod bodies;
mod dry_run;
mod faces;
mod history;
mod idempotency;
mod resources;
mod revoked;

use support::face::Face::{self, Postern};
use support::tenant::{Own, Tenant, read_id, text};

/// Creates a credential through a face, with the tenant's principal if the face can set it.
fn made_by(tenant: &Tenant, face: Face) -> Own {
    let body = tenant.naming(face, format!("made by {face:?}"));
    let made = tenant.send(face.create(), tenant.all(face), &body).expect(face.created()).json();
    let id = read_id(&made[face.of(["client_id", "GUID", "id", "id"])]);
    let secret = text(&made[face.of(["client_secret", "BearerToken", "client_secret", "secret"])]);
    let path = tenant.one(Postern, id);
    Own { id, secret, shown: tenant.look(&path), path }
}
