use hickory_proto::op::{MessageType, OpCode};
use hickory_proto::rr::rdata::{NS, SOA};

use super::*;

fn name(text: &str) -> Name {
    wire_name(text).unwrap()
}

fn ns(owner: &str, host: &str) -> Record {
    Record::from_rdata(name(owner), 3_600, RData::NS(NS(name(host))))
}

fn soa(owner: &str) -> Record {
    let soa = SOA::new(
        name("ns.host.example"),
        name("hm.host.example"),
        1,
        2,
        3,
        4,
        5,
    );
    Record::from_rdata(name(owner), 3_600, RData::SOA(soa))
}

fn answer(answers: Vec<Record>, authorities: Vec<Record>) -> Message {
    let mut message = Message::new(7, MessageType::Response, OpCode::Query);
    message.insert_answers(answers);
    message.insert_authorities(authorities);
    message
}

#[test]
fn servers_are_the_same_in_any_order_and_spelling() {
    let one = spelled(["Ada.NS.example.", "bob.ns.example"]);
    assert_eq!(
        one,
        spelled(["bob.ns.example", "ada.ns.example", "ada.ns.example."])
    );
    assert_ne!(one, spelled(["ada.ns.example"]));
    assert_ne!(
        one,
        spelled(["ada.ns.example", "bob.ns.example", "cy.ns.example"])
    );
}

#[test]
fn a_referral_counts_and_what_is_said_of_other_names_does_not() {
    let domain = name("acme.com");
    let referred = answer(
        vec![],
        vec![
            ns("ACME.com", "Ada.ns.example"),
            ns("com", "a.gtld.example"),
        ],
    );
    assert_eq!(referral(&referred, &domain), spelled(["ada.ns.example"]));
    let both_zones = answer(
        vec![ns("acme.com", "bob.ns.example")],
        vec![ns("acme.com", "old.ns.example")],
    );
    assert_eq!(referral(&both_zones, &domain), spelled(["bob.ns.example"]));
    let undelegated = answer(vec![], vec![soa("com")]);
    assert_eq!(referral(&undelegated, &domain), Servers::new());
}

#[test]
fn only_who_answers_for_the_zone_itself_serves_it() {
    let domain = name("acme.com");
    let mut served = answer(vec![soa("acme.com")], vec![]);
    assert!(!has_authority(&served, &domain), "from somebody's cache");
    served.metadata.authoritative = true;
    assert!(has_authority(&served, &domain));
    assert!(!has_authority(&served, &name("www.acme.com")));
    served.metadata.response_code = ResponseCode::Refused;
    assert!(!has_authority(&served, &domain));
}
