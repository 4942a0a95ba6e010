// SPDX-License-Identifier: GPL-2.0-only
// parse - Power Query as Microsoft's own parser takes it: "ok FILE" or "FILE: what it says", a line each.
//
//	NODE_PATH=DIR/node_modules node parse.js FILE...
const fs = require("fs");
const parser = require("@microsoft/powerquery-parser");

(async () => {
	for (const file of process.argv.slice(2)) {
		const task = await parser.TaskUtils.tryLexParse(parser.DefaultSettings, fs.readFileSync(file, "utf8"));
		const good = parser.TaskUtils.isParseStageOk(task);
		console.log(good ? `ok ${file}` : `${file}: ${task.error ? task.error.message : task.stage}`);
	}
})();
