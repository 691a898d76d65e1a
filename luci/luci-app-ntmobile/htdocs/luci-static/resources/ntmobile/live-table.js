'use strict';
'require baseclass';

/*
 * A table whose rows stay in place while their values change, so that neither the focus nor a reader's
 * place is lost. A column has a title and a cell(row), which gives text, or { sign, node() } for more
 * than text: the node is made anew only when the sign differs. Titles are the rows' headings on a narrow
 * screen, where LuCI's themes put one cell below the other.
 */

function signOf(value) {
	return L.isObject(value) ? value.sign : (value == null ? '-' : String(value));
}

function fill(cell, value) {
	const sign = signOf(value);

	if (cell.sign === sign)
		return;

	cell.sign = sign;

	if (L.isObject(value)) {
		const node = value.node();

		cell.replaceChildren(...(Array.isArray(node) ? node : [ node ]));
	}
	else {
		cell.textContent = sign;
	}
}

function cellOf(column, isHeading) {
	const cell = E(isHeading ? 'th' : 'td', {
		'class': (isHeading ? 'th' : 'td') + ' left' + (column.isAct ? ' cbi-section-actions' : ''),
		'data-title': column.title || null,
		'width': column.width || null
	});

	if (isHeading) {
		cell.setAttribute('scope', 'row');
		cell.style.verticalAlign = 'middle';
	}

	return cell;
}

return baseclass.extend({
	/* options: title (read aloud), columns, key(row), empty (text when there are no rows), hasHead */
	create(options) {
		const columns = options.columns;
		const rowByKey = new Map();
		const body = E('tbody');
		const placeholder = E('tr', { 'class': 'tr placeholder' }, [
			E('td', { 'class': 'td', 'colspan': columns.length }, [ E('em', [ options.empty || '' ]) ])
		]);
		const head = E('thead', [
			E('tr', { 'class': 'tr table-titles' }, columns.map(column => {
				return E('th', { 'class': 'th left', 'scope': 'col' }, [ column.title || '' ]);
			}))
		]);
		const node = E('table', { 'class': 'table cbi-section-table', 'aria-label': options.title }, [ body ]);

		if (options.hasHead !== false)
			node.insertBefore(head, body);

		function rowOf(key) {
			let row = rowByKey.get(key);

			if (!row) {
				const cells = columns.map((column, index) => cellOf(column, index == 0));

				row = { node: E('tr', { 'class': 'tr', 'data-key': key }, [ ...cells ]), cells: cells };
				rowByKey.set(key, row);
			}

			return row;
		}

		return {
			node: node,

			update(rows) {
				const seen = new Set();
				let place = body.firstChild;

				for (const values of rows) {
					const key = String(options.key(values));

					if (seen.has(key))
						continue;

					const row = rowOf(key);

					seen.add(key);
					columns.forEach((column, index) => fill(row.cells[index], column.cell(values)));
					row.node.className = 'tr cbi-rowstyle-%d'.format(1 + (seen.size + 1) % 2);

					if (row.node === place)
						place = place.nextSibling;
					else
						body.insertBefore(row.node, place);
				}

				for (const entry of Array.from(rowByKey)) {
					if (!seen.has(entry[0])) {
						entry[1].node.remove();
						rowByKey.delete(entry[0]);
					}
				}

				if (seen.size)
					placeholder.remove();
				else
					body.appendChild(placeholder);
			},

			row(key) {
				const row = rowByKey.get(String(key));

				return row ? row.node : null;
			}
		};
	},

	/* Names and values below each other: update([ [ name, value ], … ]). */
	fields(title) {
		const table = this.create({
			title: title,
			hasHead: false,
			key: row => row[0],
			columns: [
				{ title: '', width: '30%', cell: row => row[0] },
				{ title: '', cell: row => row[1] }
			]
		});

		table.node.classList.remove('cbi-section-table');

		return table;
	}
});
