/** Says "engine ready" if this engine runs and finds libsodium: run by the set-up under txiki.js. */
import * as ffi from 'tjs:ffi';

const F = ffi.default ?? ffi;
const name = 'libsodium.so.23';
if (F.dlopen) F.dlopen(name, { sodium_init: { args: [], returns: 'int' } }).symbols.sodium_init();
else new F.CFunction(new F.Lib(name).symbol('sodium_init'), F.types.sint, []).call();
console.log('engine ready');
tjs.exit(0);
