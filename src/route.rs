//! One table of all routes of all faces: method and path, to face, operation and required right.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::caller::Rank::{self, Admin, Anyone, Editor, Reader, Root, Verifier};
use crate::credential::field::Noun::{Credential, Principal, Tenant};
use crate::credential::field::Verb::{Create, Merge, Replace, Revoke, Rotate};
use crate::credential::means::Means::{Key, Trust};
use crate::face::Face;
use crate::face::coactive::{self, COACTIVE};
use crate::face::keycard::{self, KEYCARD};
use crate::face::litegraph::{self, LITEGRAPH};
use crate::face::oauth::{self, OAUTH};
use crate::face::postern::{self, POSTERN, inquiry, means, one_off, trusts};
pub use crate::operation::Operation;
use crate::operation::Operation::{
    AddMeans, Alive, Authorize, CancelRotation, DeleteAll, FindByToken, FinishRotation, History, List, ListMeans,
    LogIn, Metadata, Page, Read, Ready, RemoveMeans, Restore, Roles, Verify, Write,
};
use crate::operation::{Handler, RenderDry};
use crate::refusal::Refusal;
use crate::request::Method::{self, Delete, Get, Patch, Post, Put};

/// One line of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path. `{tenant}`, `{principal}`, `{credential}`, `{key}`, `{trust}` and `{token}` stand for one segment each, in the face's
    /// spelling.
    pub path: &'static str,
    /// The face.
    pub face: &'static Face,
    /// The operation.
    pub operation: Operation,
    /// The lowest rank that may call the route.
    pub right: Rank,
    /// The query parameters that the operation has, other than those that its own reader reads.
    pub query: &'static [&'static str],
    /// Renders a dry run, on a route that can be one: `?dry_run=true`.
    pub dry_run: Option<RenderDry>,
}

const fn route(method: Method, path: &'static str, face: &'static Face, operation: Operation, right: Rank) -> Route {
    // A one-off operation brings its own renderer.
    if let Read(noun) | Write(noun, _) | Operation::Delete(noun) | List(noun, _) | Page(noun, _) = operation {
        assert!(face.renders(noun), "the face has no view of the route's noun");
    } else if let FindByToken | FinishRotation | CancelRotation | Restore = operation {
        assert!(face.renders(Credential), "the face has no view of credentials");
    }
    Route { method, path, face, operation, right, query: &[], dry_run: None }
}

impl Route {
    /// The same route with these query parameters.
    const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    /// The same route, which can be a dry run.
    const fn dry_run(self, render: Handler<RenderDry>) -> Self {
        Self { query: &["dry_run"], dry_run: Some(render.0), ..self }
    }

    /// Whether it is about the caller's own credential, which no segment of the path names.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.path == "/v1/self" || self.path.starts_with("/v1/self/")
    }

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

