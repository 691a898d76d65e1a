/**
 * Makes out/luci: one folder for each LuCI package with the files as they lie on a router. `htdocs` becomes
 * /www, `root` becomes /; what the views share with the daemon is bundled into LuCI modules, and each
 * translation becomes a package of its own with the .lmo file that LuCI reads.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { bundle } from '../esbuild.config.mjs';
import { lmoBytes } from './lmo.mjs';
import { readPo } from './po.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const packages = ['luci-app-ntmobile', 'luci-proto-ntmobile'];
/** Module in /luci-static/resources/ntmobile, from the entry of the same name in `bundled`. */
export const bundledModules = ['rules', 'qr'];
const languages = { ja: '日本語 (Japanese)' };

/** A LuCI module: its directives come first, and it returns a class. */
export async function bundledModule(name) {
  const result = await bundle({
    entryPoints: [join(here, 'bundled', `${name}.ts`)],
    format: 'iife',
    globalName: 'exported',
    minify: true,
    write: false,
    target: 'es2020',
    banner: { js: "'use strict';\n'require baseclass';" },
    footer: { js: 'return baseclass.extend(exported);' },
    legalComments: 'none',
  });
  return result.outputFiles[0].text;
}

/** The translation file of a package and language, or undefined when it has none. */
export function translation(name, language) {
  const file = join(here, name, 'po', language, `${baseName(name)}.po`);
  return existsSync(file) ? lmoBytes(readPo(readFileSync(file, 'utf8'))) : undefined;
}

/** As luci.mk and our Makefiles name it: `ntmobile`, `proto-ntmobile`. */
export function baseName(name) {
  return name.replace(/^luci-(app-)?/, '');
}

function put(file, contents) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, contents);
}

function buildTranslation(folder, name, language) {
  const bytes = translation(name, language);
  if (!bytes) return;
  const packageFolder = join(folder, `luci-i18n-${baseName(name)}-${language}`);
  const title = languages[language];
  put(join(packageFolder, `usr/lib/lua/luci/i18n/${baseName(name)}.${language}.lmo`), bytes);
  put(
    join(packageFolder, `etc/uci-defaults/luci-i18n-${baseName(name)}-${language}`),
    `uci set luci.languages.${language}='${title}'; uci commit luci\n`,
  );
}

/** Writes the tree of every package into `folder`, which is emptied first; their names. */
export async function buildLuci(folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const name of packages) {
    const target = join(folder, name);
    mkdirSync(target, { recursive: true });
    const copy = (from, to) => {
      if (existsSync(join(here, name, from))) {
        cpSync(join(here, name, from), join(target, to), { recursive: true });
      }
    };
    copy('htdocs', 'www');
    copy('root', '.');
    for (const language of Object.keys(languages)) buildTranslation(folder, name, language);
  }
  for (const name of bundledModules) {
    const file = `luci-app-ntmobile/www/luci-static/resources/ntmobile/${name}.js`;
    put(join(folder, file), await bundledModule(name));
  }
  return readdirSync(folder).sort();
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(here, '../out/luci');
  for (const name of await buildLuci(folder)) console.log(`out/luci/${name}`);
}
