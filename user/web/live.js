// SPDX-License-Identifier: GPL-2.0-only
/*
 * live.js - the live page: draws what /api/v1/ says, of now and of the past.
 *
 * Owns: what is shown and what a click or a key does. Every text of a stranger goes into the document as
 * text (textContent), never as markup. Charts are SVG made here: four lines and some bars need no library.
 * Not here: any figure; the server has made all of them.
 */
"use strict";

const POLL_MS = 3000, RANGE_MS = 60000, POINTS = 360, ROWS = 40, MATRIX = 8, MINUTE_S = 61;
const SVG = "http://www.w3.org/2000/svg";
const state = { t: 0, from: 0, to: 0, group: "", finding: "", sort: "cpu", filter: "" };
let view = null, range = null, cursor = -1, timer = 0, rangeTimer = 0, asked = 0, rangeAsked = 0;

// --- The document.

function el(tag, attributes, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		if (name === "on")
			for (const [event, run] of Object.entries(value))
				e.addEventListener(event, run);
		else if (value !== null && value !== undefined)
			e.setAttribute(name, value);
	e.append(...children.filter(c => c !== null && c !== undefined));
	return e;
}

function draw(tag, attributes, ...children) {
	const e = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes))
		e.setAttribute(name, value);
	e.append(...children);
	return e;
}

const at = id => document.getElementById(id);

/* The one who has the focus keeps it, however often its place is drawn anew. */
function fill(id, ...children) {
	const key = document.activeElement && document.activeElement.getAttribute("data-key");
	at(id).replaceChildren(...children.filter(Boolean));
	if (!key || document.activeElement.getAttribute("data-key") === key)
		return;
	for (const e of at(id).querySelectorAll("[data-key]"))
		if (e.getAttribute("data-key") === key)
			e.focus({ preventScroll: true });
}

function link(text, key, run, label) {
	return el("button", { type: "button", class: "link", "data-key": key, "aria-label": label, on: { click: run } }, text);
}

// --- Figures as words.

function percent(ratio, digits = 1) {
	return ratio === null || ratio === undefined ? "–" : (100 * ratio).toFixed(digits);
}

function bytes(n) {
	if (n === null || n === undefined)
		return "–";
	let i = 0;
	for (; n >= 1024 && i < 5; i++)
		n /= 1024;
	return (i && n < 10 ? n.toFixed(1) : Math.round(n)) + " " + ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][i];
}

function seconds(s) {
	return s >= 100 ? Math.round(s) + " s" : s >= 1 ? s.toFixed(2) + " s" : (1000 * s).toFixed(1) + " ms";
}

function age(s) {
	return s < 120 ? Math.round(s) + " s" : s < 7200 ? Math.round(s / 60) + " min" : (s / 3600).toFixed(1) + " h";
}

const two = n => String(n).padStart(2, "0");

/* In the reader's own time zone. */
function clock(t, date) {
	const d = new Date(1000 * t);
	return (date ? d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate()) + " " : "") +
		two(d.getHours()) + ":" + two(d.getMinutes()) + ":" + two(d.getSeconds());
}

const heat = ratio => ratio >= .5 ? "hot" : ratio >= .1 ? "warm" : "";
const nameOf = row => Object.values(row.labels).join("/");

// --- Asking.

async function ask(path) {
	const answer = await fetch(path, { cache: "no-store" });
	let body = null;
	try {
		body = await answer.json();
	} catch (e) {
		throw new Error("no JSON in the answer (status " + answer.status + ")");
	}
	if (!answer.ok)
		throw new Error(body.error || "status " + answer.status);
	return body;
}

function query(members) {
	return new URLSearchParams(Object.entries(members).filter(([, value]) => value)).toString();
}

function complain(id, error) {
	fill(id, el("p", { class: "fault", role: "alert" }, String(error.message || error)));
}

// --- What the address says: #t=…&from=…&to=…&group=…&finding=…

