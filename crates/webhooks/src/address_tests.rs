//! Tables of addresses and ranges, edges of each range included.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ranges(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const PUBLIC: &[&str] = &[
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.88.98.255",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "2001:200::1",
    "2001:4860:4860::8888",
    "3ffe:ffff::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
];

const NOT_PUBLIC: &[&str] = &[
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::1.1.1.1",
    "::7f00:1",
    "100::1",
    "fc00::1",
    "fdff::1",
    "fec0::1",
    "2001:1::1",
    "2001:2::1",
    "2001:1ff::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:c0a8:101::1",
];

const NEVER_OPEN: &[&str] = &[
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fe80::1",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:42::42",
    "::ffff:169.254.169.254",
    "::ffff:100.100.100.200",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff:ffff::1.1.1.1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:a9fe:a9fe::1",
    "2002:6464:64c8::",
    "ff02::1",
];

#[test]
fn public_addresses_are_open_to_every_policy() {
    for policy in [AddressPolicy::public_only(), AddressPolicy::development()] {
        for text in PUBLIC {
            assert_eq!(policy.check(ip(text)), Ok(()), "{text}");
        }
    }
}

#[test]
fn everything_else_is_closed() {
    let policy = AddressPolicy::public_only();
    for text in NOT_PUBLIC.iter().chain(NEVER_OPEN) {
        assert_eq!(
            policy.check(ip(text)).map_err(|refused| refused.address),
            Err(ip(text)),
            "{text}"
        );
    }
}

#[test]
fn development_opens_loopback_in_each_spelling_and_nothing_more() {
    let policy = AddressPolicy::development();
    for text in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(policy.check(ip(text)), Ok(()), "{text}");
    }
    for text in [
        "10.0.0.1",
        "192.168.0.1",
        "0.0.0.0",
        "::",
        "fc00::1",
        "::7f00:1",
    ] {
        assert!(policy.check(ip(text)).is_err(), "{text}");
    }
    for text in NEVER_OPEN {
        assert!(policy.check(ip(text)).is_err(), "{text}");
    }
}

#[test]
fn allowed_ranges_open_with_all_their_spellings() {
    let policy = AddressPolicy::public_only()
        .with_allowed(ranges(&["10.1.0.0/16", "fd12::/16", "192.168.7.9/24"]))
        .unwrap();
    for text in [
        "10.1.2.3",
        "::ffff:10.1.2.3",
        "64:ff9b::10.1.2.3",
        "fd12::5",
        "192.168.7.200",
    ] {
        assert_eq!(policy.check(ip(text)), Ok(()), "{text}");
    }
    for text in ["10.2.0.0", "127.0.0.1", "fd13::5", "192.168.8.1"] {
        assert!(policy.check(ip(text)).is_err(), "{text}");
    }
}

#[test]
fn ranges_that_touch_what_stays_closed_cannot_be_allowed() {
    for text in [
        "0.0.0.0/0",
        "::/0",
        "169.254.0.0/16",
        "169.254.169.254/32",
        "168.0.0.0/7",
        "100.64.0.0/10",
        "fc00::/7",
        "fe80::/64",
        "fd00:ec2::/32",
        "::ffff:10.0.0.0/104",
        "64:ff9b::/96",
        "2002::/16",
        "2001::/23",
        "ff00::/8",
    ] {
        let result = AddressPolicy::public_only().with_allowed(ranges(&["10.0.0.0/8", text]));
        assert_eq!(
            result.map_err(|refused| refused.range.to_string()),
            Err(text.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn refusals_name_the_address_and_its_kind() {
    let refused = AddressPolicy::public_only()
        .check(ip("::ffff:10.0.0.1"))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "::ffff:10.0.0.1 is not a public address: private"
    );
}
