//! What the tests say of the three faces, so that one test asks the same of each.

use serde_json::{Value, json};

use super::server::Reply;

/// A face that a vendor's client speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    Coactive,
    LiteGraph,
    Keycard,
}

use Face::{Coactive, Keycard, LiteGraph};

impl Face {
    pub const ALL: [Self; 3] = [Coactive, LiteGraph, Keycard];

    pub fn create(self) -> &'static str {
        if self == LiteGraph { "PUT" } else { "POST" }
    }

    pub fn update(self) -> &'static str {
        if self == Keycard { "PATCH" } else { "PUT" }
    }

    pub fn created(self) -> u16 {
        if self == LiteGraph { 200 } else { 201 }
    }

    /// The status of a deletion.
    pub fn deleted(self) -> u16 {
        self.of([200, 200, 204])
    }

    /// The member that names a credential.
    pub fn name(self) -> &'static str {
        if self == LiteGraph { "Name" } else { "name" }
    }

    /// The status of a violation.
    pub fn invalid(self) -> u16 {
        if self == Coactive { 422 } else { 400 }
    }

    /// What is this face's of what each has, in the order of [`Face::ALL`].
    pub fn of<T>(self, each: [T; 3]) -> T {
        let [coactive, litegraph, keycard] = each;
        match self {
            Coactive => coactive,
            LiteGraph => litegraph,
            Keycard => keycard,
        }
    }

    /// The status of "the caller may never do this", and the word for it.
    pub fn forbidden(self) -> (u16, &'static str) {
        self.of([
            (403, "Only a system administrator may manage system credentials"),
            (401, "AuthorizationFailed"),
            (403, "forbidden"),
        ])
    }

    /// The word for an unknown caller; its status is 401.
    pub fn unauthenticated(self) -> &'static str {
        self.of(["Invalid authentication credentials", "AuthenticationFailed", "unauthorized"])
    }

    /// The word for a body that is too large; its status is 413.
    pub fn too_large(self) -> &'static str {
        self.of(["Request body too large: 64 KiB at most", "TooLarge", "too_large"])
    }

    /// The word for a body that cannot be read; its status is that of a violation.
    pub fn unreadable(self) -> &'static str {
        self.of(["body json_invalid", "BadRequest", "bad_request"])
    }

    /// The word for a name that breaks a rule; `rule` in Coactive's type.
    pub fn bad_name(self, rule: &str) -> String {
        if self == Coactive { format!("body.name {rule}") } else { self.unreadable().to_owned() }
    }

    /// Checks that a refusal has this face's shape, whole, and gives the word that tells which one it is: Coactive's
    /// `detail` (of a 422 each `loc` with its `type`), LiteGraph's `Error`, Keycard's `code`.
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
        }
    }
}

/// Checks that a refusal has the shape of OAuth's token endpoint, and gives its word.
#[track_caller]
pub fn oauth_error(reply: &Reply) -> String {
    reply.expect_members(&["error", "error_description"]);
    let body = reply.json();
    assert!(body["error_description"].as_str().is_some_and(|words| !words.is_empty()), "{reply:?}");
    body["error"].as_str().unwrap_or_else(|| panic!("no error: {reply:?}")).to_owned()
}

/// One item of a 422: `loc` and `type`; `msg` has to be there.
fn detail(item: &Value) -> String {
    assert!(item["msg"].as_str().is_some_and(|msg| !msg.is_empty()), "{item}");
    let loc = item["loc"].as_array().expect("loc");
    let loc: Vec<_> = loc.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
    format!("{} {}", loc.join("."), item["type"].as_str().expect("type"))
}

/// The message that the contract gives for an error.
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