function readAddress() {
	const said = new URLSearchParams(location.hash.slice(1));
	const time = name => Number.isFinite(+said.get(name)) ? Math.max(0, +said.get(name)) : 0;
	Object.assign(state, { t: time("t"), from: time("from"), to: time("to"),
			       group: said.get("group") || "", finding: said.get("finding") || "" });
}

function writeAddress(change) {
	const next = Object.assign({}, state, change);
	const hash = query({ t: next.t, from: next.from, to: next.to, group: next.group, finding: next.finding });
	if (hash === location.hash.slice(1))
		follow();
	else
		location.hash = hash;
}

// --- Sentence and host.

function drawSentence() {
	const say = at("say");
	say.className = "say " + view.sentence.state;
	say.textContent = view.sentence.text;
	const m = view.virtual_memory;
	at("host").textContent = (state.t ? "Then, " : "Now, ") + clock(view.time, true) + " · " + view.cpu_count + " CPUs, " +
		view.cpu_percent.toFixed(1) + " % busy · load " + view.load_average.map(l => l.toFixed(2)).join(" ") + " · memory " +
		bytes(m.total - m.available) + " of " + bytes(m.total) + " · " + seconds(view.interval_seconds) + " since the snapshot before";
	at("live").hidden = !state.t;
	document.title = "vigie – " + view.sentence.text.slice(0, 60);
}

// --- The table of the moment.

const share = (row, s) => view.interval_seconds && s !== null ? s / view.interval_seconds : null;
const stall = row => {
	const m = row.memory_stall_seconds;
	return m.reclaim + m.cgroup_reclaim + m.compaction;
};
const COLUMNS = {
	cpu: { title: "CPU %", of: r => share(r, r.cpu_seconds.user + r.cpu_seconds.system), rate: true },
	wait: { title: "waits for CPU %", of: r => share(r, r.run_queue_wait_seconds), rate: true },
	disk: { title: "storage %", of: r => share(r, r.off_cpu_seconds.disk), rate: true },
	stall: { title: "memory %", of: r => share(r, stall(r)), rate: true, wide: true },
	rss: { title: "resident", of: r => r.memory.rss, text: bytes },
	threads: { title: "threads", of: r => r.threads, text: String, wide: true },
};

function culpritOf(name) {
	return (view.delays || []).find(d => d.victim === name);
}

/* Of several waits the longest: on what, and because of whom. */
function why(row) {
	const waits = [["a CPU", COLUMNS.wait.of(row)], ["storage", COLUMNS.disk.of(row)], ["memory", COLUMNS.stall.of(row)]];
	const [what, ratio] = waits.reduce((a, b) => (b[1] || 0) > (a[1] || 0) ? b : a);
	if (!(ratio >= .02))
		return "";
	const delay = what === "a CPU" ? culpritOf(nameOf(row)) : null;
	return what + " " + percent(ratio, 0) + " %" + (delay ? ", because of " + delay.culprit : "");
}

function sortButton(id) {
	const run = () => { state.sort = id; drawTable(); };
	return el("th", { class: "n" + (COLUMNS[id].wide ? " wide" : ""), scope: "col",
			  "aria-sort": state.sort === id ? "descending" : "none" },
		  link(COLUMNS[id].title, "sort " + id, run, "sort by " + COLUMNS[id].title));
}

function tableRow(row) {
	const name = nameOf(row);
	const cells = Object.entries(COLUMNS).map(([, column]) => {
		const value = column.of(row);
		return el("td", { class: "n " + (column.wide ? "wide " : "") + (column.rate ? heat(value) : "") },
			  column.rate ? percent(value) : column.text(value));
	});
	const { unit, comm } = row.labels; /* by other keys the past is not asked for */
	return el("tr", {}, el("td", { class: "name" }, unit && comm ? link(name, "group " + name,
		() => writeAddress({ group: unit + "\n" + comm, finding: "" }), "the past of " + name) : name), ...cells,
		el("td", { class: "name" }, why(row)));
}

