/**
 * Inside a test bundle, under Node or txiki.js: runs the tests of one file after the other and reports
 * them to the parent process as lines `@kind JSON`.
 */
const ends = { passed: 0, failed: 0, skipped: 0 };
const leave = globalThis.tjs ? (code) => tjs.exit(code) : (code) => process.exit(code);

function say(kind, value) {
  // uvu draws its dots without a line end.
  console.log(`\n@${kind} ${JSON.stringify(value)}`);
}

export function begin(word) {
  globalThis.UVU_DEFER = 1;
  globalThis.UVU_INDEX = 0;
  globalThis.NTM_RUN = { word, file: '', say };
}

export async function run(file, load) {
  globalThis.NTM_RUN.file = file;
  globalThis.UVU_QUEUE = [[]];
  say('begin', file);
  const count = { passed: 0, failed: 0, skipped: 0 };
  try {
    await load();
    for (const runSuite of globalThis.UVU_QUEUE[0]) {
      const [errors, passed, skipped, total] = await runSuite();
      count.passed += passed;
      count.skipped += skipped;
      count.failed += total - passed;
      if (errors.length) say('failure', { file, text: errors });
    }
  } catch (error) {
    count.failed += 1;
    say('failure', { file, text: `${error?.message ?? error}\n${error?.stack ?? ''}` });
  }
  for (const key of Object.keys(ends)) ends[key] += count[key];
  say('file', { file, ...count });
}

export function end() {
  say('result', ends);
  leave(ends.failed === 0 ? 0 : 1);
}
