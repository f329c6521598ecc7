//! What an operator would have at hand to set an account up somewhere: the settings beside the credentials, and the secret, in
//! the words of `peeker provider add`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::World;
use crate::vendor::Vendor;

/// An account of a vendor, as it is set up elsewhere. Its secret is shown by no Debug line.
#[derive(Clone)]
pub struct Setup {
    /// Whose account it is, in the vendor's own id.
    pub id: String,
    pub settings: BTreeMap<&'static str, String>,
    pub secret: String,
}

/// The accounts of a vendor, the first one first.
pub(crate) fn setups(world: &World, vendor: Vendor) -> Vec<Setup> {
    let credentials = vendor.api().credentials(world);
    credentials
        .iter()
        .filter_map(|one| setup(vendor, one))
        .collect()
}

fn setup(vendor: Vendor, credentials: &Value) -> Option<Setup> {
    let text = |name: &str| credentials[name].as_str().map(ToOwned::to_owned);
    let (id, settings, secret): (_, Vec<(&'static str, String)>, _) = match vendor {
        Vendor::NameCom => {
            let (user, token) = (text("username")?, text("token")?);
            (user.clone(), Vec::new(), format!("{user}:{token}"))
        }
        Vendor::Cloudflare => {
            let id = text("account_id")?;
            (id.clone(), vec![("account_id", id)], text("api_token")?)
        }
        Vendor::Google => (
            text("customer_id")?,
            vec![("admin", text("admin_email")?)],
            credentials["service_account"].to_string(),
        ),
        Vendor::Microsoft => {
            let tenant = text("tenant_id")?;
            let settings = vec![
                ("tenant", tenant.clone()),
                ("client_id", text("client_id")?),
                ("sku_id", text("sku_id")?),
            ];
            (tenant, settings, text("client_secret")?)
        }
        Vendor::Smartlead => {
            let id = text("account_id")?;
            (id, Vec::new(), text("api_key")?)
        }
        Vendor::Web => return None,
    };
    Some(Setup {
        id,
        settings: settings.into_iter().collect(),
        secret,
    })
}
