//! The law of docs/VERIFICATION.md, on the service and its SQL, under random schedules: requests of several isolates whose round
//! trips are late, overtake each other and fail, while everything that a verification depends on changes.
//!
//! Let B be the bound in force of an answer, whose request begins at b and which is given at e. If it reports a token as valid:
//!
//! - At some instant from b − B to e, and not before `checked_at`, the token was valid, with exactly the reported name, roles and
//!   access. What ends by itself (an expiry time, a deadline, an access token) is decided by the isolate's clock at b, whatever B.
//! - So was the caller's right to verify that token.
//! - B is the least of the request's bound and of those that the two tenants had at such instants.
//!
//! A token that is reported as not valid was not valid at some instant from b to e. All instants are of the true time. The clocks
//! of the isolates differ, and are set ahead and back; only a step back that no verification could notice adds to B.
//!
//! | variable | meaning and default |
//! |---|---|
//! | `POSTERN_STALENESS_ANSWERS` | number of answers to check: 100,000 |
//! | `POSTERN_SEED` | seed printed by an earlier run |

mod truth;
mod world;

use std::rc::Rc;

use postern::answer::Answer;
use postern::credential::id::Id;
use postern::credential::secret::{AccessOf, Token as Secret};
use postern::credential::time::Micros;
use serde_json::{Value, json};
use support::tenant::{read_id, text};
use support::world::{MASTER_KEY, settings};
use support::{ROOT, START, ZERO};

use crate::random::{Random, commas, given, seed};
use truth::{State, Token, names};
use world::{Fails, Flight, Isolate, SECOND, Sent, Shared};

/// Tokens that clients choose, which belong to one credential after another.
const CHOSEN: [&str; 3] = ["chosen-1", "chosen-2", "chosen-3"];
const ROLES: [&str; 4] = ["viewer", "editor", "auditor", "operator"];
/// How many answers are checked before everything begins anew.
const ROUND: usize = 10_000;

/// A credential, and the tokens that were issued for it, the newest last.
struct Slot {
    tenant: usize,
    /// Whether its principal is the tenant's account rather than the default one.
    has_account: bool,
    access: &'static str,
    id: String,
    secrets: Vec<Token>,
    access_tokens: Vec<Token>,
}

/// A tenant with a principal.
struct Tenant {
    id: String,
    account: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    One,
    Batch,
    Introspection,
    ForwardAuth,
}

/// A verification.
#[derive(Debug)]
struct Ask {
    form: Form,
    /// `None` for root.
    caller: Option<Token>,
    items: Vec<Token>,
    bound: Option<i64>,
}

/// What is to be done with the response to a change.
#[derive(Clone, Copy)]
enum Change {
    /// Nothing.
    Made,
    /// It has a new secret of this slot.
    Secret(usize),
    /// The slot has a secret that the client chose.
    Chosen(usize, &'static str),
    /// It has an access token of this slot.
    Access(usize),
}

enum Purpose {
    Ask(Ask),
    Change(Change),
}

/// A request in flight.
struct Request {
    flight: Flight,
    purpose: Purpose,
    isolate: Rc<Isolate>,
    /// When it began, by the true time and by the isolate's clock.
    began: (i64, i64),
    /// When it proceeds.
    due: i64,
}

/// What an answer says about a token.
#[derive(Debug)]
struct Told {
    is_active: bool,
    bound: i64,
    /// `checked_at`, where it is reported in full.
    as_of: Option<i64>,
    age: Option<f64>,
    source: Option<String>,
    credential: Option<String>,
    name: Option<String>,
    owner: Option<(Option<Vec<String>>, String, Option<i64>)>,
}

/// What was checked.
#[derive(Default)]
struct Counts {
    answers: usize,
    valid: usize,
    memory: usize,
    replica: usize,
    /// Reported as valid on evidence of more than a second ago.
    old: usize,
    /// Reported as valid although it was not valid any more.
    late: usize,
    /// The same from the database: it was changed while the answer was on its way.
    overtaken: usize,
    /// Given by an isolate whose clock was set back without being noticed.
    slack: usize,
    unavailable: usize,
    failed: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        let Self { answers, valid, memory, replica, old, late, overtaken, slack, unavailable, failed } = other;
        self.answers += answers;
        self.valid += valid;
        self.memory += memory;
        self.replica += replica;
        self.old += old;
        self.late += late;
        self.overtaken += overtaken;
        self.slack += slack;
        self.unavailable += unavailable;
        self.failed += failed;
    }
}

