'use strict';
'require baseclass';
'require fs';
'require poll';
'require ui';
'require uci';
'require ntmobile.calls as calls';
'require ntmobile.words as words';

/* What every page has: its frame, the question that is repeated, and what it says when there is no answer. */

const pollSeconds = 5;

function button(text, style, handler, label) {
	const attributes = {
		'class': 'btn cbi-button' + (style ? ' cbi-button-' + style : ''),
		'type': 'button',
		'click': handler
	};

	if (label)
		attributes['aria-label'] = label;

	return E('button', attributes, [ text ]);
}

function alertBox(kind, children, heading) {
	return E('div', { 'class': 'alert-message ' + kind }, [
		heading ? E('h4', [ heading ]) : '',
		...children
	]);
}

function mayChange() {
	return typeof(L.hasViewPermission) != 'function' || L.hasViewPermission() !== false;
}

/* The service is started and stopped as on the command line; whatever it says is shown. */
function service(action) {
	return fs.exec('/etc/init.d/ntmobile', [ action ]).then(result => {
		if (result.code !== 0)
			throw new Error(result.stderr || result.stdout || _('The service script ended with %s.').format(result.code));
	});
}

function enabledRoles() {
	return [ 'node', 'ds', 'rs' ].filter(type => {
		return uci.sections('ntmobile', type).some(section => {
			return [ '1', 'yes', 'on', 'true', 'enabled' ].includes(String(section.enabled).toLowerCase());
		});
	});
}

