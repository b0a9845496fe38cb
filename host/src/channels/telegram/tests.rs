use signalbox_crm::conversation::{Channel, Guarantee, Provider};
use signalbox_crm::ids::ChannelId;

use super::*;

const TEXT: &str = r#"{"update_id":449012337,"message":{"message_id":59,"from":{"id":1609506098,"is_bot":false,
    "first_name":"Анна","last_name":"Берг","username":"anna_berg","language_code":"ru"},"chat":{"id":1609506098,
    "first_name":"Анна","last_name":"Берг","username":"anna_berg","type":"private"},"date":1773066000,
    "text":"Добрый день! Есть ли красный?","entities":[{"offset":0,"length":6,"type":"bold"}]}}"#;
const EDIT: &str = r#"{"update_id":449012338,"edited_message":{"message_id":59,"from":{"id":1609506098,
    "is_bot":false,"first_name":"Анна","username":"anna_berg"},"chat":{"id":1609506098,"first_name":"Анна",
    "type":"private"},"date":1773066000,"edit_date":1773066060,"text":"Есть ли синий?"}}"#;
const ALBUM: [&str; 2] = [
    r#"{"update_id":449012339,"message":{"message_id":60,"from":{"id":7,"is_bot":false,"first_name":"Ira"},
    "chat":{"id":7,"first_name":"Ira","type":"private"},"date":1773066000,"media_group_id":"14215776976937444",
    "photo":[{"file_id":"AgACAgQAAyEF","file_unique_id":"AQADDAxr","file_size":1502,"width":51,"height":90},
    {"file_id":"AgACAgQAAyEG","file_unique_id":"AQADDAxs","file_size":151590,"width":720,"height":1280}],
    "caption":"Two rooms"}}"#,
    r#"{"update_id":449012340,"message":{"message_id":61,"from":{"id":7,"is_bot":false,"first_name":"Ira"},
    "chat":{"id":7,"first_name":"Ira","type":"private"},"date":1773066000,"media_group_id":"14215776976937444",
    "photo":[{"file_id":"AgACAgQAAyEH","file_unique_id":"AQADDAxt","file_size":1502,"width":51,"height":90}]}}"#,
];
const CALLBACK: &str = r#"{"update_id":5,"callback_query":{"id":"4382bfdwdsb323b2d9","from":{"id":7,"is_bot":false,
    "first_name":"Ira"},"message":{"message_id":9,"from":{"id":1,"is_bot":true,"first_name":"Shop"},"chat":{"id":7,
    "type":"private"},"date":1773066000,"text":"Choose"},"chat_instance":"-372","data":"red"}}"#;
const MEMBER: &str = r#"{"update_id":6,"my_chat_member":{"chat":{"id":7,"first_name":"Ira","type":"private"},
    "from":{"id":7,"is_bot":false,"first_name":"Ira"},"date":1773066000,"old_chat_member":{"user":{"id":1,
    "is_bot":true,"first_name":"Shop"},"status":"member"},"new_chat_member":{"user":{"id":1,"is_bot":true,
    "first_name":"Shop"},"status":"kicked","until_date":0}}}"#;
const CHANNEL_POST: &str = r#"{"update_id":7,"channel_post":{"message_id":3,"sender_chat":{"id":-1001005640892,
    "title":"News","type":"channel"},"chat":{"id":-1001005640892,"title":"News","type":"channel"},
    "date":1773066000,"text":"Sale"}}"#;
const UNKNOWN: &str = r#"{"update_id":8,"telepathy":{"chat":{"id":"a text"},"thought":[1,2,{"deep":null}]}}"#;

fn message_with(fields: &str) -> String {
    format!(
        r#"{{"update_id":1,"message":{{"message_id":2,"from":{{"id":7,"is_bot":false,"first_name":"Ira"}},
        "chat":{{"id":7,"type":"private"}},"date":1773066000,{fields}}}}}"#
    )
}

fn incoming(body: &str) -> Incoming {
    match read(body) {
        Reading::Message(incoming) => incoming,
        Reading::Ignored(why) => panic!("ignored: {why}"),
    }
}

fn ignored(body: &str) -> String {
    match read(body) {
        Reading::Message(incoming) => panic!("not ignored: {incoming:?}"),
        Reading::Ignored(why) => why,
    }
}

