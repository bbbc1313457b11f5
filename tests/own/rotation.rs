//! Rotation as a state machine: random steps against a small model of which secret holds at which time.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::*;

/// A secret that was made, as the model has it.
struct Known {
    value: String,
    /// Until when it holds: none is for good, the past is not at all.
    until: Option<i64>,
}

#[derive(Clone, Debug)]
enum Step {
    Start(i64),
    Finish,
    Cancel,
    Pass(i64),
    /// LiteGraph's PUT with a BearerToken of the client's own.
    Put,
    /// The credential's own end moves: so many seconds from now, or away.
    End(Option<i64>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop_oneof![Just(0), Just(1), 1..200i64].prop_map(Step::Start),
        2 => Just(Step::Finish),
        2 => Just(Step::Cancel),
        3 => (1..150i64).prop_map(Step::Pass),
        1 => Just(Step::Put),
        1 => proptest::option::of(20..400i64).prop_map(Step::End),
    ];
    proptest::collection::vec(step, 1..14)
}

/// The secrets that hold at a time, oldest first; `end` is the credential's own.
fn living(known: &[Known], now: i64) -> Vec<usize> {
    known.iter().enumerate().filter(|(_, one)| one.until.is_none_or(|until| now < until)).map(|(at, _)| at).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rotation_is_a_state_machine(sealed in any::<bool>(), steps in steps()) {
        let world = World::new();
        let (url, id, first) = if sealed { by_litegraph(&world) } else {
            let made = make(&world, &json!({ "name": "plain", "roles": null }));
            (made.url.clone(), made.id.clone(), made.secret)
        };
        let litegraph = support::litegraph_url(&postern::credential::id::Id::parse(&id).unwrap());
        let mut known = vec![Known { value: first, until: None }];
        let (mut revision, mut end, mut sealed, mut puts) = (1, None::<i64>, sealed, 0);
        for step in steps {
            // Each request takes a millisecond: what it is judged by.
            let now = world.now.get() + 1000;
            let alive = living(&known, now);
            let (verb, body) = match &step {
                Step::Start(grace) => ("rotate", json!({ "grace_seconds": grace })),
                Step::Finish => ("rotate/finish", Value::Null),
                Step::Cancel => ("rotate/cancel", Value::Null),
                _ => ("", Value::Null),
            };
            let refused = match step {
                Step::Start(_) if alive.len() > 1 => Some("rotating"),
                Step::Finish | Step::Cancel if alive.len() < 2 => Some("not_rotating"),
                _ => None,
            };
            match &step {
                Step::Pass(seconds) => world.pass(seconds * SECOND),
                Step::End(seconds) => {
                    let to = seconds.map(|seconds| now + seconds * SECOND);
                    let changes = to != end;
                    end = to;
                    let reply = world.call("PATCH", &url, ROOT, &json!({ "expires_at": end.map(time) }));
                    prop_assert_eq!(reply.status, 200);
                    revision += i64::from(changes);
                }
                Step::Put => {
                    puts += 1;
                    let own = format!("own-token-{puts:020}");
                    let body = json!({ "UserGUID": support::ZERO, "Name": "plain", "Active": true, "BearerToken": own });
                    let reply = world.call("PUT", &litegraph, ROOT, &body);
                    prop_assert_eq!(reply.status, 200, "{}", reply.text);
                    // It ends every other secret, and is sealed, as all of LiteGraph's are.
                    for one in &mut known {
                        one.until = Some(one.until.map_or(now, |until| until.min(now)));
                    }
                    known.push(Known { value: own, until: None });
                    sealed = true;
                    revision += 1;
                }
                _ => {
                    let reply = world.call("POST", &format!("{url}/{verb}"), ROOT, &body);
                    one_trip(&reply);
                    if let Some(code) = refused {
                        is(&reply, 409, code);
                        continue;
                    }
                    prop_assert_eq!(reply.status, 200, "{}", reply.text);
                    revision += 1;
                    let shown = reply.json();
                    prop_assert_eq!(&shown["id"], &json!(id), "the id stays");
                    prop_assert_eq!(shown.get("secret").is_some(), matches!(step, Step::Start(_)), "shown once");
                    match step {
                        Step::Start(grace) => {
                            let deadline = now + grace * SECOND;
                            let retiring = alive[0];
                            // Never beyond the credential's own end.
                            known[retiring].until = Some(end.map_or(deadline, |end| deadline.min(end)));
                            known.push(Known { value: text(&shown, "secret"), until: None });
                        }
                        Step::Finish => known[alive[0]].until = Some(now),
                        _ => {
                            known[alive[1]].until = Some(now);
                            known[alive[0]].until = None;
                        }
                    }
                }
            }
            agree(&world, &url, &litegraph, &known, end, revision, sealed)?;
        }
    }
}

