// A terminal and its one session, shared by the guard's questions and by the payments that the application sends
// itself.
import { randomUUID } from 'node:crypto';
import { ConfigurationError } from '../../core/errors.js';
import type { BalanceProvider } from '../../core/provider.js';
import type { Exchange, HttpAnswer } from '../../http/client.js';
import { readStatus, verdictOfPayment } from '../interswitch/payment-answer.js';
import { ProviderClient } from '../shared/provider-client.js';
import { readBalance } from './balance.js';
import { type PhoenixCall, type SignedCall, signCall } from './calls.js';
import { isSuccess, readEnvelope, rejectsSession } from './envelope.js';
import { isPlainId, type PhoenixOptions, readPhoenix } from './options.js';
import { type Session, Sessions } from './sessions.js';
import { SignedPayments } from './signed-payments.js';

/** A terminal of Phoenix. No method needs `this`. */
export interface PhoenixTerminal {
  /** Balances and look-ups over the session of this terminal: pass it to `createPayoutGuard`. */
  readonly provider: BalanceProvider;
  /**
   * Signs a call with the session of this terminal; the first one exchanges keys. Send it once.
   *
   * A payment that cannot be signed was not sent: if its error ends `hold.pay` of the hold with its reference, the hold
   * is released and the reference may be used again. Not so after a terminal of this process has signed a payment with
   * that reference, because that one may have been sent. If your function may also have paid in another way, catch the
   * error and throw one of your own.
   *
   * @param signal - Ends the wait. A payment rejects with a `BalanceUnavailableError` then, whose cause is the reason
   *   of the signal; any other call with the reason itself.
   * @throws `BalanceUnavailableError` when no session can be obtained; `ConfigurationError` or `InvalidAmountError`
   *   when the call cannot be signed.
   */
  sign(call: PhoenixCall, signal?: AbortSignal): Promise<SignedCall>;
  /**
   * Signs the same call with another session, after Phoenix answered it with 90063 or 90054. Do so once. The call keeps
   * its reference, under which a payment is made at most once.
   *
   * @param rejected - The call, or a copy of it with the same `headers` object.
   * @throws what `sign` throws. No error of it releases a hold.
   */
  signAgain(rejected: SignedCall, signal?: AbortSignal): Promise<SignedCall>;
}

/**
 * A terminal of Interswitch Uganda. Make one for each terminal and process: Phoenix may end a session when it begins
 * another, so two of them would keep ending each other's.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function phoenixTerminal(options: PhoenixOptions): PhoenixTerminal {
  const phoenix = readPhoenix(options);
  const sessions = new Sessions(phoenix);
  // One each: status calls that fail in a row must not open the circuit for balances.
  const balances = new ProviderClient(phoenix.network);
  const lookups = new ProviderClient(phoenix.network);
  const signatures = new ProviderClient(phoenix.network);
  const payments = SignedPayments.of(phoenix.network.clock);
  /** The unsigned form and the session of each signed call, by its headers: a copy of the call has the same ones. */
  const origins = new WeakMap<SignedCall['headers'], { readonly call: PhoenixCall; readonly session: Session }>();

  function sign(call: PhoenixCall, session: Session): SignedCall {
    const signed = signCall(phoenix, session, call);
    origins.set(signed.headers, { call, session });
    return signed;
  }

  /** Asks a question; once more with another session when Phoenix does not accept this one. */
  async function ask(exchange: Exchange, path: string, requestReference: string): Promise<HttpAnswer> {
    const call: PhoenixCall = { method: 'GET', path, query: { requestReference } };
    const session = await sessions.current(exchange);
    const answer = await exchange.send(sign(call, session));
    if (exchange.tokenRenewed || !rejectsSession(answer)) return answer;
    exchange.tokenRenewed = true;
    return exchange.send(sign(call, await sessions.after(exchange, session)));
  }

  return {
    provider: {
      name: 'phoenix',
      accountId: `${new URL(phoenix.baseUrl).host}/${phoenix.terminalId}`,
      debitVisibleAt: 'unknown',
      referenceForm: { pattern: /^[\w.-]+$/, words: 'letters, digits and . _ -' },
      // A question may begin a session, which ends the one before.
      lookupConcurrency: 1,
      verdictOfResult: (result, { reference }) => verdictOfPayment(result, reference),
      fetchBalance: ({ signal }) =>
        balances.run(signal, async (exchange) => {
          const answer = await ask(exchange, 'sente/accountBalance', randomUUID());
          return readBalance(readEnvelope(answer), phoenix);
        }),
      lookup: ({ reference, signal }) =>
        lookups.run(signal, async (exchange) => {
          // No payment was ever signed under another one.
          if (!isPlainId(reference)) return { outcome: 'unknown' };
          const answer = await ask(exchange, 'sente/status', reference);
          const { responseCode, requestReference: answered } = readEnvelope(answer);
          // An answer with an error status counts only if it names the payment.
          return readStatus(responseCode, answered === reference || (answered == null && isSuccess(answer)));
        }),
    },
    sign: async (given, signal = never()) => {
      const call = copyOf(given);
      const signing = () => signatures.run(signal, async (exchange) => sign(call, await sessions.current(exchange)));
      return payments.sign(call, signing, signal);
    },
    // The call was sent before: that it cannot be signed again proves nothing of its payment.
    signAgain: (rejected, signal = never()) =>
      signatures.run(signal, async (exchange) => {
        const origin = origins.get(rejected?.headers);
        if (!origin) throw new ConfigurationError(['signAgain: this terminal did not sign that call']);
        const signed = sign(origin.call, await sessions.after(exchange, origin.session));
        payments.note(origin.call);
        return signed;
      }),
  };
}

/** A copy, so that what was asked for is signed, whatever becomes of the object while a session is exchanged. */
function copyOf(call: PhoenixCall): PhoenixCall {
  if (call.method === 'GET') return { ...call, query: { ...call.query } };
  return 'payment' in call ? { ...call, payment: { ...call.payment } } : { ...call, body: { ...call.body } };
}

function never(): AbortSignal {
  return new AbortController().signal;
}
