//! Which adapter speaks to which vendor: a new vendor is a folder, and a line in each of these.

use peeker_domain::DomainName;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::{OperatorTask, Vendor};

use crate::cloudflare::Cloudflare;
use crate::google::Google;
use crate::microsoft::Microsoft;
use crate::namecom::NameCom;
use crate::smartlead::Smartlead;
use crate::vendor::{
    AccountCheck, AccountReport, InvalidAccount, Services, Setting, SignIn, VendorAccount,
};
use crate::{
    Call, ErrorClass, Mail, ProviderError, Registrar, SequencerPort, cloudflare, google, microsoft,
    namecom, smartlead,
};

/// The adapter of one account.
pub struct Adapter {
    account: ProviderAccountId,
    kind: Kind,
}

enum Kind {
    NameCom(Box<NameCom>),
    Cloudflare(Box<Cloudflare>),
    Google(Box<Google>),
    Microsoft(Box<Microsoft>),
    Smartlead(Box<Smartlead>),
}

impl Adapter {
    /// Errors: a setting or the credentials are not what the vendor needs.
    pub fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let id = account.id.clone();
        let kind = match account.vendor {
            Vendor::NameCom => Kind::NameCom(NameCom::new(account, services)?.into()),
            Vendor::Cloudflare => Kind::Cloudflare(Cloudflare::new(account, services)?.into()),
            Vendor::Google => Kind::Google(Google::new(account, services)?.into()),
            Vendor::Microsoft => Kind::Microsoft(Microsoft::new(account, services)?.into()),
            Vendor::Smartlead => Kind::Smartlead(Smartlead::new(account, services)?.into()),
        };
        Ok(Self { account: id, kind })
    }

    /// Whose adapter it is.
    pub const fn account(&self) -> &ProviderAccountId {
        &self.account
    }

    pub fn registrar(&self) -> Option<&dyn Registrar> {
        match &self.kind {
            Kind::NameCom(registrar) => Some(&**registrar),
            _ => None,
        }
    }

    /// The registrar, for what no port has: domains that are on hold.
    pub fn name_com(&self) -> Option<&NameCom> {
        match &self.kind {
            Kind::NameCom(registrar) => Some(registrar),
            _ => None,
        }
    }

    /// The DNS host, with what no port has: the real count of its zones.
    pub fn dns(&self) -> Option<&Cloudflare> {
        match &self.kind {
            Kind::Cloudflare(host) => Some(host),
            _ => None,
        }
    }

    pub fn mail(&self) -> Option<&dyn Mail> {
        match &self.kind {
            Kind::Google(tenant) => Some(&**tenant),
            Kind::Microsoft(tenant) => Some(&**tenant),
            _ => None,
        }
    }

    pub fn sequencer(&self) -> Option<&dyn SequencerPort> {
        match &self.kind {
            Kind::Smartlead(sequencer) => Some(&**sequencer),
            _ => None,
        }
    }

    /// How a program signs in to an inbox at this tenant.
    pub async fn sign_in(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        address: &str,
    ) -> Result<SignIn, ProviderError> {
        match &self.kind {
            Kind::Google(tenant) => tenant.sign_in(call, domain, address).await,
            Kind::Microsoft(tenant) => tenant.sign_in(call, domain, address).await,
            _ => Err(ProviderError::new(
                ErrorClass::NeedsHuman,
                "the account that is recorded hosts no inboxes",
            )),
        }
    }

    /// Whether the account can do all that is asked of it.
    pub async fn check(&self) -> Result<AccountReport, ProviderError> {
        let check: &dyn AccountCheck = match &self.kind {
            Kind::NameCom(adapter) => &**adapter,
            Kind::Cloudflare(adapter) => &**adapter,
            Kind::Google(adapter) => &**adapter,
            Kind::Microsoft(adapter) => &**adapter,
            Kind::Smartlead(adapter) => &**adapter,
        };
        check.check().await
    }
}

/// What an operator may or must say of an account at this vendor.
pub const fn settings(vendor: Vendor) -> &'static [Setting] {
    match vendor {
        Vendor::NameCom => namecom::SETTINGS,
        Vendor::Cloudflare => cloudflare::SETTINGS,
        Vendor::Google => google::SETTINGS,
        Vendor::Microsoft => microsoft::SETTINGS,
        Vendor::Smartlead => smartlead::SETTINGS,
    }
}

/// Whether an adapter can be made from an account.
pub fn check_account(account: VendorAccount, services: &Services) -> Result<(), InvalidAccount> {
    Adapter::new(account, services).map(drop)
}

/// Whether what an operator entered is what the task asks for; if not, what is wrong with it.
pub fn check_answer(task: OperatorTask, answer: &str) -> Result<(), String> {
    match task {
        OperatorTask::GoogleDkim => google::parse_dkim_answer(answer).map(drop),
        OperatorTask::MicrosoftDkim => microsoft::parse_dkim_answer(answer).map(drop),
        OperatorTask::ClientHold => Ok(()),
    }
}
