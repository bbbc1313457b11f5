//! Fifty concurrent requests: each is checked against the state that it changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use support::ZERO;
use support::client::{Call, Client, Reply, call, get};
use support::face::Face::{self, Keycard, LiteGraph, Postern};
use support::http::{at_once, server};
use support::tenant::{Tenant, post_by_root, text};

const FIFTY: u64 = 50;

/// Fails unless one of fifty succeeded, and every other one was a conflict.
#[track_caller]
fn expect_one(statuses: &[u16]) {
    let count = |status| statuses.iter().filter(|status_of| **status_of == status).count();
    assert_eq!((count(200), count(409)), (1, 49), "{statuses:?}");
}

/// Fails unless the revisions are 2 and up, each once.
#[track_caller]
fn expect_no_gap(revisions: impl IntoIterator<Item = u64>) {
    let mut revisions: Vec<_> = revisions.into_iter().collect();
    revisions.sort_unstable();
    assert!(revisions.iter().copied().eq(2..=FIFTY + 1), "{revisions:?}");
}

/// The only request that succeeded, and the rejected ones.
#[track_caller]
fn split(replies: Vec<Reply>) -> (Reply, Vec<Reply>) {
    let (mut made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(made.len(), 1, "{made:?}");
    (made.remove(0), refused)
}

#[test]
fn concurrent_changes_are_never_lost_and_leave_no_revision_gap() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let first = tenant.read(Keycard, subject.id);
    // Half of them set the name, half the description, each to another value.
    let bodies: Vec<_> = (0..FIFTY)
        .map(|number| {
            let member = if number % 2 == 0 { "name" } else { "description" };
            (member, json!({ member: format!("{member} {number}") }))
        })
        .collect();
    let replies =
        at_once(bodies.clone(), |(_, body)| tenant.update(Keycard, subject.id).json(&body).send(server()).expect(200));

    let by_revision: BTreeMap<_, _> =
        replies.iter().zip(&bodies).map(|(reply, body)| (reply.revision(), (reply, body))).collect();
    expect_no_gap(replies.iter().map(Reply::revision));
    // Each response is the previous one with this request's member changed, and nothing else.
    let mut state = first.json();
    for (reply, (member, body)) in by_revision.values() {
        state[member] = body[member].clone();
        assert_eq!(reply.json(), state);
        let rows = if *member == "name" { 3 } else { 2 };
        assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, rows), "{reply:?}");
    }
    let last = tenant.read(Keycard, subject.id);
    assert_eq!((last.json(), last.revision()), (state, FIFTY + 1));
}

#[test]
fn concurrent_changes_through_every_face_leave_no_revision_gap() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let faces: Vec<_> = (0..FIFTY).zip(Face::ALL.into_iter().cycle()).collect();
    let mut revisions = at_once(faces, |(number, face)| {
        let body = tenant.naming(face, format!("name {number}"));
        let reply = tenant.update(face, subject.id).json(&body).send(server()).expect(200);
        assert_eq!(reply.json()[face.name()], format!("name {number}"), "the response has the request's own change");
        (reply.revision(), format!("name {number}"))
    });
    revisions.sort();
    expect_no_gap(revisions.iter().map(|(revision, _)| *revision));
    assert_eq!(tenant.read(Keycard, subject.id).json()["name"], revisions.last().unwrap().1);
}

#[test]
fn concurrent_changes_with_one_etag_apply_once() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    // Each face's update, and our own PUT of the resource as read, with another name and the read-only members.
    let verbs = Face::ALL.into_iter().map(|face| (face, face.update())).chain([(Postern, "PUT")]);
    for (face, method) in verbs {
        let before = tenant.read(face, subject.id);
        let replies = at_once((0..FIFTY).collect(), |number| {
            let name = format!("{face:?} {method} {number}");
            let mut body = if method == face.update() { tenant.naming(face, &*name) } else { before.json() };
            body[face.name()] = name.into();
            let update = call(method, tenant.one(face, subject.id)).token(&tenant.admin);
            update.header("if-match", before.etag()).json(&body).send(server())
        });
        let (made, refused) = split(replies);
        for reply in refused {
            let reply = reply.expect(412);
            assert_eq!((&*face.error(&reply), reply.cost.rows_written), (face.stale(), 0));
        }
        let after = tenant.read(face, subject.id);
        assert_eq!((after.json(), after.etag()), (made.json(), made.etag()));
        assert_eq!(after.revision(), before.revision() + 1);
    }
}

