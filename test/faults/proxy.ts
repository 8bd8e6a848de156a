// The network between one process and the engine: a TCP proxy that can be cut, slowed down, or made to swallow data.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { monotonicMs } from '../processes/child.js';

/** The direction in which nothing comes through. */
export type Hang = 'both ways' | 'answers';

export class EngineProxy {
  /** The moments in which an answer of the engine was passed on to the process. */
  readonly #answeredAt: number[] = [];
  #path: string;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #isDown = false;
  #requestsLateMs = 0;
  #answersLateMs = 0;

  /** @param path - The unix socket of the engine. */
  static async open(path = ''): Promise<EngineProxy> {
    const proxy = new EngineProxy(path);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(path: string) {
    this.#path = path;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections. New ones go to another engine. */
  follow(path: string): void {
    this.#path = path;
    this.cut();
  }

  /** Breaks all connections. New ones are made at once, unless it is down. */
  cut(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** Breaks all connections and takes no new ones. */
  goDown(): void {
    this.#isDown = true;
    this.cut();
  }

  hang(way: Hang): void {
    this.#setLate(way === 'both ways' ? Number.POSITIVE_INFINITY : 0, Number.POSITIVE_INFINITY);
  }

  delay(ms: number): void {
    this.#setLate(ms, ms);
  }

  /** Restores the network. What was held up arrives now, `late`, or its connections break. */
  heal(heldUp: 'late' | 'lost'): void {
    this.#isDown = false;
    if (heldUp === 'lost') this.cut();
    this.#setLate(0, 0);
  }

  /** Returns true if an answer of the engine reached the process in that time. */
  hasAnswered(fromMs: number, toMs: number): boolean {
    for (let index = this.#answeredAt.length - 1; index >= 0; index--) {
      const atMs = this.#answeredAt[index] as number;
      if (atMs < fromMs) return false;
      if (atMs <= toMs) return true;
    }
    return false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #setLate(requestsLateMs: number, answersLateMs: number): void {
    this.#requestsLateMs = requestsLateMs;
    this.#answersLateMs = answersLateMs;
    for (const connection of this.#connections) connection.setLate(requestsLateMs, answersLateMs);
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#isDown) {
      socket.resetAndDestroy();
      return;
    }
    const connection = new Connection(socket, connect(this.#path), () => this.#answeredAt.push(monotonicMs()));
    connection.setLate(this.#requestsLateMs, this.#answersLateMs);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }
}

class Connection {
  readonly #client: Socket;
  readonly #engine: Socket;
  readonly #requests: Direction;
  readonly #answers: Direction;

  constructor(client: Socket, engine: Socket, onAnswer: () => void) {
    this.#client = client;
    this.#engine = engine;
    this.#requests = new Direction(client, engine);
    this.#answers = new Direction(engine, client, onAnswer);
    for (const socket of [client, engine]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => this.reset());
    }
  }

  setLate(requestsLateMs: number, answersLateMs: number): void {
    this.#requests.setLate(requestsLateMs);
    this.#answers.setLate(answersLateMs);
  }

  reset(): void {
    this.#requests.stop();
    this.#answers.stop();
    // A connection that is being shut down cannot be reset as well: Node.js would never close its handle.
    if (this.#client.writableEnded) this.#client.destroy();
    else this.#client.resetAndDestroy();
    this.#engine.destroy();
  }
}

/** Passes on the data of one socket to the other, in order, each piece so long after it arrived. */
class Direction {
  readonly #waiting: { readonly arrivedAt: number; readonly bytes: Buffer }[] = [];
  readonly #to: Socket;
  readonly #onPass: () => void;
  #lateMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, onPass: () => void = () => {}) {
    this.#to = to;
    this.#onPass = onPass;
    from.on('data', (bytes: Buffer) => {
      this.#waiting.push({ arrivedAt: monotonicMs(), bytes });
      this.#pass();
    });
  }

  setLate(ms: number): void {
    this.#lateMs = ms;
    this.#pass();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #pass(): void {
    clearTimeout(this.#timer);
    for (let [next] = this.#waiting; next; [next] = this.#waiting) {
      const waitMs = next.arrivedAt + this.#lateMs - monotonicMs();
      if (waitMs > 0) {
        if (waitMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pass(), Math.ceil(waitMs));
        return;
      }
      this.#waiting.shift();
      // Noted first: the process receives the answer after this moment.
      this.#onPass();
      if (!this.#to.destroyed) this.#to.write(next.bytes);
    }
  }
}