struct Driver {
    random: Random,
    shared: Rc<Shared>,
    isolates: Vec<Rc<Isolate>>,
    tenants: Vec<Tenant>,
    slots: Vec<Slot>,
    requests: Vec<Request>,
    arrival: i64,
    counts: Counts,
}

fn by_root(method: &'static str, url: String, body: &Value) -> Sent {
    sent(method, url, Some(ROOT), if body.is_null() { String::new() } else { body.to_string() })
}

fn sent(method: &'static str, url: String, token: Option<&str>, body: String) -> Sent {
    let media = if url.starts_with("/oauth") { "application/x-www-form-urlencoded" } else { "application/json" };
    let mut headers = vec![("content-type", media.to_owned())];
    headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
    Sent { method, url, headers, body }
}

impl Driver {
    /// Two tenants, with the callers and the tokens to be verified.
    fn new(seed: u64, round: u64) -> Self {
        let mut random = Random::of(seed, 2 * round);
        // With replicas, the clocks differ by less than the margin.
        let has_near = round % 2 == 1;
        let mut settings = settings(MASTER_KEY, None).expect("settings");
        settings.near = has_near.then_some(4000);
        let most = if has_near { 4000 } else { 6000 };
        let shared = Rc::new(Shared::new(settings, Random::of(seed, 2 * round + 1)));
        let mut skew =
            || (i64::try_from(random.below(most)).expect("small") - i64::try_from(most / 2).expect("small")) * 1000;
        let isolates = (0..3).map(|_| Rc::new(Isolate::new(skew()))).collect();
        let mut driver = Self {
            random,
            shared,
            isolates,
            tenants: Vec::new(),
            slots: Vec::new(),
            requests: Vec::new(),
            arrival: START,
            counts: Counts::default(),
        };
        for name in ["home", "away"] {
            let body = json!({ "name": name, "role_names": ROLES, "verify_staleness_seconds": 10 });
            let tenant = text(&driver.told(by_root("POST", "/v1/tenants".to_owned(), &body))["id"]);
            let url = format!("/v1/tenants/{tenant}/principals");
            let account = text(&driver.told(by_root("POST", url, &json!({ "name": "account" })))["id"]);
            driver.tenants.push(Tenant { id: tenant, account });
        }
        for (tenant, has_account, access) in [
            (0, false, "verify"),
            (0, false, "verify_all"),
            (1, true, "verify"),
            (0, true, "admin"),
            (0, true, "none"),
            (0, true, "none"),
            (0, false, "read"),
            (1, true, "none"),
            (1, false, "edit"),
        ] {
            let empty = (String::new(), Vec::new(), Vec::new());
            driver.slots.push(Slot {
                tenant,
                has_account,
                access,
                id: empty.0,
                secrets: empty.1,
                access_tokens: empty.2,
            });
            let (sent, change) = driver.creation(driver.slots.len() - 1);
            let told = driver.told(sent);
            driver.follow(change, &told);
        }
        driver
    }

