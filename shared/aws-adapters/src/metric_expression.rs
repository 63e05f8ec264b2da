//! What an expression of an alarm may read, as far as trust needs it.

/// A Metrics Insights query.
pub(crate) fn is_query(expression: &str) -> bool {
    let start = expression.trim_start();
    start.get(..6).is_some_and(|keyword| keyword.eq_ignore_ascii_case("select"))
}

/// Whether the expression can read nothing but the alarm's own metrics. Only functions known to be pure are let
/// through; SEARCH, LAMBDA, METRICS and whatever is new are not among them.
pub(crate) fn is_arithmetic(expression: &str) -> bool {
    const PURE: [&str; 14] = [
        "ANOMALY_DETECTION_BAND",
        "ABS",
        "AVG",
        "CEIL",
        "DIFF",
        "FILL",
        "FLOOR",
        "IF",
        "MAX",
        "MIN",
        "PERIOD",
        "RATE",
        "RUNNING_SUM",
        "SUM",
    ];
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut words = expression.split(|character| !is_word(character));
    if expression.contains(['\'', '"']) || words.any(|word| word.eq_ignore_ascii_case("select")) {
        return false;
    }
    let mut rest = expression;
    while let Some(open) = rest.find('(') {
        let before = rest.get(..open).unwrap_or_default().trim_end();
        let word = before.rsplit(|character| !is_word(character)).next().unwrap_or_default();
        if !word.is_empty() && !PURE.contains(&word.to_ascii_uppercase().as_str()) {
            return false;
        }
        rest = rest.get(open + 1..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{is_arithmetic, is_query};

    #[test]
    fn a_query_begins_with_its_keyword() {
        assert!(is_query(" select MAX(m) FROM \"AWS/EC2\""));
        assert!(!is_query("m1 + m2") && !is_query("é"));
    }

    #[test]
    fn only_pure_functions_over_the_alarms_own_metrics_are_arithmetic() {
        for pure in ["m1 / PERIOD(m1)", "(m1 + m2) * 8", "IF(m1 > 3, 1, 0)", "ANOMALY_DETECTION_BAND(m1, 1.5)"] {
            assert!(is_arithmetic(pure), "{pure}");
        }
        for other in ["METRICS()", "SEARCH ('x')", "LAMBDA(\"f\")", "NEW_THING(m1)", "SUM(METRICS(\"m\"))"] {
            assert!(!is_arithmetic(other), "{other}");
        }
        assert!(!is_arithmetic("(SELECT AVG(m) FROM Mine)"));
    }
}
