/** Checks of group `file`: what runs when the library is loaded. */
import type { Constructor, LoadingFacts } from '../../inspect/index.js';
import { answerOf, type CheckDefinition, finding } from '../definition.js';
import { ofElf } from './file-subject.js';

/** Functions of compilers and their run-time libraries, that authors cannot do anything about. */
const OF_COMPILERS =
  /^(?:_init|frame_dummy|register_tm_clones|__do_global_ctors_aux|init_have_lse_atomics|__init_cpu_features(?:_resolver|_constructor)?|__cpu_indicator_init|init_cpu_features(?:\.constprop\.\d+)?|asan\.module_ctor|tsan\.module_ctor|msan\.module_ctor|sancov\.module_ctor\w*|_sub_[ID]_\d+_\d+|runtime\.\w+|_rt0_\w+_lib)$/;
/** Rust's standard library takes the arguments of the process this way. */
const OF_RUST = /3std3sys.*ARGV_INIT_ARRAY/;
/** What a C++ compiler makes for each source with global objects, also for the hidden one of <iostream>. */
const OF_CPP_SOURCE = /^_GLOBAL__(?:sub_)?I_/;
const IOSTREAM = '_ZNSt8ios_base4InitC1Ev';
const MOST = 20;

export const constructorChecks: readonly CheckDefinition[] = [
  {
    id: 'file/constructors',
    title: 'Nothing of the plugin runs when it is loaded.',
    why: 'It runs before a host has seen so much as the version, under the lock of the loader, and a fault in it looks like one of the host.',
    fix: 'Do the work in new, or when it is needed for the first time.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf((facts) => {
        const { constructors } = facts;
        if (constructors === null)
          return { state: 'skipped', reason: 'for this processor it is only known by loading it' };
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
  return OF_COMPILERS.test(name) || OF_RUST.test(name);
}
