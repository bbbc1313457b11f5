//! The canary in a body: what a face has a word for is shown and stored where that word belongs; nothing else is.

use postern::credential::field::{Field, Noun, Verb};
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Map, Value, json};

use crate::common::ROOT;
use crate::scene::{Scene, method, url};
use crate::{CANARY, Trace, set, stored, told, trace};

fn sent(scene: &Scene, route: &Route, body: &[u8]) -> Trace {
    let bearer = format!("Bearer {ROOT}");
    let headers = [("authorization", bearer.as_str()), ("x-postern-tenant", "acme")];
    trace(&scene.world, route, &url(route, &scene.target), &headers, body)
}

/// The routes whose body says fields.
fn writing() -> impl Iterator<Item = (&'static Route, Noun, Verb)> {
    ROUTES.iter().filter_map(|route| match route.operation {
        Operation::Write(noun, verb) => Some((route, noun, verb)),
        _ => None,
    })
}

/// The routes that read a body, whatever it is for.
fn reading() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| match route.operation {
        Operation::Write(..) | Operation::LogIn => true,
        Operation::Page(_) => method(route) == "POST",
        _ => false,
    })
}

#[test]
fn a_body_that_cannot_be_read_is_in_nothing_that_is_left() {
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
            let of = format!("{} of {body:.80}", told(route));
            let trace = sent(&scene, route, body.as_bytes());
            assert!([400, 413, 422].contains(&trace.reply.status), "{of}: {}", trace.reply.status);
            trace.assert_nowhere(&scene.world, CANARY, &of);
            trace.assert_never_asked(CANARY, &of);
        }
    }
}

#[test]
fn a_member_that_is_no_word_of_the_face_is_in_nothing_that_is_left() {
    for route in reading().filter(|route| route.operation != Operation::LogIn) {
        let scene = Scene::new();
        let mut body: Map<String, Value> = serde_json::from_slice(&scene.body(route)).unwrap();
        body.insert(CANARY.to_owned(), json!({CANARY: [CANARY]}));
        for member in
            ["client_id", "client_secret", "TenantGUID", "Password", "token", "metadata", "Labels", "Tags", "Expr"]
        {
            body.insert(member.to_owned(), CANARY.into());
        }
        let of = told(route);
        let trace = sent(&scene, route, Value::Object(body).to_string().as_bytes());
        assert!(trace.reply.status < 300, "{of}: {}", trace.reply.text);
        trace.assert_nowhere(&scene.world, CANARY, &of);
        trace.assert_never_asked(CANARY, &of);
    }
}

/// The columns in which a field is stored in clear. A new field says its own here.
fn columns(field: Field) -> &'static [&'static str] {
    match field {
        Field::Name => &[
            "credentials.name",
            "credentials_by_name.name",
            "events.changes",
            "principals.name",
            "tenants.name",
            "tenants.label",
        ],
        Field::FirstName => &["principals.first_name", "principals.name"],
        Field::LastName => &["principals.last_name", "principals.name"],
        Field::Email => &["principals.email", "principals.name"],
        Field::Description => &["credentials.description", "events.changes", "principals.description"],
        Field::Roles => &["credentials.roles", "events.changes"],
        Field::Id
        | Field::Principal
        | Field::Enabled
        | Field::RolesContext
        | Field::Secret
        | Field::CreatedAt
        | Field::UpdatedAt => &[],
    }
}
/// A search says how to list, and each wrong member of it is told by its name.
#[test]
fn what_a_search_says_is_in_nothing_that_is_left() {
    let scene = Scene::new();
    for route in reading().filter(|route| matches!(route.operation, Operation::Page(_))) {
        for member in ["Ordering", "MaxResults", "Skip", "ContinuationToken"] {
            for value in [json!(CANARY), json!([CANARY]), json!({CANARY: CANARY})] {
                let of = format!("{} of {member}: {value}", told(route));
                let trace = sent(&scene, route, json!({member: value}).to_string().as_bytes());
                assert_eq!(trace.reply.status, 400, "{of}: {}", trace.reply.text);
                assert!(trace.reply.text.contains(member), "{of}: {}", trace.reply.text);
                trace.assert_nowhere(&scene.world, CANARY, &of);
                trace.assert_never_asked(CANARY, &of);
            }
        }
    }
}

#[test]
fn a_field_is_shown_and_stored_as_that_field_alone_and_by_no_refusal() {
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
    ];
    let (mut kept, mut refused) = (0, 0);
    for (route, noun, verb) in writing() {
        let fields = Field::ALL.into_iter().filter(|field| noun.has(*field));
        for (field, word) in fields.filter_map(|field| Some((field, route.face.word(noun, verb, field)?))) {
            let mut scene = Scene::new();
            for shape in &shapes {
                let of = format!("{} of {word}: {shape:.100}", told(route));
                let mut body: Map<String, Value> = serde_json::from_slice(&scene.body(route)).unwrap();
                body.insert(word.to_owned(), shape.clone());
                let trace = sent(&scene, route, Value::Object(body).to_string().as_bytes());
                if trace.reply.status >= 400 {
                    trace.assert_nowhere(&scene.world, CANARY, &of);
                    refused += 1;
                    continue;
                }
                let shown = crate::shown(&trace.reply, CANARY);
                let may = if field == Field::RolesContext { set(&[]) } else { set(&[word, "label"]) };
                assert!(shown.is_subset(&may), "{of}: {}", trace.reply.text);
                assert!(!crate::holds(&trace.headers, CANARY) && !crate::holds(&trace.log, CANARY), "{of}");
                let stored = stored(&scene.world, CANARY);
                assert!(stored.is_subset(&set(columns(field))), "{of}: {stored:?}");
                assert!(field != Field::Secret || !crate::holds(&trace.asked, CANARY), "{of}: {}", trace.asked);
                kept += usize::from(!stored.is_empty());
                scene = Scene::new();
            }
        }
    }
    assert!(kept > 20 && refused > 100, "both happen: {kept}, {refused}");
}
