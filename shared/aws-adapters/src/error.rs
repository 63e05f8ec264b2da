//! AWS's errors, told apart by what a caller may do about them.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::{ErrorKind, PortError};
use std::error::Error;

/// Maps any failed call; `operation` is `service:Operation`.
pub(crate) fn map<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata,
{
    move |error| match &error {
        SdkError::ServiceError(context) => {
            let code = context.err().code();
            let message = context.err().message().unwrap_or("no message");
            let status = context.raw().status().as_u16();
            PortError::new(operation, kind_of(code.unwrap_or_default(), status), code, message)
        }
        SdkError::TimeoutError(_) => PortError::new(operation, ErrorKind::Transient, None, "it timed out"),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error().and_then(without_credentials) {
            Some(why) => PortError::new(operation, ErrorKind::Denied, Some(NO_CREDENTIALS), &why),
            None => PortError::new(operation, ErrorKind::Transient, None, "no connection to the service"),
        },
        SdkError::ResponseError(_) => {
            PortError::new(operation, ErrorKind::Transient, None, "the answer could not be read")
        }
        SdkError::ConstructionFailure(_) => {
            PortError::new(operation, ErrorKind::Rejected, None, "the request could not be built")
        }
        _ => PortError::new(operation, ErrorKind::Transient, None, "an unknown failure"),
    }
}

/// Not AWS's: no call was made, since nothing gave credentials to sign it with.
const NO_CREDENTIALS: &str = "NoCredentials";

/// Why there are no credentials, where that is what kept a request from being sent.
fn without_credentials(error: &ConnectorError) -> Option<String> {
    let missing = causes(error).find(|cause| cause.is::<CredentialsError>())?;
    let reasons: Vec<_> = std::iter::once(missing).chain(causes(missing)).map(ToString::to_string).collect();
    Some(format!("no credentials: {}", reasons.join(": ")))
}

fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// What an answer means: by its code, or by its HTTP status where the code is missing or not known here.
pub(crate) fn kind_of(code: &str, status: u16) -> ErrorKind {
    // EC2's documentation writes some codes with their sender before them.
    let code = code.strip_prefix("Client.").or_else(|| code.strip_prefix("Server.")).unwrap_or(code);
    kind_of_code(code).unwrap_or_else(|| kind_of_status(status))
}

/// Other statuses are rejections, so that nothing is repeated blindly.
fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::Gone,
        429 => ErrorKind::Throttled,
        500.. => ErrorKind::Transient,
        _ => ErrorKind::Rejected,
    }
}

