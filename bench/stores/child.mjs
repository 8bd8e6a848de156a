// A worker process started by children.mjs.
import { hereCrew } from './round.mjs';

const { contenders } = await import(`./${process.argv[2]}/contenders.mjs`);
let crew;
const methods = {
  open(key, address) {
    crew = hereCrew(contenders[key]);
    return crew.open(address);
  },
  load: (options) => crew.load(options),
  close: () => crew.close(),
};

process.on('message', async ({ method, args }) => {
  try {
    process.send({ result: await methods[method](...args) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