/// The characters that are percent-encoded in a segment: all except the unreserved ones (RFC 3986 §2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The name of a variable segment of a pattern.
fn name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The table.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(Post,   "/api/v1/auth-management/clients",                                               &COACTIVE,  Write(Credential, Create),         Admin),
    route(Get,    "/api/v1/auth-management/clients",                                               &COACTIVE,  List(Credential, coactive::PAGE),  Admin),
    route(Get,    "/api/v1/auth-management/clients/{credential}",                                  &COACTIVE,  Read(Credential),                  Admin),
    route(Put,    "/api/v1/auth-management/clients/{credential}",                                  &COACTIVE,  Write(Credential, Replace),        Admin),
    route(Delete, "/api/v1/auth-management/clients/{credential}",                                  &COACTIVE,  Operation::Delete(Credential),     Admin),
    route(Get,    "/api/v1/auth-management/roles",                                                 &COACTIVE,  Roles(coactive::ROLES),            Admin),
    route(Post,   "/api/v0/login",                                                                 &COACTIVE,  LogIn(coactive::LOG_IN),           Anyone),
    route(Post,   "/api/v1/login",                                                                 &COACTIVE,  LogIn(coactive::LOG_IN),           Anyone),

    route(Put,    "/v1.0/tenants",                                                                 &LITEGRAPH, Write(Tenant, Create),             Root),
    route(Get,    "/v1.0/tenants",                                                                 &LITEGRAPH, List(Tenant, litegraph::LIST),     Admin),
    route(Get,    "/v1.0/tenants/{tenant}",                                                        &LITEGRAPH, Read(Tenant),                      Admin),
    route(Put,    "/v1.0/tenants/{tenant}",                                                        &LITEGRAPH, Write(Tenant, Replace),            Admin),
    route(Delete, "/v1.0/tenants/{tenant}",                                                        &LITEGRAPH, Operation::Delete(Tenant),         Root).query(&["force"]),
    route(Put,    "/v1.0/tenants/{tenant}/users",                                                  &LITEGRAPH, Write(Principal, Create),          Admin),
    route(Get,    "/v1.0/tenants/{tenant}/users",                                                  &LITEGRAPH, List(Principal, litegraph::LIST),  Admin),
    route(Get,    "/v1.0/tenants/{tenant}/users/{principal}",                                      &LITEGRAPH, Read(Principal),                   Admin),
    route(Put,    "/v1.0/tenants/{tenant}/users/{principal}",                                      &LITEGRAPH, Write(Principal, Replace),         Admin),
    route(Delete, "/v1.0/tenants/{tenant}/users/{principal}",                                      &LITEGRAPH, Operation::Delete(Principal),      Admin),
    route(Put,    "/v1.0/tenants/{tenant}/credentials",                                            &LITEGRAPH, Write(Credential, Create),         Admin),
    route(Get,    "/v1.0/tenants/{tenant}/credentials",                                            &LITEGRAPH, List(Credential, litegraph::LIST), Admin),
    route(Delete, "/v1.0/tenants/{tenant}/credentials",                                            &LITEGRAPH, DeleteAll,                         Admin),
    route(Get,    "/v1.0/tenants/{tenant}/credentials/{credential}",                               &LITEGRAPH, Read(Credential),                  Admin),
    route(Put,    "/v1.0/tenants/{tenant}/credentials/{credential}",                               &LITEGRAPH, Write(Credential, Replace),        Admin),
    route(Delete, "/v1.0/tenants/{tenant}/credentials/{credential}",                               &LITEGRAPH, Operation::Delete(Credential),     Admin),
    route(Delete, "/v1.0/tenants/{tenant}/users/{principal}/credentials",                          &LITEGRAPH, DeleteAll,                         Admin),
    route(Delete, "/v1.0/tenants/{tenant}/credentials/{principal}/credentials",                    &LITEGRAPH, DeleteAll,                         Admin),
    route(Get,    "/v1.0/credentials/bearer/{token}",                                              &LITEGRAPH, FindByToken,                       Admin),
    route(Get,    "/v2.0/tenants/{tenant}/credentials",                                            &LITEGRAPH, Page(Credential, litegraph::PAGE), Admin),
    route(Post,   "/v2.0/tenants/{tenant}/credentials",                                            &LITEGRAPH, Page(Credential, litegraph::PAGE), Admin),

    route(Post,   "/organizations",                                                                &KEYCARD,   Write(Tenant, Create),             Root),
    route(Get,    "/organizations",                                                                &KEYCARD,   Page(Tenant, keycard::PAGE),       Reader),
    route(Get,    "/organizations/{tenant}",                                                       &KEYCARD,   Read(Tenant),                      Reader),
    route(Patch,  "/organizations/{tenant}",                                                       &KEYCARD,   Write(Tenant, Merge),              Admin),
    route(Post,   "/organizations/{tenant}/service-accounts",                                      &KEYCARD,   Write(Principal, Create),          Admin),
    route(Get,    "/organizations/{tenant}/service-accounts",                                      &KEYCARD,   Page(Principal, keycard::PAGE),    Reader),
    route(Get,    "/organizations/{tenant}/service-accounts/{principal}",                          &KEYCARD,   Read(Principal),                   Reader),
    route(Patch,  "/organizations/{tenant}/service-accounts/{principal}",                          &KEYCARD,   Write(Principal, Merge),           Editor),
    route(Delete, "/organizations/{tenant}/service-accounts/{principal}",                          &KEYCARD,   Operation::Delete(Principal),      Admin),
    route(Post,   "/organizations/{tenant}/service-accounts/{principal}/credentials",              &KEYCARD,   Write(Credential, Create),         Admin),
    route(Get,    "/organizations/{tenant}/service-accounts/{principal}/credentials",              &KEYCARD,   Page(Credential, keycard::PAGE),   Reader),
    route(Get,    "/organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", &KEYCARD,   Read(Credential),                  Reader),
    route(Patch,  "/organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", &KEYCARD,   Write(Credential, Merge),          Editor),
    route(Delete, "/organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", &KEYCARD,   Operation::Delete(Credential),     Admin),
    route(Post,   "/service-account-token",                                                        &OAUTH,     LogIn(oauth::LOG_IN),              Anyone),
    route(Post,   "/oauth/token",                                                                  &OAUTH,     LogIn(oauth::LOG_IN),              Anyone),

    route(Post,   "/oauth/introspect",                                                             &OAUTH,     Verify(oauth::VERIFY),             Verifier),
    route(Get,    "/.well-known/oauth-authorization-server",                                       &OAUTH,     Metadata(oauth::METADATA),         Anyone),

    route(Post,   "/v1/tenants",                                                                   &POSTERN,   Write(Tenant, Create),             Root),
    route(Get,    "/v1/tenants",                                                                   &POSTERN,   Page(Tenant, postern::PAGE),       Reader).query(&["limit", "cursor", "sort"]),
    route(Get,    "/v1/tenants/{tenant}",                                                          &POSTERN,   Read(Tenant),                      Reader),
    route(Put,    "/v1/tenants/{tenant}",                                                          &POSTERN,   Write(Tenant, Replace),            Admin),
    route(Patch,  "/v1/tenants/{tenant}",                                                          &POSTERN,   Write(Tenant, Merge),              Admin),
    route(Delete, "/v1/tenants/{tenant}",                                                          &POSTERN,   Operation::Delete(Tenant),         Root).query(&["force"]),
    route(Post,   "/v1/tenants/{tenant}/principals",                                               &POSTERN,   Write(Principal, Create),          Admin),
    route(Get,    "/v1/tenants/{tenant}/principals",                                               &POSTERN,   Page(Principal, postern::PAGE),    Reader).query(&["limit", "cursor", "sort"]),
    route(Get,    "/v1/tenants/{tenant}/principals/{principal}",                                   &POSTERN,   Read(Principal),                   Reader),
    route(Put,    "/v1/tenants/{tenant}/principals/{principal}",                                   &POSTERN,   Write(Principal, Replace),         Editor),
    route(Patch,  "/v1/tenants/{tenant}/principals/{principal}",                                   &POSTERN,   Write(Principal, Merge),           Editor),
    route(Delete, "/v1/tenants/{tenant}/principals/{principal}",                                   &POSTERN,   Operation::Delete(Principal),      Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials",                                              &POSTERN,   Write(Credential, Create),         Admin),
    route(Get,    "/v1/tenants/{tenant}/credentials",                                              &POSTERN,   Page(Credential, postern::PAGE),   Reader).query(postern::FILTERS),
    route(Get,    "/v1/tenants/{tenant}/credentials/{credential}",                                 &POSTERN,   Read(Credential),                  Reader),
    route(Put,    "/v1/tenants/{tenant}/credentials/{credential}",                                 &POSTERN,   Write(Credential, Replace),        Editor).dry_run(one_off::DRY_RUN),
    route(Patch,  "/v1/tenants/{tenant}/credentials/{credential}",                                 &POSTERN,   Write(Credential, Merge),          Editor).dry_run(one_off::DRY_RUN),
    route(Delete, "/v1/tenants/{tenant}/credentials/{credential}",                                 &POSTERN,   Operation::Delete(Credential),     Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/rotate",                          &POSTERN,   Write(Credential, Rotate),         Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/rotate/finish",                   &POSTERN,   FinishRotation,                    Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/rotate/cancel",                   &POSTERN,   CancelRotation,                    Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/revoke",                          &POSTERN,   Write(Credential, Revoke),         Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/restore",                         &POSTERN,   Restore,                           Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/keys",                            &POSTERN,   AddMeans(Key, means::ADD_KEY),      Admin),
    route(Get,    "/v1/tenants/{tenant}/credentials/{credential}/keys",                            &POSTERN,   ListMeans(Key, means::LIST_KEYS),   Reader),
    route(Delete, "/v1/tenants/{tenant}/credentials/{credential}/keys/{key}",                      &POSTERN,   RemoveMeans(Key),                  Admin),
    route(Post,   "/v1/tenants/{tenant}/credentials/{credential}/trusts",                          &POSTERN,   AddMeans(Trust, trusts::ADD_TRUST),  Admin).dry_run(one_off::DRY_RUN),
    route(Get,    "/v1/tenants/{tenant}/credentials/{credential}/trusts",                          &POSTERN,   ListMeans(Trust, trusts::LIST_TRUSTS), Reader),
    route(Delete, "/v1/tenants/{tenant}/credentials/{credential}/trusts/{trust}",                  &POSTERN,   RemoveMeans(Trust),                Admin),
    route(Get,    "/v1/tenants/{tenant}/credentials/{credential}/events",                          &POSTERN,   History(one_off::HISTORY),         Reader).query(&["limit", "cursor"]),
    route(Get,    "/v1/tenants/{tenant}/principals/{principal}/events",                            &POSTERN,   History(one_off::HISTORY),         Reader).query(&["limit", "cursor"]),
    route(Get,    "/v1/tenants/{tenant}/events",                                                   &POSTERN,   History(one_off::HISTORY),         Reader).query(&["limit", "cursor"]),
    route(Get,    "/v1/self",                                                                      &POSTERN,   Read(Credential),                  Anyone),
    route(Post,   "/v1/self/rotate",                                                               &POSTERN,   Write(Credential, Rotate),         Anyone),
    route(Post,   "/v1/self/revoke",                                                               &POSTERN,   Write(Credential, Revoke),         Anyone),
    route(Post,   "/v1/verify",                                                                    &POSTERN,   Verify(inquiry::VERIFY),           Verifier),
    route(Post,   "/v1/verify/batch",                                                              &POSTERN,   Verify(inquiry::VERIFY_BATCH),     Verifier),
    route(Get,    "/v1/authorize",                                                                 &POSTERN,   Authorize(inquiry::AUTHORIZE),     Verifier).query(inquiry::PARAMETERS),
    route(Get,    "/healthz",                                                                      &POSTERN,   Alive(one_off::ALIVE),             Anyone),
    route(Get,    "/readyz",                                                                       &POSTERN,   Ready(one_off::READY),             Anyone),
];

