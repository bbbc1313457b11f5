//! What this face's clients see.

use serde::Serialize;

use crate::credential;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::full_name;
use crate::face::{Asked, Shown, json};
use crate::route::Operation;
use crate::store::list::Listed;
use crate::store::question::Page;
use crate::store::{principal, tenant};

/// The body that shows it; `None` for what this face has no route for.
pub(super) fn show(asked: &Asked<'_>, shown: &Shown<'_>) -> Option<String> {
    Some(match shown {
        Shown::Credential(credential, secret) => json(&Credential::of(credential, *secret)),
        Shown::Credentials(listed, page) => {
            let objects = listed.items.iter().map(|(credential, secret)| Credential::of(credential, secret.as_ref()));
            let objects: Vec<_> = objects.collect();
            match asked.operation {
                Operation::Page(_) => json(&Enumeration::of(objects, listed, page, asked)),
                _ => json(&objects),
            }
        }
        Shown::Principal(principal) => json(&User::of(principal)),
        Shown::Principals(listed, _) => json(&listed.items.iter().map(User::of).collect::<Vec<_>>()),
        Shown::Tenant(tenant) => json(&Tenant::of(tenant)),
        Shown::Tenants(listed, _) => json(&listed.items.iter().map(Tenant::of).collect::<Vec<_>>()),
        Shown::Deleted => String::new(),
        Shown::Verified(..)
        | Shown::History(_)
        | Shown::Metadata
        | Shown::Dry(_)
        | Shown::Roles(_)
        | Shown::Access(_) => return None,
    })
}

/// All members, always, in this order: the Python SDK invents a value for one that is left out.
#[derive(Serialize)]
struct Credential<'a> {
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
    fn of(credential: &'a credential::Credential, secret: Option<&'a Token>) -> Self {
        Self {
            guid: credential.id.guid(),
            tenant_guid: credential.tenant.guid(),
            user_guid: credential.principal.guid(),
            name: &credential.name,
            bearer_token: secret.map_or("", Token::reveal),
            active: credential.is_active(),
            created_utc: credential.created_at.microseconds(),
            last_update_utc: credential.updated_at.microseconds(),
        }
    }
}

#[derive(Serialize)]
struct User<'a> {
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
    /// Accepted, never stored: nobody signs in with one here.
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
    fn of(principal: &'a principal::Principal) -> Self {
        let [first, last, email] =
            [&principal.first_name, &principal.last_name, &principal.email].map(|part| part.as_deref());
        // What another face called it since, or from the first, is all the name there is.
        let said_here = principal.name == full_name(first, last, email);
        Self {
            guid: principal.id.guid(),
            tenant_guid: principal.tenant.guid(),
            first_name: if said_here { first.unwrap_or_default() } else { &principal.name },
            last_name: last.filter(|_| said_here).unwrap_or_default(),
            email: email.unwrap_or_default(),
            password: "",
            active: principal.enabled,
            created_utc: principal.created_at.microseconds(),
            last_update_utc: principal.updated_at.microseconds(),
        }
    }
}

#[derive(Serialize)]
struct Tenant<'a> {
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
    fn of(tenant: &'a tenant::Tenant) -> Self {
        Self {
            guid: tenant.id.guid(),
            name: &tenant.name,
            active: tenant.enabled,
            created_utc: tenant.created_at.microseconds(),
            last_update_utc: tenant.updated_at.microseconds(),
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

/// Steps that the vendor's server may tell; there are none here.
#[derive(Serialize)]
struct Messages {}

impl<'a> Enumeration<'a> {
    fn of<T>(objects: Vec<Credential<'a>>, listed: &Listed<T>, page: &Page, asked: &Asked<'_>) -> Self {
        let Micros(took) = Micros(asked.ended.0 - asked.began.0);
        Self {
            success: true,
            timestamp: Timestamp {
                start: asked.began.microseconds(),
                end: asked.ended.microseconds(),
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
