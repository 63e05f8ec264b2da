//! The one configuration of contain-instance and reconcile-incidents. All problems are listed at once.

use containment::authority::Mode;
use containment::guards::Limits;
use containment::request::ManualScope;
use containment::snapshot_lock::{LONGEST_DAYS, LockMode, LockTerms};
use containment::verify::Deployment;
use notice::Place;
use ports::Resources;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use time::Duration;

#[derive(Debug, Clone)]
pub struct Config {
    pub deployment: Deployment,
    /// The deployment's mode; a group's own can only be weaker.
    pub mode: Mode,
    /// Which instances operators may contain.
    pub manual_scope: ManualScope,
    /// Whether people may have tracked connections cut by the two-step group swap: only then the role can.
    pub untracking_allowed: bool,
    pub limits: Limits,
    /// How snapshots are locked; `None` where they are not.
    pub snapshot_lock: Option<LockTerms>,
    pub resources: Resources,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    pub variable: &'static str,
    pub problem: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ConfigError(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} problems in the environment; set them in template.yaml:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, " {} {};", problem.variable, problem.problem))
    }
}

impl Config {
    /// Reads the environment once, at start-up.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The same from any source of variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { variable, problems: Vec::new() };
        let config = reader.config();
        match config {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(ConfigError(reader.problems)),
        }
    }
}

impl Config {
    /// Where this deployment is, for notices and findings.
    pub(crate) fn place(&self) -> Place<'_> {
        let Deployment { account, region, partition, .. } = &self.deployment;
        Place { account, region, partition, evidence_bucket: &self.resources.evidence_bucket }
    }
}

struct Reader<F> {
    variable: F,
    problems: Vec<ConfigProblem>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// Reads every variable before giving up on any, so that all problems are found in one go.
    fn config(&mut self) -> Option<Config> {
        let account = self.parsed("CORDON_ACCOUNT_ID");
        let region = self.parsed("AWS_REGION");
        let partition = self.text("CORDON_PARTITION");
        let alarm_topics = self.list("CORDON_ALARM_TOPIC_ARNS");
        let drills_allowed = self.parsed("CORDON_ALLOW_DRILLS");
        let mode = self.mode();
        let manual_scope = self.manual_scope();
        let untracking_allowed = self.parsed("CORDON_ALLOW_UNTRACKING");
        let limits = self.limits();
        let snapshot_lock = self.snapshot_lock();
        let table = self.text("CORDON_TABLE");
        let evidence_bucket = self.text("CORDON_EVIDENCE_BUCKET");
        let evidence_account = self.parsed("CORDON_EVIDENCE_ACCOUNT_ID");
        let evidence_key_arn = self.text("CORDON_EVIDENCE_KEY_ARN");
        let signing_key_arn = self.text("CORDON_SIGNING_KEY_ARN");
        let notification_topic_arn = self.text("CORDON_NOTIFICATION_TOPIC_ARN");
        let revoke_function = self.text("CORDON_REVOKE_FUNCTION");
        let security_hub = self.security_hub();
        let deployment = Deployment {
            account: account?,
            region: region?,
            partition: partition?,
            alarm_topics: alarm_topics?,
            function_arn: None,
            drills_allowed: drills_allowed?,
        };
        Some(Config {
            deployment,
            mode: mode?,
            manual_scope: manual_scope?,
            untracking_allowed: untracking_allowed?,
            limits: limits?,
            snapshot_lock: snapshot_lock?,
            resources: Resources {
                table: table?,
                evidence_bucket: evidence_bucket?,
                evidence_account: evidence_account?,
                evidence_key_arn: evidence_key_arn?,
                signing_key_arn: signing_key_arn?,
                notification_topic_arn: notification_topic_arn?,
                revoke_function: revoke_function?,
                security_hub: security_hub?,
            },
        })
    }

    fn mode(&mut self) -> Option<Mode> {
        let text = self.text("CORDON_MODE")?;
        Mode::parse(&text).or_else(|| self.wrong("CORDON_MODE", "must be observe or enforce"))
    }

    fn manual_scope(&mut self) -> Option<ManualScope> {
        let text = self.text("CORDON_MANUAL_SCOPE")?;
        ManualScope::parse(&text).or_else(|| self.wrong("CORDON_MANUAL_SCOPE", "must be opted-in or account"))
    }

    fn security_hub(&mut self) -> Option<bool> {
        match self.text("CORDON_SECURITY_HUB")?.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => self.wrong("CORDON_SECURITY_HUB", "must be on or off"),
        }
    }

    /// The days are read in every mode: a wrong one shows before the mode is switched on.
    fn snapshot_lock(&mut self) -> Option<Option<LockTerms>> {
        let text = self.text("CORDON_SNAPSHOT_LOCK_MODE");
        let days = self.within("CORDON_SNAPSHOT_LOCK_DAYS", 1, LONGEST_DAYS as usize);
        let mode = match text?.as_str() {
            "off" => None,
            "governance" => Some(LockMode::Governance),
            "compliance" => Some(LockMode::Compliance),
            _ => return self.wrong("CORDON_SNAPSHOT_LOCK_MODE", "must be off, governance or compliance"),
        };
        let days = u32::try_from(days?).unwrap_or(LONGEST_DAYS);
        Some(mode.map(|mode| LockTerms { mode, days }))
    }

    fn limits(&mut self) -> Option<Limits> {
        let group_count = self.within("CORDON_GROUP_LIMIT_COUNT", 1, 1000);
        let group_percent = self.within("CORDON_GROUP_LIMIT_PERCENT", 1, 100);
        let account_count = self.within("CORDON_ACCOUNT_LIMIT_COUNT", 1, 10_000);
        let window = self.within("CORDON_LIMIT_WINDOW_SECONDS", 60, 86_400);
        let min_healthy = self.within("CORDON_MIN_HEALTHY_INSTANCES", 0, 10_000);
        let fleet_event_count = self.within("CORDON_FLEET_EVENT_COUNT", 1, 10_000);
        let fleet_event_percent = self.within("CORDON_FLEET_EVENT_PERCENT", 1, 100);
        let cool_down = self.within("CORDON_COOL_DOWN_SECONDS", 0, 604_800);
        let seconds = |count: usize| Duration::seconds(i64::try_from(count).unwrap_or(i64::MAX));
        Some(Limits {
            group_count: group_count?,
            group_percent: group_percent?,
            account_count: account_count?,
            window: seconds(window?),
            min_healthy: min_healthy?,
            fleet_event_count: fleet_event_count?,
            fleet_event_percent: fleet_event_percent?,
            cool_down: seconds(cool_down?),
        })
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        match (self.variable)(name) {
            Some(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => self.wrong(name, "is missing"),
        }
    }

    fn list(&mut self, name: &'static str) -> Option<Vec<String>> {
        let text = self.text(name)?;
        Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect())
    }

    fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str) -> Option<T> {
        let text = self.text(name)?;
        text.parse().map_err(|error| self.wrong::<()>(name, &format!("cannot be read: {error}"))).ok()
    }

    fn within(&mut self, name: &'static str, least: usize, most: usize) -> Option<usize> {
        let number = self.parsed(name)?;
        if (least..=most).contains(&number) {
            return Some(number);
        }
        self.wrong(name, &format!("must be from {least} to {most}, is {number}"))
    }

    fn wrong<T>(&mut self, variable: &'static str, problem: &str) -> Option<T> {
        self.problems.push(ConfigProblem { variable, problem: problem.to_owned() });
        None
    }
}
