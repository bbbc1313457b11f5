//! A server that is killed under load and restarted on the same data: acknowledged writes are kept, and every other
//! write is kept completely or not at all.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

use rusqlite::Connection;
use support::client::get;

use super::check::What;
use super::client::Server;
use super::load::{Mix, Sum, Tenant};
use super::random::{Random, commas, given, seed};

const CLIENTS: u64 = 8;
const TENANTS: usize = 3;

/// The data folder of a server.
struct Place {
    folder: PathBuf,
    root: String,
}

impl Place {
    fn new(random: &mut Random) -> Self {
        let folder = std::env::temp_dir().join(format!("postern-kills.{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let root = format!("root_{:016x}{:016x}", random.next(), random.next());
        let key = format!("{:016x}", random.next()).repeat(4);
        let settings = format!("POSTERN_ROOT_TOKEN=\"{root}\"\nPOSTERN_MASTER_KEY=\"{key}\"\n");
        fs::write(folder.join("settings"), settings).expect("settings");
        let place = Self { folder, root };
        let migrated = in_checkout("bash")
            .args(["-c", "source scripts/lib.sh && migrate \"$1\"", "migrate"])
            .arg(place.state())
            .status()
            .expect("bash");
        assert!(migrated.success(), "the database was not made: run scripts/setup");
        place
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Starts a server, and waits until it responds.
    fn start(&self) -> Running {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let log = self.folder.join("log");
        let file = File::options().create(true).append(true).open(&log).expect("a log");
        let child = in_checkout("node")
            .args(["scripts/serve.mjs", &port.to_string()])
            .args([self.state(), self.folder.join("settings")])
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .expect("node");
        let server = Server::new(format!("http://127.0.0.1:{port}"), self.root.clone());
        let mut running = Running { child: Some(child), server };
        for _ in 0..1200 {
            if running.server.send(&self.root, get("/v1/tenants?limit=1")).is_some() {
                return running;
            }
            let ended = running.child.as_mut().and_then(|child| child.try_wait().expect("a child"));
            assert!(ended.is_none(), "the server did not start: {}", fs::read_to_string(log).unwrap_or_default());
            sleep(Duration::from_millis(50));
        }
        panic!("the server does not respond: {}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Searches a copy of a killed server's files for partial writes. The next server must find the originals
    /// unchanged.
    fn halves(&self) -> Vec<String> {
        let copy = self.folder.join("copy");
        drop(fs::remove_dir_all(&copy));
        fs::create_dir_all(&copy).expect("a folder");
        let data = self.state().join("v3/d1/miniflare-D1DatabaseObject");
        for file in fs::read_dir(data).expect("the data") {
            let file = file.expect("a file");
            fs::copy(file.path(), copy.join(file.file_name())).expect("a copy");
        }
        let files = fs::read_dir(&copy).expect("the copy").map(|file| file.expect("a file").path());
        let files: Vec<_> =
            files.filter(|file| file.extension().is_some_and(|extension| extension == "sqlite")).collect();
        let database = files.iter().find_map(|file| ours(file)).expect("our database");
        let sound: String = database.query_row("PRAGMA quick_check", [], |row| row.get(0)).expect("a check");
        let mut found: Vec<_> = (sound != "ok").then(|| format!("the file: {sound}")).into_iter().collect();
        for (what, sql) in HALVES {
            let count: i64 = database.query_row(sql, [], |row| row.get(0)).expect(what);
            if count != 0 {
                found.push(format!("{count} {what}"));
            }
        }
        found
    }
}

/// Queries that count partial writes; each must be zero.
const HALVES: [(&str, &str); 14] = [
    (
        "credentials without a secret",
        "SELECT count(*) FROM credentials WHERE (tenant, id) NOT IN (SELECT tenant, credential FROM secrets)",
    ),
    (
        "secrets without a credential",
        "SELECT count(*) FROM secrets WHERE (tenant, credential) NOT IN (SELECT tenant, id FROM credentials)",
    ),
    ("references to what is not there", "SELECT count(*) FROM pragma_foreign_key_check"),
    (
        "stamped for deletion",
        "SELECT (SELECT count(*) FROM credentials WHERE ending) + (SELECT count(*) FROM secrets WHERE ending)
           + (SELECT count(*) FROM principals WHERE ending) + (SELECT count(*) FROM tenants WHERE ending)",
    ),
    (
        "tenants whose events are not numbered without a gap",
        "SELECT count(*) FROM (SELECT 1 FROM events GROUP BY tenant HAVING min(seq) <> 1 OR max(seq) <> count(*))",
    ),
    (
        "events whose previous one is not of the same thing",
        "SELECT count(*) FROM events AS e WHERE e.previous IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM events AS p WHERE p.tenant = e.tenant AND p.seq = e.previous AND p.noun = e.noun AND p.id = e.id)",
    ),
    (
        "credentials whose newest event is another, or of another revision",
        "SELECT count(*) FROM credentials AS c LEFT JOIN events AS e ON e.tenant = c.tenant AND e.seq = c.event
         WHERE e.id IS NOT c.id OR e.revision IS NOT c.revision OR EXISTS (
           SELECT 1 FROM events AS n WHERE n.tenant = c.tenant AND n.seq > c.event AND n.id = c.id)",
    ),
    (
        "credentials more than events of creation, less those of deletion",
        "SELECT (SELECT count(*) FROM credentials)
           - (SELECT sum((action = 'created') - (action = 'deleted')) FROM events WHERE noun = 'credential')",
    ),
    (
        "secrets without an event",
        "SELECT (SELECT count(*) FROM secrets)
           - (SELECT sum((action = 'secret_created') - (action = 'secret_ended')) FROM events)",
    ),
    (
        "tenants that count wrong",
        "SELECT count(*) FROM tenants AS t
         WHERE credentials <> (SELECT count(*) FROM credentials AS c WHERE c.tenant = t.id)",
    ),
    (
        "credentials that are not where lists look, or the other way round",
        "SELECT (SELECT count(*) FROM credentials JOIN credentials_by_name USING (tenant, name, id)
             JOIN credentials_of_principal USING (tenant, principal, created_at, id)) * 3
           - (SELECT count(*) FROM credentials) - (SELECT count(*) FROM credentials_by_name)
           - (SELECT count(*) FROM credentials_of_principal)",
    ),
    (
        "tenants and principals whose newest event is another, or of another revision",
        "SELECT count(*) FROM (SELECT 'tenant' AS noun, id AS tenant, id, event, revision FROM tenants
           UNION ALL SELECT 'principal', tenant, id, event, revision FROM principals) AS t
         LEFT JOIN events AS e ON e.tenant = t.tenant AND e.seq = t.event
         WHERE (e.noun, e.id, e.revision) IS NOT (t.noun, t.id, t.revision) OR EXISTS (
           SELECT 1 FROM events AS n WHERE n.tenant = t.tenant AND n.seq > t.event AND n.noun = t.noun AND n.id = t.id)",
    ),
    (
        "ids that were used twice",
        "SELECT count(*) FROM (SELECT 1 FROM events WHERE action = 'created'
           GROUP BY noun, id, iif(noun = 'principal', tenant, '') HAVING count(*) > 1)",
    ),
    (
        "tenants and principals more than events of creation, less those of deletion",
        "SELECT (SELECT count(*) FROM tenants) + (SELECT count(*) FROM principals)
           - (SELECT sum((action = 'created') - (action = 'deleted')) FROM events WHERE noun <> 'credential')",
    ),
];

/// Opens a database file if it has the credentials.
fn ours(file: &Path) -> Option<Connection> {
    let database = Connection::open(file).expect("a database");
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'credentials'";
    (database.query_row(tables, [], |row| row.get::<_, i64>(0)).expect("tables") == 1).then_some(database)
}

fn in_checkout(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A running server. Killed, with all of its child processes, when it is dropped.
struct Running {
    /// None after the kill.
    child: Option<Child>,
    server: Server,
}

impl Running {
    fn end(&self) {
        if let Some(child) = &self.child {
            let group = format!("-{}", child.id());
            let killed = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            killed.expect("kill");
        }
    }

    fn kill(&mut self) {
        self.end();
        // Only then may the port be used by other processes.
        if let Some(mut child) = self.child.take() {
            child.wait().expect("a child");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Works until so many requests were answered, then kills the server. Returns the number of requests that failed
/// before.
fn work(tenants: &[Tenant], running: &Running, seed: u64, round: u64, enough: usize) -> usize {
    let (gone, answered, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for client in 1..=CLIENTS {
            let (server, gone, answered, failed) = (&running.server, &gone, &answered, &failed);
            scope.spawn(move || {
                let mut random = Random::of(seed, client << 32 | round);
                loop {
                    let tenant = random.pick(tenants);
                    if tenant.act(server, &mut random, Mix::Making) {
                        answered.fetch_add(1, SeqCst);
                    } else if gone.load(SeqCst) {
                        break;
                    } else {
                        failed.fetch_add(1, SeqCst);
                    }
                }
            });
        }
        while answered.load(SeqCst) < enough && failed.load(SeqCst) < 100 {
            sleep(Duration::from_millis(1));
        }
        gone.store(true, SeqCst);
        running.end();
    });
    failed.into_inner()
}

/// Checks a tenant after a kill, and returns its contents.
fn look(tenant: &Tenant, server: &Server) -> (Sum, Vec<String>) {
    tenant.send_again(server);
    tenant.look(server);
    (tenant.check(server), tenant.contents(server))
}

#[test]
#[expect(clippy::print_stdout, reason = "the line that is shown in the sum")]
fn acknowledged_writes_survive_kills_and_none_is_partial() {
    let _alone = super::alone();
    let (kills, seed) = (given("POSTERN_KILLS", 3), seed());
    let place = Place::new(&mut Random::of(seed, u64::MAX));
    let (mut sum, mut failed, mut halves, mut kept) = (Sum::default(), 0, Vec::new(), Vec::new());
    let mut running = place.start();
    for round in 0..kills {
        let mut random = Random::of(seed, round);
        let tenants: Vec<_> = (0..TENANTS).map(|_| Tenant::new(&running.server, &mut random, 3)).collect();
        failed += work(&tenants, &running, seed, round, 1 + random.below(500));
        running.kill();
        halves.extend(place.halves());
        running = place.start();
        let server = &running.server;
        let found = std::thread::scope(|scope| {
            let looks: Vec<_> = tenants.iter().map(|tenant| scope.spawn(move || look(tenant, server))).collect();
            looks.into_iter().map(|look| look.join().unwrap_or_else(|panic| resume_unwind(panic))).collect::<Vec<_>>()
        });
        for (tenant, (found, there)) in tenants.into_iter().zip(found) {
            sum.add(found);
            kept.push((tenant, there));
        }
        if round % 10 == 9 {
            println!("kills: {} so far, {} acknowledged writes", round + 1, commas(sum.changes));
        }
    }
    // No later kill removed what was there after an earlier one.
    let gone = kept.iter().filter(|(tenant, there)| tenant.contents(&running.server) != *there).count();
    drop(running);
    let lost = sum.count(What::Lost) + gone;
    let half = sum.violations.len() - sum.count(What::Lost) + halves.len();
    println!(
        "kills: {kills} kills under load, {} acknowledged writes, {lost} lost, {half} half-written; of {} unanswered \
         requests {} were done; seed {seed}",
        commas(sum.changes),
        sum.unanswered,
        sum.done,
    );
    sum.fail(seed);
    assert_eq!(
        (halves, gone, failed),
        (vec![], 0, 0),
        "partial writes; lost after a later kill; a 5xx before the kill"
    );
    fs::remove_dir_all(&place.folder).expect("a folder of ours");
}
