//! The OpenAPI document: made from the handlers, completed with what holds for all of them.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::ProblemBody;

/// The description of the whole HTTP surface.
pub fn openapi() -> OpenApi {
    let (_, mut document) = super::routes().split_for_parts();
    document.info = InfoBuilder::new()
        .title("Signalbox")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A host for CRM automation robots."))
        .build();
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("sbx_...")
        .build();
    let scheme = RefOr::T(SecurityScheme::Http(bearer));
    components.security_schemes.insert("token".to_owned(), scheme);
    for (path, item) in &mut document.paths.paths {
        let needs_token = path.starts_with(super::BASE);
        for (method, operation) in operations(item) {
            operation.operation_id = Some(name_of(method, path));
            complete(path, operation, needs_token);
        }
    }
    document
}

/// Components have their own key: the digest.
fn takes_key(path: &str) -> bool {
    !path.ends_with("/robots")
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    let all = [
        ("get", get),
        ("post", post),
        ("put", put),
        ("patch", patch),
        ("delete", delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// `get-items-id-history`: unique, because method and path are.
fn name_of(method: &str, path: &str) -> String {
    let path = path.strip_prefix(super::BASE).unwrap_or(path);
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("-")
}

/// Names the parameters of the path and the answer to what is refused.
fn complete(path: &str, operation: &mut Operation, needs_token: bool) {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in names {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text));
        operation
            .parameters
            .get_or_insert_default()
            .push(RefOr::T(parameter.build()));
    }
    if operation.responses.responses.contains_key("201") && takes_key(path) {
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some("The same key and body get the same answer, and act once."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        operation
            .parameters
            .get_or_insert_default()
            .push(RefOr::T(parameter.build()));
    }
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemBody::name())))
        .build();
    let refused = ResponseBuilder::new()
        .description("Why the request was not fulfilled.")
        .content("application/problem+json", content)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(refused));
    if needs_token {
        operation.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    }
}
