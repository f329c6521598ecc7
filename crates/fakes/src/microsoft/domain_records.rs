//! Which DNS records a domain needs. The mail server's name has a part that nobody can foresee.

use serde_json::{Value, json};

use super::domains::find;
use super::error::{context, query};
use crate::World;
use crate::call::{Answer, Call, Outcome};

fn records(call: &Call, of: &str, records: &[Value]) -> Answer {
    let name = call.param(0).to_lowercase();
    let context = context(&format!("domains('{name}')/{of}"));
    Answer::json(200, &json!({ "@odata.context": context, "value": records }))
}

fn record(kind: &str, label: &str, service: Option<&str>, more: Value) -> Value {
    let mut record = json!({
        "@odata.type": format!("#microsoft.graph.domainDns{kind}Record"),
        "id": format!("{label}-{kind}"),
        "isOptional": false,
        "label": label,
        "recordType": if kind == "Cname" { "CName" } else { kind },
        "supportedService": service,
        "ttl": 3600,
    });
    if let (Value::Object(record), Value::Object(more)) = (&mut record, more) {
        record.extend(more);
    }
    record
}

pub(crate) fn verification(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let name = call.param(0).to_lowercase();
    let domain = find(world.microsoft.of(call)?, call)?;
    let number = domain.text.trim_start_matches("MS=");
    let server = format!("{number}.msv1.invalid");
    let mx = json!({ "mailExchange": server, "preference": 32_767 });
    let all = [
        record("Mx", &name, None, mx),
        record("Txt", &name, None, json!({ "text": domain.text })),
    ];
    Ok(records(call, "verificationDnsRecords", &all))
}

pub(crate) fn service_configuration(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let name = call.param(0).to_lowercase();
    let domain = find(world.microsoft.of(call)?, call)?;
    let of = "serviceConfigurationRecords";
    let with_mail = domain.services.iter().any(|service| service == "Email");
    if !with_mail || domain.no_records.hides() {
        return Ok(records(call, of, &[]));
    }
    let mail = Some("Email");
    let mx = json!({ "mailExchange": mail_server(&name, &domain.mx_part), "preference": 0 });
    let spf = json!({ "text": "v=spf1 include:spf.protection.outlook.com -all" });
    let autodiscover = json!({ "canonicalName": "autodiscover.outlook.com" });
    let label = format!("autodiscover.{name}");
    let all = [
        record("Mx", &name, mail, mx),
        record("Txt", &name, mail, spf),
        record("Cname", &label, mail, autodiscover),
    ];
    Ok(records(call, of, &all))
}

/// The host to which a domain's mail goes.
pub(crate) fn mail_server(domain: &str, part: &str) -> String {
    format!("{}.{part}.mx.microsoft", domain.replace('.', "-"))
}
