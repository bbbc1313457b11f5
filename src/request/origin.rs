//! The origin of a URL: its scheme and its authority, as the issuer of access tokens has them.

/// Returns the origin of a URL in its normal form: in lower case, without the default port of its scheme (RFC 3986 §6.2.3).
/// `None` unless the scheme is `http` or `https`, and the authority has only the characters of a host and a port.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_https = scheme.eq_ignore_ascii_case("https");
    let end = rest.bytes().position(|byte| b"/?#".contains(&byte)).unwrap_or(rest.len());
    let host = rest.get(..end)?;
    let host = host.strip_suffix(if is_https { ":443" } else { ":80" }).unwrap_or(host);
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte));
    let is_origin = is_host && !host.is_empty() && !host.starts_with(':');
    let mut origin = format!("{scheme}://{host}");
    origin.make_ascii_lowercase();
    (is_origin && (is_https || scheme.eq_ignore_ascii_case("http"))).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_normalised_and_anything_else_is_none() {
        for (url, is) in [
            ("https://api.example", "https://api.example"),
            ("HTTPS://API.Example:443/v1?a#b", "https://api.example"),
            ("http://api.example:80/", "http://api.example"),
            ("http://api.example:443", "http://api.example:443"),
            ("https://api.example:80", "https://api.example:80"),
            ("http://127.0.0.1:8787/.well-known/x", "http://127.0.0.1:8787"),
            ("http://localhost:8787?x=http://other", "http://localhost:8787"),
            ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443"),
            ("https://[::1]", "https://[::1]"),
        ] {
            assert_eq!(origin(url).as_deref(), Some(is), "{url}");
            assert_eq!(origin(is).as_deref(), Some(is), "it stays as it is");
        }
        for url in [
            "",
            "api.example",
            "//api.example",
            "ftp://api.example",
            "https://",
            "https:///x",
            "https://:443",
            "https://a b",
            "https://user@api.example",
            "https://a\"b",
            "https://\u{e9}.example",
            "https://a\n",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}
