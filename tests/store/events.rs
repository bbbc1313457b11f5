//! Events, also of changes at the console: who, when, which fields, before and after; never a secret.

use std::collections::BTreeSet;
use std::time::SystemTime;

use postern::credential::field::Noun;
use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::console::{Console, patch, state};
use crate::differences::difference;
use crate::samples::{Document, changed, changes, rows};
use support::fields::{of_our_face, other};
use support::{ACME, ROOT, World, ZERO, client_url, litegraph_url, text};

fn actions(console: &Console) -> Vec<String> {
    console.history().iter().map(|event| text(event, "action")).collect()
}

fn micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// The keys in the event of a change, after comparing it with the resulting change of the state.
fn reported_keys(console: &Console, change: &Document) -> BTreeSet<String> {
    let (before, event) = (console.state(), console.event_of(&patch(&change.clone().into())));
    let after = console.state();
    assert_eq!(after, changed(&before, change), "{change:?}");
    assert_eq!(event["changes"], difference(&before, &after), "{change:?}");
    assert_eq!((&event["by"], &event["action"]), (&json!("console"), &json!("updated")), "{change:?}");
    event["changes"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn console_change_is_recorded_as_by_the_console() {
    let console = Console::new();
    // SQLite's clock has milliseconds.
    let (before, event, after) = (micros() - 1000, console.event_of(&patch(&json!({"name": "renamed"}))), micros());
    assert_eq!(
        (&event["by"], &event["request"], &event["action"]),
        (&json!("console"), &json!("console"), &json!("updated"))
    );
    assert_eq!(event["changes"], json!({"name": {"before": "name", "after": "renamed"}}));
    let at = event["at"].as_i64().unwrap();
    assert!((before..=after).contains(&at), "{before} {at} {after}");
}

#[test]
fn event_of_several_changes_reports_exactly_those_fields() {
    let console = Console::new();
    let (principal, _) = console.world.service_account();
    let singles = changes(Noun::Credential, &principal).into_iter().filter(|change| change.len() == 1).flatten();
    let all: Document = singles.filter(|(_, value)| !value.is_null()).collect();
    let reported = reported_keys(&console, &all);
    assert_eq!(reported, all.keys().cloned().collect());
    let event = console.event_of(&patch(&json!({
        "principal": principal, "name": "null", "description": null, "enabled": true, "roles": [], "unrestricted": true,
        "expires_at": 5, "metadata": {"a": "c", "other": "b"}, "revoked_at": 6, "revoked_reason": "null",
    })));
    assert_eq!(
        event["changes"],
        json!({
            "name": {"before": "b", "after": "null"},
            "description": {"before": "b", "after": null},
            "enabled": {"before": false, "after": true},
            "roles": {"added": [], "removed": [{"role_id": "editor"}]},
            "unrestricted": {"before": false, "after": true},
            "metadata": {"before": {}, "after": {"other": "b"}},
            "revoked_at": {"before": 5, "after": 6},
            "revoked_reason": {"before": "another", "after": "null"},
        })
    );
    // For metadata, only the members that differ.
    let event = console.event_of(&patch(&json!({
        "expires_at": null, "name": "\"quoted\"é", "roles": [{"role_id": "a"}], "unrestricted": false, "metadata": {"other": null},
    })));
    assert_eq!(
        event["changes"],
        json!({
            "name": {"before": "null", "after": "\"quoted\"é"},
            "roles": {"added": [{"role_id": "a"}], "removed": []},
            "unrestricted": {"before": true, "after": false},
            "expires_at": {"before": 5, "after": null},
            "metadata": {"before": {"other": "b"}, "after": {}},
        })
    );
}

/// A key that the trigger does not know would lose the event of a change of this key only. (For changes of all keys,
/// see differences.rs.)
#[test]
fn changing_any_single_key_writes_an_event() {
    let console = Console::new();
    let (principal, _) = console.world.service_account();
    let mut alone = BTreeSet::new();
    for change in changes(Noun::Credential, &principal) {
        let before = console.state();
        let reported = reported_keys(&console, &change);
        assert_eq!(reported, change.keys().cloned().collect());
        alone.extend(reported);
        console.patch(&before.into());
    }
    // Without a reason, the time of the revocation can be cleared on its own, too.
    console.patch(&json!({"revoked_reason": null}));
    let lifted = Document::from_iter([("revoked_at".to_owned(), Value::Null)]);
    assert_eq!(reported_keys(&console, &lifted), ["revoked_at".to_owned()].into());
    let columns = console
        .world
        .db
        .query("SELECT name FROM pragma_table_xinfo('credentials') WHERE hidden = 2 AND name <> 'stray'", &[]);
    assert_eq!(alone, columns.iter().map(|column| text(column, "name")).collect(), "every key is tested above");
    // The columns that no event reports: keys, stamps, times for display, and those that a use changes.
    let quiet = "'tenant', 'id', 'revision', 'created_at', 'updated_at', 'last_used_at', 'change', 'changed_at', 'changed_by', \
                 'changed_request', 'ending', 'event'";
    let reported = console
        .world
        .db
        .query(&format!("SELECT name FROM pragma_table_info('credentials') WHERE name NOT IN ({quiet})"), &[]);
    assert_eq!(reported, [json!({"name": "state"})], "the only other column of the credential");
}

#[test]
fn creation_event_reports_every_key_it_sets_and_no_null() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "n", "roles": null}));
    let history = world.history(&id["client_".len()..]);
    assert_eq!(history.len(), 2);
    assert_eq!(
        history[0]["changes"],
        json!({
            "principal": {"before": null, "after": ACME},
            "name": {"before": null, "after": "n"},
            "enabled": {"before": null, "after": true},
            "roles": {"added": [], "removed": []},
            "unrestricted": {"before": null, "after": true},
            "access": {"before": null, "after": "admin"},
            "self_rotate": {"before": null, "after": false},
        })
    );
    assert_eq!(history[1]["changes"], json!({"expires_at": {"before": null, "after": null}}));
    let stamps: Vec<_> =
        history.iter().map(|event| (text(event, "by"), text(event, "request"), event["at"].as_i64())).collect();
    assert_eq!(stamps[0], stamps[1], "one request");
    assert_eq!((stamps[0].0.as_str(), stamps[0].2), ("root", Some(world.now.get())));
}

