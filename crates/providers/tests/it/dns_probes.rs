//! The outside world as the fakes' DNS and web show it.

use std::net::SocketAddr;

use peeker_domain::WebUrl;
use peeker_fakes::Vendor as Fake;
use peeker_providers::dns_probes::{DnsProbes, DnsSettings};
use peeker_providers::web_probes::WebProbes;
use peeker_providers::{Dns, Probes, TargetProblem};
use serde_json::json;
use tokio::net::UdpSocket;

use crate::cloudflare::{first, with_zone};
use crate::resolver::{Mood, start};
use crate::world::{World, class, domain, is_retry};

const ELSEWHERE: [&str; 2] = ["ns1.host.example", "ns2.host.example"];

fn asking(world: &World, resolvers: Vec<SocketAddr>) -> DnsProbes {
    let settings = DnsSettings {
        resolvers,
        authoritative_port: world.fakes.dns().registry.port(),
    };
    let outbound = world.memory.services().outbound;
    DnsProbes::new(settings, WebProbes::new(outbound))
}

async fn probes(world: &World) -> DnsProbes {
    let resolver = start(world.fakes.dns(), Mood::Right).await;
    asking(world, vec![resolver, world.fakes.dns().resolvers[1]])
}

/// Where nobody listens.
async fn closed() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.local_addr().unwrap()
}

fn owned(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

fn target(text: &str) -> WebUrl {
    WebUrl::parse(text).unwrap()
}

#[tokio::test]
async fn a_domain_is_delegated_when_everybody_says_so() {
    let world = World::new().await;
    let (probes, name) = (probes(&world).await, domain("acme.com"));
    let cloudflare = with_zone(&world, "acme.com").await;
    let zone = cloudflare
        .ensure_zone(world.call("k"), &name)
        .await
        .unwrap();
    let servers = zone.nameservers;
    let delegated = async |servers: &[String]| {
        probes
            .delegated(world.call("k"), &name, servers)
            .await
            .unwrap()
    };
    assert!(!delegated(&servers).await, "still elsewhere");
    assert!(delegated(&owned(&ELSEWHERE)).await);
    let hosts: Vec<&str> = servers.iter().map(String::as_str).collect();
    world.fakes.register_elsewhere("acme.com", &hosts);
    assert!(delegated(&servers).await);
    assert!(!delegated(&owned(&ELSEWHERE)).await);
    let spelled: Vec<String> = servers
        .iter()
        .rev()
        .map(|host| format!("{}.", host.to_uppercase()))
        .collect();
    assert!(delegated(&spelled).await);
    assert!(!delegated(&servers[..1]).await, "one of two");
    let more = [servers.clone(), owned(&["third.ns.example"])].concat();
    assert!(!delegated(&more).await, "two of three");
    world
        .fakes
        .register_elsewhere("acme.com", &[hosts[0], ELSEWHERE[0]]);
    assert!(!delegated(&servers).await, "half of it is elsewhere");
}

#[tokio::test]
async fn a_domain_that_is_not_in_the_dns_is_not_delegated() {
    let world = World::new().await;
    let probes = probes(&world).await;
    let servers = owned(&ELSEWHERE);
    let nobody = probes
        .delegated(world.call("k"), &domain("nobody.com"), &servers)
        .await;
    assert!(!nobody.unwrap());
}

#[tokio::test]
async fn servers_that_do_not_know_the_zone_are_no_delegation() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let zone = cloudflare
        .ensure_zone(world.call("k"), &domain("acme.com"))
        .await;
    let servers = zone.unwrap().nameservers;
    let hosts: Vec<&str> = servers.iter().map(String::as_str).collect();
    world.fakes.register_elsewhere("bare.com", &hosts);
    // The second resolver does not mind: it has not asked them.
    let right = start(world.fakes.dns(), Mood::Right).await;
    let remembers = start(world.fakes.dns(), Mood::Remembers(servers.clone())).await;
    let probes = asking(&world, vec![right, remembers]);
    let bare = domain("bare.com");
    let delegated = probes.delegated(world.call("k"), &bare, &servers).await;
    assert!(!delegated.unwrap());
    let made = first(&world).ensure_zone(world.call("k"), &bare).await;
    made.unwrap();
    let delegated = probes.delegated(world.call("k"), &bare, &servers).await;
    assert!(delegated.unwrap());
}

#[tokio::test]
async fn the_second_resolver_has_to_see_it_too() {
    let world = World::new().await;
    world.fakes.register_elsewhere("acme.com", &ELSEWHERE);
    let (name, servers) = (domain("acme.com"), owned(&ELSEWHERE));
    let right = start(world.fakes.dns(), Mood::Right).await;
    let blank = start(world.fakes.dns(), Mood::Blank).await;
    for (resolvers, expected) in [
        (vec![right], true),
        (vec![right, right], true),
        (vec![right, blank], false),
    ] {
        let probes = asking(&world, resolvers);
        let delegated = probes.delegated(world.call("k"), &name, &servers).await;
        assert_eq!(delegated.unwrap(), expected);
    }
}

