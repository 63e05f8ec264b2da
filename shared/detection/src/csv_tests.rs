//! Every kind of bad input, whole and in pieces.

use crate::csv::{CsvReader, Form, Row};
use crate::problems::Problem;
use crate::sample::Sample;
use proptest::prelude::*;

const HEADER: &str = "epoch_s,network_out_bytes,network_in_bytes\n";

fn read(text: &[u8], chunk: usize) -> (Vec<Row>, CsvReader) {
    let (mut rows, mut reader) = (Vec::new(), CsvReader::default());
    for part in text.chunks(chunk.max(1)) {
        reader.push(part, |row| rows.push(row));
    }
    reader.finish(true, |row| rows.push(row));
    (rows, reader)
}

fn traffic(epoch_s: i64, out: Option<f64>, inn: Option<f64>) -> Row {
    Row::Traffic(Sample { epoch_s, network_out_bytes: out, network_in_bytes: inn })
}

#[test]
fn rows_are_the_same_in_chunks_of_any_size() {
    let text = format!("{HEADER}0,1,2\r\n300,,4\n600,1.5,2e3\n900,5,6");
    let expected = [
        traffic(0, Some(1.0), Some(2.0)),
        traffic(300, None, Some(4.0)),
        traffic(600, Some(1.5), Some(2000.0)),
        traffic(900, Some(5.0), Some(6.0)),
    ];
    for chunk in 1..=text.len() {
        let (rows, reader) = read(text.as_bytes(), chunk);
        assert_eq!(rows, expected, "chunk of {chunk}");
        assert!(reader.problems().is_empty());
    }
}

#[test]
fn columns_are_found_by_name_among_others() {
    let text = "region,network_in_bytes,epoch_s,network_out_bytes\neu,2,300,1\n";
    assert_eq!(read(text.as_bytes(), 9).0, [traffic(300, Some(1.0), Some(2.0))]);
}

#[test]
fn extra_columns_are_passed_over() {
    assert_eq!(read(format!("{HEADER}0,1,2,3,4\n").as_bytes(), 64).0, [traffic(0, Some(1.0), Some(2.0))]);
}

#[test]
fn a_missing_header_is_reported_and_its_row_is_read() {
    let (rows, reader) = read(b"0,1,2\n300,3,4\n", 64);
    assert_eq!(rows.len(), 2);
    assert_eq!((reader.problems().count(Problem::NoHeader), reader.problems().lost()), (1, 0));
    let (rows, reader) = read(b"2014-02-14 14:30:00,0.5\n", 64);
    assert_eq!(rows, [Row::Metric { epoch_s: 1_392_388_200, value: Some(0.5) }]);
    assert_eq!(reader.form(), Some(Form::Metric));
}

#[test]
fn a_line_of_a_megabyte_is_counted_and_the_next_is_read() {
    let mut text = HEADER.as_bytes().to_vec();
    text.extend(std::iter::repeat_n(b'7', 1 << 20));
    text.extend(b"\n300,1,2\n");
    for chunk in [1000, 1 << 16, 1 << 21] {
        let (rows, reader) = read(&text, chunk);
        assert_eq!(rows, [traffic(300, Some(1.0), Some(2.0))]);
        assert_eq!(reader.problems().count(Problem::LineTooLong), 1);
    }
}

#[test]
fn a_file_cut_short_loses_its_last_line_and_says_so() {
    let (mut rows, mut reader) = (Vec::new(), CsvReader::default());
    reader.push(format!("{HEADER}0,1,2\n300,1234").as_bytes(), |row| rows.push(row));
    reader.finish(false, |row| rows.push(row));
    assert_eq!(rows.len(), 1);
    let message: Vec<_> = reader.problems().messages("vm.csv.gz").collect();
    assert!(message[0].starts_with("vm.csv.gz line 3: the file ends in the middle"), "{}", message[0]);
}

#[test]
fn bad_lines_are_counted_named_and_told_how_to_mend() {
    let text = format!("{HEADER}x,1,2\n300,one,2\n600,1\n900,1,2\ny,1,2\nz,1,2\nw,1,2\n");
    let (rows, reader) = read(text.as_bytes(), 5);
    assert_eq!(rows, [traffic(900, Some(1.0), Some(2.0))]);
    assert_eq!(reader.problems().lost(), 6);
    let messages: Vec<_> = reader.problems().messages("a.csv").collect();
    assert!(messages.iter().any(|line| line.starts_with("a.csv lines 2, 6, 7 and 1 more: the time")), "{messages:?}");
    assert!(messages.iter().any(|line| line.starts_with("a.csv line 3: a value is not a number")), "{messages:?}");
    assert!(messages.iter().any(|line| line.starts_with("a.csv line 4: cells are missing")), "{messages:?}");
}

#[test]
fn an_empty_file_says_that_it_is() {
    assert_eq!(read(b"", 1).1.problems().count(Problem::Empty), 1);
    assert_eq!(read(b"what is this\n", 4).1.problems().count(Problem::UnknownHeader), 1);
}

#[test]
fn not_a_number_and_negative_pass_through_for_the_replay_to_count() {
    let (rows, _) = read(format!("{HEADER}0,-5,NaN\n").as_bytes(), 64);
    let [Row::Traffic(sample)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(sample.network_out_bytes, Some(-5.0));
    assert!(sample.network_in_bytes.unwrap().is_nan());
}

proptest! {
    #[test]
    fn no_bytes_panic_and_chunks_change_nothing(text in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..50) {
        let (whole, one) = read(&text, text.len());
        let (pieces, many) = read(&text, chunk);
        prop_assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
        prop_assert_eq!(one.problems(), many.problems());
    }

    #[test]
    fn lines_of_csv_characters_do_not_panic(text in "[0-9.,eEinfNa:T \r\n\"-]{0,200}", chunk in 1_usize..50) {
        let with = format!("{HEADER}{text}");
        let (whole, _) = read(with.as_bytes(), with.len());
        let (pieces, _) = read(with.as_bytes(), chunk);
        prop_assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    }
}
