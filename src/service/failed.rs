//! Failed authentications, counted by the platform for each address and each credential that was named.
//!
//! They are counted after the verdict, and too many of them get 429 instead of 401. A valid secret is always
//! accepted, so neither guessing nor a misconfigured neighbour behind the same address can lock a client out
//! (docs/decisions/0013).

use std::net::{IpAddr, Ipv6Addr};

use crate::answer::Answer;
use crate::credential::id::Id;
use crate::refusal::{Conflict, Refusal};
use crate::request::Headers;

/// `Retry-After` in seconds: the window of the rate limits in `wrangler.toml`.
pub const RETRY_AFTER: u32 = 60;

/// A failed authentication to count.
pub struct Failed {
    /// The client's address, if the platform reports it: an IPv4 address, or the /64 network of an IPv6 address,
    /// which one site typically has.
    pub address: Option<String>,
    /// The id of the credential or secret that was named.
    pub credential: Option<String>,
    /// The response if either exceeds its limit.
    pub instead: Answer,
}

impl Failed {
    pub(super) fn new(
        result: &Result<Answer, Refusal>,
        headers: &dyn Headers,
        named: Option<Id>,
        instead: impl FnOnce() -> Answer,
    ) -> Option<Self> {
        // "Token taken" confirms a guessed token, so it is counted as well (the LiteGraph contract, "BearerToken").
        if !matches!(result, Err(Refusal::Unauthenticated | Refusal::Conflict(Conflict::Secret))) {
            return None;
        }
        let address = headers.get("cf-connecting-ip").and_then(|text| text.parse().ok()).map(network);
        Some(Self { address, credential: named.map(|id| id.to_string()), instead: instead() })
    }
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn ipv6_addresses_are_counted_by_network() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().expect("an address")), counted);
        }
    }
}
