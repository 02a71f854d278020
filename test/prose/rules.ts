/** The habits that the prose of this project does without, each with what to write instead. */
import type { Passage } from './read.js';

export interface Rule {
  readonly pattern: RegExp;
  /** What to write instead. */
  readonly write: string;
  /** Passages that the rule is for; all if it is absent. */
  readonly only?: Passage['kind'];
}

export const rules: readonly Rule[] = [
  { pattern: /\bby one word in the options\b/i, write: 'chosen with one option' },
  { pattern: /\b(is|are|be|gets?) named\b(?=[.,;])/i, write: 'is reported, is listed' },
  { pattern: /\bspeaks? up\b/i, write: 'emits messages' },
  { pattern: /\ball the same\b/i, write: 'still' },
  { pattern: /\banew\b/i, write: 'again, recreate' },
  { pattern: /\bjudge[sd]? (anew|again)\b/i, write: 're-evaluated' },
  { pattern: /\bown fault\b/i, write: 'internal error' },
  { pattern: /\bto whom\b/i, write: 'a main clause' },
  { pattern: /\bgoes round\b/i, write: 'recycled' },
  { pattern: /\bless and less\b|\bin vain\b/i, write: 'backing off' },
  { pattern: /\bwhat stays up\b/i, write: 'supervision' },
  { pattern: /\bthat got it\b/i, write: 'that received it' },
  { pattern: /\b(is|are|was|were) to have\b/i, write: 'will have, needs' },
  { pattern: /\bover whatever\b/i, write: 'over any' },
  { pattern: /\btakes? [^.\n]{1,40} away\b/i, write: 'removes' },
  {
    pattern: /\b(has|have|had) (not )?come to\b|\bcomes? to (work|nothing)\b/i,
    write: 'starts, succeeds, fails',
  },
  { pattern: /\ba text\b|\btexts\b/i, write: 'a string, strings' },
  {
    pattern: /\b(stands?|stood) (in|on|at|under|next|before|behind|here|there)\b/i,
    write: 'is listed in, is stored in',
  },
  { pattern: /\b(lies|lay) (in|on|at|under|next|before|behind|here|there)\b/i, write: 'is in' },
  { pattern: /\b(tells|told)\b/i, write: 'reports, notifies, says, is given' },
  {
    pattern:
      /(?<!\bthere )\b(is|are|was|were) no (?!(longer|more|less|different|fewer|better|worse|later|earlier|larger|smaller|slower)\b)/i,
    write: 'is not a',
  },
  { pattern: /, also\b/i, write: 'even, too, or a main clause' },
  { pattern: /\bbeside\b/i, write: 'besides, next to, as well as' },
  {
    pattern: /\b(nobody|whoever|whomever)\b/i,
    write: 'no one, or the party: the host, the plugin, the caller',
  },
  {
    pattern: /^\s*(What|Who|Where|How|Whose|Whom|Whatever)\b(?![^.\n]*\?)/,
    write: 'the thing that the comment is about',
    only: 'comment',
  },
];

/** A sentence of three facts joined by semicolons. */
export const SEMICOLONS = /[^.!?;:]+;[^.!?;]+;[^.!?;]+/;

/** The length of a line of prose. */
export const WIDTH = 120;