    /// Sends a request and waits for its answer, while nothing else happens.
    fn told(&mut self, sent: Sent) -> Value {
        let mut flight = Flight::new(&self.shared, &self.isolates[0], sent);
        while !flight.is_over {
            self.tick(1000);
            flight.proceed();
        }
        let answer = flight.answer().expect("an answer");
        assert!(answer.status < 300, "{} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn tick(&self, micros: i64) {
        self.shared.now.set(self.shared.now.get() + micros);
    }

    /// A time of at most so many microseconds, short ones more often.
    fn micros(&mut self, most: i64) -> i64 {
        let most = most >> self.random.below(8);
        1 + i64::try_from(self.random.next() % most.unsigned_abs()).expect("small")
    }

    /// The next event: a request proceeds, or another arrives.
    fn step(&mut self) {
        let next = self.requests.iter().enumerate().min_by_key(|(_, request)| request.due).map(|(at, _)| at);
        match next.filter(|at| self.requests[*at].due <= self.arrival) {
            Some(at) => self.proceed(at),
            None => self.arrive(),
        }
    }

    /// Advances the true time, which is another one for each event.
    fn advance_to(&self, due: i64) {
        self.shared.now.set(due.max(self.shared.now.get() + 1));
    }

    /// How long a part of a round trip takes: now and then longer than most bounds.
    fn latency(&mut self) -> i64 {
        let most = match self.random.below(100) {
            0..80 => SECOND / 10,
            80..96 => 2 * SECOND,
            _ => 25 * SECOND,
        };
        self.micros(most)
    }

    fn proceed(&mut self, at: usize) {
        self.advance_to(self.requests[at].due);
        let fails = match self.random.below(100) {
            0..2 => Some(Fails::Before),
            2..4 => Some(Fails::After),
            _ => None,
        };
        let latency = self.latency();
        let request = &mut self.requests[at];
        request.flight.trips.fails.set(fails);
        request.flight.proceed();
        request.due = self.shared.now.get() + latency;
        self.settle(at);
    }

    fn arrive(&mut self) {
        self.advance_to(self.arrival);
        let pause = if self.random.percent(1) { 8 * SECOND } else { SECOND / 10 };
        self.arrival = self.shared.now.get() + self.micros(pause);
        let isolate = Rc::clone(self.random.pick(&self.isolates));
        let now = self.shared.now.get();
        if self.shared.settings.near.is_none() && self.random.below(200) == 0 {
            let by = if self.random.percent(15) { self.micros(SECOND) } else { 2 * SECOND + self.micros(10 * SECOND) };
            isolate.set_clock(now, if self.random.percent(50) { by } else { -by });
        }
        let (purpose, sent) = if self.random.percent(96) {
            let ask = self.ask();
            let clock = isolate.clock(now);
            let is_read = ask.caller.as_ref().is_none_or(|caller| caller.access.is_none_or(|(_, end)| end > clock));
            // A forward-auth request without a token of the right form asks nothing.
            isolate.begin(now, is_read && ask.form != Form::ForwardAuth);
            let sent = ask.sent();
            (Purpose::Ask(ask), sent)
        } else {
            let (sent, change) = self.change();
            (Purpose::Change(change), sent)
        };
        let flight = Flight::new(&self.shared, &isolate, sent);
        let due = now + self.latency();
        let began = (now, isolate.clock(now));
        self.requests.push(Request { flight, purpose, isolate, began, due });
        self.settle(self.requests.len() - 1);
    }

    /// Handles the answer of a request, if it is there, and drops the request when it is over.
    fn settle(&mut self, at: usize) {
        if let Some(answer) = self.requests[at].flight.answer() {
            assert_ne!(answer.status, 500, "{}", answer.body);
            if let Purpose::Change(change) = self.requests[at].purpose {
                if answer.status < 300 {
                    self.follow(change, &serde_json::from_str(&answer.body).unwrap_or_default());
                }
            } else {
                self.check(at, &answer);
            }
        }
        if self.requests[at].flight.is_over {
            self.requests.swap_remove(at);
        }
    }

    /// Remembers what a response issued.
    fn follow(&mut self, change: Change, told: &Value) {
        let settings = &self.shared.settings;
        match change {
            Change::Made => {}
            Change::Secret(slot) => {
                let id = read_id(&told["id"]).to_string();
                if self.slots[slot].id != id {
                    let Slot { tenant, has_account, access, .. } = self.slots[slot];
                    let (secrets, access_tokens) = (Vec::new(), Vec::new());
                    self.slots[slot] = Slot { tenant, has_account, access, id, secrets, access_tokens };
                }
                let token = self.secret(&text(&told["secret"]));
                self.slots[slot].secrets.push(token);
            }
            Change::Chosen(slot, chosen) => {
                let token = self.secret(chosen);
                self.slots[slot].secrets.push(token);
            }
            Change::Access(slot) => {
                let token = text(&told["access_token"]);
                let read =
                    settings.keys.read_access(&token, &settings.token_prefix, Micros(0)).expect("an access token");
                let AccessOf::Secret { id: secret, made } = read.of else {
                    panic!("an access token of a key or a trust")
                };
                let access = Some((made.0, read.end.0));
                let secret = Some(secret.to_string());
                self.slots[slot].access_tokens.push(Token { text: token, secret, client: None, access });
            }
        }
    }

    fn secret(&self, text: &str) -> Token {
        let settings = &self.shared.settings;
        let read = Secret::read(text, &settings.token_prefix).expect("a token");
        let secret = settings.keys.current.prove(&read).id.to_string();
        Token { text: text.to_owned(), secret: Some(secret), client: None, access: None }
    }

    fn ask(&mut self) -> Ask {
        let form = match self.random.below(100) {
            0..50 => Form::One,
            50..85 => Form::Batch,
            85..95 => Form::Introspection,
            _ => Form::ForwardAuth,
        };
        let caller = match self.random.below(100) {
            0..40 => Some(0),
            40..60 => Some(1),
            60..80 => Some(2),
            80..90 => Some(self.random.below(self.slots.len())),
            _ => None,
        };
        // A caller that sees one tenant only asks mostly about its tokens.
        let of = caller.filter(|_| self.random.percent(93)).map(|slot| &self.slots[slot]);
        let tenant = of.filter(|slot| slot.access != "verify_all").map(|slot| slot.tenant);
        let caller = caller.map(|slot| self.token(slot));
        let items = if form == Form::Batch { 1 + self.random.below(6) } else { 1 };
        let items = (0..items).map(|_| self.item(tenant)).collect();
        let bound = match self.random.below(100) {
            0..68 => None,
            68..73 => Some(0),
            _ => Some(i64::try_from(self.random.below(31)).expect("small")),
        };
        Ask { form, caller, items, bound }
    }

    /// A token that a request may verify: mostly one that was issued, is still valid, and is of this tenant.
    fn item(&mut self, tenant: Option<usize>) -> Token {
        let all = 0..self.slots.len();
        let slots: Vec<_> = all.filter(|slot| tenant.is_none_or(|tenant| self.slots[*slot].tenant == tenant)).collect();
        let mut slot = *self.random.pick(&slots);
        let other = *self.random.pick(&slots);
        if !self.is_valid(slot) && self.random.percent(85) {
            slot = other;
        }
        let never = |text: &str| Token { text: text.to_owned(), secret: None, client: None, access: None };
        match self.random.below(200) {
            0..2 => never("pstn_malformed"),
            2..4 => never("chosen-by-nobody-0123456789"),
            4..12 => {
                // A secret under another client's id, unless it is the same.
                self.slots[slot].secrets.last().expect("a secret").with_client(&self.slots[other].id)
            }
            _ => self.token(slot),
        }
    }

    /// A token of a slot: mostly the newest secret.
    fn token(&mut self, slot: usize) -> Token {
        let is_access = self.random.percent(10);
        let Slot { id, secrets, access_tokens, .. } = &self.slots[slot];
        let tokens = if is_access && !access_tokens.is_empty() { access_tokens } else { secrets };
        let back = if self.random.percent(4) { self.random.below(tokens.len().min(3)) } else { 0 };
        let token = tokens[tokens.len() - 1 - back].clone();
        if token.access.is_none() && self.random.percent(2) { token.with_client(id) } else { token }
    }

    /// The creation of the credential of a slot.
    fn creation(&mut self, slot: usize) -> (Sent, Change) {
        let Slot { tenant, has_account, access, .. } = self.slots[slot];
        let Tenant { id, account } = &self.tenants[tenant];
        let mut body = json!({ "name": "new", "roles": roles(&mut self.random), "access": access });
        if has_account {
            body["principal"] = account.as_str().into();
        }
        (by_root("POST", format!("/v1/tenants/{id}/credentials"), &body), Change::Secret(slot))
    }

    /// Whether the newest secret of a slot is valid by the true time.
    fn is_valid(&self, slot: usize) -> bool {
        let token = self.slots[slot].secrets.last().expect("a secret");
        self.shared.truth.borrow().last(token).is_some_and(|state| token.is_valid(state, self.shared.now.get()))
    }

    /// A random change; of what is not valid, mostly one that may make it valid again.
    fn change(&mut self) -> (Sent, Change) {
        let invalid: Vec<_> = (0..self.slots.len()).filter(|slot| !self.is_valid(*slot)).collect();
        let is_any = invalid.is_empty() || self.random.percent(50);
        let slot = if is_any { self.random.below(self.slots.len()) } else { *self.random.pick(&invalid) };
        let Slot { tenant, has_account, access, ref id, ref secrets, .. } = self.slots[slot];
        let in_tenant = format!("/v1/tenants/{}", self.tenants[tenant].id);
        let credential = format!("{in_tenant}/credentials/{id}");
        let newest = secrets.last().expect("a secret").clone();
        let has_state = self.shared.truth.borrow().last(&newest).is_some();
        let is_valid = self.is_valid(slot);
        let patch = |url: &str, body: Value| (by_root("PATCH", url.to_owned(), &body), Change::Made);
        let step = |step: &str| (by_root("POST", format!("{credential}/{step}"), &Value::Null), Change::Made);
        let random = &mut self.random;
        if !has_state && random.percent(80) {
            return self.creation(slot);
        }
        if !is_valid && random.percent(85) {
            return match random.below(4) {
                0 | 1 => patch(&credential, json!({ "enabled": true, "expires_at": null, "access": access })),
                2 => step("restore"),
                _ => self.parents(tenant, true),
            };
        }
        let end =
            |random: &mut Random| time(self.shared.now.get() + i64::try_from(random.below(12_000_000)).expect("small"));
        let grace = |random: &mut Random| json!({ "grace_seconds": *random.pick(&[0, 1, 3, 8, 60]) });
        match random.below(100) {
            0..6 => step("revoke"),
            6..10 => step("restore"),
            10..16 => patch(&credential, json!({ "enabled": false })),
            16..26 => patch(&credential, json!({ "roles": roles(random) })),
            26..32 => patch(&credential, json!({ "name": format!("name {}", random.below(1000)) })),
            32..42 => {
                let other = ["none", "read", access][random.below(3)];
                patch(&credential, json!({ "access": if random.percent(70) { access } else { other } }))
            }
            42..48 => patch(&credential, json!({ "expires_at": end(random) })),
            48..56 => (by_root("POST", format!("{credential}/rotate"), &grace(random)), Change::Secret(slot)),
            56..59 => step("rotate/finish"),
            59..61 => step("rotate/cancel"),
            61..64 => (by_root("DELETE", credential, &Value::Null), Change::Made),
            64..71 => self.parents(tenant, false),
            71..83 => {
                patch(&in_tenant, json!({ "verify_staleness_seconds": *random.pick(&[0, 2, 5, 10, 20, 30, 30, 30]) }))
            }
            83..88 => {
                let chosen = *random.pick(&CHOSEN);
                let guid = |id: &str| Id::parse(id).expect("an id").guid();
                let Tenant { id: of, account } = &self.tenants[tenant];
                let user = if has_account { guid(account) } else { ZERO.to_owned() };
                let body = json!({ "UserGUID": user, "Name": chosen, "BearerToken": chosen, "Active": true });
                let url = format!("/v1.0/tenants/{}/credentials/{}", guid(of), guid(id));
                (by_root("PUT", url, &body), Change::Chosen(slot, chosen))
            }
            _ => {
                let form = format!("grant_type=client_credentials&client_id=client_{id}&client_secret={}", newest.text);
                (sent("POST", "/oauth/token".to_owned(), None, form), Change::Access(slot))
            }
        }
    }

    /// Enables or disables a tenant or its principal.
    fn parents(&mut self, tenant: usize, enables: bool) -> (Sent, Change) {
        let Tenant { id, account } = &self.tenants[tenant];
        let is_tenant = self.random.percent(if enables { 50 } else { 25 });
        let url =
            if is_tenant { format!("/v1/tenants/{id}") } else { format!("/v1/tenants/{id}/principals/{account}") };
        (by_root("PATCH", url, &json!({ "enabled": enables })), Change::Made)
    }

    /// Checks an answer to a verification.
    fn check(&mut self, at: usize, answer: &Answer) {
        let Request { purpose: Purpose::Ask(ask), isolate, began: (began, clock), .. } = &self.requests[at] else {
            return;
        };
        if answer.status == 503 {
            self.counts.unavailable += 1;
        }
        if answer.status != 200 {
            assert!([401, 403, 503].contains(&answer.status) || ask.form == Form::ForwardAuth, "{}", answer.body);
            return;
        }
        let now = self.shared.now.get();
        let truth = self.shared.truth.borrow();
        let rightful = |caller: &Token, tenant: &str, period| -> Vec<&State> {
            let may = |state: &&State| {
                let may_see = state.access == "verify_all" || (state.access != "none" && state.tenant == tenant);
                may_see && caller.is_valid(state, *clock)
            };
            truth.states(caller, period).into_iter().flatten().filter(may).collect()
        };
        for (token, told) in ask.items.iter().zip(ask.told(answer)) {
            let counts = &mut self.counts;
            counts.answers += 1;
            let case = || {
                let states = truth.states(token, (began - 40 * SECOND, now));
                format!("{ask:?}\n{token:?}\n{told:?}\nbegan {began}, now {now}, clock {clock}\n{states:#?}")
            };
            let [from_memory, from_replica] = ["memory", "replica"].map(|name| told.source.as_deref() == Some(name));
            if !told.is_active {
                let is_wrong = |state: Option<&State>| {
                    state.is_none_or(|state| {
                        let sees = ask.caller.as_ref().is_none_or(|caller| {
                            truth
                                .states(caller, (*began, now))
                                .into_iter()
                                .flatten()
                                .all(|caller| caller.access == "verify_all" || caller.tenant == state.tenant)
                        });
                        !token.is_valid(state, *clock) || !sees
                    })
                };
                assert!(truth.states(token, (*began, now)).into_iter().any(is_wrong), "it was valid: {}", case());
                assert!(
                    !(from_memory || from_replica) || token.secret.is_none(),
                    "not valid, not by the primary: {}",
                    case()
                );
                continue;
            }
            // By a clock that was set back, the older of two readings may be the later one.
            let slack = isolate.slack(now);
            let known = |as_of| isolate.instant(as_of, now).unwrap_or_else(|| panic!("no such time: {}", case()));
            let from = began
                .saturating_sub(told.bound.saturating_mul(SECOND))
                .max(told.as_of.map_or(i64::MIN, known))
                .saturating_sub(slack);
            if let Some((as_of, age)) = told.as_of.zip(told.age) {
                #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
                let is_age = (0.0..0.001).contains(&((clock - as_of) as f64 / 1e6 - age));
                assert!(is_age, "the age is another: {}", case());
                counts.old += usize::from(age > 1.0);
            }
            let period = (from, now);
            let is_told = |state: &&State| token.is_valid(state, *clock) && told.describes(token, state);
            let valid: Vec<_> = truth.states(token, period).into_iter().flatten().filter(is_told).collect();
            assert!(!valid.is_empty(), "it was not valid: {}", case());
            let tenant = &valid[0].tenant;
            let of_caller: Vec<_> = match &ask.caller {
                None => vec![i64::MAX],
                Some(caller) => {
                    let callers = rightful(caller, tenant, period);
                    assert!(!callers.is_empty(), "the caller had no right: {}", case());
                    callers.iter().flat_map(|caller| truth.bounds(&caller.tenant, period)).collect()
                }
            };
            if ask.form != Form::ForwardAuth {
                let least = |of_caller: i64, of_token: i64| ask.bound.unwrap_or(i64::MAX).min(of_caller).min(of_token);
                let of_token = truth.bounds(tenant, period);
                let is_least =
                    of_caller.iter().any(|one| of_token.iter().any(|other| least(*one, *other) == told.bound));
                assert!(is_least, "the bound is another: {of_caller:?} {of_token:?} {}", case());
            }
            counts.valid += 1;
            counts.memory += usize::from(from_memory);
            counts.replica += usize::from(from_replica);
            counts.slack += usize::from(slack > 0);
            let is_late = !truth.last(token).is_some_and(|state| token.is_valid(state, *clock));
            counts.late += usize::from(is_late && from_memory);
            counts.overtaken += usize::from(is_late && !from_memory);
        }
    }
}

impl Ask {
    fn sent(&self) -> Sent {
        let caller = self.caller.as_ref().map_or(ROOT, |caller| &caller.text);
        let first = &self.items[0].text;
        let body = |url: &str, mut body: Value| {
            body["max_staleness_seconds"] = self.bound.into();
            sent("POST", url.to_owned(), Some(caller), body.to_string())
        };
        let bound = |separator: &str| {
            self.bound.map(|bound| format!("{separator}max_staleness_seconds={bound}")).unwrap_or_default()
        };
        match self.form {
            Form::One => body("/v1/verify", json!({ "token": first })),
            Form::Batch => {
                let items: Vec<_> = self.items.iter().map(|token| json!({ "token": token.text })).collect();
                body("/v1/verify/batch", json!({ "items": items }))
            }
            Form::Introspection => {
                let form = format!("token={first}{}", bound("&"));
                sent("POST", "/oauth/introspect".to_owned(), Some(caller), form)
            }
            Form::ForwardAuth => {
                let tenant = "tenant=home&tenant=away";
                let url = format!("/v1/authorize?authenticated=1&{tenant}{}", bound("&"));
                let mut sent = sent("GET", url, Some(first), String::new());
                sent.headers.push(("postern-verifier", caller.to_owned()));
                sent
            }
        }
    }

