//! What one tenant stores and does for keyless log-ins changes no answer to another one, except when the keys that an issuer publishes
//! are read.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use serde_json::{Value, json};
use support::history::{History, between};
use support::jwt::Signer;
use support::{ACME, ROOT, Reply, START, World, text};

use crate::keyless::ISSUER;
use crate::stage::SECOND;

/// Both publish keys. A tenant fetches them, or its trusts have keys of their own.
const ISSUERS: [&str; 2] = ["https://issuer.example", "https://another.example"];
const SUBJECTS: [&str; 2] = ["job", "other"];
const KIDS: [&str; 2] = ["the-kid-of-all", "another"];
const TENANTS: [&str; 2] = [ACME, "01m7xpe601e01b91vf5ajx1bq2"];

/// In seconds: how long fetched keys are used without a fetch, how long if fetches fail, and the time between two fetches.
const FRESH: i64 = 600;
const USABLE: i64 = 3600;
const BETWEEN: i64 = 60;

/// The keys that an issuer publishes, by `kid`.
type Published = [Option<usize>; KIDS.len()];

#[derive(Clone, Debug)]
enum Step {
    Pass {
        seconds: i64,
    },
    /// An issuer publishes these keys, or one of its two documents is unusable.
    Publish {
        issuer: usize,
        keys: Result<Published, bool>,
    },
    Act {
        tenant: usize,
        act: Act,
    },
}

