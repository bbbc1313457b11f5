//! The issuer of a token (`iss`), the addresses from which its keys may be fetched, and the issuers that many organizations share.

use super::claims::Claims;
use super::fault::Fault;

/// The longest issuer, in bytes.
pub const ISSUER_MAX: usize = 255;
/// The longest address of keys, in bytes.
pub const URL_MAX: usize = 1024;

/// A URL that is both the `iss` of tokens and where their keys are found. Two issuers are equal if their texts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Parses an issuer. `development` is one origin, such as `https://localhost:9000`, that is accepted in addition.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str, development: Option<&str>) -> Result<Self, Fault> {
        let is_segment = |segment: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
            !matches!(segment, "." | "..") && segment.bytes().all(is_plain)
        };
        // Only the last segment may be empty.
        let is_path = |path: &str| path.split('/').all(is_segment) && !path.contains("//");
        let is_issuer =
            text.len() <= ISSUER_MAX && split_host(text, development).is_some_and(|(_, path)| is_path(path));
        if is_issuer { Ok(Self(text.to_owned())) } else { Err(Fault::whole(WANTS)) }
    }

    /// Returns the issuer as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address of the document that describes the issuer (`OpenID` Connect Discovery 1.0 §4).
    #[must_use]
    pub fn discovery_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0.strip_suffix('/').unwrap_or(&self.0))
    }

    /// Returns whether many organizations share this issuer.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.pins().is_some()
    }

    /// Returns the claims of which one must be pinned, unless it is, or the issuer is not shared.
    #[must_use]
    pub fn missing_pin(&self, claims: &Claims) -> Option<&'static [&'static str]> {
        self.pins().filter(|pins| !claims.pins(pins))
    }

    fn pins(&self) -> Option<&'static [&'static str]> {
        let (host, path) = split_host(&self.0, None)?;
        let is_root = path.is_empty() || path == "/";
        SHARED.iter().find(|shared| shared.host == host && (is_root || shared.has_paths)).map(|shared| shared.pins)
    }
}

const WANTS: &str = "must be an https URL of at most 255 bytes: a host name in lower case with a dot, no port, user, query or fragment, and a path without percent-encoding, empty segments and dot segments";

/// Names of hosts that only a local network knows (RFC 6761, RFC 6762, and what ICANN reserved for private use).
const LOCAL: [&str; 3] = [".localhost", ".local", ".internal"];

/// Returns whether keys may be fetched from this URL: https, the name of a host of the internet, and the default port; or the
/// development origin.
#[must_use]
pub fn is_key_url(url: &str, development: Option<&str>) -> bool {
    let is_plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\');
    let is_local = |host: &str| LOCAL.iter().any(|suffix| host.ends_with(suffix));
    url.len() <= URL_MAX && split_host(url, development).is_some_and(|(host, rest)| is_plain(rest) && !is_local(host))
}

/// Splits a URL after its host. Returns `None` unless the host is a name with a dot, or the origin that of development.
fn split_host<'u>(url: &'u str, development: Option<&str>) -> Option<(&'u str, &'u str)> {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?']);
    if let Some(rest) = development.and_then(|origin| url.strip_prefix(origin)).filter(|rest| ends(rest)) {
        return Some(("", rest));
    }
    let rest = url.strip_prefix("https://")?;
    let (host, rest) = rest.split_at_checked(rest.find(['/', '?']).unwrap_or(rest.len()))?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Any spelling of an IPv4 address ends in a number, also in hexadecimal (https://url.spec.whatwg.org/#ends-in-a-number-checker).
    let is_name =
        host.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(|first: char| first.is_ascii_lowercase()));
    (is_name && host.split('.').all(is_label)).then_some((host, rest))
}

/// An issuer of tokens for the workloads of many organizations.
pub struct Shared {
    /// The host of its URL.
    pub host: &'static str,
    /// Whether those with a path are shared, too: a path may have the name of an organization, which can be registered again.
    pub has_paths: bool,
    /// Claims of which each is an id that no other organization can have, now or later. Names in `sub` can be registered
    /// again after an organization was deleted or renamed.
    pub pins: &'static [&'static str],
}

/// All of them. GitHub Enterprise at a host of its own, as on GHE.com, is not one.
pub const SHARED: [Shared; 10] = [
    // GitHub Actions: https://docs.github.com/en/actions/reference/security/oidc
    Shared {
        host: "token.actions.githubusercontent.com",
        has_paths: true,
        pins: &["repository_owner_id", "repository_id"],
    },
    // GitLab.com: https://docs.gitlab.com/ci/secrets/id_token_authentication/
    Shared { host: "gitlab.com", has_paths: true, pins: &["namespace_id", "project_id"] },
    // Buildkite, only in tokens that the job requests with --claim: https://buildkite.com/docs/agent/cli/reference/oidc
    Shared { host: "agent.buildkite.com", has_paths: true, pins: &["organization_id", "pipeline_id"] },
    // HCP Terraform: https://developer.hashicorp.com/terraform/cloud-docs/dynamic-provider-credentials/workload-identity-tokens
    Shared { host: "app.terraform.io", has_paths: true, pins: &["terraform_organization_id"] },
    // The same in Europe: https://developer.hashicorp.com/terraform/cloud-docs/europe
    Shared { host: "app.eu.terraform.io", has_paths: true, pins: &["terraform_organization_id"] },
    // Bitbucket Pipelines: https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/
    Shared { host: "api.bitbucket.org", has_paths: true, pins: &["workspaceUuid", "repositoryUuid"] },
    // Vercel: https://vercel.com/docs/oidc/reference
    Shared { host: "oidc.vercel.com", has_paths: true, pins: &["owner_id", "project_id"] },
    // CircleCI, only in tokens that the job requests with --root-issuer. The path of its other issuers has the id of the organization
    // (https://circleci.com/docs/openid-connect-tokens/).
    Shared {
        host: "oidc.circleci.com",
        has_paths: false,
        pins: &["oidc.circleci.com/org-id", "oidc.circleci.com/project-id"],
    },
    // Fly.io: https://fly.io/docs/security/openid-connect/
    Shared { host: "oidc.fly.io", has_paths: true, pins: &["org_id", "app_id"] },
    // Google, whose `sub` is the id of an account: https://developers.google.com/identity/openid-connect/openid-connect
    Shared { host: "accounts.google.com", has_paths: true, pins: &["sub"] },
];
