//! Attacks on readers of signed tokens, by name: none is accepted, whatever the keys. Unless an attack is on the signature, the
//! signature is correct, so only the reader can reject the token.

use data_encoding::BASE64URL_NOPAD;
use postern::credential::time::Micros;
use postern::jwt::jwk::{Algorithm, Jwk};
use postern::jwt::jws::{Jws, KEY_LIFETIME_MAX, LENGTH_MAX};
use proptest::prelude::*;
use serde_json::json;
use support::jwt::{Signer, signed};

use crate::{NOW, accept, claims};

pub const UNSIGNED: &str = "is not signed by any of the keys";

/// The JSON text of valid claims, with the text of one replaced, or added.
fn payload(name: &str, value: &str) -> String {
    let mut members: Vec<_> = claims().as_object().expect("an object").clone().into_iter().collect();
    members.retain(|(member, _)| member != name);
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{},{}:{value}}}", members.join(","), json!(name))
}

fn without(name: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims.to_string()
}

/// A key, and tokens that it signs with ES256 whatever their header names.
pub struct Attacked {
    signer: Signer,
    keys: Vec<Jwk>,
}

impl Attacked {
    pub fn new() -> Self {
        let signer = Signer::p256();
        Self { keys: vec![signer.key(Some("own")), Signer::ed25519().key(Some("ed"))], signer }
    }

    fn token(&self, header: &str, payload: &str) -> String {
        self.signer.token_of(Algorithm::Es256, header, payload)
    }

    pub fn rejects(&self, attack: &str, token: &str, problem: &str) {
        let accepted = accept(token, &self.keys);
        assert!(accepted.as_ref().is_err_and(|why| why.contains(problem)), "{attack}: {accepted:?}");
    }

    fn rejects_header(&self, attack: &str, header: &str, problem: &str) {
        self.rejects(attack, &self.token(header, &claims().to_string()), problem);
    }