/// A request of a tenant, or of a workload for its credential.
#[derive(Clone, Debug)]
enum Act {
    AddKey {
        signer: usize,
        kid: usize,
        lasts: Option<i64>,
    },
    AddTrust {
        issuer: usize,
        subject: usize,
        signer: usize,
        kid: usize,
        once: bool,
        lasts: Option<i64>,
    },
    Remove {
        list: &'static str,
        nth: usize,
    },
    List {
        list: &'static str,
    },
    Enable(bool),
    Exchange {
        issuer: usize,
        subject: usize,
        signer: usize,
        kid: Option<usize>,
        jti: Jti,
    },
    SignIn {
        signer: usize,
        kid: Option<usize>,
        jti: Jti,
    },
    /// Uses the last access token that was given by stored keys.
    Use,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Jti {
    Absent,
    Shared,
    Unique,
}

/// Whether the trusts of a tenant in an issuer have keys of their own.
type Inline = [[bool; ISSUERS.len()]; TENANTS.len()];

fn inline() -> impl Strategy<Value = Inline> {
    [0, 1].map(|_| [0, 1].map(|_| proptest::bool::weighted(0.3)))
}

fn act() -> impl Strategy<Value = Act> {
    let list = || prop_oneof![Just("keys"), Just("trusts")];
    let lasts = || prop_oneof![3 => Just(None), 1 => prop_oneof![Just(90), Just(900), Just(5000)].prop_map(Some)];
    let subject = || prop_oneof![4 => Just(0), 1 => Just(1_usize)];
    let kid = || prop_oneof![4 => (0..2_usize).prop_map(Some), 1 => Just(None)];
    let jti = || prop_oneof![Just(Jti::Absent), Just(Jti::Shared), Just(Jti::Unique)];
    prop_oneof![
        1 => (0..3_usize, 0..2_usize, lasts()).prop_map(|(signer, kid, lasts)| Act::AddKey { signer, kid, lasts }),
        2 => (0..2_usize, subject(), 0..3_usize, 0..2_usize, any::<bool>(), lasts()).prop_map(
            |(issuer, subject, signer, kid, once, lasts)| Act::AddTrust { issuer, subject, signer, kid, once, lasts }
        ),
        1 => (list(), 0..3_usize).prop_map(|(list, nth)| Act::Remove { list, nth }),
        1 => list().prop_map(|list| Act::List { list }),
        1 => prop_oneof![1 => Just(false), 2 => Just(true)].prop_map(Act::Enable),
        12 => (0..2_usize, subject(), 0..3_usize, kid(), jti()).prop_map(
            |(issuer, subject, signer, kid, jti)| Act::Exchange { issuer, subject, signer, kid, jti }
        ),
        2 => (0..3_usize, kid(), jti()).prop_map(|(signer, kid, jti)| Act::SignIn { signer, kid, jti }),
        1 => Just(Act::Use),
    ]
}

fn keys() -> impl Strategy<Value = Result<Published, bool>> {
    let keys = [0, 1].map(|_| proptest::option::weighted(0.7, 0..3_usize));
    prop_oneof![2 => keys.prop_map(Ok), 1 => any::<bool>().prop_map(Err)]
}

fn pass() -> impl Strategy<Value = Step> {
    let seconds = prop_oneof![3 => 1..130_i64, 2 => 500..700_i64, 1 => 3400..3700_i64];
    seconds.prop_map(|seconds| Step::Pass { seconds })
}

/// One step, or an exchange before and after an issuer changes its keys.
fn some() -> impl Strategy<Value = Vec<Step>> {
    let act = (0..2_usize, act()).prop_map(|(tenant, act)| Step::Act { tenant, act });
    let change = (0..2_usize, keys()).prop_map(|(issuer, keys)| Step::Publish { issuer, keys });
    let one = prop_oneof![3 => pass(), 1 => change, 8 => act].prop_map(|step| vec![step]);
    let exchange = (0..2_usize, 0..3_usize, 0..2_usize);
    let around = (0..2_usize, keys(), pass(), exchange.clone(), exchange);
    let around = around.prop_map(|(issuer, keys, pass, before, after)| {
        let exchange = |(tenant, signer, kid)| {
            let act = Act::Exchange { issuer, subject: 0, signer, kid: Some(kid), jti: Jti::Unique };
            Step::Act { tenant, act }
        };
        // By the key that is published then.
        let (tenant, signer, kid) = after;
        let signer = keys.ok().and_then(|keys: Published| keys[kid]).unwrap_or(signer);
        vec![exchange(before), Step::Publish { issuer, keys }, pass, exchange((tenant, signer, kid))]
    });
    prop_oneof![4 => one, 1 => around]
}

/// Random steps, after each tenant has a key and a trust in each issuer, and before every token is tried once more.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(some(), 1..24).prop_map(|steps| {
        let both = |act: Act| [0, 1].map(|tenant| Step::Act { tenant, act: act.clone() });
        let mut all = Vec::new();
        for issuer in 0..ISSUERS.len() {
            all.push(Step::Publish { issuer, keys: Ok([Some(issuer), None]) });
            let trust =
                Act::AddTrust { issuer, subject: 0, signer: 1 - issuer, kid: 0, once: issuer == 1, lasts: None };
            all.extend(both(trust));
        }
        all.extend(both(Act::AddKey { signer: 2, kid: 0, lasts: None }));
        all.extend(steps.into_iter().flatten());
        for signer in 0..3 {
            let act = |issuer| Act::Exchange { issuer, subject: 0, signer, kid: Some(0), jti: Jti::Shared };
            all.extend([0, 1].into_iter().flat_map(|issuer| both(act(issuer))));
            all.extend(both(Act::SignIn { signer, kid: Some(0), jti: Jti::Shared }));
        }
        all
    })
}

/// A trust, as far as it decides which tokens are compared with keys.
struct Trust {
    id: String,
    issuer: usize,
    subject: usize,
    once: bool,
    end: Option<i64>,
}

/// A tenant with one credential.
struct Tenant {
    id: &'static str,
    credential: String,
    enabled: bool,
    trusts: Vec<Trust>,
    /// The last access token that was given by stored keys.
    access: String,
}

/// What a request returned.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    /// Stored keys decide, or no key.
    Exact { status: u16, trips: u64, body: Value },
    /// Keys that are fetched decide. `was_used`: the token may have been used up before.
    Fetched { status: u16, body: Value, was_used: bool, at: i64 },
}

fn signers() -> [Signer; 3] {
    [1, 2, 3].map(|seed| Signer::ed25519_of(&[seed; 32]))
}

fn jwk(signer: usize, kid: usize) -> Value {
    let mut jwk = signers()[signer].jwk();
    jwk["kid"] = KIDS[kid].into();
    jwk
}

