//! From the outbox to the channels, whatever they answer.

use super::*;

fn whats(heard: &[server::Heard]) -> Vec<String> {
    heard
        .iter()
        .map(|one| one.text().lines().next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_server_that_fails_twice_is_told_once() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 1).await;
    slack.answer("500");
    slack.answer("500");
    office.tell(message(Kind::Acting, 1, "x"), NOW).await;
    office.turn(NOW).await;
    assert_eq!((slack.heard().len(), office.waiting().await), (1, 1));
    office.turn(later(4)).await;
    assert!(slack.heard().is_empty(), "it rests 5 s");
    office.turn(later(5)).await;
    assert_eq!(slack.heard().len(), 1);
    office.turn(later(14)).await;
    assert!(slack.heard().is_empty(), "then 10 s");
    office.turn(later(15)).await;
    let heard = slack.heard();
    assert_eq!((heard.len(), heard[0].path.as_str()), (1, PATH));
    office.turn(later(3600)).await;
    assert!(slack.heard().is_empty(), "told twice");
    assert_eq!(office.waiting().await, 0);
    assert_eq!(office.counts.get()["slack"], (1, 2));
}

#[tokio::test]
async fn what_was_not_sent_is_still_there_after_a_restart() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 1).await;
    slack.answer("503");
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    office.turn(NOW).await;
    let mut office = office.begin_again().await;
    slack.heard();
    office.turn(later(5)).await;
    assert_eq!(slack.heard().len(), 1);
    let mut office = office.begin_again().await;
    office.turn(later(60)).await;
    assert!(slack.heard().is_empty(), "told twice");
}

#[tokio::test]
async fn a_channel_that_asks_to_be_left_alone_is() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 2).await;
    slack.answer("429 retry-after: 30");
    office.tell(message(Kind::Acting, 1, "x"), NOW).await;
    office.turn(NOW).await;
    office
        .tell(message(Kind::Escalated, 2, "y"), later(1))
        .await;
    office.turn(later(29)).await;
    assert_eq!(slack.heard().len(), 1);
    office.turn(later(30)).await;
    assert_eq!(slack.heard().len(), 2);
}

#[tokio::test]
async fn a_call_for_a_person_does_not_wait_for_a_channel_that_rests() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 2).await;
    for second in [0, 5, 15, 35] {
        slack.answer("500");
        office.tell(message(Kind::Acting, 1, "x"), NOW).await;
        office.turn(later(second)).await;
    }
    assert_eq!(slack.heard().len(), 4);
    office
        .tell(message(Kind::Escalated, 2, "y"), later(36))
        .await;
    office.turn(later(36)).await;
    assert!(slack.heard()[0].text().contains("*y*"));
}

#[tokio::test]
async fn a_flood_is_ten_messages_and_a_call_for_a_person_goes_through_it() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 30).await;
    for number in 1..=21 {
        let what = format!("WorkerHung (worker w{number})");
        office.tell(message(Kind::Held, number, &what), NOW).await;
    }
    office.turn(NOW).await;
    let heard = slack.heard();
    let told = whats(&heard);
    assert_eq!(told.len(), 10);
    assert!(told[8].contains("worker w9)"), "{told:?}");
    assert!(told[9].ends_with("*and 12 more*"), "{told:?}");
    assert!(heard[9].text().contains("• WorkerHung (worker w10): held"));
    assert!(
        heard[9].text().contains("• 2 others"),
        "{}",
        heard[9].text()
    );
    assert_eq!(office.waiting().await, 0);
    assert_eq!(office.counts.get()["slack"], (21, 0));

    office.tell(message(Kind::Held, 22, "z"), later(10)).await;
    office
        .tell(message(Kind::Escalated, 23, "help"), later(10))
        .await;
    office.turn(later(10)).await;
    let told = whats(&slack.heard());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("*help*"));
    office.turn(later(60)).await;
    assert!(whats(&slack.heard())[0].contains("*z*"));
}

#[tokio::test]
async fn a_notice_that_is_refused_for_itself_holds_up_no_other() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 2).await;
    slack.answer("400 invalid_payload");
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    office.tell(message(Kind::Held, 2, "y"), NOW).await;
    office.turn(NOW).await;
    assert_eq!(slack.heard().len(), 2);
    assert_eq!(office.waiting().await, 1);
}

#[tokio::test]
async fn after_a_day_it_is_given_up() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 1).await;
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    slack.answer("500");
    office.turn(NOW).await;
    slack.heard();
    office.turn(later(24 * 3600)).await;
    assert!(slack.heard().is_empty());
    assert_eq!(office.waiting().await, 0);
    assert_eq!(office.counts.get()["slack"], (0, 2));
}

#[tokio::test]
async fn a_channel_that_is_gone_holds_nothing() {
    let mut office = Office::open("{slack: {url_file: '{}/url'}}", 1).await;
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    let none = Arc::new(Config::default());
    office.sender = Sender::new(office.ledger.clone(), none, office.counts.clone()).unwrap();
    office.turn(NOW).await;
    assert_eq!(office.waiting().await, 0);
}

