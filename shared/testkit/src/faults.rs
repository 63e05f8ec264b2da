//! What goes wrong for one process, and the record of its calls.

use ports::{ErrorKind, PortError};
use std::sync::Mutex;

/// One call that reached the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub operation: &'static str,
    pub mutates: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call has no effect and fails.
    Fails(ErrorKind),
    /// The call takes effect, and its answer is lost.
    LosesItsAnswer,
    /// The process is killed as it makes the call: without effect, and nothing of it runs on.
    KillsBefore,
    /// The process is killed when the call has taken effect.
    KillsAfter,
}

#[derive(Default)]
struct Plan {
    calls: Vec<Call>,
    at: Option<(usize, Fault)>,
    named: Vec<Named>,
    silent: Vec<&'static str>,
    dead: bool,
}

/// Calls of one operation that fail: not the first `spared`, and then `left` of them.
struct Named {
    operation: &'static str,
    kind: ErrorKind,
    spared: usize,
    left: usize,
}

impl Named {
    /// Whether this call of the operation fails.
    fn meets(&mut self) -> bool {
        let fails = self.spared == 0 && self.left > 0;
        let counted = if fails { &mut self.left } else { &mut self.spared };
        *counted = counted.saturating_sub(1);
        fails
    }
}

/// Faults of one process. Calls are counted from 0.
#[derive(Default)]
pub struct Faults(Mutex<Plan>);

pub(crate) enum Fate {
    Lives,
    Fails(PortError),
    LosesItsAnswer(PortError),
    DiesBefore,
    DiesAfter,
    NeverAnswers,
}

impl Faults {
    /// The call with this number meets this fault.
    pub fn at(&self, number: usize, fault: Fault) {
        self.0.lock().unwrap().at = Some((number, fault));
    }

    /// The next `times` calls of this operation fail.
    pub fn fail(&self, operation: &'static str, kind: ErrorKind, times: usize) {
        self.fail_after(0, operation, kind, times);
    }

    /// The same once `spared` calls of it were made.
    pub fn fail_after(&self, spared: usize, operation: &'static str, kind: ErrorKind, times: usize) {
        self.0.lock().unwrap().named.push(Named { operation, kind, spared, left: times });
    }

    /// Calls of this operation are never answered. The process lives on.
    pub fn never_answer(&self, operation: &'static str) {
        self.0.lock().unwrap().silent.push(operation);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().calls.clone()
    }

    pub(crate) fn meet(&self, operation: &'static str, mutates: bool) -> Fate {
        let mut plan = self.0.lock().unwrap();
        if plan.dead {
            return Fate::DiesBefore;
        }
        let number = plan.calls.len();
        plan.calls.push(Call { operation, mutates });
        if plan.silent.contains(&operation) {
            return Fate::NeverAnswers;
        }
        let mut of_operation = plan.named.iter_mut().filter(|named| named.operation == operation);
        if let Some(named) = of_operation.find_map(|named| named.meets().then_some(named)) {
            return Fate::Fails(error(operation, named.kind));
        }
        let Some((_, fault)) = plan.at.filter(|(at, _)| *at == number) else { return Fate::Lives };
        plan.dead = matches!(fault, Fault::KillsBefore | Fault::KillsAfter);
        match fault {
            Fault::Fails(kind) => Fate::Fails(error(operation, kind)),
            Fault::LosesItsAnswer => Fate::LosesItsAnswer(error(operation, ErrorKind::Transient)),
            Fault::KillsBefore => Fate::DiesBefore,
            Fault::KillsAfter => Fate::DiesAfter,
        }
    }
}

fn error(operation: &'static str, kind: ErrorKind) -> PortError {
    PortError::new(operation, kind, Some("Injected"), "injected by the test")
}
