/** LuCI's `form` as far as the settings page goes: sections with tabs, and five kinds of option. */

class Option {
  constructor(section, name, title, help) {
    Object.assign(this, { section, name, title, help, choices: [], optional: false });
  }

  value(key, label) {
    this.choices.push([key, label]);
  }

  id(sid) {
    return `widget.cbid.${this.section.map.config}.${sid}.${this.name}`;
  }

  cfgvalue(sid) {
    return L.uci.get(this.section.map.config, sid, this.name);
  }

  input(sid, value) {
    return E('input', {
      id: this.id(sid),
      type: 'text',
      class: 'cbi-input-text',
      placeholder: this.placeholder,
      value: value ?? null,
    });
  }

  render(sid) {
    this.widget ??= new Map();
    const widget = this.input(sid, this.cfgvalue(sid));
    const error = E('div', { class: 'cbi-input-error', role: 'alert' });
    this.widget.set(sid, { widget, error });
    widget.addEventListener('change', () => this.check(sid));
    return E('div', { class: 'cbi-value' }, [
      E('label', { class: 'cbi-value-title', for: this.id(sid) }, [this.title]),
      E('div', { class: 'cbi-value-field' }, [
        widget,
        E('div', { class: 'cbi-value-description' }, [this.help]),
        error,
      ]),
    ]);
  }

  formvalue(sid) {
    return this.widget.get(sid).widget.value.trim();
  }

  check(sid) {
    const { error } = this.widget.get(sid);
    const values = [this.formvalue(sid)].flat();
    const wrong = values
      .map((value) => this.validate?.(sid, value) ?? true)
      .find((result) => result !== true);
    error.textContent = wrong ?? '';
    return wrong === undefined;
  }

  parse(sid) {
    if (!this.check(sid))
      throw new Error(`${this.title}: ${this.widget.get(sid).error.textContent}`);
    this.write(sid, this.formvalue(sid));
  }

  write(sid, value) {
    L.uci.set(this.section.map.config, sid, this.name, value);
  }
}

class Flag extends Option {
  input(sid, value) {
    const isOn = (value ?? this.default) === '1';
    return E('input', { id: this.id(sid), type: 'checkbox', checked: isOn ? '' : null });
  }

  formvalue(sid) {
    return this.widget.get(sid).widget.checked ? '1' : '0';
  }
}

class ListValue extends Option {
  input(sid, value) {
    return E(
      'select',
      { id: this.id(sid) },
      this.choices.map(([key, label]) =>
        E('option', { value: key, selected: key === (value ?? this.default) ? '' : null }, [label]),
      ),
    );
  }
}

/** One line a value; LuCI shows one field a value. */
class DynamicList extends Option {
  input(sid, value) {
    return E('textarea', { id: this.id(sid), rows: 2, placeholder: this.placeholder }, [
      [value ?? []].flat().join('\n'),
    ]);
  }

  formvalue(sid) {
    return this.widget
      .get(sid)
      .widget.value.split(/\s+/)
      .filter((each) => each !== '');
  }

  write(sid, values) {
    if (values.length > 0) L.uci.set(this.section.map.config, sid, this.name, values);
    else L.uci.unset(this.section.map.config, sid, this.name);
  }
}

class Section {
  constructor(map, title, help) {
    Object.assign(this, { map, title, help, options: [], tabs: [] });
  }

  tab(name, title) {
    this.tabs.push({ name, title });
  }

  option(Kind, ...given) {
    const option = new Kind(this, ...given);
    this.options.push(option);
    return option;
  }

  taboption(tab, Kind, ...given) {
    return Object.assign(this.option(Kind, ...given), { tab });
  }

  fields(sid) {
    if (this.tabs.length === 0) return this.options.map((option) => option.render(sid));
    const panes = this.tabs.map(({ name }) =>
      E(
        'div',
        { 'data-tab': name },
        this.options.filter((option) => option.tab === name).map((option) => option.render(sid)),
      ),
    );
    const show = (chosen) => {
      for (const pane of panes) pane.hidden = pane.dataset.tab !== chosen;
    };
    show(this.tabs[0].name);
    const heads = this.tabs.map(({ name, title }) =>
      E('li', {}, [
        E(
          'a',
          {
            href: '#',
            click: (ev) => {
              ev.preventDefault();
              show(name);
            },
          },
          [title],
        ),
      ]),
    );
    return [E('ul', { class: 'cbi-tabmenu' }, heads), ...panes];
  }

  frame(children) {
    return E('div', { class: 'cbi-section', 'aria-label': this.title }, [
      E('h3', {}, [this.title]),
      E('p', {}, [this.help ?? '']),
      ...children,
    ]);
  }

  parse() {
    for (const sid of this.ids()) for (const option of this.options) option.parse(sid);
  }
}

class NamedSection extends Section {
  constructor(map, sid, _type, title, help) {
    super(map, title, help);
    this.sid = sid;
  }

  ids() {
    return [this.sid];
  }

  render() {
    return this.frame(this.fields(this.sid));
  }
}

class TypedSection extends Section {
  constructor(map, type, title, help) {
    super(map, title, help);
    this.type = type;
  }

  ids() {
    return L.uci.sections(this.map.config, this.type).map((each) => each['.name']);
  }

  render() {
    const place = E('div');
    const draw = () => {
      const blocks = this.ids().map((sid) =>
        E('div', { class: 'cbi-section-node' }, [
          ...this.fields(sid),
          E(
            'button',
            {
              class: 'cbi-button',
              click: () => {
                L.uci.remove(this.map.config, sid);
                draw();
              },
            },
            [_('Delete')],
          ),
        ]),
      );
      const add = () => {
        L.uci.add(this.map.config, this.type);
        draw();
      };
      place.replaceChildren(
        ...blocks,
        E('button', { class: 'cbi-button', click: add }, [this.addbtntitle]),
      );
    };
    draw();
    return this.frame([place]);
  }
}

class Map_ {
  constructor(config, title, help) {
    Object.assign(this, { config, title, help, parts: [] });
  }

  section(Kind, ...given) {
    const section = new Kind(this, ...given);
    this.parts.push(section);
    return section;
  }

  async render() {
    await L.uci.load(this.config);
    const node = E('div', { class: 'cbi-map' }, [
      E('h2', {}, [this.title]),
      E('div', { class: 'cbi-map-descr' }, [this.help]),
      ...this.parts.map((part) => part.render()),
    ]);
    node.map = this;
    return node;
  }

  async parse() {
    for (const part of this.parts) part.parse();
  }

  async save() {
    try {
      await this.parse();
      await L.uci.save();
    } catch (error) {
      L.ui.showModal('Save error', [
        E('p', {}, [error.message]),
        E('div', { class: 'right' }, [
          E('button', { class: 'btn', click: L.ui.hideModal }, ['Dismiss']),
        ]),
      ]);
      throw error;
    }
  }
}

export const form = {
  Map: Map_,
  NamedSection,
  TypedSection,
  Flag,
  Value: Option,
  ListValue,
  DynamicList,
  DummyValue: Option,
};
