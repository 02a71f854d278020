/** The gates of the admission: what a file passes, in this order, on its way to becoming a plugin. */
export const GATES = [
  'find',
  'trust',
  'inspect',
  'copy',
  'probe',
  'open',
  'version',
  'name',
  'vtable',
  'register',
] as const;

/** The name of a gate, as `error.gate` has it. */
export type Gate = (typeof GATES)[number];
