/**
 * What joining and leaving a network do to the configuration: the address and key of the Direction Server
 * go into the section of the role, the token never does. Pure: the caller writes the text, and keeps the
 * token in the state directory until it is spent.
 */
import { toHex } from '../../base/bytes.ts';
import { decodeInvite, type Invite } from '../../protocol/invite.ts';
import {
  addSection,
  formatDocument,
  parseUci,
  sections,
  setOption,
  type UciDocument,
} from './document.ts';
import type { UciProblem } from './text.ts';

export type JoinRole = 'node' | 'rs';

export function roleOfInvite(invite: Invite): JoinRole {
  return invite.kind === 'relay' ? 'rs' : 'node';
}

export type Edited =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problems: readonly UciProblem[] };

/** The configuration with the role of the invite enabled and its Direction Server set. */
export function joinText(text: string, invite: Invite, name: string | undefined): Edited {
  const role = roleOfInvite(invite);
  return edit(text, (before) => {
    let document = before;
    let index = sectionIndex(document, role);
    if (index < 0) {
      document = addSection(document, role, freeName(document, role));
      index = sectionIndex(document, role);
    }
    const set = (option: string, value: string | readonly string[] | undefined): void => {
      document = setOption(document, index, option, value);
    };
    set('enabled', '1');
    set('invite', undefined);
    set('ds_address', invite.endpoints);
    set('ds_key', toHex(invite.publicKey));
    const wanted = name ?? invite.name;
    if (wanted !== '') set('name', wanted);
    return document;
  });
}

export interface AbsorbedInvite {
  readonly role: JoinRole;
  /** To be made durable before the text replaces the file. */
  readonly token: Uint8Array;
}

/**
 * Invites that the owner wrote into the configuration (`option invite`), turned into what `join` would
 * have written. An invite that is damaged or for the other role stays where it is and remains a problem
 * of the configuration; `invites` is empty when there is nothing to do.
 */
export function absorbInvites(text: string): {
  readonly text: string;
  readonly invites: readonly AbsorbedInvite[];
} {
  const invites: AbsorbedInvite[] = [];
  let current = text;
  for (const role of ['node', 'rs'] as const) {
    const section = sections(parseUci(current).document).find(({ type }) => type === role);
    const line = section?.optionByName.get('invite')?.values[0];
    const decoded = line === undefined ? undefined : decodeInvite(line);
    if (!section || !decoded?.ok || roleOfInvite(decoded.invite) !== role) continue;
    const name = section.optionByName.get('name')?.values[0];
    const enabled = section.optionByName.get('enabled')?.values[0];
    const edited = joinText(current, decoded.invite, name);
    if (!edited.ok) continue;
    current =
      enabled === undefined ? edited.text : withOption(edited.text, role, 'enabled', enabled);
    invites.push({ role, token: decoded.invite.token });
  }
  return { text: current, invites };
}

function withOption(text: string, role: JoinRole, name: string, value: string): string {
  const { document } = parseUci(text);
  return formatDocument(setOption(document, sectionIndex(document, role), name, value));
}

/** The configuration with the role disabled and its Direction Server forgotten. */
export function leaveText(text: string, role: JoinRole): Edited {
  return edit(text, (before) => {
    const index = sectionIndex(before, role);
    if (index < 0) return before;
    let document = setOption(before, index, 'enabled', '0');
    for (const option of ['invite', 'ds_address', 'ds_key', 'name']) {
      document = setOption(document, index, option, undefined);
    }
    return document;
  });
}

/** The Direction Server key, hexadecimal, that a role's section holds. */
export function joinedKey(text: string, role: JoinRole): string | undefined {
  const { document } = parseUci(text);
  const section = sections(document).find(({ type }) => type === role);
  return section?.optionByName.get('ds_key')?.values[0];
}

function edit(text: string, change: (document: UciDocument) => UciDocument): Edited {
  const { document, problems } = parseUci(text);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, text: formatDocument(change(document)) };
}

function sectionIndex(document: UciDocument, type: string): number {
  return sections(document).findIndex((section) => section.type === type);
}

function freeName(document: UciDocument, name: string): string | undefined {
  return sections(document).some((section) => section.name === name) ? undefined : name;
}
