//! A bundle to an archive, objects streamed from where the caller has them.

use super::index::Index;
use super::{ArchiveFault, INDEX, PUBLIC_KEY, README, readme};
use crate::bundle::{Bundle, ObjectVersion, Reading};
use crate::content::{Content, Measure};
use crate::public_key::PublicKey;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use tar::{Builder, EntryType, Header};

enum Source<'a> {
    Bytes(Vec<u8>),
    Object(&'a ObjectVersion, &'a Content),
}

/// Writes the archive to `out`. `open` gives the bytes of an object that the bundle has a digest of; the writing fails
/// if they are not those.
pub fn write<R: Read>(
    bundle: &Bundle,
    key: &PublicKey,
    open: impl FnMut(&ObjectVersion) -> io::Result<R>,
    out: impl Write,
) -> Result<(), ArchiveFault> {
    let files = files(bundle, key)?;
    let mut archive = Builder::new(GzBuilder::new().mtime(0).write(out, Compression::best()));
    append(&mut archive, files, open)?;
    let written = archive.into_inner().and_then(|compressed| compressed.finish()).and_then(|mut out| out.flush());
    written.map_err(unwritable)
}

/// By name, so that the order is the same each time.
fn files<'a>(bundle: &'a Bundle, key: &PublicKey) -> Result<BTreeMap<String, Source<'a>>, ArchiveFault> {
    let index = Index::of(bundle);
    let text = serde_json::to_vec_pretty(&index).map_err(unwritable)?;
    let mut files = BTreeMap::from([
        (README.to_owned(), Source::Bytes(readme::text(&bundle.incident, key).into_bytes())),
        (INDEX.to_owned(), Source::Bytes(text)),
        (PUBLIC_KEY.to_owned(), Source::Bytes(key.pem().as_bytes().to_vec())),
    ]);
    for (event, indexed) in bundle.events.iter().zip(index.events) {
        files.insert(indexed.file, Source::Bytes(event.document.as_bytes().to_vec()));
    }
    for (reading, indexed) in bundle.signed.values().zip(index.signed) {
        if let (Reading::Read(bytes), Reading::Read(file)) = (reading, indexed.file) {
            files.insert(file, Source::Bytes(bytes.clone()));
        }
    }
    for ((object, reading), indexed) in bundle.objects.iter().zip(index.objects) {
        if let (Reading::Read(content), Reading::Read(file)) = (reading, indexed.file) {
            files.insert(file, Source::Object(object, content));
        }
    }
    Ok(files)
}

fn append<W: Write, R: Read>(
    archive: &mut Builder<W>,
    files: BTreeMap<String, Source<'_>>,
    mut open: impl FnMut(&ObjectVersion) -> io::Result<R>,
) -> Result<(), ArchiveFault> {
    for (name, source) in files {
        match source {
            Source::Bytes(bytes) => {
                let mut header = header(bytes.len() as u64);
                archive.append_data(&mut header, &name, bytes.as_slice()).map_err(unwritable)?;
            }
            Source::Object(object, expected) => {
                let mut stream = Measured::new(open(object).map_err(unwritable)?);
                archive.append_data(&mut header(expected.bytes), &name, &mut stream).map_err(unwritable)?;
                let found = stream.measure.finish();
                if found != *expected {
                    let (object, expected) = (object.clone(), expected.clone());
                    return Err(ArchiveFault::ContentChanged { object, expected, found });
                }
            }
        }
    }
    Ok(())
}

/// Nothing of the machine or the moment it is written on. The time is a day after 1970 began, because tar warns of
/// what may be before.
fn header(size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(86_400);
    header.set_size(size);
    header
}

fn unwritable(problem: impl ToString) -> ArchiveFault {
    ArchiveFault::Unwritable { problem: problem.to_string() }
}

struct Measured<R> {
    stream: R,
    measure: Measure,
}

impl<R> Measured<R> {
    fn new(stream: R) -> Self {
        Self { stream, measure: Measure::default() }
    }
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.measure.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
