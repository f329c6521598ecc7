//! What stands in the DNS when an order is completed.

use peeker_domain::{DomainName, Environment};
use peeker_providers::{Call, DnsRecord, RecordKind};
use peeker_testkit::{TestApp, apply, mixed_order, names, on_both_engines};

async fn records(app: &TestApp, name: &str) -> Vec<DnsRecord> {
    let call = Call {
        account: &app.partner.id,
        idempotency_key: "look",
        now: app.now(),
    };
    let providers = app.app.providers(Environment::Test);
    providers
        .dns
        .records(call, &DomainName::parse(name).unwrap())
        .await
        .unwrap()
}

/// The contents of all records of one kind at one name.
fn contents<'r>(records: &'r [DnsRecord], kind: RecordKind, name: &str) -> Vec<&'r str> {
    let wanted = records
        .iter()
        .filter(|record| record.kind == kind && record.name == name);
    wanted.map(|record| record.content.as_str()).collect()
}

fn spf<'r>(records: &'r [DnsRecord], name: &str) -> Vec<&'r str> {
    let texts = contents(records, RecordKind::Txt, name);
    texts
        .into_iter()
        .filter(|text| text.starts_with("v=spf1"))
        .collect()
}

#[apply(on_both_engines!)]
async fn each_provider_finds_the_records_that_it_wants(app: &TestApp) {
    app.client()
        .post("/orders", mixed_order((2, 2), (1, 25), &names("domain", 2)))
        .await
        .expect(200);
    assert_eq!(records(app, "domain-01.com").await, []);
    app.run_until_idle().await;

    let google = records(app, "domain-01.com").await;
    assert_eq!(
        contents(&google, RecordKind::Mx, "domain-01.com"),
        ["smtp.google.com"]
    );
    assert_eq!(
        spf(&google, "domain-01.com"),
        ["v=spf1 include:_spf.google.com ~all"]
    );
    let dkim = contents(&google, RecordKind::Txt, "google._domainkey.domain-01.com");
    assert!(
        dkim.len() == 1 && dkim[0].starts_with("v=DKIM1; k=rsa; p=MIIBIjANBg"),
        "{dkim:?}"
    );
    assert!(google.iter().all(|record| record.kind != RecordKind::Cname));

    let microsoft = records(app, "domain-02.com").await;
    let mx = contents(&microsoft, RecordKind::Mx, "domain-02.com");
    assert!(mx.len() == 1 && mx[0].ends_with(".mx.microsoft"), "{mx:?}");
    assert_eq!(
        spf(&microsoft, "domain-02.com"),
        ["v=spf1 include:spf.protection.outlook.com -all"]
    );
    for selector in ["selector1", "selector2"] {
        let dkim = contents(
            &microsoft,
            RecordKind::Cname,
            &format!("{selector}._domainkey.domain-02.com"),
        );
        let start = format!("{selector}-domain-02-com._domainkey.");
        assert!(dkim.len() == 1 && dkim[0].starts_with(&start), "{dkim:?}");
    }
    let autodiscover = contents(&microsoft, RecordKind::Cname, "autodiscover.domain-02.com");
    assert_eq!(autodiscover, ["autodiscover.outlook.com"]);
}

#[apply(on_both_engines!)]
async fn each_domain_has_one_dmarc_policy_and_one_proof_of_ownership(app: &TestApp) {
    app.client()
        .post("/orders", mixed_order((2, 2), (1, 25), &names("domain", 2)))
        .await
        .expect(200);
    app.run_until_idle().await;
    for (name, proof) in [
        ("domain-01.com", "google-site-verification="),
        ("domain-02.com", "MS=ms"),
    ] {
        let records = records(app, name).await;
        let policy = contents(&records, RecordKind::Txt, &format!("_dmarc.{name}"));
        assert_eq!(
            policy,
            [format!(
                "v=DMARC1; p=none; rua=mailto:dmarc@{name}; adkim=r; aspf=r; pct=100"
            )]
        );
        let texts = contents(&records, RecordKind::Txt, name);
        assert_eq!(
            texts.iter().filter(|text| text.starts_with(proof)).count(),
            1,
            "{texts:?}"
        );
        assert!(
            records
                .iter()
                .all(|record| record.name == name || record.name.ends_with(&format!(".{name}")))
        );
    }
}
