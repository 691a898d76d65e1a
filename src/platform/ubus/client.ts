/**
 * A lasting relation to ubusd: connects, and connects again whenever ubusd went away; publishes its objects,
 * event listeners and subscriptions anew each time. Without any ubusd it only tries again, ever less often.
 * Calls fail with a status while there is no connection.
 */
import { backoffMs } from '../../base/backoff.ts';
import type { Random } from '../../base/random.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { Log } from '../log.ts';
import type { ByteStream } from '../tjs/stream.ts';
import { decodeFields, encodeFields, fieldsOfJson, jsonOfFields } from './blobmsg.ts';
import { type Attributes, eventObjectId, type Message, messageTypes } from './message.ts';
import { ServedObject, signatureOf, type UbusObject } from './object.ts';
import { type UbusReply, UbusSocket } from './socket.ts';
import { UbusError, ubusStatus } from './status.ts';

const retry = { firstMs: 250, mostMs: 30_000 } as const;
const ownRequestMs = 5000;
const callMs = 30_000;
const objectAdded = 'ubus.object.add';

export interface UbusClientOptions {
  readonly connect: () => Promise<ByteStream>;
  readonly log: Log;
  readonly random: Random;
}

export type UbusEventHandler = (name: string, data: JsonObject) => void;

interface Subscription {
  readonly path: string;
  readonly handler: UbusEventHandler;
  /** The object of ours that receives it, in the connection in hand. */
  receiver: number | undefined;
}

export class UbusClient {
  readonly #options: UbusClientOptions;
  readonly #objects: UbusObject[] = [];
  readonly #listeners: { readonly pattern: string; readonly handler: UbusEventHandler }[] = [];
  readonly #subscriptions: Subscription[] = [];
  readonly #connected: (() => void)[] = [];
  readonly #served: ServedObject[] = [];
  readonly #idByPath = new Map<string, number>();
  #listenerId: number | undefined;
  #socket: UbusSocket | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: UbusClientOptions) {
    this.#options = options;
    this.listen(objectAdded, (_, { path }) => this.#objectCame(path));
  }

  /** Whether ubusd knows our objects. */
  get ready(): boolean {
    return this.#socket !== undefined;
  }

  /** Before `start`. */
  serve(object: UbusObject): void {
    this.#objects.push(object);
  }

  /** Before `start`. `pattern` is an event's name, or the beginning of names and "*". */
  listen(pattern: string, handler: UbusEventHandler): void {
    this.#listeners.push({ pattern, handler });
  }

  /** Before `start`. The object may come later, and go and come again. */
  subscribe(path: string, handler: UbusEventHandler): void {
    this.#subscriptions.push({ path, handler, receiver: undefined });
  }

  /** Before `start`. `act` runs whenever a connection has been made and our objects are published. */
  whenConnected(act: () => void): void {
    this.#connected.push(act);
  }

  start(): void {
    void this.#stayConnected();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
    this.#socket?.close();
  }