    /// What the answer says about each token.
    fn told(&self, answer: &Answer) -> Vec<Told> {
        let nothing = Told {
            is_active: true,
            bound: self.bound.unwrap_or(30),
            as_of: None,
            age: None,
            source: None,
            credential: None,
            name: None,
            owner: None,
        };
        if self.form == Form::ForwardAuth {
            let credential = answer.headers.iter().find(|(name, _)| *name == "postern-credential");
            return vec![Told { credential: credential.map(|(_, id)| id.clone()), ..nothing }];
        }
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        let items = told["items"].as_array().cloned().unwrap_or_else(|| vec![told]);
        assert_eq!(items.len(), self.items.len());
        let read = |told: Value| {
            let string = |member: &str| told[member].as_str().map(str::to_owned);
            let is_own = self.form != Form::Introspection;
            let time = |member: &str| string(member).and_then(|time| Micros::parse(&time)).map(|time| time.0);
            let is_active = told["active"] == true;
            Told {
                is_active,
                bound: told["max_staleness_seconds"].as_i64().unwrap_or_default(),
                as_of: time("checked_at"),
                age: told["age_seconds"].as_f64(),
                source: string("source"),
                credential: string("credential")
                    .or_else(|| Some(string("client_id")?.strip_prefix("client_")?.to_owned())),
                name: string("name").or_else(|| string("username")),
                owner: (is_own && is_active)
                    .then(|| (names(&told["roles"]), text(&told["access"]), time("expires_at"))),
            }
        };
        items.into_iter().map(read).collect()
    }
}

impl Told {
    /// Whether everything that is reported of a valid token is that of a state.
    fn describes(&self, token: &Token, state: &State) -> bool {
        let is_owner = |(roles, access, end): &(Option<Vec<String>>, String, Option<i64>)| {
            *roles == state.roles && *access == state.access && *end == token.end(state)
        };
        self.credential.as_ref() == Some(&state.credential)
            && self.name.as_ref().is_none_or(|name| *name == state.name)
            && self.owner.as_ref().is_none_or(is_owner)
    }
}

/// Roles, or null for full access.
fn roles(random: &mut Random) -> Value {
    if random.percent(10) {
        return Value::Null;
    }
    ROLES.iter().filter(|_| random.percent(50)).map(|role| json!({ "role_id": role })).collect()
}

fn time(micros: i64) -> String {
    Micros(micros).to_rfc3339_micros()
}

#[test]
#[expect(clippy::print_stdout, reason = "the line that is shown in the sum, and the seed to repeat a failed run")]
fn token_reported_as_valid_was_valid_within_the_bound() {
    let wanted = usize::try_from(given("POSTERN_STALENESS_ANSWERS", 100_000)).expect("a number of answers");
    let seed = seed();
    println!("staleness: POSTERN_SEED={seed}");
    let mut all = Counts::default();
    for round in 0.. {
        let mut driver = Driver::new(seed, round);
        while driver.counts.answers < ROUND.min(wanted) {
            driver.step();
        }
        driver.counts.failed = driver.shared.failed.get();
        all.add(&driver.counts);
        if all.answers >= wanted {
            break;
        }
    }
    let Counts { answers, valid, memory, replica, old, late, overtaken, slack, unavailable, failed } = all;
    println!(
        "staleness: {} answers, {} of a valid token: {} from memory, {} from a replica, {} from the primary, {} older than a second, {} revoked or \
         changed while remembered, {} while on the way, {} after an unnoticed step of the clock; {} failed batches, {} times 503",
        commas(answers),
        commas(valid),
        commas(memory),
        commas(replica),
        commas(valid - memory - replica),
        commas(old),
        commas(late),
        commas(overtaken),
        commas(slack),
        commas(failed),
        commas(unavailable)
    );
    for (count, part) in [
        (memory, 5),
        (replica, 200),
        (valid - memory - replica, 5),
        (old, 10),
        (late, 500),
        (overtaken, 2000),
        (failed, 200),
    ] {
        assert!(count >= answers / part, "an easy schedule: {count} of {answers}");
    }
    assert!(slack < valid / 4 && unavailable > 0, "an easy schedule: {slack}, {unavailable}");
}
