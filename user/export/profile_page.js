'use strict';
// The page's script: draws what the data block holds. Text only ever goes in as text.
(() => {
const data = JSON.parse(document.getElementById('data').textContent);
const svgNs = 'http://www.w3.org/2000/svg', width = 1200, row = 17;
const state = { view: data.views[0], thread: -1, reverse: false, search: '', zoom: null };
const $ = id => document.getElementById(id);

function tree(set, view, thread, reverse) {
	const root = { name: 'all', kind: 'r', value: 0, kids: new Map() };
	for (const [v, t, value, ...path] of set.samples) {
		if (v !== view || (thread >= 0 && t !== thread))
			continue;
		let node = root;
		root.value += value;
		for (const index of reverse ? path.reverse() : path) {
			const [name, kind] = set.names[index];
			let kid = node.kids.get(name);
			if (!kid)
				node.kids.set(name, kid = { name, kind, value: 0, kids: new Map(), parent: node });
			kid.value += value;
			node = kid;
		}
		if (reverse)
			path.reverse();
	}
	return root;
}

const number = n => n.toLocaleString('en');
function amount(value) {
	if (state.view === 'faults')
		return number(value) + ' bytes';
	return (value / 1e9).toFixed(value < 1e7 ? 6 : 3) + ' s (' + number(value) + ' ns)';
}
const share = (a, b) => b ? (100 * a / b).toFixed(2) + ' %' : '';

function colour(node, before, total, totalBefore) {
	if (!data.before)
		return node.kind;
	const points = 100 * (node.value / total - (before ? before.value : 0) / (totalBefore || 1));
	const step = Math.abs(points) < .1 ? 0 : Math.abs(points) < 1 ? 1 : Math.abs(points) < 5 ? 2 : 3;
	return points >= 0 ? 'b' + step : 'a' + step;
}

const matches = node => state.search && node.name.includes(state.search);

function draw() {
	const root = tree(data, data.views.indexOf(state.view), state.thread, state.reverse);
	const old = data.before && tree(data.before, data.views.indexOf(state.view), -1, state.reverse);
	const path = state.zoom || [];
	let top = root, topOld = old;
	for (const name of path) {
		if (!top.kids.has(name)) { state.zoom = null; return draw(); }
		top = top.kids.get(name);
		topOld = topOld && topOld.kids.get(name);
	}
	const svg = document.createElementNS(svgNs, 'svg'), boxes = [];
	let depth = 0, found = 0;
	(function lay(node, before, x, level, inFound) {
		const w = top.value ? width * node.value / top.value : width;
		if (w < .3)
			return;
		depth = Math.max(depth, level);
		const hit = matches(node);
		if (hit && !inFound)
			found += node.value;
		boxes.push([node, before, x, w, level, hit]);
		for (const kid of [...node.kids.values()].sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))) {
			lay(kid, before && before.kids.get(kid.name), x, level + 1, inFound || hit);
			x += width * kid.value / top.value;
		}
	})(top, topOld, 0, 0, false);
	const height = (depth + 1) * row;
	svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
	svg.setAttribute('class', 'live');
	for (const [node, before, x, w, level, hit] of boxes) {
		const y = state.reverse ? level * row : height - (level + 1) * row;
		const rect = document.createElementNS(svgNs, 'rect');
		for (const [key, value] of [['x', x], ['y', y], ['width', w], ['height', row - 1], ['tabindex', 0]])
			rect.setAttribute(key, value);
		rect.setAttribute('class', colour(node, before, root.value, old && old.value) + (hit ? ' m' : ''));
		rect.setAttribute('aria-label', node.name);
		const tell = () => {
			let text = node.name + '\n' + amount(node.value) + ', ' + share(node.value, root.value) + ' of all';
			if (data.before)
				text += ', before ' + (share(before ? before.value : 0, old.value) || '0 %');
			$('status').textContent = text;
		};
		const zoom = () => {
			const names = [];
			for (let n = node; n.parent; n = n.parent)
				names.unshift(n.name);
			state.zoom = names;
			draw();
		};
		rect.addEventListener('mouseenter', tell);
		rect.addEventListener('focus', tell);
		rect.addEventListener('click', zoom);
		rect.addEventListener('keydown', e => { if (e.key === 'Enter') zoom(); });
		svg.append(rect);
		if (w > 34) {
			const label = document.createElementNS(svgNs, 'text'), room = Math.floor((w - 6) / 6.7);
			label.setAttribute('x', x + 3);
			label.setAttribute('y', y + 12);
			label.textContent = node.name.length > room ? node.name.slice(0, room - 1) + '…' : node.name;
			svg.append(label);
		}
	}
	$('graph').replaceChildren(svg);
	$('found').textContent = state.search ? share(found, top.value) + ' matched' : '';
	$('reset').disabled = !state.zoom;
	for (const button of $('tabs').children)
		button.setAttribute('aria-pressed', button.dataset.view === state.view);
	$('reverse').setAttribute('aria-pressed', state.reverse);
}

for (const view of data.views) {
	const button = document.createElement('button');
	button.textContent = view;
	button.dataset.view = view;
	button.addEventListener('click', () => { state.view = view; state.zoom = null; draw(); });
	$('tabs').append(button);
}
data.threads.forEach((name, index) => {
	const option = document.createElement('option');
	option.value = index;
	option.textContent = name;
	$('thread').append(option);
});
$('thread').addEventListener('change', e => { state.thread = +e.target.value; state.zoom = null; draw(); });
$('search').addEventListener('input', e => { state.search = e.target.value; draw(); });
$('reverse').addEventListener('click', () => { state.reverse = !state.reverse; state.zoom = null; draw(); });
$('reset').addEventListener('click', () => { state.zoom = null; draw(); });
document.addEventListener('keydown', e => { if (e.key === 'Escape') { state.zoom = null; draw(); } });
$('live').classList.remove('hidden');
$('still').classList.add('hidden');
draw();
})();
