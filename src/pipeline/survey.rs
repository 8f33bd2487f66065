//! Which pages the light first pass looks at.

/// Documents up to this many pages are looked through whole.
const WHOLE: u32 = 96;
/// Of a longer one, this many pages from its start: what is special stands there.
const FROM_START: u32 = 32;
/// And this many runs of pages spread over the rest.
const RUNS: u32 = 16;
/// Pages in a run: running headers differ between left and right pages, so two of each.
const RUN: u32 = 4;

/// The pages, from 1 and in order, from which body size, running headers and the like are learned. The
/// first page of a document of a thousand pages must not wait for all the others; the choice depends on the
/// number of pages alone, so that the same file always gives the same document.
pub(crate) fn surveyed_pages(count: u32) -> Vec<u32> {
    if count <= WHOLE {
        return (1..=count).collect();
    }
    let rest = count - FROM_START;
    let runs = (0..RUNS).flat_map(|run| {
        // The last run ends with the last page.
        let offset = u64::from(run) * u64::from(rest - RUN) / u64::from(RUNS - 1);
        let start = FROM_START + 1 + u32::try_from(offset).unwrap_or(0);
        start..=start + (RUN - 1)
    });
    let mut pages: Vec<u32> = (1..=FROM_START).chain(runs).collect();
    pages.dedup();
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_documents_are_looked_through_whole() {
        assert_eq!(surveyed_pages(0), Vec::<u32>::new());
        assert_eq!(surveyed_pages(3), [1, 2, 3]);
        assert_eq!(surveyed_pages(96).len(), 96);
    }

    #[test]
    fn long_ones_are_sampled_to_the_end_without_repetition() {
        for count in [97, 100, 128, 500, 5000, u32::MAX] {
            let pages = surveyed_pages(count);
            assert!(pages.is_sorted_by(|left, right| left < right), "{count}: {pages:?}");
            assert_eq!((pages.first(), pages.last()), (Some(&1), Some(&count)));
            assert!(pages.len() <= 96);
        }
    }
}
