//! Signed tokens, keys, and what a trust requires, compared with the same rules written down a second time.
#![no_main]

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use postern::credential::time::Micros;
use postern::jwt::claims::Claims;
use postern::jwt::issuer::{Issuer, is_key_url};
use postern::jwt::jwk::{Algorithm, Jwk};
use postern::jwt::jws::{Jws, LENGTH_MAX};
use postern::jwt::set::{KEYS_MAX, Set};
use postern::jwt::signature::{Signatures, signer};
use postern::jwt::subject::Subject;
use postern::request::{DEPTH_MAX, VALUES_MAX};
use postern_fuzz::independent::faults;
use postern_fuzz::mutate;
use serde_json::Value;
use support::jwt::{Ring, Signer};
use url::{Host, Url};

/// The last second that Postern can represent.
const LAST: u64 = 9_007_199_254;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT","kid":"own"}"#;
const PAYLOAD: &str = r#"{"iss":"https://a.example","sub":"s","aud":"b","iat":1795219200,"exp":1795219260}"#;
const DEVELOPMENT: &str = "https://localhost:9000";

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::ed25519_of(&[7; 32]));
static KEYS: LazyLock<[Jwk; 2]> =
    LazyLock::new(|| [Signer::ed25519_of(&[8; 32]).key(Some("other")), SIGNER.key(Some("own"))]);

const MEMBERS: [&str; 31] = [
    r#""alg":"EdDSA""#,
    r#""alg":"Ed25519""#,
    r#""alg":"none""#,
    r#""alg":"ES256""#,
    r#""typ":"JOSE""#,
    r#""typ":"client-authentication+jwt""#,
    r#""kid":"own""#,
    r#""kid":"other""#,
    r#""crit":["exp"]"#,
    r#""b64":true"#,
    r#""zip":"DEF""#,
    r#""jwk":{"kty":"OKP"}"#,
    r#""iss":"https://a.example""#,
    r#""sub":"s""#,
    r#""aud":["b"]"#,
    r#""aud":["b","c"]"#,
    r#""exp":1795219260"#,
    r#""iat":1e9"#,
    r#""nbf":9007199254"#,
    r#""nbf":9007199255"#,
    r#""jti":"""#,
    r#""cnf":{}"#,
    r#""n":[[{"a":1,"a":2}]]"#,
    r#""kty":"EC""#,
    r#""crv":"P-256""#,
    r#""d":"AQAB""#,
    r#""use":"sig""#,
    r#""key_ops":["verify"]"#,
    r#""/a/0":"v""#,
    r#""a":{"b~/":5}"#,
    r#""/a/b~0~1":5"#,
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::write(data, size, max_size, |bytes| mutate::member(bytes, seed, &MEMBERS))
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (first, second) = text.split_once('\n').unwrap_or((&text, ""));
    present(&text);
    sign(first, second);
    sign(HEADER, first);
    sign(first, PAYLOAD);
    altered(data);
    key(first);
    set(first);
    claims(first, second);
    url(first);
    subject(first, second);
});

/// A token as it is: an accepted one has one spelling.
fn present(text: &str) {
    let Ok(token) = Jws::parse(text) else { return };
    let parts: Vec<_> =
        text.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url")).collect();
    let [_, payload, signature] = &parts[..] else { panic!("three parts") };
    assert_eq!(parts.iter().map(|part| BASE64URL_NOPAD.encode(part)).collect::<Vec<_>>().join("."), text);
    assert_eq!(token.signature(), signature);
    assert_eq!(serde_json::from_slice::<Value>(payload).ok().as_ref(), Some(token.claims()));
    assert!(pollster::block_on(signer(&token, &KEYS[..1], &Ring)).is_none(), "a forged signature");
}

