/**
 * LuCI's client side as far as its documentation promises it to views, for tests only: classes and their
 * loader, E(), translation, polling. Written anew from the documented behaviour; where LuCI is careless (a
 * string for children becomes HTML) this is careless in the same way, so that tests find what would hurt.
 */

import { form } from './form.mjs';
import { installFormat } from './format.mjs';
import { createRpc } from './rpc.mjs';
import { createUci } from './uci.mjs';
import { ui } from './ui.mjs';

const settings = window.NTM_PAGE;

function isElement(value) {
  return value instanceof Node;
}

function append(node, children) {
  if (Array.isArray(children)) {
    for (const child of children) {
      if (isElement(child)) node.appendChild(child);
      else if (child !== null && child !== undefined) {
        node.appendChild(document.createTextNode(String(child)));
      }
    }
  } else if (isElement(children)) node.appendChild(children);
  else if (children !== null && children !== undefined) node.innerHTML = String(children);
}

function create(tag, ...rest) {
  const children = rest.length > 1 ? rest[1] : isPlain(rest[0]) ? undefined : rest[0];
  const attributes = isPlain(rest[0]) ? rest[0] : {};
  if (Array.isArray(tag)) {
    const fragment = document.createDocumentFragment();
    append(fragment, tag.length > 0 ? tag : rest[0]);
    return fragment;
  }
  const node = isElement(tag) ? tag : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else node.setAttribute(name, value);
  }
  append(node, children);
  return node;
}

function isPlain(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isElement(value);
}

class Base {
  super(name, ...given) {
    return Object.getPrototypeOf(Object.getPrototypeOf(this))[name]?.apply(this, given);
  }
}

/** Called on a class, it makes one below it. */
Base.extend = function (members) {
  class Derived extends this {}
  for (const name in members) Derived.prototype[name] = members[name];
  return Derived;
};

/** Every second; a question whose answer is awaited is not asked again. */
class Poll {
  queue = [];
  tick = 0;

  add(fn, seconds = 5) {
    this.queue.push({ fn, seconds, isFree: true });
    return true;
  }

  remove(fn) {
    this.queue = this.queue.filter((each) => each.fn !== fn);
    return true;
  }

  step() {
    for (const each of this.queue) {
      if (this.tick % each.seconds !== 0 || !each.isFree) continue;
      each.isFree = false;
      Promise.resolve(each.fn()).finally(() => {
        each.isFree = true;
      });
    }
    this.tick += 1;
  }

  start() {
    window.setInterval(() => this.step(), 1000);
  }
}

/** The dialog has said it already. */
function told() {}

class View extends Base {
  start() {
    const place = document.getElementById('view');
    return Promise.resolve(this.load())
      .then((data) => this.render(data))
      .then((node) => {
        place.replaceChildren(node);
        if (this.handleSave !== null) place.appendChild(this.saveButtons());
        document.body.dataset.ready = 'true';
      });
  }

  load() {}

  saveButtons() {
    const button = (text, act) => create('button', { class: 'cbi-button', click: act }, [text]);
    return create('div', { class: 'cbi-page-actions' }, [
      button(_('Save & Apply'), () => this.handleSave().then(() => L.uci.apply(), told)),
      ' ',
      button(_('Save'), () => this.handleSave().catch(told)),
    ]);
  }

  handleSave() {
    const tasks = [...document.querySelectorAll('.cbi-map')].map((node) => node.map?.save());
    return Promise.all(tasks);
  }
}

const instances = new Map();

function load(name) {
  if (!instances.has(name)) instances.set(name, compile(name));
  return instances.get(name);
}

/** As LuCI does: directives in front of the text name what it needs, and its text is a function's body. */
async function compile(name) {
  const url = `${settings.resource}/${name.replaceAll('.', '/')}.js`;
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`HTTP error ${reply.status} while loading class file "${url}"`);
  const source = await reply.text();
  const names = [];
  const values = [];
  const bare = source.replace(/\/\*[\s\S]*?\*\//g, '');
  for (const [, text] of bare.matchAll(/(?:^|\n|;)\s*'([^'\n]*)'/g)) {
    const [, needed, as] = /^require[ \t]+(\S+)(?:[ \t]+as[ \t]+([a-zA-Z_]\S*))?$/.exec(text) ?? [];
    if (needed === undefined && text !== 'use strict') break;
    if (needed === undefined) continue;
    names.push(as ?? needed.replace(/[^a-zA-Z0-9_]/g, '_'));
    values.push(load(needed));
  }
  const ready = await Promise.all(values);
  const factory = new Function(
    'window',
    'document',
    'L',
    ...names,
    `${source}\n//# sourceURL=${url}`,
  );
  const Class = factory(window, document, L, ...ready);
  if (!(Class?.prototype instanceof Base)) throw new TypeError(`"${name}" yields no class`);
  return new Class();
}

const poll = new Poll();

const L = {
  env: { pollinterval: 5 },
  Class: Base,
  poll,
  isObject: (value) => typeof value === 'object' && value !== null,
  require: (name) => load(name),
  resolveDefault: (value, fallback) => Promise.resolve(value).catch(() => fallback),
  resource: (...parts) => [settings.resource, ...parts].join('/'),
  url: (...parts) => ['/cgi-bin/luci', ...parts].join('/'),
  hasViewPermission: () => settings.mayWrite,
  bind: (fn, self, ...given) => fn.bind(self, ...given),
};

window.L = L;
window.E = create;
window._ = (text, context) =>
  settings.texts[context === undefined ? text : `${context}\u0001${text}`] ?? text;
window.N_ = (count, one, many) => settings.texts[`${one}\u00020`] ?? (count === 1 ? one : many);
installFormat();

L.rpc = createRpc(settings);
L.uci = createUci(L.rpc);
L.ui = ui;
const fs = {
  exec: L.rpc.declare({ object: 'file', method: 'exec', params: ['command', 'params'] }),
};
const network = { getWANNetworks: () => Promise.resolve([]) };
const known = { baseclass: Base, view: View, rpc: L.rpc, uci: L.uci, ui, poll, fs, form, network };
known.dom = {
  append,
  content: (node, children) => append(node.replaceChildren() ?? node, children),
};
for (const [name, value] of Object.entries(known)) instances.set(name, Promise.resolve(value));

document.addEventListener('DOMContentLoaded', () => {
  poll.start();
  const found = settings.include
    ? load(settings.include).then(async (part) => {
        const node = part.render(await part.load());
        document.getElementById('view').replaceChildren(...(node ? [node] : []));
        document.body.dataset.ready = 'true';
      })
    : load(`view.${settings.view}`).then((view) => view.start());
  found.catch((error) => {
    document.getElementById('view').textContent = `${error.name}: ${error.message}`;
    throw error;
  });
});