/// Whether what is there is what the model says.
fn agree(
    world: &World,
    url: &str,
    litegraph: &str,
    known: &[Known],
    end: Option<i64>,
    revision: i64,
    sealed: bool,
) -> Result<(), TestCaseError> {
    let shown = read(world, url);
    prop_assert_eq!(&shown["revision"], &json!(revision), "one for each step, and for nothing else");
    let ends: Vec<_> = shown["secrets"].as_array().unwrap().iter().map(|secret| secret["expires_at"].clone()).collect();
    let alive = living(known, world.now.get());
    prop_assert!(alive.len() <= 2);
    let expected: Vec<_> =
        alive.iter().map(|at| known[*at].until.map_or(Value::Null, |until| time(until).into())).collect();
    prop_assert_eq!(ends, expected);
    let seen = world.get(litegraph, ROOT).json();
    let newest = alive.last().map(|at| known[*at].value.as_str());
    prop_assert_eq!(
        seen.get("BearerToken").and_then(Value::as_str).filter(|token| !token.is_empty()),
        newest.filter(|_| sealed),
        "{}",
        seen
    );
    for (at, one) in known.iter().enumerate() {
        let called = world.call("POST", "/v1/verify", &one.value, &json!({ "token": one.value }));
        let now = world.now.get();
        let holds = one.until.is_none_or(|until| now < until) && end.is_none_or(|end| now < end);
        prop_assert_eq!(called.status, if holds { 200 } else { 401 }, "secret {}: {}", at, called.text);
        let retires = one.until.filter(|_| holds);
        prop_assert_eq!(called.header("deprecation").is_some(), retires.is_some());
        // Where the credential's end was moved to before the deadline, either may be told.
        let date = |at: i64| postern::credential::time::Micros(at).http_date();
        let dates = retires.map(|until| [date(until), date(end.map_or(until, |end| end.min(until)))]);
        let sunset = called.header("sunset").map(str::to_owned);
        prop_assert!(
            match (&sunset, &dates) {
                (Some(told), Some(dates)) => dates.contains(told),
                (told, _) => told.is_none(),
            },
            "{:?}",
            sunset
        );
        if holds {
            prop_assert_eq!(&called.json()["active"], &json!(true));
        }
    }
    Ok(())
}

/// A credential whose secret is sealed: its url, id and token.
fn by_litegraph(world: &World) -> (String, String, String) {
    let url = format!("/v1.0/tenants/{}/credentials", support::ZERO);
    let reply = world.call("PUT", &url, ROOT, &json!({ "UserGUID": support::ZERO, "Name": "plain" }));
    assert_eq!(reply.status, 200, "{}", reply.text);
    let id = postern::credential::id::Id::parse_guid(&text(&reply.json(), "GUID")).unwrap().to_string();
    (format!("{CREDENTIALS}/{id}"), id, text(&reply.json(), "BearerToken"))
}

