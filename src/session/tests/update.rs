use super::*;

#[test]
fn an_update_is_told_and_applied_only_when_the_person_says_so() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 2);
    assert!(script.event(Event::UpdateReady).is_empty());
    assert!(script.session.view.update);
    assert!(script.session.announcement.text.contains("new version"));
    assert!(matches!(script.event(Event::ApplyUpdate).as_slice(), [Command::ApplyUpdate]));
    script.event(Event::OtherTabsOpen(2));
    assert!(script.session.announcement.text.contains("2 other tabs") && script.session.announcement.visible);
    assert_eq!(script.job(job).document().pages.len(), 2);
}

#[test]
fn the_page_is_reloaded_for_isolation_only_while_it_is_empty() {
    let mut script = Script::new();
    assert!(matches!(script.event(Event::WouldIsolate).as_slice(), [Command::Reload]));
    script.finished("a.pdf", 1);
    assert!(script.event(Event::WouldIsolate).is_empty());
}
