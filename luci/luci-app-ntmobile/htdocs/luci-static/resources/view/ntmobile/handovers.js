'use strict';
'require view';
'require ntmobile.calls as calls';
'require ntmobile.charts as charts';
'require ntmobile.live-table as live_table';
'require ntmobile.page as page';
'require ntmobile.words as words';

/* Of many moves the youngest, and of each the slowest paths: the rest is asked for when it is wanted. */
const movesShown = 50;
const pathsShown = 4;

function place(ip, device) {
	return ip == null ? '-' : (device ? _('%s on %s').format(ip, device) : ip);
}

function changes(handover) {
	const countByChange = new Map();

	for (const path of handover.paths) {
		const change = path.before == path.after
			? words.kind(path.after)
			: _('%s, then %s').format(words.kind(path.before), words.kind(path.after));

		countByChange.set(change, (countByChange.get(change) || 0) + 1);
	}

	const parts = Array.from(countByChange, entry => entry[1] == 1 ? entry[0] : '%d × %s'.format(entry[1], entry[0]));
	const more = (handover.pathCount || 0) - handover.paths.length;

	if (more > 0)
		parts.push(_('and %d more').format(more));

	return parts.join('; ') || _('no paths');
}

function slowest(handover, key) {
	const known = handover.paths.map(path => path[key]).filter(value => value != null);

	return known.length ? Math.max(...known) : null;
}

function pathTable(handover) {
	const table = live_table.create({
		title: _('Paths of move %d').format(handover.number),
		empty: _('no paths'),
		key: path => path.pathId,
		columns: [
			{ title: _('Peer'), cell: path => path.peerName || path.pathId },
			{ title: _('Before'), cell: path => words.kind(path.before) },
			{ title: _('After'), cell: path => words.kind(path.after) },
			{ title: _('First answer'), cell: path => words.ms(path.firstAnswerMs) },
			{ title: _('First data'), cell: path => words.ms(path.firstDataMs) },
			{ title: _('Lost'), cell: path => words.losses(path) }
		]
	});

	table.update(handover.paths);

	return table.node;
}

return view.extend({
	load() {
		return page.first(() => this.ask());
	},

	ask() {
		return calls.ask('handovers', { first: 0, count: movesShown, paths: pathsShown })
			.then(result => Object.assign({ at: Date.now() }, result));
	},

	build(content) {
		const picture = E('div', { 'class': 'cbi-section' });
		const details = E('div', { 'class': 'cbi-section', 'style': 'display:none' });
		const table = live_table.create({
			title: _('Moves'),
			empty: _('This router has not moved since the daemon was started.'),
			key: handover => handover.number,
			columns: [
				{ title: _('No.'), cell: handover => String(handover.number) },
				{ title: _('When'), cell: handover => _('%s, %s').format(words.time(this.at - handover.agoMs), words.ago(handover.agoMs)) },
				{ title: _('Why'), cell: handover => words.cause(handover.cause) },
				{ title: _('From'), cell: handover => place(handover.from, handover.fromDevice) },
				{ title: _('To'), cell: handover => place(handover.to, handover.toDevice) },
				{ title: _('Paths'), cell: changes },
				{ title: _('First answer'), cell: handover => words.ms(slowest(handover, 'firstAnswerMs')) },
				{ title: _('First data'), cell: handover => words.ms(slowest(handover, 'firstDataMs')) },
				{ title: _('Direction Server knew'), cell: handover => words.ms(handover.updateMs) },
				{ title: _('Lost'), cell: handover => words.losses(handover) },
				{ title: '', isAct: true, cell: handover => ({
					sign: String(handover.number),
					node: () => page.button(_('Details'), '', () => choose(handover.number), _('Details of move %d').format(handover.number))
				}) }
			]
		});

		const choose = number => {
			const row = table.row(number);

			if (row)
				row.scrollIntoView({ block: 'nearest' });

			return this.wholeMove(number).then(handover => {
				details.style.display = '';
				details.replaceChildren(
					E('h3', { 'tabindex': -1 }, [ _('Move %d, %s').format(number, words.cause(handover.cause)) ]),
					pathTable(handover));
				details.firstChild.focus();
			}).catch(trouble => page.tell(trouble));
		};

		content.appendChild(picture);
		content.appendChild(E('div', { 'class': 'cbi-section' }, [ table.node ]));
		content.appendChild(details);

		let drawn = null;

		return data => {
			const sign = data.handovers.map(handover => '%d:%d'.format(handover.number, handover.paths.length)).join();

			this.at = data.at;
			this.handovers = data.handovers;
			picture.style.display = data.handovers.length ? '' : 'none';

			if (data.handovers.length && (sign !== drawn || !picture.contains(document.activeElement))) {
				drawn = sign;
				picture.replaceChildren(charts.timeline(data.handovers, data.at, choose));
			}

			table.update(data.handovers);
		};
	},

	/* With all its paths. */
	wholeMove(number) {
		const index = this.handovers.findIndex(handover => handover.number == number);

		return calls.ask('handovers', { first: Math.max(0, index - 1), count: 3, paths: 500 })
			.then(result => result.handovers.find(handover => handover.number == number) || this.handovers[index]);
	},

	render(answer) {
		return page.live({
			title: _('Handovers'),
			intro: _('Each time this router went over to another network: when, why, from where to where, how long its paths were silent, and how many packets were lost on their way in and out.'),
			ask: () => this.ask(),
			build: content => this.build(content)
		}, answer);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
