//! The canary in a body: known members are returned and stored in their own place only, unknown members nowhere.

use std::collections::BTreeSet;

use postern::credential::field::{Field, Noun, Verb};
use postern::credential::table::{Destination, Shape};
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Map, Value, json};

use crate::{CANARY, Trace, root, set, stored, title, trace};
use support::ROOT;
use support::scene::{Scene, is_ours, method, takes_form, url};

fn sent(scene: &Scene, route: &Route, body: &[u8]) -> Trace {
    trace(&scene.world, route, &url(route, &scene.target), &root(), body)
}

/// Sends the usual body with an additional member, or with another value of a member.
fn sent_with(scene: &Scene, route: &Route, member: &str, value: Value) -> Trace {
    let mut body: Map<String, Value> = serde_json::from_slice(&scene.body(route)).unwrap();
    body.insert(member.to_owned(), value);
    sent(scene, route, Value::Object(body).to_string().as_bytes())
}

/// The routes whose bodies have fields.
fn writing() -> impl Iterator<Item = (&'static Route, Noun, Verb)> {
    ROUTES.iter().filter_map(|route| match route.operation {
        Operation::Write(noun, verb) => Some((route, noun, verb)),
        _ => None,
    })
}

/// The routes that read a body, for any purpose.
fn reading() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| match route.operation {
        Operation::Write(..) | Operation::LogIn(_) | Operation::Verify(_) => true,
        Operation::Page(..) => method(route) == "POST",
        _ => false,
    })
}

#[test]
fn unreadable_body_leaves_no_trace() {
    let bodies = [
        CANARY.to_owned(),
        format!("\"{CANARY}\""),
        format!("[\"{CANARY}\"]"),
        format!("{{\"name\": {CANARY}}}"),
        format!("{{\"name\": \"{CANARY}"),
        format!("{{\"{CANARY}\": 1,}}"),
        format!("{{\"{CANARY}\": 1, \"{CANARY}\": 2}}"),
        format!("{{\"name\": \"{CANARY}\", \"name\": \"{CANARY}\"}}"),
        format!("{{\"a\": {{\"{CANARY}\": 1, \"{CANARY}\": \"{CANARY}\"}}}}"),
        format!("{{\"name\": \"{CANARY}\"}} {CANARY}"),
        format!("{}\"{CANARY}\"", "[".repeat(40)),
        format!("{{\"name\": \"{CANARY}\\ud800\"}}"),
        format!("{{\"name\": \"{CANARY}\"}}{}", " ".repeat(70_000)),
    ];
    let scene = Scene::new();
    for route in reading() {
        for body in &bodies {
            let of = format!("{} of {body:.80}", title(route));
            let trace = sent(&scene, route, body.as_bytes());
            assert!([400, 413, 422].contains(&trace.reply.status), "{of}: {}", trace.reply.status);
            trace.leaves_nothing(&scene.world, CANARY, &of);
        }
    }
}

#[test]
fn ignored_member_of_a_body_leaves_no_trace() {
    for route in reading()
        .filter(|route| !matches!(route.operation, Operation::LogIn(_)) && !takes_form(route) && !is_ours(route))
    {
        let scene = Scene::new();
        let mut body: Map<String, Value> = serde_json::from_slice(&scene.body(route)).unwrap();
        body.insert(CANARY.to_owned(), json!({CANARY: [CANARY]}));
        for member in
            ["client_id", "client_secret", "TenantGUID", "Password", "token", "metadata", "Labels", "Tags", "Expr"]
        {
            body.insert(member.to_owned(), CANARY.into());
        }
        let of = title(route);
        let trace = sent(&scene, route, Value::Object(body).to_string().as_bytes());
        assert!(trace.reply.status < 300, "{of}: {}", trace.reply.text);
        trace.leaves_nothing(&scene.world, CANARY, &of);
    }
}

