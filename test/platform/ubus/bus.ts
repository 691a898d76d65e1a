/** A ubusd in memory with the clients of one test, and a raw connection that says whatever a test wants. */
import { Log } from '../../../src/platform/log.ts';
import type { ByteStream } from '../../../src/platform/tjs/stream.ts';
import { UbusClient } from '../../../src/platform/ubus/client.ts';
import type { UbusObject } from '../../../src/platform/ubus/object.ts';
import { UbusSocket } from '../../../src/platform/ubus/socket.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { streamPair } from '../../support/stream-pair.ts';
import { UbusdDouble } from './ubusd-double.ts';

export class Bus {
  readonly ubusd = new UbusdDouble();
  readonly lines: string[] = [];
  readonly #clients: UbusClient[] = [];
  readonly #sockets: UbusSocket[] = [];
  /** Whether anybody listens at the socket. */
  present = true;

  readonly connect = async (): Promise<ByteStream> => {
    if (!this.present) throw new Error('ENOENT');
    const [near, far] = streamPair();
    void this.ubusd.serve(far);
    return near;
  };

  /** Not started. */
  client(objects: readonly UbusObject[], connect = this.connect): UbusClient {
    const log = new Log({ level: 'info', write: (line) => this.lines.push(line) });
    const client = new UbusClient({ connect, log, random: seededRandom(1) });
    for (const object of objects) client.serve(object);
    this.#clients.push(client);
    return client;
  }

  async connected(objects: readonly UbusObject[]): Promise<UbusClient> {
    const client = this.client(objects);
    client.start();
    await until(() => client.ready);
    return client;
  }

  /** A connection without manners. */
  async socket(): Promise<UbusSocket> {
    const socket = new UbusSocket(await this.connect(), () => {});
    this.#sockets.push(socket);
    await socket.hello();
    return socket;
  }

  end(): void {
    for (const client of this.#clients) client.stop();
    for (const socket of this.#sockets) socket.close();
    this.ubusd.restart();
  }
}

/** Gives up in the end, so that what never happens has a name. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries === maxTries) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const maxTries = 5000;
