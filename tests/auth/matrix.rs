//! Checks every cell of `matrix.txt`: every caller on every route.

use std::collections::BTreeMap;

use postern::route::{Operation, Route};

use support::scene::{
    FORM, Header, Known, Scene, TokenKind, assert_is, deletes, is_step, method, names_tenant, routes, takes_form,
};
use support::table::{report_size, tables};

#[test]
fn every_route_answers_every_caller_as_the_matrix_says() {
    let [callers, columns] = tables(include_str!("matrix.txt")).try_into().ok().expect("two tables");
    let routes = routes(&columns);
    let mut words = BTreeMap::new();
    let mut cells = 0;
    for (by, column) in [(TokenKind::Secret, "secret"), (TokenKind::Access, "access token")] {
        for (caller, is) in callers.column("caller").into_iter().zip(callers.column(column)) {
            let Some((kind, trips)) = is.split_once('/') else {
                assert_eq!(is, "-", "{caller} by {by:?}");
                continue;
            };
            let mut world = Calls::of(caller, by);
            for (line, (name, route)) in routes.iter().enumerate() {
                // An access token cannot be exchanged for another one, and a credential cannot change itself with it.
                let is_valid = !matches!(kind, "unknown" | "inactive");
                let changes_itself = route.is_own() && method(route) == "POST" && is_valid;
                let exchanges =
                    (changes_itself || matches!(route.operation, Operation::LogIn(_))) && by == TokenKind::Access;
                let cell = columns.column(if exchanges { "exchanged" } else { kind })[line];
                let (cell, trips) = cell.split_once('/').unwrap_or((cell, trips));
                let of = format!("{caller} by {by:?} at {name}");
                for way in ways(route) {
                    let text = world.check(&of, route, *way, cell, trips.parse().unwrap());
                    // All unknown callers get the same body, so it does not reveal the reason.
                    if matches!(cell, "401" | "unknown") {
                        assert_eq!(*words.entry(line).or_insert_with(|| text.clone()), text, "{of}");
                    }
                }
                cells += 1;
            }
        }
    }
    report_size("callers × routes", cells);
}

/// How a caller presents its token.
#[derive(Clone, Copy)]
enum Way {
    Bearer,
    Basic,
    Form,
}

/// The schemes that a route accepts.
fn ways(route: &Route) -> &'static [Way] {
    match route.operation {
        Operation::LogIn(_) if takes_form(route) => &[Way::Basic, Way::Form],
        Operation::LogIn(_) => &[Way::Basic],
        _ => &[Way::Bearer],
    }
}

/// A caller and its own database.
struct Calls<'a> {
    name: &'a str,
    by: TokenKind,
    scene: Scene,
    known: Option<Known>,
    used: bool,
}

impl<'a> Calls<'a> {
    fn of(name: &'a str, by: TokenKind) -> Self {
        let scene = Scene::new();
        let known = scene.who(name, by);
        Self { name, by, scene, known, used: false }
    }

    /// Sends the request of a cell, checks the response and returns its body.
    fn check(&mut self, of: &str, route: &Route, way: Way, cell: &str, trips: u64) -> String {
        if std::mem::take(&mut self.used) {
            // Start afresh: an earlier write could change the next response.
            *self = Self::of(self.name, self.by);
        }
        let (mut headers, body) = self.presents(route, way);
        headers.extend(names_tenant(self.name));
        let Scene { world, target } = &self.scene;
        self.scene.ready(route, target);
        let (before, all_before) = (world.stored_but_last_use(), world.stored());
        let reply = self.scene.send(route, target, &headers, &body);
        assert_is(&reply, cell, route, of);
        assert_eq!(reply.cost.trips, trips, "{of}: trips");
        let changes = matches!(route.operation, Operation::Write(..) | Operation::AddMeans(..))
            || deletes(route)
            || is_step(route);
        let writes = changes && reply.status < 400;
        assert_eq!(world.stored_but_last_use() != before, writes, "{of}: is anything written?");
        self.used = writes || is_step(route);
        if matches!(cell, "unknown" | "inactive" | "401") {
            assert_eq!(world.stored(), all_before, "{of}: not even a last use is recorded");
        }
        reply.text
    }

    fn presents(&self, route: &Route, way: Way) -> (Vec<Header>, Vec<u8>) {
        let (known, body) = (self.known.iter(), self.scene.body(route));
        match way {
            Way::Bearer => (known.map(Known::bearer).collect(), body),
            Way::Basic => (known.map(Known::basic).collect(), body),
            Way::Form => {
                let form = self.known.as_ref().map_or(body, Known::form);
                (vec![("content-type", FORM.to_owned())], form)
            }
        }
    }
}
