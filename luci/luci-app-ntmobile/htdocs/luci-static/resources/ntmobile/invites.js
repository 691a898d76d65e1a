'use strict';
'require baseclass';
'require ui';
'require uci';
'require ntmobile.charts as charts';
'require ntmobile.page as page';
'require ntmobile.words as words';

/* Invites: showing one to hand over, and taking one in, as text or as a picture. */

/* A picture at a size in which a code can be found without keeping a small device busy. */
function pixelsOf(file) {
	return new Promise((resolve, reject) => {
		const image = new Image();
		const address = URL.createObjectURL(file);

		image.onload = () => {
			const scale = Math.min(1, 1600 / Math.max(image.naturalWidth, image.naturalHeight));
			const canvas = E('canvas');

			canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
			canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));

			const context = canvas.getContext('2d', { willReadFrequently: true });

			context.drawImage(image, 0, 0, canvas.width, canvas.height);
			URL.revokeObjectURL(address);
			resolve(context.getImageData(0, 0, canvas.width, canvas.height));
		};
		image.onerror = () => {
			URL.revokeObjectURL(address);
			reject(new Error(_('This file is no picture that the browser can open.')));
		};
		image.src = address;
	});
}

function readPicture(file) {
	return Promise.all([ L.require('ntmobile.qr'), pixelsOf(file) ]).then(results => {
		const text = results[0].read(results[1]);

		if (text == null)
			throw new Error(_('No QR code can be found in this picture. Take it again: straight, sharp, and near.'));

		return text;
	});
}

