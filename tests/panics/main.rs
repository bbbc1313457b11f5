//! The effect of a panic on its own, concurrent and later requests. `make test` serves a Worker that is built with the
//! feature `panic-for-tests` and runs only this target (plain `cargo test` skips it).
//!
//! How many concurrent requests fail depends on timing: the number is printed, not asserted.

use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use support::client::{Call, Reply, call, get};
use support::face::Face::Keycard;
use support::http::server;
use support::tenant::{Tenant, text};

/// The header that makes such a build panic after the response is ready and before it is sent.
const PANICS: (&str, &str) = ("x-panic-for-tests", "please");
const THIRTY: usize = 30;

/// One test at a time, since the panics of one would affect the requests of another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of a new credential.
fn credential() -> String {
    let tenant = Tenant::new(server());
    tenant.one(Keycard, tenant.subject().id)
}

/// Sends a request as root. The runtime's own 500 has no header of Postern's, so nothing is checked.
fn send(call: Call) -> Reply {
    call.by_root().attempt(server()).expect("a response")
}

fn panicking(call: Call) -> Reply {
    send(call.header(PANICS.0, PANICS.1))
}

fn rename(credential: &str, name: &str) -> Call {
    call("PATCH", credential).json(&json!({ "name": name }))
}

fn name(credential: &str) -> String {
    text(&get(credential).by_root().send(server()).expect(200).json()["name"])
}

/// Every request after a panic is answered.
fn goes_on(credential: &str) {
    for number in 0..THIRTY {
        let after = format!("after {number}");
        rename(credential, &after).by_root().send(server()).expect(200);
        assert_eq!(name(credential), after);
    }
}

/// Without concurrency, only the request that panics fails, wherever the panic is.
#[test]
fn panic_fails_its_own_request_and_no_later_one() {
    let _alone = alone();
    let credential = credential();
    // Before any await, and after a read from the database.
    for path in ["/no/such/route", credential.as_str()] {
        let text = panicking(get(path)).expect(500).text;
        // The runtime's own text, in no face's format, without any text of Postern.
        assert!(serde_json::from_str::<Value>(&text).is_err() && !text.contains("asked for"), "{text}");
        goes_on(&credential);
    }
    // After the database has written. The write is kept, although the client got a 500.
    panicking(rename(&credential, "written")).expect(500);
    assert_eq!(name(&credential), "written");
    goes_on(&credential);
}

/// Thirty concurrent requests are answered or fail like the one that panics. All later requests are answered.
#[test]
#[expect(clippy::print_stdout, reason = "`make test` shows the line in its summary")]
fn panic_may_fail_concurrent_requests_but_no_later_one() {
    let _alone = alone();
    let credential = credential();
    let mut failed = Vec::new();
    for _ in 0..5 {
        let start = Barrier::new(THIRTY + 1);
        let at_once = |send: fn(Call) -> Reply| {
            start.wait();
            send(get(&credential)).status
        };
        let (own, beside) = std::thread::scope(|scope| {
            let beside: Vec<_> = (0..THIRTY).map(|_| scope.spawn(|| at_once(send))).collect();
            let own = at_once(panicking);
            (own, beside.into_iter().map(|one| one.join().expect("an answer")).collect::<Vec<_>>())
        });
        assert_eq!(own, 500);
        assert!(beside.iter().all(|status| [200, 500].contains(status)), "{beside:?}");
        failed.push(beside.iter().filter(|status| **status == 500).count());
        goes_on(&credential);
    }
    println!("beside a panic: of {THIRTY} requests at once, {failed:?} failed in {} rounds", failed.len());
}