/// A world in which some of the tenants act.
struct Stage {
    world: World,
    tenants: [Option<Tenant>; TENANTS.len()],
    used: BTreeSet<(usize, usize, String)>,
}

impl Stage {
    fn new(acting: [bool; TENANTS.len()]) -> Self {
        let mut world = World::new();
        world.settings.as_mut().expect("settings").issuer = Some(ISSUER.to_owned());
        let tenants = [0, 1].map(|tenant| {
            let id = acting[tenant].then_some(TENANTS[tenant])?;
            if id != ACME {
                world.tenant(id, "second");
            }
            let principals = format!("/v1/tenants/{id}/principals");
            let principal = world.call("POST", &principals, ROOT, &json!({ "name": "p" })).expect(201).json();
            let body = json!({ "name": "ci", "principal": text(&principal, "id"), "roles": [] });
            let made = world.call("POST", &format!("/v1/tenants/{id}/credentials"), ROOT, &body).expect(201).json();
            let credential = text(&made, "id");
            Some(Tenant { id, credential, enabled: true, trusts: Vec::new(), access: String::new() })
        });
        Self { world, tenants, used: BTreeSet::new() }
    }

    fn publish(&self, issuer: usize, keys: &Result<Published, bool>) {
        let issuer = ISSUERS[issuer];
        let list = |keys: &Published| {
            keys.iter().enumerate().filter_map(|(kid, signer)| Some(jwk((*signer)?, kid))).collect::<Vec<_>>()
        };
        match keys {
            Ok(keys) => self.world.issuers.serve(issuer, &list(keys).into()),
            Err(true) => self.world.issuers.set(&format!("{issuer}/.well-known/openid-configuration"), "{}"),
            Err(false) => self.world.issuers.set(&format!("{issuer}/jwks"), "<html>"),
        }
    }

