//! One table of all routes of all faces: method and path, to face and operation.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::credential::field::Noun::{self, Credential, Principal, Tenant};
use crate::credential::field::Verb::{self, Create, Merge, Replace, Revoke, Rotate};
use crate::face::{Face, coactive::Coactive, keycard::Keycard, litegraph::LiteGraph, oauth::OAuth, postern::Postern};
use crate::refusal::Refusal;
use crate::request::Method::{self, Delete, Get, Patch, Post, Put};

/// What a route does. The face says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Shows one.
    Read(Noun),
    /// Creates, replaces or merges one.
    Write(Noun, Verb),
    /// Deletes one, with all that belongs to it.
    Delete(Noun),
    /// Deletes all credentials of a tenant, or of a principal.
    DeleteAll,
    /// Shows all there are at once, up to a bound.
    List(Noun),
    /// Shows a page of them.
    Page(Noun),
    /// Shows the credential that has a token.
    FindByToken,
    /// Shows the roles that a tenant knows.
    Roles,
    /// Ends a rotation: the new secret alone holds.
    FinishRotation,
    /// Takes a rotation back: the old secret alone holds.
    CancelRotation,
    /// Lifts a revocation.
    Restore,
    /// Shows the history of a tenant, or of one of its credentials.
    History,
    /// Tells whether a token holds, whose it is, and whether it may do something.
    Verify,
    /// Tells what this server is, without asking who calls.
    Metadata,
    /// Gives an access token for a credential's id and secret.
    LogIn,
}

/// One line of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path. `{tenant}`, `{principal}`, `{credential}` and `{token}` stand for one segment each, in the face's spelling.
    pub path: &'static str,
    /// The face.
    pub face: &'static dyn Face,
    /// The operation.
    pub operation: Operation,
}

const fn route(method: Method, path: &'static str, face: &'static dyn Face, operation: Operation) -> Route {
    Route { method, path, face, operation }
}

impl Route {
    /// The names of the variable segments, in the path's order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(name)
    }

    /// Returns the path with `value` of each name in its place, percent-encoded.
    #[must_use]
    pub fn url(&self, value: impl Fn(&'static str) -> String) -> String {
        let fill = |segment| match name(segment) {
            Some(name) => utf8_percent_encode(&value(name), ENCODED).to_string(),
            None => segment.to_owned(),
        };
        self.path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }
}

