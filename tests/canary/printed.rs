//! The Debug output of the types contains no secret.

use std::cell::RefCell;
use std::fmt::{Debug, Display};

use postern::caller::{Caller, Rank};
use postern::credential::field::{Draft, Field, Given, Noun, Verb, Violation};
use postern::credential::id::Id;
use postern::credential::secret::{Access, AccessOf, Keyring, Keys, Token, access_end};
use postern::credential::time::Micros;
use postern::credential::validate::{NewSecret, validate};
use postern::face::coactive::COACTIVE;
use postern::face::keycard::KEYCARD;
use postern::face::litegraph::{LITEGRAPH, LiteGraph};
use postern::face::oauth::OAUTH;
use postern::face::postern::POSTERN;
use postern::face::{Face, Revealed};
use postern::operation::{Handler, Inquiry, ReadInquiry, ReadLogIn, RenderContext, Verified};
use postern::refusal::Refusal;
use postern::request::{Body, Method, Request};
use postern::route::{Operation, ROUTES, Route};
use postern::settings::Settings;
use postern::store::Store;
use postern::store::command::{Act, Command, Idempotency, Key, NewRow, Rotation, Target, TenantRef};
use postern::store::credential::find;
use postern::store::list::Listed;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{CANARY, contains};
use support::scene::signature;
use support::watched::{Noted, Wire};
use support::{MASTER_KEY, ROOT, World, ZERO, settings};

/// A reference to any type, to print its Debug output if it has one.
struct Any<'a, T>(&'a T);

trait Prints {
    fn printed(&self) -> String;
}

impl<T: Debug> Prints for Any<'_, T> {
    fn printed(&self) -> String {
        format!("{:?} {:#?}", self.0, self.0)
    }
}

trait Silent {
    fn printed(&self) -> String;
}

impl<T> Silent for &Any<'_, T> {
    fn printed(&self) -> String {
        String::new()
    }
}

/// The Debug output of a value; empty if its type has no Debug.
macro_rules! printed {
    ($value:expr) => {
        (&Any(&$value)).printed()
    };
}

/// Fails to compile for a type that has the trait: then two impls apply to `Lacks<_>`.
macro_rules! lacks {
    ($($type:ty: $trait:path),+ $(,)?) => {$(
        const _: fn() = || {
            struct Has;
            trait Lacks<Answer> {
                fn it() {}
            }
            impl<T: ?Sized> Lacks<()> for T {}
            impl<T: ?Sized + $trait> Lacks<Has> for T {}
            <$type as Lacks<_>>::it();
        };
    )+};
}

lacks!(
    Token: Debug, Token: Display, Token: Serialize,
    NewSecret: Debug, NewSecret: Display, NewSecret: Serialize,
    Keys: Debug, Keys: Serialize,
    Keyring: Debug, Keyring: Serialize,
    Settings: Debug, Settings: Serialize,
    // Types with a secret of a request or a response.
    RenderContext<'static>: Debug, Revealed: Debug, Verified: Debug, Request<'static>: Debug,
    Inquiry: Debug,
    Listed<(postern::credential::Credential, Option<Token>)>: Debug,
);

fn own() -> Settings {
    settings(MASTER_KEY, None).unwrap_or_else(|wrong| panic!("{}", wrong.words()))
}

fn assert_silent(what: &str, printed: &str) {
    for secret in [CANARY, ROOT, MASTER_KEY] {
        assert!(!contains(printed, secret), "{what}: {printed}");
    }
}

#[test]
fn printed_macro_distinguishes_types_with_and_without_debug() {
    assert!(printed!(CANARY).contains(CANARY));
    assert_eq!(printed!(own()), "");
}

#[test]
fn debug_output_of_a_caller_has_no_token() {
    let settings = own();
    let client = Id::ZERO.client();
    for value in [format!("Bearer {CANARY}"), format!("Bearer {client}:{CANARY}"), format!("Bearer {ROOT}")] {
        let caller = Caller::read(&Noted::of(&[("authorization", &value)]), None, &settings, Micros(0));
        let caller = caller.unwrap_or_else(|refusal| panic!("{refusal:?}"));
        assert_silent("caller", &printed!(caller));
        assert_silent("caller, serialised", &serde_json::to_string(&caller).unwrap());
    }
    for garbage in [format!("Bearer pstn_{CANARY}"), format!("Bearer {CANARY} x"), format!("Basic {CANARY}")] {
        let refusal = Caller::read(&Noted::of(&[("authorization", &garbage)]), None, &settings, Micros(0)).err();
        assert_eq!(refusal, Some(Refusal::Unauthenticated));
    }
}