/// A token with a correct signature.
fn sign(header: &str, payload: &str) {
    let text = SIGNER.token_of(Algorithm::Ed25519, header, payload);
    present(&text);
    let read = Jws::parse(&text);
    let expected = accepts(header, payload) && text.len() <= LENGTH_MAX;
    assert_eq!(read.is_ok(), expected, "{header} {payload}: {:?}", read.err());
    let Ok(token) = read else { return };
    let key = pollster::block_on(signer(&token, &*KEYS, &Ring));
    let is_own = token.algorithm() == Algorithm::Ed25519 && token.kid().is_none_or(|kid| kid == "own");
    assert_eq!(key.map(Jwk::kid), is_own.then_some("own"), "{header}");
    let judged = token.judge_times(Micros(1_795_219_200_000_000), 3600);
    let seconds = |name: &str| token.claims()[name].as_u64();
    let (exp, iat) = (seconds("exp").expect("exp"), seconds("iat").expect("iat"));
    let is_now = exp > 1_795_219_200 && iat <= 1_795_219_260 && seconds("nbf").is_none_or(|nbf| nbf <= 1_795_219_260);
    assert_eq!(judged.is_ok(), is_now && exp > iat && exp - iat <= 3600);
}

/// The rules of the reader, on JSON that another parser read.
fn accepts(header: &str, payload: &str) -> bool {
    let parse = |text: &str| {
        let is_strict = faults(text.as_bytes(), DEPTH_MAX, VALUES_MAX).is_empty();
        serde_json::from_str::<Value>(text).ok().filter(|_| is_strict)
    };
    let (Some(header), Some(claims)) = (parse(header), parse(payload)) else { return false };
    let is_text_or_absent = |value: &Value| value.is_null() || value.is_string();
    let has = |object: &Value, names: &str| names.split(' ').any(|name| object.get(name).is_some());
    let has_null =
        |object: &Value, names: &str| names.split(' ').any(|name| object.get(name).is_some_and(Value::is_null));
    let is_time = |value: &Value| value.as_u64().is_some_and(|seconds| seconds <= LAST);
    let typ = header["typ"].as_str().map(str::to_lowercase);
    Algorithm::NAMES.iter().any(|name| header["alg"] == *name)
        && !has(&header, "crit b64 zip")
        && !has_null(&header, "typ kid")
        && typ
            .as_deref()
            .map_or(header["typ"].is_null(), |typ| ["jwt", "jose", "client-authentication+jwt"].contains(&typ))
        && is_text_or_absent(&header["kid"])
        && !has(&claims, "cnf")
        && claims["iss"].is_string()
        && claims["sub"].is_string()
        && (claims["aud"].is_string()
            || claims["aud"].as_array().is_some_and(|list| list.len() == 1 && list[0].is_string()))
        && is_time(&claims["exp"])
        && is_time(&claims["iat"])
        && !has_null(&claims, "nbf jti")
        && (claims["nbf"].is_null() || is_time(&claims["nbf"]))
        && is_text_or_absent(&claims["jti"])
        && claims["jti"].as_str().is_none_or(|jti| (1..256).contains(&jti.chars().count()))
}

/// A valid token with one byte replaced.
fn altered(data: &[u8]) {
    static GOOD: LazyLock<String> = LazyLock::new(|| SIGNER.token_of(Algorithm::Ed25519, HEADER, PAYLOAD));
    let [high, low, byte, ..] = data else { return };
    let mut bytes = GOOD.clone().into_bytes();
    let at = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
    bytes[at] = *byte;
    let text = String::from_utf8_lossy(&bytes);
    let accepted = Jws::parse(&text).is_ok_and(|token| pollster::block_on(signer(&token, &*KEYS, &Ring)).is_some());
    assert_eq!(accepted, text == *GOOD, "{text}");
}

