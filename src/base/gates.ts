/** The gates of the admission: the checks that a file passes, in this order, before it becomes a plugin. */
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

/** The name of a gate, as in `gate` of a {@link TenonError} and of a {@link GateTime}. */
export type Gate = (typeof GATES)[number];
