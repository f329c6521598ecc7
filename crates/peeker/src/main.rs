//! The peeker binary: command line, configuration, telemetry, wiring.
fn main() {}
