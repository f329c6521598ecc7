//! Leases: for so long a piece of work is a worker's own.

/// Longer than a job may run. A job whose worker died is claimed again when this is over.
pub(crate) const JOB_LEASE_SECONDS: i64 = 120;

/// A token for one lease.
pub(crate) fn token() -> String {
    format!("{:032x}", rand::random::<u128>())
}