/// What is percent-encoded in a segment: all but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The name of a variable segment of a pattern.
fn name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The table.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(Post,   "/api/v1/auth-management/clients",                                               &Coactive,  Operation::Write(Credential, Create)),
    route(Get,    "/api/v1/auth-management/clients",                                               &Coactive,  Operation::List(Credential)),
    route(Get,    "/api/v1/auth-management/clients/{credential}",                                  &Coactive,  Operation::Read(Credential)),
    route(Put,    "/api/v1/auth-management/clients/{credential}",                                  &Coactive,  Operation::Write(Credential, Replace)),
    route(Delete, "/api/v1/auth-management/clients/{credential}",                                  &Coactive,  Operation::Delete(Credential)),
    route(Get,    "/api/v1/auth-management/roles",                                                 &Coactive,  Operation::Roles),
    route(Post,   "/api/v0/login",                                                                 &Coactive,  Operation::LogIn),
    route(Post,   "/api/v1/login",                                                                 &Coactive,  Operation::LogIn),

    route(Put,    "/v1.0/tenants",                                                                 &LiteGraph, Operation::Write(Tenant, Create)),
    route(Get,    "/v1.0/tenants",                                                                 &LiteGraph, Operation::List(Tenant)),
    route(Get,    "/v1.0/tenants/{tenant}",                                                        &LiteGraph, Operation::Read(Tenant)),
    route(Put,    "/v1.0/tenants/{tenant}",                                                        &LiteGraph, Operation::Write(Tenant, Replace)),
    route(Delete, "/v1.0/tenants/{tenant}",                                                        &LiteGraph, Operation::Delete(Tenant)),
    route(Put,    "/v1.0/tenants/{tenant}/users",                                                  &LiteGraph, Operation::Write(Principal, Create)),
    route(Get,    "/v1.0/tenants/{tenant}/users",                                                  &LiteGraph, Operation::List(Principal)),
    route(Get,    "/v1.0/tenants/{tenant}/users/{principal}",                                      &LiteGraph, Operation::Read(Principal)),
    route(Put,    "/v1.0/tenants/{tenant}/users/{principal}",                                      &LiteGraph, Operation::Write(Principal, Replace)),
    route(Delete, "/v1.0/tenants/{tenant}/users/{principal}",                                      &LiteGraph, Operation::Delete(Principal)),
    route(Put,    "/v1.0/tenants/{tenant}/credentials",                                            &LiteGraph, Operation::Write(Credential, Create)),
    route(Get,    "/v1.0/tenants/{tenant}/credentials",                                            &LiteGraph, Operation::List(Credential)),
    route(Delete, "/v1.0/tenants/{tenant}/credentials",                                            &LiteGraph, Operation::DeleteAll),
    route(Get,    "/v1.0/tenants/{tenant}/credentials/{credential}",                               &LiteGraph, Operation::Read(Credential)),
    route(Put,    "/v1.0/tenants/{tenant}/credentials/{credential}",                               &LiteGraph, Operation::Write(Credential, Replace)),
    route(Delete, "/v1.0/tenants/{tenant}/credentials/{credential}",                               &LiteGraph, Operation::Delete(Credential)),
    route(Delete, "/v1.0/tenants/{tenant}/users/{principal}/credentials",                          &LiteGraph, Operation::DeleteAll),
    route(Delete, "/v1.0/tenants/{tenant}/credentials/{principal}/credentials",                    &LiteGraph, Operation::DeleteAll),
    route(Get,    "/v1.0/credentials/bearer/{token}",                                              &LiteGraph, Operation::FindByToken),
    route(Get,    "/v2.0/tenants/{tenant}/credentials",                                            &LiteGraph, Operation::Page(Credential)),
    route(Post,   "/v2.0/tenants/{tenant}/credentials",                                            &LiteGraph, Operation::Page(Credential)),

    route(Post,   "/organizations",                                                                &Keycard,   Operation::Write(Tenant, Create)),
    route(Get,    "/organizations",                                                                &Keycard,   Operation::Page(Tenant)),
    route(Get,    "/organizations/{tenant}",                                                       &Keycard,   Operation::Read(Tenant)),
    route(Patch,  "/organizations/{tenant}",                                                       &Keycard,   Operation::Write(Tenant, Merge)),
    route(Post,   "/organizations/{tenant}/service-accounts",                                      &Keycard,   Operation::Write(Principal, Create)),
    route(Get,    "/organizations/{tenant}/service-accounts",                                      &Keycard,   Operation::Page(Principal)),
    route(Get,    "/organizations/{tenant}/service-accounts/{principal}",                          &Keycard,   Operation::Read(Principal)),
    route(Patch,  "/organizations/{tenant}/service-accounts/{principal}",                          &Keycard,   Operation::Write(Principal, Merge)),
    route(Delete, "/organizations/{tenant}/service-accounts/{principal}",                          &Keycard,   Operation::Delete(Principal)),
    route(Post,   "/organizations/{tenant}/service-accounts/{principal}/credentials",              &Keycard,   Operation::Write(Credential, Create)),
    route(Get,    "/organizations/{tenant}/service-accounts/{principal}/credentials",              &Keycard,   Operation::Page(Credential)),
    route(Get,    "/organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", &Keycard,   Operation::Read(Credential)),
    route(Patch,  "/organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", &Keycard,   Operation::Write(Credential, Merge)),
    route(Delete, "/organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", &Keycard,   Operation::Delete(Credential)),
    route(Post,   "/service-account-token",                                                        &OAuth,     Operation::LogIn),
    route(Post,   "/oauth/token",                                                                  &OAuth,     Operation::LogIn),

    route(Post,   "/oauth/introspect",                                                             &OAuth,     Operation::Verify),
    route(Get,    "/.well-known/oauth-authorization-server",                                       &OAuth,     Operation::Metadata),

    route(Post,   "/v1/tenants",                                                                   &Postern,   Operation::Write(Tenant, Create)),
    route(Get,    "/v1/tenants",                                                                   &Postern,   Operation::Page(Tenant)),
    route(Get,    "/v1/tenants/{tenant}",                                                          &Postern,   Operation::Read(Tenant)),
    route(Put,    "/v1/tenants/{tenant}",                                                          &Postern,   Operation::Write(Tenant, Replace)),
    route(Patch,  "/v1/tenants/{tenant}",                                                          &Postern,   Operation::Write(Tenant, Merge)),
    route(Delete, "/v1/tenants/{tenant}",                                                          &Postern,   Operation::Delete(Tenant)),
    route(Post,   "/v1/tenants/{tenant}/principals",                                               &Postern,   Operation::Write(Principal, Create)),
    route(Get,    "/v1/tenants/{tenant}/principals",                                               &Postern,   Operation::Page(Principal)),
    route(Get,    "/v1/tenants/{tenant}/principals/{principal}",                                   &Postern,   Operation::Read(Principal)),
    route(Put,    "/v1/tenants/{tenant}/principals/{principal}",                                   &Postern,   Operation::Write(Principal, Replace)),
    route(Patch,  "/v1/tenants/{tenant}/principals/{principal}",                                   &Postern,   Operation::Write(Principal, Merge)),
    route(Delete, "/v1/tenants/{tenant}/principals/{principal}",                                   &Postern,   Operation::Delete(Principal)),
    route(Post,   "/v1/tenants/{tenant}/credentials",                                              &Postern,   Operation::Write(Credential, Create)),
    route(Get,    "/v1/tenants/{tenant}/credentials",                                              &Postern,   Operation::Page(Credential)),
    route(Get,    "/v1/tenants/{tenant}/credentials/{credential}",                                 &Postern,   Operation::Read(Credential)),
    route(Put,    "/v1/tenants/{tenant}/credentials/{credential}",                                 &Postern,   Operation::Write(Credential, Replace)),
    route(Patch,  "/v1/tenants/{tenant}/credentials/{credential}",                                 &Postern,   Operation::Write(Credential, Merge)),
    route(Delete, "/v1/tenants/{tenant}/credentials/{credential}",                                 &Postern,   Operation::Delete(Credential)),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/rotate",                          &Postern,   Operation::Write(Credential, Rotate)),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/rotate/finish",                   &Postern,   Operation::FinishRotation),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/rotate/cancel",                   &Postern,   Operation::CancelRotation),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/revoke",                          &Postern,   Operation::Write(Credential, Revoke)),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/restore",                         &Postern,   Operation::Restore),
    route(Get,    "/v1/tenants/{tenant}/credentials/{credential}/events",                          &Postern,   Operation::History),
    route(Get,    "/v1/tenants/{tenant}/events",                                                   &Postern,   Operation::History),
    route(Post,   "/v1/verify",                                                                    &Postern,   Operation::Verify),
];

