/**
 * A ubusd for tests, in memory or behind a real socket: clients, named objects and look-ups, invocations
 * handed on and their answers handed back, events, subscriptions. It does what the recorded conversations
 * in test/vectors/ubus show; access lists and monitors are left out.
 */

import type { ByteStream } from '../../../src/platform/tjs/stream.ts';
import { decodeFields, encodeFields } from '../../../src/platform/ubus/blobmsg.ts';
import { FrameSplitter } from '../../../src/platform/ubus/frame-splitter.ts';
import {
  type Attributes,
  decodeMessage,
  encodeMessage,
  type Message,
  messageTypes as types,
} from '../../../src/platform/ubus/message.ts';
import { ubusStatus as codes } from '../../../src/platform/ubus/status.ts';

interface Client {
  readonly id: number;
  readonly stream: ByteStream;
  written: Promise<void>;
  eventSeq: number;
}

interface UbusdObject {
  readonly id: number;
  readonly owner: Client;
  readonly path: string | undefined;
  readonly typeId: number | undefined;
  readonly signature: Uint8Array | undefined;
  /** Objects that get its notifications. */
  readonly subscribers: Set<UbusdObject>;
  readonly patterns: string[];
}

const firstId = 1024;

export class UbusdDouble {
  readonly #clients = new Set<Client>();
  readonly #objects = new Map<number, UbusdObject>();
  #lastId = firstId;

  get paths(): string[] {
    return [...this.#objects.values()].flatMap(({ path }) => (path === undefined ? [] : [path]));
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Serves one connection until it ends. */
  async serve(stream: ByteStream): Promise<void> {
    const client: Client = { id: this.#nextId(), stream, written: Promise.resolve(), eventSeq: 0 };
    this.#clients.add(client);
    this.#send(client, types.hello, 0, client.id, {});
    const splitter = new FrameSplitter();
    try {
      for (let bytes = await stream.read(); bytes; bytes = await stream.read()) {
        const frames = splitter.push(bytes);
        if (!frames) break;
        for (const frame of frames) this.#take(client, frame);
      }
    } catch {
      // The client is gone.
    }
    this.#drop(client);
  }

  /** As when ubusd is restarted: every connection ends. */
  restart(): void {
    for (const client of [...this.#clients]) this.#drop(client);
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #drop(client: Client): void {
    if (!this.#clients.delete(client)) return;
    client.stream.close();
    for (const object of [...this.#objects.values()]) {
      if (object.owner === client) this.#remove(object);
    }
  }

  #remove(object: UbusdObject): void {
    this.#objects.delete(object.id);
    for (const subscriber of object.subscribers) {
      const gone = { objectId: subscriber.id, target: object.id };
      this.#send(subscriber.owner, types.unsubscribe, 0, 0, gone);
    }
    for (const target of this.#objects.values()) this.#unsubscribe(object, target);
    if (object.path !== undefined) this.#tellObject('ubus.object.remove', object);
  }

  #send(client: Client, type: number, seq: number, peer: number, attributes: Attributes): void {
    const frame = encodeMessage({ type, seq, peer, attributes });
    client.written = client.written.then(() => client.stream.write(frame)).catch(() => {});
  }

  #take(client: Client, frame: Uint8Array): void {
    const message = decodeMessage(frame);
    const { type, seq, peer, attributes } = message;
    if (type === types.data || type === types.status) return this.#answer(client, message);
    const status = this.#carryOut(client, message, frame);
    if (status === undefined) return;
    const more = type === types.notify ? { objectId: attributes.objectId ?? 0 } : {};
    this.#send(client, types.status, seq, peer, { status, ...more });
  }

  /** The status that ends the request, or undefined when somebody else is to answer, or nobody. */
  #carryOut(client: Client, message: Message, frame: Uint8Array): number | undefined {
    switch (message.type) {
      case types.ping: {
        const same = decodeMessage(frame).attributes;
        this.#send(client, types.data, message.seq, message.peer, same);
        return codes.ok;
      }
      case types.lookup:
        return this.#lookUp(client, message);
      case types.addObject:
        return this.#add(client, message);
      case types.removeObject:
        return this.#removeById(client, message);
      case types.invoke:
        return this.#invoke(client, message);
      case types.subscribe:
      case types.unsubscribe:
        return this.#subscribe(client, message);
      case types.notify:
        return this.#notify(client, message);
      default:
        return codes.invalidCommand;
    }
  }

  #lookUp(client: Client, { seq, peer, attributes }: Message): number {
    const wanted = attributes.objectPath ?? '*';
    if (wanted === '') return codes.invalidArgument;
    let found = attributes.objectPath === undefined;
    const named = [...this.#objects.values()].filter(({ path }) => path !== undefined);
    named.sort((left, right) => ((left.path as string) < (right.path as string) ? -1 : 1));
    for (const { path, id, typeId, signature } of named) {
      if (!isMatch(wanted, path as string)) continue;
      found = true;
      if (typeId === undefined || signature === undefined || path === undefined) continue;
      const row = { objectPath: path, objectId: id, objectType: typeId, signature };
      this.#send(client, types.data, seq, peer, row);
    }
    return found ? codes.ok : codes.notFound;
  }

  #add(client: Client, { seq, peer, attributes }: Message): number {
    const { objectPath: path, objectType, signature } = attributes;
    const type = [...this.#objects.values()].find(({ typeId }) => typeId === objectType);
    const known = objectType === undefined ? undefined : type;
    if (path !== undefined && this.paths.includes(path)) return codes.invalidArgument;
    if (objectType !== undefined && !known) return codes.invalidArgument;
    if (signature && !decodeFields(signature)?.every((field) => field.type === 'table')) {
      return codes.invalidArgument;
    }
    const object: UbusdObject = {
      id: this.#nextId(),
      owner: client,
      path,
      typeId: known?.typeId ?? (signature ? this.#nextId() : undefined),
      signature: known?.signature ?? signature,
      subscribers: new Set(),
      patterns: [],
    };
    this.#objects.set(object.id, object);
    const isNewType = signature !== undefined && object.typeId !== undefined;
    const added = { objectId: object.id, ...(isNewType && { objectType: object.typeId }) };
    this.#send(client, types.data, seq, peer, added as Attributes);
    if (path !== undefined) this.#tellObject('ubus.object.add', object);
    return codes.ok;
  }

  #removeById(client: Client, { seq, peer, attributes }: Message): number {
    const object = this.#objects.get(attributes.objectId ?? 0);
    if (!object) return codes.notFound;
    if (object.owner !== client) return codes.permissionDenied;
    this.#send(client, types.data, seq, peer, { objectId: object.id });
    this.#remove(object);
    return codes.ok;
  }

  #invoke(client: Client, { seq, peer, attributes }: Message): number | undefined {
    const { objectId = 0, method, data, noReply } = attributes;
    if (method === undefined) return codes.invalidArgument;
    if (objectId === 1) return this.#event(client, method, data);
    const object = this.#objects.get(objectId);
    if (!object || peer !== objectId) return codes.notFound;
    const passed = {
      objectId,
      method,
      user: 'root',
      group: 'root',
      ...(data && { data }),
      ...(noReply !== undefined && { noReply }),
    };
    this.#send(object.owner, types.invoke, seq, client.id, passed);
    return undefined;
  }

  /** An answer of an owner goes to who asked, in the name of the object. */
  #answer(client: Client, { type, seq, peer, attributes }: Message): void {
    const object = this.#objects.get(attributes.objectId ?? 0);
    const caller = [...this.#clients].find(({ id }) => id === peer);
    if (!object || object.owner !== client || !caller) return;
    this.#send(caller, type, seq, object.id, attributes);
  }

  #event(client: Client, method: string, data: Uint8Array | undefined): number {
    const fields = new Map((data && decodeFields(data))?.map((field) => [field.name, field]));
    if (method === 'register') {
      const object = this.#objects.get(Number(fields.get('object')?.value) >>> 0);
      if (!object || object.owner !== client) return codes.notFound;
      object.patterns.push(String(fields.get('pattern')?.value ?? '*'));
      return codes.ok;
    }
    if (method !== 'send') return codes.invalidCommand;
    const [name, given] = [fields.get('id'), fields.get('data')];
    if (name?.type !== 'string' || given?.type !== 'table') return codes.invalidArgument;
    if (name.value.startsWith('ubus.')) return codes.permissionDenied;
    this.#spread(name.value, encodeFields(given.value), client);
    return codes.ok;
  }

  #tellObject(event: string, object: UbusdObject): void {
    const data = encodeFields([
      { name: 'id', type: 'int32', value: object.id | 0 },
      { name: 'path', type: 'string', value: object.path ?? '' },
    ]);
    this.#spread(event, data, undefined);
  }

  #spread(name: string, data: Uint8Array, except: Client | undefined): void {
    for (const { id, owner, patterns } of this.#objects.values()) {
      if (owner === except || !patterns.some((pattern) => isMatch(pattern, name))) continue;
      owner.eventSeq += 1;
      this.#send(owner, types.invoke, owner.eventSeq, 0, { objectId: id, method: name, data });
    }
  }

