//! What of a contract matters to a component: names and types, not comments, files or order of items.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem, WorldKey};

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) package: String,
    /// Major, minor, patch.
    pub(super) version: (u64, u64, u64),
    pub(super) interfaces: BTreeMap<String, Interface>,
    pub(super) worlds: BTreeMap<String, World>,
}

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) types: BTreeMap<String, Definition>,
    /// Each as it is written.
    pub(super) functions: BTreeMap<String, String>,
}

/// A type with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    /// `record`, `variant`, `enum`, `flags`, `type`, `resource`.
    pub(super) kind: &'static str,
    /// Fields or cases with their types, in their order; of an alias, what it stands for.
    pub(super) members: Vec<(String, String)>,
}

/// A world: the interfaces by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct World {
    pub(super) imports: BTreeSet<String>,
    pub(super) exports: BTreeSet<String>,
}

impl Shape {
    /// Reads a document.
    #[track_caller]
    pub(super) fn parse(text: &str) -> Shape {
        let mut resolve = Resolve::default();
        let package = resolve
            .push_str("contract.wit", text)
            .unwrap_or_else(|error| panic!("{error:#}"));
        let package = &resolve.packages[package];
        let name = &package.name;
        let version = name.version.as_ref().expect("a version");
        let interface = |(name, id): (&String, &InterfaceId)| (name.clone(), interface(&resolve, *id));
        let world = |(name, id): (&String, &wit_parser::WorldId)| {
            let world = &resolve.worlds[*id];
            let names = |items: &wit_parser::IndexMap<WorldKey, WorldItem>| {
                items.keys().map(|key| world_key(&resolve, key)).collect()
            };
            let world = World {
                imports: names(&world.imports),
                exports: names(&world.exports),
            };
            (name.clone(), world)
        };
        Shape {
            package: format!("{}:{}", name.namespace, name.name),
            version: (version.major, version.minor, version.patch),
            interfaces: package.interfaces.iter().map(interface).collect(),
            worlds: package.worlds.iter().map(world).collect(),
        }
    }

    /// Where it does not follow its own rules.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (interface, shape) in &self.interfaces {
            for (name, definition) in &shape.types {
                let name = format!("{interface}.{name}");
                if definition.kind == "resource" {
                    faults.push(format!(
                        "`{name}` is a resource: it can be neither logged nor replayed"
                    ));
                }
                let wide = definition.members.iter().filter(|(_, written)| is_wide(written));
                let mut wide: Vec<String> = wide
                    .map(|(member, _)| {
                        format!("`{name}`: `{member}` has 64 bits, which not every language has")
                    })
                    .collect();
                wide.sort();
                faults.extend(wide);
            }
            for (name, written) in &shape.functions {
                if is_wide(written) {
                    faults.push(format!(
                        "function `{interface}.{name}` has 64 bits, which not every language has"
                    ));
                }
                let refuses_with = written.rsplit_once("-> result<").and_then(|(_, result)| {
                    result
                        .strip_suffix('>')
                        .and_then(|result| result.rsplit_once(", "))
                });
                if let Some((_, error)) = refuses_with.filter(|(_, error)| !KNOWN_ERRORS.contains(error)) {
                    faults.push(format!(
                        "function `{interface}.{name}` refuses with `{error}`, not with `types.error`"
                    ));
                }
            }
        }
        faults
    }
}

/// A robot's own failure is what it says of itself.
const KNOWN_ERRORS: [&str; 2] = ["types.error", "types.failure"];

fn is_wide(written: &str) -> bool {
    let mut words = written.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
    words.any(|word| word == "u64" || word == "s64")
}

fn world_key(resolve: &Resolve, key: &WorldKey) -> String {
    match key {
        WorldKey::Name(name) => name.clone(),
        WorldKey::Interface(id) => interface_name(resolve, *id),
    }
}

fn interface_name(resolve: &Resolve, id: InterfaceId) -> String {
    resolve.interfaces[id].name.clone().unwrap_or_default()
}

fn interface(resolve: &Resolve, id: InterfaceId) -> Interface {
    let interface = &resolve.interfaces[id];
    let types = interface.types.iter();
    // What an interface uses of another one belongs to that one.
    let own = types.filter(|(_, id)| used_from(resolve, **id).is_none());
    Interface {
        types: own
            .map(|(name, id)| (name.clone(), definition(resolve, *id)))
            .collect(),
        functions: interface
            .functions
            .iter()
            .map(|(name, function)| (name.clone(), signature(resolve, function)))
            .collect(),
    }
}

/// The type behind a `use`.
fn used_from(resolve: &Resolve, id: TypeId) -> Option<TypeId> {
    let TypeDefKind::Type(Type::Id(original)) = resolve.types[id].kind else {
        return None;
    };
    let is_elsewhere = resolve.types[original].owner != resolve.types[id].owner;
    (is_elsewhere && resolve.types[original].name.is_some()).then_some(original)
}

fn definition(resolve: &Resolve, id: TypeId) -> Definition {
    let kind = &resolve.types[id].kind;
    let none = String::new;
    let members = match kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            fields
                .map(|field| (field.name.clone(), written(resolve, &field.ty)))
                .collect()
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            cases
                .map(|case| {
                    let payload = case.ty.as_ref();
                    (
                        case.name.clone(),
                        payload.map_or_else(none, |ty| written(resolve, ty)),
                    )
                })
                .collect()
        }
        TypeDefKind::Enum(cases) => cases
            .cases
            .iter()
            .map(|case| (case.name.clone(), none()))
            .collect(),
        TypeDefKind::Flags(flags) => flags
            .flags
            .iter()
            .map(|flag| (flag.name.clone(), none()))
            .collect(),
        TypeDefKind::Resource => Vec::new(),
        other => vec![(none(), structure(resolve, other))],
    };
    let kind = match kind {
        TypeDefKind::Record(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Resource => kind.as_str(),
        _ => "type",
    };
    Definition { kind, members }
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameter =
        |parameter: &wit_parser::Param| format!("{}: {}", parameter.name, written(resolve, &parameter.ty));
    let parameters: Vec<String> = function.params.iter().map(parameter).collect();
    let kind = if function.kind.is_async() {
        "async func"
    } else {
        "func"
    };
    let result = function.result.as_ref();
    let result = result.map_or_else(String::new, |ty| format!(" -> {}", written(resolve, ty)));
    format!("{kind}({}){result}", parameters.join(", "))
}

/// A type as it is written, with the interface before a name.
fn written(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else {
        return format!("{ty:?}").to_lowercase();
    };
    if let Some(original) = used_from(resolve, *id) {
        return written(resolve, &Type::Id(original));
    }
    let definition = &resolve.types[*id];
    match (&definition.name, definition.owner) {
        (Some(name), TypeOwner::Interface(owner)) => format!("{}.{name}", interface_name(resolve, owner)),
        (Some(name), _) => name.clone(),
        (None, _) => structure(resolve, &definition.kind),
    }
}

fn structure(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let written = |ty: &Type| written(resolve, ty);
    match kind {
        TypeDefKind::Type(ty) => written(ty),
        TypeDefKind::List(ty) => format!("list<{}>", written(ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", written(ty)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(written).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Result(result) => {
            let part = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), written);
            format!("result<{}, {}>", part(&result.ok), part(&result.err))
        }
        other => format!("{other:?}"),
    }
}
