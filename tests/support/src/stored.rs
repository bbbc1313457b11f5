//! Everything that is stored, to compare before and after.

use serde_json::{Map, Value};

use crate::world::World;

impl World {
    /// Every row of every table, by table.
    pub fn stored(&self) -> Map<String, Value> {
        let tables =
            self.db.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", &[]);
        let named = tables.iter().filter_map(|table| table["name"].as_str());
        named
            .map(|name| (name.to_owned(), self.db.query(&format!("SELECT * FROM {name} ORDER BY 1, 2"), &[]).into()))
            .collect()
    }

    /// [`World::stored`] without `last_used_at`, which is not a change.
    pub fn stored_but_last_use(&self) -> Map<String, Value> {
        let mut tables = self.stored();
        for row in tables.values_mut().filter_map(Value::as_array_mut).flatten() {
            row.as_object_mut().expect("a row").remove("last_used_at");
        }
        tables
    }
}

/// Bulk inserts by SQL: the id is the number, names are distinct, and seven rows share a creation time.
impl World {
    /// Inserts credentials with these numbers, without secrets.
    pub fn many_credentials(&self, tenant: &str, principal: &str, numbers: std::ops::Range<u32>) {
        self.db.execute(
            "INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, \
             event)
             WITH RECURSIVE many (n) AS (SELECT ?3 WHERE ?3 < ?4 UNION ALL SELECT n + 1 FROM many WHERE n + 1 < ?4)
             SELECT ?1, printf('%026d', n), json_object('principal', ?2, 'name', printf('name %06d', n * 7919 % 100003), 'enabled', \
             json('true'), 'roles', json('[{\"role_id\":\"viewer\"}]'), 'unrestricted', json('false'), 'access', 'none', 'self_rotate', json('false')), 1, n / 7 * 1000000, \
             n / 7 * 1000000, 'many', 0, 'root', 'many', (SELECT coalesce(max(seq), 0) FROM events WHERE tenant = ?1) + 1 + n - ?3 FROM many",
            &[&tenant, &principal, &numbers.start, &numbers.end],
        );
    }

    /// Creates principals with these numbers as ids.
    pub fn many_principals(&self, tenant: &str, numbers: std::ops::Range<u32>) {
        self.db.execute(
            "INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, \
             event)
             WITH RECURSIVE many (n) AS (SELECT ?2 WHERE ?2 < ?3 UNION ALL SELECT n + 1 FROM many WHERE n + 1 < ?3)
             SELECT ?1, printf('%026d', n), json_object('name', 'one of many', 'enabled', json('true')), 1, 0, 0, 'many', 0, 'root', \
             'many', (SELECT coalesce(max(seq), 0) FROM events WHERE tenant = ?1) + 1 + n - ?2 FROM many",
            &[&tenant, &numbers.start, &numbers.end],
        );
    }
}
