/** String.prototype.format: %s, %d, %f with precision, %m with factor and precision, %h, %%. */
const escapes = { '&': '&#38;', '"': '&#34;', "'": '&#39;', '<': '&#60;', '>': '&#62;' };
const sizes = ['', 'K', 'M', 'G', 'T', 'P'];

function sized(value, factor, digits) {
  let rest = Number(value);
  let index = 0;
  for (; rest > factor && index < sizes.length - 1; index += 1) rest /= factor;
  // LuCI leaves what is small enough as it is.
  if (index === 0) return `${rest} `;
  const unit = sizes[index] === '' ? '' : `${sizes[index]}${factor === 1024 ? 'i' : ''}`;
  return `${rest.toFixed(digits)} ${unit}`;
}

export function installFormat() {
  String.prototype.format = function (...values) {
    let next = 0;
    return this.replace(/%(\d+)?(?:\.(\d+))?([sdfmh%])/g, (_, width, digits, kind) => {
      if (kind === '%') return '%';
      const value = values[next++];
      if (kind === 'd') return String(Math.floor(Number(value) || 0));
      if (kind === 'f') return (Number(value) || 0).toFixed(digits ?? 6);
      if (kind === 'm') return sized(value, Number(width ?? 1000), Number(digits ?? 2));
      if (kind === 'h') return String(value).replace(/[&"'<>]/g, (letter) => escapes[letter]);
      return String(value);
    });
  };
}
