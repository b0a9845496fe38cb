//! Requests of robots in a scenario: no network is asked, the steps say what comes back.

use std::fmt::Write;

use anyhow::bail;
use signalbox_crm::http_request::{Header, HttpRequest, Part, RequestState, Response};
use signalbox_crm::requesting::Attempted;
use signalbox_db::RequestFilter;

use super::Scenario;
use super::script::Values;
use crate::outbox::note;

/// So many requests are looked at.
const REQUESTS_MAX: u32 = 500;

impl Scenario<'_> {
    /// One attempt of the oldest request whose URL begins so comes to its end.
    pub(super) async fn respond(&mut self, url: &str, values: &Values) -> anyhow::Result<()> {
        let (now, core) = (self.clock.now(), &self.app()?.core);
        let mut pending = self.requests_of(Some(RequestState::Pending)).await?;
        pending.retain(|request| request.due_at <= now);
        let Some(found) = pending.iter().find(|request| request.asked.url.starts_with(url)) else {
            let waiting: Vec<&str> = pending.iter().map(|request| request.asked.url.as_str()).collect();
            match waiting.as_slice() {
                [] => bail!("no robot has a request that is due"),
                waiting => bail!("no request begins with `{url}`; due are: {}", waiting.join(", ")),
            }
        };
        note(core, found.clone(), came_of_it(values)?).await?;
        Ok(())
    }

    /// Requests, the oldest first.
    async fn requests_of(&self, state: Option<RequestState>) -> anyhow::Result<Vec<HttpRequest>> {
        let filter = RequestFilter {
            state,
            ..RequestFilter::default()
        };
        let mut found = self.app()?.core.db.requests(&filter, None, REQUESTS_MAX).await?;
        found.reverse();
        Ok(found)
    }

    /// What robots have asked of services outside.
    pub(super) async fn requests(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        for HttpRequest {
            asked,
            state,
            attempt_count,
            last_error,
            response,
            ..
        } in self.requests_of(None).await?
        {
            let came = match (&response, &last_error) {
                (Some(response), _) => format!(" {}", response.status),
                (None, Some(error)) => format!(": {error}"),
                (None, None) => String::new(),
            };
            let (method, state) = (asked.method.as_str(), state.as_str());
            writeln!(
                out,
                "  {method} {}: {state}{came}, {attempt_count} attempts",
                asked.url
            )?;
            let parts = asked.query.iter().map(|part| ("query", part));
            for (kind, part) in parts.chain(asked.headers.iter().map(|part| ("header", part))) {
                writeln!(out, "    {kind} {}", shown(part))?;
            }
            if let Some(body) = &asked.body {
                writeln!(out, "    body {body}")?;
            }
        }
        Ok(out)
    }
}

fn shown(Part { name, value, secret }: &Part) -> String {
    match secret {
        Some(secret) => format!("{name}: {value}[secret {secret}]"),
        None => format!("{name}: {value}"),
    }
}

fn came_of_it(values: &Values) -> anyhow::Result<Attempted> {
    if let Some(error) = values.get("error") {
        return Ok(Attempted::Failed { error: error.clone() });
    }
    let content_type = values.get("type").map_or("application/json", String::as_str);
    let response = Response {
        status: values.get("status").map_or(Ok(200), |status| status.parse())?,
        headers: vec![Header {
            name: "content-type".to_owned(),
            value: content_type.to_owned(),
        }],
        body: values.get("body").cloned().unwrap_or_default(),
        is_cut: false,
    };
    Ok(Attempted::Answered {
        response,
        retry_after: None,
    })
}
