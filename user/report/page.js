/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page.js - draws a profile's flame graphs and heeds their controls.
 *
 * Owns: trees from samples (whole, of some threads, leaf first), search, zoom, keys. Its data is
 * what html_data.c wrote. Names go into the page as text only, never as markup, and
 * nothing here asks a network for anything.
 */
"use strict";
(() => {
const ROW = 18;            /* pixels, as in html_svg.c */
const LEAST = 1;           /* pixels: narrower boxes are drawn as one, (others) */
const THIN = 4;            /* pixels: a border would hide narrower boxes */
const STEPS = [0.001, 0.005, 0.02, 0.05]; /* as in flame.c */
const PIECES = 50;         /* of (others), where even one by one they are too narrow */
const OTHERS = -1;         /* the name of a box that stands for narrow ones */
const SVG = "http://www.w3.org/2000/svg";
const BYTES_VIEW = "faults";

const by = id => document.getElementById(id);
const data = JSON.parse(by("data").textContent);
const lower = data.names.map(name => name.toLowerCase());
const nboxes = data.boxes.length / 2;
const parentOf = box => box - data.boxes[2 * box];
const nameOf = box => data.boxes[2 * box + 1];
const roots = new Uint32Array(nboxes); /* a box's view: roots are the first boxes */
for (let box = 0; box < nboxes; box++)
	roots[box] = parentOf(box) === box ? box : roots[parentOf(box)];

const state = {
	view: 0, reverse: false, filter: null, growth: Boolean(data.other),
	root: null, zoom: null, selected: null, term: "", hits: null,
};

/* --- Trees. */

class Node {
	constructor(name, parent) {
		this.name = name;
		this.parent = parent;
		this.depth = parent ? parent.depth + 1 : 0;
		this.value = this.count = this.before = 0;
		this.kids = new Map();
		this.sorted = null;
	}

	kid(name) {
		let kid = this.kids.get(name);
		if (!kid)
			this.kids.set(name, kid = new Node(name, this));
		return kid;
	}

	/* By falling value; those of the other profile only have no width. */
	children() {
		if (!this.sorted)
			this.sorted = [...this.kids.values()].filter(kid => kid.value > 0)
				.sort((a, b) => b.value - a.value || a.name - b.name);
		return this.sorted;
	}

	add(value, count, other) {
		for (let node = this; node; node = node.parent) {
			if (other) {
				node.before += value;
			} else {
				node.value += value;
				node.count += count;
			}
		}
	}
}

/* The node where the path of a box ends, root first or leaf first. */
function nodeOf(root, box, reverse, known) {
	let node = known.get(box);
	if (node)
		return node;
	if (reverse) {
		node = root;
		for (let at = box; parentOf(at) !== at; at = parentOf(at))
			node = node.kid(nameOf(at));
	} else {
		node = parentOf(box) === box ? root :
			nodeOf(root, parentOf(box), false, known).kid(nameOf(box));
	}
	known.set(box, node);
	return node;
}

/* A thread of the other profile is the same one if it and its process have the same names. */
function wanted(threads, thread, filter, other) {
	const [process, pid, comm, tid] = threads.slice(4 * thread, 4 * thread + 4);
	if (!filter)
		return true;
	if (process !== filter.process || (filter.comm !== undefined && comm !== filter.comm))
		return false;
	return other || (pid === filter.pid && (filter.tid === undefined || tid === filter.tid));
}

function lay(root, known, profile, other) {
	const { samples, threads } = profile;
	const pass = [];
	for (let i = 0; i < threads.length / 4; i++)
		pass.push(wanted(threads, i, state.filter, other));
	for (let i = 0; i < samples.length; i += 4)
		if (roots[samples[i]] === state.view && pass[samples[i + 1]])
			nodeOf(root, samples[i], state.reverse, known)
				.add(samples[i + 2], samples[i + 3], other);
}

function build() {
	const known = new Map();
	state.root = new Node(nameOf(state.view), null);
	lay(state.root, known, data, false);
	if (data.other)
		lay(state.root, known, data.other, true);
	state.zoom = state.root;
	state.selected = null;
}

/* What is too narrow to be drawn, as one box: zoomed into, it shows what it holds. */
function othersOf(parent, kids) {
	const others = new Node(OTHERS, parent);
	for (const kid of kids) {
		others.value += kid.value;
		others.count += kid.count;
		others.before += kid.before;
	}
	others.sorted = kids;
	return others;
}

/* --- Words. */

function title(node) {
	return node.name === OTHERS ? "(others)" : data.names[node.name];
}

function grouped(number) {
	return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function percent(part, whole) {
	return (whole ? 100 * part / whole : 0).toFixed(2) + "\u00a0%";
}

function amount(value) {
	if (data.views[state.view] === BYTES_VIEW)
		return grouped(value) + "\u00a0bytes";
	const unit = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]].find(u => value >= u[0]);
	const short = unit ? ` (${(value / unit[0]).toPrecision(4)}\u00a0${unit[1]})` : "";
	return grouped(value) + "\u00a0ns" + short;
}

/* Where a function begins. */
function whereOf(name) {
	const file = data.places[2 * name], line = data.places[2 * name + 1];
	return file ? `; ${data.files[file - 1]}${line ? ":" + line : ""}` : "";
}

function describe(node) {
	const root = state.root;
	let text = `${amount(node.value)}, ${percent(node.value, root.value)} of all`;
	if (state.zoom !== root)
		text += `, ${percent(node.value, state.zoom.value)} of the zoomed`;
	text += `, ${grouped(node.count)}×`;
	if (data.other)
		text += `; was ${percent(node.before, root.before)}`;
	return text + whereOf(node.name);
}

function growthClass(node) {
	const root = state.root;
	const share = root.value ? node.value / root.value : 0;
	const before = root.before ? node.before / root.before : 0;
	const more = Math.abs(share - before);
	return (share > before ? "more" : "less") + STEPS.filter(step => more >= step).length;
}

/* --- Drawing. */

const graph = document.createElementNS(SVG, "svg");
const tip = document.createElement("div");
let letter = 7.2;
let drawn = new Map(); /* node -> its <g> */

function label(text, width) {
	const room = Math.floor((width - 6) / letter);
	if (room < 3)
		return "";
	const letters = Array.from(text);
	return letters.length <= room ? text : letters.slice(0, room - 1).join("") + "…";
}

function box(x, y, width, name, classes) {
	const group = document.createElementNS(SVG, "g");
	const rect = document.createElementNS(SVG, "rect");
	group.setAttribute("class", width < THIN ? classes + " thin" : classes);
	rect.setAttribute("x", x.toFixed(2));
	rect.setAttribute("y", y);
	rect.setAttribute("width", Math.max(width, 0.5).toFixed(2));
	rect.setAttribute("height", ROW - 1);
	group.append(rect);
	const shown = label(name, width);
	if (shown) {
		const text = document.createElementNS(SVG, "text");
		text.setAttribute("x", (x + 4).toFixed(2));
		text.setAttribute("y", y + 13);
		text.textContent = shown;
		group.append(text);
	}
	return group;
}

function classOf(node) {
	if (node.name === OTHERS)
		return "others";
	return state.growth ? growthClass(node) : data.kindNames[data.kinds[node.name]];
}

function boxOf(node, x, width, row, above) {
	const classes = [classOf(node)];
	if (above)
		classes.push("above");
	if (state.hits && state.hits[node.name])
		classes.push("hit");
	if (state.selected === node)
		classes.push("selected");
	const group = box(x, row * ROW, width, title(node), classes.join(" "));
	group.node = node;
	drawn.set(node, group);
	return group;
}

/* What is drawn below a box: the kids that are wide enough, and the others as one. */
function below(node, scale) {
	const kids = node.children();
	let n = kids.findIndex(kid => kid.value * scale < LEAST);
	n = n < 0 ? kids.length : n;
	if (n === 0 && node === state.zoom && node.name === OTHERS) {
		const size = Math.ceil(kids.length / PIECES), pieces = [];
		for (let i = 0; i < kids.length; i += size)
			pieces.push(othersOf(node, kids.slice(i, i + size)));
		return size > 1 ? pieces : kids;
	}
	const others = othersOf(node, kids.slice(n));
	return kids.slice(0, n).concat(others.value * scale < LEAST ? [] : others);
}

/* Depth first without recursion: stacks may be deep. Returns the rows that were needed. */
function place(parts, width) {
	const todo = [[state.zoom, 0, state.zoom.depth]];
	const scale = width / state.zoom.value;
	let rows = 0;
	while (todo.length) {
		let [node, x, row] = todo.pop();
		rows = Math.max(rows, row + 1);
		parts.append(boxOf(node, x, node.value * scale, row, false));
		for (const kid of node.name === OTHERS && node !== state.zoom ? [] :
		     below(node, scale)) {
			todo.push([kid, x, row + 1]);
			x += kid.value * scale;
		}
	}
	return rows;
}

function draw() {
	const width = graph.parentNode.clientWidth;
	const parts = document.createDocumentFragment();
	let rows = 1;
	drawn = new Map();
	for (let node = state.zoom.parent; node; node = node.parent)
		parts.append(boxOf(node, 0, width, node.depth, true));
	if (state.zoom.value)
		rows = place(parts, width);
	else
		parts.append(boxOf(state.root, 0, width, 0, false));
	graph.setAttribute("width", width);
	graph.setAttribute("height", rows * ROW);
	graph.replaceChildren(parts);
	by("reset").disabled = state.zoom === state.root;
	tip.hidden = true;
}

function say(node) {
	by("status").textContent = `${title(node)}: ${describe(node)}`;
}

function select(node) {
	const old = drawn.get(state.selected), now = drawn.get(node);
	if (old)
		old.classList.remove("selected");
	state.selected = node;
	if (now) {
		now.classList.add("selected");
		now.scrollIntoView({ block: "nearest" });
	}
	say(node || state.zoom);
}

function zoom(node) {
	state.zoom = node;
	state.selected = node;
	draw();
	say(node);
}

function rebuild() {
	build();
	search();
	say(state.root);
}

/* --- Search: of boxes within boxes that match, the outer one counts. */

function matched() {
	const todo = [state.root];
	let sum = 0;
	while (todo.length) {
		const node = todo.pop();
		if (state.hits[node.name])
			sum += node.value;
		else
			todo.push(...node.children());
	}
	return sum;
}

function search() {
	state.hits = state.term ? lower.map(name => name.includes(state.term)) : null;
	by("matched").textContent = state.hits ?
		`matched ${percent(matched(), state.root.value)}` : "";
	draw();
}

/* --- Controls. */

function option(text, filter) {
	const entry = document.createElement("option");
	entry.textContent = text;
	entry.filter = filter;
	return entry;
}

function fillFilter() {
	const processes = new Map();
	for (let i = 0; i < data.threads.length; i += 4) {
		const [process, pid, comm, tid] = data.threads.slice(i, i + 4);
		if (!processes.has(pid))
			processes.set(pid, { process, threads: [] });
		processes.get(pid).threads.push({ process, pid, comm, tid });
	}
	const entries = [option("all threads", null)];
	for (const [pid, { process, threads }] of processes) {
		entries.push(option(`${process} (${pid}), all threads`, { process, pid }));
		for (const t of threads)
			entries.push(option(`\u2003${t.comm} (${t.tid})`, t));
	}
	by("filter").replaceChildren(...entries);
}

function show(view) {
	for (const tab of by("tabs").children) {
		const mine = Number(tab.dataset.view) === view;
		tab.setAttribute("aria-selected", mine);
		tab.tabIndex = mine ? 0 : -1;
		const section = by("view-" + data.views[tab.dataset.view]);
		section.classList.toggle("shown", mine);
		if (mine)
			section.append(graph);
	}
	state.view = view;
	rebuild();
}

function step(node, key) {
	if (!node)
		return state.zoom;
	const line = node.parent ? node.parent.children() : [node];
	switch (key) {
	case "ArrowDown": return node.children()[0] || node;
	case "ArrowUp": return node.parent || node;
	case "ArrowLeft": return line[line.indexOf(node) - 1] || node;
	default: return line[line.indexOf(node) + 1] || node;
	}
}

function onGraphKey(event) {
	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (event.key.startsWith("Arrow")) {
		const node = step(state.selected, event.key);
		if (!drawn.has(node))
			return;
		select(node);
	} else if ((event.key === "Enter" || event.key === " ") && state.selected) {
		zoom(state.selected);
	} else {
		return;
	}
	event.preventDefault();
}

function onTabKey(event) {
	const tabs = [...by("tabs").children];
	const at = tabs.indexOf(document.activeElement);
	const to = event.key === "ArrowRight" ? at + 1 : event.key === "ArrowLeft" ? at - 1 : at;
	if (at < 0 || to === at)
		return;
	const tab = tabs[(to + tabs.length) % tabs.length];
	show(Number(tab.dataset.view));
	tab.focus();
	event.preventDefault();
}

function onPointer(event) {
	const group = event.target.closest("g");
	tip.hidden = !group;
	if (!group)
		return;
	tip.textContent = `${title(group.node)}\n${describe(group.node)}`;
	say(group.node);
	const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
	const below = event.clientY + 18 + tip.offsetHeight < innerHeight - 40;
	tip.style.left = Math.max(left, 0) + "px";
	tip.style.top = event.clientY + (below ? 18 : -tip.offsetHeight - 10) + "px";
}

function setGrowth(on) {
	state.growth = on;
	for (const legend of document.querySelectorAll(".legend"))
		legend.toggleAttribute("data-off", legend.classList.contains("growth") !== on);
}

function measureLetter() {
	const text = document.createElementNS(SVG, "text");
	text.textContent = "m".repeat(50);
	graph.append(text);
	letter = text.getComputedTextLength() / 50 || letter;
}

function listen() {
	graph.addEventListener("click", event => {
		const group = event.target.closest("g");
		if (group)
			zoom(group.node);
	});
	graph.addEventListener("pointermove", onPointer);
	graph.addEventListener("pointerleave", () => tip.hidden = true);
	graph.addEventListener("keydown", onGraphKey);
	by("tabs").addEventListener("keydown", onTabKey);
	by("tabs").addEventListener("click", event => {
		const tab = event.target.closest("a");
		event.preventDefault();
		if (tab)
			show(Number(tab.dataset.view));
	});
	by("search").addEventListener("input", event => {
		state.term = event.target.value.toLowerCase();
		search();
	});
	by("filter").addEventListener("change", event => {
		state.filter = event.target.selectedOptions[0].filter;
		rebuild();
	});
	by("reverse").addEventListener("change", event => {
		state.reverse = event.target.checked;
		rebuild();
	});
	by("reset").addEventListener("click", () => zoom(state.root));
	if (by("growth"))
		by("growth").addEventListener("change", event => {
			setGrowth(event.target.checked);
			draw();
		});
	document.addEventListener("keydown", event => {
		if (event.key === "Escape")
			zoom(state.root);
		else if (event.key === "/" && !event.target.closest("input, select"))
			by("search").focus(), event.preventDefault();
	});
	addEventListener("resize", draw);
}

function start() {
	const tabs = [...by("tabs").children];
	if (!tabs.length)
		return;
	document.documentElement.classList.add("script");
	by("tabs").setAttribute("role", "tablist");
	for (const tab of tabs)
		tab.setAttribute("role", "tab");
	for (const drawing of document.querySelectorAll(".static"))
		drawing.remove();
	graph.id = "graph";
	graph.setAttribute("class", "graph");
	graph.setAttribute("tabindex", "0");
	graph.setAttribute("role", "application");
	graph.setAttribute("aria-label", "Flame graph: arrows move, Enter zooms, Escape resets");
	tip.id = "tip";
	tip.hidden = true;
	document.body.append(tip);
	by("controls").hidden = by("status").hidden = false;
	fillFilter();
	setGrowth(state.growth);
	listen();
	const asked = tabs.find(tab => tab.hash === location.hash) || tabs[0];
	show(Number(asked.dataset.view));
	measureLetter();
	draw();
}

start();
})();
