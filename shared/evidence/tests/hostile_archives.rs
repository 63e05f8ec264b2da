//! Whatever somebody packs, the reader neither panics nor fills the memory nor follows a name: it says what is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use evidence::archive::{ArchiveFault, Limits, read};
use support::packing::*;
use tar::{Builder, EntryType, Header};

/// The fault of a whole archive to which something was added.
fn fault_with(header: &Header, bytes: &[u8]) -> ArchiveFault {
    let mut tar = inflated(&ARCHIVE);
    tar.truncate(tar.len() - 1024);
    let mut builder = Builder::new(tar);
    builder.append(header, bytes).unwrap();
    unpack(&deflated(&builder.into_inner().unwrap())).unwrap_err()
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../evil", "/etc/passwd", "objects/../../evil", "objects//x", "a\\..\\b", "objects/", "C:x", ".x", ""]
    {
        let fault = fault_with(&header(name, EntryType::Regular, 1), b"x");
        assert!(matches!(fault, ArchiveFault::StrangeName { .. }), "{name}: {fault}");
    }
    let mut header = header("x", EntryType::Regular, 1);
    header.as_old_mut().name[..4].copy_from_slice(b"\xff\xfe\x1b[");
    header.set_cksum();
    let fault = fault_with(&header, b"x").to_string();
    assert!(!fault.contains('\u{1b}'), "{fault:?}");
}

#[test]
fn links_devices_folders_and_extensions_of_names_are_refused() {
    for kind in b"12345678LKSxgVMDN".map(EntryType::new) {
        if kind != EntryType::Regular {
            let fault = fault_with(&header("objects/x", kind, 1), b"x");
            assert_eq!(fault, ArchiveFault::NotAFile { name: "\"objects/x\"".to_owned() }, "{kind:?}");
        }
    }
}

#[test]
fn a_name_twice_a_name_too_many_and_a_name_too_few_are_refused() {
    let archive = ARCHIVE.clone();
    let whole = files(&archive);
    for (number, (name, _)) in whole.iter().enumerate() {
        let name = format!("{name:?}");
        let mut twice = whole.clone();
        twice.push(whole[number].clone());
        assert_eq!(unpack(&packed(&twice)).unwrap_err(), ArchiveFault::Repeated { name: name.clone() });
        let mut without = whole.clone();
        without.remove(number);
        match unpack(&packed(&without)) {
            Ok(_) => assert_eq!(name, "\"README.txt\""),
            Err(fault) => assert_eq!(fault, ArchiveFault::Absent { name }),
        }
    }
    let fault = fault_with(&header("objects/999999-x", EntryType::Regular, 1), b"x");
    assert_eq!(fault, ArchiveFault::Unmentioned { name: "\"objects/999999-x\"".to_owned() });
}

#[test]
fn one_file_for_two_objects_is_refused() {
    let mut whole = files(&ARCHIVE);
    for (name, bytes) in &mut whole {
        if name == "index.json" {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text
                .replace("objects/000002-at-containment-instance.json", "objects/000001-at-containment-console.txt")
                .into_bytes();
        }
    }
    let name = "\"objects/000001-at-containment-console.txt\"".to_owned();
    assert_eq!(unpack(&packed(&whole)).unwrap_err(), ArchiveFault::Absent { name });
}

#[test]
fn a_bomb_meets_a_limit() {
    let limits = Limits { entries: 40, document: 200_000, documents: 300_000, unpacked: 2_000_000 };
    let archive = |name: &str, size: usize| packed(&vec![(name.to_owned(), vec![0; size])]);
    let fault = |archive: Vec<u8>| read(archive.as_slice(), limits).unwrap_err();
    assert!(read(ARCHIVE.as_slice(), limits).is_ok());
    assert_eq!(fault(archive("objects/x", 3_000_000)), ArchiveFault::TooLong { limit: 2_000_000 });
    let name = "\"index.json\"".to_owned();
    assert_eq!(fault(archive("index.json", 200_001)), ArchiveFault::EntryTooLong { name, limit: 200_000 });
    let two = packed(&vec![("a".to_owned(), vec![0; 160_000]), ("b".to_owned(), vec![0; 160_000])]);
    assert_eq!(fault(two), ArchiveFault::DocumentsTooLong { limit: 300_000 });
    let many = packed(&(0..41).map(|number| (format!("objects/{number}"), Vec::new())).collect());
    assert_eq!(fault(many), ArchiveFault::TooManyEntries { limit: 40 });
    let zeros = [inflated(&ARCHIVE), vec![0; 3_000_000]].concat();
    assert_eq!(fault(deflated(&zeros)), ArchiveFault::TooLong { limit: 2_000_000 });
}

#[test]
fn a_length_that_the_archive_does_not_have_costs_no_memory() {
    for size in [u64::MAX, u64::MAX - 511, 1 << 62, 1 << 33] {
        for name in ["objects/x", "journal/x"] {
            let mut tar = header(name, EntryType::Regular, size).as_bytes().to_vec();
            tar.extend([0; 512]);
            assert!(unpack(&deflated(&tar)).is_err(), "{size}");
        }
    }
}

#[test]
fn an_archive_that_is_cut_short_anywhere_is_refused() {
    let archive = ARCHIVE.clone();
    for length in 0..archive.len() {
        assert!(unpack(&archive[..length]).is_err(), "{length} of {} bytes", archive.len());
    }
    let tar = inflated(&archive);
    for length in (0..tar.len() - 1024).step_by(256) {
        assert!(unpack(&deflated(&tar[..length])).is_err(), "{length} of {} bytes of the tar", tar.len());
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    let archive = ARCHIVE.clone();
    for more in [b"x".as_slice(), &archive] {
        assert_eq!(unpack(&[archive.as_slice(), more].concat()).unwrap_err(), ArchiveFault::Trailing);
    }
    let tar = inflated(&archive);
    let hidden = deflated(&[tar.as_slice(), &tar].concat());
    assert_eq!(unpack(&hidden).unwrap_err(), ArchiveFault::Trailing);
}

#[test]
fn an_index_of_another_schema_form_or_encoding_is_refused() {
    let whole = files(&ARCHIVE);
    let with = |from: &str, to: &str| {
        let mut files = whole.clone();
        let index = files.iter_mut().find(|(name, _)| name == "index.json").unwrap();
        let text = String::from_utf8(index.1.clone()).unwrap();
        assert!(text.contains(from));
        index.1 = text.replacen(from, to, 1).into_bytes();
        unpack(&packed(&files)).unwrap_err()
    };
    assert_eq!(with("\"schema\": 1", "\"schema\": 2"), ArchiveFault::UnknownSchema { found: 2 });
    for (from, to) in [
        ("{", "["),
        ("\"schema\": 1", "\"schema\": 1, \"more\": 1"),
        ("\"schema\": 1", "\"schema\": 1, \"schema\": 1"),
        ("\"incident\": \"inc", "\"incident\": \"../\\u001b[2J"),
    ] {
        assert!(matches!(with(from, to), ArchiveFault::Index { .. }), "{to}");
    }
    let mut files = whole.clone();
    files.iter_mut().find(|(name, _)| name.starts_with("journal/")).unwrap().1[0] = 0xff;
    assert!(matches!(unpack(&packed(&files)).unwrap_err(), ArchiveFault::NotText { .. }));
    let mut files = whole.clone();
    files.iter_mut().find(|(name, _)| name == "public-key.pem").unwrap().1.truncate(40);
    assert!(matches!(unpack(&packed(&files)).unwrap_err(), ArchiveFault::PublicKey(_)));
}
