/** The page round a view, as a LuCI theme gives it: menu, content, and colours as variables of the theme. */

export interface Shell {
  readonly view: string;
  readonly mayWrite: boolean;
  readonly language: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly isDark: boolean;
}

const views = ['overview', 'paths', 'handovers', 'nodes', 'relays', 'settings'];

const style = `
:root { color-scheme: light; --back: #fff; --text: #404040; --line: #ddd; --soft: #f5f5f5;
  --success-color-high: #0a8f4c; --primary-color-high: #1976d2; --error-color-high: #c62828; --warn: #b26a00; }
[data-darkmode=true] { color-scheme: dark; --back: #222; --text: #ddd; --line: #444; --soft: #2c2c2c;
  --success-color-high: #35c27b; --primary-color-high: #6cb0f5; --error-color-high: #f2706b; --warn: #e0a040; }
body { margin: 0; font: 13px/1.5 sans-serif; background: var(--back); color: var(--text); }
header { background: #222; color: #fff; padding: .6em 3em; font-size: 1.4em; }
#maincontent { max-width: 1180px; margin: 1em auto; padding: 0 1em; }
nav a { display: inline-block; padding: .3em .6em; border: 1px solid var(--line); text-decoration: none; color: inherit; }
nav a[aria-current] { color: var(--primary-color-high); border-bottom-color: transparent; }
a { color: var(--primary-color-high); }
h2 { font-size: 1.8em; margin: .6em 0 .2em; } h3 { margin: .8em 0 .3em; } h4 { margin: 0; }
table.table { width: 100%; border-collapse: collapse; margin: .5em 0; }
.td, .th { padding: .4em .6em; border-top: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: break-word; }
.cbi-rowstyle-2 { background: var(--soft); }
.label { font-size: .8em; font-weight: bold; padding: .1em .4em; border-radius: 3px; background: #777; color: #fff; }
.label.success { background: var(--success-color-high); } .label.warning { background: var(--warn); }
.label.notice { background: var(--primary-color-high); }
[data-darkmode=true] .label { color: #111; }
.alert-message { border: 1px solid; border-left-width: 5px; border-radius: 4px; padding: .5em 1em; margin: .6em 0; }
.alert-message p { margin: .2em 0; }
.alert-message.warning { border-color: var(--warn); } .alert-message.danger { border-color: var(--error-color-high); }
.alert-message.success { border-color: var(--success-color-high); } .alert-message.notice { border-color: var(--primary-color-high); }
button, input, select, textarea { font: inherit; padding: .25em .6em; border: 1px solid var(--line); border-radius: 4px; background: var(--back); color: inherit; }
button { cursor: pointer; white-space: nowrap; } input, select, textarea { box-sizing: border-box; max-width: 100%; } button:disabled { opacity: .5; }
.cbi-button-negative { color: var(--error-color-high); } .cbi-button-action, .cbi-button-reload { color: var(--primary-color-high); }
.cbi-button-save, .cbi-button-add, .cbi-button-positive { color: var(--success-color-high); }
:focus-visible { outline: 2px solid var(--primary-color-high); outline-offset: 1px; }
.cbi-value { display: flex; gap: 1em; margin: .5em 0; } .cbi-value-title { width: 14em; text-align: right; flex: none; }
.cbi-value-field { flex: 1; } .cbi-value-description { opacity: .8; } .cbi-input-error { color: var(--error-color-high); }
.cbi-progressbar { border: 1px solid var(--line); height: .9em; max-width: 20em; } .cbi-progressbar > div { height: 100%; background: var(--primary-color-high); }
.right { text-align: right; } .cbi-page-actions { border-top: 1px solid var(--line); padding: 1em 0; text-align: right; }
.cbi-tabmenu { list-style: none; padding: 0; display: flex; gap: 1em; }
#modal_overlay { display: none; } .modal-overlay-active #modal_overlay { display: block; position: fixed; inset: 0; background: #0009; overflow: auto; }
.modal { background: var(--back); max-width: 600px; margin: 2em auto; padding: 1em; border-radius: 6px; }
@media (max-width: 600px) {
  .tr { display: flex; flex-wrap: wrap; padding: .4em 0; border-top: 1px solid var(--line); } thead { display: none; }
  .td, .th { border: 0; flex: 1 1 40%; overflow-wrap: anywhere; } .td[data-title]:not([data-title=""])::before, .th[data-title]:not([data-title=""])::before { content: attr(data-title) ": "; font-weight: bold; display: block; }
  .cbi-value { display: block; } .cbi-value-title { text-align: left; display: block; } header { padding: .6em 1em; }
}`;

export function pageShell({ view, mayWrite, language, texts, isDark }: Shell): string {
  const include = view === 'status' ? 'view.status.include.65_ntmobile' : null;
  const settings = {
    view: `ntmobile.${view}`,
    include,
    mayWrite,
    texts,
    session: 'f'.repeat(32),
    ubus: '/ubus',
    resource: '/luci-static/resources',
  };
  const menu = views.map((name) => {
    const current = name === view ? ' aria-current="page"' : '';
    return `<a href="/cgi-bin/luci/admin/services/ntmobile/${name}"${current}>${title(name)}</a>`;
  });
  return `<!DOCTYPE html>
<html lang="${language}" data-darkmode="${isDark}">
<head><meta charset="utf-8"><title>OpenWrt</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>${style}</style></head>
<body><header>OpenWrt</header>
<div id="maincontent"><nav aria-label="NTMobile">${menu.join(' ')}</nav><div id="view"></div></div>
<script>window.NTM_PAGE = ${JSON.stringify(settings).replaceAll('<', '\\u003c')};</script>
<script src="/client.js"></script></body></html>`;

  function title(name: string): string {
    const text = `${name[0]?.toUpperCase()}${name.slice(1)}`;
    return texts[text] ?? text;
  }
}
