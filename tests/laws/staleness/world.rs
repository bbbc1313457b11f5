//! Isolates with clocks of their own over one database, whose batches are delayed and fail as the driver chooses.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use postern::answer::Answer;
use postern::credential::time::Micros;
use postern::request::{Body, Method, Request};
use postern::service::{MEMORY_MAX, Memory, Readiness, Service};
use postern::settings::Settings;
use postern::store::near::Near;
use postern::store::{Batch, Database, Fault, Parameter, Statement, Store};
use support::sqlite::Sqlite;
use support::{List, START};

use super::truth::Truth;
use crate::random::Random;

pub const SECOND: i64 = 1_000_000;
/// How far a clock must be set back for an isolate to notice it.
const NOTICED: i64 = SECOND;
/// How long a step back that nobody noticed can matter: the largest bound, and more than all steps that it is added to.
const REMEMBERED: i64 = 60 * SECOND;

/// The statements of a batch, each with its parameter.
type Written = Vec<(&'static str, String)>;

/// What all isolates share.
pub struct Shared {
    pub db: Sqlite,
    pub settings: Settings,
    /// The true time.
    pub now: Cell<i64>,
    pub truth: RefCell<Truth>,
    /// How many batches failed.
    pub failed: Cell<usize>,
    /// The batches that wrote, with the times of their commits.
    log: RefCell<Vec<(i64, Written)>>,
    replicas: [Replica; 2],
    random: RefCell<Random>,
}

impl Shared {
    pub fn new(settings: Settings, random: Random) -> Self {
        let (now, random) = (Cell::new(START), RefCell::new(random));
        let replicas = [(); 2].map(|()| Replica { db: Sqlite::reused(), applied: Cell::new(0) });
        let (truth, log) = (RefCell::default(), RefCell::default());
        Self { db: Sqlite::reused(), settings, now, truth, failed: Cell::new(0), log, replicas, random }
    }

    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.random.borrow_mut().next().to_be_bytes()[0];
        }
    }
}

/// A copy of the database that has the first changes of it.
struct Replica {
    db: Sqlite,
    applied: Cell<usize>,
}

/// A copy is so far behind at most, mostly much less.
const LAG: i64 = 20 * SECOND;

/// An isolate of the Worker: its memory and its clock.
pub struct Isolate {
    memory: Memory,
    readiness: Readiness,
    /// By how much the clock is ahead, since each instant.
    skews: RefCell<Vec<(i64, i64)>>,
    /// When verifications began, by the clock's reading.
    begun: RefCell<BTreeMap<i64, i64>>,
    /// The latest reading of a verification.
    latest: Cell<i64>,
    /// When the clock was set back and by how much, as long as no verification could notice.
    unnoticed: RefCell<Vec<(i64, i64)>>,
}

impl Isolate {
    pub fn new(skew: i64) -> Self {
        Self {
            memory: Memory::new(MEMORY_MAX),
            readiness: Readiness::new(),
            skews: RefCell::new(vec![(i64::MIN, skew)]),
            begun: RefCell::default(),
            latest: Cell::new(i64::MIN),
            unnoticed: RefCell::default(),
        }
    }

    fn skew(&self) -> i64 {
        self.skews.borrow().last().expect("a skew").1
    }

    /// The clock's reading at an instant, which is now.
    pub fn clock(&self, now: i64) -> i64 {
        now + self.skew()
    }

    /// Sets the clock ahead, or back.
    pub fn set_clock(&self, now: i64, by: i64) {
        let skew = self.skew() + by;
        self.skews.borrow_mut().push((now, skew));
        if by < 0 {
            self.unnoticed.borrow_mut().push((now, -by));
        }
    }

    /// A verification begins. `is_asked` means that it certainly reads the clock.
    pub fn begin(&self, now: i64, is_asked: bool) {
        let (reading, latest) = (self.clock(now), self.latest.get());
        self.begun.borrow_mut().insert(reading, now);
        if is_asked && reading < latest.saturating_sub(NOTICED) {
            self.unnoticed.borrow_mut().clear();
            self.latest.set(reading);
        } else if is_asked {
            self.latest.set(reading.max(latest));
        }
    }

    /// How much older evidence may be than by the isolate's clock: the steps back that it could not notice.
    pub fn slack(&self, now: i64) -> i64 {
        self.unnoticed.borrow_mut().retain(|(at, _)| now - at < REMEMBERED);
        self.unnoticed.borrow().iter().map(|(_, by)| by).sum()
    }

    /// The instant at which the clock had this reading: when a verification began, or else the latest until `now`.
    pub fn instant(&self, reading: i64, now: i64) -> Option<i64> {
        if let Some(began) = self.begun.borrow().get(&reading) {
            return Some(*began);
        }
        let mut end = now;
        for (since, skew) in self.skews.borrow().iter().rev() {
            let instant = reading - skew;
            if (*since..=end).contains(&instant) {
                return Some(instant);
            }
            end = end.min(*since);
        }
        None
    }
}

/// How a batch fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// The batch is not run.
    Before,
    /// The batch is run, and its result is lost.
    After,
}

