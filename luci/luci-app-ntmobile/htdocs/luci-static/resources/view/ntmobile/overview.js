'use strict';
'require view';
'require ui';
'require uci';
'require ntmobile.calls as calls';
'require ntmobile.charts as charts';
'require ntmobile.live-table as live_table';
'require ntmobile.page as page';
'require ntmobile.words as words';

function ask() {
	return Promise.all([ calls.ask('status'), calls.ask('diagnose') ]).then(results => ({
		status: results[0],
		checks: results[1].checks
	}));
}

/* "ds.home 203.0.113.10:4649, answers for 2 h, 12 ms" */
function reach(server) {
	const parts = [ [ server.name, server.endpoint || server.nodeId ].filter(part => part).join(' ') ];

	if (server.reachable == null)
		return words.list([ parts[0], _('not in use yet') ]);

	parts.push(server.reachable
		? (server.sinceMs == null ? _('reachable') : _('reachable for %s').format(words.span(server.sinceMs)))
		: (server.sinceMs == null ? _('not reachable') : _('not reachable for %s').format(words.span(server.sinceMs))));

	if (server.rttMs != null)
		parts.push(_('round trip %s').format(words.ms(server.rttMs)));

	const text = words.list(parts);

	return {
		sign: text,
		node: () => [
			page.badge(server.reachable ? _('up') : _('down'), server.reachable ? 'success' : 'warning'), ' ', text
		]
	};
}

function registration(role) {
	const text = words.registration(role) + (role.stateText && role.state != 'registered' ? ': ' + words.sentence(role.stateText) : '');

	return {
		sign: text,
		node: () => [ page.badge(text, role.state == 'registered' ? 'success' : 'warning') ]
	};
}

function uplink(each) {
	const use = each.preferred ? _('in use') : (each.usable ? _('ready') : _('no way out'));

	return _('%s on %s, %s').format(each.ip, each.device, use);
}

function lines(texts, none) {
	return texts.length
		? { sign: texts.join('\n'), node: () => texts.map(text => E('div', [ text ])) }
		: none;
}

function nodeRows(node) {
	return [
		[ _('State'), registration(node) ],
		[ _('Name'), words.fullName(node.name, node.zone) || '-' ],
		[ _('Virtual IPv4'), page.withCopy(node.virtualIpv4, _('Copy the virtual IPv4')) ],
		[ _('Virtual IPv6'), page.withCopy(node.virtualIpv6, _('Copy the virtual IPv6')) ],
		[ _('Direction Server'), reach(node.directionServer) ],
		...node.relays.map(relay => [ _('Relay Server %s').format(relay.name || relay.nodeId), reach(relay) ]),
		[ _('NAT'), words.list([ words.nat(node.nat) ].concat(node.observed ? _('seen as %s').format(node.observed) : [])) ],
		[ _('Uplinks'), lines(node.uplinks.map(uplink), _('none')) ],
		[ _('Virtual interface'), _('%s, packets up to %d bytes').format(node.device, node.mtu) ],
		[ _('Paths'), {
			sign: '%d %d'.format(node.paths, node.handovers),
			node: () => [
				E('a', { 'href': L.url('admin/services/ntmobile/paths') }, [ N_(node.paths, '%d path', '%d paths').format(node.paths) ]),
				_('%s, %s').format('', ''),
				E('a', { 'href': L.url('admin/services/ntmobile/handovers') }, [ N_(node.handovers, '%d move', '%d moves').format(node.handovers) ])
			]
		} ],
		[ _('Node ID'), page.withCopy(node.nodeId, _('Copy the Node ID')) ]
	];
}

function meter(used, limit, label, text) {
	return { sign: text, node: () => [ charts.load(used, limit, label), E('small', [ text ]) ] };
}

function dsRows(ds) {
	return [
		[ _('Zone'), ds.zone ],
		[ _('Address'), lines(ds.advertised, '-') ],
		[ _('Nodes'), {
			sign: '%d %d'.format(ds.nodesOnline, ds.nodes),
			node: () => [ E('a', { 'href': L.url('admin/services/ntmobile/nodes') }, [ _('%d of %d online').format(ds.nodesOnline, ds.nodes) ]) ]
		} ],
		[ _('Relay Servers'), {
			sign: '%d %d'.format(ds.relaysOnline, ds.relays),
			node: () => [ E('a', { 'href': L.url('admin/services/ntmobile/relays') }, [ _('%d of %d online').format(ds.relaysOnline, ds.relays) ]) ]
		} ],
		[ _('Open invites'), String(ds.invites) ],
		[ _('Virtual IPs'), meter(ds.poolUsed, ds.poolSize, _('Virtual IPs in use'),
			_('%d of %d in use, %s').format(ds.poolUsed, ds.poolSize, ds.pool)) ],
		[ _('Paths'), String(ds.paths) ],
		...ds.zones.map(zone => [ _('Zone %s').format(zone.zone),
			words.list([ words.policy(zone.policy), words.reach(zone.reachable) ]) ]),
		[ _('Public key'), page.withCopy(ds.publicKey, _('Copy the public key')) ]
	];
}

