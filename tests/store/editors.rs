//! What an editor may change, of every key of a document: sent to the store, since no face has a word for some of them.

use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::credential::table::Right;
use postern::refusal::Refusal;
use postern::store::command::{Key, Target};
use postern::store::{Store, credential, principal};
use serde_json::{Value, json};

use crate::samples::{Document, changes, rows, whole};
use support::{ACME, World};

/// A principal other than the default one.
const OTHER: &str = "00000000000000000000000009";

/// Names and descriptions, and nothing of a tenant.
fn free(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Credential | Noun::Principal => &["name", "description"],
        Noun::Tenant => &[],
    }
}

/// Merges a change into a principal or credential. Returns whether it was written, or the refusal.
fn change(world: &World, noun: Noun, id: Id, token: &str, change: &Document) -> Result<bool, Refusal> {
    let target = if noun == Noun::Credential { Target::Credential } else { Target::Principal };
    let mut command = world.change(token, target)?;
    command.set.clone_from(change);
    let revision = || world.db.count(&format!("SELECT revision FROM {}s WHERE id = '{id}'", noun.name()));
    let before = revision();
    let store = Store::new(&world.db);
    if noun == Noun::Credential {
        command.credential = Some(Key(Some(id)));
        pollster::block_on(credential::update(&store, &command, Vec::new()))?.result?;
    } else {
        command.principal = Some(Key(Some(id)));
        pollster::block_on(principal::update(&store, &command, Vec::new()))?.result?;
    }
    Ok(revision() > before)
}

#[test]
fn editor_is_refused_every_key_but_names_and_descriptions() {
    for noun in [Noun::Credential, Noun::Principal] {
        for sent in changes(noun, OTHER) {
            let is_free = sent.keys().all(|key| free(noun).contains(&key.as_str()));
            // A second revocation keeps the time of the first.
            let is_kept =
                |key: &str| !(sent.get("revoked_at").is_some_and(Value::is_i64) && key.starts_with("revoked"));
            let stored: Document = whole(noun).into_iter().filter(|(key, _)| is_kept(key)).collect();
            for (role, expected) in
                [("editor", if is_free { Ok(true) } else { Err(Refusal::ForbiddenChange) }), ("admin", Ok(true))]
            {
                let world = World::new();
                world.many_principals(ACME, 9..10);
                let token = world.caller(&[role]);
                let id = match noun {
                    Noun::Credential => world.client(&json!({ "name": "n" })).0["client_".len()..].to_owned(),
                    Noun::Principal | Noun::Tenant => world.service_account().0,
                };
                world.patch(&format!("{}s", noun.name()), &id, &stored.clone().into());
                let done = change(&world, noun, Id::parse(&id).unwrap(), &token, &sent);
                assert_eq!(done, expected, "{role}: {sent:?}");
            }
        }
    }
}

/// The table of fields agrees. `tests/auth` sends a change of each of our own face's fields by each rank.
#[test]
fn rows_of_names_and_descriptions_are_the_only_ones_for_editors() {
    for noun in [Noun::Credential, Noun::Principal, Noun::Tenant] {
        let editors: Vec<_> =
            rows(noun).filter(|row| row.right(noun) == Some(Right::Editor)).map(|row| row.key).collect();
        assert_eq!(editors, free(noun), "{}", noun.name());
    }
}