/// AWS's services spell the same thing in many ways.
fn kind_of_code(code: &str) -> Option<ErrorKind> {
    const THROTTLED: &[&str] = &[
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "EC2ThrottledException",
        "KMSThrottling",
        "ProvisionedThroughputExceededException",
        "PriorRequestNotComplete",
        "SlowDown",
        "BandwidthLimitExceeded",
        "SnapshotCreationPerVolumeRateExceeded",
    ];
    const CONFLICT: &[&str] = &[
        "ResourceContention",
        "ResourceContentionFault",
        "ScalingActivityInProgress",
        "ScalingActivityInProgressFault",
        "ConditionalCheckFailedException",
        "TransactionConflictException",
        "TransactionInProgressException",
        "TransactionCanceledException",
        "IncorrectState",
        "IncorrectInstanceState",
        "IncorrectStateException",
        "DependencyViolation",
        "ResourceConflictException",
        "ConcurrentModification",
        "ConcurrentTagAccess",
        "EntityTemporarilyUnmodifiable",
        "ConcurrentSnapshotLimitExceeded",
    ];
    const TRANSIENT: &[&str] = &[
        "InternalError",
        "InternalFailure",
        "InternalFailureException",
        "InternalServerError",
        "InternalServerErrorException",
        "InternalServiceError",
        "InternalServiceException",
        "ServiceException",
        "ServiceFailure",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
        "RequestTimeout",
        "RequestTimeoutException",
        "KMSInternalException",
    ];
    const DENIED: &[&str] = &[
        "UnauthorizedOperation",
        "UnauthorizedException",
        "AuthorizationError",
        "AuthFailure",
        "AuthorizationErrorException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "ExpiredToken",
        "ExpiredTokenException",
        "KMSAccessDenied",
        "KMSAccessDeniedException",
        "Forbidden",
    ];
    const GONE: &[&str] = &[
        "NoSuchEntity",
        "NoSuchBucket",
        "NoSuchKey",
        "TargetGroupNotFound",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    ];
    match code {
        _ if THROTTLED.contains(&code) => Some(ErrorKind::Throttled),
        _ if DENIED.contains(&code) || code.starts_with("AccessDenied") || code.contains("NotAuthorized") => {
            Some(ErrorKind::Denied)
        }
        _ if GONE.contains(&code) || code.ends_with(".NotFound") || code.starts_with("ResourceNotFound") => {
            Some(ErrorKind::Gone)
        }
        _ if CONFLICT.contains(&code) || code.ends_with(".Duplicate") => Some(ErrorKind::Conflict),
        _ if TRANSIENT.contains(&code) => Some(ErrorKind::Transient),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{HttpResponse, SdkError, kind_of, map};
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use ports::ErrorKind;

    #[test]
    fn every_services_spelling_is_told_apart() {
        for (code, kind) in [
            ("RequestLimitExceeded", ErrorKind::Throttled),
            ("ThrottlingException", ErrorKind::Throttled),
            ("SlowDown", ErrorKind::Throttled),
            ("EC2ThrottledException", ErrorKind::Throttled),
            ("UnauthorizedOperation", ErrorKind::Denied),
            ("Client.UnauthorizedOperation", ErrorKind::Denied),
            ("NotAuthorizedException", ErrorKind::Denied),
            ("ExpiredToken", ErrorKind::Denied),
            ("AccessDenied", ErrorKind::Denied),
            ("AccessDeniedException", ErrorKind::Denied),
            ("AuthorizationError", ErrorKind::Denied),
            ("InvalidInstanceID.NotFound", ErrorKind::Gone),
            ("InvalidGroup.NotFound", ErrorKind::Gone),
            ("NoSuchEntity", ErrorKind::Gone),
            ("ResourceNotFoundException", ErrorKind::Gone),
            ("AWS.SimpleQueueService.NonExistentQueue", ErrorKind::Gone),
            ("InvalidGroup.Duplicate", ErrorKind::Conflict),
            ("ResourceContention", ErrorKind::Conflict),
            ("IncorrectInstanceState", ErrorKind::Conflict),
            ("InternalError", ErrorKind::Transient),
            ("ServiceUnavailable", ErrorKind::Transient),
            ("OperationNotPermitted", ErrorKind::Rejected),
            ("UnsupportedOperation", ErrorKind::Rejected),
            ("LimitExceeded", ErrorKind::Rejected),
            ("SomethingNew", ErrorKind::Rejected),
        ] {
            assert_eq!(kind_of(code, 400), kind, "{code}");
        }
    }

    #[test]
    fn the_status_decides_only_where_the_code_is_unknown() {
        for (status, kind) in [
            (400, ErrorKind::Rejected),
            (403, ErrorKind::Denied),
            (404, ErrorKind::Gone),
            (429, ErrorKind::Throttled),
            (500, ErrorKind::Transient),
            (503, ErrorKind::Transient),
        ] {
            assert_eq!(kind_of("SomethingNew", status), kind, "{status}");
            assert_eq!(kind_of("", status), kind, "{status}");
            assert_eq!(kind_of("SlowDown", status), ErrorKind::Throttled, "{status}");
        }
    }

    #[test]
    fn an_answer_keeps_its_code_and_loses_control_characters() {
        let metadata = ErrorMetadata::builder().code("SlowDown").message("later\u{1b}[31m\n").build();
        let raw = HttpResponse::new(503.try_into().unwrap(), SdkBody::empty());
        let error = map("s3:PutObject")(SdkError::service_error(metadata, raw));
        assert_eq!(error.kind, ErrorKind::Throttled);
        assert_eq!(error.code.as_deref(), Some("SlowDown"));
        assert_eq!(error.message, "later[31m");
    }
}
