/** Where the instructions of a window go: by function of the kernel and its modules. */

function symbolTable(kallsyms) {
  return kallsyms
    .split('\n')
    .filter((line) => / [tTwW] /.test(line))
    .map((line) => {
      const [address, , name, module = ''] = line.split(/\s+/);
      return { address: BigInt(`0x${address}`), name: `${name}${module && ` ${module}`}` };
    })
    .sort((left, right) => (left.address < right.address ? -1 : 1));
}

function nameAt(symbols, address) {
  let [low, high] = [0, symbols.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (symbols[middle].address <= address) low = middle;
    else high = middle;
  }
  return symbols[low]?.name ?? '?';
}

/** Functions of a measurement by their instructions a unit, the dearest first. */
export function functionsOf(measurement, kallsyms) {
  const symbols = symbolTable(kallsyms);
  const byName = new Map();
  for (const { address, executed, instructions } of measurement.blocks) {
    const name = nameAt(symbols, BigInt(`0x${address}`));
    byName.set(name, (byName.get(name) ?? 0) + executed * instructions);
  }
  return [...byName]
    .map(([name, count]) => ({ name, perUnit: count / measurement.count }))
    .sort((left, right) => right.perUnit - left.perUnit);
}
