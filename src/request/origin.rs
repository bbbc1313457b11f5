//! The origin of a URL: its scheme and its authority, as the issuer of access tokens has them.

/// Returns the origin of a URL in its normal form: in lower case, without the default port of its scheme (RFC 3986 §6.2.3).
/// `None` unless the scheme is `http` or `https`, and the authority a host, with or without a port.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let default = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    // The colons of an IPv6 address are in brackets.
    let end_of_host = authority.rfind(']').map_or_else(|| authority.find(':'), |bracket| Some(bracket + 1));
    let (host, port) = authority.split_at_checked(end_of_host.unwrap_or(authority.len()))?;
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => "",
        None => return None,
        Some(port) if port == default => "",
        Some(port) => port,
    };
    let is_port = port.is_empty() || port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    (is_host(host) && is_port).then(|| {
        let colon = if port.is_empty() { "" } else { ":" };
        format!("{scheme}://{host}{colon}{port}")
    })
}

/// Whether it is a name, an IPv4 address, or an IPv6 address in brackets, in lower case.
fn is_host(host: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(is_name),
    }
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
            // As `https://api.example:` would be.
            ("https://api.example:/", "https://api.example"),
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
            "https://a:b",
            "https://a:65536",
            "https://a:01",
            "https://a:1:2",
            "https://[::1",
            "https://[::1]x",
            "https://[x]:1",
            "https://a\"b",
            "https://\u{e9}.example",
            "https://a\n",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}
