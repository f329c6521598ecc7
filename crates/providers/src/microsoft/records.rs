//! Records as Graph names them, and as our DNS publishes them.

use peeker_domain::DomainName;
use serde::Deserialize;

use crate::DnsRecord;

/// One of Graph's records; which fields it has depends on its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct WireRecord {
    #[serde(rename = "@odata.type")]
    odata_type: String,
    /// The name it is to have.
    label: String,
    supported_service: Option<String>,
    text: Option<String>,
    mail_exchange: Option<String>,
    preference: Option<u16>,
    canonical_name: Option<String>,
}

impl WireRecord {
    /// Ours for it; `None` for a type that mail does without, or one that lacks its value.
    fn record(self, domain: &DomainName) -> Option<DnsRecord> {
        let name = whole_name(&self.label, domain);
        match self.odata_type.rsplit('.').next()? {
            "domainDnsTxtRecord" => Some(DnsRecord::txt(name, self.text?)),
            "domainDnsMxRecord" => Some(DnsRecord::mx(
                name,
                self.preference?,
                host(&self.mail_exchange?),
            )),
            "domainDnsCnameRecord" => Some(DnsRecord::cname(name, host(&self.canonical_name?))),
            _ => None,
        }
    }
}

/// A label is a whole name, or relative to the domain, or `@` for the domain itself.
fn whole_name(label: &str, domain: &DomainName) -> String {
    let (label, domain) = (host(label), domain.as_str());
    if label.is_empty() || label == "@" {
        domain.to_owned()
    } else if label == domain
        || label
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.'))
    {
        label
    } else {
        format!("{label}.{domain}")
    }
}

fn host(text: &str) -> String {
    text.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// The TXT record among those that prove who owns `domain`.
pub(super) fn ownership_proof(domain: &DomainName, records: Vec<WireRecord>) -> Option<DnsRecord> {
    let is_text = |record: &WireRecord| record.odata_type.ends_with(".domainDnsTxtRecord");
    records.into_iter().find(is_text)?.record(domain)
}

/// The records for mail; `None` as long as none of them says where mail goes.
pub(super) fn for_mail(domain: &DomainName, records: Vec<WireRecord>) -> Option<Vec<DnsRecord>> {
    let for_mail = |record: &WireRecord| record.supported_service.as_deref() == Some("Email");
    let records: Vec<_> = records
        .into_iter()
        .filter(for_mail)
        .filter_map(|record| record.record(domain))
        .collect();
    let receives = records.iter().any(|record| record.priority.is_some());
    receives.then_some(records)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn acme() -> DomainName {
        DomainName::parse("acme.com").unwrap()
    }

    fn parsed(records: Value) -> Vec<WireRecord> {
        serde_json::from_value(records).unwrap()
    }

    #[test]
    fn the_text_record_is_the_proof() {
        let records = parsed(json!([
            {
                "@odata.type": "#microsoft.graph.domainDnsMxRecord", "id": "1", "isOptional": false, "label": "acme.com",
                "recordType": "Mx", "supportedService": "Office365", "ttl": 3600,
                "mailExchange": "ms123.msv1.invalid", "preference": 32767
            },
            {
                "@odata.type": "#microsoft.graph.domainDnsTxtRecord", "id": "2", "isOptional": false, "label": "acme.com",
                "recordType": "Txt", "supportedService": "Office365", "ttl": 3600, "text": "MS=ms123"
            }
        ]));
        let proof = ownership_proof(&acme(), records);
        assert_eq!(proof, Some(DnsRecord::txt("acme.com", "MS=ms123")));
        assert_eq!(ownership_proof(&acme(), Vec::new()), None);
    }

    #[test]
    fn mail_gets_what_graph_names_for_it_and_nothing_else() {
        let mx = json!({
            "@odata.type": "#microsoft.graph.domainDnsMxRecord", "label": "acme.com", "recordType": "Mx",
            "supportedService": "Email", "ttl": 3600, "mailExchange": "Acme-Com.R-V1.mx.microsoft.", "preference": 0
        });
        let text = json!({
            "@odata.type": "#microsoft.graph.domainDnsTxtRecord", "label": "@", "recordType": "Txt",
            "supportedService": "Email", "ttl": 3600, "text": "v=spf1 include:spf.protection.outlook.com -all"
        });
        let alias = json!({
            "@odata.type": "#microsoft.graph.domainDnsCnameRecord", "label": "autodiscover", "recordType": "CName",
            "supportedService": "Email", "ttl": 3600, "canonicalName": "autodiscover.outlook.com"
        });
        let chat = json!({
            "@odata.type": "#microsoft.graph.domainDnsSrvRecord", "label": "_sip._tls.acme.com", "recordType": "Srv",
            "supportedService": "OfficeCommunicationsOnline", "ttl": 3600, "nameTarget": "sipdir.online.lync.com"
        });
        let records = for_mail(&acme(), parsed(json!([mx, text, alias, chat])));
        assert_eq!(
            records.unwrap(),
            [
                DnsRecord::mx("acme.com", 0, "acme-com.r-v1.mx.microsoft"),
                DnsRecord::txt("acme.com", "v=spf1 include:spf.protection.outlook.com -all"),
                DnsRecord::cname("autodiscover.acme.com", "autodiscover.outlook.com"),
            ]
        );
        for unfinished in [json!([]), json!([chat]), json!([text, alias])] {
            assert_eq!(for_mail(&acme(), parsed(unfinished)), None);
        }
    }

    #[test]
    fn a_name_that_only_ends_alike_is_relative() {
        for (label, expected) in [
            ("acme.com", "acme.com"),
            ("Autodiscover.Acme.com.", "autodiscover.acme.com"),
            ("", "acme.com"),
            ("notacme.com", "notacme.com.acme.com"),
        ] {
            assert_eq!(whole_name(label, &acme()), expected, "{label}");
        }
    }
}