#[test]
fn concurrent_creations_with_one_token_succeed_once() {
    let tenant = Tenant::new(server());
    let token = format!("contended-{}", tenant.id);
    let guids: Vec<_> = (1..=FIFTY).map(|number| format!("00000000-0000-0000-0000-{number:012}")).collect();
    let statuses = at_once(guids.clone(), |guid| {
        let body = json!({ "GUID": guid, "UserGUID": ZERO, "Name": "n", "BearerToken": token });
        let reply = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(server());
        if reply.status != 200 {
            assert_eq!(LiteGraph.error(&reply), "Conflict");
        }
        reply.status
    });
    expect_one(&statuses);
    // Nothing is left of the rejected creations, and the token belongs to the successful one.
    for (guid, status) in guids.iter().zip(&statuses) {
        let url = format!("{}/{guid}", tenant.all(LiteGraph));
        get(&url).token(&tenant.admin).send(server()).expect(if *status == 200 { 200 } else { 404 });
    }
    let caller = get(tenant.all(LiteGraph) + "/" + ZERO).token(&token).send(server()).expect(401);
    assert_eq!(LiteGraph.error(&caller), "AuthorizationFailed", "the token is valid, for a viewer");
}

#[test]
fn concurrent_updates_to_one_token_succeed_once() {
    let tenant = Tenant::new(server());
    let token = format!("wanted-{}", tenant.id);
    let subjects = at_once((0..FIFTY).collect(), |_| tenant.subject());
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": token });
    let statuses =
        at_once(subjects.clone(), |subject| tenant.update(LiteGraph, subject.id).json(&body).send(server()).status);
    expect_one(&statuses);
    for (subject, status) in subjects.iter().zip(&statuses) {
        // A rejected update changed nothing: the previous secret is still valid.
        let known = get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(server());
        known.expect(if *status == 200 { 401 } else { 200 });
    }
}

#[test]
fn concurrent_new_tokens_leave_one_valid_token() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let tokens: Vec<_> = (0..FIFTY).map(|number| format!("token-{number}-{}", subject.id)).collect();
    let revisions = at_once(tokens.clone(), |token| {
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": token });
        let reply = tenant.update(LiteGraph, subject.id).json(&body).send(server()).expect(200);
        assert_eq!(reply.json()["BearerToken"], token, "the response has the request's own token");
        reply.revision()
    });
    expect_no_gap(revisions.iter().copied());
    let shown = text(&tenant.read(LiteGraph, subject.id).json()["BearerToken"]);
    for (token, revision) in tokens.iter().zip(revisions) {
        let last = revision == FIFTY + 1;
        assert_eq!(last, *token == shown, "the newest is returned");
        get(tenant.one(Keycard, subject.id)).token(token).send(server()).expect(if last { 200 } else { 401 });
    }
}

#[test]
fn concurrent_deletions_delete_once() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let faces: Vec<_> = (0..FIFTY).zip(Face::ALL.into_iter().cycle()).map(|(_, face)| face).collect();
    let replies =
        at_once(faces, |face| (face, call("DELETE", tenant.one(face, subject.id)).token(&tenant.admin).send(server())));
    let wrote: Vec<_> = replies.iter().filter(|(_, reply)| reply.cost.rows_written > 0).collect();
    assert_eq!(wrote.len(), 1, "{wrote:?}");
    for (face, reply) in &replies {
        let found = reply.cost.rows_written > 0 || *face == LiteGraph;
        assert_eq!(reply.status, if found { face.deleted() } else { 404 }, "{reply:?}");
    }
    let listed =
        get(format!("/v2.0/tenants/{}/credentials", tenant.id.guid())).token(&tenant.admin).send(server()).expect(200);
    assert_eq!(listed.json()["TotalRecords"], 1, "the count was reduced once");
}

#[test]
fn concurrent_creations_and_deletions_keep_the_count_exact() {
    let tenant = Tenant::new(server());
    let kept = at_once((0..FIFTY).collect(), |number| {
        let subject = tenant.subject();
        let goes = number % 2 == 0;
        if goes {
            call("DELETE", tenant.one(Keycard, subject.id)).token(&tenant.admin).send(server()).expect(204);
        }
        (!goes).then(|| subject.id.to_string())
    });
    let mut kept: Vec<_> = kept.into_iter().flatten().collect();
    kept.sort();
    let listed =
        get(format!("{}?limit=100", tenant.all(Keycard))).token(&tenant.admin).send(server()).expect(200).json();
    let mut ids: Vec<_> = listed["items"].as_array().expect("a list").iter().map(|item| text(&item["id"])).collect();
    ids.sort();
    assert_eq!(ids, kept);
    let counted =
        get(format!("/v2.0/tenants/{}/credentials", tenant.id.guid())).token(&tenant.admin).send(server()).expect(200);
    assert_eq!(counted.json()["TotalRecords"], FIFTY / 2 + 1);
}

