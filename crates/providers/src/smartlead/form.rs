//! The two forms that connect an inbox: with a password, or with tokens.

use peeker_domain::MailProvider;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::options::Options;
use crate::InboxSpec;
use crate::vendor::SignIn;

const IMAP_PORT: u32 = 993;

/// The form that fits the sign-in, by the last part of its path, and what it is filled with.
pub(super) fn form(
    options: &Options,
    provider: MailProvider,
    client: Option<u64>,
    inbox: &InboxSpec<'_>,
    sign_in: &SignIn,
) -> (&'static str, Value) {
    let mut body = options.fields.clone();
    let mut set = |fields: Value| {
        if let Value::Object(fields) = fields {
            body.extend(fields);
        }
    };
    let kind = match provider {
        MailProvider::Google => "GMAIL",
        MailProvider::Microsoft => "OUTLOOK",
    };
    set(json!({
        "from_name": format!("{} {}", inbox.first_name, inbox.last_name),
        "from_email": inbox.address,
        "type": kind,
    }));
    if let Some(client) = client {
        set(json!({"client_id": client}));
    }
    let form = match sign_in {
        SignIn::Password {
            password,
            smtp_host,
            imap_host,
        } => {
            set(json!({
                "user_name": inbox.address,
                "password": password.expose_secret(),
                "smtp_host": smtp_host,
                "smtp_port": options.smtp_port,
                "imap_host": imap_host,
                "imap_port": IMAP_PORT,
            }));
            "save"
        }
        SignIn::OAuth {
            access_token,
            refresh_token,
            scope,
            expires_at_ms,
        } => {
            set(json!({
                "username": inbox.address,
                // The tokens are renewed with the app that they were made for, which is ours.
                "use_whitelabel_credentials": true,
                "token": {
                    "access_token": access_token.expose_secret(),
                    "refresh_token": refresh_token.expose_secret(),
                    "token_type": "Bearer",
                    "scope": scope,
                    "expiry_date": expires_at_ms,
                },
            }));
            "save-oauth"
        }
    };
    (form, Value::Object(body))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use peeker_domain::id::ProviderAccountId;
    use peeker_domain::vendor::Vendor;

    use super::*;
    use crate::vendor::VendorAccount;

    const JANE: InboxSpec<'_> = InboxSpec {
        address: "jane@acme.com",
        first_name: "Jane",
        last_name: "Doe",
        picture_url: None,
    };

    fn account(settings: &[(&str, &str)]) -> VendorAccount {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        VendorAccount {
            id: ProviderAccountId::from_stored("pacc_1".to_owned()),
            vendor: Vendor::Smartlead,
            label: "first".to_owned(),
            base_url: None,
            settings: settings.iter().map(owned).collect::<BTreeMap<_, _>>(),
            credentials: "key".into(),
            changed_at: peeker_domain::Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_password_fills_the_form_for_smtp() {
        let sign_in = SignIn::Password {
            password: "secret".into(),
            smtp_host: "smtp.gmail.com",
            imap_host: "imap.gmail.com",
        };
        let options = Options::of(&account(&[])).unwrap();
        let (name, body) = form(&options, MailProvider::Google, None, &JANE, &sign_in);
        assert_eq!(name, "save");
        assert_eq!(
            body,
            json!({
                "from_name": "Jane Doe", "from_email": "jane@acme.com", "user_name": "jane@acme.com", "password": "secret",
                "smtp_host": "smtp.gmail.com", "smtp_port": 587, "imap_host": "imap.gmail.com", "imap_port": 993,
                "type": "GMAIL", "warmup_enabled": true,
            })
        );
    }

    #[test]
    fn tokens_fill_the_form_for_oauth() {
        let sign_in = SignIn::OAuth {
            access_token: "access".into(),
            refresh_token: "refresh".into(),
            scope: "smtp imap".to_owned(),
            expires_at_ms: 1_700_000_000_000,
        };
        let settings = [
            ("warmup", "off"),
            ("warmup_per_day", "20"),
            ("daily_rampup", "2"),
            ("reply_rate", "30"),
            ("max_per_day", "50"),
        ];
        let options = Options::of(&account(&settings)).unwrap();
        let (name, body) = form(&options, MailProvider::Microsoft, Some(7), &JANE, &sign_in);
        assert_eq!(name, "save-oauth");
        assert_eq!(
            body,
            json!({
                "from_name": "Jane Doe", "from_email": "jane@acme.com", "username": "jane@acme.com", "type": "OUTLOOK",
                "token": {
                    "access_token": "access", "refresh_token": "refresh", "token_type": "Bearer", "scope": "smtp imap",
                    "expiry_date": 1_700_000_000_000_i64,
                },
                "use_whitelabel_credentials": true, "client_id": 7, "warmup_enabled": false, "total_warmup_per_day": 20,
                "daily_rampup": 2, "reply_rate_percentage": 30, "max_email_per_day": 50,
            })
        );
    }

    #[test]
    fn a_setting_that_cannot_be_is_refused_by_name() {
        for (key, value) in [
            ("warmup", "yes"),
            ("smtp_port", "0"),
            ("smtp_port", "65536"),
            ("warmup_per_day", "-1"),
            ("daily_rampup", "two"),
            ("reply_rate", "101"),
            ("max_per_day", "0"),
        ] {
            let refused = Options::of(&account(&[(key, value)])).err().unwrap();
            assert_eq!(refused.field, key, "{value}");
        }
    }
}
