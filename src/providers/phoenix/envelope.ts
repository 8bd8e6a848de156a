// The answer of Phoenix, whatever its HTTP status: nothing documents the status of a refusal, so its code decides.

import type { HttpAnswer } from '../../http/client.js';
import { HttpFailure } from '../../http/failure.js';
import { parseJson, readShape } from '../../http/json.js';
import { knownCode, type ResponseCode } from '../interswitch/response-codes.js';
import { type Envelope, envelope } from './schema.js';

/** The envelope of an answer; one with an error status only if it is a refusal that Phoenix has a code for. */
export function readEnvelope(answer: HttpAnswer): Envelope {
  const { status, retryAfterMs } = answer;
  if (isSuccess(answer)) {
    return readShape(envelope, parseJson(answer.text), 'no responseCode, or a field of another type');
  }
  const refusal = refusalIn(answer);
  if (refusal === undefined) throw new HttpFailure({ kind: 'status', status, retryAfterMs });
  return refusal;
}

/** Returns true if another session may help: after such a code, or after a 401 of a gateway in front of Phoenix. */
export function rejectsSession(answer: HttpAnswer): boolean {
  const code = codeOf(tryEnvelope(answer));
  return code === undefined ? answer.status === 401 : code.retry === 'renew';
}

export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status <= 299;
}

// A 429 is read for its Retry-After. A redirect is not an answer of Phoenix, and an approval with an error status
// contradicts itself.
function refusalIn(answer: HttpAnswer): Envelope | undefined {
  if (answer.status < 400 || answer.status === 429) return undefined;
  const body = tryEnvelope(answer);
  const code = codeOf(body);
  return code === undefined || code.payment === 'OK' ? undefined : body;
}

function codeOf(body: Envelope | undefined): ResponseCode | undefined {
  return body && knownCode(body.responseCode);
}

function tryEnvelope({ text }: HttpAnswer): Envelope | undefined {
  try {
    return envelope.safeParse(parseJson(text)).data;
  } catch (error) {
    if (error instanceof HttpFailure) return undefined;
    throw error;
  }
}