  #subscribe(client: Client, { type, attributes }: Message): number {
    const subscriber = this.#objects.get(attributes.objectId ?? 0);
    const target = this.#objects.get(attributes.target ?? 0);
    if (!target) return codes.notFound;
    if (!subscriber || subscriber.owner !== client || target === subscriber) {
      return codes.invalidArgument;
    }
    if (type === types.unsubscribe) {
      this.#unsubscribe(subscriber, target);
      return codes.ok;
    }
    target.subscribers.add(subscriber);
    if (target.subscribers.size === 1) this.#tellActive(target, 1);
    return codes.ok;
  }

  #unsubscribe(subscriber: UbusdObject, target: UbusdObject): void {
    if (target.subscribers.delete(subscriber) && target.subscribers.size === 0) {
      this.#tellActive(target, 0);
    }
  }

  #tellActive({ id, owner }: UbusdObject, active: 0 | 1): void {
    owner.eventSeq += 1;
    this.#send(owner, types.notify, owner.eventSeq, 0, { objectId: id, active });
  }

  #notify(client: Client, { seq, peer, attributes }: Message): number | undefined {
    const { objectId = 0, method, data, noReply } = attributes;
    const object = this.#objects.get(objectId);
    if (!object) return codes.notFound;
    if (object.owner !== client) return codes.permissionDenied;
    if (method === undefined) return codes.invalidArgument;
    if (noReply !== 1) {
      const subscribers = [...object.subscribers].map(({ id }) => id);
      const told = { objectId, subscribers, status: codes.ok };
      this.#send(client, types.status, seq, peer, told);
    }
    for (const { id, owner } of object.subscribers) {
      const passed = { objectId: id, method, user: 'root', group: 'root' };
      const rest = { ...(data && { data }), ...(noReply === 1 && { noReply }) };
      this.#send(owner, types.invoke, seq, client.id, { ...passed, ...rest });
    }
    return undefined;
  }
}

function isMatch(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
