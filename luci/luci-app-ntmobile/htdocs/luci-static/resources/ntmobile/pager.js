'use strict';
'require baseclass';
'require ntmobile.page as page';

/*
 * Search and leafing above and below a long list. `wish` is what the daemon is asked for; `update` is told
 * how many rows there are in all.
 */

const rowsPerPage = 50;

return baseclass.extend({
	create(options) {
		const wish = { match: '', first: 0, count: rowsPerPage };
		let timer = null;
		let total = 0;

		const search = E('input', {
			'type': 'search',
			'class': 'cbi-input-text',
			'style': 'width:18em;max-width:100%',
			'placeholder': options.placeholder,
			'aria-label': options.placeholder,
			'maxlength': 64,
			'input': () => {
				window.clearTimeout(timer);
				timer = window.setTimeout(() => {
					wish.match = search.value;
					wish.first = 0;
					options.changed();
				}, 300);
			}
		});

		const turn = by => () => {
			wish.first = Math.max(0, wish.first + by);
			options.changed();
		};

		const back = page.button(_('Previous'), '', turn(-rowsPerPage));
		const on = page.button(_('Next'), '', turn(rowsPerPage));
		const place = E('span', { 'role': 'status' });
		const leafing = E('div', { 'class': 'right' }, [ place, ' ', back, ' ', on ]);

		return {
			wish: wish,
			search: search,
			leafing: leafing,

			update(newTotal, shown) {
				total = newTotal;

				if (wish.first > 0 && wish.first >= total) {
					wish.first = Math.max(0, total - (total % rowsPerPage || rowsPerPage));
					options.changed();
				}

				place.textContent = total ? _('%d to %d of %d').format(wish.first + 1, wish.first + shown, total) : '';
				back.disabled = wish.first == 0;
				on.disabled = wish.first + rowsPerPage >= total;
				leafing.style.display = total > rowsPerPage ? '' : 'none';
			}
		};
	}
});
