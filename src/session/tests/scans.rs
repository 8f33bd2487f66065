use super::*;

/// A session with a model that reads scans, on a machine with two processors.
fn script() -> Script {
    let mut script = Script::new();
    script.session = Session::new(Settings::default(), None).with_processors(2);
    let mut registry = registry();
    registry.models.push(scan_model());
    script.event(Event::RegistryLoaded(Ok(registry)));
    script.ready(Role::Store);
    script
}

fn scan_model() -> ModelEntry {
    let registry = Registry::parse(include_str!("../../../public/models.json")).unwrap();
    registry.models.into_iter().find(|model| model.kind == ModelKind::Scan).unwrap()
}

fn pixels(script: &mut Script, job: JobId, page: u32) -> Vec<Command> {
    script.response(Role::Document, Response::Pixels { job, page, width_px: 4, height_px: 4 })
}

fn read(script: &mut Script, role: Role, job: JobId, page: u32) -> Vec<Command> {
    script.response(role, Response::PixelsRead { job, page, error: None })
}

fn asked(commands: &[Command]) -> Vec<(Role, u32)> {
    let asked = commands.iter().filter_map(|command| match command {
        Command::Send { role, request: Request::ReadPixels { page, .. }, attachment, .. } => {
            assert!(matches!(attachment, Attachment::Parcel(_, of) if of == page));
            Some((*role, *page))
        }
        _ => None,
    });
    asked.collect()
}

fn answered(commands: &[Command]) -> Vec<(u32, Option<String>)> {
    let answered = commands.iter().filter_map(|command| match command {
        Command::Send { request: Request::HaveRead { page, error, .. }, attachment, .. } => {
            assert_eq!(matches!(attachment, Attachment::Parcel(..)), error.is_none());
            Some((*page, error.clone()))
        }
        _ => None,
    });
    answered.collect()
}

fn opened(pages: usize) -> (Script, JobId) {
    let mut script = script();
    let job = script.add("scan.pdf");
    let commands = script.ready(Role::Document);
    assert!(
        commands.iter().any(|command| matches!(
            command,
            Command::Send { request: Request::Convert { ahead: 2, .. }, .. }
        ))
    );
    script.opened(job, pages);
    (script, job)
}

#[test]
fn two_workers_read_two_pages_at_once_and_the_third_waits() {
    let (mut script, job) = opened(3);
    let commands = pixels(&mut script, job, 1);
    assert!(commands.contains(&Command::StartWorker { role: Role::Scan, generation: 1 }));
    assert_eq!(asked(&script.ready(Role::Scan)), [(Role::Scan, 1)]);
    pixels(&mut script, job, 2);
    assert_eq!(asked(&script.ready(Role::SecondScan)), [(Role::SecondScan, 2)]);
    assert_eq!(asked(&pixels(&mut script, job, 3)), []);
    let commands = read(&mut script, Role::SecondScan, job, 2);
    assert_eq!(answered(&commands), [(2, None)]);
    assert_eq!(asked(&commands), [(Role::SecondScan, 3)]);
    assert_eq!(answered(&read(&mut script, Role::Scan, job, 1)), [(1, None)]);
}

#[test]
fn with_one_processor_or_little_memory_one_reads() {
    for (memory, processors) in [(None, 1), (Some(2 << 30), 8)] {
        let mut script = Script::new();
        script.session = Session::new(Settings::default(), memory).with_processors(processors);
        let registry = Registry { models: vec![scan_model()], ..registry() };
        script.event(Event::RegistryLoaded(Ok(registry)));
        let job = script.add("scan.pdf");
        script.ready(Role::Document);
        script.opened(job, 3);
        pixels(&mut script, job, 1);
        script.ready(Role::Scan);
        let commands = pixels(&mut script, job, 2);
        assert!(commands.iter().all(|command| !matches!(command, Command::StartWorker { .. })));
    }
}