    fn rejects_payload(&self, attack: &str, payload: &str, problem: &str) {
        self.rejects(attack, &self.token(r#"{"alg":"ES256"}"#, payload), problem);
    }

    pub fn accepts(&self, what: &str, header: &str, payload: &str) {
        assert_eq!(accept(&self.token(header, payload), &self.keys), Ok("own".to_owned()), "{what}");
    }
}

#[test]
fn other_algorithms_are_rejected() {
    let attacked = Attacked::new();
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        "es256",
        "Es256",
        "ES256 ",
        "ES256\\u0000",
        "ES384",
        "ES512",
        "ES256K",
    ] {
        attacked.rejects_header(alg, &format!(r#"{{"alg":"{alg}"}}"#), "alg");
    }
    for alg in [
        "HS256",
        "HS512",
        "RS1",
        "RS384",
        "RS512",
        "PS384",
        "PS512",
        "Ed448",
        "ML-DSA-44",
        "dir",
        "RSA-OAEP",
        "A256GCM",
    ] {
        attacked.rejects_header(alg, &format!(r#"{{"alg":"{alg}"}}"#), "alg");
    }
    for header in [
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":{"ES256":1}}"#,
        r#"{"alg":256}"#,
        r#"{"ALG":"ES256"}"#,
    ] {
        attacked.rejects_header(header, header, "alg");
    }
    for alg in ["none", "ES256", "RS256"] {
        let unsigned = signed(&format!(r#"{{"alg":"{alg}"}}"#), &claims().to_string());
        let problem = match alg {
            "none" => "alg",
            _ => UNSIGNED,
        };
        attacked.rejects("an empty signature", &format!("{unsigned}."), problem);
    }
}

#[test]
fn critical_and_transforming_headers_are_rejected() {
    let attacked = Attacked::new();
    for member in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":["b64"],"b64":false"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""zip":"DEF""#,
        r#""zip":null"#,
    ] {
        attacked.rejects_header(member, &format!(r#"{{"alg":"ES256",{member}}}"#), "crit, b64 or zip");
    }
}

#[test]
fn type_is_one_of_four() {
    let attacked = Attacked::new();
    for typ in ["JWT", "jwt", "JOSE", "jose", "Jwt"] {
        attacked.accepts(typ, &format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#), &claims().to_string());
    }
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE+JSON", "", " JWT", "application/at+jwt"] {
        attacked.rejects_header(typ, &format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#), "typ");
    }
    for typ in ["null", "1", r#"["JWT"]"#] {
        attacked.rejects_header(typ, &format!(r#"{{"alg":"ES256","typ":{typ}}}"#), "typ");
    }
    for (typ, is_client_authentication) in
        [("client-authentication+jwt", true), ("Client-Authentication+JWT", true), ("JWT", false), ("JOSE", false)]
    {
        let token = attacked.token(&format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#), &claims().to_string());
        let read = Jws::parse(&token).map(|token| token.is_client_authentication());
        assert_eq!(read.ok(), Some(is_client_authentication), "{typ}");
    }
}

#[test]
fn duplicate_members_are_rejected_at_every_depth() {
    let attacked = Attacked::new();
    for header in [
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","\u0061lg":"none"}"#,
        r#"{"alg":"ES256","kid":"own","kid":"ed"}"#,
        r#"{"alg":"ES256","x":{"y":[{"z":1,"z":1}]}}"#,
    ] {
        attacked.rejects_header(header, header, "duplicate member");
    }
    let claims = claims().to_string();
    let body = claims.strip_suffix('}').expect("an object");
    for member in [
        r#""sub":"admin""#,
        r#""aud":"a""#,
        r#""exp":9999999999"#,
        r#""n":{"a":1,"a":2}"#,
        r#""n":[[{"a":1,"\u0061":2}]]"#,
    ] {
        attacked.rejects_payload(member, &format!("{body},{member}}}"), "duplicate member");
    }
}

#[test]
fn json_that_is_not_a_small_object_is_rejected() {
    let attacked = Attacked::new();
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    attacked.accepts("31 levels", r#"{"alg":"ES256"}"#, &payload("n", &nested(31)));
    let many = vec!["1"; 4000].join(",");
    for (attack, value) in [
        ("33 levels", nested(32)),
        ("deep lists", nested(5000)),
        ("deep objects", objects(1500)),
        ("unclosed lists", "[".repeat(9000)),
        ("many values", format!("[{many}]")),
        ("not a number", "NaN".to_owned()),
        ("a comment", "1/**/".to_owned()),
        ("half a surrogate pair", r#""\ud800""#.to_owned()),
        ("an infinite number", "1e999".to_owned()),
    ] {
        attacked.rejects_payload(attack, &payload("n", &value), "JSON object");
    }
    for text in [
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"ES256\"",
        "{",
        "{}{}",
        "{'alg':'ES256'}",
        "\u{feff}{\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\"}\0",
    ] {
        attacked.rejects_header(text, text, "JSON object");
        attacked.rejects_payload(text, text, "JSON object");
    }
    for bytes in [b"{\"alg\":\"ES256\",\"a\":\"\xff\"}".as_slice(), b"\xff", b"\xef\xbb\xbf{\"alg\":\"ES256\"}"] {
        let part = BASE64URL_NOPAD.encode(bytes);
        attacked.rejects("not UTF-8", &format!("{part}.e30.AAAA"), "JSON object");
        attacked.rejects("not UTF-8", &format!("eyJhbGciOiJFUzI1NiJ9.{part}.AAAA"), "JSON object");
    }
}

#[test]
fn claims_of_other_types_are_rejected() {
    let attacked = Attacked::new();
    let header = r#"{"alg":"ES256"}"#;
    let not_text = ["null", "1", "true", "[]", r#"["a"]"#, r#"{"a":1}"#];
    for name in ["iss", "sub"] {
        attacked.rejects_payload(name, &without(name), "iss or sub");
        for value in not_text {
            attacked.rejects_payload(value, &payload(name, value), "iss or sub");
        }
    }
    attacked.rejects_payload("aud", &without("aud"), "aud");
    attacked.accepts("a list of one", header, &payload("aud", r#"["https://postern.example"]"#));
    for value in
        ["null", "1", "true", "[]", "[1]", "[null]", r#"["a","b"]"#, r#"["a","a"]"#, r#"[["a"]]"#, r#"{"a":1}"#]
    {
        attacked.rejects_payload(value, &payload("aud", value), "exactly one aud");
    }
    // Neither a number that only equals an integer, nor one that a reader could round.
    let not_times = [
        "null",
        "true",
        "[]",
        "{}",
        "\"1795219260\"",
        "1795219260.0",
        "1.79521926e9",
        "1795219260.5",
        "-1",
        "-0",
        "9007199255",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "1e300",
    ];
    for name in ["exp", "iat"] {
        attacked.rejects_payload(name, &without(name), "exp or iat");
        for value in not_times {
            attacked.rejects_payload(value, &payload(name, value), "exp or iat");
        }
    }
    attacked.accepts("without nbf", header, &claims().to_string());
    attacked.accepts("with nbf", header, &payload("nbf", &NOW.to_string()));
    for value in not_times {
        attacked.rejects_payload(value, &payload("nbf", value), "nbf");
    }
    attacked.accepts("the longest jti", header, &payload("jti", &json!("é".repeat(255)).to_string()));
    for value in ["null", "1", "[]", r#"["a"]"#, r#""""#, &json!("a".repeat(256)).to_string()] {
        attacked.rejects_payload(value, &payload("jti", value), "jti");
    }
    for value in ["null", "1", "[]", r#"["own"]"#, "{}"] {
        attacked.rejects_header(value, &format!(r#"{{"alg":"ES256","kid":{value}}}"#), "kid");
    }
    for value in [r#"{"jkt":"a"}"#, "null", "{}"] {
        attacked.rejects_payload(value, &payload("cnf", value), "cnf");
    }
}

#[test]
fn only_the_compact_form_is_read() {
    let attacked = Attacked::new();
    let token = attacked.token(r#"{"alg":"ES256"}"#, &claims().to_string());
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    assert!(accept(&token, &attacked.keys).is_ok());
    for (attack, text) in [
        ("nothing", String::new()),
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("only dots", "..".to_owned()),
        ("many dots", ".".repeat(LENGTH_MAX)),
        ("four parts", format!("{token}.{signature}")),
        ("five parts, as in JWE", format!("{header}.{payload}.{signature}.{payload}.{signature}")),
        ("an empty part first", format!(".{token}")),
        ("an empty part last", format!("{token}.")),
        ("no header", format!(".{payload}.{signature}")),
        ("no payload", format!("{header}..{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("padded header", format!("{header}=.{payload}.{signature}")),
        ("padded payload", format!("{header}.{payload}==.{signature}")),
        ("padded signature", format!("{token}==")),
        ("percent-encoded padding", format!("{token}%3D%3D")),
        ("space before", format!(" {token}")),
        ("space after", format!("{token} ")),
        ("line break after", format!("{token}\n")),
        ("line break inside", format!("{header}.\r\n{payload}.{signature}")),
        ("tab inside", format!("{header}.{payload}\t.{signature}")),
        ("null byte", format!("{token}\0")),
        ("scheme", format!("Bearer {token}")),
        ("quoted", format!("\"{token}\"")),
        ("JSON serialization", json!({"payload": payload, "protected": header, "signature": signature}).to_string()),
        ("not ASCII", format!("{header}.{payload}.é{signature}")),
        ("standard alphabet", format!("{header}.{payload}.+/{}", &signature[2..])),
        ("a letter too many", format!("{token}A")),
        ("a letter too few", token[..token.len() - 1].to_owned()),
        ("parts in another order", format!("{payload}.{header}.{signature}")),
        (
            "unprotected header",
            format!("{}.{payload}.{signature}", BASE64URL_NOPAD.encode(br#"{"alg":"ES256","kid":"own"}"#)),
        ),
        (
            "other payload",
            format!(
                "{header}.{}.{signature}",
                BASE64URL_NOPAD.encode(without("nbf").replace("job:1", "job:2").as_bytes())
            ),
        ),
    ] {
        let accepted = accept(&text, &attacked.keys);
        assert!(accepted.is_err(), "{attack}: {accepted:?}");
    }
}

/// The last letter of a part may have bits that do not belong to a byte. If they could differ, a token would have many spellings.
#[test]
fn trailing_bits_are_rejected() {
    let attacked = Attacked::new();
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut spellings = 0;
    for part in 0..3 {
        for padding in ["", " ", "  "] {
            let token = attacked.token(&format!(r#"{{"alg":"ES256"{padding}}}"#), &format!("{padding}{}", claims()));
            let parts: Vec<_> = token.split('.').collect();
            let (start, last) = parts[part].split_at(parts[part].len() - 1);
            for letter in letters.iter().filter(|letter| last.as_bytes() != [**letter]) {
                let mut parts = parts.clone();
                let changed = format!("{start}{}", char::from(*letter));
                parts[part] = &changed;
                assert!(accept(&parts.join("."), &attacked.keys).is_err(), "{changed} for {last}");
                spellings += 1;
            }
        }
    }
    assert_eq!(spellings, 3 * 3 * 63);
}

#[test]
fn token_above_16_kib_is_rejected_unread() {
    let attacked = Attacked::new();
    let payload_of = |length: usize| payload("fill", &json!("a".repeat(length)).to_string());
    let of_length = |length: usize| {
        let headers = (0..4).map(|spaces| format!(r#"{{"alg":"ES256"{}}}"#, " ".repeat(spaces)));
        let parts = headers.flat_map(|header| (12_000..12_200).map(move |fill| (header.clone(), payload_of(fill))));
        // A signature of 64 bytes has 86 letters.
        let found = parts.into_iter().find(|(header, payload)| signed(header, payload).len() + 1 + 86 == length);
        let (header, payload) = found.expect("a token of this length");
        attacked.token(&header, &payload)
    };
    assert!(accept(&of_length(LENGTH_MAX), &attacked.keys).is_ok());
    attacked.rejects("one more byte", &of_length(LENGTH_MAX + 1), "16 KiB");
    for text in ["a", ".", "{", "e30.", "=", "é"] {
        attacked.rejects("1 MB", &text.repeat(1_000_000), "16 KiB");
    }
}

#[test]
fn times_are_judged_to_the_second() {
    let attacked = Attacked::new();
    let max = KEY_LIFETIME_MAX;
    for (iat, exp, nbf, right) in [
        (NOW, NOW + 1, None, true),
        (NOW - 10, NOW, None, false),
        (NOW - 10, NOW - 1, None, false),
        (NOW + 60, NOW + 70, None, true),
        (NOW + 61, NOW + 70, None, false),
        (NOW, NOW + max, None, true),
        (NOW, NOW + max + 1, None, false),
        (NOW - max, NOW + 1, None, false),
        (NOW + 20, NOW + 20, None, false),
        (NOW + 20, NOW + 10, None, false),
        (NOW, NOW + 60, Some(NOW + 60), true),
        (NOW, NOW + 600, Some(NOW + 61), false),
        (NOW, NOW + 60, Some(0), true),
        (0, 0, None, false),
        (0, 9_007_199_254, None, false),
        (NOW, 9_007_199_254, Some(9_007_199_254), false),
    ] {
        let mut claims = claims();
        claims["iat"] = iat.into();
        claims["exp"] = exp.into();
        if let Some(nbf) = nbf {
            claims["nbf"] = nbf.into();
        }
        let token = attacked.token(r#"{"alg":"ES256"}"#, &claims.to_string());
        let token = Jws::parse(&token).map_err(|rejection| rejection.problem).expect("readable");
        let judged = token.judge_times(Micros(NOW * 1_000_000), max);
        assert_eq!(judged.is_ok(), right, "{claims}: {judged:?}");
        assert!(token.judge_times(Micros(i64::MAX), max).is_err() && token.judge_times(Micros(i64::MIN), max).is_err());
    }
}

proptest! {
    #[test]
    fn reader_never_panics(text: String, parts in "[A-Za-z0-9_=.-]{0,200}", json in "[\\[\\]{}\",:a0\\\\u ]{0,60}") {
        let _ = Jws::parse(&text);
        let _ = Jws::parse(&parts);
        let _ = Jws::parse(&format!("{}.AA", signed(&json, &json)));
        let _ = Jws::parse(&format!("{}.AA", signed(r#"{"alg":"ES256"}"#, &json)));
    }
}