return baseclass.extend({
	button: button,
	alertBox: alertBox,
	mayChange: mayChange,
	service: service,
	enabledRoles: enabledRoles,

	/* A button that shows that it works until the promise of its handler is kept, and tells why it was not. */
	actButton(text, style, handler, label) {
		const node = button(text, style, () => {
			node.disabled = true;
			node.classList.add('spinning');

			return Promise.resolve(handler(node)).catch(error => this.tell(error)).finally(() => {
				node.classList.remove('spinning');
				node.disabled = !mayChange();
			});
		}, label);

		node.disabled = !mayChange();

		return node;
	},

	/* A notice at the top of the page. */
	tell(error) {
		ui.addNotification(null, E('p', [ words.sentence(error.message || String(error)) ]), 'danger');
	},

	done(text) {
		ui.addTimeLimitedNotification
			? ui.addTimeLimitedNotification(null, E('p', [ text ]), 8000, 'info')
			: ui.addNotification(null, E('p', [ text ]), 'info');
	},

	/* LuCI takes a title that is text for HTML; in a list it is text. */
	dialog(title, children) {
		return ui.showModal([ title ], children);
	},

	/* Asks before something that cannot be undone. */
	confirm(title, children, text, handler) {
		const act = this.actButton(text, 'negative', () => {
			return Promise.resolve(handler()).finally(ui.hideModal);
		});

		this.dialog(title, [
			...children,
			E('div', { 'class': 'right button-row' }, [
				button(_('Cancel'), '', ui.hideModal),
				' ',
				act
			])
		]);
		act.focus();
	},

	/* Text with a button that copies it; works without a secure context too, as routers seldom have one. */
	copyButton(text, label) {
		const node = button(_('Copy'), '', () => {
			const copied = () => {
				node.textContent = _('Copied');
				window.setTimeout(() => { node.textContent = _('Copy') }, 2000);
			};

			if (window.isSecureContext && navigator.clipboard)
				return navigator.clipboard.writeText(text).then(copied);

			const area = E('textarea', { 'style': 'position:fixed;opacity:0' });

			area.value = text;
			node.parentNode.appendChild(area);
			area.select();

			if (document.execCommand('copy'))
				copied();

			area.remove();
			node.focus();
		}, label);

		return node;
	},

	withCopy(text, label) {
		if (!text)
			return '-';

		return {
			sign: text,
			node: () => [ E('code', { 'style': 'overflow-wrap:anywhere' }, [ text ]), ' ', this.copyButton(text, label) ]
		};
	},

	badge(text, kind) {
		return E('span', { 'class': 'label' + (kind ? ' ' + kind : '') }, [ text ]);
	},

	/* Why there is nothing to see, with the act that mends it. */
	troubleBox(trouble, state) {
		switch (trouble.reason) {
		case 'down':
			return this.downBox(state);

		case 'busy':
			return alertBox('warning', [
				E('p', [ _('The daemon does not answer at the moment. This page asks again by itself.') ])
			]);

		case 'old':
			return alertBox('notice', [
				E('p', [ _('The daemon is older than this page and does not know this yet. Update the package “ntmobile”.') ])
			]);

		case 'denied':
			return alertBox('notice', [
				E('p', [ _('Your account may not see this. Log in with one that has the right to read “luci-app-ntmobile”.') ])
			]);

		case 'refused':
			return alertBox('notice', [ E('p', [ words.sentence(trouble.message) ]) ]);

		default:
			return alertBox('warning', [
				E('p', [ _('The router does not answer. This page asks again by itself.') ])
			]);
		}
	},

	downBox(state) {
		const problems = (state && state.problems) || [];
		const findings = [];

		if (!enabledRoles().length) {
			findings.push(E('p', [
				_('No role is enabled yet.'),
				' ',
				E('a', { 'href': L.url('admin/services/ntmobile/overview') }, [ _('Join a network or start one') ])
			]));
		}
		else if (problems.length) {
			findings.push(E('p', [ _('The daemon does not run, because its settings are not in order:') ]));
			findings.push(E('ul', problems.map(text => E('li', [ words.sentence(text) ]))));
			findings.push(E('p', [
				E('a', { 'href': L.url('admin/services/ntmobile/settings') }, [ _('Correct the settings') ])
			]));
		}
		else {
			findings.push(E('p', [ _('The daemon does not run, so nothing can be shown.') ]));
		}

		if (state && state.service && state.service.exitCode)
			findings.push(E('p', [
				_('It ended with code %d. The system log says why: "logread -e ntmobiled".').format(state.service.exitCode)
			]));

		if (enabledRoles().length)
			findings.push(this.actButton(_('Start it'), 'action', () => {
				return service('start')
					.then(() => new Promise(resolve => window.setTimeout(resolve, 1500)))
					.then(() => this.refresh && this.refresh());
			}));

		return alertBox('warning', findings, _('NTMobile is not running'));
	},

	/* What the page can say about a daemon that does not run. */
	whyDown() {
		return Promise.all([
			L.require('ntmobile.rules'),
			L.resolveDefault(uci.load('ntmobile'), null),
			calls.service()
		]).then(results => {
			const sections = [ 'ntmobile', 'ds', 'rs', 'node', 'zone', 'export', 'route' ].flatMap(type => uci.sections('ntmobile', type));

			return {
				problems: enabledRoles().length ? results[0].configurationProblems(sections) : [],
				service: results[2]
			};
		}).catch(() => ({ problems: [], service: null }));
	},

	/* The first answer of a page, for its load(): { data } or { trouble, state }. */
	first(ask) {
		return ask().then(data => ({ data: data }), trouble => {
			if (!trouble.reason)
				throw trouble;

			return (trouble.reason == 'down' ? this.whyDown() : Promise.resolve(null)).then(state => {
				return { trouble: trouble, state: state };
			});
		});
	},

	/*
	 * The frame of a page: heading, box for trouble, content; and the repeated question. `build` makes the
	 * content at the first answer and gives a function that shows each answer. Nothing piles up: the next
	 * question waits for the last answer, a slow daemon is asked less often, a hidden page not at all.
	 * What was seen before stays while there is trouble, marked as such.
	 */
	live(options, answer) {
		const box = E('div', { 'role': 'status', 'aria-live': 'polite' });
		const content = E('div');
		let show = null;
		let boxSign = null;
		let turnsToSkip = 0;
		let isAsking = false;

		const settle = result => {
			const sign = result.trouble ? JSON.stringify([ result.trouble.reason, result.trouble.message, result.state ]) : '';

			if (sign !== boxSign) {
				boxSign = sign;
				box.replaceChildren(...(result.trouble ? [ this.troubleBox(result.trouble, result.state) ] : []));
			}

			content.style.opacity = result.trouble ? '0.6' : '';

			if (result.data) {
				if (!show) {
					show = options.build(content, refresh);
				}

				show(result.data);
			}
		};

		const ask = () => {
			isAsking = true;

			const began = Date.now();

			return this.first(options.ask).then(settle).catch(error => this.tell(error)).finally(() => {
				isAsking = false;
				turnsToSkip = Math.min(6, Math.floor((Date.now() - began) / (pollSeconds * 1000)));
			});
		};

		function refresh() {
			return isAsking ? Promise.resolve() : ask();
		}

		this.refresh = refresh;

		poll.add(() => {
			if (document.hidden || isAsking)
				return Promise.resolve();

			if (turnsToSkip > 0) {
				turnsToSkip--;

				return Promise.resolve();
			}

			return ask();
		}, options.seconds || pollSeconds);

		settle(answer);

		return E('div', { 'class': 'cbi-map' }, [
			E('h2', [ options.title ]),
			options.intro ? E('div', { 'class': 'cbi-map-descr' }, [ options.intro ]) : '',
			box,
			content
		]);
	}
});