#[test]
fn a_page_on_which_the_reading_dies_is_told_without_its_text() {
    let (mut script, job) = opened(2);
    pixels(&mut script, job, 1);
    script.ready(Role::Scan);
    let commands = script.dies(Role::Scan);
    let answers = answered(&commands);
    assert!(matches!(answers.as_slice(), [(1, Some(why))] if why.contains("unreachable")), "{answers:?}");
    assert!(script.job(job).notes.iter().any(|note| note.contains("Page 1")));
    // The next page gets a new worker.
    let commands = pixels(&mut script, job, 2);
    assert!(commands.contains(&Command::StartWorker { role: Role::Scan, generation: 2 }));
}

#[test]
fn what_does_not_start_is_given_up_and_the_pages_go_on() {
    let (mut script, job) = opened(9);
    for page in 1..=3 {
        assert_eq!(asked(&pixels(&mut script, job, page)), []);
        assert_eq!(answered(&script.dies(Role::Scan)).len(), 1);
    }
    let commands = pixels(&mut script, job, 4);
    assert!(matches!(answered(&commands).as_slice(), [(4, Some(_))]));
    assert!(commands.iter().all(|command| !matches!(command, Command::StartWorker { .. })));
}

#[test]
fn stopping_ends_those_who_read() {
    let (mut script, job) = opened(2);
    pixels(&mut script, job, 1);
    script.ready(Role::Scan);
    script.event(Event::Stop(job));
    let commands = script.response(Role::Document, Response::Stopped { job });
    assert!(commands.contains(&Command::EndWorker { role: Role::Scan, generation: 1 }));
    assert!(commands.contains(&Command::ForgetParcels(job)));
    // What still comes of it is nobody's.
    assert_eq!(answered(&pixels(&mut script, job, 2)), []);
}

#[test]
fn the_workers_end_with_the_extraction_so_that_models_have_their_memory() {
    let (mut script, job) = opened(1);
    pixels(&mut script, job, 1);
    script.ready(Role::Scan);
    read(&mut script, Role::Scan, job, 1);
    script.page(job, 1);
    let commands = script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    assert!(commands.contains(&Command::EndWorker { role: Role::Scan, generation: 1 }));
}

#[test]
fn a_document_worker_that_waits_for_others_is_not_taken_for_dead() {
    let (mut script, job) = opened(1);
    pixels(&mut script, job, 1);
    script.ready(Role::Scan);
    for _ in 0..200 {
        let commands = script.tick_after(500.0);
        assert!(commands.iter().all(|command| !matches!(command, Command::EndWorker { .. })));
    }
    let mut ended = Vec::new();
    for _ in 0..200 {
        ended.extend(script.tick_after(500.0));
    }
    assert!(ended.contains(&Command::EndWorker { role: Role::Scan, generation: 1 }));
    assert_eq!(answered(&ended).len(), 1);
}

#[test]
fn pages_wait_for_the_list_of_models_and_go_on_without_it() {
    let mut script = Script::new();
    let job = script.add("scan.pdf");
    script.ready(Role::Document);
    script.opened(job, 1);
    assert_eq!(answered(&pixels(&mut script, job, 1)), []);
    let commands = script.event(Event::RegistryLoaded(Err("offline".to_owned())));
    assert!(matches!(answered(&commands).as_slice(), [(1, Some(why))] if why.contains("offline")));
}

#[test]
fn after_the_document_worker_died_pages_are_read_anew_one_at_a_time() {
    let (mut script, job) = opened(2);
    pixels(&mut script, job, 1);
    script.ready(Role::Scan);
    let commands = script.dies(Role::Document);
    assert!(commands.contains(&Command::EndWorker { role: Role::Scan, generation: 1 }));
    let commands = script.ready(Role::Document);
    assert!(
        commands.iter().any(|command| matches!(
            command,
            Command::Send { request: Request::Convert { ahead: 1, .. }, .. }
        ))
    );
}
