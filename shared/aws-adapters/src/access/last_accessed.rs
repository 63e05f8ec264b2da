//! When each role and user last used what: jobs that IAM runs, one a principal.

use super::{map, member, moment, of_each};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AccessAdvisorUsageGranularityType, JobStatusType, ServiceLastAccessed};
use ports::{ErrorKind, Page, PortError, PortResult};
use serde_json::{Value, json};
use std::time::Duration;

const GET: &str = "iam:GetServiceLastAccessedDetails";
/// Two calls a principal and more, so that a page stays within some hundred.
const ENTRIES: i32 = 25;
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);
/// What comes after the roles' last page.
const USERS: &str = "users";
const SERVICE_LINKED: &str = "/aws-service-role/";

/// Roles first, then users: a cursor is IAM's own marker after the word that says whose it is.
pub(super) async fn page(client: &Client, after: Option<&str>) -> PortResult<Page> {
    let (kind, marker) = after
        .unwrap_or("roles")
        .split_once(' ')
        .map_or((after.unwrap_or("roles"), None), |(kind, marker)| (kind, Some(marker.to_owned())));
    let (arns, next) = if kind == USERS { users(client, marker).await? } else { roles(client, marker).await? };
    let principals = of_each(&arns, |arn| of_principal(client, arn)).await?;
    let principals: Vec<_> = principals.into_iter().filter(|one| !one.is_null()).collect();
    Ok(Page { content: json!({"principals": principals}), next })
}

async fn roles(client: &Client, marker: Option<String>) -> PortResult<(Vec<String>, Option<String>)> {
    let call = client.list_roles().max_items(ENTRIES).set_marker(marker);
    let answer = call.send().await.map_err(map("iam:ListRoles"))?;
    // Those are AWS's to narrow.
    let own = answer.roles().iter().filter(|role| !role.path().starts_with(SERVICE_LINKED));
    let next = match answer.marker().filter(|_| answer.is_truncated()) {
        Some(marker) => format!("roles {marker}"),
        None => USERS.to_owned(),
    };
    Ok((own.map(|role| role.arn().to_owned()).collect(), Some(next)))
}

async fn users(client: &Client, marker: Option<String>) -> PortResult<(Vec<String>, Option<String>)> {
    let call = client.list_users().max_items(ENTRIES).set_marker(marker);
    let answer = call.send().await.map_err(map("iam:ListUsers"))?;
    let next = answer.marker().filter(|_| answer.is_truncated()).map(|marker| format!("{USERS} {marker}"));
    Ok((answer.users().iter().map(|user| user.arn().to_owned()).collect(), next))
}

/// Null for one that was deleted since it was listed.
async fn of_principal(client: &Client, arn: &str) -> PortResult<Value> {
    let answer = member(last_accessed(client, arn).await)?;
    Ok(match answer.get("Unread") {
        Some(why) => json!({"Arn": arn, "Unread": why}),
        None => answer,
    })
}

async fn last_accessed(client: &Client, arn: &str) -> PortResult<Value> {
    let call = client.generate_service_last_accessed_details().arn(arn);
    let call = call.granularity(AccessAdvisorUsageGranularityType::ActionLevel);
    let answer = call.send().await.map_err(map("iam:GenerateServiceLastAccessedDetails"))?;
    let job = answer.job_id().unwrap_or_default();
    let (mut services, mut after) = (Vec::new(), None);
    for _ in 0..ATTEMPTS {
        let call = client.get_service_last_accessed_details().job_id(job).set_marker(after.clone());
        let answer = call.send().await.map_err(map(GET))?;
        match answer.job_status() {
            JobStatusType::InProgress => tokio::time::sleep(PAUSE).await,
            status => {
                services.extend(answer.services_last_accessed().iter().map(service));
                after = answer.marker().filter(|_| answer.is_truncated()).map(str::to_owned);
                if after.is_none() {
                    return Ok(json!({
                        "Arn": arn, "JobStatus": status.as_str(),
                        "JobCompletionDate": moment(Some(answer.job_completion_date())), "ServicesLastAccessed": services,
                    }));
                }
            }
        }
    }
    Err(PortError::new(GET, ErrorKind::Transient, None, "the job is still running"))
}

fn service(service: &ServiceLastAccessed) -> Value {
    // Absent where IAM tracks no action of the service: not the same as a list without any.
    let actions = service.tracked_actions_last_accessed.as_ref().map(|actions| {
        let one = |action: &aws_sdk_iam::types::TrackedActionLastAccessed| {
            json!({"ActionName": action.action_name(), "LastAccessedTime": moment(action.last_accessed_time())})
        };
        actions.iter().map(one).collect::<Vec<_>>()
    });
    json!({
        "ServiceName": service.service_name(), "ServiceNamespace": service.service_namespace(),
        "LastAuthenticated": moment(service.last_authenticated()),
        "TotalAuthenticatedEntities": service.total_authenticated_entities(),
        "TrackedActionsLastAccessed": actions,
    })
}
