/** Reads gettext .po files as far as LuCI uses them: contexts, plurals, texts over several lines. */

/** Entries { context, id, plural, texts: [text or forms] } in the file's order; the header has id ''. */
export function readPo(text) {
  const entries = [];
  let entry;
  let add = () => {};
  const begin = () => {
    if (entry) entries.push(entry);
    entry = { context: undefined, id: undefined, plural: undefined, texts: [], isFuzzy: false };
  };
  begin();
  for (const line of text.split('\n')) {
    const [, word, index, quoted] =
      /^(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d)\])?\s+)?"(.*)"\s*$/.exec(line) ?? [];
    if (quoted === undefined) {
      if (line.trim() === '' && entry.id !== undefined) begin();
      if (/^#,.*\bfuzzy\b/.test(line)) entry.isFuzzy = true;
      continue;
    }
    const piece = unescaped(quoted);
    if (word === 'msgctxt') add = (more) => (entry.context = (entry.context ?? '') + more);
    else if (word === 'msgid') add = (more) => (entry.id = (entry.id ?? '') + more);
    else if (word === 'msgid_plural') add = (more) => (entry.plural = (entry.plural ?? '') + more);
    else if (word === 'msgstr') {
      const form = Number(index ?? 0);
      add = (more) => (entry.texts[form] = (entry.texts[form] ?? '') + more);
    }
    add(piece);
  }
  begin();
  return entries.slice(0, -1 + (entries.at(-1)?.id === undefined ? 0 : 1));
}

function unescaped(text) {
  return text.replace(/\\(["\\n])/g, (_, letter) => (letter === 'n' ? '\n' : letter));
}
