//! The shapes of response bodies, member by member, at every depth.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// JSON with the members in their order; the map of serde_json sorts them.
#[derive(Debug)]
pub enum Ordered {
    Object(Vec<(String, Ordered)>),
    List(Vec<Ordered>),
    Value(Value),
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Ordered;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ordered, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Ordered::List(items))
            }

            fn visit_str<E>(self, text: &str) -> Result<Ordered, E> {
                Ok(Ordered::Value(text.into()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Ordered, E> {
                Ok(Ordered::Value(flag.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Ordered, E> {
                Ok(Ordered::Value(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Ordered, E> {
                Ok(Ordered::Value(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Ordered, E> {
                Ok(Ordered::Value(number.into()))
            }

            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Value(Value::Null))
            }
        }

        deserializer.deserialize_any(InOrder)
    }
}

/// The names of a JSON object's members, in order; empty for other JSON.
pub fn members(text: &str) -> Vec<String> {
    match serde_json::from_str(text) {
        Ok(Ordered::Object(members)) => members.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    }
}

/// The shape of a value, at every depth.
enum Shape {
    Null,
    Text,
    Number,
    Flag,
    /// 36 characters, lower-case.
    Guid,
    /// 26 characters of base32.
    Id,
    /// `client_` and an id.
    ClientId,
    /// With this many fractional digits.
    Time(usize),
    List(&'static Shape),
    /// These members, in this order.
    Object(&'static [Member]),
    /// Members of any name.
    Map(&'static Shape),
}

struct Member {
    name: &'static str,
    always: bool,
    shape: Shape,
}

const fn always(name: &'static str, shape: Shape) -> Member {
    Member { name, always: true, shape }
}

const fn maybe(name: &'static str, shape: Shape) -> Member {
    Member { name, always: false, shape }
}

use Shape::{ClientId, Flag, Guid, Id, List, Map, Null, Number, Object, Text, Time};

const COACTIVE_ROLE: Shape =
    Object(&[always("role_id", Text), maybe("resource", Text), maybe("resource_instance", Text)]);

const COACTIVE_CLIENT: Shape = Object(&[
    always("client_id", ClientId),
    always("client_secret", Text),
    always("name", Text),
    always("roles", List(&COACTIVE_ROLE)),
]);

const COACTIVE_ERROR: Shape = Object(&[always("detail", Text)]);

const TOKEN: Shape = Object(&[always("access_token", Text), always("token_type", Text), always("expires_in", Number)]);

const OAUTH_TOKEN: Shape = Object(&[
    always("access_token", Text),
    always("token_type", Text),
    always("expires_in", Number),
    maybe("scope", Text),
]);

const LITEGRAPH_CREDENTIAL: Shape = Object(&[
    always("GUID", Guid),
    always("TenantGUID", Guid),
    always("UserGUID", Guid),
    always("Name", Text),
    always("BearerToken", Text),
    always("Active", Flag),
    always("CreatedUtc", Time(6)),
    always("LastUpdateUtc", Time(6)),
]);

const LITEGRAPH_TIMESTAMP: Shape = Object(&[
    always("Start", Time(6)),
    always("End", Time(6)),
    always("TotalMs", Number),
    always("Messages", Object(&[])),
]);

const LITEGRAPH_ENUMERATION: Shape = Object(&[
    always("Success", Flag),
    always("Timestamp", LITEGRAPH_TIMESTAMP),
    always("MaxResults", Number),
    maybe("ContinuationToken", Guid),
    always("EndOfResults", Flag),
    always("TotalRecords", Number),
    always("RecordsRemaining", Number),
    always("Objects", List(&LITEGRAPH_CREDENTIAL)),
]);

const LITEGRAPH_ERROR: Shape =
    Object(&[always("Error", Text), always("Message", Text), always("StatusCode", Number), maybe("Description", Text)]);

const KEYCARD_ORGANIZATION: Shape = Object(&[
    always("id", Id),
    always("created_at", Time(3)),
    always("label", Text),
    always("name", Text),
    always("sso_enabled", Flag),
    always("updated_at", Time(3)),
    always("zone_id", Id),
]);

const KEYCARD_ACCOUNT: Shape = Object(&[
    always("id", Id),
    always("created_at", Time(3)),
    always("name", Text),
    always("updated_at", Time(3)),
    maybe("description", Text),
]);

const KEYCARD_CREATED: Shape = Object(&[
    always("id", Id),
    always("client_id", ClientId),
    always("client_secret", Text),
    always("created_at", Time(3)),
    always("name", Text),
    maybe("description", Text),
]);

const KEYCARD_CREDENTIAL: Shape = Object(&[
    always("id", Id),
    always("client_id", ClientId),
    always("created_at", Time(3)),
    always("name", Text),
    maybe("description", Text),
    maybe("last_used_at", Time(3)),
    // "map of resource type to map of permission to boolean"
    maybe("permissions", Map(&Map(&Flag))),
]);

const KEYCARD_LIST: Shape = Object(&[
    always("items", List(&KEYCARD_CREDENTIAL)),
    always(
        "page_info",
        Object(&[
            always("has_next_page", Flag),
            always("has_prev_page", Flag),
            maybe("end_cursor", Text),
            maybe("start_cursor", Text),
        ]),
    ),
    maybe("permissions", Map(&Map(&Flag))),
]);

const KEYCARD_ERROR: Shape = Object(&[always("message", Text), always("code", Text), always("status", Number)]);

/// The shape with this name in `tests/recorded/expected.txt`.
fn named(name: &str) -> Option<Shape> {
    Some(match name {
        "null" => Null,
        "coactive-client" => COACTIVE_CLIENT,
        "coactive-list" => List(&COACTIVE_CLIENT),
        "coactive-error" => COACTIVE_ERROR,
        "coactive-token" => TOKEN,
        "oauth-token" => OAUTH_TOKEN,
        "litegraph-credential" => LITEGRAPH_CREDENTIAL,
        "litegraph-list" => List(&LITEGRAPH_CREDENTIAL),
        "litegraph-enumeration" => LITEGRAPH_ENUMERATION,
        "litegraph-error" => LITEGRAPH_ERROR,
        "keycard-organization" => KEYCARD_ORGANIZATION,
        "keycard-account" => KEYCARD_ACCOUNT,
        "keycard-created" => KEYCARD_CREATED,
        "keycard-credential" => KEYCARD_CREDENTIAL,
        "keycard-list" => KEYCARD_LIST,
        "keycard-error" => KEYCARD_ERROR,
        _ => return None,
    })
}

/// Checks that a text is JSON of the named shape.
pub fn check(name: &str, text: &str) -> Result<(), String> {
    let shape = named(name).ok_or_else(|| format!("there is no shape {name}"))?;
    let body: Ordered = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    fits(&shape, &body, "the body")
}

/// Checks that a value has a shape. The error names the path.
fn fits(shape: &Shape, value: &Ordered, path: &str) -> Result<(), String> {
    let is = |fits: bool, what: &str| if fits { Ok(()) } else { Err(format!("{path} is not a {what}")) };
    let text = |fits: &dyn Fn(&str) -> bool, what| {
        is(matches!(value, Ordered::Value(Value::String(text)) if fits(text)), what)
    };
    match (shape, value) {
        (Null, _) => is(matches!(value, Ordered::Value(Value::Null)), "null"),
        (Number, _) => is(matches!(value, Ordered::Value(Value::Number(_))), "number"),
        (Flag, _) => is(matches!(value, Ordered::Value(Value::Bool(_))), "boolean"),
        (Text, _) => text(&|_| true, "text"),
        (Guid, _) => text(&|text| like(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"), "GUID"),
        (Id, _) => text(&is_id, "id"),
        (ClientId, _) => text(&|text| text.strip_prefix("client_").is_some_and(is_id), "client id"),
        (Time(digits), _) => text(&|text| like(text, &format!("0000-00-00T00:00:00.{}Z", "0".repeat(*digits))), "time"),
        (List(shape), Ordered::List(items)) => {
            items.iter().zip(0..).try_for_each(|(item, index)| fits(shape, item, &format!("{path}[{index}]")))
        }
        (Map(shape), Ordered::Object(members)) => {
            members.iter().try_for_each(|(name, value)| fits(shape, value, &format!("{path}.{name}")))
        }
        (Object(shapes), Ordered::Object(members)) => {
            let mut members = members.iter().peekable();
            for Member { name, always, shape } in *shapes {
                match members.next_if(|(member, _)| member == name) {
                    Some((_, value)) => fits(shape, value, &format!("{path}.{name}"))?,
                    None if *always => return Err(format!("{path} has no {name} in its position")),
                    None => {}
                }
            }
            members
                .next()
                .map_or(Ok(()), |(name, _)| Err(format!("{path} has an extra {name}, or has it out of order")))
        }
        (List(_), _) => is(false, "list"),
        (Map(_) | Object(_), _) => is(false, "object"),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte))
}

/// Whether a text matches a pattern: `0` stands for a digit, `x` for a lower-case hexadecimal digit.
fn like(text: &str, pattern: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        _ => byte == wanted,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}