  async #stayConnected(): Promise<void> {
    const { connect, random, log } = this.#options;
    for (let attempt = 0; !this.#stopped; attempt += 1) {
      const stream = await connect().catch(() => undefined);
      if (stream && (await this.#use(stream))) {
        attempt = -1;
        if (!this.#stopped) log.info('ubusd has gone; it is looked for again.');
      }
      if (!this.#stopped) await this.#pause(backoffMs(retry, Math.max(attempt, 0), random));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        resolve();
      }, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One connection until it ends; false when nothing could be published on it. */
  async #use(stream: ByteStream): Promise<boolean> {
    const socket = new UbusSocket(stream, (message) => this.#incoming(message));
    try {
      if (this.#stopped || !(await socket.hello())) return false;
      await this.#publish(socket);
      this.#socket = socket;
      for (const act of this.#connected) act();
      await socket.ended;
      return true;
    } catch (error) {
      if (!this.#stopped) this.#options.log.warn((error as Error).message);
      return false;
    } finally {
      socket.close();
      this.#socket = undefined;
      this.#served.length = 0;
      this.#listenerId = undefined;
      this.#idByPath.clear();
    }
  }

  async #publish(socket: UbusSocket): Promise<void> {
    for (const object of this.#objects) {
      const added = { objectPath: object.path, signature: signatureOf(object) };
      const id = await addObject(socket, added, `the object ${object.path}`);
      this.#served.push(new ServedObject(object, id, socket));
      this.#options.log.info(`ubus has the object ${object.path}.`);
    }
    const listenerId = await addObject(socket, {}, 'an object for events');
    this.#listenerId = listenerId;
    for (const { pattern } of this.#listeners) {
      const data = encodeFields([
        { name: 'object', type: 'int32', value: listenerId | 0 },
        { name: 'pattern', type: 'string', value: pattern },
      ]);
      const what = { objectId: eventObjectId, method: 'register', data };
      const { status } = await socket.request(
        messageTypes.invoke,
        eventObjectId,
        what,
        ownRequestMs,
      );
      if (status !== ubusStatus.ok) throw new UbusError(`listening for ${pattern}`, status);
    }
    for (const subscription of this.#subscriptions) {
      subscription.receiver = await addObject(socket, {}, 'an object for notifications');
      await this.#join(socket, subscription);
    }
  }

  async #join(socket: UbusSocket, { path, receiver }: Subscription): Promise<void> {
    const target = await this.#lookUp(socket, path);
    if (target === undefined || receiver === undefined) return;
    await socket.request(messageTypes.subscribe, 0, { objectId: receiver, target }, ownRequestMs);
  }

  #objectCame(path: unknown): void {
    if (typeof path !== 'string') return;
    this.#idByPath.delete(path);
    for (const subscription of this.#subscriptions) {
      if (subscription.path === path && this.#socket) void this.#join(this.#socket, subscription);
    }
  }

  async #lookUp(socket: UbusSocket, path: string): Promise<number | undefined> {
    const known = this.#idByPath.get(path);
    if (known !== undefined) return known;
    const { data } = await socket.request(
      messageTypes.lookup,
      0,
      { objectPath: path },
      ownRequestMs,
    );
    const id = data[0]?.objectId;
    if (id !== undefined) this.#idByPath.set(path, id);
    return id;
  }

  #incoming(message: Message): void {
    const { objectId, method, data } = message.attributes;
    if (objectId === undefined) return;
    const served = this.#served.find(({ id }) => id === objectId);
    if (served) return served.take(message);
    if (message.type !== messageTypes.invoke || method === undefined) return;
    const fields = data && decodeFields(data);
    if (!fields) return;
    const handlers =
      objectId === this.#listenerId
        ? this.#listeners.filter(({ pattern }) => isMatch(pattern, method))
        : this.#subscriptions.filter(({ receiver }) => receiver === objectId);
    for (const { handler } of handlers) handler(method, jsonOfFields(fields));
    if (message.attributes.noReply === 1 || objectId === this.#listenerId) return;
    const { seq, peer } = message;
    const attributes = { status: ubusStatus.ok, objectId };
    this.#socket?.send({ type: messageTypes.status, seq, peer, attributes });
  }

  /** The data of the answer; an object without members when there is none. Throws UbusError. */
  async call(
    path: string,
    method: string,
    given: JsonObject,
    timeoutMs = callMs,
  ): Promise<JsonObject> {
    const what = `${path} ${method}`;
    const socket = this.#socket;
    if (!socket) throw new UbusError(what, ubusStatus.connectionFailed);
    const id = await this.#lookUp(socket, path);
    if (id === undefined) throw new UbusError(what, ubusStatus.notFound);
    const data = encodeFields(fieldsOfJson(given));
    const attributes = { objectId: id, method, data };
    const reply = await socket.request(messageTypes.invoke, id, attributes, timeoutMs);
    // Whoever owns the object may have begun anew under another number.
    if (reply.status === ubusStatus.notFound) this.#idByPath.delete(path);
    if (reply.status !== ubusStatus.ok) throw new UbusError(what, reply.status);
    return resultOf(reply, what);
  }

  /** An event for all who listen, and a notification to the subscribers of our object at `path`. */
  publish(path: string, name: string, data: JsonObject): void {
    const socket = this.#socket;
    if (!socket) return;
    const fields = fieldsOfJson(data);
    const event = encodeFields([
      { name: 'id', type: 'string', value: `${path}.${name}` },
      { name: 'data', type: 'table', value: fields },
    ]);
    const attributes = { objectId: eventObjectId, method: 'send', data: event };
    socket.tell(messageTypes.invoke, eventObjectId, attributes);
    for (const served of this.#served) {
      if (served.object.path === path) served.notify(name, encodeFields(fields));
    }
  }
}

function isMatch(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Throws UbusError. */
async function addObject(
  socket: UbusSocket,
  attributes: Attributes,
  what: string,
): Promise<number> {
  const reply = await socket.request(messageTypes.addObject, 0, attributes, ownRequestMs);
  const id = reply.data[0]?.objectId;
  if (reply.status === ubusStatus.ok && id !== undefined) return id;
  throw new UbusError(what, reply.status);
}

function resultOf(reply: UbusReply, what: string): JsonObject {
  const data = reply.data[0]?.data;
  if (!data) return {};
  const fields = decodeFields(data);
  if (!fields) throw new UbusError(what, ubusStatus.parseError);
  return jsonOfFields(fields);
}
