// Errors of client libraries, as payment code receives them.
import { ExpectedError } from './violation.js';

/** A failed call, as client libraries throw it. */
export class CallError extends ExpectedError {
  readonly code: string | undefined;
  readonly status: number | undefined;

  constructor(message: string, about: { code?: string; status?: number } = {}) {
    super(message);
    this.code = about.code;
    this.status = about.status;
  }
}

/** None of the payout's requests reached the provider, and this client library can prove it for all of them. */
export class NeverSentError extends CallError {
  readonly reference: string;

  constructor(reference: string) {
    super('It was never sent.', { code: 'ECONNREFUSED' });
    this.reference = reference;
  }
}
