//! Which web pages may connect (RFC 6455, section 10.2).

/// The origins whose requests a server takes. A request without an Origin comes from no web page, and is taken always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// The pages of the host that the request is for, at its port.
    #[default]
    Same,
    /// Those, and the pages of these origins, such as `https://example.com` or `http://localhost:3000`.
    Listed(Vec<String>),
    /// All pages of the web. A page can then act for whoever looks at it, with what the browser sends along.
    Any,
}

impl Origins {
    /// Whether a page of `origin` may connect to `host`, both as the headers have them.
    pub(super) fn allow(&self, origin: &str, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Same => is_same(origin, host),
            Self::Listed(origins) => {
                is_same(origin, host) || origins.iter().any(|listed| are_equal(listed, origin))
            }
        }
    }
}

/// A scheme, and an authority without the port that the scheme implies.
fn parts(origin: &str) -> Option<(&str, &str)> {
    let (scheme, authority) = origin.split_once("://")?;
    Some((scheme, without_port(scheme, authority)))
}

fn without_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let implied = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => ":80",
        _ if scheme.eq_ignore_ascii_case("https") => ":443",
        _ => return authority,
    };
    authority.strip_suffix(implied).unwrap_or(authority)
}

fn is_same(origin: &str, host: &str) -> bool {
    parts(origin).is_some_and(|(scheme, authority)| {
        authority.eq_ignore_ascii_case(without_port(scheme, host))
    })
}

fn are_equal(listed: &str, origin: &str) -> bool {
    let (Some(listed), Some(origin)) = (parts(listed), parts(origin)) else {
        return listed == origin;
    };
    listed.0.eq_ignore_ascii_case(origin.0) && listed.1.eq_ignore_ascii_case(origin.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_origin_is_the_requests_host_and_port() {
        for (origin, host) in [
            ("http://example.com", "example.com"),
            ("http://example.com", "example.com:80"),
            ("https://example.com:443", "example.com"),
            ("https://Example.com", "example.COM:443"),
            ("http://localhost:3000", "localhost:3000"),
            ("http://[::1]:80", "[::1]"),
            ("moz-extension://abc", "abc"),
        ] {
            assert!(Origins::Same.allow(origin, host), "{origin} at {host}");
        }
    }

    #[test]
    fn others_are_not() {
        for (origin, host) in [
            ("http://example.com", "example.org"),
            ("http://example.com.evil", "example.com"),
            ("http://evil.example.com", "example.com"),
            ("http://example.com:8080", "example.com"),
            ("http://example.com", "example.com:8080"),
            ("https://example.com", "example.com:80"),
            ("null", "null"),
            ("", ""),
            ("example.com", "example.com"),
        ] {
            assert!(!Origins::Same.allow(origin, host), "{origin} at {host}");
        }
    }

    #[test]
    fn listed_origins_are_allowed_beside_the_same() {
        let listed = Origins::Listed(vec!["https://app.example".to_owned(), "null".to_owned()]);
        assert!(listed.allow("https://app.example", "api.example"));
        assert!(listed.allow("https://APP.example:443", "api.example"));
        assert!(listed.allow("null", "api.example"));
        assert!(listed.allow("https://api.example", "api.example"));
        assert!(!listed.allow("http://app.example", "api.example"));
        assert!(!listed.allow("https://other.example", "api.example"));
    }
}