/// What the ledger keeps of a refusal, and what of the message.
async fn kept(office: &Office) -> String {
    let state = office.path("state");
    let files = std::fs::read_dir(state).unwrap();
    let bytes = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap());
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
}

#[tokio::test]
async fn secrets_are_in_no_body_and_in_no_error() {
    let hook = Server::start().await;
    let mut office = Office::open(
        "{webhook: {url_file: '{}/url', bearer_file: '{}/token'}, slack: {url_file: '{}/slack'}}",
        1,
    )
    .await;
    let url = hook
        .url()
        .replace("http://", "http://user:sesame-password@");
    office.write("url", &format!("{url}{PATH}?key=sesame-query"));
    office.write("token", TOKEN);
    // A server that says back what it heard, and one that nobody listens at.
    hook.answer(&format!("403 {TOKEN}"));
    office.write("slack", &format!("http://127.0.0.1:1{PATH}"));
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    office.turn(NOW).await;
    let heard = hook.heard();
    assert_eq!(heard[0].path, format!("{PATH}?key=sesame-query"));
    assert_eq!(
        heard[0].authorization.as_deref(),
        Some("Bearer sesame-token")
    );
    assert!(!heard[0].body.to_string().contains("sesame"));
    let kept = kept(&office).await;
    assert!(
        kept.contains("answered 403; give the right token in"),
        "the problem is kept"
    );
    assert!(kept.contains("http://127.0.0.1:1: nothing listens there"));
    assert!(!kept.contains("sesame"));
}

#[tokio::test]
async fn a_file_that_is_missing_is_told_with_its_name_and_tried_again() {
    let slack = Server::start().await;
    let mut office = Office::open("{slack: {url_file: '{}/url'}}", 1).await;
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    office.turn(NOW).await;
    let words = format!(
        "notify.slack.url_file: {}: no such file",
        office.path("url").display()
    );
    assert!(kept(&office).await.contains(&words), "{words}");
    office.write("url", &slack.url());
    office.turn(later(5)).await;
    assert_eq!(slack.heard().len(), 1);
}

#[tokio::test]
async fn who_heard_that_it_began_hears_that_it_is_over() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 2).await;
    let over = |incident| Message {
        level: Level::Normal,
        ..message(Kind::Recovered, incident, "x")
    };
    office.tell(message(Kind::Acting, 1, "x"), NOW).await;
    office.tell(over(1), later(30)).await;
    office.tell(over(2), later(30)).await;
    office.turn(later(30)).await;
    let heard = slack.heard();
    assert_eq!(heard.len(), 2, "{:?}", whats(&heard));
    assert!(heard[1].text().contains("It is over"));
}

#[tokio::test]
async fn levels_choose_and_a_person_is_always_called() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 3).await;
    let at_normal = |kind, incident| Message {
        level: Level::Normal,
        ..message(kind, incident, "x")
    };
    for (incident, kind) in [(1, Kind::Held), (2, Kind::Escalated), (3, Kind::Own)] {
        office.tell(at_normal(kind, incident), NOW).await;
    }
    office.turn(NOW).await;
    assert_eq!(slack.heard().len(), 2);
}

#[tokio::test]
async fn while_nothing_can_be_recorded_it_is_told_all_the_same() {
    let slack = Server::start().await;
    let office = Office::slack(&slack, 0).await;
    let mut own = message(Kind::Own, 1, "the ledger's disk is full");
    own.incident = None;
    tell_unrecorded(&office.config, own, NOW).await;
    assert!(slack.heard()[0].text().contains("disk is full"));
}

/// As while the disk is full: read, and not written.
fn writable(office: &Office, yes: bool) -> impl Future<Output = ()> + use<> {
    let ledger = office.ledger.clone();
    async move {
        let set = ledger.read(move |ledger| {
            ledger.only_read(!yes);
            Ok(())
        });
        set.await.unwrap();
    }
}

#[tokio::test]
async fn what_was_sent_and_can_not_be_written_down_is_not_sent_again() {
    let slack = Server::start().await;
    let mut office = Office::slack(&slack, 2).await;
    office.tell(message(Kind::Held, 1, "x"), NOW).await;
    office.tell(message(Kind::Held, 2, "y"), NOW).await;
    writable(&office, false).await;
    for second in 0..5 {
        office.sender.turn(later(second)).await.unwrap_err();
    }
    assert_eq!(slack.heard().len(), 2);
    writable(&office, true).await;
    office.turn(later(5)).await;
    assert_eq!((slack.heard().len(), office.waiting().await), (0, 0));
}

#[tokio::test]
async fn what_is_told_goes_out_by_itself() {
    let slack = Server::start().await;
    let office = Office::slack(&slack, 1).await;
    let now = || crate::model::Moment::new(std::time::Instant::now(), std::time::SystemTime::now());
    let news = Arc::new(tokio::sync::Notify::new());
    let running = tokio::spawn(office.sender.run(Arc::clone(&news), now));
    let message = message(Kind::Held, 1, "x");
    tell(&office.ledger, &office.config, message, now().into())
        .await
        .unwrap();
    news.notify_one();
    let heard = async {
        while slack.heard().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), heard)
        .await
        .unwrap();
    running.abort();
}
