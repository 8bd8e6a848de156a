// The payees of the Paystack simulator.
import type { Answer } from '../simulator/faults.js';
import type { RouteRequest } from '../simulator/server.js';
import { invalid, type RecipientRequest, readRecipient, success } from './codec.js';

export interface Recipient extends RecipientRequest {
  readonly id: number;
  readonly code: string;
  readonly createdAtMs: number;
}

export interface Recipients {
  readonly create: (request: RouteRequest) => Answer;
  /** @throws a refusal when there is none with this code. */
  readonly find: (code: string) => Recipient;
  readonly rowOf: (recipient: Recipient) => Answer['body'];
}

const codeOf = (number: number) => `RCP_simulated${number}`;

/** The recipient that exists from the start. */
export const firstRecipientCode: string = codeOf(1);

const first: RecipientRequest = {
  type: 'nuban',
  name: 'Example Person',
  account_number: '0000000000',
  bank_code: '058',
};

export function paystackRecipients(domain: 'test' | 'live', integration: number, now: () => number): Recipients {
  const known: Recipient[] = [];

  function add(request: RecipientRequest): Recipient {
    const number = known.length + 1;
    const added = { ...request, id: 5_600_000 + number, code: codeOf(number), createdAtMs: now() };
    known.push(added);
    return added;
  }

  /** The same account is the same recipient. */
  function create({ body }: RouteRequest): Answer {
    const request = readRecipient(body);
    const same = known.find(
      ({ account_number, bank_code }) => account_number === request.account_number && bank_code === request.bank_code,
    );
    return success('Transfer recipient created successfully', rowOf(same ?? add(request)), 201);
  }

  function find(code: string): Recipient {
    const found = known.find((recipient) => recipient.code === code);
    if (found) return found;
    const nextStep = 'Pass the code of a recipient, RCP_..., in the field recipient';
    throw invalid('Recipient specified is invalid', 'invalid_transfer_recipient', nextStep);
  }

  function rowOf({ id, code, createdAtMs, ...given }: Recipient): Answer['body'] {
    const time = new Date(createdAtMs).toISOString();
    return {
      active: true,
      createdAt: time,
      currency: 'NGN',
      description: given.description ?? null,
      domain,
      email: null,
      id,
      integration,
      metadata: null,
      name: given.name,
      recipient_code: code,
      type: given.type,
      updatedAt: time,
      is_deleted: false,
      isDeleted: false,
      details: {
        authorization_code: null,
        account_number: given.account_number,
        account_name: given.name,
        bank_code: given.bank_code,
        bank_name: 'Example Bank',
      },
    };
  }

  add(first);
  return { create, find, rowOf };
}