/// From an access token, a caller keeps the id of the secret, and not the proof.
#[test]
fn debug_output_of_a_caller_has_no_access_token() {
    let settings = own();
    let access = settings.keys.current.issue_access(
        "pstn_",
        Access { of: AccessOf::Secret { id: Id::from_bits(7), made: Micros(5) }, end: access_end(Micros(0)) },
    );
    let value = format!("Bearer {}", access.reveal());
    let read = |now| Caller::read(&Noted::of(&[("authorization", &value)]), None, &settings, now);
    let caller = read(Micros(0)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let sent = serde_json::to_value(&caller).unwrap();
    assert_eq!(sent["id"], Id::from_bits(7).to_string());
    let signature = signature(access.reveal());
    assert!(!contains(&printed!(caller), signature) && !contains(&sent.to_string(), signature));
    assert_eq!(read(Micros(3_600_000_000)).err(), Some(Refusal::Unauthenticated));
}

#[test]
fn command_has_no_token_in_its_debug_output_or_json() {
    let keys = own().keys.current;
    let token = Token::read(CANARY, "pstn_").ok().unwrap();
    let sealed = keys.seal(&token, Id::ZERO, Id::ZERO, [1; 12]).unwrap();
    let proof = keys.prove(&token);
    assert_silent("proof", &printed!(proof));
    assert_silent("sealed", &printed!(sealed));
    let secret = NewRow {
        id: proof.id,
        digest: proof.digest.clone(),
        proofs: vec![proof.clone()],
        key: keys.id().to_owned(),
        sealed: Some(sealed.text.clone()),
        hint: token.hint().to_owned(),
    };
    let caller = Caller::Secret { proofs: vec![proof.clone()], client: None };
    let right = (Target::Credential, Act::Change, Rank::Admin);
    let command = Command {
        bearer: Some(vec![proof.clone()]),
        claims: Caller::Secret { proofs: vec![proof], client: None }.claims(0, 1),
        rotation: Some(Rotation::Start),
        grace_seconds: Some(60),
        idempotency: Some(Idempotency {
            id: keys.digest("idempotency key", CANARY.as_bytes()),
            body: keys.digest("idempotency body", CANARY.as_bytes()),
            sealed: Some(sealed.text.clone()),
        }),
        secret: Some(secret),
        ..Command::new(Micros(1), caller, right, Id::ZERO, String::new())
    };
    assert_silent("command", &printed!(command));
    assert_silent("command, serialised", &serde_json::to_string(&command).unwrap());
}

/// A body with the canary in every member that a face knows.
fn drafted(face: &Face, noun: Noun, verb: Verb, value: &Value) -> (Draft, Vec<Violation>) {
    let words = Field::ALL.into_iter().filter_map(|field| face.dialect.word(noun, verb, field));
    // And in read-only members.
    let reads = ["label", "revision", "created_at", "revoked_reason", "secrets"];
    let body = words.chain(reads).map(|word| (word.to_owned(), value.clone())).collect();
    let draft = (face.read_body)(noun, verb, body);
    let (_, violations) = validate(&draft, noun, verb, face.dialect, "pstn_");
    (draft, violations)
}

#[test]
fn debug_output_of_a_refusal_has_nothing_of_the_body() {
    let faces = [&COACTIVE, &LITEGRAPH, &KEYCARD, &POSTERN];
    for (face, noun) in faces.into_iter().flat_map(|face| NOUNS.map(|noun| (face, noun))) {
        for verb in [Verb::Create, Verb::Replace, Verb::Merge, Verb::Rotate, Verb::Revoke] {
            // Our own face reports the name of an unknown member, so the name is not the canary there.
            let name = if face.error_type == "application/problem+json" { "member" } else { CANARY };
            let roles = json!([{"role_id": CANARY, "resource_instance": CANARY}, CANARY, {name: CANARY}]);
            for value in [json!([CANARY]), json!(format!("pstn_{CANARY}\n")), json!(CANARY.repeat(60)), roles] {
                let (draft, violations) = drafted(face, noun, verb, &value);
                assert_silent("draft", &printed!(draft));
                assert!(
                    !violations.is_empty() || face.dialect.word(noun, verb, Field::Name).is_none(),
                    "{verb:?} {value:.40}"
                );
                assert_silent("violations", &printed!(violations));
                assert_silent("refusal", &printed!(Refusal::Invalid(violations)));
            }
        }
    }
}

const NOUNS: [Noun; 3] = [Noun::Tenant, Noun::Principal, Noun::Credential];

/// A request with these parts, from which a list or a log-in is parsed.
fn request<'a>(method: Method, query: &'a str, headers: &'a Noted<'a>, body: &str) -> Request<'a> {
    Request { method, origin: "", path: "/", query, headers, body: Body::Bytes(body.as_bytes().to_vec()) }
}

