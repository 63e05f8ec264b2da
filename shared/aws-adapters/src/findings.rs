use crate::error::{kind_of, map};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    AwsSecurityFinding, FindingProviderFields, FindingProviderSeverity, ImportFindingsError, Partition, Recommendation,
    RecordState as RecordStateName, Remediation, Resource, SeverityLabel, Workflow, WorkflowStatus as WorkflowName,
};
use ports::{Finding, FindingSeverity, Findings, PortError, PortResult, RecordState, WorkflowStatus};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

const IMPORT: &str = "securityhub:BatchImportFindings";
/// As many as one call takes.
const LARGEST_BATCH: usize = 100;
/// The only version of the format.
const SCHEMA_VERSION: &str = "2018-10-08";
/// How Security Hub says, for a call or for a finding, that it is not enabled in the account and Region.
const NOT_ENABLED: [&str; 2] = ["InvalidAccessException", "InvalidAccess"];
const ENABLE: &str = "Security Hub is not enabled here: enable it, or deploy with SecurityHubFindings=off";

pub(crate) struct SecurityHub {
    client: Client,
}

impl SecurityHub {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

#[async_trait]
impl Findings for SecurityHub {
    async fn import(&self, findings: &[Finding]) -> PortResult<()> {
        let mut first = Ok(());
        for some in findings.chunks(LARGEST_BATCH) {
            let documents: Result<Vec<_>, _> = some.iter().map(document).collect();
            let documents = documents.map_err(|error| PortError::unreadable(IMPORT, error))?;
            let answer = self.client.batch_import_findings().set_findings(Some(documents)).send().await;
            let answer = answer.map_err(|error| explained(map(IMPORT)(error)))?;
            // The call succeeds where a finding doesn't.
            first = first.and(answer.failed_findings().first().map_or(Ok(()), |failed| Err(refused(failed))));
        }
        first
    }
}

fn refused(failed: &ImportFindingsError) -> PortError {
    let (code, message) = (failed.error_code().unwrap_or_default(), failed.error_message().unwrap_or("no message"));
    explained(PortError::new(IMPORT, kind_of(code, 400), failed.error_code(), message))
}

fn explained(error: PortError) -> PortError {
    match error.code.as_deref() {
        Some(code) if NOT_ENABLED.contains(&code) => PortError { message: ENABLE.to_owned(), ..error },
        _ => error,
    }
}

fn document(finding: &Finding) -> Result<AwsSecurityFinding, String> {
    let label = match finding.severity {
        FindingSeverity::Informational => SeverityLabel::Informational,
        FindingSeverity::Low => SeverityLabel::Low,
        FindingSeverity::Medium => SeverityLabel::Medium,
        FindingSeverity::High => SeverityLabel::High,
        FindingSeverity::Critical => SeverityLabel::Critical,
    };
    // Severity and types go this way: people may change the finding's own, and an import must not take that back.
    let provided = FindingProviderFields::builder()
        .severity(FindingProviderSeverity::builder().label(label).build())
        .types(finding.finding_type)
        .build();
    let partition = Partition::from(finding.partition.as_str());
    let resource = Resource::builder()
        .r#type(finding.resource_type)
        .id(&finding.resource_arn)
        .partition(partition)
        .region(&finding.region)
        .build();
    let workflow = match finding.workflow {
        WorkflowStatus::New => WorkflowName::New,
        WorkflowStatus::Resolved => WorkflowName::Resolved,
    };
    let advice = Recommendation::builder().text(&finding.advice).build();
    let mut document = AwsSecurityFinding::builder()
        .schema_version(SCHEMA_VERSION)
        .id(&finding.id)
        .product_arn(&finding.product_arn)
        .generator_id(finding.generator)
        .aws_account_id(&finding.account)
        .created_at(time_of(finding.created_at)?)
        .updated_at(time_of(finding.updated_at)?)
        .title(&finding.title)
        .description(&finding.description)
        .remediation(Remediation::builder().recommendation(advice).build())
        .set_source_url(finding.source_url.clone())
        .finding_provider_fields(provided)
        .workflow(Workflow::builder().status(workflow).build())
        .record_state(match finding.record_state {
            RecordState::Active => RecordStateName::Active,
            RecordState::Archived => RecordStateName::Archived,
        })
        .resources(resource);
    for (name, value) in &finding.fields {
        document = document.product_fields(*name, value);
    }
    Ok(document.build())
}

/// To the millisecond, in UTC.
fn time_of(at: OffsetDateTime) -> Result<String, String> {
    let at = at.to_offset(UtcOffset::UTC);
    let at = at.replace_millisecond(at.millisecond()).map_err(|error| error.to_string())?;
    at.format(&Rfc3339).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{ENABLE, refused, time_of};
    use aws_sdk_securityhub::types::ImportFindingsError;
    use ports::ErrorKind;
    use time::OffsetDateTime;

    fn failed(code: &str) -> ports::PortError {
        refused(&ImportFindingsError::builder().id("x").error_code(code).error_message("why").build())
    }

    #[test]
    fn a_finding_that_failed_within_a_call_that_succeeded_is_an_error_of_its_kind() {
        assert_eq!(
            (failed("InvalidInput").kind, failed("InvalidInput").message.as_str()),
            (ErrorKind::Rejected, "why")
        );
        assert!(failed("InternalError").kind.is_temporary());
        assert!(!failed("InvalidAccess").kind.is_temporary());
        assert_eq!(failed("InvalidAccess").message, ENABLE);
    }

    #[test]
    fn a_time_is_in_utc_to_the_millisecond() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_790_000_000_123_456_789).unwrap();
        let elsewhere = at.to_offset(time::UtcOffset::from_hms(5, 30, 0).unwrap());
        assert_eq!(time_of(elsewhere).unwrap(), "2026-09-21T14:13:20.123Z");
    }
}
