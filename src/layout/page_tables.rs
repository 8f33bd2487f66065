//! One page's parts in; its tables of every kind out: ruled, between rules, without rules.

use super::aligned::{AlignedTable, find_aligned};
use super::aligned_cells::aligned_table;
use super::assemble::PageParts;
use super::ruled::{find_grids, find_rules};
use super::tables::{Found, grid_table};
use super::unruled::find_unruled;
use crate::document::Rect;
use crate::pdf::content::PathItem;

impl PageParts<'_> {
    /// The tables of the page, surer kinds first.
    pub(super) fn tables(&self, paths: &[(Rect, &PathItem)]) -> Vec<Found> {
        let page_area = self.text.width * self.text.height;
        // Numbers on a picture are its labels.
        let pictures: Vec<Rect> = self
            .content
            .images
            .iter()
            .map(|image| self.text.turn.rect(&image.bbox, self.content.width, self.content.height))
            .filter(|picture| picture.area() < 0.5 * page_area)
            .take(500)
            .collect();
        let is_picture = |bbox: &Rect| {
            let covered = |picture: &Rect| picture.intersection(bbox).map_or(0.0, |both| both.area());
            pictures.iter().any(|picture| covered(picture) > 0.7 * bbox.area()) || is_heat_map(bbox, paths)
        };
        let rules = find_rules(paths);
        let mut tables: Vec<Found> = find_grids(&rules)
            .iter()
            .filter(|grid| !is_picture(&grid.bbox))
            .filter_map(|grid| {
                grid_table(grid, &self.text.upright, &self.content.fonts, self.links, self.survey)
            })
            .collect();
        let aligned = |table: &AlignedTable| {
            aligned_table(table, self.fragments, &self.content.fonts, self.links, self.survey)
        };
        let taken: Vec<Rect> = tables.iter().map(|table| table.bbox).collect();
        tables.extend(
            find_aligned(&rules, self.fragments, &taken, self.em, self.text.height)
                .iter()
                .filter_map(aligned),
        );
        let taken: Vec<Rect> =
            tables.iter().map(|table| table.bbox).chain(pictures.iter().copied()).collect();
        let is_shade = |(bbox, path): &&(Rect, &PathItem)| {
            path.fill.is_some_and(|fill| fill != [255; 3]) && bbox.width() > 12.0 * self.em
        };
        let shades: Vec<Rect> = paths.iter().filter(is_shade).map(|(bbox, _)| *bbox).take(2_000).collect();
        let unruled = find_unruled(self.fragments, &taken, &shades, self.em);
        tables.extend(unruled.iter().filter(|table| !is_picture(&table.bbox)).filter_map(aligned));
        tables
    }
}

/// Whether numbers lie on boxes in many colours: a picture of a matrix. Shaded rows have two or three.
fn is_heat_map(bbox: &Rect, paths: &[(Rect, &PathItem)]) -> bool {
    const COLOURS: usize = 6;
    let mut fills = std::collections::BTreeSet::new();
    for (place, path) in paths {
        if let Some(fill) = path.fill
            && bbox.contains(place.center_x(), place.center_y())
            && place.width().min(place.height()) > 3.0
        {
            fills.insert(fill);
        }
        if fills.len() >= COLOURS {
            return true;
        }
    }
    false
}
