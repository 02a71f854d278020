/** Text for people, as the commands print it. */
export { count, paragraph, printable, table, wrapped } from '../text.js';
