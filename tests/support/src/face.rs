//! The differences between the faces, so that one test covers all of them.

use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::client::Reply;

/// The three vendors' faces and the Postern face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    Coactive,
    LiteGraph,
    Keycard,
    Postern,
}

use Face::{Coactive, Keycard, LiteGraph, Postern};

impl Face {
    pub const ALL: [Self; 4] = [Coactive, LiteGraph, Keycard, Postern];

    pub fn create(self) -> &'static str {
        if self == LiteGraph { "PUT" } else { "POST" }
    }

    pub fn update(self) -> &'static str {
        if matches!(self, Keycard | Postern) { "PATCH" } else { "PUT" }
    }

    pub fn created(self) -> u16 {
        if self == LiteGraph { 200 } else { 201 }
    }

    /// The status of a deletion.
    pub fn deleted(self) -> u16 {
        self.of([200, 200, 204, 204])
    }

    /// An id in this face's spelling.
    pub fn spell(self, id: Id) -> String {
        match self {
            Coactive => id.client(),
            LiteGraph => id.guid(),
            Keycard | Postern => id.to_string(),
        }
    }

    /// The member for a credential's name.
    pub fn name(self) -> &'static str {
        if self == LiteGraph { "Name" } else { "name" }
    }

    /// The status of a violation.
    pub fn invalid(self) -> u16 {
        self.of([422, 400, 400, 422])
    }

    /// Selects this face's entry of an array in the order of [`Face::ALL`].
    pub fn of<T>(self, each: [T; 4]) -> T {
        let [coactive, litegraph, keycard, postern] = each;
        match self {
            Coactive => coactive,
            LiteGraph => litegraph,
            Keycard => keycard,
            Postern => postern,
        }
    }

    /// Status and code if the caller lacks the required right.
    pub fn forbidden(self) -> (u16, &'static str) {
        self.of([
            (403, "Only a system administrator may manage system credentials"),
            (401, "AuthorizationFailed"),
            (403, "forbidden"),
            (403, "forbidden"),
        ])
    }

    /// The code of an unknown caller, a 401.
    pub fn unauthenticated(self) -> &'static str {
        self.of(["Invalid authentication credentials", "AuthenticationFailed", "unauthorized", "unauthenticated"])
    }

    /// The code of a body that is too large, a 413.
    pub fn too_large(self) -> &'static str {
        self.of(["Request body too large: send at most 64 KiB", "TooLarge", "too_large", "too_large"])
    }

    /// Status and code of an unreadable body.
    pub fn unreadable(self) -> (u16, &'static str) {
        self.of([(422, "body json_invalid"), (400, "BadRequest"), (400, "bad_request"), (400, "unreadable")])
    }

    /// The code of a missing credential, a 404.
    pub fn no_credential(self) -> &'static str {
        self.of(["Client not found", "NotFound", "not_found", "no_credential"])
    }

    /// The code of a failed If-Match, a 412.
    pub fn stale(self) -> &'static str {
        self.of([
            "If-Match or If-None-Match does not match: read the client again and send its current ETag",
            "Conflict",
            "precondition_failed",
            "stale",
        ])
    }

    /// The code of an invalid name; `rule` is the type in Coactive's spelling.
    pub fn bad_name(self, rule: &str) -> String {
        let ours = match rule {
            "string_type" => "type",
            "string_too_long" => "too_long",
            "string_too_short" => "too_short",
            _ => "control_character",
        };
        match self {
            Coactive => format!("body.name {rule}"),
            Postern => format!("/name {ours}"),
            LiteGraph | Keycard => self.unreadable().1.to_owned(),
        }
    }

    /// Checks that an error has exactly this face's shape, and returns its code: Coactive's `detail` (for a 422 each
    /// `loc` with its `type`), LiteGraph's `Error`, Keycard's `code`, Postern's `code` (or each violation's location
    /// with its code).
    #[track_caller]
    pub fn error(self, reply: &Reply) -> String {
        let body = reply.json();
        let text = |member: &str| body[member].as_str().unwrap_or_else(|| panic!("no {member}: {reply:?}")).to_owned();
        match self {
            Coactive => {
                reply.expect_members(&["detail"]);
                match &body["detail"] {
                    Value::Array(details) => {
                        assert_eq!(reply.status, 422, "{reply:?}");
                        details.iter().map(detail).collect::<Vec<_>>().join(", ")
                    }
                    _ => text("detail"),
                }
            }
            LiteGraph => {
                let described = body.get("Description").is_some();
                let members = ["Error", "Message", "StatusCode", "Description"];
                reply.expect_members(if described { &members } else { &members[..3] });
                assert_eq!(body["StatusCode"], reply.status, "{reply:?}");
                assert_eq!(text("Message"), litegraph_message(&text("Error")), "{reply:?}");
                text("Error")
            }
            Keycard => {
                reply.expect_members(&["message", "code", "status"]);
                assert_eq!(body["status"], reply.status, "{reply:?}");
                assert!(!text("message").is_empty(), "{reply:?}");
                text("code")
            }
            Postern => {
                let all = ["type", "title", "status", "code", "detail", "violations"];
                let has: Vec<_> = all.into_iter().filter(|member| body.get(member).is_some()).collect();
                assert!(has.starts_with(&all[..4]), "{reply:?}");
                reply.expect_members(&has);
                assert_eq!(body["status"], reply.status, "{reply:?}");
                assert_eq!(text("type"), format!("urn:postern:problem:{}", text("code")), "{reply:?}");
                match body["violations"].as_array() {
                    Some(violations) => violations.iter().map(violation).collect::<Vec<_>>().join(", "),
                    None => text("code"),
                }
            }
        }
    }
}

