//! What a file says about names: who defines, exports, imports, names and calls what, and where. Plain nouns.
//!
//! Readers of one language fill them in, rules compare them across files. A place is a byte offset into the file.

mod markup;
mod of_rust;
mod of_scripts;

use std::{borrow::Cow, collections::HashMap};

pub use self::{
    markup::{Link, Mark, MarkKind, Script, ScriptKind, Setting},
    of_rust::{Module, RustFacts},
    of_scripts::{Holding, Origin, ScriptFacts, Unpacked},
};

/// One name at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'t> {
    pub text: &'t str,
    pub at: usize,
}

/// Names joined by dots: `self.store.get`. The first is empty where it is an expression that has no name.
pub type Path<'t> = Vec<Name<'t>>;

#[derive(Debug, Default)]
pub struct Facts<'t> {
    pub fault: Option<Fault>,
    /// Names may come from where nobody can see: `eval`, `with`, macros, a star import of something unknown.
    pub is_open: bool,
    /// The first is the file itself.
    pub scopes: Vec<Scope<'t>>,
    pub functions: Vec<Function<'t>>,
    pub classes: Vec<Class<'t>>,
    pub imports: Vec<Import<'t>>,
    pub exports: Exports<'t>,
    pub mentions: Vec<Mention<'t>>,
    pub accesses: Vec<Access<'t>>,
    pub calls: Vec<Call<'t>>,
    pub fields: Vec<FieldUse<'t>>,
    pub comparisons: Vec<Comparison<'t>>,
    pub assignments: Vec<Assignment<'t>>,
    pub literals: Vec<Literal<'t>>,
    pub comments: Vec<Name<'t>>,
    pub links: Vec<Link<'t>>,
    pub marks: Vec<Mark<'t>>,
    /// Other files' texts in it, with their places: scripts and styles of a page.
    pub scripts: Vec<Script<'t>>,
    /// JSON: every value under its keys, joined by dots.
    pub settings: Vec<Setting<'t>>,
    /// What every file of its directory shares: the name of a Go package.
    pub package: Option<&'t str>,
    pub rust: RustFacts<'t>,
    pub script: ScriptFacts<'t>,
}

/// Why a file cannot be read, and how sure that is: grammars have gaps of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub what: String,
    pub is_certain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    File,
    Function,
    Class,
    Block,
}

#[derive(Debug)]
pub struct Scope<'t> {
    pub parent: Option<usize>,
    pub kind: ScopeKind,
    /// The class whose `this` or `self` is known here.
    pub class: Option<usize>,
    pub bindings: HashMap<&'t str, Vec<Binding<'t>>>,
}

#[derive(Clone, Debug)]
pub struct Binding<'t> {
    pub at: usize,
    pub what: What<'t>,
}

#[derive(Clone, Debug)]
pub enum What<'t> {
    Function(usize),
    Class(usize),
    /// The whole of an import, or one name of it.
    Import(usize, Imported<'t>),
    /// A variable or parameter; of this type, where that is plain to see.
    Value(Option<Type<'t>>),
    /// A type without members that could be looked up.
    Type,
    /// Rust: a module; of these the ones in files of their own are in `modules`.
    Module(Option<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported<'t> {
    Whole,
    Default,
    Name(&'t str),
}

/// What something is: an instance of a class, or what a function returns.
#[derive(Clone, Debug)]
pub enum Type<'t> {
    Instance(Path<'t>),
    Returned(Path<'t>),
    /// An instance of this class of the same file.
    Own(usize),
}

#[derive(Debug)]
pub struct Function<'t> {
    pub name: &'t str,
    pub at: usize,
    pub parameters: Vec<Parameter<'t>>,
    /// Whether the parameters are all there is to know: no decorator, no `arguments`, no overload.
    pub is_plain: bool,
    pub class: Option<usize>,
    /// Go and Rust: the type that it is a method of, which another file may define.
    pub owner: Option<&'t str>,
    pub receiver: Receiver,
    pub returns: Option<Path<'t>>,
    /// The body is a lone placeholder.
    pub is_stub: bool,
    pub is_public: bool,
    /// The scope of its body.
    pub scope: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    None,
    /// Its own first parameter, which a call on an instance fills in.
    First,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'t> {
    pub name: &'t str,
    pub kind: ParameterKind,
    pub is_optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    Positional,
    PositionalOnly,
    KeywordOnly,
    Rest,
    KeywordRest,
}

#[derive(Debug)]
pub struct Class<'t> {
    pub name: &'t str,
    pub at: usize,
    pub bases: Vec<Path<'t>>,
    pub members: HashMap<&'t str, Member<'t>>,
    /// It may have members that are not seen: computed ones, decorators, a base that is an expression.
    pub is_open: bool,
    /// Its instances are made by a call with these parameters, if that is known.
    pub constructor: Constructor,
    pub kind: ClassKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    Class,
    Struct,
    Enum,
    Interface,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constructor {
    Unknown,
    /// No parameters at all, unless a base has one.
    Default,
    Function(usize),
}

#[derive(Clone, Debug)]
pub struct Member<'t> {
    pub function: Option<usize>,
    pub type_of: Option<Type<'t>>,
}

#[derive(Debug)]
pub struct Import<'t> {
    /// As written, without quotes; in Rust and Python with its dots or colons.
    pub from: Cow<'t, str>,
    pub at: usize,
    pub kind: ImportKind,
    pub names: Vec<Name<'t>>,
    pub default: Option<usize>,
    pub is_star: bool,
    /// Its failure is expected: inside `try`, behind a condition, in a function.
    pub is_guarded: bool,
    pub is_type_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    Module,
    Require,
    Dynamic,
}

#[derive(Debug, Default)]
pub struct Exports<'t> {
    pub names: HashMap<&'t str, Export<'t>>,
    /// More names may be exported than are seen.
    pub is_open: bool,
    /// Every name of these imports too.
    pub stars: Vec<usize>,
    pub has_module_syntax: bool,
    pub has_common_js: bool,
    /// `module.exports = name`: what is exported as a whole.
    pub whole: Option<Path<'t>>,
    /// Python's `__all__`.
    pub promised: Vec<Name<'t>>,
}