function drawTable() {
	if (!view)
		return;
	const of = COLUMNS[state.sort].of, filter = state.filter.toLowerCase();
	const all = view.processes.filter(row => nameOf(row).toLowerCase().includes(filter));
	const rows = all.sort((a, b) => (of(b) || 0) - (of(a) || 0) || (nameOf(a) < nameOf(b) ? -1 : 1)).slice(0, ROWS);
	const head = el("tr", {}, el("th", { scope: "col" }, Object.keys((view.processes[0] || view.other).labels).join(" / ")),
			...Object.keys(COLUMNS).map(sortButton), el("th", { scope: "col" }, "waits for"));
	fill("rows", el("table", { "aria-label": "who uses what, and waits for what" },
			el("thead", {}, head), el("tbody", {}, ...rows.map(tableRow), filter ? null : tableRow(view.other))));
	at("more").textContent = all.length > ROWS ? all.length - ROWS + " more rows: filter, or sort by another column." : "";
}

// --- Who delays whom.

function sums(delays, name) {
	const sum = new Map();
	for (const d of delays)
		sum.set(d[name], (sum.get(d[name]) || 0) + d.wait_seconds);
	return [...sum].sort((a, b) => b[1] - a[1]).slice(0, MATRIX).map(([who]) => who);
}

function drawMatrix() {
	const delays = view.delays;
	if (!delays || !delays.length) {
		fill("matrix", el("p", { class: "dim" }, delays ? "Nobody was kept from a CPU for long." :
			"Not watched now: vigie costs more than it may (see below)."));
		return;
	}
	const victims = sums(delays, "victim"), culprits = sums(delays, "culprit"), cell = new Map();
	let most = 0;
	for (const d of delays) {
		cell.set(d.victim + "\n" + d.culprit, d.wait_seconds);
		most = Math.max(most, d.wait_seconds);
	}
	const row = victim => el("tr", {}, el("th", { class: "name", scope: "row" }, victim), ...culprits.map(culprit => {
		const s = cell.get(victim + "\n" + culprit);
		return el("td", { class: "n" + (s ? " h" + Math.max(1, Math.ceil(4 * s / most)) : "") }, s ? seconds(s) : "");
	}));
	fill("matrix", el("table", { "aria-label": "who delays whom: victims in rows, culprits in columns" },
		el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "victim \\ culprit"),
			...culprits.map(c => el("th", { class: "name", scope: "col" }, c)))),
		el("tbody", {}, ...victims.map(row))));
}

// --- Memory towards limits.

function memoryRow(name, used, limit) {
	const ratio = used / limit;
	return el("tr", {}, el("td", { class: "name" }, name),
		  el("td", {}, el("meter", { min: 0, max: 1, high: .9, low: .7, optimum: 0, value: Math.min(1, ratio),
					     "aria-label": name + ": " + percent(ratio, 0) + " % of its limit" })),
		  el("td", { class: "n " + (ratio >= .9 ? "hot" : "") }, percent(ratio, 0) + " %"),
		  el("td", { class: "n" }, bytes(used) + " of " + bytes(limit)));
}

function drawMemory() {
	const limited = view.units.filter(u => u.memory_limit_bytes && u.memory_charged_bytes !== null)
		.map(u => [u.unit, u.memory_working_set_bytes ?? u.memory_charged_bytes, u.memory_limit_bytes])
		.sort((a, b) => b[1] / b[2] - a[1] / a[2]).slice(0, 12);
	const m = view.virtual_memory, s = view.swap_memory;
	fill("memory", el("table", { "aria-label": "memory towards limits" }, el("tbody", {},
		memoryRow("this host", m.total - m.available, m.total), s.total ? memoryRow("swap", s.used, s.total) : null,
		...limited.map(row => memoryRow(...row)))),
	     limited.length ? null : el("p", { class: "dim" }, "No unit has a limit of memory."));
}

// --- Findings.

/* Of now, as the server has them; of the past, those whose time has that moment in it. */
function findingsShown() {
	if (!state.t)
		return view.findings || [];
	return range ? range.findings.filter(f => f.since <= state.t && f.last >= state.t) : [];
}

