//! The DNS over UDP and TCP: delegations, zones, aliases, and what cannot be found.

use std::net::SocketAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::json;

use crate::client::{admin, read, start};
use crate::{cloudflare, namecom};

/// Asks one server, without a cache; recursion is asked for, but the authoritative servers do not care.
pub fn asking(server: SocketAddr, connection: ConnectionConfig) -> TokioResolver {
    let mut connection = connection;
    connection.port = server.port();
    let servers = vec![NameServerConfig::new(server.ip(), true, vec![connection])];
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.attempts = 0;
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.with_options(options).build().unwrap()
}

/// The data of the answers, as text; or the code that came instead.
async fn ask(
    server: SocketAddr,
    name: &str,
    kind: RecordType,
) -> Result<Vec<String>, ResponseCode> {
    let found = asking(server, ConnectionConfig::udp())
        .lookup(format!("{name}."), kind)
        .await;
    match found {
        Ok(found) => Ok(found
            .answers()
            .iter()
            .map(|record| record.data.to_string())
            .collect()),
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            if none.response_code == ResponseCode::NoError {
                Ok(Vec::new())
            } else {
                Err(none.response_code)
            }
        }
        Err(NetError::Dns(DnsError::ResponseCode(code))) => Err(code),
        Err(error) => panic!("{name}: {error}"),
    }
}

pub async fn resolve(
    fakes: &Fakes,
    name: &str,
    kind: RecordType,
) -> Result<Vec<String>, ResponseCode> {
    let [first, second] = fakes.dns().resolvers;
    let answer = ask(first, name, kind).await;
    assert_eq!(
        answer,
        ask(second, name, kind).await,
        "both resolvers see the same"
    );
    answer
}

fn sorted(mut hosts: Vec<String>) -> Vec<String> {
    hosts.sort();
    hosts
}

#[tokio::test]
async fn a_name_that_nobody_registered_does_not_exist() {
    let fakes = start().await;
    let nothing = Err(ResponseCode::NXDomain);
    assert_eq!(resolve(&fakes, "nobody.com", RecordType::A).await, nothing);
    assert_eq!(
        ask(fakes.dns().registry, "nobody.com", RecordType::NS).await,
        nothing
    );
    assert_eq!(
        ask(fakes.dns().cloudflare, "nobody.com", RecordType::NS).await,
        Err(ResponseCode::Refused)
    );
}

#[tokio::test]
async fn a_purchase_delegates_and_new_name_servers_move_it() {
    let fakes = start().await;
    namecom::buy(&fakes, "a.com").await;
    let parked = resolve(&fakes, "a.com", RecordType::NS).await.unwrap();
    assert!(
        parked.iter().all(|host| host.ends_with(".name.com.")),
        "{parked:?}"
    );
    let zone = cloudflare::zone(&fakes, "a.com").await;
    let record = json!({ "type": "TXT", "name": "a.com", "content": "\"hello\"", "ttl": 60 });
    cloudflare::post(&fakes, &format!("/zones/{}/dns_records", zone.id), record).await;
    assert_eq!(resolve(&fakes, "a.com", RecordType::TXT).await, Ok(vec![]));
    assert_eq!(
        ask(fakes.dns().cloudflare, "a.com", RecordType::TXT).await,
        Ok(vec!["hello".to_owned()])
    );
    namecom::delegate(&fakes, "a.com", &zone.nameservers).await;
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::TXT).await,
        Ok(vec!["hello".to_owned()])
    );
    let hosts: Vec<_> = zone
        .nameservers
        .iter()
        .map(|host| format!("{host}."))
        .collect();
    assert_eq!(
        sorted(resolve(&fakes, "a.com", RecordType::NS).await.unwrap()),
        sorted(hosts)
    );
    for host in &zone.nameservers {
        assert_eq!(
            resolve(&fakes, host, RecordType::A).await,
            Ok(vec!["127.0.0.3".to_owned()])
        );
    }
}

