//! One table of all routes of all faces: method and path, to face and operation.

use percent_encoding::percent_decode_str;

use crate::credential::field::Verb;
use crate::face::{Face, coactive::Coactive, keycard::Keycard, litegraph::LiteGraph, postern::Postern};
use crate::refusal::Refusal;
use crate::request::Method::{self, Get, Patch, Post, Put};

/// What a route does. The face says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Makes a tenant.
    CreateTenant,
    /// Makes a principal.
    CreatePrincipal,
    /// Shows a credential.
    Read,
    /// Creates, replaces or merges a credential.
    Write(Verb),
}

/// One line of the table. `{}` in the path stands for one segment, which the face reads.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// The face.
    pub face: &'static dyn Face,
    /// The operation.
    pub operation: Operation,
}

const fn route(method: Method, path: &'static str, face: &'static dyn Face, operation: Operation) -> Route {
    Route { method, path, face, operation }
}

/// The table.
#[rustfmt::skip]
pub static ROUTES: [Route; 11] = [
    route(Post,  "/api/v1/auth-management/clients",                        &Coactive,  Operation::Write(Verb::Create)),
    route(Get,   "/api/v1/auth-management/clients/{}",                     &Coactive,  Operation::Read),
    route(Put,   "/api/v1/auth-management/clients/{}",                     &Coactive,  Operation::Write(Verb::Replace)),
    route(Put,   "/v1.0/tenants/{}/credentials",                           &LiteGraph, Operation::Write(Verb::Create)),
    route(Get,   "/v1.0/tenants/{}/credentials/{}",                        &LiteGraph, Operation::Read),
    route(Put,   "/v1.0/tenants/{}/credentials/{}",                        &LiteGraph, Operation::Write(Verb::Replace)),
    route(Post,  "/organizations",                                         &Keycard,   Operation::CreateTenant),
    route(Post,  "/organizations/{}/service-accounts",                     &Keycard,   Operation::CreatePrincipal),
    route(Post,  "/organizations/{}/service-accounts/{}/credentials",      &Keycard,   Operation::Write(Verb::Create)),
    route(Get,   "/organizations/{}/service-accounts/{}/credentials/{}",   &Keycard,   Operation::Read),
    route(Patch, "/organizations/{}/service-accounts/{}/credentials/{}",   &Keycard,   Operation::Write(Verb::Merge)),
];

/// What a path leads to.
pub struct Found {
    /// The face that answers, also where it has no such route.
    pub face: &'static dyn Face,
    /// The operation and the segments that stand for `{}`, decoded; or why there is none.
    pub route: Result<(Operation, Vec<String>), Refusal>,
}

/// Finds the route of a method and a path (still percent-encoded).
#[must_use]
pub fn find(method: Method, path: &str) -> Found {
    let face = face_of(path);
    let path = if face.ignores_final_slash() { path.strip_suffix('/').unwrap_or(path) } else { path };
    let mut allow = Vec::new();
    for route in &ROUTES {
        let Some(segments) = matches(route.path, path) else { continue };
        if route.method == method {
            return Found { face: route.face, route: Ok((route.operation, segments)) };
        }
        allow.push(route.method.name());
    }
    let refusal =
        if allow.is_empty() { Refusal::NoRoute } else { Refusal::MethodNotAllowed { allow: allow.join(", ") } };
    Found { face, route: Err(refusal) }
}

/// The face that answers for a path which leads nowhere.
fn face_of(path: &str) -> &'static dyn Face {
    let under = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if under("/api") {
        &Coactive
    } else if under("/v1.0") || under("/v2.0") {
        &LiteGraph
    } else if under("/organizations") || under("/service-account-token") {
        &Keycard
    } else {
        &Postern
    }
}

/// The decoded segments of a path that has this pattern. One that is not UTF-8 is decoded with U+FFFD, which no id has.
fn matches(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(segments),
            (Some("{}"), Some(segment)) if !segment.is_empty() => {
                segments.push(percent_decode_str(segment).decode_utf8_lossy().into_owned());
            }
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, find};
    use crate::credential::field::Verb;
    use crate::refusal::Refusal;
    use crate::request::Method;

    #[test]
    fn a_segment_is_decoded_after_it_was_split() {
        let found = find(Method::Get, "/v1.0/tenants/a%2Fb%20c%25%3F%23%C3%A9/credentials/..x/");
        assert_eq!(found.route, Ok((Operation::Read, vec!["a/b c%?#é".to_owned(), "..x".to_owned()])));
    }

    #[test]
    fn only_litegraphs_urls_may_end_in_a_slash() {
        assert!(find(Method::Put, "/v1.0/tenants/t/credentials/c/").route.is_ok());
        assert_eq!(find(Method::Post, "/organizations/").route.err(), Some(Refusal::NoRoute));
        assert_eq!(find(Method::Put, "/v1.0/tenants//credentials/c").route.err(), Some(Refusal::NoRoute));
    }

    #[test]
    fn another_method_is_told_those_there_are() {
        let allow = |method, path| match find(method, path).route {
            Err(Refusal::MethodNotAllowed { allow }) => allow,
            _ => String::new(),
        };
        assert_eq!(allow(Method::Other, "/api/v1/auth-management/clients/x"), "GET, HEAD, PUT");
        assert_eq!(allow(Method::Get, "/organizations"), "POST");
    }

    #[test]
    fn put_creates_or_replaces_by_its_path() {
        let operation = |path| find(Method::Put, path).route.map(|(operation, _)| operation);
        assert_eq!(operation("/v1.0/tenants/t/credentials"), Ok(Operation::Write(Verb::Create)));
        assert_eq!(operation("/v1.0/tenants/t/credentials/c"), Ok(Operation::Write(Verb::Replace)));
    }
}
