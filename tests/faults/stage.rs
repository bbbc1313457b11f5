//! A database that fails by a script; a tenant; and a request of each route, sent with this database.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::LazyLock;

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{ROUTES, Route};
use postern::service::{Done, Failed};
use postern::store::after::After as Left;
use postern::store::{Batch, Database, Fault, Statement};
use serde_json::json;

use support::routes::{self, authorizes, requires_key};
use support::scene::{
    FORM, PathIds, basic, bearer, body_about, forced, is_litegraph, is_ours, method, own_url, takes_form, takes_key,
    url,
};
use support::sqlite::Sqlite;
use support::{List, ROOT, Reply, World, ZERO, text};

/// A failure of a batch, with D1's message.
#[derive(Clone, Copy, Debug)]
pub enum Fails {
    /// The batch is not run.
    Before(&'static str),
    /// The batch is run, and its result is lost.
    After(&'static str),
}

/// A database that fails by a script: an item for each batch, in order. Batches past its end are run normally.
pub struct Faulty<'a> {
    to: &'a Sqlite,
    script: RefCell<VecDeque<Option<Fails>>>,
    pub batches: Cell<u64>,
}

impl<'a> Faulty<'a> {
    pub fn new(to: &'a Sqlite, script: &[Option<Fails>]) -> Self {
        Self { to, script: RefCell::new(script.iter().copied().collect()), batches: Cell::default() }
    }
}

impl Database for Faulty<'_> {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        self.batches.set(self.batches.get() + 1);
        let fails = self.script.borrow_mut().pop_front().flatten();
        let fault = |message: &str| Err(Fault::from_message(format!("D1_ERROR: {message}")));
        match fails {
            None => self.to.batch(statements).await,
            Some(Fails::Before(message)) => fault(message),
            Some(Fails::After(message)) => {
                self.to.batch(statements).await?;
                fault(message)
            }
        }
    }
}

/// The effect of an operation on stored data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Reads,
    Writes,
}

/// A variant of an operation: the route's usual request, or one with something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    Nothing,
    Key,
    IfMatch,
    DryRun,
    /// The client's id and secret in the body.
    Form,
    /// Another secret for the credential.
    Secret,
}

/// A request of a route, by the tenant's admin, or by root where only root may.
pub struct Operation {
    pub route: &'static Route,
    pub with: With,
    /// The name of the face; `oauth` for the token endpoints.
    pub face: &'static str,
    pub kind: Kind,
}

/// Every route that uses the database, and the variants of some.
pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    use postern::route::Operation::{LogIn, Write};
    let ways = |route: &'static Route| {
        let litegraph = is_litegraph(route);
        let other: &[With] = match route.operation {
            // It always has one.
            _ if requires_key(route) => &[],
            _ if takes_key(route) => &[With::Key],
            Write(Noun::Credential, Verb::Replace) if is_ours(route) => &[With::IfMatch],
            Write(Noun::Credential, Verb::Merge) if is_ours(route) => &[With::DryRun],
            Write(Noun::Credential, Verb::Replace) if litegraph => &[With::Secret],
            LogIn(_) if takes_form(route) => &[With::Form],
            _ => &[],
        };
        let face = if takes_form(route) {
            "oauth"
        } else {
            routes::face(route).of(["coactive", "litegraph", "keycard", "postern"])
        };
        std::iter::once(&With::Nothing).chain(other).map(move |with| {
            let reads = routes::reads(route) || matches!(route.operation, LogIn(_)) || *with == With::DryRun;
            Operation { route, with: *with, face, kind: if reads { Kind::Reads } else { Kind::Writes } }
        })
    };
    ROUTES.iter().filter(|route| routes::uses_database(route)).flat_map(ways).collect()
});

impl Operation {
    pub fn name(&self) -> String {
        let title = routes::title(self.route);
        if self.with == With::Nothing { title } else { format!("{title} {:?}", self.with) }
    }

    /// The operation of this name.
    pub fn named(name: &str) -> &'static Self {
        OPERATIONS.iter().find(|operation| operation.name() == name).expect("an operation")
    }

    /// Whether the operation changes an existing resource.
    pub fn updates(&self) -> bool {
        use postern::route::Operation::Write;
        self.kind == Kind::Writes && matches!(self.route.operation, Write(_, Verb::Replace | Verb::Merge))
    }
}

/// A tenant with a principal that has a credential, and with an admin. Two stages with the same operations store the
/// same.
pub struct Stage {
    pub world: World,
    pub account: Id,
    pub id: Id,
    /// The credential's token.
    pub token: String,
    /// The admin's client id and secret.
    pub admin: (String, String),
}

