//! Where a connection goes: addresses, names and ports.

use super::text::{Invalid, text_type};
use ipnet::{IpNet, Ipv4Net};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `8080` or `8000-8010`; never 0, which the kernel takes for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl PortRange {
    /// Whether a port lies in it.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl FromStr for PortRange {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|port| digits && *port > 0)
        };
        port(first)
            .zip(port(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| Self { first, last })
            .ok_or_else(|| {
                Invalid::expected("a port from 1 to 65535, or a range such as 8000-8010")
            })
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.first == self.last {
            return Ok(());
        }
        write!(f, "-{}", self.last)
    }
}

/// An address, a range, a host name, or every name below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkTarget {
    /// An address or range; never an IPv4 one in IPv6 form.
    Cidr(IpNet),
    /// A host name, in lower case.
    Name(String),
    /// Any name below this one (`*.` in the policy).
    Below(String),
}

impl NetworkTarget {
    /// Whether an address lies in the range; names contain none by themselves.
    pub fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Cidr(range) => range.contains(&address.to_canonical()),
            Self::Name(_) | Self::Below(_) => false,
        }
    }

    /// Whether a host name is meant.
    pub fn names(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        match self {
            Self::Cidr(_) => false,
            Self::Name(name) => host == *name,
            Self::Below(domain) => host
                .strip_suffix(domain.as_str())
                .and_then(|label| label.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty()),
        }
    }
}

impl FromStr for NetworkTarget {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(domain) = text.strip_prefix("*.") {
            return host_name(domain).map(Self::Below);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Cidr(address.to_canonical().into()));
        }
        if text.contains('/') {
            return range(text).map(Self::Cidr);
        }
        host_name(text).map(Self::Name)
    }
}

fn range(text: &str) -> Result<IpNet, Invalid> {
    let Ok(written) = text.parse::<IpNet>() else {
        return Err(Invalid::expected(
            "an address range such as 10.0.0.0/8 or fd00::/8",
        ));
    };
    let range = canonical(written)?;
    if range.addr() != range.network() {
        return Err(Invalid::expected(format!(
            "no bits beyond the prefix: the network is {}",
            range.trunc()
        )));
    }
    Ok(range)
}

/// An IPv4 range in IPv6 form (`::ffff:10.0.0.0/104`) as the IPv4 range it is.
fn canonical(range: IpNet) -> Result<IpNet, Invalid> {
    let IpNet::V6(v6) = range else {
        return Ok(range);
    };
    let Some(address) = v6.addr().to_ipv4_mapped() else {
        return Ok(range);
    };
    v6.prefix_len()
        .checked_sub(96)
        .and_then(|length| Ipv4Net::new(address, length).ok())
        .map(IpNet::V4)
        .ok_or_else(|| Invalid::expected("an IPv4 range in IPv4 form"))
}

fn host_name(text: &str) -> Result<String, Invalid> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let numeric = name
        .rsplit('.')
        .next()
        .is_none_or(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if name.len() > 253 || numeric || !name.split('.').all(is_label) {
        return Err(Invalid::expected(
            "an address, a range such as 10.0.0.0/8, a host name, or *. and a domain (ports stand in `ports`)",
        ));
    }
    Ok(name)
}

fn is_label(label: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(part)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for NetworkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(range) => range.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

text_type! {
    PortRange: (["integer", "string"]) like "8000-8010";
    NetworkTarget: "string" like "*.s3.us-east-1.amazonaws.com";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> NetworkTarget {
        text.parse().unwrap()
    }

    #[test]
    fn a_plain_address_is_a_range_of_one() {
        assert_eq!(target("10.0.0.1").to_string(), "10.0.0.1/32");
        assert_eq!(target("fd00::1").to_string(), "fd00::1/128");
    }

    #[test]
    fn an_ipv4_range_in_ipv6_form_is_an_ipv4_range() {
        assert_eq!(target("::ffff:10.0.0.0/104").to_string(), "10.0.0.0/8");
        assert_eq!(target("::ffff:10.0.0.1").to_string(), "10.0.0.1/32");
        assert!("::ffff:0.0.0.0/90".parse::<NetworkTarget>().is_err());
        assert!(target("10.0.0.0/8").contains("::ffff:10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn bits_beyond_the_prefix_are_refused_with_the_network() {
        let error = "10.1.2.3/8"
            .parse::<NetworkTarget>()
            .unwrap_err()
            .to_string();
        assert!(error.contains("10.0.0.0/8"), "{error}");
    }

    #[test]
    fn what_is_neither_address_nor_name_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "10.0.0",
            "10.0.0.300",
            "10.0.0.0/33",
            "10.0.0.0/",
            "/8",
            "a..b",
            "-a.b",
            "https://a.b",
            "a.b:443",
            "a*.b",
            "*.*.b",
            "a b",
            "fe80::1%eth0",
            "10.0.0.1:80",
        ] {
            assert!(text.parse::<NetworkTarget>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_match_whole_and_below_matches_whole_labels() {
        assert!(target("DB.internal.").names("db.internal"));
        let below = target("*.example.com");
        assert!(below.names("a.b.Example.com."));
        assert!(!below.names("example.com"));
        assert!(!below.names("badexample.com"));
        assert!(!below.contains("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn ports_are_numbers_or_ranges_without_zero() {
        let range: PortRange = "8000-8010".parse().unwrap();
        assert!(range.contains(8000) && range.contains(8010) && !range.contains(8011));
        assert_eq!("443".parse::<PortRange>().unwrap().to_string(), "443");
        for text in [
            "",
            "0",
            "0-10",
            "65536",
            "10-9",
            "-1",
            "1-",
            "+80",
            "http",
            "1-2-3",
            "8000 - 8010",
        ] {
            assert!(text.parse::<PortRange>().is_err(), "{text}");
        }
    }
}
