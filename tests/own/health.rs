//! `/healthz` and `/readyz`: what is checked, how often, and who sees the checks.

use std::cell::RefCell;

use postern::settings::Settings;
use postern::store::{Batch, Database, Fault, Statement};
use support::{List, MASTER_KEY, ROOT, Reply, World, settings, text};

use crate::stage::*;

const OTHER_KEY: &str = "abababababababababababababababababababababababababababababababab";

/// Fails each batch with this message.
struct Failing(&'static str);

impl Database for Failing {
    async fn batch(&self, _: &[Statement<'_>]) -> Result<Batch, Fault> {
        Err(Fault::from_message(self.0.to_owned()))
    }
}

/// Asks whether the service is ready, with this token.
fn ask(world: &World, database: &impl Database, token: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = if token.is_empty() { vec![] } else { vec![("authorization", &*authorization)] };
    let (done, cost) = world.answer(database, "GET", "/readyz", &List(&headers), b"");
    Reply::of(done.answer, cost)
}

/// Each check, and whether it passed, as root sees it. Everyone else gets the same status, and no check.
#[track_caller]
fn checks(world: &World, database: &impl Database) -> [bool; 3] {
    world.pass(SECOND);
    let seen = ask(world, database, ROOT);
    let checks = &seen.json()["checks"];
    let passed = ["database", "schema", "master_key"].map(|check| text(checks, check) == "ok");
    let (status, code) = if passed == [true; 3] { (200, "ready") } else { (503, "not_ready") };
    assert_eq!((seen.status, &seen.json()[if status == 200 { "status" } else { "code" }]), (status, &code.into()));
    assert_eq!(seen.header("retry-after"), (status == 503).then_some("1"));
    for token in ["", "garbage", &world.caller(&["admin"])] {
        let other = ask(world, database, token);
        assert_eq!((other.status, other.json().get("checks"), other.cost.trips), (status, None, 0), "{token}");
    }
    passed
}

#[test]
fn readiness_reports_each_failing_check_to_root_only() {
    let world = World::new();
    assert_eq!(checks(&world, &world.db), [true; 3]);
    for message in ["D1_ERROR: D1 DB is overloaded.", "no answer of the database in time", "anything else"] {
        assert_eq!(checks(&world, &Failing(message)), [false; 3], "{message}");
    }
    for (sql, is_ready) in [
        ("DROP VIEW schema_version", false),
        ("CREATE VIEW schema_version AS SELECT 0 AS version", false),
        ("DROP VIEW schema_version; CREATE VIEW schema_version AS SELECT 1 AS version WHERE 0", false),
        // Migrations are applied before the Worker is deployed.
        ("DROP VIEW schema_version; CREATE VIEW schema_version AS SELECT 99 AS version", true),
    ] {
        sql.split("; ").for_each(|sql| world.db.execute(sql, &[]));
        assert_eq!(checks(&world, &world.db), [true, is_ready, is_ready], "{sql}");
    }
}

#[test]
fn readiness_requires_a_master_key_of_stored_secrets() {
    for (current, previous, is_ready) in [
        (MASTER_KEY, None, true),
        (OTHER_KEY, Some(MASTER_KEY), true),
        (MASTER_KEY, Some(OTHER_KEY), true),
        (OTHER_KEY, None, false),
    ] {
        let mut world = World::new();
        world.settings = settings(current, previous);
        assert_eq!(ask(&world, &world.db, ROOT).status, 200, "no secrets are stored, so any master key will do");
        world.pass(SECOND);
        world.settings = settings(MASTER_KEY, None);
        world.caller(&["viewer"]);
        world.settings = settings(current, previous);
        let reply = ask(&world, &world.db, ROOT);
        assert_eq!(reply.status, if is_ready { 200 } else { 503 }, "{}", reply.text);
        let check = text(&reply.json()["checks"], "master_key");
        assert_eq!(check == "ok", is_ready, "{check}");
        assert!(is_ready || check.contains("POSTERN_MASTER_KEY_PREVIOUS"), "{check}");
    }
    // One secret of those that are read suffices: the others may be unused since the key was changed.
    let mut world = World::new();
    (0..3).for_each(|_| drop(world.caller(&["viewer"])));
    world.settings = settings(OTHER_KEY, None);
    world.caller(&["viewer"]);
    assert_eq!(ask(&world, &world.db, ROOT).status, 200);
}

#[test]
fn readiness_takes_at_most_one_trip_a_second() {
    let world = World::new();
    let first = ask(&world, &world.db, ROOT);
    assert_eq!((first.status, first.cost.trips), (200, 1));
    let fails = Failing("D1_ERROR: D1 DB is overloaded.");
    // Each request takes 1 ms.
    for _ in 0..999 {
        let again = ask(&world, &fails, ROOT);
        assert_eq!((again.status, again.cost.trips, &again.text), (200, 0, &first.text));
    }
    let later = ask(&world, &fails, ROOT);
    assert_eq!((later.status, later.cost.trips), (503, 1));
    let again = ask(&world, &world.db, ROOT);
    assert_eq!((again.status, again.cost.trips, &again.text), (503, 0, &later.text));
    // A clock that was set back does not keep a result for longer.
    world.now.set(world.now.get() - HOUR);
    assert_eq!(ask(&world, &world.db, ROOT).status, 200);
}

/// While the first check runs, nothing is known yet. While a later one runs, the previous result is returned.
#[test]
fn requests_during_a_check_take_no_trip() {
    struct During<'a>(&'a World, RefCell<Vec<Reply>>);
    impl Database for During<'_> {
        async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
            self.1.borrow_mut().push(ask(self.0, &self.0.db, ROOT));
            self.0.db.batch(statements).await
        }
    }
    let world = World::new();
    let during = During(&world, RefCell::default());
    for status in [503, 200] {
        assert_eq!(ask(&world, &during, ROOT).expect(200).cost.trips, 1);
        let meanwhile = during.1.borrow_mut().pop().expect("a request");
        assert_eq!((meanwhile.status, meanwhile.cost.trips), (status, 0), "{}", meanwhile.text);
        world.pass(SECOND);
    }
}

#[test]
fn service_is_alive_whatever_its_settings_and_its_database() {
    let mut world = World::new();
    let get = |world: &World, path: &str| {
        let (done, cost) = world.answer(&Failing("never asked"), "GET", path, &List(&[]), b"");
        Reply::of(done.answer, cost)
    };
    for settings in [settings(MASTER_KEY, None), settings("abcd", None), Settings::read(|_| None)] {
        world.settings = settings;
        let reply = get(&world, "/healthz").expect(200);
        assert_eq!((&*reply.text, reply.cost.trips), (r#"{"status":"ok"}"#, 0));
        assert_eq!(get(&world, "/healthz?x=1").expect(400).json()["code"], "unknown_parameter");
    }
    // Without settings, no caller is root, and every route names the setting.
    let reply = get(&world, "/readyz").expect(503);
    assert_eq!((&reply.json()["code"], reply.cost.trips), (&"misconfigured".into(), 0));
}
