'use strict';
'require view';
'require ui';
'require ntmobile.calls as calls';
'require ntmobile.live-table as live_table';
'require ntmobile.page as page';
'require ntmobile.pager as pager_class';
'require ntmobile.words as words';

const hoursOffered = [ 1, 24, 168 ];

function stateCell(node) {
	const text = node.online ? _('online') : _('offline');

	return { sign: text, node: () => page.badge(text, node.online ? 'success' : '') };
}

function where(node) {
	if (!node.endpoint)
		return '-';

	return node.nat == 'private' ? _('%s, behind a NAT').format(node.endpoint) : node.endpoint;
}

function invitePart(refresh) {
	const name = E('input', { 'class': 'cbi-input-text', 'type': 'text', 'id': 'ntmobile-invite-name', 'maxlength': 63, 'placeholder': 'phone' });
	const kind = E('select', { 'class': 'cbi-input-select', 'id': 'ntmobile-invite-kind' }, [
		E('option', { 'value': '' }, [ _('Node') ]),
		E('option', { 'value': '1' }, [ _('Relay Server') ])
	]);
	const hours = E('select', { 'class': 'cbi-input-select', 'id': 'ntmobile-invite-hours' }, hoursOffered.map(each => {
		return E('option', { 'value': each, 'selected': each == 24 ? '' : null }, [ words.span(each * 3600000) ]);
	}));
	const make = page.actButton(_('Make an invite'), 'add', () => {
		if (name.value.trim() == '') {
			name.focus();

			return null;
		}

		return Promise.all([
			calls.ask('invite', { name: name.value.trim(), relay: kind.value == '1', hours: Number(hours.value) }),
			L.require('ntmobile.invites')
		]).then(results => {
			name.value = '';
			refresh();

			return results[1].show(results[0]);
		});
	});
	const table = live_table.create({
		title: _('Open invites'),
		empty: _('No invites are open.'),
		key: invite => invite.name,
		columns: [
			{ title: _('Name'), cell: invite => invite.name },
			{ title: _('For'), cell: invite => invite.relay ? _('Relay Server') : _('Node') },
			{ title: _('Good until'), cell: invite => words.time(invite.expiresAt * 1000) },
			{ title: '', isAct: true, cell: invite => ({
				sign: invite.name,
				node: () => page.actButton(_('Revoke'), 'negative', () => {
					page.confirm(_('Revoke the invite for %s').format(invite.name), [
						E('p', [ _('Nobody can join with it any more.') ])
					], _('Revoke'), () => calls.ask('uninvite', { name: invite.name }).then(refresh, trouble => page.tell(trouble)));
				}, _('Revoke the invite for %s').format(invite.name))
			}) }
		]
	});

	return {
		table: table,
		node: E('div', { 'class': 'cbi-section' }, [
			E('h3', [ _('Invites') ]),
			E('form', { 'submit': ev => { ev.preventDefault(); make.click() } }, [
				E('label', { 'for': 'ntmobile-invite-name' }, [ _('Name') ]), ' ', name, ' ',
				E('label', { 'for': 'ntmobile-invite-kind' }, [ _('For') ]), ' ', kind, ' ',
				E('label', { 'for': 'ntmobile-invite-hours' }, [ _('Good for') ]), ' ', hours, ' ',
				make
			]),
			table.node
		])
	};
}

/* Another zone is accepted by its key: DNS alone does not prove whose it is. */
function trustButtons(zone, refresh) {
	const key = zone.offeredKey || zone.publicKey;
	const trust = deny => () => calls.ask('trust', { name: zone.zone, deny: deny }).then(refresh, trouble => page.tell(trouble));
	const accept = page.actButton(_('Accept'), 'positive', () => page.confirm(_('Accept %s').format(zone.zone), [
		E('p', [ zone.offeredKey
			? _('It has another key than before. Accept it only after its owner has confirmed this key:')
			: _('Its nodes and yours may then reach each other. Compare this key with what its owner says:') ]),
		E('p', [ E('code', { 'style': 'overflow-wrap:anywhere' }, [ key || '-' ]) ])
	], _('Accept'), trust(false)), _('Accept %s').format(zone.zone));
	const refuse = page.actButton(_('Refuse'), 'negative', () => page.confirm(_('Refuse %s').format(zone.zone), [
		E('p', [ _('Your nodes and its nodes can no longer reach each other.') ])
	], _('Refuse'), trust(true)), _('Refuse %s').format(zone.zone));
	const buttons = [];

	if (zone.offeredKey || (zone.source == 'found' && zone.policy != 'allow'))
		buttons.push(accept, ' ');

	if (zone.source == 'found' && zone.policy != 'deny')
		buttons.push(refuse);

	return buttons;
}

function zonePart(refresh) {
	const table = live_table.create({
		title: _('Other zones'),
		empty: _('No other zone is known.'),
		key: zone => zone.zone,
		columns: [
			{ title: _('Zone'), cell: zone => zone.zone },
			{ title: _('Paths to and from it'), cell: zone => words.policy(zone.policy) },
			{ title: _('Direction Server'), cell: zone => words.reach(zone.reachable) },
			{ title: _('Known by'), cell: zone => zone.offeredKey ? _('another key than before') : (zone.source == 'found' ? _('DNS') : _('the settings')) },
			{ title: '', isAct: true, cell: zone => ({
				sign: [ zone.zone, zone.policy, zone.offeredKey, zone.source ].join(),
				node: () => trustButtons(zone, refresh)
			}) }
		]
	});

	return {
		table: table,
		node: E('div', { 'class': 'cbi-section' }, [
			E('h3', [ _('Other zones') ]),
			E('p', [ _('Add one in the settings, with the key that its owner tells you.') ]),
			table.node,
			E('div', { 'class': 'right' }, [
				E('a', { 'class': 'btn cbi-button', 'href': L.url('admin/services/ntmobile/settings') }, [ _('Change in the settings') ])
			])
		])
	};
}

