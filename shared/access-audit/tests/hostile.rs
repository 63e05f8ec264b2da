//! The audit's files cut off and broken, each beside sound ones. `fuzz/fuzz_targets/audit_files.rs` begins with the same files.

use access_audit::{Files, Report, Status, audit};
use proptest::prelude::*;

/// Each begins with its number, for the fuzzer.
const SOUND: [&[u8]; 8] = [
    include_bytes!("../../../fuzz/seeds/audit_files/0-authorization-details"),
    include_bytes!("../../../fuzz/seeds/audit_files/1-kms"),
    include_bytes!("../../../fuzz/seeds/audit_files/2-credential-report"),
    include_bytes!("../../../fuzz/seeds/audit_files/3-account-summary"),
    include_bytes!("../../../fuzz/seeds/audit_files/4-password-policy"),
    include_bytes!("../../../fuzz/seeds/audit_files/5-scps"),
    include_bytes!("../../../fuzz/seeds/audit_files/6-last-accessed"),
    include_bytes!("../../../fuzz/seeds/audit_files/7-resources"),
];

fn sound(which: usize) -> &'static [u8] {
    SOUND.get(which).and_then(|file| file.split_first()).map_or(&[], |(_, file)| file)
}

fn report(which: usize, bytes: &[u8]) -> Report {
    let given = |file: usize| if file == which { bytes } else { sound(file) };
    let now = Some(time::macros::datetime!(2026-01-01 00:00 UTC));
    let mut files = Files { authorization_details: given(0), now, ..Files::default() };
    files.kms = Some(given(1));
    files.credential_report = Some(given(2));
    files.account_summary = Some(given(3));
    files.password_policy = Some(given(4));
    files.scps = Some(given(5));
    files.last_accessed = Some(given(6));
    files.resources = Some(given(7));
    audit(&files)
}

#[test]
fn the_sound_files_are_read_without_an_error() {
    for which in 0..SOUND.len() {
        let report = report(which, sound(which));
        assert_eq!(report.errors, [], "{which}");
        assert!(report.with(Status::Fail).next().is_some() && report.with(Status::Error).next().is_none());
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_an_error_of_its_controls_and_the_others_are_looked_at() {
    // A credential report has no end that could be missing: its rows are whole or not.
    for which in [0, 1, 3, 4, 5, 6, 7] {
        let file = sound(which);
        for end in (0..file.len()).step_by(11) {
            let report = report(which, &file[..end]);
            assert_eq!(report.errors.len(), 1, "{which} cut at {end}: {:?}", report.errors);
            assert!(report.with(Status::Error).next().is_some(), "{which} cut at {end}");
            assert!(report.with(Status::Fail).next().is_some(), "{which} cut at {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_with_bytes_changed_left_out_or_repeated_gives_a_report_without_a_panic_and_no_error_without_its_controls(
        which in 0..SOUND.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..6),
    ) {
        let mut bytes = sound(which).to_vec();
        for (at, kind, byte) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.extend_from_within(at..),
            }
            prop_assume!(!bytes.is_empty());
        }
        let report = report(which, &bytes);
        prop_assert!(report.errors.is_empty() || report.with(Status::Error).next().is_some(), "{:?}", report.errors);
    }
}
