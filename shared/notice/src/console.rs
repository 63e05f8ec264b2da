//! Links to the AWS console. Names come from outside: whatever stands in a link is percent-encoded, and the host is
//! made of a validated Region and a known partition only.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use signal::Region;

/// RFC 3986's unreserved characters stay.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The console of one Region.
pub struct Console<'a> {
    domain: &'static str,
    region: &'a Region,
}

impl<'a> Console<'a> {
    /// `None` for partitions whose consoles aren't publicly documented.
    pub fn of(partition: &str, region: &'a Region) -> Option<Self> {
        let domain = match partition {
            "aws" => "console.aws.amazon.com",
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => return None,
        };
        Some(Self { domain, region })
    }

    pub fn instance(&self, id: &str) -> String {
        self.link("ec2", &format!("InstanceDetails:instanceId={}", encoded(id)))
    }

    pub fn group(&self, name: &str) -> String {
        self.link("ec2", &format!("AutoScalingGroupDetails:id={};view=details", encoded(name)))
    }

    /// Encoded once, as in the mails that CloudWatch sends itself. Its console takes what the fragment names apart once more,
    /// so it does not find an alarm whose name holds a `%`; an encoding that it would find is documented nowhere.
    pub fn alarm(&self, name: &str) -> String {
        self.link("cloudwatch", &format!("alarmsV2:alarm/{}", encoded(name)))
    }

    /// `None` where `location` is no `s3://BUCKET/KEY`.
    pub fn object(&self, location: &str) -> Option<String> {
        let (bucket, key) = location.strip_prefix("s3://")?.split_once('/')?;
        let (region, domain) = (self.region, self.domain);
        let (bucket, key) = (encoded(bucket), encoded(key));
        Some(format!("https://{region}.{domain}/s3/object/{bucket}?region={region}&prefix={key}"))
    }

    /// All objects of `bucket` whose keys begin with `prefix`.
    pub fn folder(&self, bucket: &str, prefix: &str) -> String {
        let (region, domain) = (self.region, self.domain);
        let (bucket, prefix) = (encoded(bucket), encoded(prefix));
        format!("https://{region}.{domain}/s3/buckets/{bucket}?region={region}&prefix={prefix}")
    }

    fn link(&self, service: &str, fragment: &str) -> String {
        let (region, domain) = (self.region, self.domain);
        format!("https://{region}.{domain}/{service}/home?region={region}#{fragment}")
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(partition: &str, region: &str, name: &str) -> Option<String> {
        Console::of(partition, &region.parse().unwrap()).map(|console| console.alarm(name))
    }

    #[test]
    fn each_partition_has_its_own_console_and_an_unknown_one_has_none() {
        let start =
            |partition, region| link(partition, region, "x").map(|link| link.split('/').nth(2).unwrap().to_owned());
        assert_eq!(start("aws", "eu-west-1").as_deref(), Some("eu-west-1.console.aws.amazon.com"));
        assert_eq!(start("aws-cn", "cn-north-1").as_deref(), Some("cn-north-1.console.amazonaws.cn"));
        assert_eq!(start("aws-us-gov", "us-gov-west-1").as_deref(), Some("us-gov-west-1.console.amazonaws-us-gov.com"));
        assert_eq!(start("aws-iso", "us-iso-east-1"), None);
        assert_eq!(start("aws.evil.example", "eu-west-1"), None);
    }

    #[test]
    fn a_name_can_neither_leave_the_link_nor_its_place_in_it() {
        let link = link("aws", "eu-west-1", "a\"><script>/?#&;é ../").unwrap();
        assert_eq!(
            link,
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/\
             a%22%3E%3Cscript%3E%2F%3F%23%26%3B%C3%A9%20..%2F"
        );
    }

    #[test]
    fn only_an_s3_location_has_a_link() {
        let region = "eu-west-1".parse().unwrap();
        let console = Console::of("aws", &region).unwrap();
        assert!(console.object("s3://kept/evidence/inc-1/metadata.json").is_some());
        for other in ["snap-1", "javascript:alert(1)", "https://evil.example/x", "s3://bucket"] {
            assert_eq!(console.object(other), None, "{other}");
        }
    }
}
