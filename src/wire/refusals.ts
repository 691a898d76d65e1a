/** What a Refusal says: the one list of codes, with the sentence a person reads and what to do about it. */
export const refusals = {
  notEnrolled: {
    code: 1,
    text: 'This key is not enrolled here. Ask the owner of the Direction Server for an invite.',
  },
  inviteUnknown: { code: 2, text: 'This invite is not known. Ask for a new one.' },
  inviteExpired: { code: 3, text: 'This invite has expired. Ask for a new one.' },
  inviteSpent: {
    code: 4,
    text: 'This invite was already used by another device. Ask for a new one.',
  },
  removed: { code: 5, text: 'This node was removed by the owner of the Direction Server.' },
  nameTaken: { code: 6, text: 'This name belongs to another node. Choose another one.' },
  nameInvalid: { code: 7, text: 'A name is 1 to 63 letters, digits and hyphens.' },
  poolExhausted: {
    code: 8,
    text: 'The pool of virtual IPs is used up. Enlarge "pool" in the DS settings or remove nodes.',
  },
  unknownPeer: { code: 9, text: 'No such node.' },
  peerOffline: { code: 10, text: 'That node is known but not online.' },
  unknownZone: { code: 11, text: 'No Direction Server is known for that zone.' },
  zoneRefused: { code: 12, text: 'The owner does not allow paths to or from that zone.' },
  noRelay: { code: 13, text: 'No Relay Server is available for this path.' },
  noExit: { code: 14, text: 'No Relay Server here carries traffic to general nodes.' },
  pathIdTaken: { code: 15, text: 'That Path ID belongs to another path.' },
  full: { code: 16, text: 'This server is at its limit. Try again later.' },
  notAllowed: { code: 17, text: 'Not allowed for this sender.' },
  unknownPath: { code: 18, text: 'No such path.' },
  inviteKind: {
    code: 19,
    text: 'This invite is for the other role, node or Relay Server. Ask for a new one.',
  },
  zoneAsks: {
    code: 20,
    text: 'The owner of a Direction Server has to accept the other zone first, with "ntmobile trust ZONE".',
  },
  zoneKeyChanged: {
    code: 21,
    text: 'That zone has another key than before. Its owner must confirm it, then "ntmobile trust ZONE" on your Direction Server.',
  },
  nameChanged: {
    code: 22,
    text: 'That name is another node than before. Its owner must confirm it, then "ntmobile trust NAME" on your Direction Server.',
  },
} as const;

export type RefusalName = keyof typeof refusals;

const nameByCode = new Map<number, RefusalName>(
  Object.entries(refusals).map(([name, row]) => [row.code, name as RefusalName]),
);

export function refusalName(code: number): RefusalName | undefined {
  return nameByCode.get(code);
}
