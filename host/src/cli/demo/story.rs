//! What is played. Two clients write, people and robots act; each step says what must follow from it.

use serde_json::{Value, json};

use super::super::Failure;
use super::super::output::field;
use super::player::{End, Player, must};
use super::updates::Person;

const IVAN: Person = Person {
    id: 5001,
    first_name: "Иван",
    last_name: "Кузнецов",
    username: "ivan_kuz",
    phone: "79161234567",
};
const MARIA: Person = Person {
    id: 5002,
    first_name: "Мария",
    last_name: "Соколова",
    username: "m_sokolova",
    phone: "79267654321",
};

/// Titles of the attachments in `examples/demo/setup.toml`.
const SHARE: &str = "Раздать заявки по очереди";
const TELL: &str = "Сообщить ответственному";
const ANSWER: &str = "Ответить на первое сообщение";
const CALL: &str = "Позвонить, если заявка ещё новая";
const FORWARD: &str = "После звонка взять в работу";
const SILENCE: &str = "Клиент молчит после предложения";
const VICTORY: &str = "Сообщить о победе";

/// Plays everything.
///
/// # Errors
/// Something did not follow that must.
pub(super) async fn play(player: &mut Player) -> Result<(), Failure> {
    let ivan = first_message(player).await?;
    more_messages(player, &ivan).await?;
    forged_and_unknown(player).await?;
    let maria = deal_that_leaves_early(player).await?;
    delayed_robots(player, &ivan, &maria).await?;
    call_is_done(player, &ivan).await?;
    victory(player, &ivan).await?;
    player.expect_nothing_else().await?;
    summary(player).await?;
    player.end();
    Ok(())
}

async fn first_message(player: &mut Player) -> Result<String, Failure> {
    player.step("A client writes to the company's bot: a deal is opened, and four robots start");
    let text = "Здравствуйте! Сколько стоит мини-трактор?";
    let update = player.updates.text(&IVAN, 1, text);
    player.telegram(&IVAN, &format!("«{text}»"), &update).await?;
    let deal = player.deal_of(&IVAN).await?;
    player.teller.remark(&format!(
        "{deal} is opened in «Новая заявка», which is \"New request\""
    ));
    player.expect(&deal, SHARE, End::Done).await?;
    player.expect(&deal, ANSWER, End::Done).await?;
    player.expect_answer(&IVAN).await?;
    player.expect(&deal, TELL, End::Done).await?;
    player.expect(&deal, CALL, End::Waits).await?;
    player.step("Telegram repeats an update when it is unsure: nothing happens twice");
    player.telegram(&IVAN, "the same update again", &update).await?;
    Ok(deal)
}

async fn more_messages(player: &mut Player, deal: &str) -> Result<(), Failure> {
    player.step("The client shares the phone: it lands on the contact, in its normal form");
    let update = player.updates.contact(&IVAN, 2);
    player
        .telegram(&IVAN, &format!("contact, phone {}", IVAN.phone), &update)
        .await?;
    player.expect(deal, ANSWER, End::Skipped).await?;
    let points = contact_points(player, deal).await?;
    player
        .teller
        .remark(&format!("the contact is reached by {}", points.join(", ")));
    must(points.iter().any(|point| point == "+79161234567"), || {
        format!("no phone in {points:?}")
    })?;

    player.step("The client corrects the first message: the text is replaced");
    let text = "Здравствуйте! Сколько стоят два мини-трактора?";
    let update = player.updates.edited(&IVAN, 1, text);
    player
        .telegram(&IVAN, &format!("edits: «{text}»"), &update)
        .await?;

    player.step("An album of two photos is one message to robots: one run, not two");
    let update = player.updates.photo(&IVAN, 3, Some("Вот такие"));
    player
        .telegram(&IVAN, "photo 1 of 2, «Вот такие»", &update)
        .await?;
    let update = player.updates.photo(&IVAN, 4, None);
    player.telegram(&IVAN, "photo 2 of 2", &update).await?;
    player.expect(deal, ANSWER, End::Skipped).await?;
    let messages = conversation(player, 5).await?;
    let first = messages
        .last()
        .map_or(String::new(), |message| field(message, "text"));
    player.teller.remark(&format!(
        "the conversation has {} messages; the first one: «{first}»",
        messages.len()
    ));
    must(first == text, || format!("the first message is `{first}`"))
}

