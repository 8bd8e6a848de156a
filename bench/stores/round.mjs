// One round of one contender: open, warm up, measure, close.
import { load } from './load.mjs';

/** Long enough to open connections and fill caches. Few callers, because callers of a lock take long to finish. */
const warmUp = { callers: 16, forMs: 30 };

export async function round(line, children, { callers, processes = 1, forMs }) {
  const { target, contender, key } = line;
  await target.reset();
  const crew = processes === 1 ? hereCrew(contender) : childCrew(children, key);
  await crew.open(target.address);
  await crew.load({ ...warmUp, callers: Math.min(callers, warmUp.callers) });
  const before = await target.cpu();
  const figures = await crew.load({ callers, forMs });
  const after = await target.cpu();
  await crew.close();
  const serverCpu = (name) => before && (after[name] - before[name]) / figures.count;
  return { ...figures, serverCpu: serverCpu('all'), scriptCpu: serverCpu('scripts') };
}

/** Runs in this process or in a child. */
export function hereCrew(contender) {
  let opened;
  return {
    async open(address) {
      opened = await contender.open(address);
    },
    load(options) {
      // Garbage of the previous contender must not be collected during this one.
      global.gc?.();
      return load(opened.hold, options);
    },
    close: () => opened.close(),
  };
}

function childCrew(children, key) {
  return {
    open: (address) => children.all('open', key, address),
    async load(options) {
      const figures = await children.all('load', options);
      const sum = (name) => figures.reduce((total, figure) => total + figure[name], 0);
      const count = sum('count');
      return {
        count,
        perSecond: sum('perSecond'),
        // Across the processes: the median, and the worst.
        p50: figures.map(({ p50 }) => p50).sort((first, second) => first - second)[figures.length >> 1],
        p99: Math.max(...figures.map(({ p99 }) => p99)),
        clientCpu: figures.reduce((total, figure) => total + figure.clientCpu * figure.count, 0) / count,
      };
    },
    close: () => children.all('close'),
  };
}