#[tokio::test]
async fn whoever_cannot_be_asked_is_asked_later() {
    let world = World::new().await;
    world.fakes.register_elsewhere("acme.com", &ELSEWHERE);
    let (name, servers) = (domain("acme.com"), owned(&ELSEWHERE));
    let right = start(world.fakes.dns(), Mood::Right).await;
    let dead = closed().await;
    for resolvers in [vec![], vec![dead], vec![dead, dead], vec![right, dead]] {
        let probes = asking(&world, resolvers);
        let asked = probes.delegated(world.call("k"), &name, &servers).await;
        assert!(is_retry(class(asked)));
    }
    // One resolver that is down does no harm.
    let probes = asking(&world, vec![dead, right]);
    assert!(
        probes
            .delegated(world.call("k"), &name, &servers)
            .await
            .unwrap()
    );
    let settings = DnsSettings {
        resolvers: vec![right],
        authoritative_port: dead.port(),
    };
    let web = WebProbes::new(world.memory.services().outbound);
    let probes = DnsProbes::new(settings, web);
    let asked = probes.delegated(world.call("k"), &name, &servers).await;
    assert!(is_retry(class(asked)), "no server of the parent zone");
    let problem = probes
        .forwarding_problem(world.call("k"), &name, &target("https://acme.example/"))
        .await;
    assert!(is_retry(class(problem)));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_comes_by_tcp() {
    let world = World::new().await;
    let probes = probes(&world).await;
    let label = |letter: char, n: usize| format!("{}{n:02}", letter.to_string().repeat(58));
    let servers: Vec<String> = (0..13)
        .map(|n| format!("{}.{}.example", label('a', n), label('b', n)))
        .collect();
    let hosts: Vec<&str> = servers.iter().map(String::as_str).collect();
    world.fakes.register_elsewhere("acme.com", &hosts);
    let delegated = probes
        .delegated(world.call("k"), &domain("acme.com"), &servers)
        .await;
    assert!(delegated.unwrap());
}

#[tokio::test]
async fn the_zone_above_may_be_further_up() {
    let world = World::new().await;
    let probes = probes(&world).await;
    world.fakes.register_elsewhere("acme.co.uk", &ELSEWHERE);
    let (name, servers) = (domain("acme.co.uk"), owned(&ELSEWHERE));
    assert!(
        probes
            .delegated(world.call("k"), &name, &servers)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn forwarding_needs_a_domain_that_exists_and_somebody_at_the_target() {
    let world = World::new().await;
    let probes = probes(&world).await;
    // Neither has an address; both exist.
    world.fakes.register_elsewhere("acme.com", &ELSEWHERE);
    world
        .fakes
        .register_elsewhere("undelegated.com", &["ns.nowhere.example"]);
    let there = target(&world.fakes.web_url());
    let nobody = target(&format!("http://{}/", closed().await));
    let private = target("http://10.1.2.3/");
    for (name, target, expected) in [
        ("acme.com", &there, None),
        ("undelegated.com", &there, None),
        ("nobody.com", &there, Some(TargetProblem::DnsLookupFailed)),
        ("acme.com", &nobody, Some(TargetProblem::Unreachable)),
        ("acme.com", &private, Some(TargetProblem::Invalid)),
    ] {
        let problem = probes
            .forwarding_problem(world.call("k"), &domain(name), target)
            .await;
        assert_eq!(problem.unwrap(), expected, "{name} {target}");
    }
    let change = json!({"client_hold": true});
    let bought = crate::namecom::buy(&world, "held.com").await;
    assert!(bought.receipt.is_some());
    world
        .fakes
        .change(Fake::NameCom, "domains", "held.com", &change)
        .unwrap();
    let held = probes
        .forwarding_problem(world.call("k"), &domain("held.com"), &there)
        .await;
    assert_eq!(held.unwrap(), Some(TargetProblem::DnsLookupFailed));
}

#[tokio::test]
async fn a_picture_is_loaded_as_anybody_would() {
    let world = World::new().await;
    let probes = probes(&world).await;
    let base = world.fakes.web_url();
    for (path, expected) in [
        ("/pictures/jane.png", true),
        ("/", false),
        ("/pictures/jane.gif", false),
    ] {
        let url = target(&format!("{base}{path}"));
        let reachable = probes.picture_reachable(world.call("k"), &url).await;
        assert_eq!(reachable.unwrap(), expected, "{path}");
    }
}
