use super::*;
use proptest::prelude::*;

fn resource(pattern: &str, text: &str) -> bool {
    Pattern::resource(pattern, true, "x").unwrap().matches(text)
}

fn arn(pattern: &str, text: &str) -> bool {
    Pattern::arn(pattern, true, "x").unwrap().matches(text)
}

#[test]
fn an_action_matches_without_case_and_over_its_whole_length() {
    let matches = |pattern: &str| Pattern::action(pattern).matches("s3:getobjectacl");
    for pattern in ["*", "s3:*", "S3:GetObject*", "s3:Get*Acl", "s3:GetObjectAc?", "*:*", "s3:*Object*"] {
        assert!(matches(pattern), "{pattern}");
    }
    for pattern in ["s3:GetObject", "s3:GetObjectAcl?", "s4:*", "s3:*x", "ѕ3:*", ""] {
        assert!(!matches(pattern), "{pattern}");
    }
}

#[test]
fn a_star_in_a_resource_crosses_slashes_and_the_colons_of_the_last_component() {
    assert!(resource("arn:aws:s3:::b/*/c", "arn:aws:s3:::b/1/2/c"));
    assert!(resource("arn:aws:s3:::b/*.txt", "arn:aws:s3:::b/12:30.txt"));
    assert!(resource("arn:aws:lambda:*:*:function:web*", "arn:aws:lambda:eu-west-1:123456789012:function:web:3"));
}

#[test]
fn a_star_that_ends_a_segment_crosses_colons_and_another_does_not() {
    assert!(resource("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:123456789012:q"));
    assert!(resource("arn:aws:*", "arn:aws:sqs:eu-west-1:123456789012:q"));
    assert!(resource("arn:aws:sqs:eu-*-1:123456789012:q", "arn:aws:sqs:eu-west-1:123456789012:q"));
    assert!(!resource("arn:aws:sqs:eu*2:q", "arn:aws:sqs:eu-west-1:123456789012:q"));
}

#[test]
fn a_held_back_star_gives_way_to_the_one_before_it() {
    assert!(resource("arn:aws:*:a*c:x", "arn:aws:a1:b:a2c:x"));
    assert!(!resource("arn:aws:*:a*c:x", "arn:aws:a1:b:a2:c:x"));
}

#[test]
fn an_arn_condition_compares_component_by_component() {
    assert!(arn("arn:aws:s3:::b*", "arn:aws:s3:::bucket/a:b"));
    assert!(arn("arn:aws:sns:*:123456789012:*", "arn:aws:sns:eu-west-1:123456789012:t"));
    assert!(!arn("arn:aws:sns:*:t", "arn:aws:sns:eu-west-1:123456789012:t"));
    assert!(!arn("arn:aws:sns:?:123456789012:t", "arn:aws:sns:::123456789012:t"));
    assert!(arn("*", "arn:aws:sns:eu-west-1:123456789012:t"));
}

#[test]
fn equality_takes_stars_literally_and_may_ignore_case() {
    let equal = |text, case| Pattern::equal(text, case, true, "x").unwrap();
    assert!(equal("a*", Case::Matters).matches("a*") && !equal("a*", Case::Matters).matches("ab"));
    assert!(equal("Team A", Case::Ignored).matches("tEAM a") && !equal("Team", Case::Ignored).matches("teamé"));
}

#[test]
fn a_variable_is_its_value_literally_or_nothing_or_unknown() {
    let pattern = Pattern::resource("arn:aws:s3:::b/${aws:username}/*", true, "x").unwrap();
    let text = "arn:aws:s3:::b/ann/1";
    assert_eq!(pattern.matches_with(text, |_| Resolved::Value("ann")), Truth::Yes);
    assert_eq!(pattern.matches_with(text, |_| Resolved::Value("*")), Truth::No);
    assert_eq!(pattern.matches_with(text, |_| Resolved::Absent), Truth::No);
    assert_eq!(pattern.matches_with(text, |_| Resolved::Unknown), Truth::Unknown);
    assert_eq!(pattern.matches_with("arn:aws:s3:::c/ann/1", |_| Resolved::Unknown), Truth::No);
}

/// Slow and obvious.
fn glob(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', more @ ..], _) => glob(more, text) || (!text.is_empty() && glob(pattern, &text[1..])),
        (['?', more @ ..], [_, rest @ ..]) => glob(more, rest),
        ([p, more @ ..], [t, rest @ ..]) => p == t && glob(more, rest),
        _ => false,
    }
}

/// Components one by one, the last with the colons that it holds.
fn by_components(pattern: &str, text: &str) -> bool {
    let count = pattern.matches(':').count().min(COLONS) + 1;
    let split = |text: &str| text.splitn(count, ':').map(|part| part.chars().collect::<Vec<_>>()).collect::<Vec<_>>();
    let (patterns, texts) = (split(pattern), split(text));
    patterns.len() == texts.len() && patterns.iter().zip(&texts).all(|(pattern, text)| glob(pattern, text))
}

proptest! {
    #[test]
    fn matching_is_what_the_obvious_algorithm_says(pattern in "[ab:é*?]{0,8}", text in "[ab:é]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(Pattern::like(&pattern, false, "x").unwrap().matches(&text), glob(&chars(&pattern), &chars(&text)));
        prop_assert_eq!(Pattern::arn(&pattern, false, "x").unwrap().matches(&text), by_components(&pattern, &text));
    }

    #[test]
    fn any_pattern_and_any_text_are_matched_without_panic(pattern in any::<String>(), text in any::<String>()) {
        if let Ok(pattern) = Pattern::resource(&pattern, true, "x") {
            pattern.matches_with(&text, |_| Resolved::Unknown);
        }
    }
}
