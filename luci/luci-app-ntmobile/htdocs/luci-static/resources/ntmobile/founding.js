'use strict';
'require baseclass';
'require uci';
'require ntmobile.invites as invites';
'require ntmobile.page as page';
'require ntmobile.words as words';

/* Starting a network of one's own: a Direction Server, and what may run beside it. */

/* Addresses of this router that lead to the Internet, as far as LuCI knows them. */
function ownAddresses() {
	return L.require('network').then(network => network.getWANNetworks()).then(networks => {
		return networks.flatMap(each => each.getIPAddrs()).map(address => address.replace(/\/.*$/, ''));
	}).catch(() => []);
}

function isPrivate(address) {
	return (/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|127\.)/).test(address);
}

function row(id, title, field, description) {
	return E('div', { 'class': 'cbi-value' }, [
		E('label', { 'class': 'cbi-value-title', 'for': id }, [ title ]),
		E('div', { 'class': 'cbi-value-field' }, [
			field,
			E('div', { 'class': 'cbi-value-description' }, [ ...description ])
		])
	]);
}

function check(id, isChecked) {
	return E('input', { 'type': 'checkbox', 'id': id, 'checked': isChecked ? '' : null });
}

return baseclass.extend({
	form(founded) {
		const zone = E('input', {
			'class': 'cbi-input-text', 'id': 'ntmobile-zone', 'type': 'text', 'placeholder': 'home.example', 'maxlength': 190
		});
		const address = E('input', {
			'class': 'cbi-input-text', 'id': 'ntmobile-address-ds', 'type': 'text', 'placeholder': '203.0.113.10'
		});
		const relay = check('ntmobile-relay', true);
		const node = check('ntmobile-node', true);
		const finding = E('div', { 'role': 'status', 'aria-live': 'polite' });
		const advice = E('p');

		const look = () => {
			advice.textContent = isPrivate(address.value)
				? _('This address is not seen from the Internet. Nodes elsewhere reach this router only if UDP port 4649 is forwarded to it and the public address stands here.')
				: '';
		};

		address.addEventListener('input', look);
		ownAddresses().then(found => {
			if (found.length && address.value == '') {
				address.value = found.find(each => !isPrivate(each)) || found[0];
				look();
			}
		});

		const start = page.actButton(_('Start the network'), 'save important', () => {
			return L.require('ntmobile.rules').then(rules => {
				const problem = rules.optionProblem('ds', 'zone', [ zone.value.trim() ]) ||
					rules.optionProblem('ds', 'address', [ address.value.trim() ]);

				if (problem) {
					finding.replaceChildren(page.alertBox('warning', [ E('p', [ words.sentence(problem) ]) ]));

					return null;
				}

				return this.found({
					zone: zone.value.trim(),
					address: address.value.trim(),
					isRelay: relay.checked,
					isNode: node.checked
				}).then(founded);
			});
		});

		return E('form', { 'submit': ev => ev.preventDefault() }, [
			row('ntmobile-zone', _('Domain'), zone, [
				_('Nodes get names below it, such as phone.home.example. It need not be registered anywhere; choose it once and keep it.')
			]),
			row('ntmobile-address-ds', _('Public address'), address, [
				_('Where nodes reach this router, with “:port” if it is not 4649. It must not change.'), advice
			]),
			row('ntmobile-relay', _('Relay Server here too'), relay, [
				_('Joins nodes that are both behind NATs. A network needs at least one; it cannot read what passes.')
			]),
			row('ntmobile-node', _('Node here too'), node, [
				_('Lets this router and its programs reach the other nodes.')
			]),
			finding,
			E('div', { 'class': 'right' }, [ start ])
		]);
	},

	found(wish) {
		return uci.load('ntmobile').then(() => {
			const ds = invites.sectionOf('ds');

			uci.set('ntmobile', ds, 'enabled', '1');
			uci.set('ntmobile', ds, 'zone', wish.zone);
			uci.set('ntmobile', ds, 'address', [ wish.address ]);

			if (wish.isRelay) {
				const rs = invites.sectionOf('rs');

				uci.set('ntmobile', rs, 'enabled', '1');
				uci.set('ntmobile', rs, 'address', [ wish.address ]);
			}

			if (wish.isNode)
				uci.set('ntmobile', invites.sectionOf('node'), 'enabled', '1');

			return invites.apply();
		});
	}
});
