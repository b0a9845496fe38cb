const Failure = class Failure extends Error {
  constructor(code, message, { retryable = false } = {}) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.retryable = retryable;
  }
};
const done = (text = '') => ({ tag: 'done', val: String(text) });
const skipped = (text = '') => ({ tag: 'skipped', val: String(text) });
