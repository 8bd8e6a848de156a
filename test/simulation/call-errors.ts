// Errors of client libraries, as payment code meets them.
import { ExpectedError } from './violation.js';

/** A call that failed: what client libraries throw. */
export class CallError extends ExpectedError {
  readonly code: string | undefined;
  readonly status: number | undefined;

  constructor(message: string, about: { code?: string; status?: number } = {}) {
    super(message);
    this.code = about.code;
    this.status = about.status;
  }
}

/** None of the requests of a payout reached the provider: this client library knows it of all of them. */
export class NeverSentError extends CallError {
  readonly reference: string;

  constructor(reference: string) {
    super('It was never sent.', { code: 'ECONNREFUSED' });
    this.reference = reference;
  }
}
