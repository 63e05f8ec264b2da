//! The command line, as a person reads it with `--help`.

use access_audit::TRACKED_DAYS;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Contain EC2 instances, look at what happened, and undo it.
///
/// Uses the AWS credentials, profile and Region of the environment, as the AWS command line does.
#[derive(Debug, Parser)]
#[command(name = "cordon", version, about, long_about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 error, 2 usage, 3 refused, 4 partly contained, 5 release incomplete, 6 could not check"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The deployment: the name of its CloudFormation stack.
    #[arg(long, env = "CORDON_STACK", default_value = "cordon", global = true)]
    pub(crate) stack: String,
    /// Another table than the deployment's journal, such as one restored from a backup.
    #[arg(long, env = "CORDON_TABLE", global = true)]
    pub(crate) table: Option<String>,
    /// Print one JSON object, with a `schema` field, instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Contain an instance that no alarm saw: isolate, take out of its group, secure evidence, stop.
    Contain(Contain),
    /// Be the second person for a containment of a protected instance.
    Approve {
        /// req-…, as the notice and the first person's answer name it.
        request: String,
        /// Why; it goes into the journal.
        #[arg(long)]
        reason: String,
    },
    /// Undo a containment: network, credentials, power, group, targets, protection, tags.
    Release {
        /// inc-…, as notices name it.
        incident: String,
        /// Why; it goes into the journal.
        #[arg(long)]
        reason: String,
        /// Go on although the instance is not as Cordon left it. What differs is printed and journaled.
        #[arg(long)]
        accept_drift: bool,
        /// The alarm was wrong: the traffic was what the instance is there for. `cordon incidents --false` lists these.
        #[arg(long)]
        false_alarm: bool,
        /// Print what would be undone, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Stop all automatic containment for a time.
    Freeze {
        /// Why; people are told.
        #[arg(long)]
        reason: String,
        /// How long, in minutes; a week at most.
        #[arg(long, default_value_t = 60)]
        minutes: u64,
    },
    /// Resume automatic containment.
    Unfreeze {
        /// Why; people are told.
        #[arg(long)]
        reason: String,
    },
    /// List incidents, newest first.
    Incidents(Incidents),
    /// One incident with its timeline, after checking that its journal holds together.
    Show {
        /// inc-…, as notices name it.
        incident: String,
    },
    /// One self-contained page of an incident: summary, timeline, traffic, steps, evidence.
    Report(ReportArguments),
    /// What is watched, in which mode, and what isn't and why.
    ///
    /// An instance is covered when its Auto Scaling group is tagged cordon:mode (or it is on the list of standalone
    /// instances) and an alarm on its own EC2 metrics leads to this deployment.
    Coverage,
    /// Whether what is deployed is whole: what is missing, unsubscribed, unencrypted, wrongly permitted or failing, each
    /// with its fix.
    ///
    /// Changes nothing. Exit code 0: all is well; 1: there are problems; 6: no problem is known, and something could not
    /// be checked.
    Doctor,
    /// What would have been isolated, when and why, had Cordon been in force.
    ///
    /// Over CSV files of epoch_s,network_out_bytes,network_in_bytes (bytes in a period of one or five minutes), over
    /// files of any one metric (timestamp,value), or over CloudWatch's history of the last 14 days. Only the past of each
    /// datapoint is used. Exit code 6: some lines could not be read; they are named.
    Backtest(Backtest),
    /// Who holds more than they need, who could make themselves administrator and how, who can decrypt with which key.
    ///
    /// From files alone: no AWS is asked. What isn't given is not evaluated, and what can't be read is an error; neither
    /// passes. Exit codes: 0 nothing found, 11 to 14 the worst finding is low, medium, high or critical, 6 nothing found and
    /// something could not be read.
    Audit(Audit),
    /// Say whether a principal may do something, and by which statements. From files alone: no AWS is asked.
    ///
    /// Exit codes: 0 allowed, 3 denied, 6 depends on what isn't known. With --batch: 0, or 1 where a line could not be read.
    Can(Can),
    /// Print smaller policies for a user or role, from what it used: a proposal, proved by the evaluator; nothing is applied.
    ///
    /// From files alone: no AWS is asked. What AWS doesn't track is kept, and listed. Attempts that were denied count as used.
    /// Exit codes: 0 printed, 1 no such principal, 6 something could not be read, or not be proved.
    Trim(Trim),
    /// Check or export what is kept of an incident.
    #[command(subcommand)]
    Evidence(Evidence),
    /// Print what a shell needs to complete this command.
    ///
    /// For bash: cordon completions bash > ~/.local/share/bash-completion/completions/cordon
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Write the manual: a page for the command, and one for each of its commands.
    Man {
        /// The folder, such as ~/.local/share/man/man1. It is made where it is missing.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// Check the journal's chain, every signature and every object. Says what exactly fails.
    Verify {
        /// inc-…, as notices name it.
        #[arg(required_unless_present = "archive", conflicts_with = "archive")]
        incident: Option<String>,
        /// An archive that cordon evidence export wrote: checked without AWS.
        #[arg(long, value_name = "FILE", requires = "public_key")]
        archive: Option<PathBuf>,
        /// The signing key's public half (PEM or DER), instead of the one that KMS gives.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
    /// Write one archive that verifies offline with the public key alone.
    Export {
        /// inc-…, as notices name it.
        incident: String,
        /// A file that does not exist yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    Html,
    Json,
    /// OCSF Incident Finding.
    Ocsf,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// inc-…, as notices name it.
    pub(crate) incident: String,
    /// Where to write it; without it, to stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A page for people, or a form for machines.
    #[arg(long, value_enum, default_value = "html")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Contain {
    /// i-…, in this account and Region.
    pub(crate) instance: String,
    /// Why; it goes into the journal.
    #[arg(long)]
    pub(crate) reason: String,
    /// Isolate it and keep it running, so that its memory can be captured.
    #[arg(long)]
    pub(crate) hold: bool,
    /// Cut its tracked connections too, by a two-step group swap that opens every interface to everything for a moment. Best
    /// effort, and only where the deployment allows it (AllowUntracking).
    #[arg(long, requires = "hold")]
    pub(crate) untrack: bool,
    /// A guard that shall not stand in the way: freeze, cool-down, fleet-event, group-limit, account-limit or
    /// healthy-floor. May be given more than once; each is journaled and told.
    #[arg(long = "override", value_name = "GUARD")]
    pub(crate) overrides: Vec<String>,
    /// Print the plan for somebody to approve, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// Files (.csv or .csv.gz), or folders of them.
    #[arg(value_name = "PATH", required_unless_present = "cloudwatch")]
    pub(crate) paths: Vec<PathBuf>,
    /// A list of series that are peers of one another, one path or file name a line. May be given more than once. A series
    /// in no list has no peers.
    #[arg(long, value_name = "FILE")]
    pub(crate) group: Vec<PathBuf>,
    /// Add synthetic exfiltration to see what is found: bytes a second, for how many minutes, how many times in each series,
    /// and a seed that makes it repeatable. For example 5000000,60,4,1.
    #[arg(long, value_name = "RATE,MINUTES,N,SEED")]
    pub(crate) inject: Option<String>,
    /// Another figure of the rule, by the name that a group's tag cordon:detect-NAME has: floor-bytes-per-s, novelty, …
    /// May be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Known false alarms: CSV of series,epoch_s, or what `cordon incidents --false --json` prints. With --cloudwatch those of
    /// the journal count by themselves.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Over CloudWatch's history of all groups tagged cordon:mode, instead of files.
    #[arg(long, conflicts_with_all = ["paths", "group"])]
    pub(crate) cloudwatch: bool,
    /// With --cloudwatch: this group, tagged or not, and no other. May be given more than once.
    #[arg(long, value_name = "NAME", requires = "cloudwatch")]
    pub(crate) auto_scaling_group: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum AuditFormat {
    Text,
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// OCSF Compliance Findings, one JSON object a line.
    Ocsf,
    /// A page that loads nothing, with the escalation graph drawn.
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// What aws iam get-account-authorization-details printed, without a filter. Without it the live account is read, in
    /// your profile's Region; a file that is given stands for what it holds.
    #[arg(long, value_name = "FILE")]
    pub(crate) authorization_details: Option<PathBuf>,
    /// Keys: {"keys": [{"KeyMetadata": …, "Policy": …, "KeyRotationEnabled": …, "Grants": […]}]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) kms: Option<PathBuf>,
    /// The content of aws iam get-credential-report, decoded: CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) credential_report: Option<PathBuf>,
    /// What aws iam get-account-summary printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) account_summary: Option<PathBuf>,
    /// What aws iam get-account-password-policy printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_policy: Option<PathBuf>,
    /// The organization's tree with its service control and resource control policies, as cordon can takes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) scps: Option<PathBuf>,
    /// Resources: {"Regions": [{"Region": …, "EbsEncryptionByDefault": …, "Volumes": […], "Snapshots": […], "Buckets": […],
    /// "Topics": […], "Queues": […], "Tables": […], "Functions": […]}]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) resources: Option<PathBuf>,
    /// Findings that are accepted: {"suppressions": [{"control", "resource", "principal", "reason", "expires"}]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
    /// What cordon audit --json printed before: what changed since is told first.
    #[arg(long, value_name = "FILE")]
    pub(crate) since: Option<PathBuf>,
    /// What principals used: {"principals": [{"Arn": …, and what aws iam get-service-last-accessed-details printed for it,
    /// of a job with --granularity ACTION_LEVEL}]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) last_accessed: Option<PathBuf>,
    /// How to print it; --json is the same as --format json.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: AuditFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Can {
    /// The ARN of a user, role or role session; an account id for its root user; a service such as lambda.amazonaws.com.
    #[arg(required_unless_present = "batch")]
    pub(crate) principal: Option<String>,
    /// SERVICE:ACTION, such as s3:GetObject.
    #[arg(required_unless_present = "batch")]
    pub(crate) action: Option<String>,
    /// The resource's ARN, or * for an action that has none.
    #[arg(required_unless_present = "batch")]
    pub(crate) resource: Option<String>,
    /// What aws iam get-account-authorization-details printed for the principal's account. Without it the live account is
    /// read.
    #[arg(long, value_name = "FILE")]
    pub(crate) authorization_details: Option<PathBuf>,
    /// The organization's tree: {Id, Arn, Policies: [{Name, Type, Content}], Children: […]}, from the root to the accounts.
    /// Type is SERVICE_CONTROL_POLICY, which it is where it is left out, or RESOURCE_CONTROL_POLICY.
    #[arg(long, value_name = "FILE")]
    pub(crate) scps: Option<PathBuf>,
    /// Policies of resources: [{Resource, Policy, Account}].
    #[arg(long, value_name = "FILE")]
    pub(crate) resource_policies: Option<PathBuf>,
    /// Whose the resource is, where neither its ARN nor --resource-policies says so.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) resource_account: Option<String>,
    /// A condition key's value in the request. May be given more than once; a key given twice has two values. Keys that
    /// aren't given are then absent; with none given they are unknown.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) context: Vec<String>,
    /// Keys that aren't given are absent, also where none is given.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Many requests with their policies inline, one JSON object a line, or - for stdin. Prints one object a line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "authorization_details", "scps", "resource_policies",
        "resource_account", "context", "strict"])]
    pub(crate) batch: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Trim {
    /// The ARN of a user or role, or its name.
    pub(crate) principal: String,
    /// What aws iam get-account-authorization-details printed, without a filter.
    #[arg(long, value_name = "FILE")]
    pub(crate) authorization_details: PathBuf,
    /// What aws iam get-service-last-accessed-details printed for the principal (of a job with --granularity ACTION_LEVEL),
    /// or a file of many, as cordon audit takes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) last_accessed: PathBuf,
    /// What was not used for so many days is unused. IAM looks back 400.
    #[arg(long, default_value_t = TRACKED_DAYS, value_parser = clap::value_parser!(u16).range(1..=i64::from(TRACKED_DAYS)))]
    pub(crate) days: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Incidents {
    /// Only those in this state: Contained, Partial, Settling, Released, Refused, Observed, …
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Only those of this Auto Scaling group.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Only those opened on this day (UTC) or later: YYYY-MM-DD. Without it, the last twelve months.
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<String>,
    /// Only false alarms, as whoever released them said (cordon release --false-alarm).
    #[arg(long = "false")]
    pub(crate) false_alarms: bool,
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
}
