/** LuCI's `ui`: the dialog, notices, and nothing else that the pages use. */

let overlay;

function place() {
  if (overlay) return overlay;
  overlay = E('div', { id: 'modal_overlay', tabindex: -1 }, [
    E('div', { class: 'modal', role: 'dialog', 'aria-modal': 'true' }),
  ]);
  document.body.appendChild(overlay);
  document.addEventListener('keydown', (ev) => {
    if (ev.key === 'Escape') overlay.querySelector('.right > button, .button-row > .btn')?.click();
  });
  return overlay;
}

function notice(title, children, kinds) {
  const node = E('div', { class: `alert-message ${kinds.join(' ')}`, role: 'alert' });
  if (title !== null) node.appendChild(E('h4', {}, title));
  node.appendChild(children);
  node.appendChild(E('button', { class: 'btn', click: () => node.remove() }, [_('Dismiss')]));
  document.getElementById('maincontent').prepend(node);
  return node;
}

export const ui = {
  showModal(title, children) {
    const dialog = place().firstElementChild;
    dialog.replaceChildren(E('h4', {}, title), ...[children].flat());
    document.body.classList.add('modal-overlay-active');
    return dialog;
  },

  hideModal() {
    document.body.classList.remove('modal-overlay-active');
    overlay?.firstElementChild.replaceChildren();
  },

  addNotification: (title, children, ...kinds) => notice(title, children, kinds),

  addTimeLimitedNotification(title, children, timeout, ...kinds) {
    const node = notice(title, children, kinds);
    window.setTimeout(() => node.remove(), timeout);
    return node;
  },
};
