//! Values that conditions compare: numbers, times, addresses, truth.

use core::net::IpAddr;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// `None` where the text is no number.
pub(crate) fn number(text: &str) -> Option<f64> {
    let number = text.trim().parse::<f64>().ok()?;
    number.is_finite().then_some(number)
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// ISO 8601 as W3C profiles it (a date, or date and time with an offset), or seconds since 1970.
pub(crate) fn time(text: &str) -> Option<OffsetDateTime> {
    if let Ok(seconds) = text.parse::<i64>()
        && text.len() > 4
    {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(time);
    }
    let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
    if let Ok(time) = time::PrimitiveDateTime::parse(text, minutes) {
        return Some(time.assume_utc());
    }
    let day = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let date = Date::parse(&day, format_description!("[year]-[month]-[day]")).ok()?;
    Some(date.midnight().assume_utc())
}

/// Addresses with the same first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    address: IpAddr,
    bits: u8,
}

impl Range {
    /// `203.0.113.0/24`, `2001:db8::/32`, or one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(u128::from(own.to_bits()) << 96, u128::from(other.to_bits()) << 96, self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), self.bits),
            _ => false,
        }
    }
}

fn same(left: u128, right: u128, bits: u8) -> bool {
    u128::MAX.checked_shl(128 - u32::from(bits)).is_none_or(|mask| left & mask == right & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: &str, address: &str) -> bool {
        Range::parse(range).unwrap().holds(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_the_addresses_of_its_own_kind_with_its_bits() {
        assert!(holds("203.0.113.0/24", "203.0.113.255") && !holds("203.0.113.0/24", "203.0.114.0"));
        assert!(holds("0.0.0.0/0", "255.1.2.3") && holds("10.1.2.3", "10.1.2.3") && !holds("10.1.2.3", "10.1.2.4"));
        assert!(holds("2001:DB8::/32", "2001:db8:ffff::1") && !holds("::/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
    }

    #[test]
    fn what_is_no_range_is_none() {
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "10.0.0.*", "1.2.3.4/"] {
            assert_eq!(Range::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_time_is_iso_8601_or_seconds() {
        let day = time("2026-01-02").unwrap();
        for same in ["2026-01-02T00:00:00Z", "2026-01-02T00:00Z", "2026-01-02T01:00:00+01:00", "1767312000"] {
            assert_eq!(time(same), Some(day), "{same}");
        }
        assert_eq!(time("2026"), time("2026-01-01"));
        for bad in ["", "yesterday", "2026-13-01", "26-01-01"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_and_truth_are_read_from_text() {
        assert_eq!(
            (number("3600"), number("-1.5"), number("NaN"), number("x")),
            (Some(3600.0), Some(-1.5), None, None)
        );
        assert_eq!((boolean("True"), boolean("false"), boolean("1")), (Some(true), Some(false), None));
    }
}
