// Prints the results as a table, with the target ratios.

export function print(engine, { about, wallet, caller, open, wallets }) {
  console.log(`\n${about}`);
  if (wallet) {
    for (const [load, rows] of Object.entries(wallet)) printWallet(load, rows);
  }
  const ratios = [];
  const against = (load, key, least) => {
    const row = wallet?.[load]?.find((each) => each.key === key);
    if (!row) return;
    ratios.push([`${load} callers, against ${row.title}`, row.oursTo, '>=', least]);
    if (row.oursToInCpu) ratios.push(['  by CPU time of server and client', row.oursToInCpu]);
  };
  if (engine === 'redis') {
    against('512', 'handSingle', 2);
    against('512', 'handBatch', 0.6);
  } else if (engine === 'sqlite') {
    against('1', 'handSingle', 0.5);
    against('64', 'handSingle', 0.5);
    against('64', 'handTurn');
    against('1', 'postgres', 1);
  } else {
    against('64', 'forUpdate', 20);
    against('64', 'handBatch', 0.6);
  }
  if (caller) {
    const { p50, clientCpu } = caller;
    console.log(`\n  one caller, against the same bare round trip: p50 ${us(p50.store)} us and ${us(p50.bare)} us`);
    console.log(`    client CPU ${us(clientCpu.store)} us and ${us(clientCpu.bare)} us`);
    ratios.push(['1 caller, latency against the same bare round trip', caller.storeToBare, '<=', 1.2]);
  }
  if (open) printGrowth('a hold and its capture, by how many holds are open', open);
  if (wallets) printGrowth('a hold, by how many wallets there are', wallets);
  if (open) ratios.push(['a hold with most open against fewest', open.mostToFewest, '<=', 1.3]);
  if (wallets) ratios.push(['a hold with most wallets against one', wallets.mostToFewest]);
  console.log('\n  ratios');
  for (const [name, value, sign, target] of ratios) {
    if (value === undefined) continue;
    const isMet = sign === '>=' ? value >= target : value <= target;
    const verdict = target !== undefined ? `${sign} ${target}${isMet ? '' : '   MISSED'}` : '';
    console.log(`    ${name.padEnd(62)}${`${value.toFixed(2)}x`.padStart(9)}   ${verdict}`);
  }
}

function printWallet(load, rows) {
  const [callers, processes = '1'] = load.split('x').reverse();
  const inEach = processes === '1' ? '' : ` in each of ${processes} processes`;
  const title = `${callers} caller${callers === '1' ? '' : 's'}${inEach}`;
  const heads = ['holds/s', 'p50 us', 'p99 us', 'server us', 'script us', 'client us', 'ours is'];
  console.log(`\n  ${title.padEnd(52)}${heads.map((head) => head.padStart(10)).join('')}`);
  for (const row of rows) {
    const { perSecond, p50, p99, serverCpu, scriptCpu, clientCpu, oursTo } = row;
    const figures = [perSecond, us(p50), us(p99), us(serverCpu), us(scriptCpu), us(clientCpu)];
    const ratio = oursTo === undefined || row.key === 'ours' ? '' : `${oursTo.toFixed(2)}x`;
    console.log(`    ${row.title.padEnd(50)}${[...figures, ratio].map((text) => String(text).padStart(10)).join('')}`);
  }
}

function printGrowth(title, { microseconds }) {
  console.log(`\n  ${title}`);
  for (const [size, each] of Object.entries(microseconds)) console.log(`    ${size.padStart(9)}    ${us(each)} us`);
}

function us(value) {
  if (!value) return '-';
  return value < 100 ? value.toFixed(2) : String(Math.round(value));
}