#[test]
fn change_concurrent_with_deletion_leaves_nothing_behind() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let replies = at_once((0..FIFTY).collect(), |number| {
        if number == FIFTY / 2 {
            return (
                number,
                call("DELETE", tenant.one(Keycard, subject.id)).token(&tenant.admin).send(server()).status,
            );
        }
        let token = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": format!("t{number}-{}", subject.id) });
        (number, tenant.update(LiteGraph, subject.id).json(&token).send(server()).status)
    });
    for (number, status) in replies {
        assert!(if number == FIFTY / 2 { status == 204 } else { [200, 404].contains(&status) }, "{number}: {status}");
    }
    for face in Face::ALL {
        get(tenant.one(face, subject.id)).token(&tenant.admin).send(server()).expect(404);
    }
    // None of its secrets is left, either.
    for number in 0..FIFTY {
        let path = format!("/v1.0/credentials/bearer/t{number}-{}", subject.id);
        get(path).token(&tenant.admin).send(server()).expect(404);
    }
    get(tenant.all(Keycard)).token(&subject.secret).send(server()).expect(401);
}

#[test]
fn concurrent_organizations_of_one_name_get_distinct_labels() {
    let name = format!("Race {}", Tenant::new(server()).id);
    let labels = at_once((0..FIFTY).collect(), |_| {
        text(&post_by_root(server(), "/organizations", &json!({ "name": name })).expect(201).json()["label"])
    });
    let slug = name.to_lowercase().replace(' ', "-");
    let numbered = (2..=FIFTY).map(|number| format!("{slug}-{number}"));
    let expected: std::collections::BTreeSet<_> = std::iter::once(slug.clone()).chain(numbered).collect();
    assert_eq!(labels.into_iter().collect::<std::collections::BTreeSet<_>>(), expected);
}

#[test]
fn reads_during_changes_return_a_consistent_state_and_etag() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let answers = at_once((0..FIFTY).collect(), |number| {
        if number % 2 == 0 {
            return tenant.read(Keycard, subject.id);
        }
        let value: Value = format!("{number}").into();
        tenant
            .update(Keycard, subject.id)
            .json(&json!({ "name": value, "description": value }))
            .send(server())
            .expect(200)
    });
    let mut states = BTreeMap::new();
    for answer in answers {
        let state = (answer.json()["name"].clone(), answer.json()["description"].clone());
        assert!(state.0 == state.1 || answer.revision() == 1, "a partial change: {state:?}");
        assert_eq!(states.entry(answer.revision()).or_insert(state.clone()), &state, "one state per revision");
    }
}

/// A POST under a key.
fn post(path: &str, token: &str, key: &str, body: &Value) -> Call {
    call("POST", path).token(token).header("idempotency-key", key).json(body)
}

/// What is the same each time that a request is answered again.
fn essence(reply: &Reply) -> (u16, String, String) {
    (reply.status, reply.text.clone(), reply.etag().to_owned())
}

#[test]
fn concurrent_equal_posts_under_one_key_write_once_with_equal_responses() {
    let tenant = Tenant::new(server());
    let of_tenant = |what: &str| format!("/v1/tenants/{}/{what}", tenant.id);
    let name = format!("once-{}", tenant.id);
    for (path, token, body) in [
        (of_tenant("credentials"), &*tenant.admin, json!({ "name": name, "roles": null, "metadata": { "a": "1" } })),
        (of_tenant("principals"), &tenant.admin, json!({ "name": name })),
        ("/v1/tenants".to_owned(), server().root_token(), json!({ "name": name })),
    ] {
        let replies = at_once(vec![(); 50], |()| post(&path, token, &name, &body).send(server()).expect(201));
        let first = essence(&replies[0]);
        assert!(replies.iter().all(|reply| essence(reply) == first), "{path}: fifty equal answers");
        assert_eq!(replies[0].json().get("secret").is_some(), path.ends_with("credentials"));
        let wrote: Vec<_> = replies.iter().filter(|reply| reply.cost.rows_written > 0).collect();
        assert_eq!(wrote.len(), 1, "one of them made it");
        assert!(replies.iter().all(|reply| reply.cost.trips == 1));
        let listed = get(format!("{path}?limit=100&sort=-created")).token(token).send(server()).expect(200).items();
        assert_eq!(listed.iter().filter(|item| item["name"] == name.as_str()).count(), 1, "{path}: there is one");
        // And once more, after the race.
        assert_eq!(essence(&post(&path, token, &name, &body).send(server())), first);
    }
    let own = tenant.own(json!({}));
    let (path, grace) = (own.under("rotate"), json!({ "grace_seconds": 3600 }));
    let replies = at_once(vec![(); 50], |()| post(&path, &tenant.admin, &name, &grace).send(server()).expect(200));
    assert!(replies.iter().all(|reply| essence(reply) == essence(&replies[0]) && reply.cost.trips == 1), "{path}");
    assert_eq!(replies.iter().filter(|reply| reply.cost.rows_written > 0).count(), 1, "one of them rotated");
    assert!(tenant.accepts(&text(&replies[0].json()["secret"])) && tenant.accepts(&own.secret), "both are valid");
    let events =
        get(format!("{}?limit=100", of_tenant("events"))).token(&tenant.admin).send(server()).expect(200).items();
    let made = |noun: &str| {
        let named = |event: &&Value| event["noun"] == noun && event["changes"]["name"]["after"] == name.as_str();
        events.iter().filter(named).count()
    };
    assert_eq!((made("credential"), made("principal")), (1, 1), "one event each");
    let secrets = events.iter().filter(|event| event["action"] == "secret_created").count();
    assert_eq!(secrets, 4, "its secret's, the admin's, and the two of the rotated credential");
}

