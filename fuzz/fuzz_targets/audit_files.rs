//! Any bytes for one of the audit's files, the others being sound, give a report in which what can't be read is an error of
//! the controls that it concerns, never a pass alone.
//!
//! The first byte says which file the rest is; `seeds/audit_files` holds a sound one of each.

#![no_main]

use access_audit::{Files, Status, audit};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

/// Each begins with the number of its file.
const SOUND: [&[u8]; 8] = [
    include_bytes!("../seeds/audit_files/0-authorization-details"),
    include_bytes!("../seeds/audit_files/1-kms"),
    include_bytes!("../seeds/audit_files/2-credential-report"),
    include_bytes!("../seeds/audit_files/3-account-summary"),
    include_bytes!("../seeds/audit_files/4-password-policy"),
    include_bytes!("../seeds/audit_files/5-scps"),
    include_bytes!("../seeds/audit_files/6-last-accessed"),
    include_bytes!("../seeds/audit_files/7-resources"),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((which, rest)) = bytes.split_first() else { return };
    let [details, kms, credentials, summary, password, scps, accessed, resources] =
        std::array::from_fn(|file| if SOUND[file][0] == *which { rest } else { &SOUND[file][1..] });
    let report = audit(&Files {
        authorization_details: details,
        kms: Some(kms),
        credential_report: Some(credentials),
        account_summary: Some(summary),
        password_policy: Some(password),
        scps: Some(scps),
        last_accessed: Some(accessed),
        resources: Some(resources),
        now: OffsetDateTime::from_unix_timestamp(1_767_225_600).ok(),
        ..Files::default()
    });
    assert!(report.errors.is_empty() || report.with(Status::Error).next().is_some(), "{:?}", report.errors);
    assert!(report.errors.iter().all(|error| !error.problem.is_empty()), "{:?}", report.errors);
    serde_json::to_string(&report).expect("a report is JSON");
});
