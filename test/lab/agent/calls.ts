/**
 * What the lab asks of an agent, the program that plays the applications inside one namespace, and what
 * it answers. All times are milliseconds of the machine's monotonic clock, which namespaces share, so
 * times of two agents can be compared.
 */

export interface UdpOptions {
  /** Local port; the address is left to the system, as ordinary programs do. */
  readonly port: number;
  /** Where to send; absent at the side that learns it from the first datagram. */
  readonly peer?: { readonly ip: string; readonly port: number };
  /** Whether to send a datagram each `everyMs`; if not, only a greeting until the peer is heard. */
  readonly sending: boolean;
  /** Follow the peer's source address and do not fix one's own: programs without an overlay. */
  readonly roaming: boolean;
  readonly trial: number;
  readonly everyMs: number;
}

export interface UdpRecord {
  /** Send time by sequence number. */
  readonly sentAt: readonly number[];
  /** Sequence number and arrival time in the order of arrival, and how long it was under way. */
  readonly received: readonly (readonly [sequence: number, at: number, tookMs: number])[];
  readonly duplicates: number;
  /** The addresses that datagrams came from, the latest last. */
  readonly sources: readonly string[];
  readonly sendErrors: number;
}

export interface TcpOptions {
  readonly port: number;
  readonly peerIp?: string;
  readonly bytesPerSecond: number;
  readonly trial: number;
}

export interface TcpRecord {
  readonly sentBytes: number;
  readonly sentHash: string;
  readonly receivedBytes: number;
  readonly receivedHash: string;
  /** Position of the first byte that was not the one the sender's generator makes. */
  readonly wrongAt: number | null;
  readonly error: string | null;
  /** Bytes that arrived, by 100 ms since `firstAt`. */
  readonly firstAt: number;
  readonly arrivedBy100Ms: readonly number[];
}

export interface TypingOptions {
  readonly port: number;
  readonly peerIp?: string;
}

export interface TypingRecord {
  /** Time of each keystroke and how long its echo took. */
  readonly echoes: readonly (readonly [at: number, tookMs: number])[];
  readonly unanswered: number;
  readonly error: string | null;
}

/** Name, argument and result of every call. */
export interface AgentCalls {
  readonly udpStart: (options: UdpOptions) => void;
  /** How many datagrams have come so far and when the last one did. */
  readonly udpHeard: () => { count: number; lastAt: number };
  readonly udpPause: () => void;
  readonly udpStop: () => UdpRecord;
  readonly tcpListen: (options: TcpOptions) => void;
  readonly tcpConnect: (options: TcpOptions) => void;
  readonly tcpFlow: (options: { flowing: boolean }) => void;
  /** Sends as much as the connection takes, and from then on nothing; ends after `forMs`. */
  readonly tcpPour: (options: { forMs: number }) => void;
  /** Stops sending, says so to the peer and waits for its end, at most `limitMs`. */
  readonly tcpFinish: (options: { limitMs: number }) => TcpRecord;
  readonly typingListen: (options: TypingOptions) => void;
  readonly typingConnect: (options: TypingOptions) => void;
  readonly typingStop: () => TypingRecord;
}

export type AgentCallName = keyof AgentCalls;

export interface AgentRequest {
  readonly id: number;
  readonly name: AgentCallName;
  readonly argument: unknown;
}

export interface AgentReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