fn phone(incoming: &Incoming) -> Option<&str> {
    let point = incoming
        .points
        .iter()
        .find(|point| point.kind == PointKind::Phone);
    point.map(|point| point.key.as_str())
}

#[test]
fn text_message_names_chat_client_and_time() {
    let expected = Incoming {
        chat: "1609506098".to_owned(),
        external_id: "59".to_owned(),
        sender_name: "Анна Берг".to_owned(),
        points: vec![ContactPoint {
            kind: PointKind::Handle,
            key: "telegram:1609506098".to_owned(),
            raw: "@anna_berg".to_owned(),
        }],
        text: "Добрый день! Есть ли красный?".to_owned(),
        media: None,
        album: None,
        sent_at: "2026-03-09T14:20:00Z".parse().unwrap(),
        is_edit: false,
    };
    assert_eq!(incoming(TEXT), expected);
}

#[test]
fn edit_has_the_id_of_its_message_and_its_own_time() {
    let edit = incoming(EDIT);
    assert!(edit.is_edit);
    assert_eq!(edit.external_id, incoming(TEXT).external_id);
    assert_eq!(edit.text, "Есть ли синий?");
    assert_eq!(edit.sent_at, "2026-03-09T14:21:00Z".parse().unwrap());
}

#[test]
fn pictures_of_an_album_are_messages_with_one_album() {
    let [first, second] = ALBUM.map(incoming);
    assert_eq!(
        (first.external_id.as_str(), second.external_id.as_str()),
        ("60", "61")
    );
    assert_eq!((first.text.as_str(), second.text.as_str()), ("Two rooms", ""));
    for picture in [first, second] {
        assert_eq!(picture.album.as_deref(), Some("14215776976937444"));
        assert_eq!(picture.media.as_deref(), Some("photo"));
    }
}

