//! The representations of LiteGraph's face.

use serde::Serialize;

use crate::answer::Answer;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::full_name;
use crate::face::{Revealed, json};
use crate::operation::{Operation, RenderContext};
use crate::store::command::Page;
use crate::store::list::Listed;
use crate::store::{principal, tenant};

pub(super) fn ok(view: &impl Serialize) -> Answer {
    Answer::new(200, json(view))
}

/// Renders a list as an array.
pub(super) fn array<'a, S, T: Serialize>(listed: &'a Listed<S>, view: fn(&'a S) -> T) -> Answer {
    ok(&listed.items.iter().map(view).collect::<Vec<_>>())
}

/// Renders the response to "read many" (an array) or "enumerate" (a page).
pub(super) fn credentials(context: &RenderContext<'_>, listed: &Listed<Revealed>, page: &Page) -> Answer {
    if matches!(context.operation, Operation::Page(..)) {
        ok(&Enumeration::new(listed, page, context))
    } else {
        array(listed, Credential::new)
    }
}

/// Every member is always present, in this order: the Python SDK invents values for absent members.
#[derive(Serialize)]
pub(super) struct Credential<'a> {
    #[serde(rename = "GUID")]
    guid: String,
    #[serde(rename = "TenantGUID")]
    tenant_guid: String,
    #[serde(rename = "UserGUID")]
    user_guid: String,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(rename = "BearerToken")]
    bearer_token: &'a str,
    #[serde(rename = "Active")]
    active: bool,
    #[serde(rename = "CreatedUtc")]
    created_utc: String,
    #[serde(rename = "LastUpdateUtc")]
    last_update_utc: String,
}

impl<'a> Credential<'a> {
    pub fn new(Revealed { credential, secret }: &'a Revealed) -> Self {
        Self {
            guid: credential.id.guid(),
            tenant_guid: credential.tenant.guid(),
            user_guid: credential.state.principal.guid(),
            name: &credential.state.name,
            bearer_token: secret.as_ref().map_or("", Token::reveal),
            active: credential.is_active(),
            created_utc: credential.created_at.to_rfc3339_micros(),
            last_update_utc: credential.updated_at.to_rfc3339_micros(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct User<'a> {
    #[serde(rename = "GUID")]
    guid: String,
    #[serde(rename = "TenantGUID")]
    tenant_guid: String,
    #[serde(rename = "FirstName")]
    first_name: &'a str,
    #[serde(rename = "LastName")]
    last_name: &'a str,
    #[serde(rename = "Email")]
    email: &'a str,
    /// Always empty: passwords are accepted but never stored.
    #[serde(rename = "Password")]
    password: &'static str,
    #[serde(rename = "Active")]
    active: bool,
    #[serde(rename = "CreatedUtc")]
    created_utc: String,
    #[serde(rename = "LastUpdateUtc")]
    last_update_utc: String,
}

impl<'a> User<'a> {
    pub fn new(principal: &'a principal::Principal) -> Self {
        let [first, last, email] = [&principal.state.first_name, &principal.state.last_name, &principal.state.email]
            .map(|part| part.as_deref());
        // If another face set the name, the parts no longer match it: the whole name is rendered as the first name.
        let parts_match = principal.state.name == full_name(first, last, email);
        Self {
            guid: principal.id.guid(),
            tenant_guid: principal.tenant.guid(),
            first_name: if parts_match { first.unwrap_or_default() } else { &principal.state.name },
            last_name: last.filter(|_| parts_match).unwrap_or_default(),
            email: email.unwrap_or_default(),
            password: "",
            active: principal.state.enabled,
            created_utc: principal.created_at.to_rfc3339_micros(),
            last_update_utc: principal.updated_at.to_rfc3339_micros(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Tenant<'a> {
    #[serde(rename = "GUID")]
    guid: String,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(rename = "Active")]
    active: bool,
    #[serde(rename = "CreatedUtc")]
    created_utc: String,
    #[serde(rename = "LastUpdateUtc")]
    last_update_utc: String,
}

impl<'a> Tenant<'a> {
    pub fn new(tenant: &'a tenant::Tenant) -> Self {
        Self {
            guid: tenant.id.guid(),
            name: &tenant.state.name,
            active: tenant.state.enabled,
            created_utc: tenant.created_at.to_rfc3339_micros(),
            last_update_utc: tenant.updated_at.to_rfc3339_micros(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Enumeration<'a> {
    success: bool,
    timestamp: Timestamp,
    max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    end_of_results: bool,
    total_records: u64,
    records_remaining: u64,
    objects: Vec<Credential<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Timestamp {
    start: String,
    end: String,
    total_ms: f64,
    messages: Messages,
}

/// Progress messages of the vendor's server; always empty here.
#[derive(Serialize)]
struct Messages {}

impl<'a> Enumeration<'a> {
    fn new(listed: &'a Listed<Revealed>, page: &Page, context: &RenderContext<'_>) -> Self {
        let objects: Vec<_> = listed.items.iter().map(Credential::new).collect();
        let Micros(took) = Micros(context.ended.0 - context.began.0);
        Self {
            success: true,
            timestamp: Timestamp {
                start: context.began.to_rfc3339_micros(),
                end: context.ended.to_rfc3339_micros(),
                total_ms: f64::from(i32::try_from(took).unwrap_or(i32::MAX)) / 1000.0,
                messages: Messages {},
            },
            max_results: page.limit,
            continuation_token: objects.last().filter(|_| listed.more).map(|last| last.guid.clone()),
            end_of_results: !listed.more,
            total_records: listed.total,
            records_remaining: listed.remaining,
            objects,
        }
    }
}
