//! An archive from anywhere to a bundle. It may be hostile: names, kinds, counts and lengths are bounded before they
//! are used, nothing is unpacked to a disk, and objects pass through without being kept.

use super::index::{Index, IndexedObject};
use super::{ArchiveFault, INDEX, OBJECTS, PUBLIC_KEY, README};
use crate::bundle::{Bundle, ObjectVersion, Reading};
use crate::content::{Content, Measure};
use crate::public_key::PublicKey;
use containment::journal::{Head, SealedEvent};
use flate2::bufread::GzDecoder;
use signal::Quoted;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use tar::{Archive, Entry};

/// What an archive may have at most; what is read and not hashed is kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub entries: usize,
    /// Bytes of one document: an event, a signed document, the index.
    pub document: u64,
    /// Bytes of all documents.
    pub documents: u64,
    /// Bytes of all that the archive unpacks to.
    pub unpacked: u64,
}

impl Default for Limits {
    /// DynamoDB keeps an event below 400 KB; the longest document is the index, with some 300 bytes an entry.
    fn default() -> Self {
        let mebibyte = 1024 * 1024;
        Self { entries: 100_000, document: 32 * mebibyte, documents: 256 * mebibyte, unpacked: 4 * 1024 * mebibyte }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    pub bundle: Bundle,
    /// Whoever made the archive chose it: compare its fingerprint with the one you know.
    pub carried_key: PublicKey,
}

/// Reads a whole archive; errors name the entry at fault.
pub fn read(stream: impl BufRead, limits: Limits) -> Result<Unpacked, ArchiveFault> {
    let mut files = files(stream, limits)?;
    files.documents.remove(README);
    let index = Index::parse(&files.document(INDEX)?)?;
    let carried_key = PublicKey::parse(&files.document(PUBLIC_KEY)?)?;
    let mut events = Vec::new();
    for event in index.events {
        let document = String::from_utf8(files.document(&event.file)?)
            .map_err(|_| ArchiveFault::NotText { name: Quoted(&event.file).to_string() })?;
        events.push(SealedEvent { sequence: event.stored.sequence, document, hash: event.stored.hash });
    }
    let bundle = Bundle {
        incident: index.incident,
        events,
        head: index.head.map(|link| Head { sequence: link.sequence, hash: link.hash }),
        signed: objects(index.signed, |name| files.document(name))?,
        objects: objects(index.objects, |name| files.content(name))?,
    };
    match files.documents.keys().chain(files.contents.keys()).next() {
        Some(name) => Err(ArchiveFault::Unmentioned { name: Quoted(name).to_string() }),
        None => Ok(Unpacked { bundle, carried_key }),
    }
}

fn objects<T>(
    indexed: Vec<IndexedObject>,
    mut take: impl FnMut(&str) -> Result<T, ArchiveFault>,
) -> Result<BTreeMap<ObjectVersion, Reading<T>>, ArchiveFault> {
    let mut objects = BTreeMap::new();
    for entry in indexed {
        let reading = match entry.file {
            Reading::Read(name) => Reading::Read(take(&name)?),
            Reading::Unread(why) => Reading::Unread(why),
        };
        let name = entry.object.to_string();
        if objects.insert(entry.object, reading).is_some() {
            return Err(ArchiveFault::Repeated { name });
        }
    }
    Ok(objects)
}

/// What the archive holds and no reference has used yet.
#[derive(Default)]
struct Files {
    documents: BTreeMap<String, Vec<u8>>,
    contents: BTreeMap<String, Content>,
}

impl Files {
    fn document(&mut self, name: &str) -> Result<Vec<u8>, ArchiveFault> {
        self.documents.remove(name).ok_or_else(|| ArchiveFault::Absent { name: Quoted(name).to_string() })
    }

    fn content(&mut self, name: &str) -> Result<Content, ArchiveFault> {
        self.contents.remove(name).ok_or_else(|| ArchiveFault::Absent { name: Quoted(name).to_string() })
    }
}

fn files(stream: impl BufRead, limits: Limits) -> Result<Files, ArchiveFault> {
    let unpacked = Bounded { stream: GzDecoder::new(stream), left: limits.unpacked, limit: limits.unpacked };
    let mut archive = Archive::new(unpacked);
    let mut files = Files::default();
    let mut documents_left = limits.documents;
    // Raw: extensions of tar's format would let a name be of any length and an entry mean another.
    for (count, entry) in archive.entries()?.raw(true).enumerate() {
        if count >= limits.entries {
            return Err(ArchiveFault::TooManyEntries { limit: limits.entries });
        }
        let mut entry = entry?;
        let name = name(&entry)?;
        if files.documents.contains_key(&name) || files.contents.contains_key(&name) {
            return Err(ArchiveFault::Repeated { name: Quoted(&name).to_string() });
        }
        if name.starts_with(OBJECTS) {
            files.contents.insert(name, measured(&mut entry)?);
            continue;
        }
        let length = entry.size();
        if length > limits.document {
            return Err(ArchiveFault::EntryTooLong { name: Quoted(&name).to_string(), limit: limits.document });
        }
        let too_long = ArchiveFault::DocumentsTooLong { limit: limits.documents };
        documents_left = documents_left.checked_sub(length).ok_or(too_long)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.documents.insert(name, bytes);
    }
    ends(archive.into_inner())?;
    Ok(files)
}

/// A plain relative name of an ordinary file.
fn name(entry: &Entry<'_, impl Read>) -> Result<String, ArchiveFault> {
    let bytes = entry.path_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let quoted = || Quoted(&text).to_string();
    if !entry.header().entry_type().is_file() {
        return Err(ArchiveFault::NotAFile { name: quoted() });
    }
    let plain = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain)
    };
    if text.split('/').all(plain) { Ok(text.to_string()) } else { Err(ArchiveFault::StrangeName { name: quoted() }) }
}

fn measured(entry: &mut impl Read) -> Result<Content, ArchiveFault> {
    let mut measure = Measure::default();
    let mut buffer = [0; 32 * 1024];
    loop {
        let count = entry.read(&mut buffer)?;
        if count == 0 {
            return Ok(measure.finish());
        }
        measure.update(buffer.get(..count).unwrap_or_default());
    }
}

/// Other readers of tar and gzip go on where this one stops, so nothing may be there; and reading to the end is what
/// checks gzip's own sum.
fn ends<R: BufRead>(mut unpacked: Bounded<GzDecoder<R>>) -> Result<(), ArchiveFault> {
    let mut buffer = [0; 4096];
    loop {
        let count = unpacked.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        if buffer.iter().take(count).any(|byte| *byte != 0) {
            return Err(ArchiveFault::Trailing);
        }
    }
    let mut rest = unpacked.stream.into_inner();
    if rest.fill_buf()?.is_empty() { Ok(()) } else { Err(ArchiveFault::Trailing) }
}

/// Fails, rather than ends, at its limit: a bomb is no archive that was cut short.
struct Bounded<R> {
    stream: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| io::Error::other(ArchiveFault::TooLong { limit: self.limit }))?;
        Ok(count)
    }
}