#[derive(Clone, Debug)]
pub struct Export<'t> {
    pub what: ExportOf<'t>,
}

#[derive(Clone, Debug)]
pub enum ExportOf<'t> {
    Local(&'t str),
    Import(usize, Imported<'t>),
    Other,
}

#[derive(Debug)]
pub struct Mention<'t> {
    pub name: Name<'t>,
    pub scope: usize,
    /// Its absence is expected: `typeof name`, `try … except NameError`.
    pub is_guarded: bool,
}

/// What is done with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    Read,
    Write,
}

#[derive(Debug)]
pub struct Access<'t> {
    pub path: Path<'t>,
    pub scope: usize,
    pub is_written: bool,
    pub is_guarded: bool,
}

/// A field of a struct that is named where one is made or taken apart: `Point { x: 1 }`.
#[derive(Debug)]
pub struct FieldUse<'t> {
    pub of: Path<'t>,
    pub name: Name<'t>,
    pub scope: usize,
}

#[derive(Debug)]
pub struct Call<'t> {
    pub at: usize,
    pub path: Path<'t>,
    pub scope: usize,
    pub arguments: Vec<Argument<'t>>,
    pub is_new: bool,
    /// A decorator: its arguments are not those of a plain call.
    pub is_decorator: bool,
}

#[derive(Debug)]
pub struct Argument<'t> {
    pub at: usize,
    pub keyword: Option<&'t str>,
    pub is_spread: bool,
    pub value: Value<'t>,
}

#[derive(Clone, Debug)]
pub enum Value<'t> {
    Text(Cow<'t, str>),
    /// A text with holes in it: the pieces around them.
    Template(Vec<&'t str>),
    Object(Vec<(Name<'t>, Value<'t>)>),
    List(Vec<(usize, Value<'t>)>),
    Path(Path<'t>),
    Call(usize),
    Function(usize),
    Other,
}

/// `left == 'text'`, or a `case` of a `switch`.
#[derive(Debug)]
pub struct Comparison<'t> {
    pub left: Path<'t>,
    pub text: Cow<'t, str>,
    pub at: usize,
}

#[derive(Debug)]
pub struct Assignment<'t> {
    pub target: Path<'t>,
    pub value: Value<'t>,
}

#[derive(Debug)]
pub struct Literal<'t> {
    pub at: usize,
    pub text: Cow<'t, str>,
}

impl<'t> Facts<'t> {
    pub fn new() -> Facts<'t> {
        let file = Scope { parent: None, kind: ScopeKind::File, class: None, bindings: HashMap::new() };
        Facts { scopes: vec![file], ..Facts::default() }
    }

    pub fn scope(&mut self, parent: usize, kind: ScopeKind) -> usize {
        let class = self.scopes[parent].class;
        self.scopes.push(Scope { parent: Some(parent), kind, class, bindings: HashMap::new() });
        self.scopes.len() - 1
    }

    pub fn bind(&mut self, scope: usize, name: Name<'t>, what: What<'t>) {
        self.scopes[scope].bindings.entry(name.text).or_default().push(Binding { at: name.at, what });
    }

    /// The nearest function or file around `scope`, itself included.
    pub fn function_scope(&self, mut scope: usize) -> usize {
        while self.scopes[scope].kind == ScopeKind::Block {
            let Some(parent) = self.scopes[scope].parent else { break };
            scope = parent;
        }
        scope
    }
}

impl<'t> Value<'t> {
    /// The names in it: its own, or those of its items.
    pub fn paths(&self) -> impl Iterator<Item = &Path<'t>> {
        let items = match self {
            Value::List(items) => items.as_slice(),
            _ => &[],
        };
        let values = std::iter::once(self).chain(items.iter().map(|(_, item)| item));
        values.filter_map(|value| match value {
            Value::Path(path) => Some(path),
            _ => None,
        })
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// `a.b.c` as it was written.
pub fn joined(path: &[Name]) -> String {
    path.iter().map(|name| name.text).collect::<Vec<_>>().join(".")
}