/// Our own face rejects an unknown member and reports its name, never its value.
#[test]
fn unknown_member_is_reported_by_name_without_its_value() {
    let scene = Scene::new();
    let before = scene.world.stored();
    let deep = json!({"value": [CANARY], "more": {"value": CANARY}});
    for route in reading().filter(|route| is_ours(route) && !route.is_own()) {
        for (name, value) in [
            ("client_secret", json!(CANARY)),
            ("token_", json!(CANARY)),
            ("secret", deep.clone()),
            ("id", deep.clone()),
        ] {
            let of = format!("{} with {name}", title(route));
            let trace = sent_with(&scene, route, name, value);
            assert_eq!(trace.reply.status, 422, "{of}: {}", trace.reply.text);
            assert!(trace.reply.text.contains(&format!("\"/{name}\"")), "{of}: {}", trace.reply.text);
            trace.assert_nowhere(&scene.world, CANARY, &of);
        }
        let trace = sent_with(&scene, route, CANARY, json!("value"));
        assert_eq!(trace.reply.status, 422, "{}", trace.reply.text);
        assert_eq!(trace.reply.json()["violations"][0]["pointer"], format!("/{CANARY}"), "{}", trace.reply.text);
        trace.assert_only_shown_in(&["violations"], CANARY, &title(route));
        trace.assert_never_queried(CANARY, &title(route));
    }
    assert_eq!(scene.world.stored(), before);
}

/// Read-only members are sent to the database for comparison. They are neither returned nor stored.
#[test]
fn read_only_member_is_neither_stored_nor_returned() {
    let mut refused = 0;
    for (route, noun, verb) in
        writing().filter(|(route, _, verb)| is_ours(route) && !route.is_own() && *verb != Verb::Create)
    {
        let scene = Scene::new();
        let known =
            scene.world.get(&url(route, &scene.target).replace("/rotate", "").replace("/revoke", ""), ROOT).json();
        let words: Vec<_> =
            Field::ALL.into_iter().filter_map(|field| route.face.dialect.word(noun, verb, field)).collect();
        for name in known.as_object().unwrap().keys().filter(|name| !words.contains(&name.as_str())) {
            for value in [json!(CANARY), json!([{"id": CANARY, "hint": CANARY}])] {
                let of = format!("{} with {name}: {value}", title(route));
                let trace = sent_with(&scene, route, name, value);
                // The service changes these two itself, and ignores them in a body.
                let moves = matches!(name.as_str(), "last_used_at" | "secrets");
                let says = matches!(verb, Verb::Replace | Verb::Merge);
                assert_eq!(trace.reply.status, if moves && says { 200 } else { 422 }, "{of}: {}", trace.reply.text);
                trace.assert_nowhere(&scene.world, CANARY, &of);
                refused += usize::from(trace.reply.status == 422);
            }
        }
    }
    assert!(refused > 60, "{refused}");
}

/// The columns in which a field is stored in plain text.
fn columns(field: Field) -> BTreeSet<String> {
    let row = field.row().expect("a field");
    let column = match row.destination {
        Destination::Document => row.key,
        Destination::Reason => "revoked_reason",
        Destination::Id
        | Destination::CreatedAt
        | Destination::UpdatedAt
        | Destination::Context
        | Destination::Secret
        | Destination::MakesSecret
        | Destination::GraceSeconds => {
            return set(&[]);
        }
    };
    match row.shape {
        Shape::Text { .. } | Shape::TextOrNull { .. } | Shape::Names | Shape::Roles | Shape::Metadata => {}
        Shape::Flag
        | Shape::Choice(_)
        | Shape::Whole { .. }
        | Shape::Time
        | Shape::Id
        | Shape::Context
        | Shape::Secret => return set(&[]),
    }
    let mut columns = set(&[]);
    if field == Field::Name {
        columns.extend(set(&["credentials_by_name.name", "tenants.label"]));
    }
    // A part of a name is stored in the whole name, too.
    if matches!(row.shape, Shape::TextOrNull { .. }) {
        columns.extend(set(&["principals.name"]));
    }
    let tables = [(Noun::Credential, "credentials"), (Noun::Principal, "principals"), (Noun::Tenant, "tenants")];
    let tables = tables.into_iter().filter(|(noun, _)| noun.has(field));
    columns.extend(tables.flat_map(|(_, table)| [format!("{table}.{column}"), format!("{table}.state")]));
    columns.insert("events.changes".to_owned());
    columns
}