#[test]
fn a_caller_on_the_retiring_secret_is_told_until_when() {
    let world = World::new();
    let made = make(&world, &json!({ "name": "a", "roles": null }));
    let started = world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 3600 }));
    let (new, since) = (text(&started.json(), "secret"), world.now.get());
    let told = |token: &str, url: &str| {
        let reply = world.get(url, token);
        (reply.header("deprecation").map(str::to_owned), reply.header("sunset").map(str::to_owned))
    };
    world.pass(10 * SECOND);
    let expected = (Some(format!("@{}", since / SECOND)), Some("Sat, 21 Nov 2026 01:00:00 GMT".to_owned()));
    // On every face, of every route, refusals included.
    for url in
        [made.url.clone(), made.litegraph(), made.coactive(), format!("{CREDENTIALS}/nothing"), TENANTS.to_owned()]
    {
        assert_eq!(told(&made.secret, &url), expected, "{url}");
        assert_eq!(told(&new, &url), (None, None), "{url}");
        assert_eq!(told(ROOT, &url), (None, None), "{url}");
    }
    // The very microsecond of the deadline is too late.
    world.now.set(since + HOUR - 1001);
    assert_eq!(told(&made.secret, &made.url), expected);
    world.now.set(since + HOUR - 1000);
    let late = world.get(&made.url, &made.secret);
    is(&late, 401, "unauthenticated");
    assert_eq!((late.header("deprecation"), late.header("sunset")), (None, None));
    assert_eq!(read(&world, &made.url)["secrets"].as_array().unwrap().len(), 1);
}

/// `min(now + grace, own end)`: what is told of the retiring secret, and to its caller, is no later than the credential's end.
#[test]
fn a_grace_period_does_not_reach_beyond_the_credentials_end() {
    let world = World::new();
    let end = START + HOUR;
    let made = make(&world, &json!({ "name": "a", "roles": null, "expires_at": time(end) }));
    let started = world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 2 * 3600 })).json();
    assert_eq!(started["secrets"][0]["expires_at"], time(end));
    assert_eq!(world.get(&made.url, &made.secret).header("sunset"), Some("Sat, 21 Nov 2026 01:00:00 GMT"));
    world.now.set(end);
    assert!(!holds(&world, &made.secret) && !holds(&world, &text(&started, "secret")));
}

#[test]
fn what_a_rotation_asks_for() {
    let world = World::new();
    let made = plain(&world);
    let rotate = |body: &Value| world.call("POST", &made.under("rotate"), ROOT, body);
    for (body, code) in [
        (json!({}), "missing"),
        (json!({ "grace_seconds": null }), "not_null"),
        (json!({ "grace_seconds": "60" }), "type"),
        (json!({ "grace_seconds": 1.5 }), "type"),
        (json!({ "grace_seconds": -1 }), "not_in_range"),
        (json!({ "grace_seconds": 90 * 24 * 3600 + 1 }), "not_in_range"),
    ] {
        assert_eq!(violations(&rotate(&body)), pairs(&[("/grace_seconds", code)]), "{body}");
    }
    assert_eq!(
        violations(&rotate(&json!({ "grace_seconds": 1, "reason": "x" }))),
        pairs(&[("/reason", "unknown_member")])
    );
    for role in ["viewer", "editor"] {
        is(
            &world.call("POST", &made.under("rotate"), &world.caller(&[role]), &json!({ "grace_seconds": 1 })),
            403,
            "forbidden",
        );
    }
    assert_eq!(world.history(&made.id).len(), 2, "none of them is told in its history");
    assert_eq!(read(&world, &made.url)["revision"], 1);
    assert_eq!(rotate(&json!({ "grace_seconds": 90 * 24 * 3600 })).status, 200);
}

#[test]
fn the_newest_secret_is_the_one_made_last_also_by_a_clock_that_is_behind() {
    let world = World::new();
    let made = make(&world, &json!({ "name": "a", "roles": null }));
    // Another location takes the next request, three seconds behind.
    world.now.set(world.now.get() - 3 * SECOND);
    let started = world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 60 }));
    let new = text(&started.json(), "secret");
    assert_eq!(world.call("POST", &made.under("rotate/finish"), ROOT, &Value::Null).status, 200);
    assert_eq!((holds(&world, &made.secret), holds(&world, &new)), (false, true));
    world.pass(120 * SECOND);
    assert!(holds(&world, &new), "it has no deadline");
}
