//! AWS's errors, told apart by what a caller may do about them.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::{ErrorKind, PortError};

/// Maps any failed call; `operation` is `service:Operation`.
pub(crate) fn map<E, R>(operation: &'static str) -> impl Fn(SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata,
    R: std::fmt::Debug,
{
    move |error| match &error {
        SdkError::ServiceError(context) => {
            let code = context.err().code();
            let message = context.err().message().unwrap_or("no message");
            PortError::new(operation, code.map_or(ErrorKind::Transient, kind_of), code, message)
        }
        SdkError::TimeoutError(_) => PortError::new(operation, ErrorKind::Transient, None, "it timed out"),
        SdkError::DispatchFailure(_) => {
            PortError::new(operation, ErrorKind::Transient, None, "no connection to the service")
        }
        SdkError::ResponseError(_) => {
            PortError::new(operation, ErrorKind::Transient, None, "the answer could not be read")
        }
        SdkError::ConstructionFailure(_) => {
            PortError::new(operation, ErrorKind::Rejected, None, "the request could not be built")
        }
        _ => PortError::new(operation, ErrorKind::Transient, None, "an unknown failure"),
    }
}

/// What an error code means. AWS's services spell the same thing in many ways; unknown codes are rejections, so that
/// nothing is repeated blindly.
pub(crate) fn kind_of(code: &str) -> ErrorKind {
    const THROTTLED: &[&str] = &[
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
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
    const GONE: &[&str] =
        &["NoSuchEntity", "NoSuchBucket", "NoSuchKey", "TargetGroupNotFound", "NotFound", "NotFoundException"];
    match code {
        _ if THROTTLED.contains(&code) => ErrorKind::Throttled,
        _ if DENIED.contains(&code) || code.starts_with("AccessDenied") => ErrorKind::Denied,
        _ if GONE.contains(&code) || code.ends_with(".NotFound") || code.starts_with("ResourceNotFound") => {
            ErrorKind::Gone
        }
        _ if CONFLICT.contains(&code) || code.ends_with(".Duplicate") => ErrorKind::Conflict,
        _ if TRANSIENT.contains(&code) => ErrorKind::Transient,
        _ => ErrorKind::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;
    use ports::ErrorKind;

    #[test]
    fn every_services_spelling_is_told_apart() {
        for (code, kind) in [
            ("RequestLimitExceeded", ErrorKind::Throttled),
            ("ThrottlingException", ErrorKind::Throttled),
            ("SlowDown", ErrorKind::Throttled),
            ("UnauthorizedOperation", ErrorKind::Denied),
            ("AccessDenied", ErrorKind::Denied),
            ("AccessDeniedException", ErrorKind::Denied),
            ("AuthorizationError", ErrorKind::Denied),
            ("InvalidInstanceID.NotFound", ErrorKind::Gone),
            ("InvalidGroup.NotFound", ErrorKind::Gone),
            ("NoSuchEntity", ErrorKind::Gone),
            ("ResourceNotFoundException", ErrorKind::Gone),
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
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }
}