/// The result of a request.
pub struct Ended {
    pub reply: Reply,
    pub log: Option<String>,
    pub failed: Option<Failed>,
    pub left: Option<Left>,
    pub batches: u64,
}

impl Stage {
    pub fn new() -> Self {
        let world = World::new();
        let account = Id::parse(&world.service_account().0).expect("an id");
        let url = format!("/v1.0/tenants/{ZERO}/credentials");
        let (id, made) = world.put(&url, &json!({"UserGUID": account.guid(), "Name": "subject"}));
        let admin = world.client(&json!({"name": "admin", "roles": [{"role_id": "admin"}]}));
        // With a stamp, so that every run writes the same event.
        world.db.execute(
            "UPDATE credentials SET state = json_set(state, '$.access', 'read', '$.self_rotate', json('true')), change = 'c', changed_at = 1, changed_by = 'root', \
             changed_request = 'r' WHERE id = ?1",
            &[&id.to_string()],
        );
        Self { world, account, id, token: text(&made, "BearerToken"), admin }
    }

    /// A new stage that is ready for the operation.
    pub fn set_for(operation: &Operation) -> Self {
        let stage = Self::new();
        if let Some((step, body)) = routes::step_before(operation.route) {
            stage.world.call("POST", &stage.ours(&format!("/{step}")), ROOT, &body).succeeded();
        }
        stage
    }

    /// The credential's path on our own face, followed by `step`.
    pub fn ours(&self, step: &str) -> String {
        format!("{}{step}", own_url(self.id))
    }

    /// Sends a request with a database that fails by the script.
    pub fn send(&self, script: &[Option<Fails>], request: &str, headers: &[(&str, &str)], body: &str) -> Ended {
        let (method, url) = request.split_once(' ').expect("a method and a path");
        let database = Faulty::new(&self.world.db, script);
        let (Done { answer, later, log, failed }, cost) =
            self.world.answer(&database, method, url, &List(headers), body.as_bytes());
        let batches = database.batches.get();
        assert_eq!(cost.trips, batches, "`Server-Timing` counts every batch");
        let reply = Reply::of(answer, cost);
        Ended { reply, log, failed, left: later.and_then(|later| later.writes), batches }
    }

    /// Runs the operation with a database that fails by the script.
    pub fn run(&self, operation: &Operation, script: &[Option<Fails>]) -> Ended {
        self.run_with(operation, script, &[])
    }

    /// The same with more headers.
    pub fn run_with(&self, operation: &Operation, script: &[Option<Fails>], more: &[(&str, &str)]) -> Ended {
        use postern::route::Operation::{Delete, DeleteAll, LogIn, Write};
        let Operation { route, with, .. } = operation;
        let (client, secret) = &self.admin;
        let place = PathIds { tenant: Id::ZERO, account: self.account, credential: self.id, token: self.token.clone() };
        let by_root = matches!(route.operation, Write(Noun::Tenant, Verb::Create) | Delete(Noun::Tenant) | DeleteAll);
        let mut headers = match route.operation {
            LogIn(_) if *with == With::Form => Vec::new(),
            LogIn(_) => vec![basic(client, secret)],
            _ if route.is_own() => vec![bearer(&self.token)],
            _ => vec![bearer(if by_root { ROOT } else { secret })],
        };
        if authorizes(route) {
            headers = vec![("postern-verifier", secret.clone()), bearer(&self.token)];
        }
        if takes_form(route) {
            headers.push(("content-type", FORM.to_owned()));
        }
        match with {
            With::Key => headers.push(("idempotency-key", "once".to_owned())),
            _ if requires_key(route) => headers.push(("idempotency-key", "once".to_owned())),
            With::IfMatch => headers.push(("if-match", format!("\"{}.1\"", self.id))),
            _ => {}
        }
        let body = match with {
            With::Form => format!("grant_type=client_credentials&client_id={client}&client_secret={secret}"),
            With::Secret => {
                let user = self.account.guid();
                json!({"UserGUID": user, "Name": "changed", "BearerToken": "a-token-of-its-own"}).to_string()
            }
            _ => String::from_utf8(body_about(route, &place)).expect("UTF-8"),
        };
        let query = if *with == With::DryRun { "?dry_run=true" } else { forced(route) };
        let request = format!("{} {}{query}", method(route), url(route, &place));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send(script, &request, &[more, &headers].concat(), &body)
    }

    /// The text has no secret of the stage, nor anything with the prefix of secrets.
    pub fn holds_no_secret(&self, text: &str) {
        for secret in [&self.token, &self.admin.1, ROOT, "pstn_", "a-token-of-its-own"] {
            assert!(!text.contains(secret), "a secret in: {text}");
        }
    }
}
