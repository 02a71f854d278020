/** The error of a failed call. */
import { Status, statusName } from './abi.js';
import { TenonError } from './errors.js';

/**
 * Returns the error for a call that returned a status other than TENON_OK: ERR_TENON_PANIC for a panic,
 * ERR_TENON_POISONED for a poisoned instance, ERR_TENON_CONTRACT for a status that the ABI does not define,
 * and ERR_TENON_CALL_FAILED for all others. `what` begins the message. `text` is the plugin's own message.
 */
export function callError(status: number, what: string, text: string): TenonError {
  const name = statusName(status);
  const said = text === '' ? ' without a message.' : `: ${text}`;
  switch (name) {
    case undefined: {
      const expected = `expected 0 to ${Status.TENON_CLOSED}`;
      return new TenonError(
        'ERR_TENON_CONTRACT',
        `${what} returned status ${status}, ${expected}. Fix the plugin.`,
      );
    }
    case 'TENON_PANIC':
      return new TenonError('ERR_TENON_PANIC', `${what} panicked${said}`, { status: name });
    case 'TENON_POISONED': {
      const said = text === '' ? 'an earlier call left it unusable.' : text;
      const message = `${what} found the instance poisoned (close it and make a new one): ${said}`;
      return new TenonError('ERR_TENON_POISONED', message, { status: name });
    }
    default:
      return new TenonError('ERR_TENON_CALL_FAILED', `${what} failed with ${name}${said}`, { status: name });
  }
}
