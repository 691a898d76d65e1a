/**
 * Reads the part of YAML that the netlink spec is written in: block maps and lists by indentation, flow
 * maps and lists on one line, plain and quoted scalars, and folded text (`>-`). Everything else in the
 * language is refused with the line it is on, so that a spec never means something else here.
 */

/** The document as plain objects, arrays, strings, numbers and booleans. */
export function parseYamlSubset(text) {
  const lines = text
    .split('\n')
    .map((raw, index) => ({ raw, number: index + 1, indent: raw.search(/\S/) }))
    .filter(({ raw }) => raw.trim() !== '' && !/^\s*#/.test(raw) && raw !== '---');
  const state = { lines, at: 0 };
  const value = readBlock(state, 0);
  if (state.at < lines.length) fail(lines[state.at], 'indentation that fits nothing above');
  return value;
}

function fail(line, why) {
  throw new Error(`line ${line.number}: ${why}: ${line.raw.trim()}`);
}

function readBlock(state, indent) {
  const line = state.lines[state.at];
  return line.raw.trimStart().startsWith('- ') ? readList(state, indent) : readMap(state, indent);
}

function readList(state, indent) {
  const list = [];
  for (let line = state.lines[state.at]; line?.indent === indent; line = state.lines[state.at]) {
    const rest = line.raw.slice(indent);
    if (!rest.startsWith('- ')) break;
    const item = rest.slice(2).trimStart();
    if (item.startsWith('{') || item.startsWith('[')) {
      list.push(readFlow(line, item));
      state.at += 1;
    } else {
      line.indent = line.raw.length - item.length;
      line.raw = ' '.repeat(line.indent) + item;
      list.push(readMap(state, line.indent));
    }
  }
  return list;
}

function readMap(state, indent) {
  const map = {};
  for (let line = state.lines[state.at]; line?.indent === indent; line = state.lines[state.at]) {
    const match = /^([A-Za-z][\w-]*):(?: (.*))?$/.exec(line.raw.slice(indent));
    if (!match) fail(line, 'no key');
    const [, key, value] = match;
    if (Object.hasOwn(map, key)) fail(line, 'key twice');
    state.at += 1;
    const next = state.lines[state.at];
    if (value === '>-') map[key] = readFolded(state, indent);
    else if (value) map[key] = readFlow(line, value);
    else if (next && next.indent > indent) map[key] = readBlock(state, next.indent);
    else fail(line, 'no value');
  }
  return map;
}

function readFolded(state, indent) {
  const words = [];
  while (state.lines[state.at]?.indent > indent) {
    words.push(state.lines[state.at].raw.trim());
    state.at += 1;
  }
  return words.join(' ');
}

function readFlow(line, text) {
  if (!/^[{["]/.test(text)) return scalar(line, text);
  const reader = { text, at: 0, line };
  const value = flowValue(reader);
  if (reader.at !== text.length) fail(line, 'text behind the value');
  return value;
}

function flowValue(reader) {
  skipSpaces(reader);
  const first = reader.text[reader.at];
  if (first === '{') return flowSeries(reader, '}', {}, flowPair);
  if (first === '[') return flowSeries(reader, ']', [], (list) => list.push(flowValue(reader)));
  const pattern = first === '"' ? /"[^"\\]*"/y : /[^,{}[\]"#]+/y;
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text);
  if (!match) fail(reader.line, 'no value');
  reader.at = pattern.lastIndex;
  return first === '"' ? match[0].slice(1, -1) : scalar(reader.line, match[0].trim());
}

function flowSeries(reader, end, series, readItem) {
  do {
    reader.at += 1;
    readItem(series, reader);
    skipSpaces(reader);
  } while (reader.text[reader.at] === ',');
  if (reader.text[reader.at] !== end) fail(reader.line, `no ${end}`);
  reader.at += 1;
  return series;
}

function flowPair(map, reader) {
  const pattern = /\s*([A-Za-z][\w-]*):/y;
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text);
  if (!match) fail(reader.line, 'no key');
  reader.at = pattern.lastIndex;
  map[match[1]] = flowValue(reader);
}

function skipSpaces(reader) {
  while (reader.text[reader.at] === ' ') reader.at += 1;
}

function scalar(line, text) {
  if (/^[&*!|>%@`']/.test(text) || /: | #/.test(text)) fail(line, 'more YAML than is read here');
  if (/^\d+$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}