#[test]
fn media_is_told_by_its_kind() {
    for (fields, media) in [
        (r#""voice":{"file_id":"v","duration":3}"#, "voice"),
        (r#""video":{"file_id":"v"},"caption":"look""#, "video"),
        (
            r#""document":{"file_id":"d"},"animation":{"file_id":"d"}"#,
            "animation",
        ),
        (r#""document":{"file_id":"d","file_name":"a.pdf"}"#, "document"),
        (r#""sticker":{"file_id":"s","emoji":"\ud83d\ude00"}"#, "sticker"),
        (r#""location":{"latitude":55.75,"longitude":37.61}"#, "location"),
        (
            r#""location":{"latitude":1,"longitude":2},"venue":{"title":"Cafe"}"#,
            "venue",
        ),
    ] {
        assert_eq!(
            incoming(&message_with(fields)).media.as_deref(),
            Some(media),
            "{fields}"
        );
    }
}

#[test]
fn phone_counts_only_when_it_is_the_senders_own() {
    let shared = |number: &str, owner: &str| {
        let fields = format!(r#""contact":{{"phone_number":"{number}","first_name":"Ira"{owner}}}"#);
        incoming(&message_with(&fields))
    };
    let own = shared("79876543210", r#","user_id":7"#);
    assert_eq!(phone(&own), Some("+79876543210"));
    assert_eq!(own.media.as_deref(), Some("contact"));
    assert_eq!(own.points[0].key, "telegram:7", "the account stays first");
    assert_eq!(
        phone(&shared("+4915112345678", r#","user_id":7"#)),
        Some("+4915112345678")
    );
    assert_eq!(
        phone(&shared("4915112345678", r#","user_id":7"#)),
        Some("+4915112345678")
    );
    assert_eq!(phone(&shared("79876543210", r#","user_id":8"#)), None);
    assert_eq!(phone(&shared("79876543210", "")), None);
    assert_eq!(phone(&shared("call me", r#","user_id":7"#)), None);
}

#[test]
fn other_updates_are_ignored_by_name() {
    let group = TEXT.replace(r#""type":"private""#, r#""type":"supergroup""#);
    let bot = TEXT.replace(r#""is_bot":false"#, r#""is_bot":true"#);
    for (body, why) in [
        (CHANNEL_POST, "an update of kind `channel_post`"),
        (CALLBACK, "an update of kind `callback_query`"),
        (MEMBER, "an update of kind `my_chat_member`"),
        (UNKNOWN, "an update of kind `telepathy`"),
        (r#"{"update_id":1}"#, "an update without content"),
        (
            group.as_str(),
            "a message in a chat of type `supergroup`, not `private`",
        ),
        (bot.as_str(), "a message of a bot"),
        (
            &message_with(r#""pinned_message":{"message_id":1}"#),
            "a message without text or media, `pinned_message`",
        ),
        (
            r#"{"update_id":1,"message":{"message_id":1,"date":0,"chat":{"id":1,"type":"private"},"text":"a"}}"#,
            "a message without a sender",
        ),
    ] {
        assert_eq!(ignored(body), why);
    }
    assert!(
        ignored(r#"{"update_id":1,"message":{"text":"a"}}"#)
            .starts_with("a message that cannot be read: missing")
    );
}

#[test]
fn text_is_cleaned_and_cut() {
    let emoji = incoming(&message_with(
        r#""text":"\ud83d\udc4d \u05e9\u05dc\u05d5\u05dd \u0000\u001b!""#,
    ));
    assert_eq!(emoji.text, "\u{1f44d} \u{5e9}\u{5dc}\u{5d5}\u{5dd} !");
    let huge = format!(r#""text":"{}""#, "я".repeat(100_000));
    assert_eq!(
        incoming(&message_with(&huge)).text.chars().count(),
        TEXT_CHARS_MAX
    );
    let name = message_with(r#""text":"a""#).replace("Ira", "\\u0000Ira\\n\\n Berg");
    assert_eq!(incoming(&name).sender_name, "Ira Berg");
    let nameless = message_with(r#""text":"a""#).replace(r#""first_name":"Ira""#, r#""username":"ira""#);
    assert_eq!(incoming(&nameless).sender_name, "@ira");
}

#[test]
fn envelope_has_number_and_chat_of_every_kind() {
    for (body, key, chat) in [
        (TEXT, "449012337", Some("1609506098")),
        (EDIT, "449012338", Some("1609506098")),
        (CHANNEL_POST, "7", Some("-1001005640892")),
        (CALLBACK, "5", Some("7")),
        (MEMBER, "6", Some("7")),
        (UNKNOWN, "8", None),
        (r#"{"update_id":9,"poll":{"id":"1"}}"#, "9", None),
        (r#"{"update_id":10}"#, "10", None),
        (r#"{"update_id":11,"message":null}"#, "11", None),
    ] {
        let envelope = envelope(body).unwrap();
        assert_eq!(
            (envelope.dedup_key.as_str(), envelope.chat.as_deref()),
            (key, chat)
        );
    }
}

#[test]
fn body_without_a_number_is_malformed() {
    for (body, problem) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("[]", "invalid type: sequence, expected a map at line 1 column 0"),
        ("{}", "missing field `update_id`"),
        (r#"{"update_id":"5"}"#, "field `update_id` is not a whole number"),
        (r#"{"update_id":1.5}"#, "field `update_id` is not a whole number"),
    ] {
        let error = envelope(body).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("the body is not in the channel's format: {problem}")
        );
    }
}

#[test]
fn token_must_be_the_channels() {
    let mut channel = Channel {
        id: ChannelId(1),
        key: "shop".to_owned(),
        title: "Shop".to_owned(),
        provider: Provider::Telegram,
        inbound_secret: "s3cret-Token_1".to_owned(),
        outbound_secret: None,
        base_url: None,
        per_second: None,
        guarantee: Guarantee::default(),
        opens_item_in: None,
        default_assignee: None,
        is_active: true,
        version: 1,
    };
    let with = |token: &str| HeaderMap::from_iter([(TOKEN_HEADER.parse().unwrap(), token.parse().unwrap())]);
    authenticate(&channel, &with("s3cret-Token_1")).unwrap();
    let name = TOKEN_HEADER;
    for forged in [
        "",
        "s3cret-Token_2",
        "s3cret-Token_",
        "s3cret-Token_11",
        "S3CRET-TOKEN_1",
    ] {
        let error = authenticate(&channel, &with(forged)).unwrap_err();
        assert_eq!(error, Unauthentic::WrongToken { name });
        assert!(!error.to_string().contains("s3cret"));
    }
    assert_eq!(
        authenticate(&channel, &HeaderMap::new()),
        Err(Unauthentic::MissingHeader { name })
    );
    channel.inbound_secret.clear();
    let error = authenticate(&channel, &with("")).unwrap_err();
    assert_eq!(error.to_string(), "the inbound secret of channel `shop` is empty");
}
