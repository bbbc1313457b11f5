//! All that is stored, to compare before with after.

use serde_json::{Map, Value};

use super::World;

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

    /// [`World::stored`] but for when a thing was used last, which is no change.
    pub fn stored_but_last_use(&self) -> Map<String, Value> {
        let mut tables = self.stored();
        for row in tables.values_mut().filter_map(Value::as_array_mut).flatten() {
            row.as_object_mut().expect("a row").remove("last_used_at");
        }
        tables
    }
}
