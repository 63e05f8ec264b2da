//! The parts that all ARNs have.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; the resource may hold colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` where the text is no ARN. Nothing of the parts is checked.
    pub fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        (parts.next()? == "arn").then_some(())?;
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// Twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn = Arn::split("arn:aws:lambda:eu-west-1:123456789012:function:f:1").unwrap();
        assert_eq!((arn.service, arn.account, arn.resource), ("lambda", "123456789012", "function:f:1"));
        assert_eq!(Arn::split("arn:aws:s3:::bucket").unwrap().account, "");
        assert_eq!(Arn::split("urn:aws:s3:::bucket"), None);
        assert_eq!(Arn::split("arn:aws:s3"), None);
    }

    #[test]
    fn an_account_id_has_twelve_ascii_digits() {
        assert!(is_account_id("123456789012"));
        assert!(!is_account_id("12345678901") && !is_account_id("１２３４") && !is_account_id("12345678901x"));
    }
}
