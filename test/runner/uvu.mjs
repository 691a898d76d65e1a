/**
 * Stands for uvu in test bundles: the same `test` and `suite`, of which only the tests whose name or file
 * holds the wanted word are kept, and each of which says its name when it begins, so that a test
 * that never ends can be named. The file being read is told by runner/entry.
 */
import * as uvu from '../../node_modules/uvu/dist/index.mjs';

const noop = () => undefined;
const lower = (text) => text.toLowerCase();

function kept(name) {
  const { word, file } = globalThis.NTM_RUN;
  return word === '' || lower(file).includes(word) || lower(name).includes(word);
}

function named(name, handler) {
  const { file, say } = globalThis.NTM_RUN;
  return (context) => {
    say('begin', `${file}: ${name}`);
    return handler(context);
  };
}

function filtered(inner) {
  const outer = (name, handler) => (kept(name) ? inner(name, named(name, handler)) : noop());
  outer.only = (name, handler) => (kept(name) ? inner.only(name, named(name, handler)) : noop());
  outer.skip = (name = '', handler = noop) => (kept(name) ? inner.skip(name, handler) : noop());
  outer.before = inner.before;
  outer.after = inner.after;
  outer.run = inner.run;
  return outer;
}

export const test = filtered(uvu.test);
export const suite = (name, state) => filtered(uvu.suite(name, state));
