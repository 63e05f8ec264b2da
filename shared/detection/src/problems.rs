//! Lines that could not be read: every one counted, the first ones named.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How many lines of a kind are named; the count goes on.
const NAMED: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    Empty,
    NoHeader,
    UnknownHeader,
    TooFewCells,
    BadTime,
    BadNumber,
    LineTooLong,
    CutShort,
}

impl Problem {
    /// Whether a line was lost by it. Without a header nothing is lost.
    pub fn loses(self) -> bool {
        self != Self::NoHeader
    }

    fn what_to_do(self) -> &'static str {
        match self {
            Self::Empty => "the file has no line; give one with a header and datapoints",
            Self::NoHeader => {
                "there is no header, so three cells were read as epoch_s,network_out_bytes,network_in_bytes and two as \
                 timestamp,value; write the header if that is wrong"
            }
            Self::UnknownHeader => {
                "neither a datapoint nor a header; begin with epoch_s,network_out_bytes,network_in_bytes or \
                 timestamp,value"
            }
            Self::TooFewCells => "cells are missing; write all, and leave one empty where its value is missing",
            Self::BadTime => "the time is neither epoch seconds nor YYYY-MM-DD HH:MM:SS in UTC",
            Self::BadNumber => "a value is not a number; write digits, or leave the cell empty where it is missing",
            Self::LineTooLong => "the line is longer than 4096 bytes; is this a CSV file, and is it unpacked?",
            Self::CutShort => "the file ends in the middle; what came before is read. Fetch or pack it again",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    found: BTreeMap<Problem, Found>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Found {
    count: u64,
    first_lines: Vec<u64>,
}

impl Problems {
    pub fn add(&mut self, problem: Problem, line: u64) {
        let found = self.found.entry(problem).or_default();
        found.count += 1;
        if found.first_lines.len() < NAMED {
            found.first_lines.push(line);
        }
    }

    pub fn count(&self, problem: Problem) -> u64 {
        self.found.get(&problem).map_or(0, |found| found.count)
    }

    /// Lines that were not read.
    pub fn lost(&self) -> u64 {
        self.found.iter().filter(|(problem, _)| problem.loses()).map(|(_, found)| found.count).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// One message a kind for people, beginning with `file`.
    pub fn messages<'a>(&'a self, file: &'a str) -> impl Iterator<Item = String> + 'a {
        self.found.iter().map(move |(problem, found)| Message { file, problem: *problem, found }.to_string())
    }
}

struct Message<'a> {
    file: &'a str,
    problem: Problem,
    found: &'a Found,
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, problem, found } = self;
        let lines: Vec<_> = found.first_lines.iter().map(ToString::to_string).collect();
        let word = if lines.len() == 1 { "line" } else { "lines" };
        write!(f, "{file} {word} {}", lines.join(", "))?;
        if found.count > lines.len() as u64 {
            write!(f, " and {} more", found.count - lines.len() as u64)?;
        }
        write!(f, ": {}", problem.what_to_do())
    }
}
