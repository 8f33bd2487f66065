use super::*;
use crate::pipeline::event::Detour;
use crate::session::kept::{Damaged, Entry, Kept, decode, encode};

/// What the commands so far keep of a file.
fn kept_of(script: &Script, file: FileId) -> Vec<Kept> {
    let kept = script.commands.iter().filter_map(|command| match command {
        Command::Keep { file: of, kept } if *of == file => Some(kept.clone()),
        _ => None,
    });
    kept.collect()
}

/// Another visit, in which the document is opened from `entries`.
fn recalled(entries: Vec<Kept>) -> (Script, JobId, Vec<Command>) {
    let mut script = Script::new();
    let file = NewFile { file: FileId(70), name: "a.pdf".to_owned(), bytes: 100 };
    let commands = script.event(Event::Recalled { file, entries });
    let job = script.session.jobs[0].id;
    (script, job, commands)
}

#[test]
fn a_document_goes_on_after_the_page_was_reloaded() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    let file = script.job(job).file;
    assert!(script.commands.contains(&Command::KeepFile(file)));
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    script.page_with_figure(job, 2);
    let kept = decode(&encode(&kept_of(&script, file))).unwrap();
    assert_eq!(kept, kept_of(&script, file), "as bytes and back");

    let (mut again, id, commands) = recalled(kept);
    again.ready(Role::Document);
    assert_eq!(convert(&again.commands), Some((id, 3, Vec::new())), "from the first page that is missing");
    assert!(!commands.iter().any(|command| matches!(command, Command::KeepFile(_))), "it is kept already");
    assert_eq!(again.job(id).document(), script.job(job).document());
    let figure = FigureId::new(2, 1);
    assert_eq!(again.job(id).result.image(&figure), script.job(job).result.image(&figure));
    again.opened(id, 3);
    again.page(id, 3);
    again.ended(Role::Document, id, Stage::Extraction, Outcome::Done);
    assert_eq!(again.job(id).document().pages.len(), 3);
}

#[test]
fn pages_on_which_workers_died_take_their_detours_after_a_reload_too() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    let file = script.job(job).file;
    let open = |script: &mut Script| {
        let commands = script.ready(Role::Document);
        script.opened(job, 4);
        convert(&commands)
    };
    open(&mut script);
    script.page(job, 1);
    for _ in 0..2 {
        script.dies(Role::Document);
        open(&mut script);
    }
    script.page(job, 2);
    for _ in 0..4 {
        script.dies(Role::Document);
        open(&mut script);
    }
    let kept = decode(&encode(&kept_of(&script, file))).unwrap();
    let (mut again, id, _) = recalled(kept);
    let (_, first, troubled) = convert(&again.ready(Role::Document)).unwrap();
    let detours: Vec<(u32, Detour)> = troubled.iter().map(|trouble| (trouble.page, trouble.detour)).collect();
    assert_eq!((first, detours), (4, vec![(2, Detour::Picture), (3, Detour::Nothing)]));
    assert_eq!(again.job(id).document(), script.job(job).document());
    assert!(again.job(id).document().pages[2].broken);
}

#[test]
fn a_finished_document_is_opened_as_it_was() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 2);
    let kept = kept_of(&script, script.job(job).file);
    assert_eq!(kept.last().unwrap().entry, Entry::Finished);
    let (again, id, commands) = recalled(kept);
    assert_eq!(again.job(id).state, JobState::Done);
    assert!(requests(&commands).is_empty(), "nothing is left to do");
    assert_eq!(again.job(id).document(), script.job(job).document());
    assert_eq!(again.job(id).result.report(), script.job(job).result.report());
    assert_eq!(again.session.view.job, Some(id));
}

#[test]
fn what_was_stopped_is_still_to_be_done() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    script.event(Event::Stop(job));
    script.response(Role::Document, Response::Stopped { job });
    let kept = kept_of(&script, script.job(job).file);
    let (mut again, id, _) = recalled(kept);
    again.ready(Role::Document);
    assert_eq!(convert(&again.commands), Some((id, 2, Vec::new())));
}

#[test]
fn a_person_s_words_are_kept_too() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 1);
    script.page_with_figure(job, 1);
    let figure = FigureId::new(1, 1);
    script.event(Event::DescriptionEdited { job, figure: figure.clone(), text: "a lighthouse".to_owned() });
    let (again, id, _) = recalled(kept_of(&script, script.job(job).file));
    let described = again.job(id).document().figure(&figure).unwrap().description.clone().unwrap();
    assert_eq!(described.text, "a lighthouse");
}

#[test]
fn nothing_is_kept_where_that_is_not_wanted_and_all_can_be_forgotten() {
    let mut script = Script::new();
    let settings = Settings { keep: false, ..Settings::default() };
    script.event(Event::SettingsChanged(settings));
    script.finished("a.pdf", 1);
    assert!(
        !script.commands.iter().any(|command| matches!(command, Command::Keep { .. } | Command::KeepFile(_)))
    );

    let mut script = Script::new();
    let earlier = |key: &str| Earlier {
        key: key.to_owned(),
        name: "b.pdf".to_owned(),
        bytes: 1,
        at: 0.0,
        pages: 3,
        finished: true,
    };
    script.event(Event::EarlierFound(vec![earlier("k1"), earlier("k2"), earlier("k3")]));
    let job = script.finished("a.pdf", 1);
    assert_eq!(script.event(Event::OpenEarlier("k1".to_owned())), [Command::Recall("k1".to_owned())]);
    assert_eq!(script.event(Event::DeleteEarlier("k2".to_owned())), [Command::DeleteKept("k2".to_owned())]);
    let commands = script.event(Event::ForgetAll);
    assert!(commands.contains(&Command::DeleteKept("k3".to_owned())));
    assert!(commands.contains(&Command::Unkeep(script.job(job).file)));
    assert!(script.session.earlier.is_empty());
    let file = script.job(job).file;
    assert!(script.event(Event::Remove(job)).contains(&Command::Unkeep(file)));
}

#[test]
fn a_document_with_a_password_is_not_kept_and_none_once_that_is_turned_off() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    let file = script.job(job).file;
    script.ready(Role::Document);
    script.response(Role::Document, Response::PasswordNeeded { job, wrong: false });
    let commands = script.event(Event::PasswordGiven { job, password: "sesame".to_owned() });
    assert!(commands.contains(&Command::Unkeep(file)));
    let commands = script.event(Event::SettingsChanged(Settings { keep: false, ..Settings::default() }));
    assert!(commands.contains(&Command::Unkeep(file)));
}

#[test]
fn damaged_parts_are_errors() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    let file = script.job(job).file;
    script.ready(Role::Document);
    script.opened(job, 1);
    script.page_with_figure(job, 1);
    let bytes = encode(&kept_of(&script, file));
    for length in 0..bytes.len() {
        assert_eq!(decode(&bytes[..length]), Err(Damaged), "cut after {length}");
    }
    assert_eq!(decode(&u32::MAX.to_le_bytes()), Err(Damaged));
    assert_eq!(decode(b"\x02\0\0\0{}"), Err(Damaged));
    assert_eq!(decode(b"\x02\0\0\0[]"), Ok(Vec::new()));
}