/// The right that a face requires for an operation; `None` if the face has no route for it.
#[must_use]
pub fn required_right(face: &'static Face, operation: Operation) -> Option<Rank> {
    let is_it = |route: &&Route| std::ptr::eq(route.face, face) && route.operation == operation;
    ROUTES.iter().find(is_it).map(|route| route.right)
}

/// The result of a lookup by method and path.
pub struct Found {
    /// The face that renders the response, even if it has no such route.
    pub face: &'static Face,
    /// The route, or the refusal (404 or 405).
    pub route: Result<Matched, Refusal>,
}

/// A route, and its variable segments by name, decoded.
pub struct Matched {
    /// The route.
    pub route: &'static Route,
    /// The segments, in the path's order.
    pub segments: Vec<(&'static str, String)>,
}

/// Finds the route of a method and a path (still percent-encoded).
#[must_use]
pub fn find(method: Method, path: &str) -> Found {
    let without_slash = path.strip_suffix('/').unwrap_or(path);
    let (mut face, mut allow) = (None, Vec::new());
    for route in ROUTES {
        let path = if route.face.ignores_final_slash { without_slash } else { path };
        if !has(route.path, path) {
            continue;
        }
        if route.method == method {
            return Found { face: route.face, route: Ok(Matched { route, segments: segments(route.path, path) }) };
        }
        face = Some(route.face);
        allow.push(route.method.allow());
    }
    let refusal =
        if allow.is_empty() { Refusal::NoRoute } else { Refusal::MethodNotAllowed { allow: allow.join(", ") } };
    Found { face: face.unwrap_or_else(|| face_of(path)), route: Err(refusal) }
}

/// Returns the face that renders the error for a path without a route: the face with a matching prefix, or our own.
fn face_of(path: &str) -> &'static Face {
    ROUTES.iter().map(|route| route.face).find(|face| face.has_path(path)).unwrap_or(&POSTERN)
}

