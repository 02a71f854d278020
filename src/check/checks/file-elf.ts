/** Checks of group `file`: requests of an ELF library that weaken or restrict the process that loads it. */
import { answerOf, type CheckDefinition } from '../definition.js';
import { ofElf } from './file-subject.js';

const UNWINDS = '_Unwind_RaiseException';

export const elfChecks: readonly CheckDefinition[] = [
  {
    id: 'file/stack',
    title: 'The library does not request an executable stack.',
    why: 'Such a library makes every stack of the process executable, so a buffer overflow can execute code. Newer systems refuse to load it.',
    fix: 'End assembly sources with .section .note.GNU-stack,"",@progbits, do not take the address of a nested function, and link with -Wl,-z,noexecstack.',
    severity: 'error',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ executableStack }) => {
        if (executableStack === false) return answerOf([]);
        return answerOf([
          executableStack
            ? 'It asks for an executable stack'
            : 'It has no PT_GNU_STACK header, which means that it asks for an executable stack',
        ]);
      }),
    },
  },
  {
    id: 'file/segments',
    title: 'No memory of the library is both writable and executable.',
    why: 'Any stray write to such memory, from anywhere in the process, can become code that runs.',
    fix: 'Keep code and data in separate sections, and do not link with -N or --omagic.',
    severity: 'error',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ writableCode }) =>
        answerOf(
          writableCode.map(
            ({ start, end }) =>
              `The ${end - start} bytes at 0x${start.toString(16)} can be both written and executed`,
          ),
        ),
      ),
    },
  },
  {
    id: 'file/text-relocations',
    title: 'The loader does not have to modify the code of the library.',
    why: 'To modify code, the loader must make it writable. Hardened systems forbid that, and processes cannot share the modified code.',
    fix: 'Compile everything with -fPIC, including static libraries and assembly. -Wl,-z,text reports the objects that lack it.',
    severity: 'error',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ textRelocations }) =>
        answerOf(textRelocations ? ['It has relocations in its code (DT_TEXTREL)'] : []),
      ),
    },
  },
  {
    id: 'file/relro',
    title: 'The address tables that the loader fills in are read-only afterwards.',
    why: 'A write to these tables can redirect any call of the plugin.',
    fix: 'Link with -Wl,-z,relro,-z,now.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ relro, bindNow }) => {
        if (!relro) return answerOf(['The tables stay writable: it was linked without -z relro']);
        return answerOf(
          bindNow ? [] : ['The table of functions stays writable: it was linked without -z now'],
        );
      }),
    },
  },
  {
    id: 'file/thread-locals',
    title: 'The thread-local variables of the library do not need the static TLS block.',
    why: 'The static TLS block is small, its size is fixed when the process starts, and all libraries share it. When it is full, the plugin cannot be loaded.',
    fix: 'Compile without -ftls-model=initial-exec. -fPIC alone does not select that model.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ staticTls }) =>
        answerOf(staticTls ? ['It uses the initial-exec model for thread-locals (DF_STATIC_TLS)'] : []),
      ),
    },
  },
  {
    id: 'file/nodelete',
    title: 'The library can be unloaded.',
    why: 'A host that unloads the plugin, or replaces it with a rebuilt one, still keeps the old library in memory.',
    fix: 'Link without -Wl,-z,nodelete. A host that never unloads plugins requests that itself.',
    severity: 'note',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ noDelete }) =>
        answerOf(noDelete ? ['It is marked so that it is never unloaded (DF_1_NODELETE)'] : []),
      ),
    },
  },
  {
    id: 'file/symbols',
    title: 'Crash reports can name the functions of the library.',
    why: 'Without names, a crash report contains only addresses, and only the author of the plugin can interpret them.',
    fix: 'Keep the symbol table. strip --strip-debug removes only the debug information, which is the large part.',
    severity: 'note',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ symbolTable, debugInfo }) =>
        answerOf(symbolTable || debugInfo ? [] : ['Its symbol table was stripped, and it has no debug info']),
      ),
    },
  },
  {
    id: 'file/unwind',
    title: 'A panic or an exception can be caught at the boundary of the plugin.',
    why: 'Otherwise the first panic or exception ends the host.',
    fix: 'Build Rust with panic = "unwind", which is the default, and keep the unwind tables (.eh_frame).',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ unwindTables, imports }, { facts: { language } }) => {
        if (language !== 'rust' && language !== 'c++')
          return { state: 'skipped', reason: 'it contains neither Rust nor C++' };
        if (!unwindTables) return answerOf(['It has no unwind tables (PT_GNU_EH_FRAME)']);
        const std = imports.some((name) => name.startsWith('_Unwind_'));
        const aborts = language === 'rust' && std && !imports.includes(UNWINDS);
        return answerOf(
          aborts ? ['It was built with panic = "abort": it does not contain the code that unwinds'] : [],
        );
      }),
    },
  },
];
