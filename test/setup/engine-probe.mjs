/** Says "engine ready" if this engine runs and finds libsodium: run by the set-up under txiki.js. */
import * as ffi from 'tjs:ffi';

const F = ffi.default ?? ffi;
const name = 'libsodium.so.23';
// Reading its version is enough; a library must stay referenced while it is used.
const library = F.dlopen
  ? F.dlopen(name, { sodium_library_version_major: { args: [], returns: 'int' } })
  : new F.Lib(name);
const major = F.dlopen
  ? library.symbols.sodium_library_version_major()
  : new F.CFunction(library.symbol('sodium_library_version_major'), F.types.sint, []).call();
if (major > 0 && library !== undefined) console.log('engine ready');
tjs.exit(0);
