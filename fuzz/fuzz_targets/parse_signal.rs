//! Any bytes give signals or typed errors whose text is fit for a log line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use signal::{Expectation, MAX_RECORDS, parse};

fuzz_target!(|bytes: &[u8]| {
    let results = match parse(bytes, &Expectation { partition: "aws" }) {
        Ok(results) => results,
        Err(error) => vec![Err(error)],
    };
    assert!((1..=MAX_RECORDS).contains(&results.len()));
    for error in results.into_iter().filter_map(Result::err) {
        let message = error.to_string();
        assert!(!message.is_empty() && !message.chars().any(char::is_control), "{message:?}");
    }
});