return view.extend({
	load() {
		return page.first(() => this.ask());
	},

	ask() {
		const wish = Object.assign({ first: 0, count: 50, kind: 'node' }, this.wish);

		if (this.state)
			wish.state = this.state;

		return Promise.all([ calls.ask('nodes', wish), calls.ask('invites'), calls.ask('status') ]).then(results => ({
			nodes: results[0].nodes.filter(node => node.kind == 'node'),
			total: results[0].total,
			invites: results[1].invites,
			ds: results[2].ds
		}));
	},

	rename(node, refresh) {
		const name = E('input', {
			'class': 'cbi-input-text', 'type': 'text', 'id': 'ntmobile-new-name', 'maxlength': 63, 'value': node.name
		});
		const save = page.actButton(_('Rename'), 'save', () => {
			return calls.ask('rename', { node: node.nodeId, name: name.value.trim() }).then(result => {
				ui.hideModal();
				page.done(_('%s is now called %s.').format(result.oldName, result.name));

				return refresh();
			}, trouble => finding.replaceChildren(page.alertBox('warning', [ E('p', [ words.sentence(trouble.message) ]) ])));
		});
		const finding = E('div', { 'role': 'status', 'aria-live': 'polite' });

		page.dialog(_('Rename %s').format(node.name), [
			E('form', { 'submit': ev => { ev.preventDefault(); save.click() } }, [
				E('p', [ E('label', { 'for': 'ntmobile-new-name' }, [ _('New name') ]), ' ', name ]),
				E('p', [ _('Its virtual IP and its paths stay. The old name is free at once.') ]),
				finding,
				E('div', { 'class': 'right button-row' }, [ page.button(_('Cancel'), '', ui.hideModal), ' ', save ])
			])
		]);
		name.focus();
		name.select();
	},

	remove(node, refresh) {
		page.confirm(_('Remove %s').format(node.name), [
			E('p', [ _('Its paths end at once, its name and virtual IP become free, and it can come back only with a new invite.') ]),
			E('p', [ _('Virtual IP: %s').format(node.virtualIpv4 || node.virtualIpv6 || '-') ])
		], _('Remove'), () => {
			return calls.ask('remove', { node: node.nodeId }).then(() => {
				page.done(_('%s is removed.').format(node.name));

				return refresh();
			}, trouble => page.tell(trouble));
		});
	},

	build(content, refresh) {
		const pager = pager_class.create({ placeholder: _('Look for a name or address'), changed: refresh });
		const filter = E('select', {
			'class': 'cbi-input-select',
			'aria-label': _('Which nodes'),
			'change': () => {
				this.state = filter.value;
				pager.wish.first = 0;
				refresh();
			}
		}, [
			E('option', { 'value': '' }, [ _('all') ]),
			E('option', { 'value': 'online' }, [ _('online') ]),
			E('option', { 'value': 'offline' }, [ _('offline') ])
		]);
		const invitesPart = invitePart(refresh);
		const zonesPart = zonePart(refresh);
		const table = live_table.create({
			title: _('Nodes'),
			empty: _('No nodes. Make an invite for the first below.'),
			key: node => node.nodeId,
			columns: [
				{ title: _('Name'), cell: node => node.name },
				{ title: _('State'), cell: stateCell },
				{ title: _('Virtual IP'), cell: node => node.virtualIpv4 || node.virtualIpv6 },
				{ title: _('Where'), cell: where },
				{ title: _('Heard'), cell: node => words.ago(node.heardMs) },
				{ title: _('Paths'), cell: node => String(node.paths) },
				{ title: _('Software'), cell: node => node.software },
				{ title: '', isAct: true, cell: node => ({
					sign: node.name,
					node: () => [
						page.actButton(_('Rename'), '', () => this.rename(node, refresh), _('Rename %s').format(node.name)),
						' ',
						page.actButton(_('Remove'), 'negative', () => this.remove(node, refresh), _('Remove %s').format(node.name))
					]
				}) }
			]
		});

		this.wish = pager.wish;
		content.appendChild(E('div', { 'class': 'cbi-section' }, [ E('p', [ pager.search, ' ', filter ]), table.node, pager.leafing ]));
		content.appendChild(invitesPart.node);
		content.appendChild(zonesPart.node);

		return data => {
			pager.update(data.total == null ? data.nodes.length : data.total, data.nodes.length);
			table.update(data.nodes);
			invitesPart.table.update(data.invites);
			zonesPart.table.update(data.ds ? data.ds.zones : []);
		};
	},

	render(answer) {
		return page.live({
			title: _('Nodes'),
			intro: _('The devices that are enrolled at the Direction Server of this router.'),
			ask: () => this.ask(),
			build: (content, refresh) => this.build(content, refresh)
		}, answer);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
