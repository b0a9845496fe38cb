//! What a component may have at most, so that reading, checking and compiling it stays cheap.
//!
//! Without these bounds 60 KB overflow the stack of the host (types in types), take all of its memory (components that
//! are instantiated twice, thirty times over) or a minute of its compiler (a function of nothing but blocks).

use wasmtime::wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentType, ComponentTypeDeclaration, ComponentTypeRef, FunctionBody, Instance, Operator, Parser,
    Payload,
};

use super::{InspectError, invalid};
use crate::meter::INSTANCES_MAX;

/// Imports of a component. 200: the contract has 22 interfaces, WASI 0.2 has 28.
pub(super) const IMPORTS_MAX: usize = 200;
/// Component types in component types. 16: those of toolchains are 2 deep.
const TYPE_DEPTH_MAX: usize = 16;
/// Components in components. 16: composed ones are 3 deep.
const COMPONENT_DEPTH_MAX: usize = 16;
/// What a component declares, counted as often as it is instantiated. In bytes. 1 MiB: a robot in Python has 85 KB.
const DECLARED_BYTES_MAX: u64 = 1024 * 1024;
/// Functions with a body. 100,000: CPython has 13,495.
const FUNCTIONS_MAX: u64 = 100_000;
/// The body of one function, in bytes. 2 MiB: the interpreter loop of CPython has 426,843.
const FUNCTION_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Local variables of one function. 2,000: CPython has 271.
const LOCALS_MAX: u64 = 2_000;
/// Blocks, loops and ifs in one function. 20,000: CPython has 3,112. The compiler takes seconds for 20,000.
const FUNCTION_BLOCKS_MAX: u64 = 20_000;
/// The same in all functions. One million: CPython has 124,657.
const BLOCKS_MAX: u64 = 1_000_000;
/// Blocks in blocks. 4,000: CPython has 781.
const BLOCK_DEPTH_MAX: u64 = 4_000;

/// Refuses a component that has more of anything than a robot needs.
///
/// # Errors
/// [`InspectError::TooMuch`], or that the file is damaged.
pub(super) fn check(bytes: &[u8]) -> Result<(), InspectError> {
    let mut walk = Walk::default();
    for payload in Parser::new(0).parse_all(bytes) {
        walk.take(bytes, payload.map_err(invalid)?)?;
    }
    Ok(())
}

/// At most so many.
pub(super) fn at_most(what: &'static str, count: u64, max: u64) -> Result<(), InspectError> {
    match count <= max {
        true => Ok(()),
        false => Err(InspectError::TooMuch { what, count, max }),
    }
}

/// What making an instance costs, with all instances that are made for it.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    declared_bytes: u64,
    core_instances: u64,
}

impl Cost {
    fn add(&mut self, other: Cost) {
        self.declared_bytes = self.declared_bytes.saturating_add(other.declared_bytes);
        self.core_instances = self.core_instances.saturating_add(other.core_instances);
    }
}

/// A component that is being read, or a core module, which has no components.
#[derive(Debug, Default)]
struct Level {
    cost: Cost,
    /// What instances of its components cost, by index.
    components: Vec<Cost>,
    is_component: bool,
}

#[derive(Debug, Default)]
struct Walk {
    open: Vec<Level>,
    function_count: u64,
    block_count: u64,
}

