/**
 * An object that this program serves on ubus: its methods with the types of their arguments, and the
 * answering of invocations. Arguments nobody asked for are the method's to ignore; LuCI's server adds one
 * to every call. An answer may have data and a status that is not 0: it then says in words what was wrong.
 */
import type { JsonObject } from '../../protocol/machine.ts';
import {
  type BlobmsgField,
  blobmsgTypes,
  decodeFields,
  encodeFields,
  fieldsOfJson,
  jsonOfFields,
} from './blobmsg.ts';
import { fitsMessage, type Message, messageTypes } from './message.ts';
import type { UbusSocket } from './socket.ts';
import { ubusStatus } from './status.ts';

/** As of the control socket. */
const maxArgumentBytes = 65_536;
/** Invocations of one object under way at the same time. */
const maxUnderWay = 32;

export interface UbusAnswer {
  readonly status: number;
  readonly data?: JsonObject;
}

export type ArgumentTypeName = keyof typeof blobmsgTypes;

export interface UbusMethod {
  /** For people and their tools; nothing checks it. */
  readonly arguments: Readonly<Record<string, ArgumentTypeName>>;
  readonly call: (given: JsonObject) => Promise<UbusAnswer>;
}

export interface UbusObject {
  readonly path: string;
  readonly methods: Readonly<Record<string, UbusMethod>>;
}

export function signatureOf(object: UbusObject): Uint8Array {
  const fields = Object.entries(object.methods).map(
    ([name, method]): BlobmsgField => ({
      name,
      type: 'table',
      value: Object.entries(method.arguments).map(([argument, type]) => ({
        name: argument,
        type: 'int32',
        value: blobmsgTypes[type],
      })),
    }),
  );
  return encodeFields(fields);
}

/** An object while it is known to one ubusd. */
export class ServedObject {
  readonly object: UbusObject;
  readonly id: number;
  readonly #socket: UbusSocket;
  #underWay = 0;
  #hasSubscribers = false;

  constructor(object: UbusObject, id: number, socket: UbusSocket) {
    this.object = object;
    this.id = id;
    this.#socket = socket;
  }

  /** An invocation or a change of subscribers that ubusd sent for this object. */
  take(message: Message): void {
    if (message.type === messageTypes.notify) {
      this.#hasSubscribers = message.attributes.active === 1;
    } else if (message.type === messageTypes.invoke) {
      void this.#invoke(message);
    }
  }

  async #invoke(message: Message): Promise<void> {
    const { method: name, data, noReply } = message.attributes;
    const answer = await this.#answer(name ?? '', data);
    if (noReply === 1) return;
    const { seq, peer } = message;
    const reply = (type: number, more: object): void =>
      this.#socket.send({ type, seq, peer, attributes: more });
    let { status } = answer;
    if (answer.data) {
      const encoded = encodeFields(fieldsOfJson(answer.data));
      if (fitsMessage(encoded)) {
        reply(messageTypes.data, { objectId: this.id, data: encoded });
      } else {
        const error = 'The answer is too long for ubus. Ask with the command "ntmobile".';
        const told = encodeFields(fieldsOfJson({ error }));
        reply(messageTypes.data, { objectId: this.id, data: told });
        status = ubusStatus.noMemory;
      }
    }
    reply(messageTypes.status, { status, objectId: this.id });
  }

  async #answer(name: string, data: Uint8Array | undefined): Promise<UbusAnswer> {
    const { methods } = this.object;
    if (!Object.hasOwn(methods, name)) return { status: ubusStatus.methodNotFound };
    const given = data && data.length <= maxArgumentBytes ? decodeFields(data) : undefined;
    if (!given) return { status: ubusStatus.invalidArgument };
    if (this.#underWay >= maxUnderWay) return { status: ubusStatus.noMemory };
    this.#underWay += 1;
    try {
      return await (methods[name] as UbusMethod).call(jsonOfFields(given));
    } catch (error) {
      return { status: ubusStatus.unknownError, data: { error: String(error) } };
    } finally {
      this.#underWay -= 1;
    }
  }

  /** To whoever subscribed to this object. */
  notify(name: string, data: Uint8Array): void {
    if (!this.#hasSubscribers) return;
    const attributes = { objectId: this.id, method: name, data, noReply: 1 };
    this.#socket.tell(messageTypes.notify, this.id, attributes);
  }
}
