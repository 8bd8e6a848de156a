// A client of Phoenix written from its protocol notes with node:crypto alone. It shares no code with the library, so
// that a simulator that accepts both is correct where both agree.
import { constants, createCipheriv, createECDH, createHash, privateDecrypt, randomBytes, sign } from 'node:crypto';

export interface ClientChoices {
  readonly secret: string;
  readonly clientId: string;
  readonly terminalId: string;
  readonly serialId: string;
  readonly privateKey: string;
  readonly password: string;
  readonly point?: 'compressed' | 'uncompressed';
  readonly zeroIv?: boolean;
  readonly timestamp?: () => string;
  readonly nonce?: () => string;
  /** The URL to sign instead of the one that is called. */
  readonly signedUrl?: (url: string) => string;
  readonly passwordText?: (password: string) => string;
  readonly authorization?: string;
}

export interface Reply {
  readonly status: number;
  readonly body: {
    readonly responseCode: string;
    readonly responseMessage: string;
    readonly requestReference: string | null;
    readonly response: Readonly<Record<string, string>> | null;
  };
}

export class LittlePhoenixClient {
  readonly choices: ClientChoices;
  readonly url: string;
  token = '';
  key: Buffer = Buffer.alloc(32);

  constructor(url: string, choices: ClientChoices) {
    this.url = url;
    this.choices = choices;
  }

  async call(method: 'GET' | 'POST', path: string, options: CallOptions = {}): Promise<Reply> {
    const { body, covered = [], bare = false } = options;
    const url = `${this.url}/${path}`;
    const { clientId, secret, privateKey, authorization } = this.choices;
    const timestamp = this.choices.timestamp?.() ?? String(Math.floor(Date.now() / 1_000));
    const nonce = this.choices.nonce?.() ?? randomBytes(16).toString('hex');
    const signedUrl = encodeURIComponent(this.choices.signedUrl?.(url) ?? url);
    const base = [method, signedUrl, timestamp, nonce, clientId, secret, ...covered].join('&');
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      Authorization: authorization ?? `InterswitchAuth ${Buffer.from(clientId).toString('base64')}`,
      Timestamp: timestamp,
      Nonce: nonce,
      Signature: sign('RSA-SHA256', Buffer.from(base), privateKey).toString('base64'),
      AuthToken: bare ? '' : this.encrypted(this.token),
      ...options.headers,
    };
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    return { status: response.status, body: (await response.json()) as Reply['body'] };
  }

  encrypted(text: string): string {
    const iv = this.choices.zeroIv ? Buffer.alloc(16) : randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', this.key, iv);
    return Buffer.concat([iv, cipher.update(text), cipher.final()]).toString('base64');
  }

  decrypted(cipherText: string): string {
    const { privateKey: key } = this.choices;
    const how = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    return privateDecrypt(how, Buffer.from(cipherText, 'base64')).toString();
  }

  hash(): string {
    const { password, passwordText } = this.choices;
    return passwordText?.(password) ?? createHash('sha512').update(password).digest('base64');
  }

  async exchangeKeys(path = 'client/doKeyExchange', changes: object = {}): Promise<Reply> {
    const { terminalId, serialId, privateKey } = this.choices;
    const ecdh = createECDH('prime256v1');
    ecdh.generateKeys();
    const requestReference = randomBytes(8).toString('hex');
    const proof = sign('RSA-SHA256', Buffer.from(this.hash() + requestReference + serialId), privateKey);
    const clientSessionPublicKey = ecdh.getPublicKey('base64', this.choices.point ?? 'compressed');
    const fields = { terminalId, serialId, requestReference, appVersion: 'v1', clientSessionPublicKey };
    const body = JSON.stringify({ ...fields, password: proof.toString('base64'), ...changes });
    const reply = await this.call('POST', path, { body, bare: true });
    this.#open(reply, ecdh);
    return reply;
  }

  async register(changes: object = {}): Promise<Reply> {
    const { terminalId, serialId } = this.choices;
    const ecdh = createECDH('prime256v1');
    ecdh.generateKeys();
    const clientSessionPublicKey = ecdh.getPublicKey('base64', this.choices.point ?? 'compressed');
    const fields = { terminalId, serialId, requestReference: 'registration-1', name: 'N', nin: 'CM1', Gender: 'F' };
    const body = JSON.stringify({ ...fields, clientSessionPublicKey, ...changes });
    const reply = await this.call('POST', 'client/clientRegistration', { body, bare: true });
    this.#open(reply, ecdh);
    return reply;
  }

  async completeRegistration(transactionReference: string, changes: object = {}): Promise<Reply> {
    const { terminalId, serialId } = this.choices;
    const password = this.encrypted(this.hash());
    const fields = { terminalId, serialId, requestReference: 'registration-2', transactionReference, password };
    return this.call('POST', 'client/completeClientRegistration', { body: JSON.stringify({ ...fields, ...changes }) });
  }

  async pay(amountJson: string, signedAmount: string, fields: PaymentFields = {}, path = 'xpayment'): Promise<Reply> {
    const { requestReference = 'ref-1', customerId = '0770000000', paymentCode = '53046936951' } = fields;
    const { terminalId = this.choices.terminalId } = fields;
    const rest = JSON.stringify({ terminalId, requestReference, customerId, paymentCode }).slice(1);
    const covered = [signedAmount, terminalId, requestReference, customerId, paymentCode];
    return this.call('POST', `sente/${path}`, { body: `{"amount":${amountJson},${rest}`, covered });
  }

  async balance(terminalId: string = this.choices.terminalId): Promise<Reply> {
    return this.call(
      'GET',
      `sente/accountBalance?terminalId=${terminalId}&requestReference=${randomBytes(4).toString('hex')}`,
    );
  }

  async status(reference: string): Promise<Reply> {
    const query = `terminalId=${this.choices.terminalId}&requestReference=${reference}`;
    return this.call('GET', `sente/status?${query}`);
  }

  #open({ body }: Reply, ecdh: ReturnType<typeof createECDH>): void {
    if (body.responseCode !== '90000') return;
    this.token = this.decrypted(body.response?.authToken ?? '');
    const point = Buffer.from(this.decrypted(body.response?.serverSessionPublicKey ?? ''), 'base64');
    this.key = ecdh.computeSecret(point);
  }
}

interface CallOptions {
  readonly body?: string;
  /** Additional signed parts. */
  readonly covered?: readonly string[];
  /** Without a token. */
  readonly bare?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

interface PaymentFields {
  readonly terminalId?: string;
  readonly requestReference?: string;
  readonly customerId?: string;
  readonly paymentCode?: string;
}
