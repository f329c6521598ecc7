//! What Google and Microsoft see of the world: look-ups over the wire, through the first resolver.

use std::net::SocketAddr;

use hickory_proto::rr::{RData, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

/// Asks the resolver anew each time; names are without a dot at the end, in lower case.
///
/// A name that does not exist and a failed look-up are both nothing, as a vendor's check sees them.
#[derive(Clone)]
pub(crate) struct Lookups(TokioResolver);

impl Lookups {
    pub fn through(resolver: SocketAddr) -> std::io::Result<Self> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
            .into_iter()
            .map(|mut connection| {
                connection.port = resolver.port();
                connection
            })
            .collect();
        let server = NameServerConfig::new(resolver.ip(), true, connections);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut options = ResolverOpts::default();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map(Self)
            .map_err(std::io::Error::other)
    }

    /// The texts at a name, each with its strings joined.
    pub async fn txt(&self, name: &str) -> Vec<String> {
        let found = self.answers(name, RecordType::TXT).await;
        let texts = found.into_iter().filter_map(|data| match data {
            RData::TXT(text) => Some(text.to_string()),
            _ => None,
        });
        texts.collect()
    }

    /// What a name is an alias for.
    pub async fn cname(&self, name: &str) -> Option<String> {
        let found = self.answers(name, RecordType::CNAME).await;
        found.into_iter().find_map(|data| match data {
            RData::CNAME(target) => Some(host(&target.to_string())),
            _ => None,
        })
    }

    async fn answers(&self, name: &str, kind: RecordType) -> Vec<RData> {
        let found = self.0.lookup(format!("{name}."), kind).await;
        found.map_or_else(
            |_| Vec::new(),
            |found| {
                found
                    .answers()
                    .iter()
                    .map(|record| record.data.clone())
                    .collect()
            },
        )
    }
}

fn host(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}
