//! Whether an event says that access was widened: each kind of change, and the same change backwards.

use crate::console::Console;

/// Roles by their initials, as SQL; `-` is none, which is full access.
fn roles(initials: &str) -> String {
    let role = |initial| match initial {
        'a' => r#"{"role_id":"admin"}"#,
        'v' => r#"{"role_id":"viewer"}"#,
        'd' => r#"{"resource":"dataset","role_id":"viewer"}"#,
        'i' => r#"{"resource":"dataset","resource_instance":"1","role_id":"viewer"}"#,
        other => panic!("what role is {other}?"),
    };
    match initials {
        "-" => "NULL".to_owned(),
        some => format!("'[{}]'", some.chars().map(role).collect::<Vec<_>>().join(",")),
    }
}

/// The columns as they are, as they become, and whether that widens; the same backwards, and whether that does.
fn check(table: &str, from: &str, to: &str, widens: [bool; 2]) {
    let console = Console::new();
    console.run(&format!("UPDATE {table} SET {from}"));
    for (set, widens) in [to, from].into_iter().zip(widens) {
        let event = console.event_of(&format!("UPDATE {table} SET {set}"));
        assert_eq!(event["widened"].as_i64(), Some(widens.into()), "{table}: {set}");
    }
}

#[test]
fn by_roles() {
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
        check("credentials", &format!("roles = {}", roles(from)), &format!("roles = {}", roles(to)), [there, back]);
    }
}

#[test]
fn by_enabled_and_by_the_end() {
    check("credentials", "enabled = 0", "enabled = 1", [true, false]);
    for table in ["credentials", "secrets"] {
        check(table, "expires_at = 5", "expires_at = 6", [true, false]);
        check(table, "expires_at = 5", "expires_at = NULL", [true, false]);
        check(table, "expires_at = 0", "expires_at = 9007199254740991", [true, false]);
    }
}

#[test]
fn by_lifting_a_revocation() {
    check("credentials", "revoked_reason = NULL, revoked_at = 5", "revoked_at = NULL", [true, false]);
    let lifted = "revoked_at = NULL, revoked_reason = NULL";
    check("credentials", "revoked_at = 5, revoked_reason = 'r'", lifted, [true, false]);
    // It may be disabled in the same breath: as for the rest, what is wider in one way is told.
    check(
        "credentials",
        "revoked_reason = NULL, revoked_at = 5, enabled = 1",
        "revoked_at = NULL, enabled = 0",
        [true, true],
    );
    // Revoked is revoked, whenever and why.
    check("credentials", "revoked_at = 5", "revoked_at = 6", [false, false]);
    check("credentials", "revoked_reason = NULL", "revoked_reason = 'r'", [false, false]);
}

#[test]
fn not_by_anything_else() {
    check("credentials", "metadata = '{}'", r#"metadata = '{"role":"admin"}'"#, [false, false]);
    check("credentials", "name = 'a'", "name = 'b'", [false, false]);
    check("credentials", "description = NULL", "description = 'd'", [false, false]);
    let digest = |letter: &str| format!("digest = '{}'", letter.repeat(52));
    check("secrets", &digest("a"), &digest("b"), [false, false]);
    check("secrets", "hint = 'a'", "hint = 'b'", [false, false]);
    let console = Console::new();
    let (principal, _) = console.world.service_account();
    let moved = format!("UPDATE credentials SET principal = '{principal}'");
    assert_eq!(console.event_of(&moved)["widened"].as_i64(), Some(0));
}

#[test]
fn by_any_of_several_changes() {
    let columns = |roles_are: &str, enabled: u8, end: &str, name: &str| {
        format!("roles = {}, enabled = {enabled}, expires_at = {end}, name = '{name}'", roles(roles_are))
    };
    // Narrower in one way, wider in another.
    check("credentials", &columns("av", 0, "5", "n"), &columns("a", 1, "5", "m"), [true, true]);
    check("credentials", &columns("-", 1, "5", "n"), &columns("v", 1, "NULL", "n"), [true, true]);
    // Narrower in every way, and back.
    check("credentials", &columns("-", 1, "NULL", "n"), &columns("v", 0, "5", "m"), [false, true]);
}