#[tokio::test]
async fn the_registry_refers_to_the_servers_of_a_domain() {
    let fakes = start().await;
    fakes.register_elsewhere("brand.net", &["ns1.host.example", "ns2.host.example"]);
    let connection = ConnectionConfig::udp();
    let referral = asking(fakes.dns().registry, connection)
        .lookup("www.brand.net.", RecordType::A)
        .await;
    let Err(NetError::Dns(DnsError::NoRecordsFound(referral))) = referral else {
        panic!("a referral has no answers");
    };
    let hosts = referral.ns.unwrap();
    let names: Vec<_> = hosts.iter().map(|host| host.ns.data.to_string()).collect();
    assert_eq!(sorted(names), ["ns1.host.example.", "ns2.host.example."]);
    assert!(hosts.iter().all(|host| {
        host.glue
            .iter()
            .any(|glue| glue.data.to_string() == "127.0.0.4")
    }));
}

#[tokio::test]
async fn a_delegation_to_servers_without_the_zone_fails() {
    let fakes = start().await;
    namecom::buy(&fakes, "a.com").await;
    let failed = Err(ResponseCode::ServFail);
    namecom::delegate(
        &fakes,
        "a.com",
        &[
            "ada.ns.cloudflare.com".into(),
            "bob.ns.cloudflare.com".into(),
        ],
    )
    .await;
    assert_eq!(resolve(&fakes, "a.com", RecordType::A).await, failed);
    namecom::delegate(&fakes, "a.com", &["ns1.nowhere.example".into()]).await;
    assert_eq!(resolve(&fakes, "a.com", RecordType::A).await, failed);
}

#[tokio::test]
async fn a_domain_on_hold_is_gone_until_the_hold_ends() {
    let fakes = start().await;
    fakes.register_elsewhere("brand.net", &["ns1.host.example"]);
    assert_eq!(
        resolve(&fakes, "brand.net", RecordType::A).await,
        Ok(vec![])
    );
    namecom::buy(&fakes, "a.com").await;
    fakes
        .change(
            Vendor::NameCom,
            "domains",
            "a.com",
            &json!({ "client_hold": true }),
        )
        .unwrap();
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::NS).await,
        Err(ResponseCode::NXDomain)
    );
    fakes
        .change(
            Vendor::NameCom,
            "domains",
            "a.com",
            &json!({ "client_hold": false }),
        )
        .unwrap();
    assert!(resolve(&fakes, "a.com", RecordType::NS).await.is_ok());
}

#[tokio::test]
async fn a_domain_elsewhere_has_records_of_its_own_until_it_moves() {
    let fakes = start().await;
    let body = json!({ "nameservers": ["ns1.host.example"], "records": [
        { "name": "brand.net", "type": "MX", "content": "mail.host.example", "priority": 10 },
        { "name": "www.brand.net", "type": "A", "content": "192.0.2.9" },
    ] });
    let put = admin(&fakes, Method::PUT, "/registry/brand.net").json(&body);
    assert_eq!(put.send().await.unwrap().status(), 204);
    assert_eq!(
        resolve(&fakes, "brand.net", RecordType::MX).await,
        Ok(vec!["10 mail.host.example.".to_owned()])
    );
    let zone = cloudflare::zone(&fakes, "brand.net").await;
    let hosts: Vec<_> = zone.nameservers.iter().map(String::as_str).collect();
    fakes.register_elsewhere("brand.net", &hosts);
    assert_eq!(
        resolve(&fakes, "www.brand.net", RecordType::A).await,
        Err(ResponseCode::NXDomain)
    );
    assert_eq!(
        ask(fakes.dns().foreign, "www.brand.net", RecordType::A).await,
        Ok(vec!["192.0.2.9".to_owned()])
    );
    let shown = admin(&fakes, Method::GET, "/registry")
        .send()
        .await
        .unwrap();
    let (_, shown) = read(shown).await;
    assert_eq!(shown["brand.net"]["nameservers"], json!(hosts));
    let gone = admin(&fakes, Method::DELETE, "/registry/brand.net")
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(
        resolve(&fakes, "brand.net", RecordType::MX).await,
        Err(ResponseCode::NXDomain)
    );
}
