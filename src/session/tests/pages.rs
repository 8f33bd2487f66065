use super::*;

fn rendered(script: &mut Script, job: JobId, page: u32) -> Vec<Command> {
    script.response(
        Role::Document,
        Response::Rendered { job, page, width_px: 1_000, height_px: 1_500, overlay: false },
    )
}

fn renders(commands: &[Command]) -> Vec<u32> {
    let pages = requests(commands).into_iter().filter_map(|request| match request {
        Request::Render { page, .. } => Some(*page),
        _ => None,
    });
    pages.collect()
}

#[test]
fn the_page_seen_last_is_drawn_first_and_one_at_a_time() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 9);
    let first = script.event(Event::PageShown { job, page: 1, width_px: 1_000 });
    assert_eq!(renders(&first), [1]);
    for page in [2, 3, 4] {
        assert!(renders(&script.event(Event::PageShown { job, page, width_px: 1_000 })).is_empty());
    }
    script.event(Event::PageHidden { job, page: 4 });
    assert_eq!(renders(&rendered(&mut script, job, 1)), [3]);
    assert_eq!(script.session.page_image(job, 1), PageImage::Drawn);
    assert_eq!(script.session.page_image(job, 4), PageImage::Absent);
}

#[test]
fn with_the_overlay_what_is_in_view_is_drawn_anew_and_an_old_picture_does_not_count() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 3);
    script.event(Event::PageShown { job, page: 1, width_px: 1_000 });
    rendered(&mut script, job, 1);
    script.event(Event::PageShown { job, page: 2, width_px: 1_000 });
    assert!(renders(&script.event(Event::ShowOverlay(true))).is_empty(), "page 2 is being drawn");
    let overlays = |commands: &[Command]| {
        let pages = requests(commands).into_iter().filter_map(|request| match request {
            Request::Render { page, overlay, .. } => Some((*page, *overlay)),
            _ => None,
        });
        pages.collect::<Vec<_>>()
    };
    // Page 2 came without boxes: it is wanted again, with them.
    let again = overlays(&rendered(&mut script, job, 2));
    assert_eq!(again.len(), 1);
    assert!(again[0].1);
    assert_eq!(script.session.page_image(job, 2), PageImage::Waiting);
    let page = again[0].0;
    let with = Response::Rendered { job, page, width_px: 1_000, height_px: 1_500, overlay: true };
    assert_eq!(overlays(&script.response(Role::Document, with)).len(), 1);
    assert_eq!(script.session.page_image(job, page), PageImage::Drawn);
}

#[test]
fn pages_out_of_view_are_let_go_of_once_there_are_many() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 60);
    let mut cleared = Vec::new();
    for page in 1..=40 {
        script.event(Event::PageShown { job, page, width_px: 1_000 });
        for command in rendered(&mut script, job, page) {
            if let Command::ClearPage { page, .. } = command {
                cleared.push(page);
            }
        }
        script.event(Event::PageHidden { job, page });
    }
    assert_eq!(cleared, (1..=24).collect::<Vec<_>>(), "16 pages of 1.5 megapixels stay");
    let again = script.event(Event::PageShown { job, page: 1, width_px: 1_000 });
    assert_eq!(renders(&again), [1]);
}

#[test]
fn a_document_of_a_dead_worker_is_opened_again_without_being_extracted_again() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 2);
    script.dies(Role::Document);
    script.event(Event::PageShown { job, page: 2, width_px: 500 });
    let commands = script.ready(Role::Document);
    assert_eq!(convert(&commands), Some((job, u32::MAX, Vec::new())));
    assert_eq!(renders(&commands), [2]);
    script.opened(job, 2);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    assert_eq!(script.job(job).document().pages.len(), 2);
    assert_eq!(script.job(job).state, JobState::Done);
}

#[test]
fn a_page_that_kills_the_worker_twice_is_not_drawn() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 2);
    script.event(Event::PageShown { job, page: 2, width_px: 500 });
    script.dies(Role::Document);
    assert_eq!(renders(&script.ready(Role::Document)), [2]);
    script.dies(Role::Document);
    assert!(matches!(script.session.page_image(job, 2), PageImage::Failed(_)));
}

#[test]
fn clicking_a_page_selects_the_smallest_block_there() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 2);
    assert_eq!(script.session.view.job, Some(job));
    let commands = script.event(Event::PointAt { page: 2, x: 20.0, y: 20.0 });
    assert_eq!(commands[0], Command::ScrollToBlock(BlockId::new(2, 2)));
    let commands = script.event(Event::PointAt { page: 2, x: 300.0, y: 100.0 });
    assert_eq!(commands[0], Command::ScrollToBlock(BlockId::new(2, 1)));
    script.event(Event::PointAt { page: 2, x: 300.0, y: 700.0 });
    assert_eq!(script.session.view.selection, None);
}

#[test]
fn choosing_a_block_shows_its_place() {
    let mut script = Script::new();
    script.finished("a.pdf", 2);
    let commands = script.event(Event::SelectBlock(BlockId::new(2, 2)));
    let area = Rect::new(10.0, 10.0, 100.0, 40.0);
    assert_eq!(commands, [Command::ScrollToPage { page: 2, area: Some(area) }]);
    assert_eq!(
        script.session.view.selection,
        Some(Selection { block: Some(BlockId::new(2, 2)), page: 2, area })
    );
}