/// The round trips of a request. Each waits twice until the driver lets it pass: before the batch is run, and before its result
/// is there.
pub struct Trips {
    shared: Rc<Shared>,
    is_open: Cell<bool>,
    /// How the batch fails that is let pass next.
    pub fails: Cell<Option<Fails>>,
    answer: RefCell<Option<Answer>>,
}

impl Trips {
    async fn pass(&self) {
        poll_fn(|_| if self.is_open.replace(false) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// The database that a batch is sent to: the primary, or a replica.
struct Wire {
    trips: Rc<Trips>,
    replica: Option<usize>,
}

impl Wire {
    /// Applies the changes that were committed until some time to a replica. What a change does depends on the data and on its
    /// parameter only, so a statement has the same effect there.
    async fn catch_up(&self, replica: &Replica) -> Result<(), Fault> {
        let shared = &self.trips.shared;
        let lag = {
            let random = &mut *shared.random.borrow_mut();
            i64::try_from(random.next() % (LAG >> random.below(8)).unsigned_abs()).expect("small")
        };
        loop {
            let next = shared.log.borrow().get(replica.applied.get()).cloned();
            let Some((_, statements)) = next.filter(|(at, _)| *at <= shared.now.get() - lag) else { return Ok(()) };
            for (sql, text) in &statements {
                replica.db.batch(&[Statement { sql, parameters: &[Parameter::Text(text)] }]).await?;
            }
            replica.applied.set(replica.applied.get() + 1);
        }
    }
}

impl Database for Wire {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let (shared, trips) = (&self.trips.shared, &self.trips);
        trips.pass().await;
        let lost = || {
            shared.failed.set(shared.failed.get() + 1);
            Err(Fault::from_message("D1_ERROR: Network connection lost.".to_owned()))
        };
        if trips.fails.get() == Some(Fails::Before) {
            return lost();
        }
        let batch = match self.replica {
            Some(replica) => {
                let replica = &shared.replicas[replica];
                self.catch_up(replica).await?;
                let batch = replica.db.batch(statements).await?;
                assert_eq!(batch.rows_written, 0, "a replica is only read");
                batch
            }
            None => shared.db.batch(statements).await?,
        };
        if batch.rows_written > 0 {
            let text = |statement: &Statement<'_>| match statement.parameters {
                [Parameter::Text(text)] => (statement.sql, (*text).to_owned()),
                _ => panic!("one text"),
            };
            shared.log.borrow_mut().push((shared.now.get(), statements.iter().map(text).collect()));
            shared.truth.borrow_mut().record(shared.now.get(), &shared.db);
        }
        trips.pass().await;
        if trips.fails.get() == Some(Fails::After) { lost() } else { Ok(batch) }
    }
}

/// What is sent to an isolate.
pub struct Sent {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// A request that an isolate is handling.
pub struct Flight {
    future: Pin<Box<dyn Future<Output = ()>>>,
    pub trips: Rc<Trips>,
    /// Whether it needs nothing more.
    pub is_over: bool,
}

impl Flight {
    /// Sends a request to an isolate, where it runs until its first round trip.
    pub fn new(shared: &Rc<Shared>, isolate: &Rc<Isolate>, sent: Sent) -> Self {
        let trips = Rc::new(Trips {
            shared: Rc::clone(shared),
            is_open: Cell::new(false),
            fails: Cell::new(None),
            answer: RefCell::default(),
        });
        let future = Box::pin(handle(Rc::clone(&trips), Rc::clone(isolate), sent));
        let mut flight = Self { future, trips, is_over: false };
        flight.poll();
        flight
    }

    /// Lets the request pass the point where it waits.
    pub fn proceed(&mut self) {
        self.trips.is_open.set(true);
        self.poll();
    }

    fn poll(&mut self) {
        self.is_over = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    }

    /// The answer, once.
    pub fn answer(&self) -> Option<Answer> {
        self.trips.answer.take()
    }
}

/// Handles a request as the Worker does, its deferred writes included.
async fn handle(trips: Rc<Trips>, isolate: Rc<Isolate>, sent: Sent) {
    let shared = &trips.shared;
    let of = usize::from(shared.random.borrow_mut().percent(50));
    let [primary, replica] = [None, Some(of)].map(|replica| Wire { trips: Rc::clone(&trips), replica });
    let clock = || Micros(isolate.clock(shared.now.get()));
    let service = Service {
        store: Store::new(&primary),
        near: shared.settings.near.map(|_| Near::new(&replica)),
        settings: Ok(&shared.settings),
        now: clock(),
        clock: &clock,
        random: |buffer: &mut [u8]| shared.fill(buffer),
        signatures: &support::jwt::Ring,
        fetch: &support::issuers::Issuers::default(),
        readiness: &isolate.readiness,
        memory: &isolate.memory,
    };
    let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (path, query) = sent.url.split_once('?').unwrap_or((&sent.url, ""));
    let request = Request {
        method: Method::from_name(sent.method),
        origin: "https://postern.example",
        path,
        query,
        headers: &List(&headers),
        body: Body::Bytes(sent.body.into_bytes()),
    };
    let done = service.answer(&request).await;
    trips.answer.replace(Some(done.answer));
    if let Some(later) = done.later {
        // Nobody sees whether it succeeds.
        let _ = later.run(&Store::new(&primary), &isolate.memory, &clock).await;
    }
}
