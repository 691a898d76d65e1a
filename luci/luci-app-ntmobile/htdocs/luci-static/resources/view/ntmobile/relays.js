'use strict';
'require view';
'require ntmobile.calls as calls';
'require ntmobile.charts as charts';
'require ntmobile.live-table as live_table';
'require ntmobile.page as page';
'require ntmobile.words as words';

function stateCell(relay) {
	const text = relay.online ? _('online') : _('offline');

	return { sign: text, node: () => page.badge(text, relay.online ? 'success' : 'warning') };
}

function loadCell(relay) {
	if (!relay.online)
		return '-';

	if (!relay.pathLimit)
		return N_(relay.paths, '%d path', '%d paths').format(relay.paths);

	const text = _('%d of at most %d paths').format(relay.paths, relay.pathLimit);

	return { sign: text, node: () => [ charts.load(relay.paths, relay.pathLimit, _('Load of %s').format(relay.name)), E('small', [ text ]) ] };
}

/* Draining: no new paths, and those that are there go over to others. An older daemon cannot. */
function drainButton(isDraining, refresh) {
	if (isDraining)
		return page.actButton(_('Take paths again'), 'positive', () => calls.ask('drain', { off: true }).then(refresh));

	return page.actButton(_('Drain'), 'negative', () => {
		page.confirm(_('Drain this Relay Server'), [
			E('p', [ _('It gets no new paths, and those it has go over to others, also after a restart. Those that find no other Relay Server stay.') ])
		], _('Drain'), () => calls.ask('drain', { off: false }).then(refresh, trouble => page.tell(trouble)));
	});
}

return view.extend({
	load() {
		return page.first(() => this.ask());
	},

	ask() {
		return Promise.all([ calls.ask('status'), calls.offered() ]).then(results => {
			const data = { rs: results[0].rs, ds: results[0].ds, offered: results[1], relays: [] };

			if (!data.ds)
				return data;

			return calls.ask('nodes', { kind: 'relay', first: 0, count: 200 }).then(result => {
				data.relays = result.nodes.filter(node => node.kind == 'relay');

				return data;
			});
		});
	},

	build(content, refresh) {
		let drainShown = null;
		const drainPlace = E('div', { 'class': 'right' });
		const own = live_table.fields(_('The Relay Server of this router'));
		const ownSection = E('div', { 'class': 'cbi-section' }, [ E('h3', [ _('The Relay Server of this router') ]), own.node, drainPlace ]);
		const table = live_table.create({
			title: _('Relay Servers of this network'),
			empty: _('No Relay Server is enrolled.'),
			key: relay => relay.nodeId,
			columns: [
				{ title: _('Name'), cell: relay => relay.name },
				{ title: _('State'), cell: stateCell },
				{ title: _('Address'), cell: relay => relay.endpoint },
				{ title: _('Load'), cell: loadCell },
				{ title: _('To the Internet'), cell: relay => relay.exit ? _('yes') : _('no') },
				{ title: _('Heard'), cell: relay => words.ago(relay.heardMs) },
				{ title: _('Software'), cell: relay => relay.software },
				{ title: '', isAct: true, cell: relay => ({
					sign: relay.name,
					node: () => page.actButton(_('Remove'), 'negative', () => this.remove(relay, refresh), _('Remove %s').format(relay.name))
				}) }
			]
		});
		const fleetSection = E('div', { 'class': 'cbi-section' }, [
			E('h3', [ _('Relay Servers of this network') ]),
			E('p', [ _('Nodes that are both behind NATs need one: enable one in the settings, or invite one on the page “Nodes”.') ]),
			table.node
		]);

		content.appendChild(ownSection);
		content.appendChild(fleetSection);

		return data => {
			ownSection.style.display = data.rs ? '' : 'none';
			fleetSection.style.display = data.ds ? '' : 'none';

			if (!data.rs && !data.ds)
				content.replaceChildren(page.alertBox('notice', [
					E('p', [ _('This router runs neither a Relay Server nor a Direction Server.') ])
				]));

			const isDraining = data.rs != null && data.rs.draining === true;

			if (data.rs && data.offered.drain && isDraining !== drainShown) {
				drainShown = isDraining;
				drainPlace.replaceChildren(drainButton(isDraining, refresh));
			}

			if (data.rs)
				own.update([
					[ _('State'), words.list([ words.registration(data.rs) ].concat(isDraining ? _('draining') : [])) ],
					[ _('Name'), words.fullName(data.rs.name, data.rs.zone) || '-' ],
					[ _('Address'), data.rs.advertised.join(', ') || '-' ],
					[ _('Load'), loadCell({ online: true, name: data.rs.name || '', paths: data.rs.paths, pathLimit: data.rs.pathLimit }) ],
					[ _('To the Internet'), data.rs.exit ? _('carries traffic to general nodes') : _('no') ]
				]);

			table.update(data.relays);
		};
	},

	remove(relay, refresh) {
		page.confirm(_('Remove %s').format(relay.name), [
			E('p', [ _('Paths through it go over to other Relay Servers. It can come back only with a new invite.') ])
		], _('Remove'), () => {
			return calls.ask('remove', { node: relay.nodeId }).then(refresh, trouble => page.tell(trouble));
		});
	},

	render(answer) {
		return page.live({
			title: _('Relays'),
			intro: _('Relay Servers join nodes that cannot reach each other directly. They cannot read what they pass on.'),
			ask: () => this.ask(),
			build: (content, refresh) => this.build(content, refresh)
		}, answer);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
