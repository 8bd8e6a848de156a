// One busy wallet: all contenders, with one caller and with many.
import { interleaved, median, medianRatio } from '../measure.mjs';
import { round } from './round.mjs';

export async function oneWallet({ lines, children }, { loads, rounds, forMs }) {
  const results = {};
  for (const { name, callers, processes } of loads) {
    const variants = Object.fromEntries(
      lines.map((line) => [line.title, () => round(line, children, { callers, processes, forMs })]),
    );
    // The first round is not measured, so that all code is compiled.
    await interleaved(1, variants);
    results[name] = summary(await interleaved(rounds, variants), lines);
  }
  return results;
}

function summary(figures, lines) {
  const ours = lines.find(({ key }) => key === 'ours')?.title;
  const of = (title, name) => figures[title].map((figure) => figure[name]);
  return lines.map(({ key, title }) => ({
    key,
    title,
    perSecond: Math.round(median(of(title, 'perSecond'))),
    p50: median(of(title, 'p50')),
    p99: median(of(title, 'p99')),
    serverCpu: median(of(title, 'serverCpu')),
    scriptCpu: median(of(title, 'scriptCpu')),
    clientCpu: median(of(title, 'clientCpu')),
    oursTo: ours && medianRatio(of(ours, 'perSecond'), of(title, 'perSecond')),
    // The same ratio as CPU time of server and client together.
    oursToInCpu: ours && cpuRatio(figures[title], figures[ours]),
  }));
}

function cpuRatio(others, ours) {
  const each = (figures) => figures.map(({ serverCpu, clientCpu }) => serverCpu + clientCpu);
  return medianRatio(each(others), each(ours));
}
