//! Whether an event reports wider access: each kind of change, and its reverse.

use serde_json::{Value, json};

use crate::console::{Console, patch};

/// The keys of the state that roles are, by their initials; `-` is full access.
fn roles(initials: &str) -> Value {
    let role = |initial| match initial {
        'a' => json!({"role_id": "admin"}),
        'v' => json!({"role_id": "viewer"}),
        'd' => json!({"resource": "dataset", "role_id": "viewer"}),
        'i' => json!({"resource": "dataset", "resource_instance": "1", "role_id": "viewer"}),
        other => panic!("what role is {other}?"),
    };
    match initials {
        "-" => json!({"roles": [], "unrestricted": true}),
        some => json!({"roles": some.chars().map(role).collect::<Vec<_>>(), "unrestricted": false}),
    }
}

/// The credential's keys as they are, as they become, and whether that widens; the same backwards, and whether that does.
fn check(from: &Value, to: &Value, widens: [bool; 2]) {
    each(&[from, to].map(patch), widens);
}

/// The same of the columns of its secret.
fn check_secret(from: &str, to: &str, widens: [bool; 2]) {
    each(&[from, to].map(|set| format!("UPDATE secrets SET {set}")), widens);
}

fn each([from, to]: &[String; 2], widens: [bool; 2]) {
    let console = Console::new();
    console.run(from);
    for (change, widens) in [to, from].into_iter().zip(widens) {
        assert_eq!(console.event_of(change)["widened"].as_i64(), Some(widens.into()), "{change}");
    }
}

#[test]
fn adding_a_role_or_clearing_all_roles_widens_access() {
    for (from, to, there, back) in [
        // Some to none is full access; none to some takes it away.
        ("v", "-", true, false),
        ("a", "-", true, false),
        ("i", "-", true, false),
        // A role more, a role less.
        ("v", "av", true, false),
        ("v", "vd", true, false),
        ("d", "di", true, false),
        // One for another: something was added, whichever way.
        ("v", "a", true, true),
        ("v", "i", true, true),
        // The same roles in another order.
        ("av", "va", false, false),
    ] {
        check(&roles(from), &roles(to), [there, back]);
    }
}

#[test]
fn enabling_or_extending_expiry_widens_access() {
    check(&json!({"enabled": false}), &json!({"enabled": true}), [true, false]);
    for (from, to) in [(5_i64, Some(6_i64)), (5, None), (0, Some(9_007_199_254_740_991))] {
        check(&json!({"expires_at": from}), &json!({"expires_at": to}), [true, false]);
        let to = to.map_or("NULL".to_owned(), |to| to.to_string());
        check_secret(&format!("expires_at = {from}"), &format!("expires_at = {to}"), [true, false]);
    }
}

#[test]
fn lifting_a_revocation_widens_access() {
    let revoked = |reason: Option<&str>| json!({"revoked_at": 5, "revoked_reason": reason});
    let lifted = json!({"revoked_at": null, "revoked_reason": null});
    check(&revoked(None), &lifted, [true, false]);
    check(&revoked(Some("r")), &lifted, [true, false]);
    // It may be disabled in the same change: each wider key is reported as for the rest.
    check(
        &json!({"revoked_reason": null, "revoked_at": 5, "enabled": true}),
        &json!({"revoked_at": null, "revoked_reason": null, "enabled": false}),
        [true, true],
    );
    // Revoked is revoked, whenever and why.
    check(&json!({"revoked_at": 5}), &json!({"revoked_at": 6}), [false, false]);
    check(&json!({"revoked_reason": null}), &json!({"revoked_reason": "r"}), [false, false]);
}

#[test]
fn other_changes_do_not_widen_access() {
    check(&json!({"metadata": {"role": null}}), &json!({"metadata": {"role": "admin"}}), [false, false]);
    check(&json!({"name": "a"}), &json!({"name": "b"}), [false, false]);
    check(&json!({"description": null}), &json!({"description": "d"}), [false, false]);
    let digest = |letter: &str| format!("digest = '{}'", letter.repeat(52));
    check_secret(&digest("a"), &digest("b"), [false, false]);
    check_secret("hint = 'a'", "hint = 'b'", [false, false]);
    let console = Console::new();
    let (principal, _) = console.world.service_account();
    assert_eq!(console.event_of(&patch(&json!({ "principal": principal })))["widened"].as_i64(), Some(0));
}

#[test]
fn any_widening_change_among_several_widens_access() {
    let state = |roles_are: &str, enabled: bool, end: Option<i64>, name: &str| {
        let mut state = roles(roles_are);
        state["enabled"] = enabled.into();
        state["expires_at"] = end.into();
        state["name"] = name.into();
        state
    };
    // Narrower in one way, wider in another.
    check(&state("av", false, Some(5), "n"), &state("a", true, Some(5), "m"), [true, true]);
    check(&state("-", true, Some(5), "n"), &state("v", true, None, "n"), [true, true]);
    // Narrower in every way, and back.
    check(&state("-", true, None, "n"), &state("v", false, Some(5), "m"), [false, true]);
}
