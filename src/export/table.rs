//! Tables: pipes where they can say it, HTML where cells span.

use super::inline::{markdown_line, push_html};
use super::notes::Notes;
use crate::document::Table;

/// More columns than any page holds; bounds what a row's padding can cost.
const MAX_COLUMNS: u32 = 1_000;

/// A table as Markdown: GFM pipes, or HTML if a cell spans or the header has several rows.
pub(super) fn markdown_table(table: &Table) -> String {
    let spans = table.rows.iter().flat_map(|row| &row.cells).any(|c| c.row_span > 1 || c.column_span > 1);
    if spans || table.header_rows > 1 { html_table(table) } else { pipe_table(table) }
}

fn pipe_table(table: &Table) -> String {
    let columns = table.columns.clamp(1, MAX_COLUMNS) as usize;
    let mut out = String::new();
    let push_row = |cells: Vec<String>, out: &mut String| {
        out.push('|');
        for cell in cells {
            out.push(' ');
            out.push_str(&cell);
            out.push_str(" |");
        }
        out.push('\n');
    };
    for (index, row) in table.rows.iter().enumerate() {
        let mut cells = vec![String::new(); columns];
        for cell in &row.cells {
            if let Some(place) = cells.get_mut(cell.column as usize) {
                *place = markdown_line(&cell.spans, true, index < table.header_rows as usize, &Notes::none());
            }
        }
        push_row(cells, &mut out);
        // GFM has no table without a header, so the first row is it.
        if index == 0 {
            push_row(vec!["---".to_owned(); columns], &mut out);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A table as HTML, without blank lines, so that Markdown leaves it alone.
pub(super) fn html_table(table: &Table) -> String {
    let header_rows = (table.header_rows as usize).min(table.rows.len());
    let mut out = String::from("<table>\n");
    for (index, row) in table.rows.iter().enumerate() {
        let header = index < header_rows;
        if header && index == 0 {
            out.push_str("<thead>\n");
        }
        if index == header_rows {
            out.push_str("<tbody>\n");
        }
        out.push_str("<tr>");
        let tag = if header { "th" } else { "td" };
        for cell in &row.cells {
            out.push_str(&format!("<{tag}"));
            if cell.row_span > 1 {
                out.push_str(&format!(" rowspan=\"{}\"", cell.row_span));
            }
            if cell.column_span > 1 {
                out.push_str(&format!(" colspan=\"{}\"", cell.column_span));
            }
            out.push('>');
            push_html(&cell.spans, &Notes::none(), &mut out);
            out.push_str(&format!("</{tag}>"));
        }
        out.push_str("</tr>\n");
        if header && index + 1 == header_rows {
            out.push_str("</thead>\n");
        }
    }
    if table.rows.len() > header_rows {
        out.push_str("</tbody>\n");
    }
    out.push_str("</table>");
    out
}
