//! Failed authentications, counted by the platform for each address and each credential that was named.
//!
//! They are counted after the verdict, and too many of them get 429 instead of 401. A valid secret is always
//! accepted, so neither guessing nor a misconfigured neighbour behind the same address can lock a client out
//! (docs/decisions/0013).

use std::net::{IpAddr, Ipv6Addr};

use crate::answer::Answer;
use crate::credential::id::Id;
use crate::refusal::{Conflict, Refusal, Unreadable};
use crate::request::Headers;

/// `Retry-After` in seconds: the window of the rate limits in `wrangler.toml`.
pub const RETRY_AFTER: u32 = 60;

/// A failed authentication to count.
pub struct Failed {
    /// What the limit by address counts: the client's address, if the platform reports it (an IPv4 address, or the /64
    /// and the /48 network of an IPv6 address, of which one site has many), and the tenant in the path.
    pub by_address: Vec<String>,
    /// What the limit by credential counts: the id of the credential or secret that was named.
    pub by_credential: Option<String>,
    /// The response if either exceeds its limit.
    pub instead: Answer,
}

impl Failed {
    pub(super) fn new(
        result: &Result<Answer, Refusal>,
        headers: &dyn Headers,
        tenant: Option<String>,
        named: Option<Id>,
        instead: impl FnOnce() -> Answer,
    ) -> Option<Self> {
        // "Token taken" confirms a guessed token, so it is counted as well (the LiteGraph contract, "BearerToken").
        if !matches!(
            result,
            Err(Refusal::Unauthenticated
                | Refusal::Unreadable(Unreadable::Grant)
                // Returned before the signature is known, so it reveals that the token fits a trust.
                | Refusal::NoIssuerKeys
                | Refusal::Conflict(Conflict::Secret))
        ) {
            return None;
        }
        let address = headers.get("cf-connecting-ip").and_then(|text| text.parse().ok());
        let by_address = address.map(networks).into_iter().flatten().chain(tenant).collect();
        Some(Self { by_address, by_credential: named.map(|id| id.to_string()), instead: instead() })
    }
}

fn networks(address: IpAddr) -> Vec<String> {
    match address.to_canonical() {
        IpAddr::V4(address) => vec![address.to_string()],
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            let network = |d, size| format!("{}/{size}", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0));
            vec![network(d, 64), network(0, 48)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::networks;

    #[test]
    fn ipv6_addresses_are_counted_by_network() {
        for (address, counted) in [
            ("192.0.2.7", &["192.0.2.7"][..]),
            ("::ffff:192.0.2.7", &["192.0.2.7"]),
            ("2001:db8:1:2:3:4:5:6", &["2001:db8:1:2::/64", "2001:db8:1::/48"]),
            ("2001:db8:1:2::9", &["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ] {
            assert_eq!(networks(address.parse().expect("an address")), counted);
        }
    }
}
