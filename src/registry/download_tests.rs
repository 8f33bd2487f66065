//! Downloads from servers that follow a script.

use super::*;

const URL: &str = "https://hub.example/model.gguf";

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn plan(size: Option<u64>, sha256: Option<String>) -> FilePlan {
    let name = "model.gguf".to_owned();
    FilePlan { role: FileRole::Weights, name, url: URL.to_owned(), size, approximate_size: None, sha256 }
}

/// One answer of the server.
#[derive(Clone)]
enum Answer {
    /// Serves the file with Range, all headers shown; cut after so many bytes of the body.
    Serve { file: Vec<u8>, etag: &'static str, cut: Option<usize> },
    /// Serves the whole file with 200, whatever is asked for.
    Whole { file: Vec<u8>, cut: Option<usize> },
    /// A status without a body that matters.
    Status(u16, Option<&'static str>),
    /// This head and this body.
    Raw(ResponseHead, Vec<u8>),
    /// No connection.
    Dead,
}

/// What the edge has on disk and what came of it.
struct Run {
    disk: Vec<u8>,
    ranges: Vec<Option<String>>,
    pauses: Vec<f64>,
    end: Result<FileRecord, DownloadError>,
    download: FileDownload,
}

fn respond(answer: &Answer, range: Option<&str>) -> Option<(ResponseHead, Vec<u8>, bool)> {
    let cut_at = |mut body: Vec<u8>, cut: &Option<usize>| {
        let broken = cut.is_some_and(|cut| cut < body.len());
        body.truncate(cut.unwrap_or(body.len()));
        (body, broken)
    };
    match answer {
        Answer::Dead => None,
        Answer::Status(status, retry_after) => {
            let retry_after = retry_after.map(str::to_owned);
            Some((
                ResponseHead { status: *status, retry_after, ..ResponseHead::default() },
                b"<html>".to_vec(),
                false,
            ))
        }
        Answer::Raw(head, body) => Some((head.clone(), body.clone(), false)),
        Answer::Whole { file, cut } => {
            let head = ResponseHead {
                status: 200,
                content_length: Some(file.len().to_string()),
                ..ResponseHead::default()
            };
            let (body, broken) = cut_at(file.clone(), cut);
            Some((head, body, broken))
        }
        Answer::Serve { file, etag, cut } => {
            let etag = Some(format!("\"{etag}\""));
            let Some(range) = range else {
                let content_length = Some(file.len().to_string());
                let (body, broken) = cut_at(file.clone(), cut);
                let head = ResponseHead { status: 200, content_length, etag, ..ResponseHead::default() };
                return Some((head, body, broken));
            };
            let start: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
            let Some(rest) = file.get(start..).filter(|rest| !rest.is_empty()) else {
                return Some((
                    ResponseHead { status: 416, etag, ..ResponseHead::default() },
                    Vec::new(),
                    false,
                ));
            };
            let content_range = Some(format!("bytes {start}-{}/{}", file.len() - 1, file.len()));
            let content_length = Some(rest.len().to_string());
            let (body, broken) = cut_at(rest.to_vec(), cut);
            let head =
                ResponseHead { status: 206, content_range, content_length, etag, ..ResponseHead::default() };
            Some((head, body, broken))
        }
    }
}

/// Drives a download as an edge would. After the script's last answer the server is dead.
fn drive(mut download: FileDownload, mut disk: Vec<u8>, script: &[Answer]) -> Run {
    let mut answers = script.iter();
    let (mut ranges, mut pauses) = (Vec::new(), Vec::new());
    let end = loop {
        match download.next(1.0) {
            Next::Done(record) => break Ok(record),
            Next::Failed(error) => break Err(error),
            Next::Wait { millis, .. } => pauses.push(millis),
            Next::Fetch { range } => {
                let answer = answers.next().cloned().unwrap_or(Answer::Dead);
                let reply = respond(&answer, range.as_deref());
                ranges.push(range);
                let Some((head, body, broken)) = reply else {
                    download.connection_broke("no connection");
                    continue;
                };
                match download.begin(&head) {
                    Begin::Drop { truncate } => {
                        if truncate {
                            disk.clear();
                        }
                        continue;
                    }
                    Begin::Restart => disk.clear(),
                    Begin::Append => {}
                }
                let whole = body.chunks(97).all(|piece| {
                    disk.extend_from_slice(piece);
                    download.chunk(piece)
                });
                if !whole {
                    continue;
                }
                if broken { download.connection_broke("reset") } else { download.body_ended() }
            }
        }
    };
    Run { disk, ranges, pauses, end, download }
}

fn fresh(plan: FilePlan, script: &[Answer]) -> Run {
    drive(FileDownload::new(plan, RetryPolicy::default()), Vec::new(), script)
}

fn serve(file: &[u8], etag: &'static str, cut: Option<usize>) -> Answer {
    Answer::Serve { file: file.to_vec(), etag, cut }
}

#[test]
fn a_whole_file_is_recorded_with_its_hash() {
    let file = content(1000);
    let run = fresh(plan(None, None), &[serve(&file, "v1", None)]);
    let record = run.end.unwrap();
    assert_eq!((record.size, record.sha256.as_str()), (1000, sha256(&file).as_str()));
    assert!(!record.verified, "nobody knew the hash beforehand");
    assert_eq!(record.etag.as_deref(), Some("v1"));
    let run = fresh(plan(Some(1000), Some(sha256(&file))), &[serve(&file, "v1", None)]);
    assert!(run.end.unwrap().verified);
}

#[test]
fn a_cut_connection_goes_on_where_it_broke() {
    let file = content(1000);
    let script = [serve(&file, "v1", Some(300)), serve(&file, "v1", Some(200)), serve(&file, "v1", None)];
    let run = fresh(plan(None, Some(sha256(&file))), &script);
    assert!(run.end.unwrap().verified);
    assert_eq!(run.disk, file);
    let asked: Vec<_> = run.ranges.iter().map(Option::as_deref).collect();
    assert_eq!(asked, [None, Some("bytes=300-"), Some("bytes=500-")]);
}

#[test]
fn a_body_shorter_than_announced_is_a_cut() {
    let file = content(1000);
    let head = ResponseHead { status: 200, content_length: Some("1000".into()), ..ResponseHead::default() };
    let script = [Answer::Raw(head, file[..400].to_vec()), serve(&file, "v1", None)];
    let run = fresh(plan(None, None), &script);
    assert_eq!(run.end.unwrap().size, 1000);
    assert_eq!(run.ranges[1].as_deref(), Some("bytes=400-"));
}

#[test]
fn a_body_longer_than_announced_was_compressed_on_its_way() {
    let head = ResponseHead { status: 200, content_length: Some("300".into()), ..ResponseHead::default() };
    let run = fresh(plan(None, None), &[Answer::Raw(head, content(1000))]);
    assert_eq!(run.end.unwrap().size, 1000);
}

#[test]
fn a_part_of_another_visit_is_resumed_after_rehashing() {
    let file = content(1000);
    let first = fresh(plan(None, None), &[serve(&file, "v1", Some(600))]);
    assert!(matches!(first.end, Err(DownloadError::GivenUp { attempts: 6, .. })));
    assert!(first.download.keeps_part());
    let saved = serde_json::to_string(&first.download.saved_part()).unwrap();

    let mut second = FileDownload::new(plan(None, Some(sha256(&file))), RetryPolicy::default());
    assert!(second.resume(&serde_json::from_str(&saved).unwrap()));
    first.disk.chunks(64).for_each(|piece| second.stored_chunk(piece));
    let run = drive(second, first.disk, &[serve(&file, "v1", None)]);
    assert!(run.end.unwrap().verified);
    assert_eq!(run.disk, file);
    assert_eq!(run.ranges, [Some("bytes=600-".to_owned())]);

    let mut other =
        FileDownload::new(FilePlan { url: "https://x/y".into(), ..plan(None, None) }, RetryPolicy::default());
    assert!(!other.resume(&serde_json::from_str(&saved).unwrap()), "a part of another address");
}

#[test]
fn a_part_that_is_whole_needs_no_network() {
    let file = content(1000);
    let mut download = FileDownload::new(plan(Some(1000), Some(sha256(&file))), RetryPolicy::default());
    download.stored_chunk(&file);
    let run = drive(download, file, &[]);
    assert!(run.end.unwrap().verified);
    assert!(run.ranges.is_empty());
}

#[test]
fn a_changed_validator_starts_anew() {
    let (old, new) = (content(1000), vec![9; 900]);
    let script = [serve(&old, "v1", Some(300)), serve(&new, "v2", None), serve(&new, "v2", None)];
    let run = fresh(plan(None, None), &script);
    assert_eq!(run.end.unwrap().sha256, sha256(&new));
    assert_eq!(run.disk, new);
    assert_eq!(run.ranges, [None, Some("bytes=300-".to_owned()), None]);
}

#[test]
fn a_server_without_range_starts_anew() {
    let file = content(1000);
    let script = [
        Answer::Whole { file: file.clone(), cut: Some(300) },
        Answer::Whole { file: file.clone(), cut: None },
    ];
    let run = fresh(plan(None, Some(sha256(&file))), &script);
    assert!(run.end.is_ok());
    assert_eq!(run.disk, file);
}

#[test]
fn a_server_without_range_that_always_breaks_is_given_up() {
    let file = content(3 << 20);
    let script = vec![Answer::Whole { file, cut: Some(2 << 20) }; 50];
    let run = fresh(plan(None, None), &script);
    assert!(matches!(run.end, Err(DownloadError::GivenUp { .. })));
    assert!(run.ranges.len() <= 12, "{}", run.ranges.len());
}

#[test]
fn a_bad_line_that_makes_progress_is_not_given_up() {
    let file = content(20 << 20);
    let script = vec![serve(&file, "v1", Some(1 << 20)); 20];
    let run = fresh(plan(None, Some(sha256(&file))), &script);
    assert!(run.end.is_ok());
    assert_eq!(run.ranges.len(), 20);
}

#[test]
fn what_a_host_refuses_is_not_asked_for_again_and_never_stored() {
    for status in [404, 401, 403, 410, 400, 304, 204, 301] {
        let run = fresh(plan(None, None), &[Answer::Status(status, None)]);
        let Err(DownloadError::Refused { status: told, .. }) = run.end else { panic!("{status}") };
        assert_eq!(told, status);
        assert_eq!(run.ranges.len(), 1);
        assert!(run.disk.is_empty());
    }
}

#[test]
fn a_refusal_in_the_middle_keeps_the_part() {
    let file = content(1000);
    let run = fresh(plan(None, None), &[serve(&file, "v1", Some(300)), Answer::Status(404, None)]);
    assert!(matches!(run.end, Err(DownloadError::Refused { status: 404, .. })));
    assert_eq!(run.disk.len(), 300);
    assert!(run.download.keeps_part());
}

#[test]
fn pauses_double_and_end() {
    let run = fresh(plan(None, None), &[Answer::Status(500, None), Answer::Dead, Answer::Status(503, None)]);
    assert_eq!(run.pauses, [1000.0, 2000.0, 4000.0, 8000.0, 16_000.0]);
    assert!(matches!(run.end, Err(DownloadError::GivenUp { attempts: 6, .. })));
    let mut download = FileDownload::new(plan(None, None), RetryPolicy::default());
    download.connection_broke("reset");
    let Next::Wait { millis, .. } = download.next(0.0) else { panic!() };
    assert!((millis - 500.0).abs() < f64::EPSILON, "jitter takes up to half away");
}

#[test]
fn retry_after_is_kept_to() {
    let file = content(10);
    let run = fresh(plan(None, None), &[Answer::Status(429, Some("7")), serve(&file, "v1", None)]);
    assert!(run.end.is_ok());
    assert!(run.pauses[0] >= 7000.0);
    let run = fresh(plan(None, None), &[Answer::Status(429, Some("86400")), serve(&file, "v1", None)]);
    assert!(run.pauses[0] <= 60_000.0);
    let date = Some("Wed, 21 Oct 2015 07:28:00 GMT");
    let run = fresh(plan(None, None), &[Answer::Status(503, date), serve(&file, "v1", None)]);
    assert!(run.end.is_ok());
}

#[test]
fn not_satisfiable_starts_anew_once() {
    let file = content(200);
    let mut download = FileDownload::new(plan(None, None), RetryPolicy::default());
    download.stored_chunk(&content(500));
    let run = drive(download, content(500), &[serve(&file, "v2", None), serve(&file, "v2", None)]);
    assert_eq!(run.end.unwrap().size, 200);
    assert_eq!(run.disk, file);
    let run = fresh(plan(None, None), &[Answer::Status(416, None)]);
    assert!(matches!(run.end, Err(DownloadError::Refused { status: 416, .. })));
}

#[test]
fn another_range_than_asked_for_starts_anew() {
    let file = content(1000);
    let content_range = Some("bytes 0-999/1000".to_owned());
    let odd = ResponseHead { status: 206, content_range, ..ResponseHead::default() };
    let script = [serve(&file, "v1", Some(300)), Answer::Raw(odd, file.clone()), serve(&file, "v1", None)];
    let run = fresh(plan(None, None), &script);
    assert_eq!(run.end.unwrap().sha256, sha256(&file));
    assert_eq!(run.disk, file);
}

#[test]
fn a_wrong_size_is_refused() {
    let file = content(1000);
    let run = fresh(plan(Some(900), None), &vec![serve(&file, "v1", None); 2]);
    assert!(matches!(run.end, Err(DownloadError::WrongSize { expected: 900, .. })));
    assert_eq!((run.ranges.len(), run.pauses.len()), (2, 1), "once more, after a pause");
    assert!(!run.download.keeps_part());
    let run = fresh(plan(Some(1100), None), &[serve(&file, "v1", None)]);
    assert!(run.end.is_err(), "too short is a cut, and in the end a failure");
    let linked_size = Some("1000".to_owned());
    let head = ResponseHead { status: 200, linked_size, ..ResponseHead::default() };
    let run = fresh(plan(Some(900), None), &vec![Answer::Raw(head, file); 2]);
    assert!(run.disk.is_empty(), "seen in the head, before a byte was read");
    assert!(matches!(run.end, Err(DownloadError::WrongSize { found: 1000, .. })));
}

#[test]
fn a_wrong_hash_is_refused_and_not_kept() {
    let run = fresh(plan(None, Some("0".repeat(64))), &vec![serve(&content(1000), "v1", None); 3]);
    assert!(matches!(run.end, Err(DownloadError::WrongHash { .. })));
    assert_eq!(
        (run.ranges, run.pauses.len()),
        (vec![None, None], 1),
        "once more from the start, after a pause"
    );
    assert!(!run.download.keeps_part());
}

#[test]
fn what_a_cache_on_the_way_spoilt_is_mended_by_another_try() {
    let file = content(1000);
    let spoilt = content(1000).into_iter().rev().collect::<Vec<u8>>();
    let script = [serve(&spoilt, "v1", None), serve(&file, "v1", Some(400)), serve(&file, "v1", None)];
    let run = fresh(plan(Some(1000), Some(sha256(&file))), &script);
    assert!(run.end.unwrap().verified);
    assert_eq!(run.disk, file);
    assert_eq!(run.ranges, [None, None, Some("bytes=400-".to_owned())], "and resumed as ever");
}

#[test]
fn a_patched_file_with_a_wrong_hash_is_fetched_once_more() {
    let file = content(1000);
    let mut download = FileDownload::new(plan(None, Some(sha256(&file))), RetryPolicy::default());
    download.stored_chunk(&[0; 500]);
    let run = drive(download, vec![0; 500], &[serve(&file, "v1", None), serve(&file, "v1", None)]);
    assert!(run.end.unwrap().verified);
    assert_eq!(run.disk, file);
}

#[test]
fn the_hub_tells_hash_and_size() {
    let file = content(1000);
    let head = |sha256: String| ResponseHead {
        status: 200,
        linked_etag: Some(format!("\"{sha256}\"")),
        linked_size: Some("1000".into()),
        ..ResponseHead::default()
    };
    let run = fresh(plan(None, None), &[Answer::Raw(head(sha256(&file)), file.clone())]);
    assert!(run.end.unwrap().verified);
    let run = fresh(plan(None, None), &vec![Answer::Raw(head("1".repeat(64)), file.clone()); 2]);
    assert!(matches!(run.end, Err(DownloadError::WrongHash { .. })));
    let answer = Answer::Raw(head(sha256(&file)), file.clone());
    let run = fresh(plan(None, Some("2".repeat(64))), &vec![answer; 2]);
    assert!(run.disk.is_empty(), "the host's own hash says it beforehand");
    assert!(matches!(run.end, Err(DownloadError::WrongHash { .. })));
    // A git blob's name is no SHA-256.
    let run = fresh(plan(None, None), &[Answer::Raw(head("3".repeat(40)), file)]);
    assert!(!run.end.unwrap().verified);
}

#[test]
fn a_web_page_is_no_model() {
    let content_type = Some("text/html; charset=utf-8".to_owned());
    let head = ResponseHead { status: 200, content_type, ..ResponseHead::default() };
    let run = fresh(plan(None, None), &[Answer::Raw(head, b"<html>please log in</html>".to_vec())]);
    assert!(matches!(run.end, Err(DownloadError::WebPage(_))));
    assert!(run.disk.is_empty());
}

#[test]
fn a_full_disk_ends_it_and_keeps_the_part() {
    let mut download = FileDownload::new(plan(Some(1000), None), RetryPolicy::default());
    assert_eq!(download.next(0.5), Next::Fetch { range: None });
    let head = ResponseHead { status: 200, ..ResponseHead::default() };
    assert_eq!(download.begin(&head), Begin::Restart);
    assert!(download.chunk(&[0; 10]));
    assert_eq!((download.received(), download.total()), (10, 1000));
    download.storage_failed("the disk is full");
    download.connection_broke("aborted");
    let Next::Failed(error) = download.next(0.5) else { panic!() };
    assert_eq!(error.to_string(), "the disk is full");
    assert!(download.keeps_part());
}

#[test]
fn odd_headers_are_passed_over() {
    for text in ["", "bytes", "bytes x-y/z", "items 0-1/2", "bytes */1000", "bytes 99999999999999999999-1/2"]
    {
        assert_eq!(ContentRange::parse(text), None, "{text}");
    }
    let range = ContentRange::parse("bytes 5-9/*");
    assert_eq!(range, Some(ContentRange { start: 5, total: None }));
    assert_eq!(bare_etag("W/\"abc\""), "abc");
}
