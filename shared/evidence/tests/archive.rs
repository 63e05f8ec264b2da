//! An archive holds what went in, and a byte of it that was altered is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use evidence::archive::ArchiveFault;
use evidence::bundle::{Bundle, Reading};
use evidence::verification::{Outcome, Verification};
use evidence::verify::verify;
use proptest::prelude::*;
use support::packing::*;
use support::*;

#[test]
fn an_archive_gives_back_the_bundle_that_went_in_and_passes() {
    let scene = scene();
    let unpacked = unpack(&scene.archive().unwrap()).unwrap();
    assert_eq!(unpacked.bundle, scene.bundle);
    assert_eq!(unpacked.carried_key, public_key(&signing_key(7)));
    assert_eq!(verify(&unpacked.bundle, &unpacked.carried_key), scene.verify());
}

#[test]
fn a_damaged_record_is_archived_as_it_was_found() {
    let mut scene = scene();
    scene.bundle.events.remove(2);
    scene.bundle.events.swap(0, 1);
    scene.bundle.events[2].hash = "no\u{1b}hash".to_owned();
    scene.bundle.head = None;
    let strange = version("evidence/../x/\u{202e}ä\n*", "null");
    scene.put(strange.clone(), b"");
    scene.bundle.objects.insert(version(strange.key, "v2"), Reading::Unread("AccessDenied".to_owned()));
    scene.bundle.signed.insert(version("", ""), Reading::Read(vec![0xff, 0]));
    let unpacked = unpack(&scene.archive().unwrap()).unwrap();
    assert_eq!(unpacked.bundle, scene.bundle);
    let verification = verify(&unpacked.bundle, &unpacked.carried_key);
    assert_eq!(verification, scene.verify());
    let texts = verification.checks.iter().map(|check| format!("{}: {}", check.subject, check.verdict));
    texts.for_each(|text| assert!(!text.contains(['\u{1b}', '\u{202e}', '\n']), "{text:?}"));
}

#[test]
fn the_same_bundle_gives_the_same_bytes_in_order_of_names() {
    let archive = ARCHIVE.clone();
    assert_eq!(archive, scene().archive().unwrap());
    let names: Vec<_> = files(&archive).into_iter().map(|(name, _)| name).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(names[0], "README.txt");
    assert!(names.contains(&"objects/000001-at-containment-console.txt".to_owned()), "{names:?}");
}

#[test]
fn an_object_that_is_not_what_the_bundle_says_is_not_written() {
    let changes: [fn(&mut Vec<u8>); 3] = [|bytes| bytes.truncate(3), |bytes| bytes.push(b'!'), |bytes| bytes[0] ^= 1];
    for change in changes {
        let mut scene = scene();
        let object = scene.object(evidence::statement::Capture::Later, "cloudtrail.json");
        scene.contents.entry(object.clone()).and_modify(change);
        let fault = scene.archive().unwrap_err();
        assert!(matches!(fault, ArchiveFault::ContentChanged { object: changed, .. } if changed == object));
    }
}

fn judged(bundle: &Bundle) -> Verification {
    verify(bundle, &public_key(&signing_key(7)))
}

/// What an altered archive may be: refused, not passed, or the same record.
fn is_caught_or_the_same(archive: &[u8]) -> bool {
    match unpack(archive) {
        Err(_) => true,
        Ok(unpacked) => judged(&unpacked.bundle).outcome != Outcome::Passed || is_the_same(unpacked.bundle),
    }
}

/// But for the version ids: S3 chose them after the manifest was signed, and nothing is claimed of them.
fn is_the_same(mut bundle: Bundle) -> bool {
    bundle.signed = bundle.signed.into_iter().map(|(object, read)| (version(object.key, "v1"), read)).collect();
    bundle.objects = bundle.objects.into_iter().map(|(object, read)| (version(object.key, "v1"), read)).collect();
    bundle == WHOLE.bundle
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_altered_byte_of_a_file_goes_unseen(position in any::<usize>(), flip in 1u8..) {
        let mut files = files(&ARCHIVE);
        let length: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut position = position % length;
        for (_, bytes) in &mut files {
            match bytes.get_mut(position) {
                Some(byte) => {
                    *byte ^= flip;
                    break;
                }
                None => position -= bytes.len(),
            }
        }
        prop_assert!(is_caught_or_the_same(&packed(&files)));
    }

    #[test]
    fn no_altered_byte_of_the_tar_or_the_archive_goes_unseen(position in any::<usize>(), flip in 1u8..) {
        let mut archive = ARCHIVE.clone();
        let mut tar = inflated(&archive);
        let at = position % tar.len();
        tar[at] ^= flip;
        prop_assert!(is_caught_or_the_same(&deflated(&tar)));
        let at = position % archive.len();
        archive[at] ^= flip;
        prop_assert!(is_caught_or_the_same(&archive));
    }

    #[test]
    fn any_bytes_give_an_archive_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(unpack(&bytes).is_err());
        prop_assert!(unpack(&deflated(&bytes)).is_err());
    }
}