return baseclass.extend({
	/* The invite that was just made: the only time that it can be seen. */
	show(made) {
		return L.require('ntmobile.qr').then(qr => {
			const line = E('textarea', {
				'class': 'cbi-input-textarea',
				'readonly': '',
				'rows': 4,
				'style': 'width:100%;font-family:monospace',
				'aria-label': _('Invite')
			}, [ made.invite ]);
			const close = page.button(_('Done'), 'action', ui.hideModal);

			page.dialog(_('Invite for %s').format(made.name), [
				E('p', [ made.relay
					? _('On the new Relay Server, open this page and choose “Join a network”, or run "ntmobile join" with this line.')
					: _('On the new device, open this page and choose “Join a network”, or run "ntmobile join" with this line.') ]),
				charts.qr(qr.matrix(made.invite), _('QR code of the invite')),
				line,
				E('p', [
					_('It is good for one device, until %s. Whoever has it can join: hand it over in private.').format(words.time(made.expiresAt * 1000))
				]),
				E('div', { 'class': 'right button-row' }, [ page.copyButton(made.invite), ' ', close ])
			]);
			close.focus();
		});
	},

	/*
	 * The form that takes an invite. `joined` is called once the settings are saved and applied, with the
	 * role that joins.
	 */
	form(joined) {
		const text = E('textarea', {
			'class': 'cbi-input-textarea',
			'id': 'ntmobile-invite',
			'rows': 4,
			'style': 'width:100%;font-family:monospace',
			'placeholder': 'ntm1:…',
			'spellcheck': 'false',
			'autocomplete': 'off',
			'aria-describedby': 'ntmobile-invite-finding'
		});
		const name = E('input', { 'class': 'cbi-input-text', 'id': 'ntmobile-name', 'type': 'text', 'maxlength': 63 });
		const address = E('input', {
			'class': 'cbi-input-text', 'id': 'ntmobile-address', 'type': 'text', 'placeholder': '203.0.113.20:4649'
		});
		const addressRow = E('div', { 'class': 'cbi-value', 'style': 'display:none' }, [
			E('label', { 'class': 'cbi-value-title', 'for': 'ntmobile-address' }, [ _('Public address') ]),
			E('div', { 'class': 'cbi-value-field' }, [
				address,
				E('div', { 'class': 'cbi-value-description' }, [ _('Where nodes reach this Relay Server.') ])
			])
		]);
		const finding = E('div', { 'id': 'ntmobile-invite-finding', 'role': 'status', 'aria-live': 'polite' });
		const file = E('input', { 'type': 'file', 'accept': 'image/*', 'id': 'ntmobile-picture' });
		let invite = null;

		const say = (kind, children) => finding.replaceChildren(page.alertBox(kind, children));

		const join = page.actButton(_('Join'), 'save important', () => {
			return this.join(invite, name.value.trim(), address.value.trim()).then(joined);
		});

		join.disabled = true;

		const look = () => {
			return L.require('ntmobile.rules').then(rules => {
				invite = null;
				join.disabled = true;

				if (text.value.trim() == '') {
					finding.replaceChildren();

					return;
				}

				const read = rules.readInvite(text.value, Math.floor(Date.now() / 1000));

				if (read.error || read.expired) {
					say('warning', [ E('p', [ words.sentence(read.error || read.expired) ]) ]);

					return;
				}

				invite = read;
				join.disabled = !page.mayChange();
				addressRow.style.display = read.kind == 'relay' ? '' : 'none';
				name.placeholder = read.name;
				say('success', [
					E('p', [ read.kind == 'relay'
						? _('This router will join as a Relay Server.')
						: _('This router will join as a node.') ]),
					E('p', [ _('Direction Server: %s').format(read.endpoints.join(', ')) ]),
					E('p', [ _('To be used before %s').format(words.time(read.expiresAt * 1000)) ])
				]);
			});
		};

		const take = picture => {
			if (!picture)
				return Promise.resolve();

			say('notice', [ E('p', { 'class': 'spinning' }, [ _('Looking for a QR code…') ]) ]);

			return readPicture(picture).then(read => {
				text.value = read;

				return look();
			}, error => say('warning', [ E('p', [ error.message ]) ]));
		};

		text.addEventListener('input', look);
		text.addEventListener('paste', ev => {
			const pasted = Array.from((ev.clipboardData || {}).files || []).find(each => each.type.startsWith('image/'));

			if (pasted) {
				ev.preventDefault();
				take(pasted);
			}
		});
		file.addEventListener('change', () => take(file.files[0]));

		return E('form', { 'submit': ev => ev.preventDefault() }, [
			E('div', { 'class': 'cbi-value' }, [
				E('label', { 'class': 'cbi-value-title', 'for': 'ntmobile-invite' }, [ _('Invite') ]),
				E('div', { 'class': 'cbi-value-field' }, [
					text,
					E('div', { 'class': 'cbi-value-description' }, [
						_('The line that the owner of the Direction Server gave you. A picture of its QR code can be pasted here too.')
					])
				])
			]),
			E('div', { 'class': 'cbi-value' }, [
				E('label', { 'class': 'cbi-value-title', 'for': 'ntmobile-picture' }, [ _('Picture of a QR code') ]),
				E('div', { 'class': 'cbi-value-field' }, [
					file,
					E('div', { 'class': 'cbi-value-description' }, [
						_('A photo or a screenshot. It is read in this browser and sent nowhere.')
					])
				])
			]),
			E('div', { 'class': 'cbi-value' }, [
				E('label', { 'class': 'cbi-value-title', 'for': 'ntmobile-name' }, [ _('Name') ]),
				E('div', { 'class': 'cbi-value-field' }, [
					name,
					E('div', { 'class': 'cbi-value-description' }, [
						_('How the others call this router. Leave it empty to take the name in the invite.')
					])
				])
			]),
			addressRow,
			finding,
			E('div', { 'class': 'right' }, [ join ])
		]);
	},

	/* Writes the invite into the settings and applies them; the daemon makes the rest of it. */
	join(invite, name, address) {
		return uci.load('ntmobile').then(() => L.require('ntmobile.rules')).then(rules => {
			const role = invite.kind == 'relay' ? 'rs' : 'node';
			const section = this.sectionOf(role);
			const wanted = name || invite.name;
			const problem = (wanted && rules.optionProblem(role, 'name', [ wanted ])) ||
				(role == 'rs' && address && rules.optionProblem(role, 'address', [ address ]));

			if (problem)
				throw new Error(problem);

			uci.set('ntmobile', section, 'enabled', '1');
			uci.set('ntmobile', section, 'invite', invite.line);
			uci.unset('ntmobile', section, 'ds_address');
			uci.unset('ntmobile', section, 'ds_key');

			if (wanted)
				uci.set('ntmobile', section, 'name', wanted);

			if (role == 'rs' && address)
				uci.set('ntmobile', section, 'address', [ address ]);

			return this.apply().then(() => role);
		});
	},

	/* The role leaves its network; its key stays, so that it can come back as the same node. */
	leave(role) {
		return uci.load('ntmobile').then(() => {
			const section = this.sectionOf(role);

			uci.set('ntmobile', section, 'enabled', '0');

			for (const option of [ 'invite', 'ds_address', 'ds_key' ])
				uci.unset('ntmobile', section, option);

			return this.apply();
		});
	},

	sectionOf(type) {
		const found = uci.sections('ntmobile', type)[0];

		return found ? found['.name'] : uci.add('ntmobile', type, type);
	},

	/* Saves and applies without leaving the page. */
	apply() {
		return uci.save().then(() => uci.apply()).then(() => {
			return new Promise(resolve => window.setTimeout(resolve, 1200));
		}).then(() => {
			uci.unload('ntmobile');
		}, code => {
			if (code === 5)
				return null;

			throw code instanceof Error ? code : new Error(_('The settings could not be applied (code %s).').format(code));
		});
	}
});
