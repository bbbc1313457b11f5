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

    /// All issuers at a shared host are shared, whatever their path: GitHub's have the name of an enterprise there.
    fn pins(&self) -> Option<&'static [&'static str]> {
        let (host, _) = split_host(&self.0, None)?;
        SHARED.iter().find(|shared| shared.host == host).map(|shared| shared.pins)
    }
}

const WANTS: &str = "must be an https URL of at most 255 bytes: a host name in lower case with a dot, no port, user, query or fragment, and a path without percent-encoding, empty segments and dot segments";

/// Returns whether keys may be fetched from this URL: https, a host name, and the default port; or the development origin.
#[must_use]
pub fn is_key_url(url: &str, development: Option<&str>) -> bool {
    url.len() <= URL_MAX
        && split_host(url, development)
            .is_some_and(|(_, rest)| rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\'))
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
struct Shared {
    host: &'static str,
    /// Claims of which each is an id that no other organization can have, now or later. Names in `sub` can be registered
    /// again after an organization was deleted or renamed.
    pins: &'static [&'static str],
}

/// `CircleCI` is not one of them: its issuer contains the id of the organization
/// (<https://circleci.com/docs/openid-connect-tokens/>). Neither is GitHub Enterprise at a host of its own, as on GHE.com.
const SHARED: [Shared; 5] = [
    // GitHub Actions: https://docs.github.com/en/actions/reference/security/oidc
    Shared { host: "token.actions.githubusercontent.com", pins: &["repository_owner_id", "repository_id"] },
    // GitLab.com: https://docs.gitlab.com/ci/secrets/id_token_authentication/
    Shared { host: "gitlab.com", pins: &["namespace_id", "project_id"] },
    // Buildkite, only in tokens that the job requests with --claim: https://buildkite.com/docs/agent/cli/reference/oidc
    Shared { host: "agent.buildkite.com", pins: &["organization_id", "pipeline_id"] },
    // HCP Terraform: https://developer.hashicorp.com/terraform/cloud-docs/dynamic-provider-credentials/workload-identity-tokens
    Shared { host: "app.terraform.io", pins: &["terraform_organization_id"] },
    // The same in Europe: https://developer.hashicorp.com/terraform/cloud-docs/europe
    Shared { host: "app.eu.terraform.io", pins: &["terraform_organization_id"] },
];