#[test]
fn debug_output_of_a_refusal_has_nothing_of_a_query_or_search() {
    let nothing = Noted::of(&[]);
    let names =
        "order max-keys skip token guids after before limit cursor sort enabled principal expires_before dry_run";
    let query = names.split(' ').map(|name| format!("{name}={CANARY}")).collect::<Vec<_>>().join("&");
    let search = ["Ordering", "MaxResults", "Skip", "ContinuationToken"].map(|name| (name, CANARY));
    let search =
        serde_json::to_string(&Map::from_iter(search.map(|(name, value)| (name.to_owned(), value.into())))).unwrap();
    // Coactive's list has no parameters.
    let lists = ROUTES.iter().filter_map(|route| match route.operation {
        Operation::List(noun, Handler(read)) | Operation::Page(noun, Handler(read)) => Some((route, noun, read)),
        _ => None,
    });
    for (route, noun, read) in lists.filter(|(route, ..)| !route.path.starts_with("/api/")) {
        let (query, body) = if route.method == Method::Post { ("", &*search) } else { (&*query, "") };
        let refusal = read(&request(route.method, query, &nothing, body), noun).err();
        assert!(printed!(refusal).contains("Parameters"), "{}: {}", route.path, printed!(refusal));
        assert_silent("refusal", &printed!(refusal));
    }
    let list = request(Method::Get, &query, &nothing, "");
    let dry = format!("dry_run={CANARY}");
    let dry = request(Method::Patch, &dry, &nothing, "");
    let unknown = format!("{CANARY}=1");
    let unknown = request(Method::Patch, &unknown, &nothing, "");
    let read_history = ROUTES.iter().find_map(|route| match route.operation {
        Operation::History(Handler((read, _))) => Some(read),
        _ => None,
    });
    let read_history = read_history.expect("a history");
    let refusals =
        [read_history(&list).err(), dry.check_query(&["dry_run"]).err(), unknown.check_query(&["dry_run"]).err()];
    assert!(refusals.iter().all(Option::is_some));
    assert_silent("refusals", &printed!(refusals));
}

#[test]
fn debug_output_of_a_refusal_has_no_idempotency_key() {
    let key = format!("{CANARY} {CANARY}");
    let headers = [("idempotency-key", key.as_str())];
    let noted = Noted::of(&headers);
    let refusal = request(Method::Post, "", &noted, "").idempotency_key().err();
    assert!(refusal.is_some());
    assert_silent("refusal", &printed!(refusal));
}

fn read_inquiry(face: &'static Face) -> ReadInquiry {
    let read = |route: &Route| match route.operation {
        Operation::Verify(Handler((read, _))) if std::ptr::eq(route.face, face) => Some(read),
        _ => None,
    };
    ROUTES.iter().find_map(read).expect("a route")
}

fn read_log_in(face: &'static Face) -> ReadLogIn {
    let read = |route: &Route| match route.operation {
        Operation::LogIn(Handler(read)) if std::ptr::eq(route.face, face) => Some(read),
        _ => None,
    };
    ROUTES.iter().find_map(read).expect("a route")
}

/// No printable part of a verification contains the token.
#[test]
fn debug_output_of_a_verification_has_no_token() {
    let nothing = Noted::of(&[]);
    let (settings, now) = (own(), Micros(0));
    for body in [json!({"token": CANARY, "needs": 5}), json!({"token": [CANARY]}), json!({"token": {CANARY: CANARY}})] {
        let read = read_inquiry(&POSTERN)(&request(Method::Post, "", &nothing, &body.to_string())).ok().unwrap();
        assert!(!read.violations.is_empty(), "{body}");
        assert_silent("violations", &printed!(read.violations));
        assert_silent("subject", &printed!(Caller::bearer(&read.items[0].token, &settings, now)));
    }
    for form in [format!("token={CANARY}&token={CANARY}"), CANARY.to_owned(), format!("tokn={CANARY}")] {
        let refusal = read_inquiry(&OAUTH)(&request(Method::Post, "", &nothing, &form)).err();
        assert!(refusal.is_some(), "{form}");
        assert_silent("refusal", &printed!(refusal));
    }
    let read = read_inquiry(&OAUTH)(&request(Method::Post, "", &nothing, &format!("token={CANARY}"))).ok().unwrap();
    let claims = Caller::bearer(&read.items[0].token, &settings, now).unwrap().claims(0, settings.keys.len());
    assert!(!claims.is_empty());
    assert_silent("claims", &printed!(claims));
    assert_silent("claims, serialised", &serde_json::to_string(&claims).unwrap());
}

