//! Repeating a call that failed for a passing reason. The SDK has repeated it a few times already; this is for the
//! calls whose loss would leave a decision or a journal event unwritten.

use ports::{Clock, ErrorKind, PortError};
use std::time::Duration;

const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Whether a repetition may succeed by itself. A conflict is for the caller to look at.
fn is_passing(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Throttled | ErrorKind::Transient)
}

/// Calls `attempt` up to four times, with doubling pauses, while it fails for a passing reason. `passing` finds the
/// port's error in the call's own error.
pub(crate) async fn persist<T, E>(
    clock: &dyn Clock,
    port_error: impl Fn(&E) -> Option<&PortError>,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if port_error(&error).is_some_and(is_passing) => clock.sleep(pause).await,
            decided => return decided,
        }
        pause *= 2;
    }
    attempt().await
}
