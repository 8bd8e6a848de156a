// Payments of the simulated Phoenix: those of the service in front of it, behind signatures and tokens.
import type { InterswitchStyle } from '../interswitch/codec.js';
import {
  type InterswitchPayment,
  type InterswitchPaymentOptions,
  type InterswitchPayments,
  interswitchPayments,
} from '../interswitch/payments.js';
import type { Filled } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import type { PayoutRules } from '../simulator/payout-book.js';
import type { Route, RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import type { PhoenixAccess } from './access.js';
import { readFields, refusal, type SignedAmount, signedAmounts } from './codec.js';

export interface PaymentRules
  extends PayoutRules<InterswitchPayment>,
    Filled<InterswitchPaymentOptions>,
    InterswitchStyle {
  readonly prefix: string;
  readonly terminalId: string;
  readonly signedAmount: SignedAmount;
}

export function phoenixPayments(context: {
  readonly rules: PaymentRules;
  readonly timer: TaskTimer;
  readonly wallet: { available: bigint; ledger: bigint };
  readonly access: PhoenixAccess;
}): InterswitchPayments {
  const { rules, access } = context;
  const { prefix, terminalId } = rules;
  const service = interswitchPayments(context);
  const [validation, pay, checkStatus] = [
    'POST /isw/payments/validation',
    'POST /isw/payments/pay',
    'GET /isw/payments/checkStatus',
  ].map((key) => service.routes[key] as Route) as [Route, Route, Route];
  const validated = new Set<string>();

  function assertTerminal(given: string | null, reference: string | null): void {
    if (given !== terminalId) throw refusal('70030', reference);
  }

  /** `xpayment`, and `payment` for those that were validated before. */
  function signedPayment(request: RouteRequest, needsValidation: boolean): ReturnType<Route> {
    const names = ['terminalId', 'requestReference', 'amount', 'customerId', 'paymentCode'] as const;
    const fields = readFields(request, ...names);
    const { requestReference: reference, customerId, paymentCode } = fields;
    const covered = signedAmounts(fields.amount, rules.signedAmount).map((amount) =>
      [amount, fields.terminalId, reference, customerId, paymentCode].join('&'),
    );
    access.authenticate(request, reference, covered);
    assertTerminal(fields.terminalId, reference);
    // The real answer is not known.
    if (needsValidation && !validated.has(reference)) throw refusal('70038', reference);
    return pay(request);
  }

  async function validate(request: RouteRequest): Promise<Answer> {
    const fields = readFields(request, 'requestReference', 'amount', 'customerId', 'paymentCode');
    const { requestReference: reference } = fields;
    access.authenticate(request, reference);
    assertTerminal(fields.terminalId ?? null, reference);
    const answer = await validation(request);
    if (answer.body.responseCode === '90000') validated.add(reference);
    return answer;
  }

  function status(request: RouteRequest): ReturnType<Route> {
    const reference = request.query.get('requestReference');
    access.authenticate(request, reference);
    assertTerminal(request.query.get('terminalId'), reference);
    return checkStatus(request);
  }

  return {
    ...service,
    routes: {
      [`POST ${prefix}/sente/xpayment`]: (request) => signedPayment(request, false),
      [`POST ${prefix}/sente/payment`]: (request) => signedPayment(request, true),
      [`POST ${prefix}/sente/customerValidation`]: validate,
      [`GET ${prefix}/sente/status`]: status,
    },
  };
}
