//! Which call meets which fault.

use crate::operations::{Effect, Operation};
use ports::ErrorKind;

/// The calls that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    All,
    Reads,
    /// Those that change something in AWS other than the journal, or tell somebody.
    Mutations,
    JournalWrites,
    /// Of one operation, by AWS's name or its port's.
    Of(&'static str),
}

impl Calls {
    fn include(self, operation: Operation) -> bool {
        match self {
            Self::All => true,
            Self::Reads => operation.effect == Effect::Reads,
            Self::Mutations => operation.effect == Effect::Mutates,
            Self::JournalWrites => operation.effect == Effect::Journals,
            Self::Of(name) => operation.is_called(name),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and has no effect.
    Fail(ErrorKind),
    /// It takes effect, and the caller is told of a transient failure.
    LoseAnswer,
    /// The process dies before it takes effect.
    KillBefore,
    /// It takes effect, and the process dies.
    KillAfter,
    /// The process stops before it takes effect, until it is let go.
    Hold,
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    seen: Vec<Operation>,
    met: Vec<Operation>,
}

#[derive(Debug)]
struct Rule {
    calls: Calls,
    first: usize,
    last: usize,
    fault: Fault,
    counted: usize,
}

impl Rules {
    pub(super) fn add(&mut self, calls: Calls, first: usize, last: usize, fault: Fault) {
        self.rules.push(Rule { calls, first, last, fault, counted: 0 });
    }

    /// Counts a call in every rule; the first rule whose turn it is decides.
    pub(super) fn meet(&mut self, operation: Operation) -> Option<Fault> {
        self.seen.push(operation);
        let mut fault = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.calls.include(operation)) {
            rule.counted += 1;
            if (rule.first..=rule.last).contains(&rule.counted) {
                fault = fault.or(Some(rule.fault));
            }
        }
        self.met.extend(fault.map(|_| operation));
        fault
    }

    pub(super) fn seen(&self, calls: Calls) -> usize {
        self.seen.iter().filter(|operation| calls.include(**operation)).count()
    }

    pub(super) fn met(&self) -> Vec<Operation> {
        self.met.clone()
    }
}