impl Walk {
    fn take(&mut self, bytes: &[u8], payload: Payload<'_>) -> Result<(), InspectError> {
        match &payload {
            Payload::Version { encoding, .. } => {
                self.open.push(Level {
                    is_component: *encoding == wasmtime::wasmparser::Encoding::Component,
                    ..Level::default()
                });
                return at_most(
                    "components in components",
                    self.open.len() as u64,
                    COMPONENT_DEPTH_MAX as u64,
                );
            }
            Payload::End(_) => return self.close(),
            Payload::CodeSectionEntry(body) => return self.function(body),
            _ => {}
        }
        let Some(level) = self.open.last_mut().filter(|level| level.is_component) else {
            return Ok(());
        };
        // The code of modules and what lies in custom sections is no declaration.
        let is_declared = !matches!(
            payload,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } | Payload::CustomSection(_)
        );
        if let Some((_, range)) = payload.as_section().filter(|_| is_declared) {
            level.cost.declared_bytes = level.cost.declared_bytes.saturating_add(range.len() as u64);
            if let Payload::ComponentTypeSection(_) = &payload {
                check_types(BinaryReader::new(&bytes[range.clone()], range.start))?;
            }
        }
        self.declare(payload)
    }

    /// What brings components and instances.
    fn declare(&mut self, payload: Payload<'_>) -> Result<(), InspectError> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { .. } = instance.map_err(invalid)? {
                        self.spend(Cost {
                            core_instances: 1,
                            ..Cost::default()
                        })?;
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate { component_index, .. } =
                        instance.map_err(invalid)?
                    {
                        let cost = self.component(0, component_index);
                        self.spend(cost)?;
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(&alias.map_err(invalid)?)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    if let ComponentTypeRef::Component(_) = import.map_err(invalid)?.ty {
                        return Err(handed_over());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.map_err(invalid)?;
                    if export.kind == ComponentExternalKind::Component {
                        let cost = self.component(0, export.index);
                        self.know(cost);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), InspectError> {
        match *alias {
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                count,
                index,
            } => {
                let cost = self.component(count as usize, index);
                self.know(cost);
                Ok(())
            }
            ComponentAlias::InstanceExport {
                kind: ComponentExternalKind::Component,
                ..
            } => Err(handed_over()),
            _ => Ok(()),
        }
    }

    /// What an instance of a component costs. One that is not there is found by the validation.
    fn component(&self, outward: usize, index: u32) -> Cost {
        let level = self.open.iter().rev().nth(outward);
        let cost = level.and_then(|level| level.components.get(index as usize));
        cost.copied().unwrap_or_default()
    }

    fn know(&mut self, cost: Cost) {
        if let Some(level) = self.open.last_mut() {
            level.components.push(cost);
        }
    }

    fn spend(&mut self, cost: Cost) -> Result<(), InspectError> {
        let Some(level) = self.open.last_mut() else {
            return Ok(());
        };
        level.cost.add(cost);
        check_cost(level.cost)
    }

    /// A component ends, and can be instantiated from here on.
    fn close(&mut self) -> Result<(), InspectError> {
        let Some(level) = self.open.pop() else {
            return Ok(());
        };
        check_cost(level.cost)?;
        if level.is_component {
            self.know(level.cost);
        }
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Result<(), InspectError> {
        self.function_count += 1;
        at_most("functions", self.function_count, FUNCTIONS_MAX)?;
        at_most(
            "bytes in one function",
            body.range().len() as u64,
            FUNCTION_BYTES_MAX,
        )?;
        let mut local_count = 0_u64;
        for locals in body.get_locals_reader().map_err(invalid)? {
            local_count = local_count.saturating_add(u64::from(locals.map_err(invalid)?.0));
        }
        at_most("local variables in one function", local_count, LOCALS_MAX)?;
        let (mut block_count, mut depth) = (0_u64, 0_u64);
        for operator in body.get_operators_reader().map_err(invalid)? {
            match operator.map_err(invalid)? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    (block_count, depth) = (block_count + 1, depth + 1);
                    at_most("blocks in blocks", depth, BLOCK_DEPTH_MAX)?;
                }
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        at_most("blocks in one function", block_count, FUNCTION_BLOCKS_MAX)?;
        self.block_count += block_count;
        at_most("blocks in its functions", self.block_count, BLOCKS_MAX)
    }
}

fn check_cost(cost: Cost) -> Result<(), InspectError> {
    at_most("core instances", cost.core_instances, INSTANCES_MAX as u64)?;
    at_most("bytes of declarations", cost.declared_bytes, DECLARED_BYTES_MAX)
}

/// What is handed over may be instantiated again and again, and nobody sees it here.
fn handed_over() -> InspectError {
    let what =
        "a component in it is imported or taken from an instance; let each be where it is instantiated";
    InspectError::Invalid(what.to_owned())
}

/// Walks types without calling itself: wasmparser's reader does, as deep as they are nested.
fn check_types(mut reader: BinaryReader<'_>) -> Result<(), InspectError> {
    // What is left to read at each depth.
    let mut open = vec![reader.read_var_u32().map_err(invalid)?];
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        if open.len() > 1 {
            if reader.clone().read_u8().map_err(invalid)? != DECLARED_TYPE {
                reader.read::<ComponentTypeDeclaration<'_>>().map_err(invalid)?;
                continue;
            }
            reader.read_u8().map_err(invalid)?;
        }
        match reader.clone().read_u8().map_err(invalid)? {
            COMPONENT_TYPE | INSTANCE_TYPE => {
                reader.read_u8().map_err(invalid)?;
                open.push(reader.read_var_u32().map_err(invalid)?);
                at_most("types in types", open.len() as u64, TYPE_DEPTH_MAX as u64)?;
            }
            _ => drop(reader.read::<ComponentType<'_>>().map_err(invalid)?),
        }
    }
    Ok(())
}

// Component Model, `Binary.md`, section "Type Definitions".
const COMPONENT_TYPE: u8 = 0x41;
const INSTANCE_TYPE: u8 = 0x42;
/// Within those, a declaration that is a type again.
const DECLARED_TYPE: u8 = 0x01;
