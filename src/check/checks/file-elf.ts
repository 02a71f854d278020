/** Checks of group `file`: what an ELF library asks for that weakens, or binds, the process that it is loaded into. */
import { answerOf, type CheckDefinition } from '../definition.js';
import { ofElf } from './file-subject.js';

const UNWINDS = '_Unwind_RaiseException';

export const elfChecks: readonly CheckDefinition[] = [
  {
    id: 'file/stack',
    title: 'The library does not ask for an executable stack.',
    why: 'It makes the stacks of the whole process executable, which turns any overflow of a buffer into a way in; newer systems refuse to load it.',
    fix: 'End assembly sources with .section .note.GNU-stack,"",@progbits, do not take addresses of nested functions, and link with -Wl,-z,noexecstack.',
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
            : 'It does not say that its stack need not be executable (PT_GNU_STACK), which stands for an executable one',
        ]);
      }),
    },
  },
  {
    id: 'file/segments',
    title: 'No memory of the library is both writable and executable.',
    why: 'What can write to it, by a mistake of anybody in the process, can run any code.',
    fix: 'Keep code and data in sections of their own, and do not link with -N or --omagic.',
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
    title: 'The loader need not change the code of the library.',
    why: 'It has to make the code writable for that: hardened systems refuse it, and the code cannot be shared between processes.',
    fix: 'Compile everything with -fPIC, static libraries and assembly too; -Wl,-z,text names what is not.',
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
    title: 'The tables of addresses that the loader fills in are read-only afterwards.',
    why: 'Whoever can write to them can lead any call of the plugin elsewhere.',
    fix: 'Link with -Wl,-z,relro,-z,now.',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ relro, bindNow }) => {
        if (!relro) return answerOf(['They stay writable: it was linked without -z relro']);
        return answerOf(bindNow ? [] : ['Those of functions stay writable: it was linked without -z now']);
      }),
    },
  },
  {
    id: 'file/thread-locals',
    title: 'Its thread-local variables need no memory that was set aside when the process began.',
    why: 'There is little of it, and all libraries share it: when it is used up the plugin cannot be loaded any more.',
    fix: 'Compile without -ftls-model=initial-exec, which -fPIC alone does not choose.',
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
    why: 'A host that means to unload the plugin, or to take a rebuilt one in its place, keeps the old one in memory.',
    fix: 'Link without -Wl,-z,nodelete: a host that never unloads says so itself.',
    severity: 'note',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ noDelete }) =>
        answerOf(noDelete ? ['It is marked as never to be unloaded (DF_1_NODELETE)'] : []),
      ),
    },
  },
  {
    id: 'file/symbols',
    title: 'The functions of the library have names for reports of crashes.',
    why: 'A report of a crash in it tells addresses only, with which nobody but its author can do anything.',
    fix: 'Do not strip its symbol table: strip --strip-debug takes the large part only.',
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
    title: 'A panic or an exception can be stopped at the boundary of the plugin.',
    why: 'Otherwise the first one ends the host.',
    fix: 'Build Rust with panic = "unwind", the default, and leave the unwind tables in (.eh_frame).',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ unwindTables, imports }, { facts: { language } }) => {
        if (language !== 'rust' && language !== 'c++')
          return { state: 'skipped', reason: 'neither Rust nor C++ is in it' };
        if (!unwindTables) return answerOf(['It has no unwind tables (PT_GNU_EH_FRAME)']);
        const std = imports.some((name) => name.startsWith('_Unwind_'));
        const aborts = language === 'rust' && std && !imports.includes(UNWINDS);
        return answerOf(
          aborts ? ['It was built with panic = "abort": the code that unwinds is not in it'] : [],
        );
      }),
    },
  },
];
