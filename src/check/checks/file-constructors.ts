/** Checks of group `file`: code that runs when the library is loaded. */
import type { Constructor, LoadingFacts } from '../../inspect/index.js';
import { answerOf, type CheckDefinition, finding } from '../definition.js';
import { ofElf } from './file-subject.js';

/** Constructors of compilers and their run-time libraries. Authors cannot avoid them. */
const OF_COMPILERS =
  /^(?:_init|frame_dummy|register_tm_clones|__do_global_ctors_aux|init_have_lse_atomics|__init_cpu_features(?:_resolver|_constructor)?|__cpu_indicator_init|init_cpu_features(?:\.constprop\.\d+)?|asan\.module_ctor|tsan\.module_ctor|msan\.module_ctor|sancov\.module_ctor\w*|_sub_[ID]_\d+_\d+|runtime\.\w+|_rt0_\w+_lib)$/;
/** The constructor with which Rust's standard library saves the arguments of the process. */
const OF_RUST = ['3std3sys', 'ARGV_INIT_ARRAY'];
/** A C++ compiler generates this for each source with global objects, including the hidden one of <iostream>. */
const OF_CPP_SOURCE = /^_GLOBAL__(?:sub_)?I_/;
const IOSTREAM = '_ZNSt8ios_base4InitC1Ev';
const MOST = 20;

export const constructorChecks: readonly CheckDefinition[] = [
  {
    id: 'file/constructors',
    title: 'No code of the plugin runs when the library is loaded.',
    why: 'Constructors run before the host has read even the version, and they hold the lock of the loader. A fault in one looks like a fault of the host.',
    fix: 'Do the work in new, or on first use.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf((facts) => {
        const { constructors } = facts;
        if (constructors === null)
          return { state: 'skipped', reason: 'for this processor, only loading the library would show it' };
        const own = constructors.filter((one) => !isOfCompilers(one, facts));
        const named = own.flatMap(({ name }) => (name === null ? [] : [name]));
        if (named.length > 0)
          return {
            state: 'failed',
            findings: named.slice(0, MOST).map((name) => finding(`${name} runs when it is loaded`)),
          };
        if (own.length > 0)
          return { state: 'skipped', reason: `the names of its ${own.length} constructors were stripped` };
        return answerOf([]);
      }),
    },
  },
];

function isOfCompilers({ name }: Constructor, { imports }: LoadingFacts): boolean {
  if (name === null) return false;
  if (OF_CPP_SOURCE.test(name)) return imports.includes(IOSTREAM);
  return OF_COMPILERS.test(name) || OF_RUST.every((part) => name.includes(part));
}
