// The overhead of our code on a round trip without batching: one caller, against the same command or statement that the
// store sends, with prepared arguments, through the bare client.
import { randomUUID } from 'node:crypto';
import { interleaved, median, medianRatio } from '../measure.mjs';
import { load } from './load.mjs';

/** More than one caller can use in a round. */
const readyMade = 5_000;

export async function oneCaller({ library, target }, { rounds, forMs }) {
  const measured = async ({ hold, close }) => {
    await load(hold, { callers: 1, forMs: 20 });
    global.gc?.();
    const figures = await load(hold, { callers: 1, forMs });
    await close();
    return figures;
  };
  const variants = {
    store: async () => measured(await library.open(target.address)),
    bare: async () => measured(await bare(library, target.address)),
  };
  await target.reset();
  await interleaved(1, variants);
  const figures = await interleaved(rounds, variants);
  const of = (variant, name) => figures[variant].map((figure) => figure[name]);
  const both = (name) => ({ store: median(of('store', name)), bare: median(of('bare', name)) });
  return {
    p50: both('p50'),
    p99: both('p99'),
    clientCpu: both('clientCpu'),
    storeToBare: medianRatio(of('store', 'p50'), of('bare', 'p50')),
  };
}

/**
 * Sends the command that the store sent for a hold, with another reference each time. The names of the batch and of the
 * attempt are new each time as well: a store executes a batch once, and a repeated one would cost it nothing.
 */
async function bare(library, address) {
  const calls = [];
  const { hold, close, client } = await library.open(address, {
    onCall: (method, args) => calls.push({ method, args }),
  });
  // References of the same length, so that the text can be reused.
  const reference = (index) => `${process.pid}-${String(rounds).padStart(4, '0')}-${String(index).padStart(8, '0')}`;
  const callOf = async (index) => {
    await hold('main', reference(index));
    return calls.findLast(({ args }) => replaced(args, reference(index), '').isFound);
  };
  const before = uuidsIn((await callOf(0)).args);
  const { method, args } = await callOf(1);
  delete client[method];
  const ownUuids = [...uuidsIn(args)].filter((uuid) => !before.has(uuid));
  const ready = Array.from({ length: readyMade }, (_, index) => {
    const renamed = ownUuids.reduce((value, uuid) => replaced(value, uuid, randomUUID()).value, args);
    return replaced(renamed, reference(1), reference(index + 2)).value;
  });
  rounds += 1;
  let next = 0;
  return {
    hold: async () => {
      if (next === readyMade) throw new Error('too few ready-made arguments');
      await client[method](...ready[next++]);
      return true;
    },
    close,
  };
}

function uuidsIn(args) {
  const text = JSON.stringify(args, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  );
  return new Set(text.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g));
}

let rounds = 0;

/** Returns the value with one text in it replaced by another, at any depth. */
function replaced(value, from, to) {
  if (typeof value === 'string') return { value: value.replaceAll(from, to), isFound: value.includes(from) };
  if (Buffer.isBuffer(value)) {
    const { value: text, isFound } = replaced(value.toString('latin1'), from, to);
    return { value: Buffer.from(text, 'latin1'), isFound };
  }
  if (typeof value !== 'object' || value === null) return { value, isFound: false };
  const parts = Object.entries(value).map(([key, part]) => [key, replaced(part, from, to)]);
  const copy = Object.assign(
    Array.isArray(value) ? [] : {},
    Object.fromEntries(parts.map(([key, part]) => [key, part.value])),
  );
  return { value: copy, isFound: parts.some(([, part]) => part.isFound) };
}