#[test]
fn creation_on_the_postern_face_reports_every_field_it_sets() {
    let world = World::new();
    let (principal, _) = world.service_account();
    let body: Value =
        of_our_face(Noun::Credential).map(|(row, member)| (member.to_owned(), other(row, &principal))).collect();
    let made = world.call("POST", &format!("/v1/tenants/{ACME}/credentials"), ROOT, &body).expect(201).json();
    let id = text(&made, "id");
    let history = world.history(&id);
    assert_eq!(history[0]["changes"], difference(&Document::new(), &state(&world, &id)));
    let reported = history[0]["changes"].as_object().unwrap();
    for row in rows(Noun::Credential).filter(|row| of_our_face(Noun::Credential).any(|(of, _)| of.field == row.field)) {
        assert!(reported.contains_key(row.key), "{}: {reported:?}", row.key);
    }
}

#[test]
fn update_without_a_change_writes_no_event() {
    let console = Console::new();
    let before = console.count("SELECT count(*) FROM events");
    for sql in [
        "UPDATE credentials SET last_used_at = 5",
        "UPDATE credentials SET revision = revision + 1",
        "UPDATE credentials SET updated_at = 5, change = 'c', changed_at = 5, changed_by = 'b', changed_request = 'r'",
        "UPDATE credentials SET state = state",
        "UPDATE credentials SET state = json_patch(state, '{\"name\":\"name\",\"description\":\"a\",\"roles\":[{\"role_id\":\"viewer\"}]}')",
        "UPDATE principals SET state = state, updated_at = 5, revision = revision + 1",
        "UPDATE tenants SET state = state, updated_at = 5, revision = revision + 1, credentials = credentials",
        "UPDATE secrets SET last_used_at = 5",
        "UPDATE secrets SET digest = digest, sealed = sealed, expires_at = expires_at",
    ] {
        console.run(sql);
        assert_eq!(console.count("SELECT count(*) FROM events"), before, "{sql}");
    }
}

#[test]
fn secret_event_reports_that_it_changed_and_never_the_value() {
    let console = Console::new();
    let event = console.event_of(&format!("UPDATE secrets SET digest = '{}'", "d".repeat(52)));
    assert_eq!(
        (&event["by"], &event["action"], &event["secret"]),
        (&json!("console"), &json!("secret_updated"), &json!(console.secret))
    );
    assert_eq!(event["changes"], json!({"value": {"before": "kept", "after": "replaced"}}));
    for sql in [
        "UPDATE secrets SET sealed = 'sssssealed'",
        "UPDATE secrets SET sealed = NULL",
        "UPDATE secrets SET hint = 'hhhhhint'",
    ] {
        assert_eq!(console.event_of(sql)["changes"], json!({}), "{sql}");
    }
    let event = console.event_of("UPDATE secrets SET expires_at = 5, key = 'other'");
    assert_eq!(event["changes"]["expires_at"], json!({"before": null, "after": 5}));
    assert_eq!(event["changes"]["key"]["after"], "other");
    // Of the key only.
    let event = console.event_of("UPDATE secrets SET key = 'another'");
    assert_eq!(event["changes"], json!({"key": {"before": "other", "after": "another"}}));
    let reported = Value::from(console.history()).to_string();
    for secret in ["ddddd", "sssssealed", "hhhhhint"] {
        assert!(!reported.contains(secret), "{secret}");
    }
}

