/** The reports of several runs of the lab in one table: a line for each row, a group of columns for each data path. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const names = { user: 'TUN', kernel: 'module', mixed: 'mixed' };
const routes = { direct: 'end-to-end', punched: 'punched', relay: 'relay', none: 'none' };

const usualSuite = 'chacha20-poly1305';

/** What each run has left: its data path, what else is special, its machine, and its rows. */
export function collectRuns(folder) {
  if (!existsSync(folder)) return [];
  const order = Object.keys(names);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
    .map(({ patterns, environment }) => ({
      dataPath: environment['data path'],
      special: [
        ...(environment.suite === usualSuite ? [] : [environment.suite]),
        ...(environment['equal pools'] === 'yes' ? ['equal pools'] : []),
      ],
      environment,
      rows: patterns.map(rowOf),
    }))
    .sort((left, right) => order.indexOf(left.dataPath) - order.indexOf(right.dataPath));
}

function rowOf({ pattern, mobile, killed, peer, pathAfter, ...figures }) {
  const { interruptionMs, lost, backMs, bytesPerSecond, bytesOk, problems } = figures;
  const moves =
    killed === null ? `${mobile.from} => ${mobile.to}` : `${mobile.from}, kill ${killed}`;
  return {
    pattern,
    moves,
    peer,
    route: pathAfter,
    interruptionMs,
    lost,
    backMs,
    bytesPerSecond,
    bytesOk,
    problems,
  };
}

/** In Markdown: the data paths beside each other, and below them the runs with something special. */
export function comparison(reports) {
  const isSpecial = ({ special }) => special.length > 0;
  const groups = [reports.filter((each) => !isSpecial(each)), reports.filter(isSpecial)];
  return groups
    .filter((group) => group.length > 0)
    .map(tableOf)
    .join('\n\n');
}

function tableOf(reports) {
  const titles = reports.map(({ dataPath, special }) =>
    [names[dataPath] ?? dataPath, ...special].join(', '),
  );
  const group = (title) => [`${title}: silence ms`, 'lost', 'MB/s'];
  const head = ['pattern', 'MN moves', 'CN', 'route after', ...titles.flatMap(group)];
  const ids = [...new Set(reports.flatMap(({ rows }) => rows.map(({ pattern }) => pattern)))];
  const lines = ids.map((id) => {
    const found = reports.map(({ rows }) => rows.find(({ pattern }) => pattern === id));
    const first = found.find((row) => row !== undefined);
    const ways = [...new Set(found.flatMap((row) => (row ? [routes[row.route]] : [])))];
    return [id, first.moves, first.peer, ways.join(', '), ...found.flatMap(cells)];
  });
  return [head, head.map(() => '---'), ...lines].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cells(row) {
  if (row === undefined) return ['', '', ''];
  const { interruptionMs, lost, backMs, bytesPerSecond, bytesOk, problems } = row;
  if (problems.length > 0) return [`FAILED: ${problems.join('; ')}`, '', ''];
  const { up, down } = interruptionMs;
  const silence = Math.max(up, down).toFixed(0);
  return [
    backMs === null ? silence : `${silence} (back ${backMs.toFixed(0)})`,
    `${lost.up}/${lost.down}`,
    bytesOk && bytesPerSecond !== null ? (bytesPerSecond / 1e6).toFixed(2) : '-',
  ];
}
