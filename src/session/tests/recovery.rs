use super::*;
use crate::pipeline::event::{Detour, Progress, Trouble};

#[test]
fn a_dead_worker_is_started_again_and_goes_on_from_the_last_finished_page() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 5);
    script.page(job, 1);
    script.page(job, 2);
    let commands = script.dies(Role::Document);
    assert!(commands.contains(&Command::StartWorker { role: Role::Document, generation: 2 }));
    assert_eq!(convert(&script.ready(Role::Document)), Some((job, 3, Vec::new())));
    script.opened(job, 5);
    assert_eq!(script.job(job).document().pages.len(), 2, "finished pages stay");
    assert_eq!(script.job(job).notes.len(), 1);
}

/// The pages that take a detour.
fn detours(commands: &[Command]) -> Vec<(u32, Detour)> {
    let (.., troubled) = convert(commands).unwrap();
    troubled.into_iter().map(|trouble| (trouble.page, trouble.detour)).collect()
}

#[test]
fn a_page_that_kills_the_worker_twice_is_painted_instead() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    script.dies(Role::Document);
    assert_eq!(convert(&script.ready(Role::Document)), Some((job, 2, Vec::new())));
    script.opened(job, 3);
    script.dies(Role::Document);
    let commands = script.ready(Role::Document);
    let why = "the worker failed on it twice (unreachable)".to_owned();
    assert_eq!(convert(&commands), Some((job, 2, vec![Trouble { page: 2, detour: Detour::Picture, why }])));
    script.opened(job, 3);
    let broken = Page { broken: true, ..page(2) };
    script.told(Role::Document, job, Told::Page { page: broken, figures: Vec::new(), warnings: Vec::new() });
    script.page(job, 3);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    assert_eq!(script.job(job).document().pages.len(), 3);
    assert!(script.job(job).notes.iter().any(|note| note.contains("Page 2 is kept as a picture")));
    // The last worker said that it did all it had to do.
    let outcome = Outcome::Partial("page 2 could not be read".to_owned());
    let told = script.job(job).result.stage_report(Stage::Extraction).unwrap();
    assert_eq!((&told.outcome, told.counts.pages), (&outcome, 2));
    assert_eq!(script.job(job).stage(Stage::Extraction).phase, Phase::Ended(outcome));
}

#[test]
fn a_page_whose_painting_kills_the_worker_too_is_read_without_it_and_left_out_at_last() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    let tries = [
        (2, None, ""),
        (2, Some(Detour::Picture), "Page 2 is kept as a picture"),
        (2, Some(Detour::TextAlone), "Page 2 was read without being painted"),
        (3, Some(Detour::Nothing), "Page 2 was left out"),
    ];
    for (first, detour, note) in tries {
        script.dies(Role::Document);
        let commands = script.ready(Role::Document);
        assert_eq!(convert(&commands).unwrap().1, first);
        assert_eq!(detours(&commands), detour.map(|detour| (2, detour)).into_iter().collect::<Vec<_>>());
        script.opened(job, 3);
        let notes: Vec<&String> =
            script.job(job).notes.iter().filter(|note| note.starts_with("Page 2")).collect();
        assert!(notes.len() <= 1 && notes.iter().all(|said| said.starts_with(note)), "{notes:?}");
        assert_eq!(notes.is_empty(), note.is_empty());
    }
    script.page(job, 3);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    let document = script.job(job).document();
    assert_eq!(document.pages.len(), 3);
    assert!(document.pages[1].blocks.is_empty() && document.pages[1].broken);
    assert!(document.warnings.iter().any(|warning| warning.page == Some(2)));
}

/// The document worker tells at which page it is.
fn at_page(script: &mut Script, job: JobId, activity: &str, page: u32) {
    let progress = Progress { page: Some(page), ..Progress::new(Stage::Extraction, activity, 0, 9) };
    script.told(Role::Document, job, Told::Progress(progress));
}

#[test]
fn a_worker_that_dies_while_it_looks_pages_through_died_on_the_one_it_named() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    for _ in 0..2 {
        let commands = script.ready(Role::Document);
        assert_eq!(detours(&commands), [], "nothing is held against the pages before it");
        script.opened(job, 9);
        at_page(&mut script, job, "looking through", 6);
        at_page(&mut script, job, "looking through", 7);
        script.dies(Role::Document);
    }
    let commands = script.ready(Role::Document);
    assert_eq!((convert(&commands).unwrap().1, detours(&commands)), (1, vec![(7, Detour::Picture)]));
}