function drawFindings() {
	const shown = findingsShown();
	const row = f => el("tr", {}, el("td", { class: f.severity === "error" || f.severity === "critical" ? "hot" : "" }, f.severity),
		el("td", { class: "n wide" }, clock(f.since, false)), el("td", { class: "n" }, age((f.end ?? f.last ?? view.time) - f.since)),
		el("td", { class: "name" }, link(f.message, "finding " + f.id, () => writeAddress({ finding: f.id, group: "" }), "the story of: " + f.message)));
	fill("findings", shown.length ? el("table", { "aria-label": "findings" },
		el("thead", {}, el("tr", {}, ...["severity", "since", "for", "what"].map((title, i) =>
			el("th", { scope: "col", class: i === 1 ? "wide" : null }, title)))),
		el("tbody", {}, ...shown.map(row))) : el("p", { class: "dim" }, "Nothing is wrong" + (state.t ? " at that moment." : ".")));
}

// --- vigie itself.

function drawSelf() {
	const s = view.self;
	if (!s)
		return; /* of a moment of the past it is not known: what stands there is of now */
	const lost = Object.entries(view.losses).filter(([, n]) => n), o = s.overhead_ratio, pairs = [];
	pairs.push(["cost", o ? percent(o.processes + o.probes, 3) + " % of one core (probes " + percent(o.probes, 3) + " %), at most " +
		percent(o.limit, 2) + " %" : "not limited"]);
	if (o && o.off.length)
		pairs.push(["not watched now", o.off.join(", ")]);
	pairs.push(["its memory", bytes(s.resident_bytes)], ["snapshots", String(s.snapshots)],
		   ["lost by the probes", lost.length ? lost.map(([cause, n]) => cause + " " + n).join(", ") : "nothing"],
		   ["not recorded", s.snapshots_not_recorded + " snapshots, " + s.log_lines_lost + " lines of the log"],
		   ["history", s.recording ? "is kept" : "is not kept"], ["version", s.version]);
	for (const m of s.missing)
		pairs.push(["not here: " + m.field, m.reason]);
	fill("self", el("dl", {}, ...pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

// --- Curves.

/* A gap where nothing is known. x and y in the box's own units. */
function path(xs, values, height, most, area) {
	let d = "", open = false;
	values.forEach((v, i) => {
		if (v === null || v === undefined) {
			open = false;
			return;
		}
		const y = height - height * Math.min(1, v / most);
		if (area && !open)
			d += "M" + xs[i].toFixed(1) + " " + height;
		d += (open || area ? "L" : "M") + xs[i].toFixed(1) + " " + y.toFixed(1);
		if (area && (i + 1 === values.length || values[i + 1] === null))
			d += "L" + xs[i].toFixed(1) + " " + height + "Z";
		open = true;
	});
	return d;
}

function xOf(t) {
	return 1000 * (t - range.from) / Math.max(1e-9, range.to - range.from);
}

function drawBar() {
	const xs = range.time.map(xOf), bar = at("bar");
	const parts = [draw("path", { class: "area", d: path(xs, range.cpu_ratio, 100, 1, true) }),
		       draw("path", { class: "stroke peak", d: path(xs, range.cpu_ratio_max, 100, 1) }),
		       draw("path", { class: "stroke cpu", d: path(xs, range.cpu_ratio, 100, 1) }),
		       draw("path", { class: "stroke wait", d: path(xs, range.pressure_cpu_ratio, 100, 1) }),
		       draw("path", { class: "stroke io", d: path(xs, range.pressure_io_ratio, 100, 1) }),
		       draw("path", { class: "stroke memory", d: path(xs, range.pressure_memory_ratio, 100, 1) })];
	for (const f of range.findings) {
		const left = Math.max(0, xOf(f.since)), right = Math.min(1000, xOf(f.last));
		parts.push(draw("rect", { class: "mark " + f.severity, x: left, y: 102, width: Math.max(4, right - left), height: 8 },
			draw("title", {}, document.createTextNode(f.message))));
	}
	const shown = cursor >= 0 ? range.time[cursor] : state.t;
	if (shown)
		parts.push(draw("line", { class: "cursor", x1: xOf(shown), x2: xOf(shown), y1: 0, y2: 112 }));
	bar.replaceChildren(...parts);
	bar.setAttribute("aria-valuemin", Math.floor(range.from));
	bar.setAttribute("aria-valuemax", Math.ceil(range.to));
	bar.setAttribute("aria-valuenow", Math.round(shown || range.to));
	bar.setAttribute("aria-valuetext", shown ? clock(shown, true) : "now");
	fill("axis", el("span", {}, clock(range.from, true)), el("span", {}, shown ? "▲ " + clock(shown, true) : ""), el("span", {}, clock(range.to, true)));
	fill("damage", range.skipped ? el("p", { class: "fault" }, range.skipped + " places of the history are damaged and were passed over.") : null);
	at("wider").hidden = !state.from && !state.to;
}

/* Answers may come in another order than they were asked for: the last one asked for counts. */
async function loadRange() {
	const mine = ++rangeAsked;
	clearTimeout(rangeTimer);
	try {
		const got = await ask("api/v1/range?" + query({ from: state.from, to: state.to, points: POINTS }));
		if (mine !== rangeAsked)
			return;
		range = got;
		cursor = -1;
		fill("trouble");
		drawBar();
		if (view)
			drawFindings();
	} catch (error) {
		if (mine !== rangeAsked)
			return;
		range = null;
		at("bar").replaceChildren();
		complain("trouble", error);
	}
	if (!document.hidden)
		rangeTimer = setTimeout(loadRange, RANGE_MS);
}

function nearest(t) {
	let best = -1;
	range.time.forEach((x, i) => {
		if (range.cpu_ratio[i] !== null && (best < 0 || Math.abs(x - t) < Math.abs(range.time[best] - t)))
			best = i;
	});
	return best;
}

/* A point stands for all snapshots of its step: its busiest one is what a click on a spike means. */
async function openPoint(i) {
	if (i < 0)
		return;
	let t = range.peak_time[i];
	if (!range.whole) { /* a snapshot a minute was read: which one in that minute was it? */
		try {
			t = (await ask("api/v1/instant?" + query({ at: t, from: Math.max(1, t - MINUTE_S) }))).time;
		} catch (error) {
			complain("trouble", error);
			return;
		}
	}
	writeAddress({ t });
}

function timeAt(event) {
	const box = at("bar").getBoundingClientRect();
	return range.from + (range.to - range.from) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
}

function brush() {
	const bar = at("bar");
	let began = null, mark = null;
	bar.addEventListener("pointerdown", event => {
		if (!range)
			return;
		began = { x: event.clientX, t: timeAt(event) };
		mark = draw("rect", { class: "brush", y: 0, height: 112, x: 0, width: 0 });
		bar.append(mark);
		bar.setPointerCapture(event.pointerId);
	});
	bar.addEventListener("pointermove", event => {
		if (!began)
			return;
		const a = xOf(began.t), b = xOf(timeAt(event));
		mark.setAttribute("x", Math.min(a, b));
		mark.setAttribute("width", Math.abs(a - b));
	});
	bar.addEventListener("pointerup", event => {
		if (!began)
			return;
		const t = timeAt(event), from = Math.min(t, began.t), to = Math.max(t, began.t);
		mark.remove();
		if (Math.abs(event.clientX - began.x) < 6)
			openPoint(nearest(t));
		else
			writeAddress({ from: +from.toFixed(3), to: +to.toFixed(3) });
		began = null;
	});
	bar.addEventListener("pointercancel", () => { began = null; if (mark) mark.remove(); });
	bar.addEventListener("keydown", event => {
		const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
		if (!range || !range.time.length)
			return;
		if (step) {
			const from = cursor >= 0 ? cursor : nearest(state.t || range.to);
			cursor = Math.min(range.time.length - 1, Math.max(0, from + step));
			drawBar();
		} else if (event.key === "Home" || event.key === "End") {
			cursor = event.key === "Home" ? 0 : range.time.length - 1;
			drawBar();
		} else if (event.key === "Enter" || event.key === " ") {
			openPoint(cursor >= 0 ? nearest(range.time[cursor]) : nearest(state.t || range.to));
		} else {
			return;
		}
		event.preventDefault();
	});
}

// --- One group's past, one finding's story.

function curve(title, times, values, text, name) {
	const known = values.filter(v => v !== null), most = Math.max(1e-9, ...known), from = times[0], to = times[times.length - 1];
	const xs = times.map(t => 1000 * (t - from) / Math.max(1e-9, to - from));
	return el("div", {}, el("h3", {}, title + (known.length ? ", at most " + text(most) : ": not known")),
		draw("svg", { class: "curve", viewBox: "0 0 1000 100", preserveAspectRatio: "none", role: "img", "aria-label": title + " of " + name },
		     draw("path", { class: "stroke cpu", d: path(xs, values, 100, most) })));
}

async function drawGroup() {
	if (!state.group) {
		at("groupbox").hidden = true;
		return;
	}
	const key = () => [state.group, state.from, state.to].join("\n"), mine = key();
	const [unit, comm] = state.group.split("\n"), name = unit + "/" + comm;
	at("groupbox").hidden = false;
	at("groupname").textContent = name;
	try {
		const g = await ask("api/v1/group?" + query({ unit, comm, from: state.from, to: state.to, points: POINTS }));
		if (mine !== key())
			return;
		const rate = v => percent(v) + " %";
		fill("group", ...(g.time.length ? [curve("CPU", g.time, g.cpu_ratio, rate, name), curve("waiting for a CPU", g.time, g.run_queue_wait_ratio, rate, name),
			curve("waiting for storage", g.time, g.disk_ratio, rate, name), curve("resident memory", g.time, g.resident_bytes, bytes, name)]
			: [el("p", { class: "dim" }, "The history has nothing of it.")]));
	} catch (error) {
		if (mine === key())
			complain("group", error);
	}
}

function story(f) {
	const last = f.events[f.events.length - 1];
	return [el("p", {}, f.message), el("dl", {}, ...[["rule", f.rule + ": " + f.decides], ["since", clock(f.since, true)],
		["until", f.end === null ? "under way at " + clock(last.time, true) : clock(f.end, true)],
		[f.quantity, "observed " + f.observed + ", at worst " + f.worst + ", expected " + f.expected + " " + f.unit],
		["confidence", percent(f.confidence, 0) + " %"], ["what to do", f.remedy]].flatMap(([n, v]) => [el("dt", {}, n), el("dd", {}, v)])),
	f.culprits.length ? el("h3", {}, "Because of") : null,
	f.culprits.length ? el("ul", {}, ...f.culprits.map(c => el("li", {}, percent(c.share, 0) + " % " + c.who + ": " + c.did))) : null,
	el("h3", {}, "What was said of it"),
	el("ol", { class: "story" }, ...f.events.map(e => el("li", {}, clock(e.time, true) + " " + e.level + ": " + e.message))),
	f.session ? el("p", {}, el("a", { href: "api/v1/session?id=" + encodeURIComponent(f.id) }, "Inside its code: the flame graph of its session")) : null];
}

async function drawFinding() {
	const id = state.finding;
	at("findingbox").hidden = !id;
	if (!id)
		return;
	try {
		const f = await ask("api/v1/finding?" + query({ id }));
		if (id === state.finding)
			fill("finding", ...story(f), el("p", {}, link("that moment", "moment " + id, () => writeAddress({ t: f.since }))));
	} catch (error) {
		if (id === state.finding)
			complain("finding", error);
	}
}

// --- Now, or then.

function drawAll() {
	drawSentence();
	drawTable();
	drawMatrix();
	drawMemory();
	drawFindings();
	drawSelf();
}

async function load() {
	const mine = ++asked;
	clearTimeout(timer);
	try {
		const got = await ask(state.t ? "api/v1/instant?" + query({ at: state.t, by: "pid" }) : "api/v1/now");
		if (mine !== asked)
			return;
		view = got;
		fill("status");
		drawAll();
		document.documentElement.setAttribute("data-shown", state.t ? "then" : "now");
	} catch (error) {
		if (mine === asked)
			complain("status", error);
	}
	if (!state.t && mine === asked && !document.hidden)
		timer = setTimeout(load, POLL_MS);
}

function follow() {
	const before = [state.from, state.to].join();
	readAddress();
	load().then(() => { drawGroup(); drawFinding(); });
	if (before !== [state.from, state.to].join() || !range)
		loadRange();
	else
		drawBar();
}

function section(title, id, ...more) {
	return el("section", { "aria-labelledby": "h-" + id }, el("h2", { id: "h-" + id }, title), ...more);
}

function legend(name, text) {
	return el("span", {}, el("span", { class: "key " + name }), text);
}

function build() {
	const close = (key, text) => el("button", { type: "button", on: { click: () => writeAddress({ [key]: "" }) } }, text);
	const filter = el("input", { id: "filter", type: "search", placeholder: "filter by name", "aria-label": "filter by name",
				     on: { input: event => { state.filter = event.target.value; drawTable(); } } });
	const bar = draw("svg", { id: "bar", class: "bar", viewBox: "0 0 1000 112", preserveAspectRatio: "none", tabindex: 0, role: "slider",
				  "aria-label": "the past: arrows move, Enter shows that moment, dragging zooms" });
	const groupbox = section("", "groupbox", close("group", "close"), el("div", { id: "group" }));
	const findingbox = section("A finding's story", "findingbox", close("finding", "close"), el("div", { id: "finding" }));
	groupbox.id = "groupbox";
	groupbox.firstChild.replaceChildren("The past of ", el("span", { id: "groupname" }));
	findingbox.id = "findingbox";
	groupbox.hidden = findingbox.hidden = true;
	at("app").append(el("p", { id: "say", class: "say", role: "status", "aria-live": "polite" }), el("p", { id: "host", class: "dim" }),
		el("div", { id: "status" }),
		section("The past", "past", el("div", { class: "tools" },
			el("button", { id: "live", type: "button", on: { click: () => writeAddress({ t: 0 }) } }, "back to now"),
			el("button", { id: "wider", type: "button", on: { click: () => writeAddress({ from: 0, to: 0 }) } }, "all of it"),
			legend("", "CPU busy"), legend("wait", "waited for a CPU"), legend("io", "for storage"), legend("memory", "for memory")),
			bar, el("div", { id: "axis", class: "axis" }), el("div", { id: "damage" }), el("div", { id: "trouble" })),
		findingbox, groupbox,
		section("Findings", "f", el("div", { id: "findings", class: "scroll" })),
		section("Who uses what, and waits for what", "t", el("div", { class: "tools" }, filter), el("div", { id: "rows", class: "scroll" }),
			el("p", { id: "more", class: "dim" })),
		section("Who delays whom", "m", el("div", { id: "matrix", class: "scroll" })),
		el("div", { class: "two" }, section("Memory towards limits", "mem", el("div", { id: "memory", class: "scroll" })),
			section("What vigie costs and loses", "s", el("div", { id: "self" }))));
	at("plain").hidden = true;
	brush();
}

build();
addEventListener("hashchange", follow);
/* Nobody looks: nothing is asked for until somebody does. */
document.addEventListener("visibilitychange", () => {
	clearTimeout(timer);
	clearTimeout(rangeTimer);
	if (document.hidden)
		return;
	if (!state.t)
		load();
	loadRange();
});
addEventListener("keydown", event => {
	if (event.key === "Escape")
		writeAddress({ t: 0, group: "", finding: "" });
});
follow();
