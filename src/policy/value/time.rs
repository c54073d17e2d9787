//! Durations, instants and rates.

use super::text::{Invalid, text_type};
use std::fmt;
use std::str::FromStr;
use std::time::Duration as Span;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A whole number and its unit: `250ms`, `30s`, `10m`, `12h`, `14d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(Span);

impl Duration {
    /// Whole seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(Span::from_secs(n))
    }

    /// As the standard library has it.
    pub const fn get(self) -> Span {
        self.0
    }
}

/// Units by their length in milliseconds, longest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl FromStr for Duration {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (number, unit) = text.split_at(digits(text));
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        number
            .parse()
            .ok()
            .zip(unit)
            .and_then(|(number, (_, length)): (u64, _)| number.checked_mul(*length))
            .map(|milliseconds| Self(Span::from_millis(milliseconds)))
            .ok_or_else(|| Invalid::expected("a duration such as 250ms, 30s, 10m, 12h or 14d"))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.as_millis();
        let unit = UNITS
            .iter()
            .find(|(_, unit)| length > 0 && length.is_multiple_of(u128::from(*unit)));
        match unit {
            Some((name, unit)) => write!(f, "{}{name}", length / u128::from(*unit)),
            None => f.write_str("0s"),
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// A point in time, as RFC 3339 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// So many seconds since 1970.
    #[cfg(feature = "workbench")]
    pub(crate) const fn at(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Instant {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|instant| Self(instant.unix_timestamp()))
            .map_err(|_| Invalid::expected("an RFC 3339 instant such as 2027-01-31T00:00:00Z"))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = OffsetDateTime::from_unix_timestamp(self.0).map_err(|_| fmt::Error)?;
        f.write_str(&instant.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// The end of one entry: `{at: …}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Expiry {
    /// The first instant past it.
    pub at: Instant,
}

/// So many in a time: `10/min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub per: Span,
}

const PERIODS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400)];

impl Rate {
    /// So many a minute.
    pub const fn per_minute(count: u32) -> Self {
        Self {
            count,
            per: Span::from_mins(1),
        }
    }

    /// So many an hour.
    pub const fn per_hour(count: u32) -> Self {
        Self {
            count,
            per: Span::from_hours(1),
        }
    }
}

impl FromStr for Rate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (count, period) = text.split_at(digits(text));
        let per = PERIODS
            .iter()
            .find(|(name, _)| period.strip_prefix('/') == Some(name))
            .map(|(_, seconds)| Span::from_secs(*seconds));
        let count = count.parse().ok().filter(|count| *count > 0);
        count
            .zip(per)
            .map(|(count, per)| Self { count, per })
            .ok_or_else(|| Invalid::expected("a rate above 0 such as 10/min (s, min, h or d)"))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = PERIODS
            .iter()
            .find(|(_, seconds)| *seconds == self.per.as_secs())
            .map_or("s", |(name, _)| name);
        write!(f, "{}/{period}", self.count)
    }
}

text_type! {
    Duration: "string" like "30s";
    Instant: "string" like "2027-01-31T00:00:00Z";
    Rate: "string" like "10/min";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown_in_their_unit() {
        for text in ["250ms", "30s", "10m", "12h", "14d", "1500ms", "0s"] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), text);
        }
        assert_eq!("2m".parse::<Duration>().unwrap().get(), Span::from_mins(2));
    }

    #[test]
    fn a_duration_without_number_unit_or_bound_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "1.5s",
            "-1s",
            "+1s",
            "1 s",
            "1w",
            "30S",
            "99999999999999999d",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn instants_are_rfc_3339() {
        let instant: Instant = "1970-01-02T00:00:00Z".parse().unwrap();
        assert_eq!(instant.unix_seconds(), 86_400);
        assert_eq!(instant.to_string(), "1970-01-02T00:00:00Z");
        assert_eq!(
            "1970-01-01T02:00:00+02:00"
                .parse::<Instant>()
                .unwrap()
                .unix_seconds(),
            0
        );
        for text in [
            "2027-01-31",
            "2027-02-30T00:00:00Z",
            "2027-01-31T00:00:00",
            "now",
        ] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_counts_something_in_a_known_period() {
        assert_eq!("10/min".parse::<Rate>().unwrap(), Rate::per_minute(10));
        assert_eq!(Rate::per_hour(1000).to_string(), "1000/h");
        for text in [
            "", "10", "10/", "/min", "0/min", "10/week", "10 /min", "-1/s",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