/// Returns whether a path matches a pattern. Compares byte by byte, since most patterns differ in the first few bytes.
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

/// Returns the path after its first segment.
fn after_segment(path: &[u8]) -> &[u8] {
    path.iter().position(|byte| *byte == b'/').map_or(&[], |end| path.split_at(end).1)
}

/// Returns the variable segments of a path by name, decoded. A segment that is not UTF-8 is decoded with U+FFFD, which
/// no id has.
fn segments(pattern: &'static str, path: &str) -> Vec<(&'static str, String)> {
    let decode = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let pairs = pattern.split('/').zip(path.split('/'));
    pairs.filter_map(|(wanted, given)| Some((name(wanted)?, decode(given)))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Operation, POSTERN, ROUTES, Route, find};
    use crate::credential::field::{Noun, Verb};
    use crate::refusal::Refusal;
    use crate::request::Method;

    const NAMES: [&str; 6] = ["tenant", "principal", "credential", "key", "trust", "token"];

    #[test]
    fn path_segments_are_decoded_after_splitting() {
        let found = find(Method::Get, "/v1.0/tenants/a%2Fb%20c%25%3F%23%C3%A9/credentials/..x/");
        let found = found.route.map_err(drop).expect("a route");
        assert_eq!(found.route.operation, Operation::Read(Noun::Credential));
        assert_eq!(found.segments, [("tenant", "a/b c%?#é".to_owned()), ("credential", "..x".to_owned())]);
    }

    #[test]
    fn url_of_a_route_resolves_to_that_route_and_its_values() {
        for route in ROUTES {
            let value = |name: &str| format!("{name} a/b%?#é");
            let url = route.url(value);
            assert!(!url.contains(['{', ' ', '?', '#']), "{url}");
            let found = find(route.method, &url).route.map_err(drop).expect("a route");
            assert!(std::ptr::eq(found.route, route), "{url}");
            assert_eq!(found.segments, route.names().map(|name| (name, value(name))).collect::<Vec<_>>(), "{url}");
        }
        assert!(ROUTES.iter().flat_map(Route::names).all(|name| NAMES.contains(&name)));
    }

    #[test]
    fn every_path_belongs_to_exactly_one_face() {
        let faces = || ROUTES.iter().map(|route| route.face);
        for route in ROUTES {
            let has = faces().find(|face| face.has_path(route.path)).expect(route.path);
            assert!(faces().all(|face| face.has_path(route.path) == std::ptr::eq(face, has)), "{}", route.path);
        }
        assert!(std::ptr::eq(find(Method::Get, "/nowhere").face, &raw const POSTERN));
    }

    #[test]
    fn only_litegraph_urls_may_end_in_a_slash() {
        assert!(find(Method::Put, "/v1.0/tenants/t/credentials/c/").route.is_ok());
        assert_eq!(find(Method::Post, "/organizations/").route.err(), Some(Refusal::NoRoute));
        assert_eq!(find(Method::Put, "/v1.0/tenants//credentials/c").route.err(), Some(Refusal::NoRoute));
    }

    #[test]
    fn wrong_method_lists_the_allowed_methods() {
        let allow = |method, path| match find(method, path).route {
            Err(Refusal::MethodNotAllowed { allow }) => allow,
            _ => String::new(),
        };
        assert_eq!(allow(Method::Other, "/api/v1/auth-management/clients/x"), "GET, HEAD, PUT, DELETE");
        assert_eq!(allow(Method::Get, "/api/v1/login"), "POST");
    }

    #[test]
    fn litegraph_put_creates_or_replaces_depending_on_its_path() {
        let operation = |path| find(Method::Put, path).route.map(|found| found.route.operation);
        assert_eq!(operation("/v1.0/tenants/t/credentials"), Ok(Operation::Write(Noun::Credential, Verb::Create)));
        assert_eq!(operation("/v1.0/tenants/t/credentials/c"), Ok(Operation::Write(Noun::Credential, Verb::Replace)));
    }
}
