// The Signalbox SDK for JavaScript.
//
// A robot is a module that exports `run(invocation)`, which returns `done(text)` or `skipped(text)`.
// Beside the names below, a robot imports from 'signalbox' one for each interface that robot.toml asks for, with the
// functions of the contract in camel case: `items.get(id)`, `itemCreation.create(...)`.
// A refusal of the host is thrown as a `Failure` with its `code`, `message` and `retryable`; one that the robot does
// not catch ends the run with that code.
import { log as journal, params as values } from './contract.js';

/** The run did its work; the text says what, for the journal. */
export const done = (text = '') => ({ tag: 'done', val: String(text) });

/** There was nothing to do; the text says why. Staged changes are stored all the same. */
export const skipped = (text = '') => ({ tag: 'skipped', val: String(text) });

/** Thrown, it ends the run with a code of the robot's own. Nothing that the run staged is stored. */
export class Failure extends Error {
  constructor(code, message, { retryable = false } = {}) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** The functions of an interface, so that a refusal is thrown as a `Failure`. The builder's list of interfaces calls it. */
export function refusing(functions) {
  const guarded = (call) => (...values) => {
    try {
      return call(...values);
    } catch (thrown) {
      // QuickJS hands the error of the contract over as the payload of an error of its own.
      const refusal = thrown?.payload;
      throw typeof refusal?.code === 'string' ? new Failure(refusal.code, refusal.message, refusal) : thrown;
    }
  };
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, guarded(call)]));
}

/** Lines for the run's journal. Never write phones, e-mails or message texts there. */
export const log = {
  debug: (...words) => journal.log('debug', words.join(' ')),
  info: (...words) => journal.log('info', words.join(' ')),
  warn: (...words) => journal.log('warn', words.join(' ')),
  error: (...words) => journal.log('error', words.join(' ')),
};

/** The values that the admin gave, as plain values: strings, numbers, booleans, `{ amount, currency }`, lists. */
export const params = {
  /** The value, or `undefined` when there is none and the manifest has no default. */
  get(key) {
    const value = values.get(key);
    if (value === null || value === undefined) return undefined;
    return value.tag === 'decimal' ? Number(value.val) : value.val;
  },
  /** The value; a failure `missing-param` when there is none. */
  require(key) {
    const value = params.get(key);
    if (value === undefined) throw new Failure('missing-param', `parameter \`${key}\` is missing`);
    return value;
  },
};

/** An amount in hundredths of its currency, as a BigInt: exact, which floating point is not. */
export function hundredths(money) {
  const found = /^([+-]?)(\d+)(?:\.(\d{1,2}))?$/.exec(money.amount);
  if (!found) throw new Failure('invalid-amount', `\`${money.amount}\` is no amount`);
  const [, sign, whole, part = ''] = found;
  const value = BigInt(whole + part.padEnd(2, '0'));
  return sign === '-' ? -value : value;
}

/** Calls `run`, and turns everything that it throws into the failure that the host understands. */
export function settle(run, invocation) {
  let outcome;
  try {
    outcome = run(invocation);
  } catch (thrown) {
    throw failure(thrown);
  }
  if (outcome?.tag === 'done' || outcome?.tag === 'skipped') return outcome;
  const found = typeof outcome?.then === 'function' ? 'a promise' : typeof outcome;
  throw exception(`run returned ${found}; return done(text) or skipped(text)`);
}

/** What was thrown, as the contract's `failure`. */
function failure(thrown) {
  if (thrown instanceof Failure) {
    return { code: String(thrown.code), message: String(thrown.message), retryable: thrown.retryable === true };
  }
  if (!(thrown instanceof Error)) return exception(`thrown: ${thrown}`);
  const place = thrown.stack?.split('\n')[0]?.trim() ?? '';
  const kind = thrown.name === 'Error' ? '' : `${thrown.name}: `;
  return exception(`${kind}${thrown.message} ${place}`.trim());
}

const exception = (message) => ({ code: 'exception', message, retryable: false });
