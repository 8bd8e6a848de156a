// payout-guard/testing: remote parties for tests, as real HTTP servers on loopback ports.
export type { Fault, FaultOptions } from './faults.js';
export {
  type InterswitchSimulator,
  type InterswitchSimulatorOptions,
  interswitchSimulator,
} from './interswitch-simulator.js';
export { type JpaySimulator, type JpaySimulatorOptions, type JpayWallet, jpaySimulator } from './jpay-simulator.js';
export type { ReceivedRequest, Simulator, SimulatorOptions } from './simulator-server.js';
export { type StoreTarget, storeContract, type TestRunner } from './store-contract.js';