#[test]
fn concurrent_posts_of_two_bodies_under_one_key_create_one() {
    let tenant = Tenant::new(server());
    let path = tenant.all(Postern);
    let bodies = [json!({ "name": "left", "roles": null }), json!({ "name": "right", "roles": null })];
    for key in ["a", "b", "c"] {
        let replies = at_once((0..50).collect(), |number: usize| {
            post(&path, &tenant.admin, key, &bodies[number % 2]).send(server())
        });
        let winner = replies.iter().position(|reply| reply.status == 201).expect("one that succeeded");
        for (number, reply) in replies.iter().enumerate() {
            if number % 2 == winner % 2 {
                assert_eq!(essence(reply), essence(&replies[winner]));
            } else {
                assert_eq!((reply.status, &*Postern.error(reply), reply.cost.rows_written), (422, "key_reused", 0));
            }
        }
    }
    let listed = get(format!("{path}?limit=100")).token(&tenant.admin).send(server()).expect(200).items();
    assert_eq!(listed.len(), 3 + 1, "one for each key, and the admin");
}

#[test]
fn concurrent_rotations_begin_once() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let replies = at_once(vec![(); 50], |()| tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })));
    let (begun, refused) = split(replies);
    for reply in refused {
        assert_eq!((reply.status, &*Postern.error(&reply)), (409, "rotating"));
    }
    let new = text(&begun.json()["secret"]);
    assert!([&own.secret, &new].iter().all(|secret| tenant.verify(secret).json()["active"] == true), "both hold");
    // And one ends the rotation.
    for (step, left) in [("finish", &new), ("cancel", &new)] {
        let statuses = at_once(vec![(); 50], |()| tenant.step(&own, &format!("rotate/{step}"), &json!({})).status);
        expect_one(&statuses);
        assert_eq!(tenant.verify(left).json()["active"], true);
        tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200);
    }
}

#[test]
fn concurrent_rotation_steps_leave_one_or_two_secrets() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let replies = at_once((0..FIFTY).collect(), |number| match number % 5 {
        0 | 1 => ("rotate", tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 }))),
        2 => ("finish", tenant.step(&own, "rotate/finish", &json!({}))),
        3 => ("cancel", tenant.step(&own, "rotate/cancel", &json!({}))),
        _ => ("read", tenant.read(Postern, own.id)),
    });
    let mut states = BTreeMap::new();
    let mut secrets = vec![own.secret.clone()];
    for (step, reply) in &replies {
        if reply.status == 409 {
            let expected = if *step == "rotate" { "rotating" } else { "not_rotating" };
            assert_eq!((&*Postern.error(reply), reply.cost.rows_written), (expected, 0));
            continue;
        }
        assert_eq!(reply.status, 200, "{reply:?}");
        let shown = reply.json();
        let held = shown["secrets"].as_array().expect("a list").len();
        assert!(
            if *step == "rotate" {
                held == 2
            } else if *step == "read" {
                held == 1 || held == 2
            } else {
                held == 1
            },
            "{step}: {shown}"
        );
        secrets.extend(shown.get("secret").map(text));
        // One state per revision: a read returns a state that existed.
        let state =
            shown["secrets"].as_array().expect("a list").iter().map(|secret| text(&secret["id"])).collect::<Vec<_>>();
        assert_eq!(states.entry(reply.revision()).or_insert(state.clone()), &state, "one state per revision");
    }
    let changes = replies.iter().filter(|(step, reply)| *step != "read" && reply.status == 200).count() as u64;
    let last = tenant.read(Postern, own.id);
    assert_eq!(last.revision(), 1 + changes, "a revision for each change");
    // Exactly the listed secrets are valid, and there is at least one.
    let shown = last.json()["secrets"].as_array().expect("a list").len();
    let holding = secrets.iter().filter(|secret| tenant.verify(secret).json()["active"] == true).count();
    assert!((1..=2).contains(&shown) && holding == shown, "{shown} shown, {holding} of {} hold", secrets.len());
}

