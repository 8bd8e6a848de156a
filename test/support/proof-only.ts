// A suite that imports this file takes too long for `npm test`, because it installs the packed tarball, starts many
// processes, or waits for real time. `npm run test:proof` runs it, and so does CI. See jest.config.js.
export {};
