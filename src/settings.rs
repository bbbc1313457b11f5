//! The settings of a deployment. Without a required secret, every request is a 503.

use zeroize::Zeroizing;

use crate::credential::id::SHARD_MAX;
use crate::credential::secret::{Keyring, Keys};
use crate::refusal::Misconfigured;
use crate::request::origin::origin;

/// The settings, with the keys derived.
pub struct Settings {
    /// The token with every right.
    pub root_token: Zeroizing<String>,
    /// The keys derived from the current and the previous master key.
    pub keys: Keyring,
    /// The prefix of generated tokens.
    pub token_prefix: String,
    /// Which responses report their cost (`Server-Timing`).
    pub server_timing: ServerTiming,
    /// The time limit on the database, in milliseconds.
    pub database_wait: u32,
    /// The issuer in OAuth metadata and introspection; `None` is the origin of the request.
    pub issuer: Option<String>,
    /// An origin that may be an issuer although it is no host name at port 443, for development.
    pub development_issuer: Option<String>,
    /// The shard number in generated ids, at most [`SHARD_MAX`].
    pub shard: u16,
    /// The margin of the replicas, in milliseconds: by how much clocks may differ. `None`: verifications read the primary only.
    pub near: Option<u32>,
}

/// Which responses report their cost. The rows that a request reads can reveal to its caller whether something of another
/// tenant exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerTiming {
    /// None.
    Off,
    /// Those to the root token.
    Root,
    /// All: for development and tests.
    All,
}

/// The settings' names, as `wrangler.toml` and `.dev.vars.example` have them.
pub mod name {
    /// A Worker secret: at least 32 characters.
    pub const ROOT_TOKEN: &str = "POSTERN_ROOT_TOKEN";
    /// A Worker secret: 32 bytes in hex.
    pub const MASTER_KEY: &str = "POSTERN_MASTER_KEY";
    /// Optional: the master key before this one, while rows move to the new one as they are used.
    pub const MASTER_KEY_PREVIOUS: &str = "POSTERN_MASTER_KEY_PREVIOUS";
    /// Optional: what tokens begin with; `pstn_` unless set.
    pub const TOKEN_PREFIX: &str = "POSTERN_TOKEN_PREFIX";
    /// Optional: `root` or `all`, the responses with `Server-Timing`.
    pub const SERVER_TIMING: &str = "POSTERN_SERVER_TIMING";
    /// Optional: how many milliseconds a request waits for the database, 100 to 30000; 10000 unless set. D1 itself aborts a
    /// batch after 30 seconds, but has been seen to stall for longer.
    pub const DATABASE_WAIT: &str = "POSTERN_DATABASE_WAIT_MS";
    /// Optional: the issuer of access tokens (RFC 8414), `https://` and a host; the origin of each request unless set.
    pub const ISSUER: &str = "POSTERN_ISSUER";
    /// Optional: the origin of an issuer of tokens for development, such as `https://localhost:9000`. Other issuers are at port 443 of a
    /// host name.
    pub const DEVELOPMENT_ISSUER: &str = "POSTERN_DEVELOPMENT_ISSUER";
    /// Optional: the number of this deployment's database, 0 to 1023; 0 unless set. Every id that is made here carries it, so that data
    /// can be spread over several databases later.
    pub const SHARD: &str = "POSTERN_SHARD";
    /// Optional: the margin of the replicas in milliseconds, 100 to 60000. With it, verifications that may be older read a replica of D1
    /// near the client. `off` unless set.
    pub const NEAR: &str = "POSTERN_NEAR";
}

const DEFAULT_PREFIX: &str = "pstn_";
const DEFAULT_WAIT: u32 = 10_000;

impl Settings {
    /// Returns the margin of the replicas in microseconds; 0 if none are read.
    #[must_use]
    pub fn margin(&self) -> i64 {
        1000 * i64::from(self.near.unwrap_or_default())
    }

    /// Reads the settings through `get`, which gives a setting by its name.
    ///
    /// # Errors
    /// The first setting that is missing or unusable, with what to do.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let wrong = |setting, problem| Misconfigured { setting, problem };
        let secret = |setting| get(setting).filter(|value| !value.is_empty()).map(Zeroizing::new);

