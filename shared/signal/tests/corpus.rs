//! Replays the fuzz target's corpus: what fuzzing once found stays found, without a fuzzer at hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use signal::{Expectation, parse};
use std::path::Path;

#[test]
fn every_entry_of_the_fuzz_corpus_gives_signals_or_a_typed_error() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let (mut entries, mut signals, mut errors) = (0, 0, 0);
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        let results = match parse(&std::fs::read(&path).unwrap(), &Expectation { partition: "aws" }) {
            Ok(results) => results,
            Err(error) => vec![Err(error)],
        };
        assert!(!results.is_empty(), "{path:?}");
        entries += 1;
        for result in results {
            match result {
                Ok(_) => signals += 1,
                Err(error) => {
                    errors += 1;
                    let message = error.to_string();
                    assert!(!message.is_empty() && !message.chars().any(char::is_control), "{path:?}: {message:?}");
                }
            }
        }
    }
    assert!(entries >= 25, "the corpus has only {entries} entries");
    assert!(signals >= 10 && errors >= 10, "it must hold both: {signals} signals, {errors} errors");
}
