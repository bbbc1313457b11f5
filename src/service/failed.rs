//! Failed authentications, to be counted by the platform: per address, and per credential that was named.
//!
//! They are counted after the verdict, and answered 429 in place of 401; a secret that holds is let in all the while. So
//! nobody locks a machine out by guessing at it, and no misconfigured neighbour behind the same address does
//! (docs/decisions/0013).

use std::net::{IpAddr, Ipv6Addr};

use crate::answer::Answer;
use crate::credential::id::Id;
use crate::refusal::{Conflict, Refusal};
use crate::request::Headers;

/// How long to wait, in seconds: the window of the limits in `wrangler.toml`.
pub const RETRY_AFTER: u32 = 60;

/// A failed authentication.
pub struct Failed {
    /// The address that it came from, where the platform tells it: an IPv4 address, or the first half of an IPv6 one, since a
    /// network of that size is what one site has.
    pub address: Option<String>,
    /// The id of the credential, or of the secret, that was named.
    pub credential: Option<String>,
    /// The answer if either failed too often.
    pub instead: Answer,
}

impl Failed {
    pub(super) fn new(
        result: &Result<Answer, Refusal>,
        headers: &dyn Headers,
        named: Option<Id>,
        instead: impl FnOnce() -> Answer,
    ) -> Option<Self> {
        // That a token is taken says that it is somebody's (the LiteGraph contract, "BearerToken").
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
    fn an_address_is_counted_with_its_network() {
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