/// The member of a response for a field that a body has under this name.
fn shown_as(field: Field, word: &'static str) -> &'static str {
    if field == Field::Reason { "revoked_reason" } else { word }
}

/// A search controls a list; each invalid member is reported by name.
#[test]
fn invalid_search_leaves_no_trace() {
    let scene = Scene::new();
    for route in reading().filter(|route| matches!(route.operation, Operation::Page(..))) {
        for member in ["Ordering", "MaxResults", "Skip", "ContinuationToken"] {
            for value in [json!(CANARY), json!([CANARY]), json!({CANARY: CANARY})] {
                let of = format!("{} of {member}: {value}", title(route));
                let trace = sent(&scene, route, json!({member: value}).to_string().as_bytes());
                assert_eq!(trace.reply.status, 400, "{of}: {}", trace.reply.text);
                assert!(trace.reply.text.contains(member), "{of}: {}", trace.reply.text);
                trace.leaves_nothing(&scene.world, CANARY, &of);
            }
        }
    }
}

#[test]
fn field_value_is_stored_and_returned_only_as_that_field_and_in_no_error() {
    let text = || json!(CANARY);
    let shapes = [
        text(),
        json!([CANARY]),
        json!({CANARY: CANARY}),
        json!([[CANARY]]),
        json!([{"role_id": CANARY}]),
        json!([{"role_id": "viewer", "resource": CANARY, "resource_instance": CANARY}]),
        json!([{"role_id": "viewer", "resource_instance": CANARY}]),
        json!([{"role_id": "viewer", CANARY: CANARY}]),
        json!(format!("dataset:{CANARY}")),
        json!(format!("pstn_{CANARY}")),
        json!(format!("client_{CANARY}:{CANARY}")),
        json!(format!("{CANARY}\u{0}")),
        json!(format!("{CANARY} {CANARY}")),
        json!(CANARY.repeat(40)),
        json!({"member": format!("{CANARY}\u{0}")}),
        json!({"member": [CANARY]}),
        json!({"member": CANARY}),
    ];
    let (mut kept, mut refused) = (0, 0);
    for (route, noun, verb) in writing() {
        let fields = Field::ALL.into_iter().filter(|field| noun.has(*field));
        for (field, word) in fields.filter_map(|field| Some((field, route.face.dialect.word(noun, verb, field)?))) {
            let mut scene = Scene::new();
            for shape in &shapes {
                let of = format!("{} of {word}: {shape:.100}", title(route));
                let trace = sent_with(&scene, route, word, shape.clone());
                if trace.reply.status >= 400 {
                    // Only if the violation's pointer has a name from the request.
                    let names = is_ours(route) && trace.reply.text.contains(&format!("/{CANARY}\""));
                    trace.assert_only_shown_in(if names { &["violations"] } else { &[] }, CANARY, &of);
                    assert_eq!(stored(&scene.world, CANARY), set(&[]), "{of}: stored");
                    refused += 1;
                    continue;
                }
                let shown = crate::shown(&trace.reply, CANARY);
                let may = if field == Field::RolesContext { set(&[]) } else { set(&[shown_as(field, word), "label"]) };
                assert!(shown.is_subset(&may), "{of}: {}", trace.reply.text);
                assert!(!crate::contains(&trace.headers, CANARY) && !crate::contains(&trace.log, CANARY), "{of}");
                let stored = stored(&scene.world, CANARY);
                assert!(stored.is_subset(&columns(field)), "{of}: {stored:?}");
                assert!(field != Field::Secret || !crate::contains(&trace.queries, CANARY), "{of}: {}", trace.queries);
                kept += usize::from(!stored.is_empty());
                scene = Scene::new();
            }
        }
    }
    assert!(kept > 20 && refused > 100, "some are kept and some rejected: {kept}, {refused}");
}
