//! Archives taken apart and put together as nobody but an attacker would.
#![allow(dead_code, reason = "each test file uses its own part")]

use super::{Scene, scene};
use evidence::archive::{ArchiveFault, Limits, Unpacked, read};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};
use std::sync::LazyLock;
use tar::{Archive, Builder, EntryType, Header};

/// Made once: signing takes its time.
pub static WHOLE: LazyLock<Scene> = LazyLock::new(scene);
pub static ARCHIVE: LazyLock<Vec<u8>> = LazyLock::new(|| WHOLE.archive().unwrap());

/// Names and bytes, as in the tar.
pub type Files = Vec<(String, Vec<u8>)>;

pub fn inflated(archive: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    GzDecoder::new(archive).read_to_end(&mut tar).unwrap();
    tar
}

pub fn deflated(tar: &[u8]) -> Vec<u8> {
    let mut archive = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    archive.write_all(tar).unwrap();
    archive.finish().unwrap()
}

pub fn files(archive: &[u8]) -> Files {
    let tar = inflated(archive);
    let file = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    };
    Archive::new(tar.as_slice()).entries().unwrap().map(file).collect()
}

pub fn header(name: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    header
}

pub fn packed(files: &Files) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in files {
        tar.append(&header(name, EntryType::Regular, bytes.len() as u64), bytes.as_slice()).unwrap();
    }
    deflated(&tar.into_inner().unwrap())
}

pub fn unpack(archive: &[u8]) -> Result<Unpacked, ArchiveFault> {
    read(archive, Limits::default())
}
