//! Whether an event reports wider access: each kind of change, and its reverse.

use serde_json::{Value, json};

use crate::console::{Console, patch};

/// A time in the distant future.
const FAR: i64 = 9_000_000_000_000_000;

/// Roles as keys of the state, by their initials; `-` is full access.
fn roles(initials: &str) -> Value {
    let role = |initial| match initial {
        'a' => json!({"role_id": "admin"}),
        'v' => json!({"role_id": "viewer"}),
        'd' => json!({"resource": "dataset", "role_id": "viewer"}),
        'i' => json!({"resource": "dataset", "resource_instance": "1", "role_id": "viewer"}),
        'x' => json!({"resource": ",", "resource_instance": ",null]", "role_id": "x["}),
        'y' => json!({"resource": ",", "role_id": ","}),
        other => panic!("unknown role {other}"),
    };
    match initials {
        "-" => json!({"roles": [], "unrestricted": true}),
        some => json!({"roles": some.chars().map(role).collect::<Vec<_>>(), "unrestricted": false}),
    }
}

/// Checks whether the change from one state to the other widens access, and whether the reverse does.
fn check(from: &Value, to: &Value, widens: [bool; 2]) {
    each(&[from, to].map(patch), widens);
}

/// The same for columns of the credential's secret.
fn check_secret(from: &str, to: &str, widens: [bool; 2]) {
    each(&[from, to].map(|set| format!("UPDATE secrets SET {set}")), widens);
}

fn each([from, to]: &[String; 2], widens: [bool; 2]) {
    let console = Console::new();
    console.run(&patch(&json!({ "expires_at": FAR, "revoked_at": null, "revoked_reason": null })));
    console.run(from);
    for (change, widens) in [to, from].into_iter().zip(widens) {
        assert_eq!(console.event_of(change)["widened"].as_i64(), Some(widens.into()), "{change}");
    }
}

#[test]
fn adding_a_role_or_clearing_all_roles_widens_access() {
    for (from, to, there, back) in [
        // From some roles to none is full access; the reverse narrows.
        ("v", "-", true, false),
        ("a", "-", true, false),
        ("i", "-", true, false),
        // A role more, a role less.
        ("v", "av", true, false),
        ("d", "dv", true, false),
        ("i", "id", true, false),
        // One role for another adds something in both directions.
        ("v", "a", true, true),
        ("ai", "ad", true, false),
        // A role also covers itself on a resource, and a role on a resource covers its instances.
        ("v", "vd", false, false),
        ("v", "vdi", false, false),
        ("d", "di", false, false),
        ("d", "v", true, false),
        ("i", "v", true, false),
        ("i", "d", true, false),
        // Texts that resemble another role's.
        ("x", "y", true, true),
        // The same roles in another order.
        ("av", "va", false, false),
    ] {
        check(&roles(from), &roles(to), [there, back]);
    }
}

#[test]
fn enabling_or_extending_expiry_widens_access() {
    check(&json!({"enabled": false}), &json!({"enabled": true}), [true, false]);
    for (from, to) in [(FAR, Some(FAR + 1)), (FAR, None), (0, Some(FAR)), (0, None)] {
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
    // A credential that has no access before and after gains none.
    check(
        &json!({"revoked_reason": null, "revoked_at": 5, "enabled": true}),
        &json!({"revoked_at": null, "revoked_reason": null, "enabled": false}),
        [false, false],
    );
    // Revoked is revoked, whatever the time and the reason.
    check(&json!({"revoked_at": 5}), &json!({"revoked_at": 6}), [false, false]);
    check(&revoked(None), &revoked(Some("r")), [false, false]);
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
    // Narrower in one respect, wider in another.
    check(&state("av", true, Some(FAR), "n"), &state("a", true, None, "m"), [true, true]);
    check(&state("-", true, Some(FAR), "n"), &state("v", true, None, "n"), [true, true]);
    // Narrower in every respect, and the reverse.
    check(&state("-", true, None, "n"), &state("v", false, Some(FAR), "m"), [false, true]);
    // More rights of a credential that is disabled or expired widen nothing.
    check(&state("v", false, Some(FAR), "n"), &state("-", false, None, "n"), [false, false]);
    check(&state("v", true, Some(5), "n"), &state("-", true, Some(6), "n"), [false, false]);
}

#[test]
fn moving_from_a_disabled_to_an_enabled_principal_widens_access() {
    let console = Console::new();
    console.run(&patch(&json!({ "expires_at": null, "revoked_at": null, "revoked_reason": null })));
    let [(on, _), (off, _)] = [console.world.service_account(), console.world.service_account()];
    console
        .run(&format!("UPDATE principals SET state = json_set(state, '$.enabled', json('false')) WHERE id = '{off}'"));
    let widens = |change: Value| console.event_of(&patch(&change))["widened"] == 1;
    assert!(!widens(json!({ "principal": off })));
    assert!(!widens(json!({ "roles": [], "unrestricted": true })), "the principal is disabled");
    assert!(widens(json!({ "principal": on })));
    assert!(!widens(json!({ "principal": off })));
    assert!(!widens(json!({ "principal": off, "name": "other" })));
}
