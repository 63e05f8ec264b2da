//! Which deployment the command speaks to, and how it is reached. Everything is found by the name of its stack: what
//! contain-instance was deployed with names the rest.

use crate::arguments::Global;
use crate::exit::{Failed, explained};
use aws_adapters::{Clients, EvidenceReader, Functions};
use containment::verify::Deployment as Routes;
use ports::Journal;
use signal::{AccountId, Region};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) struct Deployment {
    pub(crate) clients: Clients,
    stack: String,
    table: Option<String>,
    region: Region,
}

/// What the deployment's functions were deployed with.
pub(crate) struct Settings {
    function: String,
    variables: BTreeMap<String, String>,
}

impl Deployment {
    pub(crate) async fn new(global: &Global) -> Result<Self, Failed> {
        let clients = aws_adapters::connect().await;
        let Some(region) = clients.region() else {
            return Err(Failed::Usage("no Region is set; set AWS_REGION or a Region in the profile".to_owned()));
        };
        let region = region.parse().map_err(|error| Failed::Usage(format!("the Region: {error}")))?;
        Ok(Self { clients, stack: global.stack.clone(), table: global.table.clone(), region })
    }

    pub(crate) fn functions(&self) -> Functions {
        aws_adapters::functions(&self.clients)
    }

    /// The name of one of the stack's functions.
    pub(crate) fn function(&self, name: &str) -> String {
        format!("{}-{name}", self.stack)
    }

    /// The name of the stack.
    pub(crate) fn stack(&self) -> &str {
        &self.stack
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    pub(crate) async fn settings(&self) -> Result<Settings, Failed> {
        let function = self.function("contain-instance");
        let variables = self.functions().variables(&function).await;
        let mut variables = variables.map_err(|error| Failed::Unchecked(explained(&error)))?;
        if let Some(table) = &self.table {
            variables.insert("CORDON_TABLE".to_owned(), table.clone());
        }
        Ok(Settings { function, variables })
    }

    /// What an alarm must be to lead to this deployment.
    pub(crate) fn routes(&self, settings: &Settings) -> Result<Routes, Failed> {
        let (account, partition) = (settings.account()?, settings.get("CORDON_PARTITION")?.to_owned());
        let function = format!("arn:{partition}:lambda:{}:{account}:function:{}", self.region, settings.function);
        let topics = settings.get("CORDON_ALARM_TOPIC_ARNS")?.split(',');
        Ok(Routes {
            account,
            region: self.region.clone(),
            partition,
            alarm_topics: topics.map(ToOwned::to_owned).collect(),
            function_arn: Some(function),
            drills_allowed: settings.get("CORDON_ALLOW_DRILLS")? == "true",
        })
    }

    pub(crate) async fn journal(&self) -> Result<Arc<dyn Journal>, Failed> {
        self.settings().await?.journal(&self.clients)
    }
}

impl Settings {
    pub(crate) fn get(&self, name: &str) -> Result<&str, Failed> {
        self.variables.get(name).map(String::as_str).ok_or_else(|| {
            Failed::Unchecked(format!(
                "function {} has no variable {name}; is this a stack of Cordon's?",
                self.function
            ))
        })
    }

    pub(crate) fn journal(&self, clients: &Clients) -> Result<Arc<dyn Journal>, Failed> {
        Ok(aws_adapters::journal(clients, self.get("CORDON_TABLE")?))
    }

    pub(crate) fn evidence(&self, clients: &Clients) -> Result<EvidenceReader, Failed> {
        let owner = self.variables.get("CORDON_EVIDENCE_ACCOUNT_ID").map(String::as_str);
        Ok(aws_adapters::evidence_reader(clients, self.get("CORDON_EVIDENCE_BUCKET")?, owner))
    }

    pub(crate) fn account(&self) -> Result<AccountId, Failed> {
        let account = self.get("CORDON_ACCOUNT_ID")?;
        account.parse().map_err(|error| Failed::Unchecked(format!("CORDON_ACCOUNT_ID: {error}")))
    }
}
