// One round of one contender: opened anew, warmed up, measured, closed.
import { load } from './load.mjs';

/** Enough to open connections and to fill caches; with few callers, because those of a lock take long to come to an end. */
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

/** In this process, or in a child. */
export function hereCrew(contender) {
  let opened;
  return {
    async open(address) {
      opened = await contender.open(address);
    },
    load(options) {
      // What the contender before left behind must not be swept at the cost of this one.
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
        // Of the processes: the median, and the worst.
        p50: figures.map(({ p50 }) => p50).sort((first, second) => first - second)[figures.length >> 1],
        p99: Math.max(...figures.map(({ p99 }) => p99)),
        clientCpu: figures.reduce((total, figure) => total + figure.clientCpu * figure.count, 0) / count,
      };
    },
    close: () => children.all('close'),
  };
}
