//! Which folder answers for which vendor.

use crate::vendor::Vendor;
use crate::vendor_api::VendorApi;

impl Vendor {
    pub(crate) fn api(self) -> &'static dyn VendorApi {
        match self {
            Self::NameCom => &crate::namecom::NameCom,
            Self::Cloudflare => &crate::cloudflare::Cloudflare,
            Self::Google => &crate::google::Google,
            Self::Microsoft => &crate::microsoft::Microsoft,
            Self::Smartlead => &crate::smartlead::Smartlead,
            Self::Web => &crate::web::Web,
        }
    }
}