/// Location and code of a violation on the Postern face. Its `detail` must not be empty.
fn violation(item: &Value) -> String {
    assert!(item["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{item}");
    let location = item.get("pointer").or(item.get("parameter")).and_then(Value::as_str);
    format!("{} {}", location.expect("a location"), item["code"].as_str().expect("a code"))
}

/// Checks that an error has the shape of OAuth's token endpoint, and returns its code.
#[track_caller]
pub fn oauth_error(reply: &Reply) -> String {
    reply.expect_members(&["error", "error_description"]);
    let body = reply.json();
    assert!(body["error_description"].as_str().is_some_and(|words| !words.is_empty()), "{reply:?}");
    body["error"].as_str().unwrap_or_else(|| panic!("no error: {reply:?}")).to_owned()
}

/// `loc` and `type` of an item of a 422. Its `msg` must not be empty.
fn detail(item: &Value) -> String {
    assert!(item["msg"].as_str().is_some_and(|msg| !msg.is_empty()), "{item}");
    let loc = item["loc"].as_array().expect("loc");
    let loc: Vec<_> = loc.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
    format!("{} {}", loc.join("."), item["type"].as_str().expect("type"))
}

/// The message that LiteGraph's contract defines for an error.
fn litegraph_message(error: &str) -> &'static str {
    match error {
        "AuthenticationFailed" => "Your authentication material was not accepted.",
        "AuthorizationFailed" => {
            "Your authentication material was accepted, but you are not authorized to perform this request."
        }
        "Inactive" => "Your account, credentials, or the requested resource are marked as inactive.",
        "BadRequest" => "We were unable to discern your request.  Please check your URL, query, and request body.",
        "Conflict" => "Operation failed as it would create a conflict with an existing resource.",
        "NotFound" => "The requested resource was not found.",
        "TooLarge" => "The size of your request exceeds the maximum allowed: 64 KiB.",
        other => panic!("no error of LiteGraph's: {other}"),
    }
}

/// Roles of these names, without a resource.
pub fn roles(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "role_id": name })).collect()
}

/// The access that Coactive's face gives to roles without a resource.
pub fn access_of(roles: &Value) -> &'static str {
    let has = |name: &str| roles.as_array().is_some_and(|roles| roles.contains(&json!({ "role_id": name })));
    match roles {
        Value::Null => "admin",
        _ if has("admin") => "admin",
        _ if has("editor") => "edit",
        _ if has("viewer") => "read",
        _ => "none",
    }
}
