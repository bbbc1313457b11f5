//! Documents built from `FIELDS`, with values of every key, so that new fields are tested automatically.

use std::collections::BTreeSet;

use postern::credential::field::Noun;
use postern::credential::table::{Destination, FIELDS, FieldRow, Initial, Null, Shape};
use serde_json::{Map, Value, json};

use support::ACME;

pub type Document = Map<String, Value>;

fn document<const N: usize>(members: [(&str, Value); N]) -> Document {
    members.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
}

/// The keys of a credential that are not stored for a field: full access depends on the roles, a revocation sets two, and
/// keys and trusts are added one by one.
fn not_in_fields() -> Document {
    let revoked_at = 1_900_000_000_000_000_i64;
    document([
        ("unrestricted", json!(false)),
        ("revoked_at", json!(revoked_at)),
        ("revoked_reason", json!("r")),
        ("keys", json!({ ACME: { "created_at": 1, "jwk": { "kty": "OKP" } } })),
        ("trusts", json!({ ACME: { "created_at": 1, "issuer": "i" } })),
    ])
}

/// Inserts a row into a table of documents: ?1 is its document, ?2 its id.
pub fn insert(table: &str) -> String {
    let (columns, values) = if table == "tenants" {
        ("id, label", "?2, 'label'".to_owned())
    } else {
        ("tenant, id", format!("'{ACME}', ?2"))
    };
    format!(
        "INSERT INTO {table} ({columns}, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
         VALUES ({values}, ?1, 1, 5, 5, 'c', 0, 'b', 'r', 0)"
    )
}

/// The rows of the fields that are stored in the document of a noun.
pub fn rows(noun: Noun) -> impl Iterator<Item = &'static FieldRow> {
    FIELDS.iter().filter(move |row| row.destination == Destination::Document && noun.has(row.field))
}

/// A document with a value of every key. A credential has the default principal.
pub fn whole(noun: Noun) -> Document {
    let mut whole: Document = rows(noun).map(|row| (row.key.to_owned(), values(row, ACME)[0].clone())).collect();
    if noun == Noun::Credential {
        whole.extend(not_in_fields());
    }
    whole
}

/// The keys that every document of a noun has. Roles are cleared by an empty list together with `unrestricted`.
pub fn required(noun: Noun) -> BTreeSet<&'static str> {
    let is_required = |row: &&FieldRow| row.null == Null::Refused || row.shape == Shape::Roles;
    let not_in_fields = (noun == Noun::Credential).then_some("unrestricted");
    rows(noun).filter(is_required).map(|row| row.key).chain(not_in_fields).collect()
}

/// The document after a change.
pub fn changed(document: &Document, change: &Document) -> Document {
    let mut document = document.clone();
    for (key, value) in change {
        match (document.get_mut(key), value) {
            (Some(Value::Object(members)), Value::Object(changed)) => members.extend(changed.clone()),
            _ => {
                document.insert(key.clone(), value.clone());
            }
        }
    }
    document.retain(|_, value| !value.is_null());
    document
}

/// Changes of [`whole`] that set or clear as few keys as possible, as JSON Merge Patches. `principal` must exist.
pub fn changes(noun: Noun, principal: &str) -> Vec<Document> {
    let mut changes: Vec<_> = rows(noun).map(|row| document([(row.key, values(row, principal)[1].clone())])).collect();
    let clears = |row: &&FieldRow| row.null == Null::Clears && row.shape != Shape::Roles;
    changes.extend(rows(noun).filter(clears).map(|row| document([(row.key, Value::Null)])));
    if noun == Noun::Credential {
        changes.extend([
            document([("roles", json!([])), ("unrestricted", json!(true))]),
            document([("revoked_at", json!(5))]),
            document([("keys", json!({ ACME: { "created_at": 2, "jwk": { "kty": "RSA" } } }))]),
            document([("keys", Value::Null)]),
            document([("trusts", json!({ "01m7xpe601e01b91vf5ajx1bq2": { "created_at": 3, "issuer": "j" } }))]),
            document([("revoked_reason", json!("another"))]),
            document([("revoked_reason", Value::Null)]),
            document([("revoked_at", Value::Null), ("revoked_reason", Value::Null)]),
        ]);
    }
    changes
}

/// Two valid stored values of a field; for an id, the second is this principal.
fn values(row: &FieldRow, principal: &str) -> [Value; 2] {
    match row.shape {
        Shape::Text { min, .. } => ["a", "b"].map(|letter| letter.repeat(min.max(1)).into()),
        Shape::TextOrNull { .. } => ["a", "b"].map(Value::from),
        Shape::Flag => [row.default, Initial::Flag(row.default != Initial::Flag(true))]
            .map(|flag| (flag == Initial::Flag(true)).into()),
        Shape::Choice(_) => ["read", "edit"].map(Value::from),
        Shape::Whole { min, max } => [min, max].map(Value::from),
        Shape::Time => [2_000_000_000_000_000_i64, 5].map(Value::from),
        Shape::Id => [ACME, principal].map(Value::from),
        Shape::Names => [json!(["admin", "editor", "viewer"]), json!(["admin", "another", "editor", "viewer"])],
        Shape::Roles => ["viewer", "editor"].map(|role| json!([{ "role_id": role }])),
        Shape::Metadata => ["b", "c"].map(|value| json!({ "a": value })),
        Shape::Context | Shape::Secret => unreachable!("{}: not in a document", row.key),
    }
}

/// The values at each bound of a field, one past it, and one before it.
pub fn bounds(row: &FieldRow) -> Vec<Value> {
    let texts = |min: usize, max: usize| {
        let lengths = BTreeSet::from([min.saturating_sub(1), min, min + 1, max - 1, max, max + 1]);
        lengths.into_iter().flat_map(|length| ["x", "é", "𝄞"].map(|letter| letter.repeat(length).into())).collect()
    };
    match row.shape {
        Shape::Text { min, max } => texts(min, max),
        Shape::TextOrNull { max } => texts(0, max),
        Shape::Whole { min, max } => [min - 1, min, min + 1, max - 1, max, max + 1].map(Value::from).into(),
        Shape::Choice(of) => of.iter().copied().chain(["", "owner"]).map(Value::from).collect(),
        Shape::Flag | Shape::Time | Shape::Id | Shape::Names | Shape::Roles | Shape::Metadata => Vec::new(),
        Shape::Context | Shape::Secret => unreachable!("{}: not in a document", row.key),
    }
}
