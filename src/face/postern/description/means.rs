//! The schemas of the bodies that add keys and trusts.

#![expect(clippy::indexing_slicing, reason = "into objects that are built here; no request runs this code")]

use serde_json::{Map, Value, json as value};

use crate::jwt::claims;
use crate::jwt::issuer::ISSUER_MAX;
use crate::jwt::set::KEYS_MAX;
use crate::jwt::subject::SUBJECT_MAX;
use crate::jwt::trust::{AUDIENCE_MAX, TOKEN_SECONDS};

/// Returns the schemas of a key to be added, by name.
pub(super) fn new_key() -> Map<String, Value> {
    // 32 bytes in base64url without padding.
    let coordinate = value!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$" });
    // 2048, 3072 or 4096 bits. Other lengths between them are accepted, too.
    let modulus = value!({
        "type": "string",
        "pattern": "^[g-z0-9_-]([A-Za-z0-9_-]{340}[AQgw]|[A-Za-z0-9_-]{511}|[A-Za-z0-9_-]{681}[AEIMQUYcgkosw048])$",
    });
    let kind = |kty: &str, members: &[(&str, &Value)], algorithms: &[&str]| {
        let mut properties = Map::new();
        properties.insert("kty".to_owned(), value!({ "type": "string", "const": kty }));
        properties.extend(members.iter().map(|(name, schema)| ((*name).to_owned(), (*schema).clone())));
        let required: Vec<_> = properties.keys().cloned().collect();
        properties.insert("alg".to_owned(), value!({ "type": "string", "enum": algorithms }));
        value!({ "type": "object", "properties": properties, "required": required })
    };
    let constant = |text: &str| value!({ "type": "string", "const": text });
    let reference = |name: &str| value!({ "$ref": format!("#/components/schemas/{name}") });
    let key = value!({
        "type": "object",
        "description": "A public JSON Web Key (RFC 7517): RSA of 2048 to 4096 bits with e = 65537, EC on P-256, or OKP with Ed25519. \
            A private member is refused. Members that do not define the key are not kept, except `kid`, and `alg` for RSA.",
        "propertyNames": { "not": { "enum": ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] } },
        "properties": {
            "kid": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$" },
            "use": { "type": "string", "enum": ["sig", "jwt-svid"] },
            "key_ops": { "type": "array", "contains": { "const": "verify" } },
        },
        "anyOf": [reference("Ed25519Key"), reference("P256Key"), reference("RsaKey")],
    });
    let new = value!({
        "type": "object",
        "additionalProperties": false,
        "required": ["jwk"],
        "properties": {
            "jwk": reference("PublicKey"),
            "expires_at": {
                "type": ["string", "null"], "format": "date-time",
                "description": "When the key expires (RFC 3339, 1970 to 2255); null is never.",
            },
        },
    });
    [
        ("NewKey", new),
        ("PublicKey", key),
        ("Ed25519Key", kind("OKP", &[("crv", &constant("Ed25519")), ("x", &coordinate)], &["EdDSA", "Ed25519"])),
        ("P256Key", kind("EC", &[("crv", &constant("P-256")), ("x", &coordinate), ("y", &coordinate)], &["ES256"])),
        ("RsaKey", kind("RSA", &[("n", &modulus), ("e", &constant("AQAB"))], &["RS256", "PS256"])),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .into_iter()
    .collect()
}

/// Returns the schemas of a trust to be added, by name.
pub(super) fn new_trust() -> Map<String, Value> {
    let printable = |min: usize, max: usize| value!({ "type": "string", "minLength": min, "maxLength": max, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$" });
    let optional = |mut schema: Value, about: &str| {
        schema["type"] = value!([schema["type"], "null"]);
        schema["description"] = about.into();
        schema
    };
    let claim = value!({ "anyOf": [
        printable(0, claims::TEXT_MAX),
        { "type": "integer", "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64 },
        { "type": "boolean" },
    ] });
    let mut claims = value!({ "type": "object", "maxProperties": claims::CLAIMS_MAX, "additionalProperties": claim });
    claims["propertyNames"] = printable(1, claims::NAME_MAX);
    claims["propertyNames"]["pattern"] =
        r"^([^/\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*|/([^~\x00-\x1f\x7f-\x9f]|~[01])*)$".into();
    let keys = value!({ "type": "array", "minItems": 1, "maxItems": KEYS_MAX, "items": { "$ref": "#/components/schemas/PublicKey" } });
    let named = |name: &str, about: &str| {
        let reference = value!({ "$ref": format!("#/components/schemas/{name}") });
        value!({ "anyOf": [reference, { "type": "null" }], "description": about })
    };
    let trust = value!({
        "type": "object",
        "additionalProperties": false,
        "required": ["issuer", "subject"],
        "properties": {
            "issuer": {
                "type": "string", "maxLength": ISSUER_MAX,
                "pattern": "^https://([a-z]([a-z0-9]{0,20}[a-z0-9])?\\.){1,5}[a-z]{2,20}(/[A-Za-z0-9_-]{1,20}){0,3}/?$",
                "description": "`iss` of the tokens: an https URL without a port, a query and percent-encoding; hosts with hyphens and other \
                    characters in paths are accepted, too. If many organizations share the issuer, `claims` must require an id of one of them.",
            },
            "subject": {
                "type": "string", "minLength": 1, "maxLength": SUBJECT_MAX,
                "pattern": r"^([^*\x00-\x1f\x7f-\x9f]+\*?)$",
                "description": "`sub` of the tokens; a final `*` accepts every subject that starts with the text before it.",
            },
            "audience": optional(printable(1, AUDIENCE_MAX), "The one `aud` of the tokens. Default: the issuer of this service."),
            "claims": named("NewClaims", "Claims that the tokens must have, each with exactly this value. A name that starts with `/` is a JSON \
                pointer (RFC 6901)."),
            "jwks": named("NewJwks", "The keys that sign the tokens. Without them, they are fetched from the issuer (OpenID Connect Discovery)."),
            "once": { "type": ["boolean", "null"], "description": "Whether each token is accepted only once, by its `jti`." },
            "token_seconds": {
                "type": ["integer", "null"], "minimum": TOKEN_SECONDS.start(), "maximum": TOKEN_SECONDS.end(),
                "description": "How many seconds access tokens are valid. Default: as long as the token that is exchanged, at most an hour.",
            },
            "expires_at": {
                "type": ["string", "null"], "format": "date-time",
                "description": "When the trust expires (RFC 3339, 1970 to 2255); null is never.",
            },
            "token": {
                "type": ["string", "null"],
                "description": "Only in a dry run: a token of the issuer, which is compared with the trust.",
            },
        },
    });
    claims["description"] = "Claims by name or JSON pointer.".into();
    let jwks = value!({
        "type": "object", "required": ["keys"], "properties": { "keys": keys }, "description": "A set of public keys (RFC 7517 §5).",
    });
    [("NewTrust", trust), ("NewClaims", claims), ("NewJwks", jwks)]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}