function rsRows(rs) {
	return [
		[ _('State'), registration(rs) ],
		[ _('Name'), words.fullName(rs.name, rs.zone) || '-' ],
		[ _('Address'), lines(rs.advertised, '-') ],
		[ _('Direction Server'), reach(rs.directionServer) ],
		[ _('Load'), meter(rs.paths, rs.pathLimit, _('Load'), _('%d of at most %d paths').format(rs.paths, rs.pathLimit)) ],
		[ _('To the Internet'), rs.exit ? _('carries traffic to general nodes') : _('no') ]
	];
}

function daemonRows(daemon) {
	return [
		[ _('Version'), daemon.version ],
		[ _('Running for'), words.span(daemon.uptimeMs) ],
		[ _('UDP port'), String(daemon.port) ],
		[ _('Data path'), words.dataPath(daemon.dataPath.kind) + ': ' + words.sentence(daemon.dataPath.reason) ]
	];
}

function checkBox(check) {
	return page.alertBox(check.state == 'fail' ? 'danger' : 'warning', [
		E('p', [ words.sentence(check.finding) ]),
		check.act ? E('p', [ E('strong', [ _('What to do:') ]), ' ', words.sentence(check.act) ]) : ''
	], words.sentence(check.check));
}

/* Warnings above, and all checks folded away below. */
function checkList() {
	const warnings = E('div', { 'role': 'status', 'aria-live': 'polite' });
	const summary = E('summary');
	const table = live_table.create({
		title: _('Checks'),
		key: check => check.check + check.finding,
		columns: [
			{ title: _('Check'), cell: check => words.sentence(check.check) },
			{ title: _('Result'), cell: check => ({ ok: _('good'), warn: _('warning'), fail: _('failed') })[check.state] || check.state },
			{ title: _('Finding'), cell: check => words.sentence(check.finding) }
		]
	});
	let shown = null;

	return {
		warnings: warnings,
		details: E('details', { 'class': 'cbi-section' }, [ summary, table.node ]),

		update(checks) {
			const wrong = checks.filter(check => check.state != 'ok');
			const sign = JSON.stringify(wrong.map(check => [ check.check, check.state, check.act ]));

			if (sign !== shown) {
				shown = sign;
				warnings.replaceChildren(...wrong.map(checkBox));
			}

			summary.textContent = wrong.length
				? _('All checks: %d good, %d not').format(checks.length - wrong.length, wrong.length)
				: _('All %d checks are good').format(checks.length);
			table.update(checks);
		}
	};
}

function joinDialog() {
	return L.require('ntmobile.invites').then(invites => {
		page.dialog(_('Join a network'), [
			invites.form(() => window.location.reload()),
			E('div', { 'class': 'right button-row' }, [ page.button(_('Cancel'), '', ui.hideModal) ])
		]);
		document.getElementById('ntmobile-invite').focus();
	});
}

function leave(role) {
	const what = role == 'rs' ? _('The Relay Server of this router leaves its network.') : _('This router leaves its network: its paths end, and its virtual IP goes.');

	page.confirm(_('Leave the network'), [
		E('p', [ what ]),
		E('p', [ _('Its key stays, so that it can join again as the same node. The owner of the Direction Server frees its name and address by removing it.') ])
	], _('Leave'), () => {
		return L.require('ntmobile.invites').then(invites => invites.leave(role)).then(() => window.location.reload());
	});
}

