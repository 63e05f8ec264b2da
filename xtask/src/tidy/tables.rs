//! Markdown tables, as far as ours go: a header, a rule, rows; no `|` inside a cell.

/// For every row of every table that has a column called `column`: its line, counted from 1, and the cell of that column.
pub fn rows_with<'a>(text: &'a str, column: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut at: Option<usize> = None;
    let mut in_table = false;
    for (index, line) in text.lines().enumerate() {
        let Some(cells) = cells(line) else {
            (at, in_table) = (None, false);
            continue;
        };
        if !in_table {
            at = cells.iter().position(|cell| cell.eq_ignore_ascii_case(column));
            in_table = true;
        } else if !cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' '))) {
            found.extend(at.map(|at| (index + 1, cells.get(at).copied().unwrap_or_default())));
        }
    }
    found
}

/// What stands in backticks.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?;
    Some(inner.strip_suffix('|').unwrap_or(inner).split('|').map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_with_the_column_count_and_neither_header_nor_rule_is_a_row() {
        let text = "| a | Test |\n|---|:--|\n| x | `one`, `two` |\n| y | |\n\n| a | b |\n|--|--|\n| z | `three` |\n";
        let rows = rows_with(text, "test");
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
        let names: Vec<_> = rows.iter().flat_map(|(_, cell)| quoted(cell)).collect();
        assert_eq!(names, ["one", "two"]);
    }
}