fn key(text: &str) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let Ok(key) = Jwk::from_json(&value) else { return };
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(value.get(name).is_none(), "a private key");
    }
    let public: Value = serde_json::from_str(&key.public_text()).expect("JSON");
    let members = public.as_object().expect("an object");
    assert!(members.iter().all(|(name, member)| value[name] == *member) && matches!(members.len(), 3 | 4));
    let stored = Value::from(key.clone());
    assert_eq!(Jwk::from_json(&stored).expect("a key"), key);
    for algorithm in key.algorithms() {
        let signature = vec![1; key.signature_length()];
        assert!(!pollster::block_on(Ring.is_valid(&key, *algorithm, b"", &signature)), "a forged signature");
    }
}

fn set(text: &str) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    // The key in a set of its own, twice, and with another.
    for value in
        [value.clone(), serde_json::json!({"keys": [value]}), serde_json::json!({"keys": [value, value, SIGNER.jwk()]})]
    {
        let Ok(set) = Set::read(&value) else { continue };
        let names: Vec<_> = set.keys.iter().map(|key| (key.kid(), key.key_type())).collect();
        assert!(
            names.len() <= KEYS_MAX
                && names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1)
        );
        assert!(
            Set::read_sent(&value).is_ok_and(|keys| keys == set.keys)
                || set.keys.is_empty()
                || !set.unusable.is_empty()
        );
    }
}

/// Required claims, and those of a token.
fn claims(required: &str, given: &str) {
    let Ok(value) = serde_json::from_str::<Value>(required) else { return };
    let Ok(required) = Claims::read(&value) else { return };
    let stored = Value::from(required.clone());
    assert_eq!(Claims::read(&stored).expect("claims"), required);
    let Ok(given) = serde_json::from_str::<Value>(given) else { return };
    for compared in required.compare(&given) {
        let is_pointer = compared.name.starts_with('/');
        let found = if is_pointer { given.pointer(compared.name) } else { given.get(compared.name) };
        assert!(!compared.matches() || found == Some(compared.expected), "{}", compared.name);
        assert!(is_pointer || compared.matches() == (found == Some(compared.expected)), "{}", compared.name);
        assert!(compared.found().is_none_or(|found| !found.is_array() && !found.is_object()));
    }
}

/// What is accepted as an issuer, or as the address of keys, is a URL of the same host for the parser of browsers.
fn url(text: &str) {
    let check = |text: &str, is_issuer: bool| {
        let url = Url::parse(text).expect("a URL");
        let (_, rest) = text.split_once("://").expect("a scheme");
        let host = rest.split(['/', '?']).next().expect("a host");
        assert!(url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
        assert!(url.fragment().is_none() && (!is_issuer || url.query().is_none()));
        if host == "localhost:9000" {
            assert_eq!((url.host_str(), url.port()), (Some("localhost"), Some(9000)));
        } else {
            assert_eq!((url.host(), url.port()), (Some(Host::Domain(host)), None));
        }
        // Nothing in the path is read otherwise.
        assert!(!is_issuer || url.as_str() == text || url.as_str() == format!("{text}/"), "{text} is {url}");
    };
    for text in
        [text, &format!("https://{text}"), &format!("https://a.example/{text}"), &format!("{DEVELOPMENT}{text}")]
    {
        for development in [None, Some(DEVELOPMENT)] {
            if let Ok(issuer) = Issuer::parse(text, development) {
                assert_eq!(issuer.as_str(), text);
                check(text, true);
                check(&issuer.discovery_url(), true);
                assert!(is_key_url(&issuer.discovery_url(), development));
            }
            if is_key_url(text, development) {
                check(text, false);
            }
        }
    }
}

fn subject(text: &str, other: &str) {
    let Ok(subject) = Subject::parse(text) else { return };
    assert_eq!(subject.as_str(), text);
    let (start, is_prefix) = text.strip_suffix('*').map_or((text, false), |start| (start, true));
    assert!(!start.is_empty() && !start.contains('*') && subject.matches(start));
    assert_eq!(subject.matches(&format!("{start}{other}")), is_prefix || other.is_empty());
    assert_eq!(subject.matches(other), other == start || is_prefix && other.starts_with(start));
}
