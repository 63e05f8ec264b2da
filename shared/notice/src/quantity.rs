//! Values of a metric as people read them.

const PREFIXES: [(f64, &str); 5] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
/// Larger than anything the prefixes make readable.
const PLAIN: f64 = 1e15;

/// One divisor and unit for a whole axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    pub divisor: f64,
    pub unit: String,
}

impl Scale {
    pub fn of(largest: f64, unit: &str) -> Self {
        let largest = largest.abs();
        if largest >= PLAIN {
            let power = largest.log10().floor();
            return Self { divisor: 10_f64.powf(power), unit: format!("×10^{power} {unit}").trim_end().to_owned() };
        }
        let (divisor, prefix) = PREFIXES.iter().find(|(least, _)| largest >= *least).copied().unwrap_or((1.0, ""));
        Self { divisor, unit: with_prefix(prefix, unit) }
    }
}

fn with_prefix(prefix: &str, unit: &str) -> String {
    match unit {
        "Bytes" if prefix.is_empty() => "bytes".to_owned(),
        "Bytes" => format!("{prefix}B"),
        "Percent" => format!("{prefix}%"),
        "None" | "Count" | "" => prefix.to_owned(),
        other => format!("{prefix} {other}").trim_start().to_owned(),
    }
}

/// `1.24 GB`, `812 kB`, `37 %`.
pub fn amount(value: f64, unit: &str) -> String {
    let scale = Scale::of(value, unit);
    format!("{} {}", figure(value / scale.divisor), scale.unit).trim_end().to_owned()
}

/// Three digits that count; no `.00`.
pub fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// `1,240 bytes`-style grouping for counts of bytes.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_three_digits_and_gets_a_readable_unit() {
        for (value, unit, expected) in [
            (1_240_000_000.0, "Bytes", "1.24 GB"),
            (812_345.0, "Bytes", "812 kB"),
            (0.0, "Bytes", "0 bytes"),
            (37.0, "Percent", "37 %"),
            (-1_500.0, "Count", "-1.5 k"),
            (5.0, "None", "5"),
            (2e108, "Bytes", "2 ×10^108 Bytes"),
            (12.5, "Bytes/Second", "12.5 Bytes/Second"),
        ] {
            assert_eq!(amount(value, unit), expected);
        }
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 5_242_880].map(grouped), ["0", "999", "1,000", "5,242,880"]);
    }
}
