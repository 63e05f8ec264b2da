//! Which deployment the command speaks to, and how it is reached.

use crate::arguments::Global;
use crate::exit::{Failed, explained};
use aws_adapters::{Clients, Functions};
use ports::Journal;
use std::sync::Arc;

pub(crate) struct Deployment {
    pub(crate) clients: Clients,
    stack: String,
    table: Option<String>,
}

impl Deployment {
    pub(crate) async fn new(global: &Global) -> Result<Self, Failed> {
        let clients = aws_adapters::connect().await;
        if clients.region().is_none() {
            return Err(Failed::Usage("no Region is set; set AWS_REGION or a Region in the profile".to_owned()));
        }
        Ok(Self { clients, stack: global.stack.clone(), table: global.table.clone() })
    }

    pub(crate) fn functions(&self) -> Functions {
        aws_adapters::functions(&self.clients)
    }

    /// The name of one of the stack's functions.
    pub(crate) fn function(&self, name: &str) -> String {
        format!("{}-{name}", self.stack)
    }

    /// The journal: the table that was named, or else the one that contain-instance writes.
    pub(crate) async fn journal(&self) -> Result<Arc<dyn Journal>, Failed> {
        if let Some(table) = &self.table {
            return Ok(aws_adapters::journal(&self.clients, table));
        }
        let function = self.function("contain-instance");
        let variables = self.functions().variables(&function).await;
        let variables = variables.map_err(|error| Failed::Unchecked(explained(&error)))?;
        let table = variables.get("CORDON_TABLE").ok_or_else(|| {
            Failed::Unchecked(format!("function {function} names no table; is {} a stack of Cordon's?", self.stack))
        })?;
        Ok(aws_adapters::journal(&self.clients, table))
    }
}