#[test]
fn a_finished_page_on_which_workers_die_while_they_look_through_it_again_stays() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 9);
    script.page(job, 1);
    script.page(job, 2);
    at_page(&mut script, job, "page", 3);
    script.dies(Role::Document);
    for _ in 0..4 {
        script.ready(Role::Document);
        script.opened(job, 9);
        at_page(&mut script, job, "looking through", 1);
        script.dies(Role::Document);
    }
    let commands = script.ready(Role::Document);
    assert_eq!((convert(&commands).unwrap().1, detours(&commands)), (3, vec![(1, Detour::Nothing)]));
    let pages = &script.job(job).document().pages;
    assert!(pages.len() == 2 && pages.iter().all(|page| !page.broken && page.blocks.len() == 2));
    assert!(!script.job(job).notes.iter().any(|note| note.contains("picture") || note.contains("left out")));
}

#[test]
fn a_worker_that_dies_while_it_draws_and_reads_is_held_against_no_page_until_that_is_known() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    let asked = |commands: &[Command]| {
        requests(commands).iter().any(|request| matches!(request, Request::Render { .. }))
    };
    let commands = script.event(Event::PageShown { job, page: 1, width_px: 500 });
    assert!(asked(&commands));
    script.dies(Role::Document);
    let commands = script.ready(Role::Document);
    assert_eq!(convert(&commands), Some((job, 2, Vec::new())));
    assert!(!asked(&commands), "drawing waits");
    script.opened(job, 3);
    assert!(!asked(&script.tick_after(250.0)));
    assert!(asked(&script.page(job, 2)), "the reading was not to blame");
    script.dies(Role::Document);
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 3);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    assert_eq!(script.session.page_image(job, 1), PageImage::Failed("The page cannot be drawn.".to_owned()));
    assert!(script.job(job).document().pages.iter().all(|page| !page.broken));
}

#[test]
fn a_worker_that_dies_while_it_opens_a_file_again_is_held_against_no_page() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    at_page(&mut script, job, "page", 2);
    script.dies(Role::Document);
    for _ in 0..3 {
        assert_eq!(convert(&script.ready(Role::Document)), Some((job, 2, Vec::new())));
        script.dies(Role::Document);
    }
    script.ready(Role::Document);
    script.dies(Role::Document);
    let Phase::Ended(Outcome::Partial(why)) = &script.job(job).stage(Stage::Extraction).phase else {
        panic!("{:?}", script.job(job).stage(Stage::Extraction))
    };
    assert!(why.starts_with("the worker failed on it 4 times") && why.ends_with("from 2 on are missing"));
    assert_eq!(script.job(job).document().pages.len(), 1);
}

#[test]
fn a_dying_word_counts_once_though_the_browser_tells_of_the_death_too() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    let generation = script.generation(Role::Document);
    script.response(Role::Document, Response::Died { message: "out of memory".to_owned() });
    let commands =
        script.event(Event::WorkerFailed { role: Role::Document, generation, message: "error".to_owned() });
    assert!(!commands.iter().any(|command| matches!(command, Command::StartWorker { .. })));
    assert_eq!(convert(&script.ready(Role::Document)), Some((job, 1, Vec::new())));
}

#[test]
fn what_a_former_worker_says_late_is_ignored() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.dies(Role::Document);
    let late = Told::Page { page: page(1), figures: Vec::new(), warnings: Vec::new() };
    script.event(Event::Worker {
        role: Role::Document,
        generation: 1,
        response: Response::Event { job, event: late },
        images: Vec::new(),
    });
    assert!(script.job(job).document().pages.is_empty());
}

#[test]
fn a_file_that_kills_the_worker_twice_on_opening_fails() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    let next = script.add("b.pdf");
    script.ready(Role::Document);
    script.dies(Role::Document);
    script.ready(Role::Document);
    script.dies(Role::Document);
    assert!(matches!(script.job(job).state, JobState::Failed { .. }));
    assert_eq!(convert(&script.ready(Role::Document)).unwrap().0, next);
}

#[test]
fn a_silent_busy_worker_is_ended_and_a_silent_idle_one_is_not() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 2);
    for _ in 0..119 {
        script.tick_after(250.0);
    }
    assert_eq!(script.generation(Role::Document), 1);
    for _ in 0..3 {
        script.tick_after(250.0);
    }
    assert_eq!(script.generation(Role::Document), 2);

    let mut script = Script::new();
    script.finished("a.pdf", 1);
    for _ in 0..400 {
        script.tick_after(250.0);
    }
    assert_eq!(script.generation(Role::Document), 1);
}

#[test]
fn sleep_of_the_machine_is_not_silence_of_the_worker() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 2);
    script.tick_after(250.0);
    script.tick_after(3_600_000.0);
    assert_eq!(script.generation(Role::Document), 1);
}

#[test]
fn a_worker_that_never_starts_is_given_up_after_three_tries() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.dies(Role::Document);
    script.dies(Role::Document);
    assert!(script.session.broken.is_none());
    script.dies(Role::Document);
    assert!(script.session.broken.is_some());
    assert!(matches!(script.job(job).state, JobState::Failed { .. }));
    assert_eq!(script.generation(Role::Document), 3);
}

