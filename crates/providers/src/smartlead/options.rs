//! How inboxes are to be used, as the account's settings say.

use serde_json::{Map, Value, json};

use crate::vendor::{InvalidAccount, VendorAccount};

const USUAL_SMTP_PORT: u32 = 587;

pub(super) struct Options {
    pub(super) smtp_port: u32,
    /// What every inbox is connected with, in the words of both of Smartlead's forms.
    pub(super) fields: Map<String, Value>,
}

impl Options {
    pub(super) fn of(account: &VendorAccount) -> Result<Self, InvalidAccount> {
        let warm_up = match account.setting("warmup") {
            None | Some("on") => true,
            Some("off") => false,
            Some(_) => return Err(InvalidAccount::new("warmup", "must be on or off")),
        };
        let mut fields = Map::from_iter([("warmup_enabled".to_owned(), json!(warm_up))]);
        let numbers = [
            ("warmup_per_day", "total_warmup_per_day", 1_000),
            ("daily_rampup", "daily_rampup", 1_000),
            ("reply_rate", "reply_rate_percentage", 100),
            ("max_per_day", "max_email_per_day", 10_000),
        ];
        for (key, field, most) in numbers {
            if let Some(number) = number(account, key, most)? {
                fields.insert(field.to_owned(), json!(number));
            }
        }
        Ok(Self {
            smtp_port: number(account, "smtp_port", 65_535)?.unwrap_or(USUAL_SMTP_PORT),
            fields,
        })
    }
}

/// The number of a setting, from 1 to `most`.
fn number(
    account: &VendorAccount,
    key: &'static str,
    most: u32,
) -> Result<Option<u32>, InvalidAccount> {
    let Some(text) = account.setting(key) else {
        return Ok(None);
    };
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number));
    let invalid = || InvalidAccount::new(key, format!("must be a number from 1 to {most}"));
    number.map(Some).ok_or_else(invalid)
}
