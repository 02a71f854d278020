/** Generates the source of a plugin whose methods are still to be written. */
import type { KindModel } from '../model.js';
import { cKind } from './c.js';
import type { CSlot } from './c-methods.js';
import { signature } from './cpp.js';
import { type CppNames, cppNames } from './cpp-names.js';
import { rustModuleName } from './rust.js';
import { rustMethods, signatureOf } from './rust-slots.js';
import { typesOf } from './rust-types.js';

/** Returns the source of a plugin of this name in C. */
export function cSkeleton(kind: KindModel, plugin: string): string {
  const c = cKind(kind);
  const upper = c.table.toUpperCase();
  const about = `has only the methods of its kind " ${upper}_KIND`;
  return `/* A plugin of the kind ${kind.name}. Write its methods: each refuses its calls until then. */
#include "${kind.name}.kind.h"
${c.slots.map(cMethod).join('\n')}
static tenon_status something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "${plugin} ${about});
}

static const void *extension(const char *id) {
  static const ${c.table} table = {TENON_KIND_HEADER(${c.table}),
                                   ${c.slots.map(({ name }) => `${name}_call`).join(', ')}};
  return strcmp(id, ${upper}_ID) == 0 ? &table : NULL;
}

${upper}_FACTS;
TENON_PLUGIN_WITH("${plugin}", "1.0.0", ${upper}_KIND, TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  something, extension);
`;
}

function cMethod({ slot, name, shown, input }: CSlot): string {
  const bytes = slot.input === null;
  const read =
    input === null
      ? `  const tenon_status status = ${name}_read(in, in_len, out);\n`
      : `  ${input.c} arguments;\n  const tenon_status status = ${name}_read(in, in_len, &arguments, out);\n`;
  return `
static tenon_status ${name}_call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
${bytes ? '  (void)state, (void)in, (void)in_len;\n' : `  (void)state;\n${read}  if (status != TENON_OK) return status;\n`}  return tenon_fail(out, TENON_UNSUPPORTED, "${shown} is not written yet");
}
`;
}

/** Returns the source of a plugin of this name in C++. */
export function cppSkeleton(kind: KindModel, plugin: string): string {
  const c = cKind(kind);
  const names = cppNames(kind, c);
  const called = c.slots.filter(({ slot }) => slot.part === 'call' || slot.part === 'open');
  return `/* A plugin of the kind ${kind.name}. Write its methods: each refuses its calls until then. */
#include <memory>

#include "${kind.name}.kind.hpp"

namespace {

using namespace ${names.namespace};

class Implementation : public ${names.namespace}::${names.base} {
 public:
  explicit Implementation(const tenon::New &given) { given.config({}); }
${called.map((slot) => cppMethod(slot, names)).join('')}};

}  // namespace

TENON_PLUGIN_CLASS(Implementation, "${plugin}", "1.0.0", TENON_DETERMINISTIC, ${c.table.toUpperCase()});
`;
}

function cppMethod(slot: CSlot, names: CppNames): string {
  const { returns, params } = signature(slot, names);
  const unnamed = params.map((param) => {
    const name = Math.max(param.lastIndexOf('&'), param.lastIndexOf(' ')) + 1;
    return `${param.slice(0, name)}/* ${param.slice(name)} */`;
  });
  return `
  ${returns} ${names.methods.get(slot)}(${unnamed.join(', ')}) override {
    throw tenon::Error(TENON_UNSUPPORTED, "${slot.shown.replace(/_open$/, '')} is not written yet");
  }
`;
}

/** Returns the implementation of a kind in Rust by the type `plugin`. */
export function rustImplementation(kind: KindModel, plugin: string): string {
  const { trait, methods: types } = typesOf(kind);
  const module = rustModuleName(kind);
  const methods = rustMethods(kind, types).map((one) => {
    const { method, name } = one;
    const head = signatureOf(one, '_', `${module}::`);
    return `    fn ${name}(${head.parameters.join(', ')}) -> Result<${head.result}, Error> {
        Err(Error::unsupported("${kind.name}.${method.name} is not written yet"))
    }`;
  });
  return `impl ${module}::${trait} for ${plugin} {
${methods.join('\n\n')}
}
`;
}

/** Returns the source of a plugin in Rust. Its name is that of its crate. */
export function rustSkeleton(kind: KindModel, plugin: string): string {
  const module = rustModuleName(kind);
  return `//! A plugin of the kind ${kind.name}. Write its methods: each refuses its calls until then.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

#[rustfmt::skip]
mod ${module};

struct Implementation;

impl Plugin for Implementation {
    const NAME: &'static str = "${plugin}";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, config: &str) -> Result<Self, Error> {
        match config {
            "" => Ok(Implementation),
            _ => Err(Error::invalid("this plugin takes no config")),
        }
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Err(Error::unsupported("this plugin has only the methods of its kind ${kind.name}"))
    }
}

${rustImplementation(kind, 'Implementation')}
tenon::plugin!(Implementation, kinds: { ${module} });
`;
}
