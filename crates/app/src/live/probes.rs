//! What customers have set up elsewhere, seen from the real internet.

use peeker_providers::Probes;
use peeker_providers::dns_probes::{DnsProbes, DnsSettings as ProbeSettings};
use peeker_providers::web_probes::WebProbes;
use peeker_webhooks::OutboundClient;

use crate::settings::DnsSettings;

pub(super) fn probes(dns: DnsSettings, outbound: OutboundClient) -> impl Probes {
    let settings = ProbeSettings {
        resolvers: dns.resolvers,
        authoritative_port: dns.authoritative_port,
    };
    DnsProbes::new(settings, WebProbes::new(outbound))
}