    fn act(&mut self, number: usize, tenant: usize, act: &Act, inline: Inline) -> Option<Answer> {
        let Self { world, tenants, used } = self;
        let Tenant { id, credential, enabled, trusts, access } = tenants[tenant].as_mut()?;
        let url = |rest: &str| format!("/v1/tenants/{id}/credentials/{credential}{rest}");
        let end = |lasts: &Option<i64>| lasts.map(|seconds| world.now.get() + seconds * SECOND);
        let told = |end: Option<i64>| end.map(crate::stage::time);
        let exact = |reply: Reply, body: Value| Answer::Exact { status: reply.status, trips: reply.cost.trips, body };
        let whole = |reply: Reply| {
            let body = if reply.text.is_empty() { Value::Null } else { reply.json() };
            exact(reply, body)
        };
        let jti = |jti: &Jti| match jti {
            Jti::Absent => None,
            Jti::Shared => Some("one".to_owned()),
            Jti::Unique => Some(number.to_string()),
        };
        let exchange = |iss: &str, sub: &str, signer: usize, kid: Option<usize>, jti: Option<&str>| {
            let now = world.now.get() / SECOND;
            let mut claims = json!({ "iss": iss, "sub": sub, "aud": ISSUER, "iat": now, "exp": now + 300 });
            if let Some(jti) = jti {
                claims["jti"] = jti.into();
            }
            let assertion = signers()[signer].token("EdDSA", kid.map(|kid| KIDS[kid]), &claims);
            let form = format!(
                "grant_type=client_credentials&client_id=client_{credential}&client_assertion={assertion}\
                &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let reply = world.send("POST", "/oauth/token", &headers, form.as_bytes());
            let mut body = reply.json();
            let given = body.as_object_mut().and_then(|body| body.remove("access_token"));
            (reply, body, given.map(|token| token.as_str().expect("a token").to_owned()))
        };
        Some(match act {
            Act::AddKey { signer, kid, lasts } => {
                let body = json!({ "jwk": jwk(*signer, *kid), "expires_at": told(end(lasts)) });
                whole(world.call("POST", &url("/keys"), ROOT, &body))
            }
            Act::AddTrust { issuer, subject, signer, kid, once, lasts } => {
                let end = end(lasts);
                let mut body = json!({ "issuer": ISSUERS[*issuer], "subject": SUBJECTS[*subject], "once": once, "expires_at": told(end) });
                if inline[tenant][*issuer] {
                    body["jwks"] = json!({ "keys": [jwk(*signer, *kid)] });
                }
                let reply = world.call("POST", &url("/trusts"), ROOT, &body);
                if reply.status == 201 {
                    let id = text(&reply.json(), "id");
                    trusts.push(Trust { id, issuer: *issuer, subject: *subject, once: *once, end });
                }
                whole(reply)
            }
            Act::Remove { list, nth } => {
                let listed = world.get(&url(&format!("/{list}")), ROOT).expect(200).json();
                let id = listed["items"].get(nth).map_or_else(|| "0".repeat(26), |item| text(item, "id"));
                trusts.retain(|trust| trust.id != id);
                whole(world.call("DELETE", &url(&format!("/{list}/{id}")), ROOT, &Value::Null))
            }
            Act::List { list } => whole(world.get(&url(&format!("/{list}")), ROOT)),
            Act::Enable(is_enabled) => {
                *enabled = *is_enabled;
                let reply = world.call("PATCH", &url(""), ROOT, &json!({ "enabled": is_enabled }));
                let keys = reply.json()["keys"].take();
                exact(reply, keys)
            }
            Act::SignIn { signer, kid, jti: given } => {
                let client = format!("client_{credential}");
                let (reply, body, token) = exchange(&client, &client, *signer, *kid, jti(given).as_deref());
                *access = token.unwrap_or_else(|| access.clone());
                exact(reply, body)
            }
            Act::Exchange { issuer, subject, signer, kid, jti: given } => {
                let jti = jti(given);
                let (reply, body, token) =
                    exchange(ISSUERS[*issuer], SUBJECTS[*subject], *signer, *kid, jti.as_deref());
                let at = world.now.get();
                let accepts = |trust: &Trust| {
                    (trust.issuer, trust.subject) == (*issuer, *subject)
                        && trust.end.is_none_or(|end| end > at)
                        && (jti.is_some() || !trust.once)
                };
                if inline[tenant][*issuer] || !*enabled || !trusts.iter().any(accepts) {
                    *access = token.unwrap_or_else(|| access.clone());
                    return Some(exact(reply, body));
                }
                let was_used = jti.is_some_and(|jti| {
                    let one = (tenant, *issuer, jti);
                    if reply.status == 200 { !used.insert(one) } else { used.contains(&one) }
                });
                Answer::Fetched { status: reply.status, body, was_used, at }
            }
            Act::Use => exact(world.get("/v1/self", access), Value::Null),
        })
    }
}

/// Takes the steps in a world in which these tenants act. Each step begins at the same time in all worlds.
fn answers(steps: &[Step], inline: Inline, acting: [bool; TENANTS.len()]) -> Vec<Option<Answer>> {
    let mut stage = Stage::new(acting);
    let mut answers = Vec::new();
    let mut now = START;
    for (number, step) in steps.iter().enumerate() {
        now += SECOND;
        stage.world.now.set(now);
        answers.push(match step {
            Step::Pass { seconds } => {
                now += seconds * SECOND;
                None
            }
            Step::Publish { issuer, keys } => {
                stage.publish(*issuer, keys);
                None
            }
            Step::Act { tenant, act } => stage.act(number, *tenant, act, inline),
        });
    }
    answers
}

/// What an issuer published, and since when; oldest first.
fn history(steps: &[Step], of: usize) -> History<Result<Published, bool>> {
    let mut now = START;
    let mut history = Vec::new();
    for step in steps {
        now += SECOND;
        match step {
            Step::Pass { seconds } => now += seconds * SECOND,
            Step::Publish { issuer, keys } if *issuer == of => history.push((now, *keys)),
            Step::Publish { .. } | Step::Act { .. } => {}
        }
    }
    history
}

/// The statuses that a token may get, for all times at which the keys may have been fetched.
fn allowed(history: &History<Result<Published, bool>>, at: i64, signer: usize, kid: Option<usize>) -> Vec<u16> {
    // What could have been fetched in the last seconds.
    let within = |seconds: i64| between(history, at - seconds * SECOND, at);
    let candidates = |published: &Published| {
        let fits = |index: &usize| kid.is_none_or(|kid| kid == *index);
        (0..KIDS.len()).filter(fits).filter_map(|index| published[index]).collect::<Vec<_>>()
    };
    let fetched = |seconds: i64, judge: &dyn Fn(Vec<usize>) -> bool| {
        within(seconds).any(|published| published.is_ok_and(|published| judge(candidates(&published))))
    };
    let has_failed = within(BETWEEN).any(Result::is_err);
    let known = if has_failed { USABLE } else { FRESH };
    let is_signed = fetched(known, &|keys| keys.contains(&signer));
    let is_forged = fetched(known, &|keys| !keys.is_empty() && !keys.contains(&signer));
    let is_unknown = fetched(BETWEEN, &|keys| keys.is_empty());
    let all = [(200, is_signed), (401, is_forged || is_unknown), (503, has_failed)];
    all.into_iter().filter(|(_, may)| *may).map(|(status, _)| status).collect()
}

/// What another tenant stores or does changes no answer that depends on stored keys: those of a credential, and those in a trust. Of the
/// keys that an issuer publishes, one set is kept for all tenants, so another tenant's log-in can be the one that reads them. By
/// any reads, every answer is one that these bounds allow:
/// - A token is accepted only by a key that the issuer published in the last 10 minutes; in the last hour if it failed in the last minute.
/// - A token is refused only if the issuer did not publish its `kid` at some time in the last minute, or published another key under its `kid`
///   in the last 10 minutes; in the last hour if it failed in the last minute.
/// - The keys are unavailable only if the issuer failed in the last minute.
#[test]
fn another_tenant_changes_no_answer_but_when_the_keys_of_an_issuer_are_read() {
    // Answers of stored keys; of fetched ones if only one status is allowed, and if several are; those that another tenant changed.
    let counts = RefCell::new([0; 4]);
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&(inline(), steps()), |(inline, steps)| {
        let histories = [0, 1].map(|issuer| history(&steps, issuer));
        let together = answers(&steps, inline, [true, true]);
        let alone = [answers(&steps, inline, [true, false]), answers(&steps, inline, [false, true])];
        for (number, step) in steps.iter().enumerate() {
            let Step::Act { tenant, act } = step else { continue };
            let (one, other) = (&together[number], &alone[*tenant][number]);
            let told = format!("step {number}, {step:?}: {one:?}, alone {other:?}");
            let (
                Act::Exchange { issuer, signer, kid, .. },
                Some(Answer::Fetched { status, body, was_used, at }),
                Some(Answer::Fetched { status: status_alone, body: body_alone, was_used: was_used_alone, .. }),
            ) = (act, one, other)
            else {
                prop_assert_eq!(one, other, "{}", told);
                counts.borrow_mut()[0] += 1;
                continue;
            };
            let allowed = allowed(&histories[*issuer], *at, *signer, *kid);
            for (status, was_used) in [(status, was_used), (status_alone, was_used_alone)] {
                let is_allowed = allowed.contains(status) || *status == 401 && *was_used;
                prop_assert!(is_allowed, "{} is not in {:?}: {}", status, allowed, told);
            }
            if status == status_alone {
                prop_assert_eq!(body, body_alone, "{}", told);
            }
            counts.borrow_mut()[if allowed.len() == 1 { 1 } else { 2 }] += 1;
            counts.borrow_mut()[3] += usize::from(status != status_alone);
        }
        Ok(())
    });
    if let Err(TestError::Fail(reason, (inline, steps))) = run {
        panic!("{reason}\nkeys in the trusts: {inline:?}\n{steps:#?}");
    }
    let counts = counts.into_inner();
    assert!(counts[..3].iter().all(|count| *count > 50) && counts[3] > 0, "{counts:?}");
}