/// Throughout repeated rotations, at least one secret is valid at every instant.
#[test]
fn a_valid_secret_always_exists_during_rotation() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let (made, over) = (std::sync::Mutex::new(vec![own.secret.clone()]), std::sync::atomic::AtomicBool::new(false));
    at_once((0..5).collect(), |hand: u32| {
        use std::sync::atomic::Ordering::SeqCst;
        if hand == 0 {
            for round in 0..10 {
                let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json();
                // The owner knows the new secret before the old one ends.
                made.lock().expect("no panic").push(text(&begun["secret"]));
                let end = if round % 2 == 0 { "rotate/finish" } else { "rotate/cancel" };
                tenant.step(&own, end, &json!({})).expect(200);
            }
            over.store(true, SeqCst);
        }
        while !over.load(SeqCst) {
            let shown = tenant.read(Postern, own.id).json();
            let held = shown["secrets"].as_array().map_or(0, Vec::len);
            assert!((1..=2).contains(&held), "{shown}");
        }
    });
    let secrets = made.into_inner().expect("no panic");
    let holding = secrets.iter().filter(|secret| tenant.verify(secret).json()["active"] == true).count();
    assert_eq!((secrets.len(), holding), (11, 1));
}

/// Two instances of each of 25 clients share a secret and replace it under the same key, while they call. Some responses to
/// the rotation are discarded, as if they were lost.
#[test]
fn fifty_clients_that_rotate_themselves_while_calling_are_never_refused_and_lose_no_answer() {
    const INSTANCES: usize = 50;
    const CALLS: usize = 10;
    let tenant = Tenant::new(server());
    let clients: Vec<_> =
        (0..INSTANCES / 2).map(|_| tenant.own(json!({ "access": "none", "self_rotate": true })).secret).collect();
    // The secret that each instance uses, while it calls and rotates at the same time.
    let uses: Vec<_> = (0..INSTANCES).map(|number| std::sync::Mutex::new(clients[number / 2].clone())).collect();
    let hands: Vec<_> = (0..INSTANCES).flat_map(|number| [(number, true), (number, false)]).collect();
    let is_accepted = |secret: &str| get("/v1/self").token(secret).send(server()).expect(200);
    let replies = at_once(hands, |(number, rotates)| {
        if !rotates {
            for _ in 0..CALLS {
                let secret = uses[number].lock().expect("no panic").clone();
                is_accepted(&secret);
            }
            return Vec::new();
        }
        let old = &clients[number / 2];
        let rotate = || {
            let reply = post("/v1/self/rotate", old, "once", &json!({ "grace_seconds": 300 })).send(server());
            let rows = reply.cost.rows_written;
            (essence(&reply.expect(200)), rows)
        };
        // The first `number % 3` responses are lost.
        let replies: Vec<_> = (0..=number % 3).map(|_| rotate()).collect();
        let new = serde_json::from_str::<Value>(&replies[number % 3].0.1).expect("JSON");
        *uses[number].lock().expect("no panic") = text(&new["secret"]);
        replies
    });
    let rotations: Vec<_> = replies.chunks(4).map(<[_]>::concat).collect();
    assert_eq!(
        rotations.iter().map(Vec::len).sum::<usize>(),
        99,
        "one for each instance, and one for each lost response"
    );
    for (old, replies) in clients.iter().zip(&rotations) {
        let (first, _) = &replies[0];
        assert!(replies.iter().all(|(reply, _)| reply == first), "the same response each time");
        assert_eq!(replies.iter().filter(|(_, rows)| *rows > 0).count(), 1, "the secret is replaced once");
        let new = text(&serde_json::from_str::<Value>(&first.1).expect("JSON")["secret"]);
        for secret in [old, &new] {
            assert_eq!(is_accepted(secret).json()["secrets"].as_array().map(Vec::len), Some(2));
        }
    }
}
