/** Checks of group `file`: the symbols of the plugin that other libraries can see. */
import { DESCRIPTOR_SYMBOL, ENTRY_POINTS } from '../../base/abi.js';
import { kindSymbol } from '../../inspect/index.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { clashing } from './file-clashes.js';
import { namesIn, OF_CPP_LIBRARY } from './file-subject.js';

/** Older linkers export these in every library. */
const OF_LINKERS = new Set(['_init', '_fini', '_edata', '_end', '__bss_start']);
/** The facts about a kind. */
const OF_KINDS = /^tenon_kind_/;
/** Symbols that Go exports for calls between Go and C. */
const OF_GO = /^_?_?_cgo_|^crosscall/;

export const exportChecks: readonly CheckDefinition[] = [
  {
    id: 'file/exports',
    title: 'The library exports the symbols of the ABI and no others.',
    why: 'An exported symbol can be replaced by a symbol of the same name in another library of the process. A host that loads the plugin globally gets all its symbols.',
    fix: 'Compile with -fvisibility=hidden, and mark the symbols of the ABI with TENON_EXPORT. -Wl,--exclude-libs,ALL hides the symbols of static libraries.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: (subject) => {
        const { facts } = subject;
        // Other checks report these.
        const reported = clashing(subject);
        const kinds = Object.entries(facts.descriptor?.kinds ?? {});
        const symbols = kinds.map(([name, version]) => kindSymbol(name, version));
        const ours: readonly string[] = [...ENTRY_POINTS, DESCRIPTOR_SYMBOL, ...symbols];
        const others = facts.exports
          .map(({ name }) => name)
          .filter(
            (name) =>
              !ours.includes(name) &&
              !OF_KINDS.test(name) &&
              !OF_LINKERS.has(name) &&
              !OF_CPP_LIBRARY.test(name),
          )
          .filter((name) => facts.language !== 'go' || !OF_GO.test(name))
          .filter((name) => !reported.has(name));
        return answerOf(others.length === 0 ? [] : [`It also exports ${namesIn(others.toSorted())}`]);
      },
    },
  },
];
