// A GraphQL mutation that pays, served by graphql-http in Express. Any GraphQL server runs the same resolver. JPay is
// simulated.
import { pathToFileURL } from 'node:url';
import express, { type Express } from 'express';
import { GraphQLError, GraphQLID, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/express';
import { createPayoutGuard, isPayoutGuardError } from 'payout-guard';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import type { PaymentApi } from '../support/api.js';
import { listen, stopOnSignal } from '../support/service.js';
import { simulatedJpay } from '../support/simulated-jpay.js';
import { authenticate, type Tenant } from '../support/tenants.js';

interface PayoutArguments {
  /** In the arguments, not in a header: one request may contain several mutations, and each is a payout of its own. */
  readonly key: string;
  readonly to: string;
  readonly amount: string;
}

type Context = { readonly tenant: Tenant };

export function graphqlApi({ guard, tenants, makePayment }: PaymentApi): Express {
  const text = new GraphQLNonNull(GraphQLString);
  const payout = new GraphQLObjectType({
    name: 'Payout',
    fields: { key: { type: new GraphQLNonNull(GraphQLID) }, amount: { type: text }, state: { type: text } },
  });

  const payOut = async ({ key, to, amount }: PayoutArguments, { tenant }: Context) => {
    const { wallet } = tenant; // from the authenticated caller, never from the arguments
    const reference = key && `${tenant.id}:${key}`; // a missing key stays missing, and is refused
    await guard.withHold({ wallet, amount, reference, fingerprint: to }, (hold) =>
      makePayment({ wallet, to, amount, reference: hold.reference, signal: hold.signal }),
    );
    const hold = await guard.getHold(reference).catch(() => undefined); // the payout counts, not this look at it
    // Captured: the provider confirmed the payout. Sent: the outcome comes later.
    return { key, amount: hold?.amount ?? amount, state: hold?.state ?? 'sent' };
  };

  const schema = new GraphQLSchema({
    query: new GraphQLObjectType<unknown, Context>({
      name: 'Query',
      fields: {
        payout: {
          type: payout,
          args: { key: { type: new GraphQLNonNull(GraphQLID) } },
          resolve: async (_, { key }: { key: string }, { tenant }) => {
            const hold = await guard.getHold(`${tenant.id}:${key}`).catch(refused);
            return hold && { key, amount: hold.amount, state: hold.state };
          },
        },
      },
    }),
    mutation: new GraphQLObjectType<unknown, Context>({
      name: 'Mutation',
      fields: {
        payOut: {
          type: new GraphQLNonNull(payout),
          // The amount is text: a Float would not be exact.
          args: { key: { type: new GraphQLNonNull(GraphQLID) }, to: { type: text }, amount: { type: text } },
          resolve: (_, args: PayoutArguments, context) => payOut(args, context).catch(refused),
        },
      },
    }),
  });

  const app = express();
  app.use(authenticate(tenants));
  app.all('/graphql', createHandler<Context>({ schema, context: ({ raw }) => ({ tenant: raw.tenant }) }));
  return app;
}

/**
 * GraphQL answers with 200, so clients read `extensions.code`: after `payout_in_progress` and `balance_unavailable`,
 * the same mutation may be sent again, with the same key. The message of an error that is not for clients is hidden.
 */
function refused(error: unknown): never {
  if (!isPayoutGuardError(error)) {
    console.error(error);
    throw new GraphQLError('The outcome of the request is unknown. Send it again with the same key.');
  }
  const { code, status, expose, message } = error;
  const retryable = status === 503 || code === 'payout_in_progress';
  throw new GraphQLError(expose ? message : 'The payout could not be processed right now.', {
    extensions: { code, status, retryable },
  });
}

async function serve(): Promise<void> {
  // In your service: the address of JPay and your credentials.
  const { wallet, makePayment, file, close } = await simulatedJpay();
  const store = sqliteStore({ file });
  const guard = createPayoutGuard({ ...wallet, store });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const { server, url } = await listen(graphqlApi({ guard, tenants, makePayment }), Number(process.env.PORT ?? 3000));
  const query = 'mutation { payOut(key: "payout-1", to: "+254712345678", amount: "600.00") { key state } }';
  console.log(
    `curl -i ${url}/graphql -H 'authorization: Bearer demo-token' -H 'content-type: application/json' ` +
      `-d '${JSON.stringify({ query })}'`,
  );

  stopOnSignal({ server, guard, store, closeClient: close });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
