//! Expectations as tables in text files beside the tests. Columns are separated by two or more spaces, `#` begins a
//! comment, and an empty line ends a table.

/// Parses all tables of a text.
pub fn tables(text: &str) -> Vec<Table> {
    let mut tables = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.trim() {
            "" => tables.push(Vec::new()),
            line => tables.last_mut().expect("one is open").push(cells(line)),
        }
    }
    tables.into_iter().filter(|lines| !lines.is_empty()).map(Table::of).collect()
}

pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn of(mut lines: Vec<Vec<String>>) -> Self {
        let head = lines.remove(0);
        for row in &lines {
            assert_eq!(row.len(), head.len(), "as many cells as the head has: {row:?}");
        }
        Self { head, rows: lines }
    }

    /// The cells of a column.
    pub fn column(&self, name: &str) -> Vec<&str> {
        let index = self.head.iter().position(|head| head == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[index].as_str()).collect()
    }
}

fn cells(line: &str) -> Vec<String> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

/// Prints the size of a generated matrix to stderr, since the test harness captures `println!`.
pub fn report_size(name: &str, cells: usize) {
    use std::io::Write;
    writeln!(std::io::stderr(), "matrix {name}: {cells} cells, none skipped").expect("stderr");
}
