//! Requests to services outside, and their answers.

use signalbox_crm::http_request::{Asked, HttpRequest, Method, Part, Wake};

use crate::bindings::outbound_http as contract;

impl From<contract::Request> for Asked {
    fn from(request: contract::Request) -> Self {
        let parts = |parts: Vec<contract::Part>| parts.into_iter().map(Part::from).collect();
        Asked {
            method: method(request.method),
            url: request.url,
            query: parts(request.query),
            headers: parts(request.headers),
            body: request.body,
            payload: request.payload,
            wake: wake(request.wake),
            timeout_s: request.timeout_s,
            attempts_max: request.attempts,
        }
    }
}

impl From<contract::Part> for Part {
    fn from(part: contract::Part) -> Self {
        Part {
            name: part.name,
            value: part.value,
            secret: part.secret,
        }
    }
}

fn method(method: contract::Method) -> Method {
    match method {
        contract::Method::Get => Method::Get,
        contract::Method::Head => Method::Head,
        contract::Method::Post => Method::Post,
        contract::Method::Put => Method::Put,
        contract::Method::Patch => Method::Patch,
        contract::Method::Delete => Method::Delete,
    }
}

fn wake(wake: contract::Wake) -> Wake {
    match wake {
        contract::Wake::Always => Wake::Always,
        contract::Wake::OnFailure => Wake::OnFailure,
        contract::Wake::Never => Wake::Never,
    }
}

impl From<HttpRequest> for contract::Answer {
    fn from(request: HttpRequest) -> Self {
        let header = |header: signalbox_crm::http_request::Header| contract::Header {
            name: header.name,
            value: header.value,
        };
        let problem = match request.response {
            Some(_) => None,
            None => request.last_error,
        };
        contract::Answer {
            request: request.id.to_string(),
            payload: request.asked.payload,
            attempts: request.attempt_count,
            response: request.response.map(|response| contract::Response {
                status: response.status,
                headers: response.headers.into_iter().map(header).collect(),
                body: response.body,
                is_cut: response.is_cut,
            }),
            problem,
        }
    }
}
