//! A user of the database console, and a credential with a value in every column to tamper with.

use postern::credential::field::Noun;
use serde_json::{Value, json};

use crate::samples::{Document, whole};
use support::{ROOT, World, ZERO, litegraph_url, text};

pub struct Console {
    pub world: World,
    /// In a statement, `$ID` and `$SECRET` are replaced; `$CREDENTIALS` selects all columns of every credential, in
    /// the order of the columns.
    pub id: String,
    pub secret: String,
}

impl Console {
    pub fn new() -> Self {
        let world = World::new();
        let (id, secret) = made(&world, "name");
        let stored = state(&world, &id);
        let filled: Document =
            whole(Noun::Credential).into_iter().filter(|(key, _)| !stored.contains_key(key)).collect();
        world.patch("credentials", &id, &filled.into());
        // With a response that is kept for a retry.
        let headers = [("authorization", &*format!("Bearer {ROOT}")), ("idempotency-key", "once")];
        let body = json!({"name": "another"}).to_string();
        world.send("POST", "/v1/tenants/00000000000000000000000000/principals", &headers, body.as_bytes()).expect(201);
        Self { world, id, secret }
    }

    /// The id of another credential, and the id of its secret.
    pub fn another(&self) -> (String, String) {
        made(&self.world, "another")
    }

    fn filled(&self, sql: &str) -> String {
        let names =
            self.world.db.query("SELECT group_concat(name, ', ') AS names FROM pragma_table_info('credentials')", &[]);
        let credentials = format!("SELECT {} FROM credentials", text(&names[0], "names"));
        sql.replace("$CREDENTIALS", &credentials)
            .replace("$ID", &format!("'{}'", self.id))
            .replace("$SECRET", &format!("'{}'", self.secret))
    }

    pub fn run(&self, sql: &str) {
        self.world.db.execute(&self.filled(sql), &[]);
    }

    /// The state of the credential; at first every key has a value.
    pub fn state(&self) -> Document {
        state(&self.world, &self.id)
    }

    /// Changes the state of the credential; null removes a key.
    pub fn patch(&self, patch: &Value) {
        self.world.patch("credentials", &self.id, patch);
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.world.db.count(&self.filled(sql))
    }

    /// The statement fails with this text, and changes nothing.
    pub fn is_refused(&self, sql: &str, words: &str) {
        let error = self.error(sql);
        assert!(error.contains(words), "{error}: {sql}");
    }

    /// The statement violates a constraint of a column, and changes nothing.
    pub fn breaks_a_rule(&self, sql: &str) {
        let error = self.error(sql);
        let rules = ["CHECK constraint", "NOT NULL constraint", "cannot store", "malformed JSON"];
        assert!(rules.iter().any(|rule| error.contains(rule)), "{error}: {sql}");
    }

    fn error(&self, sql: &str) -> String {
        let before = self.world.stored();
        match self.world.db.try_execute(&self.filled(sql), &[]) {
            Ok(rows) => panic!("succeeded, for {rows} row(s): {sql}"),
            Err(error) => {
                assert_eq!(self.world.stored(), before, "{error}: {sql}");
                error
            }
        }
    }

    /// The events of the credential, oldest first.
    pub fn history(&self) -> Vec<Value> {
        self.world.history(&self.id)
    }

    /// The newest event of the credential, after a statement.
    pub fn event_of(&self, sql: &str) -> Value {
        let before = self.history().len();
        self.run(sql);
        let mut history = self.history();
        assert_eq!(history.len(), before + 1, "one event: {sql}");
        history.pop().unwrap()
    }
}

/// Returns the statement that changes the state of every row of a table; null removes a key.
pub fn patch_of(table: &str, patch: &Value) -> String {
    format!("UPDATE {table} SET state = json_patch(state, '{}')", patch.to_string().replace('\'', "''"))
}

/// Returns the statement that changes the state of every credential.
pub fn patch(patch: &Value) -> String {
    patch_of("credentials", patch)
}

/// The stamp that a row needs before it is deleted.
pub const STAMP: &str =
    "ending = 1, change = 'the end', changed_at = 7, changed_by = 'somebody', changed_request = 'request'";

/// Returns the state of a credential.
pub fn state(world: &World, id: &str) -> Document {
    let rows = world.db.query("SELECT state FROM credentials WHERE id = ?1", &[&id]);
    serde_json::from_str(&text(&rows[0], "state")).unwrap()
}

fn made(world: &World, name: &str) -> (String, String) {
    let body = json!({"UserGUID": ZERO, "Name": name});
    let (id, made) = world.put(&format!("/v1.0/tenants/{ZERO}/credentials"), &body);
    assert_eq!(world.get(&litegraph_url(&id), ROOT).json(), made, "the secret is sealed, so reads return it");
    (id.to_string(), text(&made, "BearerToken").split('_').nth(1).unwrap().to_owned())
}