#[test]
fn statement_on_many_rows_writes_one_event_per_row() {
    let console = Console::new();
    let others = [console.another().0, console.another().0];
    console.run(&patch(&json!({"name": "all of them", "enabled": false})));
    console.run("UPDATE secrets SET expires_at = 5");
    for id in [&console.id, &others[0], &others[1]] {
        let history = console.world.history(id);
        let newest: Vec<_> = history.iter().rev().take(2).map(|event| text(event, "action")).collect();
        assert_eq!(newest, ["secret_updated", "updated"], "{id}");
    }
    assert_eq!(console.count("SELECT max(seq) - count(*) FROM events"), 0, "numbered without gaps");
}

/// The Worker continues the chain of events where the console left it, and vice versa.
#[test]
fn console_and_worker_write_one_history() {
    let console = Console::new();
    let url = litegraph_url(&Id::parse(&console.id).unwrap());
    // The credential is revoked, so a request that would enable it is rejected.
    let body = |name: &str| json!({"UserGUID": ZERO, "Name": name, "Active": false});
    let put = |name: &str| console.world.call("PUT", &url, ROOT, &body(name)).status;
    console.patch(&json!({"name": "by hand"}));
    assert_eq!(put("by the Worker"), 200);
    console.run("UPDATE secrets SET expires_at = 2000000000000000");
    console.run(&format!("{}, event = 1", patch(&json!({"name": "by hand again"}))));
    assert_eq!(put("by the Worker again"), 200);
    let by: Vec<_> = console.history().iter().map(|event| text(event, "by")).collect();
    assert_eq!(by, ["root", "root", "console", "console", "root", "console", "console", "root"]);
    assert_eq!(
        actions(&console),
        ["created", "secret_created", "updated", "updated", "updated", "secret_updated", "updated", "updated"]
    );
}

#[test]
fn row_inserted_at_the_console_has_a_history() {
    let console = Console::new();
    console.run(
        "INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
         SELECT tenant, '00000000000000000000000009', state, 1, 0, 0, 'c', 5, 'somebody', 'r', 4711 FROM credentials",
    );
    let history = console.world.history("00000000000000000000000009");
    assert_eq!(
        history.iter().map(|event| (text(event, "action"), text(event, "by"))).collect::<Vec<_>>(),
        [("created".to_owned(), "somebody".to_owned())]
    );
}

#[test]
fn no_event_contains_any_part_of_a_secret() {
    let console = Console::new();
    let world = &console.world;
    let (client, issued) = world.client(&json!({"name": "n", "roles": [{"role_id": "admin"}]}));
    let url = litegraph_url(&Id::parse(&console.id).unwrap());
    let mut secrets = vec![issued.clone()];
    let seen = |secrets: &mut Vec<String>| {
        let rows = world.db.query("SELECT digest, sealed FROM secrets", &[]);
        secrets.extend(
            rows.iter().flat_map(|row| [&row["digest"], &row["sealed"]]).filter_map(Value::as_str).map(str::to_owned),
        );
    };
    seen(&mut secrets);
    for token in ["canary-one", "canary-two"] {
        let body = json!({"UserGUID": ZERO, "Name": "n", "Active": false, "BearerToken": token});
        world.call("PUT", &url, &issued, &body).expect(200);
        secrets.push(token.to_owned());
        seen(&mut secrets);
    }
    assert_eq!(world.call("PUT", &client_url(&client), &issued, &json!({"name": "renamed"})).status, 200);
    console.run(&format!("UPDATE secrets SET digest = '{}', sealed = NULL", "e".repeat(52)));
    let events = Value::from(world.db.query("SELECT * FROM events", &[])).to_string();
    for secret in &secrets {
        assert!(!events.contains(secret.as_str()), "{secret}");
    }
    assert!(secrets.len() >= 10 && events.contains(&console.secret), "an event names a secret only by its id");
}
