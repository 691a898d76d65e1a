/**
 * Messages that travel where the data travels: Tunnel Request and Response (paper sections 3.2 and
 * 3.3), the probes and the close of a path between its two nodes, and the Capsulated Packet.
 */
import { endpointField } from './address-fields.ts';
import { optional } from './composite-fields.ts';
import { below, blob, choice, u32 } from './fields.ts';
import { candidates, incarnation, row, stampField, token } from './message-row.ts';

export const pathMessages = {
  tunnelRequest: row({
    code: 0x40,
    title: 'Tunnel Request',
    framing: 'tunnel',
    from: 'node',
    to: 'node, RS',
    answer: 'tunnelResponse',
    purpose:
      'Opens or moves a leg at the Relay Server (flag leg; the inner part is then a path message for the other end) or starts the end-to-end handshake (inner part: Noise KKpsk0 whose payload is one byte, the suites that this end allows as in the field `suites`; or empty to open a NAT).',
    source: 'paper 3.2, 3.3',
    fields: { incarnation, stamp: stampField, inner: blob(1300) },
  }),
  tunnelResponse: row({
    code: 0x41,
    title: 'Tunnel Response',
    framing: 'tunnel',
    from: 'node, RS',
    to: 'node',
    purpose:
      'The answer: the source that was seen, a token to be confirmed, the second handshake message.',
    source: 'paper 3.2, 3.3',
    fields: {
      incarnation,
      stamp: stampField,
      observed: endpointField,
      token,
      epoch: below(4),
      inner: blob(1300),
    },
    notes: {
      inner:
        'Noise KKpsk0 whose payload is one byte, the bit of the suite that both ends use; or empty.',
    },
  }),
  tunnelConfirm: row({
    code: 0x42,
    title: 'Tunnel Confirm',
    framing: 'tunnel',
    from: 'node',
    to: 'RS',
    answer: 'tunnelResponse',
    purpose: 'Proves that the token arrived where the Tunnel Request claimed to come from.',
    source: 'added',
    fields: { incarnation, stamp: stampField, token },
  }),
  pathProbe: row({
    code: 0x44,
    title: 'Path Probe',
    framing: 'path',
    from: 'node',
    to: 'node',
    answer: 'pathAnswer',
    purpose:
      'Does this route work? With purpose "move": and from now on send to me this way. Names where else I might be reached.',
    source: 'added',
    fields: { probe: token, purpose: choice('test', 'move'), candidates },
  }),
  pathAnswer: row({
    code: 0x45,
    title: 'Path Answer',
    framing: 'path',
    from: 'node',
    to: 'node',
    purpose:
      'It does; this is the source I saw. A challenge that is not zero wants an answer itself.',
    source: 'added',
    fields: { probe: token, challenge: token, observed: optional(endpointField) },
  }),
  pathClose: row({
    code: 0x46,
    title: 'Path Close',
    framing: 'path',
    from: 'node',
    to: 'node',
    answer: 'none',
    purpose: 'This path is over for this reason.',
    source: 'added',
    fields: { reason: choice('stopping', 'idle', 'refused', 'replaced') },
  }),
  pathReport: row({
    code: 0x47,
    title: 'Path Report',
    framing: 'path',
    from: 'node',
    to: 'node',
    answer: 'none',
    purpose: 'Since you moved, so many of your Capsulated Packets have not come.',
    source: 'added',
    fields: { lost: u32 },
  }),
  capsulatedPacket: row({
    code: 0x80,
    title: 'Capsulated Packet',
    framing: 'data',
    from: 'node, RS',
    to: 'node, RS',
    purpose: 'An IP datagram between virtual IPs.',
    source: 'paper 3.2, 3.5',
    fields: {},
  }),
};
