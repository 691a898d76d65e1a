'use strict';
'require baseclass';
'require ntmobile.words as words';

/*
 * Pictures in SVG, in the colours of the theme: whatever stands beside them is told apart by line and
 * pattern too, so that they can be read in one colour and in the dark.
 */

const colours = {
	good: 'var(--success-color-high, var(--success-color, currentColor))',
	middle: 'var(--primary-color-high, var(--main-color, currentColor))',
	bad: 'var(--error-color-high, var(--danger-color, currentColor))'
};

const patterns = { direct: null, punched: '6 2', relay: '2 3', none: '1 6' };

function svg(tag, attributes, children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', tag);

	for (const name in attributes)
		if (attributes[name] != null)
			node.setAttribute(name, attributes[name]);

	for (const child of children || [])
		node.appendChild(typeof(child) == 'string' ? document.createTextNode(child) : child);

	return node;
}

function line(points, attributes) {
	return svg('polyline', Object.assign({
		'points': points.map(point => point[0].toFixed(1) + ',' + point[1].toFixed(1)).join(' '),
		'fill': 'none',
		'stroke-width': 2,
		'vector-effect': 'non-scaling-stroke'
	}, attributes));
}

function legendEntry(text, attributes) {
	return E('span', { 'style': 'margin-right:1.5em;white-space:nowrap' }, [
		svg('svg', { 'width': 28, 'height': 10, 'aria-hidden': 'true' }, [
			svg('line', Object.assign({ 'x1': 0, 'y1': 5, 'x2': 28, 'y2': 5, 'stroke-width': 3 }, attributes))
		]),
		' ',
		text
	]);
}

/* The next of 1, 2, 5, 10, … that is not below. */
function roundUp(value) {
	const unit = Math.pow(10, Math.floor(Math.log10(Math.max(value, 1))));

	return [ 1, 2, 5, 10 ].map(step => step * unit).find(step => step >= value);
}

/* Milliseconds on a scale where each step is ten times the one before: 1 ms … 100 s. */
function logarithm(ms) {
	return Math.min(1, Math.log10(Math.max(1, ms)) / 5);
}

function colourOf(route) {
	return route == 'relay' ? colours.middle : (route == 'none' ? colours.bad : colours.good);
}

/* Of the slowest path: until data came again, else until an answer did; null when nothing has. */
function silenceOf(handover) {
	let silence = 0;

	for (const path of handover.paths) {
		const ms = path.firstDataMs != null ? path.firstDataMs : path.firstAnswerMs;

		if (ms == null)
			return null;

		silence = Math.max(silence, ms);
	}

	return silence;
}

