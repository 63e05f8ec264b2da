//! What was asked of the cloud, in the order in which it took effect.

use crate::operations::{Effect, Operation};
use std::sync::{Arc, Mutex};
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub operation: Operation,
    /// The arguments that tell calls of one operation apart.
    pub arguments: String,
    pub at: OffsetDateTime,
    /// What the caller was told, where it wasn't what it asked for.
    pub error: Option<String>,
}

impl Call {
    pub fn mutates(&self) -> bool {
        self.operation.effect != Effect::Reads
    }
}

/// Copies share the same calls.
#[derive(Debug, Clone, Default)]
pub struct CallLog(Arc<Mutex<Vec<Call>>>);

impl CallLog {
    pub(crate) fn push(&self, call: Call) {
        self.0.lock().unwrap().push(call);
    }

    pub fn all(&self) -> Vec<Call> {
        self.0.lock().unwrap().clone()
    }

    /// Calls of one operation, named as in an IAM policy (`ec2:StopInstances`) or by its port (`instances.stop`).
    pub fn of(&self, name: &str) -> Vec<Call> {
        self.all().into_iter().filter(|call| call.operation.is_called(name)).collect()
    }

    pub fn count(&self, name: &str) -> usize {
        self.of(name).len()
    }

    /// Calls that changed something in AWS, the journal left out.
    pub fn mutations(&self) -> Vec<Call> {
        self.all().into_iter().filter(|call| call.operation.effect == Effect::Mutates).collect()
    }

    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}