/// What a path leads to.
pub struct Found {
    /// The face that answers, also where it has no such route.
    pub face: &'static dyn Face,
    /// The operation and the variable segments, decoded; or why there is none.
    pub route: Result<(Operation, Vec<String>), Refusal>,
}

/// Finds the route of a method and a path (still percent-encoded).
#[must_use]
pub fn find(method: Method, path: &str) -> Found {
    let mut face = face_of(path);
    let path = if face.ignores_final_slash() { path.strip_suffix('/').unwrap_or(path) } else { path };
    let mut allow = Vec::new();
    for route in ROUTES {
        if !has(route.path, path) {
            continue;
        }
        if route.method == method {
            return Found { face: route.face, route: Ok((route.operation, segments(route.path, path))) };
        }
        face = route.face;
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
    } else if under("/oauth") || under("/.well-known/oauth-authorization-server") {
        &OAuth
    } else if under("/organizations") || under("/service-account-token") {
        &Keycard
    } else {
        &Postern
    }
}

/// Whether a path has this pattern. Byte by byte, since of forty patterns most differ at the first few.
fn has(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.as_bytes(), path.as_bytes());
    loop {
        (pattern, path) = match (pattern, path) {
            ([], []) => return true,
            ([b'{', ..], [first, ..]) if *first != b'/' => (after_segment(pattern), after_segment(path)),
            ([wanted, pattern @ ..], [given, path @ ..]) if wanted == given => (pattern, path),
            _ => return false,
        }
    }
}

/// What follows the first segment.
fn after_segment(path: &[u8]) -> &[u8] {
    path.iter().position(|byte| *byte == b'/').map_or(&[], |end| path.split_at(end).1)
}

/// The variable segments of a path, decoded. One that is not UTF-8 is decoded with U+FFFD, which no id has.
fn segments(pattern: &str, path: &str) -> Vec<String> {
    let decode = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let pairs = pattern.split('/').zip(path.split('/'));
    pairs.filter(|(wanted, _)| name(wanted).is_some()).map(|(_, given)| decode(given)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Operation, ROUTES, Route, find};
    use crate::credential::field::{Noun, Verb};
    use crate::refusal::Refusal;
    use crate::request::Method;

    const NAMES: [&str; 4] = ["tenant", "principal", "credential", "token"];

    #[test]
    fn a_segment_is_decoded_after_it_was_split() {
        let found = find(Method::Get, "/v1.0/tenants/a%2Fb%20c%25%3F%23%C3%A9/credentials/..x/");
        assert_eq!(
            found.route,
            Ok((Operation::Read(Noun::Credential), vec!["a/b c%?#é".to_owned(), "..x".to_owned()]))
        );
    }

    #[test]
    fn the_url_of_a_route_leads_to_it_with_the_values_it_was_made_of() {
        for route in ROUTES {
            let value = |name: &str| format!("{name} a/b%?#é");
            let url = route.url(value);
            assert!(!url.contains(['{', ' ', '?', '#']), "{url}");
            let found = find(route.method, &url).route;
            assert_eq!(found, Ok((route.operation, route.names().map(value).collect())), "{url}");
        }
        assert!(ROUTES.iter().flat_map(Route::names).all(|name| NAMES.contains(&name)));
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
        assert_eq!(allow(Method::Other, "/api/v1/auth-management/clients/x"), "GET, HEAD, PUT, DELETE");
        assert_eq!(allow(Method::Get, "/api/v1/login"), "POST");
    }

    #[test]
    fn put_creates_or_replaces_by_its_path() {
        let operation = |path| find(Method::Put, path).route.map(|(operation, _)| operation);
        assert_eq!(operation("/v1.0/tenants/t/credentials"), Ok(Operation::Write(Noun::Credential, Verb::Create)));
        assert_eq!(operation("/v1.0/tenants/t/credentials/c"), Ok(Operation::Write(Noun::Credential, Verb::Replace)));
    }
}