return baseclass.extend({
	silenceOf: silenceOf,

	/* What came and went in the last minutes: push(seconds, received, sent) in bytes per second. */
	rates(keepSeconds) {
		const width = 600, height = 100;
		const samples = [];
		const picture = svg('svg', {
			'viewBox': '0 0 %d %d'.format(width, height),
			'preserveAspectRatio': 'none',
			'role': 'img',
			'style': 'width:100%;height:7em;display:block;border-bottom:1px solid;border-left:1px solid'
		});
		const scale = E('small');
		const node = E('figure', { 'style': 'margin:0 0 1em 0' }, [
			scale,
			picture,
			E('figcaption', [
				legendEntry(_('received'), { 'stroke': colours.good }),
				legendEntry(_('sent'), { 'stroke': colours.middle, 'stroke-dasharray': '6 3' }),
				E('small', [ _('the last %d minutes').format(keepSeconds / 60) ])
			])
		]);

		return {
			node: node,

			push(seconds, received, sent) {
				samples.push([ seconds, received, sent ]);

				while (samples[0][0] < seconds - keepSeconds)
					samples.shift();

				const top = roundUp(Math.max(125, ...samples.map(sample => Math.max(sample[1], sample[2]))) * 8) / 8;
				const points = index => samples.map(sample => [
					width * (1 - (seconds - sample[0]) / keepSeconds),
					height * (1 - sample[index] / top)
				]);

				scale.textContent = words.rate(top);
				picture.setAttribute('aria-label', _('Received %s, sent %s').format(words.rate(received), words.rate(sent)));
				picture.replaceChildren(
					line(points(1), { 'stroke': colours.good }),
					line(points(2), { 'stroke': colours.middle, 'stroke-dasharray': '6 3' })
				);
			}
		};
	},

	/* How much of something is used. */
	load(used, limit, label) {
		const part = limit > 0 ? Math.min(100, Math.round(100 * used / limit)) : 0;

		return E('div', {
			'class': 'cbi-progressbar',
			'role': 'meter',
			'aria-label': label,
			'aria-valuemin': 0,
			'aria-valuemax': limit,
			'aria-valuenow': used,
			'title': _('%d of %d (%d %%)').format(used, limit, part)
		}, [ E('div', { 'style': 'width:%d%%'.format(part) }) ]);
	},

	/*
	 * Moves over time: above a lane for each uplink with a bar while it was used, solid where paths were
	 * direct and dotted where they were relayed; below how long the slowest path was silent. `select` is
	 * told the number of the move that was clicked or chosen with the keyboard.
	 */
	timeline(handovers, nowMs, select) {
		/* Moves between addresses of one device are told apart by these. */
		const devices = new Set(handovers.flatMap(handover => [ handover.fromDevice, handover.toDevice ]));
		const laneOf = (ip, device) => (devices.size > 1 ? device || ip : ip || device) || _('nothing');

		const moves = handovers.slice().reverse().map(handover => ({
			handover: handover,
			at: nowMs - handover.agoMs,
			from: laneOf(handover.from, handover.fromDevice),
			to: laneOf(handover.to, handover.toDevice),
			route: (handover.paths[0] || {}).after || 'direct'
		}));

		const lanes = [];

		for (const move of moves)
			for (const lane of [ move.from, move.to ])
				if (!lanes.includes(lane))
					lanes.push(lane);

		const laneHeight = 26, width = 1000, left = 130, bottom = 90;
		const height = lanes.length * laneHeight + 20 + bottom;
		const begin = moves[0].at - Math.max(1000, (nowMs - moves[0].at) * 0.06);
		const x = at => left + (width - left - 10) * (at - begin) / (nowMs - begin);
		const y = lane => lanes.indexOf(lane) * laneHeight + laneHeight / 2 + 6;
		const base = height - 22;
		const shapes = [];

		for (const lane of lanes) {
			shapes.push(svg('text', { 'x': 0, 'y': y(lane) + 5, 'fill': 'currentColor', 'font-size': 14 }, [ lane.substring(0, 16) ]));
			shapes.push(svg('line', {
				'x1': left, 'x2': width, 'y1': y(lane), 'y2': y(lane), 'stroke': 'currentColor', 'stroke-opacity': 0.15
			}));
		}

		const bar = (lane, from, to, route) => shapes.push(svg('line', {
			'x1': x(from), 'x2': Math.max(x(from) + 2, x(to)), 'y1': y(lane), 'y2': y(lane),
			'stroke': colourOf(route), 'stroke-width': 10, 'stroke-dasharray': patterns[route]
		}));

		bar(moves[0].from, begin, moves[0].at, (moves[0].handover.paths[0] || {}).before || 'direct');
		moves.forEach((move, index) => {
			bar(move.to, move.at, index + 1 < moves.length ? moves[index + 1].at : nowMs, move.route);
		});

		for (const ms of [ 10, 100, 1000, 10000 ]) {
			const level = base - (bottom - 30) * logarithm(ms);

			shapes.push(svg('line', {
				'x1': left, 'x2': width, 'y1': level, 'y2': level, 'stroke': 'currentColor', 'stroke-opacity': 0.15
			}));
			shapes.push(svg('text', {
				'x': left - 6, 'y': level + 4, 'text-anchor': 'end', 'fill': 'currentColor', 'font-size': 11
			}, [ words.ms(ms) ]));
		}

		for (const move of moves) {
			const silence = silenceOf(move.handover);
			const lost = (move.handover.lostPackets || 0) + (move.handover.peerLostPackets || 0);
			const text = _('Move %d, %s: %s, from %s to %s, silent for %s, lost: %s').format(
				move.handover.number, words.ago(move.handover.agoMs), words.cause(move.handover.cause),
				move.from, move.to, silence == null ? _('ever since') : words.ms(silence), words.losses(move.handover));
			const top = base - (bottom - 30) * (silence == null ? 1 : logarithm(silence));
			const choose = () => select(move.handover.number);
			const mark = svg('g', { 'tabindex': 0, 'role': 'button', 'aria-label': text, 'style': 'cursor:pointer' }, [
				svg('title', {}, [ text ]),
				svg('line', {
					'x1': x(move.at), 'x2': x(move.at), 'y1': y(move.from), 'y2': y(move.to),
					'stroke': 'currentColor', 'stroke-width': 2
				}),
				svg('circle', { 'cx': x(move.at), 'cy': y(move.to), 'r': 7, 'fill': 'currentColor' }),
				svg('rect', {
					'x': x(move.at) - 4, 'y': top, 'width': 8, 'height': Math.max(2, base - top),
					'fill': silence == null ? colours.bad : colours.middle
				}),
				svg('text', {
					'x': x(move.at), 'y': top - 4, 'text-anchor': 'middle', 'fill': 'currentColor', 'font-size': 11
				}, [ lost ? String(lost) : '' ]),
				svg('rect', { 'x': x(move.at) - 12, 'y': 0, 'width': 24, 'height': base, 'fill': 'transparent' })
			]);

			mark.addEventListener('click', choose);
			mark.addEventListener('keydown', ev => {
				if (ev.key == 'Enter' || ev.key == ' ') {
					ev.preventDefault();
					choose();
				}
			});
			shapes.push(mark);
		}

		shapes.push(svg('text', { 'x': left, 'y': height - 4, 'fill': 'currentColor', 'font-size': 12 }, [ words.ago(nowMs - begin) ]));
		shapes.push(svg('text', { 'x': width, 'y': height - 4, 'text-anchor': 'end', 'fill': 'currentColor', 'font-size': 12 }, [ _('now') ]));

		return E('figure', { 'style': 'margin:0 0 1em 0;overflow-x:auto' }, [
			svg('svg', {
				'viewBox': '0 0 %d %d'.format(width, height),
				'role': 'group',
				'aria-label': _('Moves over time'),
				'style': 'width:100%;min-width:40em;display:block'
			}, shapes),
			E('figcaption', [
				legendEntry(_('direct'), { 'stroke': colours.good }),
				legendEntry(_('direct through both NATs'), { 'stroke': colours.good, 'stroke-dasharray': patterns.punched }),
				legendEntry(_('relayed'), { 'stroke': colours.middle, 'stroke-dasharray': patterns.relay }),
				E('small', [ _('Bars below: how long the slowest path was silent; the number above, packets lost.') ])
			])
		]);
	},

	/* A QR code, dark on light whatever the theme, since readers want it so. */
	qr(matrix, label) {
		const size = matrix.length;
		let path = '';

		matrix.forEach((row, top) => row.forEach((isDark, left) => {
			if (isDark)
				path += 'M%d %dh1v1h-1z'.format(left, top);
		}));

		return svg('svg', {
			'viewBox': '0 0 %d %d'.format(size, size),
			'role': 'img',
			'aria-label': label,
			'shape-rendering': 'crispEdges',
			'style': 'width:min(100%,18em);height:auto;display:block;margin:auto'
		}, [
			svg('rect', { 'width': size, 'height': size, 'fill': 'white' }),
			svg('path', { 'd': path, 'fill': 'black' })
		]);
	}
});
