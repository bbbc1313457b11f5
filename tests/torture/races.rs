//! Many concurrent clients on few credentials.

use std::sync::Barrier;

use super::check::What;
use super::client::Server;
use super::load::{Mix, Sum, Tenant};
use super::random::{Random, commas, given, seed};

const CLIENTS: u64 = 24;
/// The approximate number of operations on a credential before it is replaced by others.
const EACH: u64 = 150;

#[test]
#[expect(clippy::print_stdout, reason = "the line that is shown in the sum")]
fn concurrent_operations_are_linearizable() {
    let _alone = super::alone();
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`"));
    let server = Server::new(variable("POSTERN_URL"), variable("POSTERN_ROOT_TOKEN"));
    let (operations, seed) = (given("POSTERN_RACE_OPERATIONS", 4_000), seed());
    let (mut sum, mut shown) = (Sum::default(), 0);
    for round in 0.. {
        let left = operations.saturating_sub(sum.operations as u64);
        if left == 0 {
            break;
        }
        let mut random = Random::of(seed, round);
        let credentials = 3 + random.below(6);
        let mix = if round % 3 == 1 { Mix::Secrets } else { Mix::Everything };
        let tenant = Tenant::new(&server, &mut random, credentials);
        let each = left.min(EACH * credentials as u64).div_ceil(CLIENTS);
        let together = Barrier::new(usize::try_from(CLIENTS).expect("few"));
        std::thread::scope(|scope| {
            for client in 1..=CLIENTS {
                let (tenant, server, together) = (&tenant, &server, &together);
                scope.spawn(move || {
                    let mut random = Random::of(seed, client << 32 | round);
                    for number in 0..each {
                        // Now and then all clients in the same millisecond, so that no clock shows their order.
                        if number % 3 == 0 {
                            together.wait();
                        }
                        tenant.act(server, &mut random, mix);
                    }
                });
            }
        });
        tenant.look(&server);
        sum.add(tenant.check(&server));
        if sum.operations / 20_000 > shown {
            shown = sum.operations / 20_000;
            println!("races: {} operations so far", commas(sum.operations));
        }
    }
    println!(
        "races: {} operations on {} credentials by {CLIENTS} clients, {} lost, {} violations, {} 5xx or unanswered; \
         seed {seed}",
        commas(sum.operations),
        commas(sum.credentials),
        sum.count(What::Lost),
        sum.violations.len(),
        sum.unanswered,
    );
    sum.fail(seed);
    assert_eq!(sum.unanswered, 0, "a 5xx, or no answer");
}
