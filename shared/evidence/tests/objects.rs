//! Each object is what a signed manifest says, or it is named.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use evidence::bundle::Reading;
use evidence::content::Content;
use evidence::statement::Capture;
use evidence::verification::{Fault, Outcome, Subject};
use support::*;

const AT: Capture = Capture::AtContainment;

#[test]
fn an_altered_byte_of_an_object_is_found_with_both_digests() {
    let mut scene = scene();
    let object = scene.object(AT, "console.txt");
    let mut bytes = scene.contents[&object].clone();
    let expected = Content::of(&bytes);
    bytes[3] ^= 1;
    let found = scene.put(object.clone(), &bytes);
    let subject = Subject::Object { key: object.key, manifest: scene.manifest_object(AT) };
    let fault = Fault::ObjectDiffers { expected: expected.clone(), found: found.clone() };
    let (verification, text) = (scene.verify(), fault.to_string());
    assert_eq!(failures(&verification), [(subject, fault)]);
    assert!(text.contains(&expected.sha256) && text.contains(&found.sha256), "{text}");
}

#[test]
fn bytes_appended_to_an_object_are_found_with_both_lengths() {
    let mut scene = scene();
    let object = scene.object(AT, "console.txt");
    let longer = [scene.contents[&object].as_slice(), b"!"].concat();
    let length = longer.len() as u64;
    scene.put(object, &longer);
    let failures = failures(&scene.verify());
    let [(_, Fault::ObjectDiffers { expected, found })] = failures.as_slice() else { panic!("{failures:?}") };
    assert_eq!((expected.bytes, found.bytes), (length - 1, length));
}

#[test]
fn a_removed_object_is_found() {
    let mut scene = scene();
    let object = scene.object(AT, "console.txt");
    scene.bundle.objects.remove(&object);
    let failures = failures(&scene.verify());
    let [(Subject::Object { key, .. }, Fault::ObjectMissing { .. })] = failures.as_slice() else {
        panic!("{failures:?}")
    };
    assert_eq!(*key, object.key);
}

#[test]
fn an_object_that_could_not_be_read_is_never_a_pass() {
    let mut scene = scene();
    let object = scene.object(AT, "console.txt");
    scene.bundle.objects.insert(object, Reading::Unread("AccessDenied".to_owned()));
    let verification = scene.verify();
    assert_eq!(verification.outcome, Outcome::NotChecked);
    let whys = unchecked(&verification);
    assert!(whys.iter().any(|(subject, _)| matches!(subject, Subject::Object { .. })), "{whys:?}");
    assert!(whys.iter().all(|(_, why)| why.contains("AccessDenied")), "{whys:?}");
}

#[test]
fn an_object_that_no_manifest_lists_is_reported() {
    let mut scene = scene();
    let planted = version(format!("{}/planted.txt", scene.object(AT, "x").key), "v1");
    scene.put(planted.clone(), b"it was somebody else");
    let verification = scene.verify();
    assert_eq!(verification.outcome, Outcome::NotChecked);
    assert_eq!(unchecked(&verification)[0].0, Subject::Unlisted { object: planted });
}

#[test]
fn a_version_put_over_an_object_does_not_hide_the_listed_one_and_is_reported() {
    let mut scene = scene();
    let over = version(scene.object(AT, "console.txt").key, "v2");
    scene.put(over.clone(), b"nothing happened");
    let verification = scene.verify();
    assert_eq!(failures(&verification), []);
    assert_eq!(unchecked(&verification)[0].0, Subject::Unlisted { object: over });
}
