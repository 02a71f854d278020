/** Runs the program of a line table, which emits a row at each change of the file or line. */
import type { AddressRange } from '../facts.js';
import { inRanges } from '../image.js';
import { Cursor } from './cursor.js';
import type { LineTable } from './line-table.js';

/** The row of an address. Line 0 means that no source line applies. */
export interface Row {
  readonly file: number;
  readonly line: number;
}

const Standard = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const;
/** The average in the output of compilers. */
const BYTES_PER_OPERATION = 2;
const Extended = { endSequence: 1, setAddress: 2 } as const;

/** The registers of the machine, and the previous row. */
class Machine {
  readonly rows = new Map<number, Row>();
  /** In ascending order. */
  readonly #wanted: readonly number[];
  readonly #least: number;
  readonly #greatest: number;
  readonly #code: readonly AddressRange[];
  address = 0;
  file = 1;
  line = 1;
  #previous = -1;
  #previousFile = 1;
  #previousLine = 1;
  #isCode = false;

  constructor(wanted: readonly number[], code: readonly AddressRange[]) {
    this.#wanted = wanted.toSorted((a, b) => a - b);
    this.#least = this.#wanted[0] ?? 0;
    this.#greatest = this.#wanted.at(-1) ?? 0;
    this.#code = code;
  }

  /** Whether all addresses are found. */
  get isDone(): boolean {
    return this.rows.size === this.#wanted.length;
  }

  emit(): void {
    // Sections that the linker discarded still have rows, at invalid addresses.
    if (this.#previous < 0) this.#isCode = inRanges(this.#code, this.address);
    else if (this.#isCode && this.#previous <= this.#greatest && this.address > this.#least) this.#match();
    this.#previous = this.address;
    this.#previousFile = this.file;
    this.#previousLine = this.line;
  }

  endSequence(): void {
    this.emit();
    this.address = 0;
    this.file = 1;
    this.line = 1;
    this.#previous = -1;
  }

  #match(): void {
    let low = 0;
    for (let high = this.#wanted.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#wanted[middle] as number) < this.#previous) low = middle + 1;
      else high = middle;
    }
    for (
      let address = this.#wanted[low];
      address !== undefined && address < this.address;
      address = this.#wanted[++low]
    ) {
      if (!this.rows.has(address))
        this.rows.set(address, { file: this.#previousFile, line: this.#previousLine });
    }
  }
}

/** Returns the rows of the addresses that the table covers. @throws TenonError */
export function rowsOf(
  table: LineTable,
  wanted: readonly number[],
  code: readonly AddressRange[],
): ReadonlyMap<number, Row> {
  const machine = new Machine(wanted, code);
  const cursor = new Cursor(table.sections.require('.debug_line'), table.program, table.end, true);
  const { lineBase, lineRange, instructionSize, operands } = table;
  const first = operands.length;
  cursor.section.budget.spend((table.end - table.program) / BYTES_PER_OPERATION);
  while (!cursor.isAtEnd) {
    const operation = cursor.u8();
    if (operation >= first) {
      const adjusted = operation - first;
      machine.address += Math.floor(adjusted / lineRange) * instructionSize;
      machine.line += lineBase + (adjusted % lineRange);
      machine.emit();
    } else if (operation === 0) {
      if (extended(cursor, machine, table) && machine.isDone) break;
    } else standard(cursor, machine, table, operation);
  }
  return machine.rows;
}

/** Runs an extended operation. Returns whether it ended a sequence. */
function extended(cursor: Cursor, machine: Machine, { addressSize }: LineTable): boolean {
  const length = cursor.uleb();
  if (length === 0) return false;
  const end = cursor.position + length;
  const operation = cursor.u8();
  if (operation === Extended.endSequence) machine.endSequence();
  else if (operation === Extended.setAddress) {
    machine.address = cursor.unsigned(length - 1 === addressSize ? addressSize : length - 1);
  }
  cursor.seek(end);
  return operation === Extended.endSequence;
}

function standard(cursor: Cursor, machine: Machine, table: LineTable, operation: number): void {
  switch (operation) {
    case Standard.copy:
      machine.emit();
      return;
    case Standard.advancePc:
      machine.address += cursor.uleb() * table.instructionSize;
      return;
    case Standard.advanceLine:
      machine.line += cursor.sleb();
      return;
    case Standard.setFile:
      machine.file = cursor.uleb();
      return;
    case Standard.constAddPc:
      machine.address += Math.floor((255 - table.operands.length) / table.lineRange) * table.instructionSize;
      return;
    case Standard.fixedAdvancePc:
      machine.address += cursor.u16();
      return;
    default:
      for (let left = table.operands[operation] ?? 0; left > 0; left -= 1) cursor.uleb();
  }
}
