//! A file of any length: what is held is two weeks of it and one line. In a test binary of its own, for it looks at the
//! memory of the whole process.

#![cfg(target_os = "linux")]

use detection::csv::{CsvReader, Row};
use detection::metric::{MetricReplay, MetricThresholds};
use detection::problems::Problem;
use detection::replay::Replay;
use detection::thresholds::Thresholds;

const ROWS: i64 = 2_500_000;
const MOST_GROWN_KIB: u64 = 4_096;

/// The most memory that the process has held so far.
fn most_held_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Rows of traffic from one up to another, which rise and fall so that maxima and quantiles have work to do.
fn rows(text: &mut String, from: i64, to: i64) {
    text.clear();
    for at in from..to {
        let bytes = (at * 7919 % 100_003) * 90 * (1 + at % 5000);
        text.push_str(&format!("{},{bytes},{}\n", at * 300, bytes / 7));
    }
}

#[test]
fn a_file_of_decades_and_a_line_without_an_end_hold_no_more_memory_than_two_months() {
    let (mut reader, mut replay) = (CsvReader::default(), Replay::new(Thresholds::default(), None));
    let mut metric = MetricReplay::new(MetricThresholds::default());
    let mut isolated = 0_u64;
    let mut take = |row: Row| {
        let Row::Traffic(sample) = row else { return };
        isolated += u64::from(replay.push(&sample).is_some());
        let _ = metric.push(sample.epoch_s, sample.network_out_bytes);
    };
    reader.push(b"epoch_s,network_out_bytes,network_in_bytes\n", &mut take);
    let mut text = String::new();
    let (mut before_kib, mut bytes) = (0, 0);
    let step = 20_000;
    for from in (0..ROWS).step_by(step) {
        rows(&mut text, from, from + step as i64);
        bytes += text.len();
        reader.push(text.as_bytes(), &mut take);
        if from < step as i64 {
            before_kib = most_held_kib().unwrap();
        }
    }
    // And a line that never ends, a piece at a time.
    let piece = vec![b'7'; 1 << 16];
    for _ in 0..1024 {
        bytes += piece.len();
        reader.push(&piece, &mut take);
    }
    reader.finish(true, &mut take);
    let grown_kib = most_held_kib().unwrap() - before_kib;
    assert!(bytes > 128 << 20, "{bytes}");
    assert_eq!(reader.rows(), ROWS as u64);
    assert_eq!(reader.problems().count(Problem::LineTooLong), 1);
    assert!(grown_kib < MOST_GROWN_KIB, "{grown_kib} KiB more after {bytes} bytes; {isolated} isolations");
    assert!(replay.tally().instance_days() > 8_000.0);
}
