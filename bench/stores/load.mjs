// Callers that send the next request as soon as the last one is answered, for a fixed time.

let loads = 0;

/**
 * @param ask called with a wallet and an unused reference. Resolves to true if the hold was granted.
 * @returns operations per second, and per operation the latency and the CPU time of this process, in microseconds
 */
export async function load(ask, { callers, forMs, walletOf = () => 'main' }) {
  const latencies = [];
  const prefix = `${process.pid}-${loads++}-`;
  let count = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const caller = async () => {
    let askedAt = startedAt;
    while (askedAt < startedAt + forMs) {
      const index = count++;
      if (!(await ask(walletOf(index), prefix + index))) throw new Error('refused what fits');
      const answeredAt = performance.now();
      latencies.push(answeredAt - askedAt);
      askedAt = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  latencies.sort((first, second) => first - second);
  return {
    count,
    perSecond: (count * 1_000) / elapsedMs,
    p50: latencies[Math.floor(count * 0.5)] * 1_000,
    p99: latencies[Math.floor(count * 0.99)] * 1_000,
    clientCpu: (user + system) / count,
  };
}
