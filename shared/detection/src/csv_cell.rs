//! Cells: numbers and times by hand, because most of a backtest's time would else go into reading them.

/// The next cell's text, up to the comma, and what follows it; `None` after the last cell.
pub fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match line.iter().position(|byte| *byte == b',') {
        Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..)),
        None => (line, None),
    }
}

/// A cell without spaces and one pair of quotes around it.
pub fn bare(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
}

/// A whole or decimal number of up to 18 digits without sign or exponent, which is what almost every cell is, and how
/// many bytes it took; `None` for anything else.
pub fn plain(text: &[u8]) -> Option<(f64, usize)> {
    let (mut digits, mut value, mut scale, mut point) = (0_u32, 0_u64, 0_usize, false);
    let mut length = 0;
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                digits += 1;
                scale += usize::from(point);
            }
            b'.' if !point => point = true,
            b',' | b'\n' | b'\r' => break,
            _ => return None,
        }
        length += 1;
    }
    // Past 2⁵³ the digits and the power of ten would be rounded one after the other.
    if digits == 0 || digits > 18 || (point && value >= 1 << 53) {
        return None;
    }
    let power = POWERS.get(scale)?;
    Some((if point { value as f64 / power } else { value as f64 }, length))
}

const POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// Any number that Rust reads, `nan` and `inf` among them.
pub fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(bare(cell)).ok()?.parse().ok()
}

/// Epoch seconds, or `YYYY-MM-DD HH:MM:SS` in UTC, with `T` for the space and a fraction and `Z` at will.
pub fn time(cell: &[u8]) -> Option<i64> {
    let cell = bare(cell);
    if let Some((seconds, length)) = plain(cell).filter(|(seconds, _)| *seconds < 1e15) {
        return (length == cell.len()).then_some(seconds as i64);
    }
    let text = std::str::from_utf8(cell).ok()?;
    if let Ok(seconds) = text.parse::<i64>() {
        return (seconds.unsigned_abs() < 1 << 50).then_some(seconds);
    }
    let (date, clock) = text.split_once([' ', 'T'])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let clock = clock.strip_suffix('Z').unwrap_or(clock);
    let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().unwrap_or(Some(0))?;
    let is_time = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    is_time.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970 in the Gregorian calendar. Years begin in March, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_number_is_read_as_rust_reads_it() {
        for text in ["0", "7", "440000", "12.5", "0.1", "999999999999999999", "1372629600", "3.0625"] {
            assert_eq!(plain(text.as_bytes()), Some((text.parse().unwrap(), text.len())), "{text}");
        }
        for text in ["", ".", "-1", "1e5", "nan", "1.2.3", " 1", "12345678901234567890"] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
        assert_eq!(plain(b"12,34"), Some((12.0, 2)));
    }

    #[test]
    fn a_time_is_epoch_seconds_or_a_date() {
        for text in ["1392388200", "2014-02-14 14:30:00", "2014-02-14T14:30:00Z", "\"2014-02-14 14:30:00.000000\""] {
            assert_eq!(time(text.as_bytes()), Some(1_392_388_200), "{text}");
        }
        assert_eq!(time(b"2012-02-29 00:00:00"), Some(1_330_473_600));
        for text in ["", "now", "2014-13-01 00:00:00", "2014-02-14", "99999999999999999999", "-"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_decimal_number_is_read_as_rust_reads_it(whole in 0_u64..1_000_000_000_000, part in 0_u32..1000) {
            let text = format!("{whole}.{part:03}");
            proptest::prop_assert_eq!(plain(text.as_bytes()).map(|(value, _)| value), text.parse().ok());
        }
    }
}