#[test]
fn a_worker_of_another_build_is_not_spoken_to() {
    let mut script = Script::new();
    script.add("a.pdf");
    let commands = script.response(Role::Document, Response::Ready { protocol: PROTOCOL + 1 });
    assert!(requests(&commands).is_empty());
    assert!(script.session.broken.is_some());
}

#[test]
fn a_summary_whose_model_kills_the_worker_twice_is_made_without_it() {
    let mut script = Script::with_models(&["t5"]);
    let job = script.extracted(1);
    script.ready(Role::Model);
    script.dies(Role::Model);
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: Some(_), .. }]));
    script.dies(Role::Model);
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: None, .. }]));
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    assert_eq!(script.job(job).state, JobState::Done);
    assert!(script.job(job).notes.iter().any(|note| note.contains("T5 failed twice")));
}

#[test]
fn a_summary_that_fails_with_a_model_is_made_without_it() {
    let mut script = Script::with_models(&["t5"]);
    let job = script.extracted(1);
    script.ready(Role::Model);
    let failed = Outcome::Failed("a tensor is missing".to_owned());
    let commands = script.ended(Role::Model, job, Stage::Text, failed.clone());
    let asked = requests(&commands);
    assert!(asked.iter().any(|request| matches!(request, Request::Summarise { model: None, .. })));
    assert!(asked.contains(&&Request::ListModels), "the browser may have cleared the model away");
    script.ended(Role::Model, job, Stage::Text, failed.clone());
    assert_eq!(script.job(job).stage(Stage::Text).phase, Phase::Ended(failed));
}

#[test]
fn a_caption_model_that_cannot_be_loaded_fails_its_stage_only() {
    let mut script = Script::with_models(&["blip"]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    script.dies(Role::Model);
    script.ready(Role::Model);
    script.dies(Role::Model);
    assert!(matches!(script.job(job).stage(Stage::Vision).phase, Phase::Ended(Outcome::Failed(_))));
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { .. }]));
}

#[test]
fn a_figure_that_kills_the_worker_twice_is_left_out() {
    let mut script = Script::with_models(&["blip"]);
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    for page in 1..=3 {
        script.page_with_figure(job, page);
    }
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    script.ready(Role::Model);
    script.described(job, 1);
    script.dies(Role::Model);
    script.ready(Role::Model);
    script.dies(Role::Model);
    let commands = script.ready(Role::Model);
    let figures = requests(&commands).into_iter().find_map(|request| match request {
        Request::Describe { figures, .. } => Some(figures.clone()),
        _ => None,
    });
    assert_eq!(figures, Some(vec![FigureId::new(3, 1)]));
}

#[test]
fn an_unreadable_file_fails_with_advice() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.event(Event::FileUnreadable { file: FileId(10), message: "NotFoundError".to_owned() });
    assert!(
        matches!(&script.job(job).state, JobState::Failed { advice, .. } if advice.contains("drop it again"))
    );
}

#[test]
fn a_model_that_falls_silent_is_tried_once_more_and_then_a_smaller_one() {
    let mut script = Script::with_models(&["blip-large", "blip"]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    let asked = |script: &Script| {
        let models = requests(&script.commands).into_iter().filter_map(|request| match request {
            Request::Describe { model, .. } => Some(model.id.clone()),
            _ => None,
        });
        models.collect::<Vec<_>>()
    };
    let silent = |script: &mut Script| {
        // As long as the page is in front, it is woken several times a second.
        for _ in 0..300 {
            script.tick_after(250.0);
        }
        script.ready(Role::Model);
    };
    silent(&mut script);
    assert_eq!(asked(&script), ["blip-large", "blip-large"]);
    silent(&mut script);
    assert_eq!(asked(&script), ["blip-large", "blip-large", "blip"]);
    let note = script.job(job).notes.last().unwrap();
    assert!(note.contains("BLIP-LARGE failed twice") && note.contains("BLIP, which is smaller"), "{note}");
    script.described(job, 1);
    script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert!(script.job(job).document().figures[0].description.is_some());
}

#[test]
fn a_model_that_says_that_it_failed_is_replaced_by_a_smaller_one() {
    let mut script = Script::with_models(&["blip-large", "blip"]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    let failed = || Outcome::Failed("memory was refused".to_owned());
    let commands = script.ended(Role::Model, job, Stage::Vision, failed());
    let next = requests(&commands).into_iter().find_map(|request| match request {
        Request::Describe { model, .. } => Some(model.id.as_str()),
        _ => None,
    });
    assert_eq!(next, Some("blip"));
    script.ended(Role::Model, job, Stage::Vision, failed());
    assert!(matches!(script.job(job).stage(Stage::Vision).phase, Phase::Ended(Outcome::Failed(_))));
}