#[test]
fn debug_output_of_a_refusal_has_nothing_of_a_log_in() {
    let settings = own();
    let grant = "grant_type=client_credentials";
    for form in [
        format!("grant_type={CANARY}&client_id={CANARY}&client_secret={CANARY}"),
        format!("{grant}&{CANARY}=1&{CANARY}=2"),
        format!("{grant}&client_secret={CANARY}&client_secret={CANARY}"),
        format!("{grant}&client_id={CANARY}&client_secret={CANARY}"),
        format!("client_id={CANARY}&client_secret={CANARY}"),
        CANARY.to_owned(),
    ] {
        let nothing = Noted::of(&[]);
        let refusal = read_log_in(&OAUTH)(&request(Method::Post, "", &nothing, &form), &settings).err();
        assert!(refusal.is_some(), "{form}");
        assert_silent("refusal", &printed!(refusal));
    }
    let basic = format!("Basic {CANARY}");
    let headers = [("authorization", basic.as_str())];
    for body in [String::new(), json!({"grant_type": CANARY, "client_secret": CANARY}).to_string(), CANARY.to_owned()] {
        let noted = Noted::of(&headers);
        let refusal = read_log_in(&COACTIVE)(&request(Method::Post, "", &noted, &body), &settings).err();
        assert!(refusal.is_some(), "{body}");
        assert_silent("refusal", &printed!(refusal));
    }
}

#[test]
fn debug_output_of_a_credential_has_no_sealed_token() {
    let world = World::new();
    let url = format!("/v1.0/tenants/{ZERO}/credentials");
    let (id, _) = world.put(&url, &json!({"UserGUID": ZERO, "BearerToken": CANARY}));
    let row = &world.db.query("SELECT sealed FROM secrets", &[])[0];
    let sealed = row["sealed"].as_str().unwrap();
    let target = (Target::Credential, Act::Read, Rank::Reader);
    let command = Command {
        tenant: Some(TenantRef::Id(Key(Some(Id::ZERO)))),
        credential: Some(Key(Some(id))),
        ..Command::new(Micros(world.now.get()), Caller::Root { root: true }, target, Id::ZERO, String::new())
    };
    let outcome = pollster::block_on(find(&Store::new(&world.db), &command));
    let credential = outcome.and_then(|outcome| outcome.result).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    assert_eq!(credential.sealed.as_ref().map(|stored| &*stored.text), Some(sealed));
    let printed = printed!(credential);
    assert_silent("credential", &printed);
    assert!(printed.contains("Sealed") && !printed.contains(sealed), "not even the sealed secret: {printed}");
}

/// A secret has no Debug, and no type with a secret of a request or a response has one that prints it.
#[test]
fn debug_output_of_drafts_changes_and_answers_has_no_token() {
    let mut draft = Draft::default();
    draft.set(Field::Secret, Given::from(Some(json!(CANARY))));
    draft.set(Field::Principal, Given::from(Some(json!(ZERO))));
    draft.set(Field::Name, Given::from(Some(json!("n"))));
    let (change, violations) = validate(&draft, Noun::Credential, Verb::Create, &LiteGraph, "pstn_");
    assert!(violations.is_empty() && matches!(change.secret, Some(NewSecret::Chosen(_))));
    let world = World::new();
    let bearer = format!("Bearer {ROOT}");
    let body = json!({"UserGUID": ZERO, "BearerToken": CANARY}).to_string();
    let (url, headers) = (format!("/v1.0/tenants/{ZERO}/credentials"), [("authorization", bearer.as_str())]);
    let done = world.watch(&Wire::to(&world.db), "PUT", &url, &Noted::of(&headers), body.as_bytes());
    assert!(done.answer.body.contains(CANARY));

    let loud = RefCell::new(Vec::new());
    let ask = |what, printed: String| {
        if contains(&printed, CANARY) {
            loud.borrow_mut().push(what);
        }
    };
    ask("Change", printed!(change));
    ask("Draft", printed!(draft));
    ask("Answer", printed!(done.answer));
    ask("Done", printed!(done));
    assert_eq!(loud.take(), [""; 0], "types that print a token");
}