function build(content) {
	const checks = checkList();
	const parts = {
		node: { title: _('Node'), rows: nodeRows },
		ds: { title: _('Direction Server'), rows: dsRows },
		rs: { title: _('Relay Server'), rows: rsRows },
		daemon: { title: _('Daemon'), rows: daemonRows }
	};
	const isLocal = type => !(uci.sections('ntmobile', type)[0] || {}).ds_key;

	content.appendChild(checks.warnings);

	for (const name of [ 'node', 'ds', 'rs', 'daemon' ]) {
		const part = parts[name];

		part.table = live_table.fields(part.title);
		part.section = E('div', { 'class': 'cbi-section', 'style': 'display:none' }, [ E('h3', [ part.title ]), part.table.node ]);

		if ((name == 'node' || name == 'rs') && !isLocal(name))
			part.section.appendChild(E('div', { 'class': 'right' }, [
				page.actButton(_('Leave the network…'), 'negative', () => leave(name))
			]));

		content.appendChild(part.section);
	}

	content.appendChild(checks.details);

	const join = page.actButton(_('Join a network…'), 'action', joinDialog);
	const restart = page.actButton(_('Restart the daemon'), 'reload', () => {
		return page.service('restart').then(() => page.done(_('The daemon was restarted. Paths come back by themselves.')));
	});

	content.appendChild(E('div', { 'class': 'cbi-page-actions' }, [ join, ' ', restart ]));

	return data => {
		checks.update(data.checks);
		join.style.display = data.status.node ? 'none' : '';

		for (const name in parts) {
			const values = data.status[name];

			parts[name].section.style.display = values ? '' : 'none';

			if (values)
				parts[name].table.update(parts[name].rows(values));
		}
	};
}

/* Until the role that was just set up runs, with what it waits for. */
function waitFor(role, box, since) {
	const say = (text, isDone) => box.replaceChildren(page.alertBox(isDone ? 'success' : 'notice', [
		E('p', { 'class': isDone ? '' : 'spinning' }, [ text ])
	]));

	return calls.ask('status').then(status => {
		const state = status[role];

		if (state && (role == 'ds' || state.state == 'registered')) {
			say(_('It runs. The page is loaded anew…'), true);
			window.setTimeout(() => window.location.reload(), 1500);

			return true;
		}

		if (state && state.state == 'refused') {
			box.replaceChildren(page.alertBox('danger', [ E('p', [ words.sentence(state.stateText || '') ]) ]));

			return true;
		}

		say(state && state.stateText ? words.sentence(state.stateText) : _('The daemon starts…'));

		return false;
	}, () => {
		say(_('The daemon starts…'));

		return false;
	}).then(isOver => {
		if (isOver)
			return null;

		if (Date.now() - since > 30000) {
			return page.whyDown().then(state => calls.ask('status').then(
				() => box.replaceChildren(page.alertBox('warning', [
					E('p', [ _('It is saved, but the network does not answer yet. The overview shows what is missing.') ]),
					page.button(_('Show the overview'), 'action', () => window.location.reload())
				])),
				() => box.replaceChildren(page.downBox(state))));
		}

		return new Promise(resolve => window.setTimeout(resolve, 1000)).then(() => waitFor(role, box, since));
	});
}

function firstRun() {
	const progress = E('div', { 'role': 'status', 'aria-live': 'polite' });
	const set = E('div');
	const after = role => {
		set.style.display = 'none';

		return waitFor(role, progress, Date.now());
	};

	return Promise.all([ L.require('ntmobile.invites'), L.require('ntmobile.founding') ]).then(modules => {
		set.appendChild(E('div', { 'class': 'cbi-section' }, [
			E('h3', [ _('Join a network') ]),
			E('p', [ _('Somebody runs a Direction Server and gave you an invite.') ]),
			modules[0].form(after)
		]));
		set.appendChild(E('div', { 'class': 'cbi-section' }, [
			E('h3', [ _('Start a network') ]),
			E('p', [ _('This router becomes the Direction Server of a network of your own: it needs a public address. Others then join with invites that you make here.') ]),
			modules[1].form(() => after('ds'))
		]));

		return E('div', { 'class': 'cbi-map' }, [
			E('h2', [ _('NTMobile') ]),
			E('div', { 'class': 'cbi-map-descr' }, [
				_('Connections that stay alive when devices move. Nothing is set up yet: choose one of two ways.')
			]),
			progress,
			set
		]);
	});
}

return view.extend({
	load() {
		return Promise.all([ page.first(ask), L.resolveDefault(uci.load('ntmobile'), null) ]);
	},

	render(results) {
		if (results[0].trouble && results[0].trouble.reason == 'down' && !page.enabledRoles().length)
			return firstRun();

		return page.live({ title: _('NTMobile'), ask: ask, build: build }, results[0]);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
