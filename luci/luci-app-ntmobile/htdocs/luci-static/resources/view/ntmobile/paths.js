'use strict';
'require view';
'require ntmobile.calls as calls';
'require ntmobile.charts as charts';
'require ntmobile.live-table as live_table';
'require ntmobile.page as page';
'require ntmobile.pager as pager_class';
'require ntmobile.words as words';

const keptSeconds = 180;

function peerOf(row) {
	if (row.peerName || row.peerId)
		return row.peerName || row.peerId;

	return row.kind == 'exit' ? _('the Internet') : _('path %s').format(row.pathId);
}

function routeCell(row) {
	const text = row.role == 'rs' && row.kind == 'node' ? _('relayed for others') : words.route(row);
	const state = row.state == 'up' ? '' : words.pathState(row.state);

	return {
		sign: text + state + row.state,
		node: () => [ text, ' ', state ? page.badge(state, 'warning') : '' ]
	};
}

/* Bytes per second since the last answer, by path and in all. */
function rateKeeper() {
	let before = new Map();
	let beforeAt = 0;

	return {
		update(paths, totals, at) {
			const now = new Map(paths.map(row => [ row.role + row.pathId, row ]));
			const seconds = (at - beforeAt) / 1000;
			const rate = (row, old, key) => old && seconds > 0.5 ? Math.max(0, row[key] - old[key]) / seconds : null;
			const rates = new Map();

			for (const entry of now) {
				const old = before.get(entry[0]);

				rates.set(entry[0], {
					sent: rate(entry[1], old, 'sentBytes'),
					received: rate(entry[1], old, 'receivedBytes')
				});
			}

			const oldTotals = before.get('');
			const all = { sent: rate(totals, oldTotals, 'sentBytes'), received: rate(totals, oldTotals, 'receivedBytes') };

			now.set('', totals);
			before = now;
			beforeAt = at;

			return { of: row => rates.get(row.role + row.pathId) || {}, all: all };
		}
	};
}

function amount(bytes, rate) {
	return words.list([ words.bytes(bytes) ].concat(rate == null ? [] : words.rate(rate)));
}

function connectForm(refresh) {
	const peer = E('input', {
		'class': 'cbi-input-text', 'type': 'text', 'id': 'ntmobile-peer', 'maxlength': 254, 'placeholder': _('Name or virtual IP')
	});
	const result = E('span', { 'role': 'status', 'aria-live': 'polite' });
	const connect = page.actButton(_('Connect'), 'action', () => {
		if (peer.value.trim() == '') {
			peer.focus();

			return null;
		}

		result.textContent = _('The path is being built…');

		return calls.ask('connect', { peer: peer.value.trim() }).then(made => {
			result.textContent = _('Path to %s: %s, after %s').format(made.peerName, words.route(made), words.ms(made.tookMs));

			return refresh();
		}, trouble => {
			result.textContent = words.sentence(trouble.message);
		});
	});

	return E('form', { 'submit': ev => { ev.preventDefault(); connect.click() } }, [
		E('label', { 'for': 'ntmobile-peer' }, [ _('Build a path to') ]), ' ', peer, ' ', connect, ' ', result
	]);
}

return view.extend({
	load() {
		return page.first(() => this.ask());
	},

	ask() {
		return calls.ask('paths', this.wish || { first: 0, count: 50 }).then(result => Object.assign({ at: Date.now() }, result));
	},

	build(content, refresh) {
		const pager = pager_class.create({
			placeholder: _('Look for a name or address'),
			changed: refresh
		});
		const keeper = rateKeeper();
		const chart = charts.rates(keptSeconds);
		let rates = null;

		const table = live_table.create({
			title: _('Paths'),
			empty: _('No paths. One is built by itself when a program sends to a peer.'),
			key: row => row.role + row.pathId,
			columns: [
				{ title: _('Peer'), cell: peerOf },
				{ title: _('Virtual IP'), cell: row => row.virtualIpv4 || row.virtualIpv6 },
				{ title: _('Route'), cell: routeCell },
				{ title: _('Endpoint'), cell: row => [ row.endpoint, row.otherEndpoint ].filter(each => each).join(' – ') || '-' },
				{ title: _('Round trip'), cell: row => words.ms(row.rttMs) },
				{ title: _('Age'), cell: row => words.span(row.ageMs) },
				{ title: _('Received'), cell: row => amount(row.receivedBytes, rates.of(row).received) },
				{ title: _('Sent'), cell: row => amount(row.sentBytes, rates.of(row).sent) },
				{ title: _('Lost'), cell: row => String(row.lostPackets ?? '-') },
				{ title: '', isAct: true, cell: row => row.role == 'node' && row.kind == 'node' ? {
					sign: row.peerName || row.peerId,
					node: () => [ this.pingButton(row), ' ', this.closeButton(row, refresh) ]
				} : '' }
			]
		});

		this.wish = pager.wish;
		content.appendChild(E('div', { 'class': 'cbi-section' }, [ chart.node ]));
		content.appendChild(E('div', { 'class': 'cbi-section' }, [ E('p', [ pager.search ]), table.node, pager.leafing ]));
		content.appendChild(E('div', { 'class': 'cbi-section' }, [ connectForm(refresh) ]));

		return data => {
			const total = data.total == null ? data.paths.length : data.total;
			const totals = {
				sentBytes: data.sentBytes == null ? data.paths.reduce((sum, row) => sum + row.sentBytes, 0) : data.sentBytes,
				receivedBytes: data.receivedBytes == null ? data.paths.reduce((sum, row) => sum + row.receivedBytes, 0) : data.receivedBytes
			};

			rates = keeper.update(data.paths, totals, data.at);

			if (rates.all.received != null)
				chart.push(data.at / 1000, rates.all.received, rates.all.sent);

			pager.update(total, data.paths.length);
			table.update(data.paths);
		};
	},

	pingButton(row) {
		const name = row.peerName || row.peerId;

		return page.actButton(_('Ping'), '', node => {
			return calls.ask('ping', { peer: row.peerId || row.peerName }).then(result => {
				page.done(_('%s answers after %s, %s').format(name, words.ms(result.rttMs), words.route(result)));
			});
		}, _('Ping %s').format(name));
	},

	closeButton(row, refresh) {
		const name = row.peerName || row.peerId;

		return page.actButton(_('Close'), 'negative', () => {
			page.confirm(_('Close the path to %s').format(name), [
				E('p', [ _('Connections over it stop. It is built anew when a program sends to the peer again.') ])
			], _('Close'), () => {
				return calls.ask('close', { peer: row.peerId || row.peerName }).then(refresh, trouble => page.tell(trouble));
			});
		}, _('Close the path to %s').format(name));
	},

	render(answer) {
		return page.live({
			title: _('Paths'),
			intro: _('Who this router is connected with now, by which way, and how much goes to and fro.'),
			ask: () => this.ask(),
			build: (content, refresh) => this.build(content, refresh)
		}, answer);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