/// The phones and accounts of the deal's client.
async fn contact_points(player: &Player, deal: &str) -> Result<Vec<String>, Failure> {
    let contact = field(&player.get(&format!("/items/{deal}")).await?, "contact");
    let contact = player.get(&format!("/contacts/{contact}")).await?;
    let points = contact["points"].as_array().into_iter().flatten();
    Ok(points.map(|point| field(point, "key")).collect())
}

/// The messages of the first conversation, newest first, when there are so many.
async fn conversation(player: &Player, count: usize) -> Result<Vec<Value>, Failure> {
    let what = format!("{count} messages in the conversation");
    player
        .list_when("/conversations/conversation:1/messages", &what, |rows| {
            rows.len() >= count
        })
        .await
}

async fn forged_and_unknown(player: &mut Player) -> Result<(), Failure> {
    player.step("What nobody asked for: an update of a kind that the host does not read, and a forged one");
    let update = player.updates.reaction(&IVAN, 1);
    player
        .telegram(&IVAN, "a reaction; kept, answered, and nothing follows", &update)
        .await?;
    let update = player.updates.text(&IVAN, 5, "Отдайте всё даром");
    player.forged(&update).await
}

async fn deal_that_leaves_early(player: &mut Player) -> Result<String, Failure> {
    player.step(
        "A second client; a person is faster than the robot that waits, and the robot's run is cancelled",
    );
    let text = "Нужен прицеп, пришлите, пожалуйста, предложение";
    let update = player.updates.text(&MARIA, 1, text);
    player.telegram(&MARIA, &format!("«{text}»"), &update).await?;
    let deal = player.deal_of(&MARIA).await?;
    player.expect(&deal, SHARE, End::Done).await?;
    player.expect(&deal, ANSWER, End::Done).await?;
    player.expect_answer(&MARIA).await?;
    player.expect(&deal, TELL, End::Done).await?;
    player.move_to("Борис", &deal, "«Предложение отправлено»").await?;
    player.expect(&deal, CALL, End::Cancelled).await?;
    player.expect(&deal, SILENCE, End::Done).await?;
    Ok(deal)
}

async fn delayed_robots(player: &mut Player, ivan: &str, maria: &str) -> Result<(), Failure> {
    player.step(
        "Time passes: the delayed robot runs, and the watch over the offer tells, escalates and hands over",
    );
    player.expect(maria, SILENCE, End::Done).await?;
    player.expect(maria, SILENCE, End::Done).await?;
    player.expect(ivan, CALL, End::Done).await?;
    player.expect(maria, SILENCE, End::Done).await
}

async fn call_is_done(player: &mut Player, deal: &str) -> Result<(), Failure> {
    player.step("A person completes the call that a robot planned, and a robot moves the deal on");
    player.complete("Анна", deal).await?;
    player.expect(deal, FORWARD, End::Done).await
}

async fn victory(player: &mut Player, deal: &str) -> Result<(), Failure> {
    player.step("A rule that holds for people and robots alike: no victory without an amount");
    let refused = player.move_to("Анна", deal, "«Выиграна»").await;
    let Err(refused) = refused else {
        return must(false, || format!("{deal} was won without an amount"));
    };
    let code = refused.code.clone().unwrap_or_default();
    player.teller.request(
        "Анна",
        &format!("moves {deal} to «Выиграна»"),
        &format!("422 {code}"),
    );
    player.teller.remark(&format!("the host says: {}", refused.error));
    must(code == "required-fields", || format!("the refusal is `{code}`"))?;
    player
        .edit("Анна", deal, &json!({ "amount": "1250000.00 RUB" }))
        .await?;
    player.move_to("Анна", deal, "«Выиграна»").await?;
    player.expect(deal, VICTORY, End::Done).await
}

async fn summary(player: &mut Player) -> Result<(), Failure> {
    player.step("Where everything stands");
    let deals = player.get("/items").await?;
    for deal in deals["items"].as_array().into_iter().flatten() {
        let line = format!(
            "{}  {} in {}, {}",
            field(deal, "id"),
            field(deal, "title"),
            player.name(&field(deal, "stage")),
            player.name(&field(deal, "assignee"))
        );
        player.teller.say(&format!("   {line}\n"));
    }
    let count = player.told_runs().len();
    player.teller.say(&format!(
        "   {count} runs by six robots; each one is told above, and nothing else happened.\n"
    ));
    Ok(())
}