        let root_token = secret(name::ROOT_TOKEN)
            .ok_or(wrong(name::ROOT_TOKEN, "is missing: set it with `wrangler secret put POSTERN_ROOT_TOKEN`"))?;
        if root_token.len() < 32 || !root_token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(name::ROOT_TOKEN, "must be at least 32 visible ASCII characters"));
        }
        let key = |setting| {
            let Some(hex) = secret(setting) else { return Ok(None) };
            let bytes = base16ct::mixed::decode_vec(hex.as_bytes()).map(Zeroizing::new).ok();
            let master = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(Zeroizing::new);
            let master = master.ok_or(wrong(setting, "must be 32 bytes in hex: 64 characters"))?;
            Ok(Some(Keys::from_master_key(&master)))
        };
        let missing = wrong(name::MASTER_KEY, "is missing: set it with `wrangler secret put POSTERN_MASTER_KEY`");
        let keys =
            Keyring { current: key(name::MASTER_KEY)?.ok_or(missing)?, previous: key(name::MASTER_KEY_PREVIOUS)? };

        let token_prefix = get(name::TOKEN_PREFIX).unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let stem = token_prefix.strip_suffix('_').unwrap_or_default();
        if !(2..=15).contains(&stem.len()) || !stem.bytes().all(letters) || stem == "client" {
            return Err(wrong(
                name::TOKEN_PREFIX,
                "must be 2 to 15 lower-case letters or digits followed by an underscore, but not client_",
            ));
        }
        let server_timing = match get(name::SERVER_TIMING).as_deref() {
            None => ServerTiming::Off,
            Some("root") => ServerTiming::Root,
            Some("all") => ServerTiming::All,
            Some(_) => return Err(wrong(name::SERVER_TIMING, "must be `root` or `all`; remove it for neither")),
        };
        let wait = get(name::DATABASE_WAIT).map_or(Ok(DEFAULT_WAIT), |text| text.parse());
        let database_wait = wait
            .ok()
            .filter(|wait| (100..=30_000).contains(wait))
            .ok_or(wrong(name::DATABASE_WAIT, "must be a whole number of milliseconds from 100 to 30000"))?;
        let shard = get(name::SHARD).map_or(Ok(0), |text| text.parse());
        let shard = shard
            .ok()
            .filter(|shard| *shard <= SHARD_MAX)
            .ok_or(wrong(name::SHARD, "must be a whole number from 0 to 1023"))?;
        let near = get(name::NEAR).filter(|text| text != "off").map(|text| text.parse().ok());
        if near.is_some_and(|margin| !margin.is_some_and(|margin| (100..=60_000).contains(&margin))) {
            return Err(wrong(name::NEAR, "must be `off`, or a whole number of milliseconds from 100 to 60000"));
        }
        let issuer = get(name::ISSUER);
        // Clients compare it as text, so it must already be in its normalized form.
        let is_secure = |issuer: &str| {
            // Only this machine can be asked without TLS.
            let is_local =
                |host: &str| issuer.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
            issuer.starts_with("https://") || ["http://localhost", "http://127.0.0.1"].into_iter().any(is_local)
        };
        let is_issuer = |issuer: &String| is_secure(issuer) && origin(issuer).as_ref() == Some(issuer);
        if issuer.as_ref().is_some_and(|issuer| !is_issuer(issuer)) {
            return Err(wrong(
                name::ISSUER,
                "must be https:// and a host in lower case, with a port unless it is 443, without a path or a final slash; or http:// and localhost or 127.0.0.1",
            ));
        }
        let development_issuer = get(name::DEVELOPMENT_ISSUER);
        let is_origin = |text: &String| text.starts_with("https://") && origin(text).as_ref() == Some(text);
        if development_issuer.as_ref().is_some_and(|text| !is_origin(text)) {
            return Err(wrong(
                name::DEVELOPMENT_ISSUER,
                "must be https:// and a host in lower case, with a port unless it is 443, without a path or a final slash",
            ));
        }
        let near = near.flatten();
        Ok(Self {
            root_token,
            keys,
            token_prefix,
            server_timing,
            database_wait,
            issuer,
            development_issuer,
            shard,
            near,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ServerTiming, Settings, name};

    fn read(changed: &str, to: Option<&str>) -> Result<Settings, &'static str> {
        Settings::read(|setting| match setting {
            _ if setting == changed => to.map(str::to_owned),
            name::ROOT_TOKEN => Some("root_0123456789012345678901234567".to_owned()),
            name::MASTER_KEY => Some("0123456789abcdef".repeat(4)),
            _ => None,
        })
        .map_err(|wrong| wrong.setting)
    }

    #[test]
    fn missing_or_invalid_settings_are_reported_by_name() {
        assert!(
            read("", None)
                .is_ok_and(|settings| settings.token_prefix == "pstn_" && settings.server_timing == ServerTiming::Off)
        );
        for bad in [None, Some(""), Some("short"), Some("with a space, and long enough for it")] {
            assert_eq!(read(name::ROOT_TOKEN, bad).err(), Some(name::ROOT_TOKEN));
        }
        for bad in [None, Some(""), Some("0123"), Some(&*"zz".repeat(32)), Some(&*"ab".repeat(33))] {
            assert_eq!(read(name::MASTER_KEY, bad).err(), Some(name::MASTER_KEY));
        }
        assert_eq!(read(name::MASTER_KEY_PREVIOUS, Some("0123")).err(), Some(name::MASTER_KEY_PREVIOUS));
        for (previous, there) in [(None, false), (Some(""), false), (Some(&*"ab".repeat(32)), true)] {
            assert!(
                read(name::MASTER_KEY_PREVIOUS, previous)
                    .is_ok_and(|settings| settings.keys.previous.is_some() == there)
            );
        }
        for bad in ["", "_", "x_", "acme", "Acme_", "client_", "a b_"] {
            assert_eq!(read(name::TOKEN_PREFIX, Some(bad)).err(), Some(name::TOKEN_PREFIX), "{bad}");
        }
        assert!(read(name::TOKEN_PREFIX, Some("acme_")).is_ok_and(|settings| settings.token_prefix == "acme_"));
        for (text, server_timing) in [("root", ServerTiming::Root), ("all", ServerTiming::All)] {
            assert!(
                read(name::SERVER_TIMING, Some(text)).is_ok_and(|settings| settings.server_timing == server_timing)
            );
        }
        for bad in ["", "on", "ALL"] {
            assert_eq!(read(name::SERVER_TIMING, Some(bad)).err(), Some(name::SERVER_TIMING), "{bad}");
        }
        for bad in ["", "99", "30001", "-100", "1e3", "ten"] {
            assert_eq!(read(name::DATABASE_WAIT, Some(bad)).err(), Some(name::DATABASE_WAIT), "{bad}");
        }
        for bad in ["", "-1", "1024", "1e3", "one"] {
            assert_eq!(read(name::SHARD, Some(bad)).err(), Some(name::SHARD), "{bad}");
        }
        for (shard, is) in [(None, 0), (Some("0"), 0), (Some("1023"), 1023)] {
            assert!(read(name::SHARD, shard).is_ok_and(|settings| settings.shard == is));
        }
        for bad in ["", "on", "99", "60001", "-1", "1e3"] {
            assert_eq!(read(name::NEAR, Some(bad)).err(), Some(name::NEAR), "{bad}");
        }
        for (near, is) in [(None, None), (Some("off"), None), (Some("100"), Some(100)), (Some("60000"), Some(60_000))] {
            assert!(read(name::NEAR, near).is_ok_and(|settings| settings.near == is));
        }
        for bad in [
            "",
            "api.example",
            "http://api.example",
            "http://localhost.example",
            "http://127.0.0.12",
            "https://",
            "https://api.example/",
            "https://api.example/oauth",
            "https://api.example?x",
            "https://api.example#x",
            "https://API.example",
            "https://api.example:443",
            "https://a@b",
        ] {
            assert_eq!(read(name::ISSUER, Some(bad)).err(), Some(name::ISSUER), "{bad}");
        }
        for issuer in [
            None,
            Some("https://api.example"),
            Some("https://api.example:8443"),
            Some("https://[::1]"),
            Some("http://127.0.0.1:8787"),
            Some("http://localhost"),
        ] {
            assert!(read(name::ISSUER, issuer).is_ok_and(|settings| settings.issuer.as_deref() == issuer));
        }
        for (wait, is) in [(None, 10_000), (Some("100"), 100), (Some("30000"), 30_000)] {
            assert!(read(name::DATABASE_WAIT, wait).is_ok_and(|settings| settings.database_wait == is));
        }
    }
}
