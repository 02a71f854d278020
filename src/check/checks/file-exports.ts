/** Checks of group `file`: what other libraries can see of the plugin. */
import { DESCRIPTOR_SYMBOL, ENTRY_POINTS } from '../../base/abi.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { namesIn } from './file-subject.js';

/** Older linkers export these in every library. */
const OF_LINKERS = new Set(['_init', '_fini', '_edata', '_end', '__bss_start']);
/**
 * What C++ compilers make of templates and inline functions of their library: they are visible whatever -fvisibility says, and the
 * same in every library that has them.
 */
const OF_CPP_LIBRARY = /^_Z(?:T[A-Z]|G[VR]|Z)*(?:N[KVRO]*)?(?:St|S[absiod]|\d+(?:__gnu_cxx|__cxxabiv1))/;
/** Go exports what its own C functions are called by. */
const OF_GO = /^_?_?_cgo_|^crosscall/;

export const exportChecks: readonly CheckDefinition[] = [
  {
    id: 'file/exports',
    title: 'The library exports the symbols of the ABI and no others.',
    why: 'A symbol of the same name in another library of the process can take the place of one that is exported, and hosts that load it globally get all of them.',
    fix: 'Compile with -fvisibility=hidden, and mark with TENON_EXPORT what the ABI asks for; -Wl,--exclude-libs,ALL hides what static libraries bring.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ({ facts }) => {
        const ours: readonly string[] = [...ENTRY_POINTS, DESCRIPTOR_SYMBOL];
        const others = facts.exports
          .map(({ name }) => name)
          .filter((name) => !ours.includes(name) && !OF_LINKERS.has(name) && !OF_CPP_LIBRARY.test(name))
          .filter((name) => facts.language !== 'go' || !OF_GO.test(name));
        return answerOf(others.length === 0 ? [] : [`It also exports ${namesIn(others.toSorted())}`]);
      },
    },
  },
];
