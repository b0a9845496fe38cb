//! The README of a new robot: the way from the folder to a run on a host.

use super::templates::Template;

/// What stands in `README.md` of the robot with this id.
pub(super) fn readme(template: &Template, id: &str) -> String {
    let Template { key, name, code, .. } = template;
    let prepare: String = template.prepare.iter().map(|step| format!("{step}\n")).collect();
    format!(
        "\
# {id}

A robot for Signalbox in {name}.
It tells the person in charge of a deal above a threshold, and leaves a comment: change it into yours.

| file | what it is |
|---|---|
| `robot.toml` | what the robot is called, what it asks for, what an admin fills in |
| `{code}` | its code |
| `tests/large_deals_only` | a scenario: what there is, what happens, and what is expected |

## Test and build

```sh
{prepare}signalbox robot test
signalbox robot build
```

`signalbox doctor --lang {key}` says which tool is missing, and how it is installed.
After a change of what the robot does, `signalbox robot test --update` writes down what happens now; read it before you keep it.

## Run it on a host

`signalbox demo`, in another terminal, is a host with a small sales pipeline; it prints its own line `export`.

```sh
export SIGNALBOX_URL=http://127.0.0.1:8700 SIGNALBOX_TOKEN=sbx_...
signalbox robot install {id}.wasm
signalbox attach --robot {id} --stage sales/offer
signalbox item create --stage sales/work --title 'Two tractors' --amount '900000.00 RUB' --assignee anna@example.com
signalbox item move deal:3 --to sales/offer
signalbox run list --robot {id}
signalbox run show run:17
```

Ids are those that the commands before print.
While you write, `signalbox dev` builds the robot whenever a file changes, and shows its runs.
"
    )
}
