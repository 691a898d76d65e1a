/** LuCI's `uci`: a copy of the configuration in the browser, changed there, saved and applied. */

export function createUci(rpc) {
  const call = (method, params) => rpc.declare({ object: 'uci', method, params, reject: true });
  const get = rpc.declare({
    object: 'uci',
    method: 'get',
    params: ['config'],
    expect: { values: {} },
  });
  const add = call('add', ['config', 'type', 'name', 'values']);
  const set = call('set', ['config', 'section', 'values']);
  const del = call('delete', ['config', 'section', 'options']);
  const apply = call('apply', ['timeout', 'rollback']);
  const confirm = call('confirm', []);
  const configs = new Map();
  let created = [];
  let changed = new Map();
  let removed = [];
  let number = 0;

  const sectionsOf = (config) => configs.get(config) ?? new Map();

  function changesOf(config, sid) {
    const key = JSON.stringify([config, sid]);
    if (!changed.has(key)) changed.set(key, {});
    return changed.get(key);
  }

  const uci = {
    load(names) {
      return Promise.all(
        [names].flat().map(async (name) => {
          if (configs.has(name)) return name;
          const values = await get(name);
          const entries = Object.values(values).sort((a, b) => a['.index'] - b['.index']);
          configs.set(name, new Map(entries.map((section) => [section['.name'], section])));
          return name;
        }),
      );
    },

    unload(names) {
      for (const name of [names].flat()) configs.delete(name);
    },

    sections(config, type) {
      return [...sectionsOf(config).values()].filter((each) => !type || each['.type'] === type);
    },

    get(config, sid, option) {
      const section = sectionsOf(config).get(sid);
      return option === undefined ? section : (section?.[option] ?? null);
    },

    add(config, type, name) {
      number += 1;
      const sid = name ?? `new${number}`;
      const section = { '.name': sid, '.type': type, '.anonymous': name === undefined };
      sectionsOf(config).set(sid, section);
      created.push({ config, section, name });
      return sid;
    },

    remove(config, sid) {
      sectionsOf(config).delete(sid);
      const index = created.findIndex(({ section }) => section['.name'] === sid);
      if (index >= 0) created.splice(index, 1);
      else removed.push({ config, sid });
    },

    set(config, sid, option, value) {
      if (value === null || value === undefined || value === '')
        return uci.unset(config, sid, option);
      const section = sectionsOf(config).get(sid);
      if (!section || JSON.stringify(section[option]) === JSON.stringify(value)) return;
      section[option] = value;
      changesOf(config, sid)[option] = value;
    },

    unset(config, sid, option) {
      const section = sectionsOf(config).get(sid);
      if (!section || !(option in section)) return;
      delete section[option];
      changesOf(config, sid)[option] = null;
    },

    async save() {
      for (const { config, sid } of removed) await del(config, sid);
      for (const { config, section, name } of created) {
        const values = Object.fromEntries(
          Object.entries(section).filter(([key]) => key[0] !== '.'),
        );
        await add(config, section['.type'], name, values);
      }
      for (const [key, options] of changed) {
        const [config, sid] = JSON.parse(key);
        if (created.some(({ section }) => section['.name'] === sid)) continue;
        const isGone = ([, value]) => value === null;
        const gone = Object.entries(options)
          .filter(isGone)
          .map(([name]) => name);
        const kept = Object.fromEntries(Object.entries(options).filter((each) => !isGone(each)));
        if (gone.length > 0) await del(config, sid, gone);
        if (Object.keys(kept).length > 0) await set(config, sid, kept);
      }
      created = [];
      changed = new Map();
      removed = [];
      const names = [...configs.keys()];
      configs.clear();
      return uci.load(names);
    },

    async apply() {
      await apply(10, true);
      await confirm();
    },
  };
  return uci;
}
