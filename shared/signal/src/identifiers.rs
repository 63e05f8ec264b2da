//! Identifiers that are validated once, where they enter, and cannot be made wrong afterwards.

use crate::quoted::Quoted;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Text that is not the identifier it should be. Prints safely: what was found is escaped and cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct IdentifierError {
    expected: &'static str,
    found: String,
}

impl IdentifierError {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: Quoted(found).to_string() }
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $is_valid:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentifierError;

            fn try_from(text: String) -> Result<Self, IdentifierError> {
                if $is_valid(&text) { Ok(Self(text)) } else { Err(IdentifierError::new($expected, &text)) }
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                if $is_valid(text) { Ok(Self(text.to_owned())) } else { Err(IdentifierError::new($expected, text)) }
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// An EC2 instance: `i-` and 17 lower-case hexadecimal digits, or 8 for instances made before 2016.
    InstanceId, "an instance id (i- and 8 or 17 lower-case hexadecimal digits)", is_instance_id
);
identifier!(
    /// An AWS account: 12 digits.
    AccountId, "an account id (12 digits)", is_account_id
);
identifier!(
    /// A Region's code, such as `us-gov-west-1`; never its display name.
    Region, "a Region code (such as eu-central-1)", is_region
);

fn is_instance_id(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    let Some((area, number)) = text.rsplit_once('-') else { return false };
    let words: Vec<&str> = area.split('-').collect();
    text.len() <= 32
        && words.len() >= 2
        && words.iter().all(|word| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_ids_have_8_or_17_lower_case_hexadecimal_digits() {
        for valid in ["i-0123456789abcdef0", "i-1a2b3c4d"] {
            assert_eq!(valid.parse::<InstanceId>().unwrap().as_str(), valid);
        }
        for invalid in [
            "",
            "i-",
            "i-0123456789ABCDEF0",
            "i-123",
            "i-0123456789abcdef01",
            "../i-1a2b3c4d",
            "mi-1a2b3c4d",
            "i-1a2b3c4d\n",
            "i-1a2b3c4é",
        ] {
            assert!(invalid.parse::<InstanceId>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn account_ids_are_12_ascii_digits() {
        assert!("123456789012".parse::<AccountId>().is_ok());
        for invalid in ["", "12345678901", "1234567890123", "12345678901x", "１２３４"] {
            assert!(invalid.parse::<AccountId>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn regions_are_codes_and_not_display_names() {
        for valid in ["us-east-1", "ap-northeast-2", "us-gov-west-1", "us-isob-east-1", "cn-northwest-1"] {
            assert!(valid.parse::<Region>().is_ok(), "{valid}");
        }
        for invalid in
            ["", "US East (N. Virginia)", "us-east", "us-1", "us--1", "us-east-1a", "us-east-100", "-east-1", "*"]
        {
            assert!(invalid.parse::<Region>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn a_stored_identifier_is_validated_again_when_read() {
        assert!(serde_json::from_str::<InstanceId>("\"i-1a2b3c4d\"").is_ok());
        assert!(serde_json::from_str::<InstanceId>("\"i-1a2b3c4d; rm\"").is_err());
    }

    #[test]
    fn the_error_says_what_was_expected_and_escapes_what_was_found() {
        let error = "i-\u{1b}[31m".parse::<InstanceId>().unwrap_err().to_string();
        insta::assert_snapshot!(error, @r#"expected an instance id (i- and 8 or 17 lower-case hexadecimal digits), found "i-\u{1b}[31m""#);
    }
}
