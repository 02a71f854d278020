import { expect, test } from 'vitest';
import { admit } from '../../src/admission.js';
import { checkOptions } from '../../src/host-options.js';
import { faultFile } from '../support/index.js';
import { expectError, refusal } from './support.js';
import { callRows, processRows } from './table-calls.js';
import { loadRows } from './table-load.js';

for (const mode of ['known-skips', 'never'] as const) {
  test.each(loadRows.filter((r) => mode === 'known-skips' || r.death === undefined))(
    `${mode} $library`,
    async (row) => {
      const { policy } = checkOptions({ probe: { mode, deadline: row.death === 'hangs' ? 500 : 5000 } });
      const e = await refusal(() => admit(faultFile(row.library), policy));
      console.log(e.message);
      expectError(e, row);
    },
  );
}
test.each([...callRows, ...processRows])('admitted $library', async (row) => {
  const { policy } = checkOptions({});
  await admit(faultFile(row.library), policy);
});
