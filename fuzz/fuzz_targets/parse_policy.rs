//! Any bytes give a policy document that can be evaluated, or an error whose text is fit for a log line.

#![no_main]

use iam_policy::{Action, Caller, Context, Document, DocumentKind, Policies, Policy, Request, Resource, ResourcePolicy, explain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in [DocumentKind::Identity, DocumentKind::Resource] {
        let document = match Document::parse(bytes, kind) {
            Ok(document) => document,
            Err(error) => {
                assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
                continue;
            }
        };
        let policy = Policy::new("fuzzed", document);
        for context in [Context::open(), Context::closed()] {
            let request = Request::new(
                Caller::parse("arn:aws:iam::111122223333:user/ann").expect("a user's ARN"),
                Action::parse("s3:GetObject").expect("an action"),
                Resource::parse("arn:aws:s3:::bucket/a:b/c", None).expect("an ARN"),
                context,
            );
            let identity = std::slice::from_ref(&policy);
            let policies = match kind {
                DocumentKind::Resource => Policies { resource: ResourcePolicy::Is(&policy), ..Policies::default() },
                _ => Policies { identity, ..Policies::default() },
            };
            explain(&policies, &request);
        }
    }
});
