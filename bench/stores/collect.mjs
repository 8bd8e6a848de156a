// The loop of the handwritten batches: requests made during a call go into the next call.

/** A loop for each wallet. @param run takes a wallet and the requests of one call, returns results in their order */
export function collectingByWallet(run) {
  const loops = new Map();
  return (wallet, request) => {
    let loop = loops.get(wallet);
    if (!loop) {
      loop = collecting((requests) => run(wallet, requests));
      loops.set(wallet, loop);
    }
    return loop(request);
  };
}

function collecting(run, most = 512) {
  let waiting = [];
  let isBusy = false;
  async function sendAll() {
    while (waiting.length > 0) {
      const batch = waiting.length > most ? waiting.splice(0, most) : waiting;
      if (batch === waiting) waiting = [];
      try {
        const answers = await run(batch.map(({ request }) => request));
        for (let index = 0; index < batch.length; index++) batch[index].resolve(answers[index]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isBusy = false;
  }
  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      if (isBusy) return;
      isBusy = true;
      queueMicrotask(sendAll);
    });
}
